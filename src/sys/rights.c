/* A role that is taken over can do what its table says and no more: so the table is short, and the
 * steps that give the rest away are here in the order in which they must happen. */
#include "sys/rights.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* What every role needs: memory, waiting, its open descriptors, the time, its own end. */
static const char *const base_calls[] = {"read",
                                         "write",
                                         "readv",
                                         "writev",
                                         "pread64",
                                         "pwrite64",
                                         "preadv",
                                         "pwritev",
                                         "close",
                                         "close_range",
                                         "lseek",
                                         "fstat",
                                         "newfstatat",
                                         "fcntl",
                                         "dup",
                                         "dup2",
                                         "dup3",
                                         "poll",
                                         "ppoll",
                                         "select",
                                         "pselect6",
                                         "epoll_create1",
                                         "epoll_ctl",
                                         "epoll_wait",
                                         "epoll_pwait",
                                         "eventfd2",
                                         "timerfd_create",
                                         "timerfd_settime",
                                         "pipe2",
                                         "mmap",
                                         "munmap",
                                         "mremap",
                                         "mprotect",
                                         "madvise",
                                         "brk",
                                         "futex",
                                         "clock_gettime",
                                         "clock_nanosleep",
                                         "nanosleep",
                                         "gettimeofday",
                                         "getrandom",
                                         "rt_sigaction",
                                         "rt_sigprocmask",
                                         "rt_sigreturn",
                                         "sigaltstack",
                                         "restart_syscall",
                                         "exit",
                                         "exit_group",
                                         "getpid",
                                         "gettid",
                                         "getppid",
                                         "getuid",
                                         "geteuid",
                                         "getgid",
                                         "getegid",
                                         "sched_yield",
                                         "sched_getaffinity",
                                         "sched_setaffinity",
                                         "getrusage",
                                         "prlimit64",
                                         "getrlimit",
                                         "sysinfo",
                                         "uname",
                                         "send",
                                         "sendto",
                                         "sendmsg",
                                         "recv",
                                         "recvfrom",
                                         "recvmsg",
                                         "shutdown",
                                         "getsockopt",
                                         "getsockname",
                                         "getpeername",
                                         "fdatasync",
                                         "fsync",
                                         "ftruncate",
                                         "getcpu",
                                         "rseq",
                                         "set_robust_list",
                                         "set_tid_address",
                                         "arch_prctl",
                                         "membarrier",
                                         "prctl",
                                         "get_mempolicy",
                                         "sched_getparam",
                                         "sched_getscheduler",
                                         "fadvise64",
                                         "readlink",
                                         "readlinkat",
                                         NULL};
static const char *const file_calls[] = {
    "open",      "openat",    "openat2",         "stat",       "lstat",           "statx",
    "access",    "faccessat", "faccessat2",      "getdents64", "rename",          "renameat",
    "renameat2", "unlink",    "unlinkat",        "mkdir",      "mkdirat",         "rmdir",
    "chmod",     "fchmod",    "fchmodat",        "fchown",     "umask",           "getcwd",
    "chdir",     "fallocate", "truncate",        "link",       "linkat",          "flock",
    "statfs",    "fstatfs",   "sync_file_range", "utimensat",  "copy_file_range", "sendfile",
    "msync",     NULL};
static const char *const connect_calls[] = {"connect", NULL};
static const char *const serve_calls[] = {"accept", "accept4",    "listen",
                                          "bind",   "setsockopt", NULL};
static const char *const thread_calls[] = {"sched_setscheduler",
                                           "sched_get_priority_max",
                                           "sched_get_priority_min",
                                           "setpriority",
                                           "getpriority",
                                           "set_mempolicy",
                                           "mbind",
                                           NULL};
static const char *const packet_calls[] = {"setsockopt", "adjtimex", "clock_adjtime", NULL};
/* adjtimex: observing roles say how right their clock is; to set it they lack the capability. */
static const char *const datagram_calls[] = {"recvmmsg", "recvmmsg_time64", "sendmmsg",
                                             "adjtimex", "clock_adjtime",   NULL};
static const char *const inet_calls[] = {"setsockopt", "sendmmsg", "recvmmsg", "socketpair", NULL};

static const struct {
  unsigned may;
  const char *const *calls;
} groups[] = {
    {SYS_MAY_FILES, file_calls},     {SYS_MAY_CONNECT, connect_calls},
    {SYS_MAY_SERVE, serve_calls},    {SYS_MAY_THREADS, thread_calls},
    {SYS_MAY_PACKETS, packet_calls}, {SYS_MAY_DATAGRAMS, datagram_calls},
    {SYS_MAY_INET, inet_calls},
};

static int allow(scmp_filter_ctx f, const char *const *calls)
{
  for (const char *const *c = calls; *c; c++) {
    int nr = seccomp_syscall_resolve_name(*c);
    if (nr == __NR_SCMP_ERROR || nr < 0) continue; /* not on this architecture */
    int st = seccomp_rule_add(f, SCMP_ACT_ALLOW, nr, 0);
    if (st != 0 && st != -EEXIST) return st;
  }
  return 0;
}

static int allow_socket(scmp_filter_ctx f, unsigned family)
{
  return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                          SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family));
}

/* What is asked of any descriptor, and nothing of a terminal: TIOCSTI types into the operator's. */
static int allow_ioctl(scmp_filter_ctx f)
{
  static const scmp_datum_t asks[] = {TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX};
  int st = 0;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(asks) && st == 0; i++)
    st = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, asks[i]));
  return st;
}

/* Threads, but no process and no namespace: the kernel gives no thread another user. What clone3 is
 * asked for stands in memory, where no filter looks: the library then asks clone. */
static int allow_threads(scmp_filter_ctx f)
{
  int st = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                            SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
  if (st == 0) st = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  return st;
}

/* abort() tells itself; other roles of the same user are none of its business. */
static int allow_signals(scmp_filter_ctx f)
{
  return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                          SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
}

static int allow_calls(scmp_filter_ctx f, unsigned may)
{
  int st = allow(f, base_calls);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(groups) && st == 0; i++)
    if (may & groups[i].may) st = allow(f, groups[i].calls);
  if (st == 0) st = allow_ioctl(f);
  if (st == 0) st = allow_signals(f);
  if (st == 0 && (may & SYS_MAY_THREADS)) st = allow_threads(f);
  return st;
}

static int allow_sockets(scmp_filter_ctx f, unsigned may)
{
  int st = 0;
  if (may & (SYS_MAY_CONNECT | SYS_MAY_SERVE)) st = allow_socket(f, AF_UNIX);
  if (st == 0 && (may & SYS_MAY_INET)) st = allow_socket(f, AF_INET);
  if (st == 0 && (may & SYS_MAY_INET)) st = allow_socket(f, AF_INET6);
  return st;
}

prac_rc sys_rights_calls(unsigned may, struct prac_err *reterr)
{
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return PRAC_FAIL(reterr, PRAC_DENIED, "cannot give up new privileges: %s",
                     strerrordesc_np(errno));
  scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
  if (!f) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the list of system calls");
  int st = allow_calls(f, may);
  if (st == 0) st = allow_sockets(f, may);
  if (st == 0) st = seccomp_load(f);
  seccomp_release(f);
  if (st != 0)
    return PRAC_FAIL(reterr, PRAC_DENIED, "cannot restrict system calls: %s", strerrordesc_np(-st));
  return PRAC_OK;
}

void sys_close_others(const int *keep, size_t n)
{
  /* ranges between the kept ones, in rising order */
  unsigned from = 3;
  for (;;) {
    int next = -1;
    for (size_t i = 0; i < n; i++)
      if (keep[i] >= (int)from && (next < 0 || keep[i] < next)) next = keep[i];
    if (next < 0) break;
    if ((unsigned)next > from) (void)close_range(from, (unsigned)next - 1, 0);
    from = (unsigned)next + 1;
  }
  (void)close_range(from, ~0u, 0);
}

static prac_rc limits(const struct sys_rights *r, struct prac_err *reterr)
{
  struct rlimit none = {0, 0}, files = {r->max_files, r->max_files};
  if (setrlimit(RLIMIT_CORE, &none) != 0)
    return PRAC_FAIL(reterr, PRAC_DENIED, "cannot forbid core files: %s", strerrordesc_np(errno));
  if (r->max_files && setrlimit(RLIMIT_NOFILE, &files) != 0)
    return PRAC_FAIL(reterr, PRAC_DENIED, "cannot limit descriptors: %s", strerrordesc_np(errno));
  return PRAC_OK;
}

static prac_rc become(const struct sys_rights *r, struct prac_err *reterr)
{
  if (geteuid() != 0) return PRAC_OK;
  if (r->root && (chdir(r->root) != 0 || chroot(".") != 0 || chdir("/") != 0))
    return PRAC_FAIL(reterr, PRAC_DENIED, "cannot make %s the root directory: %s", r->root,
                     strerrordesc_np(errno));
  if (r->uid < 0) return PRAC_OK;
  uid_t uid = (uid_t)r->uid;
  gid_t gid = (gid_t)(r->gid > 0 ? r->gid : r->uid);
  if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
    return PRAC_FAIL(reterr, PRAC_DENIED, "cannot become uid %u: %s", uid, strerrordesc_np(errno));
  if (setuid(0) == 0) return PRAC_FAIL(reterr, PRAC_DENIED, "the uid could be taken back");
  return PRAC_OK;
}

prac_rc sys_rights_drop(const struct sys_rights *r, struct prac_err *reterr)
{
  if (!r->keep_all) sys_close_others(r->keep, r->n_keep);
  PRAC_TRY(limits(r, reterr));
  PRAC_TRY(become(r, reterr));
  (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* no other role of the same uid may look inside */
  return sys_rights_calls(r->may, reterr);
}
