/* DHIP, the discovery of video recorders on port 37810: any single byte is answered with a JSON
 * description. Seen as replies in captured attacks: 32 bytes "20 00 00 00 DHIP", lengths, JSON. */
#include <stdio.h>

#include "honeypot/believe.h"
#include "wire/text.h"

enum { MAGIC = 0x20000000, DHIP = 0x44484950, HEAD = 32 };

static void put_json(const struct hp_self *self, struct prac_wr *w)
{
  static const char *const models[] = {"NVR4216-4KS2", "NVR2108HS-S2", "XVR5108HS", "NVR5232-4KS2"};
  uint8_t mac[6];
  char link[PRAC_IP_TEXT];
  uint32_t own = hp_believe_lan(self, 108);
  hp_believe_mac(self, mac);
  const unsigned high = (unsigned)(mac[0] ^ 2) << 8 | mac[1], low = (unsigned)mac[4] << 8 | mac[5];
  snprintf(link, sizeof link, "fe80::%x:%xff:fe%02x:%x", high, mac[2], mac[3], low);
  wire_text_putf(w,
                 "{\"mac\":\"%02x:%02x:%02x:%02x:%02x:%02x\",\"method\":\"client.notifyDevInfo\",",
                 mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
  wire_text_put(w,
                "\"params\":{\"deviceInfo\":{\"AlarmInputChannels\":4,\"AlarmOutputChannels\":2,");
  wire_text_putf(w,
                 "\"DeviceClass\":\"NVR\",\"DeviceType\":\"%s\",\"Find\":\"BD\",\"HttpPort\":80,",
                 models[hp_believe_below(self, "model", PRAC_ARRAY_LEN(models))]);
  wire_text_putf(w,
                 "\"IPv4Address\":{\"DefaultGateway\":\"%u.%u.%u.1\",\"DhcpEnable\":false,"
                 "\"IPAddress\":\"%u.%u.%u.%u\",\"SubnetMask\":\"255.255.255.0\"},",
                 own >> 24, own >> 16 & 255, own >> 8 & 255, own >> 24, own >> 16 & 255,
                 own >> 8 & 255, own & 255);
  wire_text_putf(
      w,
      "\"IPv6Address\":{\"DefaultGateway\":\"\",\"DhcpEnable\":null,\"IPAddress\":\"\\/64\","
      "\"LinkLocalAddress\":\"%s\\/64\"},\"Init\":166,\"MachineName\":\"NVR\",",
      link);
  wire_text_putf(w,
                 "\"Manufacturer\":\"Private\",\"Port\":37777,\"RemoteVideoInputChannels\":16,"
                 "\"SerialNo\":\"4M0%05uPAZ%05u\",\"Vendor\":\"Private\",\"Version\":\"3.216.0.6\","
                 "\"VideoInputChannels\":0,\"VideoOutputChannels\":0}}}\n",
                 hp_believe_below(self, "batch", 100000), hp_believe_below(self, "serial", 100000));
}

static enum hp_verdict put_reply(const struct hp_self *self, struct prac_wr *w)
{
  prac_wr_u32(w, MAGIC);
  prac_wr_u32(w, DHIP);
  prac_wr_zero(w, 8);
  struct prac_wr lengths = *w;
  prac_wr_zero(w, 16);
  size_t from = prac_wr_len(w);
  put_json(self, w);
  uint32_t n = (uint32_t)(prac_wr_len(w) - from);
  prac_wr_u32le(&lengths, n); /* this datagram's, and the whole's */
  prac_wr_u32le(&lengths, 0);
  prac_wr_u32le(&lengths, n);
  return hp_written(w);
}

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  struct prac_rd r = req->bytes;
  if (prac_rd_left(&r) == 1) return put_reply(self, reply);
  uint32_t magic = prac_rd_u32(&r), dhip = prac_rd_u32(&r);
  prac_rd_skip(&r, HEAD - 8);
  if (r.bad || magic != MAGIC || dhip != DHIP) return HP_IGNORE;
  struct wire_text json = wire_text_of(r);
  (void)note;
  if (wire_text_find(json, "notifyDevInfo") < json.n || wire_text_find(json, "\"result\"") < json.n)
    return HP_LOOP;
  return wire_text_find(json, "DHDiscover.search") < json.n ? put_reply(self, reply) : HP_OBSERVE;
}

const struct hp_proto hp_dhip = {
    .name = "dhip",
    .title = "DHCPDiscover",
    .about = "DVR discovery on port 37810 (DHIP), one byte asks; AMP-Research",
    .ports = {37810},
    .max_reply = HP_REPLY_MAX,
    .answer = answer,
};
