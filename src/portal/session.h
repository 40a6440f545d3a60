/* portal/session.h — endpoints about accounts, and what their requests say. */
#pragma once
#include "portal/impl.h"

extern const struct model_kind portal_sign_in_kind, portal_password_kind, portal_proof_kind,
    portal_code_kind, portal_user_kind, portal_org_kind, portal_key_kind, portal_view_kind,
    portal_view_name_kind;

void portal_me(struct portal *p, struct sys_http_req *r, const char *word);
void portal_sign_in(struct portal *p, struct sys_http_req *r, const char *word);
void portal_sign_out(struct portal *p, struct sys_http_req *r, const char *word);
void portal_me_password(struct portal *p, struct sys_http_req *r, const char *word);
void portal_me_totp(struct portal *p, struct sys_http_req *r, const char *word);
void portal_me_totp_confirm(struct portal *p, struct sys_http_req *r, const char *word);
void portal_users(struct portal *p, struct sys_http_req *r, const char *word);
void portal_user_put(struct portal *p, struct sys_http_req *r, const char *word);
void portal_orgs(struct portal *p, struct sys_http_req *r, const char *word);
void portal_org_put(struct portal *p, struct sys_http_req *r, const char *word);
void portal_keys(struct portal *p, struct sys_http_req *r, const char *word);
void portal_key_new(struct portal *p, struct sys_http_req *r, const char *word);
void portal_key_end(struct portal *p, struct sys_http_req *r, const char *word);
void portal_saved_views(struct portal *p, struct sys_http_req *r, const char *word);
void portal_saved_view_put(struct portal *p, struct sys_http_req *r, const char *word);
void portal_saved_view_end(struct portal *p, struct sys_http_req *r, const char *word);
void portal_audit(struct portal *p, struct sys_http_req *r, const char *word);

/* Shared by the two files. Puts a job for this request on the desk, or answers: no accounts, no
 * room. */
struct access;
struct desk_job;
void portal_desk_run(struct portal *p, struct sys_http_req *r, const char *word, bool slow,
                     void (*run)(struct desk_job *j, struct access *a));
/* A key is no person: it changes no password, second factor or key. False: answered. */
bool portal_not_by_key(struct desk_job *j);
/* It is the person who sits there now: their password (access_prove). False: answered. */
bool portal_proved(struct desk_job *j, struct access *a, const char *password);
/* What the accounts' file said of a request, when not PRAC_OK. */
void portal_desk_failed(struct desk_job *j, prac_rc rc, const struct prac_err *err);
const char *portal_code_of(const struct sys_http_req *r); /* what a body of portal_code_kind says */
/* The answer of a sign-in: that of /me, with the cookie. */
PRAC_NODISCARD prac_rc portal_send_session(struct desk_job *j, struct access *a, const char *token,
                                           struct prac_err *err);
/* PRAC_END: a code is missing; PRAC_AGAIN: so long; else: no. */
void portal_send_refused(struct sys_http_req *r, prac_rc rc, int wait_s,
                         const struct prac_err *err);
enum { PORTAL_COOKIE_TEXT = 256 };
void portal_session_cookie(const struct sys_http_req *r, const char *token, int64_t life_s,
                           char to[PORTAL_COOKIE_TEXT]);
void portal_send_secret(struct sys_http_req *r, struct prac_json *j); /* kept by nobody; frees j */
void portal_send_done(struct sys_http_req *r);                        /* {"done": true} */
