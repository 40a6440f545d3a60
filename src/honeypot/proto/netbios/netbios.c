/* NetBIOS name service (RFC 1002): the node status request (NBSTAT) lists a machine's names. */
#include <string.h>

#include "honeypot/believe.h"
#include "wire/dns.h"

enum { NB = 0x20, NBSTAT = 0x21, ENCODED = 32, NAME = 15, STATISTICS = 40 };
enum { FLAG_ACTIVE = 0x0400, FLAG_GROUP = 0x8000 };
enum { OPCODE_QUERY = 0, OPCODE_REGISTER = 5, OPCODE_MULTIHOMED = 15 };

/* RFC 1001, 14.1: 16 bytes as 32 letters A..P, one label. */
static bool is_netbios(const struct wire_dns_name *n)
{
  if (n->b[0] != ENCODED) return false;
  for (unsigned i = 1; i <= ENCODED; i++)
    if (n->b[i] < 'A' || n->b[i] > 'P') return false;
  return true;
}

static void put_name(struct prac_wr *w, const char *name, uint8_t suffix, uint16_t flags)
{
  size_t n = strnlen(name, NAME);
  prac_wr_bytes(w, name, n);
  for (; n < NAME; n++) prac_wr_u8(w, ' ');
  prac_wr_u8(w, suffix);
  prac_wr_u16(w, flags | FLAG_ACTIVE);
}

static enum hp_verdict put_reply(const struct hp_self *self, uint16_t id,
                                 const struct wire_dns_question *q, struct prac_wr *w)
{
  uint8_t mac[6];
  char host[HP_NETBIOS_TEXT];
  const struct wire_dns_head h = {.id = id, .flags = WIRE_DNS_QR | WIRE_DNS_AA, .an = 1};
  hp_believe_mac(self, mac);
  hp_believe_netbios(self, host);
  wire_dns_head_write(w, &h);
  wire_dns_name_write(w, &q->name);
  size_t at = wire_dns_record_begin(w, NBSTAT, WIRE_DNS_IN, 0);
  prac_wr_u8(w, 6);
  put_name(w, host, 0x00, 0);
  put_name(w, "WORKGROUP", 0x00, FLAG_GROUP);
  put_name(w, host, 0x20, 0);
  put_name(w, "WORKGROUP", 0x1e, FLAG_GROUP);
  put_name(w, "WORKGROUP", 0x1d, 0);
  put_name(w, "\1\2__MSBROWSE__\2", 0x01, FLAG_GROUP);
  prac_wr_bytes(w, mac, sizeof mac);
  prac_wr_zero(w, STATISTICS);
  wire_dns_record_end(w, at);
  return hp_written(w);
}

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  struct prac_rd r = req->bytes;
  struct wire_dns_head h;
  struct wire_dns_question q;
  (void)note;
  if (!wire_dns_head_read(&r, &h)) return HP_IGNORE;
  if (h.flags & WIRE_DNS_QR) return HP_LOOP;
  if (h.qd != 1 || !wire_dns_question_read(NULL, &r, &q) || !is_netbios(&q.name)) return HP_IGNORE;
  unsigned op = wire_dns_opcode(&h);
  if (op >= OPCODE_REGISTER && op <= OPCODE_MULTIHOMED) return HP_OBSERVE;
  if (op != OPCODE_QUERY || q.class != WIRE_DNS_IN) return HP_IGNORE;
  if (q.type == NB) return HP_OBSERVE; /* a name that is not ours: a node keeps silent */
  return q.type == NBSTAT ? put_reply(self, h.id, &q, reply) : HP_IGNORE;
}

const struct hp_proto hp_netbios = {
    .name = "netbios",
    .title = "NetBIOS",
    .about = "NetBIOS node status (NBSTAT), RFC 1002 (TA14-017A)",
    .ports = {137},
    .max_reply = 320,
    .answer = answer,
};
