/* Closing up the indices and sorting the cells for each mode. Everything is a counting sort: a
 * window has tens of thousands of cells and is sorted anew every slot. */
#include "math/tensor.h"

#include <math.h>
#include <string.h>

static const uint32_t BLOCK_CELLS = 2048;

struct cells { /* closed up */
  uint32_t *at[MATH_MODES];
  double *v;
  uint32_t n;
};

static void *room(struct prac_arena *a, size_t n, size_t each)
{
  return prac_arena_alloc(a, (n + 1) * each);
}

/* perm stably by key; the two buffers change places. */
static void sort_by(const uint32_t *key, uint32_t keys, uint32_t n, uint32_t **perm, uint32_t **to,
                    uint32_t *count)
{
  memset(count, 0, ((size_t)keys + 1) * sizeof *count);
  for (uint32_t i = 0; i < n; i++) count[key[i] + 1]++;
  for (uint32_t k = 0; k < keys; k++) count[k + 1] += count[k];
  for (uint32_t i = 0; i < n; i++) (*to)[count[key[(*perm)[i]]]++] = (*perm)[i];
  uint32_t *swap = *perm;
  *perm = *to;
  *to = swap;
}

/* Any 32-bit key: by its halves. */
static void sort_wide(const uint32_t *key, uint32_t n, uint32_t **perm, uint32_t **to,
                      uint32_t *half, uint32_t *count)
{
  for (unsigned shift = 0; shift < 32; shift += 16) {
    for (uint32_t i = 0; i < n; i++) half[i] = key[i] >> shift & 0xffff;
    sort_by(half, 1 << 16, n, perm, to, count);
  }
}

/* to[i]: which of the different values of at[] the i-th is, in rising order. */
static prac_rc close_up(const uint32_t *at, uint32_t n, struct prac_arena *a, uint32_t *to,
                        struct math_tensor *t, unsigned mode)
{
  uint32_t *perm = room(a, n, sizeof *perm), *other = room(a, n, sizeof *other);
  uint32_t *half = room(a, n, sizeof *half), *count = room(a, (1 << 16) + 1, sizeof *count);
  uint32_t *name = room(a, n, sizeof *name), kinds = 0;
  if (!perm || !other || !half || !count || !name) return PRAC_NOMEM;
  for (uint32_t i = 0; i < n; i++) perm[i] = i;
  sort_wide(at, n, &perm, &other, half, count);
  for (uint32_t i = 0; i < n; i++) {
    if (i == 0 || at[perm[i]] != at[perm[i - 1]]) name[kinds++] = at[perm[i]];
    to[perm[i]] = kinds - 1;
  }
  t->name[mode] = name;
  t->dim[mode] = kinds;
  return PRAC_OK;
}

/* The cells with a value, still with the caller's indices. */
static prac_rc take(const struct math_cells *c, struct prac_arena *a, struct cells *ret)
{
  if (c->n >= (size_t)1 << 31) return PRAC_RANGE;
  for (unsigned m = 0; m < MATH_MODES; m++) ret->at[m] = room(a, c->n, sizeof *ret->at[m]);
  ret->v = room(a, c->n, sizeof *ret->v);
  if (!ret->at[0] || !ret->at[1] || !ret->at[2] || !ret->v) return PRAC_NOMEM;
  for (size_t i = 0; i < c->n; i++) {
    if (!(c->v[i] >= 0) || isinf(c->v[i])) return PRAC_MALFORMED;
    if (!(c->v[i] > 0)) continue;
    for (unsigned m = 0; m < MATH_MODES; m++) ret->at[m][ret->n] = c->at[m][i];
    ret->v[ret->n++] = c->v[i];
  }
  return PRAC_OK;
}

struct sorter {
  uint32_t *perm, *other, *count;
};
static prac_rc sorter_new(const struct math_tensor *t, uint32_t n, struct prac_arena *a,
                          struct sorter *ret)
{
  uint32_t keys = t->dim[0] > t->dim[1] ? t->dim[0] : t->dim[1];
  if (t->dim[2] > keys) keys = t->dim[2];
  ret->perm = room(a, n, sizeof *ret->perm);
  ret->other = room(a, n, sizeof *ret->other);
  ret->count = room(a, (size_t)keys + 1, sizeof *ret->count);
  return ret->perm && ret->other && ret->count ? PRAC_OK : PRAC_NOMEM;
}
/* s->perm: the cells by (row, outer, inner); returns how many different (row, outer). */
static uint32_t sort_cells(const struct math_tensor *t, const struct cells *c, const uint8_t by[3],
                           struct sorter *s)
{
  for (uint32_t i = 0; i < c->n; i++) s->perm[i] = i;
  for (unsigned k = MATH_MODES; k-- > 0;)
    sort_by(c->at[by[k]], t->dim[by[k]], c->n, &s->perm, &s->other, s->count);
  uint32_t fibres = 0;
  for (uint32_t i = 0; i < c->n; i++) {
    uint32_t p = s->perm[i], q = i ? s->perm[i - 1] : p;
    fibres += i == 0 || c->at[by[0]][p] != c->at[by[0]][q] || c->at[by[1]][p] != c->at[by[1]][q];
  }
  return fibres;
}

/* Equal cells become one. */
static prac_rc add_doubles(const struct math_tensor *t, struct cells *c, struct sorter *s,
                           struct prac_arena *a)
{
  struct cells one = {0};
  for (unsigned m = 0; m < MATH_MODES; m++) one.at[m] = room(a, c->n, sizeof *one.at[m]);
  one.v = room(a, c->n, sizeof *one.v);
  if (!one.at[0] || !one.at[1] || !one.at[2] || !one.v) return PRAC_NOMEM;
  (void)sort_cells(t, c, (const uint8_t[]){0, 1, 2}, s);
  for (uint32_t i = 0; i < c->n; i++) {
    uint32_t p = s->perm[i], q = i ? s->perm[i - 1] : p;
    bool same = i > 0;
    for (unsigned m = 0; m < MATH_MODES; m++) same = same && c->at[m][p] == c->at[m][q];
    if (!same) {
      for (unsigned m = 0; m < MATH_MODES; m++) one.at[m][one.n] = c->at[m][p];
      one.v[one.n++] = 0;
    }
    one.v[one.n - 1] += c->v[p];
  }
  *c = one;
  return PRAC_OK;
}

static prac_rc cut(struct math_order *o, uint32_t n, struct prac_arena *a)
{
  uint32_t *block = room(a, (size_t)n / BLOCK_CELLS + 2, sizeof *block), blocks = 0;
  if (!block) return PRAC_NOMEM;
  for (uint32_t f = 0; f < o->n_fibres;) {
    block[blocks++] = f;
    uint32_t until = o->begin[f] + BLOCK_CELLS;
    while (f < o->n_fibres && o->begin[f] < until) f++;
  }
  block[blocks] = o->n_fibres;
  o->block = block;
  o->n_blocks = blocks;
  return PRAC_OK;
}

static prac_rc order_of(const struct math_tensor *t, const struct cells *c, uint8_t mode,
                        struct sorter *s, struct prac_arena *a, struct math_order *ret)
{
  uint8_t x = (uint8_t)((mode + 1) % MATH_MODES), y = (uint8_t)((mode + 2) % MATH_MODES);
  uint8_t xy[] = {mode, x, y}, yx[] = {mode, y, x};
  uint32_t with_x = sort_cells(t, c, xy, s), fibres = sort_cells(t, c, yx, s);
  const uint8_t *by = yx;
  if (with_x < fibres) {
    by = xy;
    fibres = sort_cells(t, c, xy, s);
  }
  uint32_t *row = room(a, fibres, sizeof *row), *outer = room(a, fibres, sizeof *outer);
  uint32_t *begin = room(a, fibres, sizeof *begin), *inner = room(a, c->n, sizeof *inner), f = 0;
  double *v = room(a, c->n, sizeof *v);
  if (!row || !outer || !begin || !inner || !v) return PRAC_NOMEM;
  for (uint32_t i = 0; i < c->n; i++) {
    uint32_t p = s->perm[i];
    if (f == 0 || row[f - 1] != c->at[mode][p] || outer[f - 1] != c->at[by[1]][p]) {
      row[f] = c->at[mode][p];
      outer[f] = c->at[by[1]][p];
      begin[f++] = i;
    }
    inner[i] = c->at[by[2]][p];
    v[i] = c->v[p];
  }
  begin[fibres] = c->n;
  *ret = (struct math_order){.row = mode,
                             .outer = by[1],
                             .inner = by[2],
                             .n_fibres = fibres,
                             .row_at = row,
                             .outer_at = outer,
                             .begin = begin,
                             .inner_at = inner,
                             .v = v};
  return cut(ret, c->n, a);
}

prac_rc math_tensor_of(const struct math_cells *in, struct prac_arena *a, struct math_tensor *ret)
{
  struct math_tensor t = {0};
  struct cells c = {0};
  struct sorter s;
  PRAC_TRY(take(in, a, &c));
  for (unsigned m = 0; m < MATH_MODES; m++) {
    uint32_t *closed = room(a, c.n, sizeof *closed);
    if (!closed) return PRAC_NOMEM;
    PRAC_TRY(close_up(c.at[m], c.n, a, closed, &t, m));
    c.at[m] = closed;
  }
  PRAC_TRY(sorter_new(&t, c.n, a, &s));
  PRAC_TRY(add_doubles(&t, &c, &s, a));
  t.n = c.n;
  for (uint32_t i = 0; i < c.n; i++) {
    t.norm2 += c.v[i] * c.v[i];
    t.largest = fmax(t.largest, c.v[i]);
  }
  if (isinf(t.norm2)) return PRAC_MALFORMED;
  for (unsigned m = 0; m < MATH_MODES; m++)
    PRAC_TRY(order_of(&t, &c, (uint8_t)m, &s, a, &t.order[m]));
  *ret = t;
  return PRAC_OK;
}
