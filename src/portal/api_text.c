/* Counters, as machines read them. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portal/impl.h"

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
                                                .cache = "private, no-cache"});
  prac_json_done(&j);
}
