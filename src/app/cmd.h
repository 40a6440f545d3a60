/* app/cmd.h — one table of subcommands; --help, the man page and shell completion come from it. */
#pragma once
#include <stddef.h>

struct cmd_option {
  const char *name; /* "--json"; positional arguments: "FILE..." */
  const char *arg;  /* "N", NULL: none */
  const char *help;
};
struct cmd {
  const char *name;
  const char *about;    /* one line */
  const char *text;     /* a paragraph for the manual, and its examples */
  const char *examples; /* lines: command, tab, what it does */
  const struct cmd_option *options;
  size_t n_options;
  int (*run)(int argc, char **argv); /* argv[0] is the subcommand; returns the exit status */
};
extern const struct cmd *const cmd_list[]; /* NULL-terminated; app/registry.c */
