/* Saved findings that wait for their turn: whatever loads must then be passed on, in order. */
#include <stdlib.h>
#include <string.h>

#include "alert/order.h"
#include "base/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static prac_rc take(void *arg, const struct finding *f)
{
  prac_time *last = arg;
  PRAC_INSIST(f->id && f->key && f->engine && f->at >= *last);
  *last = f->at;
  return PRAC_OK;
}

static prac_rc advance(void *arg, prac_time t)
{
  (void)arg, (void)t;
  return PRAC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const uint32_t magic = 0x314f5250; /* as in order.c: the checksum is made to fit */
  static const char *const tellers[] = {"engine", "west"};
  prac_time last = PRAC_TIME_NONE;
  const struct alert_order_to to = {take, advance, &last};
  struct alert_order *o = NULL;
  uint8_t *bytes = malloc(size + 8), *again = NULL;
  size_t n = 0;
  uint64_t sum = prac_hash_bytes(magic, data, size);
  PRAC_INSIST(bytes && alert_order_new(tellers, 2, &to, &o) == PRAC_OK);
  if (size) memcpy(bytes, data, size);
  for (int i = 0; i < 8; i++) bytes[size + (size_t)i] = (uint8_t)(sum >> (8 * i));
  if (alert_order_load(o, bytes, size + 8) == PRAC_OK) {
    PRAC_INSIST(alert_order_save(o, &again, &n) == PRAC_OK);
    free(again);
    PRAC_INSIST(alert_order_hurry(o) == PRAC_OK);
  }
  alert_order_free(&o);
  free(bytes);
  return 0;
}
