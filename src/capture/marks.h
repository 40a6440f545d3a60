/* capture/marks.h — what one packet says by itself (enum flow_mark).
 *
 * tools        the fingerprints that need no memory: ZMap old and new, masscan, masscan's old
 *              template, Mirai. Only a TCP SYN without ACK, RST or FIN has them.
 * irregular    a SYN with TTL above 200, IP ID 54321, or without options
 * backscatter  TCP SYN+ACK or RST; ICMP answers and errors; a UDP answer (cap_is_answer). `victim`
 *              is set only from the quote of an ICMP error; elsewhere the victim is the sender.
 *              A quoted source that is not our address is marked, the quoted victim is kept.
 * spoofed      flags that no stack sends, an odd protocol, TTL >= 200 (unless ICMP, or one of the
 *              scanners above, which start at 255), a fragment or reserved flag, an IPv4 source
 *              ending in .0 or .255, source = destination, port 0, UDP to port 80
 * not here     bogon, survey, country: of the address, not of the packet (capture/origin.h)
 */
#pragma once
#include "model/flow.h"
#include "wire/packet.h"

enum {
  CAP_MARKS_TOOL = FLOW_ZMAP_OLD | FLOW_ZMAP | FLOW_MASSCAN | FLOW_MASSCAN_OLD | FLOW_MIRAI |
                   FLOW_UNICORNSCAN | FLOW_NMAP
};

/* A SYN that asks for a connection: what scanners send. */
static inline bool cap_is_probe(const struct wire_packet *p)
{
  return p->proto == WIRE_TCP &&
         (p->tcp_flags & (WIRE_SYN | WIRE_ACK | WIRE_RST | WIRE_FIN)) == WIRE_SYN;
}
uint32_t cap_marks(const struct wire_packet *p, bool six, struct prac_ip *ret_victim);
/* The same for an observation that others decoded: only what ports and types can say. */
uint32_t cap_marks_seen(const struct flow_row *r);
/* Is this UDP payload an answer of the service at port `from`? Only the first bytes are needed;
 * n == 0: only the port is known. */
bool cap_is_answer(uint16_t from, const uint8_t *payload, size_t n);
