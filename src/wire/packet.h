/* wire/packet.h — one frame decoded: link layer, IPv4 or IPv6, TCP, UDP, ICMP and its quote.
 *
 * links    Ethernet (1) with any of 802.1Q, 802.1ad, 0x9100 and PPPoE; Linux cooked v1, v2
 *          (113, 276); raw IP (12, 14, 101, 228, 229); BSD loopback (0, 108); PPP (9, 50);
 *          Cisco HDLC (104). 802.3 with LLC is not IP.
 * reads    only what the capture holds: never past caplen, whatever the headers say; what lies
 *          behind the IP packet's own end (Ethernet padding) is not payload
 * result   WIRE_IP4 or WIRE_IP6: addresses and proto are good; flags say what else is.
 *          Nothing is allocated; `payload` and `options` point into the frame.
 * limits   4 VLAN tags, 10 IPv6 extension headers, 16 TCP options in `layout`
 */
#pragma once
#include "base/buf.h"
#include "base/ip.h"

enum wire_class {
  WIRE_IP4,
  WIRE_IP6,
  WIRE_NOT_IP,    /* ARP, LLC, ... */
  WIRE_NO_LINK,   /* a link type that we do not read */
  WIRE_SHORT,     /* captured too little for an IP header */
  WIRE_MALFORMED, /* an IP header that contradicts itself */
  WIRE_CLASS_COUNT_
};
enum wire_flag {
  WIRE_FRAGMENT = 1,      /* not the first fragment: no ports */
  WIRE_MORE = 2,          /* the first fragment of several */
  WIRE_RESERVED = 4,      /* IPv4's reserved flag is set */
  WIRE_TRUNCATED = 8,     /* the capture holds less than the headers need */
  WIRE_BAD = 16,          /* lengths in the headers contradict each other */
  WIRE_PORTS = 32,        /* sport and dport are there (ICMP: type and code) */
  WIRE_QUOTE = 64,        /* quote_src, quote_dst, quote_proto are there */
  WIRE_SYN_OPTIONS = 128, /* mss, wscale, layout were read (TCP with SYN) */
};
enum { WIRE_ICMP = 1, WIRE_TCP = 6, WIRE_UDP = 17, WIRE_IP6IP = 41, WIRE_ICMP6 = 58 };
enum {
  WIRE_FIN = 1,
  WIRE_SYN = 2,
  WIRE_RST = 4,
  WIRE_PSH = 8,
  WIRE_ACK = 16,
  WIRE_URG = 32,
  WIRE_ECE = 64,
  WIRE_CWR = 128
};

struct wire_packet {
  struct prac_ip src, dst;
  uint32_t bytes; /* of the IP packet, by its own header */
  uint16_t flags; /* enum wire_flag */
  uint16_t id;    /* IPv4 */
  uint16_t sport, dport;
  uint16_t window;
  uint8_t proto; /* the transport, behind any extension headers */
  uint8_t ttl;
  uint8_t tcp_flags;
  uint8_t options_len; /* TCP */
  uint8_t wscale;      /* 255: no such option */
  uint8_t quote_proto;
  uint16_t mss; /* 0: no such option */
  uint32_t seq, ack;
  uint64_t layout;           /* kinds of the TCP options in order, 4 bits each, 15: any above 14 */
  uint32_t payload_len;      /* by the headers */
  uint32_t payload_captured; /* that the capture holds */
  const uint8_t *payload;    /* borrowed from the frame */
  const uint8_t *ip;         /* its header; the same */
  uint32_t ip_captured;      /* bytes of the packet that the capture holds, from there */
  struct prac_ip quote_src, quote_dst;
  uint16_t quote_sport, quote_dport; /* 0: not quoted */
};

/* One frame of caplen bytes, len on the wire (0: not known). Sets all of *ret for WIRE_IP4 and
 * WIRE_IP6. The quote and layout fields are set only where their flag is. */
enum wire_class wire_packet_read(uint32_t link, const uint8_t *data, uint32_t caplen, uint32_t len,
                                 struct wire_packet *ret);
