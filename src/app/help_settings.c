/* Settings sections explained from their tables: type, range, default, sentence. */
#include <stdio.h>
#include <string.h>

#include "app/help.h"
#include "base/time.h"

const char *help_setting_type(const struct prac_conf_item *it)
{
  switch (it->type) {
  case PRAC_CONF_BOOL:
    return "yes or no";
  case PRAC_CONF_INT:
    return "whole number";
  case PRAC_CONF_REAL:
    return "number";
  case PRAC_CONF_DURATION:
    return "duration";
  case PRAC_CONF_SIZE:
    return "size";
  case PRAC_CONF_STRING:
    return "text";
  case PRAC_CONF_ENUM:
    return "one of";
  case PRAC_CONF_STRINGS:
    return "list of texts";
  case PRAC_CONF_PREFIXES:
    return "list of prefixes";
  }
  return "";
}

static void number(const struct prac_conf_item *it, double v, char out[PRAC_TIME_TEXT])
{
  static const char *const units[] = {"", " KiB", " MiB", " GiB", " TiB"};
  size_t u = 0;
  if (it->type == PRAC_CONF_DURATION && v < 1e9) {
    prac_duration_text(out, (int64_t)(v * 1e9));
    return;
  }
  for (; it->type == PRAC_CONF_SIZE && v >= 1024 && v / 1024 == (double)(uint64_t)(v / 1024) &&
         u + 1 < PRAC_ARRAY_LEN(units);
       u++)
    v /= 1024;
  snprintf(out, PRAC_TIME_TEXT, "%.15g%s", v, units[u]);
}

static void dflt(const struct prac_conf_item *it, char *out, size_t cap)
{
  char n[PRAC_TIME_TEXT];
  switch (it->type) {
  case PRAC_CONF_BOOL:
    snprintf(out, cap, "default %s", it->dflt != 0 ? "yes" : "no");
    return;
  case PRAC_CONF_ENUM:
    snprintf(out, cap, "default %s", it->words[(int)it->dflt]);
    return;
  case PRAC_CONF_INT:
  case PRAC_CONF_REAL:
  case PRAC_CONF_DURATION:
  case PRAC_CONF_SIZE:
    number(it, it->dflt, n);
    snprintf(out, cap, "default %s", n);
    return;
  case PRAC_CONF_STRING:
  case PRAC_CONF_STRINGS:
  case PRAC_CONF_PREFIXES:
    if (!it->sdflt)
      snprintf(out, cap, "must be given");
    else if (it->sdflt[0])
      snprintf(out, cap, "default %s", it->sdflt);
    else
      snprintf(out, cap, "empty by default");
  }
}

const char *help_setting_range(const struct prac_conf_item *it, char *out, size_t cap)
{
  char lo[PRAC_TIME_TEXT], hi[PRAC_TIME_TEXT], d[200];
  size_t at = (size_t)snprintf(out, cap, "%s", help_setting_type(it));
  for (size_t i = 0; it->words && it->words[i] && at < cap; i++)
    at += (size_t)snprintf(out + at, cap - at, "%s%s", i ? ", " : " ", it->words[i]);
  if (it->hi > it->lo && at < cap) {
    number(it, it->lo, lo);
    number(it, it->hi, hi);
    at += (size_t)snprintf(out + at, cap - at, ", %s to %s", lo, hi);
  }
  dflt(it, d, sizeof d);
  if (at < cap) snprintf(out + at, cap - at, "; %s", d);
  return out;
}

void help_section(FILE *to, const struct prac_conf_section *s)
{
  char range[480], line[1024];
  fprintf(to, "settings %s%s: %s\n\n", s->path, s->many ? " (a list)" : "", s->about);
  for (size_t i = 0; i < s->n_items; i++) {
    const struct prac_conf_item *it = &s->items[i];
    int at = fprintf(to, "  %s", it->key);
    snprintf(line, sizeof line, "%s (%s)", it->help, help_setting_range(it, range, sizeof range));
    help_wrap(to, line, at < HELP_COLUMN ? at : HELP_COLUMN + 1, HELP_COLUMN, HELP_WIDTH);
  }
}
