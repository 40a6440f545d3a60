/* SNMP v3: who asks without knowing our engine is told it (RFC 3414, 4); all else needs keys. */
#include "honeypot/believe.h"
#include "honeypot/proto/snmp/snmp.h"
#include "wire/ber.h"

enum { V3 = 3, USM = 3, REPORTABLE = 4, ENCRYPTED = 2, COUNTER = 0x41 };

struct v3 {
  int64_t id, size, model;
  uint8_t flags;
};

static enum hp_verdict put_report(const struct hp_self *self, const struct v3 *v, int64_t request,
                                  struct prac_wr *w)
{
  static const struct wire_oid unknown_engines = {11, {1, 3, 6, 1, 6, 3, 15, 1, 1, 4, 0}};
  uint8_t engine[11] = {0x80, 0x00, 0x1f, 0x88, 3}; /* RFC 3411: net-snmp's number, a MAC follows */
  hp_believe_mac(self, engine + 5);
  struct wire_ber_open message = wire_ber_begin(w, WIRE_BER_SEQ, 0);
  wire_ber_put_int(w, WIRE_BER_INT, V3);
  struct wire_ber_open head = wire_ber_begin(w, WIRE_BER_SEQ, 0);
  wire_ber_put_int(w, WIRE_BER_INT, v->id);
  wire_ber_put_int(w, WIRE_BER_INT, 65507);
  wire_ber_put(w, WIRE_BER_OCTETS, "", 1);
  wire_ber_put_int(w, WIRE_BER_INT, v->model);
  wire_ber_end(w, head);
  struct wire_ber_open wrapped = wire_ber_begin(w, WIRE_BER_OCTETS, 0);
  struct wire_ber_open security = wire_ber_begin(w, WIRE_BER_SEQ, 0);
  wire_ber_put(w, WIRE_BER_OCTETS, engine, sizeof engine);
  wire_ber_put_int(w, WIRE_BER_INT, 1 + hp_believe_below(self, "boots", 40));
  wire_ber_put_int(w, WIRE_BER_INT, self->uptime_s & 0x7fffffff);
  for (int i = 0; i < 3; i++) wire_ber_put(w, WIRE_BER_OCTETS, NULL, 0);
  wire_ber_end(w, security);
  wire_ber_end(w, wrapped);
  struct wire_ber_open scoped = wire_ber_begin(w, WIRE_BER_SEQ, 0);
  wire_ber_put(w, WIRE_BER_OCTETS, engine, sizeof engine);
  wire_ber_put(w, WIRE_BER_OCTETS, NULL, 0);
  struct wire_ber_open report = wire_ber_begin(w, SNMP_REPORT, 0);
  wire_ber_put_int(w, WIRE_BER_INT, request);
  wire_ber_put_int(w, WIRE_BER_INT, 0);
  wire_ber_put_int(w, WIRE_BER_INT, 0);
  struct wire_ber_open list = wire_ber_begin(w, WIRE_BER_SEQ, 0);
  struct wire_ber_open one = wire_ber_begin(w, WIRE_BER_SEQ, 0);
  wire_ber_put_oid(w, &unknown_engines);
  wire_ber_put_int(w, COUNTER, 1 + (self->uptime_s / 7200 & 0xffff));
  wire_ber_end(w, one);
  wire_ber_end(w, list);
  wire_ber_end(w, report);
  wire_ber_end(w, scoped);
  wire_ber_end(w, message);
  return hp_written(w);
}

/* The global head: false where it cannot be read. */
static bool head_read(struct prac_rd *r, struct v3 *ret)
{
  struct prac_rd head = {0}, flags = {0};
  if (!wire_ber_take(r, WIRE_BER_SEQ, &head) || !wire_ber_int(&head, WIRE_BER_INT, &ret->id) ||
      !wire_ber_int(&head, WIRE_BER_INT, &ret->size) ||
      !wire_ber_take(&head, WIRE_BER_OCTETS, &flags) ||
      !wire_ber_int(&head, WIRE_BER_INT, &ret->model))
    return false;
  ret->flags = prac_rd_u8(&flags);
  return !flags.bad;
}

/* The security parameters' engine, and the PDU of a message that is not encrypted. */
static bool scoped_read(struct prac_rd wrapped, struct prac_rd r, struct prac_rd *ret_engine,
                        struct snmp_pdu *ret)
{
  struct prac_rd security = {0}, scoped = {0}, skipped = {0}, content = {0};
  return wire_ber_take(&wrapped, WIRE_BER_SEQ, &security) &&
         wire_ber_take(&security, WIRE_BER_OCTETS, ret_engine) &&
         wire_ber_take(&r, WIRE_BER_SEQ, &scoped) &&
         wire_ber_take(&scoped, WIRE_BER_OCTETS, &skipped) &&
         wire_ber_take(&scoped, WIRE_BER_OCTETS, &skipped) &&
         wire_ber_next(&scoped, &ret->tag, &content) && snmp_pdu_read(content, ret);
}

enum hp_verdict snmp_v3(const struct hp_self *self, struct prac_rd message, struct prac_wr *reply)
{
  struct prac_rd wrapped = {0}, engine = {0};
  struct v3 v = {0};
  struct snmp_pdu p = {0};
  if (!head_read(&message, &v) || !wire_ber_take(&message, WIRE_BER_OCTETS, &wrapped))
    return HP_IGNORE;
  if (!(v.flags & REPORTABLE)) return HP_LOOP; /* what is answered always is; answers never are */
  if (v.flags & ENCRYPTED || v.model != USM) return HP_OBSERVE;
  if (!scoped_read(wrapped, message, &engine, &p)) return HP_IGNORE;
  if (p.tag == SNMP_RESPONSE || p.tag == SNMP_REPORT) return HP_LOOP;
  const bool get = p.tag == SNMP_GET || p.tag == SNMP_GET_NEXT || p.tag == SNMP_GET_BULK;
  return get && !prac_rd_left(&engine) ? put_report(self, &v, p.id, reply) : HP_OBSERVE;
}
