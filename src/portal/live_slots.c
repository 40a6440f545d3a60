/* A source is counted once a port, country and network of one batch without a set of addresses:
 * rows come sorted by source, so "have I seen this port in this source's run" is one stamp. */
#include "portal/live_slots.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum {
  PROTOS = 3, /* tcp, udp, icmp: what has ports or types */
  N_PORT = PROTOS * 65536,
  N_COUNTRY = 26 * 26,
  PROBES = 16
};
struct tally {
  uint32_t packets, sources;
};
struct as_tally {
  uint32_t asn, packets, sources;
};
struct slot {
  int64_t number; /* of five minutes since 1970; -1: empty */
  struct tally *port, *country;
  struct as_tally *as;
};
struct live_slots {
  struct slot slot[LIVE_SLOTS];
  uint32_t *stamp; /* by port: the run of rows that last counted it */
  uint32_t run;
  uint64_t dropped;
  struct live_top *work; /* N_PORT: the longest of the dimensions */
};

struct live_slots *live_slots_new(void)
{
  struct live_slots *s = calloc(1, sizeof *s);
  if (!s) return NULL;
  bool ok = (s->stamp = calloc(N_PORT, sizeof *s->stamp)) != NULL;
  ok = ok && (s->work = calloc(N_PORT, sizeof *s->work)) != NULL;
  for (int i = 0; i < LIVE_SLOTS; i++) {
    s->slot[i].number = -1;
    ok = ok && (s->slot[i].port = calloc(N_PORT, sizeof(struct tally))) != NULL;
    ok = ok && (s->slot[i].country = calloc(N_COUNTRY, sizeof(struct tally))) != NULL;
    ok = ok && (s->slot[i].as = calloc(LIVE_AS, sizeof(struct as_tally))) != NULL;
  }
  if (!ok) live_slots_free(&s);
  return s;
}

void live_slots_free(struct live_slots **sp)
{
  struct live_slots *s = *sp;
  if (!s) return;
  for (int i = 0; i < LIVE_SLOTS; i++) {
    free(s->slot[i].port);
    free(s->slot[i].country);
    free(s->slot[i].as);
  }
  free(s->stamp);
  free(s->work);
  free(s);
  *sp = NULL;
}

uint64_t live_slots_dropped(const struct live_slots *s)
{
  return s->dropped;
}

static int64_t slot_number(prac_time t)
{
  return prac_time_floor(t, LIVE_SLOT_MIN * PRAC_MIN) / (LIVE_SLOT_MIN * PRAC_MIN);
}

static struct slot *slot_of(struct live_slots *s, prac_time t)
{
  int64_t n = slot_number(t);
  struct slot *sl = n < 0 ? NULL : &s->slot[n % LIVE_SLOTS];
  if (!sl || sl->number > n) {
    s->dropped++;
    return NULL;
  }
  if (sl->number != n) {
    memset(sl->port, 0, N_PORT * sizeof *sl->port);
    memset(sl->country, 0, N_COUNTRY * sizeof *sl->country);
    memset(sl->as, 0, LIVE_AS * sizeof *sl->as);
    sl->number = n;
  }
  return sl;
}

/* -1: nothing to count it under */
static int port_index(const struct flow_batch *b, uint32_t i)
{
  switch (b->proto[i]) {
  case 6:
    return b->dport[i];
  case 17:
    return 65536 + b->dport[i];
  case 1:
  case 58: /* type << 8 | code */
    return 2 * 65536 + ((b->sport[i] & 0xff) << 8 | (b->dport[i] & 0xff));
  default:
    return -1;
  }
}

static int country_index(uint16_t c)
{
  int a = (c >> 8) - 'A', b = (c & 0xff) - 'A';
  return a < 0 || a > 25 || b < 0 || b > 25 ? -1 : a * 26 + b;
}

static struct as_tally *as_of(struct live_slots *s, struct slot *sl, uint32_t asn)
{
  uint64_t h = prac_mix64(asn);
  for (uint64_t k = 0; k < PROBES; k++) {
    struct as_tally *t = &sl->as[(h + k) % LIVE_AS];
    if (t->asn == asn) return t;
    if (t->asn == 0) {
      t->asn = asn;
      return t;
    }
  }
  s->dropped++;
  return NULL;
}

static void add_row(struct live_slots *s, struct slot *sl, const struct flow_batch *b, uint32_t i,
                    bool new_source)
{
  int p = port_index(b, i), c = country_index(b->country[i]);
  if (p >= 0) {
    sl->port[p].packets += b->packets[i];
    sl->port[p].sources += s->stamp[p] != s->run;
    s->stamp[p] = s->run;
  }
  if (c >= 0) {
    sl->country[c].packets += b->packets[i];
    sl->country[c].sources += new_source;
  }
  struct as_tally *t = b->asn[i] ? as_of(s, sl, b->asn[i]) : NULL;
  if (t) {
    t->packets += b->packets[i];
    t->sources += new_source;
  }
}

void live_slots_add(struct live_slots *s, const struct flow_batch *b)
{
  struct slot *sl = slot_of(s, b->minute);
  bool seen = false; /* this source has had a row that counts */
  if (!sl) return;
  for (uint32_t i = 0; i < b->n; i++) {
    if (i == 0 || !prac_ip_eq(&b->src[i], &b->src[i - 1])) {
      seen = false;
      if (++s->run == 0) { /* after 4 billion sources */
        memset(s->stamp, 0, N_PORT * sizeof *s->stamp);
        s->run = 1;
      }
    }
    if (b->marks[i] & FLOW_BACKSCATTER) continue;
    add_row(s, sl, b, i, !seen);
    seen = true;
  }
}

static void add_tallies(struct tally *to, const struct tally *from, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    to[i].packets += from[i].packets;
    to[i].sources += from[i].sources;
  }
}

void live_slots_merge(struct live_slots *to, const struct live_slots *from)
{
  to->dropped += from->dropped;
  for (int i = 0; i < LIVE_SLOTS; i++) {
    const struct slot *f = &from->slot[i];
    struct slot *t = f->number < 0 ? NULL : slot_of(to, f->number * LIVE_SLOT_MIN * PRAC_MIN);
    if (!t) continue;
    add_tallies(t->port, f->port, N_PORT);
    add_tallies(t->country, f->country, N_COUNTRY);
    for (size_t k = 0; k < LIVE_AS; k++) {
      struct as_tally *as = f->as[k].asn ? as_of(to, t, f->as[k].asn) : NULL;
      if (!as) continue;
      as->packets += f->as[k].packets;
      as->sources += f->as[k].sources;
    }
  }
}

/* ---- reading ---- */

struct weights {
  double now, before; /* 1 / minutes */
};

static void add_tally(struct live_top *t, bool now, struct weights w, uint32_t packets,
                      uint32_t sources)
{
  if (now) {
    t->packets += packets * w.now;
    t->sources += sources * w.now;
  } else {
    t->packets_before += packets * w.before;
    t->sources_before += sources * w.before;
  }
}

static void add_as(struct live_top *all, const struct slot *sl, bool now, struct weights w)
{
  for (size_t k = 0; k < LIVE_AS; k++) {
    const struct as_tally *t = &sl->as[k];
    if (t->asn == 0) continue;
    /* The same table once more over all slots: four times as long, so it never fills. */
    uint64_t h = prac_mix64(t->asn);
    while (all[h % N_PORT].key != 0 && all[h % N_PORT].key != t->asn) h++;
    all[h % N_PORT].key = t->asn;
    add_tally(&all[h % N_PORT], now, w, t->packets, t->sources);
  }
}

static void add_slot(struct live_top *all, const struct slot *sl, enum live_dim dim, bool now,
                     struct weights w)
{
  if (dim == LIVE_ASN) {
    add_as(all, sl, now, w);
    return;
  }
  const struct tally *t = dim == LIVE_PORT ? sl->port : sl->country;
  size_t n = dim == LIVE_PORT ? N_PORT : N_COUNTRY;
  for (size_t k = 0; k < n; k++)
    if (t[k].packets) add_tally(&all[k], now, w, t[k].packets, t[k].sources);
}

static uint32_t key_of(enum live_dim dim, size_t k, uint32_t asn)
{
  static const uint32_t proto[PROTOS] = {6u << 16, 17u << 16, 1u << 16};
  switch (dim) {
  case LIVE_PORT:
    return proto[k / 65536] | (uint32_t)(k % 65536);
  case LIVE_COUNTRY:
    return (uint32_t)('A' + k / 26) << 8 | (uint32_t)('A' + k % 26);
  case LIVE_ASN:
  case LIVE_SENSOR:
    break;
  }
  return asn;
}

static int cmp(double a, double b, uint32_t ka, uint32_t kb)
{
  if (a > b) return -1;
  if (a < b) return 1;
  return (ka > kb) - (ka < kb);
}
#define CMP(name, field)                                                                           \
  static int name(const void *pa, const void *pb)                                                  \
  {                                                                                                \
    const struct live_top *a = pa, *b = pb;                                                        \
    return cmp(a->field, b->field, a->key, b->key);                                                \
  }
CMP(by_packets_now, packets)
CMP(by_packets_before, packets_before)
CMP(by_sources_now, sources)
CMP(by_sources_before, sources_before)

size_t live_top_rank(struct live_top *all, size_t n_all, bool by_packets, struct live_top *to,
                     size_t n)
{
  qsort(all, n_all, sizeof *all, by_packets ? by_packets_before : by_sources_before);
  for (size_t i = 0; i < n_all; i++)
    all[i].rank_before =
        (by_packets ? all[i].packets_before : all[i].sources_before) > 0 ? (uint32_t)i + 1 : 0;
  qsort(all, n_all, sizeof *all, by_packets ? by_packets_now : by_sources_now);
  size_t k = 0;
  for (; k < n && k < n_all && all[k].packets > 0; k++) {
    to[k] = all[k];
    to[k].rank = (uint32_t)k + 1;
  }
  return k;
}

size_t live_slots_top(struct live_slots *s, prac_time now, enum live_dim dim, bool by_packets,
                      struct live_top *to, size_t n)
{
  int64_t last = slot_number(now - 1), first = last - LIVE_NOW + 1;
  /* The newest slot is not over: weigh by the minutes that have been. */
  double minutes = (double)(now - first * LIVE_SLOT_MIN * PRAC_MIN) / (double)PRAC_MIN;
  int64_t heard = 0;
  memset(s->work, 0, N_PORT * sizeof *s->work);
  for (int i = 0; i < LIVE_SLOTS; i++)
    heard += s->slot[i].number >= first - LIVE_BEFORE && s->slot[i].number < first;
  struct weights w = {1 / (minutes < 1 ? 1 : minutes),
                      heard ? 1.0 / (double)(heard * LIVE_SLOT_MIN) : 0};
  for (int i = 0; i < LIVE_SLOTS; i++) {
    const struct slot *sl = &s->slot[i];
    if (sl->number >= first - LIVE_BEFORE && sl->number <= last)
      add_slot(s->work, sl, dim, sl->number >= first, w);
  }
  size_t live = 0;
  for (size_t k = 0; k < N_PORT; k++) { /* close the gaps */
    struct live_top t = s->work[k];
    if (t.packets <= 0 && t.packets_before <= 0) continue;
    t.key = key_of(dim, k, t.key);
    s->work[live++] = t;
  }
  return live_top_rank(s->work, live, by_packets, to, n);
}
