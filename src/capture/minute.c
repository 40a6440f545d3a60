/* Most packets at a darknet are the first of their row: adding must be as cheap as finding. */
#include "capture/minute.h"

#include <stdlib.h>

#include "base/hash.h"

enum { ROWS_MIN = 64, INDEX_MIN = 256, AT_BITS = 24, GEN_BITS = 8 };
_Static_assert(FLOW_BATCH_MAX <= 1 << AT_BITS, "a row's place fits its bits");

prac_rc cap_minute_init(struct cap_minute *m, uint32_t max)
{
  *m = (struct cap_minute){.max = max, .mask = INDEX_MIN - 1, .gen = 1};
  m->cap = max < ROWS_MIN ? max + 1 : ROWS_MIN;
  m->rows = malloc(m->cap * sizeof *m->rows);
  m->index = calloc(INDEX_MIN, sizeof *m->index);
  if (m->rows && m->index) return PRAC_OK;
  cap_minute_done(m);
  return PRAC_NOMEM;
}

void cap_minute_done(struct cap_minute *m)
{
  free(m->rows);
  free(m->index);
  *m = (struct cap_minute){0};
}

void cap_minute_reset(struct cap_minute *m)
{
  m->n = 0;
  if (++m->gen != 0) return;
  memset(m->index, 0, ((size_t)m->mask + 1) * sizeof *m->index);
  m->gen = 1;
}

void cap_minute_trade(struct cap_minute *a, struct cap_minute *b)
{
  enum { LARGE = 1 << 16 };
  if (a->n > 0 || a->cap <= LARGE || a->cap <= b->cap || b->n >= a->cap) return;
  struct flow_row *rows = a->rows;
  uint32_t cap = a->cap;
  memcpy(rows, b->rows, b->n * sizeof *rows);
  a->rows = b->rows;
  a->cap = b->cap;
  b->rows = rows;
  b->cap = cap;
}

static uint64_t fold(uint64_t key, const struct prac_ip *ip)
{
  uint64_t half[2];
  memcpy(half, ip->b, sizeof half);
  return prac_fold_keyed(key, half[0], half[1]);
}

uint64_t cap_minute_hash(uint64_t seed, const struct prac_ip *src, const struct prac_ip *dst,
                         uint32_t ports, uint32_t proto_step)
{
  /* Not a sum of halves: whoever sends can have one make up for the other. */
  uint64_t c = (uint64_t)ports << 32 | proto_step;
  return prac_hash_keyed(seed ^ (c * 0xff51afd7ed558ccdu), fold(seed, src), fold(~seed, dst));
}

static uint64_t entry(const struct cap_minute *m, uint64_t hash, uint32_t at)
{
  return (hash & 0xffffffff00000000u) | (uint64_t)m->gen << AT_BITS | at;
}

static bool live(const struct cap_minute *m, uint64_t e)
{
  return (uint8_t)(e >> AT_BITS) == m->gen;
}

static uint32_t free_slot(const struct cap_minute *m, uint64_t hash)
{
  uint32_t at = (uint32_t)(hash >> 32) & m->mask;
  while (live(m, m->index[at])) at = (at + 1) & m->mask;
  return at;
}

/* Twice the index; the entries themselves hold the part of the hash that places them. */
static prac_rc grow_index(struct cap_minute *m)
{
  uint64_t *old = m->index;
  size_t old_n = (size_t)m->mask + 1;
  uint64_t *to = calloc(old_n * 2, sizeof *to);
  if (!to) return PRAC_NOMEM;
  m->index = to;
  m->mask = (uint32_t)(old_n * 2 - 1);
  for (size_t i = 0; i < old_n; i++)
    if (live(m, old[i])) to[free_slot(m, old[i])] = old[i];
  free(old);
  return PRAC_OK;
}

static prac_rc grow_rows(struct cap_minute *m)
{
  uint32_t cap = m->cap > m->max / 2 ? m->max + 1 : m->cap * 2;
  struct flow_row *rows = realloc(m->rows, cap * sizeof *rows);
  if (!rows) return PRAC_NOMEM;
  m->rows = rows;
  m->cap = cap;
  return PRAC_OK;
}

static bool same_key(const struct flow_row *a, const struct flow_row *b)
{
  return prac_ip_eq(&a->src, &b->src) && prac_ip_eq(&a->dst, &b->dst) && a->sport == b->sport &&
         a->dport == b->dport && a->proto == b->proto &&
         a->first_ms / FLOW_STEP_MS == b->first_ms / FLOW_STEP_MS &&
         prac_ip_eq(&a->victim, &b->victim);
}

struct flow_row *cap_minute_spare(struct cap_minute *m)
{
  enum { AHEAD = 12 };
  if (PRAC_UNLIKELY(m->n == m->cap) && grow_rows(m) != PRAC_OK) return NULL;
  /* rows are written one after the other: have the lines of a later one brought for writing */
  const char *later = (const char *)&m->rows[m->n] + AHEAD * sizeof *m->rows;
  __builtin_prefetch(later, 1);
  __builtin_prefetch(later + 64, 1);
  return &m->rows[m->n];
}

struct flow_row *cap_minute_put(struct cap_minute *m, uint64_t hash, bool *ret_new, prac_rc *ret_rc)
{
  const struct flow_row *like = &m->rows[m->n];
  *ret_new = false;
  *ret_rc = PRAC_OK;
  uint32_t tag = (uint32_t)(hash >> 32), at = tag & m->mask;
  for (uint64_t e; live(m, e = m->index[at]); at = (at + 1) & m->mask) {
    if ((uint32_t)(e >> 32) != tag) continue;
    struct flow_row *r = &m->rows[e & ((1u << AT_BITS) - 1)];
    if (same_key(r, like)) return r;
  }
  if (m->n == m->max) return NULL;
  if (PRAC_UNLIKELY(m->n >= m->mask / 2)) {
    if ((*ret_rc = grow_index(m)) != PRAC_OK) return NULL;
    at = free_slot(m, hash);
  }
  m->index[at] = entry(m, hash, m->n);
  *ret_new = true;
  return &m->rows[m->n++];
}
