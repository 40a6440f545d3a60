/* TFTP (RFC 1350): a read request for something like a configuration gets one short file, and the
 * transfer is over with that one datagram; anything else does not exist. Nothing is sent twice. */
#include "honeypot/believe.h"
#include "wire/text.h"

enum { RRQ = 1, WRQ = 2, DATA = 3, ACK = 4, ERROR = 5, OACK = 6, NOT_FOUND = 1, BLOCK = 512 };
enum { NAME_NOTED = 100 };

static bool have(struct wire_text file)
{
  static const char *const like[] = {"cfg", "conf", "config", "txt", "xml", "boot", "bin", "pxe"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(like); i++)
    if (wire_text_find(file, like[i]) < file.n) return true;
  return false;
}

static void put_file(const struct hp_self *self, struct prac_wr *w)
{
  uint32_t lan = hp_believe_lan(self, 1);
  prac_wr_u16(w, DATA);
  prac_wr_u16(w, 1);
  wire_text_putf(w,
                 "!\nversion 12.4\nservice timestamps log datetime msec\nno service pad\n!\n"
                 "hostname %.40s\n!\nboot-start-marker\nboot-end-marker\n!\nno aaa new-model\n"
                 "ip cef\n!\ninterface FastEthernet0/0\n ip address %u.%u.%u.1 255.255.255.0\n"
                 " duplex auto\n speed auto\n!\n",
                 self->host, lan >> 24, lan >> 16 & 255, lan >> 8 & 255);
  wire_text_put(w,
                "ip forward-protocol nd\nno ip http server\n!\nline con 0\nline vty 0 4\n login\n"
                "!\nend\n");
}

static enum hp_verdict put_reply(const struct hp_self *self, struct wire_text file,
                                 struct prac_wr *w)
{
  if (have(file)) {
    put_file(self, w);
  } else {
    prac_wr_u16(w, ERROR);
    prac_wr_u16(w, NOT_FOUND);
    wire_text_put(w, "File not found");
    prac_wr_u8(w, 0);
  }
  return hp_written(w);
}

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  struct prac_rd r = req->bytes;
  struct wire_text file, mode;
  uint16_t op = prac_rd_u16(&r);
  if (op < RRQ || op > OACK) return HP_IGNORE;
  if (op > WRQ) return HP_LOOP; /* of a transfer that we have not begun */
  if (!wire_text_cstring(&r, &file) || !wire_text_cstring(&r, &mode)) return HP_IGNORE;
  if (!wire_text_printable(file) || !wire_text_printable(mode)) return HP_IGNORE;
  hp_note_text(note, op == RRQ ? "read " : "write ");
  hp_note_bytes(note, file.p, file.n < NAME_NOTED ? file.n : NAME_NOTED);
  const bool known = wire_text_is(mode, "octet") || wire_text_is(mode, "netascii");
  return op == RRQ && file.n && known ? put_reply(self, file, reply) : HP_OBSERVE;
}

const struct hp_proto hp_tftp = {
    .name = "tftp",
    .title = "TFTP",
    .about = "trivial file transfer read request, RFC 1350 (TA14-017A)",
    .ports = {69},
    .max_reply = 4 + BLOCK,
    .answer = answer,
};
