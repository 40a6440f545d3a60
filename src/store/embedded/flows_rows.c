/* A segment's columns as rows. */
#include <stdlib.h>
#include <string.h>

#include "store/embedded/flows.h"

static const char *const col_names[EMB_COL_COUNT_] = {
#define C(name, type, ctype, expr) #name,
    EMB_COLUMNS(C)
#undef C
};

prac_rc emb_reader_open(struct emb_reader *r, const char *path)
{
  PRAC_TRY(emb_pq_open(&r->file, path));
  for (size_t i = 0; i < EMB_COL_COUNT_; i++) {
    r->column[i] = emb_pq_find(&r->file, col_names[i]);
    if (r->column[i] == r->file.n_columns) return PRAC_UNSUPPORTED;
  }
  r->cursor[EMB_COL_sensor].texts = r->cursor[EMB_COL_survey].texts = true;
  r->cursor[EMB_COL_tool].texts = true;
  return PRAC_OK;
}

void emb_reader_close(struct emb_reader *r)
{
  emb_pq_done(&r->file);
}

void emb_reader_done(struct emb_reader *r)
{
  for (size_t i = 0; i < EMB_COL_COUNT_; i++) emb_pq_cursor_done(&r->cursor[i]);
  emb_pq_done(&r->file);
  for (size_t i = 0; i < r->names.n; i++) free(r->names.v[i]);
  free(r->names.v);
  r->names = (struct emb_names){0};
}

/* ---- texts ---- */
static bool is(const char *name, const char *at, size_t n)
{
  return strlen(name) == n && memcmp(name, at, n) == 0;
}

static prac_rc keep(struct emb_names *s, const char *at, size_t n, const char **ret)
{
  if (s->n > 0 && is(s->v[s->last], at, n)) {
    *ret = s->v[s->last];
    return PRAC_OK;
  }
  for (s->last = 0; s->last < s->n; s->last++)
    if (is(s->v[s->last], at, n)) {
      *ret = s->v[s->last];
      return PRAC_OK;
    }
  s->last = 0;
  char **v = realloc(s->v, (s->n + 1) * sizeof *v);
  if (!v) return PRAC_NOMEM;
  s->v = v;
  if (!(v[s->n] = calloc(1, n + 1))) return PRAC_NOMEM;
  memcpy(v[s->n], at, n);
  *ret = v[s->last = s->n++];
  return PRAC_OK;
}

static uint8_t tool_of(const char *at, size_t n)
{
  for (int i = 1; i < FLOW_TOOL_COUNT_; i++)
    if (is(flow_tool_text((enum flow_tool)i), at, n)) return (uint8_t)i;
  return 0;
}

static prac_rc set_text(struct emb_reader *r, enum emb_col col, uint64_t v, struct store_flow *f)
{
  size_t n;
  const char *at = emb_pq_text(&r->cursor[col], v, &n);
  if (memchr(at, 0, n)) return PRAC_UNSUPPORTED;
  if (col == EMB_COL_tool) {
    f->row.tool = tool_of(at, n);
    return PRAC_OK;
  }
  return keep(&r->names, at, n, col == EMB_COL_sensor ? &f->sensor : &f->survey);
}

/* ---- rows ---- */
static struct prac_ip address(const struct emb_reader *r, enum emb_col hi, enum emb_col lo,
                              size_t k)
{
  return prac_ip_of(r->value[hi][k], r->value[lo][k]);
}

/* Addresses are set with their second half. */
static prac_rc set(struct emb_reader *r, enum emb_col col, size_t k, struct store_flow *f)
{
#define NUMBER(name, field, type)                                                                  \
  case EMB_COL_##name:                                                                             \
    f->field = (type)r->value[col][k];                                                             \
    return PRAC_OK
#define ADDRESS(name)                                                                              \
  case EMB_COL_##name##_lo:                                                                        \
    f->row.name = address(r, EMB_COL_##name##_hi, EMB_COL_##name##_lo, k);                         \
    return PRAC_OK
  switch (col) {
    NUMBER(part, part, uint32_t);
    NUMBER(first_ms, row.first_ms, uint16_t);
    NUMBER(span_ms, row.span_ms, uint16_t);
    ADDRESS(src);
    ADDRESS(dst);
    ADDRESS(victim);
    NUMBER(proto, row.proto, uint8_t);
    NUMBER(tcp_flags, row.tcp_flags, uint8_t);
    NUMBER(ttl, row.ttl, uint8_t);
    NUMBER(sport, row.sport, uint16_t);
    NUMBER(dport, row.dport, uint16_t);
    NUMBER(tcp_window, row.window, uint16_t);
    NUMBER(packets, row.packets, uint32_t);
    NUMBER(bytes, row.bytes, uint64_t);
    NUMBER(country, row.country, uint16_t);
    NUMBER(asn, row.asn, uint32_t);
    NUMBER(marks, row.marks, uint32_t);
    NUMBER(payload, row.payload, uint64_t);
  case EMB_COL_minute:
    f->minute = (prac_time)r->value[col][k] * 1000;
    return PRAC_OK;
  case EMB_COL_sensor:
  case EMB_COL_tool:
  case EMB_COL_survey:
    return set_text(r, col, r->value[col][k], f);
  case EMB_COL_src_hi:
  case EMB_COL_dst_hi:
  case EMB_COL_victim_hi:
  case EMB_COL_geo:
  case EMB_COL_COUNT_:
    break;
  }
  return PRAC_OK;
#undef NUMBER
#undef ADDRESS
}

prac_rc emb_flow_set(struct emb_reader *r, uint32_t cols, size_t k, struct store_flow *ret)
{
  for (int c = 0; c < EMB_COL_COUNT_; c++)
    if (cols & UINT32_C(1) << c) PRAC_TRY(set(r, (enum emb_col)c, k, ret));
  return PRAC_OK;
}

/* The values of one column at some rows, rising; the cursor stands at *at. */
static prac_rc gather(struct emb_pq_cursor *c, const uint32_t *row, size_t n, uint64_t *out,
                      uint32_t at)
{
  for (size_t i = 0, k; i < n; i += k, at = row[i - 1] + 1) {
    for (k = 1; i + k < n && row[i + k] == row[i] + k; k++) continue;
    if (row[i] > at) PRAC_TRY(emb_pq_skip(c, row[i] - at));
    PRAC_TRY(emb_pq_next(c, out + i, k));
  }
  return PRAC_OK;
}

prac_rc emb_take_rows(struct emb_reader *r, size_t group, uint32_t want, const uint32_t *row,
                      size_t n, struct store_flow *out)
{
  uint32_t at = 0;
  for (int c = 0; c < EMB_COL_COUNT_; c++)
    if (want & UINT32_C(1) << c)
      PRAC_TRY(emb_pq_start(&r->cursor[c], &r->file, group, r->column[c]));
  for (size_t first = 0, k; first < n; first += k, at = row[first - 1] + 1) {
    k = n - first < EMB_BLOCK ? n - first : EMB_BLOCK;
    for (int c = 0; c < EMB_COL_COUNT_; c++)
      if (want & UINT32_C(1) << c) PRAC_TRY(gather(&r->cursor[c], row + first, k, r->value[c], at));
    for (size_t i = 0; i < k; i++) {
      out[first + i] = (struct store_flow){.sensor = "", .survey = ""};
      PRAC_TRY(emb_flow_set(r, want, i, &out[first + i]));
    }
  }
  return PRAC_OK;
}

void emb_flow_of(const struct flow_batch *b, uint32_t i, struct store_flow *ret)
{
  *ret = (struct store_flow){.sensor = b->sensor, .geo = b->geo, .minute = b->minute};
  ret->part = b->part;
  ret->row = flow_batch_row(b, i);
  ret->survey = ret->row.survey ? b->lists.v[ret->row.survey - 1] : "";
}
