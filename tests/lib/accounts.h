/* tests/lib/accounts.h — an accounts' file for tests, in a directory of its own. What goes wrong
 * fails the test. */
#pragma once
#include "access/access.h"

enum { ACCOUNTS_PATH = 96 };
extern const struct access_conf accounts_conf; /* sessions: an hour unused, a day in all */
/* A new one. c NULL: accounts_conf. */
struct access *accounts_begin(char dir[ACCOUNTS_PATH], char path[ACCOUNTS_PATH],
                              const struct access_conf *c, const struct prac_clock *wall);
/* The same file, once more. */
struct access *accounts_open(const char *path, const struct access_conf *c,
                             const struct prac_clock *wall);
int accounts_end(const char *dir, struct access **ap); /* 0, for cmocka; NULL-safe */
