/* The one list of compiled vectors: a new one is one line. Vectors that share a port are asked in
 * this order. */
#include <string.h>

#include "honeypot/proto.h"

#define PROTOS(X)                                                                                  \
  X(dns)                                                                                           \
  X(ntp_monlist)                                                                                   \
  X(ntp_control)                                                                                   \
  X(ntp_client)                                                                                    \
  X(ssdp)                                                                                          \
  X(chargen)                                                                                       \
  X(qotd)                                                                                          \
  X(cldap)                                                                                         \
  X(memcached)                                                                                     \
  X(snmp)                                                                                          \
  X(portmap)                                                                                       \
  X(netbios)                                                                                       \
  X(tftp)                                                                                          \
  X(mssql)                                                                                         \
  X(sip)                                                                                           \
  X(ripv1)                                                                                         \
  X(mdns)                                                                                          \
  X(wsd)                                                                                           \
  X(coap)                                                                                          \
  X(ard)                                                                                           \
  X(a2s)                                                                                           \
  X(dhip)                                                                                          \
  X(openvpn)

#define X(name) extern const struct hp_proto hp_##name;
PROTOS(X)
#undef X

const struct hp_proto *const hp_protos[] = {
#define X(name) &hp_##name,
    PROTOS(X)
#undef X
        NULL,
};

const struct hp_proto *hp_proto_find(const char *name)
{
  for (const struct hp_proto *const *p = hp_protos; *p; p++)
    if (strcmp((*p)->name, name) == 0) return *p;
  return NULL;
}
