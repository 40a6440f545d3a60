/* A portal that starts anew has the rankings that one has which never stopped. */
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

static struct portal *start(bool in_tick)
{
  struct portal *p;
  struct prac_err err = {0};
  const struct portal_env env = {
      .store = &store, .query_in_tick = in_tick, .listen_fd = -1, .version = "9.9.9"};
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

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(rankings_come_back),
                                     cmocka_unit_test(while_it_answers)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
