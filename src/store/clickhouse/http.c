/* One connection at a time, kept open between statements. */
#include "store/clickhouse/http.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "sys/wall.h"

enum { ROW_MAX = 64 << 20, SECRET_MAX = 1024, PEM_MAX = 1 << 20 };

/* ---- opening ---- */
static prac_rc read_file(const char *path, size_t max, struct ch_buf *ret, struct prac_err *reterr)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : 1;
  while (n > 0 && ret->n <= max) {
    uint8_t *to = ch_buf_room(ret, 4096);
    n = to ? read(fd, to, 4096) : -1;
    if (n > 0) ret->n += (size_t)n;
  }
  int e = errno;
  if (fd >= 0) close(fd);
  if (n < 0) return PRAC_FAIL(reterr, PRAC_DENIED, "reading %s: %s", path, strerror(e));
  if (ret->n > max) return PRAC_FAIL(reterr, PRAC_RANGE, "%s is longer than %zu bytes", path, max);
  return PRAC_OK;
}

static prac_rc add_header(struct ch_http *h, const char *name, const char *value,
                          struct prac_err *reterr)
{
  char line[SECRET_MAX + 64];
  (void)snprintf(line, sizeof line, "%s: %s", name, value);
  struct curl_slist *l = curl_slist_append(h->headers, line);
  explicit_bzero(line, sizeof line);
  if (!l) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for libcurl");
  h->headers = l;
  return PRAC_OK;
}

static prac_rc add_secret(struct ch_http *h, const char *path, struct prac_err *reterr)
{
  struct ch_buf text = {0};
  if (!path || !path[0]) return PRAC_OK;
  prac_rc rc = read_file(path, SECRET_MAX, &text, reterr);
  if (rc == PRAC_OK) {
    char secret[SECRET_MAX + 1];
    size_t n = 0;
    while (n < text.n && text.v[n] != '\n' && text.v[n] != '\r') n++;
    memcpy(secret, text.v, n);
    secret[n] = 0;
    rc = add_header(h, "X-ClickHouse-Key", secret, reterr);
    explicit_bzero(secret, sizeof secret);
  }
  if (text.v) explicit_bzero(text.v, text.n);
  ch_buf_done(&text);
  return rc;
}

static prac_rc pem(struct ch_http *h, CURLoption opt, const char *path, struct prac_err *reterr)
{
  struct ch_buf text = {0};
  if (!path || !path[0]) return PRAC_OK;
  prac_rc rc = read_file(path, PEM_MAX, &text, reterr);
  struct curl_blob blob = {.data = text.v, .len = text.n, .flags = CURL_BLOB_COPY};
  if (rc == PRAC_OK && curl_easy_setopt(h->h, opt, &blob) != CURLE_OK)
    rc = PRAC_FAIL(reterr, PRAC_MALFORMED, "libcurl does not take %s", path);
  ch_buf_done(&text);
  return rc;
}

/* Names are looked up now: later there may be neither /etc/resolv.conf nor threads. */
static prac_rc resolve(struct curl_slist **list, const char *url, struct prac_err *reterr)
{
  struct addrinfo hint = {.ai_socktype = SOCK_STREAM}, *all = NULL;
  CURLU *u = curl_url();
  char *host = NULL, *port = NULL, num[NI_MAXHOST], line[NI_MAXHOST * 2];
  bool ok = u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
            curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
            curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;
  prac_rc rc = ok ? PRAC_OK : PRAC_FAIL(reterr, PRAC_MALFORMED, "\"%.200s\" is no URL", url);
  if (ok && host[0] != '[' && getaddrinfo(host, port, &hint, &all) == 0 &&
      getnameinfo(all->ai_addr, all->ai_addrlen, num, sizeof num, NULL, 0, NI_NUMERICHOST) == 0 &&
      strcmp(num, host) != 0) {
    (void)snprintf(line, sizeof line, "%.255s:%.8s:%s%s%s", host, port, strchr(num, ':') ? "[" : "",
                   num, strchr(num, ':') ? "]" : "");
    struct curl_slist *l = curl_slist_append(*list, line);
    if (l) *list = l;
  }
  if (all) freeaddrinfo(all);
  curl_free(host);
  curl_free(port);
  curl_url_cleanup(u);
  return rc;
}

static prac_rc options(struct ch_http *h, const struct ch_http_conf *c, struct prac_err *reterr)
{
  CURLcode st = curl_easy_setopt(h->h, CURLOPT_PROTOCOLS_STR, "http,https");
  if (st == CURLE_OK) st = curl_easy_setopt(h->h, CURLOPT_NOSIGNAL, 1L);
  if (st == CURLE_OK) st = curl_easy_setopt(h->h, CURLOPT_PROXY, "");
  if (st == CURLE_OK) st = curl_easy_setopt(h->h, CURLOPT_ERRORBUFFER, h->error);
  if (st == CURLE_OK) st = curl_easy_setopt(h->h, CURLOPT_BUFFERSIZE, 512L * 1024);
  if (st == CURLE_OK)
    st = curl_easy_setopt(h->h, CURLOPT_CONNECTTIMEOUT_MS, (long)(c->connect_ns / PRAC_MS));
  if (st == CURLE_OK)
    st = curl_easy_setopt(h->h, CURLOPT_TIMEOUT_MS, (long)(c->timeout_ns / PRAC_MS));
  if (st == CURLE_OK) st = curl_easy_setopt(h->h, CURLOPT_HTTPHEADER, h->headers);
  if (st == CURLE_OK) st = curl_easy_setopt(h->h, CURLOPT_RESOLVE, h->resolved);
  if (st != CURLE_OK)
    return PRAC_FAIL(reterr, PRAC_UNSUPPORTED, "libcurl: %s", curl_easy_strerror(st));
  PRAC_TRY(pem(h, CURLOPT_CAINFO_BLOB, c->ca_file, reterr));
  PRAC_TRY(pem(h, CURLOPT_SSLCERT_BLOB, c->cert_file, reterr));
  return pem(h, CURLOPT_SSLKEY_BLOB, c->key_file, reterr);
}

prac_rc ch_http_open(struct ch_http *h, const struct ch_http_conf *c, struct prac_err *reterr)
{
  *h = (struct ch_http){.retry_ns = c->retry_ns, .log = c->log};
  if (c->n_urls == 0 || c->n_urls > CH_URLS_MAX)
    return PRAC_FAIL(reterr, PRAC_RANGE, "store.clickhouse.urls: 1 to %d of them", CH_URLS_MAX);
  (void)snprintf(h->database, sizeof h->database, "%s", c->database);
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(h->h = curl_easy_init()))
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for libcurl");
  for (size_t i = 0; i < c->n_urls; i++) {
    size_t n = strlen(c->urls[i]);
    if (n >= CH_URL) return PRAC_FAIL(reterr, PRAC_RANGE, "too long: %.200s", c->urls[i]);
    while (n > 0 && c->urls[i][n - 1] == '/') n--;
    memcpy(h->url[h->n_urls], c->urls[i], n);
    h->url[h->n_urls][n] = 0;
    PRAC_TRY(resolve(&h->resolved, h->url[h->n_urls++], reterr));
  }
  PRAC_TRY(add_header(h, "Expect", "", reterr)); /* no waiting for "100 Continue" */
  if (c->user && c->user[0]) PRAC_TRY(add_header(h, "X-ClickHouse-User", c->user, reterr));
  PRAC_TRY(add_secret(h, c->password_file, reterr));
  return options(h, c, reterr);
}

void ch_http_close(struct ch_http *h)
{
  if (h->h) curl_easy_cleanup(h->h);
  curl_slist_free_all(h->headers);
  curl_slist_free_all(h->resolved);
  h->h = NULL;
  h->headers = h->resolved = NULL;
}

/* ---- exceptions ---- */
static prac_rc code_of(long code, long status)
{
  static const struct {
    long code;
    prac_rc rc;
  } known[] = {
      {60, PRAC_UNKNOWN}, {81, PRAC_UNKNOWN}, /* table, database */
      {164, PRAC_DENIED},                     /* readonly */
      {192, PRAC_DENIED}, {193, PRAC_DENIED}, {194, PRAC_DENIED}, {195, PRAC_DENIED},
      {497, PRAC_DENIED}, {516, PRAC_DENIED}, /* user, password, rights */
      {241, PRAC_NOMEM},  {243, PRAC_FULL},   /* memory; space */
      {159, PRAC_IO},     {202, PRAC_IO},     {209, PRAC_IO},     {210, PRAC_IO},
      {225, PRAC_IO},     {242, PRAC_IO},     {252, PRAC_IO},     {254, PRAC_IO},
      {265, PRAC_IO},     {279, PRAC_IO},     {285, PRAC_IO},     {286, PRAC_IO},
      {289, PRAC_IO},     {319, PRAC_IO},     {394, PRAC_IO},     {999, PRAC_IO},
      /* time, too many, network, ZooKeeper, read-only replica, parts, replicas behind or away,
       * quorum, unknown end, stopped, Keeper */
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(known); i++)
    if (known[i].code == code) return known[i].rc;
  return status == 502 || status == 503 || status == 504 ? PRAC_IO : PRAC_UNSUPPORTED;
}

static prac_rc exception(const struct ch_http *h, const struct ch_buf *text, long status,
                         struct prac_err *reterr)
{
  char say[301];
  size_t n = 0;
  for (; n < text->n && n < sizeof say - 1 && text->v[n]; n++)
    say[n] = text->v[n] < 0x20 || text->v[n] > 0x7e ? ' ' : (char)text->v[n];
  say[n] = 0;
  const char *at = strstr(say, "Code: ");
  long code = at ? strtol(at + 6, NULL, 10) : 0;
  const char *todo = "";
  if (code == 252) todo = " (merges cannot keep up: fewer, larger appends, or faster disks)";
  if (code == 242) todo = " (the replica has lost ZooKeeper)";
  return PRAC_FAIL(reterr, code_of(code, status), "ClickHouse %.100s, HTTP %ld: %s%s",
                   h->url[h->at], status, say, todo);
}

/* ---- statements ---- */
struct reply {
  struct ch_http *h;
  struct ch_feed feed; /* its buf: what an exception says, too */
};

void ch_feed_take(struct ch_feed *f, const void *data, size_t n)
{
  ch_put(&f->buf, data, n);
  struct prac_rd in = prac_rd_of(f->buf.v, f->buf.n);
  while (f->rc == PRAC_OK && prac_rd_left(&in) > 0) {
    struct prac_rd at = in;
    f->rc = f->each(f->arg, &at);
    if (at.bad && f->rc == PRAC_OK) break;
    f->begun = true;
    in = at;
  }
  f->buf.n = prac_rd_left(&in);
  if (f->buf.n && in.p != f->buf.v) memmove(f->buf.v, in.p, f->buf.n);
  if (f->rc == PRAC_OK && (f->buf.bad || f->buf.n > ROW_MAX)) f->rc = PRAC_NOMEM;
}

static size_t arrived(char *data, size_t size, size_t n, void *arg)
{
  struct reply *r = arg;
  long status = 0;
  (void)size;
  curl_easy_getinfo(r->h->h, CURLINFO_RESPONSE_CODE, &status);
  if (status == 200 && r->feed.each)
    ch_feed_take(&r->feed, data, n);
  else if (r->feed.buf.n < CH_EXCEPTION)
    ch_put(&r->feed.buf, data, n);
  return r->feed.rc == PRAC_OK ? n : 0;
}

static prac_rc set_up(struct ch_http *h, const char *url, const void *body, size_t n,
                      struct reply *r, struct prac_err *reterr)
{
  CURLcode st = curl_easy_setopt(h->h, CURLOPT_URL, url);
  if (st == CURLE_OK) st = curl_easy_setopt(h->h, CURLOPT_POST, 1L);
  if (st == CURLE_OK) st = curl_easy_setopt(h->h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)n);
  if (st == CURLE_OK) st = curl_easy_setopt(h->h, CURLOPT_POSTFIELDS, n ? body : "");
  if (st == CURLE_OK) st = curl_easy_setopt(h->h, CURLOPT_WRITEFUNCTION, arrived);
  if (st == CURLE_OK) st = curl_easy_setopt(h->h, CURLOPT_WRITEDATA, r);
  if (st == CURLE_OK) return PRAC_OK;
  return PRAC_FAIL(reterr, PRAC_NOMEM, "libcurl: %s", curl_easy_strerror(st));
}

static prac_rc ended(struct ch_http *h, struct reply *r, CURLcode st, struct prac_err *reterr)
{
  long status = 0;
  curl_easy_getinfo(h->h, CURLINFO_RESPONSE_CODE, &status);
  if (r->feed.rc == PRAC_END) return PRAC_OK;
  if (r->feed.rc != PRAC_OK) return r->feed.rc;
  if (st != CURLE_OK)
    return PRAC_FAIL(reterr, PRAC_IO, "ClickHouse %.100s: %s", h->url[h->at],
                     h->error[0] ? h->error : curl_easy_strerror(st));
  if (status != 200) return exception(h, &r->feed.buf, status, reterr);
  if (r->feed.each && r->feed.buf.n > 0)
    return PRAC_FAIL(reterr, PRAC_DAMAGED, "ClickHouse %.100s: half a row at the end of an answer",
                     h->url[h->at]);
  return PRAC_OK;
}

static void add_database(const struct ch_http *h, struct ch_buf *url)
{
  char *name = curl_easy_escape(h->h, h->database, 0);
  ch_say(url, "/?database=%s&wait_end_of_query=1", name ? name : "");
  curl_free(name);
}

/* At h->url[h->at]. */
static prac_rc once(struct ch_http *h, const struct ch_buf *url_tail, const struct ch_buf *body,
                    struct reply *r, struct prac_err *reterr)
{
  struct ch_buf url = {0};
  ch_say(&url, "%s", h->url[h->at]);
  add_database(h, &url);
  ch_put(&url, url_tail->v, url_tail->n);
  ch_put(&url, "", 1);
  h->error[0] = 0;
  r->feed.rc = PRAC_OK;
  r->feed.buf.n = 0;
  prac_rc rc = url.bad ? PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a statement")
                       : set_up(h, (char *)url.v, body->v, body->n, r, reterr);
  if (rc == PRAC_OK) rc = ended(h, r, curl_easy_perform(h->h), reterr);
  ch_buf_done(&url);
  return rc;
}

static const struct prac_log_event ev_waits = {
    "clickhouse_waits", PRAC_LOG_WARN,
    "see that a node of store.clickhouse.urls runs and can be reached from here"};

/* Somebody may sit and wait for the answer. */
static void say_wait(const struct ch_http *h, const struct prac_err *why)
{
  char text[PRAC_TIME_TEXT];
  prac_log(h->log, &ev_waits, "%s; it is tried again for %s", why->text,
           prac_duration_text(text, h->retry_ns));
}

prac_rc ch_ask(struct ch_http *h, struct ch_buf *sql, ch_row *each, void *arg,
               struct prac_err *reterr)
{
  struct reply r = {.h = h, .feed = {.each = each, .arg = arg}};
  const struct ch_buf nothing = {0};
  int64_t until = sys_mono_ns() + h->retry_ns, nap = 50 * PRAC_MS;
  struct prac_err err = {0};
  prac_rc rc = PRAC_NOMEM;
  ch_say(sql, " FORMAT RowBinary");
  if (sql->bad) (void)PRAC_FAIL(&err, rc, "no memory for a question");
  for (size_t tried = 1; !sql->bad; tried++) {
    rc = once(h, &nothing, sql, &r, &err);
    if (rc != PRAC_IO || r.feed.begun || r.feed.rc != PRAC_OK) break;
    h->at = (h->at + 1) % h->n_urls;
    if (tried % h->n_urls != 0) continue;
    if (sys_mono_ns() + nap > until) break;
    if (tried == h->n_urls) say_wait(h, &err);
    sys_sleep_ns(nap);
    nap = nap < 2 * PRAC_SEC ? nap * 2 : nap;
  }
  if (rc != PRAC_OK && reterr) *reterr = err;
  sql->n = 0;
  ch_buf_done(&r.feed.buf);
  return rc;
}

prac_rc ch_do(struct ch_http *h, size_t node, const char *sql, const char *settings,
              const struct ch_buf *body, struct prac_err *reterr)
{
  struct reply r = {.h = h};
  struct ch_buf tail = {0};
  const struct ch_buf nothing = {0};
  size_t was = h->at;
  char *q = curl_easy_escape(h->h, sql, 0);
  if (!q) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a statement");
  ch_say(&tail, "%s&query=%s", settings, q);
  curl_free(q);
  if (node != SIZE_MAX) h->at = node;
  /* On a connection that was used before, libcurl sends again by itself when it finds it closed:
   * the server may have carried the statement out by then. */
  (void)curl_easy_setopt(h->h, CURLOPT_FRESH_CONNECT, 1L);
  prac_rc rc = tail.bad ? PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a statement")
                        : once(h, &tail, body ? body : &nothing, &r, reterr);
  (void)curl_easy_setopt(h->h, CURLOPT_FRESH_CONNECT, 0L);
  if (node != SIZE_MAX)
    h->at = was;
  else if (rc == PRAC_IO)
    h->at = (h->at + 1) % h->n_urls;
  ch_buf_done(&tail);
  ch_buf_done(&r.feed.buf);
  return rc;
}
