/* wire/ber.h — ASN.1 BER (ITU-T X.690) as SNMP and LDAP use it: one-byte tags, definite lengths.
 *
 * reading  wire_ber_next takes one element and gives a cursor over its content; lengths of up to
 *          four octets, which need not be the shortest form (LDAP over UDP is full of 84 00 00 00
 *          xx)
 * writing  wire_ber_begin leaves room for the length, wire_ber_end fills it in; `octets` says how
 *          many length octets follow 0x8n, 0: the short form, content of at most 127 bytes
 * failing  reading: false, and the cursor is bad. Writing: the writer is bad
 */
#pragma once
#include "base/buf.h"

enum {
  WIRE_BER_BOOL = 0x01,
  WIRE_BER_INT = 0x02,
  WIRE_BER_OCTETS = 0x04,
  WIRE_BER_NULL = 0x05,
  WIRE_BER_OID = 0x06,
  WIRE_BER_ENUM = 0x0a,
  WIRE_BER_SEQ = 0x30,
  WIRE_BER_SET = 0x31,
};
enum { WIRE_OID_MAX = 40 }; /* sub-identifiers that we keep; RFC 2578 allows 128 */

struct wire_oid {
  uint8_t n;
  uint32_t id[WIRE_OID_MAX];
};

bool wire_ber_next(struct prac_rd *r, uint8_t *ret_tag, struct prac_rd *ret_content);
/* One element that must have this tag. */
bool wire_ber_take(struct prac_rd *r, uint8_t tag, struct prac_rd *ret_content);
/* Two's complement of 1 to 8 bytes, with this tag (INTEGER, ENUMERATED, application types). */
bool wire_ber_int(struct prac_rd *r, uint8_t tag, int64_t *ret);
bool wire_ber_oid(struct prac_rd *r, struct wire_oid *ret);
int wire_oid_cmp(const struct wire_oid *a, const struct wire_oid *b); /* lexicographic: -1, 0, 1 */
/* "1.3.6.1.2.1", cut to cap; always NUL-terminated. */
void wire_oid_text(const struct wire_oid *o, char *out, size_t cap);

struct wire_ber_open { /* a place in the writer's bytes, kept from begin to end */
  size_t content;      /* offset from the writer's base */
  uint8_t octets;
};
struct wire_ber_open wire_ber_begin(struct prac_wr *w, uint8_t tag, uint8_t octets);
void wire_ber_end(struct prac_wr *w, struct wire_ber_open at);
void wire_ber_put(struct prac_wr *w, uint8_t tag, const void *content, size_t n);
void wire_ber_put_text(struct prac_wr *w, const char *s); /* OCTET STRING */
void wire_ber_put_int(struct prac_wr *w, uint8_t tag, int64_t v);
void wire_ber_put_oid(struct prac_wr *w, const struct wire_oid *o);
