/* sys/http_feed.h — a bounded ring of server-sent events, read by any number of clients.
 *
 * order     ids rise by one; a reader is only a place in the ring, never a queue of its own
 * bounds    `max_events` and `max_bytes` for all clients together; a reader that the ring has
 *           overtaken gets one `gap` event (from, to: the ids it missed) and goes on from the
 *           oldest
 * bytes     "id: 7\nevent: minute\ndata: {...}\n\n"; silence is filled with ": \n\n" (heartbeat)
 * threads   any thread may put, beat and wake; a reader belongs to one thread; the ring's mutex
 *           guards all, and is never held while calling out, except `wake`
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

struct sys_http_feed;
struct sys_http_reader;

PRAC_NODISCARD prac_rc sys_http_feed_new(size_t max_events, size_t max_bytes,
                                         struct sys_http_feed **ret);
void sys_http_feed_free(struct sys_http_feed **fp); /* no reader may be left */
/* Before anything is put: ids go on behind `last`, as of a ring that was there before. */
void sys_http_feed_begin(struct sys_http_feed *f, uint64_t last);
/* Another bound; older events go when the next one comes. */
void sys_http_feed_limit(struct sys_http_feed *f, size_t max_bytes);
/* data: one line of text (line breaks are refused). An event bigger than the ring is refused. */
PRAC_NODISCARD prac_rc sys_http_feed_put(struct sys_http_feed *f, const char *event,
                                         const char *data, size_t n);
uint64_t sys_http_feed_last(const struct sys_http_feed *f); /* id of the newest; 0: none yet */
size_t sys_http_feed_readers(const struct sys_http_feed *f);

/* A reader that has seen everything up to `after` (UINT64_MAX: start with what comes next). An id
 * that was never given out (the server was restarted) is a gap from the beginning. wake is called,
 * from any thread and with the ring's mutex held, once after a read that found nothing. */
PRAC_NODISCARD prac_rc sys_http_reader_open(struct sys_http_feed *f, uint64_t after,
                                            void (*wake)(void *arg), void *arg,
                                            struct sys_http_reader **ret);
void sys_http_reader_close(struct sys_http_reader **rp);
/* Copies up to cap bytes. 0: nothing there; `pause` has then been called with the mutex held, so
 * that no event can slip in between the look and the sleep. */
size_t sys_http_reader_read(struct sys_http_reader *r, char *to, size_t cap,
                            void (*pause)(void *arg));
/* A reader that was sent nothing since the last beat gets a heartbeat. */
void sys_http_reader_beat(struct sys_http_reader *r);
void sys_http_reader_wake(struct sys_http_reader *r); /* for the end: when it sleeps */
uint64_t
sys_http_feed_gaps(const struct sys_http_feed *f); /* events readers were told they missed */
