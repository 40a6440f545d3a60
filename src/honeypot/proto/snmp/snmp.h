/* honeypot/proto/snmp/snmp.h — what versions 1, 2c and 3 share: the PDU. */
#pragma once
#include "honeypot/proto.h"

enum {
  SNMP_GET = 0xa0,
  SNMP_GET_NEXT = 0xa1,
  SNMP_RESPONSE = 0xa2,
  SNMP_GET_BULK = 0xa5,
  SNMP_REPORT = 0xa8,
};
struct snmp_pdu {
  int64_t version, id, second, third; /* second, third: error status and index, or bulk's two */
  uint8_t tag;
  struct prac_rd community, bindings;
};
bool snmp_pdu_read(struct prac_rd content, struct snmp_pdu *ret);
/* A message of version 3 behind its version (RFC 3412). */
enum hp_verdict snmp_v3(const struct hp_self *self, struct prac_rd message, struct prac_wr *reply);
