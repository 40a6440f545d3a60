/* The one list of backends: a new one is its folder and one name here. */
#include <string.h>

#include "bus/bus.h"

#define BACKENDS(X) X(local) X(nats) X(ram)

#define X(name) extern const struct bus_ops bus_##name;
BACKENDS(X)
#undef X

const struct bus_ops *const bus_list[] = {
#define X(name) &bus_##name,
    BACKENDS(X)
#undef X
        NULL,
};

const struct bus_ops *bus_find(const char *name)
{
  for (const struct bus_ops *const *b = bus_list; *b; b++)
    if (strcmp((*b)->name, name) == 0) return *b;
  return NULL;
}
