/* Questions that take long do not hold up those that do not: a lane each, a store's handle each. */
#include "lib/t.h"

#include <pthread.h>
#include <stdatomic.h>

#include "lib/web.h"
#include "portal/portal.h"

/* A store that answers nothing, once it is let. */
struct fake {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool held, denied;
  unsigned asked, answered;
};

static prac_rc fake_query(void *st, const struct store_query *q, store_row *each, void *arg,
                          struct prac_err *reterr)
{
  struct fake *f = st;
  (void)q, (void)each, (void)arg;
  if (f->denied) return PRAC_FAIL(reterr, PRAC_DENIED, "store /srv/inner: unable to open");
  pthread_mutex_lock(&f->lock);
  f->asked++;
  pthread_cond_broadcast(&f->changed);
  while (f->held) pthread_cond_wait(&f->changed, &f->lock);
  f->answered++;
  pthread_mutex_unlock(&f->lock);
  return PRAC_OK;
}
static const struct store_ops fake_ops = {.name = "fake", .query = fake_query};

static void hold(struct fake *f, bool held)
{
  pthread_mutex_lock(&f->lock);
  f->held = held;
  pthread_cond_broadcast(&f->changed);
  pthread_mutex_unlock(&f->lock);
}

static void wait_asked(struct fake *f)
{
  pthread_mutex_lock(&f->lock);
  while (f->asked == 0) pthread_cond_wait(&f->changed, &f->lock);
  pthread_mutex_unlock(&f->lock);
}

struct site {
  struct portal_conf conf;
  struct fake fake[PORTAL_LANES];
  struct store store[PORTAL_LANES];
  struct portal *p;
};

/* n: handles; those of further lanes are missing. */
static void start(struct site *s, int n)
{
  struct prac_err err = {0};
  prac_conf_defaults(&portal_conf_section, &s->conf);
  s->conf.listen = "127.0.0.1:0";
  s->conf.rate = 0;
  struct portal_env env = {.listen_fd = -1, .version = "9.9.9"};
  for (int i = 0; i < PORTAL_LANES; i++) {
    (void)pthread_mutex_init(&s->fake[i].lock, NULL);
    (void)pthread_cond_init(&s->fake[i].changed, NULL);
    s->store[i] = (struct store){&fake_ops, &s->fake[i]};
    if (i > 0 && i < n) env.lanes[i] = &s->store[i];
  }
  env.store = &s->store[0];
  if (portal_open(&s->conf, &env, &s->p, &err) != PRAC_OK) fail_msg("%s", err.text);
  for (int i = 0; i < PORTAL_LANES; i++) s->fake[i].asked = s->fake[i].answered = 0;
}

/* A question whose answer is fetched later. */
static int begin(struct site *s, const char *target)
{
  char req[512];
  struct sockaddr_in in = {.sin_family = AF_INET,
                           .sin_port = htons(portal_port(s->p)),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  (void)snprintf(req, sizeof req, "GET /api/v1%s HTTP/1.1\r\nHost: localhost\r\n\r\n", target);
  assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
  assert_int_equal(send(fd, req, strlen(req), MSG_NOSIGNAL), strlen(req));
  return fd;
}

static void end(int fd)
{
  ssize_t n = recv(fd, got, sizeof got - 1, 0);
  got[n > 0 ? n : 0] = 0;
  HAS(" 200 ");
  close(fd);
}

static void short_questions_overtake(void **st)
{
  static struct site s;
  (void)st;
  start(&s, PORTAL_LANES);
  hold(&s.fake[PORTAL_FLOWS], true);
  hold(&s.fake[PORTAL_STUDY], true);
  int study = begin(&s, "/about/23/tcp"), flows = begin(&s, "/flows?limit=3");
  wait_asked(&s.fake[PORTAL_FLOWS]);
  wait_asked(&s.fake[PORTAL_STUDY]);
  static const char *const quick[] = {"/api/v1/query?what=top", "/api/v1/query?what=series",
                                      "/api/v1/attacks", "/api/v1/mine", "/api/v1/findings"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(quick); i++) {
    web_ask(portal_port(s.p), quick[i]);
    HAS(" 200 ");
  }
  assert_int_equal(s.fake[PORTAL_FLOWS].answered, 0);
  hold(&s.fake[PORTAL_FLOWS], false);
  end(flows); /* does not wait for the study */
  assert_int_equal(s.fake[PORTAL_STUDY].answered, 0);
  hold(&s.fake[PORTAL_STUDY], false);
  end(study);
  portal_close(&s.p);
}

static void lanes_by_what_is_asked(void **st)
{
  static const struct {
    const char *target;
    enum portal_lane lane;
  } v[] = {{"/api/v1/top?by=port&from=2013-08-07", PORTAL_SUMS},
           {"/api/v1/top?by=src&from=2013-08-07", PORTAL_FLOWS},
           {"/api/v1/top?by=port&src=192.0.2.0/24", PORTAL_FLOWS},
           {"/api/v1/host/192.0.2.1", PORTAL_FLOWS},
           {"/api/v1/query?what=flows", PORTAL_FLOWS},
           {"/api/v1/query?what=health", PORTAL_SUMS},
           {"/api/v1/about/23/tcp", PORTAL_STUDY}};
  static struct site s;
  (void)st;
  start(&s, PORTAL_LANES);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(v); i++) {
    for (int k = 0; k < PORTAL_LANES; k++) s.fake[k].asked = 0;
    web_ask(portal_port(s.p), v[i].target);
    HAS(" 200 ");
    for (int k = 0; k < PORTAL_LANES; k++)
      assert_int_equal(s.fake[k].asked > 0, k == (int)v[i].lane);
  }
  portal_close(&s.p);
}

static void missing_lanes_are_shared(void **st)
{
  (void)st;
  for (int n = 1; n < PORTAL_LANES; n++) {
    struct site s = {0};
    start(&s, n);
    web_ask(portal_port(s.p), "/api/v1/about/23/tcp");
    HAS(" 200 ");
    assert_true(s.fake[n - 1].asked > 0);
    portal_close(&s.p);
  }
}

/* A store without rights to its own files is no refusal of the reader, who is not told of them. */
static void what_a_store_may_not_do(void **st)
{
  static const char *const v[] = {"/api/v1/query?what=health", "/api/v1/query?what=flows",
                                  "/api/v1/top?by=src&from=2013-08-07", "/api/v1/attacks",
                                  "/api/v1/about/23/tcp"};
  static struct site s;
  (void)st;
  start(&s, PORTAL_LANES);
  for (int i = 0; i < PORTAL_LANES; i++) s.fake[i].denied = true;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(v); i++) {
    web_ask(portal_port(s.p), v[i]);
    HAS(" 503 ");
    assert_null(strstr(got, "inner"));
  }
  portal_close(&s.p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(short_questions_overtake),
      cmocka_unit_test(lanes_by_what_is_asked),
      cmocka_unit_test(missing_lanes_are_shared),
      cmocka_unit_test(what_a_store_may_not_do),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
