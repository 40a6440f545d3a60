/* The cost of a packet must not depend on how many victims there are, and memory not on what
 * strangers send: one array, a window of neighbours, a bit for each pair with something to tell. */
#include "honeypot/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "honeypot/names.h"

#define QUIET_NS (5 * PRAC_MIN)
#define BACK_NS                                                                                    \
  (5 * PRAC_SEC) /* sockets are read one after the other: so much is not a clock's                 \
                  */
enum { FLOWS_PER_NAME = 64 };
#define NO_PLACE UINT32_MAX

struct flow {
  struct prac_ip victim;
  prac_time last; /* 0: the slot has never been used */
  prac_time from; /* first request not told yet */
  uint64_t payload, ttls, bytes;
  uint32_t packets, total; /* packets: not told yet */
  uint32_t lost, reply_bytes, names;
  uint16_t replies, vector, len, sport;
  uint8_t ttl_min, ttl_max;
  uint8_t speed; /* bits of the number of packets told last */
  bool fresh;    /* nothing of this run has been told */
};
_Static_assert(sizeof(struct flow) == 88, "with its share of names and bits: below 96");

struct hp_table {
  struct hp_table_open o;
  uint64_t mask;
  uint64_t cursor; /* where the next sweep goes on: a word of `dirty` */
  uint64_t *dirty; /* a bit for each flow that has something to tell */
  struct flow *v;
  struct hp_names *names;
  struct hp_table_stats n;
};

prac_rc hp_table_new(const struct hp_table_open *o, struct hp_table **ret)
{
  uint64_t slots = 64;
  while (slots < o->slots && slots < (UINT64_C(1) << 31)) slots *= 2;
  struct hp_table *t = calloc(1, sizeof *t);
  if (!t) return PRAC_NOMEM;
  t->o = *o;
  t->mask = slots - 1;
  t->v = calloc(slots, sizeof *t->v);
  t->dirty = calloc(slots / 64, sizeof *t->dirty);
  t->names = hp_names_new((uint32_t)(slots / FLOWS_PER_NAME));
  if (!t->v || !t->dirty || !t->names) {
    hp_table_free(&t);
    return PRAC_NOMEM;
  }
  *ret = t;
  return PRAC_OK;
}

void hp_table_free(struct hp_table **tp)
{
  struct hp_table *t = *tp;
  if (!t) return;
  free(t->v);
  free(t->dirty);
  hp_names_free(&t->names);
  free(t);
  *tp = NULL;
}

static uint8_t bits(uint32_t n)
{
  return n ? (uint8_t)(32 - __builtin_clz(n)) : 0;
}

static void mark(struct hp_table *t, uint32_t place)
{
  t->dirty[place / 64] |= UINT64_C(1) << (place % 64);
}

/* Says what a flow has; false: no room, everything stays as it is. */
static bool tell(struct hp_table *t, uint32_t place)
{
  struct flow *f = &t->v[place];
  struct hp_told x;
  x.victim = f->victim;
  x.from = f->packets ? f->from : f->last;
  x.to = f->last;
  x.payload = f->payload;
  x.bytes = f->bytes;
  x.packets = f->packets;
  x.lost = f->lost;
  x.replies = f->replies;
  x.reply_bytes = f->reply_bytes;
  x.vector = f->vector;
  x.len = f->len;
  x.sport = f->sport;
  x.ttl_min = f->ttl_min;
  x.ttl_max = f->ttl_max;
  x.ttl_count = (uint8_t)__builtin_popcountll(f->ttls);
  hp_names_copy(t->names, f->names, &x);
  if (!t->o.tell(t->o.arg, &x)) return false;
  hp_names_drop(t->names, &f->names);
  f->speed = bits(f->packets);
  f->fresh = false;
  f->packets = f->lost = f->reply_bytes = 0;
  f->replies = 0;
  f->bytes = 0;
  t->dirty[place / 64] &= ~(UINT64_C(1) << (place % 64));
  return true;
}

static bool has_untold(const struct flow *f)
{
  return f->packets || f->lost || f->replies;
}

static void evict(struct hp_table *t, uint32_t place)
{
  struct flow *f = &t->v[place];
  t->n.evicted++;
  if (has_untold(f) && !tell(t, place)) t->n.untold += f->packets;
  hp_names_drop(t->names, &f->names);
  t->dirty[place / 64] &= ~(UINT64_C(1) << (place % 64));
}

/* The pair's slot, or the one that it takes. */
static uint32_t find(struct hp_table *t, const struct hp_seen *s)
{
  uint64_t h =
      prac_hash_keyed(t->o.seed ^ s->vector, prac_ip_hi(&s->victim), prac_ip_lo(&s->victim));
  uint32_t oldest = NO_PLACE;
  for (uint64_t i = 0; i < HP_WINDOW; i++) {
    uint32_t at = (uint32_t)((h + i) & t->mask);
    struct flow *f = &t->v[at];
    if (f->last == 0) {
      oldest = at;
      break;
    }
    if (f->vector == s->vector && memcmp(&f->victim, &s->victim, sizeof f->victim) == 0) return at;
    if (oldest == NO_PLACE || f->last < t->v[oldest].last) oldest = at;
  }
  struct flow *f = &t->v[oldest];
  if (f->last != 0) evict(t, oldest);
  *f = (struct flow){
      .victim = s->victim, .vector = s->vector, .last = s->at, .ttl_min = 255, .fresh = true};
  t->n.flows++;
  return oldest;
}

/* A pair that comes back after a silence is a new story: thresholds begin anew. */
static void begin_again(struct hp_table *t, uint32_t place)
{
  struct flow *f = &t->v[place];
  if (has_untold(f) && !tell(t, place)) return;
  f->total = 0;
  f->ttls = 0;
  f->ttl_min = 255;
  f->ttl_max = 0;
  f->speed = 0;
  f->fresh = true;
}

/* The wall clock was set back: what was counted is told with its own times, and the pair goes on
 * with the new ones; otherwise it would be told with times of the future, and stay the youngest,
 * for as long as the clock was wrong. */
static void set_back(struct hp_table *t, uint32_t place, prac_time at)
{
  struct flow *f = &t->v[place];
  if (f->last - at <= BACK_NS) return;
  if (!has_untold(f) || tell(t, place)) f->last = at;
}

static void note_ttl(struct flow *f, uint8_t ttl)
{
  f->ttls |= UINT64_C(1) << (ttl % 64);
  if (ttl < f->ttl_min) f->ttl_min = ttl;
  if (ttl > f->ttl_max) f->ttl_max = ttl;
}

uint32_t hp_table_count(struct hp_table *t, const struct hp_seen *s)
{
  uint32_t place = find(t, s);
  struct flow *f = &t->v[place];
  set_back(t, place, s->at);
  prac_time at = s->at > f->last ? s->at : f->last;
  if (at - f->last > QUIET_NS) begin_again(t, place);
  if (f->packets && prac_time_floor(f->from, PRAC_MIN) != prac_time_floor(at, PRAC_MIN) &&
      !tell(t, place))
    t->n.merged++;
  if (f->packets == 0) f->from = at;
  f->last = at;
  f->packets++;
  f->bytes += s->len;
  if (f->total != UINT32_MAX) f->total++;
  f->payload = s->payload;
  f->len = s->len;
  f->sport = s->sport;
  note_ttl(f, s->ttl);
  if (s->name[0] && !hp_names_add(t->names, &f->names, s->name)) t->n.names_forgotten++;
  mark(t, place);
  if (f->total == 5 || f->total == 30 || f->total == 100) (void)tell(t, place);
  return place;
}

void hp_table_reply(struct hp_table *t, uint32_t place, uint32_t bytes)
{
  t->v[place].replies++;
  t->v[place].reply_bytes += bytes;
  mark(t, place);
}

void hp_table_lost(struct hp_table *t, uint32_t place, uint32_t packets)
{
  t->v[place].lost += packets;
  mark(t, place);
}

static bool due(const struct flow *f, prac_time now)
{
  return f->fresh || now - f->from >= PRAC_SEC || f->from - now > BACK_NS || f->packets == 0 ||
         bits(f->packets) > f->speed + 1;
}

uint32_t hp_table_sweep(struct hp_table *t, prac_time now, uint32_t most, bool all)
{
  uint64_t words = (t->mask + 1) / 64;
  uint32_t told = 0;
  for (uint64_t i = 0; i < words; i++) {
    uint64_t at = (t->cursor + i) % words;
    for (uint64_t w = t->dirty[at]; w; w &= w - 1) {
      uint32_t place = (uint32_t)(at * 64 + (uint64_t)__builtin_ctzll(w));
      if (!all && !due(&t->v[place], now)) continue;
      if (told == most || !tell(t, place)) {
        t->cursor = at;
        return told;
      }
      told++;
    }
  }
  return told;
}

bool hp_table_waits(const struct hp_table *t)
{
  for (uint64_t i = 0; i < (t->mask + 1) / 64; i++)
    if (t->dirty[i]) return true;
  return false;
}

void hp_table_give_up(struct hp_table *t)
{
  for (uint64_t i = 0; i <= t->mask; i++) {
    t->n.untold += t->v[i].packets;
    t->v[i].packets = 0;
  }
  memset(t->dirty, 0, (t->mask + 1) / 64 * sizeof *t->dirty);
}

struct hp_table_stats hp_table_stats(const struct hp_table *t)
{
  return t->n;
}

size_t hp_table_bytes(const struct hp_table *t)
{
  uint64_t slots = t->mask + 1;
  return sizeof *t + slots * sizeof *t->v + slots / 8 + hp_names_bytes(t->names);
}

uint64_t hp_table_slots(const struct hp_table *t)
{
  return t->mask + 1;
}
