/* Rows of one slot, merged as they come. Batches are sorted by source, so a source is looked up
 * once a run; tables are larger than the cache, so rows go in by the block, with their places
 * fetched ahead. */
#include "engine/traffic.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "engine/traffic_int.h"

enum { BLOCK = 64, FIRST_ROWS = 256, FIRST_IPS = 64, TCP = 6, UDP = 17, SYN = 2, KEEP = 1 << 14 };
static const int64_t TEN = 10 * PRAC_SEC;

prac_rc eng_traffic_init(struct eng_traffic *t, const struct eng_traffic_conf *c,
                         prac_time slot_from)
{
  *t = (struct eng_traffic){.conf = *c, .from = slot_from};
  if (c->step_ns < TEN || c->step_ns % TEN != 0 || c->step_ns > PRAC_DAY) return PRAC_RANGE;
  if (c->steps < 1 || c->steps > ENG_TRAFFIC_STEPS_MAX) return PRAC_RANGE;
  int64_t span = c->step_ns * c->steps;
  if (span % PRAC_MIN != 0 || span > ENG_TRAFFIC_MINUTES_MAX * PRAC_MIN) return PRAC_RANGE;
  if (c->v4_bits < 1 || c->v4_bits > 32 || c->v6_bits < 1 || c->v6_bits > 128) return PRAC_RANGE;
  return c->max_rows < 1 || c->max_rows > ENG_TRAFFIC_ROWS_MAX ? PRAC_RANGE : PRAC_OK;
}

static void ips_done(struct eng_traffic_ips *x)
{
  free(x->v);
  free(x->country);
  free(x->slots);
  *x = (struct eng_traffic_ips){0};
}

void eng_traffic_done(struct eng_traffic *t)
{
  free(t->rows);
  t->rows = NULL;
  t->n_rows = t->cap_rows = 0;
  ips_done(&t->src);
  ips_done(&t->dst);
}

static void ips_reset(struct eng_traffic_ips *x)
{
  if (x->n_slots) memset(x->slots, 0, x->n_slots * sizeof *x->slots);
  x->n = 0;
}

void eng_traffic_reset(struct eng_traffic *t, prac_time slot_from)
{
  t->from = slot_from;
  memset(t->heard, 0, sizeof t->heard);
  if (t->cap_rows > KEEP && t->n_rows < t->cap_rows / 16) { /* a flood has passed */
    eng_traffic_done(t);
    return;
  }
  if (t->cap_rows) memset(t->rows, 0, t->cap_rows * sizeof *t->rows);
  t->n_rows = 0;
  ips_reset(&t->src);
  ips_reset(&t->dst);
}

/* ---- addresses ---- */

static uint32_t *ip_slot(const struct eng_traffic_ips *x, const struct prac_ip *ip, uint64_t seed)
{
  uint32_t mask = x->n_slots - 1;
  uint32_t i = (uint32_t)prac_hash_keyed(seed, prac_ip_hi(ip), prac_ip_lo(ip)) & mask;
  while (x->slots[i] && !prac_ip_eq(&x->v[x->slots[i] - 1], ip)) i = (i + 1) & mask;
  return &x->slots[i];
}

static prac_rc ips_grow(struct eng_traffic_ips *x, uint64_t seed)
{
  uint32_t cap = x->cap ? x->cap * 2 : FIRST_IPS, n_slots = cap * 2;
  struct prac_ip *v = realloc(x->v, cap * sizeof *v);
  if (v) x->v = v;
  uint16_t *country = realloc(x->country, cap * sizeof *country);
  if (country) x->country = country;
  uint32_t *slots = calloc(n_slots, sizeof *slots);
  if (!v || !country || !slots) {
    free(slots);
    return PRAC_NOMEM;
  }
  free(x->slots);
  x->slots = slots;
  x->n_slots = n_slots;
  x->cap = cap;
  for (uint32_t i = 0; i < x->n; i++) *ip_slot(x, &x->v[i], seed) = i + 1;
  return PRAC_OK;
}

/* Its number; UINT32_MAX: not there and, when `full`, no more are taken. */
static prac_rc ip_number(struct eng_traffic_ips *x, const struct prac_ip *ip, uint64_t seed,
                         bool full, uint32_t *ret)
{
  *ret = UINT32_MAX;
  if (x->n == x->cap && !full) PRAC_TRY(ips_grow(x, seed));
  if (x->n_slots == 0) return PRAC_OK;
  uint32_t *slot = ip_slot(x, ip, seed);
  if (*slot) *ret = *slot - 1;
  if (*slot || full) return PRAC_OK;
  x->v[x->n] = *ip;
  x->country[x->n] = 0;
  *slot = x->n + 1;
  *ret = x->n++;
  return PRAC_OK;
}

/* ---- rows ---- */

static uint32_t row_home(const struct eng_traffic *t, const struct eng_traffic_row *r)
{
  uint64_t who = (uint64_t)r->src << 32 | r->dst;
  return (uint32_t)prac_hash_keyed(t->conf.seed, who, r->what) & (t->cap_rows - 1);
}

static struct eng_traffic_row *row_place(const struct eng_traffic *t,
                                         const struct eng_traffic_row *r, uint32_t i)
{
  for (;; i = (i + 1) & (t->cap_rows - 1)) {
    struct eng_traffic_row *x = &t->rows[i];
    if (x->packets == 0 || (x->src == r->src && x->dst == r->dst && x->what == r->what)) return x;
  }
}

static prac_rc rows_room(struct eng_traffic *t, size_t more)
{
  if (((uint64_t)t->n_rows + more) * 4 <= (uint64_t)t->cap_rows * 3) return PRAC_OK;
  struct eng_traffic_row *old = t->rows;
  uint32_t n = t->cap_rows, cap = n ? n * 2 : FIRST_ROWS;
  struct eng_traffic_row *rows = calloc(cap, sizeof *rows);
  if (!rows) return PRAC_NOMEM;
  t->rows = rows;
  t->cap_rows = cap;
  for (uint32_t i = 0; i < n; i++)
    if (old[i].packets) *row_place(t, &old[i], row_home(t, &old[i])) = old[i];
  free(old);
  return PRAC_OK;
}

static void rows_merge(struct eng_traffic *t, const struct eng_traffic_row *v, size_t n)
{
  uint32_t home[BLOCK];
  for (size_t i = 0; i < n; i++) {
    home[i] = row_home(t, &v[i]);
    __builtin_prefetch(&t->rows[home[i]], 1);
  }
  for (size_t i = 0; i < n; i++) {
    struct eng_traffic_row *x = row_place(t, &v[i], home[i]);
    if (x->packets) {
      x->packets += v[i].packets < UINT32_MAX - x->packets ? v[i].packets : UINT32_MAX - x->packets;
    } else if (t->n_rows < t->conf.max_rows) {
      *x = v[i];
      t->n_rows++;
    } else {
      t->refused++;
    }
  }
}

/* ---- batches ---- */

struct feeding {
  const struct flow_batch *b;
  int64_t offset_ns; /* of the batch's minute in the slot */
  struct prac_ip last_src, last_dst;
  uint32_t src, dst; /* numbers of the two; UINT32_MAX: none */
};

static bool counts(const struct eng_traffic_conf *c, const struct flow_batch *b, uint32_t i)
{
  if (b->marks[i] & (c->skip_marks | FLOW_FRAGMENT | FLOW_BAD) || b->packets[i] == 0) return false;
  if (b->proto[i] == TCP) return !c->syn_only || b->tcp_flags[i] == SYN;
  return b->proto[i] == UDP && !c->syn_only;
}

static prac_rc numbers(struct eng_traffic *t, struct feeding *f, uint32_t i)
{
  bool full = t->n_rows >= t->conf.max_rows;
  if (f->src == UINT32_MAX || !prac_ip_eq(&f->last_src, &f->b->src[i])) {
    f->last_src = f->b->src[i];
    PRAC_TRY(ip_number(&t->src, &f->last_src, t->conf.seed, full, &f->src));
  }
  if (f->dst == UINT32_MAX || !prac_ip_eq(&f->last_dst, &f->b->dst[i])) {
    f->last_dst = f->b->dst[i];
    PRAC_TRY(ip_number(&t->dst, &f->last_dst, t->conf.seed, full, &f->dst));
  }
  return PRAC_OK;
}

/* The higher country of a source that changes it: whatever the order of the rows. */
static void country_of(struct eng_traffic *t, uint32_t src, uint16_t country)
{
  if (country > t->src.country[src]) t->src.country[src] = country;
}

/* Row i of the batch as a row of the table; *ret false: there is no room for its addresses. */
static prac_rc take(struct eng_traffic *t, struct feeding *f, uint32_t i,
                    struct eng_traffic_row *row, bool *ret)
{
  const struct flow_batch *b = f->b;
  PRAC_TRY(numbers(t, f, i));
  *ret = f->src != UINT32_MAX && f->dst != UINT32_MAX;
  if (!*ret) return PRAC_OK;
  country_of(t, f->src, b->country[i]);
  int64_t at = f->offset_ns + b->first_ms[i] * PRAC_MS;
  uint32_t step = (uint32_t)(at / t->conf.step_ns);
  if (step >= t->conf.steps) step = t->conf.steps - 1; /* 65 s in a minute: hostile bytes */
  uint32_t what =
      (uint32_t)(b->proto[i] == UDP) << 31 | (uint32_t)b->dport[i] << ENG_STEP_BITS | step;
  *row = (struct eng_traffic_row){f->src, f->dst, what, b->packets[i]};
  return PRAC_OK;
}

prac_rc eng_traffic_add(struct eng_traffic *t, const struct flow_batch *b)
{
  struct eng_traffic_row block[BLOCK];
  struct feeding f = {
      .b = b, .offset_ns = b->minute - t->from, .src = UINT32_MAX, .dst = UINT32_MAX};
  if (f.offset_ns < 0 || f.offset_ns >= t->conf.step_ns * t->conf.steps) {
    t->outside += b->n;
    return PRAC_OK;
  }
  int64_t minute = f.offset_ns / PRAC_MIN;
  t->heard[minute / 64] |= UINT64_C(1) << (minute % 64);
  for (uint32_t i = 0; i < b->n;) {
    size_t n = 0;
    for (; i < b->n && n < BLOCK; i++) {
      bool room;
      if (!counts(&t->conf, b, i)) continue;
      PRAC_TRY(take(t, &f, i, &block[n], &room));
      n += room;
      t->refused += !room;
    }
    PRAC_TRY(rows_room(t, n));
    rows_merge(t, block, n);
  }
  return PRAC_OK;
}

uint32_t eng_traffic_minutes(const struct eng_traffic *t)
{
  uint32_t n = 0;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(t->heard); i++)
    n += (uint32_t)__builtin_popcountll(t->heard[i]);
  return n;
}

/* ---- restart ---- */

static void ips_save(const struct eng_traffic_ips *x, struct prac_wr *w)
{
  prac_wr_u32le(w, x->n);
  for (uint32_t i = 0; i < x->n && !w->bad; i++) {
    prac_wr_bytes(w, &x->v[i], sizeof x->v[i]);
    prac_wr_u16le(w, x->country[i]);
  }
}

void eng_traffic_save(const struct eng_traffic *t, struct prac_wr *w)
{
  prac_wr_u64le(w, (uint64_t)t->from);
  prac_wr_u64le(w, t->refused);
  prac_wr_u64le(w, t->outside);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(t->heard); i++) prac_wr_u64le(w, t->heard[i]);
  ips_save(&t->src, w);
  ips_save(&t->dst, w);
  prac_wr_u32le(w, t->n_rows);
  for (uint32_t i = 0; i < t->cap_rows && !w->bad; i++) {
    if (t->rows[i].packets == 0) continue;
    prac_wr_u32le(w, t->rows[i].src);
    prac_wr_u32le(w, t->rows[i].dst);
    prac_wr_u32le(w, t->rows[i].what);
    prac_wr_u32le(w, t->rows[i].packets);
  }
}

static prac_rc ips_load(struct eng_traffic *t, struct eng_traffic_ips *x, struct prac_rd *r)
{
  uint32_t n = prac_rd_u32le(r);
  if (n > prac_rd_left(r) / 18 || n > t->conf.max_rows + BLOCK) return PRAC_DAMAGED;
  for (uint32_t i = 0; i < n; i++) {
    struct prac_ip ip;
    uint32_t number;
    prac_rd_copy(r, &ip, sizeof ip);
    PRAC_TRY(ip_number(x, &ip, t->conf.seed, false, &number));
    if (number != i) return PRAC_DAMAGED; /* twice the same */
    x->country[i] = prac_rd_u16le(r);
  }
  return PRAC_OK;
}

prac_rc eng_traffic_load(struct eng_traffic *t, struct prac_rd *r)
{
  t->from = (prac_time)prac_rd_u64le(r);
  t->refused = prac_rd_u64le(r);
  t->outside = prac_rd_u64le(r);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(t->heard); i++) t->heard[i] = prac_rd_u64le(r);
  if (eng_traffic_minutes(t) > t->conf.step_ns * t->conf.steps / PRAC_MIN) return PRAC_DAMAGED;
  PRAC_TRY(ips_load(t, &t->src, r));
  PRAC_TRY(ips_load(t, &t->dst, r));
  uint32_t n = prac_rd_u32le(r);
  if (n > prac_rd_left(r) / 16 || n > t->conf.max_rows) return PRAC_DAMAGED;
  for (uint32_t i = 0; i < n; i++) {
    struct eng_traffic_row x;
    x.src = prac_rd_u32le(r);
    x.dst = prac_rd_u32le(r);
    x.what = prac_rd_u32le(r);
    x.packets = prac_rd_u32le(r);
    uint32_t step = x.what & ((1u << ENG_STEP_BITS) - 1);
    if (x.src >= t->src.n || x.dst >= t->dst.n || step >= t->conf.steps || x.packets == 0)
      return PRAC_DAMAGED;
    PRAC_TRY(rows_room(t, 1));
    rows_merge(t, &x, 1);
  }
  return r->bad || t->n_rows != n ? PRAC_DAMAGED : PRAC_OK;
}
