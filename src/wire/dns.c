/* DNS messages, once for DNS, mDNS and NetBIOS. */
#include "wire/dns.h"

#include <stdio.h>
#include <string.h>

#include "wire/text.h"

bool wire_dns_head_read(struct prac_rd *r, struct wire_dns_head *ret)
{
  struct wire_dns_head h = {.id = prac_rd_u16(r)};
  h.flags = prac_rd_u16(r);
  h.qd = prac_rd_u16(r);
  h.an = prac_rd_u16(r);
  h.ns = prac_rd_u16(r);
  h.ar = prac_rd_u16(r);
  if (r->bad) return false;
  *ret = h;
  return true;
}

static bool add_label(struct wire_dns_name *n, const uint8_t *label, uint8_t len)
{
  if (!label || n->n + 1u + len > WIRE_DNS_NAME_MAX) return false;
  n->b[n->n++] = len;
  memcpy(n->b + n->n, label, len);
  n->n = (uint8_t)(n->n + len);
  return true;
}

bool wire_dns_name_read(const struct prac_rd *msg, struct prac_rd *r, struct wire_dns_name *ret)
{
  struct prac_rd jumped = {0}, *at = r;
  size_t before = msg ? (size_t)(r->p - msg->p) : 0; /* a pointer leads to less than this */
  struct wire_dns_name n = {0};
  for (;;) {
    uint8_t len = prac_rd_u8(at);
    if (at->bad) break;
    if (len >= 0xc0) {
      size_t to = (size_t)(len & 0x3f) << 8 | prac_rd_u8(at);
      if (at->bad || !msg || to >= before) break;
      jumped = prac_rd_of(msg->p, before);
      prac_rd_skip(&jumped, to);
      before = to;
      at = &jumped;
    } else if (len > 63 || !add_label(&n, prac_rd_bytes(at, len), len)) {
      break;
    } else if (len == 0) {
      *ret = n;
      return true;
    }
  }
  r->bad = true;
  return false;
}

bool wire_dns_question_read(const struct prac_rd *msg, struct prac_rd *r,
                            struct wire_dns_question *ret)
{
  if (!wire_dns_name_read(msg, r, &ret->name)) return false;
  ret->type = prac_rd_u16(r);
  ret->class = prac_rd_u16(r);
  return !r->bad;
}

bool wire_dns_record_read(const struct prac_rd *msg, struct prac_rd *r, struct wire_dns_record *ret)
{
  if (!wire_dns_name_read(msg, r, &ret->name)) return false;
  ret->type = prac_rd_u16(r);
  ret->class = prac_rd_u16(r);
  ret->ttl = prac_rd_u32(r);
  ret->data = prac_rd_sub(r, prac_rd_u16(r));
  return !r->bad;
}

bool wire_dns_edns_read(const struct prac_rd *msg, struct prac_rd *r, const struct wire_dns_head *h,
                        struct wire_dns_edns *ret)
{
  struct wire_dns_record rr;
  *ret = (struct wire_dns_edns){0};
  for (uint32_t i = 0, n = (uint32_t)h->an + h->ns + h->ar; i < n; i++) {
    if (!wire_dns_record_read(msg, r, &rr)) return false;
    if (rr.type != WIRE_DNS_OPT || rr.name.n != 1) continue;
    *ret = (struct wire_dns_edns){.there = true,
                                  .version = (uint8_t)(rr.ttl >> 16),
                                  .size = rr.class,
                                  .flags = (uint16_t)rr.ttl};
  }
  return true;
}

/* A name's labels from `at` on against the labels of a text. */
static bool labels_are(const struct wire_dns_name *n, size_t at, const char *text)
{
  while (*text) {
    const char *dot = strchr(text, '.');
    size_t len = dot ? (size_t)(dot - text) : strlen(text);
    struct wire_text have = {(const char *)n->b + at + 1, n->b[at]}, want = {text, len};
    if (have.n != want.n) return false;
    for (size_t i = 0; i < len; i++) {
      char a = have.p[i], b = want.p[i];
      if (a >= 'A' && a <= 'Z') a = (char)(a + 32);
      if (a != b) return false;
    }
    at += len + 1;
    text += len + (dot ? 1 : 0);
  }
  return n->b[at] == 0;
}

bool wire_dns_name_is(const struct wire_dns_name *n, const char *text)
{
  return labels_are(n, 0, text);
}

bool wire_dns_name_ends(const struct wire_dns_name *n, const char *text)
{
  for (size_t at = 0; at < n->n; at += n->b[at] + 1u)
    if (labels_are(n, at, text)) return true;
  return false;
}

uint8_t wire_dns_name_first(const struct wire_dns_name *n)
{
  return n->b[0];
}

void wire_dns_name_text(const struct wire_dns_name *n, char out[WIRE_DNS_TEXT_MAX])
{
  size_t o = 0;
  for (size_t at = 0; at < n->n && n->b[at]; at += n->b[at] + 1u) {
    if (at) out[o++] = '.';
    for (size_t i = 1; i <= n->b[at]; i++) {
      uint8_t c = n->b[at + i];
      if (c >= 'A' && c <= 'Z') c = (uint8_t)(c + 32);
      if (c <= ' ' || c > '~') {
        out[o++] = '\\';
        out[o++] = (char)('0' + c / 100);
        out[o++] = (char)('0' + c / 10 % 10);
        out[o++] = (char)('0' + c % 10);
      } else {
        if (c == '.' || c == '\\' || c == '"') out[o++] = '\\';
        out[o++] = (char)c;
      }
    }
  }
  if (o == 0) out[o++] = '.';
  out[o] = '\0';
}

const char *wire_dns_type_text(uint16_t type, char out[12])
{
  static const struct {
    uint16_t type;
    char text[11];
  } known[] = {
      {1, "A"},           {2, "NS"},     {5, "CNAME"},  {6, "SOA"},     {10, "NULL"},
      {12, "PTR"},        {13, "HINFO"}, {15, "MX"},    {16, "TXT"},    {17, "RP"},
      {24, "SIG"},        {25, "KEY"},   {28, "AAAA"},  {29, "LOC"},    {33, "SRV"},
      {35, "NAPTR"},      {37, "CERT"},  {39, "DNAME"}, {41, "OPT"},    {43, "DS"},
      {44, "SSHFP"},      {46, "RRSIG"}, {47, "NSEC"},  {48, "DNSKEY"}, {50, "NSEC3"},
      {51, "NSEC3PARAM"}, {52, "TLSA"},  {64, "SVCB"},  {65, "HTTPS"},  {99, "SPF"},
      {251, "IXFR"},      {252, "AXFR"}, {255, "ANY"},  {257, "CAA"},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(known); i++)
    if (known[i].type == type) return known[i].text;
  snprintf(out, 12, "TYPE%u", type);
  return out;
}

const char *wire_dns_class_text(uint16_t class, char out[12])
{
  if (class == WIRE_DNS_IN) return "IN";
  if (class == WIRE_DNS_CH) return "CH";
  if (class == 4) return "HS";
  if (class == WIRE_DNS_CLASS_ANY) return "ANY";
  snprintf(out, 12, "CLASS%u", class);
  return out;
}

void wire_dns_head_write(struct prac_wr *w, const struct wire_dns_head *h)
{
  prac_wr_u16(w, h->id);
  prac_wr_u16(w, h->flags);
  prac_wr_u16(w, h->qd);
  prac_wr_u16(w, h->an);
  prac_wr_u16(w, h->ns);
  prac_wr_u16(w, h->ar);
}

void wire_dns_name_write(struct prac_wr *w, const struct wire_dns_name *n)
{
  prac_wr_bytes(w, n->b, n->n);
}

void wire_dns_pointer(struct prac_wr *w, uint16_t offset)
{
  prac_wr_u16(w, (uint16_t)(0xc000 | offset));
}

void wire_dns_name_put(struct prac_wr *w, const char *text, uint16_t then)
{
  while (*text) {
    const char *dot = strchr(text, '.');
    size_t len = dot ? (size_t)(dot - text) : strlen(text);
    if (len == 0 || len > 63) w->bad = true;
    prac_wr_u8(w, (uint8_t)len);
    prac_wr_bytes(w, text, len);
    text += len + (dot ? 1 : 0);
  }
  if (then)
    wire_dns_pointer(w, then);
  else
    prac_wr_u8(w, 0);
}

void wire_dns_question_write(struct prac_wr *w, const struct wire_dns_question *q)
{
  wire_dns_name_write(w, &q->name);
  prac_wr_u16(w, q->type);
  prac_wr_u16(w, q->class);
}

void wire_dns_edns_write(struct prac_wr *w, uint16_t size, uint16_t flags, uint8_t extended_rcode)
{
  prac_wr_u8(w, 0);
  prac_wr_u16(w, WIRE_DNS_OPT);
  prac_wr_u16(w, size);
  prac_wr_u8(w, extended_rcode);
  prac_wr_u8(w, 0); /* version */
  prac_wr_u16(w, flags);
  prac_wr_u16(w, 0);
}

size_t wire_dns_record_begin(struct prac_wr *w, uint16_t type, uint16_t class, uint32_t ttl)
{
  prac_wr_u16(w, type);
  prac_wr_u16(w, class);
  prac_wr_u32(w, ttl);
  prac_wr_u16(w, 0);
  return prac_wr_len(w);
}

void wire_dns_record_end(struct prac_wr *w, size_t begun)
{
  if (w->bad) return;
  size_t n = prac_wr_len(w) - begun;
  w->base[begun - 2] = (uint8_t)(n >> 8);
  w->base[begun - 1] = (uint8_t)n;
}
