/* portal/packets.h — packets as records and as a capture file; rows of the table of endpoints
 * (route.c), whose `none` and `portal_filters` they use. */
#pragma once
#include "portal/impl.h"

#define PORTAL_PCAP_TYPE "application/vnd.tcpdump.pcap"
void portal_packets(struct portal *p, struct sys_http_req *r, const char *word);
void portal_packets_pcap(struct portal *p, struct sys_http_req *r, const char *word);
extern const struct model_kind portal_pcap_kind; /* its body */

/* clang-format off */
#define PORTAL_PACKETS_ROUTES \
  {"/packets", SYS_HTTP_GET, PORTAL_ANALYST, "packets", \
    "Packets that were kept as they came, a few of each minute, for those like them. What names " \
    "our own addresses in a usual spelling is zero. As CSV or NDJSON: noted in the audit", \
    PORTAL_ROWS, portal_packets, portal_filters}, \
  {"/packets/pcap", SYS_HTTP_POST, PORTAL_ANALYST, "packets_pcap", \
    "The same as a capture file, in order of time: the newest `limit` (up to 10000) or, with " \
    "order=oldest, the oldest, for a reason that stands in the audit. Honeypots keep no headers: " \
    "those are made from the record", \
    PORTAL_PCAP, portal_packets_pcap, none, &portal_pcap_kind, true}
/* clang-format on */
