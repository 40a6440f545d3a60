/* Cells: rows of flows added up by several things at once. The plain way, for the ram backend and
 * as what the other is held against: every row as a cell of its own, sorted, neighbours joined. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/answer.h"

struct act { /* one row */
  struct store_cell c;
  struct prac_ip sender;
};
struct store_cells {
  const struct store_query *q;
  struct act *v;
  size_t n, cap;
};

struct store_cells *store_cells_new(const struct store_query *q)
{
  struct store_cells *c = calloc(1, sizeof *c);
  if (c) c->q = q;
  return c;
}

void store_cells_free(struct store_cells **cp)
{
  if (!cp || !*cp) return;
  free((*cp)->v);
  free(*cp);
  *cp = NULL;
}

struct store_cell store_cell_of(const struct store_query *q, const struct store_flow *f)
{
  const struct flow_row *r = &f->row;
  struct model_port p = store_flow_port(r->proto, r->sport, r->dport);
  prac_time first = store_flow_first(f);
  struct store_cell c = {.packets = r->packets, .flows = 1, .bytes = r->bytes, .sources = 1};
  c.at = PRAC_TIME_NONE;
  c.first = first;
  c.last = first + r->span_ms * PRAC_MS;
  c.marks = r->marks;
  if (q->keys & STORE_KEY_AT) c.at = prac_time_floor(f->minute, q->step_ns ? q->step_ns : PRAC_MIN);
  if (q->keys & STORE_KEY_SENSOR) (void)snprintf(c.sensor, sizeof c.sensor, "%s", f->sensor);
  if (q->keys & STORE_KEY_SRC) c.src = r->src;
  if (q->keys & STORE_KEY_DST) c.dst = r->dst;
  if (q->keys & STORE_KEY_PORT) c.port = (uint32_t)p.proto << 16 | p.port;
  if (q->keys & STORE_KEY_COUNTRY) c.country = r->country;
  if (q->keys & STORE_KEY_ASN) c.asn = r->asn;
  if (q->keys & STORE_KEY_TOOL) c.tool = r->tool < FLOW_TOOL_COUNT_ ? r->tool : 0;
  if (q->keys & STORE_KEY_SURVEY)
    (void)snprintf(c.survey, sizeof c.survey, "%s", f->survey ? f->survey : "");
  return c;
}

static int order(uint64_t a, uint64_t b)
{
  return (a > b) - (a < b);
}

static int rest_cmp(const struct store_cell *a, const struct store_cell *b)
{
  int c = memcmp(&a->dst, &b->dst, sizeof a->dst);
  if (!c) c = order(a->port, b->port);
  if (!c) c = order(a->country, b->country);
  return c ? c : order(a->asn, b->asn);
}

static int keys_cmp(const struct store_cell *a, const struct store_cell *b)
{
  int c = strcmp(a->sensor, b->sensor);
  if (!c) c = memcmp(&a->src, &b->src, sizeof a->src);
  return c ? c : rest_cmp(a, b);
}

static int words_cmp(const struct store_cell *a, const struct store_cell *b)
{
  int c = strcmp(flow_tool_text((enum flow_tool)a->tool), flow_tool_text((enum flow_tool)b->tool));
  return c ? c : strcmp(a->survey, b->survey);
}

/* `marks` is part of the keys only where the question says so: then every row of a cell has the
 * same. */
int store_cell_cmp(const struct store_cell *a, const struct store_cell *b)
{
  if (a->at != b->at) return a->at < b->at ? -1 : 1;
  int c = keys_cmp(a, b);
  if (!c) c = order(a->marks, b->marks);
  return c ? c : words_cmp(a, b);
}

prac_rc store_cells_add(struct store_cells *c, const struct store_flow *f)
{
  enum { ROWS_MAX = 1 << 23 };
  if (c->n == ROWS_MAX) return PRAC_FULL;
  if (c->n == c->cap) {
    size_t cap = c->cap ? c->cap * 2 : 256;
    struct act *v = realloc(c->v, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    c->v = v;
    c->cap = cap;
  }
  c->v[c->n++] = (struct act){store_cell_of(c->q, f), f->row.src};
  return PRAC_OK;
}

static int group_cmp(const struct store_query *q, const struct store_cell *a,
                     const struct store_cell *b)
{
  struct store_cell x = *a, y = *b;
  if (!(q->keys & STORE_KEY_MARKS)) x.marks = y.marks = 0;
  return store_cell_cmp(&x, &y);
}

static int by_sender(const void *pa, const void *pb, void *arg)
{
  const struct act *a = pa, *b = pb;
  int c = group_cmp(arg, &a->c, &b->c);
  return c ? c : memcmp(&a->sender, &b->sender, sizeof a->sender);
}

static int biggest_first(const void *pa, const void *pb, void *arg)
{
  const struct act *a = pa, *b = pb;
  if (a->c.packets != b->c.packets) return a->c.packets > b->c.packets ? -1 : 1;
  return group_cmp(arg, &a->c, &b->c);
}

static void join(struct store_cell *to, const struct store_cell *c)
{
  to->packets += c->packets;
  to->flows += c->flows;
  to->bytes += c->bytes;
  to->marks |= c->marks;
  if (c->first < to->first) to->first = c->first;
  if (c->last > to->last) to->last = c->last;
}

static size_t sweep(struct store_cells *l)
{
  size_t n = 0;
  for (size_t i = 0, k; i < l->n; i = k, n++) {
    struct act a = l->v[i];
    for (k = i + 1; k < l->n && group_cmp(l->q, &a.c, &l->v[k].c) == 0; k++) {
      join(&a.c, &l->v[k].c);
      a.c.sources += !prac_ip_eq(&l->v[k].sender, &l->v[k - 1].sender);
    }
    l->v[n] = a;
  }
  return n;
}

prac_rc store_cells_give(struct store_cells *c, store_row *each, void *arg)
{
  struct store_query q = *c->q;
  uint32_t left = store_limit(&q);
  if (c->n > 1) qsort_r(c->v, c->n, sizeof *c->v, by_sender, &q);
  c->n = sweep(c);
  if (c->n > 1 && !(q.keys & STORE_KEY_AT)) qsort_r(c->v, c->n, sizeof *c->v, biggest_first, &q);
  for (size_t i = 0; i < c->n && left > 0; i++, left--)
    PRAC_TRY(store_cell_emit(&q, &c->v[i].c, each, arg));
  return PRAC_OK;
}

/* ---- columns ---- */
static const struct store_col key_cols[STORE_KEY_COUNT_] = {
    {"at", "", STORE_TIME},     {"sensor", "", STORE_TEXT}, {"src", "", STORE_IP},
    {"dst", "", STORE_IP},      {"port", "", STORE_TEXT},   {"country", "", STORE_TEXT},
    {"asn", "", STORE_U64},     {"marks", "", STORE_TEXT},  {"tool", "", STORE_TEXT},
    {"survey", "", STORE_TEXT},
};

struct texts {
  char port[MODEL_PORT_TEXT], country[3], marks[STORE_MARKS_TEXT];
};

static struct store_value key_value(const struct store_cell *c, enum store_key_bit key,
                                    struct texts *t)
{
  switch (key) {
  case STORE_KEY_BIT_AT:
    return (struct store_value){.t = c->at};
  case STORE_KEY_BIT_SENSOR:
    return (struct store_value){.s = c->sensor};
  case STORE_KEY_BIT_SRC:
    return (struct store_value){.ip = c->src};
  case STORE_KEY_BIT_DST:
    return (struct store_value){.ip = c->dst};
  case STORE_KEY_BIT_PORT: {
    struct model_port p = {.port = (uint16_t)c->port, .proto = (uint8_t)(c->port >> 16)};
    return (struct store_value){.s = model_port_text(t->port, p)};
  }
  case STORE_KEY_BIT_COUNTRY:
    t->country[0] = (char)(c->country >> 8);
    t->country[1] = (char)(c->country & 0xff);
    t->country[2] = 0;
    return (struct store_value){.s = t->country};
  case STORE_KEY_BIT_ASN:
    return (struct store_value){.u = c->asn};
  case STORE_KEY_BIT_MARKS:
    return (struct store_value){.s = t->marks};
  case STORE_KEY_BIT_TOOL:
    return (struct store_value){.s = flow_tool_text((enum flow_tool)c->tool)};
  case STORE_KEY_BIT_SURVEY:
    return (struct store_value){.s = c->survey};
  case STORE_KEY_COUNT_:
    break;
  }
  return (struct store_value){.s = ""};
}

prac_rc store_cell_emit(const struct store_query *q, const struct store_cell *c, store_row *each,
                        void *arg)
{
  static const struct store_col counts[] = {
      {"packets", "packets", STORE_U64}, {"flows", "flows", STORE_U64},
      {"bytes", "bytes", STORE_U64},     {"sources", "hosts", STORE_U64},
      {"first", "", STORE_TIME},         {"last", "", STORE_TIME},
      {"marks", "", STORE_TEXT},
  };
  struct store_col cols[STORE_KEY_COUNT_ + PRAC_ARRAY_LEN(counts)];
  struct store_value v[STORE_KEY_COUNT_ + PRAC_ARRAY_LEN(counts)];
  struct texts t;
  size_t n = 0;
  store_marks_text(t.marks, c->marks);
  for (unsigned k = 0; k < STORE_KEY_COUNT_; k++) {
    if (!(q->keys & 1u << k)) continue;
    cols[n] = key_cols[k];
    v[n++] = key_value(c, (enum store_key_bit)k, &t);
  }
  const struct store_value rest[] = {{.u = c->packets}, {.u = c->flows}, {.u = c->bytes},
                                     {.u = c->sources}, {.t = c->first}, {.t = c->last},
                                     {.s = t.marks}};
  _Static_assert(PRAC_ARRAY_LEN(rest) == PRAC_ARRAY_LEN(counts), "a value for every column");
  size_t m = PRAC_ARRAY_LEN(rest) - (q->keys & STORE_KEY_MARKS ? 1 : 0);
  memcpy(cols + n, counts, m * sizeof *counts);
  memcpy(v + n, rest, m * sizeof *rest);
  return each(arg, cols, n + m, v);
}

prac_rc store_kept_emit(const char *what, prac_time from, prac_time to, store_row *each, void *arg)
{
  static const struct store_col cols[] = {
      {"what", "", STORE_TEXT}, {"from", "", STORE_TIME}, {"to", "", STORE_TIME}};
  const struct store_value v[] = {{.s = what}, {.t = from}, {.t = to}};
  return from == PRAC_TIME_NONE ? PRAC_OK : each(arg, cols, PRAC_ARRAY_LEN(v), v);
}
