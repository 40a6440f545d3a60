/* Captures as if they happened now, only faster. Several sensors keep step over the board, so that
 * no one is taken for silent because it was restarted or has the larger file; and every sensor says
 * each minute that it is there, so that the records do not depend on who was faster. */
#include <inttypes.h>
#include <stdio.h>

#include "app/role_sensor.h"
#include "app/stop.h"
#include "sys/wall.h"

enum { NAP_NS = 5000000 };
#define AHEAD_NS (5 * PRAC_MIN)  /* of the slowest; below the engines' idea of silence */
#define SETTLE_NS (3 * PRAC_MIN) /* event time between two waits for the bus */
#define SLICE_NS (50 * PRAC_MS)  /* real time that is fed at once */
#define JUMP_NS (26 * PRAC_HOUR) /* a longer gap is not walked minute by minute */
static const struct prac_log_event ev_broken = {"sensor_file_broken", PRAC_LOG_WARN,
                                                "what came before the break counts"};
static const struct prac_log_event ev_back = {
    "sensor_file_clock_back", PRAC_LOG_WARN,
    "times behind it are later than the file's; make clocks right before the next capture"};
static const struct prac_log_event ev_play = {"sensor_plays", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_ended = {"sensor_played", PRAC_LOG_INFO, ""};

static struct board_row *row(const struct sensor_role *s)
{
  return &s->e->board->rows[s->e->row];
}

static prac_rc stopped(struct prac_err *reterr)
{
  return PRAC_FAIL(reterr, PRAC_STOPPED, "asked to stop");
}

static prac_time head(struct sensor_role *s)
{
  for (; s->at < s->n; s->at++) {
    prac_time t = input_head(&s->in[s->at]);
    if (t != INT64_MAX) return t;
    const struct input *in = &s->in[s->at];
    char back[INPUT_BACK_TEXT];
    if (in->broken) prac_log(&s->e->log, &ev_broken, "%s", in->why.text);
    if (s->at + 1 < s->n)
      s->in[s->at + 1].clock = in->clock; /* one sensor's: they follow each other */
    else if (input_back_text(in, back))
      prac_log(&s->e->log, &ev_back, "up to %s: %s", in->what, back);
  }
  return INT64_MAX;
}

enum over { FIRST, OTHERS_SAFE, PLAYING_SAFE, LAST };

/* Lowest start of all players, how far the slowest of the others is, or of those whose files are
 * not through, or the highest end of all; NONE while somebody has not said it. */
static prac_time over_players(const struct sensor_role *s, enum over what)
{
  const struct board *b = s->e->board;
  prac_time out = what == LAST ? INT64_MIN + 1 : INT64_MAX;
  for (size_t i = 0; i < b->n_players; i++) {
    const struct board_row *r = &b->rows[i];
    int st = atomic_load(&r->state);
    if (st < (what == LAST ? BOARD_ENDED : BOARD_READY)) return PRAC_TIME_NONE;
    if (what == OTHERS_SAFE && i == s->e->row) continue;
    if (what == PLAYING_SAFE && st >= BOARD_ENDED) continue;
    prac_time t = atomic_load(what == FIRST ? &r->first : what == LAST ? &r->last : &r->safe);
    if (what == LAST ? t > out : t < out) out = t;
  }
  return out;
}

/* Real time at which event time t is due; 0: at once. */
static int64_t due(const struct sensor_role *s, prac_time t, prac_time start)
{
  int64_t origin = atomic_load(&s->e->board->origin_mono);
  if (s->speed <= 0 || t <= start) return 0;
  return origin + (int64_t)((double)(t - start) / s->speed);
}

/* Says "nothing before next": not before it is due, nor far ahead of the others. These do not wait
 * for the end of a long gap. */
static prac_rc step(struct sensor_role *s, prac_time next, int64_t when, struct prac_err *reterr)
{
  bool gap = next - s->said > JUMP_NS;
  bool again = s->skip != PRAC_TIME_NONE && next <= s->skip;
  while (!again) {
    prac_time slowest = over_players(s, OTHERS_SAFE);
    bool near = slowest != PRAC_TIME_NONE && next - AHEAD_NS <= slowest;
    if (near && sys_mono_ns() >= when) break;
    if (stop_asked()) return stopped(reterr);
    if (atomic_load(&row(s)->safe) < s->said) PRAC_TRY(sensor_settle(s, reterr));
    if (gap) atomic_store(&row(s)->safe, next);
    sys_sleep_ns(NAP_NS);
  }
  /* Before the first packet there is nothing to close. */
  prac_time clock = next + SENSOR_LATENESS_NS;
  if (s->newest != PRAC_TIME_NONE)
    PRAC_TRY(sensor_advance(s, clock > s->newest ? clock : s->newest, reterr));
  PRAC_TRY(sensor_say(s, next, reterr));
  bool far = s->said - atomic_load(&row(s)->safe) >= SETTLE_NS;
  if (again || !(far || sys_mono_ns() - s->flushed_at > PRAC_SEC / 2)) return PRAC_OK;
  return sensor_settle(s, reterr);
}

/* Minute by minute up to `to`, which may be a day away (a quiet telescope) but not a year. */
static prac_rc walk(struct sensor_role *s, prac_time to, prac_time start, struct prac_err *reterr)
{
  while (s->said < to) {
    if (stop_asked()) return stopped(reterr);
    prac_time next = to - s->said > JUMP_NS ? to : s->said + PRAC_MIN;
    PRAC_TRY(step(s, next, due(s, next, start), reterr));
  }
  return PRAC_OK;
}

static prac_rc feed(struct sensor_role *s, prac_time until, struct prac_err *reterr)
{
  struct input *in = &s->in[s->at];
  size_t n = input_ready(in, until), at = in->at;
  in->at += n;
  in->items += n;
  for (size_t i = at; i < in->at; i++) {
    prac_time t = in->frames ? in->frames[i].at : in->seen[i].at;
    if (t > s->newest) s->newest = t;
  }
  s->err = reterr;
  prac_rc rc = in->frames ? cap_core_frames(s->core, in->frames + at, n)
                          : cap_core_seen(s->core, in->seen + at, n);
  if (rc == PRAC_OK || reterr->rc == rc) return rc;
  return PRAC_FAIL(reterr, rc, "%s: %s", in->what, prac_rc_text(rc));
}

static prac_rc packets(struct sensor_role *s, prac_time start, prac_time *ret_last,
                       struct prac_err *reterr)
{
  for (prac_time t; (t = head(s)) != INT64_MAX;) {
    PRAC_TRY(walk(s, prac_time_floor(t - SENSOR_LATENESS_NS, PRAC_MIN), start, reterr));
    int64_t wait = due(s, t, start) - sys_mono_ns();
    if (wait > 0) sys_sleep_ns(wait < 50 * PRAC_MS ? wait : 50 * PRAC_MS);
    if (stop_asked()) return stopped(reterr);
    if (wait > 50 * PRAC_MS) continue;
    prac_time minute = prac_time_floor(t, PRAC_MIN), until = minute + PRAC_MIN - 1;
    double slice = s->speed * (double)SLICE_NS;
    if (s->speed > 0 && slice < (double)PRAC_MIN && t + (int64_t)slice < until)
      until = t + (int64_t)slice;
    PRAC_TRY(feed(s, until, reterr));
    if (*ret_last == PRAC_TIME_NONE || minute + PRAC_MIN > *ret_last) *ret_last = minute + PRAC_MIN;
  }
  return PRAC_OK;
}

static prac_rc wait_for(const struct sensor_role *s, enum over what, prac_time *ret,
                        struct prac_err *reterr)
{
  while ((*ret = over_players(s, what)) == PRAC_TIME_NONE) {
    if (stop_asked()) return stopped(reterr);
    sys_sleep_ns(NAP_NS);
  }
  return PRAC_OK;
}

/* The files are through, the others' may not be: stay in step until they are. Then say that the day
 * is over, so that what the engines still hold is judged. */
static prac_rc wind_up(struct sensor_role *s, prac_time last, struct prac_err *reterr)
{
  s->err = reterr;
  prac_rc rc = cap_core_finish(s->core);
  if (rc != PRAC_OK)
    return reterr->rc == rc ? rc : PRAC_FAIL(reterr, rc, "cannot close the last minute");
  struct board_row *r = row(s);
  atomic_store(&r->last, last == PRAC_TIME_NONE ? s->said : last);
  if (atomic_load(&r->state) < BOARD_ENDED) atomic_store(&r->state, BOARD_ENDED);
  prac_time end;
  while ((end = over_players(s, LAST)) == PRAC_TIME_NONE) {
    if (stop_asked()) return stopped(reterr);
    prac_time playing = over_players(s, PLAYING_SAFE);
    if (playing != PRAC_TIME_NONE && playing != INT64_MAX && s->said + PRAC_MIN <= playing)
      PRAC_TRY(walk(s, prac_time_floor(playing, PRAC_MIN), INT64_MAX, reterr));
    else if (atomic_load(&r->safe) < s->said)
      PRAC_TRY(sensor_settle(s, reterr));
    else
      sys_sleep_ns(NAP_NS);
  }
  PRAC_TRY(walk(s, end, INT64_MAX, reterr));
  PRAC_TRY(sensor_settle(s, reterr));
  prac_time day = prac_time_floor(end - 1, PRAC_DAY) + PRAC_DAY;
  for (prac_time safe; (safe = over_players(s, OTHERS_SAFE)) != PRAC_TIME_NONE && safe < end;) {
    if (stop_asked()) return stopped(reterr);
    sys_sleep_ns(NAP_NS);
  }
  if (day > s->said) PRAC_TRY(sensor_say(s, day, reterr));
  PRAC_TRY(sensor_settle(s, reterr));
  atomic_store(&r->state, BOARD_DONE);
  return PRAC_OK;
}

prac_rc sensor_play(struct sensor_role *s, struct prac_err *reterr)
{
  struct board *b = s->e->board;
  struct board_row *r = row(s);
  prac_time first = head(s), start, last = PRAC_TIME_NONE;
  if (first == INT64_MAX)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "sensor %s: no packets in its files",
                     s->e->sensor->name);
  prac_time from = prac_time_floor(first, PRAC_MIN);
  if (atomic_load(&r->state) == BOARD_AWAY) {
    prac_time done = s->skip == PRAC_TIME_NONE ? INT64_MIN + 1 : s->skip;
    atomic_store(&r->safe, done);
    atomic_store(&r->first, done > from ? done : from);
    atomic_store(&r->state, BOARD_READY);
  }
  PRAC_TRY(wait_for(s, FIRST, &start, reterr));
  int64_t none = 0;
  (void)atomic_compare_exchange_strong(&b->origin_mono, &none, sys_mono_ns());
  if (from < start || s->skip == PRAC_TIME_NONE) from = from < start ? from : start;
  prac_log(&s->e->log, &ev_play, "playing %s%s", s->in[0].what, s->n > 1 ? " and more" : "");
  s->flushed_at = sys_mono_ns();
  PRAC_TRY(sensor_say(s, from, reterr));
  PRAC_TRY(sensor_settle(s, reterr));
  PRAC_TRY(packets(s, start, &last, reterr));
  uint64_t items = 0;
  for (size_t i = 0; i < s->n; i++) items += s->in[i].items;
  prac_log(&s->e->log, &ev_ended, "played to the end: %" PRIu64 " packets", items);
  return wind_up(s, last, reterr);
}
