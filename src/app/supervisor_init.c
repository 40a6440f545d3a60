/* Which roles there are, with which uid, and the sockets that outlive them. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/supervisor.h"
#include "app/workers.h"
#include "base/conf_form.h"
#include "honeypot/sensor.h"
#include "portal/portal.h"
#include "sys/durable.h"
#include "sys/unixsock.h"

static prac_rc add(struct supervisor *s, const struct role *r, const char *data, int64_t uid,
                   struct prac_err *reterr)
{
  PRAC_INSIST(s->n < ROLES_MAX);
  struct supervised *v = &s->v[s->n];
  PRAC_TRY(supervisor_env(&v->env, r, s->settings, data, reterr));
  v->env.board = s->board;
  v->env.row = s->n;
  v->env.uid = geteuid() == 0 && s->run->drop ? s->run->uid_base + uid : -1;
  /* The portal reads what the store role writes: same group, files readable for it. */
  if (r == &role_portal && v->env.uid >= 0) v->env.gid = s->run->uid_base + 1;
  s->n++;
  return PRAC_OK;
}

/* Sensors made of files on the command line come beside those of the settings. */
static prac_rc not_taken(const struct supervisor *s, const char *name, struct prac_err *reterr)
{
  for (size_t i = 0; i < s->n; i++) {
    const struct role_env *e = &s->v[i].env;
    if ((e->sensor && strcmp(e->sensor->name, name) == 0) ||
        (e->honeypot && strcmp(e->honeypot->name, name) == 0))
      return PRAC_FAIL(reterr, PRAC_EXISTS, "two sensors or honeypots are called %s", name);
  }
  return PRAC_OK;
}

static prac_rc add_sensor(struct supervisor *s, const struct sensor_conf *c, const char *data,
                          struct prac_err *reterr)
{
  PRAC_TRY(not_taken(s, c->name, reterr));
  PRAC_TRY(add(s, &role_sensor, data, ROLE_UID_SENSOR + (int64_t)s->n_sensors, reterr));
  struct role_env *e = &s->v[s->n - 1].env;
  e->sensor = c;
  (void)snprintf(e->name, sizeof e->name, "sensor.%s", c->name);
  s->n_sensors++;
  return role_make_dirs(e, reterr);
}

/* Players first: their rows are the first of the board. */
static prac_rc add_sensors(struct supervisor *s, const char *data, struct prac_err *reterr)
{
  size_t n = prac_conf_count(s->settings, "sensors");
  size_t made = 0;
  while (s->made && s->made[made].name) made++;
  if (n + made > SENSORS_MAX)
    return PRAC_FAIL(reterr, PRAC_FULL,
                     "more than %d sensors on one box; files of one sensor stand together under "
                     "its sensors.files",
                     SENSORS_MAX);
  for (size_t i = 0; i < made; i++) PRAC_TRY(add_sensor(s, &s->made[i], data, reterr));
  for (int live = 0; live < 2; live++) {
    for (size_t i = 0; i < n; i++) {
      const struct sensor_conf *c = prac_conf_get(s->settings, "sensors", i);
      if ((c->interface[0] != '\0') == (live == 1)) PRAC_TRY(add_sensor(s, c, data, reterr));
    }
    if (live == 0) s->board->n_players = s->n;
  }
  return PRAC_OK;
}

static prac_rc add_honeypot(struct supervisor *s, const struct hp_conf *c, const char *data,
                            struct prac_err *reterr)
{
  PRAC_TRY(not_taken(s, c->name, reterr));
  PRAC_TRY(add(s, &role_honeypot, data, ROLE_UID_HONEYPOT + (int64_t)s->n_honeypots, reterr));
  struct role_env *e = &s->v[s->n - 1].env;
  e->honeypot = c;
  (void)snprintf(e->name, sizeof e->name, "honeypot.%s", c->name);
  s->n_honeypots++;
  return role_make_dirs(e, reterr);
}

static prac_rc add_honeypots(struct supervisor *s, const char *data, struct prac_err *reterr)
{
  size_t n = prac_conf_count(s->settings, "honeypots");
  if (n > HONEYPOTS_MAX)
    return PRAC_FAIL(reterr, PRAC_FULL, "more than %d honeypots on one box", HONEYPOTS_MAX);
  for (size_t i = 0; i < n; i++)
    PRAC_TRY(add_honeypot(s, prac_conf_get(s->settings, "honeypots", i), data, reterr));
  return PRAC_OK;
}

static prac_rc add_workers(struct supervisor *s, const char *data, struct prac_err *reterr)
{
  size_t n = prac_conf_count(s->settings, "workers");
  PRAC_TRY(workers_check(s->settings, reterr));
  for (size_t i = 0; i < n; i++) {
    PRAC_TRY(add(s, &role_engine, data, ROLE_UID_WORKER + (int64_t)i, reterr));
    struct role_env *e = &s->v[s->n - 1].env;
    worker_is(e, prac_conf_get(s->settings, "workers", i));
    PRAC_TRY(role_make_dirs(e, reterr));
  }
  return PRAC_OK;
}

/* A socket's form of "127.0.0.1:8640" or "[::1]:8640". */
static bool http_address(const char *text, struct sockaddr_storage *ret, socklen_t *ret_len)
{
  struct prac_ip ip;
  uint16_t port;
  if (!prac_endpoint_parse(text, &ip, &port)) return false;
  struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = htons(port)};
  memset(ret, 0, sizeof *ret);
  if (prac_ip_is4(&ip)) {
    a4.sin_addr.s_addr = htonl(prac_ip_to4(&ip));
    memcpy(ret, &a4, sizeof a4);
    *ret_len = sizeof a4;
  } else {
    memcpy(&a6.sin6_addr, ip.b, sizeof ip.b);
    memcpy(ret, &a6, sizeof a6);
    *ret_len = sizeof a6;
  }
  return true;
}

prac_rc role_listen_http(const char *text, int *ret_fd, struct prac_err *reterr)
{
  struct sockaddr_storage a;
  socklen_t n = 0;
  int one = 1;
  if (!http_address(text, &a, &n))
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "\"%s\" is not %s", text, prac_form_endpoint.what);
  int fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return sys_errno_rc(errno, reterr, "make a socket for", text);
  (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, (const void *)&a, n) != 0 || listen(fd, 128) != 0) {
    int err = errno;
    (void)close(fd);
    return sys_errno_rc(err, reterr, "listen at", text);
  }
  *ret_fd = fd;
  return PRAC_OK;
}

/* Two runs in one directory would write one log. The lock is the process's own: its roles do not
 * inherit it, and it ends with it, however that ends. */
static prac_rc lock_data(struct supervisor *s, struct prac_err *reterr)
{
  char path[ROLE_PATH];
  const char *data = s->v[0].env.real_data;
  struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET}, held = all;
  (void)snprintf(path, sizeof path, "%s/run.lock", data);
  s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (s->lock_fd < 0) return sys_errno_rc(errno, reterr, "open", path);
  if (fcntl(s->lock_fd, F_SETLK, &all) == 0) return PRAC_OK;
  if (errno != EACCES && errno != EAGAIN) return sys_errno_rc(errno, reterr, "lock", path);
  if (fcntl(s->lock_fd, F_GETLK, &held) != 0 || held.l_type == F_UNLCK) held.l_pid = 0;
  return PRAC_FAIL(reterr, PRAC_EXISTS,
                   "another practice run (process %ld) keeps its records in %s: stop it, or name "
                   "another directory with --data",
                   (long)held.l_pid, data);
}

static prac_rc sockets(struct supervisor *s, const char *listen, struct prac_err *reterr)
{
  char path[ROLE_PATH];
  const struct portal_conf *pc = prac_conf_get(s->settings, "portal", 0);
  PRAC_TRY(lock_data(s, reterr));
  if (s->run->bus == RUN_BUS_LOCAL)
    PRAC_TRY(sys_unix_listen(role_path(&s->v[0].env, "bus.sock", path), 0666, &s->bus_fd, reterr));
  PRAC_TRY(role_listen_http(listen ? listen : pc->listen, &s->http_fd, reterr));
  for (size_t i = 0; i < s->n; i++) {
    struct role_env *e = &s->v[i].env;
    if (e->role == &role_bus) e->bus_fd = s->bus_fd;
    if (e->role != &role_portal) continue;
    e->http_fd = s->http_fd;
    e->listen = listen;
  }
  return PRAC_OK;
}

/* Every set of counters gets its place on the board before anybody is started. */
static void lay_out(struct supervisor *s)
{
  size_t n = 0, at = 0;
  for (size_t i = 0; i < s->n; i++) {
    struct role_env *e = &s->v[i].env;
    e->shown = &s->shown[n];
    if (e->role->counters) e->n_shown = e->role->counters(e, &s->shown[n], BOARD_SETS - n);
    if (n + e->n_shown < BOARD_SETS) e->n_shown += role_bus_counters(e, &s->shown[n + e->n_shown]);
    for (size_t k = 0; k < e->n_shown; k++) {
      PRAC_INSIST(at + s->shown[n].n <= BOARD_COUNTERS);
      s->shown[n].values = &s->board->counters[at];
      at += s->shown[n++].n;
    }
  }
  for (size_t i = 0; i < s->n; i++) {
    s->v[i].env.others = s->shown;
    s->v[i].env.n_others = n;
  }
}

prac_rc supervisor_init(struct supervisor *s, const char *data, const char *listen,
                        struct prac_err *reterr)
{
  static const struct role *const fixed[] = {&role_bus,   &role_store,  &role_engine,
                                             &role_alert, &role_portal, &role_collector,
                                             &role_notify};
  s->bus_fd = s->http_fd = s->lock_fd = -1;
  s->run = prac_conf_get(s->settings, "run", 0);
  sys_logsink_init(&s->sink, 2, SYS_LOG_AUTO, "run");
  s->log = sys_logsink_log(&s->sink, PRAC_LOG_INFO);
  s->board =
      mmap(NULL, sizeof *s->board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (s->board == MAP_FAILED) {
    s->board = NULL;
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to share between the roles");
  }
  s->board->shared = true;
  for (size_t i = 0; i < ROLES_MAX; i++) atomic_store(&s->board->rows[i].safe, INT64_MIN + 1);
  PRAC_TRY(add_sensors(s, data, reterr));
  bool workers = prac_conf_count(s->settings, "workers") > 0;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(fixed); i++) {
    if (workers && fixed[i] == &role_engine) continue;
    if (fixed[i] == &role_bus && s->run->bus != RUN_BUS_LOCAL) continue;
    PRAC_TRY(add(s, fixed[i], data, (int64_t)i, reterr));
    PRAC_TRY(role_make_dirs(&s->v[s->n - 1].env, reterr));
  }
  PRAC_TRY(add_workers(s, data, reterr));
  PRAC_TRY(add_honeypots(s, data, reterr));
  lay_out(s);
  return sockets(s, listen, reterr);
}
