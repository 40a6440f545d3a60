/* What machines read about the portal itself: counters, and the description of the API, made from
 * the table that also dispatches it. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portal/impl.h"

/* ---- /metrics ---- */

/* Plain text into a JSON buffer: a raw value, with no comma before it. */
static void put(struct prac_json *j, const char *fmt, ...) PRAC_PRINTF(2, 3);
static void put(struct prac_json *j, const char *fmt, ...)
{
  char line[512];
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(line, sizeof line, fmt, ap);
  va_end(ap);
  j->comma = 0;
  if (n > 0) prac_json_raw(j, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

static void counters(struct prac_json *j, const struct prac_counters *c, size_t n)
{
  char *text = NULL;
  size_t len = 0;
  if (prac_counters_prometheus(c, n, &text, &len) != PRAC_OK) {
    j->bad = true;
    return;
  }
  j->comma = 0;
  if (len) prac_json_raw(j, text, len);
  free(text);
}

#define SENSOR_METRICS(X)                                                                          \
  X(LAST, "last_minute_seconds", "s", "Start of the newest minute heard of; 0: none yet.",         \
    PRAC_GAUGE)                                                                                    \
  X(HEARD, "heartbeat_seconds", "s", "Event time of the last heartbeat; 0: none yet.", PRAC_GAUGE) \
  X(BEATS, "heartbeats", "records", "Heartbeats since the portal started.", PRAC_COUNTER)          \
  X(PACKETS, "packets", "packets", "Captured, by the heartbeats.", PRAC_COUNTER)                   \
  X(ALL_LOST, "lost", "packets", "Lost by the kernel, by the heartbeats.", PRAC_COUNTER)           \
  X(LOST, "lost_packets", "packets", "Lost by the kernel in the last heartbeat.", PRAC_GAUGE)      \
  X(EVICTED, "evicted_rows", "rows", "Published early in the last heartbeat: the table was full.", \
    PRAC_GAUGE)                                                                                    \
  X(MALFORMED, "malformed_packets", "packets", "Unreadable in the last heartbeat.", PRAC_GAUGE)    \
  X(QUEUE, "queue_messages", "messages",                                                           \
    "Waiting for the bus; a rise means: the link or the bus.", PRAC_GAUGE)                         \
  X(QUEUE_BYTES, "queue_bytes", "bytes", "Waiting for the bus.", PRAC_GAUGE)                       \
  X(AHEAD, "clock_ahead_seconds", "s", "By which its minutes are ahead of its own clock.",         \
    PRAC_GAUGE)                                                                                    \
  X(SYNCED, "clock_synchronised", "1", "Whether its system keeps its clock in step.", PRAC_GAUGE)  \
  X(ERROR, "clock_error_milliseconds", "ms", "How wrong its clock may be; 0: unknown.", PRAC_GAUGE)
enum sensor_metric {
#define X(id, name, unit, help, kind) SENSOR_##id,
  SENSOR_METRICS(X)
#undef X
      SENSOR_METRIC_COUNT_
};
static const struct prac_counter_def sensor_defs[] = {
#define X(id, name, unit, help, kind) {name, unit, help, kind},
    SENSOR_METRICS(X)
#undef X
};
struct sensor_metrics {
  char room[48]; /* "sensor/tokyo" */
  _Atomic uint64_t v[SENSOR_METRIC_COUNT_];
};

static uint64_t positive(int64_t ns, int64_t unit)
{
  return ns > 0 ? (uint64_t)(ns / unit) : 0;
}

static void measure(const struct live_sensor *s, struct sensor_metrics *to)
{
  const uint64_t v[SENSOR_METRIC_COUNT_] = {[SENSOR_LAST] = positive(s->last, PRAC_SEC),
                                            [SENSOR_HEARD] = positive(s->heard, PRAC_SEC),
                                            [SENSOR_BEATS] = s->beats,
                                            [SENSOR_PACKETS] = s->all_captured,
                                            [SENSOR_ALL_LOST] = s->all_lost,
                                            [SENSOR_LOST] = s->lost,
                                            [SENSOR_EVICTED] = s->evicted,
                                            [SENSOR_MALFORMED] = s->malformed,
                                            [SENSOR_QUEUE] = s->queue,
                                            [SENSOR_QUEUE_BYTES] = s->queue_bytes,
                                            [SENSOR_AHEAD] = positive(s->clock_offset_ns, PRAC_SEC),
                                            [SENSOR_SYNCED] = s->clock_synced,
                                            [SENSOR_ERROR] = positive(s->clock_error_ns, PRAC_MS)};
  (void)snprintf(to->room, sizeof to->room, "sensor/%s", s->name);
  for (size_t i = 0; i < SENSOR_METRIC_COUNT_; i++) atomic_init(&to->v[i], v[i]);
}

static void sensor_gauges(struct portal *p, struct prac_json *j)
{
  size_t n = live_sensor_count(p->live);
  struct sensor_metrics *m = calloc(n + 1, sizeof *m);
  struct prac_counters *c = calloc(n + 1, sizeof *c);
  if (!m || !c) j->bad = true;
  for (size_t i = 0; i < n && !j->bad; i++) {
    measure(live_sensor_at(p->live, i), &m[i]);
    c[i] = (struct prac_counters){m[i].room, sensor_defs, m[i].v, SENSOR_METRIC_COUNT_};
  }
  if (!j->bad) counters(j, c, n);
  free(m);
  free(c);
  uint64_t open = 0;
  for (size_t i = 0; i < p->alerts.n; i++) open += p->alerts.v[i].open;
  put(j,
      "# HELP practice_alerts_open alerts that are open\n# TYPE practice_alerts_open gauge\n"
      "practice_alerts_open %" PRIu64 "\n",
      open);
}

void portal_metrics(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct prac_json j = prac_json_of(4 << 20);
  struct prac_counters http = sys_http_counters(p->http), own = portal_counters(p);
  (void)word;
  counters(&j, &http, 1);
  counters(&j, &own, 1);
  counters(&j, p->env.counters, p->env.n_counters);
  pthread_mutex_lock(&p->lock);
  sensor_gauges(p, &j);
  pthread_mutex_unlock(&p->lock);
  if (j.bad)
    portal_send_error(r, 500, "too_large", "the counters do not fit into memory");
  else
    sys_http_respond(r, &(struct sys_http_resp){.status = 200,
                                                .type = "text/plain; version=0.0.4; charset=utf-8",
                                                .body = j.buf,
                                                .len = j.len,
                                                .pack = true,
                                                .cache = "no-cache"});
  prac_json_done(&j);
}

/* ---- /openapi.json ---- */

static void text(struct prac_json *j, const char *key, const char *s)
{
  prac_json_key(j, key);
  prac_json_str(j, s);
}
static void open_key(struct prac_json *j, const char *key, char bracket)
{
  prac_json_key(j, key);
  prac_json_open(j, bracket);
}

static void schema(struct prac_json *j, const char *type)
{
  open_key(j, "schema", '{');
  text(j, "type", strchr(type, '|') ? "string" : type);
  if (strchr(type, '|')) {
    open_key(j, "enum", '[');
    for (const char *s = type; *s;) {
      size_t n = strcspn(s, "|");
      prac_json_strn(j, s, n);
      s += n + (s[n] == '|');
    }
    prac_json_close(j, ']');
  }
  prac_json_close(j, '}');
}

static void param(struct prac_json *j, const char *name, const char *in, const char *type,
                  const char *help)
{
  prac_json_open(j, '{');
  text(j, "name", name);
  text(j, "in", in);
  if (strcmp(in, "path") == 0) {
    prac_json_key(j, "required");
    prac_json_bool(j, true);
  }
  text(j, "description", help);
  schema(j, type);
  prac_json_close(j, '}');
}

static void params(struct prac_json *j, const struct portal_route *t)
{
  const char *word = strchr(t->path, '{');
  char name[32] = "";
  open_key(j, "parameters", '[');
  if (word) {
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 1, "}"), word + 1);
    param(j, name, "path", "string", "which one");
  }
  for (const struct portal_param *p = t->params; p->name; p++)
    param(j, p->name, "query", p->type, p->help);
  prac_json_close(j, ']');
}

static void media(struct prac_json *j, const char *type, const char *ref)
{
  open_key(j, type, '{');
  open_key(j, "schema", '{');
  if (ref)
    text(j, "$ref", ref);
  else
    text(j, "type", "string");
  prac_json_close(j, '}');
  prac_json_close(j, '}');
}

static void responses(struct prac_json *j, const struct portal_route *t)
{
  open_key(j, "responses", '{');
  open_key(j, "200", '{');
  text(j, "description", t->about);
  open_key(j, "content", '{');
  switch (t->shape) {
  case PORTAL_OBJECT:
    media(j, "application/json", "#/components/schemas/Object");
    break;
  case PORTAL_ROWS:
    media(j, rows_type(ROWS_JSON), "#/components/schemas/Rows");
    media(j, rows_type(ROWS_NDJSON), NULL);
    media(j, "text/csv", NULL);
    break;
  case PORTAL_EVENTS:
    media(j, "text/event-stream", NULL);
    break;
  case PORTAL_TEXT:
    media(j, "text/plain", NULL);
    break;
  }
  prac_json_close(j, '}');
  prac_json_close(j, '}');
  open_key(j, "4XX", '{');
  text(j, "description", "what is wrong with the question");
  open_key(j, "content", '{');
  media(j, "application/json", "#/components/schemas/Error");
  prac_json_close(j, '}');
  prac_json_close(j, '}');
  prac_json_close(j, '}');
}

static void body(struct prac_json *j, const struct model_kind *kind)
{
  open_key(j, "requestBody", '{');
  prac_json_key(j, "required");
  prac_json_bool(j, true);
  open_key(j, "content", '{');
  open_key(j, "application/json", '{');
  prac_json_key(j, "schema");
  model_schema(kind, j);
  prac_json_close(j, '}');
  prac_json_close(j, '}');
  prac_json_close(j, '}');
}

static void operation(struct prac_json *j, const struct portal_route *t)
{
  open_key(j, t->method == SYS_HTTP_POST ? "post" : "get", '{');
  text(j, "operationId", t->name);
  text(j, "summary", t->about);
  params(j, t);
  if (t->body) body(j, t->body);
  responses(j, t);
  prac_json_close(j, '}');
}

/* t and what else there is at its path, unless that was written with an earlier one. */
static void path(struct prac_json *j, const struct portal_route *t)
{
  for (const struct portal_route *o = portal_routes; o < t; o++)
    if (strcmp(o->path, t->path) == 0) return;
  open_key(j, t->path, '{');
  for (const struct portal_route *o = t; o->path; o++)
    if (strcmp(o->path, t->path) == 0) operation(j, o);
  prac_json_close(j, '}');
}

static const char schemas[] =
    "{\"Object\":{\"type\":\"object\"},"
    "\"Rows\":{\"type\":\"object\",\"properties\":{\"rows\":{\"type\":\"array\",\"items\":"
    "{\"type\":\"object\"}},\"truncated\":{\"type\":\"boolean\"}}},"
    "\"Error\":{\"type\":\"object\",\"required\":[\"error\"],\"properties\":{\"error\":"
    "{\"type\":\"object\",\"required\":[\"code\",\"text\"],\"properties\":{\"code\":"
    "{\"type\":\"string\"},\"text\":{\"type\":\"string\"}}}}}}";

void portal_openapi(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct prac_json j = prac_json_of(1 << 20);
  (void)word;
  prac_json_open(&j, '{');
  text(&j, "openapi", "3.1.0");
  open_key(&j, "info", '{');
  text(&j, "title", "PRACTICE portal");
  text(&j, "version", p->env.version ? p->env.version : "0");
  text(&j, "description",
       "Observations of unused addresses and the alerts made from them. Addresses of the sensors "
       "themselves never appear.");
  open_key(&j, "license", '{');
  text(&j, "name", "Apache-2.0");
  text(&j, "identifier", "Apache-2.0");
  prac_json_close(&j, '}');
  prac_json_close(&j, '}');
  open_key(&j, "servers", '[');
  prac_json_open(&j, '{');
  text(&j, "url", "/api/v1");
  prac_json_close(&j, '}');
  prac_json_close(&j, ']');
  open_key(&j, "paths", '{');
  for (const struct portal_route *t = portal_routes; t->path; t++) path(&j, t);
  prac_json_close(&j, '}');
  open_key(&j, "components", '{');
  prac_json_key(&j, "schemas");
  prac_json_raw(&j, schemas, sizeof schemas - 1);
  prac_json_close(&j, '}');
  prac_json_close(&j, '}');
  prac_json_newline(&j);
  portal_send_json(r, &j);
}
