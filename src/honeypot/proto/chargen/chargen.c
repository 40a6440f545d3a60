/* CHARGEN (RFC 864): any datagram is answered by lines of rotating printable characters. */
#include "honeypot/proto.h"

/* The 95 printable characters, and again as many as a line beginning with the last one needs. */
static const char ring[] =
    " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopq"
    "rstuvwxyz{|}~ !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcd"
    "ef";

enum { LINE = 72, FIRST = ' ', COUNT = 95, REQUEST_MAX = 64 };

/* The pattern of RFC 864: each character is followed by its successor. A request need not be
 * anything, so an answer of somebody else is known by this alone. */
static bool rotates(struct prac_rd r)
{
  uint8_t before = prac_rd_u8(&r);
  for (unsigned i = 0; i < 8; i++) {
    uint8_t c = prac_rd_u8(&r);
    if (before < FIRST || before >= FIRST + COUNT) return false;
    if (c != (before + 1 < FIRST + COUNT ? before + 1 : FIRST)) return false;
    before = c;
  }
  return !r.bad;
}

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  (void)note;
  if (req->sport == req->dport || rotates(req->bytes)) return HP_LOOP;
  if (prac_rd_left(&req->bytes) > REQUEST_MAX) return HP_OBSERVE; /* nobody pays that much to ask */
  for (unsigned line = (unsigned)(self->seed % COUNT); reply->end - reply->p >= LINE + 2; line++) {
    prac_wr_bytes(reply, ring + line % COUNT, LINE);
    prac_wr_bytes(reply, "\r\n", 2);
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
