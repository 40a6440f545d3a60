/* The one list of ways to tell somebody: a new one is one line. */
#include <string.h>

#include "notify/way.h"

#define WAYS(X) X(mail) X(mbox) X(webhook) X(hook) X(syslog) X(jsonl) X(csv) X(bgp)

#define X(name) extern const struct note_way note_##name;
WAYS(X)
#undef X

const struct note_way *const note_ways[] = {
#define X(name) &note_##name,
    WAYS(X)
#undef X
        NULL,
};

const struct note_way *note_way_find(const char *name)
{
  for (const struct note_way *const *w = note_ways; *w; w++)
    if (strcmp((*w)->name, name) == 0) return *w;
  return NULL;
}
