/* One POST of JSON for each item: signed, and known again when it comes twice. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "notify/form.h"
#include "notify/sha.h"
#include "sys/net.h"

struct conf {
  const char *url, *secret;
  int64_t timeout_ns;
  bool check;
};
#define CONF(f) offsetof(struct conf, f)
static const struct prac_conf_item items[] = {
    {.key = "url",
     .type = PRAC_CONF_STRING,
     .offset = CONF(url),
     .sdflt = "",
     .help = "Where to: https://host/path, or http:// to an address on the same box."},
    {.key = "secret",
     .type = PRAC_CONF_STRING,
     .offset = CONF(secret),
     .sdflt = "",
     .help = "Key of the signature (HMAC-SHA-256); empty: not signed."},
    {.key = "timeout",
     .type = PRAC_CONF_DURATION,
     .offset = CONF(timeout_ns),
     .lo = 0.1,
     .hi = 600,
     .dflt = 10,
     .help = "Longest wait for an answer."},
    {.key = "check-certificate",
     .type = PRAC_CONF_BOOL,
     .offset = CONF(check),
     .hi = 1,
     .dflt = 1,
     .help = "Whether the server's certificate must be good."},
};
static const struct prac_conf_section section = {
    .path = "notify.webhook",
    .about = "Alerts as HTTP POST of JSON.",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct conf),
};
enum { TAKEN, LATER, REFUSED, COUNTERS };
static const struct prac_counter_def counters[COUNTERS] = {
    [TAKEN] = {"taken", "messages", "Answered with 2xx.", PRAC_COUNTER},
    [LATER] = {"later", "messages", "No answer, 5xx or 429: tried again.", PRAC_COUNTER},
    [REFUSED] = {"refused", "messages", "Any other answer: look at url and secret.", PRAC_COUNTER},
};
struct state {
  struct sys_net_curl curl;
  struct prac_json j;
};

static size_t swallow(char *p, size_t size, size_t n, void *arg)
{
  (void)p;
  (void)arg;
  return size * n; /* the answer's text is of no use */
}

static prac_rc open_webhook(void *st, const struct note_env *env, struct prac_err *reterr)
{
  struct state *s = st;
  const struct conf *c = env->conf;
  s->j = prac_json_of(0);
  if (!c->url[0]) return PRAC_FAIL(reterr, PRAC_RANGE, "url must be given");
  PRAC_TRY(sys_net_curl_open(&s->curl, env->net, c->url, "http,https",
                             (int)(c->timeout_ns / PRAC_MS), reterr));
  CURL *h = s->curl.h;
  CURLcode e = curl_easy_setopt(h, CURLOPT_POST, 1L);
  if (e == CURLE_OK) e = curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, swallow);
  if (e == CURLE_OK) e = curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
  if (e == CURLE_OK) e = curl_easy_setopt(h, CURLOPT_USERAGENT, "practice/" PRACTICE_VERSION);
  if (e == CURLE_OK) e = curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, c->check ? 1L : 0L);
  if (e == CURLE_OK) e = curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, c->check ? 2L : 0L);
  if (e == CURLE_OK) return PRAC_OK;
  return PRAC_FAIL(reterr, PRAC_UNSUPPORTED, "libcurl: %s", curl_easy_strerror(e));
}

static bool add(struct curl_slist **l, const char *line)
{
  struct curl_slist *more = curl_slist_append(*l, line);
  if (more) *l = more;
  return more != NULL;
}

/* The item's id as a header's value: printable ASCII, whatever it was made from. */
static void id_text(const char *id, char out[256])
{
  size_t n = 0;
  for (; id[n] && n < 255; n++) out[n] = id[n] > ' ' && id[n] < 0x7f ? id[n] : '_';
  out[n] = '\0';
}

/* What is signed is "TIMESTAMP.BODY": the time of the item, so a repeat has the same signature. */
static prac_rc headers(const struct state *s, const struct note_item *it, const struct conf *c,
                       struct curl_slist **ret, struct prac_err *reterr)
{
  char line[400], id[256], stamp[40], mac[NOTE_HMAC_TEXT];
  id_text(it->id, id);
  int n = snprintf(stamp, sizeof stamp, "%" PRId64 ".", it->at / PRAC_SEC);
  bool ok = add(ret, "Content-Type: application/json") && add(ret, "Expect:");
  (void)snprintf(line, sizeof line, "Idempotency-Key: %s", id);
  ok = ok && add(ret, line);
  (void)snprintf(line, sizeof line, "X-Practice-Timestamp: %.*s", n - 1, stamp);
  ok = ok && add(ret, line);
  if (c->secret[0]) {
    note_hmac(c->secret, stamp, (size_t)n, s->j.buf, s->j.len, mac);
    (void)snprintf(line, sizeof line, "X-Practice-Signature: sha256=%s", mac);
    ok = ok && add(ret, line);
  }
  return ok ? PRAC_OK : PRAC_FAIL(reterr, PRAC_AGAIN, "no memory for a message");
}

static prac_rc judge(struct state *s, CURLcode e, const struct note_env *env,
                     struct prac_err *reterr)
{
  long code = 0;
  (void)curl_easy_getinfo(s->curl.h, CURLINFO_RESPONSE_CODE, &code);
  bool answered = e == CURLE_OK;
  if (answered && code >= 200 && code < 300) {
    prac_count(&env->counters[TAKEN], 1);
    return PRAC_OK;
  }
  bool later = !answered || code >= 500 || code == 429 || code == 408;
  prac_count(&env->counters[later ? LATER : REFUSED], 1);
  if (answered)
    return PRAC_FAIL(reterr, later ? PRAC_AGAIN : PRAC_DENIED, "%s answers %ld", s->curl.host,
                     code);
  return PRAC_FAIL(reterr, PRAC_AGAIN, "%s: %s", s->curl.host,
                   s->curl.error[0] ? s->curl.error : curl_easy_strerror(e));
}

static prac_rc send_webhook(void *st, const struct note_item *it, const struct note_env *env,
                            struct prac_err *reterr)
{
  struct state *s = st;
  const struct conf *c = env->conf;
  struct curl_slist *l = NULL;
  prac_json_reset(&s->j);
  note_form_json(it, &s->j);
  if (s->j.bad) return PRAC_FAIL(reterr, PRAC_AGAIN, "no memory for a message");
  prac_rc rc = headers(s, it, c, &l, reterr);
  if (rc == PRAC_OK)
    rc = sys_net_curl_ready(&s->curl, env->net, (int)(c->timeout_ns / PRAC_MS), reterr);
  if (rc == PRAC_OK) {
    (void)curl_easy_setopt(s->curl.h, CURLOPT_HTTPHEADER, l);
    (void)curl_easy_setopt(s->curl.h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)s->j.len);
    (void)curl_easy_setopt(s->curl.h, CURLOPT_POSTFIELDS, s->j.buf);
    rc = judge(s, curl_easy_perform(s->curl.h), env, reterr);
    (void)curl_easy_setopt(s->curl.h, CURLOPT_HTTPHEADER, NULL);
  } else {
    prac_count(&env->counters[LATER], 1);
  }
  curl_slist_free_all(l);
  return rc;
}

static void close_webhook(void *st)
{
  struct state *s = st;
  sys_net_curl_close(&s->curl);
  prac_json_done(&s->j);
}

extern const struct note_way note_webhook;
const struct note_way note_webhook = {
    .name = "webhook",
    .about = "HTTP POST of signed JSON",
    .state_size = sizeof(struct state),
    .conf = &section,
    .counters = counters,
    .n_counters = COUNTERS,
    .open = open_webhook,
    .send = send_webhook,
    .close = close_webhook,
};
