/* The HTTP server over real sockets, mostly with requests that no well-behaved client sends. */
#include "lib/t.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "sys/http.h"

struct site {
  struct sys_http *h;
  struct sys_http_feed *feed;
  pthread_t worker;
  struct sys_http_req *_Atomic waiting;
  _Atomic bool hang;
};

static void *answer_later(void *arg)
{
  struct site *s = arg;
  sys_http_respond(s->waiting, &(struct sys_http_resp){
                                   .status = 200, .type = "text/plain", .body = "late", .len = 4});
  return NULL;
}

static struct sys_http *ticking;

static void route(void *arg, struct sys_http_req *r)
{
  struct site *s = arg;
  size_t n;
  const char *path = sys_http_path(r), *body = sys_http_body(r, &n);
  struct sys_http_resp a = {.status = 200, .type = "text/plain", .body = path, .len = strlen(path)};
  if (strcmp(path, "/events") == 0) {
    const char *whose = sys_http_header(r, "Whose");
    sys_http_stream(r, s->feed, whose ? (uint64_t)*whose : 0);
  } else if (strcmp(path, "/later") == 0) {
    sys_http_later(r);
    s->waiting = r;
    if (!s->hang) assert_int_equal(pthread_create(&s->worker, NULL, answer_later, s), 0);
  } else if (strcmp(path, "/silent") == 0) {
    return;
  } else {
    if (n > 0) a.body = body, a.len = n;
    sys_http_respond(r, &a);
  }
}

static void start(struct site *s, struct sys_http_conf c)
{
  struct prac_err err = {0};
  static const struct sys_http_header hdr[] = {{"X-Frame-Options", "DENY"}};
  c.host = c.host ? c.host : "127.0.0.1";
  c.listen_fd = -1;
  if (!c.max_conns) c.max_conns = 64;
  c.max_conns_per_addr = 64;
  if (!c.max_streams) c.max_streams = 8;
  if (!c.max_body) c.max_body = 1000;
  c.headers = hdr;
  c.n_headers = 1;
  c.route = route;
  c.arg = s;
  assert_int_equal(sys_http_feed_new(4, 1 << 20, &s->feed), PRAC_OK);
  if (sys_http_open(&c, &s->h, &err) != PRAC_OK) fail_msg("%s", err.text);
  ticking = s->h;
}

static void stop(struct site *s)
{
  ticking = NULL;
  sys_http_close(&s->h);
  sys_http_feed_free(&s->feed);
}

static int dial(struct site *s)
{
  struct sockaddr_in in = {.sin_family = AF_INET,
                           .sin_port = htons(sys_http_port(s->h)),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
  return fd;
}

/* Reads until `want` is there, the peer closes, or 5 s pass; the server's clock ticks meanwhile. */
static char got[65536];
static const char *hear(int fd, const char *want)
{
  size_t n = 0;
  got[0] = 0;
  for (int left = 250; left > 0 && n < sizeof got - 1 && !(want && strstr(got, want));) {
    struct pollfd p = {fd, POLLIN, 0};
    if (poll(&p, 1, 20) <= 0) {
      if (ticking) sys_http_tick(ticking);
      left--;
      continue;
    }
    ssize_t k = recv(fd, got + n, sizeof got - 1 - n, 0);
    if (k <= 0) break;
    n += (size_t)k;
    got[n] = 0;
  }
  return got;
}

static const char *ask(struct site *s, const char *request)
{
  int fd = dial(s);
  assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
  (void)hear(fd, NULL);
  close(fd);
  return got;
}
#define GET(path, more)                                                                            \
  "GET " path " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" more "\r\n"

static void plain_answers(void **st)
{
  (void)st;
  struct site s = {0};
  char again[256], etag[64];
  start(&s, (struct sys_http_conf){0});
  ask(&s, GET("/hello%20you?x=1", ""));
  assert_non_null(strstr(got, "HTTP/1.1 200 "));
  assert_non_null(strstr(got, "X-Frame-Options: DENY\r\n"));
  assert_non_null(strstr(got, "Cache-Control: no-store\r\n"));
  assert_non_null(strstr(got, "\r\n\r\n/hello you"));
  const char *tag = strstr(got, "ETag: ");
  assert_non_null(tag);
  assert_int_equal(sscanf(tag, "ETag: %60s", etag), 1);
  (void)snprintf(again, sizeof again, GET("/hello%%20you", "If-None-Match: %s\r\n"), etag);
  ask(&s, again);
  assert_non_null(strstr(got, "HTTP/1.1 304 "));
  assert_null(strstr(got, "/hello you"));
  ask(&s, "HEAD /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  assert_non_null(strstr(got, "Content-Length: 2\r\n"));
  assert_string_equal(strstr(got, "\r\n\r\n"), "\r\n\r\n");
  ask(&s, GET("/later", ""));
  assert_int_equal(pthread_join(s.worker, NULL), 0);
  assert_non_null(strstr(got, "\r\n\r\nlate"));
  ask(&s, GET("/silent", ""));
  assert_non_null(strstr(got, "HTTP/1.1 500 "));
  stop(&s);
}

static void hostile_requests(void **st)
{
  (void)st;
  static const struct {
    const char *request, *status; /* status NULL: anything but 2xx, or nothing at all */
  } rows[] = {
      {GET("/../etc/passwd", ""), " 400 "},
      {GET("/%2e%2e/x", ""), " 400 "},
      {GET("/a%00b", ""), " 400 "},
      {GET("/?a=%0d%0aSet-Cookie:x", ""), " 400 "},
      {"GET http://other.example/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
       " 400 "},
      {"GET /x HTTP/1.1\r\nConnection: close\r\n\r\n", NULL}, /* no Host */
      {"GET /x HTTP/1.1\r\nHost: rebind.example\r\nConnection: close\r\n\r\n", " 421 "},
      {"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\nConnection: close\r\n\r\n",
       " 413 "},
      {"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n", NULL},
      {"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", NULL},
      {"\r\n\r\n\r\n", NULL},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", NULL}, /* TLS to a plain port */
      {"GET\r\n\r\n", NULL},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", NULL},
  };
  static const char *const hosts[] = {"localhost"};
  struct site s = {0};
  start(&s, (struct sys_http_conf){.hosts = hosts, .n_hosts = 1, .arrive_ns = 200 * PRAC_MS});
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    int fd = dial(&s);
    (void)send(fd, rows[i].request, strlen(rows[i].request), MSG_NOSIGNAL);
    (void)shutdown(fd, SHUT_WR);
    hear(fd, NULL);
    close(fd);
    char head[64] = "";
    memcpy(head, got, sizeof head - 1);
    if (rows[i].status && !strstr(head, rows[i].status)) fail_msg("row %zu: %s", i, head);
    if (strstr(head, "HTTP/1.1 2")) fail_msg("row %zu was served: %s", i, head);
  }
  ask(&s, GET("/alive", ""));
  assert_non_null(strstr(got, "/alive"));
  stop(&s);
}

static void big_and_chunked_bodies(void **st)
{
  (void)st;
  struct site s = {0};
  char req[3000];
  start(&s, (struct sys_http_conf){0});
  ask(&s, "POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
  assert_non_null(strstr(got, "\r\n\r\nhello"));
  int n = snprintf(req, sizeof req,
                   "POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n7d0\r\n");
  memset(req + n, 'b', 2000); /* 2000 undeclared bytes against a limit of 1000 */
  (void)snprintf(req + n + 2000, sizeof req - (size_t)n - 2000, "\r\n0\r\n\r\n");
  ask(&s, req);
  assert_non_null(strstr(got, " 413 "));
  stop(&s);
}

static void header_blocks_are_bounded(void **st)
{
  (void)st;
  struct site s = {0};
  start(&s, (struct sys_http_conf){0});
  int fd = dial(&s);
  (void)send(fd, "GET /x HTTP/1.1\r\nHost: a\r\n", 26, MSG_NOSIGNAL);
  char line[1030];
  memset(line, 'a', sizeof line);
  memcpy(line, "X-Pad: ", 7);
  memcpy(line + 1028, "\r\n", 2);
  for (int i = 0; i < 100; i++)
    if (send(fd, line, sizeof line, MSG_NOSIGNAL) < 0) break;
  hear(fd, NULL);
  assert_null(strstr(got, "HTTP/1.1 2"));
  close(fd);
  ask(&s, GET("/alive", ""));
  assert_non_null(strstr(got, "/alive"));
  stop(&s);
}

static void pipelined_requests_in_order(void **st)
{
  (void)st;
  struct site s = {0};
  start(&s, (struct sys_http_conf){0});
  ask(&s, "GET /a1 HTTP/1.1\r\nHost: a\r\n\r\nGET /b2 HTTP/1.1\r\nHost: a\r\n\r\n" GET("/c3", ""));
  const char *a = strstr(got, "/a1"), *b = strstr(got, "/b2"), *c = strstr(got, "/c3");
  assert_true(a && b && c && a < b && b < c);
  stop(&s);
}

static void rate_and_retry(void **st)
{
  (void)st;
  struct site s = {0};
  start(&s, (struct sys_http_conf){.rate_per_s = 1, .rate_burst = 3});
  for (int i = 0; i < 3; i++) assert_non_null(strstr(ask(&s, GET("/x", "")), " 200 "));
  ask(&s, GET("/x", ""));
  assert_non_null(strstr(got, " 429 "));
  assert_non_null(strstr(got, "Retry-After: 1\r\n"));
  /* A stranger cannot borrow another address: nobody trusts its X-Forwarded-For. */
  assert_non_null(strstr(ask(&s, GET("/x", "X-Forwarded-For: 9.9.9.9\r\n")), " 429 "));
  stop(&s);
}

static void proxies_speak_for_their_clients(void **st)
{
  (void)st;
  struct site s = {0};
  struct prac_prefix lo;
  assert_int_equal(prac_prefix_parse("127.0.0.0/8", 11, &lo), PRAC_OK);
  start(&s,
        (struct sys_http_conf){.rate_per_s = 1, .rate_burst = 1, .proxies = &lo, .n_proxies = 1});
  assert_non_null(strstr(ask(&s, GET("/x", "X-Forwarded-For: 1.1.1.1, 9.9.9.9\r\n")), " 200 "));
  assert_non_null(strstr(ask(&s, GET("/x", "X-Forwarded-For: 2.2.2.2, 9.9.9.9\r\n")), " 429 "));
  assert_non_null(strstr(ask(&s, GET("/x", "X-Forwarded-For: 9.9.9.8\r\n")), " 200 "));
  /* a proxy may add a line of its own behind the client's: the last one is its word */
  assert_non_null(strstr(
      ask(&s, GET("/x", "X-Forwarded-For: 3.3.3.3\r\nX-Forwarded-For: 9.9.9.9\r\n")), " 429 "));
  stop(&s);
}

/* What a refused request says is its body is never the next request: behind a proxy it would be
 * answered to somebody else. */
static void bodies_of_refused_requests_are_no_requests(void **st)
{
  (void)st;
  static const char *const hosts[] = {"localhost"};
  static const char smuggled[] = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
  static const char *const first[] = {"GET /x", "HEAD /x", "POST /x", "PUT /x", "DELETE /x"};
  static const char *const heads[] = {
      "Host: other.example\r\n",
      "Host: localhost\r\nX-Again: ",
  };
  char req[1024];
  struct site s = {0};
  start(&s, (struct sys_http_conf){.hosts = hosts, .n_hosts = 1, .arrive_ns = 300 * PRAC_MS});
  for (size_t i = 0; i < PRAC_ARRAY_LEN(first) * PRAC_ARRAY_LEN(heads); i++) {
    bool other = i % PRAC_ARRAY_LEN(heads) == 0;
    (void)snprintf(req, sizeof req, "%s%s HTTP/1.1\r\n%s%s%s%zu\r\n\r\n%s",
                   first[i / PRAC_ARRAY_LEN(heads)], other ? "" : "?%zz",
                   heads[i % PRAC_ARRAY_LEN(heads)], other ? "" : "1\r\n",
                   "Content-Length: ", sizeof smuggled - 1, smuggled);
    ask(&s, req);
    if (!strstr(got, " 421 ") && !strstr(got, " 400 ")) fail_msg("%s\n%s", req, got);
    if (strstr(got, "smuggled")) fail_msg("%s\n%s", req, got);
  }
  stop(&s);
}

static uint64_t counter(struct site *s, const char *name)
{
  struct prac_counters c = sys_http_counters(s->h);
  for (size_t i = 0; i < c.n; i++)
    if (strcmp(c.defs[i].name, name) == 0) return prac_counter_get(&c.values[i]);
  fail_msg("no counter %s", name);
  return 0;
}

/* A client that drips a byte now and then never lets an idle time-out run: a deadline must. */
static void dripping_clients_are_cut(void **st)
{
  (void)st;
  struct site s = {0};
  start(&s, (struct sys_http_conf){.arrive_ns = 300 * PRAC_MS});
  int fd = dial(&s);
  bool cut = false;
  for (int i = 0; i < 100 && !cut; i++) {
    cut = send(fd, "G", 1, MSG_NOSIGNAL) < 0;
    usleep(20000);
    sys_http_tick(s.h);
  }
  assert_true(cut);
  assert_int_equal(counter(&s, "http_cut"), 1);
  close(fd);
  stop(&s);
}

static void connections_are_limited(void **st)
{
  (void)st;
  struct site s = {0};
  int fds[20];
  start(&s, (struct sys_http_conf){.max_conns = 10});
  for (int i = 0; i < 20; i++) fds[i] = dial(&s);
  usleep(200000);
  assert_in_range(counter(&s, "http_connections"), 1, 10);
  for (int i = 0; i < 20; i++) close(fds[i]);
  for (int i = 0; i < 100; i++) {
    if (strstr(ask(&s, GET("/alive", "")), "/alive")) break;
    usleep(20000);
  }
  assert_non_null(strstr(got, "/alive"));
  stop(&s);
}

static void streams_replay_and_follow(void **st)
{
  (void)st;
  struct site s = {0};
  start(&s, (struct sys_http_conf){.beat_ns = 50 * PRAC_MS, .max_streams = 1});
  for (int i = 0; i < 3; i++) assert_int_equal(sys_http_feed_put(s.feed, "e", "{}", 2), PRAC_OK);
  int fd = dial(&s);
  const char *req = "GET /events HTTP/1.1\r\nHost: a\r\nLast-Event-ID: 2\r\n\r\n";
  (void)send(fd, req, strlen(req), MSG_NOSIGNAL);
  hear(fd, "data: {}");
  assert_non_null(strstr(got, "text/event-stream"));
  assert_non_null(strstr(got, "id: 3\n"));
  assert_null(strstr(got, "id: 2\n"));
  ask(&s, GET("/events", "")); /* one stream is the limit here */
  assert_non_null(strstr(got, " 503 "));
  assert_int_equal(sys_http_feed_put(s.feed, "alert", "{\"a\":1}", 7), PRAC_OK);
  hear(fd, "data: {\"a\":1}");
  assert_non_null(strstr(got, "id: 4\nevent: alert\n"));
  bool beat = false;
  for (int i = 0; i < 50 && !beat; i++) {
    usleep(30000);
    sys_http_tick(s.h);
    struct pollfd p = {fd, POLLIN, 0};
    if (poll(&p, 1, 0) > 0) beat = strstr(hear(fd, ": \n\n"), ": \n\n") != NULL;
  }
  assert_true(beat);
  close(fd); /* noticed at a later heartbeat */
  for (int i = 0; i < 200 && sys_http_feed_readers(s.feed) > 0; i++) {
    usleep(20000);
    sys_http_tick(s.h);
  }
  assert_int_equal(sys_http_feed_readers(s.feed), 0);
  stop(&s);
}

static int listen_as(struct site *s, const char *req)
{
  int fd = dial(s);
  assert_int_equal(send(fd, req, strlen(req), MSG_NOSIGNAL), strlen(req));
  hear(fd, "\r\n\r\n");
  return fd;
}

static void nobody_has_all_streams(void **st)
{
  (void)st;
  static const char a[] = "GET /events HTTP/1.1\r\nHost: a\r\nWhose: a\r\n\r\n",
                    b[] = "GET /events HTTP/1.1\r\nHost: a\r\nWhose: b\r\n\r\n";
  struct site s = {0};
  int fd[4];
  start(&s, (struct sys_http_conf){.max_streams = 8, .max_streams_each = 2});
  for (int i = 0; i < 2; i++) {
    fd[i] = listen_as(&s, a);
    assert_non_null(strstr(got, " 200 "));
  }
  fd[2] = listen_as(&s, a);
  assert_non_null(strstr(got, " 429 "));
  assert_non_null(strstr(got, "Retry-After: "));
  fd[3] = listen_as(&s, b);
  assert_non_null(strstr(got, " 200 "));
  struct prac_counters c = sys_http_counters(s.h);
  for (size_t i = 0; i < c.n; i++)
    if (strcmp(c.defs[i].name, "http_streams_shared") == 0)
      assert_int_equal(atomic_load(&c.values[i]), 1);
  for (int i = 0; i < 4; i++) close(fd[i]);
  stop(&s);
}

/* A client that does not read: the ring moves on, memory does not grow, and it is told. */
static void slow_streams_get_a_gap(void **st)
{
  (void)st;
  struct site s = {0};
  int small = 4096;
  char *big = malloc(100000);
  start(&s, (struct sys_http_conf){0});
  memset(big, 'b', 100000);
  int fd = dial(&s);
  (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  const char *req = "GET /events?last=0 HTTP/1.1\r\nHost: a\r\n\r\n";
  (void)send(fd, req, strlen(req), MSG_NOSIGNAL);
  hear(fd, "event-stream");
  for (int i = 0; i < 200; i++)
    assert_int_equal(sys_http_feed_put(s.feed, "e", big, 100000), PRAC_OK);
  assert_int_equal(sys_http_feed_put(s.feed, "end", "x", 1), PRAC_OK);
  small = 1 << 20;
  (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  bool gap = false, end = false;
  for (int i = 0; i < 4000 && !end; i++) {
    hear(fd, "\n\n");
    gap |= strstr(got, "event: gap") != NULL;
    end = strstr(got, "event: end") != NULL;
  }
  assert_true(end);
  assert_true(gap);
  assert_in_range(sys_http_feed_gaps(s.feed), 1, 200);
  close(fd);
  free(big);
  stop(&s);
}

static void closing_with_everything_open(void **st)
{
  (void)st;
  struct site s = {.hang = true};
  int fd[3];
  static const char *const req[] = {"GET /events HTTP/1.1\r\nHost: a\r\n\r\n",
                                    "GET /later HTTP/1.1\r\nHost: a\r\n\r\n", "GET /half"};
  start(&s, (struct sys_http_conf){0});
  for (int i = 0; i < 3; i++) {
    fd[i] = dial(&s);
    (void)send(fd[i], req[i], strlen(req[i]), MSG_NOSIGNAL);
  }
  hear(fd[0], "event-stream");
  for (int i = 0; i < 200 && !s.waiting; i++) usleep(10000);
  assert_non_null(s.waiting);
  stop(&s);
  hear(fd[1], NULL);
  assert_true(got[0] == 0 || strstr(got, " 503 "));
  for (int i = 0; i < 3; i++) close(fd[i]);
}

static void addresses_that_cannot_be_listened_on(void **st)
{
  (void)st;
  struct sys_http *h = NULL;
  struct prac_err err = {0};
  struct sys_http_conf c = {.host = "not-an-address", .listen_fd = -1, .route = route};
  assert_int_equal(sys_http_open(&c, &h, &err), PRAC_MALFORMED);
  c.host = "192.0.2.1";
  assert_int_equal(sys_http_open(&c, &h, &err), PRAC_IO);
  assert_non_null(strstr(err.text, "192.0.2.1"));
  assert_null(h);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plain_answers),
      cmocka_unit_test(hostile_requests),
      cmocka_unit_test(big_and_chunked_bodies),
      cmocka_unit_test(header_blocks_are_bounded),
      cmocka_unit_test(pipelined_requests_in_order),
      cmocka_unit_test(rate_and_retry),
      cmocka_unit_test(proxies_speak_for_their_clients),
      cmocka_unit_test(bodies_of_refused_requests_are_no_requests),
      cmocka_unit_test(dripping_clients_are_cut),
      cmocka_unit_test(connections_are_limited),
      cmocka_unit_test(streams_replay_and_follow),
      cmocka_unit_test(nobody_has_all_streams),
      cmocka_unit_test(slow_streams_get_a_gap),
      cmocka_unit_test(closing_with_everything_open),
      cmocka_unit_test(addresses_that_cannot_be_listened_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
