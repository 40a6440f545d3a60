/* A role's death is an ordinary event: its work is on the bus, its state on disk. The supervisor
 * says so, waits a moment that doubles with every quick death, and starts it again. */
#include "app/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/stop.h"
#include "app/supervisor_events.h"
#include "sys/durable.h"
#include "sys/rights.h"
#include "sys/unixsock.h"
#include "sys/wall.h"

enum { EXIT_AGAIN = 75, EXIT_FINAL = 78, TICK_NS = 100000000 };
#define BACKOFF_MIN_NS (100 * PRAC_MS)
#define HEALTHY_NS (20 * PRAC_SEC)
#define DRAIN_NS (20 * PRAC_SEC)
#define STATUS_NS (30 * PRAC_SEC)

prac_rc supervisor_env(struct role_env *e, const struct role *r, const struct prac_conf *settings,
                       const char *data, struct prac_err *reterr)
{
  char *full = NULL;
  *e = (struct role_env){.role = r,
                         .settings = settings,
                         .run = prac_conf_get(settings, "run", 0),
                         .uid = -1,
                         .bus_fd = -1,
                         .http_fd = -1,
                         .speed = -1,
                         .json = isatty(1) != 1,
                         .clock = sys_wall_clock(),
                         .mono = sys_mono_clock()};
  (void)snprintf(e->name, sizeof e->name, "%s", r->name);
  const char *dir = data ? data : e->run->data;
  PRAC_TRY(sys_mkdirs(dir, 0755, reterr));
  full = realpath(dir, NULL);
  if (!full || strlen(full) >= ROLE_DIR) {
    free(full);
    return PRAC_FAIL(reterr, PRAC_RANGE, "data directory %s: not there, or its name is too long",
                     dir);
  }
  (void)snprintf(e->data, sizeof e->data, "%s", full);
  (void)snprintf(e->real_data, sizeof e->real_data, "%s", full);
  free(full);
  return PRAC_OK;
}

static bool is_final(prac_rc rc)
{
  return rc == PRAC_DAMAGED || rc == PRAC_DENIED || rc == PRAC_RANGE || rc == PRAC_MALFORMED ||
         rc == PRAC_UNKNOWN || rc == PRAC_UNSUPPORTED;
}

int supervisor_role_main(struct role_env *e)
{
  struct prac_err err = {0};
  (void)signal(SIGPIPE, SIG_IGN);
  (void)signal(SIGXFSZ, SIG_IGN);
  (void)prctl(PR_SET_NAME, e->name, 0, 0, 0);
  sys_logsink_init(&e->sink, 2, SYS_LOG_AUTO, e->name);
  e->log = sys_logsink_log(&e->sink, PRAC_LOG_INFO);
  prac_rc rc = role_live(e, &err);
  if (rc == PRAC_OK || rc == PRAC_STOPPED) return 0;
  bool final = is_final(rc);
  bool inside = e->data[0] == '\0'; /* after chroot: names are below the data directory */
  prac_log(&e->log, final ? &ev_cannot : &ev_failed, "%s%s%s%s%s", final ? "cannot go on: " : "",
           err.text, inside ? " (names are below " : "", inside ? e->real_data : "",
           inside ? ")" : "");
  return final ? EXIT_FINAL : EXIT_AGAIN;
}

static void child(struct supervisor *s, struct supervised *v)
{
  const int keep[] = {v->env.bus_fd, v->env.http_fd};
  sigset_t none;
  (void)sigemptyset(&none);
  stop_install();
  (void)pthread_sigmask(SIG_SETMASK, &none, NULL);
  (void)setpgid(0, 0); /* Ctrl-C goes to the supervisor, which ends all in order */
  (void)s;
  sys_close_others(keep, 2);
  int st = supervisor_role_main(&v->env);
  (void)fflush(NULL);
  _exit(st);
}

static void start(struct supervisor *s, struct supervised *v)
{
  v->env.parent = getpid();
  pid_t pid = fork();
  if (pid == 0) child(s, v);
  v->started = sys_mono_ns();
  if (pid > 0) {
    v->pid = pid;
    if (v->deaths) prac_log(&s->log, &ev_again, "%s is running again", v->env.name);
    return;
  }
  v->next_start = v->started + PRAC_SEC;
  prac_log(&s->log, &ev_failed, "cannot start %s: %s", v->env.name, strerrordesc_np(errno));
}

static const char *how_ended(int st, char out[64])
{
  if (WIFSIGNALED(st))
    (void)snprintf(out, 64, "was killed by signal %d (%s)", WTERMSIG(st),
                   sigabbrev_np(WTERMSIG(st)));
  else
    (void)snprintf(out, 64, "ended with status %d", WEXITSTATUS(st));
  return out;
}

/* A sensor that cannot read its captures must not make the others wait for it. */
static void give_up(struct supervisor *s, struct supervised *v)
{
  struct board_row *r = &s->board->rows[v->env.row];
  v->over = true;
  atomic_store(&r->first, INT64_MAX);
  atomic_store(&r->safe, INT64_MAX);
  atomic_store(&r->last, INT64_MIN + 1);
  atomic_store(&r->state, BOARD_DONE);
  prac_log(&s->log, &ev_over, "%s stays out; the others go on", v->env.name);
}

static void died(struct supervisor *s, struct supervised *v, int st)
{
  char how[64];
  int64_t now = sys_mono_ns(), most = s->run->retry_max_ns;
  bool final = WIFEXITED(st) && WEXITSTATUS(st) == EXIT_FINAL;
  v->pid = 0;
  v->deaths++;
  if (final && v->env.role == &role_sensor && !v->env.sensor->interface[0]) {
    give_up(s, v);
    return;
  }
  v->backoff_ns =
      now - v->started > HEALTHY_NS || v->backoff_ns == 0 ? BACKOFF_MIN_NS : v->backoff_ns * 2;
  if (final) v->backoff_ns = most;
  if (v->backoff_ns > most) v->backoff_ns = most;
  v->next_start = now + v->backoff_ns;
  prac_log(&s->log, &ev_died, "%s %s; starting it again in %.1f s, nothing acknowledged is lost",
           v->env.name, how_ended(st, how), (double)v->backoff_ns / 1e9);
}

static void reap(struct supervisor *s, bool draining)
{
  int st;
  for (pid_t pid; (pid = waitpid(-1, &st, WNOHANG)) > 0;)
    for (size_t i = 0; i < s->n; i++) {
      if (s->v[i].pid != pid) continue;
      if (draining)
        s->v[i].pid = 0;
      else
        died(s, &s->v[i], st);
    }
}

/* Waits a moment or until a child or a signal comes; true: end. */
static bool wait_signal(int64_t ns)
{
  sigset_t set;
  struct timespec ts = {.tv_nsec = ns};
  (void)sigemptyset(&set);
  (void)sigaddset(&set, SIGCHLD);
  (void)sigaddset(&set, SIGTERM);
  (void)sigaddset(&set, SIGINT);
  int sig = sigtimedwait(&set, NULL, &ts);
  return sig == SIGTERM || sig == SIGINT;
}

static bool any_running(const struct supervisor *s, int drain)
{
  for (size_t i = 0; i < s->n; i++)
    if (s->v[i].pid && s->v[i].env.role->drain == drain) return true;
  return false;
}

static void signal_all(const struct supervisor *s, int drain, int sig)
{
  for (size_t i = 0; i < s->n; i++)
    if (s->v[i].pid && s->v[i].env.role->drain == drain) (void)kill(s->v[i].pid, sig);
}

/* Sensors first, the bus last: what one hands over, the next can still take. */
static void drain(struct supervisor *s)
{
  prac_log(&s->log, &ev_stop, "stopping: sensors first, the bus last");
  for (int stage = 0; stage < 10; stage++) {
    int64_t until = sys_mono_ns() + DRAIN_NS;
    signal_all(s, stage, SIGTERM);
    while (any_running(s, stage)) {
      if (sys_mono_ns() > until) signal_all(s, stage, SIGKILL);
      (void)wait_signal(TICK_NS / 5);
      reap(s, true);
    }
  }
  prac_log(&s->log, &ev_stop, "stopped; everything is kept in %s", s->v[0].env.real_data);
}

static bool played(const struct supervisor *s)
{
  for (size_t i = 0; i < s->board->n_players; i++)
    if (atomic_load(&s->board->rows[i].state) != BOARD_DONE) return false;
  return true;
}

/* Engines, collector, alert, store in this order have been found with nothing to do, each after the
 * one before.
 */
struct finish {
  size_t at; /* how many of them */
  uint64_t seen;
  bool begun;
};
static const struct supervised *nth_to_finish(const struct supervisor *s, size_t at)
{
  static const struct role *const chain[] = {&role_engine, &role_collector, &role_alert,
                                             &role_store, &role_notify};
  for (size_t k = 0; k < PRAC_ARRAY_LEN(chain); k++)
    for (size_t i = 0; i < s->n; i++)
      if (s->v[i].env.role == chain[k] && at-- == 0) return &s->v[i];
  return NULL;
}

static bool all_done(const struct supervisor *s, struct finish *f)
{
  const struct supervised *v;
  if (!played(s)) return false;
  while ((v = nth_to_finish(s, f->at))) {
    uint64_t idle = atomic_load(&s->board->rows[v->env.row].idle);
    if (!f->begun) f->seen = idle;
    f->begun = true;
    if (idle < f->seen + 3) return false;
    f->at++;
    f->begun = false;
  }
  return true;
}

/* Where the captures are by now: the slowest player's own time. */
static void status(const struct supervisor *s)
{
  char at[PRAC_TIME_TEXT];
  prac_time slowest = INT64_MAX;
  size_t playing = 0;
  for (size_t i = 0; i < s->board->n_players; i++) {
    if (atomic_load(&s->board->rows[i].state) >= BOARD_ENDED) continue;
    prac_time t = atomic_load(&s->board->rows[i].safe);
    playing++;
    if (t < slowest) slowest = t;
  }
  if (playing && slowest > 0)
    prac_log(&s->log, &ev_status, "the captures' clock shows %s; %zu of %zu still playing",
             prac_time_text(at, slowest), playing, s->board->n_players);
}

static bool block_signals(void)
{
  sigset_t set;
  (void)sigemptyset(&set);
  (void)sigaddset(&set, SIGCHLD);
  (void)sigaddset(&set, SIGTERM);
  (void)sigaddset(&set, SIGINT);
  return pthread_sigmask(SIG_BLOCK, &set, NULL) == 0;
}

static void start_due(struct supervisor *s)
{
  int64_t now = sys_mono_ns();
  for (size_t i = 0; i < s->n; i++)
    if (!s->v[i].pid && !s->v[i].over && now >= s->v[i].next_start) start(s, &s->v[i]);
}

/* What a person wants to know now and then. */
static void tell(struct supervisor *s)
{
  int64_t now = sys_mono_ns();
  if (!s->said_played && s->board->n_players && played(s)) {
    s->said_played = true;
    prac_log(&s->log, &ev_played, "all captures have been played; the page stays");
  }
  if (s->next_status == 0) s->next_status = now + STATUS_NS;
  if (now < s->next_status) return;
  s->next_status = now + STATUS_NS;
  status(s);
}

prac_rc supervisor_run(struct supervisor *s, struct prac_err *reterr)
{
  struct finish f = {0};
  if (!block_signals()) return PRAC_FAIL(reterr, PRAC_IO, "cannot block signals");
  for (;;) {
    start_due(s);
    if (wait_signal(TICK_NS)) break;
    reap(s, false);
    if (s->once && all_done(s, &f)) break;
    tell(s);
  }
  drain(s);
  for (size_t i = 0; i < s->n; i++)
    if (s->v[i].over)
      return PRAC_FAIL(reterr, PRAC_MALFORMED, "%s could not be played", s->v[i].env.name);
  return PRAC_OK;
}

void supervisor_done(struct supervisor *s)
{
  if (s->bus_fd >= 0) (void)close(s->bus_fd);
  if (s->http_fd >= 0) (void)close(s->http_fd);
  if (s->lock_fd >= 0) (void)close(s->lock_fd);
  if (s->board) (void)munmap(s->board, sizeof *s->board);
  free(s->made);
  s->board = NULL;
  s->made = NULL;
}
