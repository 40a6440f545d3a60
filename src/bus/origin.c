/* One rule, so that it can be read, and tested, in one place. */
#include "bus/origin.h"

#include <stdio.h>
#include <string.h>

bool bus_origin_owns(const char *site, const char *name)
{
  size_t n = strlen(site);
  return n > 0 && strncmp(site, name, n) == 0 && (name[n] == '\0' || name[n] == '-');
}

const char *bus_origin_name(const char *subject)
{
  static const char *const heads[] = {"flow.", "hit.", "packet.", "health.", "finding.honeypot.",
                                      NULL};
  for (const char *const *h = heads; *h; h++) {
    size_t n = strlen(*h);
    if (strncmp(subject, *h, n) == 0 && subject[n] && !strchr(subject + n, '.')) return subject + n;
  }
  return NULL;
}

bool bus_origin_ok(const char *stream, const char *source, const char *subject)
{
  char site[64];
  if (!source) return true;
  size_t head = strlen(stream), n = strcspn(source, ": ");
  if (n <= head + 1 || strncmp(source, stream, head) != 0 || source[head] != '-') return false;
  const char *name = bus_origin_name(subject);
  if (!name || n - head - 1 >= sizeof site) return false;
  (void)snprintf(site, sizeof site, "%.*s", (int)(n - head - 1), source + head + 1);
  return bus_origin_owns(site, name);
}
