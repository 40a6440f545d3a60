/* One reader and writer of BER for every protocol that speaks it. */
#include "wire/ber.h"

#include <stdio.h>
#include <string.h>

static bool bad(struct prac_rd *r)
{
  r->bad = true;
  return false;
}

bool wire_ber_next(struct prac_rd *r, uint8_t *ret_tag, struct prac_rd *ret_content)
{
  uint8_t tag = prac_rd_u8(r), first = prac_rd_u8(r);
  size_t len = first;
  if (r->bad || (tag & 0x1f) == 0x1f) return bad(r); /* tags of several bytes: nobody here */
  if (first & 0x80) {
    unsigned octets = first & 0x7f;
    if (octets == 0 || octets > 4) return bad(r); /* 0: indefinite */
    len = 0;
    while (octets--) len = len << 8 | prac_rd_u8(r);
  }
  struct prac_rd content = prac_rd_sub(r, len);
  if (r->bad) return false;
  *ret_tag = tag;
  *ret_content = content;
  return true;
}

bool wire_ber_take(struct prac_rd *r, uint8_t tag, struct prac_rd *ret_content)
{
  uint8_t got = 0;
  struct prac_rd content = {0};
  if (!wire_ber_next(r, &got, &content) || got != tag) return bad(r);
  *ret_content = content;
  return true;
}

bool wire_ber_int(struct prac_rd *r, uint8_t tag, int64_t *ret)
{
  struct prac_rd c = {0};
  if (!wire_ber_take(r, tag, &c)) return false;
  size_t n = prac_rd_left(&c);
  if (n < 1 || n > 8) return bad(r);
  uint64_t v = *c.p & 0x80 ? UINT64_MAX : 0;
  while (n--) v = v << 8 | prac_rd_u8(&c);
  *ret = (int64_t)v;
  return true;
}

bool wire_ber_oid(struct prac_rd *r, struct wire_oid *ret)
{
  struct prac_rd c = {0};
  struct wire_oid o = {0};
  if (!wire_ber_take(r, WIRE_BER_OID, &c) || prac_rd_left(&c) == 0) return bad(r);
  while (prac_rd_left(&c)) {
    uint64_t v = 0;
    uint8_t b = 0;
    do {
      b = prac_rd_u8(&c);
      v = v << 7 | (b & 0x7f);
    } while (b & 0x80 && v < UINT32_MAX && !c.bad);
    if (c.bad || b & 0x80 || v > UINT32_MAX) return bad(r);
    if (o.n == 0) { /* X.690 8.19.4: the first two in one */
      uint32_t top = v < 40 ? 0 : v < 80 ? 1 : 2;
      o.id[o.n++] = top;
      v -= UINT64_C(40) * top;
    }
    if (o.n < WIRE_OID_MAX) o.id[o.n++] = (uint32_t)v;
  }
  *ret = o;
  return true;
}

int wire_oid_cmp(const struct wire_oid *a, const struct wire_oid *b)
{
  for (uint8_t i = 0; i < a->n && i < b->n; i++)
    if (a->id[i] != b->id[i]) return a->id[i] < b->id[i] ? -1 : 1;
  return (a->n > b->n) - (a->n < b->n);
}

void wire_oid_text(const struct wire_oid *o, char *out, size_t cap)
{
  size_t at = 0;
  if (cap) out[0] = '\0';
  for (uint8_t i = 0; i < o->n && at < cap; i++) {
    int n = snprintf(out + at, cap - at, "%s%u", i ? "." : "", o->id[i]);
    if (n < 0) return;
    at += (size_t)n;
  }
}

struct wire_ber_open wire_ber_begin(struct prac_wr *w, uint8_t tag, uint8_t octets)
{
  prac_wr_u8(w, tag);
  prac_wr_zero(w, 1 + (size_t)octets);
  return (struct wire_ber_open){prac_wr_len(w), octets};
}

void wire_ber_end(struct prac_wr *w, struct wire_ber_open at)
{
  if (w->bad) return;
  size_t n = prac_wr_len(w) - at.content;
  uint8_t *len = w->base + at.content - at.octets - 1;
  if (at.octets ? at.octets < 8 && n >> (8 * at.octets) != 0 : n > 127) {
    w->bad = true;
    return;
  }
  len[0] = at.octets ? (uint8_t)(0x80 | at.octets) : (uint8_t)n;
  for (unsigned i = at.octets; i > 0; i--, n >>= 8) len[i] = (uint8_t)n;
}

void wire_ber_put(struct prac_wr *w, uint8_t tag, const void *content, size_t n)
{
  struct wire_ber_open at = wire_ber_begin(w, tag, n <= 127 ? 0 : n <= 255 ? 1 : 2);
  prac_wr_bytes(w, content, n);
  wire_ber_end(w, at);
}

void wire_ber_put_text(struct prac_wr *w, const char *s)
{
  wire_ber_put(w, WIRE_BER_OCTETS, s, strlen(s));
}

void wire_ber_put_int(struct prac_wr *w, uint8_t tag, int64_t v)
{
  uint8_t b[8];
  unsigned n = 1;
  for (unsigned i = 0; i < 8; i++) b[i] = (uint8_t)((uint64_t)v >> (56 - 8 * i));
  /* The shortest form: drop leading bytes that only repeat the sign. */
  for (n = 8; n > 1; n--) {
    const uint8_t *p = b + 8 - n;
    if (!((p[0] == 0 && !(p[1] & 0x80)) || (p[0] == 0xff && p[1] & 0x80))) break;
  }
  wire_ber_put(w, tag, b + 8 - n, n);
}

void wire_ber_put_oid(struct prac_wr *w, const struct wire_oid *o)
{
  struct wire_ber_open at = wire_ber_begin(w, WIRE_BER_OID, 1);
  for (uint8_t i = 1; i < o->n; i++) {
    uint64_t v = i == 1 ? (uint64_t)o->id[0] * 40 + o->id[1] : o->id[i];
    unsigned groups = 1;
    while (groups < 5 && v >> (7 * groups)) groups++;
    while (groups--) prac_wr_u8(w, (uint8_t)((v >> (7 * groups) & 0x7f) | (groups ? 0x80 : 0)));
  }
  if (w->bad) return;
  /* Room for a long form was left; an OID of up to 127 bytes, that is nearly all, takes the short.
   */
  size_t n = prac_wr_len(w) - at.content;
  if (n <= 127) {
    uint8_t *len = w->base + at.content - 2;
    len[0] = (uint8_t)n;
    memmove(len + 1, len + 2, n);
    w->p--;
  } else
    wire_ber_end(w, at);
}
