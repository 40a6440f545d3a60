/* Rows in and out of the queue's statements. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "notify/queue_sql.h"

static void text(sqlite3_stmt *s, int at, const char *v)
{
  (void)sqlite3_bind_text(s, at, v, -1, SQLITE_STATIC); /* run before the caller returns */
}
static void blob(sqlite3_stmt *s, int at, const char *v, size_t n)
{
  if (v) (void)sqlite3_bind_blob64(s, at, v, n, SQLITE_STATIC);
}
static void column(sqlite3_stmt *s, int at, char *to, size_t cap)
{
  const unsigned char *v = sqlite3_column_text(s, at);
  (void)snprintf(to, cap, "%s", v ? (const char *)v : "");
}
/* One row, or PRAC_UNKNOWN; the statement stays on its row. */
static prac_rc row(struct note_queue *q, sqlite3_stmt *s, const char *doing,
                   struct prac_err *reterr)
{
  int st = sqlite3_step(s);
  if (st == SQLITE_ROW) return PRAC_OK;
  prac_rc rc = st == SQLITE_DONE ? PRAC_UNKNOWN : note_sql_fail(q, reterr, doing);
  (void)sqlite3_reset(s);
  return rc;
}

prac_rc note_meta_get(struct note_queue *q, const char *key, int64_t *ret, struct prac_err *reterr)
{
  sqlite3_stmt *s = note_sql_use(q, SQL_META_GET, false, reterr);
  if (!s) return PRAC_IO;
  text(s, 1, key);
  PRAC_TRY(row(q, s, "reading", reterr));
  *ret = sqlite3_column_int64(s, 0);
  (void)sqlite3_reset(s);
  return PRAC_OK;
}

prac_rc note_meta_put(struct note_queue *q, const char *key, int64_t v, struct prac_err *reterr)
{
  sqlite3_stmt *s = note_sql_use(q, SQL_META_PUT, true, reterr);
  if (!s) return PRAC_IO;
  text(s, 1, key);
  (void)sqlite3_bind_int64(s, 2, v);
  return note_sql_run(q, s, "writing", reterr);
}

static void story_read(sqlite3_stmt *s, struct note_story *ret)
{
  column(s, 0, ret->tenant, sizeof ret->tenant);
  column(s, 1, ret->id, sizeof ret->id);
  column(s, 2, ret->thread, sizeof ret->thread);
  column(s, 3, ret->letters, sizeof ret->letters);
  ret->state = (enum note_story_state)sqlite3_column_int(s, 4);
  ret->began = sqlite3_column_int64(s, 5);
  ret->due = sqlite3_column_int64(s, 6);
  ret->last = sqlite3_column_int64(s, 7);
  ret->revision = (uint32_t)sqlite3_column_int64(s, 8);
  ret->kind = (enum note_kind)sqlite3_column_int(s, 9);
}

prac_rc note_story_get(struct note_queue *q, const char *tenant, const char *id,
                       struct note_story *ret, struct prac_err *reterr)
{
  sqlite3_stmt *s = note_sql_use(q, SQL_STORY_GET, false, reterr);
  if (!s) return PRAC_IO;
  text(s, 1, tenant);
  text(s, 2, id);
  PRAC_TRY(row(q, s, "reading", reterr));
  story_read(s, ret);
  (void)sqlite3_reset(s);
  return PRAC_OK;
}

prac_rc note_story_put(struct note_queue *q, const struct note_story *st, const char *rec,
                       size_t len, struct prac_err *reterr)
{
  sqlite3_stmt *s = note_sql_use(q, SQL_STORY_PUT, true, reterr);
  if (!s) return PRAC_IO;
  text(s, 1, st->tenant);
  text(s, 2, st->id);
  text(s, 3, st->thread);
  text(s, 4, st->letters);
  (void)sqlite3_bind_int(s, 5, (int)st->state);
  (void)sqlite3_bind_int64(s, 6, st->began);
  (void)sqlite3_bind_int64(s, 7, st->due);
  (void)sqlite3_bind_int64(s, 8, st->last);
  (void)sqlite3_bind_int64(s, 9, st->revision);
  (void)sqlite3_bind_int(s, 10, (int)st->kind);
  blob(s, 11, rec, len);
  return note_sql_run(q, s, "writing", reterr);
}

prac_rc note_story_drop(struct note_queue *q, const struct note_story *st, struct prac_err *reterr)
{
  sqlite3_stmt *s = note_sql_use(q, SQL_STORY_DROP, true, reterr);
  if (!s) return PRAC_IO;
  text(s, 1, st->tenant);
  text(s, 2, st->id);
  return note_sql_run(q, s, "writing", reterr);
}

prac_rc note_story_due(struct note_queue *q, prac_time now, struct note_story *ret, char **ret_rec,
                       size_t *ret_len, struct prac_err *reterr)
{
  sqlite3_stmt *s = note_sql_use(q, SQL_STORY_DUE, false, reterr);
  if (!s) return PRAC_IO;
  (void)sqlite3_bind_int64(s, 1, now);
  PRAC_TRY(row(q, s, "reading", reterr));
  story_read(s, ret);
  const void *rec = sqlite3_column_blob(s, 10);
  size_t n = (size_t)sqlite3_column_bytes(s, 10);
  char *copy = malloc(n + 1);
  if (copy && n) memcpy(copy, rec, n);
  (void)sqlite3_reset(s);
  if (!copy) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a record");
  *ret_rec = copy;
  *ret_len = n;
  return PRAC_OK;
}

prac_rc note_item_add(struct note_queue *q, const struct note_item_new *i, int64_t *ret_n,
                      struct prac_err *reterr)
{
  sqlite3_stmt *s = note_sql_use(q, SQL_ITEM_ADD, true, reterr);
  if (!s) return PRAC_IO;
  text(s, 1, i->id);
  text(s, 2, i->tenant);
  (void)sqlite3_bind_int64(s, 3, i->at);
  (void)sqlite3_bind_int64(s, 4, i->began);
  (void)sqlite3_bind_int64(s, 5, i->made);
  (void)sqlite3_bind_int(s, 6, (int)i->kind);
  (void)sqlite3_bind_int(s, 7, i->people);
  blob(s, 8, i->rec, i->len);
  PRAC_TRY(note_sql_run(q, s, "writing", reterr));
  if (sqlite3_changes(q->db) == 0) return PRAC_EXISTS;
  *ret_n = sqlite3_last_insert_rowid(q->db);
  return PRAC_OK;
}

prac_rc note_task_add(struct note_queue *q, int64_t n, const char *way, const char *thread,
                      const char *lane, struct prac_err *reterr)
{
  sqlite3_stmt *s = note_sql_use(q, SQL_TASK_ADD, true, reterr);
  if (!s) return PRAC_IO;
  (void)sqlite3_bind_int64(s, 1, n);
  text(s, 2, way);
  text(s, 3, thread);
  text(s, 4, lane);
  return note_sql_run(q, s, "writing", reterr);
}

prac_rc note_people_count(struct note_queue *q, const char *tenant, prac_time since, int64_t *ret,
                          struct prac_err *reterr)
{
  sqlite3_stmt *s = note_sql_use(q, SQL_PEOPLE, false, reterr);
  if (!s) return PRAC_IO;
  text(s, 1, tenant);
  (void)sqlite3_bind_int64(s, 2, since);
  PRAC_TRY(row(q, s, "reading", reterr));
  *ret = sqlite3_column_int64(s, 0);
  (void)sqlite3_reset(s);
  return PRAC_OK;
}

prac_rc note_task_next(struct note_queue *q, const char *way, const struct note_when *when,
                       int64_t after, struct note_row *ret, struct prac_err *reterr)
{
  sqlite3_stmt *s = note_sql_use(q, SQL_TASK_NEXT, false, reterr);
  if (!s) return PRAC_IO;
  text(s, 1, way);
  (void)sqlite3_bind_int64(s, 2, when->now);
  (void)sqlite3_bind_int64(s, 3, after);
  (void)sqlite3_bind_int64(s, 4, when->far);
  PRAC_TRY(row(q, s, "reading", reterr));
  ret->n = sqlite3_column_int64(s, 0);
  column(s, 1, ret->id, sizeof ret->id);
  column(s, 2, ret->thread, sizeof ret->thread);
  column(s, 3, ret->lane, sizeof ret->lane);
  column(s, 4, ret->tenant, sizeof ret->tenant);
  ret->at = sqlite3_column_int64(s, 5);
  ret->began = sqlite3_column_int64(s, 6);
  ret->kind = (enum note_kind)sqlite3_column_int(s, 7);
  ret->tries = (uint32_t)sqlite3_column_int64(s, 8);
  ret->made = sqlite3_column_int64(s, 9);
  ret->rec = sqlite3_column_blob(s, 10);
  ret->len = (size_t)sqlite3_column_bytes(s, 10);
  return PRAC_OK;
}

prac_rc note_task_heads(struct note_queue *q, const char *way, struct note_walk *w,
                        note_task_each *each, void *arg, struct prac_err *reterr)
{
  int st, n = 0;
  sqlite3_stmt *s = note_sql_use(q, SQL_TASK_HEADS, false, reterr);
  if (!s) return PRAC_IO;
  text(s, 1, way);
  text(s, 2, w->lane);
  (void)sqlite3_bind_int(s, 3, NOTE_WALK);
  while ((st = sqlite3_step(s)) == SQLITE_ROW) {
    char tenant[32];
    prac_time due = sqlite3_column_int64(s, 3);
    column(s, 1, tenant, sizeof tenant);
    if (due <= w->when.now || due > w->when.far)
      each(arg, sqlite3_column_int64(s, 0), tenant, sqlite3_column_int64(s, 2) > 0);
    column(s, 4, w->lane, sizeof w->lane);
    n++;
  }
  prac_rc rc = st == SQLITE_DONE ? PRAC_OK : note_sql_fail(q, reterr, "reading");
  (void)sqlite3_reset(s);
  if (n < NOTE_WALK) w->lane[0] = '\0';
  return rc;
}

prac_rc note_task_mark(struct note_queue *q, int64_t n, const char *way, enum note_task_state state,
                       uint32_t tries, prac_time due, const char *reason, struct prac_err *reterr)
{
  sqlite3_stmt *s = note_sql_use(q, SQL_TASK_MARK, true, reterr);
  if (!s) return PRAC_IO;
  (void)sqlite3_bind_int64(s, 1, n);
  text(s, 2, way);
  (void)sqlite3_bind_int(s, 3, (int)state);
  (void)sqlite3_bind_int64(s, 4, tries);
  (void)sqlite3_bind_int64(s, 5, due);
  if (reason) text(s, 6, reason);
  return note_sql_run(q, s, "writing", reterr);
}

prac_rc note_later_put(struct note_queue *q, const struct note_story *st, prac_time due,
                       const char *rec, size_t len, struct prac_err *reterr)
{
  sqlite3_stmt *s = note_sql_use(q, SQL_LATER_PUT, true, reterr);
  if (!s) return PRAC_IO;
  text(s, 1, st->tenant);
  text(s, 2, st->id);
  (void)sqlite3_bind_int64(s, 3, due);
  blob(s, 4, rec, len);
  return note_sql_run(q, s, "writing", reterr);
}

prac_rc note_later_due(struct note_queue *q, prac_time now, char ret_tenant[32],
                       struct prac_err *reterr)
{
  sqlite3_stmt *s = note_sql_use(q, SQL_LATER_DUE, false, reterr);
  if (!s) return PRAC_IO;
  (void)sqlite3_bind_int64(s, 1, now);
  PRAC_TRY(row(q, s, "reading", reterr));
  column(s, 0, ret_tenant, 32);
  (void)sqlite3_reset(s);
  return PRAC_OK;
}

prac_rc note_later_next(struct note_queue *q, const char *tenant, const char *after,
                        char ret_id[NOTE_ID_MAX], const char **ret_rec, size_t *ret_len,
                        struct prac_err *reterr)
{
  sqlite3_stmt *s = note_sql_use(q, SQL_LATER_NEXT, false, reterr);
  if (!s) return PRAC_IO;
  text(s, 1, tenant);
  text(s, 2, after);
  PRAC_TRY(row(q, s, "reading", reterr));
  column(s, 0, ret_id, NOTE_ID_MAX);
  *ret_rec = sqlite3_column_blob(s, 1);
  *ret_len = (size_t)sqlite3_column_bytes(s, 1);
  return PRAC_OK;
}

prac_rc note_later_drop(struct note_queue *q, const char *tenant, const char *upto,
                        const char *thread, struct prac_err *reterr)
{
  sqlite3_stmt *s = note_sql_use(q, SQL_LATER_TOLD, true, reterr);
  if (!s) return PRAC_IO;
  text(s, 1, tenant);
  text(s, 2, upto);
  text(s, 3, thread);
  PRAC_TRY(note_sql_run(q, s, "writing", reterr));
  s = note_sql_use(q, SQL_LATER_DROP, true, reterr);
  if (!s) return PRAC_IO;
  text(s, 1, tenant);
  text(s, 2, upto);
  return note_sql_run(q, s, "writing", reterr);
}

prac_rc note_tenant_forget(struct note_queue *q, const char *tenant, struct prac_err *reterr)
{
  static const enum note_sql what[] = {SQL_FORGET_TASK, SQL_FORGET_LATER, SQL_FORGET_STORY};
  for (size_t i = 0; i < sizeof what / sizeof what[0]; i++) {
    sqlite3_stmt *s = note_sql_use(q, what[i], true, reterr);
    if (!s) return PRAC_IO;
    text(s, 1, tenant);
    PRAC_TRY(note_sql_run(q, s, "forgetting", reterr));
  }
  return PRAC_OK;
}

/* One whole record under its id. */
static prac_rc put_record(struct note_queue *q, enum note_sql what, const char *id, const char *rec,
                          size_t len, struct prac_err *reterr)
{
  sqlite3_stmt *s = note_sql_use(q, what, true, reterr);
  if (!s) return PRAC_IO;
  text(s, 1, id);
  blob(s, 2, rec, len);
  return note_sql_run(q, s, "writing", reterr);
}

prac_rc note_sub_put(struct note_queue *q, const char *id, const char *rec, size_t len,
                     struct prac_err *reterr)
{
  return put_record(q, SQL_SUB_PUT, id, rec, len, reterr);
}

prac_rc note_sub_drop(struct note_queue *q, const char *id, bool *ret, struct prac_err *reterr)
{
  sqlite3_stmt *s = note_sql_use(q, SQL_SUB_DROP, true, reterr);
  if (!s) return PRAC_IO;
  text(s, 1, id);
  PRAC_TRY(note_sql_run(q, s, "writing", reterr));
  *ret = sqlite3_changes(q->db) > 0;
  return PRAC_OK;
}

prac_rc note_sub_next(struct note_queue *q, const char *after, char ret_id[32],
                      const char **ret_rec, size_t *ret_len, struct prac_err *reterr)
{
  sqlite3_stmt *s = note_sql_use(q, SQL_SUB_NEXT, false, reterr);
  if (!s) return PRAC_IO;
  text(s, 1, after);
  PRAC_TRY(row(q, s, "reading", reterr));
  column(s, 0, ret_id, 32);
  *ret_rec = sqlite3_column_blob(s, 1);
  *ret_len = (size_t)sqlite3_column_bytes(s, 1);
  return PRAC_OK;
}

prac_rc note_item_get(struct note_queue *q, const char *id, const char **ret_rec, size_t *ret_len,
                      struct prac_err *reterr)
{
  sqlite3_stmt *s = note_sql_use(q, SQL_ITEM_GET, false, reterr);
  if (!s) return PRAC_IO;
  text(s, 1, id);
  PRAC_TRY(row(q, s, "reading", reterr));
  *ret_rec = sqlite3_column_blob(s, 0);
  *ret_len = (size_t)sqlite3_column_bytes(s, 0);
  return PRAC_OK;
}

prac_rc note_out_add(struct note_queue *q, const char *id, const char *rec, size_t len,
                     struct prac_err *reterr)
{
  return put_record(q, SQL_DELIVERY_ADD, id, rec, len, reterr);
}

prac_rc note_out_next(struct note_queue *q, int64_t after, int64_t *ret_n, char ret_id[32],
                      const char **ret_rec, size_t *ret_len, struct prac_err *reterr)
{
  sqlite3_stmt *s = note_sql_use(q, SQL_DELIVERY_NEXT, false, reterr);
  if (!s) return PRAC_IO;
  (void)sqlite3_bind_int64(s, 1, after);
  PRAC_TRY(row(q, s, "reading", reterr));
  *ret_n = sqlite3_column_int64(s, 0);
  column(s, 1, ret_id, 32);
  *ret_rec = sqlite3_column_blob(s, 2);
  *ret_len = (size_t)sqlite3_column_bytes(s, 2);
  return PRAC_OK;
}

prac_rc note_out_drop(struct note_queue *q, int64_t upto, struct prac_err *reterr)
{
  sqlite3_stmt *s = note_sql_use(q, SQL_DELIVERY_DROP, true, reterr);
  if (!s) return PRAC_IO;
  (void)sqlite3_bind_int64(s, 1, upto);
  return note_sql_run(q, s, "writing", reterr);
}

prac_rc note_queue_count(struct note_queue *q, int64_t by_state[3], struct prac_err *reterr)
{
  sqlite3_stmt *s = note_sql_use(q, SQL_COUNT, false, reterr);
  if (!s) return PRAC_IO;
  PRAC_TRY(row(q, s, "reading", reterr));
  for (int i = 0; i < 3; i++) by_state[i] = sqlite3_column_int64(s, i);
  (void)sqlite3_reset(s);
  return PRAC_OK;
}

prac_rc note_queue_purge(struct note_queue *q, prac_time before, struct prac_err *reterr)
{
  static const enum note_sql what[] = {SQL_PURGE_ITEM, SQL_PURGE_TASK, SQL_PURGE_STORY};
  for (size_t i = 0; i < sizeof what / sizeof what[0]; i++) {
    sqlite3_stmt *s = note_sql_use(q, what[i], true, reterr);
    if (!s) return PRAC_IO;
    if (what[i] != SQL_PURGE_TASK) (void)sqlite3_bind_int64(s, 1, before);
    PRAC_TRY(note_sql_run(q, s, "forgetting", reterr));
  }
  return PRAC_OK;
}
