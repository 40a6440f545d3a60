/* What a NATS server says: its greeting, its answers, where a delivery stands. Whatever it is,
 * reading stays inside it and what is accepted is whole. */
#include <stdlib.h>
#include <string.h>

#include "bus/nats/wire.h"

static struct nats_stream_info stream;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const char *p = (const char *)data;
  struct nats_info info;
  struct nats_puback ack;
  struct nats_consumer_info consumer;
  struct nats_stored stored;
  struct nats_place place;
  struct nats_lease lease;
  struct nats_head saved;
  if (nats_info_read(p, size, &info) == PRAC_OK && !info.version[0]) __builtin_trap();
  if (nats_puback_read(p, size, &ack) == PRAC_OK && !ack.seq && !ack.error.code) __builtin_trap();
  if (nats_stream_read(p, size, &stream) == PRAC_OK && stream.n_subjects > NATS_SUBJECTS_MAX)
    __builtin_trap();
  if (nats_stored_read(p, size, &stored) == PRAC_OK && stored.error.code < 0) __builtin_trap();
  static const char *const more[] = {"packet.>"};
  char *wider = nats_stream_widened(p, size, more, 1);
  if (wider && !strstr(wider, "\"packet.>\"]")) __builtin_trap();
  free(wider);
  if (nats_consumer_read(p, size, &consumer) == PRAC_OK && consumer.delivered < consumer.floor)
    __builtin_trap();
  if (nats_lease_read(p, size, &lease) == PRAC_OK && size != NATS_LEASE_BYTES) __builtin_trap();
  if (nats_head_read(p, size, &saved) == PRAC_OK && (saved.half > 1 || saved.len > NATS_STATE_MAX))
    __builtin_trap();
  char *text = malloc(size + 1);
  if (!text) return 0;
  if (size) memcpy(text, data, size);
  text[size] = '\0';
  if (nats_place_read(text, &place) == PRAC_OK &&
      (place.head >= size || text[place.head - 1] != '.'))
    __builtin_trap();
  (void)nats_version_cmp(text, "2.10.27");
  free(text);
  return 0;
}
