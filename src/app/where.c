/* The one place of the program that knows backends by name. */
#include "app/where.h"

#include <string.h>

static const char *const backends[] = {"embedded", "clickhouse", NULL};
enum { BACKEND_EMBEDDED, BACKEND_CLICKHOUSE };
struct where_conf {
  int backend;
};
static const struct prac_conf_item items[] = {
    {.key = "backend",
     .type = PRAC_CONF_ENUM,
     .offset = offsetof(struct where_conf, backend),
     .words = backends,
     .help = "What practice run keeps records in: embedded (a directory) or clickhouse."},
};
const struct prac_conf_section where_conf_section = {
    .path = "store",
    .about = "Where records are kept.",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct where_conf),
};

static prac_rc open_as(int backend, const char *dir, const struct prac_conf *conf,
                       const struct store_env *env, struct store *ret, struct prac_err *reterr)
{
  struct store_env e = *env;
  const struct store_ops *ops = store_find(backends[backend]);
  e.dir = dir;
  return store_open(ops->name, conf ? prac_conf_get(conf, ops->conf->path, 0) : NULL, &e, ret,
                    reterr);
}

prac_rc where_open(const char *where, const struct prac_conf *conf, const struct store_env *env,
                   struct store *ret, struct prac_err *reterr)
{
  if (strcmp(where, backends[BACKEND_CLICKHOUSE]) == 0)
    return open_as(BACKEND_CLICKHOUSE, NULL, conf, env, ret, reterr);
  bool url = strncmp(where, "http://", 7) == 0 || strncmp(where, "https://", 8) == 0;
  return open_as(url ? BACKEND_CLICKHOUSE : BACKEND_EMBEDDED, where, conf, env, ret, reterr);
}

static int own_backend(const struct prac_conf *conf)
{
  const struct where_conf *c = prac_conf_get(conf, where_conf_section.path, 0);
  return c ? c->backend : BACKEND_EMBEDDED;
}

prac_rc where_open_own(const struct prac_conf *conf, const char *dir, const struct store_env *env,
                       struct store *ret, struct prac_err *reterr)
{
  int backend = own_backend(conf);
  return open_as(backend, backend == BACKEND_EMBEDDED ? dir : NULL, conf, env, ret, reterr);
}

bool where_is_outside(const struct prac_conf *conf)
{
  return own_backend(conf) == BACKEND_CLICKHOUSE;
}
