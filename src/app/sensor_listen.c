/* A live sensor: packets when they come, a minute's end by a clock that is never set back, whatever
 * happens to the wall's. */
#include <inttypes.h>
#include <stdlib.h>

#include "app/role_sensor.h"
#include "app/stop.h"
#include "sys/wall.h"

enum { FRAMES = 4096 };
static const struct prac_log_event ev_step = {"sensor_clock_stepped", PRAC_LOG_WARN,
                                              "check the time service of this machine"};
static const struct prac_log_event ev_live = {"sensor_listens", PRAC_LOG_INFO, ""};

/* What the core makes of the wall clock: after it was set back, event time goes on where it was. */
static prac_time event_now(struct sensor_role *s, struct sys_steady *steady, prac_time wall)
{
  prac_time ignored;
  enum sys_step step = sys_steady_take(steady, wall, sys_mono_ns(), &ignored);
  if (step != SYS_STEP_NONE) {
    sensor_count(s);
    prac_log(&s->e->log, &ev_step,
             "the clock was set %s (%" PRIu64 " steps back so far); minutes go on in order, %.0f s "
             "ahead of the clock",
             step == SYS_STEP_BACK ? "back" : "ahead", steady->steps_back,
             (double)s->counts.clock_offset_ns / 1e9);
  }
  return wall + s->counts.clock_offset_ns;
}

static prac_rc take(struct sensor_role *s, struct cap_frame *frames, struct prac_err *reterr)
{
  size_t n = 0;
  prac_rc rc = s->source->next(s->source_st, frames, NULL, FRAMES, 100 * PRAC_MS, &n, reterr);
  if (rc == PRAC_AGAIN) return PRAC_OK;
  if (rc != PRAC_OK) return rc;
  s->err = reterr;
  rc = cap_core_frames(s->core, frames, n);
  return rc == PRAC_OK || reterr->rc == rc ? rc
                                           : PRAC_FAIL(reterr, rc, "packets: %s", prac_rc_text(rc));
}

prac_rc sensor_listen(struct sensor_role *s, struct prac_err *reterr)
{
  struct sys_steady steady = {0};
  struct cap_frame *frames = calloc(FRAMES, sizeof *frames);
  if (!frames) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for packets");
  prac_log(&s->e->log, &ev_live, "listening at %s", s->e->sensor->interface);
  s->said = s->first_minute = prac_time_floor(prac_now(&s->e->clock), PRAC_MIN);
  prac_rc rc = sensor_say(s, s->said, reterr);
  while (rc == PRAC_OK && !stop_asked()) {
    rc = take(s, frames, reterr);
    if (rc != PRAC_OK) break;
    role_idle(s->e);
    prac_time wall = prac_now(&s->e->clock);
    rc = sensor_advance(s, wall, reterr);
    if (rc != PRAC_OK) break;
    prac_time t = event_now(s, &steady, wall) - SENSOR_LATENESS_NS - PRAC_SEC;
    if (prac_time_floor(t, PRAC_MIN) > s->said)
      rc = sensor_say(s, prac_time_floor(t, PRAC_MIN), reterr);
  }
  free(frames);
  if (rc != PRAC_OK) return rc;
  s->err = reterr;
  rc = cap_core_finish(s->core);
  if (rc != PRAC_OK)
    return reterr->rc == rc ? rc : PRAC_FAIL(reterr, rc, "the open minute is lost");
  return sensor_settle(s, reterr);
}
