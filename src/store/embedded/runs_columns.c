/* Top groups of a whole segment from its columns: DuckDB takes twice as long only to hand over the
 * same numbers. */
#include <stdlib.h>
#include <string.h>

#include "store/embedded/runs.h"

/* What a group's key is made of stands from KEY on. */
enum { PACKETS, BYTES, SRC_HI, SRC_LO, KEY, SPORT = KEY + 1, DPORT = KEY + 2 };
enum { ICMP = 1, ICMP6 = 58 };

static const char *name_of(enum store_dim by, size_t i)
{
  static const char *const names[] = {"packets", "bytes", "src_hi", "src_lo"};
  static const char *const port_names[] = {"proto", "sport", "dport"};
  if (i < KEY) return names[i];
  return by == STORE_BY_PORT ? port_names[i - KEY] : by == STORE_BY_COUNTRY ? "country" : "asn";
}

/* Only ICMP needs the sender's port, and it costs as much as any other column. */
static bool wanted(struct emb_runs *r, size_t i)
{
  return r->by != STORE_BY_PORT || i != SPORT || emb_pq_may_hold(&r->cursor[KEY], ICMP) ||
         emb_pq_may_hold(&r->cursor[KEY], ICMP6);
}

static void take_keys(struct emb_runs *r)
{
  struct emb_block *b = &r->block;
  const uint64_t *key = r->value[KEY], *from = r->value[SPORT], *to = r->value[DPORT];
  if (r->by == STORE_BY_PORT)
    for (size_t i = 0; i < b->n; i++) b->key[i] = emb_runs_port(key[i], from[i], to[i]);
  else
    for (size_t i = 0; i < b->n; i++) b->key[i] = (uint32_t)key[i];
}

static prac_rc row_group(struct emb_runs *r, size_t g, size_t n, const size_t *column)
{
  struct emb_block *b = &r->block;
  bool use[EMB_RUNS_COLUMNS];
  for (size_t i = 0; i < n; i++) {
    use[i] = wanted(r, i);
    if (use[i]) PRAC_TRY(emb_pq_start(&r->cursor[i], &r->file, g, column[i]));
  }
  for (size_t left = r->file.chunk[g * r->file.n_columns].values; left > 0; left -= b->n) {
    b->n = left < EMB_BLOCK ? left : EMB_BLOCK;
    for (size_t i = 0; i < n; i++)
      if (use[i]) PRAC_TRY(emb_pq_next(&r->cursor[i], r->value[i], b->n));
    memcpy(b->packets, r->value[PACKETS], b->n * sizeof *b->packets);
    memcpy(b->bytes, r->value[BYTES], b->n * sizeof *b->bytes);
    take_keys(r);
    for (size_t i = 0; i < b->n; i++)
      emb_runs_source(r, i, r->value[SRC_HI][i], r->value[SRC_LO][i]);
    PRAC_TRY(emb_cells_add(&r->cells, b));
  }
  return PRAC_OK;
}

prac_rc emb_runs_file(struct emb_runs *r, const char *path)
{
  size_t column[EMB_RUNS_COLUMNS], n = r->by == STORE_BY_PORT ? DPORT + 1 : KEY + 1;
  PRAC_TRY(emb_pq_open(&r->file, path));
  prac_rc rc = PRAC_OK;
  for (size_t i = 0; i < n; i++) {
    column[i] = emb_pq_find(&r->file, name_of(r->by, i));
    if (column[i] == r->file.n_columns) rc = PRAC_UNSUPPORTED;
  }
  for (size_t g = 0; rc == PRAC_OK && g < r->file.n_groups; g++) rc = row_group(r, g, n, column);
  emb_pq_done(&r->file);
  return rc;
}

struct emb_runs *emb_runs_new(enum store_dim by)
{
  struct emb_runs *r = calloc(1, sizeof *r);
  if (!r) return NULL;
  r->by = by;
  r->run = 1;
  r->file.fd = -1;
  return r;
}

void emb_runs_free(struct emb_runs **rp)
{
  if (!*rp) return;
  for (size_t i = 0; i < EMB_RUNS_COLUMNS; i++) emb_pq_cursor_done(&(*rp)->cursor[i]);
  emb_pq_done(&(*rp)->file);
  emb_cells_done(&(*rp)->cells);
  free(*rp);
  *rp = NULL;
}
