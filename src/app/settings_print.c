/* Settings tables as people and programs read them. */
#include "app/settings_print.h"

#include <stdlib.h>
#include <string.h>

#include "app/help.h"
#include "base/conf_text.h"
#include "base/json.h"

enum { SORTED_MAX = 512 };
struct sorted {
  const struct prac_conf_section *v[SORTED_MAX];
  size_t n;
};

/* Parents before children, children before the parent's sisters: '.' sorts first. */
static int by_path(const void *a, const void *b)
{
  const char *p = (*(const struct prac_conf_section *const *)a)->path,
             *q = (*(const struct prac_conf_section *const *)b)->path;
  while (*p && *p == *q) p++, q++;
  int x = *p == '.' ? 1 : (unsigned char)*p, y = *q == '.' ? 1 : (unsigned char)*q;
  return x - y;
}

static struct sorted sorted(const struct prac_conf_section *const *l)
{
  struct sorted s = {.n = 0};
  for (; *l && s.n < SORTED_MAX; l++) s.v[s.n++] = *l;
  qsort(s.v, s.n, sizeof s.v[0], by_path);
  return s;
}

void settings_print(FILE *to, const struct prac_conf_section *s)
{
  char allowed[PRAC_CONF_TEXT], dflt[PRAC_CONF_TEXT];
  fprintf(to, "%s%s\n", s->path, s->many ? " (a list of these)" : "");
  help_wrap(to, s->about, 0, 2, 100);
  for (size_t i = 0; i < s->n_items; i++) {
    const struct prac_conf_item *it = &s->items[i];
    bool must = prac_conf_must_be_given(it);
    prac_conf_default_text(dflt, it);
    fprintf(to, "\n  %s: %s\n", it->key, prac_conf_allowed_text(allowed, it));
    fprintf(to, "      %s%s\n", must ? "must be given" : "default ",
            must    ? ""
            : *dflt ? dflt
                    : "none");
    help_wrap(to, it->help, 0, 6, 100);
  }
}

void settings_print_all(FILE *to, const struct prac_conf_section *const *list)
{
  struct sorted l = sorted(list);
  for (size_t i = 0; i < l.n; i++) {
    if (i) fputc('\n', to);
    settings_print(to, l.v[i]);
  }
}

static const char *type_word(enum prac_conf_type t)
{
  static const char *const words[] = {"bool",   "int",  "real",    "duration", "size",
                                      "string", "enum", "strings", "prefixes"};
  return words[t];
}

static void item_json(struct prac_json *j, const struct prac_conf_item *it)
{
  char text[PRAC_CONF_TEXT];
  prac_json_open(j, '{');
  prac_json_key(j, "key");
  prac_json_str(j, it->key);
  prac_json_key(j, "type");
  prac_json_str(j, type_word(it->type));
  prac_json_key(j, "allowed");
  prac_json_str(j, prac_conf_allowed_text(text, it));
  if (it->lo < it->hi) {
    prac_json_key(j, "lo");
    prac_json_f64(j, it->lo);
    prac_json_key(j, "hi");
    prac_json_f64(j, it->hi);
  }
  if (it->words) {
    prac_json_key(j, "words");
    prac_json_open(j, '[');
    for (size_t i = 0; it->words[i]; i++) prac_json_str(j, it->words[i]);
    prac_json_close(j, ']');
  }
  prac_json_key(j, "default");
  prac_json_str(j, prac_conf_must_be_given(it) ? NULL : prac_conf_default_text(text, it));
  prac_json_key(j, "help");
  prac_json_str(j, it->help);
  prac_json_close(j, '}');
}

void settings_print_json(FILE *to, const struct prac_conf_section *const *list)
{
  struct sorted l = sorted(list);
  struct prac_json j = prac_json_of(0);
  prac_json_open(&j, '[');
  for (size_t i = 0; i < l.n; i++) {
    prac_json_open(&j, '{');
    prac_json_key(&j, "section");
    prac_json_str(&j, l.v[i]->path);
    prac_json_key(&j, "about");
    prac_json_str(&j, l.v[i]->about);
    prac_json_key(&j, "list");
    prac_json_bool(&j, l.v[i]->many);
    prac_json_key(&j, "items");
    prac_json_open(&j, '[');
    for (size_t k = 0; k < l.v[i]->n_items; k++) item_json(&j, &l.v[i]->items[k]);
    prac_json_close(&j, ']');
    prac_json_close(&j, '}');
  }
  prac_json_close(&j, ']');
  if (!j.bad) fprintf(to, "%s\n", j.buf);
  prac_json_done(&j);
}

/* ---- the example file ---- */

/* One word in single quotes, unless it is plain enough without. */
static void yaml_word(FILE *to, const char *s, size_t n)
{
  bool plain = n > 0 && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789/._-= ") >= n;
  if (plain && s[0] != '-' && s[0] != '=' && s[0] != ' ') {
    fwrite(s, 1, n, to);
    return;
  }
  fputc('\'', to);
  for (size_t i = 0; i < n; i++) fprintf(to, s[i] == '\'' ? "''" : "%c", s[i]);
  fputc('\'', to);
}

static void yaml_value(FILE *to, const struct prac_conf_item *it)
{
  char dflt[PRAC_CONF_TEXT];
  prac_conf_default_text(dflt, it);
  if (it->type != PRAC_CONF_STRINGS && it->type != PRAC_CONF_PREFIXES) {
    yaml_word(to, dflt, strlen(dflt));
    return;
  }
  fputc('[', to);
  for (const char *p = dflt; *p;) {
    p += strspn(p, " ");
    size_t n = strcspn(p, ",");
    yaml_word(to, p, n);
    p += n;
    if (*p) fputs(", ", to), p++;
  }
  fputc(']', to);
}

/* A comment of at most 100 columns; `lead` is what every line begins with. */
static void comment(FILE *to, const char *lead, const char *text)
{
  size_t room = 98 - strlen(lead);
  while (*text) {
    size_t n = strlen(text);
    if (n > room)
      for (n = room; n > 0 && text[n] != ' ';) n--;
    if (n == 0) n = strcspn(text, " ");
    fprintf(to, "%s# %.*s\n", lead, (int)n, text);
    text += n;
    text += strspn(text, " ");
  }
}

static void example_section(FILE *to, const struct prac_conf_section *s, const char *pad)
{
  char text[2 * PRAC_CONF_TEXT], allowed[PRAC_CONF_TEXT], lead[80];
  bool off = s->many; /* an entry that nobody asked for would be made: only shown */
  (void)snprintf(lead, sizeof lead, "%s%s  ", pad, off ? "#" : "");
  for (size_t i = 0; i < s->n_items; i++) {
    const struct prac_conf_item *it = &s->items[i];
    comment(to, lead, it->help);
    (void)snprintf(text, sizeof text, "(%s)", prac_conf_allowed_text(allowed, it));
    comment(to, lead, text);
    fprintf(to, "%s%s%s: ", lead, off ? (i ? "  " : "- ") : "", it->key);
    yaml_value(to, it);
    fputc('\n', to);
  }
}

void settings_print_example(FILE *to, const struct prac_conf_section *const *list)
{
  struct sorted l = sorted(list);
  const char *before = "";
  fputs(
      "# Settings of PRACTICE. Every key is optional and stands here with its default; a key that\n"
      "# does not exist is an error. `practice check-config FILE` reads a file without running\n"
      "# anything. This file is made by `practice settings --example`.\n",
      to);
  for (size_t i = 0; i < l.n; i++) {
    const char *path = l.v[i]->path, *last = path;
    char pad[64] = "";
    for (const char *p = path; *p; p += strcspn(p, "."), p += *p == '.') {
      size_t n = (size_t)(p - path) + strcspn(p, ".");
      if (path[n] == 0) break;
      if (strncmp(path, before, n) != 0 || (before[n] && before[n] != '.'))
        fprintf(to, "%s%s%.*s:\n", p == path ? "\n" : "", pad, (int)strcspn(p, "."), p);
      if (strlen(pad) + 2 < sizeof pad) memcpy(pad + strlen(pad), "  ", 3);
      last = path + n + 1;
    }
    if (last == path) fputc('\n', to);
    comment(to, pad, l.v[i]->about);
    fprintf(to, "%s%s%s:\n", pad, "", last);
    example_section(to, l.v[i], pad);
    before = path;
  }
}
