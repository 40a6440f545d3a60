/* CoAP (RFC 7252, block-wise RFC 7959, links RFC 6690): a device that lists its resources. */
#include <string.h>

#include "base/hash.h"
#include "honeypot/believe.h"
#include "wire/text.h"

enum { CON = 0, NON = 1, ACK = 2, RST = 3, GET = 1, LAST_METHOD = 7 };
enum { CONTENT = 0x45, NOT_FOUND = 0x84, BAD_OPTION = 0x82, TOKEN_MAX = 8, PATH_MAX_TEXT = 64 };
enum { URI_PATH = 11, BLOCK2 = 23, CONTENT_FORMAT = 12, LINK_FORMAT = 40, MARKER = 0xff };

static const char links[] =
    "</.well-known/core>;ct=40,</sensors/temp>;rt=\"temperature-c\";if=\"sensor\";obs,"
    "</sensors/humidity>;rt=\"humidity-p\";if=\"sensor\";obs,</sensors/light>;rt=\"light-lux\";"
    "if=\"sensor\",</actuators/relay>;rt=\"switch\";if=\"actuator\",</actuators/led>;rt=\"led\";"
    "if=\"actuator\",</firmware>;rt=\"fw\";sz=131072,</config/net>;rt=\"core.rd-ep\";ct=50,"
    "</config/time>;rt=\"time\";ct=0,</qlink/ack>;title=\"Qlink-ACK Resource\";ct=0,"
    "</qlink/regist>;title=\"Qlink-Regist Resource\";ct=0,</device/inform>;title=\"Device-Inform\";"
    "ct=0";

struct message {
  uint8_t type, code, token_len;
  uint16_t id;
  const uint8_t *token;
  char path[PATH_MAX_TEXT];
  size_t path_len;
  bool blocks, critical; /* critical: an odd option that we do not know */
  uint32_t block;        /* RFC 7959: number, more, size exponent */
};

/* Delta and length of an option are 4 bits, or that and one or two bytes. */
static uint32_t extended(struct prac_rd *r, uint8_t nibble)
{
  if (nibble == 13) return 13u + prac_rd_u8(r);
  if (nibble == 14) return 269u + prac_rd_u16(r);
  if (nibble == 15) r->bad = true;
  return nibble;
}

static void path_add(struct message *m, struct wire_text segment)
{
  if (m->path_len + 1 + segment.n > PATH_MAX_TEXT) {
    m->path[0] = '?'; /* longer than any path of ours */
    return;
  }
  m->path[m->path_len++] = '/';
  if (segment.n) memcpy(m->path + m->path_len, segment.p, segment.n);
  m->path_len += segment.n;
}

static bool options_read(struct prac_rd *r, struct message *m)
{
  uint32_t number = 0;
  while (prac_rd_left(r)) {
    uint8_t head = prac_rd_u8(r);
    if (head == MARKER) return prac_rd_left(r) > 0; /* RFC 7252, 3: a payload must follow */
    number += extended(r, head >> 4);
    uint32_t len = extended(r, head & 15);
    struct prac_rd value = prac_rd_sub(r, len);
    if (r->bad || number > UINT16_MAX) return false;
    if (number == URI_PATH) {
      path_add(m, wire_text_of(value));
    } else if (number == BLOCK2) {
      m->blocks = true;
      m->block = 0;
      if (len > 3) return false;
      while (prac_rd_left(&value)) m->block = m->block << 8 | prac_rd_u8(&value);
    } else if (number & 1 && number != 3 && number != 7 && number != 15 && number != 17) {
      m->critical = true; /* known: Uri-Host, Uri-Port, Uri-Query, Accept */
    }
  }
  return true;
}

static bool message_read(struct prac_rd r, struct message *m)
{
  uint8_t first = prac_rd_u8(&r);
  m->code = prac_rd_u8(&r);
  m->id = prac_rd_u16(&r);
  m->type = first >> 4 & 3;
  m->token_len = first & 15;
  if (r.bad || first >> 6 != 1 || m->token_len > TOKEN_MAX) return false;
  m->token = prac_rd_bytes(&r, m->token_len);
  if (r.bad || (m->code == 0 && (m->token_len || prac_rd_left(&r)))) return false;
  return options_read(&r, m);
}

static void put_head(const struct hp_self *self, const struct message *m, uint8_t code,
                     struct prac_wr *w)
{
  prac_wr_u8(w, (uint8_t)(0x40 | (m->type == CON ? ACK : NON) << 4 | m->token_len));
  prac_wr_u8(w, code);
  prac_wr_u16(w, m->type == CON ? m->id : (uint16_t)prac_hash2(self->seed, m->id, 5683));
  prac_wr_bytes(w, m->token, m->token_len);
}

static enum hp_verdict put_links(const struct hp_self *self, const struct message *m,
                                 struct prac_wr *w)
{
  const size_t all = sizeof links - 1;
  uint32_t szx = m->block & 7, number = m->block >> 4;
  size_t size = m->blocks ? (size_t)16 << (szx == 7 ? 6 : szx) : 1024, from = number * size;
  if (from >= all) {
    put_head(self, m, BAD_OPTION, w);
    return hp_written(w);
  }
  size_t n = all - from < size ? all - from : size;
  put_head(self, m, CONTENT, w);
  prac_wr_u8(w, CONTENT_FORMAT << 4 | 1);
  prac_wr_u8(w, LINK_FORMAT);
  if (m->blocks) { /* delta 23 - 12 */
    const bool more = from + n < all;
    prac_wr_u8(w, (BLOCK2 - CONTENT_FORMAT) << 4 | 2);
    prac_wr_u16(w, (uint16_t)(number << 4 | (more ? 8u : 0u) | (szx == 7 ? 6 : szx)));
  }
  prac_wr_u8(w, MARKER);
  prac_wr_bytes(w, links + from, n);
  return hp_written(w);
}

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  struct message m = {0};
  if (!message_read(req->bytes, &m)) return HP_IGNORE;
  if (m.type == ACK || m.type == RST || m.code >> 5 != 0) return HP_LOOP;
  if (m.code > LAST_METHOD) return HP_IGNORE;
  if (m.code == 0) { /* CoAP's ping: a confirmable message with nothing in it */
    if (m.type != CON) return HP_IGNORE;
    prac_wr_u8(reply, 0x40 | RST << 4);
    prac_wr_u8(reply, 0);
    prac_wr_u16(reply, m.id);
    return hp_written(reply);
  }
  hp_note_bytes(note, m.path, m.path_len);
  if (m.code != GET || m.critical) return HP_OBSERVE; /* POST, PUT, DELETE, FETCH, ... */
  struct wire_text path = {m.path, m.path_len};
  if (wire_text_is(path, "/.well-known/core")) return put_links(self, &m, reply);
  put_head(self, &m, NOT_FOUND, reply);
  return hp_written(reply);
}

const struct hp_proto hp_coap = {
    .name = "coap",
    .title = "CoAP",
    .about = "constrained application protocol, GET /.well-known/core, RFC 7252 and RFC 6690",
    .ports = {5683},
    .max_reply = HP_REPLY_MAX,
    .answer = answer,
};
