/* honeypot/sample.h — the requests of a worker's minutes that are kept as they came. Which, says
 * model/sample.h; here a minute that is over is handed to the reader.
 *
 * layer     what a socket gives: the UDP payload. The headers were the kernel's
 * threads   one writer (the worker), one reader. What the reader has not taken when the next minute
 *           is over makes that one get lost: it is counted, and does not count as known
 * clock     one that was ahead and has come back ends the minute that it had begun
 */
#pragma once
#include <stdatomic.h>

#include "model/sample.h"

struct hp_datagram;
struct hp_samples {
  struct model_samples *open; /* the writer's; NULL: none are kept */
  struct model_samples *told; /* the reader's while there are `ready` */
  prac_time minute;           /* of `open` */
  _Atomic size_t ready;
  size_t next; /* the reader's: of those */
  uint64_t lost;
};
/* 0: none are kept. PRAC_RANGE, PRAC_NOMEM: nothing is left behind. */
PRAC_NODISCARD prac_rc hp_samples_init(struct hp_samples *s, uint32_t per_minute, uint64_t seed);
void hp_samples_done(struct hp_samples *s); /* accepts zeroed */
void hp_samples_see(struct hp_samples *s, const struct hp_datagram *d, uint16_t port,
                    uint64_t payload);
/* Time has come to wall; end: whatever it is, no more will come, and the open minute waits for the
 * reader. */
void hp_samples_sweep(struct hp_samples *s, prac_time wall, bool end);
bool hp_samples_wait(const struct hp_samples *s); /* the writer's: some have not been taken */
/* The reader's side; strings and bytes live until the next call. PRAC_AGAIN: none now. */
PRAC_NODISCARD prac_rc hp_samples_take(struct hp_samples *s, const char *sensor,
                                       struct packet *ret);
uint64_t hp_samples_lost(const struct hp_samples *s); /* the writer's: packets with no room */
