/* riskport: hours of 330,000 rows at one sensor, each row another (source, port); and the change
 * score of one series. One JSON line a case; `check` must be the same on every machine. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "base/hash.h"
#include "engine/core.h"
#include "math/sdar.h"

enum { HOURS = 12, MINUTES = 60, ROWS = 5500, STEPS = 1000000 };
static const prac_time T0 = INT64_C(1375833600) * PRAC_SEC;

static prac_rc hear(void *arg, const struct finding *f)
{
  (void)f;
  ++*(uint64_t *)arg;
  return PRAC_OK;
}

static double cpu_s(void)
{
  return (double)clock() / CLOCKS_PER_SEC;
}

static void report(const char *name, double n, double seconds, double check)
{
  struct rusage u;
  (void)getrusage(RUSAGE_SELF, &u);
  printf("{\"bench\":\"riskport\",\"case\":\"%s\",\"n\":%.0f,\"cpu_s\":%.3f,\"ns_per_op\":%.1f,"
         "\"max_rss_mb\":%ld,\"check\":%.6f}\n",
         name, n, seconds, seconds * 1e9 / n, u.ru_maxrss / 1024, check);
}

static struct flow_batch *minute(uint32_t hour, uint32_t m)
{
  static struct flow_row r[ROWS];
  struct flow_batch *b = NULL;
  for (uint32_t i = 0; i < ROWS; i++) {
    uint64_t x = prac_mix64((uint64_t)hour << 40 | (uint64_t)m << 24 | i);
    r[i] = (struct flow_row){.src = prac_ip4((uint32_t)(x >> 32) % 200000 + 0x05000000u),
                             .dst = prac_ip4(0x0a000000u + (uint32_t)(x & 0x7fff)),
                             .proto = 6,
                             .tcp_flags = 2,
                             .dport = (uint16_t)(x % 5 ? x % 60 : x >> 16),
                             .packets = 1,
                             .country = (uint16_t)('A' << 8 | ('A' + x % 20))};
  }
  if (flow_batch_new("tokyo", T0 + (hour * MINUTES + m) * PRAC_MIN, r, ROWS, &b) != PRAC_OK)
    exit(1);
  b->last = true;
  return b;
}

static void hours(void)
{
  struct eng_core *c = NULL;
  uint64_t said = 0;
  double used = 0;
  if (eng_core_new(&(struct eng_core_conf){.seed = 1, .nthreads = 1, .only = "riskport"}, NULL,
                   hear, &said, &c, NULL) != PRAC_OK)
    exit(1);
  for (uint32_t h = 0; h < HOURS; h++)
    for (uint32_t m = 0; m < MINUTES; m++) {
      struct flow_batch *b = minute(h, m);
      double begun = cpu_s();
      if (eng_core_feed(c, b, NULL) != PRAC_OK) exit(1);
      used += cpu_s() - begun;
      flow_batch_unref(&b);
    }
  double begun = cpu_s();
  if (eng_core_finish(c, NULL) != PRAC_OK) exit(1);
  used += cpu_s() - begun;
  report("hour of 330000 rows", HOURS, used, (double)said);
  report("row", (double)HOURS * MINUTES * ROWS, used, (double)said);
  eng_core_free(&c);
}

static void change(void)
{
  const struct math_change_conf c = {.order = 2, .r = 0.02, .t1 = 5, .t2 = 3};
  double st[64] = {0}, sum = 0, begun = cpu_s();
  for (uint32_t i = 0; i < STEPS; i++)
    sum += math_change_step(st, &c, (double)(prac_mix64(i) % 1000) / 100);
  report("change score", STEPS, cpu_s() - begun, sum / STEPS);
}

int main(void)
{
  hours();
  change();
  return 0;
}
