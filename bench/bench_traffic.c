/* One sensor's slot of half an hour as the group engines keep it: adding rows, making cells, asking
 * for ports. The lowest of several rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/rng.h"
#include "engine/traffic.h"

enum { ROWS = 5500, MINUTES = 30, ROUNDS = 10 };

static double now(void)
{
  struct timespec t;
  (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* 10,000 sources, /17 of destinations, a third of the rows to any port. */
static int fill(struct flow_batch *b[MINUTES])
{
  static struct flow_row v[ROWS];
  struct prac_rng r = prac_rng_of(1);
  for (int m = 0; m < MINUTES; m++) {
    for (int i = 0; i < ROWS; i++)
      v[i] = (struct flow_row){.src = prac_ip4((uint32_t)prac_rng_below(&r, 10000) * 429496u),
                               .dst = prac_ip4(0xc6120000u + (uint32_t)prac_rng_below(&r, 32768)),
                               .proto = 6,
                               .dport = prac_rng_below(&r, 3) ? 23 : (uint16_t)prac_rng_u64(&r),
                               .first_ms = (uint16_t)prac_rng_below(&r, 60000),
                               .packets = 1};
    if (flow_batch_new("bench", m * PRAC_MIN, v, ROWS, &b[m]) != PRAC_OK) return 1;
  }
  return 0;
}

static int once(struct eng_traffic *t, struct flow_batch *const b[MINUTES], double spent[3])
{
  const struct eng_port_rule rule = {.pct = 10, .hosts = 20, .dst_pct = 70};
  struct prac_arena *a = prac_arena_new(1 << 20);
  struct eng_cells c;
  struct eng_port_list l;
  double at[4] = {now()};
  eng_traffic_reset(t, 0);
  for (int m = 0; m < MINUTES; m++)
    if (eng_traffic_add(t, b[m]) != PRAC_OK) return 1;
  at[1] = now();
  if (!a || eng_traffic_cells(t, a, &c) != PRAC_OK) return 1;
  at[2] = now();
  if (eng_traffic_ports(t, &c, NULL, &rule, a, &l) != PRAC_OK) return 1;
  at[3] = now();
  for (int i = 0; i < 3; i++)
    if (at[i + 1] - at[i] < spent[i]) spent[i] = at[i + 1] - at[i];
  prac_arena_free(&a);
  return 0;
}

int main(void)
{
  static const char *const what[] = {"add", "cells", "ports"};
  const struct eng_traffic_conf conf = {.v4_bits = 16,
                                        .v6_bits = 48,
                                        .step_ns = PRAC_MIN,
                                        .steps = MINUTES,
                                        .max_rows = 1 << 20,
                                        .seed = 7};
  struct flow_batch *b[MINUTES];
  struct eng_traffic t;
  double spent[3] = {1e9, 1e9, 1e9};
  if (eng_traffic_init(&t, &conf, 0) != PRAC_OK || fill(b)) return 1;
  for (int k = 0; k < ROUNDS; k++)
    if (once(&t, b, spent)) return 1;
  for (int i = 0; i < 3; i++)
    printf("{\"bench\":\"traffic_%s\",\"n\":%u,\"ms\":%.2f,\"ns_per_op\":%.1f}\n", what[i],
           t.n_rows, spent[i] * 1e3, spent[i] * 1e9 / t.n_rows);
  for (int m = 0; m < MINUTES; m++) flow_batch_unref(&b[m]);
  eng_traffic_done(&t);
  return 0;
}
