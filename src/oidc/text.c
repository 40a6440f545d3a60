/* Texts that go out, and the first look at what came in. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/random.h>

#include "base/ip.h"
#include "oidc/impl.h"

static void put(struct oidc_text *t, const char *s, size_t n)
{
  if (t->bad || n >= t->cap - t->n) {
    t->bad = true;
    return;
  }
  memcpy(t->v + t->n, s, n);
  t->n += n;
  t->v[t->n] = '\0';
}

void oidc_text_put(struct oidc_text *t, const char *s)
{
  put(t, s, strlen(s));
}

void oidc_text_escape(struct oidc_text *t, const char *s)
{
  static const char hex[] = "0123456789ABCDEF",
                    as_is[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  for (; *s; s++) {
    unsigned char c = (unsigned char)*s;
    if (strchr(as_is, *s))
      put(t, s, 1);
    else
      put(t, (char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
  }
}

void oidc_text_param(struct oidc_text *t, const char *name, const char *value)
{
  if (t->n > 0 && !strchr("?&", t->v[t->n - 1])) oidc_text_put(t, "&");
  oidc_text_put(t, name);
  oidc_text_put(t, "=");
  oidc_text_escape(t, value);
}

void oidc_base64url(const uint8_t *p, size_t n, char *to)
{
  (void)EVP_EncodeBlock((unsigned char *)to, p, (int)n);
  to[strcspn(to, "=")] = '\0';
  for (; *to; to++) {
    if (*to == '+') *to = '-';
    if (*to == '/') *to = '_';
  }
}

bool oidc_is_base64url(const char *s, size_t n)
{
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return n > 0 && n % 4 != 1 && strspn(s, letters) >= n;
}

prac_rc oidc_random(char to[OIDC_COOKIE], struct prac_err *reterr)
{
  uint8_t b[32];
  char text[48];
  if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b)
    return PRAC_FAIL(reterr, PRAC_IO, "the kernel gives no random bytes");
  oidc_base64url(b, sizeof b, text);
  memcpy(to, text, OIDC_COOKIE);
  explicit_bzero(text, sizeof text);
  explicit_bzero(b, sizeof b);
  return PRAC_OK;
}

bool oidc_same(const char *a, const char *b)
{
  size_t n = strlen(a);
  return n == strlen(b) && CRYPTO_memcmp(a, b, n) == 0;
}

/* Of "host:port/path", "[::1]:port/path". */
static bool is_loopback(const char *s)
{
  struct prac_ip ip;
  bool six = *s == '[';
  s += six;
  size_t n = strcspn(s, six ? "]" : ":/");
  if (n == 9 && memcmp(s, "localhost", 9) == 0) return true;
  if (prac_ip_parse(s, n, &ip) != PRAC_OK) return false;
  static const uint8_t loop6[16] = {[15] = 1};
  return prac_ip_is4(&ip) ? ip.b[12] == 127 : memcmp(ip.b, loop6, sizeof loop6) == 0;
}

bool oidc_url_ok(const char *url, bool plain)
{
  size_t n = strlen(url), scheme = strncmp(url, "https://", 8) == 0 ? 8 : 7;
  if (n >= OIDC_URL || n == scheme) return false;
  if (scheme == 7 && (!plain || strncmp(url, "http://", 7) != 0 || !is_loopback(url + 7)))
    return false;
  for (const char *s = url; *s; s++)
    if (*s <= ' ' || *s >= 0x7f || strchr("\"<>\\^`{|}#", *s)) return false;
  size_t host = strcspn(url + scheme, "/?");
  return host > 0 && !memchr(url + scheme, '@', host);
}

json_t *oidc_object(const char *text, size_t n)
{
  json_t *j = n > OIDC_ANSWER ? NULL : json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
  if (json_is_object(j)) return j;
  json_decref(j);
  return NULL;
}

bool oidc_lists(const json_t *array, const char *word)
{
  for (size_t i = 0; i < json_array_size(array); i++) {
    const char *s = json_string_value(json_array_get(array, i));
    if (s && strcmp(s, word) == 0) return true;
  }
  return false;
}
