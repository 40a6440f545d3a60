/* A live stream is a reader of a feed (sys/http_feed.h) on a connection that sleeps while there is
 * nothing to send. */
#include <stdlib.h>
#include <string.h>

#include "sys/http_impl.h"

static void stream_wake(void *arg)
{
  struct stream *s = arg;
  MHD_resume_connection(s->mc);
}

static void stream_pause(void *arg)
{
  struct stream *s = arg;
  if (!s->h->closing) MHD_suspend_connection(s->mc);
}

static ssize_t stream_read(void *arg, uint64_t pos, char *buf, size_t max)
{
  struct stream *s = arg;
  (void)pos;
  if (s->h->closing || (s->h->c.still && !s->h->c.still(s->h->c.arg, s->kept)))
    return MHD_CONTENT_READER_END_OF_STREAM;
  size_t n = sys_http_reader_read(s->reader, buf, max, stream_pause);
  if (n == 0 && s->h->closing) return MHD_CONTENT_READER_END_OF_STREAM;
  return (ssize_t)n;
}

static void link_stream(struct stream *s)
{
  struct sys_http *h = s->h;
  pthread_mutex_lock(&h->streams_lock);
  s->next = h->streams;
  s->link = &h->streams;
  if (s->next) s->next->link = &s->next;
  h->streams = s;
  pthread_mutex_unlock(&h->streams_lock);
}

static void unlink_stream(struct stream *s)
{
  pthread_mutex_lock(&s->h->streams_lock);
  if (s->link) *s->link = s->next;
  if (s->next) s->next->link = s->link;
  pthread_mutex_unlock(&s->h->streams_lock);
}

void http_streams_beat(struct sys_http *h)
{
  pthread_mutex_lock(&h->streams_lock);
  for (struct stream *s = h->streams; s; s = s->next) sys_http_reader_beat(s->reader);
  pthread_mutex_unlock(&h->streams_lock);
}

void sys_http_ask_streams(struct sys_http *h)
{
  pthread_mutex_lock(&h->streams_lock);
  for (struct stream *s = h->streams; s; s = s->next) sys_http_reader_wake(s->reader);
  pthread_mutex_unlock(&h->streams_lock);
}

static void stream_free(void *arg)
{
  struct stream *s = arg;
  unlink_stream(s);
  sys_http_reader_close(&s->reader);
  atomic_fetch_sub(&s->h->n_streams, 1);
  free(s);
}

static uint64_t last_event_id(struct sys_http_req *r)
{
  const char *v = sys_http_header(r, "Last-Event-ID");
  if (!v || !*v) v = sys_http_param(r, "last");
  if (!v || *v < '0' || *v > '9' || strlen(v) > 19) return UINT64_MAX;
  return strtoull(v, NULL, 10);
}

static bool has_its_share(struct sys_http *h, uint64_t owner)
{
  uint32_t n = 0;
  pthread_mutex_lock(&h->streams_lock);
  for (const struct stream *s = h->streams; s; s = s->next) n += s->owner == owner;
  pthread_mutex_unlock(&h->streams_lock);
  return h->c.max_streams_each && n >= h->c.max_streams_each;
}

void sys_http_stream(struct sys_http_req *r, struct sys_http_feed *f, uint64_t reader)
{
  struct sys_http *h = r->h;
  struct sys_http_resp a = {.status = 200,
                            .type = "text/event-stream; charset=utf-8",
                            .extra = {"X-Accel-Buffering", "no"}};
  struct stream *s = NULL;
  if (has_its_share(h, reader)) {
    http_count(h, C_SHARED, 1);
    http_respond_text(r, 429, "share", "you have as many live streams as one reader may");
    return;
  }
  if (atomic_fetch_add(&h->n_streams, 1) < h->c.max_streams) s = calloc(1, sizeof *s);
  if (!s || sys_http_reader_open(f, last_event_id(r), stream_wake, s, &s->reader) != PRAC_OK) {
    free(s);
    atomic_fetch_sub(&h->n_streams, 1);
    http_respond_text(r, 503, "busy", "too many live streams; try again in a minute");
    return;
  }
  s->h = h;
  s->mc = r->mc;
  s->kept = r->kept;
  s->owner = reader;
  r->resp = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read, s,
                                              stream_free);
  if (!r->resp) {
    stream_free(s);
    return;
  }
  r->status = 200;
  link_stream(s);
  http_add_headers(h, r->resp, &a);
  http_count(h, C_STREAMS, 1);
  http_conn_state(h, r->conn, CONN_STREAM);
}
