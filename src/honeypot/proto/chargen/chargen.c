/* CHARGEN (RFC 864): any datagram is answered by lines of rotating printable characters. */
#include "honeypot/proto.h"

enum { LINE = 72, FIRST = ' ', COUNT = 95 };

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  (void)note;
  if (req->sport == req->dport) return HP_LOOP;
  for (unsigned line = (unsigned)(self->seed % COUNT); reply->end - reply->p >= LINE + 2; line++) {
    for (unsigned i = 0; i < LINE; i++) prac_wr_u8(reply, (uint8_t)(FIRST + (line + i) % COUNT));
    prac_wr_u8(reply, '\r');
    prac_wr_u8(reply, '\n');
  }
  return HP_ANSWER;
}

const struct hp_proto hp_chargen = {
    .name = "chargen",
    .title = "CHARGEN",
    .about = "character generator, RFC 864: any datagram is a request",
    .ports = {19},
    .max_reply = 1024,
    .answer = answer,
};
