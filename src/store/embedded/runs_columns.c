/* Top groups of a whole segment from its columns: DuckDB takes twice as long only to hand over the
 * same numbers. */
#include <stdlib.h>
#include <string.h>

#include "store/embedded/runs.h"

/* What a group's key is made of stands from KEY on. */
enum { KEY = EMB_ROWS_KEY, SPORT = KEY + 1, DPORT = KEY + 2 };
enum { ICMP = 1, ICMP6 = 58 };

static const char *name_of(enum store_dim by, size_t i)
{
  static const char *const names[] = {"packets", "bytes", "src_hi", "src_lo"};
  static const char *const port_names[] = {"proto", "sport", "dport"};
  if (i < KEY) return names[i];
  return by == STORE_BY_PORT ? port_names[i - KEY] : by == STORE_BY_COUNTRY ? "country" : "asn";
}

/* Only ICMP needs the sender's port, and it costs as much as any other column. */
static bool wanted(struct emb_rows *r, size_t i)
{
  return r->by != STORE_BY_PORT || i != SPORT || emb_pq_may_hold(&r->cursor[KEY], ICMP, ICMP) ||
         emb_pq_may_hold(&r->cursor[KEY], ICMP6, ICMP6);
}

static void take_keys(struct emb_rows *r)
{
  const uint64_t *key = r->value[KEY], *from = r->value[SPORT], *to = r->value[DPORT];
  if (r->by == STORE_BY_PORT)
    for (size_t i = 0; i < r->n; i++) r->key[i] = emb_runs_port(key[i], from[i], to[i]);
  else
    for (size_t i = 0; i < r->n; i++) r->key[i] = (uint32_t)key[i];
}

static prac_rc next_group(struct emb_rows *r)
{
  size_t g = r->group++;
  for (size_t i = 0; i < r->n_columns; i++) {
    r->use[i] = wanted(r, i);
    if (r->use[i]) PRAC_TRY(emb_pq_start(&r->cursor[i], &r->file, g, r->column[i]));
  }
  r->left = r->file.chunk[g * r->file.n_columns].values;
  return PRAC_OK;
}

prac_rc emb_rows_next(struct emb_rows *r)
{
  r->n = 0;
  while (r->left == 0) {
    if (r->group == r->file.n_groups) return PRAC_END;
    PRAC_TRY(next_group(r));
  }
  size_t n = r->left < EMB_BLOCK ? r->left : EMB_BLOCK;
  for (size_t i = 0; i < r->n_columns; i++)
    if (r->use[i]) PRAC_TRY(emb_pq_next(&r->cursor[i], r->value[i], n));
  r->left -= n;
  r->n = n;
  take_keys(r);
  return PRAC_OK;
}

prac_rc emb_rows_open(struct emb_rows *r, const char *path)
{
  r->n_columns = r->by == STORE_BY_PORT ? DPORT + 1 : KEY + 1;
  r->group = r->left = r->n = 0;
  PRAC_TRY(emb_pq_open(&r->file, path));
  for (size_t i = 0; i < r->n_columns; i++) {
    r->column[i] = emb_pq_find(&r->file, name_of(r->by, i));
    if (r->column[i] == r->file.n_columns) return PRAC_UNSUPPORTED;
  }
  return PRAC_OK;
}

void emb_rows_close(struct emb_rows *r)
{
  emb_pq_done(&r->file);
}

void emb_rows_done(struct emb_rows *r)
{
  for (size_t i = 0; i < EMB_RUNS_COLUMNS; i++) emb_pq_cursor_done(&r->cursor[i]);
  emb_pq_done(&r->file);
}

prac_rc emb_runs_file(struct emb_runs *r, const char *path)
{
  struct emb_block *b = &r->block;
  const struct emb_rows *rows = &r->rows;
  prac_rc rc = emb_rows_open(&r->rows, path);
  while (rc == PRAC_OK && (rc = emb_rows_next(&r->rows)) == PRAC_OK) {
    b->n = rows->n;
    memcpy(b->key, rows->key, b->n * sizeof *b->key);
    memcpy(b->packets, rows->value[EMB_ROWS_PACKETS], b->n * sizeof *b->packets);
    memcpy(b->bytes, rows->value[EMB_ROWS_BYTES], b->n * sizeof *b->bytes);
    for (size_t i = 0; i < b->n; i++)
      emb_runs_source(r, i, rows->value[EMB_ROWS_SRC_HI][i], rows->value[EMB_ROWS_SRC_LO][i]);
    rc = emb_cells_add(&r->cells, b);
  }
  emb_rows_close(&r->rows);
  return rc == PRAC_END ? PRAC_OK : rc;
}

struct emb_runs *emb_runs_new(enum store_dim by)
{
  struct emb_runs *r = calloc(1, sizeof *r);
  if (!r) return NULL;
  r->by = r->rows.by = by;
  r->run = 1;
  r->rows.file.fd = -1;
  return r;
}

void emb_runs_free(struct emb_runs **rp)
{
  if (!*rp) return;
  emb_rows_done(&(*rp)->rows);
  emb_cells_done(&(*rp)->cells);
  free(*rp);
  *rp = NULL;
}
