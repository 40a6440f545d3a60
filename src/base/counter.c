/* Counters as text. One writer per form, here, so that every page and command shows the same. */
#include "base/counter.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
  char *p;
  size_t n, cap;
  bool bad;
};

static void add(struct text *t, const char *s, size_t n)
{
  if (t->bad) return;
  if (t->n + n + 1 > t->cap) {
    size_t cap = 2 * (t->n + n + 256);
    char *p = realloc(t->p, cap);
    if (!p) {
      t->bad = true;
      return;
    }
    t->p = p;
    t->cap = cap;
  }
  memcpy(t->p + t->n, s, n);
  t->n += n;
  t->p[t->n] = 0;
}

static void say(struct text *t, const char *fmt, ...) PRAC_PRINTF(2, 3);
static void say(struct text *t, const char *fmt, ...)
{
  char line[256];
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(line, sizeof line, fmt, ap);
  va_end(ap);
  if (n > 0) add(t, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

/* In HELP, backslash and newline are escaped; in a label's value, the quote too. */
static void escaped(struct text *t, const char *s, bool label)
{
  for (; *s; s++) {
    if (*s == '\n')
      add(t, "\\n", 2);
    else if (*s == '\\' || (label && *s == '"')) {
      add(t, "\\", 1);
      add(t, s, 1);
    } else
      add(t, s, 1);
  }
}

static void word(struct text *t, const char *s, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    char c = s[i];
    bool legal = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    add(t, legal ? &c : "_", 1);
  }
}

static size_t family(const char *room)
{
  return strcspn(room, "/");
}

static bool related(const struct prac_counters *a, const struct prac_counters *b)
{
  size_t n = family(a->room);
  return a->defs == b->defs && n == family(b->room) && memcmp(a->room, b->room, n) == 0;
}

static void metric(struct text *t, const struct prac_counters *c, const struct prac_counter_def *d)
{
  add(t, "practice_", 9);
  word(t, c->room, family(c->room));
  add(t, "_", 1);
  word(t, d->name, strlen(d->name));
  if (d->kind == PRAC_COUNTER) add(t, "_total", 6);
}

static void sample(struct text *t, const struct prac_counters *c, size_t k)
{
  const char *instance = c->room + family(c->room);
  metric(t, c, &c->defs[k]);
  if (*instance) {
    add(t, "{instance=\"", 11);
    escaped(t, instance + 1, true);
    add(t, "\"}", 2);
  }
  say(t, " %llu\n", (unsigned long long)prac_counter_get(&c->values[k]));
}

static void one_metric(struct text *t, const struct prac_counters *c, size_t i, size_t n, size_t k)
{
  const struct prac_counter_def *d = &c[i].defs[k];
  add(t, "# HELP ", 7);
  metric(t, &c[i], d);
  add(t, " ", 1);
  escaped(t, d->help, false);
  say(t, " (%s)\n# TYPE ", d->unit);
  metric(t, &c[i], d);
  say(t, " %s\n", d->kind == PRAC_GAUGE ? "gauge" : "counter");
  for (size_t j = i; j < n; j++)
    if (related(&c[i], &c[j])) sample(t, &c[j], k);
}

static prac_rc hand_over(struct text *t, char **ret, size_t *ret_n)
{
  add(t, "", 0);
  if (t->bad) {
    free(t->p);
    return PRAC_NOMEM;
  }
  *ret = t->p;
  *ret_n = t->n;
  return PRAC_OK;
}

prac_rc prac_counters_prometheus(const struct prac_counters *c, size_t n, char **ret, size_t *ret_n)
{
  struct text t = {.p = NULL};
  for (size_t i = 0; i < n; i++) {
    bool done = false;
    for (size_t j = 0; j < i; j++) done |= related(&c[j], &c[i]);
    for (size_t k = 0; !done && k < c[i].n; k++) one_metric(&t, c, i, n, k);
  }
  return hand_over(&t, ret, ret_n);
}

prac_rc prac_counters_text(const struct prac_counters *c, size_t n, int all, char **ret,
                           size_t *ret_n)
{
  struct text t = {.p = NULL};
  int room = 4, name = 8;
  for (size_t i = 0; i < n; i++) {
    if ((int)strlen(c[i].room) > room) room = (int)strlen(c[i].room);
    for (size_t k = 0; k < c[i].n; k++)
      if ((int)strlen(c[i].defs[k].name) > name) name = (int)strlen(c[i].defs[k].name);
  }
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < c[i].n; k++) {
      const struct prac_counter_def *d = &c[i].defs[k];
      uint64_t v = prac_counter_get(&c[i].values[k]);
      if (v == 0 && !all) continue;
      say(&t, "%-*s  %-*s  %12llu %s\n", room, c[i].room, name, d->name, (unsigned long long)v,
          strcmp(d->unit, "1") == 0 ? "" : d->unit);
    }
  return hand_over(&t, ret, ret_n);
}

const char *prac_counters_wrong(const struct prac_counters *c)
{
  for (size_t i = 0; i < c->n; i++) {
    const struct prac_counter_def *d = &c->defs[i];
    if (!d->name || !*d->name || d->name[strspn(d->name, "abcdefghijklmnopqrstuvwxyz0123456789_")])
      return "a name is made of a-z, 0-9 and _";
    if (!d->unit || !*d->unit) return "a counter without a unit";
    if (!d->help || !*d->help) return "a counter without a sentence";
    for (size_t k = 0; k < i; k++)
      if (strcmp(c->defs[k].name, d->name) == 0) return "a name given twice";
  }
  return NULL;
}
