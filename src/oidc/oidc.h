/* oidc/oidc.h — signing in with another's word: OpenID Connect, authorization code with PKCE.
 *
 * source    OpenID Connect Core 1.0 (3.1.3.7: what is looked at of an ID token) and Discovery 1.0,
 *           RFC 6749, RFC 7636 (S256 only), RFC 9207 (`iss` of the answer), RFC 7515 to 7518
 * takes     RS256, PS256 and ES256 by keys of the provider's own list; no other algorithm whatever
 * a token says, no key out of a token, no secret as a key keeps     the document and the keys for
 * OIDC_FRESH; an unknown key makes it ask again, at most every OIDC_KEYS_EVERY; whoever is on the
 * way to the provider, for OIDC_WAY bounds    OIDC_WAITING people on the way, OIDC_WAITING_ADDRESS
 * of one address: the oldest goes; 256 KiB an answer, 16 KiB a token, 64 keys; one question at a
 * time, `timeout` each; no redirect is followed threads   a handle belongs to one thread, which
 * waits for the network secrets   code, tokens, verifier and client secret are in no error text and
 * in no address
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "sys/net.h"

enum {
  OIDC_WAITING = 4096,
  OIDC_WAITING_ADDRESS = 32,
  OIDC_URL = 1024,
  OIDC_WAY_URL = 4096,
  OIDC_COOKIE = 44, /* 32 bytes as base64url, and NUL */
  OIDC_TO = 1024
};
#define OIDC_WAY (10 * PRAC_MIN)
#define OIDC_FRESH PRAC_HOUR
#define OIDC_KEYS_EVERY (30 * PRAC_SEC)
#define OIDC_LEEWAY PRAC_MIN /* of both clocks */

enum oidc_bind { OIDC_BIND_NONE, OIDC_BIND_WITHOUT_PASSWORD, OIDC_BIND_ANY };
struct oidc_conf {
  const char *issuer; /* "": nobody signs in so */
  const char *client_id, *secret_file, *public_url, *title, *title_ja;
  struct prac_conf_strings scopes, acr, amr, dns;
  const char *user_claim;
  bool own_factor, makes, plain;
  int bind; /* enum oidc_bind */
  const char *new_org, *new_role;
  const char *ca_file;
  int64_t timeout_ns;
};
/* What a claim makes of somebody; the first that fits counts. */
struct oidc_rule {
  const char *claim; /* "groups", "realm_access.roles" */
  const char *value; /* "*": any, also none at all */
  const char *org, *role;
};
extern const struct prac_conf_section oidc_conf_section;  /* "portal.oidc" */
extern const struct prac_conf_section oidc_rules_section; /* "portal.oidc.rules", many */

/* Going out, or what a test puts in its place. */
struct oidc_ask {
  const char *url;
  const char *form;          /* a POST's body; NULL: GET */
  const char *user, *secret; /* basic authentication, or NULL */
  size_t max;                /* bytes of the answer */
};
struct oidc_said {
  int status;
  char *body; /* malloc'ed, owner: caller; NUL-terminated */
  size_t len;
};
/* PRAC_AGAIN: no answer. */
typedef prac_rc oidc_fetch(void *arg, const struct oidc_ask *q, struct oidc_said *ret,
                           struct prac_err *reterr);

/* Pointers are borrowed for as long as the handle lives. */
struct oidc_env {
  const struct oidc_conf *conf;
  const struct oidc_rule *rules;
  size_t n_rules;
  const char *secret; /* "": a client without one */
  const struct sys_net *net;
  const struct prac_clock *wall;
  const _Atomic bool *stop; /* true: no answer is waited for any more; NULL: never */
  oidc_fetch *fetch;        /* NULL: libcurl */
  void *fetch_arg;
};
struct oidc;
/* Are these settings such that somebody can sign in? PRAC_MALFORMED names the key. */
PRAC_NODISCARD prac_rc oidc_conf_check(const struct oidc_conf *c, const struct oidc_rule *rules,
                                       size_t n_rules, struct prac_err *reterr);
PRAC_NODISCARD prac_rc oidc_open(const struct oidc_env *env, struct oidc **ret,
                                 struct prac_err *reterr);
void oidc_close(struct oidc **op);

/* Why somebody was not let in; the page has words for each. */
enum oidc_why {
  OIDC_WHY_OK,
  OIDC_WHY_DENIED,   /* the provider, or the person there, said no */
  OIDC_WHY_EXPIRED,  /* nobody set out so, or too long ago, or with another browser */
  OIDC_WHY_PROVIDER, /* it does not answer, or not as it should */
  OIDC_WHY_TOKEN,    /* what it says of somebody does not hold */
  OIDC_WHY_FACTOR,   /* signed in there with less than is asked for */
  OIDC_WHY_CLAIMS,   /* no claim that names the user */
  OIDC_WHY_RIGHTS,   /* no rule for this person */
  OIDC_WHY_COUNT_
};
extern const char *const oidc_why_names[]; /* NULL ends */

/* Where to send somebody, and the cookie that will know them again ("": none is needed). to: a
 * local path, for oidc_finish; from: an address. PRAC_AGAIN: the provider is away. */
struct oidc_way {
  char url[OIDC_WAY_URL], cookie[OIDC_COOKIE];
};
PRAC_NODISCARD prac_rc oidc_start(struct oidc *o, const char *to, const char *from,
                                  struct oidc_way *ret, struct prac_err *reterr);

struct oidc_back { /* what came back; NULL: not there */
  const char *state, *code, *iss, *error, *cookie;
};
/* Strings live in the arena. */
struct oidc_person {
  const char *issuer, *subject;
  const char *user, *name;
  const char *org, *role; /* by the rules; "": as it is */
  bool ruled;             /* there are rules, and one fits */
};
/* `to` and `why` also when it fails: where to go on, and why not. */
struct oidc_outcome {
  struct oidc_person person;
  char to[OIDC_TO];
  enum oidc_why why;
};
PRAC_NODISCARD prac_rc oidc_finish(struct oidc *o, const struct oidc_back *b,
                                   struct prac_arena *arena, struct oidc_outcome *ret,
                                   struct prac_err *reterr);
/* 32 random bytes, as a cookie. */
PRAC_NODISCARD prac_rc oidc_random(char to[OIDC_COOKIE], struct prac_err *reterr);
/* Where somebody ends the session there. PRAC_UNSUPPORTED: nowhere. */
PRAC_NODISCARD prac_rc oidc_end(struct oidc *o, struct oidc_way *ret, struct prac_err *reterr);
