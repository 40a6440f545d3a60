/* Source engine server queries (A2S). An old server tells everything at once; newer ones want their
 * challenge back first. We are an old one, and only for A2S_INFO. */
#include "honeypot/believe.h"
#include "wire/text.h"

enum { INFO = 'T', PLAYER = 'U', RULES = 'V', GET_CHALLENGE = 'W', PING = 'i' };
enum { INFO_REPLY = 'I', CHALLENGE_REPLY = 'A', PLAYER_REPLY = 'D', RULES_REPLY = 'E' };
enum { PING_REPLY = 'j', GOLDSRC_REPLY = 'm', CHALLENGE = 4, HAS_PORT = 0x80, HAS_KEYWORDS = 0x20 };

static const uint32_t WHOLE = 0xffffffff; /* not one part of several */
static const char question[] = "Source Engine Query";

static void put_string(struct prac_wr *w, const char *s)
{
  wire_text_put(w, s);
  prac_wr_u8(w, 0);
}

static enum hp_verdict put_info(const struct hp_self *self, uint16_t port, struct prac_wr *w)
{
  static const char *const maps[] = {"de_dust2", "de_inferno", "cs_office", "de_nuke", "cs_italy"};
  prac_wr_u32(w, WHOLE);
  prac_wr_u8(w, INFO_REPLY);
  prac_wr_u8(w, 17); /* protocol */
  wire_text_putf(w, "[24/7] Classic | %.20s", self->host);
  prac_wr_u8(w, 0);
  put_string(w, maps[(uint64_t)(self->now / PRAC_SEC / 1800) % PRAC_ARRAY_LEN(maps)]);
  put_string(w, "cstrike");
  put_string(w, "Counter-Strike: Source");
  prac_wr_u16le(w, 240);
  prac_wr_u8(w, (uint8_t)(5 + (uint64_t)(self->now / PRAC_SEC / 300) % 20)); /* players */
  prac_wr_u8(w, 32);
  prac_wr_u8(w, 0);   /* bots */
  prac_wr_u8(w, 'd'); /* dedicated, Linux */
  prac_wr_u8(w, 'l');
  prac_wr_u8(w, 0); /* no password */
  prac_wr_u8(w, 1); /* VAC */
  put_string(w, "1.0.0.70");
  prac_wr_u8(w, HAS_PORT | HAS_KEYWORDS);
  prac_wr_u16le(w, port);
  put_string(w, "alltalk,increased_maxplayers,nocrits,norespawntime,startmoney");
  return hp_written(w);
}

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  struct prac_rd r = req->bytes;
  struct wire_text text;
  uint32_t head = prac_rd_u32(&r);
  uint8_t kind = prac_rd_u8(&r);
  (void)note;
  if (r.bad || head != WHOLE) return HP_IGNORE;
  size_t n = prac_rd_left(&r);
  switch (kind) {
  case INFO_REPLY:
  case CHALLENGE_REPLY:
  case PLAYER_REPLY:
  case RULES_REPLY:
  case PING_REPLY:
  case GOLDSRC_REPLY:
    return HP_LOOP;
  case PLAYER:
  case RULES:
    return n == CHALLENGE ? HP_OBSERVE : HP_IGNORE;
  case GET_CHALLENGE:
  case PING:
    return n <= 1 ? HP_OBSERVE : HP_IGNORE;
  case INFO:
    break;
  default:
    return HP_IGNORE;
  }
  if (!wire_text_cstring(&r, &text) || !wire_text_is(text, question)) return HP_IGNORE;
  n = prac_rd_left(&r);
  return n == 0 || n == CHALLENGE ? put_info(self, req->dport, reply) : HP_IGNORE;
}

const struct hp_proto hp_a2s = {
    .name = "a2s",
    .title = "Steam",
    .about = "Source engine server query A2S_INFO, Valve developer wiki (TA14-017A)",
    .ports = {27015, 27016, 27017, 27018, 27019, 27020, 27021, 2302},
    .max_reply = 320,
    .answer = answer,
};
