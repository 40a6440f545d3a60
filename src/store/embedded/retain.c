/* What is no longer wanted: by age, by size, and files that the catalogue does not name. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/delivery.h"
#include "model/packet.h"
#include "store/embedded/embedded.h"

static const struct prac_log_event ev_removed = {
    "store_flows_removed", PRAC_LOG_INFO,
    "to keep more, raise store.embedded.max-bytes or retention and give it the disk"};

static const struct prac_log_event ev_packets = {
    "store_packets_removed", PRAC_LOG_INFO,
    "to keep more, raise store.embedded.packet-max-rows and give it the disk, about 1 KB each"};

/* Other writers wait for no more than one step; what is left then, the next time. */
enum { STEP_ROWS = 10000, STEPS = 100 };

static prac_rc runf(struct emb *e, struct prac_err *reterr, const char *fmt, int64_t a)
{
  char text[512];
  int n = snprintf(text, sizeof text, "BEGIN IMMEDIATE;");
  n += snprintf(text + n, sizeof text - (size_t)n, "%s", "");
  for (const char *s = fmt; *s && (size_t)n + 24 < sizeof text; s++) {
    if (*s == '#')
      n += snprintf(text + n, sizeof text - (size_t)n, "%" PRId64, a);
    else
      text[n++] = *s;
  }
  (void)snprintf(text + n, sizeof text - (size_t)n, ";COMMIT");
  prac_rc rc = emb_exec(e, text, reterr);
  if (rc != PRAC_OK) emb_rollback(e);
  return rc;
}

/* The oldest of a kind: those before `edge`, and at most so many. */
static prac_rc drop_records(struct emb *e, const struct model_kind *k, prac_time edge, int64_t most,
                            struct prac_err *reterr)
{
  for (int i = 0; i < STEPS && most > 0; i++) {
    char text[256];
    int64_t step = most < STEP_ROWS ? most : STEP_ROWS;
    (void)snprintf(text, sizeof text,
                   "DELETE FROM %s WHERE rowid IN (SELECT rowid FROM %s WHERE at < %" PRId64
                   " ORDER BY at LIMIT %" PRId64 ")",
                   k->name, k->name, edge, step);
    PRAC_TRY(emb_exec(e, text, reterr));
    if (sqlite3_changes(e->db) < step) break;
    most -= step;
  }
  return PRAC_OK;
}

static prac_rc packets_by_number(struct emb *e, struct prac_err *reterr)
{
  int64_t n = 0;
  PRAC_TRY(emb_one(e, "SELECT count(*) FROM packet", &n, reterr));
  if (n <= e->conf.packet_max_rows) return PRAC_OK;
  n -= e->conf.packet_max_rows;
  PRAC_TRY(drop_records(e, &model_packet, INT64_MAX, n, reterr));
  prac_log(e->log, &ev_packets, "%" PRId64 " packets are more than may be kept: the oldest go", n);
  return PRAC_OK;
}

static prac_rc by_age(struct emb *e, prac_time now, struct prac_err *reterr)
{
  prac_time edge = prac_time_floor(now - e->conf.retention_ns, PRAC_HOUR);
  prac_time roll_edge = prac_time_floor(now - e->conf.rollup_retention_ns, PRAC_DAY);
  int64_t old = 0;
  char text[128];
  (void)snprintf(text, sizeof text, "SELECT count(*) FROM batch WHERE minute < %" PRId64, edge);
  PRAC_TRY(emb_one(e, text, &old, reterr));
  if (old > 0) {
    PRAC_TRY(runf(e, reterr,
                  "DELETE FROM segment WHERE upto <= #;"
                  "DELETE FROM batch WHERE minute < # AND (segment IS NULL OR segment NOT IN"
                  " (SELECT id FROM segment));"
                  "DELETE FROM rollup WHERE level IN (60, 3600) AND start < #;"
                  "DELETE FROM derived WHERE level = 3600 AND start < #;"
                  "DELETE FROM health WHERE at < #",
                  edge));
    prac_log(e->log, &ev_removed, "flows older than %s removed", prac_time_text(text, edge));
  }
  PRAC_TRY(drop_records(e, &model_packet, now - e->conf.packet_retention_ns, INT64_MAX, reterr));
  PRAC_TRY(
      drop_records(e, &model_delivery, now - e->conf.delivery_retention_ns, INT64_MAX, reterr));
  return runf(e, reterr, "DELETE FROM rollup WHERE level = 86400 AND start < #", roll_edge);
}

static prac_rc by_size(struct emb *e, struct prac_err *reterr)
{
  int64_t bytes = 0, since = 0, n = 0;
  PRAC_TRY(emb_one(e, "SELECT sum(bytes) FROM segment", &bytes, reterr));
  while (bytes > e->conf.max_bytes) {
    int64_t id = 0;
    PRAC_TRY(emb_one(e, "SELECT id FROM segment ORDER BY since, id LIMIT 1", &id, reterr));
    PRAC_TRY(emb_one(e, "SELECT since FROM segment ORDER BY since, id LIMIT 1", &since, reterr));
    PRAC_TRY(runf(e, reterr, "DELETE FROM batch WHERE segment = #;DELETE FROM segment WHERE id = #",
                  id));
    PRAC_TRY(emb_one(e, "SELECT sum(bytes) FROM segment", &bytes, reterr));
    n++;
  }
  char text[PRAC_TIME_TEXT];
  if (n > 0)
    prac_log(e->log, &ev_removed, "%" PRId64 " oldest segments removed, the last from %s", n,
             prac_time_text(text, since));
  return PRAC_OK;
}

prac_rc emb_retain(struct emb *e, prac_time now, struct prac_err *reterr)
{
  PRAC_TRY(by_age(e, now, reterr));
  PRAC_TRY(packets_by_number(e, reterr));
  PRAC_TRY(by_size(e, reterr));
  return emb_exec(e, "PRAGMA incremental_vacuum(2000)", reterr);
}

/* A reader may be about to open a file that has just left the catalogue: it reads the catalogue
 * again then. */
prac_rc emb_segments_sweep(struct emb *e, struct prac_err *reterr)
{
  char path[EMB_PATH];
  (void)snprintf(path, sizeof path, "%s/flows", e->dir);
  DIR *d = opendir(path);
  if (!d) return PRAC_FAIL(reterr, PRAC_IO, "opening %s: %s", path, strerror(errno));
  prac_rc rc = PRAC_OK;
  for (struct dirent *f; rc == PRAC_OK && (f = readdir(d));) {
    char *end = NULL;
    char text[96];
    int64_t id = strtoll(f->d_name, &end, 10), named = 0;
    if (end == f->d_name || strcmp(end, ".parquet") != 0) continue;
    (void)snprintf(text, sizeof text, "SELECT count(*) FROM segment WHERE id = %" PRId64, id);
    rc = emb_one(e, text, &named, reterr);
    if (rc == PRAC_OK && !named) (void)unlinkat(dirfd(d), f->d_name, 0);
  }
  closedir(d);
  return rc;
}
