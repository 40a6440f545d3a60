/* Text protocols share lines, words and heads; their vectors must not each have an own idea of
 * them. */
#include "wire/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct wire_text wire_text_of(struct prac_rd r)
{
  return (struct wire_text){(const char *)r.p, prac_rd_left(&r)};
}

bool wire_text_line(struct prac_rd *r, struct wire_text *ret)
{
  size_t n = prac_rd_left(r), line = 0;
  if (n == 0) return false;
  while (line < n && r->p[line] != '\n') line++;
  *ret = (struct wire_text){(const char *)prac_rd_bytes(r, line), line};
  prac_rd_skip(r, line < n ? 1 : 0);
  if (ret->n && ret->p[ret->n - 1] == '\r') ret->n--;
  return true;
}

static bool blank(char c)
{
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct wire_text wire_text_trim(struct wire_text t)
{
  while (t.n && blank(*t.p)) t.p++, t.n--;
  while (t.n && blank(t.p[t.n - 1])) t.n--;
  return t;
}

struct wire_text wire_text_word(struct wire_text *t)
{
  while (t->n && blank(*t->p)) t->p++, t->n--;
  struct wire_text word = {t->p, 0};
  while (t->n && !blank(*t->p)) t->p++, t->n--, word.n++;
  return word;
}

static char lower(char c)
{
  if (c >= 'A' && c <= 'Z') return "abcdefghijklmnopqrstuvwxyz"[c - 'A'];
  return c;
}

bool wire_text_begins(struct wire_text t, const char *head)
{
  size_t i = 0;
  while (i < t.n && head[i] && lower(head[i]) == lower(t.p[i])) i++;
  return !head[i];
}

bool wire_text_is(struct wire_text t, const char *word)
{
  return t.n == strlen(word) && wire_text_begins(t, word);
}

bool wire_text_same(struct wire_text t, const char *word)
{
  return t.n == strlen(word) && memcmp(t.p, word, t.n) == 0;
}

size_t wire_text_find(struct wire_text t, const char *needle)
{
  const char *at = t.n ? memmem(t.p, t.n, needle, strlen(needle)) : NULL;
  return at ? (size_t)(at - t.p) : t.n;
}

bool wire_text_printable(struct wire_text t)
{
  for (size_t i = 0; i < t.n; i++)
    if (t.p[i] < 0x20 || t.p[i] > 0x7e) return false;
  return true;
}

bool wire_text_field(struct wire_text line, struct wire_text *ret_name, struct wire_text *ret_value)
{
  size_t colon = wire_text_find(line, ":");
  struct wire_text name = wire_text_trim((struct wire_text){line.p, colon});
  if (colon == line.n || name.n == 0) return false;
  *ret_name = name;
  *ret_value = wire_text_trim((struct wire_text){line.p + colon + 1, line.n - colon - 1});
  return true;
}

bool wire_text_cstring(struct prac_rd *r, struct wire_text *ret)
{
  size_t n = prac_rd_left(r), len = 0;
  while (len < n && r->p[len] != 0) len++;
  if (len == n) return false;
  *ret = (struct wire_text){(const char *)prac_rd_bytes(r, len), len};
  prac_rd_skip(r, 1);
  return true;
}

void wire_text_put(struct prac_wr *w, const char *s)
{
  prac_wr_bytes(w, s, strlen(s));
}

void wire_text_copy(struct prac_wr *w, struct wire_text t)
{
  prac_wr_bytes(w, t.p, t.n);
}

void wire_text_putf(struct prac_wr *w, const char *fmt, ...)
{
  char line[512];
  va_list args;
  va_start(args, fmt);
  int n = vsnprintf(line, sizeof line, fmt, args);
  va_end(args);
  if (n < 0 || (size_t)n >= sizeof line)
    w->bad = true;
  else
    prac_wr_bytes(w, line, (size_t)n);
}
