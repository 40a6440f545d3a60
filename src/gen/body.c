/* What scanners of UDP services send: well-formed requests, so that a dissector has nothing to
 * complain about, written from the services' own specifications. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "gen/gen_int.h"

static void name(struct prac_wr *w, const char *dotted)
{
  while (*dotted) {
    size_t n = strcspn(dotted, ".");
    prac_wr_u8(w, (uint8_t)n);
    prac_wr_bytes(w, dotted, n);
    dotted += n + (dotted[n] == '.');
  }
  prac_wr_u8(w, 0);
}

/* RFC 1035: one question; as an answer, `n_answers` address records for it. */
static void dns(struct prac_wr *w, struct prac_rng *r, uint16_t type, uint16_t n_answers)
{
  prac_wr_u16(w, (uint16_t)prac_rng_u64(r));
  prac_wr_u16(w, n_answers ? 0x8180 : 0x0100);
  prac_wr_u16(w, 1);
  prac_wr_u16(w, n_answers);
  prac_wr_u32(w, 0);
  name(w, "example.com");
  prac_wr_u16(w, type);
  prac_wr_u16(w, 1);
  for (uint16_t i = 0; i < n_answers; i++) {
    prac_wr_u16(w, 0xc00c);
    prac_wr_u16(w, 1);
    prac_wr_u16(w, 1);
    prac_wr_u32(w, 300);
    prac_wr_u16(w, 4);
    prac_wr_u32(w, UINT32_C(0xc0000200) + i); /* 192.0.2.x */
  }
}

static const uint8_t snmp_get[] = {/* RFC 1157: GetRequest sysDescr.0, community "public" */
                                   0x30, 0x29, 0x02, 0x01, 0x00, 0x04, 0x06, 'p',  'u',  'b',  'l',
                                   'i',  'c',  0xa0, 0x1c, 0x02, 0x04, 0x12, 0x34, 0x56, 0x78, 0x02,
                                   0x01, 0x00, 0x02, 0x01, 0x00, 0x30, 0x0e, 0x30, 0x0c, 0x06, 0x08,
                                   0x2b, 0x06, 0x01, 0x02, 0x01, 0x01, 0x01, 0x00, 0x05, 0x00};
static const char ssdp[] = "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"
                           "MAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n";
static const char sip[] = "OPTIONS sip:100@192.0.2.1 SIP/2.0\r\n"
                          "Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK1\r\n"
                          "From: <sip:a@192.0.2.9>;tag=1\r\nTo: <sip:100@192.0.2.1>\r\n"
                          "Call-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
static const uint8_t memcached[] = {0, 1, 0, 0, 0, 1, 0, 0, 's', 't', 'a', 't', 's', '\r', '\n'};
static const uint8_t nbstat[] = {0,   0x10, 0,   1,   0,   0,   0,   0,   0,   0,    0x20, 'C',
                                 'K', 'A',  'A', 'A', 'A', 'A', 'A', 'A', 'A', 'A',  'A',  'A',
                                 'A', 'A',  'A', 'A', 'A', 'A', 'A', 'A', 'A', 'A',  'A',  'A',
                                 'A', 'A',  'A', 'A', 'A', 'A', 'A', 0,   0,   0x21, 0,    1};
static const uint8_t cldap[] = {/* RFC 4511: a search for the root DSE */
                                0x30, 0x25, 0x02, 0x01, 0x01, 0x63, 0x20, 0x04, 0x00, 0x0a,
                                0x01, 0x00, 0x0a, 0x01, 0x00, 0x02, 0x01, 0x00, 0x02, 0x01,
                                0x00, 0x01, 0x01, 0x00, 0x87, 0x0b, 'o',  'b',  'j',  'e',
                                'c',  't',  'c',  'l',  'a',  's',  's',  0x30, 0x00};

void gen_request(struct gen_packet *p, uint16_t port, struct prac_rng *r)
{
  struct prac_wr w = prac_wr_of(p->body, sizeof p->body);
  switch (port) {
  case 53:
  case 5353:
    dns(&w, r, 255, 0);
    break;
  case 137: /* RFC 1002: node status of "*" */
    prac_wr_u16(&w, (uint16_t)prac_rng_u64(r));
    prac_wr_bytes(&w, nbstat, sizeof nbstat);
    break;
  case 5683: /* RFC 7252: GET /.well-known/core */
    prac_wr_u16(&w, 0x4001);
    prac_wr_u16(&w, (uint16_t)prac_rng_u64(r));
    prac_wr_bytes(&w,
                  "\xbb.well-known\x04"
                  "core",
                  17);
    break;
  case 123: /* RFC 5905: a client's packet, version 4 */
    prac_wr_u8(&w, 0x23);
    prac_wr_zero(&w, 39);
    prac_wr_u64(&w, prac_rng_u64(r));
    break;
  case 161:
    prac_wr_bytes(&w, snmp_get, sizeof snmp_get);
    break;
  case 389:
    prac_wr_bytes(&w, cldap, sizeof cldap);
    break;
  case 1900:
    prac_wr_bytes(&w, ssdp, sizeof ssdp - 1);
    break;
  case 5060:
    prac_wr_bytes(&w, sip, sizeof sip - 1);
    break;
  case 11211:
    prac_wr_bytes(&w, memcached, sizeof memcached);
    break;
  default:
    prac_wr_bytes(&w, "hello\r\n", 7);
  }
  p->n_body = (uint16_t)prac_wr_len(&w);
}

void gen_dns_answer(struct gen_packet *p, struct prac_rng *r)
{
  struct prac_wr w = prac_wr_of(p->body, sizeof p->body);
  dns(&w, r, 1, (uint16_t)(1 + prac_rng_below(r, 8)));
  p->n_body = (uint16_t)prac_wr_len(&w);
}
