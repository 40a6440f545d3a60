/* Synchrony of one port's hosts beyond what all others do. */
#include "engine/instep.h"

#include <math.h>

prac_rc eng_instep_init(struct eng_instep *all, unsigned steps, const uint32_t *hosts,
                        uint32_t n_ports, struct prac_arena *a)
{
  uint8_t *folk_of = prac_arena_alloc(a, n_ports + (size_t)1);
  if (!folk_of) return PRAC_NOMEM;
  *all = (struct eng_instep){.steps = steps, .folk_of = folk_of};
  return eng_folks_of(hosts, n_ports, a, folk_of);
}

void eng_instep_add(struct eng_instep *all, uint32_t port, uint64_t mask)
{
  unsigned k = all->folk_of[port];
  unsigned on = 0;
  for (unsigned t = 0; t < all->steps; t++) {
    all->in_step[k][t] += (double)(mask >> t & 1);
    on += mask >> t & 1;
  }
  all->on[k][on] += 1;
  all->pairs[k] += 1;
}

/* What all other pairs do; returns how many they are. */
static double rest_of(const struct eng_instep *all, const uint64_t *mask, uint32_t n, double *rest)
{
  double others = -(double)n;
  for (unsigned k = 0; k < ENG_FOLKS; k++) others += all->pairs[k];
  for (unsigned t = 0; t < all->steps; t++) {
    rest[t] = 0;
    for (unsigned k = 0; k < ENG_FOLKS; k++) rest[t] += all->in_step[k][t];
    for (uint32_t i = 0; i < n; i++) rest[t] -= (double)(mask[i] >> t & 1);
  }
  return others;
}

/* The mean of the middle third. */
static double middle(double *v, unsigned n)
{
  double sum = 0;
  for (unsigned i = 1; i < n; i++)
    for (unsigned k = i; k > 0 && v[k - 1] > v[k]; k--) {
      double x = v[k];
      v[k] = v[k - 1];
      v[k - 1] = x;
    }
  unsigned from = n / 3, to = n - n / 3;
  for (unsigned i = from; i < to; i++) sum += v[i];
  return sum / (to - from);
}

/* Of the middle of the folks: what share of its steps is each step, and of their pairs those that
 * are there in so many steps (`on`). Returns in how many steps of pairs, were they one heap, as
 * much would be seen: a mean of folks knows less than that of all. 0: there are too few folks, or
 * each has other steps, and nothing is common. */
static double middle_of(const struct eng_instep *all, double *share, double *on)
{
  static const double AS_GOOD = 0.8; /* the middle third's mean, beside the mean of all */
  double v[ENG_FOLKS], sum[ENG_FOLKS], inverse = 0;
  unsigned in[ENG_FOLKS], n = 0;
  for (unsigned k = 0; k < ENG_FOLKS; k++) {
    sum[n] = 0;
    for (unsigned t = 0; t < all->steps; t++) sum[n] += all->in_step[k][t];
    if (all->pairs[k] < ENG_FOLK_ROWS || !(sum[n] > 0)) continue;
    inverse += 1 / all->pairs[k];
    in[n++] = k;
  }
  if (n < ENG_FOLKS_LEAST) return 0;
  double common = 0;
  for (unsigned t = 0; t < all->steps; t++) {
    for (unsigned i = 0; i < n; i++) v[i] = all->in_step[in[i]][t] / sum[i];
    common += share[t] = middle(v, n);
  }
  if (!(common > 0)) return 0;
  for (unsigned c = 0; c <= all->steps; c++) {
    on[c] = 0;
    for (unsigned i = 0; i < n; i++) on[c] += all->on[in[i]][c] / all->pairs[in[i]] / n;
  }
  double steps = 0;
  for (unsigned c = 0; c <= all->steps; c++) steps += on[c] * c;
  return steps * AS_GOOD * n * n / inverse;
}

/* Of a pair that comes so often, in how many steps it is there. */
static double steps_of(const struct eng_instep *all, double rate)
{
  double sum = 0;
  for (unsigned t = 0; t < all->steps; t++) sum -= expm1(-rate * all->heard[t]);
  return sum;
}
/* Of all pairs, how many are there in a step of which so much was heard. */
static double there_at(const struct eng_instep *all, const double *on, double heard)
{
  double sum = 0;
  for (unsigned c = 1; c <= all->steps; c++) sum -= on[c] * expm1(-all->rate[c] * heard);
  return sum;
}

enum { TURNS = 8, HALVINGS = 40 };

/* So much was heard of a step in which so many of the pairs are there. */
static double heard_of(const struct eng_instep *all, const double *on, double there)
{
  double lo = 0, hi = 8;
  for (int i = 0; i < HALVINGS; i++) {
    double mid = (lo + hi) / 2;
    (there_at(all, on, mid) < there ? (lo = mid) : (hi = mid));
  }
  return lo;
}
/* So often a pair comes that is there in so many steps. */
static double rate_of(const struct eng_instep *all, double steps)
{
  double lo = 0, hi = 1e4;
  for (int i = 0; i < HALVINGS; i++) {
    double mid = (lo + hi) / 2;
    (steps_of(all, mid) < steps ? (lo = mid) : (hi = mid));
  }
  return lo;
}

/* By turns: how often pairs come, by what was heard; what was heard, by how often they come. Some
 * step's share is above 0. */
static void settle(struct eng_instep *all, const double *share, const double *on)
{
  double steps = 0;
  for (unsigned c = 0; c <= all->steps; c++) steps += on[c] * c;
  for (unsigned turn = 0; turn <= TURNS; turn++) {
    double top = 0;
    for (unsigned t = 0; t < all->steps; t++) {
      all->heard[t] = turn ? heard_of(all, on, steps * share[t]) : share[t];
      top = fmax(top, all->heard[t]);
    }
    for (unsigned t = 0; t < all->steps; t++) all->heard[t] /= top;
    for (unsigned c = 1; c <= all->steps; c++) all->rate[c] = rate_of(all, c);
  }
}

void eng_instep_hear(struct eng_instep *all)
{
  double share[MATH_PULSE_STEPS], on[MATH_PULSE_STEPS + 1];
  all->known = middle_of(all, share, on);
  if (all->known > 0) settle(all, share, on);
}

/* What is expected of these hosts by what was heard, were each as often there at random. Those that
 * are always there say nothing (math/pulse.h). */
static void expected_of(const struct eng_instep *all, const uint64_t *mask, uint32_t n, double *ret)
{
  double on[MATH_PULSE_STEPS + 1] = {0};
  for (uint32_t i = 0; i < n; i++) on[__builtin_popcountll(mask[i])] += 1;
  on[all->steps] = 0;
  for (unsigned t = 0; t < all->steps; t++) ret[t] = there_at(all, on, all->heard[t]);
}

static struct math_pulse weaker(struct math_pulse a, struct math_pulse b)
{
  return a.log10_p > b.log10_p ? a : b;
}

struct math_pulse eng_instep_port(const struct eng_instep *all, const uint64_t *mask, uint32_t n)
{
  double rest[MATH_PULSE_STEPS], counted = 0, others = rest_of(all, mask, n, rest);
  struct math_pulse none = {0};
  if (n < ENG_INSTEP_LEAST || others < ENG_INSTEP_OTHERS)
    return none; /* an outage looks the same */
  for (unsigned t = 0; t < all->steps; t++) counted += rest[t];
  struct math_pulse p = weaker(math_pulse_of(mask, n, all->steps, rest, counted),
                               math_pulse_of(mask, n, all->steps, NULL, 0));
  if (!(all->known > 0)) return p;
  expected_of(all, mask, n, rest);
  return weaker(p, math_pulse_of(mask, n, all->steps, rest, all->known));
}

double eng_instep_chance(const struct math_pulse *p, uint32_t ports)
{
  return p->log10_p + log10(ports ? ports : 1);
}

bool eng_instep_few(const struct eng_port_who *who, double each)
{
  return each > 0 && who->each < each;
}
