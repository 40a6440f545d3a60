/* app/role_net.h — what a role that goes out needs of the system's files: authorities for TLS and
 * resolvers. Read in `prepare`; afterwards the role cannot see them. */
#pragma once
#include "base/conf.h"
#include "sys/net.h"

enum { ROLE_NET_SERVERS = 512 };
struct role_net {
  struct sys_net net; /* points into the rest */
  uint8_t *ca;
  char servers[ROLE_NET_SERVERS];
};
/* ca_file "": the system's, if there are any; dns empty: those of /etc/resolv.conf. */
PRAC_NODISCARD prac_rc role_net_read(struct role_net *n, const char *ca_file,
                                     const struct prac_conf_strings *dns, struct prac_err *reterr);
void role_net_done(struct role_net *n);
