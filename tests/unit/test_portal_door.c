/* A portal with accounts: where many want in, what waits is bounded for each reader; while the disk
 * is full nothing is carried out after its asker was answered; what leaves a reader's scope is said
 * to be gone, and who is no longer told is said to the notifier first. */
#include "lib/t.h"

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "access/access.h"
#include "access/subs.h"
#include "lib/accounts.h"
#include "lib/web.h"
#include "portal/portal.h"
#include "portal/subs.h"
#include "sys/wall.h"

#define PASSWORD "correct horse battery"
#define SIGN_IN "{\"user\":\"mika\",\"password\":\"" PASSWORD "\"}"

/* A store whose answers wait until they are let. */
struct fake {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool held;
  unsigned asked;
};
static prac_rc fake_query(void *st, const struct store_query *q, store_row *each, void *arg,
                          struct prac_err *reterr)
{
  struct fake *f = st;
  (void)q, (void)each, (void)arg, (void)reterr;
  pthread_mutex_lock(&f->lock);
  f->asked++;
  pthread_cond_broadcast(&f->changed);
  while (f->held) pthread_cond_wait(&f->changed, &f->lock);
  pthread_mutex_unlock(&f->lock);
  return PRAC_OK;
}
static const struct store_ops fake_ops = {.name = "fake", .query = fake_query};

/* The bus: away at first, then it takes what is said. */
struct sayings {
  int away;
  size_t n;
  char said[512], key[160];
};
static prac_rc say(void *arg, const struct model_kind *k, const void *rec, const char *subject,
                   const char *id, struct prac_err *err)
{
  struct sayings *b = arg;
  const struct subscription *s = rec;
  (void)subject, (void)id;
  const struct errand *e = rec;
  if (k == &model_errand && b->away <= 0)
    (void)snprintf(b->key, sizeof b->key, "%s; %s", e->code, e->to);
  if (k == &model_errand) return PRAC_OK; /* for the notifier's key */
  if (k != &model_subscription || b->away-- > 0) return PRAC_FAIL(err, PRAC_AGAIN, "away");
  b->n += (size_t)snprintf(b->said + b->n, sizeof b->said - b->n, "%s %s, ", s->title, s->state);
  return PRAC_OK;
}

struct site {
  char dir[ACCOUNTS_PATH], path[ACCOUNTS_PATH];
  struct prac_clock wall;
  struct portal_conf conf;
  struct fake fake;
  struct store store;
  struct sayings bus;
  struct portal *p;
  char mika[ACCESS_TOKEN_TEXT], noor[ACCESS_TOKEN_TEXT], ren[ACCESS_TOKEN_TEXT]; /* keys */
};

static void hold(struct fake *f, bool held)
{
  pthread_mutex_lock(&f->lock);
  f->held = held;
  f->asked = 0;
  pthread_cond_broadcast(&f->changed);
  pthread_mutex_unlock(&f->lock);
}

static void add_user(struct access *a, const char *user, const char *org,
                     char key[ACCESS_TOKEN_TEXT])
{
  struct access_user u = {.user = user, .org = org, .role = "admin", .disabled = -1};
  assert_int_equal(access_user_put(a, "test", &u, PASSWORD, NULL), PRAC_OK);
  assert_int_equal(access_key_new(a, "test", user, "test", key, NULL), PRAC_OK);
}

static void start(struct site *s)
{
  static const struct access_org jp = {.name = "jp", .scope = "*", .clearance = "TLP:RED"},
                                 net = {.name = "net", .scope = "192.0.2.0/24"};
  static struct prac_prefix loopback;
  struct prac_err err = {0};
  memset(s, 0, sizeof *s);
  s->wall = sys_wall_clock();
  struct access *a = accounts_begin(s->dir, s->path, NULL, &s->wall);
  assert_int_equal(access_org_put(a, "test", &jp, NULL), PRAC_OK);
  assert_int_equal(access_org_put(a, "test", &net, NULL), PRAC_OK);
  add_user(a, "mika", "jp", s->mika);
  add_user(a, "noor", "jp", s->noor);
  add_user(a, "ren", "net", s->ren);
  access_close(&a);
  (void)pthread_mutex_init(&s->fake.lock, NULL);
  (void)pthread_cond_init(&s->fake.changed, NULL);
  s->store = (struct store){&fake_ops, &s->fake};
  prac_conf_defaults(&portal_conf_section, &s->conf);
  assert_int_equal(prac_prefix_parse("127.0.0.1", 9, &loopback), PRAC_OK);
  s->conf.proxies = (struct prac_conf_prefixes){&loopback, 1}; /* so that tests have addresses */
  s->conf.listen = "127.0.0.1:0";
  s->conf.rate = 0;
  s->conf.accounts = true;
  struct portal_env env = {.store = &s->store,
                           .listen_fd = -1,
                           .version = "9.9.9",
                           .clock = &s->wall,
                           .say = say,
                           .say_arg = &s->bus,
                           .accounts = s->path};
  if (portal_open(&s->conf, &env, &s->p, &err) != PRAC_OK) fail_msg("%s", err.text);
}

static void stop(struct site *s)
{
  struct access *none = NULL;
  portal_close(&s->p);
  assert_int_equal(accounts_end(s->dir, &none), 0);
}

/* A request whose answer is fetched later. key: NULL: none */
static int ask(struct site *s, const char *target, const char *key, const char *from,
               const char *body)
{
  char req[1024];
  struct sockaddr_in in = {.sin_family = AF_INET,
                           .sin_port = htons(portal_port(s->p)),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int n = snprintf(req, sizeof req,
                   "%s /api/v1%s HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: %s\r\n"
                   "Authorization: Bearer %s\r\nX-Practice: 1\r\nContent-Type: application/json\r\n"
                   "Content-Length: %zu\r\n\r\n%s",
                   body ? "POST" : "GET", target, from, key ? key : "none", body ? strlen(body) : 0,
                   body ? body : "");
  assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
  assert_int_equal(send(fd, req, (size_t)n, MSG_NOSIGNAL), n);
  return fd;
}

static int status_of(int fd)
{
  struct pollfd p = {fd, POLLIN, 0};
  int status = 0;
  got[0] = 0;
  ssize_t n = poll(&p, 1, 20000) > 0 ? recv(fd, got, sizeof got - 1, 0) : 0;
  got[n > 0 ? n : 0] = 0;
  (void)sscanf(got, "HTTP/1.1 %d", &status);
  close(fd);
  return status;
}

/* Waits until `want` of them are answered, all by the status; those are closed and become -1. */
static void answered(int *fd, size_t n, size_t want, int status)
{
  struct pollfd p[32];
  for (size_t done = 0; done < want;) {
    for (size_t i = 0; i < n; i++) p[i] = (struct pollfd){fd[i], POLLIN, 0};
    assert_true(poll(p, n, 20000) > 0);
    for (size_t i = 0; i < n; i++) {
      if (!p[i].revents) continue;
      assert_int_equal(status_of(fd[i]), status);
      fd[i] = -1;
      done++;
    }
  }
}

/* ---- a full disk ---- */

/* No file of this process grows. */
static void disk(struct site *s, bool full)
{
  struct rlimit l;
  char wal[128];
  struct stat st;
  (void)snprintf(wal, sizeof wal, "%s-wal", s->path);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
  assert_int_equal(stat(wal, &st), 0);
  l.rlim_cur = full ? (rlim_t)st.st_size : l.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

static void a_full_disk_carries_nothing_out_later(void **st)
{
  struct site s;
  (void)st;
  (void)signal(SIGXFSZ, SIG_IGN);
  start(&s);
  disk(&s, true);
  int noted = ask(&s, "/audit", s.mika, "192.0.2.1", NULL); /* a note, then a job behind it */
  assert_int_equal(status_of(noted), 503);
  assert_int_equal(status_of(ask(&s, "/session", NULL, "192.0.2.1", SIGN_IN)), 503);
  assert_int_equal(status_of(ask(&s, "/audit", s.mika, "192.0.2.1", NULL)), 503);
  disk(&s, false);
  int again = 503;
  for (int i = 0; i < 100 && again == 503; i++) {
    again = status_of(ask(&s, "/session", NULL, "192.0.2.1", SIGN_IN));
    if (again == 503) usleep(100000);
  }
  assert_int_equal(again, 200);
  assert_int_equal(status_of(ask(&s, "/audit", s.mika, "192.0.2.1", NULL)), 200);
  const char *first = strstr(got, "\"what\":\"sign-in\"");
  assert_non_null(first); /* that of the last one, and no other */
  assert_null(strstr(first + 1, "\"what\":\"sign-in\""));
  stop(&s);
}

static void what_nobody_asked_for_waits(void **st)
{
  struct site s;
  sqlite3 *db;
  (void)st;
  start(&s);
  assert_int_equal(sqlite3_open(s.path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
  int noted = ask(&s, "/audit", s.mika, "192.0.2.1", NULL); /* the desk waits with its note */
  usleep(100000);
  portal_tick(s.p, 0); /* looks for subscriptions that changed: nobody's request, behind the note */
  assert_int_equal(status_of(noted), 503);
  assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
  (void)sqlite3_close(db);
  int again = 503;
  for (int i = 0; i < 100 && again == 503; i++) {
    again = status_of(ask(&s, "/audit", s.mika, "192.0.2.1", NULL));
    if (again == 503) usleep(100000);
  }
  assert_int_equal(again, 200);
  stop(&s);
}

/* ---- shares ---- */

static uint64_t counter(struct site *s, const char *name)
{
  struct prac_counters c = portal_counters(s->p);
  for (size_t i = 0; i < c.n; i++)
    if (strcmp(c.defs[i].name, name) == 0) return atomic_load(&c.values[i]);
  fail_msg("no counter %s", name);
  return 0;
}

static void one_address_does_not_take_all_sign_ins(void **st)
{
  enum { N = 10, SHARE = 4 };
  struct site s;
  sqlite3 *db;
  int fd[N];
  (void)st;
  start(&s);
  assert_int_equal(sqlite3_open(s.path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
  for (int i = 0; i < N; i++) fd[i] = ask(&s, "/session", NULL, "192.0.2.1", SIGN_IN);
  answered(fd, N, N - SHARE, 429); /* whichever: connections are not taken in order */
  HAS("Retry-After: ");
  int other = ask(&s, "/session", NULL, "192.0.2.2", SIGN_IN);
  assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
  (void)sqlite3_close(db);
  answered(fd, N, SHARE, 200);
  assert_int_equal(status_of(other), 200);
  assert_int_equal(counter(&s, "share_refused"), N - SHARE);
  stop(&s);
}

static void one_user_does_not_take_a_lane(void **st)
{
  enum { SHARE = 16 };
  struct site s;
  int fd[SHARE + 2];
  (void)st;
  start(&s);
  hold(&s.fake, true);
  fd[0] = ask(&s, "/flows?limit=3", s.mika, "192.0.2.1", NULL); /* this one does not wait */
  pthread_mutex_lock(&s.fake.lock);
  while (s.fake.asked == 0) pthread_cond_wait(&s.fake.changed, &s.fake.lock);
  pthread_mutex_unlock(&s.fake.lock);
  for (int i = 1; i < SHARE + 2; i++) {
    char from[32]; /* wherever it asks from */
    (void)snprintf(from, sizeof from, "192.0.2.%d", i);
    fd[i] = ask(&s, "/flows?limit=3", s.mika, from, NULL);
  }
  answered(fd, SHARE + 2, 1, 429);
  assert_int_equal(counter(&s, "share_refused"), 1);
  int other = ask(&s, "/flows?limit=3", s.noor, "192.0.2.1", NULL);
  hold(&s.fake, false);
  answered(fd, SHARE + 2, SHARE + 1, 200);
  assert_int_equal(status_of(other), 200);
  stop(&s);
}

/* ---- what leaves a scope ---- */

static void say_alert(struct site *s, const char *id, uint32_t revision, const char *host)
{
  struct prac_ip ip;
  assert_int_equal(prac_ip_parse(host, strlen(host), &ip), PRAC_OK);
  struct alert a = {.id = id,
                    .key = "group:23/tcp",
                    .state = "open",
                    .severity = "high",
                    .tlp = "TLP:GREEN",
                    .revision = revision,
                    .hosts = {&ip, 1}};
  portal_take_record(s->p, &model_alert, &a);
}

/* Events of a reader so far, until the last one. */
static void hear(struct site *s, const char *key, const char *until)
{
  char req[512];
  (void)snprintf(req, sizeof req,
                 "GET /api/v1/events?last=0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                 "%s\r\n\r\n",
                 key);
  web_ask_raw(portal_port(s->p), req, until);
}

static void what_leaves_a_scope_is_gone(void **st)
{
  struct site s;
  (void)st;
  start(&s);
  assert_int_equal(status_of(ask(&s, "/status", s.ren, "192.0.2.1", NULL)), 200);
  assert_int_equal(status_of(ask(&s, "/status", s.mika, "192.0.2.1", NULL)), 200);
  say_alert(&s, "moves", 1, "192.0.2.5");
  say_alert(&s, "never", 1, "203.0.113.9");
  say_alert(&s, "moves", 2, "203.0.113.9");
  say_alert(&s, "never", 2, "203.0.113.9");
  say_alert(&s, "moves", 3, "203.0.113.9");
  say_alert(&s, "last", 1, "192.0.2.5");
  hear(&s, s.ren, "\"last\"");
  HAS("{\"id\":\"moves\",\"state\":\"gone\"}");
  HAS_NOT("never");
  const char *gone = strstr(got, "\"gone\""); /* once */
  assert_null(strstr(gone + 1, "\"gone\""));
  hear(&s, s.mika, "\"last\"");
  HAS("never");
  HAS_NOT("\"gone\"");
  assert_int_equal(status_of(ask(&s, "/alerts", s.ren, "192.0.2.1", NULL)), 200);
  HAS_NOT("moves");
  stop(&s);
}

static void subscribe(struct access *a, const char *title, const char *url, char id[ACCESS_SUB_ID])
{
  static const struct access_who mika = {.user = "mika", .org = "jp"};
  char secret[ACCESS_TOKEN_TEXT];
  struct subscription s = {.id = "",
                           .state = "on",
                           .title = title,
                           .language = "en",
                           .zone = "UTC",
                           .attacks = true,
                           .severity = "high",
                           .max_per_hour = 10,
                           .digest_s = 600,
                           .url = url};
  assert_int_equal(access_sub_put(a, &mika, &s, id, secret, NULL), PRAC_OK);
}

/* The desk's thread has nothing to do before the first tick: this one looks in its place. */
static void who_is_no_longer_told_is_said_first(void **state)
{
  static const struct access_who mika = {.user = "mika", .org = "jp"};
  struct site s;
  struct access *a = NULL;
  char one[ACCESS_SUB_ID], two[ACCESS_SUB_ID], three[ACCESS_SUB_ID];
  (void)state;
  start(&s);
  s.bus.away = 1;
  a = accounts_open(s.path, NULL, &s.wall);
  subscribe(a, "one", "", one);
  subscribe(a, "two", "", two);
  subscribe(a, "three", "", three);
  portal_subs_look(s.p, a);
  assert_int_equal(access_sub_end(a, &mika, two, NULL), PRAC_OK);
  portal_subs_look(s.p, a);
  assert_int_equal(access_sub_end(a, &mika, three, NULL), PRAC_OK);
  portal_subs_look(s.p, a);
  access_close(&a);
  portal_tick(s.p, PRAC_TIME_NONE); /* the bus is away */
  assert_int_equal(s.bus.n, 0);
  for (int i = 0; i < 1000 && !strstr(s.bus.said, "one"); i++) {
    (void)poll(NULL, 0, 20);
    portal_tick(s.p, PRAC_TIME_NONE);
  }
  assert_string_equal(s.bus.said, "two end, three end, one on, ");
  stop(&s);
}

static void tell(struct site *s, const char *state, const char *sub, const char *id,
                 const char *text)
{
  portal_subs_told(
      s->p, &(struct told){
                .id = id, .at = 1, .subscription = sub, .way = "", .state = state, .text = text});
}
/* Until the portal has said that it has this key and its secrets need those, and `said`. */
static void expect_key(struct site *s, const char *key, const char *needs, const char *said)
{
  char want[160];
  (void)snprintf(want, sizeof want, "%s; %s", key, needs);
  for (int i = 0; i < 1000 && strcmp(s->bus.key, want) != 0; i++) {
    portal_tick(s->p, PRAC_TIME_NONE);
    (void)poll(NULL, 0, 10);
  }
  assert_string_equal(s->bus.key, want);
  assert_string_equal(s->bus.said, said);
}

static void what_secrets_are_sealed_to(void **state)
{
  struct site s;
  struct access *a = NULL;
  struct access_seal_key k[2];
  struct access_sub sub;
  struct prac_arena *arena = prac_arena_new(0);
  char id[ACCESS_SUB_ID], public[2][ACCESS_SEAL_HALF], hash[ACCESS_SEAL_HALF], is[ACCESS_SEAL_TEXT],
      sealed[ACCESS_SEALED];
  (void)state;
  start(&s);
  a = accounts_open(s.path, NULL, &s.wall);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(access_seal_key_new(&k[i], NULL), PRAC_OK);
    (void)access_seal_public(&k[i], public[i]);
  }
  expect_key(&s, "", "", "");
  tell(&s, "key", "", "", public[0]);
  expect_key(&s, k[0].name, "", "");
  subscribe(a, "one", "https://h.example/", id);
  assert_int_equal(access_sub_get(a, "mika", id, arena, &sub, NULL), PRAC_OK);
  const struct access_seal_place place = {"mika", id, sub.s.url};
  assert_int_equal(access_unseal(&k[0], &place, sub.s.secret, is, NULL), PRAC_OK);
  assert_int_equal(access_seal(&k[1], &place, is, sealed, NULL), PRAC_OK);
  (void)access_seal_hash(sub.s.secret, hash);
  tell(&s, "key", "", "", public[1]); /* behind all that is sealed to another */
  expect_key(&s, k[1].name, k[0].name, "one on, ");
  tell(&s, "key", "", "", public[1]);
  tell(&s, "sealed", id, public[0], sealed);
  tell(&s, "sealed", "s0", hash, sealed);
  tell(&s, "sealed", id, hash, "sealed1:");
  for (int i = 0; i < ACCESS_SUBS + 1; i++) tell(&s, "sealed", id, hash, sealed);
  expect_key(&s, k[1].name, k[1].name, "one on, one on, ");
  assert_int_equal(access_sub_get(a, "mika", id, arena, &sub, NULL), PRAC_OK);
  assert_string_equal(sub.s.secret, sealed);
  tell(&s, "sealed", id, hash, sealed); /* waits when the portal ends */
  access_close(&a);
  stop(&s);
  prac_arena_free(&arena);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_full_disk_carries_nothing_out_later),
      cmocka_unit_test(what_nobody_asked_for_waits),
      cmocka_unit_test(one_address_does_not_take_all_sign_ins),
      cmocka_unit_test(one_user_does_not_take_a_lane),
      cmocka_unit_test(what_leaves_a_scope_is_gone),
      cmocka_unit_test(who_is_no_longer_told_is_said_first),
      cmocka_unit_test(what_secrets_are_sealed_to),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
