/* access/access.h — organisations, people, how they prove who they are, and what they did.
 *
 * kept      one SQLite file (WAL), readable by its owner only: organisations (words of their scope,
 *           clearance), people (argon2id hash, TOTP secret, role), sessions and API keys (only
 *           SHA-256 of them), the audit log (a SHA-256 chain: an edited or removed line shows)
 * sessions  32 random bytes; end after `idle` without a request and after `life` in any case, when
 *           the password or the rights change, and at sign-out. A new one at every sign-in
 * guessing  the same sentence and the same work whether the name exists or not; after five failures
 *           of a name or an address a growing pause (2^n s, at most 15 min), kept in the file
 * source    RFC 9106 (argon2id, m = 19 MiB, t = 2, p = 1), RFC 6238 (TOTP: SHA-1, 30 s, six digits,
 *           one step of clock either way, each code once), RFC 4648 (base 32)
 * threads   a handle belongs to one thread; sign-in works for ~50 ms (argon2), everything else is
 *           answered from indexes in microseconds
 * clock     the wall, passed in; randomness from the kernel
 */
#pragma once
#include "access/scope.h"
#include "base/clock.h"
#include "base/json.h"

enum {
  ACCESS_TOKEN_TEXT = 80,
  ACCESS_NAME_MAX = 64,
  ACCESS_PASSWORD_MIN = 12,
  ACCESS_PASSWORD_MAX = 256,
  ACCESS_URI = 400,
  ACCESS_KEYS = 64 /* in use, of one user */
};
#define ACCESS_FRESH_NS (10 * PRAC_MIN)
struct access;
struct access_conf {
  int64_t idle_ns, life_ns; /* of sessions */
  int64_t sessions_each;    /* of one user at once; 0: no bound */
  int64_t audit_keep_ns;    /* lines of the audit older than that go; 0: never */
  bool reads_only;          /* of an existing file: only who_is, rights, the lists and the check */
};
/* PRAC_UNKNOWN: reads_only and there is no such file. */
PRAC_NODISCARD prac_rc access_open(const char *path, const struct access_conf *c,
                                   const struct prac_clock *wall, struct access **ret,
                                   struct prac_err *reterr);
void access_close(struct access **ap);

/* Who is asking. Strings and lists live in the arena that it was made with. */
struct access_who {
  const char *user, *name, *org, *org_title; /* name: for people to read */
  enum access_role role;
  struct access_scope scope;
  bool by_key;          /* an API key: no session, no cookie, no CSRF */
  bool totp;            /* has a second factor */
  uint64_t session;     /* names the session or the key, see access_seen */
  const char *feed;     /* a feed's token: of that subscription, for nothing else; NULL: no feed */
  prac_time seen, ends; /* of the session: last use as the file knows it, end of its life */
};
/* The reader of a box without accounts: sees the whole world, role operator. */
extern const struct access_who access_local;

/* PRAC_DENIED: one sentence for all reasons; PRAC_AGAIN: too many failures, *ret_wait_s says how
 * long. code: NULL or the six digits; PRAC_END: the password is right, a code is missing. token:
 * for the cookie. */
struct access_signing {
  const char *user, *password, *code;
  const struct prac_ip *from; /* NULL: nobody's */
};
PRAC_NODISCARD prac_rc access_sign_in(struct access *a, const struct access_signing *s,
                                      char token[ACCESS_TOKEN_TEXT], int *ret_wait_s,
                                      struct prac_err *reterr);
/* With the word of an identity provider, who was asked already: the account that is bound to this
 * issuer and subject. Where there is none, the account of that name is bound, as far as `bind` goes
 * and nobody else of this issuer is, or one is made. PRAC_UNKNOWN: no account; PRAC_EXISTS:
 * another's or not to be bound by a name; PRAC_DENIED: disabled, or the code is wrong; PRAC_END,
 * PRAC_AGAIN: as above; PRAC_MALFORMED: no such organisation or role. What is refused is noted, but
 * PRAC_END and PRAC_AGAIN. */
enum access_bind { ACCESS_BIND_NONE, ACCESS_BIND_WITHOUT_PASSWORD, ACCESS_BIND_ANY };
struct access_linked {
  const char *issuer, *subject;
  const char *user, *name;
  const char *org, *role;         /* in force from now on; NULL or "": as it is */
  const char *new_org, *new_role; /* of an account that is made, unless the two above say */
  enum access_bind bind;
  bool makes;      /* an account for whom has none */
  bool own_factor; /* whoever has a second factor here gives a code of it */
  const char *code;
  const struct prac_ip *from;
};
PRAC_NODISCARD prac_rc access_sign_in_linked(struct access *a, const struct access_linked *l,
                                             char token[ACCESS_TOKEN_TEXT], int *ret_wait_s,
                                             struct prac_err *reterr);
/* Why somebody was not let in, before it came to an account. */
PRAC_NODISCARD prac_rc access_linked_refused(struct access *a, const char *why,
                                             const struct prac_ip *from, struct prac_err *reterr);
/* The next of that name may be bound. PRAC_UNKNOWN: no such user, or bound to nobody. */
PRAC_NODISCARD prac_rc access_unbind(struct access *a, const char *by, const char *user,
                                     struct prac_err *reterr);

/* token of a cookie, an API key ("pk_..."), or of a feed ("fd_...": then a viewer, by_key).
 * PRAC_DENIED: unknown, ended, or too old. Writes
 * nothing: tell access_seen now and then that a session or key (who) is in use. */
PRAC_NODISCARD prac_rc access_who_is(struct access *a, const char *token, struct prac_arena *arena,
                                     struct access_who *ret, struct prac_err *reterr);
PRAC_NODISCARD prac_rc access_seen(struct access *a, const struct access_who *who,
                                   struct prac_err *reterr);
PRAC_NODISCARD prac_rc access_sign_out(struct access *a, const struct access_who *who,
                                       struct prac_err *reterr);
/* How many sessions of this user have not ended. */
PRAC_NODISCARD prac_rc access_sessions_open(struct access *a, const char *user, uint64_t *ret,
                                            struct prac_err *reterr);
/* Differs from what it was when anybody's session, key or rights may have changed since, by
 * whatever process. Cheap: an answer of access_who_is may be kept for as long as it stays. */
PRAC_NODISCARD prac_rc access_rights(struct access *a, uint64_t *ret, struct prac_err *reterr);

/* ---- administration; every one of these writes a line of audit, `by`: who does it ---- */
struct access_org {
  const char *name, *title, *scope, *clearance;
};
struct access_user {
  const char *user, *name, *org, *role;
  int disabled; /* 0 no, 1 yes, -1: as it is */
};
/* Lines from now on are of somebody of this organisation, at this address, where they say none
 * themselves. Borrowed until the next call; NULL: nothing is known. */
void access_acting(struct access *a, const char *org, const char *from);
/* Adds it, or changes it: NULL fields stay as they are. Changed rights end the sessions of whom
 * they are about. PRAC_MALFORMED and PRAC_UNKNOWN name the field. */
PRAC_NODISCARD prac_rc access_org_put(struct access *a, const char *by, const struct access_org *o,
                                      struct prac_err *reterr);
/* password NULL: unchanged (a new user then cannot sign in). */
PRAC_NODISCARD prac_rc access_user_put(struct access *a, const char *by,
                                       const struct access_user *u, const char *password,
                                       struct prac_err *reterr);
/* One's own: s->password is the old one, refused as at a sign-in. */
PRAC_NODISCARD prac_rc access_password_change(struct access *a, const struct access_signing *s,
                                              const char *password, int *ret_wait_s,
                                              struct prac_err *reterr);
/* Is it who's user who sits there now? For what outlives a stolen session: keys, second factors. s:
 * that user and the password of now, refused as at a sign-in. An account without a password (it
 * signs in elsewhere) must have signed in within ACCESS_FRESH_NS instead. */
PRAC_NODISCARD prac_rc access_prove(struct access *a, const struct access_who *who,
                                    const struct access_signing *s, int *ret_wait_s,
                                    struct prac_err *reterr);
/* A new secret as otpauth:// URI, in force once a code of it was given back (access_totp_confirm).
 */
PRAC_NODISCARD prac_rc access_totp_new(struct access *a, const char *by, const char *user,
                                       char uri[ACCESS_URI], struct prac_err *reterr);
/* PRAC_DENIED: not a code of the new secret now. */
PRAC_NODISCARD prac_rc access_totp_confirm(struct access *a, const char *by, const char *user,
                                           const char *code, struct prac_err *reterr);
PRAC_NODISCARD prac_rc access_totp_off(struct access *a, const char *by, const char *user,
                                       struct prac_err *reterr);
/* PRAC_RANGE: ACCESS_KEYS are in use. Of those that have ended as many are kept. */
PRAC_NODISCARD prac_rc access_key_new(struct access *a, const char *by, const char *user,
                                      const char *label, char key[ACCESS_TOKEN_TEXT],
                                      struct prac_err *reterr);
/* user: only if it is that user's; NULL: anybody's. PRAC_UNKNOWN: no such key. */
PRAC_NODISCARD prac_rc access_key_end(struct access *a, const char *by, const char *user,
                                      uint64_t id, struct prac_err *reterr);
/* As JSON arrays, for the API and the command line: no hash and no secret is ever in them. org and
 * user NULL: all. */
PRAC_NODISCARD prac_rc access_orgs_json(struct access *a, struct prac_json *j);
PRAC_NODISCARD prac_rc access_users_json(struct access *a, const char *org, struct prac_json *j);
PRAC_NODISCARD prac_rc access_keys_json(struct access *a, const char *user, struct prac_json *j);

/* ---- audit ---- */
/* NULL: "". */
struct access_event {
  const char *what;   /* "export", "decision", ... */
  const char *on;     /* path or subject */
  const char *detail; /* parameters, counts */
  const char *from;   /* address */
};
PRAC_NODISCARD prac_rc access_note(struct access *a, const struct access_who *who,
                                   const struct access_event *e, struct prac_err *reterr);
/* Many notes in one transaction: between these. access_end commits when rc is PRAC_OK; returns rc,
 * or why it could not. */
PRAC_NODISCARD prac_rc access_begin(struct access *a, struct prac_err *reterr);
PRAC_NODISCARD prac_rc access_end(struct access *a, prac_rc rc, struct prac_err *reterr);
/* Newest first, before: 0 or the number of the last line seen. */
PRAC_NODISCARD prac_rc access_audit_json(struct access *a, uint64_t before, uint32_t limit,
                                         struct prac_json *j);
/* Removes what is older than audit_keep_ns, but never the newest ACCESS_AUDIT_LEAST lines, a part
 * of it when it is much. A line's age is the sum of the times between the lines behind it, of which
 * each counts a month at most, or a tenth of audit_keep_ns: a wall that jumps by years makes no
 * line older than by that (and one of accounts that are used rarely is kept for longer).
 * *ret_ahead: how old the newest line is, when that is more than a month; said once a line, else 0.
 * PRAC_AGAIN: the ages of many lines were counted, of more they have to be yet: nothing has gone. A
 * line of the audit says which went, with the hash of the last of them: that line is the anchor
 * that the rest hangs on. */
enum { ACCESS_AUDIT_LEAST = 1000 };
PRAC_NODISCARD prac_rc access_audit_prune(struct access *a, int64_t *ret_ahead,
                                          struct prac_err *reterr);
/* head: hash of the last line, in hexadecimal; kept elsewhere, it shows later whether the whole
 * file was made anew. */
struct access_audit_state {
  uint64_t lines, bad; /* bad: number of the first that is not as it was written */
  uint64_t pruned;     /* lines that went by their age before the first that is there */
  char head[65];
};
/* PRAC_DAMAGED: see bad. */
PRAC_NODISCARD prac_rc access_audit_check(struct access *a, struct access_audit_state *ret,
                                          struct prac_err *reterr);
