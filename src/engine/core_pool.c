/* Threads that work side by side: on engines, and inside an engine on pieces of a kernel's work.
 * Pieces share nothing and are taken by whoever is free; the caller joins what they made in a fixed
 * order afterwards. */
#include <pthread.h>
#include <stdlib.h>

#include "engine/core_int.h"

/* On the stack of whoever asked, who works on it too and leaves when all of it is done. */
struct job {
  void (*item)(void *ctx, size_t i);
  void *ctx;
  size_t n, next, busy;
  struct job *below;
};
struct eng_pool {
  pthread_mutex_t lock; /* guards everything below and all jobs; never held while an item runs */
  pthread_cond_t more, done;
  struct job *top; /* newest first: a piece of a kernel lets an engine end sooner */
  bool stop;
  pthread_t *threads;
  unsigned n_threads;
};

static struct job *open_job(const struct eng_pool *p)
{
  struct job *j = p->top;
  while (j && j->next == j->n) j = j->below;
  return j;
}

/* With the lock held: a few items of j, fewer towards the end. */
static void take(struct eng_pool *p, struct job *j)
{
  size_t some = (j->n - j->next) / (4 * ((size_t)p->n_threads + 1)), from = j->next;
  size_t to = from + (some ? some : 1);
  j->next = to;
  j->busy++;
  pthread_mutex_unlock(&p->lock);
  for (size_t i = from; i < to; i++) j->item(j->ctx, i);
  pthread_mutex_lock(&p->lock);
  if (--j->busy == 0 && j->next == j->n) pthread_cond_broadcast(&p->done);
}

static void *thread_main(void *arg)
{
  struct eng_pool *p = arg;
  pthread_mutex_lock(&p->lock);
  while (!p->stop) {
    struct job *j = open_job(p);
    if (j)
      take(p, j);
    else
      pthread_cond_wait(&p->more, &p->lock);
  }
  pthread_mutex_unlock(&p->lock);
  return NULL;
}

struct eng_pool *eng_pool_new(unsigned threads)
{
  struct eng_pool *p = calloc(1, sizeof *p);
  if (!p) return NULL;
  pthread_mutex_init(&p->lock, NULL);
  pthread_cond_init(&p->more, NULL);
  pthread_cond_init(&p->done, NULL);
  p->threads = calloc(threads, sizeof *p->threads);
  while (p->threads && p->n_threads < threads) {
    pthread_t t;
    if (pthread_create(&t, NULL, thread_main, p) != 0) break;
    pthread_mutex_lock(&p->lock);   /* those that run already look at the number */
    p->threads[p->n_threads++] = t; /* fewer than asked for only costs time */
    pthread_mutex_unlock(&p->lock);
  }
  return p;
}

void eng_pool_free(struct eng_pool **pp)
{
  if (!pp || !*pp) return;
  struct eng_pool *p = *pp;
  *pp = NULL;
  pthread_mutex_lock(&p->lock);
  p->stop = true;
  pthread_cond_broadcast(&p->more);
  pthread_mutex_unlock(&p->lock);
  for (unsigned i = 0; i < p->n_threads; i++) pthread_join(p->threads[i], NULL);
  pthread_cond_destroy(&p->more);
  pthread_cond_destroy(&p->done);
  pthread_mutex_destroy(&p->lock);
  free(p->threads);
  free(p);
}

void eng_pool_run(void *pool, size_t items, void (*item)(void *ctx, size_t i), void *ctx)
{
  struct eng_pool *p = pool;
  struct job own = {.item = item, .ctx = ctx, .n = items};
  pthread_mutex_lock(&p->lock);
  own.below = p->top;
  p->top = &own;
  pthread_cond_broadcast(&p->more);
  while (own.next < own.n) take(p, &own);
  while (own.busy > 0) pthread_cond_wait(&p->done, &p->lock);
  struct job **at = &p->top; /* others may have come on top */
  while (*at != &own) at = &(*at)->below;
  *at = own.below;
  pthread_mutex_unlock(&p->lock);
}
