#include "notify/push.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "notify/form.h"
#include "notify/sha.h"

enum { ANSWER_MAX = 64 << 10 };

/* The answer's text is of no use; who sends one without end is not listened to. */
static size_t swallow(char *p, size_t size, size_t n, void *arg)
{
  struct note_push *push = arg;
  (void)p;
  push->answered += size * n;
  return push->answered <= ANSWER_MAX ? size * n : 0;
}

prac_rc note_push_open(struct note_push *p, const struct sys_net *net,
                       const struct note_push_to *to, struct prac_err *reterr)
{
  p->j = prac_json_of(0);
  p->timeout_ms = to->timeout_ms;
  p->guard = to->guard;
  PRAC_TRY(sys_net_curl_open(&p->curl, net, to->url, to->schemes, to->timeout_ms, reterr));
  if (p->guard) PRAC_TRY(note_guard_set(p->curl.h, p->guard, reterr));
  CURL *h = p->curl.h;
  CURLcode e = curl_easy_setopt(h, CURLOPT_POST, 1L);
  if (e == CURLE_OK) e = curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, swallow);
  if (e == CURLE_OK) e = curl_easy_setopt(h, CURLOPT_WRITEDATA, p);
  if (e == CURLE_OK) e = curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
  if (e == CURLE_OK) e = curl_easy_setopt(h, CURLOPT_USERAGENT, "practice/" PRACTICE_VERSION);
  if (e == CURLE_OK) e = curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, to->check ? 1L : 0L);
  if (e == CURLE_OK) e = curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, to->check ? 2L : 0L);
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
static prac_rc headers(const struct note_push *p, const struct note_item *it, const char *secret,
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
  if (secret[0]) {
    note_hmac(secret, stamp, (size_t)n, p->j.buf, p->j.len, mac);
    (void)snprintf(line, sizeof line, "X-Practice-Signature: sha256=%s", mac);
    ok = ok && add(ret, line);
  }
  return ok ? PRAC_OK : PRAC_FAIL(reterr, PRAC_AGAIN, "no memory for a message");
}

static prac_rc judge(struct note_push *p, CURLcode e, struct prac_err *reterr)
{
  long code = 0;
  const char *host = p->curl.host;
  (void)curl_easy_getinfo(p->curl.h, CURLINFO_RESPONSE_CODE, &code);
  if (p->guard && p->guard->refused)
    return PRAC_FAIL(reterr, PRAC_DENIED, "%s is no address that may be gone to from here", host);
  bool answered = e == CURLE_OK || (e == CURLE_WRITE_ERROR && code > 0);
  if (answered && code >= 200 && code < 300) return PRAC_OK;
  bool later = !answered || code >= 500 || code == 429 || code == 408;
  if (answered)
    return PRAC_FAIL(reterr, later ? PRAC_AGAIN : PRAC_DENIED, "%s answers %ld", host, code);
  return PRAC_FAIL(reterr, PRAC_AGAIN, "%s: %s", host,
                   p->curl.error[0] ? p->curl.error : curl_easy_strerror(e));
}

static prac_rc post(struct note_push *p, struct curl_slist *l, struct prac_err *reterr)
{
  CURL *h = p->curl.h;
  p->answered = 0;
  if (p->guard) p->guard->refused = false;
  (void)curl_easy_setopt(h, CURLOPT_HTTPHEADER, l);
  (void)curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)p->j.len);
  (void)curl_easy_setopt(h, CURLOPT_POSTFIELDS, p->j.buf);
  prac_rc rc = judge(p, curl_easy_perform(h), reterr);
  (void)curl_easy_setopt(h, CURLOPT_HTTPHEADER, NULL);
  return rc;
}

prac_rc note_push_send(struct note_push *p, const struct sys_net *net, const struct note_item *it,
                       const char *secret, struct prac_err *reterr)
{
  struct curl_slist *l = NULL;
  prac_json_reset(&p->j);
  note_form_json(it, &p->j);
  if (p->j.bad) return PRAC_FAIL(reterr, PRAC_AGAIN, "no memory for a message");
  prac_rc rc = headers(p, it, secret, &l, reterr);
  if (rc == PRAC_OK) rc = sys_net_curl_ready(&p->curl, net, p->timeout_ms, reterr);
  if (rc == PRAC_OK) rc = post(p, l, reterr);
  curl_slist_free_all(l);
  return rc;
}

void note_push_close(struct note_push *p)
{
  sys_net_curl_close(&p->curl);
  prac_json_done(&p->j);
}
