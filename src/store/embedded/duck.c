/* One DuckDB in memory per open store: limits set, nothing fetched from anywhere, no catalogue of
 * its own. It is opened at the first scan, because most commands never scan. */
#include "store/embedded/duck.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void emb_say(struct emb_sqltext *t, const char *fmt, ...)
{
  va_list ap;
  while (!t->bad) {
    va_start(ap, fmt);
    int n = vsnprintf(t->v ? t->v + t->n : NULL, t->cap - t->n, fmt, ap);
    va_end(ap);
    if (n >= 0 && t->n + (size_t)n < t->cap) {
      t->n += (size_t)n;
      return;
    }
    size_t cap = (t->cap ? t->cap * 2 : 1024) + (n > 0 ? (size_t)n : 0);
    char *v = n < 0 ? NULL : realloc(t->v, cap);
    if (!v) {
      t->bad = true;
      return;
    }
    t->v = v;
    t->cap = cap;
  }
}

void emb_say_done(struct emb_sqltext *t)
{
  free(t->v);
  *t = (struct emb_sqltext){0};
}

static bool configure(const struct emb *e, duckdb_config c)
{
  char memory[40], threads[16], tmp[EMB_PATH];
  (void)snprintf(memory, sizeof memory, "%lldB", (long long)e->conf.memory_bytes);
  (void)snprintf(threads, sizeof threads, "%u", e->nthreads);
  (void)snprintf(tmp, sizeof tmp, "%s/tmp", e->dir);
  bool can_spill = access(tmp, W_OK) == 0; /* a scan beyond the memory limit goes to disk */
  (void)snprintf(tmp, sizeof tmp, "%s/tmp/duckdb-%d", e->dir, (int)getpid());
  const char *const set[][2] = {
      {"autoinstall_known_extensions", "false"},
      {"autoload_known_extensions", "false"},
      {"memory_limit", memory},
      {"threads", threads},
      {"temp_directory", can_spill ? tmp : ""},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(set); i++)
    if (duckdb_set_config(c, set[i][0], set[i][1]) != DuckDBSuccess) return false;
  return true;
}

prac_rc emb_duck_run(struct emb_lane *l, const char *sql, duckdb_result *ret,
                     struct prac_err *reterr)
{
  if (duckdb_query(l->con, sql, ret) == DuckDBSuccess) return PRAC_OK;
  const char *why = duckdb_result_error(ret);
  prac_rc rc = PRAC_IO;
  if (!why) why = "unknown error";
  if (strstr(why, "No space left") || strstr(why, "File too large") || strstr(why, "Disk quota"))
    rc = PRAC_FULL;
  else if (strstr(why, "Out of Memory"))
    rc = PRAC_NOMEM;
  char line[300];
  size_t n = 0;
  for (; why[n] && n + 1 < sizeof line; n++) line[n] = why[n] < ' ' ? ' ' : why[n];
  line[n] = 0;
  return PRAC_FAIL(reterr, rc, "%s%s", line,
                   rc == PRAC_NOMEM ? " (store.embedded.memory-limit)" : "");
}

prac_rc emb_duck_open(struct emb *e, struct prac_err *reterr)
{
  if (e->duck) return PRAC_OK;
  struct emb_duck *d = calloc(1, sizeof *d);
  if (!d) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a scan");
  for (int i = 0; i < EMB_LANES; i++) d->lane[i].number = i;
  duckdb_config c = NULL;
  char *why = NULL;
  bool ok = duckdb_create_config(&c) == DuckDBSuccess && configure(e, c) &&
            duckdb_open_ext(NULL, &d->db, c, &why) == DuckDBSuccess &&
            duckdb_connect(d->db, &d->lane[0].con) == DuckDBSuccess;
  duckdb_destroy_config(&c);
  if (!ok) {
    prac_rc rc =
        PRAC_FAIL(reterr, PRAC_IO, "DuckDB does not start: %.200s", why ? why : "settings refused");
    duckdb_free(why);
    duckdb_disconnect(&d->lane[0].con);
    duckdb_close(&d->db);
    free(d);
    return rc;
  }
  e->duck = d;
  emb_feed_register(d);
  duckdb_result r;
  prac_rc rc = emb_duck_run(&d->lane[0], "SET parquet_metadata_cache=true", &r, reterr);
  duckdb_destroy_result(&r);
  return rc;
}

prac_rc emb_duck_lanes(struct emb *e, size_t n, struct prac_err *reterr)
{
  PRAC_TRY(emb_duck_open(e, reterr));
  for (size_t i = 0; i < n && i < EMB_LANES; i++)
    if (!e->duck->lane[i].con &&
        duckdb_connect(e->duck->db, &e->duck->lane[i].con) != DuckDBSuccess)
      return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for another DuckDB connection");
  return PRAC_OK;
}

void emb_duck_close(struct emb *e)
{
  if (!e->duck) return;
  for (size_t i = 0; i < EMB_LANES; i++) {
    emb_feed_clear(&e->duck->lane[i]);
    duckdb_disconnect(&e->duck->lane[i].con);
  }
  duckdb_close(&e->duck->db);
  free(e->duck);
  e->duck = NULL;
}
