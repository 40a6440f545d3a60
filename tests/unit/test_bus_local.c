/* Broker, publishers and consumers as real processes over a real socket, killed at random points:
 * what was acknowledged arrives, in order, and not again after its ack. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "bus/broker.h"
#include "bus/bus.h"
#include "bus/local_client.h"
#include "lib/t.h"
#include "sys/unixsock.h"
#include "sys/wall.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif
enum { MESSAGES = 4000 };
static const char *const pub_sensor[] = {"flow.%", "health.%", NULL};
static const char *const sub_all[] = {"", NULL};
static const char *const sub_flow[] = {"flow.", NULL};
static const char *const pub_finding[] = {"finding.", NULL};
static const struct bus_rule rules[] = {
    {.client = "sensor.", .pub = pub_sensor, .uid = BUS_ANY_UID},
    {.client = "store", .sub = sub_all, .uid = BUS_ANY_UID},
    {.client = "engine", .pub = pub_finding, .sub = sub_flow, .derived = true, .uid = BUS_ANY_UID},
    {.client = "operator", .forget = true, .uid = BUS_ANY_UID},
    {.client = "locked", .sub = sub_all, .uid = 12345},
};

struct box {
  char dir[64], socket[96];
  int listen_fd;
  pid_t broker;
  struct bus_broker_conf conf;
};

static void quiet(void *arg, const struct prac_log_event *e, const char *text)
{
  (void)arg;
  if (getenv("TEST_LOUD")) fprintf(stderr, "%s: %s\n", e->name, text);
}
static const struct prac_log log_quiet = {.sink = quiet, .least = PRAC_LOG_DEBUG};

static void start_broker(struct box *b)
{
  b->broker = fork();
  assert_true(b->broker >= 0);
  if (b->broker > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  struct prac_clock clock = prac_clock_virtual(INT64_C(1700000000) * PRAC_SEC);
  static const char *const expect[] = {"store", NULL};
  struct bus_broker_open o = {.dir = b->dir,
                              .listen_fd = b->listen_fd,
                              .rules = rules,
                              .n_rules = PRAC_ARRAY_LEN(rules),
                              .expect = expect,
                              .clock = &clock,
                              .log = &log_quiet};
  struct bus_broker *br = NULL;
  struct prac_err err = {0};
  prac_rc rc = bus_broker_new(&b->conf, &o, &br, &err);
  while (rc == PRAC_OK) rc = bus_broker_step(br, PRAC_SEC, &err);
  fprintf(stderr, "broker: %s\n", err.text);
  _exit(3);
}

static void kill_pid(pid_t *p)
{
  if (*p <= 0) return;
  kill(*p, SIGKILL);
  assert_int_equal(waitpid(*p, NULL, 0), *p);
  *p = 0;
}

static struct box box_new(void)
{
  struct box b = {.conf = {.segment_bytes = 64 << 10, .max_bytes = 64 << 20, .dedup = 1 << 16}};
  snprintf(b.dir, sizeof b.dir, "/tmp/practice-bus-XXXXXX");
  assert_non_null(mkdtemp(b.dir));
  snprintf(b.socket, sizeof b.socket, "%s/bus.sock", b.dir);
  assert_int_equal(sys_unix_listen(b.socket, 0600, &b.listen_fd, NULL), PRAC_OK);
  start_broker(&b);
  return b;
}

static void box_done(struct box *b)
{
  kill_pid(&b->broker);
  close(b->listen_fd);
  pid_t p = fork();
  if (p == 0) {
    execlp("rm", "rm", "-rf", b->dir, (char *)NULL);
    _exit(1);
  }
  waitpid(p, NULL, 0);
}

static struct bus client(const struct box *b, const char *name)
{
  struct bus_local_conf c = {.socket = b->socket, .wait_ns = 10 * PRAC_SEC};
  struct bus_env env = {.client = name, .log = &log_quiet};
  struct bus bus;
  struct prac_err err = {0};
  if (bus_open("local", &c, &env, &bus, &err) != PRAC_OK) fail_msg("%s", err.text);
  return bus;
}

static void put(struct bus *c, const char *subject, unsigned k, size_t len)
{
  static uint8_t data[1 << 20];
  char id[32];
  struct prac_err err = {0};
  snprintf(id, sizeof id, "m%u", k);
  memcpy(data, &k, sizeof k);
  if (c->ops->publish(c->st, subject, id, data, len, &err) != PRAC_OK) fail_msg("%s", err.text);
}

static unsigned number(const struct bus_msg *m)
{
  unsigned k;
  assert_true(m->len >= sizeof k);
  memcpy(&k, m->data, sizeof k);
  return k;
}

static void rights_are_kept(void **state)
{
  (void)state;
  struct box b = box_new();
  struct prac_err err = {0};
  struct bus_msg m;
  const char *any = "";

  struct bus tokyo = client(&b, "sensor.tokyo");
  put(&tokyo, "flow.tokyo", 1, 8);
  assert_int_equal(tokyo.ops->flush(tokyo.st, 5 * PRAC_SEC, &err), PRAC_OK);
  /* not a prefix: the very name; the refusal may come at once or a moment later */
  (void)tokyo.ops->publish(tokyo.st, "flow.tokyo2", "m2", "data", 4, &err);
  assert_int_equal(tokyo.ops->flush(tokyo.st, 5 * PRAC_SEC, &err), PRAC_DENIED);
  assert_non_null(strstr(err.text, "sensor.tokyo may not publish \"flow.tokyo2\""));
  assert_int_equal(tokyo.ops->publish(tokyo.st, "flow.tokyo", "x", "y", 1, &err), PRAC_DENIED);

  struct bus spy = client(&b, "sensor.spy");
  (void)spy.ops->subscribe(spy.st, &any, 1, false, &err);
  assert_int_equal(spy.ops->fetch(spy.st, 5 * PRAC_SEC, &m, &err), PRAC_DENIED);
  struct bus nobody = client(&b, "nobody");
  (void)nobody.ops->publish(nobody.st, "flow.tokyo", "m1", "data", 4, &err);
  assert_int_equal(nobody.ops->flush(nobody.st, 5 * PRAC_SEC, &err), PRAC_DENIED);
  struct bus engine = client(&b, "engine");
  (void)engine.ops->subscribe(engine.st, &any, 1, true, &err); /* may know already */
  assert_int_equal(engine.ops->fetch(engine.st, 5 * PRAC_SEC, &m, &err), PRAC_DENIED);
  bus_close(&tokyo), bus_close(&spy), bus_close(&nobody), bus_close(&engine);
  box_done(&b);
}

static prac_rc forget(const struct box *b, const char *as, const char *who, const char *says)
{
  struct prac_err err = {.text = ""};
  uint64_t left = 0;
  prac_rc rc = bus_local_forget(b->socket, as, who, 5 * PRAC_SEC, &left, &err);
  if (says && !strstr(err.text, says)) fail_msg("\"%s\" instead of \"%s\"", err.text, says);
  if (rc == PRAC_OK) assert_in_range(left, 1, 1000);
  return rc;
}

static int64_t log_bytes(const struct box *b)
{
  char cmd[160];
  long n = 0;
  snprintf(cmd, sizeof cmd, "cat %s/*.log | wc -c", b->dir);
  FILE *p = popen(cmd, "r");
  assert_non_null(p);
  assert_int_equal(fscanf(p, "%ld", &n), 1);
  pclose(p);
  return n;
}

/* A consumer that is gone holds the log; once it is forgotten the log goes, and it stays forgotten
 * over a restart of the broker. */
static void a_consumer_is_forgotten(void **state)
{
  (void)state;
  struct box b = box_new();
  struct prac_err err = {0};
  struct bus_msg m;
  const char *flow = "flow.", *any = "";
  struct bus engine = client(&b, "engine"), store = client(&b, "store");
  assert_int_equal(engine.ops->subscribe(engine.st, &flow, 1, true, &err), PRAC_OK);
  assert_int_equal(engine.ops->fetch(engine.st, 50 * PRAC_MS, &m, &err), PRAC_AGAIN);
  assert_int_equal(forget(&b, "operator", "engine", "engine is connected"), PRAC_EXISTS);
  bus_close(&engine);

  struct bus s = client(&b, "sensor.a");
  for (unsigned k = 0; k < 400; k++) put(&s, "flow.a", k, 2000);
  assert_int_equal(s.ops->flush(s.st, 10 * PRAC_SEC, &err), PRAC_OK);
  assert_int_equal(store.ops->subscribe(store.st, &any, 1, true, &err), PRAC_OK);
  for (unsigned k = 0; k < 400; k++) {
    assert_int_equal(store.ops->fetch(store.st, 5 * PRAC_SEC, &m, &err), PRAC_OK);
    assert_int_equal(store.ops->ack(store.st, m.seq, &err), PRAC_OK);
  }
  assert_int_equal(store.ops->flush(store.st, 5 * PRAC_SEC, &err), PRAC_OK);
  assert_true(log_bytes(&b) > 700000); /* the engine's */

  assert_int_equal(forget(&b, "store", "engine", "may not forget"), PRAC_DENIED);
  assert_int_equal(forget(&b, "operator", "nobody", "there are: store engine"), PRAC_UNKNOWN);
  assert_int_equal(forget(&b, "operator", "No-Body", "is no client name"), PRAC_RANGE);
  assert_int_equal(forget(&b, "operator", "engine", NULL), PRAC_OK);
  for (int i = 0; i < 100 && log_bytes(&b) > 200000; i++) sys_sleep_ns(50 * PRAC_MS);
  assert_true(log_bytes(&b) < 200000);

  kill_pid(&b.broker);
  start_broker(&b);
  assert_int_equal(forget(&b, "operator", "engine", "there are: store"), PRAC_UNKNOWN);
  bus_close(&s), bus_close(&store);
  kill_pid(&b.broker);
  close(b.listen_fd);
  b.listen_fd = -1;
  assert_int_equal(forget(&b, "operator", "engine", "no bus is running"), PRAC_AGAIN);
  box_done(&b);
}

static void order_repeats_and_places(void **state)
{
  (void)state;
  struct box b = box_new();
  struct prac_err err = {0};
  struct bus_msg m;
  const char *flow = "flow.";
  struct bus s = client(&b, "sensor.a");
  for (unsigned k = 0; k < 300; k++) put(&s, k % 10 == 9 ? "health.a" : "flow.a", k, 600);
  for (unsigned k = 0; k < 300; k++) put(&s, k % 10 == 9 ? "health.a" : "flow.a", k, 600);
  assert_int_equal(s.ops->flush(s.st, 10 * PRAC_SEC, &err), PRAC_OK);

  struct bus e = client(&b, "engine");
  assert_int_equal(e.ops->subscribe(e.st, &flow, 1, true, &err), PRAC_OK);
  uint64_t seq = 0, acked = 0;
  for (unsigned k = 0; k < 300; k++) {
    if (k % 10 == 9) continue;
    assert_int_equal(e.ops->fetch(e.st, 5 * PRAC_SEC, &m, &err), PRAC_OK);
    assert_int_equal(number(&m), k);
    assert_string_equal(m.subject, "flow.a");
    assert_true(m.seq > seq);
    seq = m.seq;
    if (k == 150) acked = seq;
  }
  assert_int_equal(e.ops->fetch(e.st, 20 * PRAC_MS, &m, &err), PRAC_AGAIN);
  assert_int_equal(e.ops->ack(e.st, acked, &err), PRAC_OK);
  assert_int_equal(e.ops->ack(e.st, seq + 1000000, &err), PRAC_RANGE);
  bus_close(&e);

  e = client(&b, "engine"); /* the place is kept; what was not acked comes again */
  assert_int_equal(e.ops->subscribe(e.st, &flow, 1, true, &err), PRAC_OK);
  assert_int_equal(e.ops->fetch(e.st, 5 * PRAC_SEC, &m, &err), PRAC_OK);
  assert_int_equal(number(&m), 151);

  kill_pid(&b.broker); /* a new broker: the same handle goes on where it was */
  start_broker(&b);
  for (unsigned k = 152; k < 300; k++) {
    if (k % 10 == 9) continue;
    assert_int_equal(e.ops->fetch(e.st, 5 * PRAC_SEC, &m, &err), PRAC_OK);
    assert_int_equal(number(&m), k);
  }
  put(&s, "flow.a", 7, 600); /* a repeat, remembered over the restart */
  put(&s, "flow.a", 1000, 600);
  assert_int_equal(s.ops->flush(s.st, 10 * PRAC_SEC, &err), PRAC_OK);
  assert_int_equal(e.ops->fetch(e.st, 5 * PRAC_SEC, &m, &err), PRAC_OK);
  assert_int_equal(number(&m), 1000);
  bus_close(&s), bus_close(&e);
  box_done(&b);
}

/* Shared with the killed children. */
struct ledger {
  unsigned published;       /* acknowledged by the bus: 0 .. published - 1 */
  unsigned consumed;        /* what the consumer has kept, before it acks */
  unsigned acked;           /* its ack is known to the bus */
  unsigned after_ack, gaps; /* must stay 0 */
  unsigned again;
};

static void run_publisher(const struct box *b, volatile struct ledger *g)
{
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  struct bus c = client(b, "sensor.a");
  for (unsigned k = g->published; k < MESSAGES;) {
    unsigned to = k + 20 < MESSAGES ? k + 20 : MESSAGES;
    for (; k < to; k++) put(&c, "flow.a", k, 50 + k % 700);
    while (c.ops->flush(c.st, PRAC_SEC, NULL) != PRAC_OK) {
    }
    g->published = k;
  }
  _exit(0);
}

static void run_consumer(const struct box *b, volatile struct ledger *g)
{
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const char *any = "";
  struct bus c = client(b, "store");
  if (c.ops->subscribe(c.st, &any, 1, true, NULL) != PRAC_OK) _exit(2);
  unsigned next = g->consumed;
  while (next < MESSAGES) {
    struct bus_msg m;
    if (c.ops->fetch(c.st, PRAC_SEC, &m, NULL) != PRAC_OK) continue;
    unsigned k = number(&m);
    if (k < g->acked) g->after_ack++;
    if (k > next) g->gaps++;
    if (k < next) g->again++;
    if (k == next) next++;
    if (next % 7 == 0 || next == MESSAGES) {
      g->consumed = next;
      if (c.ops->ack(c.st, m.seq, NULL) != PRAC_OK) _exit(3);
      while (c.ops->flush(c.st, PRAC_SEC, NULL) != PRAC_OK) {
      }
      if (k + 1 > g->acked) g->acked = k + 1;
    }
  }
  bus_close(&c);
  _exit(0);
}

static void kill_9_at_random_points_loses_nothing(void **state)
{
  (void)state;
  struct box b = box_new();
  void *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(shared != MAP_FAILED);
  volatile struct ledger *g = shared;
  struct prac_rng rng = prac_rng_of(42);
  pid_t pub = 0, sub = 0;
  int64_t calm = sys_mono_ns() + 12 * PRAC_SEC, end = calm + 90 * PRAC_SEC;
  unsigned kills = 0;
  while ((g->published < MESSAGES || g->consumed < MESSAGES) && sys_mono_ns() < end) {
    if (pub == 0 && (pub = fork()) == 0) run_publisher(&b, g);
    if (sub == 0 && (sub = fork()) == 0) run_consumer(&b, g);
    usleep((useconds_t)(3000 + prac_rng_below(&rng, 40000)));
    if (sys_mono_ns() > calm) continue; /* a slow machine: let it finish */
    switch (prac_rng_below(&rng, 3)) {
    case 0:
      kill_pid(&b.broker);
      start_broker(&b);
      break;
    case 1:
      kill_pid(&pub);
      break;
    default:
      kill_pid(&sub);
    }
    kills++;
  }
  kill_pid(&pub), kill_pid(&sub);
  if (getenv("TEST_LOUD"))
    fprintf(stderr, "%u published, %u consumed, %u again, %u kills\n", g->published, g->consumed,
            g->again, kills);
  assert_int_equal(g->published, MESSAGES);
  assert_int_equal(g->consumed, MESSAGES);
  assert_int_equal(g->gaps, 0);
  assert_int_equal(g->after_ack, 0);
  assert_true(kills > 2);
  munmap(shared, 4096);
  box_done(&b);
}

static long peak_kib(pid_t pid)
{
  char path[64], line[256];
  long kib = -1;
  snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  FILE *f = fopen(path, "re");
  assert_non_null(f);
  while (fgets(line, sizeof line, f)) (void)sscanf(line, "VmHWM: %ld kB", &kib);
  fclose(f);
  return kib;
}

/* 48 MiB wait for a consumer that has not come: the broker holds them on disk, not in memory. Then
 * the limit makes the publisher wait until the consumer has caught up. */
static void a_slow_consumer_costs_disk_not_memory(void **state)
{
  (void)state;
  struct box b = box_new();
  struct prac_err err = {0};
  struct bus s = client(&b, "sensor.a");
  enum { N = 384, BIG = 128 << 10 };
  for (unsigned k = 0; k < N; k++) put(&s, "flow.a", k, BIG);
  assert_int_equal(s.ops->flush(s.st, 20 * PRAC_SEC, &err), PRAC_OK);
  long before = peak_kib(b.broker);
  struct bus c = client(&b, "store");
  const char *any = "";
  struct bus_msg m;
  assert_int_equal(c.ops->subscribe(c.st, &any, 1, true, &err), PRAC_OK);
  for (unsigned k = N; k < N + 200; k++) put(&s, "flow.a", k, BIG); /* past the 64 MiB */
  prac_rc rc = s.ops->flush(s.st, PRAC_SEC / 2, &err);
  assert_int_equal(rc, PRAC_AGAIN);
  for (unsigned k = 0; k < N + 200; k++) {
    while ((rc = c.ops->fetch(c.st, 50 * PRAC_MS, &m, &err)) == PRAC_AGAIN)
      assert_int_not_equal(s.ops->flush(s.st, 0, &err), PRAC_DENIED); /* one thread plays both */
    assert_int_equal(rc, PRAC_OK);
    assert_int_equal(number(&m), k);
    assert_int_equal(c.ops->ack(c.st, m.seq, &err), PRAC_OK);
  }
  assert_int_equal(s.ops->flush(s.st, 20 * PRAC_SEC, &err), PRAC_OK);
  long after = peak_kib(b.broker);
#ifndef SANITIZED
  assert_in_range(before, 1, 40 * 1024);
  assert_in_range(after, 1, 48 * 1024);
#endif
  assert_true(before > 0 && after >= before);
  bus_close(&s), bus_close(&c);
  box_done(&b);
}

static void a_publisher_may_start_before_the_broker(void **state)
{
  (void)state;
  struct box b = box_new();
  struct prac_err err = {0};
  kill_pid(&b.broker);
  struct bus s = client(&b, "sensor.a");
  put(&s, "flow.a", 1, 8);
  assert_int_equal(s.ops->flush(s.st, 50 * PRAC_MS, &err), PRAC_AGAIN);
  start_broker(&b);
  assert_int_equal(s.ops->flush(s.st, 10 * PRAC_SEC, &err), PRAC_OK);
  bus_close(&s);
  box_done(&b);
}

static void noise_is_dropped_and_others_are_served(void **state)
{
  (void)state;
  struct box b = box_new();
  struct prac_err err = {0};
  struct prac_rng rng = prac_rng_of(3);
  for (int i = 0; i < 40; i++) {
    int fd;
    uint8_t junk[400];
    assert_int_equal(sys_unix_connect(b.socket, &fd, &err), PRAC_OK);
    for (size_t k = 0; k < sizeof junk; k++) junk[k] = (uint8_t)prac_rng_u64(&rng);
    if (i % 2) memcpy(junk, "\x0c\0\0\0\x01\x01\x08\0sensor.a", 16), junk[19] = 0;
    (void)!write(fd, junk, 1 + prac_rng_below(&rng, sizeof junk));
    close(fd);
  }
  struct bus s = client(&b, "sensor.a");
  put(&s, "flow.a", 1, 8);
  assert_int_equal(s.ops->flush(s.st, 10 * PRAC_SEC, &err), PRAC_OK);
  assert_int_equal(waitpid(b.broker, NULL, WNOHANG), 0);
  bus_close(&s);
  box_done(&b);
}

int main(void)
{
  signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rights_are_kept),
      cmocka_unit_test(a_consumer_is_forgotten),
      cmocka_unit_test(order_repeats_and_places),
      cmocka_unit_test(kill_9_at_random_points_loses_nothing),
      cmocka_unit_test(a_slow_consumer_costs_disk_not_memory),
      cmocka_unit_test(a_publisher_may_start_before_the_broker),
      cmocka_unit_test(noise_is_dropped_and_others_are_served),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
