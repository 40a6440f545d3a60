/* Groups of a scan: arrays for the keys that are many and near to each other, a hash table for the
 * rest. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "store/embedded/runs.h"

enum { SLOTS_FIRST = 1 << 12, SLOTS_MAX = 1 << 22, AHEAD = 24 };
enum { PAGE_BYTES = EMB_CELL_PAGE * sizeof(struct emb_cell) };
_Static_assert(PAGE_BYTES == 2 << 20, "a huge page");

static size_t place(uint32_t key, size_t n_slots)
{
  return (key * UINT32_C(0x9e3779b1) >> 7) & (n_slots - 1);
}

static prac_rc more_slots(struct emb_cells *c)
{
  size_t n = c->n_slots ? c->n_slots * 2 : SLOTS_FIRST;
  if (n > SLOTS_MAX) return PRAC_FULL;
  struct emb_cell *cell = realloc(c->cell, n / 2 * sizeof *cell);
  if (cell) c->cell = cell;
  uint32_t *key = realloc(c->key, n / 2 * sizeof *key), *slot = calloc(n, sizeof *slot);
  if (key) c->key = key;
  if (!cell || !key || !slot) {
    free(slot);
    return PRAC_NOMEM;
  }
  for (size_t i = 0; i < c->n; i++) {
    size_t at = place(c->key[i], n);
    while (slot[at]) at = (at + 1) & (n - 1);
    slot[at] = (uint32_t)i + 1;
  }
  free(c->slot);
  c->slot = slot;
  c->n_slots = n;
  return PRAC_OK;
}

static prac_rc hashed(struct emb_cells *c, uint32_t key, struct emb_cell **ret)
{
  if (c->n * 2 >= c->n_slots) PRAC_TRY(more_slots(c));
  size_t at = place(key, c->n_slots);
  for (; c->slot[at]; at = (at + 1) & (c->n_slots - 1))
    if (c->key[c->slot[at] - 1] == key) {
      *ret = &c->cell[c->slot[at] - 1];
      return PRAC_OK;
    }
  c->cell[c->n] = (struct emb_cell){0};
  c->key[c->n] = key;
  c->slot[at] = (uint32_t)++c->n;
  *ret = &c->cell[c->n - 1];
  return PRAC_OK;
}

/* Written at once: a page of memory that is read before it is written costs two faults, and the
 * second stops the other threads. */
static struct emb_cell *new_page(void)
{
  struct emb_cell *page = aligned_alloc(PAGE_BYTES, PAGE_BYTES);
  if (!page) return NULL;
  (void)madvise(page, PAGE_BYTES, MADV_HUGEPAGE);
  memset(page, 0, PAGE_BYTES);
  return page;
}

static prac_rc cell_of(struct emb_cells *c, uint32_t key, struct emb_cell **ret)
{
  uint32_t half = key >> 16;
  if (half >= PRAC_ARRAY_LEN(c->page_of)) return hashed(c, key, ret);
  if (!c->page_of[half]) {
    if (c->n_pages == EMB_CELL_PAGES) return hashed(c, key, ret);
    struct emb_cell *page = new_page();
    if (!page) return PRAC_NOMEM;
    c->page[c->n_pages] = page;
    c->page_key[c->n_pages++] = half << 16;
    c->page_of[half] = (uint8_t)c->n_pages;
  }
  *ret = &c->page[c->page_of[half] - 1][key & 0xffff];
  return PRAC_OK;
}

/* Asks memory for what cell_of will need a little later. */
static void look_ahead(const struct emb_cells *c, uint32_t key)
{
  uint32_t half = key >> 16;
  if (half < PRAC_ARRAY_LEN(c->page_of) && c->page_of[half])
    __builtin_prefetch(&c->page[c->page_of[half] - 1][key & 0xffff], 1);
}

prac_rc emb_cells_add(struct emb_cells *c, const struct emb_block *b)
{
  for (size_t i = 0; i < b->n; i++) {
    struct emb_cell *to;
    if (i + AHEAD < b->n) look_ahead(c, b->key[i + AHEAD]);
    PRAC_TRY(cell_of(c, b->key[i], &to));
    to->packets += b->packets[i];
    to->bytes += b->bytes[i];
    to->flows++;
    to->sources += to->last != b->run[i];
    to->last = b->run[i];
  }
  return PRAC_OK;
}

static prac_rc join(struct emb_cells *into, uint32_t key, const struct emb_cell *from)
{
  struct emb_cell *to;
  if (from->flows == 0) return PRAC_OK;
  PRAC_TRY(cell_of(into, key, &to));
  to->packets += from->packets;
  to->bytes += from->bytes;
  to->flows += from->flows;
  to->sources += from->sources;
  return PRAC_OK;
}

prac_rc emb_cells_join(struct emb_cells *into, const struct emb_cells *from)
{
  for (size_t p = 0; p < from->n_pages; p++)
    for (uint32_t i = 0; i < EMB_CELL_PAGE; i++)
      PRAC_TRY(join(into, from->page_key[p] | i, &from->page[p][i]));
  for (size_t i = 0; i < from->n; i++) PRAC_TRY(join(into, from->key[i], &from->cell[i]));
  return PRAC_OK;
}

/* ---- as groups ---- */
struct walk { /* every cell in turn */
  const struct emb_cells *c;
  size_t at;
};

static const struct emb_cell *next_cell(struct walk *w, uint32_t *key)
{
  for (; w->at < w->c->n_pages * EMB_CELL_PAGE; w->at++) {
    const size_t page = w->at / EMB_CELL_PAGE, i = w->at % EMB_CELL_PAGE;
    if (w->c->page[page][i].flows == 0) continue;
    *key = w->c->page_key[page] | (uint32_t)i;
    w->at++;
    return &w->c->page[page][i];
  }
  size_t i = w->at++ - w->c->n_pages * EMB_CELL_PAGE;
  if (i >= w->c->n) return NULL;
  *key = w->c->key[i];
  return &w->c->cell[i];
}

/* *ret_n: room for what follows. The least packets of the `limit` biggest groups: sixty thousand
 * ports need no memory each only to be sorted out. */
static prac_rc floor_of(const struct emb_cells *c, uint32_t limit, uint64_t *ret, size_t *ret_n)
{
  uint32_t key;
  uint64_t *heap = NULL;
  struct walk w = {c, 0};
  *ret = 0;
  *ret_n = c->n_pages * EMB_CELL_PAGE + c->n;
  if (limit >= *ret_n) return PRAC_OK;
  heap = calloc(limit, sizeof *heap);
  if (!heap) return PRAC_NOMEM;
  for (const struct emb_cell *v; (v = next_cell(&w, &key));)
    store_biggest_add(heap, limit, v->packets);
  *ret = heap[0];
  free(heap);
  w.at = *ret_n = 0;
  for (const struct emb_cell *v; (v = next_cell(&w, &key));) *ret_n += v->packets >= *ret;
  return PRAC_OK;
}

prac_rc emb_cells_groups(const struct emb_cells *c, uint32_t limit, struct store_group **ret,
                         size_t *ret_n)
{
  uint64_t least;
  uint32_t key;
  size_t n;
  PRAC_TRY(floor_of(c, limit, &least, &n));
  struct store_group *g = calloc(n + 1, sizeof *g);
  if (!g) return PRAC_NOMEM;
  struct walk w = {c, 0};
  n = 0;
  for (const struct emb_cell *v; (v = next_cell(&w, &key));)
    if (v->packets >= least)
      g[n++] = (struct store_group){.at = PRAC_TIME_NONE,
                                    .lo = key,
                                    .packets = v->packets,
                                    .flows = v->flows,
                                    .bytes = v->bytes,
                                    .sources = v->sources};
  *ret = g;
  *ret_n = n;
  return PRAC_OK;
}

void emb_cells_done(struct emb_cells *c)
{
  for (size_t p = 0; p < c->n_pages; p++) free(c->page[p]);
  free(c->cell);
  free(c->key);
  free(c->slot);
  *c = (struct emb_cells){0};
}
