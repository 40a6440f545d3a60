/* Quotients as text: the digits of the first system's mails, and that every text reads back. */
#include "lib/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/real.h"
#include "base/rng.h"

static void known(void **s)
{
  (void)s;
  static const struct {
    uint64_t num, den;
    const char *want;
  } v[] = {
      {131, 60, "2.1833333333333333"},
      {139, 120, "1.1583333333333334"},
      {4301, 60, "71.683333333333334"},
      {28305, 480, "58.96875"},
      {0, 60, "0"},
      {60, 60, "1"},
      {6000, 60, "100"},
      {1, 60, "0.016666666666666666"},
      {3, 60, "0.05"},
      {1, 0, "0"},
      {1, 3, "0.33333333333333333"},
  };
  for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
    char out[PRAC_RATIO_TEXT];
    if (strcmp(prac_ratio_text(out, v[i].num, v[i].den), v[i].want) != 0)
      fail_msg("%llu / %llu gives %s, not %s", (unsigned long long)v[i].num,
               (unsigned long long)v[i].den, out, v[i].want);
  }
}

static void reads_back(void **s)
{
  (void)s;
  struct prac_rng r = prac_rng_of(7);
  for (int i = 0; i < 200000; i++) {
    char out[PRAC_RATIO_TEXT];
    uint64_t num = prac_rng_u64(&r) >> (11 + prac_rng_below(&r, 50));
    uint64_t den = i % 2 ? 60 * (1 + prac_rng_below(&r, 3000))
                         : 1 + (prac_rng_u64(&r) >> (11 + prac_rng_below(&r, 50)));
    double want = (double)num / (double)den;
    if (strtod(prac_ratio_text(out, num, den), NULL) != want)
      fail_msg("%llu / %llu: %s", (unsigned long long)num, (unsigned long long)den, out);
  }
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(known), cmocka_unit_test(reads_back)};
  return cmocka_run_group_tests_name("real", t, NULL, NULL);
}
