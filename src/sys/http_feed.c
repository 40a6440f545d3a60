/* One ring for everybody: memory is bounded by the ring, not by the number of slow clients. A
 * reader in the middle of an event keeps that event alive by a count, so that an event is never
 * cut in half when the ring moves on. */
#include "sys/http_feed.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct frame {
  uint64_t id;
  uint32_t refs; /* guarded by the feed's mutex */
  size_t len;
  char text[];
};
struct sys_http_reader {
  struct sys_http_reader *next, **link; /* in the feed's list */
  struct sys_http_feed *feed;
  uint64_t want; /* id of the next event to send */
  struct frame *now;
  size_t at; /* bytes of `now` already given */
  bool asleep, beat, sent;
  void (*wake)(void *arg);
  void *arg;
};
struct sys_http_feed {
  pthread_mutex_t lock; /* guards everything below; taken alone, or before the HTTP library's own */
  struct frame **ring;
  size_t cap, n, head; /* head: index of the oldest */
  size_t bytes, max_bytes;
  uint64_t last, gaps;
  struct sys_http_reader *readers;
  size_t n_readers;
};

static void frame_drop(struct frame *f)
{
  if (f && --f->refs == 0) free(f);
}

static struct frame *frame_new(uint64_t id, const char *event, const char *data, size_t n)
{
  size_t cap = n + strlen(event) + 64;
  struct frame *f = malloc(sizeof *f + cap);
  if (!f) return NULL;
  int head = id ? snprintf(f->text, cap, "id: %" PRIu64 "\nevent: %s\ndata: ", id, event)
                : snprintf(f->text, cap, "event: %s\ndata: ", event);
  memcpy(f->text + head, data, n);
  memcpy(f->text + head + n, "\n\n", 2);
  f->len = (size_t)head + n + 2;
  f->id = id;
  f->refs = 1;
  return f;
}

prac_rc sys_http_feed_new(size_t max_events, size_t max_bytes, struct sys_http_feed **ret)
{
  struct sys_http_feed *f = calloc(1, sizeof *f);
  if (!f) return PRAC_NOMEM;
  f->ring = calloc(max_events, sizeof(struct frame *));
  if (!f->ring || pthread_mutex_init(&f->lock, NULL) != 0) {
    free(f->ring);
    free(f);
    return PRAC_NOMEM;
  }
  f->cap = max_events;
  f->max_bytes = max_bytes;
  *ret = f;
  return PRAC_OK;
}

static void drop_oldest(struct sys_http_feed *f)
{
  f->bytes -= f->ring[f->head]->len;
  frame_drop(f->ring[f->head]);
  f->ring[f->head] = NULL;
  f->head = (f->head + 1) % f->cap;
  f->n--;
}

void sys_http_feed_free(struct sys_http_feed **fp)
{
  struct sys_http_feed *f = *fp;
  if (!f) return;
  PRAC_INSIST(!f->readers);
  while (f->n > 0) drop_oldest(f);
  free(f->ring);
  pthread_mutex_destroy(&f->lock);
  free(f);
  *fp = NULL;
}

void sys_http_feed_begin(struct sys_http_feed *f, uint64_t last)
{
  f->last = last;
}

void sys_http_feed_limit(struct sys_http_feed *f, size_t max_bytes)
{
  pthread_mutex_lock(&f->lock);
  f->max_bytes = max_bytes;
  pthread_mutex_unlock(&f->lock);
}

static void rouse(struct sys_http_reader *r)
{
  if (!r->asleep) return;
  r->asleep = false;
  r->wake(r->arg);
}

prac_rc sys_http_feed_put(struct sys_http_feed *f, const char *event, const char *data, size_t n)
{
  if (memchr(data, '\n', n) || memchr(data, '\r', n)) return PRAC_MALFORMED;
  pthread_mutex_lock(&f->lock);
  struct frame *fr = frame_new(f->last + 1, event, data, n);
  if (!fr || fr->len > f->max_bytes) {
    prac_rc rc = fr ? PRAC_RANGE : PRAC_NOMEM;
    free(fr);
    pthread_mutex_unlock(&f->lock);
    return rc;
  }
  while (f->n == f->cap || (f->n > 0 && f->bytes + fr->len > f->max_bytes)) drop_oldest(f);
  f->ring[(f->head + f->n) % f->cap] = fr;
  f->n++;
  f->bytes += fr->len;
  f->last++;
  for (struct sys_http_reader *r = f->readers; r; r = r->next) rouse(r);
  pthread_mutex_unlock(&f->lock);
  return PRAC_OK;
}

/* The three that only read take the mutex of an object they may not otherwise change. */
static pthread_mutex_t *lock_of(const struct sys_http_feed *f)
{
  union {
    const struct sys_http_feed *in;
    struct sys_http_feed *out;
  } u = {f};
  return &u.out->lock;
}

uint64_t sys_http_feed_last(const struct sys_http_feed *f)
{
  pthread_mutex_lock(lock_of(f));
  uint64_t v = f->last;
  pthread_mutex_unlock(lock_of(f));
  return v;
}

size_t sys_http_feed_readers(const struct sys_http_feed *f)
{
  pthread_mutex_lock(lock_of(f));
  size_t v = f->n_readers;
  pthread_mutex_unlock(lock_of(f));
  return v;
}

uint64_t sys_http_feed_gaps(const struct sys_http_feed *f)
{
  pthread_mutex_lock(lock_of(f));
  uint64_t v = f->gaps;
  pthread_mutex_unlock(lock_of(f));
  return v;
}

prac_rc sys_http_reader_open(struct sys_http_feed *f, uint64_t after, void (*wake)(void *arg),
                             void *arg, struct sys_http_reader **ret)
{
  struct sys_http_reader *r = calloc(1, sizeof *r);
  if (!r) return PRAC_NOMEM;
  r->feed = f;
  r->wake = wake;
  r->arg = arg;
  pthread_mutex_lock(&f->lock);
  /* An id from before a restart: 0 has never been given out, so "from 0" marks that gap. */
  r->want = after == UINT64_MAX ? f->last + 1 : after > f->last ? 0 : after + 1;
  r->next = f->readers;
  r->link = &f->readers;
  if (r->next) r->next->link = &r->next;
  f->readers = r;
  f->n_readers++;
  pthread_mutex_unlock(&f->lock);
  *ret = r;
  return PRAC_OK;
}

void sys_http_reader_close(struct sys_http_reader **rp)
{
  struct sys_http_reader *r = *rp;
  if (!r) return;
  struct sys_http_feed *f = r->feed;
  pthread_mutex_lock(&f->lock);
  *r->link = r->next;
  if (r->next) r->next->link = r->link;
  f->n_readers--;
  frame_drop(r->now);
  pthread_mutex_unlock(&f->lock);
  free(r);
  *rp = NULL;
}

static struct frame *gap_frame(struct sys_http_reader *r, uint64_t oldest)
{
  char data[96];
  int n =
      snprintf(data, sizeof data, "{\"from\":%" PRIu64 ",\"to\":%" PRIu64 "}", r->want, oldest - 1);
  struct frame *g = frame_new(0, "gap", data, (size_t)n);
  if (!g) return NULL; /* tried again at the next read */
  r->feed->gaps += oldest - r->want;
  r->want = oldest;
  return g;
}

/* The next thing to send, with a reference for the reader; NULL: nothing. */
static struct frame *next_frame(struct sys_http_reader *r)
{
  struct sys_http_feed *f = r->feed;
  uint64_t oldest = f->last + 1 - f->n;
  if (r->want < oldest) return gap_frame(r, oldest);
  if (r->want > f->last) return NULL;
  struct frame *fr = f->ring[(f->head + (size_t)(r->want - oldest)) % f->cap];
  fr->refs++;
  r->want++;
  return fr;
}

static size_t copy_frames(struct sys_http_reader *r, char *to, size_t cap)
{
  size_t done = 0;
  while (done < cap) {
    if (!r->now) {
      r->now = next_frame(r);
      r->at = 0;
      if (!r->now) break;
    }
    size_t n = r->now->len - r->at;
    if (n > cap - done) n = cap - done;
    memcpy(to + done, r->now->text + r->at, n);
    done += n;
    r->at += n;
    if (r->at == r->now->len) {
      frame_drop(r->now);
      r->now = NULL;
    }
  }
  return done;
}

size_t sys_http_reader_read(struct sys_http_reader *r, char *to, size_t cap,
                            void (*pause)(void *arg))
{
  static const char beat[] = ": \n\n";
  pthread_mutex_lock(&r->feed->lock);
  size_t n = copy_frames(r, to, cap);
  if (n == 0 && r->beat && cap >= sizeof beat - 1) {
    n = sizeof beat - 1;
    memcpy(to, beat, n);
    r->beat = false;
  }
  if (n > 0) {
    r->sent = true;
  } else {
    r->asleep = true;
    pause(r->arg);
  }
  pthread_mutex_unlock(&r->feed->lock);
  return n;
}

void sys_http_reader_beat(struct sys_http_reader *r)
{
  pthread_mutex_lock(&r->feed->lock);
  if (!r->sent) {
    r->beat = true;
    rouse(r);
  }
  r->sent = false;
  pthread_mutex_unlock(&r->feed->lock);
}

void sys_http_reader_wake(struct sys_http_reader *r)
{
  pthread_mutex_lock(&r->feed->lock);
  rouse(r);
  pthread_mutex_unlock(&r->feed->lock);
}
