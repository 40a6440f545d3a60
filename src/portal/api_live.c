/* Answers from the day in memory: status, series, tops, alerts, events. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/gate.h"
#include "portal/job.h"
#include "portal/share.h"

/* ---- status ---- */

enum { LATE_MIN = 3, SILENT_MIN = 15 };

static const char *state_of(const struct live_sensor *s, prac_time now)
{
  prac_time seen = s->last == PRAC_TIME_NONE ? s->heard : s->last + PRAC_MIN;
  if (s->heard != PRAC_TIME_NONE && s->heard > seen) seen = s->heard;
  if (now == PRAC_TIME_NONE || now - seen <= LATE_MIN * PRAC_MIN)
    return s->lost > 0 ? "loss" : "ok";
  return now - seen <= SILENT_MIN * PRAC_MIN ? "late" : "silent";
}

/* What the sensor itself wrote may name any address. */
static void key_gated(const struct portal *p, const struct portal_audience *a, struct prac_json *j,
                      const char *key, const char *s)
{
  struct prac_arena *arena = prac_arena_new(256);
  if (!arena || access_gate_text(&a->scope, p->env.geo, &s, arena) != PRAC_OK) s = "";
  prac_json_key_str(j, key, s);
  prac_arena_free(&arena);
}

static void setup_json(const struct portal *p, const struct portal_audience *a,
                       const struct live_sensor *s, struct prac_json *j)
{
  prac_json_key(j, "clock_offset_ns");
  prac_json_i64(j, s->clock_offset_ns);
  prac_json_key_u64(j, "queue", s->queue);
  prac_json_key_bool(j, "clock_synced", s->clock_synced);
  key_gated(p, a, j, "source", s->source);
  key_gated(p, a, j, "version", s->version);
}

void portal_sensors_json(const struct portal *p, const struct portal_audience *a,
                         struct prac_json *j)
{
  prac_time now = live_event_time(p->live);
  prac_json_open(j, '[');
  for (size_t i = 0; i < live_sensor_count(p->live); i++) {
    const struct live_sensor *s = live_sensor_at(p->live, i);
    /* Its own newest minute: sensors may be a little apart. None when it is behind. */
    bool speaks = s->last != PRAC_TIME_NONE && now - s->last <= (LATE_MIN + 1) * PRAC_MIN;
    const struct live_minute *m = speaks ? live_minute_at(s, s->last) : NULL;
    prac_json_open(j, '{');
    prac_json_key_str(j, "name", s->name);
    prac_json_key_str(j, "country", s->country);
    prac_json_key_str(j, "state", state_of(s, live_clock_of(p->live, s)));
    prac_json_key_time(j, "first", s->first);
    prac_json_key_time(j, "last", s->last);
    prac_json_key_time(j, "heard", s->heard);
    prac_json_key_u64(j, "packets", m ? m->packets : 0);
    prac_json_key_u64(j, "sources", m ? m->sources : 0);
    prac_json_key_u64(j, "lost", s->lost);
    prac_json_key_u64(j, "evicted", s->evicted);
    prac_json_key_u64(j, "malformed", s->malformed);
    if (a->setup) setup_json(p, a, s, j);
    prac_json_close(j, '}');
  }
  prac_json_close(j, ']');
}

void portal_alert_counts_json(const struct portal_alerts *l, struct prac_json *j)
{
  static const char *const words[] = {"unknown", "notice", "low", "medium", "high", "critical"};
  uint64_t by[PRAC_ARRAY_LEN(words)] = {0}, open = 0;
  for (size_t i = 0; i < l->n; i++) {
    if (!l->v[i].open) continue;
    open++;
    by[l->v[i].rank]++;
  }
  prac_json_open(j, '{');
  prac_json_key_u64(j, "open", open);
  for (size_t i = 1; i < PRAC_ARRAY_LEN(words); i++) prac_json_key_u64(j, words[i], by[i]);
  prac_json_close(j, '}');
}

void portal_status(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct prac_json j = prac_json_of(4 << 20);
  struct portal_audience *a = portal_audience_at(p, r);
  (void)word;
  if (!a) return;
  /* Before the numbers: events after this id are not in them, or are and do no harm again. */
  uint64_t last = sys_http_feed_last(a->feed);
  pthread_mutex_lock(&p->lock);
  prac_json_open(&j, '{');
  prac_json_key_str(&j, "name", "PRACTICE");
  prac_json_key_str(&j, "version", p->env.version ? p->env.version : "");
  prac_json_key_str(&j, "title", p->conf.title);
  prac_json_key_str(&j, "title_ja", *p->conf.title_ja ? p->conf.title_ja : p->conf.title);
  prac_json_key_time(&j, "event_time", live_event_time(p->live));
  prac_json_key_time(&j, "wall_time", p->env.clock ? prac_now(p->env.clock) : PRAC_TIME_NONE);
  prac_json_key_str(&j, "geography", live_geo(p->live));
  prac_json_key_bool(&j, "history", p->env.store != NULL);
  prac_json_key_u64(&j, "last_event", last);
  prac_json_key(&j, "alerts");
  portal_alert_counts_json(&a->alerts, &j);
  prac_json_key(&j, "sensors");
  portal_sensors_json(p, a, &j);
  prac_json_key(&j, "counters");
  prac_json_open(&j, '{');
  prac_json_key_u64(&j, "messages", prac_counter_get(&p->counters[PORTAL_C_MESSAGES]));
  prac_json_key_u64(&j, "unreadable", prac_counter_get(&p->counters[PORTAL_C_UNREADABLE]));
  prac_json_key_u64(&j, "dropped", live_dropped(p->live) + p->alerts.dropped);
  prac_json_close(&j, '}');
  prac_json_close(&j, '}');
  pthread_mutex_unlock(&p->lock);
  prac_json_newline(&j);
  portal_audience_unref(p, &a);
  portal_send_json(r, &j);
}

/* ---- series ---- */

/* A number parameter; false: answered with an error. */
static bool number(struct sys_http_req *r, const char *name, long lo, long hi, long *ret)
{
  const char *s = sys_http_param(r, name);
  char *end;
  if (!s) return true;
  long v = strtol(s, &end, 10);
  if (*end || end == s || v < lo || v > hi) {
    portal_send_error(r, 400, "bad_value", "%s must be a number from %ld to %ld", name, lo, hi);
    return false;
  }
  *ret = v;
  return true;
}

/* Columns, not objects: a day of one sensor is 1440 minutes, and a page has many. */
static void series_sensor(const struct live_sensor *s, prac_time from, long minutes,
                          struct prac_json *j)
{
  prac_json_open(j, '{');
  prac_json_key_str(j, "sensor", s->name);
  for (int col = 0; col < 2; col++) {
    prac_json_key(j, col == 0 ? "packets" : "sources");
    prac_json_open(j, '[');
    for (long i = 0; i < minutes; i++) {
      const struct live_minute *m = live_minute_at(s, from + i * PRAC_MIN);
      if (!m)
        prac_json_null(j);
      else
        prac_json_u64(j, col == 0 ? m->packets : m->sources);
    }
    prac_json_close(j, ']');
  }
  prac_json_close(j, '}');
}

static void series_rows(const struct live *l, prac_time from, long minutes, struct rows *rows)
{
  static const struct store_col cols[] = {{"at", "", STORE_TIME},
                                          {"sensor", "", STORE_TEXT},
                                          {"packets", "packets", STORE_U64},
                                          {"sources", "hosts", STORE_U64}};
  for (long i = 0; i < minutes; i++)
    for (size_t k = 0; k < live_sensor_count(l); k++) {
      const struct live_sensor *s = live_sensor_at(l, k);
      const struct live_minute *m = live_minute_at(s, from + i * PRAC_MIN);
      struct store_value v[4] = {{.t = from + i * PRAC_MIN}, {.s = s->name}};
      if (!m) continue;
      v[2].u = m->packets;
      v[3].u = m->sources;
      if (rows_put(rows, cols, PRAC_ARRAY_LEN(cols), v) != PRAC_OK) return;
    }
}

void portal_series(struct portal *p, struct sys_http_req *r, const char *word)
{
  long minutes = 180;
  struct rows rows;
  enum rows_format f;
  (void)word;
  if (portal_has_filters(r) || sys_http_param(r, "step") || sys_http_param(r, "by")) {
    portal_ask(p, r, STORE_SERIES, NULL, NULL, NULL);
    return;
  }
  if (!number(r, "minutes", 1, LIVE_MINUTES, &minutes)) return;
  (void)rows_format_of(sys_http_param(r, "format"), &f);
  rows_init(&rows, f, SIZE_MAX, 64 << 20);
  pthread_mutex_lock(&p->lock);
  prac_time now = live_event_time(p->live);
  prac_time to = now == PRAC_TIME_NONE ? 0 : prac_time_floor(now + PRAC_MIN - 1, PRAC_MIN);
  prac_time from = to - minutes * PRAC_MIN;
  if (now == PRAC_TIME_NONE) minutes = 0;
  if (f == ROWS_JSON) {
    prac_json_key_time(&rows.j, "from", from);
    prac_json_key_u64(&rows.j, "step_s", 60);
    prac_json_key_u64(&rows.j, "count", (uint64_t)minutes);
    prac_json_key(&rows.j, "sensors");
    prac_json_open(&rows.j, '[');
    for (size_t i = 0; i < live_sensor_count(p->live); i++)
      series_sensor(live_sensor_at(p->live, i), from, minutes, &rows.j);
    prac_json_close(&rows.j, ']');
    prac_json_close(&rows.j, '}');
    prac_json_newline(&rows.j);
  } else {
    series_rows(p->live, from, minutes, &rows);
  }
  pthread_mutex_unlock(&p->lock);
  if (f == ROWS_JSON)
    portal_send_json(r, &rows.j);
  else
    portal_send_rows(r, &rows);
}

/* ---- tops ---- */

enum { TOP_MAX = 1000 };
static const struct store_col top_cols[] = {{"key", "", STORE_TEXT},
                                            {"packets", "packets/min", STORE_F64},
                                            {"sources", "hosts/min", STORE_F64},
                                            {"packets_before", "packets/min", STORE_F64},
                                            {"sources_before", "hosts/min", STORE_F64},
                                            {"rank", "", STORE_U64},
                                            {"rank_before", "", STORE_U64}};

static double round3(double v)
{
  return (double)(int64_t)(v * 1000 + 0.5) / 1000;
}

static void top_row(const struct live *l, enum live_dim dim, const struct live_top *t, char key[40],
                    struct store_value *v)
{
  struct model_port port = {.port = (uint16_t)t->key, .proto = (uint8_t)(t->key >> 16)};
  switch (dim) {
  case LIVE_PORT:
    (void)model_port_text(key, port);
    break;
  case LIVE_COUNTRY:
    (void)snprintf(key, 40, "%c%c", (char)(t->key >> 8), (char)(t->key & 0xff));
    break;
  case LIVE_ASN:
    (void)snprintf(key, 40, "%u", t->key);
    break;
  case LIVE_SENSOR:
    (void)snprintf(key, 40, "%s", live_sensor_at(l, t->key)->name);
    break;
  }
  v[0].s = key;
  v[1].f = round3(t->packets);
  v[2].f = round3(t->sources);
  v[3].f = round3(t->packets_before);
  v[4].f = round3(t->sources_before);
  v[5].u = t->rank;
  v[6].u = t->rank_before;
}

/* For events: [key, packets, sources, packets before, sources before, rank, rank before]. */
void portal_tops_json(const struct portal *p, enum live_dim dim, size_t n, struct prac_json *j)
{
  struct live_top top[32];
  struct store_value v[7];
  char key[40];
  n = live_tops(p->live, dim, false, top, n < 32 ? n : 32);
  prac_json_open(j, '[');
  for (size_t i = 0; i < n; i++) {
    top_row(p->live, dim, &top[i], key, v);
    prac_json_open(j, '[');
    prac_json_str(j, key);
    for (int k = 1; k < 5; k++) prac_json_f64(j, v[k].f);
    prac_json_u64(j, v[5].u);
    prac_json_u64(j, v[6].u);
    prac_json_close(j, ']');
  }
  prac_json_close(j, ']');
}

static void top_rows(struct portal *p, enum live_dim dim, bool by_packets, size_t n,
                     struct live_top *top, struct rows *rows)
{
  struct store_value v[PRAC_ARRAY_LEN(top_cols)];
  char key[40];
  if (rows->format == ROWS_JSON) {
    prac_json_key_time(&rows->j, "at", live_event_time(p->live));
    prac_json_key_u64(&rows->j, "minutes", (uint64_t)LIVE_NOW * LIVE_SLOT_MIN);
    prac_json_key_u64(&rows->j, "minutes_before", (uint64_t)LIVE_BEFORE * LIVE_SLOT_MIN);
    prac_json_key_str(&rows->j, "geography", live_geo(p->live));
  }
  n = live_tops(p->live, dim, by_packets, top, n);
  for (size_t i = 0; i < n; i++) {
    top_row(p->live, dim, &top[i], key, v);
    if (rows_put(rows, top_cols, PRAC_ARRAY_LEN(top_cols), v) != PRAC_OK) return;
  }
}

void portal_top(struct portal *p, struct sys_http_req *r, const char *word)
{
  static const char *const dims[] = {"port", "country", "asn", "sensor"};
  const char *by = sys_http_param(r, "by"), *order = sys_http_param(r, "order");
  enum rows_format f;
  struct rows rows;
  long n = 20;
  int dim = by ? -1 : 0;
  (void)word;
  for (int i = 0; by && i < (int)PRAC_ARRAY_LEN(dims); i++)
    if (strcmp(by, dims[i]) == 0) dim = i;
  if (portal_has_filters(r) || dim < 0) {
    portal_ask(p, r, STORE_TOP, NULL, NULL, NULL);
    return;
  }
  if (!number(r, "limit", 1, TOP_MAX, &n)) return;
  struct live_top *top = calloc((size_t)n, sizeof *top);
  (void)rows_format_of(sys_http_param(r, "format"), &f);
  rows_init(&rows, f, (size_t)n, 1 << 20);
  if (top) {
    pthread_mutex_lock(&p->lock);
    top_rows(p, (enum live_dim)dim, order && strcmp(order, "packets") == 0, (size_t)n, top, &rows);
    pthread_mutex_unlock(&p->lock);
  }
  free(top);
  portal_send_rows(r, &rows);
}

/* ---- alerts ---- */

void portal_alerts(struct portal *p, struct sys_http_req *r, const char *word)
{
  long n = 200;
  const char *format = sys_http_param(r, "format");
  bool by_more = sys_http_param(r, "kind") || sys_http_param(r, "severity");
  (void)word;
  if (by_more || portal_has_filters(r) || (format && strcmp(format, "json") != 0)) {
    portal_alerts_scan(p, r);
    return;
  }
  if (!number(r, "limit", 1, PORTAL_ALERTS, &n)) return;
  struct portal_audience *a = portal_audience_at(p, r);
  if (!a) return;
  struct prac_json j = prac_json_of(8 << 20);
  prac_json_open(&j, '{');
  prac_json_key(&j, "rows");
  prac_json_open(&j, '[');
  pthread_mutex_lock(&p->lock);
  size_t have = a->alerts.n;
  for (size_t i = 0; i < have && i < (size_t)n; i++)
    prac_json_raw(&j, a->alerts.v[i].json, strlen(a->alerts.v[i].json));
  prac_json_close(&j, ']');
  prac_json_key_bool(&j, "truncated", have > (size_t)n);
  prac_json_key(&j, "counts");
  portal_alert_counts_json(&a->alerts, &j);
  pthread_mutex_unlock(&p->lock);
  prac_json_close(&j, '}');
  prac_json_newline(&j);
  portal_audience_unref(p, &a);
  portal_send_json(r, &j);
}

void portal_alert(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct prac_json j = prac_json_of(1 << 20);
  struct portal_audience *a = portal_audience_at(p, r);
  if (!a) return;
  pthread_mutex_lock(&p->lock);
  bool found = portal_alert_json(p, a, word, &j);
  pthread_mutex_unlock(&p->lock);
  portal_audience_unref(p, &a);
  if (found) {
    prac_json_newline(&j);
    portal_send_json(r, &j);
    return;
  }
  prac_json_done(&j);
  portal_ask(p, r, STORE_RECORDS, &model_alert, NULL, word);
}

void portal_events(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct portal_audience *a = portal_audience_at(p, r);
  (void)word;
  if (!a) return;
  sys_http_stream(r, a->feed, portal_sharer(p, r));
  portal_audience_unref(p, &a);
}
