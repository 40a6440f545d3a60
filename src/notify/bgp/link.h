/* notify/bgp/link.h — the socket at which `practice exabgp` and `practice mitigate` call.
 *
 * one      relay at a time (the connection that said hello); others are control connections
 * who      the peer's uid must be root's, our own, or `uid`; others are closed at once
 * blocks   never; what a relay does not read is kept up to BGP_OUT_MAX bytes, then it is closed: it
 *          comes again and is told everything anew
 */
#pragma once
#include "base/err.h"
#include "notify/bgp/line.h"

enum { BGP_CONNS = 4, BGP_OUT_MAX = 4 << 20 };
struct bgp_conn {
  int fd;   /* -1: free */
  bool end; /* closed once all is written */
  struct bgp_lines in;
  char *out;
  size_t n, cap;
};
struct bgp_link {
  int fd; /* listening, or -1 */
  int64_t uid;
  struct bgp_conn conns[BGP_CONNS];
  int relay; /* index, or -1 */
  uint64_t denied;
  char path[512];
};
PRAC_NODISCARD prac_rc bgp_link_open(struct bgp_link *l, const char *path, int64_t uid,
                                     struct prac_err *reterr);
void bgp_link_close(struct bgp_link *l);
/* Accepts, reads, writes. line: called for every line; gone: the relay's connection has ended. */
struct bgp_link_calls {
  void *arg;
  void (*line)(void *arg, int conn, const char *s, size_t n);
  void (*gone)(void *arg);
};
void bgp_link_run(struct bgp_link *l, const struct bgp_link_calls *calls);
/* Text for one connection; what does not fit ends it. False: it is not there (any more). */
bool bgp_link_say(struct bgp_link *l, int conn, const char *s, size_t n);
