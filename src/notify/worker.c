/* A mail server that does not answer must not keep the BGP rule waiting: each way has its thread.
 * The one mutex protects the two lists and `stop`; nothing else is locked while it is held. */
#include "notify/worker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct list {
  struct note_job *first, **end;
};
enum { SAYS_MAX = 4096, STACK = 1 << 20 };
struct says {
  struct says *next;
  struct note_said s;
};
struct note_worker {
  const struct note_way *way;
  struct note_env env;
  void *st;
  bool threaded, stop;
  bool again; /* one must be tried later, and the caller may not know yet */
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t come;
  struct list todo, done;
  struct says *says, *says_last;
  size_t n_says;
  uint64_t lost;
  _Atomic prac_time now;
  prac_time ticked;
};
static const struct prac_log_event ev_tick = {"notify_way_trouble", PRAC_LOG_WARN,
                                              "look at the other side of this way"};

void note_job_free(struct note_job **jp)
{
  if (*jp) {
    prac_arena_free(&(*jp)->arena);
    explicit_bzero((*jp)->secret, sizeof(*jp)->secret);
  }
  free(*jp);
  *jp = NULL;
}

static void add(struct list *l, struct note_job *j)
{
  j->next = NULL;
  if (!l->first) l->end = &l->first;
  *l->end = j;
  l->end = &j->next;
}
static struct note_job *take(struct list *l)
{
  struct note_job *j = l->first;
  if (j) l->first = j->next;
  return j;
}

static void lock(struct note_worker *w)
{
  if (w->threaded) (void)pthread_mutex_lock(&w->lock);
}
static void unlock(struct note_worker *w)
{
  if (w->threaded) (void)pthread_mutex_unlock(&w->lock);
}

static void keep_said(void *arg, const struct note_said *s)
{
  struct note_worker *w = arg;
  struct says *new = malloc(sizeof *new);
  lock(w);
  bool room = new && w->n_says < SAYS_MAX;
  if (room) {
    *new = (struct says){NULL, *s};
    if (w->says)
      w->says_last->next = new;
    else
      w->says = new;
    w->says_last = new;
    w->n_says++;
  } else {
    w->lost++;
  }
  unlock(w);
  if (!room) free(new);
}

static bool said_safe(void *arg)
{
  struct note_worker *w = arg;
  lock(w);
  bool safe = w->says == NULL;
  unlock(w);
  return safe;
}

const struct note_said *note_worker_said(struct note_worker *w, uint64_t *ret_lost)
{
  lock(w);
  struct says *s = w->says;
  *ret_lost = w->lost;
  w->lost = 0;
  unlock(w);
  return s ? &s->s : NULL;
}

void note_worker_said_drop(struct note_worker *w)
{
  lock(w);
  struct says *s = w->says;
  w->says = s->next;
  w->n_says--;
  unlock(w);
  free(s);
}

static void send_one(struct note_worker *w, struct note_job *j)
{
  j->tried = true;
  j->err.rc = PRAC_OK;
  j->err.text[0] = '\0';
  j->rc = w->way->send(w->st, &j->item, &w->env, &j->err);
}

static void tick(struct note_worker *w)
{
  struct prac_err err = {0};
  prac_time now = atomic_load(&w->now);
  if (!w->way->tick || now == PRAC_TIME_NONE) return;
  if (w->ticked != PRAC_TIME_NONE && now - w->ticked < PRAC_SEC && now >= w->ticked) return;
  w->ticked = now;
  prac_rc rc = w->way->tick(w->st, now, &w->env, &err);
  if (rc != PRAC_OK && rc != PRAC_AGAIN)
    prac_log(w->env.log, &ev_tick, "%s: %s", w->way->name,
             err.text[0] ? err.text : prac_rc_text(rc));
}

/* The lock is held at the start and at the end. */
static void work(struct note_worker *w, struct note_job *j)
{
  (void)pthread_mutex_unlock(&w->lock);
  send_one(w, j);
  (void)pthread_mutex_lock(&w->lock);
  add(&w->done, j);
  if (j->rc != PRAC_AGAIN || w->way->each) return;
  w->again = true;
  while ((j = take(&w->todo))) add(&w->done, j);
}

/* The lock is held. */
static void wait_more(struct note_worker *w)
{
  struct timespec ts;
  if (!w->way->tick) {
    (void)pthread_cond_wait(&w->come, &w->lock);
    return;
  }
  (void)clock_gettime(CLOCK_MONOTONIC, &ts);
  ts.tv_sec += 1;
  (void)pthread_cond_timedwait(&w->come, &w->lock, &ts);
}

static void *main_of(void *arg)
{
  struct note_worker *w = arg;
  (void)pthread_mutex_lock(&w->lock);
  while (!w->stop) {
    struct note_job *j = take(&w->todo);
    if (j) {
      work(w, j);
    } else {
      wait_more(w);
    }
    (void)pthread_mutex_unlock(&w->lock);
    tick(w);
    (void)pthread_mutex_lock(&w->lock);
  }
  (void)pthread_mutex_unlock(&w->lock);
  return NULL;
}

static prac_rc start(struct note_worker *w, struct prac_err *reterr)
{
  pthread_condattr_t attr;
  if (pthread_condattr_init(&attr) != 0)
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a thread");
  (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  (void)pthread_mutex_init(&w->lock, NULL);
  (void)pthread_cond_init(&w->come, &attr);
  (void)pthread_condattr_destroy(&attr);
  pthread_attr_t small;
  bool ok = pthread_attr_init(&small) == 0;
  if (ok) {
    ok = pthread_attr_setstacksize(&small, STACK) == 0 &&
         pthread_create(&w->thread, &small, main_of, w) == 0;
    (void)pthread_attr_destroy(&small);
  }
  if (!ok) return PRAC_FAIL(reterr, PRAC_IO, "no thread for the way %s", w->way->name);
  w->threaded = true;
  return PRAC_OK;
}

prac_rc note_worker_new(const struct note_way *way, const struct note_env *env, bool thread,
                        struct note_worker **ret, struct prac_err *reterr)
{
  struct note_worker *w = calloc(1, sizeof *w);
  if (!w) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the way %s", way->name);
  w->way = way;
  w->env = *env;
  w->env.said = keep_said;
  w->env.said_safe = said_safe;
  w->env.said_arg = w;
  w->ticked = PRAC_TIME_NONE;
  atomic_store(&w->now, PRAC_TIME_NONE);
  w->st = calloc(1, way->state_size);
  prac_rc rc = w->st ? way->open(w->st, &w->env, reterr)
                     : PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the way %s", way->name);
  if (rc == PRAC_OK && thread) rc = start(w, reterr);
  if (rc != PRAC_OK) {
    note_worker_free(&w);
    return rc;
  }
  *ret = w;
  return PRAC_OK;
}

void note_worker_ask_stop(struct note_worker *w)
{
  if (!w->threaded) return;
  (void)pthread_mutex_lock(&w->lock);
  w->stop = true;
  (void)pthread_cond_signal(&w->come);
  (void)pthread_mutex_unlock(&w->lock);
}

void note_worker_stop(struct note_worker *w)
{
  if (!w->threaded) return;
  note_worker_ask_stop(w);
  (void)pthread_join(w->thread, NULL);
  (void)pthread_cond_destroy(&w->come);
  (void)pthread_mutex_destroy(&w->lock);
  w->threaded = false;
}

void note_worker_free(struct note_worker **wp)
{
  struct note_worker *w = *wp;
  struct note_job *j;
  *wp = NULL;
  if (!w) return;
  note_worker_stop(w);
  while ((j = take(&w->todo))) note_job_free(&j);
  while ((j = take(&w->done))) note_job_free(&j);
  for (struct says *s; (s = w->says); free(s)) w->says = s->next;
  if (w->st) w->way->close(w->st);
  free(w->st);
  free(w);
}

void note_worker_put(struct note_worker *w, struct note_job *j)
{
  if (!w->threaded) {
    send_one(w, j);
    add(&w->done, j);
    return;
  }
  (void)pthread_mutex_lock(&w->lock);
  add(w->again ? &w->done : &w->todo, j);
  (void)pthread_cond_signal(&w->come);
  (void)pthread_mutex_unlock(&w->lock);
}

struct note_job *note_worker_done(struct note_worker *w)
{
  if (!w->threaded) return take(&w->done);
  (void)pthread_mutex_lock(&w->lock);
  struct note_job *j = take(&w->done);
  if (!j) w->again = false;
  (void)pthread_mutex_unlock(&w->lock);
  return j;
}

void note_worker_time(struct note_worker *w, prac_time now)
{
  atomic_store(&w->now, now);
  if (!w->threaded) tick(w);
}
