/* A storm: every packet from a source never seen before, as on the worst day of a telescope. Time a
 * packet and memory, which must not grow with the number of sources. BENCH_PACKETS: how many
 * (default 5 million). One JSON line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/hash.h"
#include "capture/core.h"

enum { GROUP = 256, FRAME = 40 };

static prac_rc drop(void *arg, struct flow_batch *b)
{
  uint64_t *rows = arg;
  *rows += b->n;
  flow_batch_unref(&b);
  return PRAC_OK;
}

static void frame(uint8_t *b, uint64_t i)
{
  uint64_t h = prac_mix64(i + 1);
  struct prac_wr w = prac_wr_of(b, FRAME);
  prac_wr_u32(&w, 0x45000028), prac_wr_u32(&w, (uint32_t)h), prac_wr_u32(&w, 0x32060000);
  prac_wr_u32(&w, 0x10000000 + (uint32_t)i); /* never the same again */
  prac_wr_u32(&w, 0xc6120000 | (uint32_t)(h >> 48)), prac_wr_u32(&w, (uint32_t)(h >> 16) | 1);
  prac_wr_u64(&w, h), prac_wr_u64(&w, 0x5002ffff00000000);
  b[6] = b[7] = 0; /* no fragment */
}

int main(void)
{
  const char *n_text = getenv("BENCH_PACKETS");
  uint64_t packets = n_text ? strtoull(n_text, NULL, 10) : 5000000, rows = 0;
  struct cap_conf conf = {.sensor = "bench"};
  struct cap_core *core;
  static uint8_t bytes[GROUP][FRAME];
  static struct cap_frame f[GROUP];
  if (cap_core_new(&conf, NULL, drop, &rows, &core, NULL) != PRAC_OK) return 1;
  for (uint64_t i = 0; i < packets; i += GROUP) {
    for (uint64_t k = 0; k < GROUP; k++) {
      frame(bytes[k], i + k);
      f[k] = (struct cap_frame){(prac_time)(i + k) * 50 * PRAC_US, bytes[k], FRAME, FRAME, 101};
    }
    if (cap_core_frames(core, f, GROUP) != PRAC_OK) return 1;
  }
  if (cap_core_finish(core) != PRAC_OK) return 1;
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  double cpu = (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
               ((double)u.ru_utime.tv_usec + (double)u.ru_stime.tv_usec) / 1e6;
  const _Atomic uint64_t *c = cap_core_counters(core);
  printf("{\"bench\":\"capture_storm\",\"n\":%llu,\"seconds\":%.2f,\"ns_per_op\":%.1f,"
         "\"rss_mib\":%ld,\"rows\":%llu,\"sources_evicted\":%llu,\"evicted\":%llu}\n",
         (unsigned long long)packets, cpu, cpu * 1e9 / (double)packets, u.ru_maxrss / 1024,
         (unsigned long long)rows,
         (unsigned long long)prac_counter_get(&c[CAP_COUNT_sources_evicted]),
         (unsigned long long)prac_counter_get(&c[CAP_COUNT_evicted]));
  cap_core_free(&core);
  return 0;
}
