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

static void say_step(struct sensor_role *s, const struct sys_steady *steady, enum sys_step step)
{
  double by = (double)steady->step_ns / 1e9, ahead = (double)s->counts.clock_offset_ns / 1e9;
  if (step == SYS_STEP_AHEAD)
    prac_log(&s->e->log, &ev_step,
             "the clock was set ahead by %.0f s (%" PRIu64
             " steps ahead so far); no packet is lost, "
             "the minutes between stay empty; minutes stand %.0f s ahead of the clock",
             by, steady->steps_ahead, ahead);
  else
    prac_log(&s->e->log, &ev_step,
             "the clock was set back by %.0f s (%" PRIu64 " steps back so far); no packet is lost, "
             "minutes go on in order, %.0f s ahead of the clock",
             -by, steady->steps_back, ahead);
}

/* What the core makes of the wall clock: after it was set back, event time goes on where it was. */
static prac_time event_now(struct sensor_role *s, struct sys_steady *steady, prac_time wall)
{
  prac_time ignored;
  enum sys_step step = sys_steady_take(steady, wall, prac_now(&s->e->mono), &ignored);
  if (step != SYS_STEP_NONE) {
    sensor_count(s);
    say_step(s, steady, step);
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

/* A clock that was set back while the sensor was away shows minutes that have been published: the
 * bus would take them for repeats, and they would be lost. Event time goes on behind them. */
static prac_rc begin(struct sensor_role *s, struct prac_err *reterr)
{
  prac_time now = prac_now(&s->e->clock), safe = s->place.safe;
  if (safe != PRAC_TIME_NONE && safe > now) {
    prac_log(&s->e->log, &ev_step,
             "the clock stands %.0f s before what is published already: it was set back while the "
             "sensor was away; minutes go on in order",
             (double)(safe - now) / 1e9);
    now = safe;
    PRAC_TRY(sensor_advance(s, safe + SENSOR_LATENESS_NS, reterr));
  }
  s->said = s->first_minute = prac_time_floor(now, PRAC_MIN);
  return sensor_say(s, s->said, reterr);
}

prac_rc sensor_listen(struct sensor_role *s, struct prac_err *reterr)
{
  struct sys_steady steady = {0};
  struct cap_frame *frames = calloc(FRAMES, sizeof *frames);
  if (!frames) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for packets");
  prac_log(&s->e->log, &ev_live, "listening at %s", s->e->sensor->interface);
  prac_rc rc = begin(s, reterr);
  while (rc == PRAC_OK && !stop_asked()) {
    rc = take(s, frames, reterr);
    if (rc != PRAC_OK) break;
    role_idle(s->e);
    prac_time wall = prac_now(&s->e->clock);
    rc = sensor_advance(s, wall, reterr);
    if (rc != PRAC_OK) break;
    prac_time t = event_now(s, &steady, wall) - SENSOR_LATENESS_NS - PRAC_SEC;
    bool fresh = prac_time_floor(t, PRAC_MIN) > s->said;
    /* a minute's end says the same, and need not be said twice */
    if (!fresh && prac_now(&s->e->mono) - s->beat < s->e->run->heartbeat_ns + PRAC_SEC) continue;
    rc = sensor_say(s, fresh ? prac_time_floor(t, PRAC_MIN) : s->said, reterr);
    /* not waited for, packets would be lost meanwhile: begin() asks for what was said, not for what
     * is safe */
    if (rc == PRAC_OK) rc = sensor_place_keep(&s->place, s->said, reterr);
  }
  free(frames);
  if (rc != PRAC_OK) return rc;
  s->err = reterr;
  rc = cap_core_finish(s->core);
  if (rc != PRAC_OK)
    return reterr->rc == rc ? rc : PRAC_FAIL(reterr, rc, "the open minute is lost");
  return sensor_settle(s, reterr);
}
