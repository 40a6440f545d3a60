/* tests/lib/notes.h — made items for the ways' tests: the two attacks of the first system's mails.
 */
#pragma once
#include <stdio.h>
#include <string.h>

#include "notify/way.h"

static const char *const note_vectors[] = {"ntp_monlist"};
static const char *const note_sensors[] = {"tokyo 100", "oslo 39"};

static inline prac_time note_at(const char *text)
{
  prac_time t = 0;
  PRAC_INSIST(prac_time_parse(text, strlen(text), &t) == PRAC_OK);
  return t;
}

/* 139 packets in two bins, 8 + 131. */
static inline struct episode note_start(void)
{
  return (struct episode){.id = "e1",
                          .revision = 1,
                          .state = "start",
                          .kind = "single",
                          .profile = "isp",
                          .parent = "",
                          .victim = prac_ip4(0xcb007109), /* 203.0.113.9 */
                          .prefix_bits = 128,
                          .vectors = {note_vectors, 1},
                          .port = 123,
                          .at = note_at("2015-04-01T00:02:03Z"),
                          .from = note_at("2015-04-01T00:00:55Z"),
                          .to = note_at("2015-04-01T00:02:03Z"),
                          .bins = 2,
                          .bin_max = 131,
                          .packets = 139,
                          .bytes = 139 * 8,
                          .pps_max = 131 / 60.0,
                          .pps_mean = 139 / 120.0,
                          .sensors = {note_sensors, 2},
                          .asn = 64500,
                          .as_name = "EXAMPLE-NET",
                          .country = "JP",
                          .rdns = "",
                          .geo = ""};
}
/* 28,305 packets in eight bins, the busiest 4,301. */
static inline struct episode note_end(void)
{
  struct episode e = note_start();
  e.revision = 5;
  e.state = "end";
  e.at = note_at("2015-04-01T00:10:40Z");
  e.to = note_at("2015-04-01T00:08:40Z");
  e.bins = 8;
  e.bin_max = 4301;
  e.packets = 28305;
  return e;
}
static inline struct note_tenant note_tenant_ja(void)
{
  static const char *const to[] = {"noc@isp.example"};
  return (struct note_tenant){.name = "xxxx",
                              .network = "XXXX網",
                              .language = "ja",
                              .utc_offset_s = 9 * 3600,
                              .mail_to = to,
                              .n_mail_to = 1};
}
static inline struct note_tenant note_tenant_en(void)
{
  struct note_tenant t = note_tenant_ja();
  t.network = "EXAMPLE-NET";
  t.language = "en";
  t.utc_offset_s = -12600;
  return t;
}
static inline struct note_item note_item_of(const struct episode *e, const struct note_tenant *t)
{
  static const char *const ids[] = {"e1.1.xxxx", "e1.5.xxxx"};
  return (struct note_item){.id = ids[e->revision != 1],
                            .thread = ids[0],
                            .at = e->at,
                            .began = note_at("2015-04-01T00:02:03Z"),
                            .tenant = t,
                            .episode = e};
}
