/* What became of messages, as records: for whom, in which words, once under one id, and not lost
 * between the queue and the bus. A virtual clock, made ways, a made bus. */
#include "lib/t.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/noter.h"
#include "model/delivery.h"

static struct {
  struct noter_heard all; /* "WAY REF.REVISION OUTCOME, ..." of what the bus has */
  char ids[256][32];
  size_t n_ids;
  struct delivery last;
  char detail[256]; /* of the last by mail */
  struct prac_arena *arena;
  bool away, unsafe;
  uint64_t place, safe, behind; /* behind: so many of the newest are never known to be safe */
  prac_rc mail;
  const char *answer;
} heard;

static prac_rc send_mail(void *st, const struct note_item *it, const struct note_env *env,
                         struct prac_err *reterr)
{
  (void)st, (void)env, (void)it;
  if (heard.mail != PRAC_OK) return PRAC_FAIL(reterr, heard.mail, "%s", heard.answer);
  (void)snprintf(reterr->text, sizeof reterr->text, "%s", heard.answer);
  return PRAC_OK;
}
static prac_rc send_rules(void *st, const struct note_item *it, const struct note_env *env,
                          struct prac_err *reterr)
{
  (void)st, (void)reterr;
  struct note_said s = {.deed = "bgp.1.5",
                        .tenant = "isp",
                        .outcome = "announced",
                        .rule = "203.0.113.9/32",
                        .detail = "announce route 203.0.113.9/32",
                        .at = it->at + PRAC_SEC,
                        .dst = {{{0}}, 128}};
  if (!it->episode) return PRAC_OK;
  s.dst.ip = it->episode->victim;
  (void)snprintf(s.episode, sizeof s.episode, "%s", it->episode->id);
  env->said(env->said_arg, &s);
  return PRAC_OK;
}
static const struct note_way way_mail = NOTER_WAY("mail", send_mail, .people = true);
static const struct note_way way_bgp = NOTER_WAY("bgp", send_rules, .says = true);
static const struct note_way *const ways[] = {&way_mail, &way_bgp, NULL};

static prac_rc publish(void *arg, const char *id, const char *json, size_t len, uint64_t *ret_place)
{
  (void)arg;
  if (heard.away) return PRAC_AGAIN;
  *ret_place = ++heard.place;
  assert_int_equal(model_from_json(&model_delivery, json, len, heard.arena, &heard.last, NULL),
                   PRAC_OK);
  assert_string_equal(heard.last.id, id);
  if (strcmp(heard.last.way, "mail") == 0)
    (void)snprintf(heard.detail, sizeof heard.detail, "%s", heard.last.detail);
  for (size_t i = 0; i < heard.n_ids; i++)
    if (strcmp(heard.ids[i], id) == 0) return PRAC_OK; /* as the bus does */
  (void)snprintf(heard.ids[heard.n_ids++], 32, "%s", id);
  noter_hear(&heard.all, "%s %s.%u %s", heard.last.way, heard.last.ref, heard.last.revision,
             heard.last.outcome);
  return PRAC_OK;
}
static uint64_t safe(void *arg)
{
  (void)arg;
  if (!heard.away && !heard.unsafe)
    heard.safe = heard.place > heard.behind ? heard.place - heard.behind : 0;
  return heard.safe;
}

static int begin(void **s)
{
  static const char yaml[] =
      "notify: {ways: [], retry-first: 1s, retry-max: 1s, give-up: 60s, rdns: no}\n"
      "tenants: [{name: isp, prefixes: [203.0.113.0/24], ways: [mail, bgp], alerts: yes,"
      " mail-to: [noc@isp.example, b@isp.example], max-per-hour: 2, digest: 60s}]\n";
  const struct note_core_env env = {.ways = ways, .publish = publish, .safe = safe};
  (void)s;
  memset(&heard, 0, sizeof heard);
  heard.answer = "250 2.0.0 ok";
  heard.arena = prac_arena_new(0);
  noter_begin(yaml, note_at("2015-04-01T00:02:04Z"), &env);
  return 0;
}

static int finish(void **s)
{
  (void)s;
  int st = noter_end();
  prac_arena_free(&heard.arena);
  return st;
}

static void expect(const char *want)
{
  noter_expect(&heard.all, want);
}

static void said_of_an_attack(void **s)
{
  (void)s;
  noter_attack("e1");
  noter_pump(0);
  expect("mail e1.1 sent, bgp e1.1 announced");
  assert_string_equal(heard.last.rule, "203.0.113.9/32");
  assert_string_equal(heard.last.key, "attack:e1");
  assert_string_equal(heard.last.tenant, "isp");
  char ip[PRAC_IP_TEXT];
  assert_string_equal(prac_ip_text(ip, &heard.last.victim), "203.0.113.9");
  assert_int_equal(heard.last.prefix_bits, 128);
  assert_int_equal(heard.last.hosts.n, 0);
  assert_int_equal(heard.last.asn, 64500);
  assert_true(heard.last.after_s == 1); /* by the deed's own time */
  struct episode e = note_end();
  noter_take(&model_episode, &e);
  noter.wall = note_at("2016-04-01T00:10:42Z"); /* a day that is played again */
  noter_pump(0);
  expect("mail e1.5 sent"); /* the rule is the same deed */
}

static void words_of_others(void **s)
{
  (void)s;
  heard.answer = "250 <noc@isp.example>, see https://h/?t=1 \x1b[31m\xe2\x80\xae ok\r\n";
  noter_attack("e1");
  noter_pump(0);
  assert_string_equal(heard.detail, "250 <(address)>, see (URL) \\u001b[31m\\u202e ok  ");
  char many[400];
  memset(many, 'x', sizeof many - 1);
  many[sizeof many - 1] = '\0';
  heard.answer = many;
  noter_attack("e2");
  noter_pump(0);
  assert_string_equal(heard.detail, "(...)");
}

static void secrets_in_urls(void **s)
{
  (void)s;
  heard.answer = "550 \"https://u:p@h/a;jsessionid=S1,S2(S3)'S4]\" <http://h/;s=S5> (http://h/S6)";
  noter_attack("e0");
  noter_pump(0);
  assert_string_equal(heard.detail, "550 \"(URL) <(URL)> ((URL)");
}

static void given_up(void **s)
{
  (void)s;
  heard.mail = PRAC_AGAIN;
  heard.answer = "451 later, noc@isp.example";
  struct alert a = {
      .id = "a1",
      .key = "port:23/tcp",
      .kind = "surge-port",
      .state = "open",
      .revision = 1,
      .at = noter.wall,
      .severity = "high",
      .tlp = "TLP:GREEN",
      .hosts = {&(struct prac_ip){{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 5}}, 1}};
  noter_take(&model_alert, &a);
  noter_pump(0);
  for (int i = 0; i < 30; i++) noter_pump(PRAC_SEC);
  expect(""); /* still tried */
  for (int i = 0; i < 60; i++) noter_pump(PRAC_SEC);
  expect("mail a1.1 failed");
  assert_string_equal(heard.last.detail, "451 later, (address)");
  assert_int_equal(heard.last.to_count, 2);
  assert_string_equal(heard.last.tlp, "TLP:GREEN");
  assert_string_equal(heard.last.key, "port:23/tcp");
}

static void held_and_digest(void **s)
{
  (void)s;
  for (int i = 1; i <= 4; i++) {
    char id[8];
    (void)snprintf(id, sizeof id, "e%d", i);
    noter_attack(id);
  }
  noter_pump(0);
  assert_non_null(strstr(heard.all.text, "mail e3.1 held, mail e4.1 held"));
  noter_forget(&heard.all);
  noter_pump(2 * PRAC_MIN);
  expect("mail e3.1 sent, mail e4.1 sent");
}

/* The bus takes nothing, the process goes, comes again: all of it is said, and under the ids it
 * had. */
static void nothing_lost(void **s)
{
  (void)s;
  heard.away = true;
  noter_attack("e1");
  noter_pump(0);
  expect("");
  noter_reopen();
  expect("");
  heard.away = false;
  heard.unsafe = true; /* taken, and not known to be on disk */
  noter_pump(0);
  expect("mail e1.1 sent, bgp e1.1 announced");
  size_t n = heard.n_ids;
  noter_reopen();
  expect(""); /* said again, known by its id */
  assert_int_equal(heard.n_ids, n);
  heard.unsafe = false;
  noter_pump(0);
  heard.n_ids = 0;
  noter_reopen();
  expect("");
  assert_int_equal(heard.n_ids, 0); /* and now it is forgotten */
}

/* What a way has said while the device was full is there when it is not. */
static void said_while_full(void **s)
{
  (void)s;
  struct prac_err err = {0};
  struct rlimit was, small;
  bool busy;
  for (int i = 0; i < 6; i++) {
    char id[8];
    (void)snprintf(id, sizeof id, "e%d", i);
    noter_attack(id);
  }
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
  small = was;
  small.rlim_cur = 1;
  void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  for (int i = 0; i < 3; i++) {
    prac_rc rc = note_pump(noter.core, noter.wall += PRAC_SEC, &busy, &err);
    assert_true(rc == PRAC_OK || rc == PRAC_FULL);
  }
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
  (void)signal(SIGXFSZ, before);
  assert_null(strstr(heard.all.text, "announced"));
  for (int i = 0; i < 5; i++) noter_pump(PRAC_SEC);
  for (int i = 0; i < 6; i++) {
    char want[24];
    (void)snprintf(want, sizeof want, "bgp e%d.1 announced", i);
    assert_non_null(strstr(heard.all.text, want));
  }
}

/* A bus that is never idle: what is safe there goes from here all the same. */
static void steady_load(void **s)
{
  (void)s;
  heard.behind = 3;
  for (int i = 0; i < 50; i++) {
    char id[8];
    (void)snprintf(id, sizeof id, "e%d", i);
    noter_attack(id);
    noter_pump(PRAC_SEC);
    noter_forget(&heard.all);
  }
  heard.n_ids = 0;
  noter_reopen(); /* what is left is said again */
  assert_in_range(heard.n_ids, 3, 8);
}

static void not_of_subscribers_nor_tests(void **s)
{
  (void)s;
  struct prac_err err = {0};
  struct subscription sub = noter_subscription("s1");
  sub.url = sub.secret = "";
  sub.mail.v = (const char *const[]){"a@b.example"};
  sub.mail.n = 1;
  noter_take(&model_subscription, &sub);
  struct episode e = note_start();
  assert_int_equal(prac_ip_parse("198.51.100.7", 12, &e.victim), PRAC_OK);
  noter_take(&model_episode, &e);
  assert_int_equal(note_test(noter.core, "isp", noter.wall, &err), PRAC_OK);
  noter_pump(0);
  assert_null(strstr(heard.all.text, "sent"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, finish)
  const struct CMUnitTest tests[] = {T(said_of_an_attack),
                                     T(words_of_others),
                                     T(secrets_in_urls),
                                     T(given_up),
                                     T(held_and_digest),
                                     T(nothing_lost),
                                     T(not_of_subscribers_nor_tests),
                                     T(said_while_full),
                                     T(steady_load)};
#undef T
  return cmocka_run_group_tests(tests, NULL, NULL);
}
