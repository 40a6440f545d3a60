/* One honeypot as a process: its ports are opened with the starter's rights, then it can open
 * neither files nor sockets, and talks to nobody but the bus and those who ask it. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "app/honeypot_watch.h"
#include "app/roles.h"
#include "app/stop.h"
#include "honeypot/sensor.h"
#include "lookup/lookup.h"
#include "sys/rights.h"
#include "sys/wall.h"

enum { AT_ONCE = 512, WORKERS_NICE = -10 };
#define IDLE_NS (10 * PRAC_MS)
#define CLOCK_NS (10 * PRAC_SEC) /* the collector goes by the time that heartbeats tell */
#define STATUS_NS (5 * PRAC_MIN)
/* An event that is going on is said again every few minutes; after so long without a word its end
 * has been missed. */
#define OPEN_NS (2 * PRAC_HOUR)
#define AFTER_NS PRAC_HOUR

static const struct prac_log_event ev_listens = {"honeypot_listens", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_shut = {
    "honeypot_shut", PRAC_LOG_WARN,
    "send SIGUSR2, or remove DATA/honeypot/mute, when it may answer again"};
static const struct prac_log_event ev_open = {"honeypot_open", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_status = {"honeypot_status", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_unread = {"honeypot_unreadable", PRAC_LOG_WARN,
                                                "a collector of another version?"};

struct honeypot_role {
  struct bus bus;
  struct hp_sensor *sensor;
  struct lookup *look;
  struct prac_arena *arena;
  int64_t next_control, next_health, next_status;
  uint64_t *now, *said, *logged; /* counts; as of the last health; of the last line in the log */
  bool was_shut;
  struct honeypot_watch watch;
};

/* The kill switch works at once, whatever the role is waiting for. */
static struct hp_sensor *volatile live;
static volatile sig_atomic_t by_signal;
static void on_switch(int sig)
{
  by_signal = sig == SIGUSR1;
  if (live && by_signal) hp_sensor_shut(live, true);
}

static void control(struct role_env *e, struct honeypot_role *s)
{
  char path[ROLE_PATH];
  struct stat st;
  bool file = stat(role_path(e, "honeypot/mute", path), &st) == 0;
  bool shut = by_signal || file;
  hp_sensor_shut(s->sensor, shut);
  if (by_signal) hp_sensor_shut(s->sensor, true); /* it came between the two */
  if (shut == s->was_shut) return;
  s->was_shut = shut;
  if (shut)
    prac_log(&e->log, &ev_shut, "no answer leaves any more: %s", file ? path : "SIGUSR1");
  else
    prac_log(&e->log, &ev_open, "the kill switch is off again");
}

static prac_rc publish(struct honeypot_role *s, const char *name, size_t *ret_n,
                       struct prac_err *reterr)
{
  char subject[64];
  struct hit h;
  struct packet p;
  (void)snprintf(subject, sizeof subject, "hit.%s", name);
  for (*ret_n = 0; *ret_n < AT_ONCE && hp_sensor_take(s->sensor, &h) == PRAC_OK; ++*ret_n)
    PRAC_TRY(role_publish_record(&s->bus, &model_hit, &h, subject, h.id, reterr));
  (void)snprintf(subject, sizeof subject, "packet.%s", name);
  for (; *ret_n < AT_ONCE && hp_sensor_take_packet(s->sensor, &p) == PRAC_OK; ++*ret_n)
    PRAC_TRY(role_publish_record(&s->bus, &model_packet, &p, subject, p.id, reterr));
  return PRAC_OK;
}

static uint64_t gone(const struct honeypot_role *s, enum hp_counter i)
{
  return s->now[i] - s->said[i];
}

static prac_rc say_health(struct role_env *e, struct honeypot_role *s, struct prac_err *reterr)
{
  char subject[64], id[96];
  prac_time at = prac_now(&e->clock);
  hp_sensor_counts(s->sensor, s->now);
  (void)snprintf(subject, sizeof subject, "health.%s", e->honeypot->name);
  (void)snprintf(id, sizeof id, "%s.%" PRId64, e->honeypot->name, at);
  struct health h = {.id = id,
                     .sensor = e->honeypot->name,
                     .site_country = e->honeypot->country,
                     .at = at,
                     .packets = gone(s, HP_COUNT_requests),
                     .lost = gone(s, HP_COUNT_lost) + gone(s, HP_COUNT_untold),
                     .evicted = gone(s, HP_COUNT_evicted),
                     .malformed = gone(s, HP_COUNT_unknown),
                     .rows = gone(s, HP_COUNT_hits),
                     .source = "honeypot",
                     .version = PRACTICE_VERSION};
  role_beat(e, &s->bus, &h);
  memcpy(s->said, s->now, hp_counter_count * sizeof *s->said);
  return role_publish_record(&s->bus, &model_health, &h, subject, id, reterr);
}

/* What an operator wants to know of it: how much was asked, answered and held back, and why. */
static void say_status(struct role_env *e, struct honeypot_role *s)
{
  char why[400] = "";
  size_t n = 0;
  hp_sensor_counts(s->sensor, s->now);
  if (memcmp(s->now, s->logged, hp_counter_count * sizeof *s->now) == 0) return;
  for (size_t i = HP_COUNT_suppressed_off; i < HP_COUNT_COUNT_ && n < sizeof why; i++)
    if (s->now[i] > s->logged[i])
      n += (size_t)snprintf(why + n, sizeof why - n, " %s %" PRIu64,
                            hp_counter_defs[i].name + strlen("suppressed_"),
                            s->now[i] - s->logged[i]);
#define SINCE(name) (s->now[HP_COUNT_##name] - s->logged[HP_COUNT_##name])
  prac_log(&e->log, &ev_status,
           "%" PRIu64 " requests, %" PRIu64 " lost, %" PRIu64 " untold, %" PRIu64 " hits, %" PRIu64
           " replies of %" PRIu64 " bytes; held back:%s",
           SINCE(requests), SINCE(lost), SINCE(untold), SINCE(hits), SINCE(replies),
           SINCE(reply_bytes), n ? why : " none");
#undef SINCE
  memcpy(s->logged, s->now, hp_counter_count * sizeof *s->logged);
}

/* Somebody is being attacked: none of us answers in their name until an hour after the end. */
static prac_rc hear(struct role_env *e, struct honeypot_role *s, int64_t wait_ns,
                    struct prac_err *reterr)
{
  struct bus_msg m;
  struct prac_err err = {0};
  struct episode x;
  PRAC_TRY(s->bus.ops->fetch(s->bus.st, wait_ns, &m, reterr));
  prac_arena_reset(s->arena);
  prac_rc rc = model_from_json(&model_episode, m.data, m.len, s->arena, &x, &err);
  if (rc != PRAC_OK) {
    prac_log(&e->log, &ev_unread, "%s: %s", m.subject, err.text);
    return PRAC_OK;
  }
  bool end = strcmp(x.state, "end") == 0;
  struct prac_prefix p = {x.victim, (uint8_t)(x.prefix_bits ? x.prefix_bits : 128)};
  prac_time until = end ? x.to + AFTER_NS : prac_now(&e->clock) + OPEN_NS;
  while (hp_sensor_silence(s->sensor, &p, until) == PRAC_AGAIN && !stop_asked())
    sys_sleep_ns(IDLE_NS);
  return PRAC_OK;
}

/* As many as there are, so that a flood of hits does not keep those from being silenced whom it is
 * about; but not for ever. */
static prac_rc hear_all(struct role_env *e, struct honeypot_role *s, int64_t wait_ns,
                        struct prac_err *reterr)
{
  prac_rc rc = hear(e, s, wait_ns, reterr);
  for (int i = 1; rc == PRAC_OK && i < AT_ONCE; i++) rc = hear(e, s, 0, reterr);
  return rc == PRAC_AGAIN ? PRAC_OK : rc;
}

static prac_rc prepare(struct role_env *e, void *st, struct prac_err *reterr)
{
  struct honeypot_role *s = st;
  struct rlimit files;
  struct hp_sensor_open o = {.conf = e->honeypot, .log = &e->log, .clock = e->clock};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) { /* a socket for each port, address and worker */
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
  }
  if (getrandom(&o.seed, sizeof o.seed, 0) != (ssize_t)sizeof o.seed)
    return PRAC_FAIL(reterr, PRAC_IO, "the system gives no random bytes");
  s->now = calloc(3 * hp_counter_count, sizeof *s->now);
  s->arena = prac_arena_new(1 << 14);
  if (!s->now || !s->arena) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for %s", e->name);
  s->said = s->now + hp_counter_count;
  s->logged = s->said + hp_counter_count;
  /* Packets wait for nobody: on a busy machine the workers come first (root only). */
  (void)setpriority(PRIO_PROCESS, 0, WORKERS_NICE);
  PRAC_TRY(lookup_new(prac_conf_get(e->settings, "lookup", 0), prac_now(&e->clock), NULL, &s->look,
                      reterr));
  o.look = s->look;
  prac_rc rc = hp_sensor_new(&o, &s->sensor, reterr);
  if (rc == PRAC_OK) rc = honeypot_watch_open(&s->watch, e, s->sensor, reterr);
  return rc == PRAC_OK ? rc : prac_err_prefix(reterr, rc, "honeypot %s", e->honeypot->name);
}

static prac_rc begin(struct role_env *e, struct honeypot_role *s, struct prac_err *reterr)
{
  static const char *const what[] = {"episode."};
  struct sigaction sa = {.sa_handler = on_switch};
  PRAC_TRY(role_bus_open(e, &s->bus, reterr));
  PRAC_TRY(s->bus.ops->subscribe(s->bus.st, what, 1, false, reterr));
  live = s->sensor;
  (void)sigemptyset(&sa.sa_mask);
  (void)sigaction(SIGUSR1, &sa, NULL);
  (void)sigaction(SIGUSR2, &sa, NULL);
  control(e, s);
  PRAC_TRY(hp_sensor_start(s->sensor, reterr));
  (void)setpriority(PRIO_PROCESS, 0, 0); /* this thread, which only talks to the bus */
  prac_log(&e->log, &ev_listens, "%zu vectors at %zu sockets, %zu MiB; answers are %s",
           hp_services_count(hp_sensor_services(s->sensor)), hp_sensor_sockets(s->sensor),
           hp_sensor_bytes(s->sensor) >> 20, e->honeypot->reply ? "on" : "off");
  return PRAC_OK;
}

static size_t counters(struct role_env *e, struct prac_counters *to, size_t max)
{
  if (max == 0) return 0;
  (void)snprintf(e->room, sizeof e->room, "honeypot/%s", e->honeypot->name);
  to[0] = (struct prac_counters){.room = e->room, .defs = hp_counter_defs, .n = hp_counter_count};
  return 1;
}
static void show(const struct role_env *e, struct honeypot_role *s)
{
  _Atomic uint64_t v[HP_COUNT_COUNT_];
  hp_sensor_counts(s->sensor, s->now);
  for (size_t i = 0; i < hp_counter_count; i++) atomic_init(&v[i], s->now[i]);
  role_show(e, &(struct prac_counters){e->room, hp_counter_defs, v, hp_counter_count});
}

/* What is not done for every packet. */
static prac_rc now_and_then(struct role_env *e, struct honeypot_role *s, int64_t now,
                            struct prac_err *reterr)
{
  role_idle(e);
  if (now >= s->next_control) {
    control(e, s);
    show(e, s);
    s->next_control = now + PRAC_SEC;
  }
  if (now >= s->next_status) {
    say_status(e, s);
    s->next_status = now + STATUS_NS;
  }
  if (now < s->next_health) return PRAC_OK;
  s->next_health = now + (e->run->heartbeat_ns < CLOCK_NS ? e->run->heartbeat_ns : CLOCK_NS);
  return say_health(e, s, reterr);
}

static prac_rc live_on(struct role_env *e, struct honeypot_role *s, struct prac_err *reterr)
{
  prac_rc rc = PRAC_OK;
  while (rc == PRAC_OK && !stop_asked()) {
    size_t n = 0;
    int64_t now = sys_mono_ns();
    rc = publish(s, e->honeypot->name, &n, reterr);
    if (rc == PRAC_OK) rc = honeypot_watch_turn(&s->watch, e, &s->bus, now, reterr);
    if (rc == PRAC_OK) rc = hear_all(e, s, n ? 0 : IDLE_NS, reterr);
    if (rc == PRAC_OK) rc = now_and_then(e, s, now, reterr);
  }
  return rc;
}

/* The workers empty their sockets and tell all they have; the ring between is small, so it is read
 * until they are over. */
static prac_rc end(struct role_env *e, struct honeypot_role *s, struct prac_err *reterr)
{
  size_t n;
  hp_sensor_stop(s->sensor);
  for (bool over = false;;) {
    PRAC_TRY(publish(s, e->honeypot->name, &n, reterr));
    if (n == 0 && over) break;
    over = hp_sensor_over(s->sensor);
    if (n == 0) sys_sleep_ns(PRAC_MS);
  }
  PRAC_TRY(say_health(e, s, reterr));
  say_status(e, s);
  return role_flush(&s->bus, reterr);
}

static prac_rc run(struct role_env *e, void *st, struct prac_err *reterr)
{
  struct honeypot_role *s = st;
  PRAC_TRY(begin(e, s, reterr));
  prac_rc rc = live_on(e, s, reterr);
  if (rc == PRAC_OK || rc == PRAC_STOPPED) rc = end(e, s, reterr);
  return rc;
}

static void done(void *st)
{
  struct honeypot_role *s = st;
  live = NULL;
  honeypot_watch_close(&s->watch);
  hp_sensor_free(&s->sensor);
  bus_close(&s->bus);
  lookup_unref(&s->look);
  prac_arena_free(&s->arena);
  free(s->now);
}

const struct role role_honeypot = {
    .name = "honeypot",
    .about = "answers like a server that attackers abuse, and records whom they attack",
    .state_size = sizeof(struct honeypot_role),
    .may = SYS_MAY_CONNECT | SYS_MAY_THREADS | SYS_MAY_DATAGRAMS,
    .drain = 1,
    .dirs = "honeypot",
    .mode = 0755,
    .prepare = prepare,
    .run = run,
    .counters = counters,
    .done = done,
};
