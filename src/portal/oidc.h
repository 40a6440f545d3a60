/* portal/oidc.h — signing in with an identity provider's word (oidc/oidc.h), over HTTP.
 *
 * lane      a thread of its own waits for the provider, so that nobody else does: neither the
 * server nor the desk (portal/desk.h), which only looks for the account in the end bounds
 * OIDC_LANE_MAX wait, OIDC_LANE_ADDRESS of one address, and none longer than OIDC_LANE_WAIT; more
 * are sent back with the word "busy" browser   goes there by a redirect with a cookie (HttpOnly,
 * SameSite=Lax, ten minutes) that binds what comes back to it; the session's own cookie stays
 * SameSite=Strict, and the page that is landed on is a file that needs none. It lands on a view of
 * this page, or nowhere
 */
#pragma once
#include "oidc/oidc.h"
#include "portal/impl.h"

enum { OIDC_LANE_MAX = 64, OIDC_LANE_ADDRESS = 4 };
#define OIDC_LANE_WAIT (20 * PRAC_SEC)

struct portal_oidc;
/* Nothing when env->oidc is NULL. */
PRAC_NODISCARD prac_rc portal_oidc_open(struct portal *p, struct prac_err *reterr);
void portal_oidc_stop(struct portal *p); /* no job runs after it; before the desk stops */
void portal_oidc_close(struct portal *p);
/* For whoever is at the door: the provider's name, and whether one can sign out there. Writes a key
 * when there is a provider. */
void portal_oidc_json(const struct portal *p, struct prac_json *j);

void portal_oidc_start(struct portal *p, struct sys_http_req *r, const char *word);
void portal_oidc_callback(struct portal *p, struct sys_http_req *r, const char *word);
void portal_oidc_end(struct portal *p, struct sys_http_req *r, const char *word);
void portal_oidc_code(struct portal *p, struct sys_http_req *r, const char *word);
