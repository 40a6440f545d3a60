/* The one place where rows become bytes for a reader. What may be in them the gate has said
 * (access/gate.h). */
#include "portal/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "portal/record.h"

void rows_init(struct rows *r, enum rows_format f, size_t max_rows, size_t max_bytes)
{
  *r = (struct rows){.j = prac_json_of(max_bytes), .format = f, .max_rows = max_rows};
  if (f == ROWS_JSON) prac_json_open(&r->j, '{');
}

void rows_done(struct rows *r)
{
  prac_json_done(&r->j);
}

const char *rows_type(enum rows_format f)
{
  static const char *const types[] = {"application/json", "application/x-ndjson",
                                      "text/csv; charset=utf-8; header=present"};
  return types[f];
}

bool rows_format_of(const char *word, enum rows_format *ret)
{
  static const char *const words[] = {"json", "ndjson", "csv"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(words); i++)
    if (!word || strcmp(word, words[i]) == 0) {
      *ret = (enum rows_format)i;
      return true;
    }
  return false;
}

/* One cell of CSV (RFC 4180). The JSON writer's comma between values is CSV's too. */
static void csv_text(struct prac_json *j, const char *s)
{
  char cell[16384]; /* 256 addresses fit */
  size_t n = 0;
  cell[n++] = '"';
  if (strchr("=+-@\t\r", *s) && *s) cell[n++] = '\'';
  for (; *s && n < sizeof cell - 3; s++) {
    if (*s == '"') cell[n++] = '"';
    cell[n++] = *s;
  }
  cell[n++] = '"';
  prac_json_raw(j, cell, n);
}

static void value(struct rows *r, const struct store_col *c, const struct store_value *v)
{
  char t[PRAC_TIME_TEXT + PRAC_IP_TEXT];
  bool csv = r->format == ROWS_CSV;
  switch (c->type) {
  case STORE_U64:
    if (v->u > (UINT64_C(1) << 53)) { /* a hash: JSON numbers cannot carry it */
      (void)snprintf(t, sizeof t, "%016" PRIx64, v->u);
      prac_json_str(&r->j, t);
    } else {
      prac_json_u64(&r->j, v->u);
    }
    break;
  case STORE_I64:
    prac_json_i64(&r->j, v->i);
    break;
  case STORE_F64:
    prac_json_f64(&r->j, v->f);
    break;
  case STORE_TIME:
    if (csv)
      csv_text(&r->j, v->t == PRAC_TIME_NONE ? "" : prac_time_text(t, v->t));
    else
      prac_json_time(&r->j, v->t);
    break;
  case STORE_IP:
    if (prac_ip_is_zero(&v->ip) && !csv)
      prac_json_null(&r->j);
    else
      prac_json_str(&r->j, prac_ip_is_zero(&v->ip) ? "" : prac_ip_text(t, &v->ip));
    break;
  case STORE_TEXT:
    if (csv)
      csv_text(&r->j, v->s);
    else
      prac_json_str(&r->j, v->s);
    break;
  }
}

static void begin(struct rows *r, const struct store_col *cols, size_t n)
{
  r->begun = true;
  if (r->format == ROWS_NDJSON) return;
  if (r->format == ROWS_CSV) {
    for (size_t i = 0; i < n; i++) prac_json_raw(&r->j, cols[i].name, strlen(cols[i].name));
    prac_json_newline(&r->j);
    return;
  }
  prac_json_key(&r->j, "columns");
  prac_json_open(&r->j, '[');
  for (size_t i = 0; i < n; i++) {
    prac_json_open(&r->j, '{');
    prac_json_key_str(&r->j, "name", cols[i].name);
    prac_json_key_str(&r->j, "unit", cols[i].unit);
    prac_json_close(&r->j, '}');
  }
  prac_json_close(&r->j, ']');
  prac_json_key(&r->j, "rows");
  prac_json_open(&r->j, '[');
}

static bool full(struct rows *r)
{
  if (r->n < r->max_rows && !r->j.bad && (r->j.max == 0 || r->j.len < r->j.max - r->j.max / 8)) {
    r->n++;
    return false;
  }
  r->truncated = true;
  return true;
}

prac_rc rows_put(void *arg, const struct store_col *cols, size_t n, const struct store_value *v)
{
  struct rows *r = arg;
  if (!r->begun) begin(r, cols, n);
  if (full(r)) return PRAC_STOPPED;
  if (r->format != ROWS_CSV) prac_json_open(&r->j, '{');
  for (size_t i = 0; i < n; i++) {
    if (r->format != ROWS_CSV) prac_json_key(&r->j, cols[i].name);
    value(r, &cols[i], &v[i]);
  }
  if (r->format != ROWS_CSV) prac_json_close(&r->j, '}');
  if (r->format != ROWS_JSON) prac_json_newline(&r->j);
  return PRAC_OK;
}

static void csv_record(struct rows *r, const struct model_kind *k, const void *rec)
{
  struct prac_json one = prac_json_of(1 << 20);
  for (size_t i = 0; i < k->n_fields; i++) {
    prac_json_reset(&one);
    record_field_text(&k->fields[i], rec, &one);
    csv_text(&r->j, one.len ? one.buf : "");
  }
  prac_json_done(&one);
  prac_json_newline(&r->j);
}

static void begin_records(struct rows *r, const struct model_kind *k)
{
  r->begun = true;
  if (r->format == ROWS_CSV) {
    for (size_t i = 0; i < k->n_fields; i++)
      prac_json_raw(&r->j, k->fields[i].name, strlen(k->fields[i].name));
    prac_json_newline(&r->j);
  } else if (r->format == ROWS_JSON) {
    prac_json_key(&r->j, "rows");
    prac_json_open(&r->j, '[');
  }
}

/* at, then id: hexadecimal, so that it needs no escape anywhere. */
void rows_cursor(struct rows *r, prac_time at, const char *id)
{
  size_t n = (size_t)snprintf(r->next, ROWS_CURSOR, "%016" PRIx64, (uint64_t)at);
  for (; *id && n + 3 < ROWS_CURSOR; id++)
    n += (size_t)snprintf(r->next + n, ROWS_CURSOR - n, "%02x", (unsigned char)*id);
  if (*id) r->next[0] = 0; /* no id of ours is that long */
}

static bool hex_read(const char *s, size_t n, uint64_t *ret)
{
  *ret = 0;
  for (size_t i = 0; i < n; i++) {
    const char *at = memchr("0123456789abcdef", s[i], 16);
    if (!at) return false;
    *ret = *ret << 4 | (uint64_t)(at - "0123456789abcdef");
  }
  return true;
}

/* How many flows of one time were given: as many as nobody reads, or it is not ours. */
static bool passed_read(const char *s, uint32_t *ret)
{
  enum { MOST = 1000000 };
  for (*ret = 0; *s >= '0' && *s <= '9' && *ret <= MOST; s++)
    *ret = *ret * 10 + (uint32_t)(*s - '0');
  return *s == 0 && *ret > 0 && *ret <= MOST;
}

prac_rc rows_cursor_read(const char *cursor, struct prac_arena *a, struct store_query *q,
                         struct prac_err *reterr)
{
  size_t n = strlen(cursor);
  uint64_t v = 0;
  bool ok = n > 16 && n < ROWS_CURSOR && n % 2 == 0 && hex_read(cursor, 16, &v);
  char *id = prac_arena_alloc(a, n / 2 + 1);
  if (!id) return PRAC_NOMEM;
  q->after_at = (prac_time)v;
  for (size_t i = 16; i < n && ok; i += 2) {
    ok = hex_read(cursor + i, 2, &v) && v != 0;
    id[i / 2 - 8] = (char)v;
  }
  ok = ok && q->after_at >= 0; /* no record is older */
  q->after = id;
  if (q->what == STORE_FLOWS) {
    ok = ok && passed_read(id, &q->passed);
    q->after = NULL;
  }
  return ok ? PRAC_OK
            : PRAC_FAIL(reterr, PRAC_MALFORMED, "cursor: this is none that an answer gave");
}

prac_rc rows_put_record(struct rows *r, const struct model_kind *k, const void *rec)
{
  if (!r->begun) begin_records(r, k);
  if (full(r)) return PRAC_STOPPED;
  rows_cursor(r, store_record_at(k, rec), store_record_key(k, rec));
  if (r->format == ROWS_CSV) {
    csv_record(r, k, rec);
    return PRAC_OK;
  }
  model_to_json(k, rec, &r->j);
  if (r->format == ROWS_NDJSON) prac_json_newline(&r->j);
  return PRAC_OK;
}

void rows_end(struct rows *r)
{
  if (r->format != ROWS_JSON) return;
  if (!r->begun) begin(r, NULL, 0);
  prac_json_close(&r->j, ']');
  prac_json_key_bool(&r->j, "truncated", r->truncated);
  if (r->truncated && r->next[0]) {
    prac_json_key_str(&r->j, "next", r->next);
  }
  prac_json_close(&r->j, '}');
  prac_json_newline(&r->j);
}
