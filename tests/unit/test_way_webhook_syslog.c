/* Ways over the network, against a made other side on loopback: what arrives, and which answers
 * mean taken, later, never. */
#include "lib/t.h"

#include <stdlib.h>

#include "lib/notes.h"
#include "lib/peer.h"
#include "notify/sha.h"

struct way {
  const struct note_way *w;
  struct note_env env;
  _Atomic uint64_t counters[8];
  char conf[512];
  void *st;
};

static void set(struct way *w, const char *key, const void *v, size_t n)
{
  for (size_t i = 0; i < w->w->conf->n_items; i++)
    if (strcmp(w->w->conf->items[i].key, key) == 0) {
      memcpy(w->conf + w->w->conf->items[i].offset, v, n);
      return;
    }
  fail_msg("no setting %s", key);
}
static void set_text(struct way *w, const char *key, const char *v)
{
  set(w, key, &v, sizeof v);
}
static void set_int(struct way *w, const char *key, int64_t v)
{
  set(w, key, &v, sizeof v);
}

static void make(struct way *w, const char *name)
{
  *w = (struct way){.w = note_way_find(name)};
  assert_non_null(w->w);
  assert_true(w->w->conf->size <= sizeof w->conf && w->w->n_counters <= 8);
  prac_conf_defaults(w->w->conf, w->conf);
}
static void open_it(struct way *w)
{
  struct prac_err err = {0};
  w->env = (struct note_env){
      .conf = w->conf, .counters = w->counters, .dir = "/nonexistent", .host = "csirt.example"};
  w->st = calloc(1, w->w->state_size);
  if (w->w->open(w->st, &w->env, &err) != PRAC_OK) fail_msg("%s", err.text);
}
static void close_it(struct way *w)
{
  w->w->close(w->st);
  free(w->st);
}
static prac_rc send_it(struct way *w, const struct episode *e)
{
  struct prac_err err = {0};
  struct note_tenant t = note_tenant_ja();
  struct note_item it = note_item_of(e, &t);
  prac_rc rc = w->w->send(w->st, &it, &w->env, &err);
  assert_true(rc == PRAC_OK || err.text[0]); /* a reason */
  return rc;
}

/* ---- webhook ---- */

static void http(struct peer *p, const char *said, char out[1024])
{
  const char *body = strstr(said, "\r\n\r\n"), *len = strstr(said, "Content-Length: ");
  if (!body || !len || strlen(body + 4) < strtoul(len + 16, NULL, 10)) return;
  int n = atomic_load(&p->requests);
  const char *code = p->script + 4 * n; /* "200 503 " */
  (void)snprintf(out, 1024, "HTTP/1.1 %.3s x\r\nContent-Length: 0\r\n\r\n", code);
}

static void webhook(void **s)
{
  (void)s;
  static struct peer p;
  struct way w;
  char url[64];
  p = (struct peer){.answer = http, .script = "200 503 429 404 302 201 "};
  assert_int_equal(peer_start(&p), 0);
  make(&w, "webhook");
  (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/hook?x=1", p.port);
  set_text(&w, "url", url);
  set_text(&w, "secret", "key");
  open_it(&w);
  struct episode e = note_start();
  static const prac_rc want[] = {PRAC_OK,     PRAC_AGAIN,  PRAC_AGAIN,
                                 PRAC_DENIED, PRAC_DENIED, PRAC_OK};
  for (int i = 0; i < 6; i++) assert_int_equal(send_it(&w, &e), want[i]);
  close_it(&w);
  peer_stop(&p);
  assert_int_equal(strncmp(p.got, "POST /hook?x=1 HTTP/1.1\r\n", 25), 0);
  assert_non_null(strstr(p.got, "\r\nIdempotency-Key: e1.1.xxxx\r\n"));
  assert_non_null(strstr(p.got, "\r\nX-Practice-Timestamp: 1427846523\r\n"));
  const char *sig = strstr(p.got, "\r\nX-Practice-Signature: sha256="),
             *body = strstr(p.got, "\r\n\r\n") + 4, *len = strstr(p.got, "Content-Length: ");
  char mac[NOTE_HMAC_TEXT];
  assert_non_null(sig);
  note_hmac("key", "1427846523.", 11, body, strtoul(len + 16, NULL, 10), mac);
  assert_int_equal(strncmp(sig + 31, mac, 64), 0);
  assert_int_equal(strncmp(body, "{\"id\":\"e1.1.xxxx\"", 17), 0);
  /* nobody there */
  open_it(&w);
  assert_int_equal(send_it(&w, &e), PRAC_AGAIN);
  close_it(&w);
}

/* RFC 4231, cases 1, 2 and 6. */
static void hmac(void **s)
{
  (void)s;
  char out[NOTE_HMAC_TEXT], key[132];
  memset(key, 0x0b, 20);
  key[20] = '\0';
  note_hmac(key, "Hi ", 3, "There", 5, out);
  assert_string_equal(out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  note_hmac("Jefe", "what do ya want for nothing?", 28, NULL, 0, out);
  assert_string_equal(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  memset(key, 0xaa, 131);
  key[131] = '\0';
  note_hmac(key, "Test Using Larger Than Block-Size Key - Hash Key First", 54, NULL, 0, out);
  assert_string_equal(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* ---- syslog ---- */

static void mute(struct peer *p, const char *said, char out[1024])
{
  (void)p;
  (void)said;
  (void)out;
}

static void wait_until(struct peer *p, const char *what)
{
  for (int i = 0; i < 500 && !strstr(p->got, what); i++) (void)usleep(10000);
}

static void syslog_tcp(void **s)
{
  (void)s;
  static struct peer p;
  struct way w;
  p = (struct peer){.answer = mute};
  assert_int_equal(peer_start(&p), 0);
  make(&w, "syslog");
  int tcp = 1;
  set(&w, "transport", &tcp, sizeof tcp);
  set_int(&w, "port", p.port);
  open_it(&w);
  struct episode e = note_start(), end = note_end();
  e.as_name = "EVIL|=\\\n<13>1 forged";
  e.rdns = "x\r\n<13>1 forged";
  assert_int_equal(send_it(&w, &e), PRAC_OK);
  assert_int_equal(send_it(&w, &end), PRAC_OK);
  wait_until(&p, "cnt=28305");
  close_it(&w);
  peer_stop(&p);
  char *rest = NULL;
  unsigned long n = strtoul(p.got, &rest, 10);
  static const char head[] = " <132>1 2015-04-01T00:02:03Z csirt.example practice - start - "
                             "CEF:0|PRACTICE|practice|" PRACTICE_VERSION
                             "|drdos-start|DRDoS attack start|8| dst=203.0.113.9 dpt=123 proto=UDP "
                             "app=NTP cnt=139 ";
  assert_int_equal(strncmp(rest, head, sizeof head - 1), 0);
  assert_non_null(strstr(rest, " cs1=EVIL|\\=\\\\?<13>1 forged "));
  assert_non_null(strstr(rest, " externalId=e1.1.xxxx "));
  assert_null(memchr(rest, '\n', n)); /* one message is one line */
  char *second = rest + 1 + n;        /* counted in octets */
  n = strtoul(second, &rest, 10);
  assert_int_equal(strlen(rest), n + 1);
  assert_int_equal(strncmp(rest, " <133>1 2015-04-01T00:10:40Z", 28), 0);
}

static void syslog_udp(void **s)
{
  (void)s;
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof a;
  char got[4096];
  struct way w;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
  make(&w, "syslog");
  set_int(&w, "port", ntohs(a.sin_port));
  open_it(&w);
  struct episode e = note_start();
  assert_int_equal(send_it(&w, &e), PRAC_OK);
  ssize_t k = recv(fd, got, sizeof got - 1, 0);
  assert_true(k > 0);
  got[k] = '\0';
  assert_int_equal(strncmp(got, "<132>1 2015-04-01T00:02:03Z csirt.example practice - ", 53), 0);
  close_it(&w);
  (void)close(fd);
  /* TCP to a port where nobody listens */
  int tcp = 1;
  set(&w, "transport", &tcp, sizeof tcp);
  open_it(&w);
  assert_int_equal(send_it(&w, &e), PRAC_AGAIN);
  close_it(&w);
}

/* ---- mail ---- */

/* A server that answers each command; the script's letters say how: "." as it should, "4" and "5"
 * to RCPT, "q" 4xx and "p" 5xx to the text. */
static void smtp(struct peer *p, const char *said, char out[1024])
{
  size_t n = strlen(said);
  char how = p->script[0];
  if (n < 2 || strcmp(said + n - 2, "\r\n") != 0) return;
  if (strncmp(said, "EHLO", 4) == 0)
    (void)snprintf(out, 1024, "250-mx\r\n250 8BITMIME\r\n");
  else if (strncmp(said, "RCPT", 4) == 0)
    (void)snprintf(out, 1024,
                   how == '4'   ? "450 later\r\n"
                   : how == '5' ? "550 who\r\n"
                                : "250 ok\r\n");
  else if (strncmp(said, "DATA", 4) == 0)
    (void)snprintf(out, 1024, "354 go on\r\n");
  else if (strncmp(said, "QUIT", 4) == 0)
    (void)snprintf(out, 1024, "221 bye\r\n");
  else if (strncmp(said, "MAIL", 4) == 0 || strncmp(said, "RSET", 4) == 0)
    (void)snprintf(out, 1024, "250 ok\r\n");
  else if (n >= 5 && strcmp(said + n - 5, "\r\n.\r\n") == 0)
    (void)snprintf(out, 1024,
                   how == 'q'   ? "451 full\r\n"
                   : how == 'p' ? "554 spam\r\n"
                                : "250 ok\r\n");
}

static void *smtp_main(void *arg)
{
  struct peer *p = arg;
  while (peer_ready(p, p->fd)) {
    int fd = accept(p->fd, NULL, NULL);
    if (fd < 0) continue;
    if (send(fd, "220 mx\r\n", 8, MSG_NOSIGNAL) == 8) peer_talk(p, fd);
    (void)close(fd);
  }
  return NULL;
}

static void mail(void **s)
{
  (void)s;
  static const struct {
    const char *how;
    prac_rc want;
  } v[] = {{".", PRAC_OK},    {"4", PRAC_AGAIN},  {"5", PRAC_DENIED},
           {"q", PRAC_AGAIN}, {"p", PRAC_DENIED}, {".", PRAC_OK}};
  static struct peer p;
  struct way w;
  p = (struct peer){.answer = smtp, .script = "."};
  assert_int_equal(peer_start(&p), 0);
  /* its greeting comes first */
  atomic_store(&p.stop, true);
  (void)pthread_join(p.thread, NULL);
  atomic_store(&p.stop, false);
  assert_int_equal(pthread_create(&p.thread, NULL, smtp_main, &p), 0);
  make(&w, "mail");
  set_int(&w, "port", p.port);
  set_int(&w, "timeout", 3 * PRAC_SEC);
  open_it(&w);
  struct episode e = note_start();
  for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
    p.script = v[i].how;
    prac_rc rc = send_it(&w, &e);
    if (rc != v[i].want) fail_msg("%s: %s", v[i].how, prac_rc_text(rc));
  }
  close_it(&w);
  peer_stop(&p);
  assert_int_equal(strncmp(p.got, "EHLO csirt.example\r\nMAIL FROM:<practice@localhost>", 50), 0);
  assert_non_null(strstr(p.got, "RCPT TO:<noc@isp.example>\r\nDATA\r\n"));
  assert_non_null(strstr(p.got, "\r\nMessage-ID: <e1.1.xxxx@csirt.example>\r\n"));
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(webhook), cmocka_unit_test(hmac),
                                 cmocka_unit_test(syslog_tcp), cmocka_unit_test(syslog_udp),
                                 cmocka_unit_test(mail)};
  return cmocka_run_group_tests_name("way_webhook_syslog", t, NULL, NULL);
}
