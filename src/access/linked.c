/* Signing in with an identity provider's word: the account that is bound to what the provider calls
 * this person, and to nobody else. A name alone binds only what nobody has bound yet, and only as
 * far as the settings let it. */
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "access/impl.h"

#define BY "(oidc)" /* who does it, in the audit: a name that nobody can have */
enum { DETAIL = 1024 };

struct found {
  bool bound, known;
  bool guessed; /* with a wrong code */
  struct access_signing g;
  char user[ACCESS_NAME_MAX + 1];
  char detail[DETAIL];
  struct access_secrets secrets;
};

static const char *given(const char *s)
{
  return s && *s ? s : NULL;
}

/* What column 0 says; to NULL: only whether there is a row. */
static prac_rc look(struct access *a, enum access_sql what, const char *const of[2], bool *ret,
                    char to[ACCESS_NAME_MAX + 1], struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, what);
  access_bind_text(s, 1, of[0]);
  access_bind_text(s, 2, of[1]);
  prac_rc rc = access_sql_row(a, s, reterr);
  *ret = rc == PRAC_OK;
  if (rc == PRAC_OK && to) (void)snprintf(to, ACCESS_NAME_MAX + 1, "%s", access_col_text(s, 0));
  (void)sqlite3_reset(s);
  return rc == PRAC_UNKNOWN ? PRAC_OK : rc;
}

/* May the account of that name, or one that is made for it, be this person's from now on? */
static prac_rc claim(struct access *a, const struct access_linked *l, struct found *f,
                     struct prac_err *reterr)
{
  bool others;
  if (!access_name_ok(l->user))
    return PRAC_FAIL(reterr, PRAC_UNKNOWN, "what the provider calls this person can not be a name");
  (void)snprintf(f->user, sizeof f->user, "%s", l->user);
  PRAC_TRY(access_secrets_of(a, f->user, &f->secrets, reterr));
  f->known = f->secrets.known;
  if (!f->known && !l->makes) return PRAC_FAIL(reterr, PRAC_UNKNOWN, "no account of this name");
  PRAC_TRY(look(a, SQL_LINK_OF, (const char *[]){f->user, l->issuer}, &others, NULL, reterr));
  if (others) return PRAC_FAIL(reterr, PRAC_EXISTS, "the account of this name is another person's");
  if (f->known && (l->bind == ACCESS_BIND_NONE ||
                   (l->bind == ACCESS_BIND_WITHOUT_PASSWORD && f->secrets.password[0])))
    return PRAC_FAIL(reterr, PRAC_EXISTS, "the account of this name is not bound by a name");
  return PRAC_OK;
}

/* By the rules' word from now on; who is new gets what new ones get. */
static prac_rc set_rights(struct access *a, const struct access_linked *l, const struct found *f,
                          struct prac_err *reterr)
{
  struct access_user u = {
      .user = f->user, .org = given(l->org), .role = given(l->role), .disabled = -1};
  if (!f->known) {
    u.name = given(l->name);
    if (!u.org) u.org = given(l->new_org);
    if (!u.role) u.role = given(l->new_role);
  }
  if (f->known && (!u.org || strcmp(u.org, f->secrets.org) == 0) &&
      (!u.role || strcmp(u.role, f->secrets.role) == 0))
    return PRAC_OK;
  prac_rc rc = access_user_put(a, BY, &u, NULL, reterr);
  return rc == PRAC_UNKNOWN ? PRAC_MALFORMED : rc; /* it is the organisation that is not there */
}

static prac_rc bind(struct access *a, const struct access_linked *l, const struct found *f,
                    struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_LINK_ADD);
  access_bind_text(s, 1, l->issuer);
  access_bind_text(s, 2, l->subject);
  access_bind_text(s, 3, f->user);
  (void)sqlite3_bind_int64(s, 4, prac_now(&a->wall));
  PRAC_TRY(access_sql_run(a, s, reterr));
  struct access_line line = {BY, NULL, "bound", f->user, f->detail, NULL};
  return access_line_add(a, &line, reterr);
}

/* The second factor of our own, where it is asked for. */
static prac_rc factor(struct access *a, const struct access_linked *l, struct found *f,
                      int *ret_wait_s, struct prac_err *reterr)
{
  struct access_secrets *u = &f->secrets;
  struct access_guess_keys keys = access_guess_keys(&f->g);
  if (!u->totp || !l->own_factor) return PRAC_OK;
  if (!given(l->code)) return PRAC_FAIL(reterr, PRAC_END, "a code of the second factor is needed");
  PRAC_TRY(access_guess_check(a, &keys, ret_wait_s, reterr));
  uint64_t step = access_totp_fits(u->secret, l->code, prac_now(&a->wall), u->step);
  f->guessed = step == 0;
  if (f->guessed) return PRAC_FAIL(reterr, PRAC_DENIED, "the code is wrong");
  u->step = step;
  return access_guess_passed(a, &keys, reterr);
}

static prac_rc sign_in(struct access *a, const struct access_linked *l, struct found *f,
                       const uint8_t hash[ACCESS_HASH], int *ret_wait_s, struct prac_err *reterr)
{
  PRAC_TRY(
      look(a, SQL_LINK_WHO, (const char *[]){l->issuer, l->subject}, &f->bound, f->user, reterr));
  f->known = f->bound;
  if (f->bound)
    PRAC_TRY(access_secrets_of(a, f->user, &f->secrets, reterr));
  else
    PRAC_TRY(claim(a, l, f, reterr));
  if (f->secrets.disabled) return PRAC_FAIL(reterr, PRAC_DENIED, "the account is disabled");
  PRAC_TRY(factor(a, l, f, ret_wait_s, reterr));
  PRAC_TRY(set_rights(a, l, f, reterr));
  if (!f->bound) PRAC_TRY(bind(a, l, f, reterr));
  uint64_t step = f->secrets.step;
  PRAC_TRY(access_secrets_of(a, f->user, &f->secrets, reterr)); /* as it is now */
  f->secrets.how = f->detail;
  return access_session_begin(a, &f->g, &f->secrets, step, hash, reterr);
}

/* user NULL: nobody knows whose. */
static prac_rc note(struct access *a, const char *user, const char *detail,
                    const struct prac_ip *from, struct prac_err *reterr)
{
  char text[PRAC_IP_TEXT] = "";
  if (from) (void)prac_ip_text(text, from);
  struct access_line line = {user ? user : "(unknown)", NULL, "sign-in failed", NULL, detail, text};
  return access_line_add(a, &line, reterr);
}

static prac_rc refused(struct access *a, const struct found *f, const char *why,
                       struct prac_err *reterr)
{
  char detail[DETAIL + 200];
  struct access_guess_keys keys = access_guess_keys(&f->g);
  (void)snprintf(detail, sizeof detail, "%.190s: %s", why, f->detail);
  PRAC_TRY(access_begin(a, reterr));
  prac_rc rc = f->guessed ? access_guess_failed(a, &keys, reterr) : PRAC_OK;
  if (rc == PRAC_OK) rc = note(a, given(f->user), detail, f->g.from, reterr);
  return access_end(a, rc, reterr);
}

prac_rc access_sign_in_linked(struct access *a, const struct access_linked *l,
                              char token[ACCESS_TOKEN_TEXT], int *ret_wait_s,
                              struct prac_err *reterr)
{
  struct prac_err err = {0};
  struct found f = {.g = {.user = f.user, .from = l->from}};
  uint8_t hash[ACCESS_HASH];
  (void)snprintf(f.detail, sizeof f.detail, "oidc iss=%.500s sub=%.255s", l->issuer, l->subject);
  PRAC_TRY(access_token_new("", token, hash, reterr));
  PRAC_TRY(access_begin(a, reterr));
  prac_rc rc = access_end(a, sign_in(a, l, &f, hash, ret_wait_s, &err), &err);
  OPENSSL_cleanse(&f.secrets, sizeof f.secrets);
  if (rc == PRAC_OK) return rc;
  explicit_bzero(token, ACCESS_TOKEN_TEXT);
  if (rc == PRAC_UNKNOWN || rc == PRAC_EXISTS || rc == PRAC_DENIED || rc == PRAC_MALFORMED)
    PRAC_TRY(refused(a, &f, err.text, reterr));
  return PRAC_FAIL(reterr, rc, "%s", err.text);
}

prac_rc access_linked_refused(struct access *a, const char *why, const struct prac_ip *from,
                              struct prac_err *reterr)
{
  struct found f = {.g = {.user = f.user, .from = from}, .detail = "oidc"};
  return refused(a, &f, why, reterr);
}

/* Whoever had the account may have left more in it than sessions: nothing of it goes to the next
 * person of that name, nor on to the last. */
static prac_rc leave(struct access *a, const char *user, struct prac_err *reterr)
{
  PRAC_TRY(access_sessions_end(a, user, reterr));
  PRAC_TRY(access_tokens_end(a, user, reterr));
  sqlite3_stmt *s = access_sql(a, SQL_SUBS_END_USER);
  access_bind_text(s, 1, user);
  (void)sqlite3_bind_int64(s, 2, prac_now(&a->wall));
  PRAC_TRY(access_sql_run(a, s, reterr));
  s = access_sql(a, SQL_MAILS_DROP_USER);
  access_bind_text(s, 1, user);
  PRAC_TRY(access_sql_run(a, s, reterr));
  s = access_sql(a, SQL_SAVED_DROP_USER);
  access_bind_text(s, 1, user);
  return access_sql_run(a, s, reterr);
}

prac_rc access_unbind(struct access *a, const char *by, const char *user, struct prac_err *reterr)
{
  struct access_line line = {
      by,  NULL, "unbound", user, "sessions, keys, subscriptions, addresses and saved views end",
      NULL};
  sqlite3_stmt *s = access_sql(a, SQL_LINKS_END);
  access_bind_text(s, 1, user);
  PRAC_TRY(access_begin(a, reterr));
  prac_rc rc = access_sql_run(a, s, reterr);
  if (rc == PRAC_OK && sqlite3_changes(a->db) == 0)
    rc = PRAC_FAIL(reterr, PRAC_UNKNOWN, "%.64s is bound to nobody", user);
  if (rc == PRAC_OK) rc = leave(a, user, reterr);
  if (rc == PRAC_OK) rc = access_line_add(a, &line, reterr);
  return access_end(a, rc, reterr);
}
