#include "notify/zones.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/durable.h"

enum { TAB_MAX = 1 << 20 };

/* "JP\t+353916+1394441\tAsia/Tokyo[\tcomment]": the third column. */
static bool name_of(const char *line, size_t n, char to[64])
{
  for (int tabs = 0; tabs < 2; tabs++) {
    const char *tab = memchr(line, '\t', n);
    if (!tab || *line == '#') return false;
    n -= (size_t)(tab + 1 - line);
    line = tab + 1;
  }
  const char *end = memchr(line, '\t', n);
  size_t len = end ? (size_t)(end - line) : n;
  if (len == 0 || len >= 64 || *line == '/' || *line == '.') return false;
  memcpy(to, line, len);
  to[len] = '\0';
  return !strstr(to, "..");
}

/* A zone whose file is not there is left out. */
static void read_one(const char *dir, struct note_zone_file *to, size_t *n)
{
  char path[512];
  (void)snprintf(path, sizeof path, "%.400s/%s", dir, to->name);
  if (sys_read_file(path, NOTE_ZONE_MAX_BYTES, &to->data, &to->n, NULL) == PRAC_OK) ++*n;
}

prac_rc note_zones_read(const char *dir, struct note_zones *ret, struct prac_err *reterr)
{
  char path[512];
  uint8_t *tab = NULL;
  size_t n = 0;
  struct note_zones z = {.n = 0};
  if (!dir) dir = "/usr/share/zoneinfo";
  (void)snprintf(path, sizeof path, "%.400s/zone.tab", dir);
  if (sys_read_file(path, TAB_MAX, &tab, &n, NULL) != PRAC_OK)
    return PRAC_FAIL(reterr, PRAC_UNKNOWN, "there is no %s (package tzdata)", path);
  z.v = calloc(ZONES_MAX, sizeof *z.v);
  for (size_t at = 0; z.v && at < n && z.n < ZONES_MAX;) {
    const char *line = (const char *)tab + at, *end = memchr(line, '\n', n - at);
    size_t len = end ? (size_t)(end - line) : n - at;
    if (name_of(line, len, z.v[z.n].name)) read_one(dir, &z.v[z.n], &z.n);
    at += len + 1;
  }
  free(tab);
  if (!z.v) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for time zones");
  *ret = z;
  return PRAC_OK;
}

void note_zones_done(struct note_zones *z)
{
  for (size_t i = 0; i < z->n; i++) free(z->v[i].data);
  free(z->v);
  *z = (struct note_zones){.n = 0};
}

prac_rc note_zones_find(const struct note_zones *z, const char *name, struct note_zone *ret,
                        struct prac_err *reterr)
{
  for (size_t i = 0; z && i < z->n; i++)
    if (strcmp(z->v[i].name, name) == 0) {
      if (note_zone_parse(z->v[i].data, z->v[i].n, ret) == PRAC_OK) return PRAC_OK;
      return PRAC_FAIL(reterr, PRAC_DAMAGED, "%s is no time zone file", name);
    }
  return note_zone_open(name, NULL, ret, reterr);
}
