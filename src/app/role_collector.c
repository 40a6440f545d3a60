/* The collector as a process: hits of all honeypots in, episodes out, and a finding for each that
 * alerts. Restarts as the engine role does: state with position, repeats known by their ids. What
 * time alone brings about (an end) must come again in the same place after a restart, so time is
 * not read but said on the bus, as a tick, and taken from there like everything else. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "app/role_sender.h"
#include "app/roles.h"
#include "app/stop.h"
#include "episode/episode.h"
#include "lookup/lookup.h"
#include "sys/rights.h"
#include "sys/wall.h"

enum { SAVE_NS = 2000000000, SAVE_MESSAGES = 50000, SAVE_SHARE = 20, LINES_A_MINUTE = 30 };
#define SHOW_NS (200 * PRAC_MS)
static const struct prac_log_event ev_began = {"attack_began", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_again = {"attack_again", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_over = {"attack_over", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_many = {"attacks_many", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_unread = {"collector_unreadable", PRAC_LOG_WARN,
                                                "a honeypot of another version?"};
static const struct prac_log_event ev_anew = {"collector_state_lost", PRAC_LOG_WARN,
                                              "attacks that were going on begin again as new ones"};
static const struct prac_log_event ev_ahead = {"collector_clock_ahead", PRAC_LOG_WARN,
                                               "set the honeypot's clock"};
static const struct prac_log_event ev_places = {
    "collector_no_places", PRAC_LOG_WARN, "see the settings of lookup; countries stay unknown"};

struct collector {
  struct bus bus;
  struct epi_desk *desk;
  struct lookup *look;
  struct prac_arena *arena, *words;
  uint64_t seq, saved, conf_hash, ahead, seed;
  prac_time ticked;
  int64_t next_save, next_show, heard; /* mono */
  int64_t lines_until;                 /* mono: of the minute that n_lines belongs to */
  uint64_t n_lines;
  struct role_refused refused;
  struct prac_err *err;
  const struct prac_log *log;
};

/* Files are opened here, with the starter's rights. */
static prac_rc prepare(struct role_env *e, void *st, struct prac_err *reterr)
{
  struct collector *s = st;
  const struct lookup_conf *c = prac_conf_get(e->settings, lookup_conf_section.path, 0);
  struct prac_err err = {0};
  if (getrandom(&s->seed, sizeof s->seed, 0) != (ssize_t)sizeof s->seed)
    return PRAC_FAIL(reterr, PRAC_IO, "the system gives no random bytes");
  prac_rc rc = lookup_new(c, prac_now(&e->clock), &e->log, &s->look, &err);
  if (rc != PRAC_OK) prac_log(&e->log, &ev_places, "where addresses belong: %s", err.text);
  return PRAC_OK;
}

/* "127.0.0.9" or "203.0.113.0/24" */
static const char *target(const struct episode *ep, char out[PRAC_IP_TEXT])
{
  struct prac_prefix p = {ep->victim, (uint8_t)ep->prefix_bits};
  bool one = ep->prefix_bits == 0 || ep->prefix_bits >= 128;
  return one ? prac_ip_text(out, &ep->victim) : prac_prefix_text(out, &p);
}

/* In the words of somebody who looks at a terminal. */
static void say_words(const struct prac_log *log, const struct episode *ep)
{
  char on[PRAC_IP_TEXT], lasted[PRAC_TIME_TEXT], by[128] = "";
  bool end = strcmp(ep->state, "end") == 0, start = strcmp(ep->state, "start") == 0;
  size_t n = 0;
  for (uint32_t i = 0; i < ep->vectors.n && i < 4 && n < sizeof by; i++)
    n += (size_t)snprintf(by + n, sizeof by - n, "%s%s", i ? ", " : "", ep->vectors.v[i]);
  target(ep, on);
  prac_duration_text(lasted, prac_time_floor(ep->to - ep->from, PRAC_SEC));
  if (end)
    prac_log(log, &ev_over,
             "The attack on %s by %s is over: %" PRIu64 " requests in %s, at most %.1f/s in a "
             "minute, at %" PRIu32 " honeypot%s",
             on, by, ep->packets, lasted, ep->pps_max, ep->sensors.n,
             ep->sensors.n == 1 ? "" : "s");
  else
    prac_log(log, start ? &ev_began : &ev_again,
             "An attack %s: somebody asks for %s in the name of %s, %" PRIu64
             " times so far at %" PRIu32 " honeypot%s",
             start ? "began" : "goes on", by, on, ep->packets, ep->sensors.n,
             ep->sensors.n == 1 ? "" : "s");
}

/* Many attacks at once are not to be a wall of text. */
static void say_aloud(struct collector *s, const struct episode *ep)
{
  int64_t now = sys_mono_ns();
  if (strcmp(ep->state, "update") == 0) return;
  if (now >= s->lines_until) {
    s->lines_until = now + PRAC_MIN;
    s->n_lines = 0;
  }
  if (++s->n_lines <= LINES_A_MINUTE)
    say_words(s->log, ep);
  else if (s->n_lines == LINES_A_MINUTE + 1)
    prac_log(s->log, &ev_many, "more attacks begin and end; see the page, practice query episodes");
}

static prac_rc say_finding(struct collector *s, const struct episode *ep)
{
  struct finding f;
  prac_arena_reset(s->words);
  if (epi_finding(ep, s->conf_hash, s->words, &f) != PRAC_OK)
    return PRAC_FAIL(s->err, PRAC_NOMEM, "no memory for a finding");
  say_aloud(s, ep);
  return role_publish_record(&s->bus, &model_finding, &f, "finding.drdos", f.id, s->err);
}

static prac_rc on_episode(void *arg, const struct episode *ep, bool alerts)
{
  struct collector *s = arg;
  char id[64];
  (void)snprintf(id, sizeof id, "%s.%" PRIu32, ep->id, ep->revision);
  const char *subject = alerts ? "episode.all" : "episode.recorded";
  PRAC_TRY(role_publish_record(&s->bus, &model_episode, ep, subject, id, s->err));
  return alerts ? say_finding(s, ep) : PRAC_OK;
}

static prac_rc new_desk(struct role_env *e, struct collector *s, struct prac_err *reterr)
{
  const struct epi_conf *c = prac_conf_get(e->settings, epi_conf_section.path, 0);
  s->conf_hash = prac_conf_hash(e->settings, epi_conf_section.path);
  PRAC_TRY(epi_desk_new(c, s->look, on_episode, s, &s->desk, reterr));
  epi_desk_seed(s->desk, s->seed);
  return PRAC_OK;
}

static prac_rc make_desk(struct role_env *e, struct collector *s, struct prac_err *reterr)
{
  uint8_t *data = NULL;
  size_t n = 0;
  struct prac_err err = {0};
  s->arena = prac_arena_new(1 << 14);
  s->words = prac_arena_new(1 << 12);
  s->log = &e->log;
  s->ticked = PRAC_TIME_NONE;
  s->heard = sys_mono_ns();
  if (!s->arena || !s->words) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the collector");
  PRAC_TRY(new_desk(e, s, reterr));
  prac_rc rc = role_state_load(e, &s->bus, &s->seq, &data, &n, &err);
  if (rc == PRAC_UNKNOWN) return PRAC_OK;
  if (rc == PRAC_OK) rc = epi_desk_load(s->desk, data, n);
  free(data);
  s->saved = s->seq;
  if (rc == PRAC_OK) return PRAC_OK;
  prac_log(&e->log, &ev_anew, "the episodes begin anew: %s",
           err.text[0] ? err.text : prac_rc_text(rc));
  s->seq = s->saved = 0;
  epi_desk_free(&s->desk);
  return new_desk(e, s, reterr);
}

static void show(const struct role_env *e, struct collector *s, int64_t now)
{
  if (now < s->next_show) return;
  s->next_show = now + SHOW_NS;
  const struct prac_counters c = epi_desk_counters(s->desk);
  role_show(e, &c);
}

static prac_rc save(struct role_env *e, struct collector *s, struct prac_err *reterr)
{
  int64_t begun = sys_mono_ns();
  s->next_save = begun + SAVE_NS;
  if (s->seq == s->saved) return PRAC_OK;
  PRAC_TRY(role_flush(&s->bus, reterr)); /* what was said is on disk before we forget saying it */
  uint8_t *data = NULL;
  size_t n = 0;
  prac_rc rc = epi_desk_save(s->desk, &data, &n);
  if (rc != PRAC_OK) return PRAC_FAIL(reterr, rc, "state of the episodes: %s", prac_rc_text(rc));
  rc = role_state_save(e, &s->bus, s->seq, &data, n, reterr);
  free(data);
  int64_t now = sys_mono_ns(), pause = (now - begun) * SAVE_SHARE;
  s->next_save = now + (pause > SAVE_NS ? pause : SAVE_NS);
  if (rc == PRAC_FULL) return PRAC_OK; /* the old state and its position still fit together */
  PRAC_TRY(rc);
  s->saved = s->seq;
  return s->bus.ops->ack(s->bus.st, s->seq, reterr);
}

/* Nothing comes: event time goes on all the same. Only said when something falls due by it. */
static prac_rc rest(struct role_env *e, void *st, struct prac_err *reterr)
{
  struct collector *s = st;
  prac_time now = epi_desk_now(s->desk);
  show(e, s, sys_mono_ns());
  if (now != PRAC_TIME_NONE && !stop_asked()) {
    prac_time t = now + (sys_mono_ns() - s->heard);
    if (epi_desk_due(s->desk) < t && (s->ticked == PRAC_TIME_NONE || t > s->ticked + PRAC_SEC)) {
      char id[48];
      (void)snprintf(id, sizeof id, "tick.%" PRId64, t);
      const struct health h = {.id = id,
                               .sensor = "collector",
                               .at = t,
                               .version = PRACTICE_VERSION,
                               .sent = PRAC_TIME_NONE};
      s->ticked = t;
      return role_publish_record(&s->bus, &model_health, &h, "tick.collector", id, reterr);
    }
  }
  return stop_asked() || sys_mono_ns() > s->next_save ? save(e, s, reterr) : PRAC_OK;
}

/* One wrong clock must not end all attacks. */
static bool ahead(struct role_env *e, struct collector *s, const char *sensor, prac_time at)
{
  if (!role_ahead(e, at, ROLE_AHEAD_HIT)) return false;
  if (s->ahead++ == 0)
    prac_log(&e->log, &ev_ahead, "%s: its clock is ahead; what it says is left out", sensor);
  return true;
}

static prac_rc take_hit(struct role_env *e, struct collector *s, const struct bus_msg *m,
                        struct prac_err *err)
{
  struct hit h;
  PRAC_TRY(model_from_json(&model_hit, m->data, m->len, s->arena, &h, err));
  PRAC_TRY(role_check_record(m, &model_hit, &h, err));
  if (ahead(e, s, h.sensor, h.at)) return PRAC_OK;
  prac_rc rc = epi_desk_take(s->desk, &h);
  if (rc == PRAC_MALFORMED) return PRAC_FAIL(err, rc, "hit \"%.64s\" contradicts itself", h.id);
  return rc;
}

static prac_rc take_time(struct role_env *e, struct collector *s, const struct bus_msg *m,
                         struct prac_err *err)
{
  struct health h;
  PRAC_TRY(model_from_json(&model_health, m->data, m->len, s->arena, &h, err));
  PRAC_TRY(role_check_record(m, &model_health, &h, err));
  bool tick = strncmp(m->subject, "tick.", 5) == 0;
  if (!tick && !epi_desk_knows(s->desk, h.sensor)) return PRAC_OK; /* a darknet's own time */
  if (!tick && (h.at < epi_desk_now(s->desk) || ahead(e, s, h.sensor, h.at))) return PRAC_OK;
  return epi_desk_advance(s->desk, h.at);
}

static prac_rc take(struct role_env *e, void *st, const struct bus_msg *m, struct prac_err *reterr)
{
  struct collector *s = st;
  struct prac_err err = {0};
  s->seq = m->seq;
  s->err = reterr;
  prac_arena_reset(s->arena);
  prac_time before = epi_desk_now(s->desk);
  bool hit = strncmp(m->subject, "hit.", 4) == 0;
  prac_rc rc = hit ? take_hit(e, s, m, &err) : take_time(e, s, m, &err);
  if (epi_desk_now(s->desk) != before) s->heard = sys_mono_ns();
  if (rc == PRAC_NOMEM || rc == PRAC_STOPPED || rc == PRAC_DENIED || rc == PRAC_IO)
    return reterr->rc == rc ? rc : PRAC_FAIL(reterr, rc, "episodes: %s", prac_rc_text(rc));
  if (rc != PRAC_OK) role_refuse(e, &s->refused, &ev_unread, m, err.text);
  int64_t mono = sys_mono_ns();
  show(e, s, mono);
  bool due = mono > s->next_save || s->seq - s->saved > SAVE_MESSAGES;
  return due ? save(e, s, reterr) : PRAC_OK;
}

static size_t counters(struct role_env *e, struct prac_counters *to, size_t max)
{
  (void)e;
  if (max == 0) return 0;
  to[0] =
      (struct prac_counters){.room = "episode", .defs = epi_counter_defs, .n = epi_counter_count};
  return 1;
}

static prac_rc run(struct role_env *e, void *st, struct prac_err *reterr)
{
  struct collector *s = st;
  static const char *const what[] = {"hit.", "health.", "tick.collector"};
  PRAC_TRY(role_bus_open(e, &s->bus, reterr));
  PRAC_TRY(role_claim(e, &s->bus, reterr));
  PRAC_TRY(make_desk(e, s, reterr));
  PRAC_TRY(s->bus.ops->subscribe(s->bus.st, what, PRAC_ARRAY_LEN(what), true, reterr));
  return role_consume(e, &(struct role_feed){&s->bus, &s->seq, s, take, rest}, reterr);
}

static void done(void *st)
{
  struct collector *s = st;
  bus_close(&s->bus);
  epi_desk_free(&s->desk);
  lookup_unref(&s->look);
  prac_arena_free(&s->arena);
  prac_arena_free(&s->words);
}

const struct role role_collector = {
    .name = "collector",
    .about = "makes attacks of what the honeypots saw",
    .state_size = sizeof(struct collector),
    .may = SYS_MAY_FILES | SYS_MAY_CONNECT,
    .drain = 2,
    .dirs = "collector",
    .mode = 0700,
    .prepare = prepare,
    .run = run,
    .counters = counters,
    .done = done,
};
