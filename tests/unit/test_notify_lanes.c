/* A way with several lanes, in threads: all is told once, one story in order, also when the other
 * side is away for a while; the lanes' counters are one. */
#include "lib/t.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/settings.h"
#include "lib/notes.h"
#include "notify/notify.h"
#include "sys/wall.h"

#define T0 (INT64_C(1427846523) * PRAC_SEC)
enum { LANES = 3, STORIES = 40, AWAY = 25 };

static struct {
  pthread_mutex_t lock;
  int open, at_once, most, sends, wrong;
  uint32_t last[STORIES]; /* revision */
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER};

static size_t three(const void *c)
{
  (void)c;
  return LANES;
}
static prac_rc open_way(void *st, const struct note_env *env, struct prac_err *reterr)
{
  (void)env;
  (void)reterr;
  *(int *)st = ++seen.open;
  return PRAC_OK;
}
static prac_rc send_way(void *st, const struct note_item *it, const struct note_env *env,
                        struct prac_err *reterr)
{
  (void)pthread_mutex_lock(&seen.lock);
  if (++seen.at_once > seen.most) seen.most = seen.at_once;
  bool away = seen.sends++ < AWAY && *(int *)st != 1;
  (void)pthread_mutex_unlock(&seen.lock);
  sys_sleep_ns(2 * PRAC_MS);
  (void)pthread_mutex_lock(&seen.lock);
  seen.at_once--;
  unsigned long n = strtoul(it->episode->id + 1, NULL, 10);
  if (!away) {
    if (n >= STORIES || it->episode->revision != seen.last[n] + 1) seen.wrong++;
    if (n < STORIES) seen.last[n] = it->episode->revision;
  }
  (void)pthread_mutex_unlock(&seen.lock);
  if (away) return PRAC_FAIL(reterr, PRAC_AGAIN, "not now");
  prac_count(&env->counters[0], 1);
  return PRAC_OK;
}
static void close_way(void *st)
{
  (void)st;
}
static const struct prac_counter_def counters[] = {{"taken", "messages", "All.", PRAC_COUNTER}};
static struct note_way way = {.name = "many",
                              .about = "made",
                              .state_size = sizeof(int),
                              .counters = counters,
                              .n_counters = 1,
                              .open = open_way,
                              .send = send_way,
                              .close = close_way,
                              .lanes = three};
static const struct note_way *const ways[] = {&way, NULL};

static void pump_until_told(struct note_core *core)
{
  struct prac_err err = {0};
  struct note_counts n = {.waiting = 1};
  int64_t until = sys_mono_ns() + 60 * PRAC_SEC;
  prac_time wall = T0;
  while (n.waiting > 0 && sys_mono_ns() < until) {
    bool busy;
    assert_int_equal(note_pump(core, wall += 20 * PRAC_MS, &busy, &err), PRAC_OK);
    assert_int_equal(note_count(core, &n, &err), PRAC_OK);
    sys_sleep_ns(PRAC_MS);
  }
  assert_int_equal(n.waiting, 0);
  assert_int_equal(n.taken, 3 * STORIES);
  assert_int_equal(n.refused, 0);
}

static void lanes(void **s)
{
  static const char yaml[] = "notify: {ways: [], retry-first: 10ms, retry-max: 100ms}\n"
                             "tenants:\n  - {name: a, prefixes: [203.0.113.0/24], ways: [many]}\n";
  char dir[] = "/tmp/note-XXXXXX", cmd[64];
  struct prac_err err = {0};
  struct prac_conf *conf = NULL;
  struct note_core *core = NULL;
  bool busy;
  (void)s;
  way.conf = note_way_find("mail")->conf;
  assert_non_null(mkdtemp(dir));
  assert_int_equal(prac_conf_parse(yaml, strlen(yaml), "made", settings_sections(), &conf, &err),
                   PRAC_OK);
  struct note_core_env env = {
      .settings = conf, .ways = ways, .dir = dir, .host = "h", .seed = 1, .threads = true};
  assert_int_equal(note_open(&env, &core, &err), PRAC_OK);
  assert_int_equal(seen.open, LANES);
  assert_int_equal(note_pump(core, T0, &busy, &err), PRAC_OK);
  static const char *const states[] = {"start", "resume", "end"};
  uint64_t seq = 0;
  for (uint32_t r = 0; r < 3; r++)
    for (int i = 0; i < STORIES; i++) {
      char id[16];
      struct episode e = note_start();
      (void)snprintf(id, sizeof id, "e%d", i);
      e.id = id;
      e.revision = r + 1;
      e.state = states[r];
      assert_int_equal(note_take(core, ++seq, &model_episode, &e, &err), PRAC_OK);
    }
  assert_int_equal(note_commit(core, &err), PRAC_OK);
  pump_until_told(core);
  assert_int_equal(seen.wrong, 0);
  assert_true(seen.most > 1 && seen.most <= LANES);
  struct prac_counters c;
  assert_int_equal(note_way_counters(core, &c, 1), 1);
  assert_int_equal(prac_counter_get(&c.values[0]), 3 * STORIES);
  note_close(&core);
  prac_conf_free(&conf);
  (void)snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
  assert_int_equal(system(cmd), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(lanes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
