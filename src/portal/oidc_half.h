/* portal/oidc_half.h — people whom the provider has let in and who still owe a code of the second
 * factor here: known again by a cookie, for OIDC_HALF_LIFE and OIDC_HALF_TRIES codes.
 *
 * bounds    OIDC_HALVES of them; the oldest goes
 * threads   any
 */
#pragma once
#include "oidc/oidc.h"

enum { OIDC_HALVES = 64, OIDC_HALF_TRIES = 5 };
#define OIDC_HALF_LIFE (5 * PRAC_MIN)
struct oidc_halves;
struct oidc_half {
  struct oidc_half *next;
  struct prac_arena *arena;
  struct oidc_person person;
  char cookie[OIDC_COOKIE];
  int64_t since; /* monotonic */
  int tries;
};
struct oidc_halves *oidc_halves_new(void); /* NULL: no memory */
void oidc_halves_free(struct oidc_halves **hp);
/* cookie: a new one. */
PRAC_NODISCARD prac_rc oidc_halves_add(struct oidc_halves *h, const struct oidc_person *w,
                                       char cookie[OIDC_COOKIE], struct prac_err *reterr);
/* Off the list, and the caller's. NULL: nobody's cookie. */
struct oidc_half *oidc_halves_take(struct oidc_halves *h, const char *cookie);
/* Back on the list for another try; gone when there is none. */
void oidc_halves_again(struct oidc_halves *h, struct oidc_half *half);
void oidc_half_free(struct oidc_half **hp);
