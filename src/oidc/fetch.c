/* One question to the provider over libcurl: https, bounded in bytes and time, no redirect. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "oidc/impl.h"

struct answer {
  char *v;
  size_t n, cap, max;
  bool bad;
};

static size_t take(char *p, size_t size, size_t n, void *arg)
{
  struct answer *a = arg;
  size_t more = size * n;
  if (more > a->max - a->n) a->bad = true;
  if (!a->bad && a->n + more >= a->cap) {
    size_t cap = 2 * (a->n + more) + 1024;
    char *v = realloc(a->v, cap);
    if (v) a->v = v, a->cap = cap;
    a->bad = !v;
  }
  if (a->bad) return 0;
  memcpy(a->v + a->n, p, more);
  a->n += more;
  a->v[a->n] = '\0';
  return more;
}

/* Not 0: stop. */
static int stopped(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
  const _Atomic bool *const *stop = arg;
  (void)a, (void)b, (void)c, (void)d;
  return *stop && atomic_load(*stop);
}

static CURLcode set_up(CURL *h, const struct oidc_ask *q, struct answer *a)
{
  CURLcode e = curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, take);
  if (e == CURLE_OK) e = curl_easy_setopt(h, CURLOPT_WRITEDATA, a);
  if (e == CURLE_OK) e = curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
  if (e == CURLE_OK) e = curl_easy_setopt(h, CURLOPT_USERAGENT, "practice/" PRACTICE_VERSION);
  if (e == CURLE_OK) e = curl_easy_setopt(h, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  if (e == CURLE_OK && q->form) e = curl_easy_setopt(h, CURLOPT_POSTFIELDS, q->form);
  if (e == CURLE_OK && q->user) e = curl_easy_setopt(h, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
  if (e == CURLE_OK && q->user) e = curl_easy_setopt(h, CURLOPT_USERNAME, q->user);
  if (e == CURLE_OK && q->user) e = curl_easy_setopt(h, CURLOPT_PASSWORD, q->secret);
  return e;
}

static prac_rc perform(struct sys_net_curl *c, const struct oidc_ask *q, const _Atomic bool *stop,
                       struct oidc_said *ret, struct prac_err *reterr)
{
  struct answer a = {.max = q->max};
  struct curl_slist *l = curl_slist_append(NULL, "Accept: application/json");
  long status = 0;
  CURLcode e = l ? set_up(c->h, q, &a) : CURLE_OUT_OF_MEMORY;
  if (e == CURLE_OK) e = curl_easy_setopt(c->h, CURLOPT_HTTPHEADER, l);
  if (e == CURLE_OK) e = curl_easy_setopt(c->h, CURLOPT_XFERINFOFUNCTION, stopped);
  if (e == CURLE_OK) e = curl_easy_setopt(c->h, CURLOPT_XFERINFODATA, &stop);
  if (e == CURLE_OK) e = curl_easy_setopt(c->h, CURLOPT_NOPROGRESS, 0L);
  if (e == CURLE_OK) e = curl_easy_perform(c->h);
  (void)curl_easy_getinfo(c->h, CURLINFO_RESPONSE_CODE, &status);
  curl_slist_free_all(l);
  if (e == CURLE_OK && !a.v) e = CURLE_GOT_NOTHING;
  if (e != CURLE_OK) {
    free(a.v);
    return PRAC_FAIL(reterr, PRAC_AGAIN, "%s: %s", c->host,
                     a.bad         ? "the answer is too long"
                     : c->error[0] ? c->error
                                   : curl_easy_strerror(e));
  }
  *ret = (struct oidc_said){.status = (int)status, .body = a.v, .len = a.n};
  return PRAC_OK;
}

prac_rc oidc_curl(void *arg, const struct oidc_ask *q, struct oidc_said *ret,
                  struct prac_err *reterr)
{
  const struct oidc_env *env = arg;
  struct sys_net_curl c = {0};
  int ms = (int)(env->conf->timeout_ns / PRAC_MS);
  prac_rc rc = sys_net_curl_open(&c, env->net, q->url, env->conf->plain ? "http,https" : "https",
                                 ms, reterr);
  if (rc == PRAC_OK) rc = sys_net_curl_ready(&c, env->net, ms, reterr);
  if (rc == PRAC_OK) rc = perform(&c, q, env->stop, ret, reterr);
  sys_net_curl_close(&c);
  return rc;
}
