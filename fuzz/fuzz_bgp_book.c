/* The saved book of rules: whatever its bytes are, a book that loads can be lived with, saved and
 * loaded again, and wants nothing that the settings forbid. */
#include <stdlib.h>
#include <string.h>

#include "notify/bgp/book.h"

static void judge(const struct bgp_book *b)
{
  for (size_t i = 0; i < BGP_RULES; i++) {
    const struct bgp_slot *s = &b->slots[i];
    if (s->used && s->want && bgp_policy_never(b->conf, &s->rule.dst)) __builtin_trap();
    if (s->used && bgp_book_due(b, s, 1700000000 * PRAC_SEC) > BGP_SAY_RENEW) __builtin_trap();
  }
}

static void again(const struct bgp_book *b, const struct bgp_conf *c)
{
  uint8_t *out = malloc(BGP_SAVE_MAX);
  struct bgp_book *two = bgp_book_new(c);
  if (!out || !two) abort();
  struct prac_wr w = prac_wr_of(out, BGP_SAVE_MAX);
  if (bgp_book_save(b, &w) != PRAC_OK ||
      bgp_book_load(two, prac_rd_of(out, prac_wr_len(&w))) != PRAC_OK)
    __builtin_trap();
  bgp_book_free(&two);
  free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct bgp_conf c;
  prac_conf_defaults(&bgp_conf_section, &c);
  c.mode = BGP_AUTO;
  struct bgp_book *b = bgp_book_new(&c);
  if (!b) abort();
  if (bgp_book_load(b, prac_rd_of(data, size)) == PRAC_OK) {
    bgp_book_tick(b, 1700000000 * PRAC_SEC);
    judge(b);
    again(b, &c);
    bgp_book_tick(b, 1800000000 * PRAC_SEC);
    judge(b);
  }
  bgp_book_free(&b);
  return 0;
}
