/* access/access.h — organisations, people, how they prove who they are, and what they did.
 *
 * kept      one SQLite file (WAL), readable by its owner only: organisations (words of their scope,
 *           clearance), people (argon2id hash, TOTP secret, role), sessions and API keys (only
 *           SHA-256 of them), the audit log (a SHA-256 chain: an edited or removed line shows)
 * sessions  32 random bytes; end after `idle` without a request and after `life` in any case, when
 * the password or the rights change, and at sign-out. A new one at every sign-in guessing  the same
 * sentence and the same work whether the name exists or not; after five failures of a name or an
 * address a growing pause (2^n s, at most 15 min), kept in the file threads   a handle belongs to
 * one thread; sign-in works for ~100 ms (argon2), everything else is answered from indexes in
 * microseconds clock     the wall, passed in; randomness from the kernel
 */
#pragma once
#include "access/scope.h"
#include "base/clock.h"
#include "base/json.h"

enum { ACCESS_TOKEN_TEXT = 80, ACCESS_NAME_MAX = 64, ACCESS_PASSWORD_MIN = 12 };
struct access;
struct access_conf {
  int64_t idle_ns, life_ns; /* of sessions */
};
PRAC_NODISCARD prac_rc access_open(const char *path, const struct access_conf *c,
                                   const struct prac_clock *wall, struct access **ret,
                                   struct prac_err *reterr);
void access_close(struct access **ap);

/* Who is asking. Strings and lists live in the arena that it was made with. */
struct access_who {
  const char *user, *name, *org, *org_title; /* name: for people to read */
  enum access_role role;
  struct access_scope scope;
  bool by_key;      /* an API key: no session, no cookie, no CSRF */
  bool totp;        /* has a second factor */
  uint64_t session; /* hash, to end it by; 0 with a key */
};
/* The reader of a box without accounts: sees the whole world, role operator. */
extern const struct access_who access_local;

/* PRAC_DENIED: one sentence for all reasons; PRAC_AGAIN: too many failures, *ret_wait_s says how
 * long. code: NULL or the six digits; PRAC_END: the password is right, a code is missing. token:
 * for the cookie. */
PRAC_NODISCARD prac_rc access_sign_in(struct access *a, const char *user, const char *password,
                                      const char *code, const char *from_addr,
                                      char token[ACCESS_TOKEN_TEXT], int *ret_wait_s,
                                      struct prac_err *reterr);
/* token of a cookie, or an API key ("pk_..."). PRAC_DENIED: unknown, ended, or too old. */
PRAC_NODISCARD prac_rc access_who_is(struct access *a, const char *token, struct prac_arena *arena,
                                     struct access_who *ret, struct prac_err *reterr);
PRAC_NODISCARD prac_rc access_sign_out(struct access *a, const char *token,
                                       struct prac_err *reterr);

/* ---- administration; every one of these writes a line of audit ---- */
struct access_org {
  const char *name, *title, *scope, *clearance;
};
struct access_user {
  const char *user, *name, *org, *role;
  bool disabled, totp;
  prac_time last_seen;
};
PRAC_NODISCARD prac_rc access_org_put(struct access *a, const char *by, const struct access_org *o,
                                      struct prac_err *reterr);
/* password NULL: unchanged (a new user then cannot sign in). */
PRAC_NODISCARD prac_rc access_user_put(struct access *a, const char *by,
                                       const struct access_user *u, const char *password,
                                       struct prac_err *reterr);
PRAC_NODISCARD prac_rc access_password(struct access *a, const char *by, const char *user,
                                       const char *password, struct prac_err *reterr);
/* A new secret as otpauth:// URI, in force once a code of it was given back (access_totp_confirm).
 */
PRAC_NODISCARD prac_rc access_totp_new(struct access *a, const char *user, char uri[256],
                                       struct prac_err *reterr);
PRAC_NODISCARD prac_rc access_totp_confirm(struct access *a, const char *user, const char *code,
                                           struct prac_err *reterr);
PRAC_NODISCARD prac_rc access_key_new(struct access *a, const char *by, const char *user,
                                      const char *label, char key[ACCESS_TOKEN_TEXT],
                                      struct prac_err *reterr);
PRAC_NODISCARD prac_rc access_key_end(struct access *a, const char *by, uint64_t id,
                                      struct prac_err *reterr);
/* As JSON arrays, for the API and the command line: no hash and no secret is ever in them. */
PRAC_NODISCARD prac_rc access_orgs_json(struct access *a, struct prac_json *j);
PRAC_NODISCARD prac_rc access_users_json(struct access *a, const char *org, struct prac_json *j);
PRAC_NODISCARD prac_rc access_keys_json(struct access *a, const char *user, struct prac_json *j);

/* ---- audit ---- */
/* what: "sign-in", "export", "decision", ...; on: path or subject; detail: parameters, counts. */
PRAC_NODISCARD prac_rc access_note(struct access *a, const struct access_who *who, const char *what,
                                   const char *on, const char *detail, struct prac_err *reterr);
/* Newest first, before: 0 or the number of the last line seen. */
PRAC_NODISCARD prac_rc access_audit_json(struct access *a, uint64_t before, uint32_t limit,
                                         struct prac_json *j);
/* PRAC_DAMAGED: *ret_bad is the first line that is not as it was written. */
PRAC_NODISCARD prac_rc access_audit_check(struct access *a, uint64_t *ret_lines, uint64_t *ret_bad,
                                          struct prac_err *reterr);
