/* Every row becomes cells of text; the form decides how cells are written. A record's JSON is taken
 * apart by its table: a few fields for people, all of them for CSV. */
#include "app/query_out.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

enum { CELLS_MAX = 64, HELD_MAX = 1000, CELL_MAX = 100 };
struct cell {
  char *text; /* owned */
  bool number;
};
struct row {
  struct cell c[CELLS_MAX];
};
struct query_out {
  enum query_form form;
  FILE *to;
  const struct model_kind *kind; /* of records; NULL: columns as they come */
  struct prac_arena *arena;
  struct prac_json json;
  const char *name[CELLS_MAX];
  size_t n; /* cells of a row; 0: none seen */
  struct row *held;
  size_t n_held;
  size_t width[CELLS_MAX];
  bool head_done;
  uint64_t rows;
};

struct query_out *query_out_new(enum query_form form, const struct store_query *q, FILE *to)
{
  struct query_out *o = calloc(1, sizeof *o);
  if (!o) return NULL;
  o->form = form;
  o->to = to;
  o->kind = q->what == STORE_RECORDS ? q->kind : NULL;
  o->arena = prac_arena_new(4096);
  o->json = prac_json_of(0);
  o->held = calloc(HELD_MAX, sizeof *o->held);
  if (!o->arena || !o->held) query_out_free(&o);
  return o;
}

static void row_done(struct row *r, size_t n)
{
  for (size_t i = 0; i < n; i++) free(r->c[i].text);
}

void query_out_free(struct query_out **op)
{
  if (!op || !*op) return;
  for (size_t i = 0; i < (*op)->n_held; i++) row_done(&(*op)->held[i], (*op)->n);
  free((*op)->held);
  prac_arena_free(&(*op)->arena);
  prac_json_done(&(*op)->json);
  free(*op);
  *op = NULL;
}

/* ---- cells ---- */
static prac_rc set(struct cell *c, const char *text, bool number)
{
  c->text = strdup(text);
  c->number = number;
  return c->text ? PRAC_OK : PRAC_NOMEM;
}

static prac_rc cell_of(const struct store_col *col, const struct store_value *v, struct cell *c)
{
  char text[64];
  switch (col->type) {
  case STORE_U64:
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)v->u);
    return set(c, text, true);
  case STORE_I64:
    (void)snprintf(text, sizeof text, "%lld", (long long)v->i);
    return set(c, text, true);
  case STORE_F64:
    (void)snprintf(text, sizeof text, "%.6g", v->f);
    return set(c, text, true);
  case STORE_TIME:
    return set(c, v->t == PRAC_TIME_NONE ? "" : prac_time_text(text, v->t), false);
  case STORE_IP:
    return set(c, prac_ip_is_zero(&v->ip) ? "" : prac_ip_text(text, &v->ip), false);
  case STORE_TEXT:
    return set(c, v->s, false);
  }
  return set(c, "", false);
}

/* Lists: their elements with spaces between. */
static prac_rc list_cell(const struct model_field *f, const void *at, struct cell *c)
{
  char one[PRAC_IP_TEXT];
  size_t size = 0;
  FILE *to = open_memstream(&c->text, &size);
  if (!to) return PRAC_NOMEM;
  if (f->type == MODEL_STRS) {
    const struct model_strs *l = at;
    for (uint32_t i = 0; i < l->n; i++) fprintf(to, "%s%s", i ? " " : "", l->v[i]);
  } else if (f->type == MODEL_IPS) {
    const struct model_ips *l = at;
    for (uint32_t i = 0; i < l->n; i++)
      fprintf(to, "%s%s", i ? " " : "", prac_ip_text(one, &l->v[i]));
  } else if (f->type == MODEL_BYTES) {
    const struct model_bytes *l = at;
    for (uint32_t i = 0; i < l->n; i++) fprintf(to, "%02x", l->v[i]);
  } else {
    const struct model_ports *l = at;
    for (uint32_t i = 0; i < l->n; i++)
      fprintf(to, "%s%s", i ? " " : "", model_port_text(one, l->v[i]));
  }
  return fclose(to) == 0 ? PRAC_OK : PRAC_NOMEM;
}

static prac_rc field_cell(const struct model_field *f, const void *rec, struct cell *c)
{
  const void *at = (const char *)rec + f->offset;
  char hex[20];
  struct store_col col = {.type = STORE_U64};
  struct store_value v = {0};
  switch (f->type) {
  case MODEL_BOOL:
    return set(c, *(const bool *)at ? "true" : "false", false);
  case MODEL_HEX:
    (void)snprintf(hex, sizeof hex, "%016llx", (unsigned long long)*(const uint64_t *)at);
    return set(c, hex, false);
  case MODEL_U32:
    v.u = *(const uint32_t *)at;
    break;
  case MODEL_U64:
    v.u = *(const uint64_t *)at;
    break;
  case MODEL_I64:
    col.type = STORE_I64, v.i = *(const int64_t *)at;
    break;
  case MODEL_F64:
    col.type = STORE_F64, v.f = *(const double *)at;
    break;
  case MODEL_TIME:
    col.type = STORE_TIME, v.t = *(const prac_time *)at;
    break;
  case MODEL_IP:
    col.type = STORE_IP, v.ip = *(const struct prac_ip *)at;
    break;
  case MODEL_STR:
    return set(c, *(const char *const *)at ? *(const char *const *)at : "", false);
  case MODEL_STRS:
  case MODEL_IPS:
  case MODEL_PORTS:
  case MODEL_BYTES:
    return list_cell(f, at, c);
  case MODEL_TYPE_COUNT_:
    break;
  }
  return cell_of(&col, &v, c);
}

static bool for_people(const char *name)
{
  static const char *const shown[] = {
      "at",      "sensor",  "state", "severity", "level", "kind",    "key",    "id",     "value",
      "unit",    "packets", "lost",  "title",    "text",  "version", "victim", "vector", "vectors",
      "profile", "pps_max", "src",   "proto",    "dport", "len",     "seen"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(shown); i++)
    if (strcmp(shown[i], name) == 0) return true;
  return false;
}

static prac_rc record_row(struct query_out *o, const char *json, struct row *r, size_t *ret_n)
{
  const struct model_kind *k = o->kind;
  prac_arena_reset(o->arena);
  void *rec = prac_arena_alloc(o->arena, k->size);
  *ret_n = 0;
  if (!rec) return PRAC_NOMEM;
  PRAC_TRY(model_from_json(k, json, strlen(json), o->arena, rec, NULL));
  for (size_t i = 0; i < k->n_fields && *ret_n < CELLS_MAX; i++) {
    if (o->form == QUERY_TABLE && !for_people(k->fields[i].name)) continue;
    o->name[*ret_n] = k->fields[i].name;
    PRAC_TRY(field_cell(&k->fields[i], rec, &r->c[*ret_n]));
    ++*ret_n;
  }
  return PRAC_OK;
}

/* ---- writing ---- */
static void csv_cell(FILE *to, const char *s)
{
  if (!strpbrk(s, ",\"\r\n")) {
    fputs(s, to);
    return;
  }
  fputc('"', to);
  for (; *s; s++) {
    if (*s == '"') fputc('"', to);
    fputc(*s, to);
  }
  fputc('"', to);
}

/* Control characters of a captured text must not reach a terminal. */
static void table_cell(FILE *to, const struct cell *c, size_t width, bool last)
{
  size_t n = strlen(c->text);
  if (n > CELL_MAX && !last) n = CELL_MAX;
  if (c->number) fprintf(to, "%*s", (int)width, c->text);
  for (size_t i = 0; i < n && !c->number; i++)
    fputc((unsigned char)c->text[i] < ' ' || c->text[i] == 127 ? '?' : c->text[i], to);
  for (size_t i = n; i < width && !c->number && !last; i++) fputc(' ', to);
  fputs(last ? "\n" : "  ", to);
}

static void head(struct query_out *o, const struct row *like)
{
  for (size_t i = 0; i < o->n; i++) {
    if (o->form == QUERY_CSV) {
      fprintf(o->to, "%s%s", i ? "," : "", o->name[i]);
    } else {
      int w = (int)o->width[i];
      bool last = i + 1 == o->n;
      fprintf(o->to, "%*s%s", like->c[i].number ? w : last ? 0 : -w, o->name[i], last ? "" : "  ");
    }
  }
  fputc('\n', o->to);
  o->head_done = true;
}

static void write_row(struct query_out *o, const struct row *r)
{
  if (!o->head_done) head(o, r);
  for (size_t i = 0; i < o->n; i++) {
    if (o->form == QUERY_TABLE) {
      table_cell(o->to, &r->c[i], o->width[i], i + 1 == o->n);
    } else {
      if (i) fputc(',', o->to);
      csv_cell(o->to, r->c[i].text);
    }
  }
  if (o->form == QUERY_CSV) fputc('\n', o->to);
}

static void flush(struct query_out *o)
{
  for (size_t i = 0; i < o->n_held; i++) {
    write_row(o, &o->held[i]);
    row_done(&o->held[i], o->n);
  }
  o->n_held = 0;
}

static void hold(struct query_out *o, struct row *r)
{
  for (size_t i = 0; i < o->n; i++) {
    size_t w = strlen(r->c[i].text), least = strlen(o->name[i]);
    if (w > CELL_MAX) w = CELL_MAX;
    if (w < least) w = least;
    if (w > o->width[i] && !o->head_done) o->width[i] = w;
  }
  if (o->head_done || o->form != QUERY_TABLE) {
    write_row(o, r);
    row_done(r, o->n);
    return;
  }
  o->held[o->n_held++] = *r;
  if (o->n_held == HELD_MAX) flush(o);
}

static void json_value(struct prac_json *j, const struct store_col *c, const struct store_value *v)
{
  prac_json_key(j, c->name);
  switch (c->type) {
  case STORE_U64:
    prac_json_u64(j, v->u);
    break;
  case STORE_I64:
    prac_json_i64(j, v->i);
    break;
  case STORE_F64:
    prac_json_f64(j, v->f);
    break;
  case STORE_TIME:
    prac_json_time(j, v->t);
    break;
  case STORE_IP:
    if (prac_ip_is_zero(&v->ip))
      prac_json_null(j);
    else
      prac_json_ip(j, &v->ip);
    break;
  case STORE_TEXT:
    prac_json_str(j, v->s);
    break;
  }
}

static prac_rc json_row(struct query_out *o, const struct store_col *cols, size_t n,
                        const struct store_value *v)
{
  if (o->kind) return fprintf(o->to, "%s\n", v[0].s) < 0 ? PRAC_IO : PRAC_OK;
  prac_json_reset(&o->json);
  prac_json_open(&o->json, '{');
  for (size_t i = 0; i < n; i++) json_value(&o->json, &cols[i], &v[i]);
  prac_json_close(&o->json, '}');
  if (o->json.bad) return PRAC_NOMEM;
  return fprintf(o->to, "%s\n", o->json.buf) < 0 ? PRAC_IO : PRAC_OK;
}

prac_rc query_out_row(void *out, const struct store_col *cols, size_t n,
                      const struct store_value *v)
{
  struct query_out *o = out;
  struct row r = {0};
  size_t made = 0;
  prac_rc rc = PRAC_OK;
  o->rows++;
  if (o->form == QUERY_JSON) return json_row(o, cols, n, v);
  if (o->kind) {
    rc = record_row(o, v[0].s, &r, &made);
  } else {
    for (; made < n && made < CELLS_MAX && rc == PRAC_OK; made++) {
      o->name[made] = cols[made].name;
      rc = cell_of(&cols[made], &v[made], &r.c[made]);
    }
  }
  if (rc != PRAC_OK) {
    row_done(&r, made);
    return rc;
  }
  o->n = made;
  hold(o, &r);
  return ferror(o->to) ? PRAC_IO : PRAC_OK;
}

uint64_t query_out_end(struct query_out *o)
{
  flush(o);
  return o->rows;
}
