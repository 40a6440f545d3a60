/* mDNS (RFC 6762) and service discovery (RFC 6763): answers questions that reach it by unicast. */
#include <stdio.h>

#include "honeypot/believe.h"
#include "wire/dns.h"

enum { QU = 0x8000, FLUSH = 0x8000, PORT = 5353, TTL_LEGACY = 10, TTL = 120, TTL_SERVICE = 4500 };

static const struct service {
  const char *type; /* below .local */
  uint16_t port;
} services[] = {{"_workstation._tcp", 9}, {"_http._tcp", 80},       {"_ssh._tcp", 22},
                {"_sftp-ssh._tcp", 22},   {"_smb._tcp", 445},       {"_ipp._tcp", 631},
                {"_printer._tcp", 515},   {"_afpovertcp._tcp", 548}};

struct made {
  const struct hp_self *self;
  struct prac_wr *w;
  bool legacy; /* asked from a port other than 5353: RFC 6762, 6.7 */
  uint16_t answers, additional;
};

static size_t begin(struct made *m, uint16_t type, uint32_t ttl, bool unique)
{
  return wire_dns_record_begin(m->w, type,
                               (uint16_t)(WIRE_DNS_IN | (unique && !m->legacy ? FLUSH : 0)),
                               m->legacy ? (uint32_t)TTL_LEGACY : ttl);
}

static const char *under_local(char out[128], const char *a, const char *b)
{
  snprintf(out, 128, "%.60s%s%.60s.local", a, *a ? "." : "", b);
  return out;
}

static void put_addresses(struct made *m, uint16_t *count)
{
  char name[128];
  const bool four = prac_ip_is4(&m->self->own);
  wire_dns_name_put(m->w, under_local(name, "", m->self->host), 0);
  size_t at = begin(m, four ? WIRE_DNS_A : WIRE_DNS_AAAA, TTL, true);
  prac_wr_bytes(m->w, m->self->own.b + (four ? 12 : 0), four ? 4 : 16);
  wire_dns_record_end(m->w, at);
  ++*count;
}

static void put_types(struct made *m, const struct wire_dns_name *asked)
{
  char name[128];
  for (size_t i = 0; i < PRAC_ARRAY_LEN(services); i++, m->answers++) {
    wire_dns_name_write(m->w, asked);
    size_t at = begin(m, WIRE_DNS_PTR, TTL_SERVICE, false);
    wire_dns_name_put(m->w, under_local(name, "", services[i].type), 0);
    wire_dns_record_end(m->w, at);
  }
}

/* The one instance of a service: PTR, and what RFC 6763 (12.1) wants beside it. */
static void put_instance(struct made *m, const struct wire_dns_name *asked, const struct service *s)
{
  char name[128], instance[128];
  under_local(instance, m->self->host, s->type);
  wire_dns_name_write(m->w, asked);
  size_t at = begin(m, WIRE_DNS_PTR, TTL_SERVICE, false);
  wire_dns_name_put(m->w, instance, 0);
  wire_dns_record_end(m->w, at);
  m->answers++;
  wire_dns_name_put(m->w, instance, 0);
  at = begin(m, WIRE_DNS_SRV, TTL, true);
  prac_wr_u32(m->w, 0); /* priority, weight */
  prac_wr_u16(m->w, s->port);
  wire_dns_name_put(m->w, under_local(name, "", m->self->host), 0);
  wire_dns_record_end(m->w, at);
  wire_dns_name_put(m->w, instance, 0);
  at = begin(m, WIRE_DNS_TXT, TTL_SERVICE, true);
  prac_wr_u8(m->w, 0);
  wire_dns_record_end(m->w, at);
  m->additional = (uint16_t)(m->additional + 2);
  put_addresses(m, &m->additional);
}

/* False: nothing of ours has this name, and a responder keeps silent. */
static bool put_answers(struct made *m, const struct wire_dns_question *q)
{
  char name[128];
  const bool ptr = q->type == WIRE_DNS_PTR || q->type == WIRE_DNS_ANY;
  if (ptr && wire_dns_name_is(&q->name, "_services._dns-sd._udp.local")) {
    put_types(m, &q->name);
    return true;
  }
  for (size_t i = 0; i < PRAC_ARRAY_LEN(services); i++)
    if (ptr && wire_dns_name_is(&q->name, under_local(name, "", services[i].type))) {
      put_instance(m, &q->name, &services[i]);
      return true;
    }
  if ((q->type == WIRE_DNS_A || q->type == WIRE_DNS_AAAA || q->type == WIRE_DNS_ANY) &&
      wire_dns_name_is(&q->name, under_local(name, "", m->self->host))) {
    put_addresses(m, &m->answers);
    return true;
  }
  return false;
}

static enum hp_verdict put_reply(struct made *m, uint16_t id, const struct wire_dns_question *q)
{
  struct wire_dns_head h = {
      .id = m->legacy ? id : 0, .flags = WIRE_DNS_QR | WIRE_DNS_AA, .qd = m->legacy ? 1 : 0};
  struct prac_wr head = *m->w;
  wire_dns_head_write(m->w, &h);
  if (m->legacy) {
    struct wire_dns_question echo = *q;
    echo.class = WIRE_DNS_IN;
    wire_dns_question_write(m->w, &echo);
  }
  if (!put_answers(m, q)) return HP_OBSERVE;
  h.an = m->answers;
  h.ar = m->additional;
  wire_dns_head_write(&head, &h);
  return hp_written(m->w);
}

static void take_note(struct hp_note *note, const struct wire_dns_question *q)
{
  char name[WIRE_DNS_TEXT_MAX], type[12], class[12], tail[32];
  snprintf(tail, sizeof tail, " %s %s", wire_dns_type_text(q->type, type),
           wire_dns_class_text(q->class & ~QU & 0xffff, class));
  wire_dns_name_text(&q->name, name);
  name[HP_NAME_MAX - sizeof tail] = '\0';
  hp_note_text(note, name);
  hp_note_text(note, tail);
}

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  struct prac_rd r = req->bytes;
  struct wire_dns_head h;
  struct wire_dns_question q;
  struct made m = {.self = self, .w = reply, .legacy = req->sport != PORT};
  if (!wire_dns_head_read(&r, &h)) return HP_IGNORE;
  if (h.flags & WIRE_DNS_QR) return HP_LOOP;
  if (wire_dns_opcode(&h) != 0 || h.qd == 0) return HP_IGNORE;
  if (!wire_dns_question_read(NULL, &r, &q) || !wire_dns_name_ends(&q.name, "local"))
    return HP_IGNORE;
  take_note(note, &q);
  if ((q.class & ~QU) != WIRE_DNS_IN && (q.class & ~QU) != WIRE_DNS_CLASS_ANY) return HP_OBSERVE;
  if (h.ns != 0) return HP_OBSERVE; /* a probe for a name: RFC 6762, 8.1 */
  return put_reply(&m, h.id, &q);
}

const struct hp_proto hp_mdns = {
    .name = "mdns",
    .title = "mDNS",
    .about = "multicast DNS asked by unicast, RFC 6762 and RFC 6763 (VU#550620)",
    .ports = {PORT},
    .max_reply = HP_REPLY_MAX,
    .answer = answer,
};
