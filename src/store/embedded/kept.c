/* Batches of the log that a reader of many questions has decoded: what stands at a place of a log
 * file never changes, and a file's number is never given again (log.c), so it is decoded once,
 * whatever time is asked for and whatever has been written since. A place has a row of the table to
 * be in; the whole is bounded by bytes, and what was unused for longest goes first. */
#include "store/embedded/kept.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { ROWS = 512, WIDE = 8, KEPT_BYTES = 64 << 20 };
struct one {
  struct emb_place at;
  struct flow_batch *b; /* NULL: free */
  uint64_t used;
};
struct emb_kept {
  pthread_mutex_t lock; /* guards all of it; taken alone */
  struct one v[ROWS][WIDE];
  uint64_t clock;
  size_t bytes;
};

prac_rc emb_kept_new(struct emb_kept **ret)
{
  struct emb_kept *k = calloc(1, sizeof *k);
  if (!k) return PRAC_NOMEM;
  (void)pthread_mutex_init(&k->lock, NULL);
  *ret = k;
  return PRAC_OK;
}

/* A column may be left out: at most this. */
static size_t bytes_of(const struct flow_batch *b)
{
  size_t bytes = sizeof *b + b->n * sizeof(struct flow_row) + strlen(b->sensor) + strlen(b->geo);
  for (uint32_t i = 0; i < b->lists.n; i++) bytes += sizeof(char *) + strlen(b->lists.v[i]) + 1;
  return bytes;
}

static void drop(struct emb_kept *k, struct one *o)
{
  if (!o->b) return;
  k->bytes -= bytes_of(o->b);
  flow_batch_unref(&o->b);
}

void emb_kept_free(struct emb_kept **kp)
{
  struct emb_kept *k = *kp;
  *kp = NULL;
  if (!k) return;
  for (size_t i = 0; i < ROWS; i++)
    for (size_t n = 0; n < WIDE; n++) drop(k, &k->v[i][n]);
  pthread_mutex_destroy(&k->lock);
  free(k);
}

static struct one *row_of(struct emb_kept *k, const struct emb_place *at)
{
  return k->v[prac_mix64((uint64_t)at->log << 32 ^ (uint64_t)at->off) % ROWS];
}

static bool same(const struct emb_place *a, const struct emb_place *b)
{
  return a->log == b->log && a->off == b->off && a->len == b->len;
}

static struct one *find(struct emb_kept *k, const struct emb_place *at)
{
  struct one *row = row_of(k, at);
  for (size_t n = 0; n < WIDE; n++)
    if (row[n].b && same(&row[n].at, at)) return &row[n];
  return NULL;
}

struct flow_batch *emb_kept_get(struct emb_kept *k, const struct emb_place *at)
{
  if (!k) return NULL;
  pthread_mutex_lock(&k->lock);
  struct one *o = find(k, at);
  struct flow_batch *found = o ? flow_batch_ref(o->b) : NULL;
  if (o) o->used = ++k->clock;
  pthread_mutex_unlock(&k->lock);
  return found;
}

static struct one *oldest(struct one *v, size_t n)
{
  struct one *o = &v[0];
  for (size_t i = 1; i < n; i++)
    if (!v[i].b || (o->b && v[i].used < o->used)) o = &v[i];
  return o;
}

/* The one of all that was unused for longest. */
static struct one *stalest(struct emb_kept *k)
{
  struct one *o = NULL;
  for (size_t i = 0; i < ROWS; i++)
    for (size_t n = 0; n < WIDE; n++)
      if (k->v[i][n].b && (!o || k->v[i][n].used < o->used)) o = &k->v[i][n];
  return o;
}

/* Two threads may have missed it at once: the second finds it here. */
void emb_kept_put(struct emb_kept *k, const struct emb_place *at, struct flow_batch *b)
{
  if (!k) return;
  size_t bytes = bytes_of(b);
  if (bytes > KEPT_BYTES / WIDE) return;
  pthread_mutex_lock(&k->lock);
  if (!find(k, at)) {
    struct one *to = oldest(row_of(k, at), WIDE);
    drop(k, to);
    while (k->bytes + bytes > KEPT_BYTES) drop(k, stalest(k));
    *to = (struct one){*at, flow_batch_ref(b), ++k->clock};
    k->bytes += bytes;
  }
  pthread_mutex_unlock(&k->lock);
}
