#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct prac_json prac_json_of(size_t max_bytes)
{
  return (struct prac_json){.max = max_bytes ? max_bytes : SIZE_MAX / 4};
}

void prac_json_done(struct prac_json *j)
{
  free(j->buf);
  *j = (struct prac_json){.max = j->max};
}

void prac_json_reset(struct prac_json *j)
{
  j->len = 0;
  j->comma = 0;
  j->depth = 0;
  j->after_key = j->bad = false;
}

static bool room_for(struct prac_json *j, size_t n)
{
  if (j->bad || n >= j->max - j->len) return !(j->bad = true);
  if (j->len + n < j->cap) return true;
  size_t cap = j->cap ? j->cap : 256;
  while (cap <= j->len + n) cap *= 2;
  char *buf = realloc(j->buf, cap);
  if (!buf) return !(j->bad = true);
  j->buf = buf;
  j->cap = cap;
  return true;
}

static void put(struct prac_json *j, const char *s, size_t n)
{
  if (!room_for(j, n)) return;
  memcpy(j->buf + j->len, s, n);
  j->len += n;
  j->buf[j->len] = 0;
}

static void before_value(struct prac_json *j)
{
  uint32_t bit = 1u << (j->depth & 31);
  if (!j->after_key && (j->comma & bit)) put(j, ",", 1);
  j->comma |= bit;
  j->after_key = false;
}

void prac_json_open(struct prac_json *j, char bracket)
{
  before_value(j);
  put(j, &bracket, 1);
  j->depth++;
  j->comma &= ~(1u << (j->depth & 31));
}

void prac_json_close(struct prac_json *j, char bracket)
{
  if (j->depth > 0) j->depth--;
  put(j, &bracket, 1);
}

static void put_escaped(struct prac_json *j, unsigned char c)
{
  char esc[8];
  static const char plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
  const char *at = c ? strchr(plain, c) : NULL;
  if (at)
    (void)snprintf(esc, sizeof esc, "\\%c", letter[at - plain]);
  else
    (void)snprintf(esc, sizeof esc, "\\u%04x", c);
  put(j, esc, strlen(esc));
}

static void put_string(struct prac_json *j, const char *s, size_t n)
{
  put(j, "\"", 1);
  for (size_t i = 0; i < n;) {
    const unsigned char *u = (const unsigned char *)s + i;
    size_t len = prac_utf8_len(s + i, n - i);
    if (len == 0)
      put(j, "\xef\xbf\xbd", 3);
    else if (*u < 0x20 || *u == '"' || *u == '\\' || *u == 0x7f)
      put_escaped(j, *u);
    else
      put(j, s + i, len);
    i += len ? len : 1;
  }
  put(j, "\"", 1);
}

void prac_json_key(struct prac_json *j, const char *key)
{
  before_value(j);
  put_string(j, key, strlen(key));
  put(j, ":", 1);
  j->after_key = true;
}

void prac_json_strn(struct prac_json *j, const char *s, size_t n)
{
  before_value(j);
  put_string(j, s, n);
}

void prac_json_str(struct prac_json *j, const char *s)
{
  if (s)
    prac_json_strn(j, s, strlen(s));
  else
    prac_json_null(j);
}

void prac_json_u64(struct prac_json *j, uint64_t v)
{
  char t[24];
  prac_json_raw(j, t, (size_t)snprintf(t, sizeof t, "%llu", (unsigned long long)v));
}

void prac_json_i64(struct prac_json *j, int64_t v)
{
  char t[24];
  prac_json_raw(j, t, (size_t)snprintf(t, sizeof t, "%lld", (long long)v));
}

void prac_json_f64(struct prac_json *j, double v)
{
  char t[40];
  if (!isfinite(v)) {
    prac_json_null(j);
    return;
  }
  for (int digits = 6; digits <= 17; digits++) { /* the first that reads back the same */
    (void)snprintf(t, sizeof t, "%.*g", digits, v);
    if (memcmp(&(double){strtod(t, NULL)}, &v, sizeof v) == 0) break;
  }
  prac_json_raw(j, t, strlen(t));
}

void prac_json_bool(struct prac_json *j, bool v)
{
  if (v)
    prac_json_raw(j, "true", 4);
  else
    prac_json_raw(j, "false", 5);
}

void prac_json_null(struct prac_json *j)
{
  prac_json_raw(j, "null", 4);
}

void prac_json_ip(struct prac_json *j, const struct prac_ip *a)
{
  char t[PRAC_IP_TEXT];
  prac_json_str(j, prac_ip_text(t, a));
}

void prac_json_time(struct prac_json *j, prac_time at)
{
  char t[PRAC_TIME_TEXT];
  if (at == PRAC_TIME_NONE)
    prac_json_null(j);
  else
    prac_json_str(j, prac_time_text(t, at));
}

void prac_json_raw(struct prac_json *j, const char *json, size_t n)
{
  before_value(j);
  put(j, json, n);
}

void prac_json_newline(struct prac_json *j)
{
  put(j, "\n", 1);
  if (j->depth == 0) j->comma = 0;
}

void prac_json_key_str(struct prac_json *j, const char *key, const char *s)
{
  prac_json_key(j, key);
  prac_json_str(j, s);
}

void prac_json_key_u64(struct prac_json *j, const char *key, uint64_t v)
{
  prac_json_key(j, key);
  prac_json_u64(j, v);
}

void prac_json_key_f64(struct prac_json *j, const char *key, double v)
{
  prac_json_key(j, key);
  prac_json_f64(j, v);
}

void prac_json_key_bool(struct prac_json *j, const char *key, bool v)
{
  prac_json_key(j, key);
  prac_json_bool(j, v);
}

void prac_json_key_time(struct prac_json *j, const char *key, prac_time t)
{
  prac_json_key(j, key);
  prac_json_time(j, t);
}
