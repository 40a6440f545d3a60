/* What all roles share: their directories, their rights, their way to the bus. */
#include "app/roles.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/stop.h"
#include "app/where.h"
#include "app/workers.h"
#include "base/conf_form.h"
#include "bus/local_client.h"
#include "bus/nats_client.h"
#include "model/sample.h"
#include "oidc/oidc.h"
#include "sys/durable.h"
#include "sys/rights.h"
#include "sys/wall.h"

enum { MAX_FILES = 1024 };
static const char *const bus_words[] = {[RUN_BUS_LOCAL] = "local", [RUN_BUS_NATS] = "nats", NULL};

#define RUN(f) offsetof(struct run_conf, f)
static const struct prac_conf_item run_items[] = {
    {.key = "data",
     .type = PRAC_CONF_STRING,
     .offset = RUN(data),
     .sdflt = "practice-data",
     .help = "Directory that holds everything: bus, store, state of the roles."},
    {.key = "bus",
     .type = PRAC_CONF_ENUM,
     .offset = RUN(bus),
     .words = bus_words,
     .dflt = RUN_BUS_LOCAL,
     .help = "How the roles meet: a broker of their own on this box (section bus), or a NATS "
             "JetStream server (section nats)."},
    {.key = "drop-rights",
     .type = PRAC_CONF_BOOL,
     .offset = RUN(drop),
     .hi = 1,
     .dflt = 1,
     .help = "Whether a run that was started by root gives every role a uid of its own."},
    {.key = "uid-base",
     .type = PRAC_CONF_INT,
     .offset = RUN(uid_base),
     .lo = 1000,
     .hi = 4e9,
     .dflt = 64200,
     .help = "First of the uids that the roles get when started by root."},
    {.key = "home",
     .type = PRAC_CONF_STRING,
     .offset = RUN(home),
     .sdflt = "",
     .help = "Who is at home: a country (ISO 3166), or sensors with commas between; the others are "
             "abroad. For practice compare."},
    {.key = "heartbeat",
     .type = PRAC_CONF_DURATION,
     .offset = RUN(heartbeat_ns),
     .lo = 1,
     .hi = 3600,
     .dflt = 60,
     .help = "Sensors and honeypots say at least so often how they are, also when they hear "
             "nothing."},
    {.key = "retry-max",
     .type = PRAC_CONF_DURATION,
     .offset = RUN(retry_max_ns),
     .lo = 1,
     .hi = 3600,
     .dflt = 30,
     .help = "Longest pause before a role that died is started again."},
};
const struct prac_conf_section run_conf_section = {
    .path = "run",
    .about = "All roles on one box: practice run.",
    .items = run_items,
    .n_items = PRAC_ARRAY_LEN(run_items),
    .size = sizeof(struct run_conf),
};

#define SEN(f) offsetof(struct sensor_conf, f)
static const struct prac_conf_item sensor_items[] = {
    {.key = "name",
     .type = PRAC_CONF_STRING,
     .offset = SEN(name),
     .form = &prac_form_name,
     .help = "Name of the sensor."},
    {.key = "country",
     .type = PRAC_CONF_STRING,
     .offset = SEN(country),
     .sdflt = "",
     .form = &prac_form_country,
     .help = "Where it stands, ISO 3166."},
    {.key = "prefixes",
     .type = PRAC_CONF_PREFIXES,
     .offset = SEN(prefixes),
     .sdflt = "",
     .help = "Its unused addresses; none: everything it sees is its own."},
    {.key = "source",
     .type = PRAC_CONF_STRING,
     .offset = SEN(source),
     .sdflt = "",
     .help = "pcap, csv, afpacket; empty: an interface is live, files say what they are."},
    {.key = "files",
     .type = PRAC_CONF_STRINGS,
     .offset = SEN(files),
     .sdflt = "",
     .help = "Captures to play, one after the other."},
    {.key = "interface",
     .type = PRAC_CONF_STRING,
     .offset = SEN(interface),
     .sdflt = "",
     .help = "Network interface to listen at."},
    {.key = "speed",
     .type = PRAC_CONF_REAL,
     .offset = SEN(speed),
     .lo = 0,
     .hi = 1e9,
     .dflt = 0,
     .help = "Captures: this many times real time; 0: as fast as possible."},
    {.key = "samples-per-minute",
     .type = PRAC_CONF_INT,
     .offset = SEN(samples),
     .lo = 0,
     .hi = MODEL_SAMPLES_MOST,
     .dflt = 60,
     .help = "Packets of a minute that are kept as they came (their first 256 bytes), rare ones "
             "first; 0: none."},
};
const struct prac_conf_section sensors_conf_section = {
    .path = "sensors",
    .about = "The sensors of this box.",
    .items = sensor_items,
    .n_items = PRAC_ARRAY_LEN(sensor_items),
    .size = sizeof(struct sensor_conf),
    .many = true,
};

const struct role *const role_list[] = {
    &role_bus,       &role_store, &role_sensor, &role_honeypot, &role_engine,
    &role_collector, &role_alert, &role_notify, &role_portal,   NULL,
};

const struct role *role_find(const char *name)
{
  for (const struct role *const *r = role_list; *r; r++)
    if (strcmp((*r)->name, name) == 0) return *r;
  return NULL;
}

const char *role_dir(const struct role_env *e, char out[ROLE_PATH])
{
  bool own = e->worker != NULL;
  (void)snprintf(out, ROLE_PATH, "%s%s%s", e->role->dirs, own ? "/" : "",
                 own ? e->worker->name : "");
  return out;
}

const char *role_path(const struct role_env *e, const char *what, char out[ROLE_PATH])
{
  (void)snprintf(out, ROLE_PATH, "%s/%.120s", e->data, what);
  return out;
}

prac_rc role_make_dirs(const struct role_env *e, struct prac_err *reterr)
{
  char path[2 * ROLE_PATH], own[ROLE_PATH];
  PRAC_TRY(sys_mkdirs(e->real_data, 0755, reterr));
  if (!e->role->dirs) return PRAC_OK;
  (void)snprintf(path, sizeof path, "%s/%s", e->real_data, role_dir(e, own));
  PRAC_TRY(sys_mkdirs(path, 0755, reterr));
  if (chmod(path, e->role->mode) != 0)
    return PRAC_FAIL(reterr, PRAC_DENIED, "%s belongs to somebody else", path);
  if (geteuid() != 0 || e->uid < 0) return PRAC_OK;
  if (chown(path, (uid_t)e->uid, (gid_t)e->uid) != 0)
    return PRAC_FAIL(reterr, PRAC_DENIED, "cannot give %s to uid %lld", path, (long long)e->uid);
  return PRAC_OK;
}

/* The directory is the role's: nothing else may be given away by a link. */
static bool give(int fd, int64_t uid)
{
  struct stat st;
  return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
         fchown(fd, (uid_t)uid, (gid_t)uid) == 0 && fchmod(fd, 0600) == 0;
}

prac_rc role_own_file(const char *path, int64_t uid, struct prac_err *reterr)
{
  if (geteuid() != 0 || uid < 0) return PRAC_OK;
  int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return PRAC_OK;
  bool ok = give(fd, uid);
  (void)close(fd);
  return ok ? PRAC_OK : PRAC_FAIL(reterr, PRAC_DENIED, "%s belongs to somebody else", path);
}

prac_rc role_own_files(const char *dir, int64_t uid, struct prac_err *reterr)
{
  if (geteuid() != 0 || uid < 0) return PRAC_OK;
  int at = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *d = at < 0 ? NULL : fdopendir(at);
  if (!d) return PRAC_OK;
  bool ok = fchown(at, (uid_t)uid, (gid_t)uid) == 0;
  for (struct dirent *e; ok && (e = readdir(d));) {
    if (e->d_name[0] == '.') continue;
    int fd = openat(at, e->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ok = fd >= 0 && give(fd, uid);
    if (fd >= 0) (void)close(fd);
  }
  (void)closedir(d);
  return ok ? PRAC_OK : PRAC_FAIL(reterr, PRAC_DENIED, "%s: a file belongs to somebody else", dir);
}

/* What the chosen backends need on top of the role's own rights. */
static unsigned backend_rights(const struct role_env *e)
{
  bool stores = e->role == &role_store || e->role == &role_portal;
  unsigned bus = e->run->bus == RUN_BUS_NATS ? SYS_MAY_INET | SYS_MAY_THREADS : 0;
  const struct oidc_conf *oidc = prac_conf_get(e->settings, oidc_conf_section.path, 0);
  bool out =
      (stores && where_is_outside(e->settings)) || (e->role == &role_portal && *oidc->issuer);
  return bus | (out ? SYS_MAY_INET : 0);
}

static prac_rc drop(struct role_env *e, struct prac_err *reterr)
{
  bool root = geteuid() == 0 && e->uid >= 0;
  struct sys_rights r = {.may = e->role->may | backend_rights(e),
                         .uid = root ? e->uid : -1,
                         .gid = e->gid,
                         .root = root ? e->real_data : NULL,
                         .max_files = MAX_FILES,
                         .keep_all = true};
  PRAC_TRY(sys_rights_drop(&r, reterr));
  if (root) e->data[0] = '\0';
  /* Only now: a change of uid takes the signal away. */
  if (e->parent && (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) != 0 || getppid() != e->parent))
    return PRAC_FAIL(reterr, PRAC_STOPPED, "the supervisor is gone");
  return PRAC_OK;
}

/* Certificates and the names of servers can be read now only. */
static prac_rc open_nats(struct role_env *e, struct prac_err *reterr)
{
  struct bus_env env = {.client = e->name, .log = &e->log};
  if (e->run->bus != RUN_BUS_NATS) return PRAC_OK;
  if (e->role == &role_bus)
    return PRAC_FAIL(reterr, PRAC_UNSUPPORTED,
                     "run.bus is nats: its servers stand in for the role bus");
  PRAC_TRY(bus_open("nats", prac_conf_get(e->settings, "nats", 0), &env, &e->bus, reterr));
  e->bus_state = e->bus.st;
  return PRAC_OK;
}

prac_rc role_live(struct role_env *e, struct prac_err *reterr)
{
  void *st = calloc(1, e->role->state_size);
  if (!st) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the role %s", e->name);
  prac_rc rc = e->role->prepare ? e->role->prepare(e, st, reterr) : PRAC_OK;
  if (rc == PRAC_OK) rc = open_nats(e, reterr);
  if (rc == PRAC_OK) rc = drop(e, reterr);
  if (rc == PRAC_OK) rc = e->role->run(e, st, reterr);
  e->role->done(st);
  bus_close(&e->bus);
  free(st);
  return rc;
}

size_t role_bus_counters(struct role_env *e, struct prac_counters *to)
{
  if (e->run->bus != RUN_BUS_NATS) return 0;
  (void)snprintf(e->bus_room, sizeof e->bus_room, "bus_nats/%s", e->name);
  *to = (struct prac_counters){
      .room = e->bus_room, .defs = bus_nats_counter_defs, .n = BUS_NATS_COUNTER_COUNT_};
  return 1;
}

prac_rc role_bus_open(struct role_env *e, struct bus *ret, struct prac_err *reterr)
{
  if (e->run->bus == RUN_BUS_NATS) {
    *ret = e->bus;
    e->bus = (struct bus){0};
    return PRAC_OK;
  }
  char path[ROLE_PATH];
  struct bus_local_conf c = {.socket = role_path(e, "bus.sock", path), .wait_ns = PRAC_SEC};
  struct bus_env env = {.client = e->name, .log = &e->log};
  return bus_open("local", &c, &env, ret, reterr);
}

prac_rc role_publish(struct bus *b, const char *subject, const char *id, const void *data,
                     size_t len, struct prac_err *reterr)
{
  for (;;) {
    prac_rc rc = b->ops->publish(b->st, subject, id, data, len, reterr);
    if (rc != PRAC_AGAIN) return rc;
    if (stop_asked()) return PRAC_FAIL(reterr, PRAC_STOPPED, "stopped while the bus was away");
  }
}

prac_rc role_publish_record(struct bus *b, const struct model_kind *k, const void *rec,
                            const char *subject, const char *id, struct prac_err *reterr)
{
  struct prac_json j = prac_json_of(0);
  model_to_json(k, rec, &j);
  prac_rc rc = j.bad ? PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a record")
                     : role_publish(b, subject, id, j.buf, j.len, reterr);
  prac_json_done(&j);
  return rc;
}

/* After a stop was asked for there is a little time left to say what is known: the bus goes last.
 */
prac_rc role_flush(struct bus *b, struct prac_err *reterr)
{
  for (int late = 0;;) {
    prac_rc rc = b->ops->flush(b->st, PRAC_SEC, reterr);
    if (rc != PRAC_AGAIN) return rc;
    if (stop_asked() && ++late > 5)
      return PRAC_FAIL(reterr, PRAC_STOPPED, "stopped while the bus was away");
  }
}

void role_show(const struct role_env *e, const struct prac_counters *c)
{
  for (size_t i = 0; i < e->n_shown; i++) {
    const struct prac_counters *to = &e->shown[i];
    if (to->defs != c->defs || strcmp(to->room, c->room) != 0) continue;
    _Atomic uint64_t *v = &e->board->counters[to->values - e->board->counters];
    for (size_t k = 0; k < to->n; k++) prac_gauge(&v[k], prac_counter_get(&c->values[k]));
  }
}

void role_beat(const struct role_env *e, const struct bus *b, struct health *h)
{
  const struct bus_queue q = bus_queue(b);
  const struct sys_clock_state c = sys_clock_state();
  h->sent = prac_now(&e->clock);
  h->every_ns = e->run->heartbeat_ns;
  h->queue = q.messages;
  h->queue_bytes = q.bytes;
  h->clock_synced = c.synced;
  h->clock_error_ns = c.error_ns;
}

void role_idle(const struct role_env *e)
{
  if (e->board) atomic_fetch_add(&e->board->rows[e->row].idle, 1);
  if (e->bus_state)
    role_show(e, &(struct prac_counters){e->bus_room, bus_nats_counter_defs,
                                         bus_nats_counters(e->bus_state), BUS_NATS_COUNTER_COUNT_});
}

prac_rc role_consume(struct role_env *e, const struct role_feed *f, struct prac_err *reterr)
{
  while (!stop_asked()) {
    struct bus_msg m;
    prac_rc rc = f->bus->ops->fetch(f->bus->st, 100 * PRAC_MS, &m, reterr);
    if (rc == PRAC_OK && m.seq > *f->seq) {
      PRAC_TRY(f->take(e, f->st, &m, reterr));
    } else if (rc == PRAC_AGAIN) {
      PRAC_TRY(f->rest(e, f->st, reterr));
      role_idle(e);
    } else if (rc != PRAC_OK) {
      return rc;
    }
  }
  PRAC_TRY(f->rest(e, f->st, reterr));
  return role_flush(f->bus, reterr);
}
