/* Saved state of the alert desk: whatever loads must then work, and closing must follow. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alert/alert.h"
#include "base/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static prac_rc drop(void *arg, const struct alert *a)
{
  (void)arg;
  PRAC_INSIST(a->id && a->key && a->severity && a->state);
  return PRAC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const uint32_t magic = 0x34445250; /* as in state.c: the checksum is made to fit */
  static const prac_time t0 = INT64_C(1375833600) * PRAC_SEC;
  struct alert_conf conf;
  struct alert_desk *d = NULL;
  uint8_t *bytes = malloc(size + 8);
  uint64_t sum = prac_hash_bytes(magic, data, size);
  prac_conf_defaults(&alert_conf_section, &conf);
  conf.max_open = 8;
  PRAC_INSIST(bytes && alert_desk_new(&conf, drop, NULL, &d) == PRAC_OK);
  if (size) memcpy(bytes, data, size);
  for (int i = 0; i < 8; i++) bytes[size + (size_t)i] = (uint8_t)(sum >> (8 * i));
  if (alert_desk_load(d, bytes, size + 8) == PRAC_OK) {
    struct finding f = {.id = "f1",
                        .engine = "surge",
                        .key = "country:MM",
                        .kind = "surge-country",
                        .state = "on",
                        .at = t0,
                        .from = t0,
                        .to = t0,
                        .level = 3,
                        .unit = "",
                        .country = "MM",
                        .text = "Sources from Myanmar: 24.",
                        .flows = ""};
    PRAC_INSIST(alert_desk_take(d, &f) == PRAC_OK);
    PRAC_INSIST(alert_desk_finish(d) == PRAC_OK);
    PRAC_INSIST(alert_desk_open_count(d) == 0);
  }
  alert_desk_free(&d);
  free(bytes);
  return 0;
}
