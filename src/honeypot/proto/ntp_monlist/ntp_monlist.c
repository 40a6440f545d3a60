/* NTP mode 7 (ntpdc, "private"): monlist and the peer lists, as ntpd before 4.2.7p26 answered them.
 * Layouts: ntpd's ntp_request.h; a capture of both directions is part of tcpdump's tests. */
#include "base/hash.h"
#include "honeypot/believe.h"

enum { MODE = 7, RESPONSE = 0x80, MORE = 0x40, AUTH = 0x80, SEQUENCE = 0x7f };
enum { IMPL_UNIV = 0, IMPL_XNTPD_OLD = 2, IMPL_XNTPD = 3 };
enum { PEER_LIST = 0, PEER_SUMMARY = 1, MON_GETLIST = 20, MON_GETLIST_1 = 42 };
enum { SHORTEST = 8, LONGEST = 216, ITEMS = 6, LOOPBACK = 0x7f000001, LOCAL_CLOCK = 0x7f7f0100 };

/* One client of the made-up network: the same ones for ever, their last requests ever anew. */
struct client {
  uint32_t last_s, first_s, count, address;
};
static struct client client(const struct hp_self *self, unsigned i)
{
  uint64_t h = prac_mix64(self->seed + i * 0x9e3779b97f4a7c15u);
  uint32_t period = 16u << (h % 7), up = (uint32_t)self->uptime_s;
  struct client c = {.last_s = (up + (uint32_t)(h >> 8 & 1023)) % period};
  c.first_s = up > c.last_s ? up : c.last_s;
  c.count = c.first_s / period + 1;
  c.address = hp_believe_lan(self, (uint8_t)(2 + (h >> 20) % 250));
  return c;
}

static void monitor_1(const struct hp_self *self, unsigned i, struct prac_wr *w)
{
  struct client c = client(self, i);
  prac_wr_u32(w, c.last_s);
  prac_wr_u32(w, c.first_s);
  prac_wr_u32(w, 0); /* restrictions */
  prac_wr_u32(w, c.count);
  prac_wr_u32(w, c.address);
  prac_wr_u32(w, hp_believe_own4(self));
  prac_wr_u32(w, 0); /* flags */
  prac_wr_u16(w, 123);
  prac_wr_u8(w, 3); /* mode, version */
  prac_wr_u8(w, 4);
  prac_wr_zero(w, 4 + 4 + 16 + 16); /* not IPv6 */
}

static void monitor(const struct hp_self *self, unsigned i, struct prac_wr *w)
{
  struct client c = client(self, i);
  prac_wr_u32(w, c.last_s);
  prac_wr_u32(w, c.first_s);
  prac_wr_u32(w, 0);
  prac_wr_u32(w, c.count);
  prac_wr_u32(w, c.address);
  prac_wr_u16(w, 123);
  prac_wr_u8(w, 3);
  prac_wr_u8(w, 4);
  prac_wr_zero(w, 4 + 4 + 16);
}

static uint32_t peer(const struct hp_self *self, unsigned i)
{
  return i == 0 ? (uint32_t)LOCAL_CLOCK : hp_believe_lan(self, (uint8_t)i);
}

static void peer_list(const struct hp_self *self, unsigned i, struct prac_wr *w)
{
  prac_wr_u32(w, peer(self, i));
  prac_wr_u16(w, 123);
  prac_wr_u8(w, 3);         /* host mode */
  prac_wr_u8(w, i ? 1 : 3); /* flags: configured, reference clock */
  prac_wr_zero(w, 4 + 4 + 16);
}

static void peer_summary(const struct hp_self *self, unsigned i, struct prac_wr *w)
{
  prac_wr_u32(w, i ? hp_believe_own4(self) : (uint32_t)LOOPBACK);
  prac_wr_u32(w, peer(self, i));
  prac_wr_u16(w, 123);
  prac_wr_u8(w, i ? 2 : 10); /* stratum */
  prac_wr_u8(w, 6);          /* polls */
  prac_wr_u8(w, 10);
  prac_wr_u8(w, 0xff); /* reach */
  prac_wr_u8(w, i == 1 ? 9 : 1);
  prac_wr_u8(w, 3);
  prac_wr_u32(w, i * 97);                                     /* delay, 16.16 s */
  prac_wr_u64(w, hp_believe_below(self, "offset", 1u << 22)); /* 32.32 s */
  prac_wr_u32(w, 2015);                                       /* dispersion */
  prac_wr_zero(w, 4 + 4 + 16 + 16);
}

static const struct list {
  uint8_t code, items;
  uint16_t size;
  void (*put)(const struct hp_self *self, unsigned i, struct prac_wr *w);
} lists[] = {
    {MON_GETLIST_1, ITEMS, 72, monitor_1},
    {MON_GETLIST, ITEMS, 48, monitor},
    {PEER_LIST, 4, 32, peer_list},
    {PEER_SUMMARY, 4, 72, peer_summary},
};

static enum hp_verdict put_reply(const struct hp_self *self, const struct list *l, uint8_t first,
                                 uint8_t impl, struct prac_wr *w)
{
  prac_wr_u8(w, (uint8_t)(RESPONSE | first)); /* the last datagram: no MORE */
  prac_wr_u8(w, 0);
  prac_wr_u8(w, impl);
  prac_wr_u8(w, l->code);
  prac_wr_u16(w, l->items); /* above it: the error code, 0 */
  prac_wr_u16(w, l->size);
  for (unsigned i = 0; i < l->items; i++) l->put(self, i, w);
  return hp_written(w);
}

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  struct prac_rd r = req->bytes;
  size_t n = prac_rd_left(&r);
  uint8_t first = prac_rd_u8(&r), second = prac_rd_u8(&r);
  uint8_t impl = prac_rd_u8(&r), code = prac_rd_u8(&r), version = first >> 3 & 7;
  (void)note;
  if (r.bad || (first & 7) != MODE || version - 1u > 3) return HP_IGNORE; /* 1 to 4 */
  if (first & RESPONSE) return HP_LOOP;
  if (first & MORE || second & SEQUENCE || n > LONGEST) return HP_IGNORE;
  if (impl != IMPL_XNTPD && impl != IMPL_XNTPD_OLD && impl != IMPL_UNIV) return HP_IGNORE;
  if (second & AUTH || n < SHORTEST) return HP_OBSERVE;
  for (const struct list *l = lists; l < lists + PRAC_ARRAY_LEN(lists); l++)
    if (l->code == code) return put_reply(self, l, first, impl, reply);
  return HP_OBSERVE;
}

const struct hp_proto hp_ntp_monlist = {
    .name = "ntp_monlist",
    .title = "NTP",
    .about = "NTP private mode 7, monlist and peer lists (CVE-2013-5211, TA14-013A)",
    .ports = {123},
    .max_reply = 8 + ITEMS * 72,
    .answer = answer,
};
