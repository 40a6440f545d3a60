/* portal/live_heard.h — what the bus brought of minutes, batch by batch, until it is known how much
 * of it stands in what the store says of them (see portal/live.h).
 *
 * bounds    the newest LIVE_HEARD batches; live_heard_since tells what has gone
 * threads   none: the portal's lock guards every call
 */
#pragma once
#include "portal/live.h"

enum { LIVE_HEARD = 65536 };
struct live_heard_batch {
  uint64_t seq; /* the bus's number; rising */
  struct live_sensor *sensor;
  prac_time minute;
  uint64_t packets;
  uint32_t sources;
};
struct live_heard;
struct live_heard *live_heard_new(void); /* NULL: no memory */
void live_heard_free(struct live_heard **hp);
void live_heard_add(struct live_heard *h, const struct live_heard_batch *b);
/* All with a greater number are there. */
uint64_t live_heard_since(const struct live_heard *h);
size_t live_heard_count(const struct live_heard *h);
const struct live_heard_batch *live_heard_at(const struct live_heard *h, size_t i); /* any order */
