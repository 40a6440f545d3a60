/* Apple Remote Management (ARMS), as seen from outside: no specification is public. The reply's
 * head (00 01, length) and its size of 1006 bytes are those that were measured; of the body only
 * what inventories read out is known: a host name and a MAC address. */
#include "honeypot/believe.h"
#include "wire/text.h"

enum { BODY = 1002, HOST_AT = 6, MAC_AT = 264, USER_AT = 330, HOST_MAX = 63 };

static void put_at(struct prac_wr *w, size_t body, size_t at)
{
  size_t n = prac_wr_len(w) - body;
  if (n > at)
    w->bad = true;
  else
    prac_wr_zero(w, at - n);
}

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  struct prac_rd r = req->bytes;
  uint16_t first = prac_rd_u16(&r), second = prac_rd_u16(&r);
  uint8_t third = prac_rd_u8(&r), mac[6];
  (void)note;
  if (r.bad) return HP_IGNORE;
  if (first == 1 && second == BODY) return HP_LOOP;
  if (first != 0x0014 || second != 1 || third != 3 || prac_rd_left(&r)) return HP_IGNORE;
  hp_believe_mac(self, mac);
  prac_wr_u16(reply, 1);
  prac_wr_u16(reply, BODY);
  size_t body = prac_wr_len(reply);
  prac_wr_u32(reply, 0x00010003);
  prac_wr_u16(reply, 1);
  put_at(reply, body, HOST_AT);
  wire_text_putf(reply, "%.*s", HOST_MAX, self->host);
  put_at(reply, body, MAC_AT);
  prac_wr_bytes(reply, mac, sizeof mac);
  put_at(reply, body, USER_AT);
  for (const char *c = "Mac mini"; *c; c++) prac_wr_u16(reply, (uint16_t)*c);
  put_at(reply, body, BODY);
  return hp_written(reply);
}

const struct hp_proto hp_ard = {
    .name = "ard",
    .title = "ARD",
    .about = "Apple Remote Management (ARMS) probe; NETSCOUT ASERT advisory of June 2019",
    .ports = {3283},
    .max_reply = 4 + BODY,
    .answer = answer,
};
