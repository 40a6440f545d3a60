/* When a story rose at each sensor, and by how much one is ahead of the other. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "view/compare_int.h"

enum { WIDE = 5 /* minutes summed */, BEFORE = 180, AFTER = 120, MINUTES_MAX = 2880 };

/* ---- onset ---- */
static int rising(const void *pa, const void *pb)
{
  uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
  return (a > b) - (a < b);
}

struct usual {
  double middle, high;
};

/* Median and upper tenth of the sums before the claim; without any, the lowest tenth of all. */
static struct usual usual(const uint32_t *sums, uint32_t n, uint32_t before, uint32_t *sorted)
{
  uint32_t m = before > WIDE ? before - WIDE : n;
  if (m > n) m = n;
  memcpy(sorted, sums, m * sizeof *sums);
  qsort(sorted, m, sizeof *sorted, rising);
  if (m == 0) return (struct usual){0, 0};
  uint32_t tenth = m / 10, half = m / 2;
  if (before <= WIDE) return (struct usual){sorted[tenth], sorted[tenth]};
  return (struct usual){sorted[half], sorted[m - 1 - tenth]};
}

/* The first minute that carries its part of the rise, as the one behind it does. */
static uint32_t first_minute(const uint32_t *minutes, uint32_t n, uint32_t at, double one)
{
  for (; at < n; at++) {
    double next = at + 1 < n ? minutes[at + 1] : minutes[at];
    if (minutes[at] > 0 && minutes[at] >= one && minutes[at] + next >= 2 * one) return at;
  }
  return n;
}

void compare_onset(const uint32_t *minutes, uint32_t n, uint32_t before, uint32_t *work,
                   uint32_t *ret)
{
  uint32_t *sums = work, *sorted = work + n, most = 0, at = 0;
  *ret = n;
  for (uint32_t i = n; i-- > 0;) {
    sums[i] = minutes[i] + (i + 1 < n ? sums[i + 1] : 0);
    if (i + WIDE < n) sums[i] -= minutes[i + WIDE];
    if (sums[i] > most) most = sums[i];
  }
  struct usual u = usual(sums, n, before, sorted);
  if (most == 0 || most < u.middle + 8 * sqrt(u.middle + 1)) return;
  if (most < u.high + 4 * sqrt(u.high + 1)) return;
  double edge = u.middle + (most - u.middle) / 3;
  if (edge <= u.high) edge = u.high + 1;
  while (at < n && sums[at] < edge) at++;
  *ret = first_minute(minutes, n, at, (u.middle + edge) / 2 / WIDE);
}

/* ---- which stories ---- */
struct gather {
  struct compare_work *w;
  struct prac_arena *scratch;
  struct finding *best; /* of each story: the one with most hosts */
  size_t cap, cap_best;
};

/* Findings about noise say who is always there: nothing rises, and they are most of all findings.
 */
static bool is_noise(const struct finding *f)
{
  return strncmp(f->kind, "noise-", strlen("noise-")) == 0;
}

/* Its place; n_stories: there is no room for one more. */
static prac_rc place_of(struct gather *g, const struct finding *f, size_t *ret)
{
  struct compare *c = g->w->c;
  uint32_t limit = g->w->conf->stories ? g->w->conf->stories : 200;
  size_t i = 0;
  while (i < c->n_stories && strcmp(c->stories[i].key, f->key) != 0) i++;
  *ret = i;
  if (i < c->n_stories) return PRAC_OK;
  c->stories_cut = i == limit || i == COMPARE_STORIES_MAX;
  if (c->stories_cut) return PRAC_OK;
  PRAC_TRY(VIEW_ROOM(g->w->a, c->stories, i, g->cap));
  PRAC_TRY(VIEW_ROOM(g->w->a, g->best, i, g->cap_best));
  c->n_stories++;
  c->stories[i] = (struct compare_story){.claim = {f->from, f->to}};
  g->best[i] = (struct finding){0};
  return PRAC_OK;
}

static prac_rc add(struct gather *g, struct compare_story *s, struct finding *best,
                   const struct finding *f)
{
  if (f->from < s->claim.from) s->claim.from = f->from;
  if (f->to > s->claim.to) s->claim.to = f->to;
  if (f->level > s->level) s->level = f->level;
  if (f->host_count > s->hosts) s->hosts = f->host_count;
  if (best->id && best->hosts.n >= f->hosts.n) return PRAC_OK;
  PRAC_TRY(model_copy(&model_finding, f, g->w->a, best));
  s->key = best->key;
  s->kind = best->kind;
  s->id = best->id;
  return PRAC_OK;
}

static prac_rc take(void *arg, const struct store_col *cols, size_t n, const struct store_value *v)
{
  struct gather *g = arg;
  struct view_row r = view_row_of(cols, n, v);
  struct finding f;
  size_t i = 0;
  prac_arena_reset(g->scratch);
  PRAC_TRY(model_from_json(&model_finding, r.json, strlen(r.json), g->scratch, &f, NULL));
  if (strcmp(f.state, "on") != 0 || is_noise(&f)) return PRAC_OK;
  PRAC_TRY(place_of(g, &f, &i));
  if (i == g->w->c->n_stories) return PRAC_OK;
  return add(g, &g->w->c->stories[i], &g->best[i], &f);
}

/* ---- when at which sensor ---- */
struct rise {
  struct compare_work *w;
  prac_time from;
  uint32_t n;        /* minutes */
  uint32_t *minutes; /* n a sensor */
  bool one;          /* one sender: its packets count */
};

static prac_rc take_minute(void *arg, const struct store_col *cols, size_t n,
                           const struct store_value *v)
{
  struct rise *t = arg;
  struct view_row r = view_row_of(cols, n, v);
  uint32_t i = compare_sensor_at(t->w->c, r.sensor);
  int64_t k = (r.at - t->from) / PRAC_MIN;
  uint64_t x = t->one ? r.packets : r.sources;
  if (i < t->w->c->n_sensors && k >= 0 && k < t->n)
    t->minutes[(size_t)i * t->n + (size_t)k] = x > 1 << 20 ? 1 << 20 : (uint32_t)x;
  return PRAC_OK;
}

static prac_rc one_story(struct compare_work *w, struct compare_story *s, const struct finding *f,
                         uint32_t *minutes, uint32_t *work)
{
  struct compare *c = w->c;
  struct view_subject u = {.hosts = f->hosts};
  prac_time from = prac_time_floor(s->claim.from, PRAC_MIN);
  PRAC_TRY(view_evidence(f->flows, f->host_count, w->a, &u, w->err));
  s->onset = prac_arena_alloc(w->a, c->n_sensors * sizeof *s->onset);
  if (!s->onset) return PRAC_FAIL(w->err, PRAC_NOMEM, "no memory for stories");
  for (uint32_t i = 0; i < c->n_sensors; i++) s->onset[i] = PRAC_TIME_NONE;
  if (u.hits) return PRAC_OK;
  struct rise t = {.w = w, .minutes = minutes, .one = u.filter.src.bits == 128};
  t.from = from - BEFORE * PRAC_MIN;
  int64_t n = (s->claim.to - t.from) / PRAC_MIN + AFTER; /* others may hear it later */
  t.n = n > MINUTES_MAX ? MINUTES_MAX : (uint32_t)n;
  memset(minutes, 0, (size_t)c->n_sensors * t.n * sizeof *minutes);
  u.filter.what = STORE_CELLS;
  u.filter.keys = STORE_KEY_AT | STORE_KEY_SENSOR;
  u.filter.step_ns = PRAC_MIN;
  u.filter.span = (struct prac_span){t.from, t.from + t.n * PRAC_MIN};
  PRAC_TRY(w->s->ops->query(w->s->st, &u.filter, take_minute, &t, w->err));
  uint32_t before = t.from < w->kept.from ? 0 : BEFORE;
  for (uint32_t i = 0; i < c->n_sensors; i++) {
    uint32_t at = t.n;
    compare_onset(minutes + (size_t)i * t.n, t.n, before, work, &at);
    if (at < t.n) s->onset[i] = t.from + at * PRAC_MIN;
  }
  return PRAC_OK;
}

static void sum_up(struct compare *c, struct compare_story *s)
{
  bool home = false;
  for (uint32_t i = 0; i < c->n_sensors; i++) {
    if (s->onset[i] == PRAC_TIME_NONE) continue;
    c->sensors[i].stories++;
    home = home || c->sensors[i].home;
    if (s->seen++ == 0 || s->onset[i] < s->onset[s->at_first]) s->at_first = i;
  }
  s->abroad = c->n_home > 0 && s->seen > 0 && !home;
  if (s->seen == 0) return;
  uint32_t first = 0; /* two at the same minute: nobody is first */
  for (uint32_t i = 0; i < c->n_sensors; i++) first += s->onset[i] == s->onset[s->at_first];
  if (first == 1) c->sensors[s->at_first].first++;
}

prac_rc compare_stories(struct compare_work *w)
{
  struct compare *c = w->c;
  struct gather g = {.w = w, .scratch = prac_arena_new(16 << 10)};
  struct store_query q = {.what = STORE_RECORDS, .kind = &model_finding, .span = c->span};
  uint32_t *minutes = prac_arena_alloc(w->a, sizeof(uint32_t) * c->n_sensors * MINUTES_MAX);
  uint32_t *work = prac_arena_alloc(w->a, sizeof(uint32_t) * 2 * MINUTES_MAX);
  prac_rc rc = g.scratch && minutes && work ? PRAC_OK : PRAC_NOMEM;
  if (rc != PRAC_OK) (void)PRAC_FAIL(w->err, rc, "no memory for stories");
  q.limit = 20000;
  if (rc == PRAC_OK) rc = w->s->ops->query(w->s->st, &q, take, &g, w->err);
  for (size_t i = 0; i < c->n_stories && rc == PRAC_OK; i++) {
    rc = one_story(w, &c->stories[i], &g.best[i], minutes, work);
    if (rc == PRAC_OK) sum_up(c, &c->stories[i]);
  }
  prac_arena_free(&g.scratch);
  return rc;
}

/* ---- lags ---- */
static int by_length(const void *pa, const void *pb)
{
  int64_t a = *(const int64_t *)pa, b = *(const int64_t *)pb;
  return (a > b) - (a < b);
}

/* The value below which a part of them lies, between neighbours where it falls between. */
static int64_t part_of(const int64_t *v, uint32_t n, uint32_t quarters)
{
  uint64_t at = (uint64_t)(n - 1) * quarters; /* in quarters */
  int64_t a = v[at / 4], b = at / 4 + 1 < n ? v[at / 4 + 1] : a;
  return a + (b - a) / 4 * (int64_t)(at % 4);
}

prac_rc compare_lags(struct compare_work *w)
{
  struct compare *c = w->c;
  int64_t *v = prac_arena_alloc(w->a, (c->n_stories + 1) * sizeof *v);
  if (!v) return PRAC_FAIL(w->err, PRAC_NOMEM, "no memory for lags");
  for (size_t k = 0; k < c->n_pairs; k++) {
    struct compare_pair *p = &c->pairs[k];
    for (size_t i = 0; i < c->n_stories; i++) {
      const prac_time *on = c->stories[i].onset;
      if (on[p->a] == PRAC_TIME_NONE || on[p->b] == PRAC_TIME_NONE) continue;
      v[p->stories++] = on[p->b] - on[p->a];
      p->a_first += on[p->a] < on[p->b];
      p->b_first += on[p->b] < on[p->a];
    }
    if (p->stories == 0) continue;
    qsort(v, p->stories, sizeof *v, by_length);
    p->lag_lo_ns = part_of(v, p->stories, 1);
    p->lag_ns = part_of(v, p->stories, 2);
    p->lag_hi_ns = part_of(v, p->stories, 3);
  }
  return PRAC_OK;
}
