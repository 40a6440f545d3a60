/* Help for the terminal. Written by hand only once per command: in its table. */
#include "app/help.h"

#include <string.h>

enum { NAME_COLUMN = 2 };

/* Columns a UTF-8 text takes, for our own texts: one per character. */
static int columns(const char *s, size_t n)
{
  int c = 0;
  for (size_t i = 0; i < n; i++)
    if (((unsigned char)s[i] & 0xc0) != 0x80) c++;
  return c;
}

static int indent_to(FILE *to, int at, int column)
{
  if (at > column) {
    fputc('\n', to);
    at = 0;
  }
  fprintf(to, "%*s", column - at, "");
  return column;
}

void help_wrap(FILE *to, const char *text, int at, int indent, int width)
{
  at = indent_to(to, at, indent);
  bool first = true;
  while (*text) {
    size_t blank = strspn(text, " \n");
    bool paragraph = memmem(text, blank, "\n\n", 2) != NULL;
    text += blank;
    size_t n = strcspn(text, " \n");
    if (n == 0) break;
    int c = columns(text, n);
    if (paragraph && !first) {
      fputs("\n\n", to);
      at = indent_to(to, 0, indent);
    } else if (!first && at + 1 + c > width) {
      fputc('\n', to);
      at = indent_to(to, 0, indent);
    } else if (!first) {
      fputc(' ', to);
      at++;
    }
    fwrite(text, 1, n, to);
    at += c;
    text += n;
    first = false;
  }
  fputc('\n', to);
}

static size_t add(char *out, size_t cap, size_t at, const char *s)
{
  int n = at < cap ? snprintf(out + at, cap - at, "%s", s) : 0;
  return at + (n > 0 ? (size_t)n : 0);
}

static bool is_number(enum cmd_type t)
{
  return t == CMD_U64 || t == CMD_I64 || t == CMD_REAL || t == CMD_DURATION;
}

const char *help_range(const struct cmd_option *o, char *out, size_t cap)
{
  char number[80];
  size_t at = 0;
  const char *unit = o->type == CMD_DURATION ? " s" : "";
  out[0] = '\0';
  for (size_t i = 0; o->words && o->words[i]; i++) {
    if (i) at = add(out, cap, at, ", ");
    at = add(out, cap, at, o->words[i]);
  }
  if (is_number(o->type) && o->hi > o->lo) {
    snprintf(number, sizeof number, "%.15g to %.15g%s", o->lo, o->hi, unit);
    at = add(out, cap, at, number);
  }
  if (o->dflt && *o->dflt) {
    at = add(out, cap, at, at ? "; default " : "default ");
    add(out, cap, at, o->dflt);
  }
  return out;
}

void help_usage(FILE *to, const struct cmd *c)
{
  bool options = false;
  fprintf(to, "practice %s", c->name);
  for (size_t i = 0; i < c->n_options; i++) options |= c->options[i].name[0] == '-';
  if (options) fputs(" [OPTION]...", to);
  for (size_t i = 0; i < c->n_options; i++)
    if (c->options[i].name[0] != '-') fprintf(to, " %s", c->options[i].name);
}

static void option(FILE *to, const struct cmd_option *o)
{
  char range[320], line[640];
  help_range(o, range, sizeof range);
  int at =
      fprintf(to, "%*s%s%s%s", NAME_COLUMN, "", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
  snprintf(line, sizeof line, "%s%s%s%s", o->help, range[0] ? " (" : "", range,
           range[0] ? ")" : "");
  help_wrap(to, line, at < HELP_COLUMN ? at : HELP_COLUMN + 1, HELP_COLUMN, HELP_WIDTH);
}

static void options(FILE *to, const struct cmd *c, bool dashed)
{
  bool any = false;
  for (size_t i = 0; i < c->n_options; i++) {
    if ((c->options[i].name[0] == '-') != dashed) continue;
    if (!any) fputs(dashed ? "\noptions:\n" : "\noperands:\n", to);
    any = true;
    option(to, &c->options[i]);
  }
}

static void examples(FILE *to, const char *lines)
{
  fputs("\nexamples:\n", to);
  while (*lines) {
    size_t n = strcspn(lines, "\n"), tab = strcspn(lines, "\t\n");
    fprintf(to, "  %.*s\n", (int)tab, lines);
    if (tab < n) fprintf(to, "      %.*s\n", (int)(n - tab - 1), lines + tab + 1);
    lines += n + (lines[n] == '\n');
  }
}

void help_command(FILE *to, const struct cmd *c)
{
  fprintf(to, "practice %s: %s\n\nusage: ", c->name, c->about);
  help_usage(to, c);
  fputc('\n', to);
  options(to, c, false);
  options(to, c, true);
  if (c->text && c->text[0]) {
    fputc('\n', to);
    help_wrap(to, c->text, 0, 0, HELP_WIDTH);
  }
  if (c->examples && c->examples[0]) examples(to, c->examples);
}

static bool in_group(const struct cmd *c, const char *group)
{
  return strcmp(c->group ? c->group : cmd_groups[0], group) == 0;
}

void help_overview(FILE *to)
{
  fprintf(to,
          "practice %s: sees an attack being prepared and tells the people who can stop it\n\n"
          "usage: practice COMMAND [OPTION]... [OPERAND]...\n",
          PRACTICE_VERSION);
  for (const char *const *g = cmd_groups; *g; g++) {
    bool any = false;
    for (const struct cmd *const *c = cmd_list; *c; c++) {
      if (!in_group(*c, *g)) continue;
      if (!any) fprintf(to, "\n%s:\n", *g);
      any = true;
      fprintf(to, "  %-14s %s\n", (*c)->name, (*c)->about);
    }
  }
  fputs("\n`practice help COMMAND` says more; exit status: 0 done, 1 the answer is no, "
        "2 not understood,\n3 the machine refused.\n",
        to);
}
