/* Characters by their code, from one table. */
#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"

/* RFC 3629, table of section 4: no surrogates, no overlong forms. The second byte's range depends
 * on the first. */
size_t prac_utf8_len(const char *text, size_t n)
{
  static const struct {
    unsigned char first_lo, first_hi, second_lo, second_hi, len;
  } forms[] = {
      {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
      {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
      {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
  };
  const unsigned char *s = (const unsigned char *)text;
  if (n == 0) return 0;
  if (s[0] < 0x80) return 1;
  for (size_t f = 0; f < PRAC_ARRAY_LEN(forms); f++) {
    if (s[0] < forms[f].first_lo || s[0] > forms[f].first_hi) continue;
    if (forms[f].len > n || s[1] < forms[f].second_lo || s[1] > forms[f].second_hi) return 0;
    for (size_t i = 2; i < forms[f].len; i++)
      if ((s[i] & 0xc0) != 0x80) return 0;
    return forms[f].len;
  }
  return 0;
}

static uint32_t code_of(const char *text, size_t len)
{
  static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  uint32_t v = (unsigned char)text[0] & mask[len];
  for (size_t i = 1; i < len; i++) v = v << 6 | ((unsigned char)text[i] & 0x3f);
  return v;
}

static bool hidden(uint32_t code)
{
  static const struct {
    uint32_t first, last;
  } ranges[] = {
      {0, 0x1f},          {0x7f, 0x9f},       {0xad, 0xad},     {0x34f, 0x34f},
      {0x61c, 0x61c},     {0x115f, 0x1160},   {0x17b4, 0x17b5}, {0x180b, 0x180f},
      {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f}, {0x3164, 0x3164},
      {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3},
      {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(ranges); i++)
    if (code >= ranges[i].first && code <= ranges[i].last) return true;
  return false;
}

size_t prac_text_hidden(const char *s, size_t n)
{
  size_t len = prac_utf8_len(s, n);
  if (len == 0) return n > 0;
  return hidden(code_of(s, len)) ? len : 0;
}

bool prac_text_plain(const char *s)
{
  for (size_t n = strlen(s), i = 0; i < n; i += prac_utf8_len(s + i, n - i))
    if (prac_text_hidden(s + i, n - i)) return false;
  return true;
}

char *prac_text_shown(const char *s, char *to, size_t cap)
{
  char piece[16];
  size_t n = strlen(s), at = 0;
  for (size_t i = 0, len; i < n; i += len) {
    size_t bad = prac_text_hidden(s + i, n - i), real = prac_utf8_len(s + i, n - i);
    len = bad ? bad : real;
    if (!bad)
      (void)snprintf(piece, sizeof piece, "%.*s", (int)len, s + i);
    else if (real)
      (void)snprintf(piece, sizeof piece, "\\u%04x", code_of(s + i, len));
    else
      (void)snprintf(piece, sizeof piece, "\\x%02x", (unsigned char)s[i]);
    size_t more = strlen(piece);
    if (at + more >= cap) break;
    memcpy(to + at, piece, more);
    at += more;
  }
  to[at] = 0;
  return to;
}
