/* Webhooks that take a connection and say nothing hold threads: of their own organisation alone,
 * however many there are of whatever many organisations. */
#include "lib/t.h"

#include <pthread.h>
#include <stdlib.h>

#include "lib/noter.h"
#include "sys/wall.h"

#define T0 (INT64_C(1427846523) * PRAC_SEC)
enum { LANES = 4, HALF = LANES / 2, OWN = NOTE_SEATS - LANES };

static struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool free;      /* whoever is held is let go, and nobody is held any more */
  bool late;      /* held from the second try on */
  int held, most; /* at the same time */
  int let;        /* so many that are held are let go */
  int tries[400]; /* by the number in the subscription's name, "t007" */
  int told;       /* to "good" */
  bool shy;       /* "good" fails once */
  int good;       /* its tries */
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static size_t lanes(const void *c)
{
  (void)c;
  return LANES;
}
static prac_rc send_way(void *st, const struct note_item *it, const struct note_env *env,
                        struct prac_err *reterr)
{
  const char *name = it->tenant->name;
  (void)st, (void)env;
  (void)pthread_mutex_lock(&seen.lock);
  bool good = strcmp(name, "good") == 0;
  int tries = good ? 0 : ++seen.tries[strtoul(name + 1, NULL, 10)];
  bool failed = good && ++seen.good == 1 && seen.shy;
  seen.told += good && !failed;
  if (!good && (tries > 1 || !seen.late)) {
    if (++seen.held > seen.most) seen.most = seen.held;
    while (!seen.free && !seen.let) (void)pthread_cond_wait(&seen.changed, &seen.lock);
    seen.let -= seen.let > 0;
    seen.held--;
  }
  (void)pthread_mutex_unlock(&seen.lock);
  return good && !failed ? PRAC_OK : PRAC_FAIL(reterr, PRAC_AGAIN, "no answer");
}
static struct note_way way =
    NOTER_WAY("hook", send_way, .lanes = lanes, .people = true, .each = true);
static const struct note_way *const ways[] = {&way, NULL};

static int begin(void **s)
{
  const struct note_core_env env = {.ways = ways, .threads = true};
  (void)s;
  seen.free = seen.late = seen.shy = false;
  seen.held = seen.most = seen.told = seen.good = seen.let = 0;
  memset(seen.tries, 0, sizeof seen.tries);
  way.conf = note_way_find("hook")->conf;
  noter_begin("notify: {ways: [], retry-first: 10ms, retry-max: 50ms, rdns: no}\n", T0, &env);
  return 0;
}

static int finish(void **s)
{
  (void)s;
  (void)pthread_mutex_lock(&seen.lock);
  seen.free = true;
  (void)pthread_cond_broadcast(&seen.changed);
  (void)pthread_mutex_unlock(&seen.lock);
  return noter_end();
}

static void subscribe(const char *id, const char *org)
{
  struct subscription s = noter_subscription(id);
  s.org = org;
  noter_take(&model_subscription, &s);
}
/* n of them, in so many organisations. */
static void slow_ones(int n, int orgs)
{
  char name[8], org[8];
  for (int i = 0; i < n; i++) {
    (void)snprintf(name, sizeof name, "t%03d", i);
    (void)snprintf(org, sizeof org, "o%d", i % orgs);
    subscribe(name, org);
  }
}

static void pump_for(int times)
{
  for (int i = 0; i < times; i++) {
    noter_pump(20 * PRAC_MS);
    sys_sleep_ns(PRAC_MS);
  }
}
/* Until so many are held and so often "good" was told; a second more, in which nothing changes. */
static void pump_until(int held, int told)
{
  int64_t until = sys_mono_ns() + 60 * PRAC_SEC;
  bool there = false;
  while (!there && sys_mono_ns() < until) {
    pump_for(1);
    (void)pthread_mutex_lock(&seen.lock);
    there = seen.held >= held && seen.told >= told;
    (void)pthread_mutex_unlock(&seen.lock);
  }
  pump_for(100);
  (void)pthread_mutex_lock(&seen.lock);
  int held_now = seen.held, told_now = seen.told, most = seen.most;
  (void)pthread_mutex_unlock(&seen.lock);
  assert_int_equal(told_now, told);
  assert_int_equal(held_now, held);
  assert_int_equal(most, held);
}

/* All of one organisation, who say nothing from the start. */
static void of_one_organisation(void **s)
{
  (void)s;
  slow_ones(12, 1);
  subscribe("good", "other");
  noter_attack("e1");
  pump_until(HALF, 1);
  noter_attack("e2");
  pump_until(HALF, 2);
}

/* Each of another: every one has its seat, at once, and so has who comes after them. */
static void of_many_organisations(void **s)
{
  (void)s;
  slow_ones(60, 60);
  subscribe("good", "other");
  noter_attack("e1");
  pump_until(60, 1);
  subscribe("t060", "late");
  noter_attack("e2");
  pump_until(61, 2);
}

/* Several of each: what they share is shared, and a seat is left for others. */
static void several_of_each(void **s)
{
  (void)s;
  slow_ones(60, 20);
  subscribe("good", "other");
  noter_attack("e1");
  pump_until(20 + LANES, 1);
}

/* Who has failed once is told again beside others who have, of one organisation and of many. */
static void that_failed_once(void **s)
{
  (void)s;
  seen.late = seen.shy = true;
  slow_ones(40, 20);
  subscribe("good", "other");
  noter_attack("e1");
  pump_until(20, 1);
}

/* What has failed has one seat of its organisation: others there are told meanwhile. */
static void beside_one_s_own(void **s)
{
  (void)s;
  seen.late = true;
  slow_ones(12, 1);
  noter_attack("e1");
  pump_until(1, 0);
  subscribe("good", "o0");
  noter_attack("e2");
  pump_until(1, 1);
}

/* More organisations than there are seats: each has had its turn before any has a second. */
static void more_than_seats(void **s)
{
  (void)s;
  slow_ones(OWN + 40, OWN + 40);
  subscribe("good", "other");
  noter_attack("e1");
  pump_until(OWN, 0);
  (void)pthread_mutex_lock(&seen.lock);
  seen.let = OWN;
  (void)pthread_cond_broadcast(&seen.changed);
  (void)pthread_mutex_unlock(&seen.lock);
  pump_until(OWN, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, finish)
  const struct CMUnitTest tests[] = {T(of_one_organisation), T(of_many_organisations),
                                     T(several_of_each),     T(that_failed_once),
                                     T(beside_one_s_own),    T(more_than_seats)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
