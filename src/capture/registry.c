/* The one list of sources: a new one is one line. */
#include <string.h>

#include "capture/source.h"

#define SOURCES(X)                                                                                 \
  X(pcap)                                                                                          \
  X(csv)                                                                                           \
  X(afpacket)

#define X(name) extern const struct cap_source cap_source_##name;
SOURCES(X)
#undef X

const struct cap_source *const cap_sources[] = {
#define X(name) &cap_source_##name,
    SOURCES(X)
#undef X
        NULL,
};

const struct cap_source *cap_source_find(const char *name)
{
  for (const struct cap_source *const *s = cap_sources; *s; s++)
    if (strcmp((*s)->name, name) == 0) return *s;
  return NULL;
}
