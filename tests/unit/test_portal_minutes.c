/* A portal that starts anew in the middle of a minute has the minutes that one has which never
 * stopped: no part is lacking and none is there twice, wherever the store and the bus just were. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "lib/store_made.h"
#include "lib/web.h"
#include "portal/live_heard.h"
#include "portal/portal.h"

/* ---- the day in memory: any order of events ---- */

enum { SENSORS = 3, MESSAGES = 40, MINUTES = 6 };
struct told { /* message i + 1 of the bus */
  unsigned sensor, minute, packets, sources;
};

static prac_time minute(unsigned i)
{
  return MADE_DAY + i * PRAC_MIN;
}

static struct flow_batch *batch_of(const struct told *t, unsigned n)
{
  struct flow_row rows[4] = {{.proto = 0}};
  struct flow_batch *b = NULL;
  for (unsigned i = 0; i < t->sources; i++) {
    rows[i].src = prac_ip4(0x0a000000 + n * 16 + i);
    rows[i].dst = prac_ip4(0xc6336401);
    rows[i].proto = 17;
    rows[i].dport = 53;
    rows[i].packets = i ? 1 : t->packets - t->sources + 1;
  }
  if (flow_batch_new(made_sensors[t->sensor], minute(t->minute), rows, t->sources, &b) != PRAC_OK)
    abort();
  b->part = n;
  return b;
}

static void hear(struct live *l, const struct told *t, unsigned n)
{
  struct flow_batch *b = batch_of(&t[n - 1], n);
  live_batch(l, b, n);
  flow_batch_unref(&b);
}

struct sums {
  uint64_t packets[SENSORS][MINUTES], sources[SENSORS][MINUTES];
};

/* What a store says that has the first n: the sums, and only of minutes that there are. */
static size_t stored(const struct told *t, unsigned n, struct sums *s,
                     struct live_stored v[SENSORS * MINUTES])
{
  size_t k = 0;
  *s = (struct sums){0};
  for (unsigned i = 0; i < n; i++) {
    s->packets[t[i].sensor][t[i].minute] += t[i].packets;
    s->sources[t[i].sensor][t[i].minute] += t[i].sources;
  }
  for (unsigned i = 0; i < SENSORS; i++)
    for (unsigned m = 0; m < MINUTES; m++) {
      if (!s->packets[i][m]) continue;
      v[k] = (struct live_stored){"", minute(m), s->packets[i][m], s->sources[i][m]};
      (void)snprintf(v[k++].sensor, sizeof v->sensor, "%s", made_sensors[i]);
    }
  return k;
}

static bool is(const struct live *l, const struct told *t, unsigned n)
{
  struct live_stored v[SENSORS * MINUTES];
  struct sums s;
  (void)stored(t, n, &s, v);
  uint64_t wrong = 0;
  for (size_t i = 0; i < live_sensor_count(l); i++)
    for (unsigned m = 0; m < MINUTES; m++) {
      const struct live_sensor *sensor = live_sensor_at(l, i);
      unsigned k = 0;
      while (strcmp(sensor->name, made_sensors[k]) != 0) k++;
      const struct live_minute *c = live_minute_at(sensor, minute(m));
      wrong += (c ? c->packets : 0) != s.packets[k][m] || (c ? c->sources : 0) != s.sources[k][m];
      s.packets[k][m] = 0;
    }
  for (unsigned i = 0; i < SENSORS; i++)
    for (unsigned m = 0; m < MINUTES; m++)
      wrong += live_sensor_count(l) == SENSORS && s.packets[i][m];
  return wrong == 0;
}

/* The store had `at_start` when the portal asked it first, the portal heard `first` first, and the
 * store had `upto` when it was asked again, when the portal had heard `heard`. */
static int whole_after_a_restart(struct choice *c)
{
  struct told t[MESSAGES];
  struct live_stored v[SENSORS * MINUTES];
  struct sums sums;
  unsigned now = 0;
  for (unsigned i = 0; i < MESSAGES; i++) {
    now += choice_u8(c) % 8 == 0 && now + 1 < MINUTES;
    unsigned ago = choice_u8(c) % 8 == 0 ? choice_u8(c) % (now + 1) : 0; /* of a queue */
    t[i] = (struct told){choice_u8(c) % SENSORS, now - ago, 3 + choice_u8(c), 1 + choice_u8(c) % 3};
  }
  unsigned at_start = choice_below(c, MESSAGES), first = at_start + 1;
  first += choice_below(c, MESSAGES - at_start);
  unsigned heard = first + choice_below(c, MESSAGES - first + 1);
  unsigned upto = first + choice_below(c, MESSAGES - first + 1);
  struct live *l = live_new();
  if (!l || live_minutes_note(l) != PRAC_OK) return 0;
  size_t n = stored(t, at_start, &sums, v);
  for (size_t i = 0; i < n; i++)
    live_minute_put(l, v[i].sensor, v[i].at, v[i].packets, v[i].sources);
  for (unsigned i = first; i <= heard; i++) hear(l, t, i);
  n = stored(t, upto, &sums, v);
  live_minutes_again(l, v, n, upto);
  int ok = is(l, t, heard > upto ? heard : upto);
  for (unsigned i = heard + 1; i <= MESSAGES && ok; i++) {
    hear(l, t, i);
    ok = is(l, t, i > upto ? i : upto);
  }
  live_free(&l);
  return ok;
}

static void test_any_order(void **state) /* each time rankings of 28 MB, which stay empty */
{
  (void)state;
  assert_true(prop_check("minutes are whole after a restart", whole_after_a_restart, 7, 200));
}

/* Of very many only the newest are noted, and that is known: what is behind them is exact. */
static void test_bounded(void **state)
{
  enum { N = LIVE_HEARD + 100 };
  const struct told t = {0, 0, 3, 1};
  struct live *l = live_new();
  (void)state;
  assert_int_equal(live_minutes_note(l), PRAC_OK);
  struct flow_batch *b = batch_of(&t, 1);
  for (unsigned i = 1; i <= N; i++) live_batch(l, b, 1000 + i);
  flow_batch_unref(&b);
  assert_int_equal(live_minutes_since(l), 1100);
  struct live_stored v = {"tokyo", minute(0), 7, 2};
  live_minutes_again(l, &v, 1, 1100);
  const struct live_minute *m = live_minute_at(live_sensor_at(l, 0), minute(0));
  assert_int_equal(m->packets, 7 + 3 * (uint64_t)LIVE_HEARD);
  assert_int_equal(m->sources, 2 + LIVE_HEARD);
  assert_int_equal(live_minutes_since(l), 0); /* it is noted no more */
  live_free(&l);
}

/* ---- a portal, its store and its bus ---- */

/* The ram store for two threads, which moves on whenever it is asked for minutes, if it shall. */
static struct store store;
static pthread_mutex_t store_lock = PTHREAD_MUTEX_INITIALIZER;
static struct flow_batch *message[MESSAGES + 1];
static unsigned in_store, moves_on;

static void store_up_to(unsigned n)
{
  if (n <= in_store) return;
  assert_int_equal(store.ops->append(store.st,
                                     &(struct store_tx){.batches = &message[in_store + 1],
                                                        .n_batches = n - in_store,
                                                        .consumer = "keeper",
                                                        .seq = n},
                                     NULL),
                   PRAC_OK);
  in_store = n;
}

static prac_rc locked_query(void *st, const struct store_query *q, store_row *each, void *arg,
                            struct prac_err *reterr)
{
  pthread_mutex_lock(&store_lock);
  prac_rc rc = store.ops->query(st, q, each, arg, reterr);
  if (moves_on && q->what == STORE_SERIES) { /* between its answer and its place */
    store_up_to(in_store + 1);
    moves_on--;
  }
  pthread_mutex_unlock(&store_lock);
  return rc;
}

static prac_rc locked_batches(void *st, const struct store_batch_query *q, store_batch_sink *each,
                              void *arg, struct prac_err *reterr)
{
  pthread_mutex_lock(&store_lock);
  prac_rc rc = store.ops->batches(st, q, each, arg, reterr);
  pthread_mutex_unlock(&store_lock);
  return rc;
}

static prac_rc locked_position(void *st, const char *consumer, uint64_t *ret,
                               struct prac_err *reterr)
{
  pthread_mutex_lock(&store_lock);
  prac_rc rc = store.ops->position(st, consumer, ret, reterr);
  pthread_mutex_unlock(&store_lock);
  return rc;
}

static struct portal *start(const struct store *s)
{
  static struct portal_conf conf;
  struct portal *p;
  struct prac_err err = {0};
  prac_conf_defaults(&portal_conf_section, &conf);
  conf.listen = "127.0.0.1:0";
  conf.rate = 0;
  const struct portal_env env = {
      .store = s, .fed_as = s ? "keeper" : NULL, .listen_fd = -1, .version = "9.9.9"};
  if (portal_open(&conf, &env, &p, &err) != PRAC_OK) fail_msg("%s", err.text);
  return p;
}

static void take(struct portal *p, unsigned n)
{
  uint8_t *bytes;
  size_t len;
  assert_int_equal(flow_batch_encode(message[n], 1, &bytes, &len), PRAC_OK);
  portal_take(
      p, &(struct bus_msg){.subject = "flow.x", .data = (const char *)bytes, .len = len, .seq = n});
  free(bytes);
}

static const char *minutes_of(struct portal *p)
{
  web_ask(portal_port(p), "/api/v1/series?minutes=3");
  HAS(" 200 ");
  return web_body();
}

enum { AT_START = 5, FIRST = 9, HEARD = 11, LAST = 14 };

/* All of one minute: five parts are in the store, three on their way, three heard when the store
 * goes on to `upto`, maybe by steps; the rest is heard later. */
static void restarts_in_a_minute(unsigned upto, unsigned steps)
{
  static char want[4096];
  struct store_ops ops;
  struct prac_err err = {0};
  if (store_open("ram", NULL, &(struct store_env){.nthreads = 1}, &store, &err) != PRAC_OK)
    fail_msg("%s", err.text);
  in_store = moves_on = 0;
  ops = *store.ops;
  ops.query = locked_query;
  ops.batches = locked_batches;
  ops.position = locked_position;
  struct store asked = {&ops, store.st};
  store_up_to(AT_START);
  struct portal *anew = start(&asked), *never_stopped = start(NULL);
  for (unsigned i = 1; i <= HEARD; i++) take(never_stopped, i);
  for (unsigned i = FIRST; i <= HEARD; i++) take(anew, i);
  for (unsigned i = HEARD + 1; i <= upto + steps; i++) take(never_stopped, i);
  (void)snprintf(want, sizeof want, "%s", minutes_of(never_stopped));
  pthread_mutex_lock(&store_lock);
  moves_on = steps;
  store_up_to(upto);
  pthread_mutex_unlock(&store_lock);
  bool same = false;
  for (int i = 0; i < 2000 && !same; i++) {
    same = strcmp(minutes_of(anew), want) == 0;
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
  }
  if (!same) fail_msg("upto %u, %u steps\n%.900s\nis not\n%.900s", upto, steps, web_body(), want);
  for (unsigned i = HEARD + 1; i <= LAST; i++) take(anew, i);
  for (unsigned i = upto + steps < HEARD ? HEARD + 1 : upto + steps + 1; i <= LAST; i++)
    take(never_stopped, i);
  (void)snprintf(want, sizeof want, "%s", minutes_of(never_stopped));
  assert_string_equal(minutes_of(anew), want);
  portal_close(&anew);
  portal_close(&never_stopped);
  store_close(&store);
}

static void test_restart(void **state)
{
  (void)state;
  for (unsigned i = 1; i <= LAST; i++)
    message[i] = batch_of(&(struct told){i % 2, 1, 10 + i * i, 1 + i % 3}, i);
  restarts_in_a_minute(FIRST, 0);    /* lacks some of what was heard */
  restarts_in_a_minute(HEARD, 0);    /* has just that */
  restarts_in_a_minute(LAST - 1, 0); /* and some that is heard later */
  restarts_in_a_minute(FIRST, 3);    /* moves on while it is asked */
  for (unsigned i = 1; i <= LAST; i++) flow_batch_unref(&message[i]);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_any_order),
                                     cmocka_unit_test(test_bounded),
                                     cmocka_unit_test(test_restart)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
