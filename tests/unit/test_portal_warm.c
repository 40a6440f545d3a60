/* A portal that starts anew has the rankings that one has which never stopped. */
#include <pthread.h>
#include <time.h>

#include "lib/store_made.h"
#include "lib/web.h"
#include "portal/portal.h"

enum { SENSORS = 2, MINUTES = 74, BATCHES = SENSORS * MINUTES };
static struct flow_batch *batches[BATCHES + 2]; /* the last two: the minute after, of one sensor */
static struct store store;
static struct portal_conf conf;

static int setup(void **state)
{
  static uint8_t bytes[1 << 20];
  struct prac_err err = {0};
  struct choice c = {bytes, bytes + sizeof bytes};
  uint64_t x = 88172645463325252u;
  (void)state;
  for (size_t i = 0; i < sizeof bytes; i++) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    bytes[i] = (uint8_t)(x >> 32);
  }
  for (unsigned i = 0; i < BATCHES + 2; i++)
    batches[i] = made_batch(&c, made_sensors[i < BATCHES ? i % SENSORS : 0],
                            MADE_DAY + (i < BATCHES ? i / SENSORS : MINUTES) * PRAC_MIN,
                            i == BATCHES + 1, 40);
  if (store_open("ram", NULL, &(struct store_env){.nthreads = 1}, &store, &err) != PRAC_OK)
    return 1;
  prac_conf_defaults(&portal_conf_section, &conf);
  conf.listen = "127.0.0.1:0";
  conf.rate = 0;
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(batches); i++) flow_batch_unref(&batches[i]);
  store_close(&store);
  return 0;
}

/* The store, once in another way. */
static struct {
  enum { PLAIN, BREAKS, BREAKS_OFF, WAITS, LATE } how;
  _Atomic unsigned asked;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool waiting, let;
  _Atomic bool whole; /* LATE: no longer */
  store_batch_sink *each;
  void *arg;
} odd = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* LATE: of the last minutes there is nothing, and of the bus's messages not the FIRSTth. */
enum { FIRST = 7, LATE_MINUTES = 22 };
static bool is_missing(prac_time at)
{
  return !odd.whole && at >= MADE_DAY + (MINUTES - LATE_MINUTES) * PRAC_MIN;
}

static prac_rc but_the_late(void *arg, struct flow_batch *b)
{
  (void)arg;
  return is_missing(b->minute) ? PRAC_OK : odd.each(odd.arg, b);
}

struct rows {
  store_row *each;
  void *arg;
};
static prac_rc but_late_rows(void *arg, const struct store_col *cols, size_t n,
                             const struct store_value *v)
{
  struct rows *r = arg;
  bool series = n > 0 && strcmp(cols[0].name, "at") == 0;
  return series && is_missing(v[0].t) ? PRAC_OK : r->each(r->arg, cols, n, v);
}

static prac_rc late_query(void *st, const struct store_query *q, store_row *each, void *arg,
                          struct prac_err *reterr)
{
  struct rows r = {each, arg};
  return store.ops->query(st, q, but_late_rows, &r, reterr);
}

static prac_rc late_position(void *st, const char *consumer, uint64_t *ret, struct prac_err *reterr)
{
  (void)st, (void)reterr;
  assert_string_equal(consumer, "keeper");
  *ret = odd.whole ? FIRST : FIRST - 1;
  return PRAC_OK;
}

static void wait_until(const bool *what)
{
  pthread_mutex_lock(&odd.lock);
  while (!*what) pthread_cond_wait(&odd.changed, &odd.lock);
  pthread_mutex_unlock(&odd.lock);
}

static void now_is(bool *what)
{
  pthread_mutex_lock(&odd.lock);
  *what = true;
  pthread_cond_broadcast(&odd.changed);
  pthread_mutex_unlock(&odd.lock);
}

static prac_rc odd_batches(void *st, const struct store_batch_query *q, store_batch_sink *each,
                           void *arg, struct prac_err *reterr)
{
  bool first = odd.asked++ == 0;
  odd.each = each;
  odd.arg = arg;
  if (odd.how == LATE) return store.ops->batches(st, q, but_the_late, NULL, reterr);
  prac_rc rc = odd.how == BREAKS ? PRAC_IO : store.ops->batches(st, q, each, arg, reterr);
  if (odd.how == BREAKS_OFF) return PRAC_FAIL(reterr, PRAC_IO, "the disk");
  if (odd.how != WAITS || !first) return rc;
  now_is(&odd.waiting);
  wait_until(&odd.let);
  return rc;
}

static struct portal *start(bool in_tick)
{
  static struct store_ops ops;
  static struct store asked_store;
  struct portal *p;
  struct prac_err err = {0};
  ops = *store.ops;
  if (odd.how != PLAIN) ops.batches = odd_batches;
  asked_store = (struct store){&ops, store.st};
  if (odd.how == LATE) {
    ops.query = late_query;
    ops.position = late_position;
  }
  odd.asked = 0;
  const struct portal_env env = {.store = &asked_store,
                                 .fed_as = odd.how == LATE ? "keeper" : NULL,
                                 .query_in_tick = in_tick,
                                 .listen_fd = -1,
                                 .version = "9.9.9"};
  if (portal_open(&conf, &env, &p, &err) != PRAC_OK) fail_msg("%s", err.text);
  return p;
}

static const char *const asked[] = {"/api/v1/top?by=port&limit=200", "/api/v1/top?by=country",
                                    "/api/v1/top?by=asn", "/api/v1/top?by=sensor"};
static char wanted[PRAC_ARRAY_LEN(asked)][1 << 16];

static bool same(struct portal *p, size_t i)
{
  web_ask(portal_port(p), asked[i]);
  HAS(" 200 ");
  return strcmp(web_body(), wanted[i]) == 0;
}

/* The first n of them. */
static void expect(struct portal *p, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (!same(p, i)) fail_msg("%s\n%.1500s\nis not\n%.1500s", asked[i], web_body(), wanted[i]);
}

static void want(struct portal *p)
{
  for (size_t i = 0; i < PRAC_ARRAY_LEN(asked); i++) {
    web_ask(portal_port(p), asked[i]);
    HAS(" 200 ");
    (void)snprintf(wanted[i], sizeof wanted[i], "%s", web_body());
  }
}

static void rankings_come_back(void **state)
{
  (void)state;
  struct portal *never_stopped = start(true);
  for (size_t i = 0; i < BATCHES; i++) portal_take_batch(never_stopped, batches[i]);
  want(never_stopped);
  assert_int_equal(store.ops->append(store.st,
                                     &(struct store_tx){.batches = batches, .n_batches = BATCHES},
                                     NULL),
                   PRAC_OK);
  struct portal *anew = start(true);
  expect(anew, PRAC_ARRAY_LEN(asked));
  /* What the store had when it was asked and the bus brings yet, counts once. */
  portal_take_batch(anew, batches[BATCHES - 2]);
  want(never_stopped);
  expect(anew, 3);
  for (size_t i = BATCHES; i < BATCHES + 2; i++) {
    portal_take_batch(never_stopped, batches[i]);
    portal_take_batch(anew, batches[i]);
  }
  want(never_stopped);
  expect(anew, 3);
  portal_close(&anew);
  portal_close(&never_stopped);
}

/* On a thread of its own: there at once, and soon whole. */
static void while_it_answers(void **state)
{
  (void)state;
  struct portal *never_stopped = start(true), *anew = start(false);
  want(never_stopped);
  for (int i = 0; i < 1000 && !same(anew, 0); i++)
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
  for (int i = 0; i < 1000 && !same(anew, 2); i++)
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
  expect(anew, PRAC_ARRAY_LEN(asked));
  portal_close(&anew);
  portal_close(&never_stopped);
}

/* A store that breaks off has put nothing in, and what the bus then brings counts. */
static void what_breaks_off_takes_nothing(void **state)
{
  (void)state;
  odd.how = BREAKS;
  struct portal *bus_only = start(true);
  odd.how = BREAKS_OFF;
  struct portal *anew = start(true);
  odd.how = PLAIN;
  for (size_t i = BATCHES - 2 * SENSORS; i < BATCHES; i++) {
    portal_take_batch(bus_only, batches[i]);
    portal_take_batch(anew, batches[i]);
  }
  want(bus_only);
  expect(anew, PRAC_ARRAY_LEN(asked));
  portal_close(&anew);
  portal_close(&bus_only);
}

/* Published before the portal listened, stored long after it had read what there was: there once
 * the store has what the portal heard first. */
static void what_is_on_its_way_comes_yet(void **state)
{
  (void)state;
  struct portal *never_stopped = start(true);
  want(never_stopped);
  odd.how = LATE;
  odd.whole = false;
  struct portal *anew = start(false);
  for (size_t i = BATCHES - SENSORS; i < BATCHES; i++) portal_take_batch(anew, batches[i]);
  portal_take(anew, &(struct bus_msg){.subject = "other", .data = "", .seq = FIRST});
  for (int i = 0; i < 1000 && odd.asked < 3; i++) /* slots that are "now" */
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(asked); i++) assert_false(same(anew, i));
  odd.whole = true;
  bool all = false;
  for (int i = 0; i < 2000 && !all; i++) {
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    all = true;
    for (size_t k = 0; k < PRAC_ARRAY_LEN(asked); k++) all = all && same(anew, k);
  }
  expect(anew, PRAC_ARRAY_LEN(asked));
  portal_close(&anew);
  portal_close(&never_stopped);
  odd.how = PLAIN;
}

/* The bus brings what is just being counted from the store: once is enough. */
static void what_both_bring_counts_once(void **state)
{
  (void)state;
  struct portal *never_stopped = start(true);
  want(never_stopped);
  odd.how = WAITS;
  struct portal *anew = start(false);
  wait_until(&odd.waiting);
  for (size_t i = BATCHES - SENSORS; i < BATCHES; i++) portal_take_batch(anew, batches[i]);
  now_is(&odd.let);
  for (int i = 0; i < 1000 && !(same(anew, 0) && same(anew, 2)); i++)
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
  expect(anew, 3);
  portal_close(&anew);
  portal_close(&never_stopped);
  odd.how = PLAIN;
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(rankings_come_back),
                                     cmocka_unit_test(while_it_answers),
                                     cmocka_unit_test(what_breaks_off_takes_nothing),
                                     cmocka_unit_test(what_is_on_its_way_comes_yet),
                                     cmocka_unit_test(what_both_bring_counts_once)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
