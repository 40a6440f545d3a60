/* app/roles.h — the processes of one box: who they are, what each may do, what each is given.
 *
 * A role is made in two steps. `prepare` runs with the starter's rights and opens what needs them
 * (captures, packet sockets, lookup files). Then the rights of its row are dropped for good, and
 * `run` works until stop_asked(). The supervisor (cmd_run.c) and `practice ROLE` use the same
 * table.
 *
 * returns   PRAC_OK or PRAC_STOPPED: asked to stop, all is kept; PRAC_DAMAGED, PRAC_DENIED,
 *           PRAC_RANGE, PRAC_MALFORMED, PRAC_UNKNOWN: starting again would not help soon; others: a
 *           restart may help
 */
#pragma once
#include <stdatomic.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/counter.h"
#include "base/err.h"
#include "base/log.h"
#include "bus/bus.h"
#include "model/records.h"
#include "sys/logsink.h"

enum {
  BOARD_COUNTERS = 4096,
  BOARD_SETS = 192,
  ROLES_MAX = 96,
  SENSORS_MAX = 64,
  HONEYPOTS_MAX = 16,
  ROLE_DIR = 448,
  ROLE_PATH = 640
};

/* Added to uid-base: the first sensor, the first honeypot, the first worker. */
enum { ROLE_UID_SENSOR = 10, ROLE_UID_HONEYPOT = 100, ROLE_UID_WORKER = 150 };

enum run_bus { RUN_BUS_LOCAL, RUN_BUS_NATS };
struct run_conf {
  const char *data, *home;
  int64_t uid_base;
  int bus; /* enum run_bus */
  bool drop;
  int64_t retry_max_ns, heartbeat_ns;
};
struct sensor_conf {
  const char *name, *country;
  struct prac_conf_prefixes prefixes;
  const char *source; /* "", "pcap", "csv", "afpacket" */
  struct prac_conf_strings files;
  const char *interface;
  double speed;
  int64_t samples;
};
extern const struct prac_conf_section run_conf_section;     /* "run" */
extern const struct prac_conf_section sensors_conf_section; /* "sensors", many */

/* Shared by all processes of one run, outlives each of them: how sensors that play files keep step,
 * how the supervisor sees that all is done, and where the portal reads the counters of a broker
 * that may be stuck itself. Only the row's own process writes it. */
enum board_state { BOARD_AWAY, BOARD_READY, BOARD_ENDED, BOARD_DONE };
struct board_row {
  _Atomic int64_t first; /* time of the first packet */
  _Atomic int64_t safe;  /* acknowledged by the bus up to here */
  _Atomic int64_t last;  /* end of the last minute with packets, once ended */
  _Atomic int state;     /* enum board_state */
  _Atomic uint64_t idle; /* rises whenever there was nothing left to do */
};
struct board {
  _Atomic int64_t origin_mono; /* when playing began; 0: not yet */
  size_t n_players;            /* rows 0 .. n_players - 1 play files together */
  struct board_row rows[ROLES_MAX];
  bool shared; /* false: a role alone, which sees only itself here */
  /* For the portal's /metrics. What they mean was laid down before the roles were started and is
   * not here, where a role that has been taken over could change it. */
  _Atomic uint64_t counters[BOARD_COUNTERS];
};

struct hp_conf;     /* honeypot/sensor.h */
struct worker_conf; /* app/workers.h */

struct role_env {
  const struct role *role;
  char name[48]; /* "sensor.tokyo": client name on the bus */
  const struct prac_conf *settings;
  const struct run_conf *run;
  const struct sensor_conf *sensor; /* sensors only */
  const struct hp_conf *honeypot;   /* honeypots only */
  const struct worker_conf *worker; /* engines in several processes; NULL: the only one */
  char data[ROLE_DIR];              /* the data directory as the role sees it: "" after chroot */
  char real_data[ROLE_DIR];
  int64_t uid;           /* -1: keep */
  int64_t gid;           /* 0: the uid */
  int64_t parent;        /* pid it must not outlive; 0: none */
  int bus_fd, http_fd;   /* listening, or -1 */
  struct bus bus;        /* over nats: opened before rights are dropped, until the role takes it */
  const void *bus_state; /* over nats: whose counters are shown */
  char bus_room[64];
  const char *listen; /* portal: where http_fd listens; NULL: portal.listen */
  struct board *board;
  size_t row;
  char room[48];                      /* of its counters: "honeypot/tokyo" */
  const struct prac_counters *shown;  /* its own sets of counters; values: on the board */
  const struct prac_counters *others; /* portal: those of all roles */
  size_t n_shown, n_others;
  double speed; /* < 0: the sensor's own */
  bool json;
  const char *test;        /* notify: tell only this tenant, a made attack */
  bool new_key;            /* notify: make one, and end */
  struct prac_clock clock; /* the wall */
  struct prac_clock mono;  /* never set: shows when the wall was */
  struct sys_logsink sink;
  struct prac_log log;
};
struct role {
  const char *name;
  const char *about;
  size_t state_size;
  unsigned may;     /* SYS_MAY_* */
  int drain;        /* order of stopping: lower first */
  const char *dirs; /* own directory under the data directory; NULL: none */
  unsigned mode;    /* of that directory */
  prac_rc (*prepare)(struct role_env *e, void *st, struct prac_err *reterr); /* NULL: nothing */
  prac_rc (*run)(struct role_env *e, void *st, struct prac_err *reterr);
  void (*done)(void *st); /* accepts a half-made state */
  /* The tables of its counters (room, defs, n), at most max; before it is started. NULL: none. */
  size_t (*counters)(struct role_env *e, struct prac_counters *to, size_t max);
};
#define ROLE_ACCOUNTS "portal/access.db" /* below the data directory */
/* As whom the store role keeps in the store how far it has the bus's messages. */
#define ROLE_STORE_CONSUMER "store"
#define BUS_OPERATOR "operator" /* the client that may forget consumers */
extern const struct role role_bus, role_store, role_sensor, role_engine, role_alert, role_portal,
    role_honeypot, role_collector, role_notify;
extern const struct role *const role_list[]; /* NULL-terminated */
const struct role *role_find(const char *name);
/* Its own directory below the data directory: "engine", "engine/asia". */
const char *role_dir(const struct role_env *e, char out[ROLE_PATH]);

/* Makes data, and the role's own directory with the role's owner. */
PRAC_NODISCARD prac_rc role_make_dirs(const struct role_env *e, struct prac_err *reterr);
/* What root has made for a role, or brought back from a copy, becomes the role's, mode 0600: one
 * file, or all of a directory and itself. What is not there is none. uid < 0, or not root: nothing
 * is done. PRAC_DENIED: a link leads out of the role's own. */
PRAC_NODISCARD prac_rc role_own_file(const char *path, int64_t uid, struct prac_err *reterr);
PRAC_NODISCARD prac_rc role_own_files(const char *dir, int64_t uid, struct prac_err *reterr);
/* prepare, drop rights, run, done. For a process of its own: rights do not come back. */
PRAC_NODISCARD prac_rc role_live(struct role_env *e, struct prac_err *reterr);
/* DATA/what, as the role sees it. */
const char *role_path(const struct role_env *e, const char *what, char out[ROLE_PATH]);
/* The bus as this role's client, once; retries for as long as the broker is away. */
PRAC_NODISCARD prac_rc role_bus_open(struct role_env *e, struct bus *ret, struct prac_err *reterr);
/* The counters of the role's bus client, when it has any; at most one set. */
size_t role_bus_counters(struct role_env *e, struct prac_counters *to);
/* A listening socket at "ADDRESS:PORT": opened before rights are dropped, so that the portal needs
 * none to make sockets. */
PRAC_NODISCARD prac_rc role_listen_http(const char *text, int *ret_fd, struct prac_err *reterr);
/* Until it is taken, flushed, or a stop was asked for (PRAC_STOPPED). */
PRAC_NODISCARD prac_rc role_publish(struct bus *b, const char *subject, const char *id,
                                    const void *data, size_t len, struct prac_err *reterr);
PRAC_NODISCARD prac_rc role_publish_record(struct bus *b, const struct model_kind *k,
                                           const void *rec, const char *subject, const char *id,
                                           struct prac_err *reterr);
PRAC_NODISCARD prac_rc role_flush(struct bus *b, struct prac_err *reterr);
/* How a role lives that reads the bus: every message after *seq is taken; when there is none, and
 * at the end, it rests (saves, commits). Returns when it is asked to stop, everything flushed. */
struct role_feed {
  struct bus *bus;
  const uint64_t *seq; /* the last one taken, moved by take */
  void *st;
  prac_rc (*take)(struct role_env *e, void *st, const struct bus_msg *m, struct prac_err *reterr);
  prac_rc (*rest)(struct role_env *e, void *st, struct prac_err *reterr);
};
PRAC_NODISCARD prac_rc role_consume(struct role_env *e, const struct role_feed *f,
                                    struct prac_err *reterr);
/* Puts the values of c, one of the tables that `counters` names, on the board; now and then. */
void role_show(const struct role_env *e, const struct prac_counters *c);
/* What every heartbeat of a live role says of itself: when, how soon again, what waits, its clock.
 */
void role_beat(const struct role_env *e, const struct bus *b, struct health *h);
void role_idle(const struct role_env *e); /* says on the board: nothing left to do now */

/* Roles that compute (role_state.c). One process of a name does; on a bus that keeps states the
 * others stand by, here, until they take over (PRAC_STOPPED: until they were stopped). Before
 * subscribe. */
PRAC_NODISCARD prac_rc role_claim(const struct role_env *e, struct bus *b, struct prac_err *reterr);
/* Its saved state: bytes and the bus position they stand for. *data: malloc'ed, still the caller's
 * afterwards, but it may have moved. */
PRAC_NODISCARD prac_rc role_state_save(const struct role_env *e, struct bus *b, uint64_t seq,
                                       uint8_t **data, size_t n, struct prac_err *reterr);
/* PRAC_UNKNOWN: none yet. *ret is malloc'ed. */
PRAC_NODISCARD prac_rc role_state_load(const struct role_env *e, struct bus *b, uint64_t *ret_seq,
                                       uint8_t **ret, size_t *ret_n, struct prac_err *reterr);
