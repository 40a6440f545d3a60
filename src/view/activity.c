/* What a subject did: step by step, and by sensor, port, country and so on. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "view/view_int.h"

const char *const view_dim_names[VIEW_DIM_COUNT_] = {
    [VIEW_SENSORS] = "sensors", [VIEW_PORTS] = "ports",    [VIEW_COUNTRIES] = "countries",
    [VIEW_ASNS] = "asns",       [VIEW_TOOLS] = "tools",    [VIEW_SURVEYS] = "surveys",
    [VIEW_MARKS] = "marks",     [VIEW_TARGETS] = "targets"};
static const uint32_t dim_keys[VIEW_DIM_COUNT_] = {
    [VIEW_SENSORS] = STORE_KEY_SENSOR,    [VIEW_PORTS] = STORE_KEY_PORT,
    [VIEW_COUNTRIES] = STORE_KEY_COUNTRY, [VIEW_ASNS] = STORE_KEY_ASN,
    [VIEW_TOOLS] = STORE_KEY_TOOL,        [VIEW_SURVEYS] = STORE_KEY_SURVEY,
    [VIEW_MARKS] = STORE_KEY_MARKS,       [VIEW_TARGETS] = STORE_KEY_DST};

/* ---- steps ---- */
struct steps {
  struct view *v;
  struct view_steps *to;
  size_t cap;
};

static prac_rc take_step(void *arg, const struct store_col *cols, size_t n,
                         const struct store_value *val)
{
  struct steps *t = arg;
  struct view_row r = view_row_of(cols, n, val);
  PRAC_TRY(VIEW_ROOM(t->v->arena, t->to->v, t->to->n, t->cap));
  t->to->v[t->to->n++] = (struct view_step){r.at, r.packets, r.sources};
  return PRAC_OK;
}

/* ---- groups ---- */
struct groups {
  struct view *v;
  enum view_dim dim;
  size_t cap;
};

static const char *name_of(const struct view_row *r, enum view_dim dim, char text[PRAC_IP_TEXT])
{
  switch (dim) {
  case VIEW_SENSORS:
    return r->sensor;
  case VIEW_PORTS:
    return r->port;
  case VIEW_COUNTRIES:
    return r->country;
  case VIEW_ASNS:
    (void)snprintf(text, PRAC_IP_TEXT, "AS%" PRIu64, r->asn);
    return r->asn ? text : "";
  case VIEW_TOOLS:
    return r->tool;
  case VIEW_SURVEYS:
    return r->survey;
  case VIEW_MARKS:
    return r->marks;
  case VIEW_TARGETS:
    return prac_ip_text(text, &r->dst);
  case VIEW_DIM_COUNT_:
    break;
  }
  return "";
}

static prac_rc add_group(struct groups *t, const char *name, size_t n, const struct view_row *r)
{
  struct view_groups *to = &t->v->groups[t->dim];
  for (size_t i = 0; i < to->n; i++) {
    struct view_group *g = &to->v[i];
    if (strlen(g->name) != n || memcmp(g->name, name, n) != 0) continue;
    g->packets += r->packets; /* marks come in mixtures: each is counted in all of its */
    if (r->sources > g->hosts) g->hosts = r->sources;
    if (r->first < g->first) g->first = r->first;
    if (r->last > g->last) g->last = r->last;
    return PRAC_OK;
  }
  PRAC_TRY(VIEW_ROOM(t->v->arena, to->v, to->n, t->cap));
  struct view_group g = {.packets = r->packets, .hosts = r->sources};
  g.first = r->first;
  g.last = r->last;
  g.name = prac_arena_strndup(t->v->arena, name, n);
  if (!g.name) return PRAC_NOMEM;
  to->v[to->n++] = g;
  return PRAC_OK;
}

static prac_rc take_group(void *arg, const struct store_col *cols, size_t n,
                          const struct store_value *val)
{
  struct groups *t = arg;
  struct view_row r = view_row_of(cols, n, val);
  char text[PRAC_IP_TEXT];
  const char *name = name_of(&r, t->dim, text);
  if (name[0] == 0) return PRAC_OK; /* none: no tool, no list, no mark, unknown */
  if (t->dim != VIEW_MARKS) return add_group(t, name, strlen(name), &r);
  for (size_t len; *name; name += len + (name[len] == ',')) {
    len = strcspn(name, ",");
    PRAC_TRY(add_group(t, name, len, &r));
  }
  return PRAC_OK;
}

static prac_rc take_sum(void *arg, const struct store_col *cols, size_t n,
                        const struct store_value *val)
{
  struct view *v = arg;
  struct view_row r = view_row_of(cols, n, val);
  v->packets = r.packets;
  v->hosts = r.sources;
  v->first = r.first;
  v->last = r.last;
  return PRAC_OK;
}

prac_rc view_activity(struct store *s, const struct store_query *q, struct view *v,
                      struct prac_err *reterr)
{
  struct store_query c = *q;
  struct steps t = {v, &v->minutes, 0};
  c.what = STORE_CELLS;
  c.keys = 0;
  PRAC_TRY(s->ops->query(s->st, &c, take_sum, v, reterr));
  if (v->packets == 0) return PRAC_OK;
  c.keys = STORE_KEY_AT;
  c.step_ns = v->step_ns;
  PRAC_TRY(s->ops->query(s->st, &c, take_step, &t, reterr));
  for (int d = 0; d < VIEW_DIM_COUNT_; d++) {
    struct groups g = {v, (enum view_dim)d, 0};
    if (d == VIEW_TARGETS && !(v->micro && v->targets)) continue;
    c.keys = dim_keys[d];
    c.limit = d == VIEW_MARKS ? 4096 : VIEW_GROUPS_MAX;
    prac_rc rc = s->ops->query(s->st, &c, take_group, &g, reterr);
    if (d == VIEW_TARGETS && rc == PRAC_DENIED)
      continue; /* this reader is not told our addresses */
    PRAC_TRY(rc);
  }
  return PRAC_OK;
}

/* ---- all of it ---- */
static prac_rc take_kept(void *arg, const struct store_col *cols, size_t n,
                         const struct store_value *val)
{
  struct view *v = arg;
  struct view_row r = view_row_of(cols, n, val);
  if (strcmp(r.what, "flows") == 0) v->kept = (struct prac_span){r.from, r.to};
  return PRAC_OK;
}

static prac_rc take_sensor(void *arg, const struct store_col *cols, size_t n,
                           const struct store_value *val)
{
  struct view *v = arg;
  struct view_row r = view_row_of(cols, n, val);
  if (r.first == PRAC_TIME_NONE) return PRAC_OK;
  if (v->began == PRAC_TIME_NONE || r.first < v->began) v->began = r.first;
  return PRAC_OK;
}

/* The length of a span, which loses its beginning where that can not be counted. */
static int64_t bounded(struct prac_span *s)
{
  int64_t length;
  if (!__builtin_sub_overflow(s->to, s->from, &length)) return length;
  length = VIEW_STEPS_MAX * PRAC_DAY;
  s->from = s->to < 0 ? s->to : s->to - length;
  return length;
}

/* The steps of a span, whose edges are moved outwards to them. */
static void set_span(struct view *v, struct prac_span s)
{
  int64_t length = bounded(&s);
  v->step_ns = length <= 2 * PRAC_DAY ? PRAC_MIN : length <= 110 * PRAC_DAY ? PRAC_HOUR : PRAC_DAY;
  v->span.from = prac_time_floor(s.from, v->step_ns);
  v->span.to = prac_time_floor(s.to + v->step_ns - 1, v->step_ns);
  int64_t n = (v->span.to - v->span.from) / v->step_ns;
  if (n > VIEW_STEPS_MAX) {
    n = VIEW_STEPS_MAX;
    v->span.from = v->span.to - n * v->step_ns;
  }
  v->n_steps = (uint32_t)n;
}

static void choose_span(const struct view_subject *u, const struct view_conf *c, struct view *v)
{
  bool claimed = u->claim.from != PRAC_TIME_NONE && u->claim.to != PRAC_TIME_NONE;
  struct prac_span s = {v->kept.to - PRAC_DAY, v->kept.to};
  if (v->kept.from == PRAC_TIME_NONE) s = (struct prac_span){0, PRAC_MIN};
  if (s.from < v->kept.from) s.from = v->kept.from;
  if (claimed) s = (struct prac_span){u->claim.from - 30 * PRAC_MIN, u->claim.to + 30 * PRAC_MIN};
  if (claimed && s.to - s.from > 2 * PRAC_DAY) s.from = s.to - 2 * PRAC_DAY; /* its end */
  if (c->span.from != PRAC_TIME_NONE) s.from = c->span.from;
  if (c->span.to != PRAC_TIME_NONE)
    s.to = c->span.to;
  else if (s.to <= s.from)
    s.to = s.from + PRAC_DAY;
  if (s.from >= s.to) s.from = s.to - PRAC_DAY;
  set_span(v, s);
  v->asked = v->span;
}

/* What was before the first sensor has not been removed: it never was. */
static enum view_flows kept_of(const struct view *v)
{
  if (v->kept.from == PRAC_TIME_NONE) return VIEW_FLOWS_GONE;
  if (v->began >= v->kept.from || v->began >= v->span.to) return VIEW_FLOWS_KEPT;
  if (v->span.to <= v->kept.from) return VIEW_FLOWS_GONE;
  return v->span.from < v->kept.from ? VIEW_FLOWS_PARTLY : VIEW_FLOWS_KEPT;
}

/* ---- what roll-ups know of it ---- */

/* The question to them; false: only the flows can say. */
static bool rolled(const struct view_subject *u, struct store_query *ret)
{
  struct store_query q = u->filter;
  int dims = (q.has_port || q.port.proto) + (q.country && q.country[0]) + (q.asn != 0);
  bool other = q.src.bits || q.n_srcs || q.dst.bits || q.victim.bits || q.marks;
  q.what = STORE_SERIES;
  q.span = (struct prac_span){PRAC_TIME_NONE, PRAC_TIME_NONE};
  *ret = q;
  return dims == 1 && !other && (!q.has_port || q.port.proto);
}

/* The days of a port, country or AS: known when flows have gone long ago. */
static prac_rc days(struct store *s, const struct view_subject *u, struct view *v,
                    struct prac_err *reterr)
{
  struct view_subject all = *u;
  struct store_query q;
  struct steps t = {v, &v->days, 0};
  if (u->about != VIEW_PORT) all.filter.n_srcs = 0; /* of a finding's port, all who came */
  if (!rolled(&all, &q)) return PRAC_OK;
  q.step_ns = PRAC_DAY;
  return s->ops->query(s->st, &q, take_step, &t, reterr);
}

struct hours {
  struct steps steps;
  uint64_t *flows; /* of each */
  size_t cap;
};

static prac_rc take_hour(void *arg, const struct store_col *cols, size_t n,
                         const struct store_value *val)
{
  struct hours *h = arg;
  struct view_row r = view_row_of(cols, n, val);
  PRAC_TRY(VIEW_ROOM(h->steps.v->arena, h->flows, h->steps.to->n, h->cap));
  h->flows[h->steps.to->n] = r.flows;
  return take_step(&h->steps, cols, n, val);
}

/* Where the last VIEW_FLOWS_MAX flows begin: within an hour by its share, but a minute at least. */
static prac_time begin_of(const struct hours *h, const struct view *v)
{
  uint64_t left = VIEW_FLOWS_MAX;
  for (size_t i = v->hours.n; i-- > 0; left -= h->flows[i]) {
    if (h->flows[i] <= left) continue;
    prac_time at = v->hours.v[i].at, end = at + PRAC_HOUR;
    if (v->kept.to > at && v->kept.to < end) end = v->kept.to; /* an hour that is not over yet */
    int64_t length = (end - at + PRAC_MIN - 1) / PRAC_MIN;
    int64_t minutes = (int64_t)((double)left / (double)h->flows[i] * (double)length);
    if (end > v->span.to) end = v->span.to;
    if (i + 1 == v->hours.n && minutes == 0) minutes = 1;
    return end - minutes * PRAC_MIN;
  }
  return v->span.from;
}

/* A port that half the world knocks at has more flows a day than anybody waits for: of these the
 * latest are looked at, and roll-ups have the rest. */
static prac_rc shorten(struct store *s, const struct view_subject *u, struct view *v,
                       struct prac_err *reterr)
{
  struct store_query q;
  struct hours h = {.steps = {v, &v->hours, 0}};
  if (!rolled(u, &q)) return PRAC_OK;
  q.step_ns = PRAC_HOUR;
  q.span = v->span;
  PRAC_TRY(s->ops->query(s->st, &q, take_hour, &h, reterr));
  prac_time from = begin_of(&h, v);
  if (from > v->span.from)
    set_span(v, (struct prac_span){from, v->span.to});
  else
    v->hours.n = 0;
  return PRAC_OK;
}

/* What there is to look at, and which time of it. */
static prac_rc find_time(struct store *s, const struct view_subject *u, const struct view_conf *c,
                         struct view *v, struct prac_err *reterr)
{
  const struct store_query kept = {.what = STORE_KEPT}, sensors = {.what = STORE_SENSORS};
  PRAC_TRY(s->ops->query(s->st, &kept, take_kept, v, reterr));
  PRAC_TRY(s->ops->query(s->st, &sensors, take_sensor, v, reterr));
  choose_span(u, c, v);
  PRAC_TRY(shorten(s, u, v, reterr));
  v->flows = kept_of(v);
  return PRAC_OK;
}

static prac_rc look_at_flows(struct store *s, const struct view_subject *u, struct view *v,
                             struct prac_err *reterr)
{
  struct store_query q = u->filter;
  q.span = v->span;
  q.limit = 0;
  if (v->flows != VIEW_FLOWS_GONE) PRAC_TRY(view_activity(s, &q, v, reterr));
  if (v->packets > 0) PRAC_TRY(view_lines(s, u, &q, v, reterr));
  return days(s, u, v, reterr);
}

prac_rc view_look(struct store *s, const struct view_subject *u, const struct view_conf *c,
                  struct prac_arena *a, struct view *ret, struct prac_err *reterr)
{
  struct view v = {.arena = a, .kept = {PRAC_TIME_NONE, PRAC_TIME_NONE}};
  v.first = v.last = v.began = PRAC_TIME_NONE;
  v.micro = u->filter.src.bits == 128;
  v.targets = c->targets;
  PRAC_TRY(find_time(s, u, c, &v, reterr));
  if (!u->hits) PRAC_TRY(look_at_flows(s, u, &v, reterr));
  PRAC_TRY(view_related_find(s, u, &v, reterr));
  if (c->limit && v.n_lines > c->limit) { /* what is shown; who is with whom was found of all */
    v.more_lines += v.n_lines - c->limit;
    v.n_lines = c->limit;
  }
  *ret = v;
  return PRAC_OK;
}
