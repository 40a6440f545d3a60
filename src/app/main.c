/* One program, many subcommands: `practice COMMAND ...`. The table is in app/registry.c. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/cmd.h"
#include "app/help.h"

static bool asks_for_help(int argc, char **argv)
{
  for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
    if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return true;
  return false;
}

static int command(const struct cmd *c, int argc, char **argv)
{
  if (asks_for_help(argc, argv)) {
    help_command(stdout, c);
    return CMD_OK;
  }
  return c->run(argc, argv);
}

/* Output that did not arrive is a failure even when the work went well. */
static int flushed(int st)
{
  errno = 0;
  if (fflush(stdout) == 0 && !ferror(stdout)) return st;
  fprintf(stderr, "practice: standard output: %s\n",
          errno ? strerrordesc_np(errno) : "write failed");
  return st == CMD_OK ? CMD_ENVIRONMENT : st;
}

int main(int argc, char **argv)
{
  if (argc < 2) {
    help_overview(stderr);
    return CMD_USAGE;
  }
  const char *name = argv[1];
  if (strcmp(name, "--version") == 0) name = "version";
  if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) name = "help";
  const struct cmd *c = cmd_find(name);
  if (!c) {
    char near[120];
    fprintf(stderr, "practice: no command \"%s\"%s; `practice help` lists them\n", name,
            cmd_meant(near, name));
    return CMD_USAGE;
  }
  int st = flushed(command(c, argc - 1, argv + 1));
  if (c->threads) _exit(st);
  return st;
}
