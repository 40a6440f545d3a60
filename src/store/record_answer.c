/* Records and sensors: which ones a question means, by whatever fields their table has. */
#include <string.h>

#include "store/answer.h"

static const struct model_field *field(const struct model_kind *k, const char *name)
{
  for (size_t i = 0; i < k->n_fields; i++)
    if (strcmp(k->fields[i].name, name) == 0) return &k->fields[i];
  return NULL;
}

static const void *at(const struct model_kind *k, const void *rec, const char *name,
                      enum model_type type)
{
  const struct model_field *f = field(k, name);
  return f && f->type == type ? (const char *)rec + f->offset : NULL;
}

static const char *text_of(const struct model_kind *k, const void *rec, const char *name)
{
  const char *const *s = at(k, rec, name, MODEL_STR);
  return s && *s ? *s : "";
}

prac_time store_record_at(const struct model_kind *k, const void *rec)
{
  const prac_time *t = at(k, rec, "at", MODEL_TIME);
  return t ? *t : PRAC_TIME_NONE;
}

const char *store_record_key(const struct model_kind *k, const void *rec)
{
  return text_of(k, rec, k->key);
}

static const char *const begins[] = {"from", "opened"};

bool store_record_runs(const struct model_kind *k)
{
  return field(k, "revision") && (field(k, begins[0]) || field(k, begins[1]));
}

struct prac_span store_record_extent(const struct model_kind *k, const void *rec)
{
  prac_time t = store_record_at(k, rec);
  struct prac_span s = {t, t};
  if (!store_record_runs(k)) return s;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(begins); i++) {
    const prac_time *b = at(k, rec, begins[i], MODEL_TIME);
    if (b && *b != PRAC_TIME_NONE && *b < s.from) s.from = *b;
  }
  const char *state = text_of(k, rec, "state");
  if (strcmp(state, "close") != 0 && strcmp(state, "end") != 0) s.to = INT64_MAX;
  return s;
}

static bool text_match(const struct model_kind *k, const void *rec, const char *name,
                       const char *want)
{
  return !want || !want[0] || strcmp(text_of(k, rec, name), want) == 0;
}

static bool sensor_match(const struct store_query *q, const void *rec)
{
  if (!q->sensor || !q->sensor[0]) return true;
  const struct model_strs *l = at(q->kind, rec, "sensors", MODEL_STRS);
  size_t n = strlen(q->sensor);
  for (uint32_t i = 0; l && i < l->n; i++) /* a name, or a name, a blank and what it saw */
    if (strncmp(l->v[i], q->sensor, n) == 0 && (l->v[i][n] == '\0' || l->v[i][n] == ' '))
      return true;
  return strcmp(text_of(q->kind, rec, "sensor"), q->sensor) == 0;
}

/* The one host that a record is about: whom, or, of a packet, who. */
static const struct prac_ip *host(const struct model_kind *k, const void *rec)
{
  const struct prac_ip *victim = at(k, rec, "victim", MODEL_IP);
  return victim ? victim : at(k, rec, "src", MODEL_IP);
}

static bool hosts_match(const struct store_query *q, const void *rec, const struct prac_prefix *p)
{
  if (!p->bits) return true;
  const struct prac_ip *one = host(q->kind, rec);
  if (one && prac_prefix_has(p, one)) return true;
  const struct model_ips *l = at(q->kind, rec, "hosts", MODEL_IPS);
  for (uint32_t i = 0; l && i < l->n; i++)
    if (prac_prefix_has(p, &l->v[i])) return true;
  return false;
}

static bool any_host_match(const struct store_query *q, const void *rec)
{
  if (!hosts_match(q, rec, &q->src) || !hosts_match(q, rec, &q->victim)) return false;
  if (q->n_srcs == 0) return true;
  const struct prac_ip *one = host(q->kind, rec);
  if (one && store_srcs_has(q, one)) return true;
  const struct model_ips *l = at(q->kind, rec, "hosts", MODEL_IPS);
  for (uint32_t i = 0; l && i < l->n; i++)
    if (store_srcs_has(q, &l->v[i])) return true;
  return false;
}

static bool port_match(const struct store_query *q, struct model_port p)
{
  return (!q->port.proto || p.proto == q->port.proto) && (!q->has_port || p.port == q->port.port);
}

bool store_record_port(const struct model_kind *k, const void *rec, struct model_port *ret)
{
  const uint32_t *proto = at(k, rec, "proto", MODEL_U32), *sport = at(k, rec, "sport", MODEL_U32),
                 *dport = at(k, rec, "dport", MODEL_U32);
  if (!proto || !sport || !dport) return false;
  *ret = store_flow_port((uint8_t)*proto, (uint16_t)*sport, (uint16_t)*dport);
  return true;
}

static bool ports_match(const struct store_query *q, const void *rec)
{
  if (!q->port.proto && !q->has_port) return true;
  const struct model_ports *l = at(q->kind, rec, "ports", MODEL_PORTS);
  const uint32_t *one = at(q->kind, rec, "port", MODEL_U32); /* of a UDP service */
  if (one && port_match(q, (struct model_port){(uint16_t)*one, 17})) return true;
  for (uint32_t i = 0; l && i < l->n; i++)
    if (port_match(q, l->v[i])) return true;
  struct model_port own;
  return store_record_port(q->kind, rec, &own) && port_match(q, own);
}

static bool asn_match(const struct store_query *q, const void *rec)
{
  if (!q->asn) return true;
  const uint32_t *asn = at(q->kind, rec, "asn", MODEL_U32);
  return asn && *asn == q->asn;
}

static bool any_word(const struct store_query *q)
{
  const char *const words[] = {q->sensor, q->country, q->state, q->key, q->only};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(words); i++)
    if (words[i] && words[i][0]) return true;
  return false;
}

bool store_record_filtered(const struct store_query *q)
{
  return any_word(q) || q->src.bits || q->n_srcs || q->victim.bits || q->port.proto ||
         q->has_port || q->asn || q->n_left_out;
}

static bool left_out(const struct store_query *q, const void *rec)
{
  const char *kind = text_of(q->kind, rec, "kind");
  for (uint32_t i = 0; i < q->n_left_out; i++)
    if (strncmp(kind, q->left_out[i], strlen(q->left_out[i])) == 0) return true;
  return false;
}

static bool words_match(const struct store_query *q, const void *rec)
{
  const struct model_kind *k = q->kind;
  return text_match(k, rec, "key", q->key) && text_match(k, rec, "state", q->state) &&
         text_match(k, rec, "kind", q->only) && text_match(k, rec, "country", q->country) &&
         !left_out(q, rec);
}

/* Records are in order of (at, id). */
static bool behind(const struct store_query *q, const void *rec, prac_time t)
{
  if (!q->after) return true;
  int c = t != q->after_at ? (t < q->after_at ? -1 : 1)
                           : strcmp(store_record_key(q->kind, rec), q->after);
  return q->oldest_first ? c > 0 : c < 0;
}

bool store_record_match(const struct store_query *q, const void *rec)
{
  const struct model_kind *k = q->kind;
  prac_time t = store_record_at(k, rec);
  struct prac_span told = store_record_extent(k, rec);
  if (q->span.from != PRAC_TIME_NONE && told.to < q->span.from) return false;
  if (q->span.to != PRAC_TIME_NONE && told.from >= q->span.to) return false;
  if (q->id && q->id[0] && strcmp(store_record_key(k, rec), q->id) != 0) return false;
  if (!behind(q, rec, t)) return false;
  return words_match(q, rec) && sensor_match(q, rec) && any_host_match(q, rec) &&
         ports_match(q, rec) && asn_match(q, rec);
}

prac_rc store_record_emit(const char *json, store_row *each, void *arg)
{
  static const struct store_col col = {"json", "", STORE_TEXT};
  const struct store_value v = {.s = json};
  return each(arg, &col, 1, &v);
}

static const char *or_empty(const char *s)
{
  return s ? s : "";
}

prac_rc store_sensor_emit(const struct store_sensor *s, store_row *each, void *arg)
{
  static const struct store_col cols[] = {
      {"sensor", "", STORE_TEXT},          {"site_country", "", STORE_TEXT},
      {"first", "", STORE_TIME},           {"last", "", STORE_TIME},
      {"packets", "packets", STORE_U64},   {"flows", "flows", STORE_U64},
      {"bytes", "bytes", STORE_U64},       {"batches", "batches", STORE_U64},
      {"health_at", "", STORE_TIME},       {"captured", "packets", STORE_U64},
      {"lost", "packets", STORE_U64},      {"evicted", "rows", STORE_U64},
      {"malformed", "packets", STORE_U64}, {"clock_offset_ns", "ns", STORE_I64},
      {"source", "", STORE_TEXT},          {"version", "", STORE_TEXT},
  };
  const struct health *h = &s->health;
  const struct store_value v[] = {
      {.s = s->sensor},
      {.s = or_empty(h->site_country)},
      {.t = s->first},
      {.t = s->last},
      {.u = s->packets},
      {.u = s->flows},
      {.u = s->bytes},
      {.u = s->batches},
      {.t = h->at},
      {.u = h->packets},
      {.u = h->lost},
      {.u = h->evicted},
      {.u = h->malformed},
      {.i = h->clock_offset_ns},
      {.s = or_empty(h->source)},
      {.s = or_empty(h->version)},
  };
  _Static_assert(PRAC_ARRAY_LEN(v) == PRAC_ARRAY_LEN(cols), "a value for every column");
  return each(arg, cols, PRAC_ARRAY_LEN(v), v);
}

bool store_sensor_ok(const char *s)
{
  size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");
  return n > 0 && n <= STORE_SENSOR_MAX && s[n] == 0;
}

static prac_rc check_texts(const struct store_query *q, struct prac_err *reterr)
{
  if (q->sensor && q->sensor[0] && !store_sensor_ok(q->sensor))
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "a sensor's name is [a-z0-9-], at most %d letters",
                     STORE_SENSOR_MAX);
  if (q->country && q->country[0] &&
      (strspn(q->country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 2 || q->country[2] != 0))
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "a country is two capital letters, ISO 3166");
  return PRAC_OK;
}

/* What lies before the next page. The place may lie outside the span, which moves on: then nothing
 * is left, and that is no error. */
static void from_place(struct store_query *c)
{
  struct prac_span *t = &c->span;
  if (c->oldest_first && (t->from == PRAC_TIME_NONE || t->from < c->after_at))
    t->from = t->to != PRAC_TIME_NONE && t->to < c->after_at ? t->to : c->after_at;
  prac_time end = c->after_at < INT64_MAX ? c->after_at + 1 : c->after_at;
  if (!c->oldest_first && (t->to == PRAC_TIME_NONE || t->to > end))
    t->to = t->from != PRAC_TIME_NONE && t->from > end ? t->from : end;
}

struct store_query store_query_open(const struct store_query *q)
{
  struct store_query c = *q;
  if (c.span.from == 0 && c.span.to == 0)
    c.span = (struct prac_span){PRAC_TIME_NONE, PRAC_TIME_NONE};
  /* The place is one in order of `at`, which says nothing of what a record that runs tells of. */
  bool by_at = c.what == STORE_RECORDS && c.kind && !store_record_runs(c.kind);
  if ((c.after && by_at) || (c.what == STORE_FLOWS && c.passed)) from_place(&c);
  return c;
}

static prac_rc check_counts(const struct store_query *q, struct prac_err *reterr)
{
  if (q->n_left_out > STORE_LEFT_OUT_MAX)
    return PRAC_FAIL(reterr, PRAC_RANGE, "at most %d kinds are left out", STORE_LEFT_OUT_MAX);
  if (q->n_srcs > STORE_SRCS_MAX)
    return PRAC_FAIL(reterr, PRAC_RANGE, "at most %d senders", STORE_SRCS_MAX);
  return PRAC_OK;
}

prac_rc store_query_check(const struct store_query *q, struct prac_err *reterr)
{
  PRAC_TRY(check_texts(q, reterr));
  if (q->span.from != PRAC_TIME_NONE && q->span.to != PRAC_TIME_NONE && q->span.to < q->span.from)
    return PRAC_FAIL(reterr, PRAC_RANGE, "the time span ends before it begins");
  int64_t length;
  if (q->span.from != PRAC_TIME_NONE && q->span.to != PRAC_TIME_NONE &&
      __builtin_sub_overflow(q->span.to, q->span.from, &length))
    return PRAC_FAIL(reterr, PRAC_RANGE, "the time span is longer than 292 years");
  PRAC_TRY(check_counts(q, reterr));
  switch (q->what) {
  case STORE_RECORDS:
    if (!q->kind)
      return PRAC_FAIL(reterr, PRAC_RANGE,
                       "which records? finding, alert, health, hit, episode, decision, delivery or "
                       "packet");
    break;
  case STORE_SERIES:
  case STORE_CELLS:
    if (q->step_ns != 0 && q->step_ns != PRAC_MIN && q->step_ns != PRAC_HOUR &&
        q->step_ns != PRAC_DAY)
      return PRAC_FAIL(reterr, PRAC_RANGE, "step must be 1m, 1h or 1d");
    break;
  case STORE_HOST:
    if (!q->src.bits) return PRAC_FAIL(reterr, PRAC_RANGE, "which host? src=ADDRESS");
    break;
  case STORE_FLOWS:
  case STORE_TOP:
  case STORE_TOP_SCAN:
  case STORE_SENSORS:
  case STORE_KEPT:
    break;
  }
  return PRAC_OK;
}
