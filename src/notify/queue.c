/* SQLite keeps the queue: a torn write, a full device and kill -9 are its daily bread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "notify/queue_sql.h"
#include "sys/sqlite.h"

enum { BUSY_MS = 5000, SCHEMA = 4 };

/* What an index is named for by a query is made anew with the column. */
static const char schema_2[] =
    "ALTER TABLE task ADD COLUMN lane TEXT NOT NULL DEFAULT '';"
    "UPDATE task SET lane = thread;"
    "DROP INDEX task_thread;"
    "CREATE INDEX task_lane ON task(way, lane, n) WHERE state = 0;"
    "CREATE TABLE subscription(id TEXT PRIMARY KEY, rec BLOB NOT NULL) WITHOUT ROWID;";
static const char schema_3[] =
    "CREATE TABLE delivery(n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL,"
    " rec BLOB NOT NULL);"
    "CREATE INDEX task_failed ON task(way, due, n) WHERE state = 0 AND tries > 0;";
/* Never edit a released one: SCHEMA rises and the step is added. */
static const char schema[] =
    "CREATE TABLE meta(k TEXT PRIMARY KEY, v INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE story(tenant TEXT NOT NULL, id TEXT NOT NULL, thread TEXT NOT NULL,"
    " letters TEXT NOT NULL, state INTEGER NOT NULL, began INTEGER NOT NULL, due INTEGER NOT NULL,"
    " last INTEGER NOT NULL, revision INTEGER NOT NULL, kind INTEGER NOT NULL, rec BLOB,"
    " PRIMARY KEY(tenant, id)) WITHOUT ROWID;"
    "CREATE INDEX story_due ON story(due, tenant, id) WHERE state = 0;"
    "CREATE INDEX story_last ON story(last);"
    "CREATE TABLE item(n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
    " tenant TEXT NOT NULL, at INTEGER NOT NULL, began INTEGER NOT NULL, made INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, people INTEGER NOT NULL, rec BLOB NOT NULL);"
    "CREATE INDEX item_people ON item(tenant, at) WHERE people = 1;"
    "CREATE INDEX item_made ON item(made);"
    "CREATE TABLE task(way TEXT NOT NULL, n INTEGER NOT NULL, thread TEXT NOT NULL,"
    " state INTEGER NOT NULL, tries INTEGER NOT NULL, due INTEGER NOT NULL, reason TEXT,"
    " PRIMARY KEY(way, n)) WITHOUT ROWID;"
    "CREATE INDEX task_waiting ON task(way, n) WHERE state = 0;"
    "CREATE INDEX task_thread ON task(way, thread, n) WHERE state = 0;"
    "CREATE INDEX task_item ON task(n);"
    "CREATE TABLE later(tenant TEXT NOT NULL, id TEXT NOT NULL, due INTEGER NOT NULL, rec BLOB NOT"
    " NULL, PRIMARY KEY(tenant, id)) WITHOUT ROWID;";

static const char *const sql[SQL_COUNT_] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_META_GET] = "SELECT v FROM meta WHERE k = ?1",
    [SQL_META_PUT] = "INSERT OR REPLACE INTO meta VALUES(?1, ?2)",
    [SQL_STORY_GET] = "SELECT tenant, id, thread, letters, state, began, due, last, revision, kind"
                      " FROM story WHERE tenant = ?1 AND id = ?2",
    [SQL_STORY_PUT] = "INSERT OR REPLACE INTO story(tenant, id, thread, letters, state, began, due,"
                      " last, revision, kind, rec) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
                      " ?11)",
    [SQL_STORY_DROP] = "DELETE FROM story WHERE tenant = ?1 AND id = ?2",
    [SQL_STORY_DUE] = "SELECT tenant, id, thread, letters, state, began, due, last, revision, kind,"
                      " rec FROM story WHERE state = 0 AND due <= ?1 ORDER BY due, tenant, id"
                      " LIMIT 1",
    [SQL_ITEM_ADD] = "INSERT OR IGNORE INTO item(id, tenant, at, began, made, kind, people, rec)"
                     " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [SQL_TASK_ADD] = "INSERT INTO task VALUES(?2, ?1, ?3, 0, 0, 0, NULL, ?4)",
    [SQL_PEOPLE] = "SELECT count(*) FROM item WHERE tenant = ?1 AND people = 1 AND at > ?2",
    [SQL_TASK_NEXT] =
        "SELECT i.n, i.id, t.thread, t.lane, i.tenant, i.at, i.began, i.kind, t.tries, i.made,"
        " i.rec"
        " FROM task AS t INDEXED BY task_waiting JOIN item AS i ON i.n = t.n"
        " WHERE t.way = ?1 AND t.state = 0 AND t.n > ?3 AND (t.due <= ?2 OR t.due > ?4)"
        " AND NOT EXISTS"
        " (SELECT 1 FROM task AS o INDEXED BY task_lane WHERE o.way = ?1 AND o.lane = t.lane"
        " AND o.state = 0 AND o.n < t.n AND o.due > ?2 AND o.due <= ?4) ORDER BY t.n LIMIT 1",
    /* From lane to lane by the index, however many tasks wait in each. */
    [SQL_TASK_HEADS] =
        "WITH RECURSIVE l(lane) AS (SELECT (SELECT min(lane) FROM task INDEXED BY task_lane WHERE"
        " way = ?1 AND state = 0 AND lane > ?2) UNION ALL SELECT (SELECT min(t.lane) FROM task AS"
        " t INDEXED BY task_lane WHERE t.way = ?1 AND t.state = 0 AND t.lane > l.lane) FROM l"
        " WHERE l.lane IS NOT NULL LIMIT ?3) SELECT t.n, i.tenant, t.tries, t.due, l.lane FROM l"
        " CROSS JOIN task AS t ON t.way = ?1 AND t.n = (SELECT min(o.n) FROM task AS o INDEXED BY"
        " task_lane WHERE o.way = ?1 AND o.state = 0 AND o.lane = l.lane) CROSS JOIN item AS i ON"
        " i.n = t.n ORDER BY l.lane",
    [SQL_TASK_MARK] = "UPDATE task SET state = ?3, tries = ?4, due = ?5, reason = ?6"
                      " WHERE way = ?2 AND n = ?1",
    [SQL_LATER_PUT] = "INSERT INTO later VALUES(?1, ?2, ?3, ?4) ON CONFLICT(tenant, id)"
                      " DO UPDATE SET rec = excluded.rec",
    [SQL_LATER_DUE] = "SELECT tenant FROM later GROUP BY tenant HAVING min(due) <= ?1"
                      " ORDER BY min(due), tenant LIMIT 1",
    [SQL_LATER_NEXT] =
        "SELECT id, rec FROM later WHERE tenant = ?1 AND id > ?2 ORDER BY id LIMIT 1",
    [SQL_LATER_DROP] = "DELETE FROM later WHERE tenant = ?1 AND id <= ?2",
    [SQL_LATER_TOLD] =
        "UPDATE story SET letters = iif(letters = '', ?3, letters), state = iif(state = 2, 1,"
        " state) WHERE tenant = ?1 AND id IN (SELECT id FROM later WHERE tenant = ?1 AND id <= ?2)",
    [SQL_COUNT] = "SELECT count(*) FILTER (WHERE state = 0), count(*) FILTER (WHERE state = 1),"
                  " count(*) FILTER (WHERE state = 2) FROM task",
    [SQL_FORGET_TASK] = "DELETE FROM task INDEXED BY task_waiting WHERE state = 0 AND EXISTS"
                        " (SELECT 1 FROM item AS i WHERE i.n = task.n AND i.tenant = ?1)",
    [SQL_FORGET_LATER] = "DELETE FROM later WHERE tenant = ?1",
    [SQL_FORGET_STORY] = "DELETE FROM story WHERE tenant = ?1",
    [SQL_SUB_PUT] = "INSERT OR REPLACE INTO subscription VALUES(?1, ?2)",
    [SQL_SUB_DROP] = "DELETE FROM subscription WHERE id = ?1",
    [SQL_SUB_NEXT] = "SELECT id, rec FROM subscription WHERE id > ?1 ORDER BY id LIMIT 1",
    [SQL_ITEM_GET] = "SELECT rec FROM item WHERE id = ?1",
    [SQL_DELIVERY_ADD] = "INSERT INTO delivery(id, rec) VALUES(?1, ?2)",
    [SQL_DELIVERY_NEXT] = "SELECT n, id, rec FROM delivery WHERE n > ?1 ORDER BY n LIMIT 1",
    [SQL_DELIVERY_DROP] = "DELETE FROM delivery WHERE n <= ?1",
    [SQL_PURGE_ITEM] = "DELETE FROM item WHERE made < ?1 AND NOT EXISTS (SELECT 1 FROM task WHERE"
                       " task.n = item.n AND state = 0)",
    [SQL_PURGE_TASK] = "DELETE FROM task WHERE state <> 0 AND n NOT IN (SELECT n FROM item)",
    [SQL_PURGE_STORY] = "DELETE FROM story WHERE last < ?1 AND state <> 0 AND state <> 2",
};

prac_rc note_sql_fail(struct note_queue *q, struct prac_err *reterr, const char *doing)
{
  prac_rc rc = sys_sqlite_rc(q->db);
  const char *todo = rc == PRAC_DAMAGED
                         ? "; restore the file, or move it away: what was waiting is then not told"
                     : rc == PRAC_FULL ? "; make room on the device, the bus keeps what is not here"
                                       : "";
  prac_rc code_rc = PRAC_FAIL(reterr, rc, "%s/queue.db: %s: %s%s", q->dir, doing,
                              q->db ? sqlite3_errmsg(q->db) : "no memory", todo);
  if (q->open) note_queue_rollback(q);
  return code_rc;
}

static prac_rc exec(struct note_queue *q, const char *text, struct prac_err *reterr)
{
  if (sqlite3_exec(q->db, text, NULL, NULL, NULL) == SQLITE_OK) return PRAC_OK;
  return note_sql_fail(q, reterr, "opening");
}

static prac_rc step(struct note_queue *q, enum note_sql what, const char *doing,
                    struct prac_err *reterr)
{
  int st = sqlite3_step(q->st[what]);
  (void)sqlite3_reset(q->st[what]);
  return st == SQLITE_DONE ? PRAC_OK : note_sql_fail(q, reterr, doing);
}

sqlite3_stmt *note_sql_use(struct note_queue *q, enum note_sql what, bool write,
                           struct prac_err *reterr)
{
  if (write && !q->open) {
    if (step(q, SQL_BEGIN, "beginning", reterr) != PRAC_OK) return NULL;
    q->open = true;
  }
  (void)sqlite3_reset(q->st[what]);
  (void)sqlite3_clear_bindings(q->st[what]);
  return q->st[what];
}

prac_rc note_sql_run(struct note_queue *q, sqlite3_stmt *s, const char *doing,
                     struct prac_err *reterr)
{
  int st;
  while ((st = sqlite3_step(s)) == SQLITE_ROW) continue;
  prac_rc rc = st == SQLITE_DONE ? PRAC_OK : note_sql_fail(q, reterr, doing);
  (void)sqlite3_reset(s);
  return rc;
}

prac_rc note_queue_commit(struct note_queue *q, struct prac_err *reterr)
{
  if (!q->open) return PRAC_OK;
  PRAC_TRY(step(q, SQL_COMMIT, "committing", reterr));
  q->open = false;
  return PRAC_OK;
}

prac_rc note_queue_sync(struct note_queue *q, bool sync, struct prac_err *reterr)
{
  PRAC_INSIST(!q->open);
  return exec(q, sync ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", reterr);
}

prac_rc note_queue_scrub(struct note_queue *q, struct prac_err *reterr)
{
  PRAC_INSIST(!q->open);
  for (size_t i = 0; i < SQL_COUNT_; i++) (void)sqlite3_reset(q->st[i]);
  PRAC_TRY(exec(q, "VACUUM", reterr));
  return exec(q, "PRAGMA wal_checkpoint(TRUNCATE)", reterr);
}

void note_queue_rollback(struct note_queue *q)
{
  for (size_t i = 0; i < SQL_COUNT_; i++) (void)sqlite3_reset(q->st[i]);
  (void)sqlite3_step(q->st[SQL_ROLLBACK]);
  (void)sqlite3_reset(q->st[SQL_ROLLBACK]);
  q->open = false;
}

static prac_rc make(struct note_queue *q, struct prac_err *reterr)
{
  sqlite3_stmt *s = NULL;
  int version = -1;
  PRAC_TRY(exec(q, "PRAGMA journal_mode = WAL", reterr));
  PRAC_TRY(exec(q,
                "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
                " PRAGMA wal_autocheckpoint = 250; PRAGMA journal_size_limit = 4194304",
                reterr));
  if (sqlite3_prepare_v2(q->db, "PRAGMA user_version", -1, &s, NULL) == SQLITE_OK &&
      sqlite3_step(s) == SQLITE_ROW)
    version = sqlite3_column_int(s, 0);
  (void)sqlite3_finalize(s);
  if (version > SCHEMA)
    return PRAC_FAIL(reterr, PRAC_UNSUPPORTED, "%s/queue.db is of a newer version", q->dir);
  if (version < SCHEMA) {
    PRAC_TRY(exec(q, "BEGIN EXCLUSIVE", reterr));
    if (version < 1) PRAC_TRY(exec(q, schema, reterr));
    if (version < 2) PRAC_TRY(exec(q, schema_2, reterr));
    if (version < 3) PRAC_TRY(exec(q, schema_3, reterr));
    /* 4: secrets of subscriptions are sealed; an older program would sign with that. */
    PRAC_TRY(exec(q, "DROP INDEX IF EXISTS task_failed; PRAGMA user_version = 4; COMMIT", reterr));
  }
  for (size_t i = 0; i < SQL_COUNT_; i++)
    if (sqlite3_prepare_v3(q->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &q->st[i], NULL) !=
        SQLITE_OK)
      return note_sql_fail(q, reterr, sql[i]);
  return PRAC_OK;
}

prac_rc note_queue_open(const char *dir, struct note_queue **ret, struct prac_err *reterr)
{
  char path[600];
  struct note_queue *q = calloc(1, sizeof *q);
  if (!q) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the queue");
  (void)snprintf(q->dir, sizeof q->dir, "%s", dir);
  (void)snprintf(path, sizeof path, "%s/queue.db", q->dir);
  int st = sqlite3_open_v2(path, &q->db,
                           SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
  prac_rc rc = st == SQLITE_OK ? PRAC_OK : note_sql_fail(q, reterr, "opening");
  if (rc == PRAC_OK) {
    (void)sqlite3_extended_result_codes(q->db, 1);
    (void)sqlite3_busy_timeout(q->db, BUSY_MS);
    rc = make(q, reterr);
  }
  if (rc != PRAC_OK) {
    note_queue_close(&q);
    return rc;
  }
  *ret = q;
  return PRAC_OK;
}

void note_queue_close(struct note_queue **qp)
{
  struct note_queue *q = *qp;
  *qp = NULL;
  if (!q) return;
  for (size_t i = 0; i < SQL_COUNT_; i++) (void)sqlite3_finalize(q->st[i]);
  (void)sqlite3_close(q->db);
  free(q);
}
