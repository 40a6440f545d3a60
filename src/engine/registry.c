/* The one list of engines: a new one is one line. The order is the order of findings that are said
 * at the same moment. */
#include <string.h>

#include "engine/engine.h"

#define ENGINES(X) X(backscatter) X(surge) X(noise) X(riskport) X(glasso) X(nmf) X(tensor)

#define X(name) extern const struct eng_ops eng_##name;
ENGINES(X)
#undef X

const struct eng_ops *const eng_list[] = {
#define X(name) &eng_##name,
    ENGINES(X)
#undef X
        NULL,
};

const struct eng_ops *eng_find(const char *name)
{
  for (const struct eng_ops *const *e = eng_list; *e; e++)
    if (strcmp((*e)->name, name) == 0) return *e;
  return NULL;
}
