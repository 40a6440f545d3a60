/* app/supervisor.h — the parent of all roles: starts them, starts them again, ends them in order.
 *
 * It holds the listening sockets and the board, so that nothing of a role's death reaches the
 * others; it parses nothing that comes from outside.
 */
#pragma once
#include <sys/types.h>

#include "app/roles.h"

struct supervised {
  struct role_env env;
  pid_t pid; /* 0: not running */
  int64_t started, next_start, backoff_ns;
  uint64_t deaths;
  bool over; /* a sensor whose captures cannot be read: not started again */
};
struct supervisor {
  const struct prac_conf *settings;
  const struct run_conf *run;
  struct board *board;
  struct supervised v[ROLES_MAX];
  size_t n, n_sensors, n_honeypots;
  bool once; /* end when all captures are played and everything is stored */
  bool said_played;
  struct prac_counters shown[BOARD_SETS]; /* of all roles */
  int64_t next_status;
  int bus_fd, http_fd, lock_fd;
  struct sys_logsink sink;
  struct prac_log log;
  struct sensor_conf *made; /* of files named on the command line; owned */
  const char *const *made_files;
};
/* Adds all roles, makes directories and sockets. */
PRAC_NODISCARD prac_rc supervisor_init(struct supervisor *s, const char *data, const char *listen,
                                       struct prac_err *reterr);
/* Until a signal (or, with once, until all is done). */
PRAC_NODISCARD prac_rc supervisor_run(struct supervisor *s, struct prac_err *reterr);
void supervisor_done(struct supervisor *s);
/* Fills env for one role of a run, or for a role alone (board: its own). */
PRAC_NODISCARD prac_rc supervisor_env(struct role_env *e, const struct role *r,
                                      const struct prac_conf *settings, const char *data,
                                      struct prac_err *reterr);
/* What a process of a role does from its first line to its exit status. */
int supervisor_role_main(struct role_env *e);
/* `practice ROLE` with these settings, as a command: returns its exit status. */
int cmd_role_alone(const struct role *r, const char *config, const char *data, const char *name);
