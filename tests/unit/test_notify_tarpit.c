/* Webhooks that take a connection and say nothing hold threads; others are told all the same. */
#include "lib/t.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/settings.h"
#include "lib/notes.h"
#include "notify/notify.h"
#include "sys/wall.h"

#define T0 (INT64_C(1427846523) * PRAC_SEC)
enum { LANES = 4, SLOW = 12, HALF = LANES / 2 };

static struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool free;       /* whoever is held is let go, and nobody is held any more */
  bool late;       /* held from the second try on */
  int held, most;  /* at the same time */
  int tries[SLOW]; /* by the number in the subscription's name, "t07" */
  int told;        /* to "good" */
  bool shy;        /* "good" fails once */
  int good;        /* its tries */
  int let;         /* so many that are held are let go */
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static size_t lanes(const void *c)
{
  (void)c;
  return LANES;
}
static prac_rc open_way(void *st, const struct note_env *env, struct prac_err *reterr)
{
  (void)st, (void)env, (void)reterr;
  return PRAC_OK;
}
static void close_way(void *st)
{
  (void)st;
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
static struct note_way way = {.name = "hook",
                              .about = "made",
                              .state_size = 1,
                              .open = open_way,
                              .send = send_way,
                              .close = close_way,
                              .lanes = lanes,
                              .people = true,
                              .each = true};
static const struct note_way *const ways[] = {&way, NULL};

static struct note_core *core;
static struct prac_conf *conf;
static char dir[64];
static prac_time wall;
static uint64_t seq;

static int begin(void **s)
{
  static const char yaml[] = "notify: {ways: [], retry-first: 10ms, retry-max: 50ms, rdns: no}\n";
  struct prac_err err = {0};
  (void)s;
  seen.free = seen.late = seen.shy = false;
  seen.held = seen.most = seen.told = seen.good = seen.let = 0;
  memset(seen.tries, 0, sizeof seen.tries);
  way.conf = note_way_find("hook")->conf;
  (void)snprintf(dir, sizeof dir, "/tmp/note-XXXXXX");
  assert_non_null(mkdtemp(dir));
  assert_int_equal(prac_conf_parse(yaml, strlen(yaml), "made", settings_sections(), &conf, &err),
                   PRAC_OK);
  struct note_core_env env = {
      .settings = conf, .ways = ways, .dir = dir, .host = "h", .seed = 1, .threads = true};
  if (note_open(&env, &core, &err) != PRAC_OK) fail_msg("%s", err.text);
  bool busy;
  seq = 0;
  wall = T0;
  assert_int_equal(note_pump(core, wall, &busy, &err), PRAC_OK);
  return 0;
}

static int finish(void **s)
{
  char cmd[96];
  (void)s;
  (void)pthread_mutex_lock(&seen.lock);
  seen.free = true;
  (void)pthread_cond_broadcast(&seen.changed);
  (void)pthread_mutex_unlock(&seen.lock);
  note_close(&core);
  prac_conf_free(&conf);
  (void)snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
  return system(cmd);
}

static void take(const struct model_kind *k, const void *rec)
{
  struct prac_err err = {0};
  prac_rc rc = note_take(core, ++seq, k, rec, &err);
  if (rc == PRAC_OK) rc = note_commit(core, &err);
  if (rc != PRAC_OK) fail_msg("%s", err.text);
}

static void subscribe(const char *id, const char *org)
{
  const struct subscription s = {.id = id,
                                 .at = T0,
                                 .state = "on",
                                 .user = "u",
                                 .org = org,
                                 .title = "t",
                                 .language = "en",
                                 .zone = "UTC",
                                 .scope = "*",
                                 .clearance = "TLP:AMBER",
                                 .attacks = true,
                                 .severity = "notice",
                                 .max_per_hour = 60,
                                 .digest_s = 600,
                                 .url = "https://h.example/",
                                 .secret = "k"};
  take(&model_subscription, &s);
}

static void attack(const char *id)
{
  struct episode e = note_start();
  e.id = id;
  take(&model_episode, &e);
}

/* Until so many are held and so often "good" was told; a second more, in which nothing changes. */
static void pump_until(int held, int told)
{
  struct prac_err err = {0};
  int64_t until = sys_mono_ns() + 20 * PRAC_SEC;
  bool busy, there = false;
  while (!there && sys_mono_ns() < until) {
    assert_int_equal(note_pump(core, wall += 20 * PRAC_MS, &busy, &err), PRAC_OK);
    sys_sleep_ns(PRAC_MS);
    (void)pthread_mutex_lock(&seen.lock);
    there = seen.held >= held && seen.told >= told;
    (void)pthread_mutex_unlock(&seen.lock);
  }
  for (int i = 0; i < 100; i++) {
    assert_int_equal(note_pump(core, wall += 20 * PRAC_MS, &busy, &err), PRAC_OK);
    sys_sleep_ns(PRAC_MS);
  }
  (void)pthread_mutex_lock(&seen.lock);
  int held_now = seen.held, told_now = seen.told, most = seen.most;
  (void)pthread_mutex_unlock(&seen.lock);
  assert_int_equal(told_now, told);
  assert_int_equal(held_now, held);
  assert_int_equal(most, held);
}

static void name_of(char to[8], int i)
{
  (void)snprintf(to, 8, "t%02d", i % SLOW);
}

/* All of one organisation, who say nothing from the start. */
static void of_one_organisation(void **s)
{
  char name[8];
  (void)s;
  for (int i = 0; i < SLOW; i++) {
    name_of(name, i);
    subscribe(name, "slow");
  }
  subscribe("good", "other");
  attack("e1");
  pump_until(HALF, 1);
  attack("e2");
  pump_until(HALF, 2);
}

/* Each of another, who once have failed. */
static void that_have_failed(void **s)
{
  char name[8], org[16];
  (void)s;
  seen.late = true;
  for (int i = 0; i < SLOW; i++) {
    name_of(name, i);
    (void)snprintf(org, sizeof org, "o%d", i);
    subscribe(name, org);
  }
  subscribe("good", "other");
  attack("e1");
  pump_until(HALF, 1);
  attack("e2");
  pump_until(HALF, 2);
}

/* Who failed once is told again beside an organisation of which nobody answers. */
static void that_failed_once(void **s)
{
  char name[8];
  (void)s;
  seen.late = seen.shy = true;
  for (int i = 0; i < SLOW; i++) {
    name_of(name, i);
    subscribe(name, "slow");
  }
  subscribe("good", "other");
  attack("e1");
  pump_until(1, 1);
}

/* ... and beside several, when one of them has had its turn. */
static void that_waits_for_its_turn(void **s)
{
  struct prac_err err = {0};
  char name[8];
  bool busy;
  (void)s;
  seen.late = seen.shy = true;
  for (int i = 0; i < SLOW; i++) {
    name_of(name, i);
    subscribe(name, i % 2 ? "slow" : "dead");
  }
  attack("e1");
  pump_until(HALF, 0);
  subscribe("good", "other");
  attack("e2"); /* fails while both have their seats */
  for (int i = 0; i < 100; i++) {
    assert_int_equal(note_pump(core, wall += 20 * PRAC_MS, &busy, &err), PRAC_OK);
    sys_sleep_ns(PRAC_MS);
  }
  (void)pthread_mutex_lock(&seen.lock);
  assert_int_equal(seen.good, 1);
  seen.let = 1;
  (void)pthread_cond_signal(&seen.changed);
  (void)pthread_mutex_unlock(&seen.lock);
  pump_until(HALF, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, finish)
  const struct CMUnitTest tests[] = {T(of_one_organisation), T(that_have_failed),
                                     T(that_failed_once), T(that_waits_for_its_turn)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
