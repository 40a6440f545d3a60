/* Any bytes as a record: first byte chooses the kind and the form. */
#include <stdlib.h>

#include "model/delivery.h"
#include "model/packet.h"
#include "model/subscription.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

union any {
  struct finding f;
  struct alert a;
  struct health h;
  struct hit hit;
  struct episode e;
  struct subscription s;
  struct errand errand;
  struct told told;
  struct delivery delivery;
  struct packet packet;
  struct decision decision;
};
static const struct model_kind *const kinds[] = {
    &model_finding,  &model_alert,  &model_health, &model_subscription, &model_errand,  &model_told,
    &model_delivery, &model_packet, &model_hit,    &model_episode,      &model_decision};

static void binary(const struct model_kind *k, const uint8_t *data, size_t size,
                   struct prac_arena *a)
{
  static uint8_t buf[1 << 20];
  union any rec, again;
  struct prac_rd r = prac_rd_of(data, size);
  if (model_from_binary(k, &r, a, &rec) != PRAC_OK) return;
  struct prac_wr w = prac_wr_of(buf, sizeof buf);
  if (model_to_binary(k, &rec, &w) != PRAC_OK) abort();
  struct prac_rd r2 = prac_rd_of(buf, prac_wr_len(&w));
  if (model_from_binary(k, &r2, a, &again) != PRAC_OK) abort();
}

static void json(const struct model_kind *k, const uint8_t *data, size_t size, struct prac_arena *a)
{
  union any rec, again;
  if (model_from_json(k, (const char *)data, size, a, &rec, NULL) != PRAC_OK) return;
  struct prac_json j = prac_json_of(0);
  model_to_json(k, &rec, &j);
  if (!j.bad && model_from_json(k, j.buf, j.len, a, &again, NULL) != PRAC_OK) abort();
  prac_json_done(&j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size == 0) return 0;
  struct prac_arena *a = prac_arena_new(0);
  const struct model_kind *k = kinds[(data[0] >> 1) % PRAC_ARRAY_LEN(kinds)];
  if (data[0] & 1)
    json(k, data + 1, size - 1, a);
  else
    binary(k, data + 1, size - 1, a);
  prac_arena_free(&a);
  return 0;
}
