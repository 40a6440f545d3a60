/* SQLite: opening, schema and migrations, statements, and its errors in our words. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/embedded/embedded.h"
#include "sys/sqlite.h"

enum { APPLICATION_ID = 0x50524143 /* "PRAC" */, BUSY_MS = 10000 };

/* Each text takes the schema from version i to i + 1; never edit one that has been released. */
static const char *const migrations[] = {
    "CREATE TABLE position(consumer TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE batch(id INTEGER PRIMARY KEY, sensor TEXT NOT NULL, minute INTEGER NOT NULL,"
    " part INTEGER NOT NULL, rows INTEGER NOT NULL, last INTEGER NOT NULL, log INTEGER,"
    " off INTEGER, len INTEGER, segment INTEGER, geo TEXT);"
    "CREATE INDEX batch_minute ON batch(minute);"
    "CREATE INDEX batch_hot ON batch(minute, sensor, part) WHERE log IS NOT NULL;"
    "CREATE TABLE sensor(sensor TEXT PRIMARY KEY, first INTEGER, last INTEGER, packets INTEGER,"
    " flows INTEGER, bytes INTEGER, batches INTEGER) WITHOUT ROWID;"
    "CREATE TABLE segment(id INTEGER PRIMARY KEY AUTOINCREMENT, since INTEGER NOT NULL, upto "
    "INTEGER NOT NULL,"
    " rows INTEGER NOT NULL, bytes INTEGER NOT NULL, src_lo BLOB NOT NULL, src_hi BLOB NOT NULL);"
    "CREATE INDEX segment_since ON segment(since);"
    "CREATE TABLE rollup(id INTEGER PRIMARY KEY, level INTEGER NOT NULL, dim INTEGER NOT NULL,"
    " start INTEGER NOT NULL, sensor TEXT NOT NULL, counts BLOB NOT NULL, sketch BLOB NOT NULL);"
    "CREATE INDEX rollup_at ON rollup(level, dim, start, sensor);"
    "CREATE TABLE derived(level INTEGER NOT NULL, start INTEGER NOT NULL, whole INTEGER NOT NULL,"
    " PRIMARY KEY(level, start)) WITHOUT ROWID;",
};

#define DAY "86400000000000"
static const char *const sql[EMB_COUNT_] = {
    [EMB_BEGIN] = "BEGIN IMMEDIATE",
    [EMB_COMMIT] = "COMMIT",
    [EMB_ROLLBACK] = "ROLLBACK",
    [EMB_READ] = "BEGIN",
    [EMB_POSITION_GET] = "SELECT seq FROM position WHERE consumer = ?1",
    [EMB_POSITION_PUT] = "INSERT INTO position VALUES(?1, ?2)"
                         " ON CONFLICT(consumer) DO UPDATE SET seq = excluded.seq",
    [EMB_BATCH_PUT] = "INSERT INTO batch(sensor, minute, part, rows, last, log, off, len, geo)"
                      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [EMB_SENSOR_PUT] =
        "INSERT INTO sensor VALUES(?1, ?2, ?2, ?3, ?4, ?5, 1) ON CONFLICT(sensor) DO UPDATE SET"
        " first = min(first, excluded.first), last = max(last, excluded.last),"
        " packets = packets + excluded.packets, flows = flows + excluded.flows,"
        " bytes = bytes + excluded.bytes, batches = batches + 1",
    [EMB_SENSORS] = "SELECT sensor, first, last, packets, flows, bytes, batches FROM sensor"
                    " WHERE ?1 = '' OR sensor = ?1 ORDER BY sensor LIMIT ?2",
    [EMB_HEALTH_LAST] = "SELECT json FROM health WHERE sensor = ?1 ORDER BY at DESC LIMIT 1",
    [EMB_ROLL_PUT] = "INSERT INTO rollup(level, dim, start, sensor, counts, sketch)"
                     " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    [EMB_ROLL_UNDERIVE] = "DELETE FROM derived WHERE (level = 3600 AND start = ?1)"
                          " OR (level = 86400 AND start = ?2)",
#define ROLL_HOURS                                                                                 \
  " FROM rollup AS r WHERE level = ?1 AND dim = ?2 AND start >= ?3 AND start < ?4 AND"             \
  " CASE WHEN ?6 AND EXISTS (SELECT 1 FROM derived AS d WHERE d.level = 3600 AND"                  \
  " d.start = r.start) THEN sensor = '' ELSE sensor <> '' AND (?5 = '' OR sensor = ?5) END"        \
  " AND NOT (?7 AND start - start % " DAY " >= ?3 AND start - start % " DAY " + " DAY " <= ?4"     \
  " AND EXISTS (SELECT 1 FROM derived AS d WHERE d.level = 86400 AND"                              \
  " d.start = r.start - r.start % " DAY "))"
#define ROLL_DAYS                                                                                  \
  " FROM rollup AS r WHERE level = 86400 AND dim = ?2 AND start >= ?3 AND start + " DAY " <= ?4"   \
  " AND EXISTS (SELECT 1 FROM derived AS d WHERE d.level = 86400 AND d.start = r.start) AND"       \
  " CASE WHEN ?6 THEN sensor = '' ELSE sensor <> '' AND (?5 = '' OR sensor = ?5) END AND ?1 = ?1"
    [EMB_ROLL_COUNTS] = "SELECT start, sensor, counts" ROLL_HOURS,
    [EMB_ROLL_SKETCHES] = "SELECT start, sensor, counts, sketch" ROLL_HOURS,
    [EMB_ROLL_DAY_COUNTS] = "SELECT start, sensor, counts" ROLL_DAYS,
    [EMB_ROLL_DAY_SKETCHES] = "SELECT start, sensor, counts, sketch" ROLL_DAYS,
    [EMB_UNDERIVED] =
        "SELECT DISTINCT start - start % ?1 FROM rollup WHERE level = 3600 AND"
        " dim = 0 AND start >= 0 AND start - start % ?1 + ?1 <= ?2 AND start -"
        " start % ?1 NOT IN (SELECT start FROM derived WHERE level = ?1 / 1000000000)",
    [EMB_DERIVE_HOUR] = "SELECT counts, sketch FROM rollup WHERE level = 3600 AND ?1 = 3600 AND"
                        " dim = ?2 AND start = ?3 AND sensor <> '' AND ?4 = ''",
    [EMB_DERIVE_DAY] = "SELECT counts, sketch FROM rollup WHERE level = 3600 AND ?1 = 86400 AND"
                       " dim = ?2 AND start >= ?3 AND start < ?3 + " DAY " AND sensor = ?4",
    [EMB_DERIVE_DAY_ALL] = "SELECT counts, sketch FROM rollup WHERE level = 86400 AND ?1 = 86400"
                           " AND dim = ?2 AND start = ?3 AND sensor <> '' AND ?4 = ''",
    [EMB_DERIVE_DROP] = "DELETE FROM rollup WHERE level = ?1 AND dim IN (0, 1, 2, 3)" /* by index */
                        " AND start = ?2 AND (level = 86400 OR sensor = '')",
    [EMB_DERIVE_MARK] = "INSERT OR REPLACE INTO derived VALUES(?1, ?2, 1)",
    [EMB_DERIVE_SENSORS] = "SELECT DISTINCT sensor FROM rollup WHERE level = 3600 AND dim = 0 AND"
                           " start >= ?1 AND start < ?2 AND sensor <> ''",
    [EMB_HOT] =
        "SELECT id, log, off, len, minute FROM batch WHERE log IS NOT NULL AND (rows > 0 OR ?4)"
        " AND minute >= ?1 AND minute < ?2 AND (?3 = '' OR sensor = ?3)"
        " ORDER BY minute, sensor, part, id",
    [EMB_SEGMENTS] =
        "SELECT id, src_lo, src_hi, since, upto, rows FROM segment WHERE since < ?2 AND upto > ?1"
        " AND src_hi >= ?3 AND src_lo <= ?4 ORDER BY since, id",
    [EMB_SEGMENT_PUT] = "INSERT INTO segment(id, since, upto, rows, bytes, src_lo, src_hi)"
                        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [EMB_BATCH_MOVED] = "UPDATE batch SET log = NULL, off = NULL, len = NULL, segment = ?2"
                        " WHERE id = ?1",
    [EMB_EMPTY_MOVED] = "UPDATE batch SET log = NULL, off = NULL, len = NULL WHERE log IS NOT NULL"
                        " AND rows = 0 AND minute < ?1",
    [EMB_HOT_SLOTS] = "SELECT minute - ((minute % ?1) + ?1) % ?1 AS slot, sum(rows) FROM batch"
                      " WHERE log IS NOT NULL GROUP BY 1 HAVING sum(rows) > 0 ORDER BY 1",
    [EMB_ROLL_MANY] = "SELECT level, dim, start, sensor FROM rollup WHERE level < 86400"
                      " AND sensor <> '' GROUP BY 1, 2, 3, 4"
                      " HAVING count(*) > iif(start + level * 1000000000 <= ?1, 1, ?2)",
    [EMB_ROLL_SLOT] = "SELECT counts, sketch FROM rollup WHERE level = ?1 AND dim = ?2"
                      " AND start = ?3 AND sensor = ?4",
    [EMB_ROLL_DROP] = "DELETE FROM rollup WHERE level = ?1 AND dim = ?2 AND start = ?3"
                      " AND sensor = ?4",
    [EMB_MINUTES] = "SELECT minute, sum(rows + 1) FROM batch WHERE minute >= ?1 AND minute < ?2"
                    " GROUP BY minute ORDER BY minute",
    [EMB_BATCHES] = "SELECT sensor, minute, part, rows, last, log IS NULL, geo FROM batch"
                    " WHERE minute >= ?1 AND minute < ?2",
};

/* A reader that finds the file taken tries again. */
static prac_rc code_of(sqlite3 *db)
{
  int code = db ? sqlite3_errcode(db) & 0xff : SQLITE_OK;
  return code == SQLITE_BUSY || code == SQLITE_LOCKED ? PRAC_AGAIN : sys_sqlite_rc(db);
}

prac_rc emb_fail(struct emb *e, struct prac_err *reterr, const char *doing)
{
  prac_rc rc = code_of(e->db);
  const char *todo = "";
  if (rc == PRAC_DAMAGED)
    todo = "; restore the directory from a backup, or move it away to start an empty one (the"
           " flows in flows/ stay readable)";
  else if (rc == PRAC_FULL)
    todo = "; make room on the device, nothing was stored in part";
  return PRAC_FAIL(reterr, rc, "store %s: %s: %s%s", e->dir, doing,
                   e->db ? sqlite3_errmsg(e->db) : "no memory", todo);
}

prac_rc emb_exec(struct emb *e, const char *text, struct prac_err *reterr)
{
  if (sqlite3_exec(e->db, text, NULL, NULL, NULL) == SQLITE_OK) return PRAC_OK;
  char doing[64];
  (void)snprintf(doing, sizeof doing, "%.50s", text);
  return emb_fail(e, reterr, doing);
}

prac_rc emb_stmt(struct emb *e, enum emb_sql which, sqlite3_stmt **ret, struct prac_err *reterr)
{
  sqlite3_stmt **s = &e->stmt[which];
  if (!*s &&
      sqlite3_prepare_v3(e->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT, s, NULL) != SQLITE_OK)
    return emb_fail(e, reterr, "preparing a statement");
  sqlite3_reset(*s);
  sqlite3_clear_bindings(*s);
  *ret = *s;
  return PRAC_OK;
}

prac_rc emb_step(struct emb *e, sqlite3_stmt *s, bool *ret_row, struct prac_err *reterr)
{
  int rc = sqlite3_step(s);
  *ret_row = rc == SQLITE_ROW;
  if (rc == SQLITE_ROW) return PRAC_OK;
  prac_rc mine = rc == SQLITE_DONE ? PRAC_OK : emb_fail(e, reterr, "reading or writing");
  sqlite3_reset(s);
  return mine;
}

prac_rc emb_run(struct emb *e, enum emb_sql which, struct prac_err *reterr)
{
  sqlite3_stmt *s = NULL;
  bool row;
  PRAC_TRY(emb_stmt(e, which, &s, reterr));
  return emb_step(e, s, &row, reterr);
}

void emb_rollback(struct emb *e)
{
  prac_rc rc = sqlite3_get_autocommit(e->db) ? PRAC_OK : emb_run(e, EMB_ROLLBACK, NULL);
  (void)rc; /* SQLite has rolled back by itself when this fails */
}

prac_rc emb_one(struct emb *e, const char *text, int64_t *ret, struct prac_err *reterr)
{
  sqlite3_stmt *s = NULL;
  *ret = 0;
  int rc = sqlite3_prepare_v2(e->db, text, -1, &s, NULL);
  if (rc == SQLITE_OK) rc = sqlite3_step(s);
  if (rc == SQLITE_ROW) *ret = sqlite3_column_int64(s, 0);
  prac_rc mine = rc == SQLITE_ROW || rc == SQLITE_DONE ? PRAC_OK : emb_fail(e, reterr, "reading");
  sqlite3_finalize(s);
  return mine;
}

void emb_bind_text(sqlite3_stmt *s, int at, const char *text)
{
  sqlite3_bind_text(s, at, text ? text : "", -1, SQLITE_TRANSIENT);
}

static prac_rc migrate(struct emb *e, struct prac_err *reterr)
{
  int64_t version = 0, app = 0;
  PRAC_TRY(emb_one(e, "PRAGMA user_version", &version, reterr));
  PRAC_TRY(emb_one(e, "PRAGMA application_id", &app, reterr));
  int64_t newest = PRAC_ARRAY_LEN(migrations);
  if (version != 0 && app != APPLICATION_ID)
    return PRAC_FAIL(reterr, PRAC_DAMAGED, "%s/practice.db is some other program's database",
                     e->dir);
  if (version > newest)
    return PRAC_FAIL(reterr, PRAC_UNSUPPORTED,
                     "store %s has schema %lld, this program knows %lld: use the newer practice",
                     e->dir, (long long)version, (long long)newest);
  if (e->read_only) {
    if (version < newest)
      return PRAC_FAIL(reterr, PRAC_UNSUPPORTED,
                       "store %s has the older schema %lld: open it once for writing (practice"
                       " run) to bring it up to %lld",
                       e->dir, (long long)version, (long long)newest);
    return PRAC_OK;
  }
  for (; version < newest; version++) {
    char done[96];
    (void)snprintf(done, sizeof done, "PRAGMA user_version=%lld;PRAGMA application_id=%d;COMMIT",
                   (long long)version + 1, (int)APPLICATION_ID);
    prac_rc rc = emb_exec(e, "BEGIN IMMEDIATE", reterr);
    if (rc == PRAC_OK) rc = emb_exec(e, migrations[version], reterr);
    if (rc == PRAC_OK) rc = emb_exec(e, done, reterr);
    if (rc != PRAC_OK) {
      emb_rollback(e);
      return rc;
    }
  }
  return emb_records_tables(e, reterr);
}

/* A reader must leave files next to the database (-shm); on a medium that cannot be written nobody
 * else writes either, so it may be read as it stands. */
static int open_reader(struct emb *e, const char *path)
{
  int rc = sqlite3_open_v2(path, &e->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
  if (rc == SQLITE_OK)
    rc = sqlite3_exec(e->db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
  if ((rc & 0xff) != SQLITE_CANTOPEN || access(e->dir, W_OK) == 0) return rc;
  char uri[EMB_PATH + 64];
  (void)snprintf(uri, sizeof uri, "file:%s?immutable=1", path);
  sqlite3_close(e->db);
  return sqlite3_open_v2(uri, &e->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI,
                         NULL);
}

/* Flows that this process may not read are not no flows. */
static prac_rc may_read(const struct emb *e, struct prac_err *reterr)
{
  static const char *const dirs[] = {"log", "flows"};
  char path[EMB_PATH];
  for (size_t i = 0; i < PRAC_ARRAY_LEN(dirs); i++) {
    (void)snprintf(path, sizeof path, "%s/%s", e->dir, dirs[i]);
    if (access(path, R_OK | X_OK) != 0 && errno == EACCES)
      return PRAC_FAIL(reterr, PRAC_DENIED, "%s: %s; it belongs to another user", path,
                       strerror(errno));
  }
  return PRAC_OK;
}

prac_rc emb_db_open(struct emb *e, struct prac_err *reterr)
{
  char path[EMB_PATH];
  (void)snprintf(path, sizeof path, "%s/practice.db", e->dir);
  if (e->read_only && access(path, F_OK) != 0)
    return PRAC_FAIL(reterr, PRAC_UNKNOWN, "no store in %s (%s: %s); --store names another", e->dir,
                     path, strerror(errno));
  if (e->read_only) PRAC_TRY(may_read(e, reterr));
  int rc =
      e->read_only
          ? open_reader(e, path)
          : sqlite3_open_v2(path, &e->db,
                            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
  if (rc != SQLITE_OK) return emb_fail(e, reterr, "opening practice.db");
  sqlite3_busy_timeout(e->db, BUSY_MS);
  sqlite3_extended_result_codes(e->db, 1);
  if (!e->read_only)
    PRAC_TRY(emb_exec(e,
                      "PRAGMA page_size=16384;PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;"
                      "PRAGMA auto_vacuum=INCREMENTAL",
                      reterr));
  PRAC_TRY(emb_exec(e, "PRAGMA cache_size=-65536;PRAGMA mmap_size=1073741824", reterr));
  return migrate(e, reterr);
}

void emb_db_close(struct emb *e)
{
  for (int i = 0; i < EMB_COUNT_; i++) {
    sqlite3_finalize(e->stmt[i]);
    e->stmt[i] = NULL;
  }
  sqlite3_close(e->db);
  e->db = NULL;
}
