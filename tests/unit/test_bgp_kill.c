/* What the way to routers says of a proposal, its lapse and a spent rule is lost to no kill -9, and
 * said under no second name: killed at each moment in which it says something or asks whether it is
 * safe, and begun again where the queue's marks say. */
#include "lib/t.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/notes.h"
#include "notify/bgp/policy.h"

#define T0 ((prac_time)1700000000 * PRAC_SEC)
enum { STEPS = 7, SAID_MAX = 16, KILLS_MAX = 64 };

static char dir[64];
static struct bgp_conf conf;
static struct {
  char said[SAID_MAX][800];
  size_t n;
  int moment, kill_at; /* moments so far; at which one to die, < 0: never */
} me;

static void file(const char *name, char path[128])
{
  (void)snprintf(path, 128, "%s/%s", dir, name);
}
static void moment(void)
{
  if (me.moment++ == me.kill_at) (void)kill(getpid(), SIGKILL);
}
static void said(void *arg, const struct note_said *s)
{
  (void)arg;
  moment();
  assert_true(me.n < SAID_MAX);
  (void)snprintf(me.said[me.n++], sizeof me.said[0], "%s %s %s %s %s\n", s->outcome, s->episode,
                 s->deed, s->rule, s->detail);
  moment();
}
/* As the queue does it: on disk, and only then safe. */
static bool said_safe(void *arg)
{
  char path[128];
  (void)arg;
  moment();
  file("safe", path);
  FILE *f = fopen(path, "a");
  assert_non_null(f);
  for (size_t i = 0; i < me.n; i++) fputs(me.said[i], f);
  assert_int_equal(fclose(f), 0);
  me.n = 0;
  moment();
  return true;
}

static int marked(void)
{
  char path[128];
  int n = 0;
  file("mark", path);
  FILE *f = fopen(path, "r");
  if (!f) return 0;
  assert_int_equal(fscanf(f, "%d", &n), 1);
  (void)fclose(f);
  return n;
}
static void mark(int n)
{
  char path[128];
  file("mark", path);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fprintf(f, "%d", n);
  assert_int_equal(fclose(f), 0);
}

/* e1 is too small to be announced by itself: proposed, and lapsed with its end. e2 is announced,
 * and goes on for longer than a rule may. */
static void step(const struct note_way *w, void *st, const struct note_env *env, int i)
{
  static const int64_t at_s[STEPS] = {0, 1, 2, 3, 50, 90, 91};
  static const struct prac_prefix isp = {
      {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 0}}, 120};
  const struct prac_conf_prefixes own = {&isp, 1};
  struct note_tenant t = {.name = "isp", .network = "", .language = "en", .prefixes = &own};
  struct episode e = note_start();
  prac_time now = T0 + at_s[i] * PRAC_SEC;
  e.at = now;
  bool small = i == 1 || i == 3;
  e.id = small ? "e1" : "e2";
  e.pps_max = small ? 1 : 100;
  e.packets = 1000000;
  e.victim.b[15] = small ? 1 : 2;
  if (i == 3) e.state = "end";
  struct note_item it = note_item_of(&e, &t);
  assert_int_equal(w->tick(st, now, env, NULL), PRAC_OK);
  if (i == 1 || i == 2 || i == 3 || i == 4) assert_int_equal(w->send(st, &it, env, NULL), PRAC_OK);
}

static void live(void)
{
  const struct note_way *w = note_way_find("bgp");
  struct note_env env = {.conf = &conf, .dir = dir, .said = said, .said_safe = said_safe};
  assert_non_null(w);
  void *st = calloc(1, w->state_size);
  assert_non_null(st);
  assert_int_equal(w->open(st, &env, NULL), PRAC_OK);
  for (int i = marked(); i < STEPS; i++) {
    step(w, st, &env, i);
    mark(i + 1);
  }
  assert_int_equal(w->tick(st, T0 + 95 * PRAC_SEC, &env, NULL), PRAC_OK);
  assert_int_equal(w->tick(st, T0 + 96 * PRAC_SEC, &env, NULL), PRAC_OK);
  w->close(st);
  free(st);
}

/* What is safe, each once, in order. */
static void safe(char to[4096])
{
  char cmd[160];
  (void)snprintf(cmd, sizeof cmd, "sort -u %s/safe", dir);
  FILE *f = popen(cmd, "r");
  assert_non_null(f);
  to[fread(to, 1, 4095, f)] = '\0';
  (void)pclose(f);
}

static void fresh(void)
{
  (void)snprintf(dir, sizeof dir, "/tmp/bgp-kill-XXXXXX");
  assert_non_null(mkdtemp(dir));
  memset(&me, 0, sizeof me);
  me.kill_at = -1;
}
static void gone(void)
{
  char cmd[128];
  (void)snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
  assert_int_equal(system(cmd), 0);
}

static void killed_at_each_moment(void **s)
{
  char want[4096], got[4096];
  (void)s;
  prac_conf_defaults(&bgp_conf_section, &conf);
  conf.mode = BGP_AUTO;
  conf.min_pps = 50;
  conf.min_packets = conf.min_sensors = 1;
  conf.ttl_ns = 80 * PRAC_SEC;
  conf.max_life_ns = 85 * PRAC_SEC;
  fresh();
  live();
  safe(want);
  int moments = me.moment;
  gone();
  assert_non_null(strstr(want, "lapsed e1 "));
  assert_non_null(strstr(want, "proposed e1 "));
  assert_non_null(strstr(want, "spent e2 "));
  assert_in_range(moments, 10, KILLS_MAX);
  for (int k = 0; k < moments; k++) {
    fresh();
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
      me.kill_at = k;
      live();
      _exit(0);
    }
    int st = 0;
    assert_int_equal(waitpid(pid, &st, 0), pid);
    assert_true(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL);
    live();
    safe(got);
    assert_string_equal(got, want);
    gone();
  }
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(killed_at_each_moment)};
  return cmocka_run_group_tests_name("bgp_kill", t, NULL, NULL);
}
