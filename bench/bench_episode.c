/* The desk of episodes: 1,000,000 victims through a table of 200,000 targets, then a steady attack
 * on a few. One JSON line a case; `check` must be the same on every machine. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "episode/episode.h"
#include "sys/wall.h"

enum { VICTIMS = 1000000, STEADY = 1000000 };
static const prac_time T0 = INT64_C(1375833600) * PRAC_SEC;

static prac_rc count(void *arg, const struct episode *e, bool alerts)
{
  uint64_t *n = arg;
  (void)alerts;
  *n += e->revision;
  return PRAC_OK;
}

static void feed(struct epi_desk *d, uint32_t i, uint32_t victim, prac_time at, uint64_t packets)
{
  static const char *const sensors[] = {"tokyo", "oslo", "lima"};
  char id[32];
  (void)snprintf(id, sizeof id, "b.%u", i);
  struct hit h = {.id = id,
                  .sensor = sensors[i % 3],
                  .vector = "ntp_monlist",
                  .at = at,
                  .from = at,
                  .to = at,
                  .victim = prac_ip4(victim),
                  .port = 123,
                  .packets = packets,
                  .bytes = packets * 8,
                  .ttl_min = 60,
                  .ttl_max = 60,
                  .ttl_count = 1};
  if (epi_desk_take(d, &h) != PRAC_OK) exit(1);
}

static void report(const char *name, uint64_t n, int64_t ns, uint64_t check)
{
  struct rusage u;
  (void)getrusage(RUSAGE_SELF, &u);
  printf("{\"bench\":\"episode\",\"case\":\"%s\",\"n\":%llu,\"ns_per_op\":%.0f,\"per_s\":%.0f,"
         "\"max_rss_mb\":%ld,\"check\":%llu}\n",
         name, (unsigned long long)n, (double)ns / (double)n, (double)n * 1e9 / (double)ns,
         u.ru_maxrss / 1024, (unsigned long long)check);
}

int main(void)
{
  struct epi_conf c;
  struct epi_desk *d = NULL;
  uint64_t said = 0;
  epi_conf_defaults(&c);
  if (epi_desk_new(&c, NULL, count, &said, &d, NULL) != PRAC_OK) return 1;
  int64_t begun = sys_mono_ns();
  for (uint32_t i = 0; i < VICTIMS; i++)
    feed(d, i, i * 2654435761u, T0 + i * (PRAC_SEC / 100000), 6);
  report("new victims", VICTIMS, sys_mono_ns() - begun, said);
  begun = sys_mono_ns();
  prac_time t1 = T0 + PRAC_HOUR;
  for (uint32_t i = 0; i < STEADY; i++)
    feed(d, VICTIMS + i, 0xcb007100u + i % 10, t1 + i * PRAC_MS, 100);
  report("10 victims, 3 sensors", STEADY, sys_mono_ns() - begun, said);
  uint8_t *bytes = NULL;
  size_t n = 0;
  begun = sys_mono_ns();
  if (epi_desk_save(d, &bytes, &n) != PRAC_OK) return 1;
  report("bytes of a full table saved", n, sys_mono_ns() - begun, said);
  free(bytes);
  epi_desk_free(&d);
  return 0;
}
