/* SNMP v1, v2c and the discovery of v3 (RFC 1157, 3416, 3414): a router with a few interfaces that
 * reads its small MIB to anybody who says "public". */
#include "honeypot/proto/snmp/snmp.h"
#include "honeypot/believe.h"
#include "honeypot/proto/snmp/mib.h"
#include "wire/ber.h"
#include "wire/text.h"

enum { SET = 0xa3, TRAP_1 = 0xa4, INFORM = 0xa6, TRAP_2 = 0xa7 };
enum { V1 = 0, V2C = 1, V3 = 3, NO_SUCH_NAME = 2, NO_SUCH_OBJECT = 0x80, END_OF_VIEW = 0x82 };
enum { ASKED_MAX = 16, REPEAT_MAX = 64, OCTETS = 2 };

bool snmp_pdu_read(struct prac_rd r, struct snmp_pdu *p)
{
  return wire_ber_int(&r, WIRE_BER_INT, &p->id) && wire_ber_int(&r, WIRE_BER_INT, &p->second) &&
         wire_ber_int(&r, WIRE_BER_INT, &p->third) && wire_ber_take(&r, WIRE_BER_SEQ, &p->bindings);
}

static bool next_asked(struct prac_rd *bindings, struct wire_oid *ret)
{
  struct prac_rd one = {0};
  return prac_rd_left(bindings) && wire_ber_take(bindings, WIRE_BER_SEQ, &one) &&
         wire_ber_oid(&one, ret);
}

/* Name and value, or nothing of it when it does not fit. */
static bool put_binding(const struct hp_self *self, const struct mib_row *row, struct prac_wr *w)
{
  struct prac_wr before = *w;
  struct wire_ber_open seq = wire_ber_begin(w, WIRE_BER_SEQ, OCTETS);
  wire_ber_put_oid(w, &row->oid);
  mib_put_value(self, row, w);
  wire_ber_end(w, seq);
  if (!w->bad) return true;
  *w = before;
  return false;
}

static bool put_missing(const struct wire_oid *oid, uint8_t why, struct prac_wr *w)
{
  struct prac_wr before = *w;
  struct wire_ber_open seq = wire_ber_begin(w, WIRE_BER_SEQ, OCTETS);
  wire_ber_put_oid(w, oid);
  wire_ber_put(w, why, NULL, 0);
  wire_ber_end(w, seq);
  if (!w->bad) return true;
  *w = before;
  return false;
}

/* Get and GetNext; returns v1's error index, 0: none. */
static int64_t put_each(const struct hp_self *self, const struct snmp_pdu *p, struct prac_wr *w)
{
  struct prac_rd left = p->bindings;
  struct wire_oid oid;
  for (int64_t i = 1; i <= ASKED_MAX && next_asked(&left, &oid); i++) {
    struct mib_row row;
    const bool next = p->tag != SNMP_GET;
    const bool found = next ? mib_next(&oid, &row) : mib_get(&oid, &row);
    if (!found && p->version == V1) return i;
    if (found ? !put_binding(self, &row, w)
              : !put_missing(&oid, next ? END_OF_VIEW : NO_SUCH_OBJECT, w))
      break;
  }
  return 0;
}

/* One row behind `at`, which moves there; false: no room. *more: there was a row. */
static bool put_next(const struct hp_self *self, struct wire_oid *at, struct prac_wr *w, bool *more)
{
  struct mib_row row;
  if (!mib_next(at, &row)) return put_missing(at, END_OF_VIEW, w);
  *at = row.oid;
  *more = true;
  return put_binding(self, &row, w);
}

/* GetBulk, RFC 3416 4.2.3: as many rows as were asked for and fit. */
static void put_bulk(const struct hp_self *self, const struct snmp_pdu *p, struct prac_wr *w)
{
  struct prac_rd left = p->bindings;
  struct wire_oid at[ASKED_MAX];
  int64_t n = 0, once = p->second > 0 ? p->second : 0;
  int64_t times = p->third > REPEAT_MAX ? REPEAT_MAX : p->third;
  bool more = true;
  while (n < ASKED_MAX && next_asked(&left, &at[n])) n++;
  if (once > n) once = n;
  for (int64_t i = 0; i < once; i++)
    if (!put_next(self, &at[i], w, &more)) return;
  for (more = true; more && times > 0; times--) {
    more = false;
    for (int64_t i = once; i < n; i++)
      if (!put_next(self, &at[i], w, &more)) return;
  }
}

/* v1 says what is wrong with the question's own bindings. */
static void put_back(const struct snmp_pdu *p, struct prac_wr *w)
{
  prac_wr_bytes(w, p->bindings.p, prac_rd_left(&p->bindings));
}

static enum hp_verdict put_reply(const struct hp_self *self, const struct snmp_pdu *p,
                                 struct prac_wr *w)
{
  struct prac_wr start = *w;
  int64_t wrong = 0;
  for (int pass = 0; pass < 2; pass++) { /* the second one only to report an error */
    *w = start;
    struct wire_ber_open message = wire_ber_begin(w, WIRE_BER_SEQ, OCTETS);
    wire_ber_put_int(w, WIRE_BER_INT, p->version);
    wire_ber_put(w, WIRE_BER_OCTETS, p->community.p, prac_rd_left(&p->community));
    struct wire_ber_open pdu = wire_ber_begin(w, SNMP_RESPONSE, OCTETS);
    wire_ber_put_int(w, WIRE_BER_INT, p->id);
    wire_ber_put_int(w, WIRE_BER_INT, wrong ? NO_SUCH_NAME : 0);
    wire_ber_put_int(w, WIRE_BER_INT, wrong);
    struct wire_ber_open list = wire_ber_begin(w, WIRE_BER_SEQ, OCTETS);
    const bool report = wrong != 0;
    if (report)
      put_back(p, w);
    else if (p->tag == SNMP_GET_BULK)
      put_bulk(self, p, w);
    else
      wrong = put_each(self, p, w);
    wire_ber_end(w, list);
    wire_ber_end(w, pdu);
    wire_ber_end(w, message);
    if (report || !wrong) break;
  }
  return hp_written(w);
}

static void take_note(struct hp_note *note, const struct snmp_pdu *p)
{
  struct prac_rd left = p->bindings;
  struct wire_oid oid;
  char text[80];
  hp_note_text(note, p->tag == SNMP_GET        ? "Get"
                     : p->tag == SNMP_GET_NEXT ? "GetNext"
                     : p->tag == SNMP_GET_BULK ? "GetBulk"
                                               : "Set");
  if (!next_asked(&left, &oid)) return;
  wire_oid_text(&oid, text, sizeof text);
  hp_note_text(note, " ");
  hp_note_text(note, text);
}

static enum hp_verdict asked(const struct hp_self *self, const struct snmp_pdu *p,
                             struct hp_note *note, struct prac_wr *w)
{
  take_note(note, p);
  if (p->tag == SET || (p->tag == SNMP_GET_BULK && p->version == V1)) return HP_OBSERVE;
  return wire_text_is(wire_text_of(p->community), "public") ? put_reply(self, p, w) : HP_OBSERVE;
}

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  struct prac_rd r = req->bytes, message = {0}, content = {0};
  struct snmp_pdu p = {0};
  if (!wire_ber_take(&r, WIRE_BER_SEQ, &message)) return HP_IGNORE;
  if (!wire_ber_int(&message, WIRE_BER_INT, &p.version)) return HP_IGNORE;
  /* Captured attacks hold agents that throw the request itself at the victim, from port 161. */
  if (req->sport == req->dport) return HP_LOOP;
  if (p.version == V3) return snmp_v3(self, message, reply);
  if (p.version != V1 && p.version != V2C) return HP_IGNORE;
  if (!wire_ber_take(&message, WIRE_BER_OCTETS, &p.community)) return HP_IGNORE;
  if (!wire_ber_next(&message, &p.tag, &content)) return HP_IGNORE;
  switch (p.tag) {
  case SNMP_RESPONSE:
  case SNMP_REPORT:
    return HP_LOOP;
  case TRAP_1:
  case TRAP_2:
  case INFORM:
    return HP_OBSERVE;
  case SNMP_GET:
  case SNMP_GET_NEXT:
  case SNMP_GET_BULK:
  case SET:
    return snmp_pdu_read(content, &p) ? asked(self, &p, note, reply) : HP_IGNORE;
  default:
    return HP_IGNORE;
  }
}

const struct hp_proto hp_snmp = {
    .name = "snmp",
    .title = "SNMP",
    .about = "SNMP GetBulk, GetNext, Get with community public, RFC 3416 (TA14-017A)",
    .ports = {161},
    .max_reply = HP_REPLY_MAX,
    .answer = answer,
};
