/* Many roll-ups become one: rows are read by the store's own thread, added up by as many threads as
 * the store was given, and written by the store's own thread again, a few sums at a time. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "store/embedded/embedded.h"

enum { SUMS_AT_ONCE = 8 };

struct part { /* one row that was read */
  size_t n_counts, n_sketch;
};
struct job {
  struct part *part;
  size_t n, cap;
  uint8_t *bytes; /* counts and sketch of each part, one after another */
  size_t n_bytes, cap_bytes;
  bool counts_only;
  struct store_roll_blob out;
  pthread_t thread;
  prac_rc rc;
};

static void job_done(struct job *j)
{
  free(j->part);
  free(j->bytes);
  store_roll_blob_done(&j->out);
}

static prac_rc keep(struct job *j, const void *p, size_t n)
{
  if (j->n_bytes + n > j->cap_bytes) {
    size_t cap = j->cap_bytes ? j->cap_bytes : 1 << 16;
    while (cap < j->n_bytes + n) cap *= 2;
    uint8_t *v = realloc(j->bytes, cap);
    if (!v) return PRAC_NOMEM;
    j->bytes = v;
    j->cap_bytes = cap;
  }
  if (n > 0) memcpy(j->bytes + j->n_bytes, p, n);
  j->n_bytes += n;
  return PRAC_OK;
}

static prac_rc add_part(struct job *j, sqlite3_stmt *s)
{
  struct part p = {(size_t)sqlite3_column_bytes(s, 0), (size_t)sqlite3_column_bytes(s, 1)};
  if (j->n == j->cap) {
    size_t cap = j->cap ? j->cap * 2 : 64;
    struct part *v = realloc(j->part, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    j->part = v;
    j->cap = cap;
  }
  PRAC_TRY(keep(j, sqlite3_column_blob(s, 0), p.n_counts));
  PRAC_TRY(keep(j, sqlite3_column_blob(s, 1), p.n_sketch));
  j->part[j->n++] = p;
  return PRAC_OK;
}

static prac_rc gather(struct emb *e, const struct emb_sum *what, struct job *j,
                      struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  prac_rc rc;
  j->counts_only = what->counts_only;
  PRAC_TRY(emb_stmt(e, what->from, &s, reterr));
  sqlite3_bind_int64(s, 1, what->level);
  sqlite3_bind_int64(s, 2, what->dim);
  sqlite3_bind_int64(s, 3, what->start);
  emb_bind_text(s, 4, what->sensor);
  while ((rc = emb_step(e, s, &row, reterr)) == PRAC_OK && row)
    if (add_part(j, s) != PRAC_OK) {
      rc = PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to add up roll-ups");
      break;
    }
  sqlite3_reset(s);
  return rc;
}

static void *job_run(void *arg)
{
  struct job *j = arg;
  struct store_roll_sum *sum = store_roll_sum_new();
  const uint8_t *at = j->bytes;
  j->rc = sum ? PRAC_OK : PRAC_NOMEM;
  for (size_t i = 0; i < j->n && j->rc == PRAC_OK; i++) {
    const struct part *p = &j->part[i];
    j->rc = store_roll_sum_add(sum, at, p->n_counts, at + p->n_counts, p->n_sketch);
    at += p->n_counts + p->n_sketch;
  }
  if (j->rc == PRAC_OK) j->rc = store_roll_sum_blob(sum, !j->counts_only, &j->out);
  store_roll_sum_free(&sum);
  return NULL;
}

/* The last job is the caller's own thread. */
static void run_jobs(struct job *j, size_t n)
{
  size_t started = 0;
  while (started + 1 < n && pthread_create(&j[started].thread, NULL, job_run, &j[started]) == 0)
    started++;
  for (size_t i = started; i < n; i++) job_run(&j[i]);
  for (size_t i = 0; i < started; i++) pthread_join(j[i].thread, NULL);
}

static prac_rc some(struct emb *e, const struct emb_sum *v, size_t n, emb_sum_put *put,
                    struct prac_err *reterr)
{
  struct job j[SUMS_AT_ONCE] = {0};
  prac_rc rc = PRAC_OK;
  for (size_t i = 0; i < n && rc == PRAC_OK; i++) rc = gather(e, &v[i], &j[i], reterr);
  if (rc == PRAC_OK) run_jobs(j, n);
  for (size_t i = 0; i < n && rc == PRAC_OK; i++) {
    rc = j[i].rc == PRAC_OK ? put(e, &v[i], &j[i].out, reterr)
                            : PRAC_FAIL(reterr, j[i].rc, "roll-up: %s", prac_rc_text(j[i].rc));
  }
  for (size_t i = 0; i < n; i++) job_done(&j[i]);
  return rc;
}

prac_rc emb_sums(struct emb *e, const struct emb_sum *v, size_t n, emb_sum_put *put,
                 struct prac_err *reterr)
{
  size_t step = e->nthreads < SUMS_AT_ONCE ? e->nthreads : SUMS_AT_ONCE;
  for (size_t i = 0; i < n; i += step)
    PRAC_TRY(some(e, v + i, n - i < step ? n - i : step, put, reterr));
  return PRAC_OK;
}
