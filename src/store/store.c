/* Opening a backend by its name. */
#include "store/store.h"

#include <stdlib.h>

prac_rc store_open(const char *name, const void *conf, const struct store_env *env,
                   struct store *ret, struct prac_err *reterr)
{
  const struct store_ops *ops = store_find(name);
  if (!ops) return PRAC_FAIL(reterr, PRAC_UNKNOWN, "no store called \"%s\"", name);
  struct store s = {.ops = ops, .st = calloc(1, ops->state_size)};
  if (!s.st) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the store");
  prac_rc rc = ops->open(s.st, conf, env, reterr);
  if (rc != PRAC_OK) {
    store_close(&s);
    return rc;
  }
  *ret = s;
  return PRAC_OK;
}

void store_close(struct store *s)
{
  if (!s || !s->st) return;
  s->ops->close(s->st);
  free(s->st);
  *s = (struct store){0};
}
