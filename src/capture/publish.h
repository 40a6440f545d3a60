/* capture/publish.h — the rows of a minute become a batch: completed, sorted, described, given
 * away. Without a sink the rows are only completed and counted. */
#pragma once
#include "capture/core.h"
#include "capture/minute.h"
#include "capture/origin.h"

struct cap_tools; /* capture/tools.h */
struct cap_publish {
  const char *sensor;
  cap_sink *sink; /* NULL: nowhere */
  void *arg;
  struct lookup *look;
  struct cap_origin *origin;
  const struct cap_tools *tools;
  uint64_t *count; /* CAP_COUNT_COUNT_ of them */
};
/* Empties m. last: the minute's last part. */
PRAC_NODISCARD prac_rc cap_publish(struct cap_publish *p, struct cap_minute *m, bool last);
