#include <stdio.h>

#include "app/cmd.h"

static int run(int argc, char **argv)
{
  (void)argc;
  (void)argv;
  printf("practice %s\n", PRACTICE_VERSION);
  return 0;
}

const struct cmd cmd_version = {
    .name = "version",
    .about = "print the version",
    .run = run,
};
