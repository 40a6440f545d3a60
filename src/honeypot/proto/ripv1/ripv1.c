/* RIPv1 (RFC 1058): the request for the whole routing table. */
#include "honeypot/believe.h"

enum { REQUEST = 1, RESPONSE = 2, ENTRY = 20, ENTRIES_MAX = 25, INFINITY_METRIC = 16, AF_IP = 2 };

static enum hp_verdict put_reply(const struct hp_self *self, struct prac_wr *w)
{
  const uint32_t n = 10 + hp_believe_below(self, "routes", ENTRIES_MAX - 10 + 1);
  prac_wr_u8(w, RESPONSE);
  prac_wr_u8(w, 1);
  prac_wr_u16(w, 0);
  for (uint32_t i = 0; i < n; i++) {
    uint32_t net = i == 0   ? 0 /* the default route */
                   : i == 1 ? hp_believe_lan(self, 0)
                            : 0x0a000000u + (i << 16) + (hp_believe_below(self, "net", 200) << 8);
    prac_wr_u16(w, AF_IP);
    prac_wr_u16(w, 0);
    prac_wr_u32(w, net);
    prac_wr_zero(w, 8);
    prac_wr_u32(w, 1 + i % 5);
  }
  return hp_written(w);
}

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  struct prac_rd r = req->bytes;
  size_t n = prac_rd_left(&r);
  uint8_t command = prac_rd_u8(&r), version = prac_rd_u8(&r);
  uint16_t zero = prac_rd_u16(&r), family = prac_rd_u16(&r);
  (void)note;
  prac_rd_skip(&r, 14);
  uint32_t metric = prac_rd_u32(&r);
  if (r.bad || version < 1 || version > 2 || zero != 0) return HP_IGNORE;
  if ((n - 4) % ENTRY != 0 || n > 4 + ENTRIES_MAX * ENTRY) return HP_IGNORE;
  if (command == RESPONSE) return HP_LOOP;
  if (command != REQUEST) return HP_IGNORE;
  /* One entry, no family, metric 16: everything. Other requests ask for routes by name, and a
   * router that speaks version 1 leaves version 2 to others. */
  const bool whole = n == 4 + ENTRY && family == 0 && metric == INFINITY_METRIC;
  return whole && version == 1 ? put_reply(self, reply) : HP_OBSERVE;
}

const struct hp_proto hp_ripv1 = {
    .name = "ripv1",
    .title = "RIPv1",
    .about = "routing information protocol version 1, whole table, RFC 1058 (TA14-017A)",
    .ports = {520},
    .max_reply = 4 + ENTRIES_MAX * ENTRY,
    .answer = answer,
};
