/* Written apart from the server so that every byte a stranger can choose here is reachable by the
 * fuzzer without a socket. The library's own URL decoding is switched off: it forgives too much
 * (embedded NUL, broken escapes), and two readers of one path are how filters get bypassed. */
#include "sys/http_target.h"

#include <string.h>
#include <strings.h>

static int hex(char c)
{
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* Decodes s[0..n) into to (NUL-terminated); never grows. False: a broken escape or a control byte.
 */
static bool decode(const char *s, size_t n, bool plus_is_space, char *to)
{
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)s[i];
    if (c == '%') {
      if (n - i < 3 || hex(s[i + 1]) < 0 || hex(s[i + 2]) < 0) return false;
      c = (unsigned char)(hex(s[i + 1]) << 4 | hex(s[i + 2]));
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c < 0x20 || c == 0x7f) return false;
    *to++ = (char)c;
  }
  *to = 0;
  return true;
}

static bool path_is_plain(const char *p)
{
  if (*p != '/' || strstr(p, "//") || strstr(p, "/..") || strchr(p, '\\')) return false;
  for (; *p; p++)
    if ((unsigned char)*p >= 0x80) return false;
  return true;
}

static prac_rc parse_params(const char *q, char *to, struct sys_http_target *t,
                            struct prac_err *reterr)
{
  while (*q) {
    size_t n = strcspn(q, "&");
    if (n > 0) {
      const char *eq = memchr(q, '=', n);
      size_t name_n = eq ? (size_t)(eq - q) : n, value_n = eq ? n - name_n - 1 : 0;
      if (t->n_params == SYS_HTTP_PARAMS)
        return PRAC_FAIL(reterr, PRAC_RANGE, "more than %d parameters", SYS_HTTP_PARAMS);
      char *name = to, *value = to + name_n + 1;
      if (!decode(q, name_n, true, name) || !decode(eq ? eq + 1 : "", value_n, true, value))
        return PRAC_FAIL(reterr, PRAC_MALFORMED, "parameter %zu is not readable", t->n_params + 1);
      t->params[t->n_params++] = (struct sys_http_param){name, value};
      to = value + value_n + 1;
    }
    q += n + (q[n] == '&');
  }
  return PRAC_OK;
}

prac_rc sys_http_target_parse(const char *raw, struct sys_http_target *ret, struct prac_err *reterr)
{
  size_t n = strnlen(raw, SYS_HTTP_TARGET_MAX + 1), path_n = strcspn(raw, "?#");
  /* Each parameter needs at most its own bytes and one NUL more ("a&b": two names, two values). */
  if (n > SYS_HTTP_TARGET_MAX - SYS_HTTP_PARAMS * 2)
    return PRAC_FAIL(reterr, PRAC_RANGE, "the address is longer than %d bytes",
                     SYS_HTTP_TARGET_MAX - SYS_HTTP_PARAMS * 2);
  ret->n_params = 0;
  ret->path = ret->buf;
  if (!decode(raw, path_n, false, ret->buf) || !path_is_plain(ret->buf))
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "the path is not readable");
  if (raw[path_n] != '?') return PRAC_OK;
  return parse_params(raw + path_n + 1, ret->buf + path_n + 1, ret, reterr);
}

const char *sys_http_target_param(const struct sys_http_target *t, const char *name)
{
  for (size_t i = 0; i < t->n_params; i++)
    if (strcmp(t->params[i].name, name) == 0) return t->params[i].value;
  return NULL;
}

static const char *skip_space(const char *s)
{
  return s + strspn(s, " \t");
}

bool sys_http_etag_matches(const char *if_none_match, const char *etag)
{
  size_t n = strlen(etag);
  for (const char *s = if_none_match; s && *s;) {
    s = skip_space(s);
    if (*s == '*') return true;
    if (s[0] == 'W' && s[1] == '/') s += 2;
    if (*s != '"') return false;
    size_t len = strcspn(++s, "\"");
    if (len == n && memcmp(s, etag, n) == 0) return true;
    s += len;
    s += strcspn(s, ",");
    s += *s == ',';
  }
  return false;
}

/* "q=0", "q=0.0", "q=0.000": refused. */
static bool quality_is_zero(const char *s, size_t n)
{
  const char *q = memchr(s, 'q', n);
  if (!q) return false;
  size_t left = n - (size_t)(q - s), i = 1;
  if (i >= left || q[i] != '=') return false;
  for (i++; i < left && (q[i] == '0' || q[i] == '.' || q[i] == ' '); i++) continue;
  return i == left;
}

bool sys_http_accepts_coding(const char *accept_encoding, const char *coding)
{
  size_t want = strlen(coding);
  for (const char *s = accept_encoding; s && *s;) {
    s = skip_space(s);
    size_t n = strcspn(s, ","), name = strcspn(s, ",; \t");
    if (name == want && strncasecmp(s, coding, want) == 0)
      return !quality_is_zero(s + name, n - name);
    s += n + (s[n] == ',');
  }
  return false;
}

bool sys_http_host_in(const char *host, const char *const *names, size_t n)
{
  size_t len;
  if (!host) return false;
  if (*host == '[') {
    host++;
    len = strcspn(host, "]");
    if (host[len] != ']') return false;
  } else {
    len = strcspn(host, ":");
  }
  for (size_t i = 0; i < n; i++)
    if (strlen(names[i]) == len && strncasecmp(names[i], host, len) == 0) return true;
  return false;
}

static bool copied(const char *s, size_t n, char *to, size_t cap)
{
  if (n == 0 || n >= cap) return false;
  memcpy(to, s, n);
  to[n] = 0;
  return true;
}

bool sys_http_cookie(const char *cookies, const char *name, char *to, size_t cap)
{
  size_t n_name = strlen(name);
  for (const char *s = cookies; s && *s;) {
    s += strspn(s, "; ");
    size_t n = strcspn(s, ";");
    if (n > n_name && s[n_name] == '=' && memcmp(s, name, n_name) == 0)
      return copied(s + n_name + 1, n - n_name - 1, to, cap);
    s += n;
  }
  return false;
}

bool sys_http_bearer(const char *authorization, char *to, size_t cap)
{
  static const char scheme[] = "Bearer ",
                    letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-._~+/=";
  if (!authorization || strncmp(authorization, scheme, sizeof scheme - 1) != 0) return false;
  const char *s = authorization + sizeof scheme - 1;
  size_t n = strspn(s, letters);
  return s[n] == 0 && copied(s, n, to, cap);
}

bool sys_http_origin_is(const char *origin, const char *host)
{
  char name[256];
  const char *const names[] = {name};
  const char *s = strncmp(origin, "https://", 8) == 0  ? origin + 8
                  : strncmp(origin, "http://", 7) == 0 ? origin + 7
                                                       : NULL;
  if (!s) return false;
  bool v6 = *s == '[';
  s += v6;
  size_t n = strspn(s, v6 ? ":.0123456789abcdefABCDEF"
                          : "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
  if (!host || v6 != (*host == '[') || (v6 && s[n] != ']')) return false;
  const char *after = s + n + v6;
  if (*after == ':') after += 1 + strspn(after + 1, "0123456789");
  return *after == 0 && copied(s, n, name, sizeof name) && sys_http_host_in(host, names, 1);
}

bool sys_http_type_is(const char *type, const char *wanted)
{
  size_t n = strlen(wanted);
  return type && strncmp(type, wanted, n) == 0 && strchr("; ", type[n]);
}

prac_rc sys_http_forwarded_for(const char *value, struct prac_ip *ret)
{
  const char *last = strrchr(value, ',');
  last = skip_space(last ? last + 1 : value);
  size_t n = strcspn(last, " \t");
  return prac_ip_parse(last, n, ret);
}
