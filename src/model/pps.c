/* Long division with as many decimals as make 17 digits; then the double decides the last one. */
#include "model/pps.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t E15 = UINT64_C(1000000000000000);
static const uint64_t E16 = UINT64_C(10000000000000000);

/* digits (17 of them, or fewer after leading zeros) with the point before the last `decimals`. */
static void place(char out[MODEL_PPS_TEXT], uint64_t digits, int decimals)
{
  char text[MODEL_PPS_TEXT];
  int n = snprintf(text, sizeof text, "%0*llu", decimals + 1, (unsigned long long)digits);
  int whole = n - decimals;
  (void)snprintf(out, MODEL_PPS_TEXT, "%.*s.%s", whole, text, text + whole);
  size_t len = strlen(out);
  while (out[len - 1] == '0') out[--len] = '\0';
  if (out[len - 1] == '.') out[--len] = '\0';
}

const char *model_pps_text(char out[MODEL_PPS_TEXT], uint64_t packets, uint64_t bins)
{
  enum { DECIMALS_MAX = 26 };
  if (packets == 0 || bins == 0) return memcpy(out, "0", 2);
  double value = (double)packets / (60.0 * (double)bins);
  if (packets > E15 || bins > E15 / 60 || value < 1e-8) {
    (void)snprintf(out, MODEL_PPS_TEXT, "%.17g", value);
    return out;
  }
  __uint128_t n = packets, by = (__uint128_t)60 * bins;
  int decimals = 0;
  for (; n / by < E16 && decimals < DECIMALS_MAX; decimals++) n *= 10;
  uint64_t digits = (uint64_t)(n / by);
  /* fma is exact up to its one rounding, so its sign says which of the two is larger */
  bool above = fma(value, (double)by, -(double)packets) > 0;
  bool between = n % by != 0;
  place(out, digits + (between && above), decimals);
  if (between && memcmp(&(double){strtod(out, NULL)}, &value, sizeof value) != 0)
    place(out, digits + !above, decimals); /* doubles are denser here: the other side */
  return out;
}
