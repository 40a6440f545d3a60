/* The core's part of a sweep: all of it is as small as the ranks. */
#include <math.h>
#include <string.h>

#include "math/ntd_int.h"
#include "math/vec.h"

enum { L = MATH_LANES };

static size_t at(const struct ntd_core *g, const uint32_t i[MATH_MODES])
{
  return ((size_t)i[0] * g->rank[1] + i[1]) * g->ld + i[2];
}

void ntd_unfold(const struct ntd *s, const struct math_order *o)
{
  uint32_t i[MATH_MODES], ld = s->a[o->row].ld, inner_ld = s->a[o->inner].ld;
  memset(s->unfolded, 0, (size_t)s->core.rank[o->outer] * inner_ld * ld * sizeof(double));
  for (i[0] = 0; i[0] < s->core.rank[0]; i[0]++)
    for (i[1] = 0; i[1] < s->core.rank[1]; i[1]++)
      for (i[2] = 0; i[2] < s->core.rank[2]; i[2]++)
        s->unfolded[((size_t)i[o->outer] * inner_ld + i[o->inner]) * ld + i[o->row]] =
            s->core.v[at(&s->core, i)];
}

/* N = G (S_outer x S_inner) G', the inner sum first. */
void ntd_normal(struct ntd *s, const struct math_order *o, double *ret)
{
  uint32_t ro = s->core.rank[o->outer], ri = s->core.rank[o->inner];
  uint32_t r = s->core.rank[o->row], ld = s->a[o->row].ld;
  uint32_t li = s->a[o->inner].ld, lo = s->a[o->outer].ld;
  const double *so = s->gram[o->outer], *si = s->gram[o->inner];
  memset(ret, 0, (size_t)r * ld * sizeof *ret);
  for (uint32_t p = 0; p < ro; p++) {
    memset(s->half, 0, (size_t)li * ld * sizeof(double)); /* sum over q of S_outer[p, q] G_q */
    for (uint32_t q = 0; q < ro; q++)
      for (uint32_t k = 0; k < ri * ld; k++)
        s->half[k] += so[p * lo + q] * s->unfolded[q * li * ld + k];
    for (uint32_t i = 0; i < ri; i++)
      for (uint32_t k = 0; k < ri; k++)
        for (uint32_t j = 0; j < r; j++) {
          double left = s->unfolded[(p * li + i) * ld + j] * si[i * li + k];
          for (uint32_t l = 0; l < r; l++) ret[j * ld + l] += left * s->half[k * ld + l];
        }
  }
}

void ntd_core_right(struct ntd *s)
{
  const struct math_order *o = &s->x->order[s->last];
  const struct math_factor *a = &s->a[s->last];
  uint32_t i[MATH_MODES], li = s->a[o->inner].ld;
  size_t width = (size_t)s->core.rank[o->outer] * li;
  memset(s->right, 0, s->core.size * sizeof(double));
  for (uint32_t row = 0; row < a->rows; row++) {
    const double *y = s->fold + row * width, *x = a->v + (size_t)row * a->ld;
    for (i[0] = 0; i[0] < s->core.rank[0]; i[0]++)
      for (i[1] = 0; i[1] < s->core.rank[1]; i[1]++)
        for (i[2] = 0; i[2] < s->core.rank[2]; i[2]++)
          s->right[at(&s->core, i)] += x[i[s->last]] * y[i[o->outer] * li + i[o->inner]];
  }
}

/* to = along mode m: sum over q of S_m[p, q] from[.. q ..] */
static void along(const struct ntd *s, unsigned m, const double *from, double *to)
{
  uint32_t i[MATH_MODES];
  const double *gram = s->gram[m];
  size_t step = m == 2 ? 1 : m == 1 ? s->core.ld : (size_t)s->core.rank[1] * s->core.ld;
  for (i[0] = 0; i[0] < s->core.rank[0]; i[0]++)
    for (i[1] = 0; i[1] < s->core.rank[1]; i[1]++)
      for (i[2] = 0; i[2] < s->core.rank[2]; i[2]++) {
        size_t here = at(&s->core, i), first = here - i[m] * step;
        double sum = 0;
        for (uint32_t q = 0; q < s->core.rank[m]; q++)
          sum += gram[i[m] * s->a[m].ld + q] * from[first + q * step];
        to[here] = sum;
      }
}

/* slope = G x S - T; returns <G, G x S>, which is |X^|^2. */
static double slope_of(struct ntd *s)
{
  double norm2 = 0;
  along(s, 0, s->core.v, s->slope);
  along(s, 1, s->slope, s->half);
  memset(s->slope, 0, s->core.size * sizeof(double));
  along(s, 2, s->half, s->slope);
  for (uint32_t k = 0; k < s->core.size; k++) {
    norm2 += s->core.v[k] * s->slope[k];
    s->slope[k] -= s->right[k];
  }
  return norm2;
}

/* One entry moves: the slope of all others with it. */
MATH_CLONES static void moved(struct ntd *s, const uint32_t i[MATH_MODES], double by)
{
  const double *s0 = s->gram[0] + (size_t)i[0] * s->a[0].ld;
  const double *s1 = s->gram[1] + (size_t)i[1] * s->a[1].ld;
  const double *s2 = s->gram[2] + (size_t)i[2] * s->a[2].ld;
  double *to = s->slope;
  for (uint32_t p = 0; p < s->core.rank[0]; p++)
    for (uint32_t q = 0; q < s->core.rank[1]; q++, to += s->core.ld) {
      double w = by * s0[p] * s1[q];
      for (uint32_t c = 0; c < s->core.ld; c += L) MATH_AT(to + c) += w * MATH_READ(s2 + c);
    }
}

static double curve(const struct ntd *s, const uint32_t i[MATH_MODES])
{
  double d = 1;
  for (unsigned m = 0; m < MATH_MODES; m++) d *= s->gram[m][i[m] * s->a[m].ld + i[m]];
  return d;
}

void ntd_core_descend(struct ntd *s, unsigned rounds)
{
  uint32_t i[MATH_MODES];
  (void)slope_of(s);
  for (unsigned round = 0; round < rounds; round++)
    for (i[0] = 0; i[0] < s->core.rank[0]; i[0]++)
      for (i[1] = 0; i[1] < s->core.rank[1]; i[1]++)
        for (i[2] = 0; i[2] < s->core.rank[2]; i[2]++) {
          double d = curve(s, i), *g = &s->core.v[at(&s->core, i)];
          if (!(d > 0)) continue;
          double by = fmax(-*g, -s->slope[at(&s->core, i)] / d);
          if (by > 0 || by < 0) moved(s, i, by);
          *g = fmax(0, *g + by);
        }
  double norm2 = slope_of(s), cross = 0;
  for (uint32_t k = 0; k < s->core.size; k++) cross += s->core.v[k] * s->right[k];
  s->err2 = fmax(0, s->x->norm2 - 2 * cross + norm2);
}

double ntd_core_kkt(struct ntd *s)
{
  uint32_t i[MATH_MODES];
  double worst = 0, largest = 0;
  (void)slope_of(s);
  for (i[0] = 0; i[0] < s->core.rank[0]; i[0]++)
    for (i[1] = 0; i[1] < s->core.rank[1]; i[1]++)
      for (i[2] = 0; i[2] < s->core.rank[2]; i[2]++) {
        double d = curve(s, i), g = s->core.v[at(&s->core, i)];
        largest = fmax(largest, g);
        if (d > 0) worst = fmax(worst, fabs(fmin(g, s->slope[at(&s->core, i)] / d)));
      }
  return largest > 0 ? worst / largest : 0;
}

void ntd_scale(struct ntd *s)
{
  uint32_t i[MATH_MODES];
  double by[MATH_MODES][MATH_NTD_RANK_MAX] = {{0}};
  for (unsigned m = 0; m < MATH_MODES; m++)
    for (uint32_t j = 0; j < s->a[m].rank; j++) {
      double top = 0, *x = s->a[m].v + j;
      for (uint32_t k = 0; k < s->a[m].rows; k++) top = fmax(top, x[(size_t)k * s->a[m].ld]);
      by[m][j] = top > 0 ? top : 1;
      for (uint32_t k = 0; k < s->a[m].rows; k++) x[(size_t)k * s->a[m].ld] /= by[m][j];
    }
  for (i[0] = 0; i[0] < s->core.rank[0]; i[0]++)
    for (i[1] = 0; i[1] < s->core.rank[1]; i[1]++)
      for (i[2] = 0; i[2] < s->core.rank[2]; i[2]++)
        s->core.v[at(&s->core, i)] *= by[0][i[0]] * by[1][i[1]] * by[2][i[2]];
}
