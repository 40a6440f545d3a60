/* Read before the rights are dropped. A file that is named and cannot be read is an error: a
 * missing opt-out list must not look like an empty one. */
#include "honeypot/lists.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lookup/files.h"

/* Services that would answer an answer: what comes from their ports is never a client. */
static const uint16_t answering[] = {7,   13,  17,  19,  37,   53,   69,   111,
                                     123, 161, 389, 520, 1900, 5353, 11211};

static void set_port(struct hp_lists *l, unsigned port)
{
  if (port < 65536) l->ports[port / 8] |= (uint8_t)(1u << (port % 8));
}

static prac_rc read_list(const char *path, struct prac_lpm **ret, struct prac_err *reterr)
{
  struct lookup_ranges r = {0};
  struct lookup_read what = {0};
  char *text = NULL;
  size_t n = 0;
  prac_time date;
  if (!path[0]) return PRAC_OK;
  PRAC_TRY(lookup_file_read(path, &text, &n, &date, reterr));
  prac_rc rc = lookup_list_parse(text, n, 1, &r, &what);
  if (rc == PRAC_OK && what.refused)
    rc = PRAC_FAIL(reterr, PRAC_MALFORMED, "%s:%llu: neither an address nor a prefix", path,
                   (unsigned long long)what.first_bad);
  else if (rc == PRAC_OK && (rc = prac_lpm_new(r.v, r.n, ret)) != PRAC_OK)
    rc = PRAC_FAIL(reterr, rc, "%s: %s", path, prac_rc_text(rc));
  free(text);
  lookup_ranges_done(&r);
  return rc;
}

static prac_rc add_address(struct lookup_ranges *r, const struct sockaddr *a)
{
  struct prac_prefix p = {.bits = 128};
  if (a && a->sa_family == AF_INET)
    p.ip = prac_ip4(ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr));
  else if (a && a->sa_family == AF_INET6)
    memcpy(p.ip.b, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, sizeof p.ip.b);
  else
    return PRAC_OK;
  return lookup_ranges_add(r, prac_lpm_range_of(&p, 1));
}

static prac_rc own_addresses(const struct hp_conf *c, struct hp_lists *l, struct prac_err *reterr)
{
  struct ifaddrs *all = NULL;
  struct lookup_ranges r = {0};
  prac_rc rc = PRAC_OK;
  if (getifaddrs(&all) != 0)
    return PRAC_FAIL(reterr, PRAC_IO, "the addresses of this machine cannot be read");
  for (const struct ifaddrs *i = all; i && rc == PRAC_OK; i = i->ifa_next) {
    rc = add_address(&r, i->ifa_addr);
    if (rc == PRAC_OK && (i->ifa_flags & 2u)) rc = add_address(&r, i->ifa_broadaddr);
  }
  for (size_t i = 0; i < c->own.n && rc == PRAC_OK; i++)
    rc = lookup_ranges_add(&r, prac_lpm_range_of(&c->own.v[i], 1));
  if (rc == PRAC_OK) rc = prac_lpm_new(r.v, r.n, &l->own);
  freeifaddrs(all);
  lookup_ranges_done(&r);
  return rc == PRAC_OK ? rc : PRAC_FAIL(reterr, rc, "own addresses: %s", prac_rc_text(rc));
}

prac_rc hp_lists_new(const struct hp_conf *c, const struct hp_services *s,
                     const struct lookup *look, struct hp_lists **ret, struct prac_err *reterr)
{
  struct hp_lists *l = calloc(1, sizeof *l);
  size_t n;
  if (!l) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for lists");
  l->look = look;
  l->skip_research = c->skip_research;
  l->answer_bogons = c->answer_bogons;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(answering); i++) set_port(l, answering[i]);
  const uint16_t *ports = hp_services_ports(s, &n);
  for (size_t i = 0; i < n; i++) {
    set_port(l, ports[i]);
    set_port(l, ports[i] + (unsigned)c->port_offset);
  }
  prac_rc rc = read_list(c->opt_out, &l->opt_out, reterr);
  if (rc == PRAC_OK) rc = read_list(c->infra, &l->infra, reterr);
  if (rc == PRAC_OK) rc = own_addresses(c, l, reterr);
  if (rc != PRAC_OK)
    hp_lists_free(&l);
  else
    *ret = l;
  return rc;
}

void hp_lists_free(struct hp_lists **lp)
{
  struct hp_lists *l = *lp;
  if (!l) return;
  prac_lpm_free(&l->own);
  prac_lpm_free(&l->opt_out);
  prac_lpm_free(&l->infra);
  free(l);
  *lp = NULL;
}
