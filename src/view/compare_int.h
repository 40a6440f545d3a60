/* view/compare_int.h — the parts of a comparison; inside the room only. */
#pragma once
#include "view/compare.h"
#include "view/view_int.h"

struct compare_work {
  struct store *s;
  const struct compare_conf *conf;
  struct prac_arena *a;
  struct compare *c;
  struct prac_span kept, hours; /* flows; hour roll-ups */
  struct prac_err *err;
};
uint32_t compare_sensor_at(const struct compare *c, const char *name); /* n_sensors: unknown */
PRAC_NODISCARD prac_rc compare_stories(struct compare_work *w);
PRAC_NODISCARD prac_rc compare_lags(struct compare_work *w); /* after the stories */
PRAC_NODISCARD prac_rc compare_overlap(struct compare_work *w);
PRAC_NODISCARD prac_rc compare_abroad(struct compare_work *w);
