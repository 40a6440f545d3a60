/* `practice manual`: the manual page, made from the same tables as everything else. */
#include <stdio.h>
#include <string.h>

#include "app/events.h"
#include "app/help.h"
#include "app/settings.h"
#include "base/conf_text.h"

extern const struct cmd cmd_manual;

/* roff: a leading dot or quote is a request, a backslash an escape, a dash would be typeset. */
static void text(const char *s, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    if ((s[i] == '.' || s[i] == '\'') && (i == 0 || s[i - 1] == '\n')) fputs("\\&", stdout);
    if (s[i] == '\\')
      fputs("\\e", stdout);
    else if (s[i] == '-')
      fputs("\\-", stdout);
    else
      fputc(s[i], stdout);
  }
}
static void line(const char *s)
{
  text(s, strlen(s));
  fputc('\n', stdout);
}

static void option(const struct cmd_option *o)
{
  char range[320];
  printf(".TP\n.B ");
  text(o->name, strlen(o->name));
  if (o->arg) printf(" \\fI%s\\fR", o->arg);
  fputc('\n', stdout);
  text(o->help, strlen(o->help));
  help_range(o, range, sizeof range);
  if (range[0]) {
    fputs(" (", stdout);
    text(range, strlen(range));
    fputc(')', stdout);
  }
  fputc('\n', stdout);
}

static void paragraphs(const char *s)
{
  while (s && *s) {
    const char *end = strstr(s, "\n\n");
    size_t n = end ? (size_t)(end - s) : strlen(s);
    fputs(".PP\n", stdout);
    text(s, n);
    fputc('\n', stdout);
    s += n + strspn(s + n, "\n");
  }
}

static void examples(const char *s)
{
  while (s && *s) {
    size_t n = strcspn(s, "\n"), tab = strcspn(s, "\t\n");
    fputs(".PP\n.nf\n\\fB", stdout);
    text(s, tab);
    fputs("\\fR\n.fi\n", stdout);
    if (tab < n) {
      fputs(".RS\n", stdout);
      text(s + tab + 1, n - tab - 1);
      fputs("\n.RE\n", stdout);
    }
    s += n + (s[n] == '\n');
  }
}

static void command(const struct cmd *c)
{
  printf(".SS ");
  help_usage(stdout, c);
  fputc('\n', stdout);
  line(c->about);
  for (size_t i = 0; i < c->n_options; i++) option(&c->options[i]);
  paragraphs(c->text);
  examples(c->examples);
}

static void section(const struct prac_conf_section *s)
{
  char words[PRAC_CONF_TEXT];
  printf(".SS %s%s\n", s->path, s->many ? " (a list)" : "");
  line(s->about);
  for (size_t i = 0; i < s->n_items; i++) {
    const struct prac_conf_item *it = &s->items[i];
    printf(".TP\n.B %s\n", it->key);
    line(it->help);
    fputs("(", stdout);
    prac_conf_allowed_text(words, it);
    text(words, strlen(words));
    prac_conf_default_text(words, it);
    if (prac_conf_must_be_given(it))
      fputs("; must be given", stdout);
    else if (words[0])
      fputs("; default ", stdout), text(words, strlen(words));
    fputs(")\n", stdout);
  }
}

static void events(void)
{
  fputs(
      ".SH LOG EVENTS\nWhat the program says on standard error, by the name under \"event\" in the "
      "JSON form, and\nwhat the operator should do.\n",
      stdout);
  for (size_t i = 0; i < events_count; i++) {
    printf(".TP\n.B %s\n(%s) ", events_list[i].name, events_level(events_list[i].level));
    line(events_todo(&events_list[i]));
  }
}

static int run(int argc, char **argv)
{
  char none;
  int st = cmd_parse(&cmd_manual, argc, argv, &none, sizeof none);
  if (st != CMD_GO) return st;
  printf(".TH PRACTICE 1 \"\" \"practice %s\" \"User commands\"\n", PRACTICE_VERSION);
  fputs(".SH NAME\npractice \\- early warning of network attacks from darknet observation\n"
        ".SH SYNOPSIS\n.B practice\n.I COMMAND\n[\\fIOPTION\\fR]... [\\fIOPERAND\\fR]...\n"
        ".SH DESCRIPTION\n"
        "Observes packets at unused addresses, finds what comes before and with an attack, and\n"
        "says so as alerts that can be walked back to the packets.\n.SH COMMANDS\n",
        stdout);
  for (const struct cmd *const *c = cmd_list; *c; c++) command(*c);
  fputs(".SH SETTINGS\nA YAML file, given with \\-\\-config; a dot in a name below is a level in "
        "the file.\nUnknown keys are errors.\n",
        stdout);
  for (const struct prac_conf_section *const *s = settings_sections(); *s; s++) section(*s);
  events();
  fputs(".SH EXIT STATUS\n.TP\n.B 0\ndone\n.TP\n.B 1\nthe work was done and the answer is no\n"
        ".TP\n.B 2\nthe command line was not understood\n.TP\n.B 3\nthe machine refused: a file, "
        "a right, memory, space\n",
        stdout);
  return CMD_OK;
}

const struct cmd cmd_manual = {
    .name = "manual",
    .about = "print the manual page",
    .group = "this program",
    .examples = "practice manual | man -l -\tread it now",
    .run = run,
};
