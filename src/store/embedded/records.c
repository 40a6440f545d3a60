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

/* A kind that has the field has the index. */
static const struct {
  const char *of, *name, *columns;
} indexes[] = {{"at", "_at", "(at);"},
               {"key", "_key", "(key, at);"},
               {"engine", "_kind", "(kind, at);"}, /* findings: of some kinds are very many */
               {"src", "_src", "(src, at);"},
               {"victim_port", "_victim", "(victim, at);"}, /* hits: those of one victim */
               {"sensor", "_sensor", "(sensor, at);"},
               {"dport", "_port", "(proto, dport, at);"}};

static prac_rc one_table(struct emb *e, const struct model_kind *k, struct prac_err *reterr)
{
  struct text t = {.n = 0};
  put(&t, "CREATE TABLE IF NOT EXISTS ", k->name, "(");
  for (size_t i = 0; i < k->n_fields; i++) {
    put(&t, "\"", k->fields[i].name, "\" ");
    put(&t, sql_types[k->fields[i].type],
        strcmp(k->fields[i].name, k->key) == 0 ? " PRIMARY KEY, " : ", ", "");
  }
  put(&t, "json TEXT NOT NULL);", "", "");
  for (size_t i = 0; i < PRAC_ARRAY_LEN(indexes); i++) {
    if (!has_field(k, indexes[i].of)) continue;
    put(&t, "CREATE INDEX IF NOT EXISTS ", k->name, indexes[i].name);
    put(&t, " ON ", k->name, indexes[i].columns);
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
/* What the question's words ask for besides the time: a column compared with a value, so that most
 * records go before their JSON is read. Rows are found by the index of the first word that has one
 * (the order is: who is met by fewest); a plus keeps SQLite off the others' indexes. */
enum by { BY_NONE, BY_ID, BY_KEY, BY_HOST, BY_PORT, BY_SENSOR, BY_KIND };
enum form { IS, HAS, BEGINS_NOT, FROM, UPTO, IS_PORT, IS_OR_ONE, FROM_OR_ONE, UPTO_OR_ONE };
#define OR_ONE " OR +hosts IS NOT '[]'" /* or one of a list, which is read as JSON */
static const struct {
  const char *open, *op, *close;
} forms[] = {[IS] = {"", " = ", ""},
             [HAS] = {"instr(", ", ", ")"}, /* the text of a list */
             [BEGINS_NOT] = {"instr(", ", ", ") <> 1"},
             [FROM] = {"", " >= ", ""},
             [UPTO] = {"", " <= ", ""},
             [IS_PORT] = {"", " = ", " OR +proto NOT IN (6, 17, 33, 132, 136)"},
             [IS_OR_ONE] = {"", " = ", OR_ONE},
             [FROM_OR_ONE] = {"", " >= ", OR_ONE},
             [UPTO_OR_ONE] = {"", " <= ", OR_ONE}};
struct word { /* one of text, ip, n */
  const char *column;
  enum form form;
  enum by by;
  const char *text;
  const struct prac_ip *ip;
  int64_t n;
};
enum {
  HOSTS = 3, /* a question's filters by hosts: src, victim, and a list of one */
  WORDS = 11 + 2 * HOSTS + STORE_LEFT_OUT_MAX,
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
  enum by by;
  bool ranged; /* by a range of hosts, which then are sorted by time */
  struct asked_host {
    const struct prac_prefix *p;
    struct prac_ip last;
    char text[PRAC_IP_TEXT + 2]; /* as it stands in lists */
  } host[HOSTS];
  char port[MODEL_PORT_TEXT + 2];
};

static void ask(struct asked *a, const struct store_query *q, bool asked, struct word w)
{
  if (!asked || !has_field(q->kind, w.column)) return;
  if (a->by == BY_NONE) a->by = w.by;
  a->v[a->n++] = w;
}

static void ask_text(struct asked *a, const struct store_query *q, const char *column,
                     const char *text, enum by by)
{
  ask(a, q, text && text[0], (struct word){.column = column, .by = by, .text = text});
}

/* Of a network as large as this, so many may be kept that sorting them costs more than a walk. */
static bool is_small(const struct prac_prefix *p)
{
  return p->bits >= (prac_ip_is4(&p->ip) ? 112 : 48);
}

static struct prac_ip last_of(const struct prac_prefix *p)
{
  struct prac_ip last = p->ip;
  for (unsigned i = p->bits; i < 128; i++) last.b[i / 8] |= (uint8_t)(0x80 >> i % 8);
  return last;
}

/* By the column of the one host, the list of several, or both. */
static void ask_host(struct asked *a, const struct store_query *q, struct asked_host *h)
{
  static const enum form forms_of[2][3] = {{IS, FROM, UPTO}, {IS_OR_ONE, FROM_OR_ONE, UPTO_OR_ONE}};
  char text[PRAC_IP_TEXT];
  const struct prac_prefix *p = h->p;
  const char *column = has_field(q->kind, "victim") ? "victim" : "src";
  bool one = p->bits == 128, both = has_field(q->kind, column) && has_field(q->kind, "hosts");
  const enum form *form = forms_of[both];
  enum by by = !both && is_small(p) ? BY_HOST : BY_NONE;
  (void)snprintf(h->text, sizeof h->text, "\"%s\"", prac_ip_text(text, &p->ip));
  h->last = last_of(p);
  ask(a, q, one, (struct word){.column = column, .form = form[0], .by = by, .ip = &p->ip});
  ask(a, q, one && !both, (struct word){.column = "hosts", .form = HAS, .text = h->text});
  ask(a, q, !one, (struct word){.column = column, .form = form[1], .by = by, .ip = &p->ip});
  ask(a, q, !one, (struct word){.column = column, .form = form[2], .by = by, .ip = &h->last});
  a->ranged |= !one && by == BY_HOST && a->by == BY_HOST;
}

static void ask_hosts(struct asked *a, const struct store_query *q)
{
  const struct prac_prefix *p[HOSTS] = {&q->src, &q->victim, q->n_srcs == 1 ? q->srcs : NULL};
  for (size_t i = 0; i < HOSTS; i++) {
    a->host[i].p = p[i];
    if (p[i] && p[i]->bits) ask_host(a, q, &a->host[i]);
  }
}

static void ask_port(struct asked *a, const struct store_query *q)
{
  char text[MODEL_PORT_TEXT];
  enum { PLAIN = 0x100 }; /* no ICMP type and code */
  uint8_t proto = q->port.proto;
  bool exact = proto && q->has_port;
  bool numbered = exact && store_flow_port(proto, 0, PLAIN).port == PLAIN;
  bool listed = exact && !has_field(q->kind, "port");
  (void)snprintf(a->port, sizeof a->port, "\"%s\"", model_port_text(text, q->port));
  enum by by = numbered ? BY_PORT : BY_NONE;
  ask(a, q, proto != 0, (struct word){.column = "proto", .by = by, .n = proto});
  ask(a, q, numbered, (struct word){.column = "dport", .by = by, .n = q->port.port});
  ask(a, q, q->has_port && !proto,
      (struct word){.column = "dport", .form = IS_PORT, .n = q->port.port});
  ask(a, q, listed, (struct word){.column = "ports", .form = HAS, .text = a->port});
}

static void asked_of(const struct store_query *q, struct asked *a)
{
  *a = (struct asked){.n = 0};
  ask_text(a, q, q->kind->key, q->id, BY_ID);
  ask_text(a, q, "key", q->key, BY_KEY);
  ask_hosts(a, q);
  ask_port(a, q);
  ask_text(a, q, "sensor", q->sensor, BY_SENSOR);
  ask_text(a, q, "kind", q->only, BY_KIND);
  ask_text(a, q, "country", q->country, BY_NONE);
  ask_text(a, q, "state", q->state, BY_NONE);
  ask(a, q, q->asn != 0, (struct word){.column = "asn", .n = q->asn});
  for (uint32_t i = 0; i < q->n_left_out; i++)
    ask(a, q, true, (struct word){.column = "kind", .form = BEGINS_NOT, .text = q->left_out[i]});
}

static void put_words(struct text *t, const struct asked *a)
{
  for (size_t i = 0; i < a->n; i++) {
    const struct word *w = &a->v[i];
    char place[16];
    (void)snprintf(place, sizeof place, "?%zu", WORD + i);
    put(t, " AND (", forms[w->form].open, w->by != BY_NONE && w->by == a->by ? "\"" : "+\"");
    put(t, w->column, "\"", forms[w->form].op);
    put(t, place, forms[w->form].close, ")");
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
static void put_part(struct text *t, const struct store_query *q, const struct emb_part *p,
                     const struct asked *a)
{
  const char *at = a->ranged ? "+at" : "at";
  struct emb_extent_words r;
  emb_extent_sql(q->kind, &r);
  if (p->which == EMB_PART_LATER) { /* its own index, class by class */
    put(t, emb_extent_lengths(), "SELECT json FROM length CROSS JOIN ", q->kind->name);
    put(t, " WHERE ", r.length, " = class AND ");
    put(t, r.since, " < ?5 AND ", r.since);
    put(t, " >= ?5 - most AND +at >= ?1 AND +at < ?2", "", "");
    return;
  }
  put(t, "SELECT json FROM ", q->kind->name, " WHERE ");
  put(t, at, " >= ?1 AND ", at);
  put(t, " < ?2", "", "");
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
  put_part(&t, q, p, &a);
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
