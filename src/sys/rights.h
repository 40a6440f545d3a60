/* sys/rights.h — giving rights away, for good: what a role does not need, it loses before it reads
 * its first byte from outside.
 *
 * order     descriptors, limits, root directory, groups and uid, no-new-privileges, system calls
 * calls     an allow-list by groups (SYS_MAY_*); anything else fails with EPERM, and execve, ptrace
 *           and the like are in no group. Sockets are AF_UNIX only unless SYS_MAY_INET; threads are
 *           no processes; a terminal cannot be typed into; signals reach the process itself only
 * without   root: uid and root directory stay as they are, everything else is the same
 * fails     PRAC_DENIED, naming the step: the role must not go on
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

enum {
  SYS_MAY_FILES = 1 << 0,   /* open, rename, remove, sync files */
  SYS_MAY_CONNECT = 1 << 1, /* unix sockets out */
  SYS_MAY_SERVE = 1 << 2,   /* accept on passed sockets */
  SYS_MAY_THREADS = 1 << 3,
  SYS_MAY_INET = 1 << 4,      /* make internet sockets */
  SYS_MAY_PACKETS = 1 << 5,   /* read and tune a passed packet socket */
  SYS_MAY_DATAGRAMS = 1 << 6, /* read many datagrams at once from open sockets */
};
struct sys_rights {
  unsigned may;       /* SYS_MAY_* */
  int64_t uid;        /* < 0: keep */
  int64_t gid;        /* <= 0: the uid */
  const char *root;   /* chroot here when root; NULL: keep */
  uint64_t max_files; /* RLIMIT_NOFILE; 0: keep */
  const int *keep;    /* descriptors that stay open besides 0, 1, 2 */
  size_t n_keep;
  bool keep_all; /* the caller has closed what must go (sys_close_others) */
};
PRAC_NODISCARD prac_rc sys_rights_drop(const struct sys_rights *r, struct prac_err *reterr);
/* One step of it, for tests and for helpers that have no other rights to give. */
PRAC_NODISCARD prac_rc sys_rights_calls(unsigned may, struct prac_err *reterr);
/* Closes everything but 0, 1, 2 and the n listed. */
void sys_close_others(const int *keep, size_t n);
