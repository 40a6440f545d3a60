/* The tables, by versioned statements. Only what ClickHouse 18.16 knows: no codecs, no TTL, no
 * IPv4/IPv6, no LowCardinality; and nothing that today's releases have given up. */
#include <stdio.h>
#include <string.h>

#include "store/clickhouse/clickhouse.h"
#include "sys/wall.h"

#define SECONDS "DateTime('UTC')"
#define PORT                                                                                       \
  "toUInt32(proto) * 65536 + multiIf(proto IN (1, 58), bitAnd(sport, 255) * 256 +"                 \
  " bitAnd(dport, 255), proto IN (6, 17, 33, 132, 136), toUInt32(dport), 0)"

struct table {
  const char *name, *columns, *rest;
  const char *shard; /* by what a cluster spreads it */
};
#define ROLL_COLUMNS                                                                               \
  "level UInt8, dim UInt8, start " SECONDS ", sensor String, key UInt32, packets UInt64,"          \
  " flows UInt64, bytes UInt64, sources UInt64, sketch String, tx UInt64"
#define ROLL_REST "PARTITION BY toYYYYMMDD(start) ORDER BY (level, dim, start, key, sensor)"
/* From version 4: what records are asked for by. Of those stored before they are read from the JSON
 * whenever they are asked for, until a merge writes them down. port: a packet's, as flows have it;
 * src: a sender's text, no longer asked for (replicas need the same columns). From version 5:
 * hosts, whom they are about: the one victim or sender, and those of a list. */
#define J_PROTO "visitParamExtractUInt(json, 'proto')"
#define J_SPORT "visitParamExtractUInt(json, 'sport')"
#define J_DPORT "visitParamExtractUInt(json, 'dport')"
#define J_PORT                                                                                     \
  "toUInt32(" J_PROTO " * 65536 + multiIf(" J_PROTO " IN (1, 58), bitAnd(" J_SPORT                 \
  ", 255) * 256 + bitAnd(" J_DPORT ", 255), " J_PROTO " IN (6, 17, 33, 132, 136), " J_DPORT        \
  ", 0))"
#define J_COUNTRY "visitParamExtractString(json, 'country')"
#define J_ASN "toUInt32(visitParamExtractUInt(json, 'asn'))"
#define RECORD_ADDED(add)                                                                          \
  add "src String DEFAULT visitParamExtractString(json, 'src'), " add                              \
      "port UInt32 DEFAULT " J_PORT ", " add "country String DEFAULT " J_COUNTRY ", " add          \
      "asn UInt32 DEFAULT " J_ASN
#define J_ONE(name) "visitParamHas(json, '" name "'), [visitParamExtractString(json, '" name "')], "
#define J_HOSTS                                                                                    \
  "arrayMap(x -> IPv6StringToNum(multiIf(x = '', '::', position(x, ':') = 0,"                      \
  " concat('::ffff:', x), x)), arrayConcat(multiIf(" J_ONE("victim")                               \
      J_ONE("src") "emptyArrayString()), extractAll(visitParamExtractRaw(json, 'hosts'), "         \
                   "'\"([^\"]+)\"')))"
#define RECORD_HOSTS(add) add "hosts Array(FixedString(16)) DEFAULT " J_HOSTS
/* Never edit one that has been released: add a version. What is added to a table stands in it here
 * (a node that joins later has the others' columns) and in `added`. */
static const struct table tables[] = {
    {"flows",
     "minute " SECONDS ", sensor String, part UInt32, first_ms UInt16, span_ms UInt16,"
     " src FixedString(16), dst FixedString(16), victim FixedString(16), proto UInt8,"
     " tcp_flags UInt8, ttl UInt8, tool UInt8, sport UInt16, dport UInt16, window UInt16,"
     " survey String, country UInt16, asn UInt32, marks UInt32, packets UInt32, bytes UInt64,"
     " payload UInt64, tx UInt64, port UInt32 ALIAS " PORT,
     "PARTITION BY toYYYYMMDD(minute) ORDER BY (toStartOfHour(minute), src, minute, sensor)",
     "cityHash64(src)"},
    {"roll", ROLL_COLUMNS, ROLL_REST, "cityHash64(sensor, key)"},
    {"day",
     "dim UInt8, start " SECONDS ", sensor String, key UInt32, packets UInt64, flows UInt64,"
     " bytes UInt64, sources UInt64, sketch String, tx UInt64",
     "PARTITION BY toYYYYMM(start) ORDER BY (dim, start, key, sensor)", "cityHash64(sensor, key)"},
    {"batch",
     "minute " SECONDS ", sensor String, part UInt32, rows UInt32, last UInt8, geo String,"
     " packets UInt64, bytes UInt64, tx UInt64",
     "PARTITION BY toYYYYMM(minute) ORDER BY (minute, sensor, part)", "cityHash64(sensor)"},
    {"record",
     "kind String, at Int64, id String, key String, sensor String, json String, no UInt32,"
     " tx UInt64, " RECORD_ADDED("") ", " RECORD_HOSTS(""),
     "PARTITION BY kind ORDER BY (at, id)", "cityHash64(id)"},
    /* from version 2; asked for few keys of many, so that less is read beside them */
    {"rolled", ROLL_COLUMNS, ROLL_REST " SETTINGS index_granularity = 1024",
     "cityHash64(sensor, key)"},
    /* from version 3: what records that run tell of; those stored before are found by `at` alone */
    {"extent", "kind String, since Int64, until Int64, id String, no UInt32, tx UInt64",
     "PARTITION BY kind ORDER BY (until, id)", "cityHash64(id)"},
};
/* made first: it says which version the others have */
static const struct table ledger = {
    "ledger", "what String, tx UInt64, name String, n UInt64, at " SECONDS " DEFAULT now()",
    "ORDER BY (what, tx)", "tx"};
enum { VERSION = 5 };
/* Columns that a table of an older version gets. */
static const struct {
  const char *table, *names, *add;
  unsigned n;
} added[] = {
    {"record", "'src', 'port', 'country', 'asn'", RECORD_ADDED("ADD COLUMN "), 4},
    {"record", "'hosts'", RECORD_HOSTS("ADD COLUMN "), 1},
};
enum { ADD_TRIES = 50 };
#define ADD_NAP_NS (200 * PRAC_MS)

const char *ch_own(const struct ch *c)
{
  return c->cluster[0] ? "_own" : "";
}

prac_rc ch_everywhere(struct ch *c, struct prac_err *reterr, const char *fmt, ...)
{
  char sql[4096];
  va_list args;
  va_start(args, fmt);
  int n = vsnprintf(sql, sizeof sql, fmt, args);
  va_end(args);
  PRAC_INSIST(n >= 0 && (size_t)n < sizeof sql); /* made of our own texts */
  bool may_miss = c->conf.replicated && c->conf.quorum > 1, any = false;
  prac_rc rc = PRAC_OK;
  for (size_t i = 0; i < c->http.n_urls; i++) {
    rc = ch_do(&c->http, i, sql, "", NULL, reterr);
    if (rc != PRAC_OK && !(rc == PRAC_IO && may_miss)) return rc;
    any = any || rc == PRAC_OK;
  }
  return any ? PRAC_OK : rc;
}

/* {shard}, {replica}: macros of the server's own configuration. */
static void say_engine(const struct ch *c, const struct table *t, char *to, size_t cap)
{
  if (c->conf.replicated)
    (void)snprintf(to, cap, "ReplicatedMergeTree('/clickhouse/practice/%s%s/%s', '{replica}')",
                   c->database, c->cluster[0] ? "/{shard}" : "", t->name);
  else
    (void)snprintf(to, cap, "MergeTree");
}

static prac_rc make_table(struct ch *c, const struct table *t, struct prac_err *reterr)
{
  char engine[256];
  say_engine(c, t, engine, sizeof engine);
  PRAC_TRY(ch_everywhere(c, reterr, "CREATE TABLE IF NOT EXISTS %s%s (%s) ENGINE = %s %s", t->name,
                         ch_own(c), t->columns, engine, t->rest));
  if (!c->cluster[0]) return PRAC_OK;
  return ch_everywhere(c, reterr,
                       "CREATE TABLE IF NOT EXISTS %s (%s) ENGINE = Distributed(%s, %s, %s%s, %s)",
                       t->name, t->columns, c->cluster, c->database, t->name, ch_own(c), t->shard);
}

static prac_rc take_number(void *arg, struct prac_rd *r)
{
  uint64_t n = prac_rd_u64le(r);
  if (!r->bad) *(uint64_t *)arg = n;
  return PRAC_OK;
}

static prac_rc version_of(struct ch *c, uint64_t *ret, struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  *ret = 0;
  ch_say(&sql, "SELECT max(n) FROM ledger WHERE what = 'schema'");
  prac_rc rc = ch_ask(&c->http, &sql, take_number, ret, reterr);
  ch_buf_done(&sql);
  return rc;
}

/* Of this node's table. */
static prac_rc has_columns(struct ch *c, size_t node, const char *table, size_t i, bool *ret,
                           struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  uint64_t n = 0;
  size_t was = c->http.at;
  ch_say(&sql,
         "SELECT toUInt64(count()) FROM system.columns WHERE database = '%s' AND table = '%s' AND"
         " name IN (%s)",
         c->database, table, added[i].names);
  c->http.at = node;
  prac_rc rc = ch_ask(&c->http, &sql, take_number, &n, reterr);
  bool its = c->http.at == node;
  c->http.at = was;
  ch_buf_done(&sql);
  if (rc == PRAC_OK && !its)
    rc = PRAC_FAIL(reterr, PRAC_IO, "%.100s does not answer", c->http.url[node]);
  *ret = n >= added[i].n;
  return rc;
}

/* Replicas hear of it from each other: one that has it meanwhile refuses to have it twice. */
static prac_rc add_columns(struct ch *c, size_t node, const char *table, size_t i,
                           struct prac_err *reterr)
{
  char sql[4096];
  bool has;
  (void)snprintf(sql, sizeof sql, "ALTER TABLE %s %s", table, added[i].add);
  for (int tried = 0;; tried++) {
    PRAC_TRY(has_columns(c, node, table, i, &has, reterr));
    if (has) return PRAC_OK;
    prac_rc rc = ch_do(&c->http, node, sql, "", NULL, reterr);
    if (rc != PRAC_UNSUPPORTED || tried == ADD_TRIES) return rc;
    sys_sleep_ns(ADD_NAP_NS);
  }
}

/* The spread table too, where there is one. */
static prac_rc add_everywhere(struct ch *c, size_t i, struct prac_err *reterr)
{
  char own[64];
  bool may_miss = c->conf.replicated && c->conf.quorum > 1;
  (void)snprintf(own, sizeof own, "%s%s", added[i].table, ch_own(c));
  for (size_t node = 0; node < c->http.n_urls; node++) {
    prac_rc rc = add_columns(c, node, own, i, reterr);
    if (rc == PRAC_OK && c->cluster[0]) rc = add_columns(c, node, added[i].table, i, reterr);
    if (rc != PRAC_OK && !(rc == PRAC_IO && may_miss)) return rc;
  }
  return PRAC_OK;
}

/* CREATE DATABASE must not name the database that is not there yet. */
static prac_rc make_database(struct ch *c, struct prac_err *reterr)
{
  char sql[128], own[CH_DATABASE];
  memcpy(own, c->http.database, sizeof own);
  (void)snprintf(c->http.database, sizeof c->http.database, "default");
  (void)snprintf(sql, sizeof sql, "CREATE DATABASE IF NOT EXISTS %s", own);
  prac_rc rc = ch_everywhere(c, reterr, "%s", sql);
  memcpy(c->http.database, own, sizeof own);
  return rc;
}

static prac_rc check_reader(struct ch *c, struct prac_err *reterr)
{
  uint64_t have = 0;
  prac_rc rc = version_of(c, &have, reterr);
  if (rc == PRAC_UNKNOWN)
    return PRAC_FAIL(reterr, rc, "no store in the database %s of ClickHouse %.100s", c->database,
                     c->http.url[c->http.at]);
  if (rc != PRAC_OK) return rc;
  if (have == VERSION) return PRAC_OK;
  return PRAC_FAIL(
      reterr, PRAC_UNSUPPORTED, "the store %s has schema %llu, this program knows %d: %s",
      c->database, (unsigned long long)have, VERSION,
      have < VERSION ? "open it once for writing (practice run)" : "use the newer practice");
}

prac_rc ch_schema(struct ch *c, struct prac_err *reterr)
{
  uint64_t have;
  if (c->read_only) return check_reader(c, reterr);
  PRAC_TRY(make_database(c, reterr));
  PRAC_TRY(make_table(c, &ledger, reterr));
  PRAC_TRY(version_of(c, &have, reterr));
  if (have > VERSION)
    return PRAC_FAIL(reterr, PRAC_UNSUPPORTED,
                     "the store %s has schema %llu, this program knows %d: use the newer practice",
                     c->database, (unsigned long long)have, VERSION);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(tables); i++) /* a node that joined later has none */
    PRAC_TRY(make_table(c, &tables[i], reterr));
  for (size_t i = 0; i < PRAC_ARRAY_LEN(added); i++) PRAC_TRY(add_everywhere(c, i, reterr));
  return have == VERSION ? PRAC_OK : ch_note(c, "schema", 0, "", VERSION, reterr);
}
