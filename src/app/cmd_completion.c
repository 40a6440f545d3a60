/* `practice completion SHELL`: what the Tab key offers, from the command tables. */
#include <stdio.h>
#include <string.h>

#include "app/cmd.h"

enum { BASH, ZSH, FISH };
static const char *const shells[] = {"bash", "zsh", "fish", NULL};
struct opts {
  int shell;
};
static const struct cmd_option options[] = {
    {"SHELL", NULL, "for which shell", CMD_WORD, offsetof(struct opts, shell), .words = shells},
};

extern const struct cmd cmd_completion;

static void names(void)
{
  for (const struct cmd *const *c = cmd_list; *c; c++)
    printf("%s%s", c == cmd_list ? "" : " ", (*c)->name);
}

static void words(const char *const *w)
{
  for (size_t i = 0; w[i]; i++) printf("%s%s", i ? " " : "", w[i]);
}

/* Options first; an operand that is one of some words offers those. */
static void offers(const struct cmd *c)
{
  fputs("--help", stdout);
  for (size_t i = 0; i < c->n_options; i++) {
    const struct cmd_option *o = &c->options[i];
    if (o->name[0] == '-') printf(" %s", o->name);
    if (o->name[0] != '-' && o->words) {
      fputc(' ', stdout);
      words(o->words);
    }
  }
}

static void bash(void)
{
  fputs("# practice completion bash > /etc/bash_completion.d/practice\n"
        "_practice() {\n"
        "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=\n"
        "  if [ \"$COMP_CWORD\" -eq 1 ]; then words=\"",
        stdout);
  names();
  fputs("\"\n  else case ${COMP_WORDS[1]}:$prev in\n  help:help) words=\"", stdout);
  names();
  fputs(" events\" ;;\n", stdout);
  for (const struct cmd *const *c = cmd_list; *c; c++)
    for (size_t i = 0; i < (*c)->n_options; i++) {
      const struct cmd_option *o = &(*c)->options[i];
      if (o->name[0] != '-' || o->type == CMD_FLAG) continue;
      printf("  %s:%s) words=\"", (*c)->name, o->name);
      if (o->words) words(o->words);
      fputs("\" ;;\n", stdout);
    }
  for (const struct cmd *const *c = cmd_list; *c; c++) {
    printf("  %s:*) words=\"", (*c)->name);
    offers(*c);
    fputs("\" ;;\n", stdout);
  }
  fputs("  esac; fi\n"
        "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
        "}\n"
        "complete -o default -F _practice practice\n",
        stdout);
}

/* Within single quotes of a shell; zsh also divides at ':' and '['. */
static void quoted(const char *s, const char *escape)
{
  for (; *s; s++) {
    if (*s == '\'')
      fputs("'\\''", stdout);
    else if (strchr(escape, *s))
      printf("\\%c", *s);
    else
      fputc(*s, stdout);
  }
}

static void zsh_option(const struct cmd_option *o)
{
  bool dashed = o->name[0] == '-';
  fputs(" \\\n        '", stdout);
  if (dashed) {
    printf("%s%s[", o->type == CMD_MANY ? "*" : "", o->name);
    quoted(o->help, ":[]\\");
    fputc(']', stdout);
  } else {
    fputs(o->type == CMD_REST ? "*" : "", stdout);
  }
  if (!dashed || o->type != CMD_FLAG) {
    printf(":%s:", dashed ? o->arg : "operand");
    if (o->words) {
      fputc('(', stdout);
      words(o->words);
      fputc(')', stdout);
    } else {
      fputs("_files", stdout);
    }
  }
  fputc('\'', stdout);
}

static void zsh(void)
{
  fputs("#compdef practice\n# practice completion zsh > a folder of $fpath, as _practice\n"
        "_practice() {\n  local -a commands\n  commands=(\n",
        stdout);
  for (const struct cmd *const *c = cmd_list; *c; c++) {
    printf("    '%s:", (*c)->name);
    quoted((*c)->about, "\\");
    fputs("'\n", stdout);
  }
  fputs("  )\n  if (( CURRENT == 2 )); then _describe command commands; return; fi\n"
        "  local command=$words[2]\n  shift words; (( CURRENT-- ))\n  case $command in\n",
        stdout);
  for (const struct cmd *const *c = cmd_list; *c; c++) {
    printf("    %s)\n      _arguments '--help[explain the command]'", (*c)->name);
    for (size_t i = 0; i < (*c)->n_options; i++) zsh_option(&(*c)->options[i]);
    fputs(" ;;\n", stdout);
  }
  fputs("  esac\n}\n_practice \"$@\"\n", stdout);
}

static void fish(void)
{
  fputs("# practice completion fish > ~/.config/fish/completions/practice.fish\n", stdout);
  for (const struct cmd *const *c = cmd_list; *c; c++) {
    printf("complete -c practice -f -n __fish_use_subcommand -a %s -d '", (*c)->name);
    quoted((*c)->about, "\\");
    fputs("'\n", stdout);
    for (size_t i = 0; i < (*c)->n_options; i++) {
      const struct cmd_option *o = &(*c)->options[i];
      if (o->name[0] != '-' && !o->words) continue;
      printf("complete -c practice -n '__fish_seen_subcommand_from %s'", (*c)->name);
      if (o->name[0] == '-') printf(" -l %s%s", o->name + 2, o->type == CMD_FLAG ? "" : " -r");
      if (o->words) {
        fputs(" -f -a '", stdout);
        words(o->words);
        fputc('\'', stdout);
      }
      fputs(" -d '", stdout);
      quoted(o->help, "\\");
      fputs("'\n", stdout);
    }
  }
}

static int run(int argc, char **argv)
{
  struct opts o;
  int st = cmd_parse(&cmd_completion, argc, argv, &o, sizeof o);
  if (st != CMD_GO) return st;
  if (o.shell == BASH)
    bash();
  else if (o.shell == ZSH)
    zsh();
  else
    fish();
  return CMD_OK;
}

const struct cmd cmd_completion = {
    .name = "completion",
    .about = "print what teaches a shell the Tab key",
    .group = "this program",
    .examples = "eval \"$(practice completion bash)\"\tfor this shell",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
