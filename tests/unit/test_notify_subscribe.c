/* Subscriptions as tenants: what a subscriber is told, and what not; what changes while messages
 * wait; what a start finds again. A virtual clock, two made ways of the real ones' names. */
#include "lib/t.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/noter.h"
#include "notify/keys.h"

#define T0 (INT64_C(1427846523) * PRAC_SEC)

static struct {
  struct noter_heard all, told;
  char hosts[512], key[ACCESS_SEAL_HALF], secret[80];
  char sealed[ACCESS_SEALED], of[ACCESS_SEAL_HALF]; /* anew, and the hash of what it was */
  const char *away;                                 /* this subscriber's webhook does not answer */
  const char *full;                                 /* this one's mailbox */
  bool no_mail;                                     /* the way can not be opened */
} heard;

static prac_rc open_mail(void *st, const struct note_env *env, struct prac_err *reterr)
{
  (void)st, (void)env;
  return heard.no_mail ? PRAC_FAIL(reterr, PRAC_RANGE, "from is no address") : PRAC_OK;
}
static void hear(const char *who, const struct note_item *it)
{
  noter_hear(&heard.all, "%s %s", who, it->id);
  for (uint32_t i = 0; it->digest && i < it->digest->n; i++)
    noter_more(&heard.all, "+%s", it->digest->episodes[i]->id);
  if (!it->alert) return;
  heard.hosts[0] = '\0';
  for (uint32_t i = 0; i < it->alert->hosts.n; i++) {
    char ip[PRAC_IP_TEXT];
    size_t n = strlen(heard.hosts);
    (void)snprintf(heard.hosts + n, sizeof heard.hosts - n, "%s ",
                   prac_ip_text(ip, &it->alert->hosts.v[i]));
  }
  size_t n = strlen(heard.hosts);
  (void)snprintf(heard.hosts + n, sizeof heard.hosts - n, "%s", it->alert->text);
}
static prac_rc send_mail(void *st, const struct note_item *it, const struct note_env *env,
                         struct prac_err *reterr)
{
  (void)st, (void)env;
  if (heard.full && strcmp(it->tenant->name, heard.full) == 0)
    return PRAC_FAIL(reterr, PRAC_AGAIN, "452 mailbox full");
  hear("mail", it);
  for (size_t i = 0; i < it->tenant->n_mail_to; i++)
    noter_more(&heard.all, ">%s", it->tenant->mail_to[i]);
  return PRAC_OK;
}
static prac_rc send_hook(void *st, const struct note_item *it, const struct note_env *env,
                         struct prac_err *reterr)
{
  (void)st, (void)env;
  if (heard.away && strcmp(it->tenant->name, heard.away) == 0)
    return PRAC_FAIL(reterr, PRAC_AGAIN, "no answer");
  (void)snprintf(heard.secret, sizeof heard.secret, "%s", it->tenant->secret);
  hear("hook", it);
  return PRAC_OK;
}
static const struct note_way way_mail = {.name = "mail",
                                         .about = "made",
                                         .state_size = 1,
                                         .open = open_mail,
                                         .send = send_mail,
                                         .close = noter_way_close,
                                         .people = true};
static const struct note_way way_hook = NOTER_WAY("hook", send_hook, .people = true, .each = true);
static const struct note_way *const ways[] = {&way_mail, &way_hook, NULL};

static void told(void *arg, const struct told *t)
{
  (void)arg;
  if (strcmp(t->state, "key") == 0) {
    (void)snprintf(heard.key, sizeof heard.key, "%s", t->text);
    return;
  }
  if (strcmp(t->state, "sealed") == 0) {
    noter_hear(&heard.told, "%s", t->subscription);
    (void)snprintf(heard.sealed, sizeof heard.sealed, "%s", t->text);
    (void)snprintf(heard.of, sizeof heard.of, "%s", t->id);
    return;
  }
  noter_hear(&heard.told, "%s %s %s%s%s", t->way, t->id, t->state, *t->text ? ": " : "", t->text);
}

static int begin(void **s)
{
  const struct note_core_env env = {.ways = ways, .told = told};
  (void)s;
  memset(&heard, 0, sizeof heard);
  noter_begin("notify: {ways: [], retry-first: 1s, retry-max: 1s, rdns: no}\n", T0, &env);
  return 0;
}

static int finish(void **s)
{
  (void)s;
  return noter_end();
}

static void take(const struct model_kind *k, const void *rec)
{
  noter_take(k, rec);
  noter_pump(0);
}

static struct subscription sub(const char *id, const char *scope)
{
  struct subscription s = noter_subscription(id);
  s.scope = scope;
  return s;
}
static void subscribe(struct subscription s)
{
  take(&model_subscription, &s);
}
static void attack(const char *id, const char *victim)
{
  struct episode e = note_start();
  e.id = id;
  assert_int_equal(prac_ip_parse(victim, strlen(victim), &e.victim), PRAC_OK);
  take(&model_episode, &e);
}
static void alert(const char *id, const char *tlp, const char *severity)
{
  static const struct prac_ip hosts[] = {
      {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 203, 0, 113, 5}},
      {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 198, 51, 100, 5}}};
  struct alert a = {.id = id,
                    .key = "group:1",
                    .kind = "group",
                    .state = "open",
                    .revision = 1,
                    .at = T0,
                    .severity = severity,
                    .tlp = tlp,
                    .title = "t",
                    .text = "203.0.113.5 and 198.51.100.5",
                    .hosts = {hosts, 2},
                    .host_count = 2};
  take(&model_alert, &a);
}
static void expect(const char *want)
{
  noter_expect(&heard.all, want);
}
static void expect_told(const char *want)
{
  noter_expect(&heard.told, want);
}
static void only_what_its_owner_may_see(void **s)
{
  (void)s;
  subscribe(sub("s1", "203.0.113.0/24"));
  attack("e1", "203.0.113.9");
  expect("hook e1.1.s1");
  attack("e2", "198.51.100.9");
  expect("");
  alert("a1", "TLP:GREEN", "high");
  expect("hook a1.1.s1");
  assert_string_equal(heard.hosts, "203.0.113.5 203.0.113.5 and [outside]");
  alert("a2", "TLP:RED", "high");
  expect("");
  expect_told("hook e1.1.s1 taken, hook a1.1.s1 taken");
}

static void only_what_is_asked_for(void **s)
{
  (void)s;
  static const char *const dns[] = {"dns"}, *const kinds[] = {"surge-port"};
  struct subscription x = sub("s1", "*");
  x.min_packets = 140; /* the made one has 139 */
  subscribe(x);
  attack("e1", "203.0.113.9");
  x.min_packets = 0;
  x.min_pps = 3; /* 131 in its busiest minute */
  subscribe(x);
  attack("e2", "203.0.113.9");
  x.min_pps = 0;
  x.vectors = (struct model_strs){dns, 1};
  subscribe(x);
  attack("e3", "203.0.113.9");
  x.vectors.n = 0;
  x.attacks = false;
  x.severity = "critical";
  subscribe(x);
  attack("e4", "203.0.113.9");
  alert("a1", "TLP:GREEN", "high");
  x.severity = "high";
  x.kinds = (struct model_strs){kinds, 1};
  subscribe(x);
  alert("a2", "TLP:GREEN", "high");
  expect("");
  x.kinds.n = 0;
  subscribe(x);
  alert("a3", "TLP:GREEN", "high");
  expect("hook a3.1.s1");
}

static void on_off_and_the_end(void **s)
{
  (void)s;
  struct subscription x = sub("s1", "203.0.113.0/24");
  subscribe(x);
  subscribe(x); /* the portal says all anew every hour */
  noter_reopen();
  attack("e1", "203.0.113.9");
  expect("hook e1.1.s1");
  x.state = "off";
  subscribe(x);
  attack("e2", "203.0.113.9");
  noter_reopen();
  attack("e3", "203.0.113.9");
  expect("");
  x.state = "on";
  x.scope = "198.51.100.0/24";
  subscribe(x);
  attack("e4", "203.0.113.9");
  expect("");
  attack("e5", "198.51.100.9");
  expect("hook e5.1.s1");
  x.state = "end";
  subscribe(x);
  attack("e6", "198.51.100.9");
  noter_reopen();
  attack("e7", "198.51.100.9");
  expect("");
}

/* Messages that wait are no longer told once their owner may not see them, or has had enough. */
static void what_waits_follows(void **s)
{
  (void)s;
  struct subscription x = sub("s1", "203.0.113.0/24");
  heard.away = "s1";
  subscribe(x);
  attack("e1", "203.0.113.9");
  expect_told("hook e1.1.s1 again: no answer");
  x.scope = "198.51.100.0/24";
  subscribe(x);
  heard.away = NULL;
  noter_pump(2 * PRAC_SEC);
  expect("");
  expect_told("hook e1.1.s1 refused: no longer in the subscriber's scope");
  heard.away = "s1";
  attack("e2", "198.51.100.9");
  x.state = "off";
  subscribe(x);
  x.state = "on";
  subscribe(x);
  heard.away = NULL;
  noter_pump(5 * PRAC_SEC);
  expect("");
}

static void nobody_waits_for_another(void **s)
{
  (void)s;
  subscribe(sub("s1", "203.0.113.0/24"));
  subscribe(sub("s2", "203.0.113.0/24"));
  heard.away = "s1";
  attack("e1", "203.0.113.9");
  attack("e2", "203.0.113.9");
  expect("hook e1.1.s2, hook e2.1.s2");
  take(&model_errand,
       &(struct errand){
           .id = "t-1", .at = noter.wall, .act = "test", .subscription = "s1", .user = "u"});
  expect("");
  noter_forget(&heard.told);
  heard.away = NULL;
  take(&model_errand,
       &(struct errand){
           .id = "t-2", .at = noter.wall, .act = "test", .subscription = "s1", .user = "u"});
  expect("hook t-2.1.s1"); /* what waits is not yet due; a test does not wait behind it */
  for (int i = 0; i < 8; i++) noter_pump(2 * PRAC_SEC);
  const char *first = strstr(heard.all.text, "hook e1.1.s1"); /* one after the other */
  assert_non_null(first);
  assert_non_null(strstr(first, "hook e2.1.s1"));
}

/* Nor for a mailbox that takes nothing now: that one is tried for a day, the way goes on. */
static void a_full_mailbox_is_no_way_that_is_away(void **s)
{
  static const char *const a[] = {"a@isp.example"}, *const b[] = {"b@isp.example"};
  struct subscription x = sub("s1", "203.0.113.0/24"), y = sub("s2", "203.0.113.0/24");
  (void)s;
  x.url = y.url = "";
  x.mail = (struct model_strs){a, 1};
  y.mail = (struct model_strs){b, 1};
  heard.full = "s1";
  subscribe(x);
  subscribe(y);
  attack("e1", "203.0.113.9");
  attack("e2", "203.0.113.9");
  expect("mail e1.1.s2>b@isp.example, mail e2.1.s2>b@isp.example");
  noter_forget(&heard.told);
  noter_pump(PRAC_DAY + PRAC_SEC);
  expect("");
  expect_told("mail e1.1.s1 refused: 452 mailbox full, mail e2.1.s1 refused: 452 mailbox full");
}

/* What a digest was to tell of is gone from its owner's sight. */
static void no_empty_digest(void **s)
{
  struct subscription x = sub("s1", "203.0.113.0/24");
  (void)s;
  x.max_per_hour = 1;
  subscribe(x);
  attack("e1", "203.0.113.9");
  attack("e2", "203.0.113.9");
  expect("hook e1.1.s1");
  noter_forget(&heard.told);
  x.scope = "198.51.100.0/24";
  subscribe(x);
  noter_pump(601 * PRAC_SEC);
  expect("");
  assert_non_null(strstr(heard.told.text, "refused: no longer in the subscriber's scope"));
}

static void not_too_many(void **s)
{
  (void)s;
  struct subscription x = sub("s1", "203.0.113.0/24");
  x.max_per_hour = 2;
  subscribe(x);
  attack("e1", "203.0.113.9");
  attack("e2", "203.0.113.9");
  attack("e3", "203.0.113.9");
  attack("e4", "203.0.113.9");
  expect("hook e1.1.s1, hook e2.1.s1");
  noter_forget(&heard.told);
  take(&model_errand,
       &(struct errand){
           .id = "t-1", .at = noter.wall, .act = "test", .subscription = "s1", .user = "u"});
  expect("");
  expect_told(" t-1 refused: max_per_hour messages have been sent");
  noter_pump(601 * PRAC_SEC);
  assert_non_null(strstr(heard.all.text, "+e3+e4"));
}

static void errands(void **s)
{
  (void)s;
  struct errand c = {.id = "c-1",
                     .at = noter.wall,
                     .act = "confirm",
                     .subscription = "",
                     .user = "u",
                     .to = "noc@isp.example",
                     .code = "ABCDEFGH",
                     .language = "ja"};
  take(&model_errand, &c);
  expect("mail c-1>noc@isp.example");
  take(&model_errand, &c); /* heard twice: told once */
  expect("");
  c.id = "c-2";
  c.at = noter.wall - PRAC_DAY;
  take(&model_errand, &c);
  expect("");
  noter_forget(&heard.told);
  take(&model_errand,
       &(struct errand){
           .id = "t-1", .at = noter.wall, .act = "test", .subscription = "s9", .user = "u"});
  expect("");
  expect_told(" t-1 refused: the notifier knows of no way to tell this subscription");
  take(&model_errand,
       &(struct errand){
           .id = "t-2", .at = noter.wall, .act = "test", .subscription = "operator", .user = "u"});
  expect(""); /* no errand reaches a tenant of the settings */
}

/* What the operator has set wrong keeps nobody else from being told, and is put right by the next
 * who asks. */
static void a_way_that_does_not_open(void **s)
{
  static const char *const to[] = {"noc@isp.example"};
  struct subscription x = sub("s1", "*");
  struct errand c = {.id = "c-1", .at = noter.wall, .act = "confirm", .to = to[0], .code = "A"};
  (void)s;
  x.mail = (struct model_strs){to, 1};
  heard.no_mail = true;
  subscribe(x);
  subscribe(sub("s2", "*"));
  c.subscription = c.user = c.language = "";
  take(&model_errand, &c);
  attack("e1", "203.0.113.9");
  expect("hook e1.1.s2");
  assert_non_null(strstr(heard.told.text, "c-1 refused: letters are not sent here"));
  heard.no_mail = false;
  subscribe(x);
  attack("e2", "203.0.113.9");
  expect("mail e2.1.s1>noc@isp.example, hook e2.1.s1, hook e2.1.s2");
}

static void what_does_not_fit(void **s)
{
  (void)s;
  struct subscription x = sub("s1", "nowhere at all");
  subscribe(x);
  x = sub("operator", "*"); /* a tenant of the settings stays what it is */
  subscribe(x);
  x = sub("Not a name", "*");
  subscribe(x);
  take(&model_errand,
       &(struct errand){.id = "e", .at = noter.wall, .act = "sing", .subscription = ""});
  assert_int_equal(noter_counted("unfit"), 4);
  attack("e1", "203.0.113.9");
  expect("");
  for (int i = 0; i <= NOTE_TENANTS_MAX; i++) {
    char id[16];
    (void)snprintf(id, sizeof id, "s%d", i);
    subscribe(sub(id, "192.0.2.0/24"));
  }
  assert_int_equal(noter_counted("subscriptions"), NOTE_TENANTS_MAX);
  assert_int_equal(noter_counted("unfit"), 5);
}

/* ---- secrets ---- */

static struct access_seal_key key_told(void)
{
  struct access_seal_key k;
  assert_int_equal(access_seal_key_read(heard.key, &k, NULL), PRAC_OK);
  return k;
}
static void seal_for(const struct access_seal_key *k, struct subscription *x,
                     char to[ACCESS_SEALED])
{
  const struct access_seal_place p = {x->user, x->id, x->url};
  assert_int_equal(access_seal(k, &p, x->secret, to, NULL), PRAC_OK);
  x->secret = to;
}
/* How many files of the notifier have this text in them. */
static int files_with(const char *text)
{
  char cmd[256];
  int n = -1;
  (void)snprintf(cmd, sizeof cmd, "grep -rlaF -e '%s' %s | wc -l", text, noter.dir);
  FILE *f = popen(cmd, "r");
  assert_non_null(f);
  assert_int_equal(fscanf(f, "%d", &n), 1);
  (void)pclose(f);
  return n;
}
static void move_keys(const char *from, const char *to)
{
  char a[128], b[128];
  (void)snprintf(a, sizeof a, "%s/%s", noter.dir, from);
  (void)snprintf(b, sizeof b, "%s/%s", noter.dir, to);
  assert_int_equal(rename(a, b), 0);
}

static void sealed_secrets(void **s)
{
  char sealed[ACCESS_SEALED], other[ACCESS_SEALED];
  struct subscription x = sub("s1", "*"), y = sub("s2", "*");
  struct access_seal_key k = key_told();
  (void)s;
  x.secret = "open sesame";
  seal_for(&k, &x, sealed);
  subscribe(x);
  attack("e1", "203.0.113.9");
  expect("hook e1.1.s1");
  assert_string_equal(heard.secret, "open sesame");
  y.secret = x.secret; /* moved */
  subscribe(y);
  attack("e2", "203.0.113.9");
  expect("hook e2.1.s1");
  assert_int_equal(noter_counted("unopened"), 1);
  assert_true(noter_counted("sealed") > 0);
  y.secret = "his own";
  seal_for(&k, &y, other);
  subscribe(y);
  noter_pump(2 * PRAC_SEC);
  expect("hook e2.1.s2"); /* it has waited */
  assert_string_equal(heard.secret, "his own");
  y.url = "https://elsewhere.example/";
  subscribe(y);
  attack("e3", "203.0.113.9");
  expect("hook e3.1.s1");
  noter_forget(&heard.told);
  take(&model_errand,
       &(struct errand){
           .id = "t-1", .at = noter.wall, .act = "test", .subscription = "s2", .user = "u"});
  assert_non_null(strstr(heard.told.text, "t-1 refused: the secret of its webhook does not open"));
  note_close(&noter.core);
  assert_int_equal(files_with("open sesame") + files_with("his own"), 0);
}

/* An older portal's, and what an older notifier has left. */
static void secrets_in_clear(void **s)
{
  struct subscription x = sub("s1", "*");
  (void)s;
  x.secret = "in clear for all";
  subscribe(x);
  attack("e1", "203.0.113.9");
  expect("hook e1.1.s1");
  assert_string_equal(heard.secret, "in clear for all");
  note_close(&noter.core);
  assert_int_equal(files_with(x.secret), 0);
  sqlite3 *db = NULL; /* as it was before: and as it stands in free pages and in the log */
  char path[128];
  (void)snprintf(path, sizeof path, "%s/queue.db", noter.dir);
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  assert_int_equal(
      sqlite3_exec(db,
                   "PRAGMA journal_mode = WAL;"
                   "UPDATE subscription SET rec = json_set(CAST(rec AS TEXT), '$.secret',"
                   " 'in clear for all');"
                   "CREATE TABLE gone(x); INSERT INTO gone SELECT hex(randomblob(9000)) ||"
                   " 'in clear for all' FROM (VALUES(1), (2), (3)); DROP TABLE gone;"
                   "DELETE FROM meta WHERE k = 'sealed'; PRAGMA user_version = 3;",
                   NULL, NULL, NULL),
      SQLITE_OK);
  assert_true(files_with(x.secret) > 0);
  sqlite3_close(db);
  assert_true(files_with(x.secret) > 0);
  noter_reopen();
  assert_int_equal(files_with(x.secret), 0); /* while it runs, too */
  attack("e2", "203.0.113.9");
  expect("hook e2.1.s1");
  assert_string_equal(heard.secret, "in clear for all");
}

/* The key's file is away: what it would open waits; when it is back all of it goes. */
static void a_key_that_is_missing(void **s)
{
  static const char *const to[] = {"noc@isp.example"};
  char sealed[ACCESS_SEALED], first[ACCESS_SEAL_HALF];
  struct subscription x = sub("s1", "*");
  struct access_seal_key k = key_told();
  (void)s;
  memcpy(first, heard.key, sizeof first);
  x.secret = "open sesame";
  seal_for(&k, &x, sealed);
  x.mail = (struct model_strs){to, 1};
  subscribe(x);
  note_close(&noter.core);
  move_keys("seal", "away");
  noter_reopen(); /* makes another one, so that new secrets can be made */
  assert_string_not_equal(heard.key, first);
  assert_int_equal(noter_counted("unopened"), 1);
  attack("e1", "203.0.113.9");
  expect("mail e1.1.s1>noc@isp.example"); /* nothing else waits for it */
  for (int i = 0; i < 20; i++) noter_pump(PRAC_HOUR * 5);
  expect(""); /* not given up after a day */
  char name[80], back[80];
  (void)snprintf(name, sizeof name, "away/%s.key", k.name);
  (void)snprintf(back, sizeof back, "seal/%s.key", k.name);
  move_keys(name, back);
  noter_pump(11 * PRAC_SEC);
  noter_pump(PRAC_SEC);
  expect("hook e1.1.s1");
  assert_int_equal(noter_counted("unopened"), 0);
  assert_string_equal(heard.secret, "open sesame");
}

/* Another key from now on; what is sealed to the one before is still opened. */
static void a_new_key(void **s)
{
  char sealed[ACCESS_SEALED], other[ACCESS_SEALED], name[ACCESS_SEAL_NAME];
  struct subscription x = sub("s1", "*"), y = sub("s2", "*");
  struct access_seal_key k = key_told(), second;
  (void)s;
  seal_for(&k, &x, sealed);
  subscribe(x);
  assert_int_equal(note_keys_make(noter.dir, noter.wall + 1, name, NULL), PRAC_OK);
  noter_pump(11 * PRAC_SEC);
  second = key_told();
  assert_string_equal(second.name, name);
  seal_for(&second, &y, other);
  subscribe(y);
  attack("e1", "203.0.113.9");
  expect("hook e1.1.s1, hook e1.1.s2");
  heard.key[0] = '\0';
  take(&model_errand, &(struct errand){.id = "k-1", .at = noter.wall, .act = "key", .user = ""});
  assert_string_equal(key_told().name, name);
  /* The clock was ahead when that one was made. */
  assert_int_equal(note_keys_make(noter.dir, noter.wall - PRAC_DAY, name, NULL), PRAC_OK);
  noter_pump(11 * PRAC_SEC);
  assert_string_equal(key_told().name, name);
}

static bool has_key(const char *name)
{
  char path[128];
  (void)snprintf(path, sizeof path, "%s/seal/%s.key", noter.dir, name);
  return access(path, F_OK) == 0;
}
/* The portal's word: it seals with `key`, its secrets are sealed to `to`. */
static void portal_has(const char *key, const char *to)
{
  noter.wall += PRAC_SEC;
  take(&model_errand,
       &(struct errand){.id = "k-2", .at = noter.wall, .act = "key", .code = key, .to = to});
}

/* All that is kept is sealed to it, and so is what comes; the one before goes when the portal, too,
 * has nothing that is sealed to it. */
static void another_key(void **s)
{
  char sealed[ACCESS_SEALED], lost[ACCESS_SEALED], name[ACCESS_SEAL_NAME], before[ACCESS_SEAL_NAME],
      both[2 * ACCESS_SEAL_NAME], hash[ACCESS_SEAL_HALF];
  struct subscription x = sub("s1", "*"), gone = sub("s2", "*"), bad = sub("s3", "*");
  struct access_seal_key k = key_told();
  (void)s;
  x.secret = "open sesame";
  seal_for(&k, &x, sealed);
  seal_for(&k, &gone, lost);
  bad.secret = x.secret; /* of another place: opens with no key, and keeps none */
  subscribe(x);
  subscribe(gone); /* the portal never says it again */
  subscribe(bad);
  assert_int_equal(note_keys_make(noter.dir, noter.wall + 1, name, NULL), PRAC_OK);
  portal_has(k.name, k.name); /* the one there was, as far as everybody knows */
  noter_pump(11 * PRAC_SEC);
  noter_expect(&heard.told, "s1, s2");
  portal_has(name, name);        /* was there a word of the one before still under way? */
  assert_false(has_key(k.name));
  noter_reopen();
  attack("e1", "203.0.113.9");
  expect("hook e1.1.s1, hook e1.1.s2");

  memcpy(before, name, sizeof before);
  assert_int_equal(note_keys_make(noter.dir, noter.wall + 1, name, NULL), PRAC_OK);
  noter_pump(11 * PRAC_SEC);
  noter_pump(0);
  struct access_seal_key second = key_told();
  assert_string_equal(second.name, name);
  noter_forget(&heard.told);
  x.secret = "a newer one"; /* the portal has not heard of it: it is told, and gets it anew */
  assert_true(has_key(before));
  struct note_keys keys;
  assert_int_equal(note_keys_read(noter.dir, &keys, NULL), PRAC_OK);
  seal_for(&keys.v[!keys.last], &x, sealed);
  heard.key[0] = '\0';
  subscribe(x);
  assert_string_equal(key_told().name, name);
  noter_expect(&heard.told, "s1");
  assert_string_equal(heard.of, access_seal_hash(sealed, hash));
  char is[ACCESS_SEAL_TEXT];
  assert_int_equal(access_unseal(&keys.v[keys.last],
                                 &(struct access_seal_place){x.user, x.id, x.url}, heard.sealed, is,
                                 NULL),
                   PRAC_OK);
  assert_string_equal(is, "a newer one");
  heard.key[0] = '\0';
  portal_has(before, before);
  assert_string_equal(key_told().name, name); /* it did not hear */
  (void)snprintf(both, sizeof both, "%s,%s", name, before);
  portal_has(name, both);
  assert_true(has_key(before));
  take(&model_errand,
       &(struct errand){.id = "k-3", .at = T0, .act = "key", .code = name, .to = name});
  assert_true(has_key(before)); /* said before the key was there */
  take(&model_errand, &(struct errand){.id = "k-4", .at = noter.wall, .act = "key"});
  assert_true(has_key(before)); /* an older portal's */
  x.secret = heard.sealed;
  subscribe(x);
  noter_expect(&heard.told, "");
  portal_has(name, name);
  assert_false(has_key(before));
  portal_has(name, name);
  noter_pump(11 * PRAC_SEC);
  noter_reopen();
  attack("e2", "203.0.113.9");
  expect("hook e2.1.s1, hook e2.1.s2");
  assert_int_equal(noter_counted("unopened"), 1);
}

/* A file that is no key: nothing is sealed or opened, and nothing lost. */
static void a_key_that_is_wrong(void **s)
{
  static const char *const bad[] = {"", "practice-key-1 1 00\n", "practice-key-1 1 %s\n",
                                    "something else"};
  char path[128], sealed[ACCESS_SEALED], hex[ACCESS_SEAL_HALF];
  struct subscription x = sub("s1", "*");
  struct access_seal_key k = key_told(), other;
  (void)s;
  seal_for(&k, &x, sealed);
  subscribe(x);
  assert_int_equal(access_seal_key_new(&other, NULL), PRAC_OK);
  (void)snprintf(path, sizeof path, "seal/%s.key", k.name);
  move_keys(path, "good");
  (void)snprintf(path, sizeof path, "%s/seal/%s.key", noter.dir, k.name);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bad); i++) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, i == 2 ? "practice-key-1 1 %s\n" : "%s",
            i == 2 ? access_seal_own(&other, hex) : bad[i]);
    assert_int_equal(fclose(f), 0);
    noter_reopen();
    char id[8];
    (void)snprintf(id, sizeof id, "e%zu", i);
    attack(id, "203.0.113.9");
    expect("");
  }
  (void)snprintf(path, sizeof path, "seal/%s.key", k.name);
  move_keys("good", path);
  noter_pump(11 * PRAC_SEC);
  for (int i = 0; i < 8; i++) noter_pump(2 * PRAC_SEC);
  expect("hook e0.1.s1, hook e1.1.s1, hook e2.1.s1, hook e3.1.s1");
}

int main(void)
{
  const struct CMUnitTest t[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, finish)
      T(only_what_its_owner_may_see),
      T(only_what_is_asked_for),
      T(on_off_and_the_end),
      T(what_waits_follows),
      T(nobody_waits_for_another),
      T(a_full_mailbox_is_no_way_that_is_away),
      T(no_empty_digest),
      T(not_too_many),
      T(errands),
      T(a_way_that_does_not_open),
      T(what_does_not_fit),
      T(sealed_secrets),
      T(secrets_in_clear),
      T(a_key_that_is_missing),
      T(a_new_key),
      T(another_key),
      T(a_key_that_is_wrong),
  };
  return cmocka_run_group_tests_name("notify_subscribe", t, NULL, NULL);
}
