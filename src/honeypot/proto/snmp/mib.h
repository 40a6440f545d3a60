/* honeypot/proto/snmp/mib.h — the few rows that the made-up router has, in lexicographic order.
 *
 * Scalars of the groups system, ip, icmp, snmp and host, and ifTable; values grow with the uptime.
 */
#pragma once
#include "honeypot/proto.h"
#include "wire/ber.h"

struct mib_row {
  struct wire_oid oid;
  uint8_t column; /* of mib.c's table */
  uint8_t index;  /* of the interface; 0: a scalar */
};
bool mib_get(const struct wire_oid *oid, struct mib_row *ret);
bool mib_next(const struct wire_oid *oid, struct mib_row *ret); /* the first row behind oid */
void mib_put_value(const struct hp_self *self, const struct mib_row *row, struct prac_wr *w);
