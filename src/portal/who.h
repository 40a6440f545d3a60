/* portal/who.h — who asks: without accounts the operator at the box, with them whoever a cookie or
 * an API key says, looked up on the server's thread and kept until anybody's rights change.
 *
 * cookie    "practice", behind TLS "__Host-practice": no other host of the domain can set that one
 * changing  requests carry X-Practice: 1 and a JSON body, and no Origin but our own: a foreign page
 *           can send none of it. An API key needs no X-Practice: no browser adds it by itself
 * streams   count as use for as long as they are open, and end with the session
 */
#pragma once
#include "access/access.h"
#include "portal/impl.h"

struct portal_reader; /* one session or key, as long as anybody refers to it; any thread */
struct portal_reader *portal_reader_ref(struct portal_reader *rd); /* NULL stays NULL */
void portal_reader_unref(struct portal_reader *rd);
struct portal_reader *portal_reader(const struct sys_http_req *r); /* NULL: nobody said who */
const struct access_who *portal_reader_who(const struct portal_reader *rd); /* NULL: access_local */

struct portal_door; /* the sessions in use, on the server's thread */
PRAC_NODISCARD prac_rc portal_door_open(struct portal *p, struct prac_err *reterr);
void portal_door_stop(struct portal *p); /* no job runs after it */
void portal_door_close(struct portal *p);
struct desk *portal_desk(struct portal *p); /* NULL: no accounts */
/* May this request go on to t->run? Finds out who asks (portal_who from then on), reads the body,
 * and answers when not. */
bool portal_admit(struct portal *p, struct sys_http_req *r, const struct portal_route *t);
/* What names hosts, changes something or leaves as a file is noted first. False: answered. */
bool portal_note(struct portal *p, struct sys_http_req *r, const struct portal_route *t);
/* The same, as a line that a route with a line of its own words. */
bool portal_note_as(struct portal *p, struct sys_http_req *r, const char *what, const char *on,
                    const char *detail);
const char *portal_cookie_name(const struct sys_http_req *r);
/* sys_http_conf's `still`. */
bool portal_still(void *arg, void *kept);
