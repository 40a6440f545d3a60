/* Organisations, people, keys, saved views and the audit, over HTTP. */
#include <stdlib.h>
#include <string.h>

#include "access/saved.h"
#include "portal/desk.h"
#include "portal/session.h"
#include "portal/who.h"

#define USER_FIELDS(F)                                                                             \
  F(STR, user, "", "name to sign in by")                                                           \
  F(STR, name, "", "name for people to read")                                                      \
  F(STR, org, "", "organisation")                                                                  \
  F(STR, role, "", "viewer, analyst, operator or admin")                                           \
  F(STR, password, "", "a new password")                                                           \
  F(BOOL, disabled, "", "can not sign in")                                                         \
  F(STR, proof, "", "the present password of who changes it; to shut an account takes none")
#define ORG_FIELDS(F)                                                                              \
  F(STR, name, "", "name")                                                                         \
  F(STR, title, "", "name for people to read")                                                     \
  F(STR, scope, "", "its part of the world: JP AS64500 192.0.2.0/24, or *")                        \
  F(STR, clearance, "", "TLP:CLEAR to TLP:RED")                                                    \
  F(STR, proof, "", "the present password of who changes it: scope and clearance take it")
#define KEY_FIELDS(F)                                                                              \
  F(STR, label, "", "what it is for")                                                              \
  F(STR, password, "", "the present password of who makes it")
#define VIEW_FIELDS(F)                                                                             \
  F(STR, name, "", "to find it by; 1 to 80 characters")                                            \
  F(STR, place, "", "path and query string of the page: /attacks?range=7d&vector=dns")
#define VIEW_NAME_FIELDS(F) F(STR, name, "", "of the saved view")
struct user {
  USER_FIELDS(MODEL_FIELD)
};
struct org {
  ORG_FIELDS(MODEL_FIELD)
};
struct key {
  KEY_FIELDS(MODEL_FIELD)
};
struct view {
  VIEW_FIELDS(MODEL_FIELD)
};
struct view_name {
  VIEW_NAME_FIELDS(MODEL_FIELD)
};
#define DESC_USER(...) MODEL_DESC(user, __VA_ARGS__)
#define DESC_ORG(...) MODEL_DESC(org, __VA_ARGS__)
#define DESC_KEY(...) MODEL_DESC(key, __VA_ARGS__)
#define DESC_VIEW(...) MODEL_DESC(view, __VA_ARGS__)
#define DESC_VIEW_NAME(...) MODEL_DESC(view_name, __VA_ARGS__)
static const struct model_field user_fields[] = {USER_FIELDS(DESC_USER)};
static const struct model_field org_fields[] = {ORG_FIELDS(DESC_ORG)};
static const struct model_field key_fields[] = {KEY_FIELDS(DESC_KEY)};
static const struct model_field view_fields[] = {VIEW_FIELDS(DESC_VIEW)};
static const struct model_field view_name_fields[] = {VIEW_NAME_FIELDS(DESC_VIEW_NAME)};
const struct model_kind portal_user_kind = {.name = "user",
                                            .about = "a person's account",
                                            .size = sizeof(struct user),
                                            .fields = user_fields,
                                            .n_fields = PRAC_ARRAY_LEN(user_fields)};
const struct model_kind portal_org_kind = {.name = "org",
                                           .about = "an organisation",
                                           .size = sizeof(struct org),
                                           .fields = org_fields,
                                           .n_fields = PRAC_ARRAY_LEN(org_fields)};
const struct model_kind portal_key_kind = {.name = "key",
                                           .about = "a new API key",
                                           .size = sizeof(struct key),
                                           .fields = key_fields,
                                           .n_fields = PRAC_ARRAY_LEN(key_fields)};
const struct model_kind portal_view_kind = {.name = "saved_view",
                                            .about = "a view of the page to be found again",
                                            .size = sizeof(struct view),
                                            .fields = view_fields,
                                            .n_fields = PRAC_ARRAY_LEN(view_fields)};
const struct model_kind portal_view_name_kind = {.name = "saved_view_name",
                                                 .about = "which saved view",
                                                 .size = sizeof(struct view_name),
                                                 .fields = view_name_fields,
                                                 .n_fields = PRAC_ARRAY_LEN(view_name_fields)};
enum { LIST_MAX = 4 << 20, LINES = 100, LINES_MAX = 1000 };

static const char *given(const char *s)
{
  return *s ? s : NULL;
}

/* {"rows": what list writes} */
static void send_list(struct desk_job *j, struct access *a,
                      prac_rc (*list)(struct desk_job *j, struct access *a, struct prac_json *out))
{
  struct prac_json out = prac_json_of(LIST_MAX);
  prac_json_open(&out, '{');
  prac_json_key(&out, "rows");
  prac_rc rc = list(j, a, &out);
  prac_json_close(&out, '}');
  prac_json_newline(&out);
  if (rc == PRAC_OK) {
    portal_send_json(j->req, &out);
    return;
  }
  prac_json_done(&out);
  portal_desk_failed(j, rc, &(struct prac_err){.text = "a list can not be read"});
}

static void answer(struct desk_job *j, prac_rc rc, const struct prac_err *err)
{
  if (rc == PRAC_OK)
    portal_send_done(j->req);
  else
    portal_desk_failed(j, rc, err);
}

/* ---- people and organisations ---- */

static prac_rc list_users(struct desk_job *j, struct access *a, struct prac_json *out)
{
  (void)j;
  return access_users_json(a, NULL, out);
}
static void run_users(struct desk_job *j, struct access *a)
{
  send_list(j, a, list_users);
}
void portal_users(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  portal_desk_run(p, r, NULL, false, run_users);
}

/* What gives rights outlives the session that gave them, as a key does. What only takes them does
 * not wait for a password. */
static void run_user_put(struct desk_job *j, struct access *a)
{
  const struct user *b = portal_body(j->req);
  struct prac_err err = {0};
  struct access_user u = {.user = b->user,
                          .name = given(b->name),
                          .org = given(b->org),
                          .role = given(b->role),
                          .disabled = b->disabled};
  const char *by = portal_reader_who(j->reader)->user;
  bool gives = !b->disabled || *b->org || *b->role || *b->password;
  if (gives && !portal_proved(j, a, b->proof)) return;
  answer(j, access_user_put(a, by, &u, given(b->password), &err), &err);
}
void portal_user_put(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  portal_desk_run(p, r, NULL, true, run_user_put);
}

static prac_rc list_orgs(struct desk_job *j, struct access *a, struct prac_json *out)
{
  (void)j;
  return access_orgs_json(a, out);
}
static void run_orgs(struct desk_job *j, struct access *a)
{
  send_list(j, a, list_orgs);
}
void portal_orgs(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  portal_desk_run(p, r, NULL, false, run_orgs);
}

static void run_org_put(struct desk_job *j, struct access *a)
{
  const struct org *b = portal_body(j->req);
  struct prac_err err = {0};
  struct access_org o = {.name = b->name,
                         .title = given(b->title),
                         .scope = given(b->scope),
                         .clearance = given(b->clearance)};
  if ((o.scope || o.clearance) && !portal_proved(j, a, b->proof)) return;
  answer(j, access_org_put(a, portal_reader_who(j->reader)->user, &o, &err), &err);
}
void portal_org_put(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  portal_desk_run(p, r, NULL, true, run_org_put);
}

/* ---- keys ---- */

static prac_rc list_keys(struct desk_job *j, struct access *a, struct prac_json *out)
{
  return access_keys_json(a, portal_reader_who(j->reader)->user, out);
}
static void run_keys(struct desk_job *j, struct access *a)
{
  send_list(j, a, list_keys);
}
void portal_keys(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  portal_desk_run(p, r, NULL, false, run_keys);
}

static void run_key_new(struct desk_job *j, struct access *a)
{
  const struct key *b = portal_body(j->req);
  const struct access_who *who = portal_reader_who(j->reader);
  struct prac_err err = {0};
  char text[ACCESS_TOKEN_TEXT];
  /* Not by a key either: one that could make keys would outlive its own end. */
  if (!portal_proved(j, a, b->password)) return;
  prac_rc rc = access_key_new(a, who->user, who->user, b->label, text, &err);
  if (rc != PRAC_OK) {
    portal_desk_failed(j, rc, &err);
    return;
  }
  struct prac_json out = prac_json_of(1024);
  prac_json_open(&out, '{');
  prac_json_key_str(&out, "key", text);
  prac_json_close(&out, '}');
  prac_json_newline(&out);
  portal_send_secret(j->req, &out);
  explicit_bzero(text, sizeof text);
}
void portal_key_new(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  portal_desk_run(p, r, NULL, true, run_key_new);
}

static void run_key_end(struct desk_job *j, struct access *a)
{
  const char *user = portal_reader_who(j->reader)->user;
  struct prac_err err = {0};
  answer(j, access_key_end(a, user, user, strtoull(j->word, NULL, 10), &err), &err);
}
void portal_key_end(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  portal_desk_run(p, r, word, false, run_key_end);
}

/* ---- saved views ---- */

static prac_rc list_views(struct desk_job *j, struct access *a, struct prac_json *out)
{
  return access_saved_json(a, portal_reader_who(j->reader)->user, out);
}
static void run_views(struct desk_job *j, struct access *a)
{
  send_list(j, a, list_views);
}
void portal_saved_views(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  portal_desk_run(p, r, NULL, false, run_views);
}

static prac_rc is_view(const char *place, struct prac_err *reterr)
{
  char path[ACCESS_PLACE + 1];
  size_t n = strcspn(place, "?");
  if (n > ACCESS_PLACE) n = ACCESS_PLACE;
  memcpy(path, place, n);
  path[n] = 0;
  if (portal_is_view(path)) return PRAC_OK;
  return PRAC_FAIL(reterr, PRAC_MALFORMED, "place: the page has no such view");
}
static void run_view_put(struct desk_job *j, struct access *a)
{
  const struct view *b = portal_body(j->req);
  struct prac_err err = {0};
  prac_rc rc = is_view(b->place, &err);
  if (rc == PRAC_OK)
    rc = access_saved_put(a, portal_reader_who(j->reader), b->name, b->place, &err);
  answer(j, rc, &err);
}
void portal_saved_view_put(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  portal_desk_run(p, r, NULL, false, run_view_put);
}

static void run_view_end(struct desk_job *j, struct access *a)
{
  const struct view_name *b = portal_body(j->req);
  struct prac_err err = {0};
  answer(j, access_saved_end(a, portal_reader_who(j->reader), b->name, &err), &err);
}
void portal_saved_view_end(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  portal_desk_run(p, r, NULL, false, run_view_end);
}

/* ---- the audit ---- */

static prac_rc list_audit(struct desk_job *j, struct access *a, struct prac_json *out)
{
  const char *before = sys_http_param(j->req, "before"), *limit = sys_http_param(j->req, "limit");
  unsigned long long n = limit ? strtoull(limit, NULL, 10) : LINES;
  return access_audit_json(a, before ? strtoull(before, NULL, 10) : 0,
                           n > LINES_MAX ? LINES_MAX : (uint32_t)n, out);
}
static void run_audit(struct desk_job *j, struct access *a)
{
  send_list(j, a, list_audit);
}
void portal_audit(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  portal_desk_run(p, r, NULL, false, run_audit);
}
