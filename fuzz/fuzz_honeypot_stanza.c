/* A file of stanzas, a zero byte, a datagram: what loads must answer within its bounds. */
#include <stdint.h>
#include <string.h>

#include "honeypot/stanza.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
  size_t n = zero ? (size_t)(zero - data) : size;
  struct hp_stanzas *s = NULL;
  struct prac_err err = {0};
  if (hp_stanzas_parse((const char *)data, n, "fuzz", &s, &err) != PRAC_OK) {
    PRAC_INSIST(err.text[0]);
    return 0;
  }
  for (size_t i = 0; i < hp_stanzas_count(s); i++) {
    const struct hp_stanza *z = hp_stanzas_at(s, i);
    uint8_t out[HP_REPLY_MAX];
    struct hp_self self = {.seed = 1, .host = "gw-0000", .own = prac_ip4(1)};
    struct hp_request r = {.bytes = prac_rd_of(zero ? zero + 1 : data, zero ? size - n - 1 : 0),
                           .sport = 1,
                           .dport = z->ports[0]};
    struct prac_wr w = prac_wr_of(out, z->max_reply), shut = prac_wr_of(out, 0);
    enum hp_verdict v = hp_stanza_answer(z, &self, &r, &w);
    PRAC_INSIST(z->ports[0] && prac_wr_len(&w) <= z->max_reply);
    PRAC_INSIST(v == hp_stanza_answer(z, &self, &r, &shut));
    PRAC_INSIST(v != HP_ANSWER || z->n_reply > 0);
  }
  hp_stanzas_free(&s);
  return 0;
}
