/* Records: every version is kept with the transaction that brought it; the one of the latest
 * transaction that counts is the record. No replacing engine: it could replace one that counts by
 * one that does not. And sensors, and what is kept. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/packet.h"
#include "store/clickhouse/clickhouse.h"

enum { JSON_MAX = 16 << 20 };

/* ---- writing ---- */
/* NULL: its table has none. */
static const void *field(const struct model_kind *k, const void *rec, const char *name,
                         enum model_type type)
{
  for (size_t i = 0; i < k->n_fields; i++)
    if (k->fields[i].type == type && strcmp(k->fields[i].name, name) == 0)
      return (const char *)rec + k->fields[i].offset;
  return NULL;
}

static const char *text_field(const struct model_kind *k, const void *rec, const char *name)
{
  const char *const *s = field(k, rec, name, MODEL_STR);
  return s && *s ? *s : "";
}

/* Whom it is about: the one host, and those of a list. */
static void put_hosts(struct ch_buf *rows, const struct model_kind *k, const void *rec)
{
  const struct prac_ip *victim = field(k, rec, "victim", MODEL_IP),
                       *one = victim ? victim : field(k, rec, "src", MODEL_IP);
  const struct model_ips *list = field(k, rec, "hosts", MODEL_IPS);
  uint32_t n = list ? list->n : 0;
  ch_put_varint(rows, n + (one != NULL));
  if (one) ch_put(rows, one, sizeof *one);
  ch_put(rows, n ? list->v : NULL, n * sizeof *list->v);
}

/* What it is asked for by, besides. */
static void put_added(struct ch_buf *rows, const struct model_kind *k, const void *rec)
{
  const uint32_t *asn = field(k, rec, "asn", MODEL_U32);
  struct model_port port = {0};
  (void)store_record_port(k, rec, &port);
  ch_put_u64(rows, (uint32_t)port.proto << 16 | port.port, 4);
  ch_put_text(rows, text_field(k, rec, "country"));
  ch_put_u64(rows, asn ? *asn : 0, 4);
  put_hosts(rows, k, rec);
}

/* In the same order as their records: of one tx, the last of an id is the latest. */
static prac_rc insert_extents(struct ch *c, const struct store_rec *r, size_t n, uint64_t no,
                              struct prac_err *reterr)
{
  struct ch_buf rows = {0};
  for (size_t i = 0; i < n; i++) {
    if (!store_record_runs(r[i].kind)) continue;
    struct prac_span s = store_record_extent(r[i].kind, r[i].rec);
    ch_put_text(&rows, r[i].kind->name);
    ch_put_u64(&rows, (uint64_t)s.from, 8);
    ch_put_u64(&rows, (uint64_t)s.to, 8);
    ch_put_text(&rows, store_record_key(r[i].kind, r[i].rec));
    ch_put_u64(&rows, i, 4);
    ch_put_u64(&rows, no, 8);
  }
  prac_rc rc = ch_insert(c, "extent (kind, since, until, id, no, tx)", &rows, reterr);
  ch_buf_done(&rows);
  return rc;
}

prac_rc ch_insert_records(struct ch *c, const struct store_rec *r, size_t n, uint64_t no,
                          struct prac_err *reterr)
{
  struct ch_buf rows = {0};
  struct prac_json j = prac_json_of(JSON_MAX);
  for (size_t i = 0; i < n && !rows.bad; i++) {
    prac_json_reset(&j);
    model_to_json(r[i].kind, r[i].rec, &j);
    rows.bad = j.bad;
    ch_put_text(&rows, r[i].kind->name);
    ch_put_u64(&rows, (uint64_t)store_record_at(r[i].kind, r[i].rec), 8);
    ch_put_text(&rows, store_record_key(r[i].kind, r[i].rec));
    ch_put_text(&rows, text_field(r[i].kind, r[i].rec, "key"));
    ch_put_text(&rows, text_field(r[i].kind, r[i].rec, "sensor"));
    ch_put_text(&rows, j.buf);
    ch_put_u64(&rows, i, 4);
    ch_put_u64(&rows, no, 8);
    put_added(&rows, r[i].kind, r[i].rec);
  }
  prac_rc rc =
      ch_insert(c, "record (kind, at, id, key, sensor, json, no, tx, port, country, asn, hosts)",
                &rows, reterr);
  prac_json_done(&j);
  ch_buf_done(&rows);
  return rc == PRAC_OK ? insert_extents(c, r, n, no, reterr) : rc;
}

/* ---- STORE_RECORDS ---- */
struct asked {
  const struct store_query *q;
  store_row *each;
  void *arg;
  struct prac_arena *arena;
  uint32_t left;
  prac_rc rc; /* of `each` or of reading */
  struct prac_err *reterr;
};

static prac_rc matched(struct asked *a, const char *json, size_t n, bool *ret)
{
  *ret = true;
  if (!store_record_filtered(a->q)) return PRAC_OK;
  prac_arena_reset(a->arena);
  void *rec = prac_arena_alloc(a->arena, a->q->kind->size);
  if (!rec) return PRAC_FAIL(a->reterr, PRAC_NOMEM, "no memory for a record");
  PRAC_TRY(model_from_json(a->q->kind, json, n, a->arena, rec, a->reterr));
  *ret = store_record_match(a->q, rec);
  return PRAC_OK;
}

/* PRAC_END: it is over, a->rc says how. */
static prac_rc take_record(void *arg, struct prac_rd *r)
{
  struct asked *a = arg;
  size_t n;
  bool yes = false;
  const char *text = ch_rd_text(r, SIZE_MAX, &n);
  if (r->bad) return PRAC_OK;
  char *json = strndup(text, n);
  a->rc = json ? matched(a, json, n, &yes) : PRAC_FAIL(a->reterr, PRAC_NOMEM, "no memory");
  if (a->rc == PRAC_OK && yes) {
    a->rc = store_record_emit(json, a->each, a->arg);
    a->left--;
  }
  free(json);
  return a->rc != PRAC_OK || a->left == 0 ? PRAC_END : PRAC_OK;
}

static void say_at(const struct store_query *q, struct ch_buf *sql)
{
  if (q->span.from != PRAC_TIME_NONE) ch_say(sql, " AND at >= %lld", (long long)q->span.from);
  if (q->span.to != PRAC_TIME_NONE) ch_say(sql, " AND at < %lld", (long long)q->span.to);
}

static void say_text(const char *column, const char *text, struct ch_buf *sql)
{
  if (!text || !text[0]) return;
  ch_say(sql, " AND %s = ", column);
  ch_say_bytes(sql, text, strlen(text));
}

static void say_went_on(const struct store_query *q, struct ch_buf *sql)
{
  if (q->span.from != PRAC_TIME_NONE) ch_say(sql, " AND until >= %lld", (long long)q->span.from);
  if (q->span.to != PRAC_TIME_NONE) ch_say(sql, " AND since < %lld", (long long)q->span.to);
}

/* The ids of those that run of which some version went on in the span. */
static void say_extents(const struct ch *c, const struct store_query *q, struct ch_buf *sql)
{
  ch_say(sql, "id GLOBAL IN (SELECT id FROM extent WHERE kind = '%s'", q->kind->name);
  say_text("id", q->id, sql);
  say_went_on(q, sql);
  ch_say_view(c, sql);
  ch_say(sql, ")");
}

/* Of these, those whose latest version did: only of these all versions are looked at. */
static void say_last_extents(const struct ch *c, const struct store_query *q, struct ch_buf *sql)
{
  ch_say(sql,
         "id GLOBAL IN (SELECT id FROM (SELECT id, since, until FROM extent WHERE kind = '%s'"
         " AND ",
         q->kind->name);
  say_extents(c, q, sql);
  ch_say_view(c, sql);
  ch_say(sql, " ORDER BY id, tx DESC, no DESC LIMIT 1 BY id) WHERE 1");
  say_went_on(q, sql);
  ch_say(sql, ")");
}

static void say_host(const struct prac_prefix *p, struct ch_buf *sql)
{
  if (!p->bits) return;
  ch_say(sql, " AND arrayExists(x -> ");
  ch_say_prefix("x", p, sql);
  ch_say(sql, ", hosts)");
}

/* Of a record that is about no host the list is empty. */
static void say_hosts(const struct store_query *q, struct ch_buf *sql)
{
  say_host(&q->src, sql);
  say_host(&q->victim, sql);
  if (q->n_srcs == 0) return;
  ch_say(sql, " AND arrayExists(x -> ");
  ch_say_srcs("x", q, sql);
  ch_say(sql, ", hosts)");
}

static void say_port(const struct store_query *q, struct ch_buf *sql)
{
  if (q->port.proto) ch_say(sql, " AND intDiv(port, 65536) = %u", q->port.proto);
  if (q->has_port) ch_say(sql, " AND bitAnd(port, 65535) = %u", q->port.port);
}

/* What the question's words ask for, by the columns that a table of this kind has: most records go
 * before their JSON is read. */
static void say_words(const struct store_query *q, struct ch_buf *sql)
{
  for (size_t i = 0; i < q->kind->n_fields; i++) {
    const char *name = q->kind->fields[i].name;
    if (strcmp(name, "key") == 0) say_text("key", q->key, sql);
    if (strcmp(name, "sensor") == 0) say_text("sensor", q->sensor, sql);
    if (strcmp(name, "country") == 0) say_text("country", q->country, sql);
    if (strcmp(name, "kind") == 0) say_text("visitParamExtractString(json, 'kind')", q->only, sql);
    if (strcmp(name, "asn") == 0 && q->asn) ch_say(sql, " AND asn = %u", q->asn);
    if (strcmp(name, "dport") == 0) say_port(q, sql);
  }
  say_hosts(q, sql);
}

static void say_place(const struct store_query *q, struct ch_buf *sql)
{
  if (!q->after) return;
  ch_say(sql, " AND (at, id) %c (%lld, ", q->oldest_first ? '>' : '<', (long long)q->after_at);
  ch_say_bytes(sql, q->after, strlen(q->after));
  ch_say(sql, ")");
}

/* Packets and hits never change: all is asked before one of the versions is taken, whichever, and
 * of blocks in which nothing is asked for no JSON is read. */
static bool is_fixed(const struct model_kind *k)
{
  return k == &model_packet || k == &model_hit;
}

static void say_fixed(const struct ch *c, const struct store_query *q, struct ch_buf *sql)
{
  ch_say(sql, "at, id, json FROM record PREWHERE kind = '%s'", q->kind->name);
  say_at(q, sql);
  say_words(q, sql);
  ch_say(sql, " WHERE 1");
  say_text("id", q->id, sql);
  ch_say_view(c, sql);
  say_place(q, sql);
  ch_say(sql, " LIMIT 1 BY id)");
}

/* The latest version of the ids that have one in that time, or went on in it. */
static void say_latest(const struct ch *c, const struct store_query *q, struct ch_buf *sql)
{
  bool all = q->span.from == PRAC_TIME_NONE && q->span.to == PRAC_TIME_NONE,
       runs = store_record_runs(q->kind);
  ch_say(sql, "at, id, key, sensor, port, country, asn, hosts, json FROM record WHERE kind = '%s'",
         q->kind->name);
  say_text("id", q->id, sql);
  ch_say_view(c, sql);
  if (!all) {
    ch_say(sql, " AND (id GLOBAL IN (SELECT id FROM record WHERE kind = '%s'", q->kind->name);
    say_at(q, sql);
    ch_say_view(c, sql);
    ch_say(sql, ")");
    if (runs) ch_say(sql, " OR ");
    if (runs) say_extents(c, q, sql);
    ch_say(sql, ")");
  }
  ch_say(sql, " ORDER BY id, tx DESC, no DESC LIMIT 1 BY id) WHERE (1");
  say_at(q, sql);
  if (runs && !all) ch_say(sql, " OR ");
  if (runs && !all) say_last_extents(c, q, sql);
  ch_say(sql, ")");
  say_words(q, sql);
  say_place(q, sql);
}

static void say_records(const struct ch *c, const struct store_query *q, struct ch_buf *sql)
{
  const char *dir = q->oldest_first ? "" : " DESC";
  ch_say(sql, "SELECT json FROM (SELECT ");
  if (is_fixed(q->kind))
    say_fixed(c, q, sql);
  else
    say_latest(c, q, sql);
  ch_say(sql, " ORDER BY at%s, id%s", dir, dir);
  if (!store_record_filtered(q)) ch_say(sql, " LIMIT %u", store_limit(q));
}

prac_rc ch_records_query(struct ch *c, const struct store_query *q, store_row *each, void *arg,
                         struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  struct asked a = {q, each, arg, prac_arena_new(4096), store_limit(q), PRAC_OK, reterr};
  if (!a.arena) return ch_no_memory(reterr);
  say_records(c, q, &sql);
  prac_rc rc = ch_ask(&c->http, &sql, take_record, &a, reterr);
  ch_buf_done(&sql);
  prac_arena_free(&a.arena);
  return rc == PRAC_OK ? a.rc : rc;
}

/* ---- STORE_SENSORS ---- */
struct sensors {
  struct store_sensor *v;
  size_t n;
  struct prac_arena *arena;
};

static prac_rc take_sensor(void *arg, struct prac_rd *r)
{
  struct sensors *l = arg;
  struct store_sensor s = {.health.at = PRAC_TIME_NONE};
  ch_rd_cstr(r, s.sensor, sizeof s.sensor);
  s.first = prac_rd_u32le(r) * PRAC_SEC;
  s.last = prac_rd_u32le(r) * PRAC_SEC;
  s.packets = prac_rd_u64le(r);
  s.flows = prac_rd_u64le(r);
  s.bytes = prac_rd_u64le(r);
  s.batches = prac_rd_u64le(r);
  if (r->bad) return PRAC_OK;
  struct store_sensor *v = realloc(l->v, (l->n + 1) * sizeof *v);
  if (!v) return PRAC_NOMEM;
  l->v = v;
  v[l->n++] = s;
  return PRAC_OK;
}

static prac_rc take_health(void *arg, struct prac_rd *r)
{
  struct sensors *l = arg;
  char sensor[STORE_SENSOR_MAX + 1];
  size_t n;
  ch_rd_cstr(r, sensor, sizeof sensor);
  const char *text = ch_rd_text(r, SIZE_MAX, &n);
  if (r->bad) return PRAC_OK;
  for (size_t i = 0; i < l->n; i++)
    if (strcmp(l->v[i].sensor, sensor) == 0)
      return model_from_json(&model_health, text, n, l->arena, &l->v[i].health, NULL);
  return PRAC_OK;
}

static prac_rc ask_sensors(struct ch *c, const struct store_query *q, struct sensors *l,
                           struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  ch_say(&sql, "SELECT sensor, min(minute), max(minute), toUInt64(sum(packets)),"
               " toUInt64(sum(rows)), toUInt64(sum(bytes)), toUInt64(count()) FROM batch WHERE 1");
  ch_say_view(c, &sql);
  say_text("sensor", q->sensor, &sql);
  ch_say(&sql, " GROUP BY sensor ORDER BY sensor LIMIT %u", store_limit(q));
  prac_rc rc = ch_ask(&c->http, &sql, take_sensor, l, reterr);
  if (rc == PRAC_OK && l->n > 0) {
    ch_say(&sql, "SELECT sensor, json FROM record WHERE kind = 'health'");
    ch_say_view(c, &sql);
    ch_say(&sql, " AND (sensor, at) GLOBAL IN (SELECT sensor, max(at) FROM record WHERE"
                 " kind = 'health'");
    ch_say_view(c, &sql);
    ch_say(&sql, " GROUP BY sensor) ORDER BY tx, no"); /* the last one stays */
    rc = ch_ask(&c->http, &sql, take_health, l, reterr);
  }
  ch_buf_done(&sql);
  return rc;
}

prac_rc ch_sensors_query(struct ch *c, const struct store_query *q, store_row *each, void *arg,
                         struct prac_err *reterr)
{
  struct sensors l = {.arena = prac_arena_new(4096)};
  prac_rc rc = l.arena ? ask_sensors(c, q, &l, reterr) : PRAC_NOMEM;
  if (rc == PRAC_NOMEM) (void)ch_no_memory(reterr);
  for (size_t i = 0; i < l.n && rc == PRAC_OK; i++) rc = store_sensor_emit(&l.v[i], each, arg);
  free(l.v);
  prac_arena_free(&l.arena);
  return rc;
}

/* ---- STORE_KEPT ---- */
struct ends {
  uint64_t rows;
  uint32_t first, last;
};

static prac_rc take_ends(void *arg, struct prac_rd *r)
{
  struct ends e = {.rows = prac_rd_u64le(r)};
  e.first = prac_rd_u32le(r);
  e.last = prac_rd_u32le(r);
  if (!r->bad) *(struct ends *)arg = e;
  return PRAC_OK;
}

static prac_rc ask_ends(struct ch *c, const char *column, const char *from, struct ends *ret,
                        struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  ch_say(&sql, "SELECT toUInt64(count()), min(at), max(at) FROM (SELECT %s AS at FROM %s", column,
         from);
  ch_say_view(c, &sql);
  ch_say(&sql, " AND at >= toDateTime(%u))", c->view.edge);
  prac_rc rc = ch_ask(&c->http, &sql, take_ends, ret, reterr);
  ch_buf_done(&sql);
  return rc;
}

static const struct {
  const char *what, *column, *from, *and_from;
  int64_t step_ns;
} kept[] = {{"flows", "minute", "batch WHERE rows > 0", NULL, PRAC_MIN},
            {"minutes", "start", "roll WHERE level = 0 AND dim = 0",
             "rolled WHERE level = 0 AND dim = 0", PRAC_MIN},
            {"hours", "start", "roll WHERE level = 1 AND dim = 0",
             "rolled WHERE level = 1 AND dim = 0", PRAC_HOUR}};

/* What was added up may still be told from where it was: first and last are the same. */
static prac_rc ask_kept(struct ch *c, struct ends to[PRAC_ARRAY_LEN(kept)], struct prac_err *reterr)
{
  for (size_t i = 0; i < PRAC_ARRAY_LEN(kept); i++) {
    struct ends e = {0}, more = {0};
    PRAC_TRY(ask_ends(c, kept[i].column, kept[i].from, &e, reterr));
    if (kept[i].and_from) PRAC_TRY(ask_ends(c, kept[i].column, kept[i].and_from, &more, reterr));
    if (e.rows == 0 || (more.rows > 0 && more.first < e.first)) e.first = more.first;
    if (more.last > e.last) e.last = more.last;
    e.rows += more.rows;
    to[i] = e;
  }
  return PRAC_OK;
}

prac_rc ch_kept_query(struct ch *c, store_row *each, void *arg, struct prac_err *reterr)
{
  struct ends e[PRAC_ARRAY_LEN(kept)];
  bool moved;
  for (;;) {
    PRAC_TRY(ask_kept(c, e, reterr));
    PRAC_TRY(ch_view_moved(c, &moved, reterr));
    if (!moved) break;
    PRAC_TRY(ch_view_read(c, reterr));
  }
  for (size_t i = 0; i < PRAC_ARRAY_LEN(kept); i++)
    if (e[i].rows > 0)
      PRAC_TRY(store_kept_emit(kept[i].what, e[i].first * PRAC_SEC,
                               e[i].last * PRAC_SEC + kept[i].step_ns, each, arg));
  return PRAC_OK;
}
