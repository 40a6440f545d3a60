/* Who is told what, when: a virtual clock, two made ways, one for people and one for machines. */
#include "lib/t.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/settings.h"
#include "lib/noter.h"

#define T0 (INT64_C(1427846523) * PRAC_SEC)

/* What the two ways were given: "L start e1.1.a" for a letter, "m ..." for a machine; a "*" after
 * the id means that its thread is another item, which follows. */
static struct {
  struct noter_heard all;
  int again;   /* so many sends of letters are put off */
  bool refuse; /* ... or refused */
} heard;

static void hear(const char *who, const struct note_item *it)
{
  const char *state = it->episode ? it->episode->state : it->alert ? it->alert->state : "digest";
  bool first = strcmp(it->id, it->thread) == 0;
  noter_hear(&heard.all, "%s %s %s%s%s", who, state, it->id, first ? "" : "*",
             first ? "" : it->thread);
  for (uint32_t i = 0; it->digest && i < it->digest->n; i++)
    noter_more(&heard.all, "+%s/%s", it->digest->episodes[i]->id, it->digest->episodes[i]->state);
}
static prac_rc letter(void *st, const struct note_item *it, const struct note_env *env,
                      struct prac_err *reterr)
{
  (void)st;
  (void)env;
  if (heard.refuse) return PRAC_FAIL(reterr, PRAC_DENIED, "no such mailbox");
  if (heard.again > 0) {
    heard.again--;
    return PRAC_FAIL(reterr, PRAC_AGAIN, "greylisted");
  }
  hear("L", it);
  return PRAC_OK;
}
static prac_rc machine(void *st, const struct note_item *it, const struct note_env *env,
                       struct prac_err *reterr)
{
  (void)st;
  (void)env;
  (void)reterr;
  hear("m", it);
  return PRAC_OK;
}
static const struct note_way way_letter = NOTER_WAY("letter", letter, .people = true);
static const struct note_way way_machine = NOTER_WAY("machine", machine, .conf = NULL);
static const struct note_way *const ways[] = {&way_letter, &way_machine, NULL};

static void begin(const char *yaml)
{
  const struct note_core_env env = {.ways = ways};
  memset(&heard, 0, sizeof heard);
  noter_begin(yaml, T0 + 365 * PRAC_DAY, &env); /* a replay: the records are old */
}

static void finish(void)
{
  assert_int_equal(noter_end(), 0);
}

static void take(const struct episode *e)
{
  noter_take(&model_episode, e);
  noter_pump(0);
}

static struct episode made(const char *id, uint32_t revision, const char *state, int at_s)
{
  struct episode e = note_start();
  e.id = id;
  e.revision = revision;
  e.state = state;
  e.at = T0 + at_s * PRAC_SEC;
  return e;
}
static void tell(const char *id, uint32_t revision, const char *state, int at_s)
{
  struct episode e = made(id, revision, state, at_s);
  take(&e);
}
static void expect(const char *want)
{
  noter_expect(&heard.all, want);
}

#define TENANT(more)                                                                               \
  "notify: {ways: []}\ntenants:\n  - name: a\n    prefixes: [203.0.113.0/24]\n    ways: [letter, " \
  "machine]\n" more

static void a_life(void **s)
{
  (void)s;
  begin(TENANT(""));
  tell("e1", 1, "start", 0);
  expect("L start e1.1.a, m start e1.1.a");
  tell("e1", 2, "update", 300);
  expect("m update e1.2.a*e1.1.a");
  tell("e1", 3, "end", 400);
  expect("L end e1.3.a*e1.1.a, m end e1.3.a*e1.1.a");
  tell("e1", 4, "resume", 500);
  tell("e1", 5, "end", 900);
  expect("L resume e1.4.a*e1.1.a, m resume e1.4.a*e1.1.a, L end e1.5.a*e1.1.a, m end "
         "e1.5.a*e1.1.a");
  tell("e1", 5, "end", 900); /* the same revision once more, as another message */
  expect("");
  finish();
}

static void only_its_own(void **s)
{
  (void)s;
  begin("notify: {ways: [machine]}\ntenants:\n"
        "  - {name: a, prefixes: [203.0.113.0/25], ways: [machine]}\n"
        "  - {name: b, prefixes: [203.0.113.128/25], ways: [machine]}\n"
        "  - {name: c, asns: [AS64500], ways: [machine]}\n"
        "  - {name: d, asns: [64501], ways: [machine]}\n");
  tell("e1", 1, "start", 0);
  expect("m start e1.1.a, m start e1.1.c, m start e1.1.operator");
  struct episode e = made("e2", 1, "start", 1); /* a carpet over two tenants: nobody's own */
  e.kind = "carpet";
  e.victim = prac_ip4(0xcb007100);
  e.prefix_bits = 120;
  e.asn = 1;
  take(&e);
  expect("m start e2.1.operator");
  finish();
}

static void not_before_it_is_large(void **s)
{
  (void)s;
  begin(TENANT("    min-packets: 500\n    min-pps-max: 3\n    min-sensors: 2\n"
               "    vectors: [dns, ntp_monlist]\n"));
  tell("e1", 1, "start", 0);
  tell("e2", 1, "start", 0);
  struct episode e = made("e1", 2, "update", 60);
  e.packets = 500;
  e.bin_max = 300;
  take(&e);
  expect("L update e1.2.a, m update e1.2.a"); /* its first: the ways say start */
  tell("e1", 3, "end", 100);
  expect("L end e1.3.a*e1.2.a, m end e1.3.a*e1.2.a");
  tell("e2", 2, "end", 100); /* no end without a start that was told */
  expect("");
  e = made("e3", 1, "start", 200);
  e.packets = 5000;
  e.bin_max = 5000;
  e.profile = "amppot";
  take(&e);
  e.id = "e4";
  e.profile = "isp";
  e.sensors.n = 1;
  take(&e);
  expect("");
  finish();
}

static void a_start_is_held(void **s)
{
  (void)s;
  begin(TENANT("    hold: 30\n"));
  tell("e1", 1, "start", 0);
  tell("e2", 1, "start", 10);
  tell("e2", 2, "end", 20);
  expect("");
  tell("e1", 2, "update", 25);
  expect("");
  noter_reopen(); /* it is held across a restart */
  noter_pump(0);
  expect("");
  tell("e3", 1, "start", 31);
  expect("L update e1.2.a, m update e1.2.a");
  noter_pump(29 * PRAC_SEC);
  expect("");
  noter_pump(2 * PRAC_SEC); /* no record came, time went on */
  expect("L start e3.1.a, m start e3.1.a");
  finish();
}

static void children_are_told_with_their_parent(void **s)
{
  (void)s;
  begin(TENANT(""));
  tell("e1", 1, "start", 0);
  struct episode p = made("p", 1, "start", 10), c = made("e1", 2, "update", 11);
  p.kind = "carpet";
  p.victim = prac_ip4(0xcb007100);
  p.prefix_bits = 120;
  take(&p);
  expect("L start e1.1.a, m start e1.1.a, L start p.1.a, m start p.1.a");
  c.parent = "p";
  take(&c);
  for (uint32_t i = 0; i < 3; i++) {
    c = made(i ? i > 1 ? "e3" : "e2" : "e2", 1 + i, i ? "update" : "start", 12);
    c.parent = "p";
    take(&c);
  }
  expect("");
  c = made("e1", 3, "end", 100);
  c.parent = "p";
  take(&c); /* what was told to begin gets its end */
  expect("L end e1.3.a*e1.1.a, m end e1.3.a*e1.1.a");
  c = made("e2", 9, "end", 100);
  c.parent = "p";
  take(&c);
  p.revision = 2;
  p.state = "end";
  p.at = T0 + 200 * PRAC_SEC;
  take(&p);
  expect("L end p.2.a*p.1.a, m end p.2.a*p.1.a");
  finish();
  begin(TENANT("    carpet-rollup: no\n"));
  p.revision = 1;
  p.state = "start";
  take(&p);
  c = made("e2", 1, "start", 12);
  c.parent = "p";
  take(&c);
  expect("L start e2.1.a, m start e2.1.a");
  finish();
}

static void what_is_over_the_limit_comes_in_a_digest(void **s)
{
  (void)s;
  begin(TENANT("    max-per-hour: 2\n    digest: 10m\n"));
  tell("e1", 1, "start", 0);
  tell("e2", 1, "start", 1);
  expect("L start e1.1.a, m start e1.1.a, L start e2.1.a, m start e2.1.a");
  tell("e3", 1, "start", 2);
  tell("e3", 2, "update", 3);
  tell("e4", 1, "start", 4);
  tell("e4", 2, "end", 5);
  tell("e1", 2, "end", 6);
  expect("m start e3.1.a, m update e3.2.a*e3.1.a, m start e4.1.a, m end e4.2.a*e4.1.a, m end "
         "e1.2.a*e1.1.a");
  noter_reopen();
  noter_pump(595 * PRAC_SEC);
  expect("");
  noter_pump(2 * PRAC_SEC);
  expect("L digest digest.1427847126000000000.0.a+e1/end+e3/update+e4/end");
  tell("e3", 3, "end", 4000); /* an hour later: told as a reply to the digest */
  expect("L end e3.3.a*digest.1427847126000000000.0.a, m end e3.3.a*e3.1.a");
  finish();
}

static void nothing_is_lost_when_the_other_side_is_away(void **s)
{
  (void)s;
  struct note_counts n;
  begin(TENANT("") "\n");
  heard.again = 5;
  tell("e1", 1, "start", 0);
  tell("e1", 2, "end", 400);
  tell("e2", 1, "start", 500);
  expect("m start e1.1.a, m end e1.2.a*e1.1.a, m start e2.1.a");
  noter_reopen();
  for (int i = 0; i < 400 && heard.again > 0; i++) noter_pump(PRAC_SEC);
  for (int i = 0; i < 400; i++) noter_pump(PRAC_SEC);
  assert_int_equal(heard.again, 0);
  assert_int_equal(note_count(noter.core, &n, NULL), PRAC_OK);
  assert_int_equal(n.waiting, 0);
  assert_int_equal(n.taken, 6);
  const char *start = strstr(heard.all.text, "L start e1.1.a"),
             *end = strstr(heard.all.text, "L end e1.2.a");
  assert_non_null(start);
  assert_non_null(strstr(heard.all.text, "L start e2.1.a"));
  assert_true(end > start); /* never the end before the start */
  noter_forget(&heard.all);
  heard.refuse = true;
  tell("e3", 1, "start", 600);
  assert_int_equal(note_count(noter.core, &n, NULL), PRAC_OK);
  assert_int_equal(n.refused, 1);
  finish();
}

/* A pause made by a clock that was a day ahead ends with that clock's error. */
static void a_clock_that_steps_back(void **s)
{
  (void)s;
  begin(TENANT(""));
  heard.again = 1;
  tell("e1", 1, "start", 0);
  expect("m start e1.1.a");
  noter_pump(-PRAC_DAY);
  expect("L start e1.1.a");
  heard.again = 1;
  tell("e2", 1, "start", 10); /* an ordinary pause is kept */
  expect("m start e2.1.a");
  noter_pump(PRAC_MS);
  expect("");
  noter_pump(5 * PRAC_SEC);
  expect("L start e2.1.a");
  finish();
}

static void given_up_after_a_while(void **s)
{
  (void)s;
  struct note_counts n;
  begin("notify: {ways: [], give-up: 1h}\ntenants:\n  - {name: a, prefixes: [203.0.113.0/24], "
        "ways: [letter]}\n");
  heard.again = 1000000;
  tell("e1", 1, "start", 0);
  for (int i = 0; i < 200; i++) noter_pump(PRAC_MIN);
  assert_int_equal(note_count(noter.core, &n, NULL), PRAC_OK);
  assert_int_equal(n.refused, 1);
  assert_int_equal(n.waiting, 0);
  finish();
}

/* A message is on disk when commit has returned, and is taken once, whoever repeats it. */
static void a_crash_repeats_nothing(void **s)
{
  (void)s;
  struct prac_err err = {0};
  begin(TENANT(""));
  struct episode e = made("e1", 1, "start", 0);
  assert_int_equal(note_take(noter.core, 7, &model_episode, &e, &err), PRAC_OK);
  noter_reopen(); /* not committed: the bus brings it again */
  assert_int_equal(note_seq(noter.core), 0);
  noter_pump(0);
  expect("");
  assert_int_equal(note_take(noter.core, 7, &model_episode, &e, &err), PRAC_OK);
  assert_int_equal(note_commit(noter.core, &err), PRAC_OK);
  noter_reopen();
  assert_int_equal(note_seq(noter.core), 7);
  assert_int_equal(note_take(noter.core, 7, &model_episode, &e, &err), PRAC_OK);
  noter_pump(0);
  expect("L start e1.1.a, m start e1.1.a");
  noter_reopen();
  noter_pump(0);
  expect("");
  finish();
}

static void alerts(void **s)
{
  (void)s;
  struct prac_err err = {0};
  begin("notify: {ways: [machine]}\ntenants:\n"
        "  - {name: a, prefixes: [203.0.113.0/24], ways: [machine]}\n"
        "  - {name: b, prefixes: [203.0.113.0/24], ways: [machine], severity: critical}\n");
  struct prac_ip hosts[] = {prac_ip4(0xcb007109), prac_ip4(0xc0000201)};
  struct alert a = {.id = "x1",
                    .key = "victim:203.0.113.9/tcp",
                    .kind = "spoofed-flood",
                    .state = "open",
                    .revision = 1,
                    .at = T0,
                    .severity = "high",
                    .title = "a flood",
                    .text = "much",
                    .hosts = {hosts, 1},
                    .host_count = 1};
  assert_int_equal(note_take(noter.core, ++noter.seq, &model_alert, &a, &err), PRAC_OK);
  a.id = "x2"; /* of several hosts, one of them somebody else's */
  a.hosts.n = 2;
  a.host_count = 2;
  assert_int_equal(note_take(noter.core, ++noter.seq, &model_alert, &a, &err), PRAC_OK);
  a.revision = 2;
  a.state = "close";
  assert_int_equal(note_take(noter.core, ++noter.seq, &model_alert, &a, &err), PRAC_OK);
  a.id = "x3"; /* the same attack as an episode, which is told by itself */
  a.kind = "drdos";
  a.state = "open";
  assert_int_equal(note_take(noter.core, ++noter.seq, &model_alert, &a, &err), PRAC_OK);
  assert_int_equal(note_commit(noter.core, &err), PRAC_OK);
  noter_pump(0);
  expect("m open x1.1.a, m open x1.1.operator, m open x2.1.operator, m close "
         "x2.2.operator*x2.1.operator");
  finish();
}

static void a_full_device_keeps_nothing_in_part(void **s)
{
  (void)s;
  struct prac_err err = {0};
  struct rlimit was, small;
  begin(TENANT(""));
  tell("e1", 1, "start", 0);
  noter_forget(&heard.all);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
  small = was;
  small.rlim_cur = 40000;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  prac_rc rc = PRAC_OK;
  uint64_t safe = noter.seq;
  for (uint64_t i = 0; i < 500 && rc == PRAC_OK; i++) {
    char id[16];
    (void)snprintf(id, sizeof id, "f%llu", (unsigned long long)i);
    struct episode e = made(id, 1, "start", 1);
    rc = note_take(noter.core, safe + 1, &model_episode, &e, &err);
    if (rc == PRAC_OK) rc = note_commit(noter.core, &err);
    if (rc == PRAC_OK) safe++;
  }
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
  if (rc != PRAC_FULL) fail_msg("%s: %s", prac_rc_text(rc), err.text);
  assert_int_equal(note_seq(noter.core), safe);
  noter_reopen();
  assert_int_equal(note_seq(noter.core), safe);
  for (int i = 0; i < 100; i++) noter_pump(PRAC_SEC);
  struct note_counts n;
  assert_int_equal(note_count(noter.core, &n, NULL), PRAC_OK);
  assert_int_equal(n.waiting, 0);
  finish();
}

static void wrong_settings(void **s)
{
  (void)s;
  static const struct {
    const char *yaml, *says;
  } v[] = {
      {"tenants:\n  - {name: a, ways: [jsonl]}\n", "no prefixes and no asns"},
      {"tenants:\n  - {name: A B, everything: yes}\n", "a-z, 0-9"},
      {"tenants:\n  - {name: a, everything: yes, ways: [pigeon]}\n", "no way \"pigeon\""},
      {"tenants:\n  - {name: a, everything: yes, ways: [mail]}\n", "needs mail-to"},
      {"tenants:\n  - {name: a, asns: [ASX]}\n", "no AS number"},
      {"tenants:\n  - {name: a, everything: yes, time-zone: Mars/Olympus}\n", "time zone"},
      {"tenants:\n  - {name: a, everything: yes}\n  - {name: a, everything: yes}\n", "two tenants"},
  };
  for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
    struct prac_err err = {0};
    struct prac_conf *c = NULL;
    assert_int_equal(
        prac_conf_parse(v[i].yaml, strlen(v[i].yaml), "made", settings_sections(), &c, &err),
        PRAC_OK);
    assert_int_not_equal(note_conf_check(c, &err), PRAC_OK);
    if (!strstr(err.text, v[i].says)) fail_msg("%s", err.text);
    prac_conf_free(&c);
  }
}

int main(void)
{
  (void)signal(SIGXFSZ, SIG_IGN);
  const struct CMUnitTest t[] = {
      cmocka_unit_test(a_life),
      cmocka_unit_test(only_its_own),
      cmocka_unit_test(not_before_it_is_large),
      cmocka_unit_test(a_start_is_held),
      cmocka_unit_test(children_are_told_with_their_parent),
      cmocka_unit_test(what_is_over_the_limit_comes_in_a_digest),
      cmocka_unit_test(nothing_is_lost_when_the_other_side_is_away),
      cmocka_unit_test(a_clock_that_steps_back),
      cmocka_unit_test(given_up_after_a_while),
      cmocka_unit_test(a_crash_repeats_nothing),
      cmocka_unit_test(alerts),
      cmocka_unit_test(a_full_device_keeps_nothing_in_part),
      cmocka_unit_test(wrong_settings),
  };
  return cmocka_run_group_tests_name("notify_core", t, NULL, NULL);
}
