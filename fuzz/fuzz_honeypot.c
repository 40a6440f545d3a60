/* Datagrams at a whole core, all compiled vectors and, where the file is found, those of
 * data/vectors.yaml: any bytes at any port in anybody's name. Input: a port's index, flags, the
 * sender's last bytes, then the datagram; several, each behind its length. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "honeypot/core.h"
#include "honeypot/stanza.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool sent(void *arg, const struct hp_ask *a, const void *data, size_t len)
{
  uint64_t *sum = arg;
  PRAC_INSIST(len >= 1 && len <= HP_REPLY_MAX && a->port != 0);
  for (size_t i = 0; i < len; i++) *sum += ((const uint8_t *)data)[i]; /* all of it is made */
  return true;
}

static void one(struct hp_core *c, struct prac_rd *r, size_t n_ports, int64_t *now)
{
  struct hp_datagram d = {.own = prac_ip4(0xd0d00001), .ttl = 64};
  d.port = prac_rd_u8(r) % n_ports;
  uint8_t flags = prac_rd_u8(r);
  uint16_t host = prac_rd_u16(r);
  d.sport = flags & 1 ? host : (uint16_t)(40000 + (flags >> 4));
  d.src = flags & 2 ? prac_ip_of(UINT64_C(0x2a00123400000000) + host, host)
                    : prac_ip4(0x08080000u + host);
  size_t n = prac_rd_u16(r) % 1500;
  if (n > prac_rd_left(r)) n = prac_rd_left(r);
  d.data = prac_rd_bytes(r, n);
  d.len = d.have = (uint32_t)n;
  *now += (int64_t)(flags >> 2) * PRAC_MS;
  d.at = INT64_C(1700000000) * PRAC_SEC + *now;
  if (!r->bad) (void)hp_core_take(c, &d, *now);
}

/* Made once: they do not change, and looking through all ports takes longer than all the rest. */
static const struct hp_services *services(void)
{
  static struct hp_services *s;
  static struct hp_stanzas *z;
  static char text[1 << 18];
  char path[1024];
  const char *root = getenv("PRACTICE_SOURCE");
  if (s) return s;
  snprintf(path, sizeof path, "%.900s/data/vectors.yaml", root ? root : ".");
  FILE *f = fopen(path, "rbe");
  size_t n = f ? fread(text, 1, sizeof text, f) : 0;
  if (f) fclose(f);
  PRAC_INSIST(n == 0 || hp_stanzas_parse(text, n, path, &z, NULL) == PRAC_OK);
  struct hp_services_open o = {.sensor = "f", .stanzas = z};
  PRAC_INSIST(hp_services_new(&o, &s, NULL) == PRAC_OK);
  return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const struct hp_services *s = services();
  struct hp_core *c = NULL;
  struct hp_lists *lists = calloc(1, sizeof *lists);
  uint64_t sum = 0, packets = 0;
  size_t n_ports;
  int64_t now = PRAC_HOUR;
  PRAC_INSIST(lists);
  (void)hp_services_ports(s, &n_ports);
  struct hp_core_open o = {.services = s,
                           .valve = {.reply = true,
                                     .per_address = 4,
                                     .burst = 3,
                                     .per_network = 16,
                                     .window_ns = 600 * PRAC_SEC,
                                     .replies_per_s = 1,
                                     .bits_per_s = 512000,
                                     .credit_bytes = 65536,
                                     .answer_share = 1,
                                     .lists = lists,
                                     .send = sent,
                                     .arg = &sum},
                           .slots = 64,
                           .ring = 64};
  PRAC_INSIST(hp_core_new(&o, 0, &c) == PRAC_OK);
  for (struct prac_rd r = prac_rd_of(data, size); !r.bad && prac_rd_left(&r);) {
    one(c, &r, n_ports, &now);
    for (const struct hp_told *t; (t = hp_core_told(c)); hp_core_told_next(c))
      packets += t->packets;
  }
  while (hp_core_sweep(c, INT64_C(1800000000) * PRAC_SEC, 64, true))
    for (const struct hp_told *t; (t = hp_core_told(c)); hp_core_told_next(c))
      packets += t->packets;
  const _Atomic uint64_t *n = hp_core_counters(c);
  PRAC_INSIST(packets + prac_counter_get(&n[HP_COUNT_untold]) +
                  prac_counter_get(&n[HP_COUNT_loops]) ==
              prac_counter_get(&n[HP_COUNT_requests]));
  hp_core_free(&c);
  free(lists);
  return 0;
}
