/* sys/http.h — a small HTTP/1.1 server: routes get requests, give answers or a live stream.
 *
 * threads   one epoll thread of its own calls the route; an answer may be given there at once, or
 *           later (sys_http_later) from any thread, once. sys_http_tick is for the owner's thread.
 * limits    connections in all and per address, requests per address and second (token bucket; an
 *           IPv6 /64 is one address), target, header block and body size, a deadline for a request
 *           to arrive in full (a client that drips bytes is cut off), one for the answer to leave
 * proxies   from a trusted proxy the client is the last entry of the last X-Forwarded-For line
 * names     a Host header that is not in `hosts` is refused: a page on another name that resolves
 *           to us (DNS rebinding) reads nothing
 * streams   server-sent events from a feed (sys/http_feed.h) with Last-Event-ID, heartbeat by tick;
 *           `still` is asked before every piece and ends the stream
 * smuggling a request with two Content-Length or Host headers, a length and a transfer coding, or a
 *           coding but chunked, is refused and its connection closed
 * engine    libmicrohttpd; nothing of it shows here, and its own errors leave as bare status lines
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/counter.h"
#include "base/err.h"
#include "base/ip.h"
#include "sys/http_feed.h"

enum sys_http_method { SYS_HTTP_GET, SYS_HTTP_HEAD, SYS_HTTP_POST, SYS_HTTP_OTHER };
struct sys_http;
struct sys_http_req;
struct sys_http_header {
  const char *name, *value;
};

/* Called on the server's thread once the body is there. Must lead to exactly one answer: now, or
 * after sys_http_later. Returning without either answers 500. */
typedef void sys_http_route(void *arg, struct sys_http_req *r);

struct sys_http_conf {
  const char *host; /* "127.0.0.1", "::1", "::"; an address, never a name */
  uint16_t port;    /* 0: any free one, see sys_http_port */
  int listen_fd;    /* >= 0: already listening; taken, host and port are ignored. Else -1 */
  uint32_t max_conns, max_conns_per_addr, max_streams;
  uint32_t max_streams_each;       /* of one reader; 0: no limit */
  uint32_t rate_per_s, rate_burst; /* per address; rate_per_s 0: no limit */
  size_t max_body;
  int64_t arrive_ns, leave_ns; /* deadlines of a request and of its answer; 0: 20 s, 60 s */
  int64_t beat_ns;             /* silence after which a stream gets a heartbeat; 0: 15 s */
  const struct prac_prefix *proxies;
  size_t n_proxies;
  const char *const *hosts; /* n_hosts 0: any name */
  size_t n_hosts;
  const struct sys_http_header *headers; /* on every answer; borrowed until close */
  size_t n_headers;
  sys_http_route *route;
  bool (*still)(void *arg, void *kept); /* on the server's thread; NULL: streams never end */
  void *arg;
};

/* What to answer. Texts and `body` are borrowed for the call unless the comment says otherwise. */
struct sys_http_resp {
  int status;
  const char *type; /* media type; NULL: no body */
  const void *body;
  size_t len;
  bool body_static;     /* body outlives the server: not copied */
  const char *etag;     /* without quotes; NULL: made from the body of a 200 */
  const char *cache;    /* Cache-Control; NULL: "no-store" */
  const char *encoding; /* Content-Encoding of `body` as it is; NULL: none */
  bool pack;            /* gzip it when the client can and it is long */
  const char *extra[6]; /* name, value, name, value, ...; NULL ends */
};

PRAC_NODISCARD prac_rc sys_http_open(const struct sys_http_conf *c, struct sys_http **ret,
                                     struct prac_err *reterr);
/* Answers what is still waiting with 503, ends streams, joins the thread. After it, no request
 * pointer may be used: stop your own workers first. */
void sys_http_close(struct sys_http **hp);
uint16_t sys_http_port(const struct sys_http *h);
/* Deadlines and heartbeats: call it a few times a second, from the owner's thread. */
void sys_http_tick(struct sys_http *h);

/* Asks `still` of every stream now, also of those that sleep. From the owner's thread. */
void sys_http_ask_streams(struct sys_http *h);

enum sys_http_method sys_http_method_of(const struct sys_http_req *r);
const char *sys_http_path(const struct sys_http_req *r);                    /* decoded */
const char *sys_http_param(const struct sys_http_req *r, const char *name); /* NULL: not given */
/* The i-th parameter, in the order given; false: no more. */
bool sys_http_param_at(const struct sys_http_req *r, size_t i, const char **ret_name,
                       const char **ret_value);
const char *sys_http_header(const struct sys_http_req *r, const char *name); /* on the route only */
const void *sys_http_body(const struct sys_http_req *r, size_t *ret_len);
struct prac_ip sys_http_client(const struct sys_http_req *r); /* what the proxy says, if trusted */
/* A trusted proxy says that the client came to it by TLS (X-Forwarded-Proto). */
bool sys_http_by_tls(const struct sys_http_req *r);
/* Something of the route's own that goes with the request; free_data gets it when the request is
 * over (a stream: when the stream is). Once a request, on the route. */
void sys_http_keep(struct sys_http_req *r, void *data, void (*free_data)(void *data));
void *sys_http_kept(const struct sys_http_req *r); /* NULL: nothing */
void sys_http_later(struct sys_http_req *r);
void sys_http_respond(struct sys_http_req *r, const struct sys_http_resp *a);
/* A stream of the feed's events from Last-Event-ID (header, or parameter `last`) on. reader: whose
 * it is, for max_streams_each. Route only. */
void sys_http_stream(struct sys_http_req *r, struct sys_http_feed *f, uint64_t reader);

struct prac_counters sys_http_counters(const struct sys_http *h);
