/* The one list of backends: a new one is one line. */
#include <string.h>

#include "store/store.h"

#define STORES(X)                                                                                  \
  X(ram)                                                                                           \
  X(embedded)                                                                                      \
  X(clickhouse)

#define X(name) extern const struct store_ops store_##name;
STORES(X)
#undef X

const struct store_ops *const store_list[] = {
#define X(name) &store_##name,
    STORES(X)
#undef X
        NULL,
};

const struct store_ops *store_find(const char *name)
{
  for (const struct store_ops *const *s = store_list; *s; s++)
    if (strcmp((*s)->name, name) == 0) return *s;
  return NULL;
}
