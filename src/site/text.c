/* Files of other programs are written from forms that look like the files themselves: what is in
 * them can be read in one place. */
#include "site/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static bool room_for(struct site_text *t, size_t more)
{
  if (t->bad) return false;
  if (t->n + more + 1 <= t->cap) return true;
  size_t cap = t->cap ? t->cap : 4096;
  while (cap < t->n + more + 1 && cap < SITE_TEXT_MAX) cap *= 2;
  char *p = cap >= t->n + more + 1 ? realloc(t->buf, cap) : NULL;
  t->bad = p == NULL;
  if (!p) return false;
  t->buf = p;
  t->cap = cap;
  return true;
}

static void put(struct site_text *t, const char *s, size_t n)
{
  if (!room_for(t, n)) return;
  memcpy(t->buf + t->n, s, n);
  t->n += n;
  t->buf[t->n] = '\0';
}

void site_text_add(struct site_text *t, const char *fmt, ...)
{
  va_list ap, again;
  va_start(ap, fmt);
  va_copy(again, ap);
  int n = vsnprintf(NULL, 0, fmt, ap);
  va_end(ap);
  if (n >= 0 && room_for(t, (size_t)n)) {
    (void)vsnprintf(t->buf + t->n, t->cap - t->n, fmt, again);
    t->n += (size_t)n;
  }
  va_end(again);
}

static const char *value_of(const struct site_var *vars, const char *name, size_t n)
{
  while (vars->name && !(strlen(vars->name) == n && memcmp(vars->name, name, n) == 0)) vars++;
  PRAC_INSIST(vars->name); /* else: a place in a form without a value */
  return vars->value;
}

void site_text_fill(struct site_text *t, const char *form, const struct site_var *vars)
{
  for (const char *at = form; *at;) {
    size_t plain = strcspn(at, "@");
    put(t, at, plain);
    at += plain;
    if (!*at) return;
    size_t n = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz-");
    PRAC_INSIST(at[1 + n] == '@');
    const char *v = value_of(vars, at + 1, n);
    put(t, v, strlen(v));
    at += n + 2;
  }
}

void site_text_done(struct site_text *t)
{
  free(t->buf);
  *t = (struct site_text){0};
}
