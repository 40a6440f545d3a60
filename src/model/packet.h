/* model/packet.h — one packet of a sensor, as it came. Of strangers, and to our own address: see
 * access/gate.h for what of it leaves. */
#pragma once
#include "model/field.h"

/* One packet, chosen to stand for those like it (model/sample.h). */
#define PACKET_FIELDS(F)                                                                           \
  F(STR, id, "", "sensor.time.number in the minute: of the same packets the same")                 \
  F(STR, sensor, "", "")                                                                           \
  F(TIME, at, "ns", "when it came")                                                                \
  F(IP, src, "", "sender")                                                                         \
  F(IP, dst, "", "our address; leaves the core only in the operator's views")                      \
  F(U32, proto, "", "IANA protocol number")                                                        \
  F(U32, sport, "", "source port; ICMP: type")                                                     \
  F(U32, dport, "", "destination port; ICMP: code")                                                \
  F(U32, ttl, "", "TTL or hop limit")                                                              \
  F(U32, tcp_flags, "", "")                                                                        \
  F(U32, len, "bytes", "of the IP packet; layer payload: of the UDP payload")                      \
  F(STR, layer, "", "what `bytes` begins with: ip: the IP header; payload: what is behind UDP's")  \
  F(U32, head, "bytes", "of `bytes` that are headers: the payload begins there")                   \
  F(BYTES, bytes, "", "the first 256 as they came")                                                \
  F(HEX, payload, "", "hash of the first 64 payload bytes, as in flows; 0: none")                  \
  F(U64, seen, "packets", "like it at this sensor in this minute, itself with them")               \
  F(BOOL, masked, "", "what would tell dst is zero in `bytes`")                                    \
  F(STR, country, "", "of src, ISO 3166, or empty")                                                \
  F(U32, asn, "", "of src; 0: unknown")

struct packet {
  PACKET_FIELDS(MODEL_FIELD)
};
enum {
  PACKET_BYTES_MAX = 256,
  PACKET_LEN_MAX = 40 + 65535, /* an IPv6 packet */
  PACKET_UDP_MAX = 65527       /* of layer payload */
};
extern const struct model_kind model_packet;
