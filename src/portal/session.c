/* Signing in and out, and what people do about their own account. */
#include "portal/session.h"

#include <stdio.h>
#include <string.h>

#include "portal/desk.h"
#include "portal/oidc.h"
#include "portal/who.h"

#define SIGN_IN_FIELDS(F)                                                                          \
  F(STR, user, "", "name")                                                                         \
  F(STR, password, "", "password")                                                                 \
  F(STR, code, "", "six digits of the second factor; when it is asked for")
#define PASSWORD_FIELDS(F)                                                                         \
  F(STR, old, "", "the password until now")                                                        \
  F(STR, password, "", "the new one, 12 bytes at least")
#define PROOF_FIELDS(F) F(STR, password, "", "the present password")
#define CODE_FIELDS(F) F(STR, code, "", "six digits of the new secret")
struct sign_in {
  SIGN_IN_FIELDS(MODEL_FIELD)
};
struct password {
  PASSWORD_FIELDS(MODEL_FIELD)
};
struct proof {
  PROOF_FIELDS(MODEL_FIELD)
};
struct code {
  CODE_FIELDS(MODEL_FIELD)
};
#define DESC_SIGN_IN(...) MODEL_DESC(sign_in, __VA_ARGS__)
#define DESC_PASSWORD(...) MODEL_DESC(password, __VA_ARGS__)
#define DESC_PROOF(...) MODEL_DESC(proof, __VA_ARGS__)
#define DESC_CODE(...) MODEL_DESC(code, __VA_ARGS__)
static const struct model_field sign_in_fields[] = {SIGN_IN_FIELDS(DESC_SIGN_IN)};
static const struct model_field password_fields[] = {PASSWORD_FIELDS(DESC_PASSWORD)};
static const struct model_field proof_fields[] = {PROOF_FIELDS(DESC_PROOF)};
static const struct model_field code_fields[] = {CODE_FIELDS(DESC_CODE)};
const struct model_kind portal_sign_in_kind = {.name = "sign_in",
                                               .about = "who wants to sign in",
                                               .size = sizeof(struct sign_in),
                                               .fields = sign_in_fields,
                                               .n_fields = PRAC_ARRAY_LEN(sign_in_fields)};
const struct model_kind portal_password_kind = {.name = "password",
                                                .about = "a new password",
                                                .size = sizeof(struct password),
                                                .fields = password_fields,
                                                .n_fields = PRAC_ARRAY_LEN(password_fields)};
const struct model_kind portal_proof_kind = {.name = "proof",
                                             .about = "that it is the person who sits there",
                                             .size = sizeof(struct proof),
                                             .fields = proof_fields,
                                             .n_fields = PRAC_ARRAY_LEN(proof_fields)};
const struct model_kind portal_code_kind = {.name = "code",
                                            .about = "a code of the second factor",
                                            .size = sizeof(struct code),
                                            .fields = code_fields,
                                            .n_fields = PRAC_ARRAY_LEN(code_fields)};

/* ---- shared ---- */

void portal_desk_run(struct portal *p, struct sys_http_req *r, const char *word, bool slow,
                     void (*run)(struct desk_job *j, struct access *a))
{
  if (!portal_desk(p)) {
    portal_send_error(r, 404, "no_accounts", "this portal has no accounts (portal.accounts)");
    return;
  }
  struct desk_job *j = desk_job_new(p, r, portal_reader(r));
  if (j && word) j->word = prac_arena_strndup(j->arena, word, strlen(word));
  if (!j || (word && !j->word)) {
    desk_job_free(&j);
    portal_send_error(r, 503, "busy", "no memory for this request now; try again");
    return;
  }
  j->run = run;
  j->slow = slow;
  desk_ask(portal_desk(p), j);
}

void portal_desk_failed(struct desk_job *j, prac_rc rc, const struct prac_err *err)
{
  static const struct prac_log_event ev = {"portal_accounts_failed", PRAC_LOG_ERROR,
                                           "look at access.db and its device"};
  if (rc == PRAC_MALFORMED || rc == PRAC_RANGE) {
    portal_send_error(j->req, 400, "bad_value", "%s", err->text);
  } else if (rc == PRAC_UNKNOWN) {
    portal_send_error(j->req, 404, "not_found", "%s", err->text);
  } else if (rc == PRAC_DENIED) {
    portal_send_error(j->req, 403, "denied", "%s", err->text);
  } else {
    prac_log(j->p->env.log, &ev, "%s", err->text);
    portal_send_error(j->req, 503, "accounts", "accounts can not be written now; try again later");
  }
}

void portal_send_secret(struct sys_http_req *r, struct prac_json *j)
{
  sys_http_respond(r, &(struct sys_http_resp){.status = j->bad ? 503 : 200,
                                              .type = "application/json",
                                              .body = j->buf,
                                              .len = j->bad ? 0 : j->len});
  if (j->buf) explicit_bzero(j->buf, j->len);
  prac_json_done(j);
}

void portal_send_done(struct sys_http_req *r)
{
  struct prac_json j = prac_json_of(64);
  prac_json_open(&j, '{');
  prac_json_key_bool(&j, "done", true);
  prac_json_close(&j, '}');
  prac_json_newline(&j);
  portal_send_json(r, &j);
}

/* ---- who am I ---- */

/* In how many browsers. No word of it where the file cannot be asked now. */
static void sessions_json(const struct portal *p, struct access *a, const char *user,
                          struct prac_json *j)
{
  uint64_t n;
  if (access_sessions_open(a, user, &n, NULL) != PRAC_OK) return;
  prac_json_key_u64(j, "sessions", n);
  prac_json_key_u64(j, "sessions_most", (uint64_t)p->conf.sessions_each);
}

/* who NULL: nobody. from: the accounts' file, by this thread's handle; NULL: there is none. */
static void me_json(const struct portal *p, const struct access_who *who, struct access *from,
                    struct prac_arena *a, struct prac_json *j)
{
  prac_json_open(j, '{');
  prac_json_key_bool(j, "accounts", p->door != NULL);
  prac_json_key_bool(j, "signed_in", who != NULL);
  portal_oidc_json(p, j);
  if (who) {
    prac_json_key_str(j, "user", who->user);
    prac_json_key_str(j, "name", who->name);
    prac_json_key_str(j, "org", who->org);
    prac_json_key_str(j, "org_title", who->org_title);
    prac_json_key_str(j, "role", access_role_names[who->role]);
    prac_json_key(j, "scope");
    prac_json_open(j, '{');
    prac_json_key_bool(j, "all", who->scope.all);
    prac_json_key_str(j, "words", access_scope_words(&who->scope, a));
    prac_json_close(j, '}');
    prac_json_key_str(j, "clearance", access_tlp_names[who->scope.clearance]);
    prac_json_key_bool(j, "totp", who->totp);
    if (from) sessions_json(p, from, who->user, j);
  }
  prac_json_close(j, '}');
  prac_json_newline(j);
}

void portal_me(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct prac_json j = prac_json_of(64 << 10);
  struct prac_arena *a = prac_arena_new(1024);
  (void)word;
  if (a)
    me_json(p, p->door && !portal_reader(r) ? NULL : portal_who(r),
            p->door ? desk_reader(portal_desk(p)) : NULL, a, &j);
  else
    j.bad = true;
  prac_arena_free(&a);
  portal_send_json(r, &j);
}

/* ---- signing in and out ---- */

void portal_session_cookie(const struct sys_http_req *r, const char *token, int64_t life_s,
                           char to[PORTAL_COOKIE_TEXT])
{
  (void)snprintf(to, PORTAL_COOKIE_TEXT, "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s",
                 portal_cookie_name(r), token, (long long)life_s,
                 sys_http_by_tls(r) ? "; Secure" : "");
}

void portal_send_refused(struct sys_http_req *r, prac_rc rc, int wait_s, const struct prac_err *err)
{
  char wait[16];
  struct prac_json j = prac_json_of(1024);
  prac_json_open(&j, '{');
  prac_json_key(&j, "error");
  prac_json_open(&j, '{');
  prac_json_key_str(&j, "code",
                    rc == PRAC_END     ? "code_needed"
                    : rc == PRAC_AGAIN ? "wait"
                                       : "denied");
  prac_json_key_str(&j, "text", err->text);
  if (rc == PRAC_AGAIN) {
    prac_json_key(&j, "wait_s");
    prac_json_i64(&j, wait_s);
  }
  prac_json_close(&j, '}');
  prac_json_close(&j, '}');
  prac_json_newline(&j);
  struct sys_http_resp a = {
      .status = 401, .type = "application/json", .body = j.buf, .len = j.bad ? 0 : j.len};
  (void)snprintf(wait, sizeof wait, "%d", wait_s);
  if (rc == PRAC_AGAIN) {
    a.extra[0] = "Retry-After";
    a.extra[1] = wait;
  }
  sys_http_respond(r, &a);
  prac_json_done(&j);
}

prac_rc portal_send_session(struct desk_job *j, struct access *a, const char *token,
                            struct prac_err *err)
{
  struct access_who who;
  char text[PORTAL_COOKIE_TEXT];
  PRAC_TRY(access_who_is(a, token, j->arena, &who, err));
  struct prac_json out = prac_json_of(64 << 10);
  me_json(j->p, &who, a, j->arena, &out);
  portal_session_cookie(j->req, token, j->p->conf.session_life_ns / PRAC_SEC, text);
  sys_http_respond(j->req, &(struct sys_http_resp){.status = out.bad ? 503 : 200,
                                                   .type = "application/json",
                                                   .body = out.buf,
                                                   .len = out.bad ? 0 : out.len,
                                                   .extra = {"Set-Cookie", text}});
  prac_json_done(&out);
  explicit_bzero(text, sizeof text);
  return PRAC_OK;
}

static void run_sign_in(struct desk_job *j, struct access *a)
{
  const struct sign_in *s = portal_body(j->req);
  struct prac_err err = {0};
  struct prac_ip from = sys_http_client(j->req);
  char token[ACCESS_TOKEN_TEXT];
  int wait_s = 0;
  struct access_signing g = {
      .user = s->user, .password = s->password, .code = s->code, .from = &from};
  prac_rc rc = access_sign_in(a, &g, token, &wait_s, &err);
  if (rc == PRAC_DENIED || rc == PRAC_AGAIN || rc == PRAC_END) {
    portal_send_refused(j->req, rc, wait_s, &err);
    return;
  }
  if (rc == PRAC_OK) rc = portal_send_session(j, a, token, &err);
  if (rc != PRAC_OK) portal_desk_failed(j, rc, &err);
  explicit_bzero(token, sizeof token);
}

void portal_sign_in(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  portal_desk_run(p, r, NULL, true, run_sign_in);
}

static void run_sign_out(struct desk_job *j, struct access *a)
{
  struct prac_err err = {0};
  char text[PORTAL_COOKIE_TEXT];
  prac_rc rc = access_sign_out(a, portal_reader_who(j->reader), &err);
  if (rc != PRAC_OK) {
    portal_desk_failed(j, rc, &err);
    return;
  }
  portal_session_cookie(j->req, "", 0, text);
  sys_http_respond(j->req, &(struct sys_http_resp){
                               .status = 200,
                               .type = "application/json",
                               .body = "{\"done\":true}\n",
                               .len = 14,
                               .extra = {"Set-Cookie", text, "Clear-Site-Data", "\"cache\""}});
}

void portal_sign_out(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  portal_desk_run(p, r, NULL, false, run_sign_out);
}

/* ---- one's own account ---- */

bool portal_not_by_key(struct desk_job *j)
{
  if (!portal_reader_who(j->reader)->by_key) return true;
  portal_send_error(j->req, 403, "denied", "this takes a person: a key can not do it");
  return false;
}

/* A stolen session must not take the account over: the old password is asked for, with the same
 * pauses as a sign-in. All sessions end, this one too. */
static void run_password(struct desk_job *j, struct access *a)
{
  const struct password *b = portal_body(j->req);
  const struct access_who *who = portal_reader_who(j->reader);
  struct prac_ip from = sys_http_client(j->req);
  struct prac_err err = {0};
  int wait_s = 0;
  struct access_signing g = {.user = who->user, .password = b->old, .from = &from};
  prac_rc rc = who->by_key ? PRAC_FAIL(&err, PRAC_DENIED, "a key can not set a password")
                           : access_password_change(a, &g, b->password, &wait_s, &err);
  if (rc == PRAC_AGAIN)
    portal_send_refused(j->req, rc, wait_s, &err);
  else if (rc != PRAC_OK)
    portal_desk_failed(j, rc, &err);
  else
    portal_send_done(j->req);
}

void portal_me_password(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  portal_desk_run(p, r, NULL, true, run_password);
}

/* As with the password: a stolen session must not make what outlives it. */
bool portal_proved(struct desk_job *j, struct access *a, const char *password)
{
  const struct access_who *who = portal_reader_who(j->reader);
  struct prac_ip from = sys_http_client(j->req);
  struct prac_err err = {0};
  int wait_s = 0;
  struct access_signing g = {.user = who->user, .password = password, .from = &from};
  prac_rc rc = access_prove(a, who, &g, &wait_s, &err);
  if (rc == PRAC_AGAIN)
    portal_send_refused(j->req, rc, wait_s, &err);
  else if (rc != PRAC_OK)
    portal_desk_failed(j, rc, &err);
  return rc == PRAC_OK;
}

static void run_totp(struct desk_job *j, struct access *a)
{
  const struct proof *b = portal_body(j->req);
  const char *user = portal_reader_who(j->reader)->user;
  char uri[ACCESS_URI];
  struct prac_err err = {0};
  if (!portal_proved(j, a, b->password)) return;
  if (portal_reader_who(j->reader)->totp) { /* or a stolen session could lock its owner out */
    portal_send_error(j->req, 403, "denied",
                      "there is a second factor already: an administrator takes it off");
    return;
  }
  prac_rc rc = access_totp_new(a, user, user, uri, &err);
  if (rc != PRAC_OK) {
    portal_desk_failed(j, rc, &err);
    return;
  }
  struct prac_json out = prac_json_of(1024);
  prac_json_open(&out, '{');
  prac_json_key_str(&out, "uri", uri);
  prac_json_close(&out, '}');
  prac_json_newline(&out);
  portal_send_secret(j->req, &out);
  explicit_bzero(uri, sizeof uri);
}

void portal_me_totp(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  portal_desk_run(p, r, NULL, true, run_totp);
}

const char *portal_code_of(const struct sys_http_req *r)
{
  const struct code *b = portal_body(r);
  return b->code;
}

static void run_totp_confirm(struct desk_job *j, struct access *a)
{
  const char *user = portal_reader_who(j->reader)->user;
  struct prac_err err = {0};
  if (!portal_not_by_key(j)) return;
  prac_rc rc = access_totp_confirm(a, user, user, portal_code_of(j->req), &err);
  if (rc != PRAC_OK)
    portal_desk_failed(j, rc, &err);
  else
    portal_send_done(j->req);
}

void portal_me_totp_confirm(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  portal_desk_run(p, r, NULL, false, run_totp_confirm);
}
