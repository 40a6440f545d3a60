/* Facts, one behind the other in their maker's memory. */
#include "model/facts.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const names[MODEL_FACT_COUNT_] = {
#define X(word, name, example, help) [MODEL_FACT_##word] = name,
    MODEL_FACTS(X)
#undef X
};

void model_fact(struct model_facts *f, enum model_fact which, const char *fmt, ...)
{
  char *to = f->text + f->used;
  size_t room = sizeof f->text - f->used;
  if (f->n == MODEL_FACTS_MAX) return;
  int head = snprintf(to, room, "%s ", names[which]);
  if (head < 0 || (size_t)head >= room) return;
  va_list args;
  va_start(args, fmt);
  int n = vsnprintf(to + head, room - (size_t)head, fmt, args);
  va_end(args);
  if (n < 0 || (size_t)(head + n) >= room) return;
  f->v[f->n++] = to;
  f->used += (size_t)(head + n) + 1;
}

void model_fact_yes(struct model_facts *f, enum model_fact which)
{
  model_fact(f, which, "yes");
}
