/* Threads that share out the pieces of a question. */
#include <pthread.h>
#include <stdlib.h>

#include "store/embedded/flows.h"

struct hand {
  struct emb_reader *reader;
  void *to;
  emb_piece *one;
  _Atomic size_t *next;
  size_t pieces;
  pthread_t thread;
  prac_rc rc;
};

static void *work(void *arg)
{
  struct hand *h = arg;
  for (size_t i; h->rc == PRAC_OK && (i = atomic_fetch_add(h->next, 1)) < h->pieces;)
    h->rc = h->one(h->to, h->reader, i);
  if (h->rc != PRAC_OK && h->rc != PRAC_END) atomic_store(h->next, h->pieces); /* nobody goes on */
  return NULL;
}

prac_rc emb_crew_run(struct emb_crew *c, size_t pieces, emb_piece *one)
{
  struct hand hand[EMB_LANES] = {0};
  _Atomic size_t next = 0;
  size_t started = 1;
  for (size_t k = 0; k < c->n; k++)
    hand[k] = (struct hand){c->reader[k], c->to[k], one, &next, pieces, 0, PRAC_OK};
  while (started < c->n && started < pieces &&
         pthread_create(&hand[started].thread, NULL, work, &hand[started]) == 0)
    started++;
  work(&hand[0]);
  for (size_t k = 1; k < started; k++) pthread_join(hand[k].thread, NULL);
  for (size_t k = 0; k < started; k++)
    if (hand[k].rc != PRAC_OK && hand[k].rc != PRAC_END) return hand[k].rc;
  return PRAC_OK;
}

prac_rc emb_crew_new(const struct emb *e, size_t pieces, struct emb_crew *ret)
{
  size_t n = e->nthreads < EMB_LANES ? e->nthreads : EMB_LANES;
  *ret = (struct emb_crew){.n = n < pieces ? n : pieces ? pieces : 1};
  for (size_t k = 0; k < ret->n; k++) {
    ret->reader[k] = calloc(1, sizeof *ret->reader[k]);
    if (!ret->reader[k]) return PRAC_NOMEM;
    ret->reader[k]->file.fd = -1;
  }
  return PRAC_OK;
}

void emb_crew_done(struct emb_crew *c)
{
  for (size_t k = 0; k < c->n && c->reader[k]; k++) {
    emb_reader_done(c->reader[k]);
    free(c->reader[k]);
  }
  c->n = 0;
}
