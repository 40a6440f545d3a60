/* Claims ask, rules answer. Everything about a rule is derived from its claims in one place
 * (settle), so there is no second path on which a rule could outlive its reasons. */
#include "notify/bgp/book.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

struct bgp_book *bgp_book_new(const struct bgp_conf *c)
{
  struct bgp_book *b = calloc(1, sizeof *b);
  if (!b) return NULL;
  b->conf = c;
  b->next_id = 1;
  return b;
}
void bgp_book_free(struct bgp_book **bp)
{
  free(*bp);
  *bp = NULL;
}

static void copy(char to[BGP_NAME], const char *s)
{
  size_t n = strnlen(s ? s : "", BGP_NAME - 1);
  if (n) memcpy(to, s, n);
  memset(to + n, 0, BGP_NAME - n);
}

/* Whatever is said of a claim alone: nothing else of the book remembers it. */
static void keep_word(struct bgp_book *b, enum bgp_saying_kind kind, const struct bgp_claim *c,
                      const char *why, prac_time now)
{
  const struct bgp_slot *s = &b->slots[c->rule];
  if (b->n_words == BGP_WORDS) {
    b->unsaid++;
    return;
  }
  struct bgp_word *w = &b->words[b->n_words++];
  *w = (struct bgp_word){.kind = kind, .id = s->id, .rule = s->rule, .at = now};
  copy(w->tenant, c->tenant);
  copy(w->episode, c->episode);
  memcpy(w->why, why, strnlen(why, BGP_WHY - 1));
  b->dirty = true;
}

static void say(struct bgp_book *b, enum bgp_saying_kind kind, const struct bgp_slot *s,
                const struct bgp_claim *c, const char *why)
{
  if (b->n_sayings == BGP_SAYINGS) {
    b->unsaid++;
    return;
  }
  struct bgp_saying *y = &b->sayings[b->n_sayings++];
  *y = (struct bgp_saying){.kind = kind, .id = s->id, .rule = s->rule, .why = why};
  copy(y->tenant, c ? c->tenant : s->tenant);
  if (!c) return;
  copy(y->episode, c->episode);
  copy(y->vector, c->vector);
  y->pps = c->pps;
  y->sensors = c->sensors;
}

static void say_kept(struct bgp_book *b, enum bgp_saying_kind kind, const struct bgp_claim *c,
                     const char *why, prac_time now)
{
  say(b, kind, &b->slots[c->rule], c, why);
  keep_word(b, kind, c, why, now);
}

static bool granted(const struct bgp_claim *c)
{
  return c->grant == BGP_GRANTED || c->grant == BGP_APPROVED;
}

/* ---- from claims to rules ---- */

static void end_claims(struct bgp_book *b, prac_time now)
{
  for (size_t i = 0; i < BGP_CLAIMS; i++) {
    struct bgp_claim *c = &b->claims[i];
    if (!c->used) continue;
    if (c->until <= now) {
      if (c->grant == BGP_PROPOSED) {
        b->tally.lapsed++;
        say_kept(b, BGP_SAID_LAPSED, c, "the attack has ended", now);
      }
      c->used = false;
      b->dirty = true;
    } else if (granted(c) && now - c->granted >= b->conf->max_life_ns) {
      c->grant = BGP_SPENT;
      b->tally.spent++;
      b->dirty = true;
      say_kept(b, BGP_SAID_SPENT, c, "max-life is over; a person may approve it", now);
    }
  }
}

struct wish {
  bool used, want;
  prac_time until;
  const struct bgp_claim *by;
};

static void wish_for(const struct bgp_book *b, struct wish w[BGP_RULES], uint16_t slot,
                     const struct bgp_claim *c)
{
  if (slot == BGP_NONE) return;
  w[slot].used = true;
  if (!granted(c) || b->conf->mode == BGP_OFF) return;
  if (!w[slot].want || c->until > w[slot].until) w[slot].until = c->until;
  if (!w[slot].want) w[slot].by = c;
  w[slot].want = true;
}

static void turn(struct bgp_book *b, struct bgp_slot *s, const struct wish *w, prac_time now)
{
  s->until = w->want ? w->until : s->until;
  if (s->want == w->want) return;
  s->want = w->want;
  s->acked = false;
  s->seq = 0; /* an answer to what was said before means nothing now */
  s->tries = 0;
  s->next_try = s->since = now;
  s->done = PRAC_TIME_NONE;
  s->unsaid = s->saying = 0;
  if (s->want) s->n_served = 0;
  b->dirty = true;
  if (s->want)
    b->tally.announced++;
  else
    b->tally.withdrawn++;
  say(b, s->want ? BGP_SAID_ANNOUNCE : BGP_SAID_WITHDRAW, s, w->by, "");
}

/* The rule of that slot is wanted for this claim, too: whoever reads of its attack is to know. */
static void serve(struct bgp_book *b, uint16_t slot, const struct bgp_claim *c)
{
  struct bgp_slot *s = slot == BGP_NONE ? NULL : &b->slots[slot];
  if (!s || !s->want || !granted(c)) return;
  for (size_t i = 0; i < s->n_served; i++)
    if (strcmp(s->served[i], c->episode) == 0) return;
  if (s->n_served == BGP_SERVED) return;
  copy(s->served[s->n_served], c->episode);
  if (s->acked) s->unsaid |= (uint8_t)(1u << s->n_served);
  s->n_served++;
  b->dirty = true;
}

static void settle(struct bgp_book *b, prac_time now)
{
  struct wish w[BGP_RULES] = {0};
  end_claims(b, now);
  for (size_t i = 0; i < BGP_CLAIMS; i++) {
    const struct bgp_claim *c = &b->claims[i];
    if (!c->used) continue;
    wish_for(b, w, c->rule, c);
    wish_for(b, w, c->fragments, c);
  }
  for (size_t i = 0; i < BGP_RULES; i++) {
    struct bgp_slot *s = &b->slots[i];
    if (!s->used) continue;
    turn(b, s, &w[i], now);
    if (!w[i].used && !s->want && !s->told && !s->unsaid) s->used = false;
  }
  for (size_t i = 0; i < BGP_CLAIMS; i++) {
    const struct bgp_claim *c = &b->claims[i];
    if (!c->used) continue;
    serve(b, c->rule, c);
    serve(b, c->fragments, c);
  }
}

/* ---- caps and grants ---- */

static bool counts(const struct bgp_slot *s)
{
  return s->used && (s->want || s->told);
}

size_t bgp_book_count(const struct bgp_book *b, const char *tenant)
{
  size_t n = 0;
  for (size_t i = 0; i < BGP_RULES; i++)
    n += counts(&b->slots[i]) && (!tenant || strcmp(b->slots[i].tenant, tenant) == 0);
  return n;
}

static bool room(const struct bgp_book *b, const char *tenant, size_t n)
{
  return bgp_book_count(b, NULL) + n <= (uint64_t)b->conf->max_rules &&
         bgp_book_count(b, tenant) + n <= (uint64_t)b->conf->max_tenant;
}

static bool give(struct bgp_book *b, struct bgp_claim *c, enum bgp_grant g, prac_time now)
{
  size_t need = !counts(&b->slots[c->rule]);
  if (!room(b, b->slots[c->rule].tenant, need)) return false;
  if (c->fragments != BGP_NONE) {
    size_t more = !counts(&b->slots[c->fragments]);
    if (!room(b, b->slots[c->fragments].tenant, need + more)) c->fragments = BGP_NONE;
  }
  c->grant = g;
  c->granted = now;
  c->capped = false;
  b->dirty = true;
  settle(b, now);
  return true;
}

void bgp_book_tick(struct bgp_book *b, prac_time now)
{
  b->dirty |= b->later;
  settle(b, now);
  for (size_t i = 0; i < BGP_CLAIMS; i++) {
    struct bgp_claim *c = &b->claims[i];
    if (c->used && c->capped && !c->ended && c->grant == BGP_PROPOSED)
      (void)give(b, c, BGP_GRANTED, now);
  }
}

/* ---- places in the tables ---- */

static bool about(const struct bgp_book *b, const struct bgp_claim *c, const struct bgp_slot *s)
{
  return c->used &&
         (&b->slots[c->rule] == s || (c->fragments != BGP_NONE && &b->slots[c->fragments] == s));
}

static bool serves(const struct bgp_rule *have, const struct bgp_rule *r)
{
  return have->kind == r->kind && have->port == r->port && have->longer == r->longer &&
         prac_ip_is4(&have->dst.ip) == prac_ip_is4(&r->dst.ip) && have->dst.bits <= r->dst.bits &&
         prac_prefix_has(&have->dst, &r->dst.ip);
}

static uint16_t find_rule(const struct bgp_book *b, const struct bgp_rule *r, const char *tenant)
{
  uint16_t wider = BGP_NONE;
  for (size_t i = 0; i < BGP_RULES; i++) {
    const struct bgp_slot *s = &b->slots[i];
    if (!s->used) continue;
    if (bgp_rule_eq(&s->rule, r)) return (uint16_t)i;
    if (s->want && strcmp(s->tenant, tenant) == 0 && serves(&s->rule, r)) wider = (uint16_t)i;
  }
  return wider;
}

/* The oldest proposal goes. */
static bool evict(struct bgp_book *b, prac_time now)
{
  struct bgp_claim *oldest = NULL;
  for (size_t i = 0; i < BGP_CLAIMS; i++) {
    struct bgp_claim *c = &b->claims[i];
    if (c->used && c->grant == BGP_PROPOSED && (!oldest || c->born < oldest->born)) oldest = c;
  }
  if (!oldest) return false;
  oldest->used = false;
  b->dirty = true;
  b->tally.evicted++;
  settle(b, now);
  return true;
}

/* Of a rule that is over, and whose end is not known to be told yet. */
static bool only_unsaid(const struct bgp_book *b, const struct bgp_slot *s)
{
  if (s->want || s->told || !s->unsaid) return false;
  for (size_t i = 0; i < BGP_CLAIMS; i++)
    if (about(b, &b->claims[i], s)) return false;
  return true;
}

static struct bgp_slot *free_slot(struct bgp_book *b)
{
  for (size_t i = 0; i < BGP_RULES; i++)
    if (!b->slots[i].used) return &b->slots[i];
  for (size_t i = 0; i < BGP_RULES; i++)
    if (only_unsaid(b, &b->slots[i])) return &b->slots[i];
  return NULL;
}

static uint16_t new_slot(struct bgp_book *b, const struct bgp_rule *r, const char *tenant,
                         prac_time now)
{
  struct bgp_slot *s;
  while (!(s = free_slot(b)))
    if (!evict(b, now)) return BGP_NONE;
  *s = (struct bgp_slot){
      .used = true, .id = b->next_id++, .rule = *r, .since = now, .done = PRAC_TIME_NONE};
  copy(s->tenant, tenant);
  b->dirty = true;
  return (uint16_t)(s - b->slots);
}

static uint16_t slot_for(struct bgp_book *b, const struct bgp_rule *r, const char *tenant,
                         prac_time now)
{
  uint16_t i = find_rule(b, r, tenant);
  return i == BGP_NONE ? new_slot(b, r, tenant, now) : i;
}

static struct bgp_claim *find_claim(struct bgp_book *b, uint64_t key)
{
  for (size_t i = 0; i < BGP_CLAIMS; i++)
    if (b->claims[i].used && b->claims[i].key == key) return &b->claims[i];
  return NULL;
}

static struct bgp_claim *new_claim(struct bgp_book *b, prac_time now)
{
  do {
    for (size_t i = 0; i < BGP_CLAIMS; i++)
      if (!b->claims[i].used) return &b->claims[i];
  } while (evict(b, now));
  return NULL;
}

/* ---- what is told ---- */

static void fill(struct bgp_claim *c, const char *tenant, const struct episode *e)
{
  copy(c->episode, e->id);
  copy(c->tenant, tenant);
  copy(c->vector, e->vectors.n ? e->vectors.v[0] : "");
  c->pps = e->pps_max;
  c->sensors = e->sensors.n;
}

/* Points the claim at rules for what is planned now. False: the tables are full of granted ones. */
static bool point(struct bgp_book *b, struct bgp_claim *c, const struct bgp_plan *p,
                  const char *tenant, prac_time now)
{
  if (c->used && c->rule != BGP_NONE && serves(&b->slots[c->rule].rule, &p->rule)) return true;
  struct bgp_claim was = *c;
  c->used = false; /* neither driven out nor counted while the tables move */
  uint16_t rule = slot_for(b, &p->rule, tenant, now);
  if (rule == BGP_NONE) {
    b->tally.full++;
    return false;
  }
  *c = was;
  c->rule = rule;
  c->fragments = BGP_NONE;
  c->grant = was.grant == BGP_REFUSED ? BGP_REFUSED : BGP_PROPOSED;
  c->used = true;
  c->until = INT64_MAX; /* set by the caller; the slots must not be freed before */
  if (p->has_fragments) c->fragments = slot_for(b, &p->fragments, tenant, now);
  return true;
}

static void end_of(struct bgp_book *b, struct bgp_claim *c, prac_time now)
{
  int64_t hold = granted(c) ? b->conf->hold_ns : 0;
  /* a refusal outlives the pause, or an attack that resumes would undo it */
  if (c->grant == BGP_REFUSED || c->grant == BGP_SPENT) hold = b->conf->ttl_ns;
  if (!c->ended && c->until > now + hold) c->until = now + hold;
  c->ended = true;
  b->dirty = true;
}

static void open_claim(struct bgp_book *b, const struct bgp_who *who, const struct episode *e,
                       const struct bgp_plan *p, uint64_t key, prac_time now)
{
  struct bgp_claim *c = find_claim(b, key);
  bool is_new = !c;
  if (is_new) {
    c = new_claim(b, now);
    if (!c) {
      b->tally.full++;
      return;
    }
    *c = (struct bgp_claim){.key = key, .rule = BGP_NONE, .fragments = BGP_NONE, .born = now};
  }
  uint16_t before = c->rule;
  bool ended = c->ended;
  if (!point(b, c, p, who->name, now)) return;
  fill(c, who->name, e);
  c->until = now + b->conf->ttl_ns;
  c->ended = false;
  b->later = true;
  if (is_new || ended || before != c->rule) b->dirty = true;
  const char *why = p->why;
  bool capped =
      p->verdict == BGP_SAYS_AUTO && c->grant == BGP_PROPOSED && !give(b, c, BGP_GRANTED, now);
  if (capped) why = "the cap on rules (max_rules, max_tenant) is reached";
  if (capped && !c->capped) b->tally.capped++;
  c->capped = capped;
  if (c->grant == BGP_PROPOSED && (is_new || before != c->rule)) {
    b->tally.proposed++;
    say_kept(b, BGP_SAID_PROPOSED, c, why, now);
  }
}

void bgp_book_take(struct bgp_book *b, const struct bgp_who *who, const struct episode *e,
                   prac_time now)
{
  const char *id = e->id ? e->id : "", *state = e->state ? e->state : "";
  uint64_t key = prac_hash_bytes(prac_hash_bytes(1, who->name, strlen(who->name)), id, strlen(id));
  struct bgp_claim *c = find_claim(b, key);
  struct bgp_plan p;
  bgp_policy_plan(b->conf, who, e, &p);
  if (p.verdict == BGP_SAYS_OUTSIDE || p.verdict == BGP_SAYS_NEVER) {
    if (p.verdict == BGP_SAYS_OUTSIDE)
      b->tally.outside++;
    else
      b->tally.never++;
    if (c) c->grant = BGP_REFUSED; /* it was allowed before: the settings have changed */
  }
  if (strcmp(state, "end") == 0) {
    if (c) end_of(b, c, now);
  } else if (p.verdict == BGP_SAYS_PROPOSE || p.verdict == BGP_SAYS_AUTO) {
    if (e->at > 0 && e->at < now && now - e->at >= b->conf->ttl_ns)
      b->tally.stale++; /* old news: told late, after a pause of ours */
    else
      open_claim(b, who, e, &p, key, now);
  }
  settle(b, now);
}

/* ---- a person's word ---- */

static struct bgp_slot *slot_by_id(struct bgp_book *b, uint32_t id, struct prac_err *reterr)
{
  for (size_t i = 0; i < BGP_RULES; i++)
    if (b->slots[i].used && b->slots[i].id == id) return &b->slots[i];
  (void)prac_err_set(reterr, PRAC_UNKNOWN, "", "no rule has the number %u", id);
  return NULL;
}

prac_rc bgp_book_approve(struct bgp_book *b, uint32_t id, prac_time now, struct prac_err *reterr)
{
  struct bgp_slot *s = slot_by_id(b, id, reterr);
  if (!s) return PRAC_UNKNOWN;
  if (b->conf->mode == BGP_OFF) return PRAC_FAIL(reterr, PRAC_DENIED, "notify.bgp.mode is off");
  const char *never = bgp_policy_never(b->conf, &s->rule.dst);
  if (never) return PRAC_FAIL(reterr, PRAC_DENIED, "not allowed: %s", never);
  size_t n = 0;
  for (size_t i = 0; i < BGP_CLAIMS; i++) {
    struct bgp_claim *c = &b->claims[i];
    if (!about(b, c, s) || c->ended) continue;
    if (!granted(c) && !give(b, c, BGP_APPROVED, now)) {
      b->tally.capped++;
      return PRAC_FAIL(reterr, PRAC_FULL, "the cap on rules (max_rules, max_tenant) is reached");
    }
    n++;
  }
  if (n == 0) return PRAC_FAIL(reterr, PRAC_UNKNOWN, "the attack behind rule %u has ended", id);
  b->tally.approved++;
  return PRAC_OK;
}

prac_rc bgp_book_withdraw(struct bgp_book *b, uint32_t id, prac_time now, struct prac_err *reterr)
{
  struct bgp_slot *s = slot_by_id(b, id, reterr);
  if (!s) return PRAC_UNKNOWN;
  for (size_t i = 0; i < BGP_CLAIMS; i++)
    if (about(b, &b->claims[i], s)) b->claims[i].grant = BGP_REFUSED;
  b->tally.refused++;
  b->dirty = true;
  settle(b, now);
  return PRAC_OK;
}

const char *bgp_book_state(const struct bgp_book *b, const struct bgp_slot *s)
{
  if (s->want) return s->acked ? "announced" : "announcing";
  if (s->told) return "withdrawing";
  for (size_t i = 0; i < BGP_CLAIMS; i++)
    if (about(b, &b->claims[i], s) && b->claims[i].grant == BGP_PROPOSED) return "proposed";
  return only_unsaid(b, s) ? "withdrawn" : "refused";
}
