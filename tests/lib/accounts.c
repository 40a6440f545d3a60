/* Every test of accounts begins with a file. */
#include "lib/accounts.h"

#include "lib/t.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"

const struct access_conf accounts_conf = {.idle_ns = PRAC_HOUR, .life_ns = PRAC_DAY};

struct access *accounts_open(const char *path, const struct access_conf *c,
                             const struct prac_clock *wall)
{
  struct access *a = NULL;
  struct prac_err err = {0};
  if (access_open(path, c ? c : &accounts_conf, wall, &a, &err) != PRAC_OK)
    fail_msg("%s", err.text);
  return a;
}

struct access *accounts_begin(char dir[ACCOUNTS_PATH], char path[ACCOUNTS_PATH],
                              const struct access_conf *c, const struct prac_clock *wall)
{
  (void)snprintf(dir, ACCOUNTS_PATH, "/tmp/practice-accounts-XXXXXX");
  assert_non_null(mkdtemp(dir));
  (void)snprintf(path, ACCOUNTS_PATH, "%.60s/access.db", dir);
  return accounts_open(path, c, wall);
}

int accounts_end(const char *dir, struct access **ap)
{
  char cmd[ACCOUNTS_PATH + 16];
  access_close(ap);
  (void)snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
  return system(cmd);
}
