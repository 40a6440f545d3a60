/* Saved state of the desk of episodes: whatever loads must then work, and everything must end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "episode/episode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static prac_rc drop(void *arg, const struct episode *e, bool alerts)
{
  struct prac_arena *a = arg;
  struct finding f;
  (void)alerts;
  PRAC_INSIST(e->id && e->state && e->profile && e->parent && e->to >= e->from && e->bins > 0);
  prac_arena_reset(a);
  PRAC_INSIST(epi_finding(e, 1, a, &f) == PRAC_OK);
  return PRAC_OK;
}

static void go_on(struct epi_desk *d)
{
  static const prac_time t0 = INT64_C(1375833600) * PRAC_SEC;
  static const char *const sensors[] = {"tokyo", "oslo"}, *const vectors[] = {"dns", "port-9"};
  static const char *const name = "5 example.org ANY IN";
  char id[2] = "a";
  for (unsigned i = 0; i < 24; i++, id[0]++) {
    struct hit h = {.id = id,
                    .sensor = sensors[i & 1],
                    .vector = vectors[i / 2 & 1],
                    .at = t0 + i * PRAC_MIN,
                    .from = t0 + i * PRAC_MIN - PRAC_SEC,
                    .to = t0 + i * PRAC_MIN,
                    .victim = prac_ip4(0xcb007100 + i % 12),
                    .packets = 70,
                    .names = {&name, 1},
                    .ttl_min = 3,
                    .ttl_max = 3,
                    .ttl_count = 1};
    PRAC_INSIST(epi_desk_take(d, &h) == PRAC_OK);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const uint32_t magic = 0x31455250; /* as in state.c: the checksum is made to fit */
  struct epi_conf conf;
  struct epi_desk *d = NULL;
  struct prac_arena *a = prac_arena_new(0);
  uint8_t *bytes = malloc(size + 8), *again = NULL;
  size_t n = 0;
  uint64_t sum = prac_hash_bytes(magic, data, size);
  epi_conf_defaults(&conf);
  conf.max_targets = 64;
  PRAC_INSIST(a && bytes && epi_desk_new(&conf, NULL, drop, a, &d, NULL) == PRAC_OK);
  if (size) memcpy(bytes, data, size);
  for (int i = 0; i < 8; i++) bytes[size + (size_t)i] = (uint8_t)(sum >> (8 * i));
  if (epi_desk_load(d, bytes, size + 8) == PRAC_OK) {
    PRAC_INSIST(epi_desk_save(d, &again, &n) == PRAC_OK);
    go_on(d);
    PRAC_INSIST(epi_desk_finish(d) == PRAC_OK);
    PRAC_INSIST(epi_desk_open_count(d) == 0);
  }
  epi_desk_free(&d);
  prac_arena_free(&a);
  free(again);
  free(bytes);
  return 0;
}
