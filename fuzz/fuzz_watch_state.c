/* Saved state of the watch: whatever loads must then work, and be saved as it was. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alert/watch.h"
#include "base/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static prac_rc drop(void *arg, const struct finding *f)
{
  (void)arg;
  PRAC_INSIST(f->id && f->key && f->kind && f->state && f->text[0]);
  return PRAC_OK;
}

static void go_on(struct alert_watch *w)
{
  struct health h = {.sensor = "tokyo", .site_country = "JP", .every_ns = PRAC_MIN, .lost = 1000};
  prac_time now = alert_watch_now(w);
  if (now == PRAC_TIME_NONE) now = 0;
  for (int i = 0; i < 8; i++) {
    h.at = h.sent = now;
    PRAC_INSIST(alert_watch_take(w, &h, i < 7) == PRAC_OK);
    now += PRAC_HOUR;
    PRAC_INSIST(alert_watch_advance(w, now) == PRAC_OK);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const uint32_t magic = 0x31575250; /* as in watch_state.c: the checksum is made to fit */
  struct alert_watch_conf conf;
  struct alert_watch *w = NULL;
  uint8_t *bytes = malloc(size + 8), *again = NULL;
  size_t n = 0;
  uint64_t sum = prac_hash_bytes(magic, data, size);
  prac_conf_defaults(&alert_watch_section, &conf);
  PRAC_INSIST(bytes && alert_watch_new(&conf, 0, drop, NULL, &w) == PRAC_OK);
  if (size) memcpy(bytes, data, size);
  for (int i = 0; i < 8; i++) bytes[size + (size_t)i] = (uint8_t)(sum >> (8 * i));
  if (alert_watch_load(w, bytes, size + 8) == PRAC_OK) {
    PRAC_INSIST(alert_watch_save(w, &again, &n) == PRAC_OK);
    PRAC_INSIST(n == size + 8);
    free(again);
    go_on(w);
  }
  alert_watch_free(&w);
  free(bytes);
  return 0;
}
