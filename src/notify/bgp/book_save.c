/* The book as bytes. What is loaded was written by us and sealed with a checksum, and is still not
 * believed: a slot number or a rule that cannot be is PRAC_DAMAGED. */
#include <stdlib.h>
#include <string.h>

#include "notify/bgp/book.h"

enum {
  VERSION = 4
}; /* 1: slots without what they were announced for; 2: without unsaid; 3: no words */

static void name_write(const char name[BGP_NAME], struct prac_wr *w)
{
  size_t n = strnlen(name, BGP_NAME - 1);
  prac_wr_u8(w, (uint8_t)n);
  prac_wr_bytes(w, name, n);
}
static bool name_read(char name[BGP_NAME], struct prac_rd *r)
{
  size_t n = prac_rd_u8(r);
  if (n >= BGP_NAME) return false;
  memset(name, 0, BGP_NAME);
  prac_rd_copy(r, name, n);
  return !r->bad && memchr(name, 0, n) == NULL;
}

/* Times that sums and differences cannot carry out of range. */
static bool sound(prac_time t)
{
  return t >= 0 && t < INT64_MAX / 4;
}

static void rule_write(const struct bgp_rule *r, struct prac_wr *w)
{
  prac_wr_u8(w, (uint8_t)r->kind);
  prac_wr_bytes(w, r->dst.ip.b, 16);
  prac_wr_u8(w, r->dst.bits);
  prac_wr_u16le(w, r->port);
  prac_wr_u16le(w, r->longer);
  prac_wr_u64le(w, r->rate);
}
static bool rule_read(struct bgp_rule *to, struct prac_rd *r)
{
  unsigned kind = prac_rd_u8(r);
  prac_rd_copy(r, to->dst.ip.b, 16);
  to->dst.bits = prac_rd_u8(r);
  to->port = prac_rd_u16le(r);
  to->longer = prac_rd_u16le(r);
  to->rate = prac_rd_u64le(r);
  if (kind >= BGP_KIND_COUNT_ || to->dst.bits > 128) return false;
  to->kind = (enum bgp_kind)kind;
  return true;
}

static void slot_write(const struct bgp_slot *s, struct prac_wr *w)
{
  prac_wr_u32le(w, s->id);
  rule_write(&s->rule, w);
  name_write(s->tenant, w);
  prac_wr_u8(w, (uint8_t)(s->want | (s->want || s->told) << 1));
  prac_wr_u64le(w, (uint64_t)s->since);
  prac_wr_u64le(w, (uint64_t)s->until);
  prac_wr_u8(w, s->n_served);
  for (size_t i = 0; i < s->n_served; i++) name_write(s->served[i], w);
  prac_wr_u64le(w, (uint64_t)s->done);
  prac_wr_u8(w, s->unsaid);
}
/* Whom it served, and what of that is to be said. */
static bool served_read(struct bgp_slot *s, unsigned version, struct prac_rd *r)
{
  s->done = PRAC_TIME_NONE;
  if (version < 2) return true;
  s->n_served = prac_rd_u8(r);
  if (s->n_served > BGP_SERVED) return false;
  for (size_t i = 0; i < s->n_served; i++)
    if (!name_read(s->served[i], r)) return false;
  s->done = (prac_time)prac_rd_u64le(r);
  if (version > 2) s->unsaid = prac_rd_u8(r);
  if (s->done == PRAC_TIME_NONE) return s->unsaid == 0;
  return sound(s->done) && s->unsaid >> s->n_served == 0;
}
static bool slot_read(struct bgp_slot *s, unsigned version, struct prac_rd *r)
{
  s->used = true;
  s->id = prac_rd_u32le(r);
  if (!rule_read(&s->rule, r) || !name_read(s->tenant, r)) return false;
  unsigned flags = prac_rd_u8(r);
  s->want = flags & 1;
  s->told = flags & 2;
  s->since = (prac_time)prac_rd_u64le(r);
  s->until = (prac_time)prac_rd_u64le(r);
  return served_read(s, version, r) && !r->bad && flags <= 3 && sound(s->since) && sound(s->until);
}

static void claim_write(const struct bgp_claim *c, struct prac_wr *w)
{
  uint64_t pps;
  memcpy(&pps, &c->pps, sizeof pps);
  prac_wr_u64le(w, c->key);
  name_write(c->episode, w);
  name_write(c->tenant, w);
  name_write(c->vector, w);
  prac_wr_u16le(w, c->rule);
  prac_wr_u16le(w, c->fragments);
  prac_wr_u8(w, (uint8_t)((unsigned)c->grant << 2 | (unsigned)c->capped << 1 | c->ended));
  prac_wr_u64le(w, (uint64_t)c->born);
  prac_wr_u64le(w, (uint64_t)c->granted);
  prac_wr_u64le(w, (uint64_t)c->until);
  prac_wr_u64le(w, pps);
  prac_wr_u32le(w, c->sensors);
}
static bool claim_read(struct bgp_claim *c, const struct bgp_slot *slots, struct prac_rd *r)
{
  c->used = true;
  c->key = prac_rd_u64le(r);
  if (!name_read(c->episode, r) || !name_read(c->tenant, r) || !name_read(c->vector, r))
    return false;
  c->rule = prac_rd_u16le(r);
  c->fragments = prac_rd_u16le(r);
  unsigned flags = prac_rd_u8(r);
  c->born = (prac_time)prac_rd_u64le(r);
  c->granted = (prac_time)prac_rd_u64le(r);
  c->until = (prac_time)prac_rd_u64le(r);
  uint64_t pps = prac_rd_u64le(r);
  memcpy(&c->pps, &pps, sizeof pps);
  c->sensors = prac_rd_u32le(r);
  if (r->bad || flags >> 2 > BGP_SPENT) return false;
  if (!sound(c->born) || !sound(c->granted) || !sound(c->until)) return false;
  c->ended = flags & 1;
  c->capped = flags & 2;
  c->grant = (enum bgp_grant)(flags >> 2);
  return c->rule < BGP_RULES && slots[c->rule].used &&
         (c->fragments == BGP_NONE || (c->fragments < BGP_RULES && slots[c->fragments].used));
}

static void word_write(const struct bgp_word *y, struct prac_wr *w)
{
  size_t n = strnlen(y->why, BGP_WHY - 1);
  prac_wr_u8(w, (uint8_t)y->kind);
  prac_wr_u32le(w, y->id);
  rule_write(&y->rule, w);
  name_write(y->tenant, w);
  name_write(y->episode, w);
  prac_wr_u64le(w, (uint64_t)y->at);
  prac_wr_u8(w, (uint8_t)n);
  prac_wr_bytes(w, y->why, n);
}
static bool word_read(struct bgp_word *y, struct prac_rd *r)
{
  unsigned kind = prac_rd_u8(r);
  y->id = prac_rd_u32le(r);
  if (!rule_read(&y->rule, r) || !name_read(y->tenant, r) || !name_read(y->episode, r))
    return false;
  y->at = (prac_time)prac_rd_u64le(r);
  size_t n = prac_rd_u8(r);
  if (n >= BGP_WHY) return false;
  prac_rd_copy(r, y->why, n);
  y->kind = (enum bgp_saying_kind)kind;
  return !r->bad && sound(y->at) && memchr(y->why, 0, n) == NULL &&
         (kind == BGP_SAID_PROPOSED || kind == BGP_SAID_LAPSED || kind == BGP_SAID_SPENT);
}

static bool words_read(struct bgp_book *b, struct prac_rd *r)
{
  b->n_words = prac_rd_u16le(r);
  if (b->n_words > BGP_WORDS) return false;
  for (size_t i = 0; i < b->n_words; i++)
    if (!word_read(&b->words[i], r)) return false;
  return true;
}

prac_rc bgp_book_save(const struct bgp_book *b, struct prac_wr *w)
{
  size_t slots = 0, claims = 0;
  for (size_t i = 0; i < BGP_RULES; i++) slots += b->slots[i].used;
  for (size_t i = 0; i < BGP_CLAIMS; i++) claims += b->claims[i].used;
  prac_wr_u8(w, VERSION);
  prac_wr_u32le(w, b->next_id);
  prac_wr_u16le(w, (uint16_t)slots);
  prac_wr_u16le(w, (uint16_t)claims);
  for (size_t i = 0; i < BGP_RULES; i++) {
    if (!b->slots[i].used) continue;
    prac_wr_u16le(w, (uint16_t)i);
    slot_write(&b->slots[i], w);
  }
  for (size_t i = 0; i < BGP_CLAIMS; i++)
    if (b->claims[i].used) claim_write(&b->claims[i], w);
  prac_wr_u16le(w, (uint16_t)b->n_words);
  for (size_t i = 0; i < b->n_words; i++) word_write(&b->words[i], w);
  return w->bad ? PRAC_NOSPACE : PRAC_OK;
}

static bool read_all(struct bgp_book *b, unsigned version, struct prac_rd *r)
{
  b->next_id = prac_rd_u32le(r);
  size_t slots = prac_rd_u16le(r), claims = prac_rd_u16le(r);
  if (slots > BGP_RULES || claims > BGP_CLAIMS) return false;
  for (size_t i = 0; i < slots; i++) {
    size_t at = prac_rd_u16le(r);
    if (r->bad || at >= BGP_RULES || b->slots[at].used || !slot_read(&b->slots[at], version, r))
      return false;
    if (b->slots[at].id >= b->next_id) return false;
  }
  for (size_t i = 0; i < claims; i++)
    if (!claim_read(&b->claims[i], b->slots, r)) return false;
  if (version > 3 && !words_read(b, r)) return false;
  return !r->bad && prac_rd_left(r) == 0;
}

static bool forbidden(const struct bgp_book *b, uint16_t slot, const char *tenant)
{
  if (slot == BGP_NONE) return false;
  const struct prac_prefix *dst = &b->slots[slot].rule.dst;
  /* the tenant's prefixes are not known yet: its next episode asks about them */
  struct bgp_who who = {.name = tenant, .prefixes = &b->conf->allow};
  return bgp_policy_never(b->conf, dst) ||
         (b->conf->allow.n && bgp_policy_outside(b->conf, &who, dst));
}

/* The settings may have become stricter since. */
static void recheck(struct bgp_book *b)
{
  for (size_t i = 0; i < BGP_CLAIMS; i++) {
    struct bgp_claim *c = &b->claims[i];
    if (!c->used) continue;
    if (forbidden(b, c->rule, c->tenant) || forbidden(b, c->fragments, c->tenant))
      c->grant = BGP_REFUSED;
    if (b->conf->mode != BGP_AUTO) c->capped = false;
    if (c->grant == BGP_GRANTED && b->conf->mode != BGP_AUTO) c->grant = BGP_PROPOSED;
  }
}

prac_rc bgp_book_load(struct bgp_book *b, struct prac_rd r)
{
  unsigned version = prac_rd_u8(&r);
  if (r.bad) return PRAC_DAMAGED;
  if (version < 1 || version > VERSION) return PRAC_UNSUPPORTED;
  struct bgp_book *n = bgp_book_new(b->conf);
  if (!n) return PRAC_NOMEM;
  bool ok = read_all(n, version, &r);
  if (ok) {
    recheck(n);
    *b = *n;
  }
  bgp_book_free(&n);
  return ok ? PRAC_OK : PRAC_DAMAGED;
}
