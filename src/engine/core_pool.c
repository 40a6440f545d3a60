/* Threads that run engines side by side. Engines share nothing, so each run is taken by whoever is
 * free; the caller joins the findings in a fixed order afterwards. */
#include <pthread.h>
#include <stdlib.h>

#include "engine/core_int.h"

struct eng_pool {
  pthread_mutex_t lock; /* guards everything below; never held while an engine works */
  pthread_cond_t more, done;
  struct eng_run *runs;
  size_t n, next, busy;
  const struct eng_work *work;
  bool stop;
  pthread_t *threads;
  unsigned n_threads;
};

/* With the lock held: takes runs until there are none. */
static void take(struct eng_pool *p)
{
  while (p->next < p->n) {
    struct eng_run *r = &p->runs[p->next++];
    const struct eng_work *w = p->work;
    p->busy++;
    pthread_mutex_unlock(&p->lock);
    eng_run_work(r, w);
    pthread_mutex_lock(&p->lock);
    p->busy--;
  }
  if (p->busy == 0) pthread_cond_signal(&p->done);
}

static void *thread_main(void *arg)
{
  struct eng_pool *p = arg;
  pthread_mutex_lock(&p->lock);
  while (!p->stop) {
    if (p->next < p->n) take(p);
    if (!p->stop && p->next >= p->n) pthread_cond_wait(&p->more, &p->lock);
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
    if (pthread_create(&p->threads[p->n_threads], NULL, thread_main, p) != 0) break;
    p->n_threads++; /* fewer than asked for only costs time */
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

void eng_pool_go(struct eng_pool *p, struct eng_run *runs, size_t n, const struct eng_work *w)
{
  pthread_mutex_lock(&p->lock);
  p->runs = runs;
  p->work = w;
  p->n = n;
  p->next = 0;
  pthread_cond_broadcast(&p->more);
  take(p);
  while (p->busy > 0) pthread_cond_wait(&p->done, &p->lock);
  p->n = p->next = 0;
  pthread_mutex_unlock(&p->lock);
}
