/* OpenVPN (protocol of doc/doxygen, "Network protocol"): the client's hard reset is acknowledged
 * once; real servers repeat it, which is all of its amplification. */
#include "base/hash.h"
#include "honeypot/believe.h"

enum {
  CLIENT_V1 = 1,
  SERVER_V1 = 2,
  CLIENT_V2 = 7,
  SERVER_V2 = 8,
  CLIENT_V3 = 10,
  SESSION = 8,
  SHORTEST = 14,
  LONGEST = 160,
};

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  struct prac_rd r = req->bytes;
  size_t n = prac_rd_left(&r);
  uint8_t first = prac_rd_u8(&r), op = first >> 3;
  uint64_t session = prac_rd_u64(&r);
  uint8_t acks = prac_rd_u8(&r);
  uint32_t packet = prac_rd_u32(&r);
  (void)note;
  if (r.bad || n > LONGEST || first & 7) return HP_IGNORE; /* a reset has key 0 */
  if (op == SERVER_V1 || op == SERVER_V2) return HP_LOOP;
  if (op == CLIENT_V1 || op == CLIENT_V3) return HP_OBSERVE;
  if (op != CLIENT_V2 || session == 0) return HP_IGNORE;
  if (acks != 0 || packet != 0)
    return HP_OBSERVE; /* tls-auth: a server without its key is silent */
  prac_wr_u8(reply, SERVER_V2 << 3);
  prac_wr_u64(reply, prac_hash2(self->seed, session, 1194) | 1);
  prac_wr_u8(reply, 1); /* acknowledges one: the client's packet 0 */
  prac_wr_u32(reply, packet);
  prac_wr_u64(reply, session);
  prac_wr_u32(reply, 0); /* our packet's number */
  return hp_written(reply);
}

const struct hp_proto hp_openvpn = {
    .name = "openvpn",
    .title = "OpenVPN",
    .about = "OpenVPN hard reset of a client, acknowledged once; AMP-Research",
    .ports = {1194},
    .max_reply = 1 + SESSION + 1 + 4 + SESSION + 4,
    .answer = answer,
};
