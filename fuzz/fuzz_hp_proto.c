/* One request to one vector. Input: the vector's place in the registry, then the datagram. */
#include <stdlib.h>
#include <string.h>

#include "honeypot/proto.h"

static enum hp_verdict ask(const struct hp_proto *p, const uint8_t *data, size_t n, uint8_t *out,
                           size_t *ret_n)
{
  const struct hp_self self = {.seed = 0x5eed,
                               .host = "gw-3f2a",
                               .now = INT64_C(1700000000) * PRAC_SEC,
                               .uptime_s = 1234567,
                               .own = prac_ip4(0xc6336401)};
  struct hp_note note = {0};
  struct prac_wr w = prac_wr_of(out, p->max_reply);
  const struct hp_request req = {.bytes = prac_rd_of(data, n),
                                 .src = prac_ip4(0xcb007109),
                                 .sport = 40000,
                                 .dport = p->ports[0]};
  enum hp_verdict v = p->answer(&self, &req, &note, &w);
  if (strnlen(note.name, sizeof note.name) == sizeof note.name) abort();
  for (const char *c = note.name; *c; c++)
    if (*c < 0x20 || *c > 0x7e) abort();
  if (v == HP_ANSWER && (w.bad || prac_wr_len(&w) == 0)) abort();
  *ret_n = prac_wr_len(&w);
  return v;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  size_t vectors = 0, n = 0, m = 0;
  while (hp_protos[vectors]) vectors++;
  if (size < 1 || size > 2049) return 0;
  const struct hp_proto *p = hp_protos[data[0] % vectors];
  /* Blocks of exactly the right size, so that one byte too far is seen. */
  uint8_t *request = malloc(size - 1 ? size - 1 : 1), *reply = malloc(p->max_reply);
  uint8_t *second = malloc(p->max_reply);
  if (!request || !reply || !second) abort();
  memcpy(request, data + 1, size - 1);
  enum hp_verdict v = ask(p, request, size - 1, reply, &n);
  if (v == HP_ANSWER) {
    if (n > p->max_reply) abort();
    if (ask(p, request, size - 1, second, &m) != v || m != n || memcmp(reply, second, n) != 0)
      abort();
    uint8_t *back = malloc(n);
    if (!back) abort();
    memcpy(back, reply, n);
    if (ask(p, back, n, second, &m) == HP_ANSWER) abort(); /* a loop that does not die */
    free(back);
  }
  free(request);
  free(reply);
  free(second);
  return 0;
}
