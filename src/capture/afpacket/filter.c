/* libpcap compiles, the kernel runs: the two instruction forms differ only in the names of types.
 */
#include "capture/afpacket/filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { TEXT_PER_PREFIX = PRAC_IP_TEXT + 16, PREFIXES_MAX = 256 };

/* "dst net 192.0.2.0/24 or ..."; the caller frees. NULL: no memory. */
static char *words(const struct prac_conf_prefixes *p)
{
  size_t room = (p->n * TEXT_PER_PREFIX) * 2 + 64, n = 0;
  char *text = malloc(room), ip[PRAC_IP_TEXT];
  if (!text) return NULL;
  for (int tagged = 0; tagged < 2; tagged++) {
    n += (size_t)snprintf(text + n, room - n, tagged ? ") or (vlan and (" : "((");
    for (size_t i = 0; i < p->n; i++)
      n += (size_t)snprintf(text + n, room - n, "%sdst net %s", i ? " or " : "",
                            prac_prefix_text(ip, &p->v[i]));
    n += (size_t)snprintf(text + n, room - n, ")");
  }
  (void)snprintf(text + n, room - n, ")");
  return text;
}

static prac_rc compile(uint32_t link, uint32_t snaplen, const char *text, struct bpf_program *ret,
                       struct prac_err *reterr)
{
  pcap_t *dead = pcap_open_dead((int)link, (int)snaplen);
  if (!dead) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a packet filter");
  prac_rc rc = PRAC_OK;
  if (pcap_compile(dead, ret, text, 1, PCAP_NETMASK_UNKNOWN) != 0)
    rc = PRAC_FAIL(reterr, PRAC_UNSUPPORTED, "packet filter: %s", pcap_geterr(dead));
  pcap_close(dead);
  return rc;
}

static prac_rc attach(int fd, const struct bpf_program *p, struct prac_err *reterr)
{
  struct sock_filter *f = calloc(p->bf_len, sizeof *f);
  if (!f) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a packet filter");
  for (unsigned i = 0; i < p->bf_len; i++) {
    const struct bpf_insn *x = &p->bf_insns[i];
    f[i] = (struct sock_filter){x->code, x->jt, x->jf, x->k};
  }
  struct sock_fprog prog = {(unsigned short)p->bf_len, f};
  int bad = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof prog);
  free(f);
  return bad ? PRAC_FAIL(reterr, PRAC_IO, "packet filter: errno %d", errno) : PRAC_OK;
}

static prac_rc set(int fd, uint32_t link, uint32_t snaplen, const char *text,
                   struct prac_err *reterr)
{
  struct bpf_program prog = {0};
  PRAC_TRY(compile(link, snaplen, text, &prog, reterr));
  prac_rc rc = PRAC_UNSUPPORTED;
  if (prog.bf_len <= BPF_MAXINSNS) rc = attach(fd, &prog, reterr);
  pcap_freecode(&prog);
  return rc;
}

prac_rc cap_filter_set(int fd, uint32_t link, uint32_t snaplen,
                       const struct prac_conf_prefixes *prefixes, bool *ret_all,
                       struct prac_err *reterr)
{
  *ret_all = prefixes->n == 0 || prefixes->n > PREFIXES_MAX;
  if (!*ret_all) {
    char *text = words(prefixes);
    prac_rc rc = text ? set(fd, link, snaplen, text, NULL) : PRAC_NOMEM;
    free(text);
    if (rc == PRAC_OK) return rc;
    *ret_all = true; /* too long for this kernel, or a link layer without tags */
  }
  return set(fd, link, snaplen, "", reterr);
}
