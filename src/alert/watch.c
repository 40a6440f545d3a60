/* What holds of each sensor. Everything hangs on the watch's own time, which whoever runs it tells:
 * a role its clock, a replay the records' own. */
#include "alert/watch.h"

#include <stdlib.h>
#include <string.h>

#include "alert/watch_int.h"

#define AGAIN_NS (6 * PRAC_HOUR) /* what still holds is said again, before the desk lets it go */

#define ITEM(k, t, field, l, h, d, text)                                                           \
  {                                                                                                \
    .key = (k), .type = (t), .offset = offsetof(struct alert_watch_conf, field), .lo = (l),        \
    .hi = (h), .dflt = (d), .help = (text)                                                         \
  }
static const struct prac_conf_item items[] = {
    ITEM("enabled", PRAC_CONF_BOOL, enabled, 0, 1, 1, "whether the sensors are watched"),
    ITEM("missed", PRAC_CONF_INT, missed, 2, WATCH_LATE - 1, 5,
         "a sensor is silent after so many heartbeats that did not come"),
    ITEM("loss", PRAC_CONF_REAL, loss, 0.001, 1, 0.05,
         "a sensor is lossy from this share of its packets on that never reached it"),
    ITEM("min-lost", PRAC_CONF_INT, min_lost, 1, 1e12, 100, "and from so many lost packets on"),
    ITEM("loss-window", PRAC_CONF_DURATION, loss_window_ns, 120, 86400, 600,
         "loss is measured over so long"),
    ITEM("clock", PRAC_CONF_DURATION, clock_ns, 30, 86400, 60,
         "a sensor's clock is off from this difference on"),
    ITEM("forget", PRAC_CONF_DURATION, forget_ns, 3600, 31536000, 2592000,
         "a sensor that has been silent for so long is no longer waited for"),
};
const struct prac_conf_section alert_watch_section = {
    .path = "watch",
    .about = "sensors that fall silent, lose packets or have a wrong clock",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct alert_watch_conf),
};
static const struct prac_counter_def counter_defs[] = {
#define X(id, name, unit, help, kind) {name, unit, help, kind},
    WATCH_COUNTERS(X)
#undef X
};

prac_rc alert_watch_new(const struct alert_watch_conf *c, uint64_t settings, alert_watch_sink *sink,
                        void *arg, struct alert_watch **ret)
{
  struct alert_watch *w = calloc(1, sizeof *w);
  if (!w) return PRAC_NOMEM;
  w->conf = *c;
  w->settings = settings;
  w->sink = sink;
  w->sink_arg = arg;
  w->now = PRAC_TIME_NONE;
  *ret = w;
  return PRAC_OK;
}

void alert_watch_free(struct alert_watch **wp)
{
  if (!wp || !*wp) return;
  free((*wp)->v);
  free(*wp);
  *wp = NULL;
}

prac_time alert_watch_now(const struct alert_watch *w)
{
  return w->now;
}

/* Of a record: so that no difference of two overflows. */
static int64_t clipped(int64_t ns)
{
  static const int64_t most = INT64_MAX / 4;
  return ns > most ? most : ns < -most ? -most : ns;
}

/* ---- the table ---- */

static prac_rc room(struct alert_watch *w)
{
  if (w->n == WATCH_SENSORS) return PRAC_FULL;
  if (w->n < w->cap) return PRAC_OK;
  uint32_t cap = w->cap ? w->cap * 2 : 16;
  struct watched *v = realloc(w->v, cap * sizeof *v);
  if (!v) return PRAC_NOMEM;
  w->v = v;
  w->cap = cap;
  return PRAC_OK;
}

struct watched *watch_touch(struct alert_watch *w, const char *name, prac_rc *ret_rc)
{
  uint32_t lo = 0, hi = w->n;
  *ret_rc = PRAC_OK;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    int c = strcmp(w->v[mid].name, name);
    if (c == 0) return &w->v[mid];
    if (c < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
  *ret_rc = n == 0 || n >= WATCH_NAME || name[n] ? PRAC_FULL : room(w);
  if (*ret_rc != PRAC_OK) return NULL;
  struct watched *x = &w->v[lo];
  memmove(x + 1, x, (w->n - lo) * sizeof *x);
  *x = (struct watched){.heard = w->now, .counted = PRAC_TIME_NONE, .sent = PRAC_TIME_NONE};
  memcpy(x->name, name, n);
  for (int i = 0; i < WATCH_WHAT_COUNT_; i++)
    x->story[i] = (struct watch_story){PRAC_TIME_NONE, PRAC_TIME_NONE};
  w->n++;
  return x;
}

/* ---- what holds ---- */

/* Begins, goes on or ends; says what is new. */
static prac_rc judge(struct alert_watch *w, struct watched *x, enum watch_what what, bool holds,
                     prac_time since)
{
  struct watch_story *s = &x->story[what];
  bool held = s->from != PRAC_TIME_NONE;
  if (!holds && !held) return PRAC_OK;
  if (held && holds && w->now - s->said < AGAIN_NS) return PRAC_OK;
  if (!held) s->from = since;
  s->said = w->now;
  PRAC_TRY(watch_say(w, x, what, holds));
  if (!holds) *s = (struct watch_story){PRAC_TIME_NONE, PRAC_TIME_NONE};
  return PRAC_OK;
}

static bool is_silent(const struct alert_watch *w, const struct watched *x)
{
  return x->every_ns > 0 && x->quiet_ns > w->conf.missed * x->every_ns;
}

struct watch_loss watch_lost(const struct watched *x)
{
  return (struct watch_loss){x->loss[0].packets + x->loss[1].packets,
                             x->loss[0].lost + x->loss[1].lost};
}

/* The window has two halves; the older goes when the newer is full. */
static void count_loss(const struct alert_watch *w, struct watched *x, const struct health *h)
{
  int64_t half = w->conf.loss_window_ns / 2;
  if (x->counted == PRAC_TIME_NONE) x->counted = w->now;
  if (w->now - x->counted >= half) {
    x->loss[1] = w->now - x->counted >= 2 * half ? (struct watch_loss){0} : x->loss[0];
    x->loss[0] = (struct watch_loss){0};
    x->counted = w->now;
  }
  x->loss[0].packets += h->packets;
  x->loss[0].lost += h->lost;
}

static bool is_lossy(const struct alert_watch *w, const struct watched *x)
{
  struct watch_loss l = watch_lost(x);
  if (x->story[WATCH_LOSSY].from != PRAC_TIME_NONE) return watch_share(l) >= w->conf.loss / 2;
  return l.lost >= (uint64_t)w->conf.min_lost && watch_share(l) >= w->conf.loss;
}

int64_t watch_offset(const struct watched *x)
{
  return llabs(x->own_ns) > llabs(x->seen_ns) ? x->own_ns : x->seen_ns;
}

/* How far its clock is off at least, now that it is `now`, after its newest heartbeat has come.
 * Only a steady delay is a clock's. */
static void see_clock(const struct alert_watch *w, struct watched *x)
{
  int64_t late = w->now - x->sent, least = late, most = late;
  uint32_t all = (uint32_t)w->conf.missed + 1;
  x->sent = PRAC_TIME_NONE;
  if (x->late_at >= all) x->n_late = x->late_at = 0; /* `missed` has been changed */
  x->late_ns[x->late_at] = late;
  x->late_at = (x->late_at + 1) % all;
  if (x->n_late < all) x->n_late++;
  for (uint32_t i = 0; i < x->n_late; i++) {
    if (x->late_ns[i] < least) least = x->late_ns[i];
    if (x->late_ns[i] > most) most = x->late_ns[i];
  }
  bool steady = x->n_late >= all && most - least < w->conf.clock_ns / 2;
  x->seen_ns = late < 0 ? -late : steady ? -least : 0;
}

static bool is_off(const struct alert_watch *w, const struct watched *x)
{
  return llabs(watch_offset(x)) >= w->conf.clock_ns;
}

static prac_rc refuse(struct alert_watch *w, prac_rc rc)
{
  prac_count(&w->counters[WATCH_COUNT_REFUSED], 1);
  return rc == PRAC_FULL ? PRAC_OK : rc;
}

static void take_clock(struct watched *x, const struct health *h, bool live)
{
  bool known = live && h->queue <= WATCH_QUEUE && h->sent != PRAC_TIME_NONE;
  x->synced = h->clock_synced;
  x->error_ns = clipped(h->clock_error_ns);
  x->own_ns = clipped(h->clock_offset_ns);
  x->sent = known ? clipped(h->sent) : PRAC_TIME_NONE;
  if (!known) x->n_late = x->late_at = 0;
}

prac_rc alert_watch_take(struct alert_watch *w, const struct health *h, bool live)
{
  prac_rc rc;
  if (!live) PRAC_TRY(alert_watch_advance(w, h->at));
  if (w->now == PRAC_TIME_NONE) return PRAC_OK;
  struct watched *x = watch_touch(w, h->sensor ? h->sensor : "", &rc);
  if (!x) return refuse(w, rc);
  prac_count(&w->counters[WATCH_COUNT_BEATS], 1);
  if (h->site_country) (void)memccpy(x->country, h->site_country, 0, sizeof x->country - 1);
  PRAC_TRY(judge(w, x, WATCH_SILENT, false, w->now));
  x->heard = w->now;
  x->quiet_ns = 0;
  x->every_ns = h->every_ns < 0 ? 0 : h->every_ns > PRAC_DAY ? PRAC_DAY : h->every_ns;
  count_loss(w, x, h);
  take_clock(x, h, live);
  PRAC_TRY(judge(w, x, WATCH_LOSSY, is_lossy(w, x), w->now));
  return judge(w, x, WATCH_CLOCK, is_off(w, x), w->now);
}

/* ---- time ---- */

/* Not heard for so long: what held of it ends, and nobody waits for it any more. */
static prac_rc forget(struct alert_watch *w, uint32_t i)
{
  struct watched *x = &w->v[i];
  for (int k = 0; k < WATCH_WHAT_COUNT_; k++)
    PRAC_TRY(judge(w, x, (enum watch_what)k, false, w->now));
  w->n--;
  memmove(x, x + 1, (w->n - i) * sizeof *x);
  return PRAC_OK;
}

static void show(struct alert_watch *w)
{
  uint64_t holds[WATCH_WHAT_COUNT_] = {0};
  for (uint32_t i = 0; i < w->n; i++)
    for (int k = 0; k < WATCH_WHAT_COUNT_; k++) holds[k] += w->v[i].story[k].from != PRAC_TIME_NONE;
  prac_gauge(&w->counters[WATCH_COUNT_SENSORS], w->n);
  prac_gauge(&w->counters[WATCH_COUNT_SILENT], holds[WATCH_SILENT]);
  prac_gauge(&w->counters[WATCH_COUNT_LOSSY], holds[WATCH_LOSSY]);
  prac_gauge(&w->counters[WATCH_COUNT_CLOCK], holds[WATCH_CLOCK]);
}

prac_rc alert_watch_advance(struct alert_watch *w, prac_time t)
{
  if (t <= w->now || t != clipped(t)) return PRAC_OK;
  if (w->now == PRAC_TIME_NONE) w->now = t;
  int64_t by = t - w->now < WATCH_STEP ? t - w->now : WATCH_STEP;
  w->now = t;
  for (uint32_t i = 0; i < w->n;) {
    struct watched *x = &w->v[i];
    x->quiet_ns += by;
    if (w->now - x->heard > w->conf.forget_ns) {
      PRAC_TRY(forget(w, i));
      continue;
    }
    PRAC_TRY(judge(w, x, WATCH_SILENT, is_silent(w, x), x->heard));
    if (x->sent != PRAC_TIME_NONE) see_clock(w, x);
    PRAC_TRY(judge(w, x, WATCH_CLOCK, is_off(w, x), w->now));
    i++;
  }
  show(w);
  return PRAC_OK;
}

struct prac_counters alert_watch_counters(const struct alert_watch *w)
{
  struct alert_watch *own = (struct alert_watch *)(uintptr_t)w; /* readers may look at atomics */
  return (struct prac_counters){"watch", counter_defs, own ? own->counters : NULL,
                                WATCH_COUNTER_COUNT_};
}
