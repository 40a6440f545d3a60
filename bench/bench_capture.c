/* A storm: every packet from a source never seen before, as on the worst day of a telescope. Time a
 * packet and memory, which must not grow with the number of sources. BENCH_PACKETS: how many
 * (default 5 million). BENCH_FILE: the packets of this pcap file instead. BENCH_SAMPLES: so many a
 * minute are kept as they are (default 60; 0: none). One JSON line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/hash.h"
#include "capture/core.h"
#include "wire/pcap.h"

enum { GROUP = 256, FRAME = 40 };

static prac_rc drop(void *arg, struct flow_batch *b)
{
  uint64_t *rows = arg;
  *rows += b->n;
  flow_batch_unref(&b);
  return PRAC_OK;
}

static prac_rc count(void *arg, const struct packet *p)
{
  (void)arg, (void)p;
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

static prac_rc storm(struct cap_core *core, uint64_t packets)
{
  static uint8_t bytes[GROUP][FRAME];
  static struct cap_frame f[GROUP];
  for (uint64_t i = 0; i < packets; i += GROUP) {
    for (uint64_t k = 0; k < GROUP; k++) {
      frame(bytes[k], i + k);
      f[k] = (struct cap_frame){(prac_time)(i + k) * 50 * PRAC_US, bytes[k], FRAME, FRAME, 101};
    }
    PRAC_TRY(cap_core_frames(core, f, GROUP));
  }
  return PRAC_OK;
}

/* All of a file, which has been read. *ret: its packets. */
static prac_rc play(struct cap_core *core, struct prac_rd r, uint64_t *ret)
{
  static struct cap_frame f[GROUP];
  struct wire_pcap p;
  struct wire_frame w;
  size_t k = 0;
  prac_rc rc;
  PRAC_TRY(wire_pcap_open(&r, &p));
  while ((rc = wire_pcap_next(&p, &r, &w)) == PRAC_OK || rc == PRAC_AGAIN) {
    if (rc == PRAC_AGAIN) continue;
    f[k++] = (struct cap_frame){w.at, w.data, w.caplen, w.len, w.link};
    *ret += 1;
    if (k < GROUP) continue;
    PRAC_TRY(cap_core_frames(core, f, k));
    k = 0;
  }
  return cap_core_frames(core, f, k);
}

static prac_rc play_file(struct cap_core *core, const char *path, uint64_t *ret)
{
  enum { MOST = 1 << 30 };
  FILE *in = fopen(path, "rb");
  uint8_t *all = malloc(MOST);
  size_t n = in && all ? fread(all, 1, MOST, in) : 0;
  prac_rc rc = n ? play(core, prac_rd_of(all, n), ret) : PRAC_IO;
  if (in) fclose(in);
  free(all);
  return rc;
}

int main(void)
{
  const char *n_text = getenv("BENCH_PACKETS");
  uint64_t packets = n_text ? strtoull(n_text, NULL, 10) : 5000000, rows = 0;
  const char *s_text = getenv("BENCH_SAMPLES"), *file = getenv("BENCH_FILE");
  uint32_t samples = s_text ? (uint32_t)strtoul(s_text, NULL, 10) : 60;
  struct cap_conf conf = {.sensor = "bench"};
  struct cap_core *core;
  if (file) packets = 0;
  if (cap_core_new(&conf, NULL, drop, &rows, &core, NULL) != PRAC_OK) return 1;
  if (cap_core_sample(core, samples, count) != PRAC_OK) return 1;
  if ((file ? play_file(core, file, &packets) : storm(core, packets)) != PRAC_OK) return 1;
  if (cap_core_finish(core) != PRAC_OK) return 1;
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  double cpu = (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
               ((double)u.ru_utime.tv_usec + (double)u.ru_stime.tv_usec) / 1e6;
  const _Atomic uint64_t *c = cap_core_counters(core);
  printf(
      "{\"bench\":\"capture_storm\",\"n\":%llu,\"seconds\":%.2f,\"ns_per_op\":%.1f,"
      "\"rss_mib\":%ld,\"samples\":%llu,\"rows\":%llu,\"sources_evicted\":%llu,\"evicted\":%llu}\n",
      (unsigned long long)packets, cpu, cpu * 1e9 / (double)packets, u.ru_maxrss / 1024,
      (unsigned long long)prac_counter_get(&c[CAP_COUNT_samples]), (unsigned long long)rows,
      (unsigned long long)prac_counter_get(&c[CAP_COUNT_sources_evicted]),
      (unsigned long long)prac_counter_get(&c[CAP_COUNT_evicted]));
  cap_core_free(&core);
  return 0;
}
