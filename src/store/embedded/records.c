/* Records: one table a kind, its columns made from the model's table, and the whole record as JSON
 * beside them, which is what is handed out. A field that a newer model has gets its column when the
 * writer opens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/embedded/extent.h"

static const char *const sql_types[MODEL_TYPE_COUNT_] = {
#define X(name, ctype, schema, sql) [MODEL_##name] = sql,
    MODEL_TYPES(X)
#undef X
};

static bool has_field(const struct model_kind *k, const char *name)
{
  for (size_t i = 0; i < k->n_fields; i++)
    if (strcmp(k->fields[i].name, name) == 0) return true;
  return false;
}

enum { SQL_MAX = 8192 };
struct text {
  char v[SQL_MAX];
  size_t n;
};

static void put(struct text *t, const char *a, const char *b, const char *c)
{
  int n = snprintf(t->v + t->n, SQL_MAX - t->n, "%s%s%s", a, b, c);
  PRAC_INSIST(n >= 0 && (size_t)n < SQL_MAX - t->n); /* made from our own tables only */
  t->n += (size_t)n;
}

static prac_rc new_columns(struct emb *e, const struct model_kind *k, struct prac_err *reterr)
{
  for (size_t i = 0; i < k->n_fields; i++) {
    char text[256];
    int64_t have = 0;
    (void)snprintf(text, sizeof text,
                   "SELECT count(*) FROM pragma_table_info('%s') WHERE name='%s'", k->name,
                   k->fields[i].name);
    PRAC_TRY(emb_one(e, text, &have, reterr));
    if (have) continue;
    (void)snprintf(text, sizeof text, "ALTER TABLE %s ADD COLUMN \"%s\" %s", k->name,
                   k->fields[i].name, sql_types[k->fields[i].type]);
    PRAC_TRY(emb_exec(e, text, reterr));
  }
  return PRAC_OK;
}

static prac_rc one_table(struct emb *e, const struct model_kind *k, struct prac_err *reterr)
{
  struct text t = {.n = 0};
  put(&t, "CREATE TABLE IF NOT EXISTS ", k->name, "(");
  for (size_t i = 0; i < k->n_fields; i++) {
    put(&t, "\"", k->fields[i].name, "\" ");
    put(&t, sql_types[k->fields[i].type],
        strcmp(k->fields[i].name, k->key) == 0 ? " PRIMARY KEY, " : ", ", "");
  }
  put(&t, "json TEXT NOT NULL);CREATE INDEX IF NOT EXISTS ", k->name, "_at ON ");
  put(&t, k->name, "(at);", "");
  if (has_field(k, "key")) {
    put(&t, "CREATE INDEX IF NOT EXISTS ", k->name, "_key ON ");
    put(&t, k->name, "(key, at);", "");
  }
  if (has_field(k, "src")) {
    put(&t, "CREATE INDEX IF NOT EXISTS ", k->name, "_src ON ");
    put(&t, k->name, "(src, at);", "");
  }
  if (has_field(k, "sensor")) {
    put(&t, "CREATE INDEX IF NOT EXISTS ", k->name, "_sensor ON ");
    put(&t, k->name, "(sensor, at);", "");
  }
  PRAC_TRY(emb_exec(e, t.v, reterr));
  PRAC_TRY(new_columns(e, k, reterr));
  return store_record_runs(k) ? emb_extent_indexes(e, k, reterr) : PRAC_OK;
}

prac_rc emb_records_tables(struct emb *e, struct prac_err *reterr)
{
  for (const struct model_kind *const *k = model_kinds; *k; k++)
    if (has_field(*k, "at")) PRAC_TRY(one_table(e, *k, reterr));
  return PRAC_OK;
}

/* ---- writing ---- */
static void list_json(const struct model_field *f, const void *at, struct prac_json *j)
{
  prac_json_reset(j);
  prac_json_open(j, '[');
  if (f->type == MODEL_STRS) {
    const struct model_strs *l = at;
    for (uint32_t i = 0; i < l->n; i++) prac_json_str(j, l->v[i]);
  } else if (f->type == MODEL_IPS) {
    const struct model_ips *l = at;
    for (uint32_t i = 0; i < l->n; i++) prac_json_ip(j, &l->v[i]);
  } else {
    const struct model_ports *l = at;
    char text[MODEL_PORT_TEXT];
    for (uint32_t i = 0; i < l->n; i++) prac_json_str(j, model_port_text(text, l->v[i]));
  }
  prac_json_close(j, ']');
}

static void bind_field(sqlite3_stmt *s, int n, const struct model_field *f, const void *at,
                       struct prac_json *j)
{
  char hex[20];
  switch (f->type) {
  case MODEL_BOOL:
    sqlite3_bind_int64(s, n, *(const bool *)at);
    break;
  case MODEL_U32:
    sqlite3_bind_int64(s, n, *(const uint32_t *)at);
    break;
  case MODEL_U64:
    sqlite3_bind_int64(s, n, (int64_t) * (const uint64_t *)at);
    break;
  case MODEL_I64:
    sqlite3_bind_int64(s, n, *(const int64_t *)at);
    break;
  case MODEL_F64:
    sqlite3_bind_double(s, n, *(const double *)at);
    break;
  case MODEL_TIME:
    if (*(const prac_time *)at != PRAC_TIME_NONE) sqlite3_bind_int64(s, n, *(const prac_time *)at);
    break;
  case MODEL_IP:
    sqlite3_bind_blob(s, n, at, sizeof(struct prac_ip), SQLITE_TRANSIENT);
    break;
  case MODEL_STR:
    emb_bind_text(s, n, *(const char *const *)at);
    break;
  case MODEL_HEX:
    (void)snprintf(hex, sizeof hex, "%016llx", (unsigned long long)*(const uint64_t *)at);
    emb_bind_text(s, n, hex);
    break;
  case MODEL_STRS:
  case MODEL_IPS:
  case MODEL_PORTS:
    list_json(f, at, j);
    if (!j->bad) sqlite3_bind_text(s, n, j->buf, (int)j->len, SQLITE_TRANSIENT);
    break;
  case MODEL_BYTES:
    sqlite3_bind_blob(s, n, ((const struct model_bytes *)at)->v,
                      (int)((const struct model_bytes *)at)->n, SQLITE_TRANSIENT);
    break;
  case MODEL_TYPE_COUNT_:
    break;
  }
}

static prac_rc prepare_put(struct emb *e, const struct model_kind *k, sqlite3_stmt **ret,
                           struct prac_err *reterr)
{
  struct text t = {.n = 0};
  put(&t, "INSERT OR REPLACE INTO ", k->name, "(");
  for (size_t i = 0; i < k->n_fields; i++) put(&t, "\"", k->fields[i].name, "\", ");
  put(&t, "json) VALUES(", "", "");
  for (size_t i = 0; i < k->n_fields; i++) put(&t, "?, ", "", "");
  put(&t, "?)", "", "");
  if (sqlite3_prepare_v2(e->db, t.v, -1, ret, NULL) == SQLITE_OK) return PRAC_OK;
  return emb_fail(e, reterr, "preparing a record's statement");
}

static prac_rc put_one(struct emb *e, sqlite3_stmt *s, const struct store_rec *r,
                       struct prac_json *j, struct prac_err *reterr)
{
  const struct model_kind *k = r->kind;
  bool row;
  sqlite3_reset(s);
  sqlite3_clear_bindings(s);
  int n = 1;
  for (size_t i = 0; i < k->n_fields; i++)
    bind_field(s, n++, &k->fields[i], (const char *)r->rec + k->fields[i].offset, j);
  prac_json_reset(j);
  model_to_json(k, r->rec, j);
  if (j->bad) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a record");
  sqlite3_bind_text(s, n, j->buf, (int)j->len, SQLITE_TRANSIENT);
  return emb_step(e, s, &row, reterr);
}

prac_rc emb_records_put(struct emb *e, const struct store_rec *r, size_t n, struct prac_err *reterr)
{
  struct prac_json j = prac_json_of(0);
  sqlite3_stmt *s = NULL;
  const struct model_kind *kind = NULL;
  prac_rc rc = PRAC_OK;
  for (size_t i = 0; i < n && rc == PRAC_OK; i++) {
    if (r[i].kind != kind) {
      sqlite3_finalize(s);
      s = NULL;
      kind = r[i].kind;
      rc = prepare_put(e, kind, &s, reterr);
    }
    if (rc == PRAC_OK) rc = put_one(e, s, &r[i], &j, reterr);
  }
  sqlite3_finalize(s);
  prac_json_done(&j);
  return rc;
}

/* ---- asking ---- */
/* What the question asks for besides the time: a column is that value, or the text of a list
 * has it, or it does not begin with it, so that most records go before their JSON is read. One of
 * text, ip, n. */
struct word {
  const char *column;
  bool listed, left_out;
  const char *text;
  const struct prac_ip *ip;
  int64_t n;
};
enum {
  WORDS = 8 + STORE_LEFT_OUT_MAX,
  AT_FROM = 1,
  AT_TO,
  AFTER_AT,
  AFTER,
  SPAN_TO,
  SPAN_FROM,
  WORD /* the first */
};
struct asked {
  struct word v[WORDS];
  size_t n;
  char host[PRAC_IP_TEXT + 2], port[MODEL_PORT_TEXT + 2]; /* as they stand in lists */
};

static void ask(struct asked *a, const struct store_query *q, bool asked, struct word w)
{
  if (asked && has_field(q->kind, w.column)) a->v[a->n++] = w;
}

static void asked_of(const struct store_query *q, struct asked *a)
{
  char text[PRAC_IP_TEXT];
  bool host = q->src.bits == 128, port = q->port.proto && q->has_port;
  bool numbered = port && (q->port.proto == 6 || q->port.proto == 17);
  bool one_host = has_field(q->kind, "victim"), one_port = has_field(q->kind, "port");
  a->n = 0;
  (void)snprintf(a->host, sizeof a->host, "\"%s\"", prac_ip_text(text, &q->src.ip));
  (void)snprintf(a->port, sizeof a->port, "\"%s\"", model_port_text(text, q->port));
  ask(a, q, q->id && q->id[0], (struct word){.column = q->kind->key, .text = q->id});
  ask(a, q, q->key && q->key[0], (struct word){.column = "key", .text = q->key});
  ask(a, q, q->sensor && q->sensor[0], (struct word){.column = "sensor", .text = q->sensor});
  ask(a, q, host, (struct word){.column = "src", .ip = &q->src.ip});
  ask(a, q, host && !one_host, (struct word){.column = "hosts", .listed = true, .text = a->host});
  ask(a, q, q->port.proto, (struct word){.column = "proto", .n = q->port.proto});
  ask(a, q, numbered, (struct word){.column = "dport", .n = q->port.port});
  ask(a, q, port && !one_port, (struct word){.column = "ports", .listed = true, .text = a->port});
  for (uint32_t i = 0; i < q->n_left_out; i++)
    ask(a, q, true, (struct word){.column = "kind", .left_out = true, .text = q->left_out[i]});
}

static void put_words(struct text *t, const struct asked *a)
{
  for (size_t i = 0; i < a->n; i++) {
    char place[16];
    (void)snprintf(place, sizeof place, "?%zu", WORD + i);
    if (a->v[i].left_out) {
      put(t, " AND substr(\"", a->v[i].column, "\", 1, length(");
      put(t, place, ")) <> ", place);
      continue;
    }
    put(t, a->v[i].listed ? " AND instr(\"" : " AND (\"", a->v[i].column, "\"");
    put(t, a->v[i].listed ? ", " : " = ", place, ")");
  }
}

static void bind_words(sqlite3_stmt *s, const struct asked *a)
{
  for (size_t i = 0; i < a->n; i++) {
    const struct word *w = &a->v[i];
    int at = WORD + (int)i;
    if (w->text)
      sqlite3_bind_text(s, at, w->text, -1, SQLITE_TRANSIENT);
    else if (w->ip)
      sqlite3_bind_blob(s, at, w->ip, sizeof *w->ip, SQLITE_TRANSIENT);
    else
      sqlite3_bind_int64(s, at, w->n);
  }
}

/* Which of them, and from where: what the question's words ask for comes behind it. */
static void put_part(struct text *t, const struct store_query *q, const struct emb_part *p)
{
  struct emb_extent_words r;
  emb_extent_sql(q->kind, &r);
  if (p->which == EMB_PART_LATER) { /* its own index, class by class */
    put(t, emb_extent_lengths(), "SELECT json FROM length CROSS JOIN ", q->kind->name);
    put(t, " WHERE ", r.length, " = class AND ");
    put(t, r.since, " < ?5 AND ", r.since);
    put(t, " >= ?5 - most AND +at >= ?1 AND +at < ?2", "", "");
    return;
  }
  put(t, "SELECT json FROM ", q->kind->name, " WHERE at >= ?1 AND at < ?2");
  if (p->which == EMB_PART_EARLIER) put(t, " AND " EMB_EXTENT_ON " = 1", "", "");
  if (p->which != EMB_PART_NAMED) return;
  put(t, " AND ", r.since, " < ?5 AND (at >= ?6 OR " EMB_EXTENT_ON ")");
}

static prac_rc prepare_ask(struct emb *e, const struct store_query *q, const struct emb_part *p,
                           sqlite3_stmt **ret, struct prac_err *reterr)
{
  struct text t = {.n = 0};
  struct asked a;
  asked_of(q, &a);
  put_part(&t, q, p);
  put_words(&t, &a);
  if (q->after) {
    put(&t, " AND (at, \"", q->kind->key, "\") ");
    put(&t, q->oldest_first ? ">" : "<", " (?3, ?4)", "");
  }
  put(&t, " ORDER BY at ", q->oldest_first ? "ASC, \"" : "DESC, \"", q->kind->key);
  put(&t, q->oldest_first ? "\" ASC" : "\" DESC", "", "");
  if (sqlite3_prepare_v2(e->db, t.v, -1, ret, NULL) != SQLITE_OK)
    return emb_fail(e, reterr, "preparing a question");
  sqlite3_bind_int64(*ret, AT_FROM, p->from);
  sqlite3_bind_int64(*ret, AT_TO, p->to);
  if (q->after) {
    sqlite3_bind_int64(*ret, AFTER_AT, q->after_at);
    sqlite3_bind_text(*ret, AFTER, q->after, -1, SQLITE_TRANSIENT);
  }
  sqlite3_bind_int64(*ret, SPAN_TO, q->span.to == PRAC_TIME_NONE ? INT64_MAX : q->span.to);
  sqlite3_bind_int64(*ret, SPAN_FROM, q->span.from == PRAC_TIME_NONE ? INT64_MIN : q->span.from);
  bind_words(*ret, &a);
  return PRAC_OK;
}

static prac_rc wanted(const struct store_query *q, const char *json, int n, struct prac_arena *a,
                      bool *ret, struct prac_err *reterr)
{
  *ret = true;
  if (!store_record_filtered(q)) return PRAC_OK;
  prac_arena_reset(a);
  void *rec = prac_arena_alloc(a, q->kind->size);
  if (!rec) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a record");
  PRAC_TRY(model_from_json(q->kind, json, (size_t)n, a, rec, reterr));
  *ret = store_record_match(q, rec);
  return PRAC_OK;
}

struct taking {
  store_row *each;
  void *arg;
  struct prac_arena *a;
  uint32_t left;
};

static prac_rc ask_part(struct emb *e, const struct store_query *q, const struct emb_part *p,
                        struct taking *t, struct prac_err *reterr)
{
  sqlite3_stmt *s = NULL;
  bool row, ok;
  prac_rc rc = prepare_ask(e, q, p, &s, reterr);
  while (rc == PRAC_OK && t->left > 0 && (rc = emb_step(e, s, &row, reterr)) == PRAC_OK && row) {
    const char *json = (const char *)sqlite3_column_text(s, 0);
    rc = json ? wanted(q, json, sqlite3_column_bytes(s, 0), t->a, &ok, reterr)
              : PRAC_FAIL(reterr, PRAC_DAMAGED, "a record without its text");
    if (rc != PRAC_OK || !ok) continue;
    rc = store_record_emit(json, t->each, t->arg);
    t->left--;
  }
  sqlite3_finalize(s);
  return rc;
}

prac_rc emb_records_query(struct emb *e, const struct store_query *q, store_row *each, void *arg,
                          struct prac_err *reterr)
{
  struct emb_part part[EMB_PARTS];
  struct taking t = {each, arg, prac_arena_new(4096), store_limit(q)};
  if (!t.a) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a question");
  size_t n = emb_parts(q, part);
  bool reads = n > 1 && sqlite3_get_autocommit(e->db); /* parts of one state */
  prac_rc rc = reads ? emb_run(e, EMB_READ, reterr) : PRAC_OK;
  for (size_t i = 0; i < n && t.left > 0 && rc == PRAC_OK; i++)
    rc = ask_part(e, q, &part[i], &t, reterr);
  if (reads) emb_rollback(e);
  prac_arena_free(&t.a);
  return rc;
}

static prac_rc sensor_health(struct emb *e, struct store_sensor *v, struct prac_arena *a,
                             struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  v->health.at = PRAC_TIME_NONE;
  PRAC_TRY(emb_stmt(e, EMB_HEALTH_LAST, &s, reterr));
  emb_bind_text(s, 1, v->sensor);
  PRAC_TRY(emb_step(e, s, &row, reterr));
  if (!row) return PRAC_OK;
  const char *json = (const char *)sqlite3_column_text(s, 0);
  prac_rc rc = model_from_json(&model_health, json ? json : "", (size_t)sqlite3_column_bytes(s, 0),
                               a, &v->health, reterr);
  sqlite3_reset(s);
  return rc;
}

prac_rc emb_sensors_query(struct emb *e, const struct store_query *q, store_row *each, void *arg,
                          struct prac_err *reterr)
{
  sqlite3_stmt *s;
  bool row;
  struct prac_arena *a = prac_arena_new(4096);
  if (!a) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a question");
  prac_rc rc = emb_stmt(e, EMB_SENSORS, &s, reterr);
  if (rc == PRAC_OK) {
    emb_bind_text(s, 1, q->sensor);
    sqlite3_bind_int64(s, 2, store_limit(q));
  }
  while (rc == PRAC_OK && (rc = emb_step(e, s, &row, reterr)) == PRAC_OK && row) {
    struct store_sensor v = {.first = sqlite3_column_int64(s, 1),
                             .last = sqlite3_column_int64(s, 2)};
    (void)snprintf(v.sensor, sizeof v.sensor, "%s", (const char *)sqlite3_column_text(s, 0));
    v.packets = (uint64_t)sqlite3_column_int64(s, 3);
    v.flows = (uint64_t)sqlite3_column_int64(s, 4);
    v.bytes = (uint64_t)sqlite3_column_int64(s, 5);
    v.batches = (uint64_t)sqlite3_column_int64(s, 6);
    rc = sensor_health(e, &v, a, reterr);
    if (rc == PRAC_OK) rc = store_sensor_emit(&v, each, arg);
  }
  if (rc != PRAC_OK && e->stmt[EMB_SENSORS]) sqlite3_reset(e->stmt[EMB_SENSORS]);
  prac_arena_free(&a);
  return rc;
}

/* The first and the last of what is there, each by its index. */
prac_rc emb_kept_query(struct emb *e, store_row *each, void *arg, struct prac_err *reterr)
{
#define ENDS(expr, from, order)                                                                    \
  "SELECT " expr " FROM " from " ORDER BY " order " LIMIT 1",                                      \
      "SELECT " expr " FROM " from " ORDER BY " order " DESC LIMIT 1"
  static const struct {
    const char *what, *first, *last;
    int64_t step_ns;
  } t[] = {
      {"flows", ENDS("minute", "batch WHERE rows > 0", "minute"), PRAC_MIN},
      {"minutes", ENDS("start", "rollup WHERE level = 60 AND dim = 0", "start"), PRAC_MIN},
      {"hours", ENDS("start", "rollup WHERE level = 3600 AND dim = 0", "start"), PRAC_HOUR},
  };
#undef ENDS
  for (size_t i = 0; i < PRAC_ARRAY_LEN(t); i++) {
    int64_t first = 0, last = 0, n = 0;
    char text[128];
    (void)snprintf(text, sizeof text, "SELECT EXISTS(%s)", t[i].first);
    PRAC_TRY(emb_one(e, text, &n, reterr));
    if (!n) continue;
    PRAC_TRY(emb_one(e, t[i].first, &first, reterr));
    PRAC_TRY(emb_one(e, t[i].last, &last, reterr));
    PRAC_TRY(store_kept_emit(t[i].what, first, last + t[i].step_ns, each, arg));
  }
  return PRAC_OK;
}
