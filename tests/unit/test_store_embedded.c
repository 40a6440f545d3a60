/* What can go wrong with a disk: killed while writing, full, damaged; and two processes at once.
 * Transaction i (1..) has one batch of rows_of(i) rows, so that what is stored can be told from the
 * position alone. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "lib/store_made.h"
#include "lib/t.h"
#include "store/embedded/embedded.h"

static char dir[256];
static char events[65536];

static void sink(void *arg, const struct prac_log_event *e, const char *text)
{
  (void)arg;
  size_t n = strlen(events);
  (void)snprintf(events + n, sizeof events - n, "%s: %s\n", e->name, text);
}

static int setup(void **state)
{
  (void)state;
  events[0] = 0;
  made_dir(dir);
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  made_dir_remove(dir);
  return 0;
}

static prac_rc open_store(struct store *s, bool read_only, struct prac_err *err)
{
  static const struct prac_log log = {.sink = sink};
  struct emb_conf conf;
  prac_conf_defaults(&emb_conf_section, &conf);
  conf.flush_rows = 1000;
  conf.small_rows = 0;
  struct store_env env = {.dir = dir, .read_only = read_only, .nthreads = 1, .log = &log};
  return store_open("embedded", &conf, &env, s, err);
}

static struct store must_open(bool read_only)
{
  struct store s = {0};
  struct prac_err err = {0};
  if (open_store(&s, read_only, &err) != PRAC_OK) fail_msg("%s", err.text);
  return s;
}

static uint32_t rows_of(uint64_t i)
{
  return 1 + (uint32_t)(i * 7 % 40);
}

static prac_rc append(struct store *s, uint64_t i, struct prac_err *err)
{
  static struct flow_row rows[64];
  struct flow_batch *b = NULL;
  uint32_t n = rows_of(i);
  for (uint32_t k = 0; k < n; k++) {
    rows[k] = (struct flow_row){.src = prac_ip4(0xc0000200 + k), .dst = prac_ip4(0xc6336401)};
    rows[k].proto = 6;
    rows[k].dport = (uint16_t)(i % 50);
    rows[k].sport = (uint16_t)k;
    rows[k].packets = 1;
    rows[k].bytes = 40;
  }
  if (flow_batch_new("tokyo", MADE_DAY + (prac_time)(i % 2880) * PRAC_MIN, rows, n, &b) != PRAC_OK)
    return PRAC_NOMEM;
  char id[24];
  (void)snprintf(id, sizeof id, "f%llu", (unsigned long long)i);
  struct finding f = {.id = id, .key = "k", .at = MADE_DAY};
  struct store_rec r = {&model_finding, &f};
  struct store_tx tx = {.batches = &b, .n_batches = 1, .recs = &r, .n_recs = 1, .consumer = "c"};
  tx.seq = i;
  prac_rc rc = s->ops->append(s->st, &tx, err);
  flow_batch_unref(&b);
  return rc;
}

struct sum {
  uint64_t rows, flows;
};

static prac_rc add(void *arg, const struct store_col *cols, size_t n, const struct store_value *v)
{
  struct sum *s = arg;
  s->rows++;
  for (size_t i = 0; i < n; i++)
    if (strcmp(cols[i].name, "flows") == 0) s->flows += v[i].u;
  return PRAC_OK;
}

static struct sum ask(struct store *s, struct store_query q)
{
  struct sum sum = {0};
  struct prac_err err = {0};
  q.limit = 10000000;
  if (s->ops->query(s->st, &q, add, &sum, &err) != PRAC_OK) fail_msg("%s", err.text);
  return sum;
}

static uint64_t want(uint64_t upto)
{
  uint64_t n = 0;
  for (uint64_t i = 1; i <= upto; i++) n += rows_of(i);
  return n;
}

/* Flows by scan, by both roll-ups, sensors' counters, records: all say the same. */
static void check_whole(struct store *s, uint64_t upto)
{
  assert_int_equal(ask(s, (struct store_query){.what = STORE_FLOWS}).rows, want(upto));
  assert_int_equal(ask(s, (struct store_query){.what = STORE_TOP_SCAN}).flows, want(upto));
  assert_int_equal(ask(s, (struct store_query){.what = STORE_TOP}).flows, want(upto));
  assert_int_equal(ask(s, (struct store_query){.what = STORE_TOP, .by = STORE_BY_PORT}).flows,
                   want(upto));
  assert_int_equal(ask(s, (struct store_query){.what = STORE_SENSORS}).flows, want(upto));
  assert_int_equal(ask(s, (struct store_query){.what = STORE_RECORDS, .kind = &model_finding}).rows,
                   upto);
}

/* ---- killed ---- */
static void writer(int ack, uint64_t from)
{
  struct store s = {0};
  struct prac_err err = {0};
  if (open_store(&s, false, &err) != PRAC_OK) _exit(3);
  for (uint64_t i = from;; i++) {
    if (append(&s, i, &err) != PRAC_OK) _exit(4);
    if (write(ack, &i, sizeof i) != sizeof i) _exit(5);
    if (i % 13 == 0 &&
        s.ops->maintain(s.st, MADE_DAY + (prac_time)(i % 2880) * PRAC_MIN, &err) != PRAC_OK)
      _exit(6);
  }
}

static void killed_at_random(void **state)
{
  (void)state;
  struct prac_rng r = prac_rng_of(7);
  uint64_t done = 0;
  for (int round = 0; round < 12; round++) {
    int p[2];
    assert_int_equal(pipe(p), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) writer(p[1], done + 1);
    close(p[1]);
    uint64_t acked = done, i, stop = done + 1 + prac_rng_below(&r, 30);
    while (acked < stop && read(p[0], &i, sizeof i) == sizeof i) acked = i;
    (void)usleep((useconds_t)prac_rng_below(&r, 3000));
    kill(pid, SIGKILL);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    while (read(p[0], &i, sizeof i) == sizeof i) acked = i;
    close(p[0]);
    struct store s = must_open(false);
    struct prac_err err = {0};
    assert_int_equal(s.ops->position(s.st, "c", &done, &err), PRAC_OK);
    assert_true(done == acked || done == acked + 1);
    check_whole(&s, done);
    store_close(&s);
  }
}

/* ---- full ---- */
static int full_child(void)
{
  struct store s = {0};
  struct prac_err err = {0};
  (void)signal(SIGXFSZ, SIG_IGN);
  if (open_store(&s, false, &err) != PRAC_OK) return 1;
  uint64_t i = 1;
  for (; i <= 20; i++)
    if (append(&s, i, &err) != PRAC_OK) return 2;
  for (rlim_t limit = 60000; limit < 4000000; limit += 90001) {
    struct rlimit l;
    if (getrlimit(RLIMIT_FSIZE, &l) != 0) return 3;
    l.rlim_cur = limit;
    if (setrlimit(RLIMIT_FSIZE, &l) != 0) return 4;
    prac_rc rc = PRAC_OK;
    for (int k = 0; k < 40 && rc == PRAC_OK; k++)
      if ((rc = append(&s, i, &err)) == PRAC_OK) i++;
    if (rc != PRAC_OK && rc != PRAC_FULL) {
      fprintf(stderr, "# %d %s\n", (int)rc, err.text);
      return 5;
    }
    l.rlim_cur = RLIM_INFINITY;
    if (setrlimit(RLIMIT_FSIZE, &l) != 0) return 6;
    uint64_t flows = ask(&s, (struct store_query){.what = STORE_TOP}).flows;
    if (flows != want(i - 1)) return 7;
    if (append(&s, i++, &err) != PRAC_OK) return 8;
  }
  check_whole(&s, i - 1);
  store_close(&s);
  s = must_open(false);
  check_whole(&s, i - 1);
  store_close(&s);
  return 0;
}

static void full_disk(void **state)
{
  (void)state;
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) _exit(full_child());
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

static int full_compaction_child(void)
{
  struct store s = {0};
  struct prac_err err = {0};
  (void)signal(SIGXFSZ, SIG_IGN);
  if (open_store(&s, false, &err) != PRAC_OK) return 1;
  for (uint64_t i = 1; i <= 200; i++)
    if (append(&s, i, &err) != PRAC_OK) return 2;
  struct rlimit l;
  if (getrlimit(RLIMIT_FSIZE, &l) != 0) return 3;
  l.rlim_cur = 500;
  if (setrlimit(RLIMIT_FSIZE, &l) != 0) return 3;
  if (s.ops->maintain(s.st, MADE_DAY + 2 * PRAC_DAY, &err) != PRAC_FULL) {
    fprintf(stderr, "# %s\n", err.text);
    return 4;
  }
  l.rlim_cur = RLIM_INFINITY;
  if (setrlimit(RLIMIT_FSIZE, &l) != 0) return 3;
  check_whole(&s, 200);
  if (s.ops->maintain(s.st, MADE_DAY + 2 * PRAC_DAY, &err) != PRAC_OK) return 5;
  check_whole(&s, 200);
  store_close(&s);
  return 0;
}

/* A real full device: a small tmpfs in a mount namespace of its own, where the machine allows it.
 */
static int full_device_child(void)
{
  struct store s = {0};
  struct prac_err err = {0};
  if (unshare(CLONE_NEWNS) != 0) return 77;
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return 77;
  if (mount("tmpfs", dir, "tmpfs", 0, "size=4m") != 0) return 77;
  if (open_store(&s, false, &err) != PRAC_OK) return 1;
  uint64_t i = 1;
  prac_rc rc = PRAC_OK;
  for (; i < 20000; i++)
    if ((rc = append(&s, i, &err)) != PRAC_OK) break;
  if (rc != PRAC_FULL) fprintf(stderr, "# %d %s\n", (int)rc, err.text);
  if (rc != PRAC_FULL || i < 10) return 2;
  check_whole(&s, i - 1);
  store_close(&s);
  s = must_open(false);
  check_whole(&s, i - 1);
  if (mount("tmpfs", dir, "tmpfs", MS_REMOUNT, "size=30m") != 0) return 3;
  for (uint64_t upto = i + 50; i < upto; i++)
    if (append(&s, i, &err) != PRAC_OK) return 4;
  check_whole(&s, i - 1);
  store_close(&s);
  return 0;
}

static void full_device(void **state)
{
  (void)state;
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) _exit(full_device_child());
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77)
    print_message("# no mount namespace here: full_disk has tried the same by a file limit\n");
  else
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void full_disk_in_compaction(void **state)
{
  (void)state;
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) _exit(full_compaction_child());
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- damaged ---- */
static void fill(uint64_t n, bool compact)
{
  struct store s = must_open(false);
  struct prac_err err = {0};
  for (uint64_t i = 1; i <= n; i++) assert_int_equal(append(&s, i, &err), PRAC_OK);
  if (compact && s.ops->maintain(s.st, MADE_DAY + 4 * PRAC_DAY, &err) != PRAC_OK)
    fail_msg("%s", err.text);
  store_close(&s);
}

static void scribble(const char *file, off_t at, size_t n)
{
  char path[512], junk[4096];
  (void)snprintf(path, sizeof path, "%s/%s", dir, file);
  memset(junk, 0xa5, sizeof junk);
  int fd = open(path, O_RDWR);
  assert_true(fd >= 0);
  assert_int_equal(pwrite(fd, junk, n, at), n);
  close(fd);
}

static void damaged_segment(void **state)
{
  (void)state;
  fill(200, true); /* hours 0..3, a segment each */
  struct store s = must_open(true);
  uint64_t all = ask(&s, (struct store_query){.what = STORE_FLOWS}).rows;
  assert_int_equal(all, want(200));
  store_close(&s);
  scribble("flows/000000000002.parquet", 0, 600);
  s = must_open(true);
  uint64_t rest = ask(&s, (struct store_query){.what = STORE_FLOWS}).rows;
  assert_true(rest > 0 && rest < all);
  assert_non_null(strstr(events, "store_segment_damaged"));
  assert_non_null(strstr(events, "flows/000000000002.parquet"));
  assert_int_equal(ask(&s, (struct store_query){.what = STORE_TOP}).flows, all); /* roll-ups know */
  store_close(&s);
  char path[512];
  (void)snprintf(path, sizeof path, "%s/flows/000000000003.parquet", dir);
  assert_int_equal(unlink(path), 0);
  events[0] = 0;
  s = must_open(true);
  uint64_t less = ask(&s, (struct store_query){.what = STORE_FLOWS}).rows;
  assert_true(less > 0 && less < rest);
  assert_non_null(strstr(events, "000000000003.parquet is missing"));
  store_close(&s);
}

static void damaged_log(void **state)
{
  (void)state;
  fill(50, false);
  scribble("log/000000000001.flows", 700, 20);
  struct store s = must_open(false);
  uint64_t rest = ask(&s, (struct store_query){.what = STORE_FLOWS}).rows;
  assert_true(rest >= want(50) - 80 && rest < want(50)); /* one batch, or two when on the seam */
  assert_non_null(strstr(events, "store_batch_damaged"));
  struct prac_err err = {0};
  assert_int_equal(append(&s, 51, &err), PRAC_OK);
  assert_int_equal(s.ops->maintain(s.st, MADE_DAY + 4 * PRAC_DAY, &err), PRAC_OK);
  assert_int_equal(ask(&s, (struct store_query){.what = STORE_FLOWS}).rows, rest + rows_of(51));
  store_close(&s);
}

/* A reader of many questions has each batch of the log once, whatever is written meanwhile and
 * whatever time it asks for: what it had it still has when the disk has not. */
static void decodes_once(void **state)
{
  (void)state;
  fill(50, false);
  struct store s = must_open(false), r = {0};
  struct store_env env = {.dir = dir, .read_only = true, .nthreads = 2, .again = true};
  struct prac_err err = {0};
  assert_int_equal(store_open("embedded", NULL, &env, &r, &err), PRAC_OK);
  const struct store_query top = {.what = STORE_TOP_SCAN, .by = STORE_BY_SRC, .limit = 100000},
                           flows = {.what = STORE_FLOWS};
  uint64_t senders = ask(&r, top).rows;
  scribble("log/000000000001.flows", 700, 2000);
  assert_int_equal(append(&s, 51, &err), PRAC_OK);
  assert_true(ask(&r, top).rows >= senders);
  assert_int_equal(ask(&r, flows).rows, want(51));
  assert_true(ask(&s, flows).rows < want(51));
  store_close(&r);
  store_close(&s);
}

static void one_sender(struct store *s, prac_time minute, uint32_t ip)
{
  struct flow_row row = {.src = prac_ip4(ip), .dst = prac_ip4(0xc6336401), .packets = 1};
  struct flow_batch *b = NULL;
  struct prac_err err = {0};
  assert_int_equal(flow_batch_new("tokyo", minute, &row, 1, &b), PRAC_OK);
  struct store_tx tx = {.batches = &b, .n_batches = 1};
  assert_int_equal(s->ops->append(s->st, &tx, &err), PRAC_OK);
  flow_batch_unref(&b);
}

/* A batch of the same length at the same place of another file: the log was compacted, and whoever
 * writes was started anew. */
static void never_the_same_place(void **state)
{
  (void)state;
  struct store_env env = {.dir = dir, .read_only = true, .nthreads = 1, .again = true};
  struct prac_err err = {0};
  for (int all = 0; all < 2; all++) { /* all: of the first, nothing is left, not even its batch */
    struct store w = must_open(false), r = {0};
    one_sender(&w, MADE_DAY, 0xc0000201);
    assert_int_equal(store_open("embedded", NULL, &env, &r, &err), PRAC_OK);
    assert_int_equal(ask(&r, (struct store_query){.what = STORE_FLOWS}).rows, 1);
    prac_time later = MADE_DAY + (all ? 5000 : 2) * PRAC_DAY;
    assert_int_equal(w.ops->maintain(w.st, later, &err), PRAC_OK);
    store_close(&w);
    w = must_open(false);
    one_sender(&w, later, 0xc0000302);
    struct store_query q = {.what = STORE_FLOWS, .src = {prac_ip4(0xc0000302), 128}};
    assert_int_equal(ask(&r, q).rows, 1);
    q.src.ip = prac_ip4(0xc0000201);
    assert_int_equal(ask(&r, q).rows, !all);
    store_close(&r);
    store_close(&w);
    made_dir_remove(dir);
    made_dir(dir);
  }
}

static int one_more(void *n)
{
  ++*(uint64_t *)n;
  return 0;
}

/* n alerts that ended long before, after ten days each. */
static void old_alerts(struct store *s, unsigned first, unsigned n)
{
  char id[24];
  struct prac_err err = {0};
  for (unsigned i = first; i < first + n; i++) {
    struct alert a = {.id = id, .key = "k", .state = "close", .revision = 2};
    (void)snprintf(id, sizeof id, "a%u", i);
    a.at = a.to = a.closed = MADE_DAY + (prac_time)i * PRAC_MIN;
    a.opened = a.from = a.at - 10 * PRAC_DAY;
    struct store_rec r = {&model_alert, &a};
    assert_int_equal(s->ops->append(s->st, &(struct store_tx){.recs = &r, .n_recs = 1}, &err),
                     PRAC_OK);
  }
}

/* What was going on in a minute is found without walking all that was long and is over: as many
 * steps with twice as many of those. */
static void long_stories_of_long_ago(void **state)
{
  enum { N = 300 };
  (void)state;
  struct store s = must_open(false);
  struct emb *e = s.st;
  const prac_time late = MADE_DAY + 330 * PRAC_DAY;
  const struct store_query q = {
      .what = STORE_RECORDS, .kind = &model_alert, .span = {late, late + PRAC_MIN}};
  uint64_t steps[2] = {0};
  for (unsigned i = 0; i < 2; i++) {
    old_alerts(&s, i * N, N);
    sqlite3_progress_handler(e->db, 1, one_more, &steps[i]);
    assert_int_equal(ask(&s, q).rows, 0);
    sqlite3_progress_handler(e->db, 0, NULL, NULL);
  }
  assert_in_range(steps[1], 1, steps[0] + N / 2);
  store_close(&s);
}

static void damaged_database(void **state)
{
  (void)state;
  fill(20, true);
  scribble("practice.db", 0, 4096);
  struct store s = {0};
  struct prac_err err = {0};
  assert_int_equal(open_store(&s, false, &err), PRAC_DAMAGED);
  assert_non_null(strstr(err.text, dir));
  assert_non_null(strstr(err.text, "backup"));
  assert_int_equal(open_store(&s, true, &err), PRAC_DAMAGED);
}

static void newer_schema(void **state)
{
  (void)state;
  fill(3, false);
  struct store s = must_open(false);
  struct emb *e = s.st;
  assert_int_equal(sqlite3_exec(e->db, "PRAGMA user_version=99", NULL, NULL, NULL), SQLITE_OK);
  store_close(&s);
  struct prac_err err = {0};
  assert_int_equal(open_store(&s, false, &err), PRAC_UNSUPPORTED);
  assert_non_null(strstr(err.text, "99"));
}

/* ---- several processes ---- */
static void one_writer(void **state)
{
  (void)state;
  struct store a = must_open(false), b = {0};
  struct prac_err err = {0};
  assert_int_equal(open_store(&b, false, &err), PRAC_EXISTS);
  assert_null(b.st);
  store_close(&a);
  b = must_open(false);
  store_close(&b);
  made_dir_remove(dir);
  assert_int_equal(open_store(&b, true, &err), PRAC_UNKNOWN); /* a reader makes nothing */
  assert_int_equal(access(dir, F_OK), -1);
}

static void reads_while_written(void **state)
{
  (void)state;
  fill(1, false);
  int p[2];
  assert_int_equal(pipe(p), 0);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    struct store s = {0};
    struct prac_err err = {0};
    char c;
    (void)fcntl(p[0], F_SETFL, O_NONBLOCK);
    if (open_store(&s, false, &err) != PRAC_OK) _exit(1);
    for (uint64_t i = 2; read(p[0], &c, 1) != 1 && i < 5000; i++) {
      if (append(&s, i, &err) != PRAC_OK) _exit(2);
      if (i % 5 == 0 && s.ops->maintain(s.st, MADE_DAY + 3 * PRAC_DAY, &err) != PRAC_OK) _exit(3);
    }
    store_close(&s);
    _exit(0);
  }
  struct store s = must_open(true);
  uint64_t last = 0;
  int status;
  /* However slow the disk makes the writer. */
  for (int i = 0; i < 40 || (last <= 5 && waitpid(pid, &status, WNOHANG) == 0); i++) {
    if (i >= 40) (void)usleep(1000);
    uint64_t n = ask(&s, (struct store_query){.what = STORE_FLOWS}).rows, upto = 1;
    while (want(upto) < n) upto++;
    assert_int_equal(want(upto), n); /* whole transactions, never fewer than before */
    assert_true(upto >= last);
    last = upto;
  }
  assert_true(last > 5);
  assert_int_equal(write(p[1], "x", 1), 1);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  store_close(&s);
  assert_null(strstr(events, "damaged"));
}

/* ---- retention ---- */
static void old_flows_go(void **state)
{
  (void)state;
  fill(2879, true); /* two days */
  struct store s = must_open(false);
  struct prac_err err = {0};
  struct emb *e = s.st;
  e->conf.retention_ns = PRAC_DAY;
  assert_int_equal(s.ops->maintain(s.st, MADE_DAY + 2 * PRAC_DAY, &err), PRAC_OK);
  struct store_query q = {.what = STORE_FLOWS, .span = {PRAC_TIME_NONE, MADE_DAY + PRAC_DAY}};
  assert_int_equal(ask(&s, q).rows, 0);
  assert_int_equal(ask(&s, (struct store_query){.what = STORE_FLOWS}).rows,
                   want(2879) - want(1439));
  assert_int_equal(ask(&s, (struct store_query){.what = STORE_TOP}).flows, want(2879) - want(1439));
  assert_int_equal(
      ask(&s, (struct store_query){.what = STORE_RECORDS, .kind = &model_finding}).rows, 2879);
  e->conf.max_bytes = 1;
  assert_int_equal(s.ops->maintain(s.st, MADE_DAY + 2 * PRAC_DAY, &err), PRAC_OK);
  assert_int_equal(ask(&s, (struct store_query){.what = STORE_FLOWS}).rows, 0);
  assert_true(ask(&s, (struct store_query){.what = STORE_TOP}).flows > 0);
  store_close(&s);
}

/* Minutes without a packet must not keep the log's files for ever. */
static void empty_minutes_leave_the_log(void **state)
{
  (void)state;
  struct store s = must_open(false);
  struct prac_err err = {0};
  int64_t in_log = -1;
  for (uint64_t m = 0; m < 90; m++) {
    struct flow_batch *b = NULL;
    assert_int_equal(flow_batch_new("quiet", MADE_DAY + (prac_time)m * PRAC_MIN, NULL, 0, &b),
                     PRAC_OK);
    assert_int_equal(s.ops->append(s.st, &(struct store_tx){.batches = &b, .n_batches = 1}, &err),
                     PRAC_OK);
    flow_batch_unref(&b);
  }
  assert_int_equal(s.ops->maintain(s.st, MADE_DAY + 2 * PRAC_HOUR, &err), PRAC_OK);
  assert_int_equal(emb_one(s.st, "SELECT count(*) FROM batch WHERE log IS NOT NULL", &in_log, &err),
                   PRAC_OK);
  assert_int_equal(in_log, 90 - 58); /* the hour before the last two minutes may still grow */
  assert_int_equal(s.ops->maintain(s.st, MADE_DAY + PRAC_DAY, &err), PRAC_OK);
  assert_int_equal(emb_one(s.st, "SELECT count(*) FROM batch WHERE log IS NOT NULL", &in_log, &err),
                   PRAC_OK);
  assert_int_equal(in_log, 0);
  assert_int_equal(emb_one(s.st, "SELECT count(*) FROM batch", &in_log, &err), PRAC_OK);
  assert_int_equal(in_log, 90);
  store_close(&s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      T(killed_at_random),
      T(full_disk),
      T(full_device),
      T(full_disk_in_compaction),
      T(damaged_segment),
      T(damaged_log),
      T(decodes_once),
      T(never_the_same_place),
      T(long_stories_of_long_ago),
      T(damaged_database),
      T(newer_schema),
      T(one_writer),
      T(reads_while_written),
      T(old_flows_go),
      T(empty_minutes_leave_the_log),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
