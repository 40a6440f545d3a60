/* The book as bytes. What is loaded was written by us and sealed with a checksum, and is still not
 * believed: a slot number or a rule that cannot be is PRAC_DAMAGED. */
#include <stdlib.h>
#include <string.h>

#include "notify/bgp/book.h"

enum { VERSION = 3 }; /* 1: slots without what they were announced for; 2: without unsaid */

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

static void slot_write(const struct bgp_slot *s, struct prac_wr *w)
{
  prac_wr_u32le(w, s->id);
  prac_wr_u8(w, (uint8_t)s->rule.kind);
  prac_wr_bytes(w, s->rule.dst.ip.b, 16);
  prac_wr_u8(w, s->rule.dst.bits);
  prac_wr_u16le(w, s->rule.port);
  prac_wr_u16le(w, s->rule.longer);
  prac_wr_u64le(w, s->rule.rate);
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
  unsigned kind = prac_rd_u8(r);
  prac_rd_copy(r, s->rule.dst.ip.b, 16);
  s->rule.dst.bits = prac_rd_u8(r);
  s->rule.port = prac_rd_u16le(r);
  s->rule.longer = prac_rd_u16le(r);
  s->rule.rate = prac_rd_u64le(r);
  if (kind >= BGP_KIND_COUNT_ || s->rule.dst.bits > 128 || !name_read(s->tenant, r)) return false;
  s->rule.kind = (enum bgp_kind)kind;
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
