/* sys/http_impl.h — what the three files of the HTTP server share; for them only.
 * It is the one header in the tree that names libmicrohttpd. */
#pragma once
#include <microhttpd.h>
#include <pthread.h>

#include "sys/http.h"
#include "sys/http_rate.h"
#include "sys/http_target.h"

#define HTTP_COUNTERS(X)                                                                           \
  X(REQUESTS, "http_requests", "1", "requests that reached a route")                               \
  X(REFUSED, "http_refused", "1", "requests refused before a route: unreadable, wrong host, big")  \
  X(LIMITED, "http_rate_limited", "1", "requests refused because their address asks too often")    \
  X(ERRORS, "http_errors", "1", "answers with a status of 500 or more")                            \
  X(BYTES, "http_body_bytes", "bytes", "answered bodies, streams not included")                    \
  X(STREAMS, "http_streams", "1", "live streams opened")                                           \
  X(SHARED, "http_streams_shared", "1", "live streams refused: their reader has its share of all") \
  X(CONNECTIONS, "http_connections", "1", "connections accepted")                                  \
  X(CUT, "http_cut", "1", "connections cut because a request or an answer took too long")
enum {
#define X(id, name, unit, help) C_##id,
  HTTP_COUNTERS(X)
#undef X
      C_COUNT_
};

enum http_conn_state { CONN_WAITING, CONN_ANSWERING, CONN_STREAM };
struct http_conn {
  struct http_conn *next, **link;
  int fd;
  enum http_conn_state state;
  int64_t since_ns;
  bool cut;
};
struct sys_http_req {
  struct sys_http_req *next, **link; /* among those answered later */
  struct sys_http *h;
  struct MHD_Connection *mc;
  struct http_conn *conn;
  enum sys_http_method method;
  struct sys_http_target target;
  char *body;
  size_t body_n;
  int refuse; /* status to answer instead of routing; 0: none */
  bool later, routed, by_tls;
  struct prac_ip client;
  void *kept;
  void (*free_kept)(void *kept);
  struct MHD_Response *resp; /* made, not yet queued */
  int status;
};
struct stream {
  struct stream *next, **link; /* in the server's list */
  struct sys_http *h;
  struct MHD_Connection *mc;
  struct sys_http_reader *reader;
  uint64_t owner; /* whose it is */
  void *kept;     /* the request's: nothing is read after its end */
};
struct sys_http {
  struct MHD_Daemon *daemon;
  struct sys_http_conf c;
  struct sys_http_rate *rate; /* server's thread only */
  int fd;
  uint16_t port;
  int64_t beat_at_ns;
  pthread_mutex_t lock; /* guards conns, pending, later answers, closing. Never held while calling
                         * the route or the feed */
  struct http_conn *conns;
  struct sys_http_req *pending;
  _Atomic bool closing;
  pthread_mutex_t streams_lock; /* guards the list; taken before a feed's */
  struct stream *streams;
  _Atomic uint64_t n_streams;
  _Atomic uint64_t counters[C_COUNT_];
};
enum { STREAM_BLOCK = 8192, CONN_MEMORY = 24 * 1024 };

int64_t http_mono_ns(void);
void http_count(struct sys_http *h, int which, uint64_t by);
void http_conn_state(struct sys_http *h, struct http_conn *c, enum http_conn_state s);
void http_add_headers(struct sys_http *h, struct MHD_Response *m, const struct sys_http_resp *a);
void http_respond_text(struct sys_http_req *r, int status, const char *code, const char *text);
void http_streams_beat(struct sys_http *h);
void http_pending_remove(struct sys_http_req *r); /* h->lock held */
/* true: *ret (malloc'ed) is smaller than data. */
bool http_gzip(const void *data, size_t n, void **ret, size_t *ret_n);
enum MHD_Result http_handle(void *arg, struct MHD_Connection *mc, const char *url,
                            const char *method, const char *version, const char *data,
                            size_t *data_n, void **req);
