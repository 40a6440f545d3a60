/* oidc/impl.h — inside of the room: texts, documents, keys, tokens, who is on the way. */
#pragma once
#include <jansson.h>

#include "oidc/oidc.h"
#include "oidc/text.h"

enum { OIDC_ANSWER = 256 << 10, OIDC_TOKEN = 16 << 10, OIDC_KEYS = 64, OIDC_CLAIM = 256 };

/* ---- texts (text.c) ---- */
void oidc_base64url(const uint8_t *p, size_t n, char *to); /* 4 letters for 3 bytes, and NUL */
/* Could it come out of that? libcjose takes it for granted, and asserts. */
bool oidc_is_base64url(const char *s, size_t n);
bool oidc_same(const char *a, const char *b); /* in the same time wherever they differ */
/* https, or, when plain, http to a loopback address; no user, query or fragment. */
bool oidc_url_ok(const char *url, bool plain);
/* Bounded, without duplicate keys, an object. NULL: not. */
json_t *oidc_object(const char *text, size_t n);
bool oidc_lists(const json_t *array, const char *word); /* false too when it is no array */

/* ---- what the provider says of itself (document.c) ---- */
struct oidc_document {
  char authorize[OIDC_URL], token[OIDC_URL], keys[OIDC_URL];
  char end[OIDC_URL]; /* "": nowhere */
  bool says_iss;      /* every answer carries `iss` */
  bool post;          /* the client's secret goes into the form */
};
PRAC_NODISCARD prac_rc oidc_document_read(const char *text, size_t n, const char *issuer,
                                          bool plain, struct oidc_document *ret,
                                          struct prac_err *reterr);

/* ---- its keys (keys.c) ---- */
struct oidc_keys;
/* Keys that are of no use here are left out. */
PRAC_NODISCARD prac_rc oidc_keys_read(const char *text, size_t n, struct oidc_keys **ret,
                                      struct prac_err *reterr);
void oidc_keys_free(struct oidc_keys **kp);
size_t oidc_keys_count(const struct oidc_keys *k);
bool oidc_alg_ok(const char *alg);
/* The key that must have made it. kid NULL: the only one that can. NULL: none. */
const void *oidc_keys_find(const struct oidc_keys *k, const char *alg, const char *kid);

/* ---- tokens (token.c) ---- */
struct oidc_expect {
  const char *issuer, *client_id, *nonce;
  prac_time now;
};
/* claims: owner: caller. PRAC_UNKNOWN: by a key that is not there; PRAC_DENIED: not to be believed.
 */
PRAC_NODISCARD prac_rc oidc_token_check(const char *token, const struct oidc_keys *keys,
                                        const struct oidc_expect *e, json_t **ret_claims,
                                        struct prac_err *reterr);
/* What stands in a token whose signature fits: everything else that is looked at. */
PRAC_NODISCARD prac_rc oidc_token_claims(const char *text, size_t n, const struct oidc_expect *e,
                                         json_t **ret, struct prac_err *reterr);
/* ---- what claims mean (claims.c) ---- */
/* By the whole name, else along the dots. NULL: none. */
const json_t *oidc_claim(const json_t *claims, const char *name);
PRAC_NODISCARD prac_rc oidc_claims_read(const json_t *claims, const struct oidc_env *env,
                                        struct prac_arena *arena, struct oidc_person *ret,
                                        enum oidc_why *ret_why, struct prac_err *reterr);

/* ---- people on the way (waiting.c) ---- */
struct oidc_waiting;
struct oidc_trip {
  char cookie[OIDC_COOKIE], state[OIDC_COOKIE], nonce[OIDC_COOKIE], verifier[OIDC_COOKIE];
  char to[OIDC_TO], from[PRAC_IP_TEXT];
  prac_time began;
};
struct oidc_waiting *oidc_waiting_new(void); /* NULL: no memory */
void oidc_waiting_free(struct oidc_waiting **wp);
PRAC_NODISCARD prac_rc oidc_waiting_add(struct oidc_waiting *w, const struct oidc_trip *t,
                                        struct prac_err *reterr);
/* Whose cookie and state these are; goes off the list by it. PRAC_UNKNOWN: nobody's. */
PRAC_NODISCARD prac_rc oidc_waiting_take(struct oidc_waiting *w, const char *cookie,
                                         const char *state, prac_time now, struct oidc_trip *ret);

oidc_fetch oidc_curl; /* fetch.c; arg: const struct oidc_env * */
