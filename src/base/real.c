/* Long division gives the true digits; the double says on which side of them to stop. */
#include "base/real.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 17 };
#define EXACT (UINT64_C(1) << 53) /* whole numbers below are doubles */

struct digits {
  char v[32];      /* significant ones, no leading zero */
  size_t n, whole; /* of them before the point; 0: see zeros */
  size_t zeros;    /* between the point and the first digit */
  bool exact;
};

static struct digits divide(uint64_t num, uint64_t den)
{
  struct digits d = {.n = 0};
  uint64_t whole = num / den;
  __uint128_t rest = num % den;
  if (whole) d.n = d.whole = (size_t)snprintf(d.v, sizeof d.v, "%" PRIu64, whole);
  while (rest && d.n < DIGITS) {
    rest *= 10;
    char c = (char)('0' + (char)(rest / den));
    rest %= den;
    if (c == '0' && d.n == 0)
      d.zeros++;
    else
      d.v[d.n++] = c;
  }
  d.exact = rest == 0;
  return d;
}

static void text(char out[PRAC_RATIO_TEXT], const struct digits *d)
{
  size_t n = d->n;
  while (n > d->whole && d->v[n - 1] == '0') n--;
  bool point = n > d->whole;
  (void)snprintf(out, PRAC_RATIO_TEXT, "%.*s%s%s%.*s%.*s", (int)d->whole, d->v, d->whole ? "" : "0",
                 point ? "." : "", (int)(point ? d->zeros : 0), "00000000000000000000",
                 (int)(n - d->whole), d->v + d->whole);
}

/* One more in the last place; false: it would become longer (99.9...9). */
static bool up(struct digits *d)
{
  size_t i = d->n;
  while (i > 0 && d->v[i - 1] == '9') d->v[--i] = '0';
  if (i == 0) return false;
  d->v[i - 1]++;
  return true;
}

const char *prac_ratio_text(char out[PRAC_RATIO_TEXT], uint64_t num, uint64_t den)
{
  struct digits d = {.n = 0};
  double want = den ? (double)num / (double)den : 0;
  bool small = den < EXACT && num < EXACT && num >= den / 1000000000000u;
  if (den) d = divide(num, den);
  text(out, &d);
  if (d.exact || !den) return out;
  /* fma rounds once: the sign of want * den - num is the true one */
  if (small && fma(want, (double)den, -(double)num) > 0 && up(&d)) {
    text(out, &d);
    if (strtod(out, NULL) == want) return out;
  }
  d = divide(num, den);
  text(out, &d);
  if (!small || strtod(out, NULL) != want) (void)snprintf(out, PRAC_RATIO_TEXT, "%.17g", want);
  return out;
}
