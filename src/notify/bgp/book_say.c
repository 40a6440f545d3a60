/* What ExaBGP is told, and what its answers mean. */
#include "notify/bgp/book.h"

enum { RETRY_MAX_S = 60, SILENCE_S = 10 };

enum bgp_order bgp_book_due(const struct bgp_book *b, const struct bgp_slot *s, prac_time now)
{
  if (!s->used) return BGP_SAY_NOTHING;
  if (s->seq && now - s->sent < SILENCE_S * PRAC_SEC) return BGP_SAY_NOTHING;
  if (now < s->next_try) return BGP_SAY_NOTHING;
  if (!s->acked && s->want) return BGP_SAY_ANNOUNCE;
  if (!s->acked && s->told) return BGP_SAY_WITHDRAW;
  if (s->want && s->until - s->told_until > b->conf->ttl_ns / 8) return BGP_SAY_RENEW;
  return BGP_SAY_NOTHING;
}

void bgp_book_sent(struct bgp_book *b, struct bgp_slot *s, enum bgp_order o, uint64_t seq,
                   prac_time now)
{
  (void)b;
  s->seq = seq;
  s->sent = now;
  if (o == BGP_SAY_ANNOUNCE) s->told = true;
  if (o != BGP_SAY_WITHDRAW) s->told_until = s->until;
}

static struct bgp_slot *in_flight(struct bgp_book *b, uint64_t seq)
{
  for (size_t i = 0; i < BGP_RULES; i++)
    if (b->slots[i].used && b->slots[i].seq == seq) return &b->slots[i];
  return NULL;
}

void bgp_book_said(struct bgp_book *b)
{
  for (size_t i = 0; i < BGP_RULES; i++) {
    struct bgp_slot *s = &b->slots[i];
    if (!s->used || !s->saying) continue;
    s->unsaid = (uint8_t)(s->unsaid & ~s->saying);
    s->saying = 0;
    b->later = true;
  }
  size_t kept = 0;
  for (size_t i = 0; i < b->n_words; i++)
    if (!b->words[i].saying) b->words[kept++] = b->words[i];
  b->later |= kept < b->n_words;
  b->n_words = kept;
}

static void done(struct bgp_book *b, struct bgp_slot *s, prac_time now)
{
  if (!s->acked) {
    s->unsaid = (uint8_t)((1u << s->n_served) - 1);
    s->saying = 0;
  }
  s->acked = true;
  s->tries = 0;
  if (s->done == PRAC_TIME_NONE) {
    s->done = now;
    b->later = true;
  }
  if (!s->want && s->told) {
    s->told = false;
    b->dirty = true;
  }
}

void bgp_book_answer(struct bgp_book *b, uint64_t seq, enum bgp_answer a, prac_time now)
{
  struct bgp_slot *s = seq ? in_flight(b, seq) : NULL;
  if (!s) return;
  s->seq = 0;
  if (a == BGP_DONE) {
    done(b, s, now);
    return;
  }
  s->acked = false; /* BGP_UNKNOWN: there was nothing to renew */
  if (a == BGP_UNKNOWN) return;
  unsigned shift = s->tries < 6 ? s->tries : 6;
  int64_t wait_s = (int64_t)1 << shift;
  s->tries++;
  s->next_try = now + (wait_s < RETRY_MAX_S ? wait_s : RETRY_MAX_S) * PRAC_SEC;
}

void bgp_book_forget(struct bgp_book *b)
{
  for (size_t i = 0; i < BGP_RULES; i++) {
    struct bgp_slot *s = &b->slots[i];
    s->acked = false;
    s->seq = 0;
    s->tries = 0;
    s->next_try = 0;
  }
}
