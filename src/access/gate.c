/* A store made out of a store. What a question may not name is refused before it is asked; what an
 * answer may not name is taken out on its way. */
#include "access/gate.h"

#include <stdlib.h>

struct gate {
  const struct store *inner;
  const struct access_scope *scope;
  const struct lookup *geo;
};

bool access_gate_ip(const struct access_scope *scope, const struct lookup *geo,
                    const struct prac_ip *ip)
{
  return access_scope_ip(scope, geo, ip);
}

prac_rc access_gate_record(const struct access_scope *scope, const struct lookup *geo,
                           const struct model_kind *k, void *rec, struct prac_arena *a,
                           bool *ret_seen)
{
  (void)geo, (void)k, (void)rec, (void)a;
  *ret_seen = scope->all;
  return PRAC_OK;
}

static prac_rc gate_query(void *st, const struct store_query *q, store_row *each, void *arg,
                          struct prac_err *reterr)
{
  struct gate *g = st;
  if (q->dst.bits || (q->keys & STORE_KEY_DST) || !g->scope->all)
    return PRAC_FAIL(reterr, PRAC_DENIED, "that is not in your part of the world");
  return g->inner->ops->query(g->inner->st, q, each, arg, reterr);
}

static void gate_close(void *st)
{
  (void)st;
}

static const struct store_ops ops = {.name = "gate",
                                     .about = "",
                                     .state_size = sizeof(struct gate),
                                     .query = gate_query,
                                     .close = gate_close};

prac_rc access_gate_open(const struct store *inner, const struct access_scope *scope,
                         const struct lookup *geo, struct store *ret, struct prac_err *reterr)
{
  struct gate *g = calloc(1, sizeof *g);
  if (!g) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a store's gate");
  *g = (struct gate){inner, scope, geo};
  *ret = (struct store){&ops, g};
  return PRAC_OK;
}
