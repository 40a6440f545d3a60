/* math/par.h — how a kernel has independent pieces of work done by several threads.
 *
 * The kernel cuts its work into items that share nothing but what they read, and joins their
 * results itself, in the order of the items: so the result does not depend on who did what. Who
 * the threads are is the caller's business; NULL: the kernel's own, one item after the other.
 */
#pragma once
#include <stddef.h>

struct math_par {
  unsigned n; /* threads; items need not be more */
  void (*run)(void *arg, size_t items, void (*item)(void *ctx, size_t i), void *ctx);
  void *arg;
};

static inline void math_par_run(const struct math_par *p, size_t items,
                                void (*item)(void *ctx, size_t i), void *ctx)
{
  if (p && p->n > 1)
    p->run(p->arg, items, item, ctx);
  else
    for (size_t i = 0; i < items; i++) item(ctx, i);
}
