/* Who is on the way to the provider and back: a list, oldest first. */
#include <stdlib.h>
#include <string.h>

#include "oidc/impl.h"

struct node {
  struct node *next;
  struct oidc_trip t;
};
struct oidc_waiting {
  struct node *first;
  size_t n;
};

struct oidc_waiting *oidc_waiting_new(void)
{
  return calloc(1, sizeof(struct oidc_waiting));
}

static void drop(struct oidc_waiting *w, struct node **at)
{
  struct node *gone = *at;
  if (!gone) return;
  *at = gone->next;
  w->n--;
  explicit_bzero(&gone->t, sizeof gone->t);
  free(gone);
}

void oidc_waiting_free(struct oidc_waiting **wp)
{
  struct oidc_waiting *w = *wp;
  *wp = NULL;
  while (w && w->first) drop(w, &w->first);
  free(w);
}

static void forget_old(struct oidc_waiting *w, prac_time now)
{
  for (struct node **at = &w->first; *at;) {
    if ((*at)->t.began > now || now - (*at)->t.began >= OIDC_WAY)
      drop(w, at);
    else
      at = &(*at)->next;
  }
}

/* An address that has too many loses its own oldest, before anybody else does. */
static void make_room(struct oidc_waiting *w, const char *from)
{
  struct node **oldest = &w->first;
  size_t own = 0;
  for (struct node **at = &w->first; *at; at = &(*at)->next)
    if (strcmp((*at)->t.from, from) == 0 && own++ == 0) oldest = at;
  if (own >= OIDC_WAITING_ADDRESS)
    drop(w, oldest);
  else if (w->n >= OIDC_WAITING)
    drop(w, &w->first);
}

prac_rc oidc_waiting_add(struct oidc_waiting *w, const struct oidc_trip *t, struct prac_err *reterr)
{
  struct node *n = malloc(sizeof *n), **end = &w->first;
  if (!n) return PRAC_FAIL(reterr, PRAC_AGAIN, "no memory for a sign-in");
  forget_old(w, t->began);
  make_room(w, t->from);
  while (*end) end = &(*end)->next;
  *n = (struct node){.t = *t};
  *end = n;
  w->n++;
  return PRAC_OK;
}

prac_rc oidc_waiting_take(struct oidc_waiting *w, const char *cookie, const char *state,
                          prac_time now, struct oidc_trip *ret)
{
  forget_old(w, now);
  for (struct node **at = &w->first; *at; at = &(*at)->next) {
    if (!oidc_same((*at)->t.cookie, cookie) || !oidc_same((*at)->t.state, state)) continue;
    *ret = (*at)->t;
    drop(w, at);
    return PRAC_OK;
  }
  return PRAC_UNKNOWN;
}
