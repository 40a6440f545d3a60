/* The alert desk as a process: findings in, alerts out, on the records' own time. There are three
 * clocks: the telescopes' (a day of captures may be played while we look, and engines lag behind
 * anyhow), the honeypots', which are asked by real senders, and ours, by which heartbeats are
 * waited for. So there are three desks, and none makes another's alerts run out. What the
 * telescopes' engines say, in one process or in several, comes to their desk in order of time.
 * Restarts as the engine role does: state with position, repeats known by their ids. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/alert.h"
#include "alert/order.h"
#include "alert/watch.h"
#include "app/role_sender.h"
#include "app/roles.h"
#include "app/stop.h"
#include "app/workers.h"
#include "sys/rights.h"
#include "sys/wall.h"

enum { SAVE_NS = 1000000000 };
/* PARTS of the state: the desks, the order, the watch */
enum { TELESCOPES, HONEYPOTS, SENSORS, DESKS, ORDER = DESKS, WATCH, PARTS };
#define TICK_NS (10 * PRAC_SEC)
static const struct prac_log_event ev_unread = {"alert_unreadable", PRAC_LOG_WARN,
                                                "an engine of another version?"};
static const struct prac_log_event ev_behind = {
    "alert_worker_behind", PRAC_LOG_WARN,
    "is a worker of the settings not running, or too slow? Alerts go out without it"};
static const struct prac_log_event ev_anew = {"alert_state_lost", PRAC_LOG_WARN,
                                              "alerts that were open begin again as new ones"};

struct alert_role {
  struct bus bus;
  struct alert_desk *desk[DESKS];
  struct alert_order *order; /* before the telescopes' desk */
  const char *workers[WORKERS_MAX];
  int64_t patience_ns, moved; /* when a worker last let something through, or nothing waited */
  struct prac_arena *arena;
  struct prac_json line;
  const struct role_env *e;
  uint64_t seq, saved;
  struct alert_watch *watch;
  bool watching;
  struct role_refused refused;
  int64_t next_save, next_tick;
  struct prac_err *err;
};

static void print(struct alert_role *s, const struct alert *a)
{
  char at[PRAC_TIME_TEXT];
  if (s->e->json) {
    prac_json_reset(&s->line);
    prac_json_open(&s->line, '{');
    prac_json_key(&s->line, "alert");
    model_to_json(&model_alert, a, &s->line);
    prac_json_close(&s->line, '}');
    if (!s->line.bad) printf("%s\n", s->line.buf);
  } else {
    bool closed = strcmp(a->state, "close") == 0;
    printf("ALERT %-6s %-8s %s  %s  [%s]\n", a->state, a->severity,
           prac_time_text(at, prac_time_floor(a->at, PRAC_SEC)), closed ? a->title : a->text,
           a->id);
  }
  (void)fflush(stdout);
}

static prac_rc on_alert(void *arg, const struct alert *a)
{
  struct alert_role *s = arg;
  char id[128];
  (void)snprintf(id, sizeof id, "%s.%u", a->id, a->revision);
  print(s, a);
  return role_publish_record(&s->bus, &model_alert, a, "alert.main", id, s->err);
}

/* Through the bus, as every other finding: the store keeps it, and the desk takes it from there. */
static prac_rc on_watched(void *arg, const struct finding *f)
{
  struct alert_role *s = arg;
  return role_publish_record(&s->bus, &model_finding, f, "finding.watch", f->id, s->err);
}

static prac_rc new_desks(struct role_env *e, struct alert_role *s, struct prac_err *reterr)
{
  const struct alert_conf *c = prac_conf_get(e->settings, "alert", 0);
  for (int i = 0; i < DESKS; i++) {
    struct alert_conf mine = *c;
    if (i == HONEYPOTS) mine.quiet_ns = 0; /* the collector has spaced its updates already */
    alert_desk_free(&s->desk[i]);
    prac_rc rc = alert_desk_new(&mine, on_alert, s, &s->desk[i]);
    if (rc != PRAC_OK) return PRAC_FAIL(reterr, rc, "alerts: %s", prac_rc_text(rc));
  }
  return PRAC_OK;
}

static prac_rc desk_take(void *arg, const struct finding *f)
{
  return alert_desk_take(((struct alert_role *)arg)->desk[TELESCOPES], f);
}

static prac_rc desk_advance(void *arg, prac_time t)
{
  return alert_desk_advance(((struct alert_role *)arg)->desk[TELESCOPES], t);
}

static prac_rc new_watch(struct role_env *e, struct alert_role *s, struct prac_err *reterr)
{
  const char *path = alert_watch_section.path;
  const struct alert_watch_conf *c = prac_conf_get(e->settings, path, 0);
  alert_watch_free(&s->watch);
  s->watching = c->enabled;
  prac_rc rc = alert_watch_new(c, prac_conf_hash(e->settings, path), on_watched, s, &s->watch);
  return rc == PRAC_OK ? rc : PRAC_FAIL(reterr, rc, "watch: %s", prac_rc_text(rc));
}

static prac_rc new_state(struct role_env *e, struct alert_role *s, struct prac_err *reterr)
{
  size_t n = workers_names(e->settings, s->workers);
  const struct alert_order_to to = {desk_take, desk_advance, s};
  alert_order_free(&s->order);
  prac_rc rc = alert_order_new(s->workers, n, &to, &s->order);
  if (rc != PRAC_OK) return PRAC_FAIL(reterr, rc, "alerts: %s", prac_rc_text(rc));
  PRAC_TRY(new_watch(e, s, reterr));
  return new_desks(e, s, reterr);
}

/* Each part of the state with its length before it. */
static prac_rc part_load(struct alert_role *s, int i, const uint8_t *data, size_t n)
{
  return i == WATCH   ? alert_watch_load(s->watch, data, n)
         : i == ORDER ? alert_order_load(s->order, data, n)
                      : alert_desk_load(s->desk[i], data, n);
}

static prac_rc part_save(struct alert_role *s, int i, uint8_t **ret, size_t *ret_len)
{
  return i == WATCH   ? alert_watch_save(s->watch, ret, ret_len)
         : i == ORDER ? alert_order_save(s->order, ret, ret_len)
                      : alert_desk_save(s->desk[i], ret, ret_len);
}

static prac_rc load_state(struct alert_role *s, const uint8_t *data, size_t n)
{
  struct prac_rd r = prac_rd_of(data, n);
  for (int i = 0; i < PARTS; i++) {
    uint64_t len = prac_rd_u64le(&r);
    if (r.bad || len > prac_rd_left(&r)) return PRAC_DAMAGED;
    PRAC_TRY(part_load(s, i, prac_rd_bytes(&r, (size_t)len), (size_t)len));
  }
  return prac_rd_left(&r) ? PRAC_DAMAGED : PRAC_OK;
}

static prac_rc make_state(struct role_env *e, struct alert_role *s, struct prac_err *reterr)
{
  uint8_t *data = NULL;
  size_t n = 0;
  struct prac_err err = {0};
  s->e = e;
  s->line = prac_json_of(0);
  s->arena = prac_arena_new(1 << 14);
  if (!s->arena) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the alerts");
  PRAC_TRY(new_state(e, s, reterr));
  prac_rc rc = role_state_load(e, &s->bus, &s->seq, &data, &n, &err);
  if (rc == PRAC_UNKNOWN) return PRAC_OK;
  if (rc == PRAC_OK) rc = load_state(s, data, n);
  free(data);
  s->saved = s->seq;
  if (rc == PRAC_OK) return PRAC_OK;
  prac_log(&e->log, &ev_anew, "the alerts begin anew: %s",
           err.text[0] ? err.text : prac_rc_text(rc));
  s->seq = s->saved = 0;
  return new_state(e, s, reterr);
}

static prac_rc save_state(struct role_env *e, struct alert_role *s, struct prac_err *reterr)
{
  uint8_t *part[PARTS] = {NULL}, *all = NULL;
  size_t len[PARTS] = {0}, n = 0;
  prac_rc rc = PRAC_OK;
  for (int i = 0; i < PARTS && rc == PRAC_OK; i++) {
    rc = part_save(s, i, &part[i], &len[i]);
    n += 8 + len[i];
  }
  if (rc == PRAC_OK && !(all = malloc(n))) rc = PRAC_NOMEM;
  if (rc == PRAC_OK) {
    struct prac_wr w = prac_wr_of(all, n);
    for (int i = 0; i < PARTS; i++) {
      prac_wr_u64le(&w, len[i]);
      prac_wr_bytes(&w, part[i], len[i]);
    }
    rc = role_state_save(e, &s->bus, s->seq, &all, n, reterr);
  } else {
    rc = PRAC_FAIL(reterr, rc, "state of the alerts: %s", prac_rc_text(rc));
  }
  for (int i = 0; i < PARTS; i++) free(part[i]);
  free(all);
  return rc;
}

static prac_rc save(struct role_env *e, struct alert_role *s, struct prac_err *reterr)
{
  s->next_save = sys_mono_ns() + SAVE_NS;
  if (s->seq == s->saved) return PRAC_OK;
  PRAC_TRY(role_flush(&s->bus, reterr));
  prac_rc rc = save_state(e, s, reterr);
  if (rc == PRAC_FULL) return PRAC_OK;
  PRAC_TRY(rc);
  s->saved = s->seq;
  return s->bus.ops->ack(s->bus.st, s->seq, reterr);
}

/* Whose clock a finding goes by. */
static bool from_honeypots(const char *subject)
{
  return strcmp(subject, "finding.drdos") == 0 || strncmp(subject, "finding.honeypot.", 17) == 0;
}

/* A worker that is gone must not keep the others' alerts from people. */
static prac_rc be_patient(struct role_env *e, struct alert_role *s)
{
  int64_t now = sys_mono_ns();
  if (alert_order_waiting(s->order) == 0) s->moved = now;
  if (now - s->moved < s->patience_ns) return PRAC_OK;
  s->moved = now;
  prac_log(&e->log, &ev_behind, "%zu findings have waited long for a worker",
           alert_order_waiting(s->order));
  return alert_order_hurry(s->order);
}

static prac_rc take_mark(struct alert_role *s, const struct health *h)
{
  prac_time before = alert_order_passed(s->order);
  PRAC_TRY(alert_order_mark(s->order, h->sensor, h->at));
  if (alert_order_passed(s->order) != before) s->moved = sys_mono_ns();
  return PRAC_OK;
}

/* The time, for the watch: said on the bus and taken from there like everything else, so that what
 * it brings about comes again in the same place after a restart. */
static prac_rc tick(struct role_env *e, struct alert_role *s, struct prac_err *reterr)
{
  int64_t now = sys_mono_ns();
  if (now < s->next_tick || stop_asked()) return PRAC_OK;
  s->next_tick = now + (e->run->heartbeat_ns < TICK_NS ? e->run->heartbeat_ns : TICK_NS);
  char id[48];
  prac_time t = prac_now(&e->clock);
  (void)snprintf(id, sizeof id, "alert.%" PRId64, t);
  const struct health h = {
      .id = id, .sensor = "alert", .at = t, .sent = t, .version = PRACTICE_VERSION};
  const struct prac_counters c = alert_watch_counters(s->watch);
  role_show(e, &c);
  return role_publish_record(&s->bus, &model_health, &h, "tick.alert", id, reterr);
}

static prac_rc rest(struct role_env *e, void *st, struct prac_err *reterr)
{
  struct alert_role *s = st;
  s->err = reterr;
  prac_rc rc = be_patient(e, s);
  if (rc != PRAC_OK)
    return reterr->rc == rc ? rc : PRAC_FAIL(reterr, rc, "alerts: %s", prac_rc_text(rc));
  PRAC_TRY(tick(e, s, reterr));
  return save(e, s, reterr);
}

/* What the watch says: a desk of its own, and the others hear who is away. */
static prac_rc take_watched(struct alert_role *s, const struct finding *f)
{
  PRAC_TRY(alert_desk_hear(s->desk[TELESCOPES], f));
  PRAC_TRY(alert_desk_hear(s->desk[HONEYPOTS], f));
  return alert_desk_take(s->desk[SENSORS], f);
}

static prac_rc take_finding(const struct role_env *e, struct alert_role *s, const struct bus_msg *m,
                            struct prac_err *err)
{
  struct finding f;
  PRAC_TRY(model_from_json(&model_finding, m->data, m->len, s->arena, &f, err));
  PRAC_TRY(role_check_record(m, &model_finding, &f, err));
  if (strcmp(m->subject, "finding.watch") == 0) return take_watched(s, &f);
  if (from_honeypots(m->subject)) {
    PRAC_TRY(role_check_time(e, f.at, ROLE_AHEAD_TELL, err));
    return alert_desk_take(s->desk[HONEYPOTS], &f);
  }
  return alert_order_take(s->order, &f);
}

/* Marks of the engines, ticks of our own, heartbeats. */
static prac_rc take_time(struct alert_role *s, const struct bus_msg *m, struct prac_err *err)
{
  struct health h;
  PRAC_TRY(model_from_json(&model_health, m->data, m->len, s->arena, &h, err));
  if (strncmp(m->subject, "health.", 7) == 0)
    PRAC_TRY(role_check_record(m, &model_health, &h, err));
  if (strncmp(m->subject, "mark.", 5) == 0) return take_mark(s, &h);
  if (!s->watching) return PRAC_OK;
  if (strncmp(m->subject, "health.", 7) == 0) return alert_watch_take(s->watch, &h, true);
  PRAC_TRY(alert_watch_advance(s->watch, h.at));
  return alert_desk_advance(s->desk[SENSORS], h.at);
}

static prac_rc take(struct role_env *e, void *st, const struct bus_msg *m, struct prac_err *reterr)
{
  struct alert_role *s = st;
  struct prac_err err = {0};
  s->seq = m->seq;
  s->err = reterr;
  prac_arena_reset(s->arena);
  bool finding = strncmp(m->subject, "finding.", 8) == 0;
  prac_rc rc = finding ? take_finding(e, s, m, &err) : take_time(s, m, &err);
  bool bad = rc != PRAC_OK;
  if (!bad) rc = be_patient(e, s);
  if (rc == PRAC_NOMEM || rc == PRAC_STOPPED || rc == PRAC_DENIED || rc == PRAC_IO)
    return reterr->rc == rc ? rc : PRAC_FAIL(reterr, rc, "alerts: %s", prac_rc_text(rc));
  if (bad) role_refuse(e, &s->refused, &ev_unread, m, err.text);
  PRAC_TRY(tick(e, s, reterr));
  return sys_mono_ns() > s->next_save ? save(e, s, reterr) : PRAC_OK;
}

static size_t counters(struct role_env *e, struct prac_counters *to, size_t max)
{
  (void)e;
  if (max == 0) return 0;
  to[0] = alert_watch_counters(NULL);
  return 1;
}

static prac_rc run(struct role_env *e, void *st, struct prac_err *reterr)
{
  struct alert_role *s = st;
  static const char *const what[] = {"finding.", "mark.", "health.", "tick.alert"};
  const struct alert_conf *c = prac_conf_get(e->settings, "alert", 0);
  s->patience_ns = c->patience_ns;
  s->moved = sys_mono_ns();
  PRAC_TRY(role_bus_open(e, &s->bus, reterr));
  PRAC_TRY(role_claim(e, &s->bus, reterr));
  PRAC_TRY(make_state(e, s, reterr));
  PRAC_TRY(s->bus.ops->subscribe(s->bus.st, what, PRAC_ARRAY_LEN(what), true, reterr));
  return role_consume(e, &(struct role_feed){&s->bus, &s->seq, s, take, rest}, reterr);
}

static void done(void *st)
{
  struct alert_role *s = st;
  bus_close(&s->bus);
  for (int i = 0; i < DESKS; i++) alert_desk_free(&s->desk[i]);
  alert_order_free(&s->order);
  alert_watch_free(&s->watch);
  prac_arena_free(&s->arena);
  prac_json_done(&s->line);
}

const struct role role_alert = {
    .name = "alert",
    .about = "makes of findings what people follow: opened, updated, closed",
    .state_size = sizeof(struct alert_role),
    .may = SYS_MAY_FILES | SYS_MAY_CONNECT,
    .drain = 3,
    .dirs = "alert",
    .mode = 0700,
    .run = run,
    .counters = counters,
    .done = done,
};
