/* access/impl.h — inside of the room: the file, secrets, the audit's way into a transaction. */
#pragma once
#include <sqlite3.h>

#include "access/access.h"
#include "access/seal.h"
#include "access/sql.h"

enum { ACCESS_HASH = 32, ACCESS_SECRET = 20, ACCESS_TEXT_MAX = 128, ACCESS_PASSWORD_TEXT = 160 };

struct access {
  sqlite3 *db;
  sqlite3_stmt *st[SQL_COUNT_];
  struct access_conf conf;
  struct prac_clock wall;
  unsigned depth;    /* of transactions */
  bool spoilt;       /* the open one must not be committed */
  int64_t jumped_at; /* the newest line when the wall was found far ahead */
  const char *acting_org, *acting_from;
  char path[1024];
};

/* ---- the file (access.c) ---- */
sqlite3_stmt *access_sql(struct access *a, enum access_sql what);          /* ready for binding */
void access_bind_text(sqlite3_stmt *s, int i, const char *text);           /* NULL stays NULL */
const char *access_col_text(sqlite3_stmt *s, int i);                       /* never NULL */
prac_time access_col_time(sqlite3_stmt *s, int i);                         /* NULL: NONE */
const char *access_keep(struct prac_arena *arena, sqlite3_stmt *s, int i); /* NULL: no memory */
/* Runs it to its end. */
PRAC_NODISCARD prac_rc access_sql_run(struct access *a, sqlite3_stmt *s, struct prac_err *reterr);
/* PRAC_OK: there is a row, read it and reset; PRAC_UNKNOWN: none. */
PRAC_NODISCARD prac_rc access_sql_row(struct access *a, sqlite3_stmt *s, struct prac_err *reterr);
prac_rc access_sql_fail(struct access *a, struct prac_err *reterr);
/* All rows, each put into j. */
PRAC_NODISCARD prac_rc access_sql_json(struct access *a, sqlite3_stmt *s,
                                       void (*put)(sqlite3_stmt *s, struct prac_json *j),
                                       struct prac_json *j);
void access_undo(struct access *a); /* rolls back what is open, resets every statement */
/* Within a transaction: from now on what was known of rights is old. */
PRAC_NODISCARD prac_rc access_rights_up(struct access *a, struct prac_err *reterr);
bool access_name_ok(const char *s);
PRAC_NODISCARD prac_rc access_text_ok(const char *what, const char *s, struct prac_err *reterr);
int access_word_of(const char *const *words, const char *word); /* its index; -1: none of them */

/* ---- the audit's line (audit.c), within the transaction of what it is about ---- */
struct access_line {
  const char *user, *org, *what, *on, *detail, *from; /* NULL: "" */
};
PRAC_NODISCARD prac_rc access_line_add(struct access *a, const struct access_line *l,
                                       struct prac_err *reterr);
/* What s does to one row, and its line, in one transaction. PRAC_UNKNOWN: no such `thing`. */
PRAC_NODISCARD prac_rc access_change(struct access *a, sqlite3_stmt *s, const char *thing,
                                     const struct access_line *l, struct prac_err *reterr);

/* ---- secrets (secret.c) ---- */
PRAC_NODISCARD prac_rc access_random(void *to, size_t n, struct prac_err *reterr);
void access_sha256(const void *data, size_t n, uint8_t to[ACCESS_HASH]);
char *access_hex(const uint8_t *p, size_t n, char *to); /* 2 n + 1 bytes; returns to */
/* A new token and its hash. */
PRAC_NODISCARD prac_rc access_token_new(const char *prefix, char to[ACCESS_TOKEN_TEXT],
                                        uint8_t hash[ACCESS_HASH], struct prac_err *reterr);
PRAC_NODISCARD prac_rc access_password_hash(const char *password, char to[ACCESS_PASSWORD_TEXT],
                                            struct prac_err *reterr);
/* hash NULL: the same work, false. */
PRAC_NODISCARD prac_rc access_password_fits(const char *password, const char *hash, bool *ret,
                                            struct prac_err *reterr);
PRAC_NODISCARD prac_rc access_password_ok(const char *password, struct prac_err *reterr);

/* ---- secrets of webhooks (subs_seal.c) ---- */
/* A new one, for the one who asked and for the file. PRAC_AGAIN: there is no key yet. */
PRAC_NODISCARD prac_rc access_sub_secret_new(struct access *a, const struct access_seal_place *p,
                                             char secret[ACCESS_TOKEN_TEXT],
                                             char sealed[ACCESS_SEALED], struct prac_err *reterr);

/* ---- pauses after failures (guess.c) ---- */
enum access_guess { ACCESS_GUESS_NAME, ACCESS_GUESS_ADDRESS };
struct access_guess_keys {
  int64_t of[2]; /* by enum access_guess; 0: none */
};
struct access_guess_keys access_guess_keys(const struct access_signing *s);
/* PRAC_AGAIN: *ret_wait_s says how long. */
PRAC_NODISCARD prac_rc access_guess_check(struct access *a, const struct access_guess_keys *k,
                                          int *ret_wait_s, struct prac_err *reterr);
PRAC_NODISCARD prac_rc access_guess_failed(struct access *a, const struct access_guess_keys *k,
                                           struct prac_err *reterr);
/* The name's failures are forgotten; the address's are not: one account must not buy free guesses
 * at others. */
PRAC_NODISCARD prac_rc access_guess_passed(struct access *a, const struct access_guess_keys *k,
                                           struct prac_err *reterr);

/* ---- sessions (sessions.c) ---- */
struct access_secrets { /* of one user; wiped by who asked */
  bool known, disabled, totp;
  char org[ACCESS_NAME_MAX + 1], role[16];
  char password[ACCESS_PASSWORD_TEXT]; /* "": none yet */
  uint8_t secret[ACCESS_SECRET];
  uint64_t step;
  const char *how; /* for the audit; NULL: by password */
};
PRAC_NODISCARD prac_rc access_secrets_of(struct access *a, const char *user,
                                         struct access_secrets *ret, struct prac_err *reterr);
/* Within a transaction. step: of the code that was given; hash: of the token. */
PRAC_NODISCARD prac_rc access_session_begin(struct access *a, const struct access_signing *g,
                                            const struct access_secrets *u, uint64_t step,
                                            const uint8_t hash[ACCESS_HASH],
                                            struct prac_err *reterr);
/* Within a transaction: all of this user's. */
PRAC_NODISCARD prac_rc access_sessions_end(struct access *a, const char *user,
                                           struct prac_err *reterr);

/* ---- people (people.c) ---- */
/* Within a transaction: this user's keys and feeds, all that a token opens but sessions. */
PRAC_NODISCARD prac_rc access_tokens_end(struct access *a, const char *user,
                                         struct prac_err *reterr);

/* ---- time codes (totp.c) ---- */
uint32_t access_totp_at(const uint8_t *secret, size_t n, uint64_t step, uint32_t modulus);
/* The step whose code this is, at most one from now and later than `used`; 0: none. Looks at all
 * of them whatever fits. */
uint64_t access_totp_fits(const uint8_t secret[ACCESS_SECRET], const char *code, prac_time now,
                          uint64_t used);
void access_base32(const uint8_t *p, size_t n, char *to); /* 8 letters for 5 bytes, and NUL */
