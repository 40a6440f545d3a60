/* One program, many subcommands: `practice COMMAND ...`. The table is in app/registry.c. */
#include <stdio.h>
#include <string.h>

#include "app/cmd.h"

static void usage(FILE *to)
{
  fprintf(to,
          "practice %s: sees an attack being prepared and tells the people who can stop it\n\n"
          "usage: practice COMMAND [--help] ...\n\n",
          PRACTICE_VERSION);
  for (const struct cmd *const *c = cmd_list; *c; c++)
    fprintf(to, "  %-14s %s\n", (*c)->name, (*c)->about);
}

int main(int argc, char **argv)
{
  if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
    usage(argc < 2 ? stderr : stdout);
    return argc < 2 ? 2 : 0;
  }
  for (const struct cmd *const *c = cmd_list; *c; c++)
    if (strcmp((*c)->name, argv[1]) == 0) return (*c)->run(argc - 1, argv + 1);
  fprintf(stderr, "practice: no command \"%s\"; `practice --help` lists them\n", argv[1]);
  return 2;
}
