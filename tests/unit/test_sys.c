/* What the operating system is asked for: files that survive, a clock that never goes back, rights
 * that are really gone. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/t.h"
#include "sys/durable.h"
#include "sys/logsink.h"
#include "sys/rights.h"
#include "sys/sqlite.h"
#include "sys/unixsock.h"
#include "sys/wall.h"

static void a_file_is_replaced_whole_or_not_at_all(void **state)
{
  (void)state;
  char dir[] = "/tmp/practice-sys-XXXXXX", path[64], tmp[72];
  struct prac_err err = {0};
  uint8_t *b;
  size_t n;
  assert_non_null(mkdtemp(dir));
  snprintf(path, sizeof path, "%s/state", dir);
  snprintf(tmp, sizeof tmp, "%s.new", path);
  assert_int_equal(sys_unseal_file(path, "TESTTEST", 100, &b, &n, &err), PRAC_UNKNOWN);
  assert_int_equal(sys_seal_file(path, "TESTTEST", "first", 5, &err), PRAC_OK);
  struct rlimit old, small = {8, RLIM_INFINITY};
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
  small.rlim_max = old.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  prac_rc rc = sys_seal_file(path, "TESTTEST", "second", 6, &err); /* the device is full */
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
  assert_int_equal(rc, PRAC_FULL);
  assert_int_equal(access(tmp, F_OK), -1);
  assert_int_equal(sys_unseal_file(path, "TESTTEST", 100, &b, &n, &err), PRAC_OK);
  assert_int_equal(n, 5);
  assert_memory_equal(b, "first", 5);
  free(b);
  assert_int_equal(sys_unseal_file(path, "OTHEROTH", 100, &b, &n, &err), PRAC_DAMAGED);
  assert_int_equal(sys_unseal_file(path, "TESTTEST", 2, &b, &n, &err), PRAC_RANGE);
  for (off_t at = 0; at < 29; at++) { /* any byte changed */
    int fd = open(path, O_RDWR);
    char c, d;
    assert_int_equal(pread(fd, &c, 1, at), 1);
    d = (char)(c ^ 4);
    assert_int_equal(pwrite(fd, &d, 1, at), 1);
    assert_int_equal(sys_unseal_file(path, "TESTTEST", 100, &b, &n, &err), PRAC_DAMAGED);
    assert_int_equal(pwrite(fd, &c, 1, at), 1);
    close(fd);
  }
  assert_non_null(strstr(err.text, path));
  unlink(path);
  rmdir(dir);
}

static void the_steady_clock_never_goes_back(void **state)
{
  (void)state;
  struct sys_steady s = {0};
  prac_time t, last = 0;
  const prac_time base = INT64_C(1700000000) * PRAC_SEC;
  /* wall and mono in ms; what is expected */
  static const struct {
    int64_t wall, mono;
    enum sys_step step;
    int64_t out;
  } v[] = {
      {0, 0, SYS_STEP_NONE, 0},
      {1000, 1000, SYS_STEP_NONE, 1000},
      {1900, 2000, SYS_STEP_NONE, 1900}, /* slewing */
      {1800, 2050, SYS_STEP_NONE, 1900}, /* small, but never back */
      {-58000, 3000, SYS_STEP_BACK, 1900},
      {-57000, 4000, SYS_STEP_NONE, 1900}, /* still behind, but not set again */
      {-59000, 4500, SYS_STEP_BACK, 1900},
      {90000, 5000, SYS_STEP_AHEAD, 90000},
      {91000, 6000, SYS_STEP_NONE, 91000},
  };
  for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
    enum sys_step st = sys_steady_take(&s, base + v[i].wall * PRAC_MS, v[i].mono * PRAC_MS, &t);
    assert_int_equal(st, v[i].step);
    assert_int_equal((t - base) / PRAC_MS, v[i].out);
    assert_true(t >= last);
    last = t;
  }
  assert_int_equal(s.steps_back, 2);
  assert_int_equal(s.steps_ahead, 1);
  assert_int_equal(s.worst_back_ns, INT64_C(60750) * PRAC_MS);
  assert_int_equal(s.step_ns, INT64_C(148500) * PRAC_MS);
}

static int in_child(int (*fn)(void))
{
  pid_t p = fork();
  if (p == 0) _exit(fn());
  int st;
  assert_int_equal(waitpid(p, &st, 0), p);
  return WIFEXITED(st) ? WEXITSTATUS(st) : 100 + WTERMSIG(st);
}

static int sensor_like(void)
{
  int extra = open("/dev/null", O_RDONLY);
  struct sys_rights r = {.may = SYS_MAY_CONNECT, .uid = 64999, .root = "/tmp", .max_files = 32};
  if (sys_rights_drop(&r, NULL) != PRAC_OK) return 1;
  if (read(extra, &extra, 1) != -1 || errno != EBADF) return 2;
  if (open("/etc/passwd", O_RDONLY) != -1 || errno != EPERM) return 3;
  if (socket(AF_INET, SOCK_STREAM, 0) != -1 || errno != EPERM) return 4;
  if (socket(AF_UNIX, SOCK_STREAM, 0) < 0) return 5;
  char *none[] = {NULL};
  if (execve("/bin/true", none, none) != -1 || errno != EPERM) return 6;
  if (fork() != -1 || errno != EPERM) return 7;
  if (setuid(0) == 0) return 8;
  char key = '\n';
  if (ioctl(0, TIOCSTI, &key) != -1 || errno != EPERM) return 10;
  if (syscall(SYS_tgkill, getppid(), getppid(), 0) != -1 || errno != EPERM) return 11;
  if (syscall(SYS_tgkill, getpid(), gettid(), 0) != 0) return 12; /* abort() must work */
  void *p = malloc(1 << 22);                                      /* ordinary life goes on */
  if (!p) return 9;
  free(p);
  return 0;
}

static void *nothing(void *arg)
{
  return arg;
}

static int store_like(void)
{
  pthread_t t;
  struct sys_rights r = {.may = SYS_MAY_FILES | SYS_MAY_THREADS, .uid = -1};
  if (sys_rights_drop(&r, NULL) != PRAC_OK) return 1;
  int fd = open("/dev/null", O_RDWR);
  if (fd < 0) return 2;
  if (socket(AF_UNIX, SOCK_STREAM, 0) != -1) return 3;
  char *none[] = {NULL};
  if (execve("/bin/true", none, none) != -1 || errno != EPERM) return 4;
  if (pthread_create(&t, NULL, nothing, NULL) != 0 || pthread_join(t, NULL) != 0) return 5;
  if (fork() != -1) return 6;
  if (syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0) != -1 || errno != EPERM) return 7;
  return 0;
}

static void rights_are_gone_for_good(void **state)
{
  (void)state;
  assert_int_equal(in_child(sensor_like), 0);
  assert_int_equal(in_child(store_like), 0);
}

static void descriptors_can_be_passed_over_long_paths(void **state)
{
  (void)state;
  char dir[200] = "/tmp/practice-sys-XXXXXX", path[300];
  assert_non_null(mkdtemp(dir));
  size_t n = strlen(dir);
  snprintf(dir + n, sizeof dir - n, "/%0120d", 0);
  assert_int_equal(sys_mkdirs(dir, 0700, NULL), PRAC_OK);
  snprintf(path, sizeof path, "%s/socket", dir);
  int l, c, got;
  assert_int_equal(sys_unix_connect(path, &c, NULL), PRAC_AGAIN);
  assert_int_equal(sys_unix_listen(path, 0600, &l, NULL), PRAC_OK);
  assert_int_equal(sys_unix_connect(path, &c, NULL), PRAC_OK);
  int s = accept(l, NULL, NULL);
  assert_true(s >= 0);
  assert_int_equal(sys_unix_peer_uid(s), (int64_t)geteuid());
  assert_int_equal(sys_send_fd(s, l, NULL), PRAC_OK);
  assert_int_equal(sys_recv_fd(c, &got, NULL), PRAC_OK);
  close(s);
  assert_int_equal(sys_recv_fd(c, &got, NULL), PRAC_END);
  close(c), close(l), close(got);
  unlink(path), rmdir(dir);
  dir[n] = 0;
  rmdir(dir);
}

static void log_lines_are_harmless(void **state)
{
  (void)state;
  static const struct prac_log_event e = {"test_event", PRAC_LOG_WARN, "do this"};
  int p[2];
  char b[1024] = {0};
  assert_int_equal(pipe(p), 0);
  for (int form = SYS_LOG_WORDS; form <= SYS_LOG_JSON; form++) {
    struct sys_logsink s;
    sys_logsink_init(&s, p[1], (enum sys_log_form)form, "sensor.x");
    s.clock = prac_clock_virtual(0);
    struct prac_log log = sys_logsink_log(&s, PRAC_LOG_INFO);
    prac_log(&log, &e, "a name: \x1b[31m\n\x07 end");
    ssize_t n = read(p[0], b, sizeof b - 1);
    assert_true(n > 0);
    b[n] = 0;
    assert_ptr_equal(strchr(b, '\n'), b + n - 1);
    assert_null(strchr(b, '\x1b'));
    assert_null(strchr(b, '\x07'));
    assert_non_null(strstr(b, "do this"));
    assert_non_null(strstr(b, "sensor.x"));
  }
  close(p[0]), close(p[1]);
}

static prac_rc opened(const char *path)
{
  sqlite3 *db = NULL;
  int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
  prac_rc mine = rc == SQLITE_OK ? PRAC_OK : sys_sqlite_rc(db);
  sqlite3_close(db);
  return mine;
}

/* Whoever lacks the right gives up; whoever lacks a descriptor tries again. */
static void a_database_that_can_not_be_opened(void **st)
{
  char dir[] = "/tmp/practice-test-XXXXXX", path[64];
  struct rlimit was, none;
  (void)st;
  assert_non_null(mkdtemp(dir));
  (void)snprintf(path, sizeof path, "%s/away/x.db", dir);
  assert_int_equal(opened(path), PRAC_IO);
  (void)snprintf(path, sizeof path, "%s/x.db", dir);
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
  none = (struct rlimit){0, was.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
  prac_rc rc = opened(path);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
  assert_int_equal(rc, PRAC_IO);
  uid_t me = geteuid();
  assert_int_equal(chmod(dir, 0), 0);
  assert_int_equal(seteuid(me == 0 ? 65534 : me), 0);
  rc = opened(path);
  assert_int_equal(seteuid(me), 0);
  assert_int_equal(rc, PRAC_DENIED);
  assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_file_is_replaced_whole_or_not_at_all),
      cmocka_unit_test(the_steady_clock_never_goes_back),
      cmocka_unit_test(rights_are_gone_for_good),
      cmocka_unit_test(descriptors_can_be_passed_over_long_paths),
      cmocka_unit_test(log_lines_are_harmless),
      cmocka_unit_test(a_database_that_can_not_be_opened),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
