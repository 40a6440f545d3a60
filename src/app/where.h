/* app/where.h — which store: the settings' for roles, or what a user wrote.
 *
 * where     "DIR": embedded, in that directory. "clickhouse": as store.clickhouse says.
 *           "http://HOST:PORT/DATABASE" (or https): there, everything else as store.clickhouse says
 */
#pragma once
#include "base/conf.h"
#include "store/store.h"

extern const struct prac_conf_section where_conf_section; /* "store" */
/* env->dir is set here. conf NULL: all defaults. */
PRAC_NODISCARD prac_rc where_open(const char *where, const struct prac_conf *conf,
                                  const struct store_env *env, struct store *ret,
                                  struct prac_err *reterr);
/* The store of `practice run`; dir: where an embedded one is. */
PRAC_NODISCARD prac_rc where_open_own(const struct prac_conf *conf, const char *dir,
                                      const struct store_env *env, struct store *ret,
                                      struct prac_err *reterr);
/* Whether that one is reached over the network: then it is opened before rights are given away
 * (password and certificates), and SYS_MAY_INET stays. */
bool where_is_outside(const struct prac_conf *conf);
