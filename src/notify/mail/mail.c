/* Letters by SMTP (RFC 5321) through libcurl: a lane is one connection, for as long as the server
 * keeps it. Most of a letter's time is the server's disk, so several lanes are faster. */
#include <stdio.h>
#include <string.h>

#include "notify/letter.h"
#include "sys/net.h"

enum { TLS_NONE, TLS_OPPORTUNISTIC, TLS_REQUIRED, TLS_IMPLICIT };
static const char *const tls_words[] = {"none", "opportunistic", "required", "implicit", NULL};
struct conf {
  const char *server, *from, *tag, *user, *password;
  int64_t port, timeout_ns, connections;
  int tls;
};
#define CONF(f) offsetof(struct conf, f)
static const struct prac_conf_item items[] = {
    {.key = "server",
     .type = PRAC_CONF_STRING,
     .offset = CONF(server),
     .sdflt = "127.0.0.1",
     .help = "Mail server: an address, or a name that the DNS knows."},
    {.key = "port",
     .type = PRAC_CONF_INT,
     .offset = CONF(port),
     .lo = 1,
     .hi = 65535,
     .dflt = 25,
     .help = "Its TCP port: 25, 587, or 465 with tls: implicit."},
    {.key = "tls",
     .type = PRAC_CONF_ENUM,
     .offset = CONF(tls),
     .words = tls_words,
     .hi = 3,
     .dflt = TLS_OPPORTUNISTIC,
     .help = "STARTTLS never, when offered (any certificate), always (checked); or TLS at once."},
    {.key = "user",
     .type = PRAC_CONF_STRING,
     .offset = CONF(user),
     .sdflt = "",
     .help = "Name to log in with; empty: a relay that asks for none."},
    {.key = "password",
     .type = PRAC_CONF_STRING,
     .offset = CONF(password),
     .sdflt = "",
     .help = "And its password."},
    {.key = "from",
     .type = PRAC_CONF_STRING,
     .offset = CONF(from),
     .sdflt = "practice@localhost",
     .help = "Sender: an address."},
    {.key = "subject-tag",
     .type = PRAC_CONF_STRING,
     .offset = CONF(tag),
     .sdflt = "[PRACTICE]",
     .help = "Stands before each subject."},
    {.key = "timeout",
     .type = PRAC_CONF_DURATION,
     .offset = CONF(timeout_ns),
     .lo = 0.1,
     .hi = 600,
     .dflt = 30,
     .help = "Longest wait for the server to take one letter."},
    {.key = "connections",
     .type = PRAC_CONF_INT,
     .offset = CONF(connections),
     .lo = 1,
     .hi = NOTE_LANES_MAX,
     .dflt = 4,
     .help = "To the server at the same time, at most; letters about one attack share one."},
};
static const struct prac_conf_section section = {
    .path = "notify.mail",
    .about = "Alerts as mail.",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct conf),
};
enum { TAKEN, LATER, REFUSED, CONNECTIONS, COUNTERS };
static const struct prac_counter_def counters[COUNTERS] = {
    [TAKEN] = {"taken", "messages", "Taken by the mail server.", PRAC_COUNTER},
    [LATER] = {"later", "messages", "Not now: no server, or it said 4xx.", PRAC_COUNTER},
    [REFUSED] = {"refused", "messages", "Refused with 5xx: look at mail-to and from.",
                 PRAC_COUNTER},
    [CONNECTIONS] = {"connections", "connections", "Made to the server.", PRAC_COUNTER},
};
static const struct prac_log_event ev_open = {
    "notify_mail_no_tls", PRAC_LOG_WARN,
    "set notify.mail.tls to required or implicit: anybody on the way can read the password"};
struct state {
  struct sys_net_curl curl;
  const struct note_text *letter; /* being sent */
  size_t sent;
  char url[640], reply[200]; /* reply: the server's last line */
};

static size_t give(char *to, size_t size, size_t n, void *arg)
{
  struct state *s = arg;
  size_t left = s->letter->n - s->sent;
  if (left > size * n) left = size * n;
  memcpy(to, s->letter->p + s->sent, left);
  s->sent += left;
  return left;
}

static size_t hear(char *line, size_t size, size_t n, void *arg)
{
  struct state *s = arg;
  n *= size;
  size_t keep = n < sizeof s->reply ? n : sizeof s->reply - 1;
  memcpy(s->reply, line, keep);
  s->reply[keep] = '\0';
  s->reply[strcspn(s->reply, "\r\n")] = '\0';
  return n;
}

/* An address goes into a command of the protocol: nothing that could end it. */
static bool address_ok(const char *s)
{
  const char *at = strchr(s, '@');
  for (const char *c = s; *c; c++)
    if ((unsigned char)*c <= ' ' || *c == '<' || *c == '>' || (unsigned char)*c >= 0x7f)
      return false;
  return at && at > s && at[1] && strlen(s) < 255;
}

static CURLcode set_up(struct state *s, const struct conf *c)
{
  static const long use[] = {CURLUSESSL_NONE, CURLUSESSL_TRY, CURLUSESSL_ALL, CURLUSESSL_NONE};
  bool check = c->tls != TLS_OPPORTUNISTIC;
  CURL *h = s->curl.h;
  CURLcode st = curl_easy_setopt(h, CURLOPT_UPLOAD, 1L);
  if (st == CURLE_OK) st = curl_easy_setopt(h, CURLOPT_READFUNCTION, give);
  if (st == CURLE_OK) st = curl_easy_setopt(h, CURLOPT_READDATA, s);
  if (st == CURLE_OK) st = curl_easy_setopt(h, CURLOPT_MAIL_FROM, c->from);
  if (st == CURLE_OK) st = curl_easy_setopt(h, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
  if (st == CURLE_OK) st = curl_easy_setopt(h, CURLOPT_USE_SSL, use[c->tls]);
  if (st == CURLE_OK) st = curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, check ? 1L : 0L);
  if (st == CURLE_OK) st = curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, check ? 2L : 0L);
  if (st == CURLE_OK && c->user[0]) st = curl_easy_setopt(h, CURLOPT_USERNAME, c->user);
  if (st == CURLE_OK && c->user[0]) st = curl_easy_setopt(h, CURLOPT_PASSWORD, c->password);
  return st;
}

static int timeout_ms(const struct conf *c)
{
  return (int)(c->timeout_ns / PRAC_MS);
}

static prac_rc make(struct state *s, const struct note_env *env, struct prac_err *reterr)
{
  const struct conf *c = env->conf;
  PRAC_TRY(sys_net_curl_open(&s->curl, env->net, s->url, "smtp,smtps", timeout_ms(c), reterr));
  CURLcode cc = set_up(s, c);
  if (cc == CURLE_OK) cc = curl_easy_setopt(s->curl.h, CURLOPT_HEADERFUNCTION, hear);
  if (cc == CURLE_OK) cc = curl_easy_setopt(s->curl.h, CURLOPT_HEADERDATA, s);
  return cc == CURLE_OK
             ? PRAC_OK
             : PRAC_FAIL(reterr, PRAC_UNSUPPORTED, "libcurl: %s", curl_easy_strerror(cc));
}

static prac_rc open_mail(void *st, const struct note_env *env, struct prac_err *reterr)
{
  static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
  struct state *s = st;
  const struct conf *c = env->conf;
  bool six = strchr(c->server, ':') != NULL, known = strspn(env->host, good) == strlen(env->host);
  if (!address_ok(c->from))
    return PRAC_FAIL(reterr, PRAC_RANGE, "from \"%.100s\" is no address", c->from);
  int n = snprintf(s->url, sizeof s->url, "%s://%s%s%s:%d/%s",
                   c->tls == TLS_IMPLICIT ? "smtps" : "smtp", six ? "[" : "", c->server,
                   six ? "]" : "", (int)c->port, known ? env->host : ""); /* what EHLO says */
  if (n < 0 || (size_t)n >= sizeof s->url)
    return PRAC_FAIL(reterr, PRAC_RANGE, "server \"%.100s\": name too long", c->server);
  bool here = strncmp(c->server, "127.", 4) == 0 || strcmp(c->server, "::1") == 0 ||
              strcmp(c->server, "localhost") == 0;
  if (c->user[0] && !here && (c->tls == TLS_NONE || c->tls == TLS_OPPORTUNISTIC))
    prac_log(env->log, &ev_open, "the password for %s may leave without TLS", c->server);
  return make(s, env, reterr);
}

static prac_rc recipients(const struct note_item *it, struct curl_slist **ret,
                          struct prac_err *reterr)
{
  for (size_t i = 0; i < it->tenant->n_mail_to; i++) {
    if (!address_ok(it->tenant->mail_to[i]))
      return PRAC_FAIL(reterr, PRAC_RANGE, "mail-to \"%.100s\" of tenant %s is no address",
                       it->tenant->mail_to[i], it->tenant->name);
    struct curl_slist *more = curl_slist_append(*ret, it->tenant->mail_to[i]);
    if (!more) return PRAC_FAIL(reterr, PRAC_AGAIN, "no memory for a letter");
    *ret = more;
  }
  return *ret ? PRAC_OK
              : PRAC_FAIL(reterr, PRAC_RANGE, "tenant %s has no mail-to", it->tenant->name);
}

/* 5xx to a command about this letter is final; to logging in, or no TLS, is the server's trouble.
 */
static bool final(const struct state *s, CURLcode cc)
{
  long code = 0;
  (void)curl_easy_getinfo(s->curl.h, CURLINFO_RESPONSE_CODE, &code);
  bool about_it = cc == CURLE_SEND_ERROR || cc == CURLE_RECV_ERROR || cc == CURLE_UPLOAD_FAILED ||
                  cc == CURLE_WEIRD_SERVER_REPLY;
  bool settings = code >= 530 && code <= 539; /* it wants TLS or a login: not about this letter */
  return about_it && code >= 500 && code < 600 && !settings;
}

static prac_rc judge(struct state *s, CURLcode cc, const struct note_env *env,
                     struct prac_err *reterr)
{
  long code = 0, connects = 0;
  (void)curl_easy_getinfo(s->curl.h, CURLINFO_RESPONSE_CODE, &code);
  (void)curl_easy_getinfo(s->curl.h, CURLINFO_NUM_CONNECTS, &connects);
  prac_count(&env->counters[CONNECTIONS], connects > 0 ? (uint64_t)connects : 0);
  if (cc == CURLE_OK) {
    prac_count(&env->counters[TAKEN], 1);
    if (reterr) (void)snprintf(reterr->text, sizeof reterr->text, "%s", s->reply);
    return PRAC_OK;
  }
  bool never = final(s, cc);
  prac_count(&env->counters[never ? REFUSED : LATER], 1);
  return PRAC_FAIL(reterr, never ? PRAC_DENIED : PRAC_AGAIN, "%s port %u: %s (%ld)", s->curl.host,
                   s->curl.port, s->curl.error[0] ? s->curl.error : curl_easy_strerror(cc), code);
}

static CURLcode perform(struct state *s, struct curl_slist *to)
{
  s->sent = 0;
  s->reply[0] = '\0';
  (void)curl_easy_setopt(s->curl.h, CURLOPT_MAIL_RCPT, to);
  CURLcode cc = curl_easy_perform(s->curl.h);
  (void)curl_easy_setopt(s->curl.h, CURLOPT_MAIL_RCPT, NULL);
  return cc;
}

/* Servers end a session that has grown old with 4xx or by hanging up: that says nothing about the
 * letter, so it is tried once more on a connection of its own. */
static prac_rc deliver(struct state *s, struct curl_slist *to, const struct note_env *env,
                       struct prac_err *reterr)
{
  const struct conf *c = env->conf;
  long connects = 0;
  PRAC_TRY(sys_net_curl_ready(&s->curl, env->net, timeout_ms(c), reterr));
  CURLcode cc = perform(s, to);
  (void)curl_easy_getinfo(s->curl.h, CURLINFO_NUM_CONNECTS, &connects);
  if (cc != CURLE_OK && connects == 0 && !final(s, cc)) {
    sys_net_curl_close(&s->curl);
    if (make(s, env, reterr) != PRAC_OK) return PRAC_AGAIN;
    PRAC_TRY(sys_net_curl_ready(&s->curl, env->net, timeout_ms(c), reterr));
    cc = perform(s, to);
  }
  return judge(s, cc, env, reterr);
}

static prac_rc send_mail(void *st, const struct note_item *it, const struct note_env *env,
                         struct prac_err *reterr)
{
  struct state *s = st;
  const struct conf *c = env->conf;
  struct curl_slist *to = NULL;
  struct note_text letter = {.p = NULL};
  struct note_letter l = {.from = c->from, .host = env->host, .tag = c->tag};
  prac_rc rc = recipients(it, &to, reterr);
  if (rc == PRAC_OK && note_letter_write(&l, it, &letter) != PRAC_OK)
    rc = PRAC_FAIL(reterr, PRAC_AGAIN, "no memory for a letter");
  s->letter = &letter;
  if (rc == PRAC_OK) rc = deliver(s, to, env, reterr);
  s->letter = NULL;
  curl_slist_free_all(to);
  note_text_done(&letter);
  return rc;
}

static size_t lanes(const void *conf)
{
  const struct conf *c = conf;
  return (size_t)c->connections;
}

static void close_mail(void *st)
{
  struct state *s = st;
  sys_net_curl_close(&s->curl);
}

extern const struct note_way note_mail;
const struct note_way note_mail = {
    .name = "mail",
    .about = "letters by SMTP",
    .state_size = sizeof(struct state),
    .conf = &section,
    .counters = counters,
    .n_counters = COUNTERS,
    .open = open_mail,
    .send = send_mail,
    .close = close_mail,
    .lanes = lanes,
    .people = true,
};
