/* Records: one table a kind, its columns made from the model's table, and the whole record as JSON
 * beside them, which is what is handed out. A field that a newer model has gets its column when the
 * writer opens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/embedded/embedded.h"

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
  return new_columns(e, k, reterr);
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
/* What the SQL asks for besides the time: parts of WHERE, each with a value of its own. One host or
 * one port: most records go by a column, before their JSON is read. */
enum { ASKED_MAX = 8, VALUE_MAX = PRAC_IP_TEXT + 2 };
struct asked {
  const char *sql;  /* ends in a parameter */
  const char *text; /* its value; or, NULL, */
  const void *bytes;
  int64_t number;
};
struct asking {
  const struct store_query *q;
  struct asked v[ASKED_MAX];
  size_t n;
  char host[VALUE_MAX], port[VALUE_MAX];
};

static void add(struct asking *a, const char *field, struct asked what)
{
  if (has_field(a->q->kind, field)) a->v[a->n++] = what;
}

static void ask_host(struct asking *a)
{
  const struct store_query *q = a->q;
  char text[PRAC_IP_TEXT];
  if (q->src.bits != 128) return;
  add(a, "src", (struct asked){.sql = "src = ?", .bytes = &q->src.ip});
  if (has_field(q->kind, "victim")) return;
  (void)snprintf(a->host, sizeof a->host, "\"%s\"", prac_ip_text(text, &q->src.ip));
  add(a, "hosts", (struct asked){.sql = "instr(hosts, ?)", .text = a->host});
}

static void ask_port(struct asking *a)
{
  const struct store_query *q = a->q;
  char text[MODEL_PORT_TEXT];
  bool dport = q->has_port && (q->port.proto == 6 || q->port.proto == 17); /* ICMP has none */
  if (!q->port.proto) return;
  add(a, "dport", (struct asked){.sql = "proto = ?", .number = q->port.proto});
  if (dport) add(a, "dport", (struct asked){.sql = "dport = ?", .number = q->port.port});
  if (!q->has_port || has_field(q->kind, "port")) return;
  (void)snprintf(a->port, sizeof a->port, "\"%s\"", model_port_text(text, q->port));
  add(a, "ports", (struct asked){.sql = "instr(ports, ?)", .text = a->port});
}

static void asked_of(const struct store_query *q, struct asking *ret)
{
  *ret = (struct asking){.q = q};
  if (q->id && q->id[0]) add(ret, q->kind->key, (struct asked){.sql = "id = ?", .text = q->id});
  if (q->key && q->key[0]) add(ret, "key", (struct asked){.sql = "key = ?", .text = q->key});
  if (q->sensor && q->sensor[0])
    add(ret, "sensor", (struct asked){.sql = "sensor = ?", .text = q->sensor});
  ask_host(ret);
  ask_port(ret);
}

static void bind_asked(sqlite3_stmt *s, int at, const struct asked *a)
{
  if (a->text)
    sqlite3_bind_text(s, at, a->text, -1, SQLITE_TRANSIENT);
  else if (a->bytes)
    sqlite3_bind_blob(s, at, a->bytes, sizeof(struct prac_ip), SQLITE_TRANSIENT);
  else
    sqlite3_bind_int64(s, at, a->number);
}

static prac_rc prepare_ask(struct emb *e, const struct store_query *q, sqlite3_stmt **ret,
                           struct prac_err *reterr)
{
  struct text t = {.n = 0};
  struct asking a;
  int n = 0;
  asked_of(q, &a);
  put(&t, "SELECT json FROM ", q->kind->name, " WHERE at >= ? AND at < ?");
  for (size_t i = 0; i < a.n; i++) put(&t, " AND ", a.v[i].sql, "");
  if (q->after) {
    put(&t, " AND (at, \"", q->kind->key, "\") ");
    put(&t, q->oldest_first ? ">" : "<", " (?, ?)", "");
  }
  put(&t, " ORDER BY at ", q->oldest_first ? "ASC, \"" : "DESC, \"", q->kind->key);
  put(&t, q->oldest_first ? "\" ASC" : "\" DESC", "", "");
  if (sqlite3_prepare_v2(e->db, t.v, -1, ret, NULL) != SQLITE_OK)
    return emb_fail(e, reterr, "preparing a question");
  sqlite3_bind_int64(*ret, ++n, q->span.from == PRAC_TIME_NONE ? INT64_MIN : q->span.from);
  sqlite3_bind_int64(*ret, ++n, q->span.to == PRAC_TIME_NONE ? INT64_MAX : q->span.to);
  for (size_t i = 0; i < a.n; i++) bind_asked(*ret, ++n, &a.v[i]);
  if (q->after) {
    sqlite3_bind_int64(*ret, ++n, q->after_at);
    sqlite3_bind_text(*ret, ++n, q->after, -1, SQLITE_TRANSIENT);
  }
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

prac_rc emb_records_query(struct emb *e, const struct store_query *q, store_row *each, void *arg,
                          struct prac_err *reterr)
{
  sqlite3_stmt *s = NULL;
  bool row, ok;
  uint32_t left = store_limit(q);
  struct prac_arena *a = prac_arena_new(4096);
  if (!a) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a question");
  prac_rc rc = prepare_ask(e, q, &s, reterr);
  while (rc == PRAC_OK && left > 0 && (rc = emb_step(e, s, &row, reterr)) == PRAC_OK && row) {
    const char *json = (const char *)sqlite3_column_text(s, 0);
    rc = json ? wanted(q, json, sqlite3_column_bytes(s, 0), a, &ok, reterr)
              : PRAC_FAIL(reterr, PRAC_DAMAGED, "a record without its text");
    if (rc != PRAC_OK || !ok) continue;
    rc = store_record_emit(json, each, arg);
    left--;
  }
  sqlite3_finalize(s);
  prac_arena_free(&a);
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
