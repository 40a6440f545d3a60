/* A short list behind a lock. */
#include "portal/oidc_half.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "sys/wall.h"

struct oidc_halves {
  pthread_mutex_t lock;    /* guards the list; taken alone */
  struct oidc_half *first; /* oldest first */
  size_t n;
};

struct oidc_halves *oidc_halves_new(void)
{
  struct oidc_halves *h = calloc(1, sizeof *h);
  if (h) (void)pthread_mutex_init(&h->lock, NULL);
  return h;
}

void oidc_half_free(struct oidc_half **hp)
{
  struct oidc_half *half = *hp;
  *hp = NULL;
  if (!half) return;
  prac_arena_free(&half->arena);
  free(half);
}

void oidc_halves_free(struct oidc_halves **hp)
{
  struct oidc_halves *h = *hp;
  *hp = NULL;
  if (!h) return;
  for (struct oidc_half *half; (half = h->first);) {
    h->first = half->next;
    oidc_half_free(&half);
  }
  pthread_mutex_destroy(&h->lock);
  free(h);
}

static struct oidc_half *off(struct oidc_halves *h, struct oidc_half **at)
{
  struct oidc_half *half = *at;
  *at = half->next;
  half->next = NULL;
  h->n--;
  return half;
}

static void put(struct oidc_halves *h, struct oidc_half *half)
{
  pthread_mutex_lock(&h->lock);
  struct oidc_half **end = &h->first, *old = h->n >= OIDC_HALVES ? off(h, end) : NULL;
  while (*end) end = &(*end)->next;
  *end = half;
  h->n++;
  pthread_mutex_unlock(&h->lock);
  oidc_half_free(&old);
}

static bool copy(struct prac_arena *a, const char **s)
{
  *s = prac_arena_strndup(a, *s, strlen(*s));
  return *s != NULL;
}

prac_rc oidc_halves_add(struct oidc_halves *h, const struct oidc_person *w,
                        char cookie[OIDC_COOKIE], struct prac_err *reterr)
{
  struct oidc_half *half = calloc(1, sizeof *half);
  if (half) {
    half->person = *w;
    half->since = sys_mono_ns();
    half->arena = prac_arena_new(1024);
  }
  struct prac_arena *a = half ? half->arena : NULL;
  bool ok = a && copy(a, &half->person.issuer) && copy(a, &half->person.subject) &&
            copy(a, &half->person.user) && copy(a, &half->person.name) &&
            copy(a, &half->person.org) && copy(a, &half->person.role);
  prac_rc rc = ok ? oidc_random(half->cookie, reterr)
                  : PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a sign-in");
  if (rc != PRAC_OK) {
    oidc_half_free(&half);
    return rc;
  }
  memcpy(cookie, half->cookie, OIDC_COOKIE);
  put(h, half);
  return PRAC_OK;
}

struct oidc_half *oidc_halves_take(struct oidc_halves *h, const char *cookie)
{
  struct oidc_half *found = NULL;
  if (strlen(cookie) != OIDC_COOKIE - 1) return NULL;
  pthread_mutex_lock(&h->lock);
  for (struct oidc_half **at = &h->first; *at; at = &(*at)->next)
    if (CRYPTO_memcmp((*at)->cookie, cookie, OIDC_COOKIE) == 0) {
      found = off(h, at);
      break;
    }
  pthread_mutex_unlock(&h->lock);
  if (found && sys_mono_ns() - found->since >= OIDC_HALF_LIFE) oidc_half_free(&found);
  return found;
}

void oidc_halves_again(struct oidc_halves *h, struct oidc_half *half)
{
  if (++half->tries < OIDC_HALF_TRIES)
    put(h, half);
  else
    oidc_half_free(&half);
}
