/* wire/dns.h — DNS messages (RFC 1035, EDNS RFC 6891), also as mDNS and NetBIOS names use them.
 *
 * names    kept in wire form without compression, as they were spelt; compared without case
 * reading  a pointer must lead strictly backwards, so a loop cannot be written; `msg` NULL: no
 *          pointer is accepted at all (a question has nothing to point to)
 * failing  false, and the cursor is bad
 * writing  names without compression; wire_dns_pointer writes one where the caller knows the place
 */
#pragma once
#include "base/buf.h"

enum { WIRE_DNS_HEAD = 12, WIRE_DNS_NAME_MAX = 255, WIRE_DNS_TEXT_MAX = 1024 };
enum {
  WIRE_DNS_A = 1,
  WIRE_DNS_NS = 2,
  WIRE_DNS_CNAME = 5,
  WIRE_DNS_SOA = 6,
  WIRE_DNS_PTR = 12,
  WIRE_DNS_MX = 15,
  WIRE_DNS_TXT = 16,
  WIRE_DNS_AAAA = 28,
  WIRE_DNS_SRV = 33,
  WIRE_DNS_OPT = 41,
  WIRE_DNS_RRSIG = 46,
  WIRE_DNS_DNSKEY = 48,
  WIRE_DNS_IXFR = 251,
  WIRE_DNS_AXFR = 252,
  WIRE_DNS_ANY = 255,
};
enum { WIRE_DNS_IN = 1, WIRE_DNS_CH = 3, WIRE_DNS_CLASS_ANY = 255 };
enum {
  WIRE_DNS_QR = 0x8000,
  WIRE_DNS_AA = 0x0400,
  WIRE_DNS_TC = 0x0200,
  WIRE_DNS_RD = 0x0100,
  WIRE_DNS_RA = 0x0080,
  WIRE_DNS_CD = 0x0010,
};
enum { WIRE_DNS_NXDOMAIN = 3, WIRE_DNS_REFUSED = 5 };

struct wire_dns_head {
  uint16_t id, flags, qd, an, ns, ar;
};
struct wire_dns_name {
  uint8_t n; /* with the root's zero byte */
  uint8_t b[WIRE_DNS_NAME_MAX];
};
struct wire_dns_question {
  struct wire_dns_name name;
  uint16_t type, class;
};
struct wire_dns_record {
  struct wire_dns_name name;
  uint16_t type, class;
  uint32_t ttl;
  struct prac_rd data;
};
struct wire_dns_edns {
  bool there;
  uint8_t version;
  uint16_t size, flags; /* flags: 0x8000 is DO */
};

static inline unsigned wire_dns_opcode(const struct wire_dns_head *h)
{
  return h->flags >> 11 & 15;
}
bool wire_dns_head_read(struct prac_rd *r, struct wire_dns_head *ret);
bool wire_dns_name_read(const struct prac_rd *msg, struct prac_rd *r, struct wire_dns_name *ret);
bool wire_dns_question_read(const struct prac_rd *msg, struct prac_rd *r,
                            struct wire_dns_question *ret);
bool wire_dns_record_read(const struct prac_rd *msg, struct prac_rd *r,
                          struct wire_dns_record *ret);
/* The OPT among the records that follow the questions; false: a record that cannot be read. */
bool wire_dns_edns_read(const struct prac_rd *msg, struct prac_rd *r, const struct wire_dns_head *h,
                        struct wire_dns_edns *ret);

bool wire_dns_name_is(const struct wire_dns_name *n, const char *text);   /* "version.bind" */
bool wire_dns_name_ends(const struct wire_dns_name *n, const char *text); /* by whole labels */
uint8_t wire_dns_name_first(const struct wire_dns_name *n); /* length of the first label */
/* "isc.org"; "." is the root. Lower case; \DDD for what is not printable, \. for a dot in a label.
 * Always NUL-terminated; WIRE_DNS_TEXT_MAX holds any name. */
void wire_dns_name_text(const struct wire_dns_name *n, char out[WIRE_DNS_TEXT_MAX]);
const char *wire_dns_type_text(uint16_t type, char out[12]);   /* "ANY", "TYPE65534" */
const char *wire_dns_class_text(uint16_t class, char out[12]); /* "IN", "CLASS17" */

void wire_dns_head_write(struct prac_wr *w, const struct wire_dns_head *h);
void wire_dns_name_write(struct prac_wr *w, const struct wire_dns_name *n);
/* Labels of a text without escapes, then the root or a pointer to `then` (0: the root). */
void wire_dns_name_put(struct prac_wr *w, const char *text, uint16_t then);
void wire_dns_pointer(struct prac_wr *w, uint16_t offset);
void wire_dns_question_write(struct prac_wr *w, const struct wire_dns_question *q);
void wire_dns_edns_write(struct prac_wr *w, uint16_t size, uint16_t flags, uint8_t extended_rcode);
/* What stands between a record's name and its data; wire_dns_data_end fills the length in. */
size_t wire_dns_record_begin(struct prac_wr *w, uint16_t type, uint16_t class, uint32_t ttl);
void wire_dns_record_end(struct prac_wr *w, size_t begun);
