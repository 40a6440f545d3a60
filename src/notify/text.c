#include "notify/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void note_text_done(struct note_text *t)
{
  free(t->p);
  *t = (struct note_text){.p = NULL};
}

static bool room(struct note_text *t, size_t n)
{
  if (t->bad || n > NOTE_TEXT_MAX || t->n + n + 1 > NOTE_TEXT_MAX) {
    t->bad = true;
    return false;
  }
  if (t->n + n + 1 <= t->cap) return true;
  size_t cap = t->cap ? t->cap : 1024;
  while (cap < t->n + n + 1) cap *= 2;
  char *p = realloc(t->p, cap);
  if (!p) {
    t->bad = true;
    return false;
  }
  t->p = p;
  t->cap = cap;
  return true;
}

void note_text_put(struct note_text *t, const void *p, size_t n)
{
  if (!room(t, n)) return;
  if (n) memcpy(t->p + t->n, p, n);
  t->n += n;
  t->p[t->n] = '\0';
}

void note_text_add(struct note_text *t, const char *fmt, ...)
{
  va_list ap, again;
  va_start(ap, fmt);
  va_copy(again, ap);
  int n = vsnprintf(NULL, 0, fmt, ap);
  va_end(ap);
  if (n < 0) t->bad = true;
  if (n >= 0 && room(t, (size_t)n)) {
    (void)vsnprintf(t->p + t->n, (size_t)n + 1, fmt, again);
    t->n += (size_t)n;
  }
  va_end(again);
}

/* Line ends of Unicode, and what makes a reader's screen write backwards. */
static bool harmful(uint32_t c)
{
  static const struct {
    uint32_t first, last;
  } bad[] = {{0x80, 0x9f}, {0xd800, 0xdfff}, {0x2028, 0x202e}, {0x2066, 0x2069}};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bad); i++)
    if (c >= bad[i].first && c <= bad[i].last) return true;
  return c > 0x10ffff;
}

size_t note_text_char(const char *s, size_t n)
{
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const uint8_t *p = (const uint8_t *)s;
  if (n == 0) return 0;
  if (p[0] < 0x80) return p[0] >= 0x20 && p[0] != 0x7f ? 1 : 0;
  size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
  if (p[0] < 0xc2 || p[0] > 0xf4 || n < len) return 0;
  uint32_t c = p[0] & (0xffu >> (len + 1));
  for (size_t i = 1; i < len; i++) {
    if ((p[i] & 0xc0) != 0x80) return 0;
    c = c << 6 | (p[i] & 0x3f);
  }
  return c < least[len] || harmful(c) ? 0 : len;
}

void note_text_word(struct note_text *t, const char *s)
{
  size_t left = s ? strnlen(s, NOTE_WORD_MAX + 4) : 0, used = 0;
  while (left && used < NOTE_WORD_MAX) {
    size_t n = note_text_char(s, left);
    note_text_put(t, n ? s : "?", n ? n : 1);
    if (!n) n = 1;
    used += n;
    s += n;
    left -= n;
  }
}
