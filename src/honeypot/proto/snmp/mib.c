/* Two tables make the MIB: what there is, in order, and how each kind of value comes about. */
#include "honeypot/proto/snmp/mib.h"

#include <stdio.h>

#include "honeypot/believe.h"

enum { IP_ADDRESS = 0x40, COUNTER = 0x41, GAUGE = 0x42, TICKS = 0x43, INTERFACES = 4 };
enum made {
  TEXT,
  NUMBER,
  OBJECT,
  HOST,
  UPTIME,
  INDEX,
  IF_NAME,
  IF_SPEED,
  IF_MAC,
  IF_IN,
  IF_OUT,
  GROWING,
};
static const struct column {
  uint32_t below; /* of 1.3.6.1.2.1: how many numbers follow */
  uint32_t id[4];
  uint8_t table; /* rows, one for each interface; 0: the scalar ".0" */
  uint8_t made;  /* enum made */
  uint8_t tag;
  const char *text;
  int64_t number; /* NUMBER: it; GROWING: how many an hour */
} columns[] = {
    {2,
     {1, 1},
     0,
     TEXT,
     WIRE_BER_OCTETS,
     "Cisco IOS Software, C2900 Software (C2900-UNIVERSALK9-M), Version 15.2(4)M6, RELEASE "
     "SOFTWARE (fc2)\r\nTechnical Support: http://www.cisco.com/techsupport",
     0},
    {2, {1, 2}, 0, OBJECT, WIRE_BER_OID, NULL, 0},
    {2, {1, 3}, 0, UPTIME, TICKS, NULL, 0},
    {2, {1, 4}, 0, TEXT, WIRE_BER_OCTETS, "noc", 0},
    {2, {1, 5}, 0, HOST, WIRE_BER_OCTETS, NULL, 0},
    {2, {1, 6}, 0, TEXT, WIRE_BER_OCTETS, "Rack 3", 0},
    {2, {1, 7}, 0, NUMBER, WIRE_BER_INT, NULL, 78},
    {2, {2, 1}, 0, NUMBER, WIRE_BER_INT, NULL, INTERFACES},
    {4, {2, 2, 1, 1}, INTERFACES, INDEX, WIRE_BER_INT, NULL, 0},
    {4, {2, 2, 1, 2}, INTERFACES, IF_NAME, WIRE_BER_OCTETS, NULL, 0},
    {4, {2, 2, 1, 3}, INTERFACES, NUMBER, WIRE_BER_INT, NULL, 6},
    {4, {2, 2, 1, 4}, INTERFACES, NUMBER, WIRE_BER_INT, NULL, 1500},
    {4, {2, 2, 1, 5}, INTERFACES, IF_SPEED, GAUGE, NULL, 0},
    {4, {2, 2, 1, 6}, INTERFACES, IF_MAC, WIRE_BER_OCTETS, NULL, 0},
    {4, {2, 2, 1, 7}, INTERFACES, NUMBER, WIRE_BER_INT, NULL, 1},
    {4, {2, 2, 1, 8}, INTERFACES, NUMBER, WIRE_BER_INT, NULL, 1},
    {4, {2, 2, 1, 10}, INTERFACES, IF_IN, COUNTER, NULL, 0},
    {4, {2, 2, 1, 16}, INTERFACES, IF_OUT, COUNTER, NULL, 0},
    {2, {4, 1}, 0, NUMBER, WIRE_BER_INT, NULL, 1},
    {2, {4, 2}, 0, NUMBER, WIRE_BER_INT, NULL, 255},
    {2, {4, 3}, 0, GROWING, COUNTER, NULL, 193423},
    {2, {5, 1}, 0, GROWING, COUNTER, NULL, 311},
    {2, {11, 1}, 0, GROWING, COUNTER, NULL, 722},
    {2, {11, 2}, 0, GROWING, COUNTER, NULL, 720},
    {3, {25, 1, 1}, 0, UPTIME, TICKS, NULL, 0},
};
static const struct wire_oid mib_2 = {6, {1, 3, 6, 1, 2, 1}};

static void row_of(uint8_t column, uint8_t index, struct mib_row *ret)
{
  const struct column *c = &columns[column];
  struct wire_oid oid = mib_2;
  for (uint32_t i = 0; i < c->below; i++) oid.id[oid.n++] = c->id[i];
  oid.id[oid.n++] = index;
  *ret = (struct mib_row){.oid = oid, .column = column, .index = index};
}

/* The first row behind oid, or at it where that counts. */
static bool first_from(const struct wire_oid *oid, bool equal_counts, struct mib_row *ret)
{
  for (size_t c = 0; c < PRAC_ARRAY_LEN(columns); c++)
    for (unsigned i = columns[c].table ? 1 : 0; i <= columns[c].table; i++) {
      struct mib_row row;
      row_of((uint8_t)c, (uint8_t)i, &row);
      int order = wire_oid_cmp(&row.oid, oid);
      if (order < 0 || (order == 0 && !equal_counts)) continue;
      *ret = row;
      return true;
    }
  return false;
}

bool mib_next(const struct wire_oid *oid, struct mib_row *ret)
{
  return first_from(oid, false, ret);
}

bool mib_get(const struct wire_oid *oid, struct mib_row *ret)
{
  struct mib_row row;
  if (!first_from(oid, true, &row) || wire_oid_cmp(&row.oid, oid) != 0) return false;
  *ret = row;
  return true;
}

static int64_t grown(const struct hp_self *self, uint64_t an_hour)
{
  const uint64_t up = self->uptime_s > 0 ? (uint64_t)self->uptime_s : 0;
  return (int64_t)((up / 3600 * an_hour + up % 3600 * an_hour / 3600) & UINT32_MAX);
}

void mib_put_value(const struct hp_self *self, const struct mib_row *row, struct prac_wr *w)
{
  static const struct wire_oid model = {10, {1, 3, 6, 1, 4, 1, 9, 1, 1, 1045}};
  const struct column *c = &columns[row->column];
  const uint64_t busy = 1 + hp_believe_u64(self, "busy") % 9;
  char name[32];
  uint8_t mac[6];
  switch ((enum made)c->made) {
  case TEXT:
    wire_ber_put_text(w, c->text);
    break;
  case NUMBER:
    wire_ber_put_int(w, c->tag, c->number);
    break;
  case OBJECT:
    wire_ber_put_oid(w, &model);
    break;
  case HOST:
    wire_ber_put_text(w, self->host);
    break;
  case UPTIME:
    wire_ber_put_int(w, c->tag, grown(self, 360000));
    break;
  case INDEX:
    wire_ber_put_int(w, c->tag, row->index);
    break;
  case IF_NAME:
    snprintf(name, sizeof name, "GigabitEthernet0/%u", row->index - 1u);
    wire_ber_put_text(w, name);
    break;
  case IF_SPEED:
    wire_ber_put_int(w, c->tag, 1000000000);
    break;
  case IF_MAC:
    hp_believe_mac(self, mac);
    mac[5] = (uint8_t)(mac[5] + row->index);
    wire_ber_put(w, c->tag, mac, sizeof mac);
    break;
  case IF_IN:
    wire_ber_put_int(w, c->tag, grown(self, busy * row->index * 77777777));
    break;
  case IF_OUT:
    wire_ber_put_int(w, c->tag, grown(self, busy * row->index * 33333331));
    break;
  case GROWING:
    wire_ber_put_int(w, c->tag, grown(self, (uint64_t)c->number));
    break;
  }
}
