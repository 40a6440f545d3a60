/* DNS (RFC 1035, EDNS RFC 6891): the "open resolver" that knows every name and asks nobody.
 * Answers are made from the name itself; addresses are those reserved for documents (RFC 5737,
 * RFC 3849), so that nobody is sent to anybody's machine. */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "honeypot/believe.h"
#include "wire/dns.h"
#include "wire/text.h"

enum {
  NO_EDNS = 512,
  QUESTION_AT = WIRE_DNS_HEAD,
  DO = 0x8000,
  TTL_MAX = 3600,
  BADVERS = 1,
  OUR_SIZE = 1232
};

struct made { /* one answer in the making */
  struct prac_wr *w;
  const struct wire_dns_name *name;
  uint64_t hash; /* of the name in lower case: what its records are made from */
  uint32_t ttl;
  uint16_t n;
};

static size_t begin(struct made *m, uint16_t type)
{
  wire_dns_pointer(m->w, QUESTION_AT);
  m->n++;
  return wire_dns_record_begin(m->w, type, WIRE_DNS_IN, m->ttl);
}

static void bulk(struct made *m, unsigned salt, size_t n) /* keys and signatures look like noise */
{
  uint64_t at = m->hash + salt, v = 0;
  for (size_t i = 0; i < n; i++, v >>= 8) {
    if (i % 8 == 0) v = prac_mix64(at += 0x9e3779b97f4a7c15u);
    prac_wr_u8(m->w, (uint8_t)v);
  }
}

static void put_address(struct made *m, uint16_t type)
{
  static const uint32_t nets[] = {0xc0000200, 0xc6336400, 0xcb007100};
  size_t at = begin(m, type);
  uint8_t host = (uint8_t)(1 + m->hash % 254);
  if (type == WIRE_DNS_A) {
    prac_wr_u32(m->w, nets[(m->hash >> 8) % PRAC_ARRAY_LEN(nets)] | host);
  } else {
    prac_wr_u32(m->w, 0x20010db8);
    prac_wr_u64(m->w, m->hash >> 16 & 0xffffffff);
    prac_wr_u32(m->w, host);
  }
  wire_dns_record_end(m->w, at);
}

static void put_root_ns(struct made *m)
{
  for (int letter = 'a'; letter <= 'm'; letter++) {
    char host[32];
    snprintf(host, sizeof host, "%c.root-servers.net", letter);
    size_t at = begin(m, WIRE_DNS_NS);
    wire_dns_name_put(m->w, host, 0);
    wire_dns_record_end(m->w, at);
  }
}

static void put_ns(struct made *m)
{
  if (m->name->n == 1) {
    put_root_ns(m);
    return;
  }
  for (unsigned i = 1; i <= 2; i++) {
    char host[8];
    snprintf(host, sizeof host, "ns%u", i);
    size_t at = begin(m, WIRE_DNS_NS);
    wire_dns_name_put(m->w, host, QUESTION_AT);
    wire_dns_record_end(m->w, at);
  }
}

static void put_soa(struct made *m)
{
  size_t at = begin(m, WIRE_DNS_SOA);
  wire_dns_name_put(m->w, "ns1", QUESTION_AT);
  wire_dns_name_put(m->w, "hostmaster", QUESTION_AT);
  prac_wr_u32(m->w, 2024010100u + (uint32_t)(m->hash % 28));
  prac_wr_u32(m->w, 7200);
  prac_wr_u32(m->w, 3600);
  prac_wr_u32(m->w, 1209600);
  prac_wr_u32(m->w, 3600);
  wire_dns_record_end(m->w, at);
}

static void put_mx(struct made *m)
{
  size_t at = begin(m, WIRE_DNS_MX);
  prac_wr_u16(m->w, 10);
  wire_dns_name_put(m->w, "mx", QUESTION_AT);
  wire_dns_record_end(m->w, at);
}

static void put_string(struct prac_wr *w, const char *s)
{
  prac_wr_u8(w, (uint8_t)strlen(s));
  wire_text_put(w, s);
}

static void put_txt(struct made *m)
{
  char key[80];
  size_t at = begin(m, WIRE_DNS_TXT);
  put_string(m->w, "v=spf1 a mx ip4:192.0.2.0/24 ip4:198.51.100.0/24 ip6:2001:db8::/32 ~all");
  wire_dns_record_end(m->w, at);
  snprintf(key, sizeof key, "site-verification=%016llx%016llx", (unsigned long long)m->hash,
           (unsigned long long)prac_mix64(m->hash));
  at = begin(m, WIRE_DNS_TXT);
  put_string(m->w, key);
  wire_dns_record_end(m->w, at);
}

static void put_dnskey(struct made *m)
{
  size_t at = begin(m, WIRE_DNS_DNSKEY);
  prac_wr_u16(m->w, 257); /* key signing key */
  prac_wr_u8(m->w, 3);
  prac_wr_u8(m->w, 8); /* RSA/SHA-256 */
  prac_wr_u8(m->w, 3);
  prac_wr_u16(m->w, 1);
  prac_wr_u8(m->w, 1); /* exponent 65537 */
  bulk(m, 1, 256);
  wire_dns_record_end(m->w, at);
}

static void put_rrsig(struct made *m, uint16_t covers)
{
  size_t at = begin(m, WIRE_DNS_RRSIG);
  uint8_t labels = 0;
  for (size_t i = 0; i < m->name->n && m->name->b[i]; i += m->name->b[i] + 1u) labels++;
  prac_wr_u16(m->w, covers);
  prac_wr_u8(m->w, 8);
  prac_wr_u8(m->w, labels);
  prac_wr_u32(m->w, TTL_MAX);
  prac_wr_u32(m->w, 0x8fffffff); /* expires, began: RFC 4034 3.1.5 */
  prac_wr_u32(m->w, 0x60000000);
  prac_wr_u16(m->w, (uint16_t)m->hash);
  wire_dns_name_write(m->w, m->name); /* a signer's name is never compressed */
  bulk(m, covers, 256);
  wire_dns_record_end(m->w, at);
}

static void put_a(struct made *m)
{
  put_address(m, WIRE_DNS_A);
}

static void put_aaaa(struct made *m)
{
  put_address(m, WIRE_DNS_AAAA);
}

static void put_soa_rrsig(struct made *m)
{
  put_rrsig(m, WIRE_DNS_SOA);
}

static void put_records(struct made *m, uint16_t type)
{
  static const struct {
    uint16_t type;
    void (*put)(struct made *m);
  } kinds[] = {{WIRE_DNS_SOA, put_soa},       {WIRE_DNS_NS, put_ns},
               {WIRE_DNS_A, put_a},           {WIRE_DNS_AAAA, put_aaaa},
               {WIRE_DNS_MX, put_mx},         {WIRE_DNS_TXT, put_txt},
               {WIRE_DNS_DNSKEY, put_dnskey}, {WIRE_DNS_RRSIG, put_soa_rrsig}};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(kinds); i++)
    if (type == kinds[i].type || type == WIRE_DNS_ANY) kinds[i].put(m);
  if (type == WIRE_DNS_RRSIG || type == WIRE_DNS_DNSKEY) put_rrsig(m, WIRE_DNS_DNSKEY);
}

/* CHAOS: version.bind and its kind (RFC 4892). */
static bool put_chaos(struct made *m, const struct hp_self *self, uint16_t type)
{
  const bool version =
      wire_dns_name_is(m->name, "version.bind") || wire_dns_name_is(m->name, "version.server");
  if (!version && !wire_dns_name_is(m->name, "hostname.bind") &&
      !wire_dns_name_is(m->name, "id.server"))
    return false;
  if (type != WIRE_DNS_TXT && type != WIRE_DNS_ANY) return true;
  wire_dns_pointer(m->w, QUESTION_AT);
  size_t at = wire_dns_record_begin(m->w, WIRE_DNS_TXT, WIRE_DNS_CH, 0);
  put_string(m->w, version ? "9.11.36-RedHat-9.11.36-8.el8" : self->host);
  wire_dns_record_end(m->w, at);
  m->n++;
  return true;
}

static uint64_t name_hash(const struct wire_dns_name *n)
{
  char text[WIRE_DNS_TEXT_MAX];
  wire_dns_name_text(n, text);
  return prac_hash_bytes(53, text, strlen(text));
}

/* The response code; the answers with it. */
static uint16_t put_answers(const struct hp_self *self, const struct wire_dns_question *q,
                            struct made *m)
{
  const bool internet = q->class == WIRE_DNS_IN || q->class == WIRE_DNS_CLASS_ANY;
  if (q->type == WIRE_DNS_AXFR || q->type == WIRE_DNS_IXFR) return WIRE_DNS_REFUSED;
  if (q->class == WIRE_DNS_CH) return put_chaos(m, self, q->type) ? 0 : WIRE_DNS_REFUSED;
  if (!internet) return WIRE_DNS_REFUSED;
  put_records(m, q->type);
  return 0;
}

/* Head, question, answers, OPT; `with` false leaves the answers out and says so. */
static void put_message(const struct hp_self *self, const struct wire_dns_head *h,
                        const struct wire_dns_question *q, const struct wire_dns_edns *e, bool with,
                        struct prac_wr *w)
{
  struct made m = {.w = w, .name = &q->name, .hash = name_hash(&q->name)};
  const bool bad_version = e->there && e->version != 0;
  struct wire_dns_head out = {.id = h->id, .qd = 1, .ar = e->there};
  uint16_t rcode = 0;
  m.ttl = TTL_MAX - (uint32_t)((uint64_t)self->uptime_s % TTL_MAX);
  wire_dns_head_write(w, &out);
  wire_dns_question_write(w, q);
  if (with && !bad_version) rcode = put_answers(self, q, &m);
  if (e->there) wire_dns_edns_write(w, OUR_SIZE, e->flags & DO, bad_version ? BADVERS : 0);
  out.an = m.n;
  out.flags = (uint16_t)(WIRE_DNS_QR | WIRE_DNS_RA | (h->flags & (WIRE_DNS_RD | WIRE_DNS_CD)) |
                         (with ? 0 : WIRE_DNS_TC) | rcode);
  struct prac_wr head = prac_wr_of(w->base, w->bad ? 0 : WIRE_DNS_HEAD);
  wire_dns_head_write(&head, &out);
}

static void take_note(struct hp_note *note, const struct wire_dns_question *q)
{
  char name[WIRE_DNS_TEXT_MAX], type[12], class[12], tail[32];
  snprintf(tail, sizeof tail, " %s %s", wire_dns_type_text(q->type, type),
           wire_dns_class_text(q->class, class));
  wire_dns_name_text(&q->name, name);
  /* Of a name too long for a note the end is kept: attacks put their random label in front. */
  size_t n = strlen(name), room = HP_NAME_MAX - 1 - strlen(tail);
  if (n > room) hp_note_text(note, "...");
  hp_note_text(note, n > room ? name + n - room + 3 : name);
  hp_note_text(note, tail);
}

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  struct prac_rd r = req->bytes;
  struct wire_dns_head h;
  struct wire_dns_question q;
  struct wire_dns_edns e = {0};
  if (!wire_dns_head_read(&r, &h)) return HP_IGNORE;
  if (h.flags & WIRE_DNS_QR) return HP_LOOP;
  if (h.qd != 1 || !wire_dns_question_read(NULL, &r, &q)) return HP_IGNORE;
  take_note(note, &q);
  if (wire_dns_opcode(&h) != 0 || h.an != 0) return HP_OBSERVE; /* NOTIFY, UPDATE */
  /* What follows the question and cannot be read is no EDNS: real servers differ here. */
  if (!wire_dns_edns_read(&req->bytes, &r, &h, &e)) e.there = false;
  size_t room = (size_t)(reply->end - reply->p);
  size_t most = e.there && e.size > NO_EDNS ? e.size : NO_EDNS;
  struct prac_wr w = prac_wr_of(reply->p, most < room ? most : room);
  put_message(self, &h, &q, &e, true, &w);
  if (w.bad) {
    w = prac_wr_of(reply->p, most < room ? most : room);
    put_message(self, &h, &q, &e, false, &w);
  }
  reply->p = w.p;
  reply->bad = w.bad;
  return hp_written(reply);
}

const struct hp_proto hp_dns = {
    .name = "dns",
    .title = "DNS",
    .about = "domain name system, RFC 1035 and RFC 6891; abused with ANY, TXT, RRSIG (TA14-017A)",
    .ports = {53},
    .max_reply = HP_REPLY_MAX,
    .answer = answer,
};
