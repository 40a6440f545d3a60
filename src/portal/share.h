/* portal/share.h — what all share nobody takes all of: of the questions that wait in a lane, of the
 * desk's jobs and of the live streams one reader has a quarter at most.
 *
 * reader    a user, with all sessions and keys; who has not signed in: an address, an IPv6 /64
 * refused   429 with Retry-After, counted (share_refused, http_streams_shared)
 */
#pragma once
#include "portal/impl.h"

enum { PORTAL_SHARERS = 4 };
static inline size_t portal_share(size_t whole)
{
  return (whole + PORTAL_SHARERS - 1) / PORTAL_SHARERS;
}
/* Whom this request counts for. On the server's thread. */
uint64_t portal_sharer(const struct portal *p, const struct sys_http_req *r);
/* There is no room (PRAC_FULL), or this reader has its share (PRAC_RANGE). */
void portal_send_busy(struct portal *p, struct sys_http_req *r, prac_rc rc, const char *text);
