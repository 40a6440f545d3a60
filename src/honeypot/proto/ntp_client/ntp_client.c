/* NTP mode 3 (RFC 5905): the ordinary question for the time. It amplifies nothing; scanners ask it.
 */
#include "honeypot/believe.h"

enum { SYMMETRIC_ACTIVE = 1, CLIENT = 3, SERVER = 4, BROADCAST = 5, LENGTH = 48 };
enum { STRATUM = 2, PRECISION = 0xe9, ROOT_DELAY = 0x0000034b, ROOT_DISPERSION = 0x00000a12 };
static const int64_t NTP_EPOCH_S = 2208988800, THINKS_NS = 21000;

static void put_time(struct prac_wr *w, prac_time at)
{
  prac_wr_u32(w, (uint32_t)(at / PRAC_SEC + NTP_EPOCH_S));
  prac_wr_u32(w, (uint32_t)(((uint64_t)(at % PRAC_SEC) << 32) / PRAC_SEC));
}

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  struct prac_rd r = req->bytes;
  uint8_t first = prac_rd_u8(&r), mode = first & 7, version = first >> 3 & 7;
  (void)note;
  prac_rd_u8(&r); /* stratum */
  uint8_t poll = prac_rd_u8(&r);
  prac_rd_skip(&r, 1 + 36);
  uint64_t transmit = prac_rd_u64(&r);
  if (r.bad || version == 0 || version > 4) return HP_IGNORE;
  if (mode == SERVER || mode == BROADCAST) return HP_LOOP;
  if (mode == SYMMETRIC_ACTIVE) return HP_OBSERVE;
  if (mode != CLIENT) return HP_IGNORE;
  if (prac_rd_left(&r)) return HP_OBSERVE; /* extensions, authenticator: not ours to check */
  prac_wr_u8(reply, (uint8_t)(version << 3 | SERVER));
  prac_wr_u8(reply, STRATUM);
  prac_wr_u8(reply, poll);
  prac_wr_u8(reply, PRECISION);
  prac_wr_u32(reply, ROOT_DELAY);
  prac_wr_u32(reply, ROOT_DISPERSION);
  prac_wr_u32(reply, hp_believe_lan(self, 1));
  put_time(reply, self->now - (1 + self->uptime_s % 1024) * PRAC_SEC);
  prac_wr_u64(reply, transmit);
  put_time(reply, self->now);
  put_time(reply, self->now + THINKS_NS);
  return hp_written(reply);
}

const struct hp_proto hp_ntp_client = {
    .name = "ntp_client",
    .title = "NTP",
    .about = "NTP client request, mode 3, RFC 5905",
    .ports = {123},
    .max_reply = LENGTH,
    .answer = answer,
};
