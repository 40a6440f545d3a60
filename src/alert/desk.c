/* The desk: which stories are open, and what is said about them when. Event time is all it knows;
 * whatever falls due is done in order of (time, key), so two runs say the same. */
#include "alert/alert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/desk_int.h"
#include "base/hash.h"

static const char *const tlp_labels[] = {"TLP:RED",   "TLP:AMBER+STRICT", "TLP:AMBER",
                                         "TLP:GREEN", "TLP:CLEAR",        NULL};
static const struct prac_conf_item conf_items[] = {
    {.key = "hold",
     .type = PRAC_CONF_DURATION,
     .offset = offsetof(struct alert_conf, hold_ns),
     .lo = 60,
     .hi = 31536000,
     .dflt = 259200,
     .help = "an alert closes after so long without a finding, should no engine say that it ended"},
    {.key = "resume",
     .type = PRAC_CONF_DURATION,
     .offset = offsetof(struct alert_conf, resume_ns),
     .hi = 31536000,
     .dflt = 86400,
     .help = "a closed alert goes on under its old id when it is found again within this time"},
    {.key = "quiet",
     .type = PRAC_CONF_DURATION,
     .offset = offsetof(struct alert_conf, quiet_ns),
     .hi = 86400,
     .dflt = 3600,
     .help = "updates of one alert are at least so far apart, unless the severity rises"},
    {.key = "patience",
     .type = PRAC_CONF_DURATION,
     .offset = offsetof(struct alert_conf, patience_ns),
     .lo = 1,
     .hi = 86400,
     .dflt = 60,
     .help =
         "longest that findings wait, by the wall clock, for a worker that is behind the others"},
    {.key = "max-open",
     .type = PRAC_CONF_INT,
     .offset = offsetof(struct alert_conf, max_open),
     .lo = 1,
     .hi = 1000000,
     .dflt = 10000,
     .help = "alerts open at the same time"},
    {.key = "min-level",
     .type = PRAC_CONF_INT,
     .offset = offsetof(struct alert_conf, min_level),
     .lo = 1,
     .hi = 5,
     .dflt = 1,
     .help = "least level of a finding that opens an alert: 1 notice .. 5 critical"},
    {.key = "tlp",
     .type = PRAC_CONF_STRING,
     .offset = offsetof(struct alert_conf, tlp),
     .sdflt = "TLP:AMBER",
     .words = tlp_labels,
     .help = "handling label of alerts"},
    {.key = "ignore",
     .type = PRAC_CONF_STRING,
     .offset = offsetof(struct alert_conf, ignore),
     .sdflt = "noise-",
     .help = "findings whose kind begins so make no alert; several, separated by commas"},
};
const struct prac_conf_section alert_conf_section = {
    .path = "alert",
    .about = "how findings become alerts",
    .items = conf_items,
    .n_items = PRAC_ARRAY_LEN(conf_items),
    .size = sizeof(struct alert_conf),
};
static const struct prac_counter_def counter_defs[] = {
#define X(id, name, unit, help, kind) {name, unit, help, kind},
    ALERT_COUNTERS(X)
#undef X
};

static const prac_time NEVER = INT64_MAX;

static bool tlp_known(const char *s)
{
  for (const char *const *l = tlp_labels; *l; l++)
    if (strcmp(*l, s) == 0) return true;
  return false;
}

prac_rc alert_desk_new(const struct alert_conf *c, alert_sink *sink, void *arg,
                       struct alert_desk **ret)
{
  if (!c->tlp || !tlp_known(c->tlp) || c->max_open < 1) return PRAC_RANGE;
  struct alert_desk *d = calloc(1, sizeof *d);
  if (!d) return PRAC_NOMEM;
  d->conf = *c;
  d->sink = sink;
  d->sink_arg = arg;
  d->next_due = NEVER;
  d->now = PRAC_TIME_NONE;
  d->n_buckets = 256;
  while (d->n_buckets < (size_t)c->max_open * 2) d->n_buckets *= 2;
  d->buckets = calloc(d->n_buckets, sizeof *d->buckets);
  char *tlp = strdup(c->tlp), *ignore = strdup(c->ignore ? c->ignore : "");
  d->conf.tlp = tlp;
  d->conf.ignore = ignore;
  if (!d->buckets || !tlp || !ignore) {
    alert_desk_free(&d);
    return PRAC_NOMEM;
  }
  *ret = d;
  return PRAC_OK;
}

void alert_desk_free(struct alert_desk **dp)
{
  if (!dp || !*dp) return;
  struct alert_desk *d = *dp;
  *dp = NULL;
  for (size_t i = 0; i < d->n; i++) alert_story_free(&d->all[i]);
  free((void *)d->all);
  free((void *)d->buckets);
  free(d->away);
  free((void *)(uintptr_t)d->conf.tlp);
  free((void *)(uintptr_t)d->conf.ignore);
  free(d);
}

static void count(struct alert_desk *d, enum alert_counter id)
{
  prac_count(&d->counters[id], 1);
}

/* ---- the table ---- */

static struct alert_story **bucket(const struct alert_desk *d, const char *key)
{
  return &d->buckets[prac_hash_bytes(5, key, strlen(key)) & (d->n_buckets - 1)];
}

struct alert_story *alert_desk_find(const struct alert_desk *d, const char *key)
{
  struct alert_story *s = *bucket(d, key);
  while (s && strcmp(s->a.key, key) != 0) s = s->chain;
  return s;
}

prac_rc alert_desk_add(struct alert_desk *d, struct alert_story *s)
{
  if (d->n == d->cap) {
    size_t cap = d->cap ? d->cap * 2 : 64;
    struct alert_story **v = realloc((void *)d->all, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    d->all = v;
    d->cap = cap;
  }
  struct alert_story **b = bucket(d, s->a.key);
  s->chain = *b;
  *b = s;
  s->at = d->n;
  d->all[d->n++] = s;
  return PRAC_OK;
}

static void forget(struct alert_desk *d, struct alert_story *s)
{
  struct alert_story **b = bucket(d, s->a.key);
  while (*b != s) b = &(*b)->chain;
  *b = s->chain;
  d->all[s->at] = d->all[--d->n];
  d->all[s->at]->at = s->at;
  alert_story_free(&s);
}

/* ---- what falls due ---- */

static prac_time later(prac_time t, int64_t by)
{
  return t > INT64_MAX - by ? NEVER : t + by;
}

static prac_time due(const struct alert_desk *d, const struct alert_story *s)
{
  if (!s->open)
    return later(later(s->a.closed, d->conf.resume_ns), 1); /* within includes the end */
  prac_time close = later(alert_story_heard(s), d->conf.hold_ns);
  prac_time say = s->pending ? later(s->said, d->conf.quiet_ns) : NEVER;
  return say < close ? say : close;
}

void alert_desk_note_due(struct alert_desk *d, const struct alert_story *s)
{
  prac_time t = due(d, s);
  if (t < d->next_due) d->next_due = t;
}

static prac_rc say(struct alert_desk *d, struct alert_story *s, const char *state, prac_time at)
{
  s->a.state = state;
  s->a.at = at;
  s->a.revision++;
  s->said = at;
  s->pending = false;
  s->a.severity = alert_severity_text(s->open ? alert_story_level(s) : s->level);
  s->a.tlp = d->conf.tlp;
  return d->sink(d->sink_arg, &s->a);
}

static prac_rc close_story(struct alert_desk *d, struct alert_story *s, prac_time at)
{
  s->open = false;
  s->n_claims = 0;
  s->a.closed = at;
  d->n_open--;
  count(d, ALERT_COUNT_CLOSED);
  prac_rc rc = say(d, s, "close", at);
  alert_desk_note_due(d, s);
  return rc;
}

static int by_key(const void *pa, const void *pb)
{
  struct alert_story *const *a = pa, *const *b = pb;
  return strcmp((*a)->a.key, (*b)->a.key);
}

/* What an engine has not said again for so long does not hold any more. */
static void expire(const struct alert_desk *d, struct alert_story *s, prac_time at)
{
  if (at >= INT64_MIN + d->conf.hold_ns) alert_story_expire(s, at - d->conf.hold_ns);
}

static prac_rc fire(struct alert_desk *d, struct alert_story *s, prac_time at)
{
  if (!s->open) {
    forget(d, s);
    return PRAC_OK;
  }
  expire(d, s, at);
  if (s->n_claims == 0) return close_story(d, s, at);
  count(d, ALERT_COUNT_UPDATED);
  return say(d, s, "update", at);
}

/* Everything due at exactly `at`, in order of key. */
static prac_rc fire_all(struct alert_desk *d, prac_time at)
{
  size_t n = 0;
  struct alert_story **v = malloc((d->n + 1) * sizeof *v);
  if (!v) return PRAC_NOMEM;
  for (size_t i = 0; i < d->n; i++)
    if (due(d, d->all[i]) == at) v[n++] = d->all[i];
  qsort((void *)v, n, sizeof *v, by_key);
  prac_rc rc = PRAC_OK;
  for (size_t i = 0; i < n && rc == PRAC_OK; i++) rc = fire(d, v[i], at);
  free((void *)v);
  return rc;
}

prac_rc alert_desk_advance(struct alert_desk *d, prac_time t)
{
  while (d->next_due <= t) {
    prac_time first = NEVER;
    for (size_t i = 0; i < d->n; i++) {
      prac_time x = due(d, d->all[i]);
      if (x < first) first = x;
    }
    d->next_due = first;
    if (first > t) break;
    PRAC_TRY(fire_all(d, first)); /* moves each of these to a later time, or forgets it */
  }
  if (t > d->now) d->now = t;
  prac_gauge(&d->counters[ALERT_COUNT_OPEN], d->n_open);
  return PRAC_OK;
}

/* ---- taking ---- */

/* The least severe, oldest quiet open story beside `keep`. */
static struct alert_story *least(const struct alert_desk *d, const struct alert_story *keep)
{
  struct alert_story *out = NULL;
  for (size_t i = 0; i < d->n; i++) {
    struct alert_story *s = d->all[i];
    if (!s->open || s == keep) continue;
    uint32_t level = alert_story_level(s), least = out ? alert_story_level(out) : 0;
    if (!out || level < least ||
        (level == least &&
         (s->heard < out->heard || (s->heard == out->heard && by_key(&s, &out) < 0))))
      out = s;
  }
  return out;
}

static struct alert_story *oldest_closed(const struct alert_desk *d)
{
  struct alert_story *out = NULL;
  for (size_t i = 0; i < d->n; i++) {
    struct alert_story *s = d->all[i];
    if (!s->open && (!out || s->a.closed < out->a.closed ||
                     (s->a.closed == out->a.closed && by_key(&s, &out) < 0)))
      out = s;
  }
  return out;
}

/* After `keep` was opened: back to the limits. */
static prac_rc make_room(struct alert_desk *d, const struct alert_story *keep, prac_time at)
{
  if (d->n_open > (size_t)d->conf.max_open) {
    struct alert_story *s = least(d, keep);
    count(d, ALERT_COUNT_EARLY);
    PRAC_TRY(close_story(d, s, at));
  }
  if (d->n - d->n_open > (size_t)d->conf.max_open) forget(d, oldest_closed(d));
  return PRAC_OK;
}

static prac_rc begin(struct alert_desk *d, const struct finding *f, struct alert_story **ret)
{
  char id[24];
  snprintf(id, sizeof id, "a%016llx",
           (unsigned long long)prac_hash2(prac_hash_bytes(9, f->key, strlen(f->key)),
                                          (uint64_t)f->at, 1));
  const struct alert a = {.id = id, .key = f->key, .opened = f->at, .closed = PRAC_TIME_NONE};
  struct alert_story *s = alert_story_new();
  if (!s) return PRAC_NOMEM;
  prac_rc rc = alert_story_set(s, &a);
  if (rc == PRAC_OK) rc = alert_desk_add(d, s);
  if (rc != PRAC_OK)
    alert_story_free(&s);
  else
    *ret = s;
  return rc;
}

/* What is below min-level opens nothing, so it does not hold anything open either. */
static prac_rc take_on(struct alert_desk *d, struct alert_story *s, const struct finding *f)
{
  PRAC_TRY(alert_story_merge(s, f, true));
  s->heard = f->at;
  bool low = f->level < (uint32_t)d->conf.min_level && !alert_story_holds(s, f);
  if (!low && !alert_story_claim(s, f)) count(d, ALERT_COUNT_CROWDED);
  uint32_t level = alert_story_level(s);
  if (level > s->level) s->level = level;
  return PRAC_OK;
}

static prac_rc open_story(struct alert_desk *d, struct alert_story *s, const struct finding *f)
{
  if (f->level < (uint32_t)d->conf.min_level) {
    count(d, ALERT_COUNT_LOW);
    return PRAC_OK;
  }
  bool fresh = !s;
  if (fresh) PRAC_TRY(begin(d, f, &s));
  s->level = 0; /* what it was before is in the revisions before */
  PRAC_TRY(take_on(d, s, f));
  s->open = true;
  s->a.closed = PRAC_TIME_NONE;
  d->n_open++;
  PRAC_TRY(make_room(d, s, f->at));
  count(d, fresh ? ALERT_COUNT_OPENED : ALERT_COUNT_RESUMED);
  PRAC_TRY(say(d, s, fresh ? "open" : "resume", f->at));
  alert_desk_note_due(d, s);
  return PRAC_OK;
}

static prac_rc say_or_wait(struct alert_desk *d, struct alert_story *s, prac_time at, bool urgent)
{
  if (urgent || later(s->said, d->conf.quiet_ns) <= at) {
    count(d, ALERT_COUNT_UPDATED);
    PRAC_TRY(say(d, s, "update", at));
  } else {
    s->pending = true;
  }
  alert_desk_note_due(d, s);
  return PRAC_OK;
}

static prac_rc update_story(struct alert_desk *d, struct alert_story *s, const struct finding *f)
{
  uint32_t said = alert_severity_level(s->a.severity);
  expire(d, s, f->at);
  PRAC_TRY(take_on(d, s, f));
  return say_or_wait(d, s, f->at, alert_story_level(s) > said);
}

/* One engine says that it has ended: the story ends with the last. */
static prac_rc end_claim(struct alert_desk *d, struct alert_story *s, const struct finding *f)
{
  if (!alert_story_holds(s, f)) return PRAC_OK;
  if (alert_desk_absent(d, s)) {
    alert_story_wait(s, f);
    count(d, ALERT_COUNT_WITHHELD);
    return PRAC_OK;
  }
  uint32_t before = alert_story_level(s);
  expire(d, s, f->at);
  alert_story_release(s, f);
  bool over = s->n_claims == 0;
  PRAC_TRY(alert_story_merge(s, f, over));
  s->heard = f->at;
  if (over) return close_story(d, s, f->at);
  if (alert_story_level(s) != before) return say_or_wait(d, s, f->at, false);
  alert_desk_note_due(d, s);
  return PRAC_OK;
}

static bool ignored(const struct alert_desk *d, const char *kind)
{
  for (const char *p = d->conf.ignore; *p; p += strcspn(p, ","), p += *p == ',') {
    while (*p == ' ') p++;
    size_t n = strcspn(p, ",");
    if (n && strncmp(kind, p, n) == 0) return true;
  }
  return false;
}

prac_rc alert_desk_take(struct alert_desk *d, const struct finding *f)
{
  PRAC_TRY(alert_desk_advance(d, f->at));
  count(d, ALERT_COUNT_FINDINGS);
  struct alert_story *s = alert_desk_find(d, f->key);
  bool open = s && s->open, off = strcmp(f->state, "off") == 0;
  if (ignored(d, f->kind)) {
    count(d, ALERT_COUNT_IGNORED);
    if (!off) return PRAC_OK; /* an end is heard: what began under another kind may end so */
  }
  if (off) return open ? end_claim(d, s, f) : PRAC_OK;
  return open ? update_story(d, s, f) : open_story(d, s, f);
}

prac_rc alert_desk_finish(struct alert_desk *d)
{
  size_t n = 0;
  struct alert_story **v = malloc((d->n + 1) * sizeof *v);
  if (!v) return PRAC_NOMEM;
  for (size_t i = 0; i < d->n; i++)
    if (d->all[i]->open) v[n++] = d->all[i];
  qsort((void *)v, n, sizeof *v, by_key);
  prac_rc rc = PRAC_OK;
  for (size_t i = 0; i < n && rc == PRAC_OK; i++)
    rc = close_story(d, v[i], d->now > v[i]->said ? d->now : v[i]->said);
  free((void *)v);
  return rc;
}

size_t alert_desk_open_count(const struct alert_desk *d)
{
  return d->n_open;
}

struct prac_counters alert_desk_counters(const struct alert_desk *d)
{
  struct alert_desk *own = (struct alert_desk *)(uintptr_t)d; /* readers may look at atomics */
  return (struct prac_counters){"alert", counter_defs, own->counters, ALERT_COUNTER_COUNT_};
}
