/* A ring that grows to its bound, and from then on forgets the oldest: when the store is far
 * behind, what it lacks is waited for, not kept. */
#include "portal/live_heard.h"

#include <stdlib.h>

struct live_heard {
  struct live_heard_batch *v;
  size_t n, cap, oldest; /* oldest: the next to go, once v is full */
  uint64_t since;        /* the greatest number that has gone */
};

struct live_heard *live_heard_new(void)
{
  return calloc(1, sizeof(struct live_heard));
}

void live_heard_free(struct live_heard **hp)
{
  if (*hp) free((*hp)->v);
  free(*hp);
  *hp = NULL;
}

/* false: it is as long as it may be, or as memory goes. */
static bool grow(struct live_heard *h)
{
  size_t cap = h->cap ? h->cap * 2 : 256;
  struct live_heard_batch *v =
      cap > LIVE_HEARD || h->oldest > 0 ? NULL : realloc(h->v, cap * sizeof *v);
  if (!v) return false;
  h->v = v;
  h->cap = cap;
  return true;
}

void live_heard_add(struct live_heard *h, const struct live_heard_batch *b)
{
  if (h->n < h->cap || grow(h)) {
    h->v[h->n++] = *b;
  } else if (h->cap == 0) {
    h->since = b->seq;
  } else {
    h->since = h->v[h->oldest].seq;
    h->v[h->oldest] = *b;
    h->oldest = (h->oldest + 1) % h->cap;
  }
}

uint64_t live_heard_since(const struct live_heard *h)
{
  return h->since;
}

size_t live_heard_count(const struct live_heard *h)
{
  return h->n;
}

const struct live_heard_batch *live_heard_at(const struct live_heard *h, size_t i)
{
  return &h->v[i];
}
