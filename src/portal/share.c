/* One reader's share. */
#include "portal/share.h"

#include <string.h>

#include "base/hash.h"
#include "portal/who.h"

uint64_t portal_sharer(const struct portal *p, const struct sys_http_req *r)
{
  const struct prac_ip ip = sys_http_client(r);
  struct portal_reader *reader = portal_reader(r);
  if (!reader) return prac_hash_bytes(p->seed, ip.b, prac_ip_is4(&ip) ? sizeof ip.b : 8);
  const char *user = portal_reader_who(reader)->user;
  return prac_hash_bytes(p->seed, user, strlen(user));
}

void portal_send_busy(struct portal *p, struct sys_http_req *r, prac_rc rc, const char *text)
{
  if (rc == PRAC_RANGE) {
    portal_count(p, PORTAL_C_SHARE_REFUSED);
    portal_send_error(r, 429, "share", "too much of yours is waiting already; try again soon");
  } else {
    portal_send_error(r, 503, "busy", "%s", text);
  }
}
