/* The whole of the engine as bytes, and back. Sources are written set by set; which goes first in a
 * full set, and what is said, does not depend on their places in it. */
#include <string.h>

#include "engine/noise/noise.h"

static const prac_time FAR = INT64_MAX / 2;

/* Runs of cells that are zero are not written: gap, value, gap, value ... */
static void sketch_save(const struct noise_sketch *k, struct prac_wr *w)
{
  prac_wr_u64le(w, (uint64_t)k->day);
  size_t n = (size_t)2 << NOISE_SKETCH_BITS, gap = 0;
  for (size_t i = 0; i < n && !w->bad; i++) {
    if (k->v[i] == 0) {
      gap++;
      continue;
    }
    prac_wr_varint(w, gap);
    prac_wr_u8(w, k->v[i]);
    gap = 0;
  }
  prac_wr_varint(w, UINT32_MAX); /* the end */
}

static prac_rc sketch_load(struct noise_sketch *k, struct prac_rd *r)
{
  k->day = (int64_t)prac_rd_u64le(r);
  size_t n = (size_t)2 << NOISE_SKETCH_BITS;
  for (size_t at = 0;; at++) {
    uint64_t gap = prac_rd_varint(r);
    if (r->bad) return PRAC_DAMAGED;
    if (gap == UINT32_MAX) return PRAC_OK;
    if (gap >= n - at) return PRAC_DAMAGED;
    at += gap;
    k->v[at] = prac_rd_u8(r);
    if (k->v[at] == 0 || at + 1 > n) return PRAC_DAMAGED;
  }
}

static void ours_save(const struct noise_ours *o, struct prac_wr *w)
{
  prac_wr_u64le(w, (uint64_t)o->day);
  prac_wr_u64le(w, o->yesterday);
  prac_wr_u64le(w, o->last);
  prac_wr_u64le(w, (uint64_t)o->look);
  prac_wr_u8(w, o->settled);
  prac_hll_write(&o->today, w);
}

static prac_rc ours_load(struct noise_ours *o, struct prac_rd *r)
{
  o->day = (int64_t)prac_rd_u64le(r);
  o->yesterday = prac_rd_u64le(r);
  o->last = prac_rd_u64le(r);
  o->look = (prac_time)prac_rd_u64le(r);
  o->settled = prac_rd_u8(r) != 0;
  if (r->bad || o->look > FAR || (o->look != PRAC_TIME_NONE && o->look < -FAR)) return PRAC_DAMAGED;
  if (prac_hll_read(&o->today, r) != PRAC_OK) return PRAC_DAMAGED;
  o->today_n = prac_hll_count(&o->today);
  return PRAC_OK;
}

prac_rc noise_save(const void *st, struct prac_wr *w)
{
  const struct noise_state *s = st;
  prac_wr_u64le(w, s->table.seed);
  prac_wr_u64le(w, s->table.evicted);
  prac_wr_u64le(w, s->slot_packets);
  prac_wr_u32le(w, s->n_sensors);
  prac_wr_bytes(w, s->sensors, s->n_sensors * sizeof *s->sensors);
  prac_wr_u32le(w, s->n_lists);
  prac_wr_bytes(w, s->lists, s->n_lists * sizeof *s->lists);
  ours_save(&s->ours, w);
  sketch_save(&s->sketch, w);
  prac_wr_u32le(w, s->table.n);
  for (size_t i = 0; i < (size_t)s->table.n_sets * NOISE_WAYS && !w->bad; i++)
    if (s->table.tags[i]) noise_source_save(&s->table.v[i], w);
  return w->bad ? PRAC_NOSPACE : PRAC_OK;
}

static prac_rc texts_load(struct prac_rd *r, void *to, size_t width, uint32_t n)
{
  prac_rd_copy(r, to, n * width);
  for (uint32_t i = 0; i < n; i++)
    if (((const char *)to)[i * width + width - 1] != '\0') return PRAC_DAMAGED;
  return r->bad ? PRAC_DAMAGED : PRAC_OK;
}

static prac_rc names_load(struct noise_state *s, struct prac_rd *r)
{
  s->n_sensors = prac_rd_u32le(r);
  if (r->bad || s->n_sensors > NOISE_SENSORS) return PRAC_DAMAGED;
  PRAC_TRY(texts_load(r, s->sensors, sizeof *s->sensors, s->n_sensors));
  s->n_lists = prac_rd_u32le(r);
  if (r->bad || s->n_lists > NOISE_LISTS) return PRAC_DAMAGED;
  return texts_load(r, s->lists, sizeof *s->lists, s->n_lists);
}

prac_rc noise_load(void *st, struct prac_rd *r)
{
  struct noise_state *s = st;
  s->table.seed = prac_rd_u64le(r);
  uint64_t evicted = prac_rd_u64le(r);
  s->slot_packets = prac_rd_u64le(r);
  PRAC_TRY(names_load(s, r));
  PRAC_TRY(ours_load(&s->ours, r));
  PRAC_TRY(sketch_load(&s->sketch, r));
  uint32_t n = prac_rd_u32le(r);
  for (uint32_t i = 0; i < n; i++) {
    struct noise_source *x = NULL;
    PRAC_TRY(noise_source_load(&s->table, r, &x));
    if (x->list > s->n_lists) return PRAC_DAMAGED;
    s->label_n[x->label] += x->label != ENG_LABEL_UNKNOWN;
  }
  s->table.evicted = evicted;
  return r->bad || prac_rd_left(r) ? PRAC_DAMAGED : PRAC_OK;
}
