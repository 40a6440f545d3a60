/* Levels: how far a port is above what it had in the last days, by three thresholds of which the
 * largest counts. And the change score of each port's own series. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/riskport/riskport.h"
#include "math/robust.h"
#include "math/tail.h"

enum { HOURS_MAX = RISK_DAYS_MAX * RISK_DAY_SLOTS, CHANGE_FROM = 3, LEVEL_MAX = 5 };
static const double SCORE_FROM = -8, SCORE_STEP = 0.5;

/* ---- the limit ---- */

/* Takes the largest away as long as that takes more than 1 - theta of the variance; what is left
 * stays in hours[]. Mean and variance of it, and its largest. */
struct peeled {
  double mean, variance, largest;
};
static struct peeled peel(uint32_t *hours, double theta)
{
  double n = 0, sum = 0, squares = 0, mean = 0, var = 0;
  uint32_t top = 0;
  for (uint32_t c = 0; c < RISK_CLASSES; c++) {
    double x = risk_class_value(c);
    n += hours[c];
    sum += hours[c] * x;
    squares += hours[c] * x * x;
    if (hours[c]) top = c;
  }
  for (;;) {
    mean = n > 0 ? sum / n : 0;
    var = n > 0 ? squares / n - mean * mean : 0;
    double x = risk_class_value(top), m = n - 1;
    if (top == 0 || m < 1 || !(var > 1e-9)) break;
    double rest_mean = (sum - x) / m, rest = (squares - x * x) / m - rest_mean * rest_mean;
    if (rest > theta * var) break;
    n = m;
    sum -= x;
    squares -= x * x;
    hours[top]--;
    while (top > 0 && hours[top] == 0) top--;
  }
  return (struct peeled){mean, var > 0 ? var : 0, risk_class_top(top)};
}

static struct math_usual usual_of(const uint32_t *hours)
{
  double v[HOURS_MAX], work[HOURS_MAX];
  size_t n = 0;
  for (uint32_t c = 0; c < RISK_CLASSES; c++)
    for (uint32_t i = 0; i < hours[c] && n < HOURS_MAX; i++) v[n++] = risk_class_value(c);
  return n ? math_usual_of(v, n, work) : (struct math_usual){0, 0};
}

static void limit_of(const struct risk_state *s, struct risk_judged *j)
{
  uint32_t hours[RISK_CLASSES];
  risk_index_sum(s, j->port, hours);
  struct math_usual u = usual_of(hours);
  struct peeled p = peel(hours, s->conf->theta);
  double ln_p = log(s->conf->tail_p / (s->n_ports > 1 ? s->n_ports : 1));
  double tail = (double)math_count_limit(p.mean, p.variance, ln_p);
  double t = (double)s->conf->min_sources, m = u.median + s->conf->mads * 1.4826 * u.mad + 5;
  j->median = u.median;
  if (m > t) t = m;
  if (p.largest > t) t = p.largest;
  if (tail > t) t = tail;
  j->limit = t;
}

/* ---- how spread the sources are ---- */

static int by_bytes(const void *a, const void *b)
{
  return memcmp(a, b, sizeof(struct prac_ip));
}

static uint32_t networks(const struct prac_ip *v, uint32_t n, size_t v4_bytes, size_t v6_bytes)
{
  uint32_t kinds = 0;
  for (uint32_t i = 0; i < n; i++) {
    size_t bytes = prac_ip_is4(&v[i]) ? v4_bytes : v6_bytes;
    kinds += i == 0 || memcmp(&v[i], &v[i - 1], bytes) != 0;
  }
  return kinds;
}

static int rising(const void *pa, const void *pb)
{
  const uint16_t *a = pa, *b = pb;
  return *a < *b ? -1 : *a > *b;
}

/* Our addresses that were knocked at; sensors, where they are not told. */
static double targets(const struct risk_seen *x)
{
  double dst = risk_hour_destinations(x), sensors = __builtin_popcountll(x->sensors);
  return dst > sensors ? dst : sensors;
}

/* Were so many knocked at, as far as the slot had so many at all? */
static bool wide(const struct risk_state *s, const struct risk_judged *j)
{
  double mine = targets(j->seen);
  return mine >= (double)s->conf->min_destinations || mine >= s->targets;
}

static prac_rc spread_of(const struct risk_state *s, struct risk_judged *j, double factor,
                         struct prac_arena *a)
{
  struct prac_ip *ips = prac_arena_alloc(a, (j->n_pairs + (size_t)1) * sizeof *ips);
  uint16_t *from = prac_arena_alloc(a, (j->n_pairs + (size_t)1) * sizeof *from);
  if (!ips || !from) return PRAC_NOMEM;
  uint32_t n = 0, known = 0, countries = 0;
  double packets = 0;
  for (uint32_t i = 0; i < j->n_pairs; i++) {
    if (!j->pairs[i].est) continue;
    const struct risk_source *x = &s->hour.sources[j->pairs[i].src - 1];
    packets += j->pairs[i].packets;
    if (x->country) from[known++] = x->country;
    ips[n++] = x->ip;
  }
  qsort(ips, n, sizeof *ips, by_bytes);
  qsort(from, known, sizeof *from, rising);
  for (uint32_t i = 0; i < known; i++) countries += i == 0 || from[i] != from[i - 1];
  uint32_t n16 = networks(ips, n, 14, 4);
  j->n24 = networks(ips, n, 15, 6) * factor;
  j->n16 = n16 * factor;
  j->countries = countries;
  double places = known * 2 >= n ? countries : n16; /* no geography: networks stand for it */
  j->spread =
      places >= (double)s->conf->min_countries && packets <= s->conf->per_source * n && wide(s, j);
  return PRAC_OK;
}

static prac_rc judge_one(const struct risk_state *s, struct risk_judged *j, double factor,
                         const struct eng_env *env)
{
  uint32_t *before = j->port->before;
  double least = (double)s->conf->min_sources;
  if (j->sources < least / 2) return PRAC_OK;
  limit_of(s, j);
  PRAC_TRY(spread_of(s, j, factor, env->scratch));
  j->watch = j->sources > j->limit / 2 && j->sources > before[0] && before[0] > before[1];
  bool enough = j->sources >= least * factor; /* of those that were counted, not estimated */
  if (j->spread && enough && (j->sources > j->limit || j->fresh)) {
    double level = 1 + floor(log2(j->sources / j->limit) + 1e-9);
    j->level = level < 1 ? 1 : level > LEVEL_MAX ? LEVEL_MAX : (uint32_t)level;
  }
  return PRAC_OK;
}

prac_rc risk_judge(struct risk_state *s, const struct risk_sorted *pairs, const struct eng_env *env,
                   struct risk_judged **ret, uint32_t *ret_n)
{
  struct risk_judged *v = prac_arena_alloc(env->scratch, (s->hour.n_ports + (size_t)1) * sizeof *v);
  if (!v) return PRAC_NOMEM;
  double factor = exp2(s->hour.shift);
  struct risk_seen any = {0};
  uint32_t n = 0;
  uint32_t heard = risk_heard(s);
  for (; n < s->hour.n_ports; n++) {
    struct risk_judged *j = &v[n];
    *j = (struct risk_judged){.seen = pairs->ports[n],
                              .port = risk_port_touch(s, pairs->ports[n]->id),
                              .pairs = pairs->v + pairs->first[n],
                              .n_pairs = pairs->first[n + 1] - pairs->first[n],
                              .heard = heard,
                              .graph_p = 1};
    if (!j->port) return PRAC_NOMEM;
    j->fresh = j->port->n == 0;
    for (size_t i = 0; i < PRAC_ARRAY_LEN(any.dst); i++) any.dst[i] |= j->seen->dst[i];
    any.sensors |= j->seen->sensors;
    uint32_t est = 0;
    for (uint32_t i = 0; i < j->n_pairs; i++) est += j->pairs[i].est;
    j->sources = est * factor;
    j->all = j->n_pairs * factor;
  }
  s->targets = targets(&any);
  for (uint32_t i = 0; i < n; i++) { /* now that ports no longer move */
    v[i].port = risk_port_touch(s, v[i].seen->id);
    if (heard >= s->min_history) PRAC_TRY(judge_one(s, &v[i], factor, env));
  }
  *ret = v;
  *ret_n = n;
  return PRAC_OK;
}

/* ---- change ---- */

static uint32_t score_class(double x)
{
  double c = floor((x - SCORE_FROM) / SCORE_STEP);
  return c < 0 ? 0 : c > RISK_SCORES - 1 ? RISK_SCORES - 1 : (uint32_t)c;
}

/* The top of the class that holds the quantile. */
static double score_quantile(const struct risk_change *c, double q)
{
  uint32_t k = 0;
  double sum = c->scores[0];
  while (k < RISK_SCORES - 1 && sum < q * c->n) sum += c->scores[++k];
  return SCORE_FROM + SCORE_STEP * (k + 1);
}

static void change_step(const struct risk_state *s, struct risk_change *c, double sources)
{
  c->last = math_change_step(c->st, &s->change, log1p(sources));
  c->above = c->n >= s->min_history && c->last > score_quantile(c, s->conf->change_quantile);
  c->scores[score_class(c->last)]++;
  if (++c->n < 4 * s->days * RISK_DAY_SLOTS) return;
  c->n = 0;
  for (uint32_t i = 0; i < RISK_SCORES; i++) c->n += c->scores[i] /= 2;
}

static struct risk_change *change_new(struct risk_state *s)
{
  size_t bytes = sizeof(struct risk_change) + math_change_doubles(&s->change) * sizeof(double);
  if (s->bytes + bytes > (uint64_t)s->conf->memory) return NULL;
  struct risk_change *c = calloc(1, bytes);
  if (c) s->bytes += bytes;
  return c;
}

/* Every port that has a series goes on by one slot, those without a source too. */
prac_rc risk_change_all(struct risk_state *s, const struct risk_judged *j, uint32_t n,
                        struct prac_arena *a)
{
  double *sources = prac_arena_alloc(a, (s->n_ports + (size_t)1) * sizeof *sources);
  if (!sources) return PRAC_NOMEM;
  for (uint32_t i = 0; i < n; i++) {
    sources[j[i].port - s->ports] = j[i].all;
    if (!j[i].port->change && j[i].all >= CHANGE_FROM) j[i].port->change = change_new(s);
  }
  for (uint32_t i = 0; i < s->n_ports; i++) {
    struct risk_port *p = &s->ports[i];
    if (p->change) change_step(s, p->change, sources[i]);
  }
  return PRAC_OK;
}
