#include "lib/t.h"

#include <stdlib.h>
#include <string.h>

#include "capture/core.h"
#include "lib/choice.h"
#include "wire/packet.h"

/* A sink that keeps what it is given, so that tests ask about batches. */
enum { BATCHES = 64 };
struct kept {
  struct flow_batch *b[BATCHES];
  size_t n;
  uint64_t packets, rows;
};
static prac_rc keep(void *arg, struct flow_batch *b)
{
  struct kept *k = arg;
  for (uint32_t i = 0; i < b->n; i++) k->packets += b->packets[i];
  k->rows += b->n;
  if (k->n == BATCHES) {
    flow_batch_unref(&b);
    return PRAC_OK;
  }
  k->b[k->n++] = b;
  return PRAC_OK;
}
static void drop(struct kept *k)
{
  for (size_t i = 0; i < k->n; i++) flow_batch_unref(&k->b[i]);
  *k = (struct kept){0};
}

static struct cap_core *core_of(struct cap_conf *c, struct kept *k)
{
  struct cap_core *core = NULL;
  struct prac_err err = {0};
  if (!c->sensor) c->sensor = "test";
  assert_int_equal(cap_core_new(c, NULL, k ? keep : NULL, k, &core, &err), PRAC_OK);
  return core;
}
static uint64_t count(const struct cap_core *c, enum cap_counter i)
{
  return prac_counter_get(&cap_core_counters(c)[i]);
}

/* One probe as a frame of raw IP, in memory that lives as long as the test runs. */
struct probe {
  uint32_t src, dst, seq;
  uint16_t sport, dport, id, window;
  uint8_t ttl, flags, proto;
  const char *options; /* 4 bytes a word */
  uint8_t options_len;
};
static struct cap_frame frame(prac_time at, struct probe p)
{
  static uint8_t ring[64][128];
  static unsigned turn;
  uint8_t *b = ring[turn++ % 64];
  uint32_t total = 40u + p.options_len;
  struct prac_wr w = prac_wr_of(b, 128);
  prac_wr_u16(&w, 0x4500), prac_wr_u16(&w, (uint16_t)total), prac_wr_u16(&w, p.id);
  prac_wr_u16(&w, 0), prac_wr_u8(&w, p.ttl ? p.ttl : 50), prac_wr_u8(&w, p.proto ? p.proto : 6);
  prac_wr_u16(&w, 0), prac_wr_u32(&w, p.src ? p.src : 0x01020304);
  prac_wr_u32(&w, p.dst ? p.dst : 0x2d000001), prac_wr_u16(&w, p.sport ? p.sport : 40000);
  prac_wr_u16(&w, p.dport ? p.dport : 23), prac_wr_u32(&w, p.seq), prac_wr_u32(&w, 0);
  prac_wr_u8(&w, (uint8_t)((5 + p.options_len / 4) << 4));
  prac_wr_u8(&w, p.flags ? p.flags : WIRE_SYN);
  prac_wr_u16(&w, p.window), prac_wr_u32(&w, 0);
  if (p.options_len) prac_wr_bytes(&w, p.options, p.options_len);
  return (struct cap_frame){at, b, total, total, 101};
}
static void give(struct cap_core *c, prac_time at, struct probe p)
{
  struct cap_frame f = frame(at, p);
  assert_int_equal(cap_core_frames(c, &f, 1), PRAC_OK);
}
#define T0 (INT64_C(1735689600) * PRAC_SEC) /* a minute's start */

static void rows_are_ten_second_steps(void **s)
{
  (void)s;
  struct kept k = {0};
  struct cap_core *c = core_of(&(struct cap_conf){0}, &k);
  give(c, T0 + 9999 * PRAC_MS, (struct probe){.seq = 1, .window = 7});
  give(c, T0 + 9000 * PRAC_MS, (struct probe){.seq = 2, .window = 8}); /* earlier, same row */
  give(c, T0 + 10000 * PRAC_MS, (struct probe){.seq = 3});             /* the next step */
  give(c, T0 + 59999 * PRAC_MS, (struct probe){.seq = 4});
  give(c, T0 + 60000 * PRAC_MS, (struct probe){.seq = 5}); /* the next minute */
  assert_int_equal(cap_core_finish(c), PRAC_OK);
  assert_int_equal(k.n, 2);
  assert_int_equal(k.b[0]->minute, T0);
  assert_true(k.b[0]->last);
  assert_int_equal(k.b[0]->n, 3);
  struct flow_row r = flow_batch_row(k.b[0], 0);
  assert_int_equal(r.first_ms, 9000);
  assert_int_equal(r.span_ms, 999);
  assert_int_equal(r.packets, 2);
  assert_int_equal(r.bytes, 80);
  assert_int_equal(r.window, 7);
  assert_int_equal(k.b[0]->first_ms[1], 10000);
  assert_int_equal(k.b[0]->first_ms[2], 59999);
  assert_int_equal(k.b[1]->minute, T0 + PRAC_MIN);
  drop(&k);
  cap_core_free(&c);
}

static void lateness(void **s)
{
  (void)s;
  struct kept k = {0};
  struct cap_core *c = core_of(&(struct cap_conf){0}, &k); /* 2 s */
  give(c, T0 + 59 * PRAC_SEC, (struct probe){.seq = 1});
  give(c, T0 + 61 * PRAC_SEC, (struct probe){.seq = 2});
  assert_int_equal(k.n, 0);
  give(c, T0 + 58 * PRAC_SEC, (struct probe){.seq = 3}); /* its minute is still open */
  assert_int_equal(count(c, CAP_COUNT_late), 0);
  give(c, T0 + 62 * PRAC_SEC, (struct probe){.seq = 4});
  assert_int_equal(k.n, 1); /* closed: 2 s past its end */
  assert_int_equal(k.b[0]->packets[0], 2);
  give(c, T0, (struct probe){.seq = 5}); /* too late: the start of the oldest open minute */
  assert_int_equal(count(c, CAP_COUNT_late), 1);
  give(c, T0 - PRAC_DAY, (struct probe){.seq = 6});
  assert_int_equal(count(c, CAP_COUNT_late), 2);
  give(c, T0 + PRAC_DAY, (struct probe){.seq = 7}); /* a gap makes no empty batches */
  assert_int_equal(cap_core_finish(c), PRAC_OK);
  assert_int_equal(k.n, 3);
  assert_int_equal(k.b[1]->minute, T0 + PRAC_MIN);
  assert_int_equal(k.b[1]->first_ms[0], 0);
  assert_int_equal(k.b[2]->minute, T0 + PRAC_DAY);
  assert_int_equal(k.packets, 7);
  drop(&k);
  cap_core_free(&c);
}

static void a_full_table_publishes_early(void **s)
{
  (void)s;
  struct kept k = {0};
  struct cap_core *c = core_of(&(struct cap_conf){.max_flows = 10}, &k);
  for (uint32_t i = 0; i < 25; i++)
    give(c, T0 + i * PRAC_MS, (struct probe){.src = 0x05000000 + i, .seq = i});
  give(c, T0 + 60 * PRAC_SEC, (struct probe){.seq = 1});
  for (uint32_t i = 0; i < 10; i++) /* fills the young minute while the old one is open */
    give(c, T0 + 60 * PRAC_SEC, (struct probe){.src = 0x06000000 + i, .seq = i});
  assert_int_equal(cap_core_finish(c), PRAC_OK);
  assert_int_equal(k.n, 5);
  for (uint32_t i = 0; i < 3; i++) {
    assert_int_equal(k.b[i]->minute, T0);
    assert_int_equal(k.b[i]->part, i);
    assert_int_equal(k.b[i]->last, i == 2);
    assert_int_equal(k.b[i]->n, i == 2 ? 5 : 10);
  }
  assert_int_equal(k.b[3]->minute, T0 + PRAC_MIN);
  assert_false(k.b[3]->last);
  assert_true(k.b[4]->last);
  assert_int_equal(count(c, CAP_COUNT_evicted), 30);
  assert_int_equal(k.packets, 36);
  drop(&k);
  cap_core_free(&c);
}

static void time_passes_without_packets(void **s)
{
  (void)s;
  struct kept k = {0};
  struct health h;
  struct cap_core *c = core_of(&(struct cap_conf){0}, &k);
  assert_int_equal(cap_core_advance(c, T0 + 2 * PRAC_SEC), PRAC_OK);
  assert_int_equal(cap_core_advance(c, T0 + 61 * PRAC_SEC), PRAC_OK);
  assert_int_equal(k.n, 0);
  assert_int_equal(cap_core_advance(c, T0 + 62 * PRAC_SEC), PRAC_OK);
  assert_int_equal(k.n, 1); /* an empty minute is told */
  assert_int_equal(k.b[0]->n, 0);
  assert_int_equal(k.b[0]->minute, T0);
  assert_true(k.b[0]->last);
  give(c, T0 + 63 * PRAC_SEC, (struct probe){.seq = 1});
  assert_int_equal(cap_core_advance(c, T0 + 182 * PRAC_SEC), PRAC_OK);
  assert_int_equal(k.n, 3);
  assert_int_equal(k.b[1]->n, 1);
  assert_int_equal(k.b[2]->n, 0);
  cap_core_health(c, NULL, &h);
  assert_int_equal(h.at, T0 + 3 * PRAC_MIN);
  assert_int_equal(h.packets, 1);
  assert_string_equal(h.sensor, "test");
  cap_core_health(c, NULL, &h);
  assert_int_equal(h.packets, 0);
  assert_int_equal(cap_core_advance(c, T0 + PRAC_DAY), PRAC_OK); /* an absence, not 1440 batches */
  assert_int_equal(k.n, 3 + 61);
  assert_int_equal(cap_core_finish(c), PRAC_OK);
  drop(&k);
  cap_core_free(&c);
}

static void a_clock_that_is_set_back(void **s)
{
  (void)s;
  struct kept k = {0};
  struct health h;
  struct cap_core *c = core_of(&(struct cap_conf){0}, &k);
  give(c, T0 + 90 * PRAC_SEC, (struct probe){.seq = 1});
  assert_int_equal(cap_core_advance(c, T0 + 65 * PRAC_SEC), PRAC_OK); /* a little: only late */
  assert_int_equal(count(c, CAP_COUNT_set_back), 0);
  assert_int_equal(cap_core_advance(c, T0 - PRAC_HOUR), PRAC_OK);
  assert_int_equal(count(c, CAP_COUNT_set_back), 1);
  give(c, T0 - PRAC_HOUR + 5 * PRAC_SEC, (struct probe){.seq = 2});
  give(c, T0 - PRAC_HOUR + 40 * PRAC_SEC, (struct probe){.seq = 3}); /* the next minute */
  assert_int_equal(count(c, CAP_COUNT_late), 0);
  cap_core_health(c, NULL, &h);
  assert_int_equal(h.clock_offset_ns, PRAC_HOUR + 90 * PRAC_SEC);
  assert_int_equal(cap_core_finish(c), PRAC_OK);
  assert_int_equal(k.n, 2);
  assert_int_equal(k.b[0]->minute, T0 + PRAC_MIN);
  assert_int_equal(k.b[0]->n, 1);
  assert_int_equal(k.b[0]->packets[0], 2);
  assert_int_equal(k.b[0]->span_ms[0], 5000);
  assert_int_equal(k.b[1]->minute, T0 + 2 * PRAC_MIN);
  drop(&k);
  cap_core_free(&c);
}

static void only_our_addresses(void **s)
{
  (void)s;
  struct kept k = {0};
  static const struct prac_prefix p[] = {
      {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0x2d, 0, 0, 0}}, 96 + 24},
      {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0x2d, 0, 0, 0}}, 96 + 28}, /* inside */
      {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0x2d, 9, 0, 0}}, 96 + 16}};
  struct cap_core *c = core_of(&(struct cap_conf){.prefixes = {p, 3}}, &k);
  static const struct {
    uint32_t dst;
    int ours;
  } rows[] = {{0x2d000000, 1}, {0x2d0000ff, 1}, {0x2d000100, 0}, {0x2cffffff, 0},
              {0x2d08ffff, 0}, {0x2d090000, 1}, {0x2d09ffff, 1}, {0x2d0a0000, 0}};
  uint64_t ours = 0;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    give(c, T0, (struct probe){.dst = rows[i].dst, .seq = 1});
    ours += (uint64_t)rows[i].ours;
    assert_int_equal(count(c, CAP_COUNT_not_ours), i + 1 - ours);
  }
  assert_int_equal(cap_core_finish(c), PRAC_OK);
  assert_int_equal(k.packets, 4);
  drop(&k);
  cap_core_free(&c);
}

/* Probe number i of a tool, as 5.1 of the report describes it. */
static struct probe of_tool(int tool, uint32_t i)
{
  struct probe p = {.src = 0x0b000000 + (uint32_t)tool,
                    .dst = 0x2d000000 + i * 7919,
                    .dport = (uint16_t)(23 + i % 3),
                    .sport = (uint16_t)(50000 + i * 31),
                    .seq = i * 2654435761u + 12345,
                    .id = (uint16_t)(i * 40503),
                    .window = 29200};
  static const char mss[] = "\2\4\5\xb4", windows[] = "\2\4\5\xb4\1\3\3\10\1\1\4\2";
  switch (tool) {
  case 0:
    p.id = 54321, p.window = 65535, p.ttl = 240;
    break;
  case 1:
    p.window = 65535, p.ttl = 240, p.options = windows, p.options_len = 12;
    break;
  case 2:
    p.id = (uint16_t)(p.dst ^ p.dport ^ p.seq), p.window = 1025;
    break;
  case 3:
    p.window = 1024, p.ttl = 240;
    break;
  case 4:
    p.seq = p.dst;
    break;
  case 5:
    p.seq = 0xcafef00d ^ p.src ^ (((uint32_t)p.sport << 16) + p.dport);
    break;
  case 6:
    p.seq = 777, p.window = 2048, p.options = mss, p.options_len = 4;
    break;
  default:
    break; /* 7: no tool at all */
  }
  return p;
}
static const struct {
  uint32_t mark;
  enum flow_tool label;
  int needs; /* packets until the label */
} tools[] = {{FLOW_ZMAP_OLD, FLOW_TOOL_ZMAP, 3},   {FLOW_ZMAP, FLOW_TOOL_ZMAP, 3},
             {FLOW_MASSCAN, FLOW_TOOL_MASSCAN, 3}, {FLOW_MASSCAN_OLD, FLOW_TOOL_MASSCAN, 3},
             {FLOW_MIRAI, FLOW_TOOL_MIRAI, 3},     {FLOW_UNICORNSCAN, FLOW_TOOL_UNICORNSCAN, 4},
             {FLOW_NMAP, FLOW_TOOL_NMAP, 4},       {0, FLOW_TOOL_NONE, 1}};

static void a_label_needs_several_packets(void **s)
{
  (void)s;
  for (int tool = 0; tool < 8; tool++)
    for (int n = 1; n <= 6; n++) {
      struct kept k = {0};
      struct cap_core *c = core_of(&(struct cap_conf){0}, &k);
      for (uint32_t i = 0; i < (uint32_t)n; i++) give(c, T0 + i * PRAC_MS, of_tool(tool, i));
      assert_int_equal(cap_core_finish(c), PRAC_OK);
      assert_int_equal(k.n, 1);
      for (uint32_t i = 0; i < k.b[0]->n; i++) {
        bool fits = tools[tool].mark == 0 || (k.b[0]->marks[i] & tools[tool].mark);
        bool labelled = n >= tools[tool].needs && fits;
        assert_int_equal(k.b[0]->tool[i], labelled ? tools[tool].label : FLOW_TOOL_NONE);
      }
      uint64_t with = tools[tool].label ? count(c, CAP_COUNT_tools + tools[tool].label) : 0;
      /* the first packet of a constant has nothing to agree with */
      int first = tools[tool].needs == 4;
      assert_int_equal(with, n >= tools[tool].needs && tools[tool].mark ? n - first : 0);
      drop(&k);
      cap_core_free(&c);
    }
}

static void chance_matches_do_not_label(void **s)
{
  (void)s;
  struct kept k = {0};
  struct cap_core *c = core_of(&(struct cap_conf){0}, &k);
  for (uint32_t i = 0; i < 40; i++) { /* every fourth packet looks like masscan */
    struct probe p = of_tool(i % 4 == 0 ? 2 : 7, i);
    p.src = 0x0b0b0b0b, p.window = 29200;
    if (i % 4) p.id = (uint16_t) ~(p.dst ^ p.dport ^ p.seq);
    give(c, T0 + i * PRAC_MS, p);
  }
  assert_int_equal(cap_core_finish(c), PRAC_OK);
  assert_int_equal(count(c, CAP_COUNT_sources_labelled), 0);
  assert_true(count(c, CAP_COUNT_marks + 2) >= 10);
  assert_int_equal(count(c, CAP_COUNT_tools + FLOW_TOOL_MASSCAN), 0);
  drop(&k);
  cap_core_free(&c);
}

static void retransmissions_are_no_tool(void **s)
{
  (void)s;
  struct kept k = {0};
  struct cap_core *c = core_of(&(struct cap_conf){0}, &k);
  struct probe p = of_tool(6, 1);
  for (int i = 0; i < 10; i++) give(c, T0 + i * PRAC_SEC, p);
  p = of_tool(7, 1);
  for (int i = 0; i < 10; i++) give(c, T0 + i * PRAC_SEC, p);
  assert_int_equal(cap_core_finish(c), PRAC_OK);
  assert_int_equal(count(c, CAP_COUNT_sources_labelled), 0);
  drop(&k);
  cap_core_free(&c);
}

static void marks_of_single_packets(void **s)
{
  (void)s;
  static const struct {
    struct probe p;
    uint32_t yes, no;
  } rows[] = {
      {{.flags = WIRE_SYN | WIRE_ACK}, FLOW_BACKSCATTER, FLOW_SPOOFED | FLOW_IRREGULAR},
      {{.flags = WIRE_RST}, FLOW_BACKSCATTER, FLOW_SPOOFED},
      {{.flags = WIRE_RST | WIRE_ACK}, FLOW_BACKSCATTER, FLOW_SPOOFED},
      {{.flags = WIRE_ACK}, 0, FLOW_BACKSCATTER | FLOW_SPOOFED},
      {{.flags = WIRE_SYN | WIRE_ECE | WIRE_CWR}, FLOW_IRREGULAR, FLOW_SPOOFED},
      {{.flags = WIRE_FIN | WIRE_PSH | WIRE_URG}, FLOW_SPOOFED, FLOW_BACKSCATTER}, /* XMAS */
      {{.flags = WIRE_CWR}, FLOW_SPOOFED, 0},
      {{.ttl = 230}, FLOW_SPOOFED | FLOW_IRREGULAR, 0},
      {{.ttl = 230, .window = 1024}, FLOW_MASSCAN_OLD, FLOW_SPOOFED},
      {{.ttl = 230, .window = 65535, .id = 54321}, FLOW_ZMAP_OLD, FLOW_SPOOFED},
      {{.src = 0x010203ff}, FLOW_SPOOFED, FLOW_BOGON},
      {{.src = 0x01020300}, FLOW_SPOOFED, 0},
      {{.src = 0x2d000001}, FLOW_SPOOFED, 0}, /* source = destination */
      {{.src = 0x0a010203}, FLOW_BOGON, FLOW_SPOOFED},
      {{.src = 0x64400001}, FLOW_BOGON, FLOW_SPOOFED}, /* 100.64/10 */
      {{.proto = 132}, FLOW_SPOOFED, 0},
      {{.seq = 0x2d000001}, FLOW_MIRAI, FLOW_SPOOFED},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    struct kept k = {0};
    struct cap_core *c = core_of(&(struct cap_conf){0}, &k);
    struct probe p = rows[i].p;
    if (!p.seq) p.seq = 99;
    if (!p.id) p.id = 1;
    give(c, T0, p);
    assert_int_equal(cap_core_finish(c), PRAC_OK);
    assert_int_equal(k.b[0]->n, 1);
    assert_int_equal(k.b[0]->marks[0] & (rows[i].yes | rows[i].no), rows[i].yes);
    drop(&k);
    cap_core_free(&c);
  }
}

static void icmp_errors_of_two_victims_are_two_rows(void **s)
{
  (void)s;
  struct kept k = {0};
  struct cap_core *c = core_of(&(struct cap_conf){0}, &k);
  uint8_t b[3][56];
  struct cap_frame f[3];
  for (unsigned i = 0; i < 3; i++) {
    struct prac_wr w = prac_wr_of(b[i], sizeof b[i]);
    prac_wr_u16(&w, 0x4500), prac_wr_u16(&w, 56), prac_wr_u32(&w, 0);
    prac_wr_u32(&w, 0x40010000), prac_wr_u32(&w, 0x01020304), prac_wr_u32(&w, 0x2d000001);
    prac_wr_u32(&w, 0x03010000), prac_wr_u32(&w, 0);
    prac_wr_u16(&w, 0x4500), prac_wr_u16(&w, 40), prac_wr_u32(&w, 0), prac_wr_u32(&w, 0x40060000);
    prac_wr_u32(&w, i == 2 ? 0x2d000002 : 0x2d000001); /* the third quotes somebody else */
    prac_wr_u32(&w, 0x05060700 + i), prac_wr_u32(&w, 0x12340050), prac_wr_u32(&w, 0);
    f[i] = (struct cap_frame){T0 + i, b[i], 56, 56, 101};
  }
  assert_int_equal(cap_core_frames(c, f, 3), PRAC_OK);
  assert_int_equal(cap_core_finish(c), PRAC_OK);
  assert_int_equal(k.b[0]->n, 3);
  int mismatches = 0;
  for (uint32_t i = 0; i < 3; i++) {
    assert_int_equal(k.b[0]->marks[i] & (FLOW_QUOTED | FLOW_BACKSCATTER),
                     FLOW_QUOTED | FLOW_BACKSCATTER);
    assert_int_equal(prac_ip_to4(&k.b[0]->victim[i]) >> 8, 0x050607);
    mismatches += (k.b[0]->marks[i] & FLOW_QUOTE_MISMATCH) != 0;
  }
  assert_int_equal(mismatches, 1);
  drop(&k);
  cap_core_free(&c);
}

/* A storm of sources that are never seen again: memory stays, labels stay, everything is counted.
 */
static void a_storm_of_sources(void **s)
{
  (void)s;
  enum { STORM = 300000 };
  struct kept k = {0};
  struct cap_core *c = core_of(&(struct cap_conf){.max_flows = 4096, .max_sources = 4096}, &k);
  for (uint32_t i = 0; i < STORM; i++) {
    if (i % 100 == 0) give(c, T0 + i * PRAC_US, of_tool(4, i));
    give(c, T0 + i * PRAC_US,
         (struct probe){.src = 0x10000000 + i * 2654435761u % 0x20000000, .seq = i | 1});
  }
  assert_int_equal(cap_core_finish(c), PRAC_OK);
  assert_int_equal(k.packets, STORM + STORM / 100);
  assert_int_equal(count(c, CAP_COUNT_rows), k.rows);
  assert_true(count(c, CAP_COUNT_sources_evicted) > STORM - 2 * 4096);
  assert_int_equal(count(c, CAP_COUNT_sources_labelled), 1); /* once, and never lost */
  assert_int_equal(count(c, CAP_COUNT_tools + FLOW_TOOL_MIRAI), STORM / 100);
  drop(&k);
  cap_core_free(&c);
}

/* Whatever arrives in whatever order: no packet is lost, batches are in order, each is sorted, and
 * the seed of the table cannot be seen. */
static int nothing_is_lost(struct choice *ch)
{
  struct kept k[2] = {0};
  uint64_t given = 0;
  int ok = 1;
  uint32_t flows = 1 + choice_below(ch, 30);
  const uint8_t *from = ch->p;
  for (int turn = 0; turn < 2; turn++) {
    struct cap_core *c =
        core_of(&(struct cap_conf){.max_flows = flows, .seed = turn ? 0x1234567 : 0}, &k[turn]);
    prac_time at = T0;
    ch->p = from;
    given = 0;
    while (ch->p < ch->end) {
      at += (int64_t)choice_below(ch, 20000) * PRAC_MS - 3 * PRAC_SEC;
      give(c, at, (struct probe){.src = 0x01010101u + choice_u8(ch) % 8, .seq = choice_u8(ch)});
      given++;
    }
    if (cap_core_finish(c) != PRAC_OK) ok = 0;
    cap_core_free(&c);
  }
  ok = ok && k[0].packets == given && k[1].packets == given && k[0].n == k[1].n;
  for (size_t i = 0; ok && i + 1 < k[0].n; i++) {
    const struct flow_batch *a = k[0].b[i], *b = k[0].b[i + 1];
    ok = a->last ? b->minute > a->minute && b->part == 0
                 : b->minute == a->minute && b->part == a->part + 1;
  }
  for (size_t i = 0; ok && i < k[0].n; i++) {
    ok = k[0].b[i]->n == k[1].b[i]->n;
    for (uint32_t r = 0; ok && r < k[0].b[i]->n; r++) {
      struct flow_row x = flow_batch_row(k[0].b[i], r), y = flow_batch_row(k[1].b[i], r);
      ok = memcmp(&x, &y, sizeof x) == 0;
    }
  }
  drop(&k[0]);
  drop(&k[1]);
  return ok;
}
static void no_packet_is_lost(void **s)
{
  (void)s;
  assert_true(prop_check("nothing_is_lost", nothing_is_lost, 5, 300));
}

static void settings_out_of_range(void **s)
{
  (void)s;
  static const struct cap_conf bad[] = {{.sensor = ""},
                                        {.sensor = "a-name-of-more-than-31-characters"},
                                        {.sensor = "a", .max_flows = FLOW_BATCH_MAX + 1},
                                        {.sensor = "a", .lateness_ns = 61 * PRAC_SEC},
                                        {.sensor = "a", .label_packets = -1}};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bad); i++) {
    struct cap_core *c = NULL;
    assert_int_equal(cap_core_new(&bad[i], NULL, NULL, NULL, &c, NULL), PRAC_RANGE);
    assert_null(c);
  }
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(rows_are_ten_second_steps),
      cmocka_unit_test(lateness),
      cmocka_unit_test(a_full_table_publishes_early),
      cmocka_unit_test(time_passes_without_packets),
      cmocka_unit_test(a_clock_that_is_set_back),
      cmocka_unit_test(only_our_addresses),
      cmocka_unit_test(a_label_needs_several_packets),
      cmocka_unit_test(chance_matches_do_not_label),
      cmocka_unit_test(retransmissions_are_no_tool),
      cmocka_unit_test(marks_of_single_packets),
      cmocka_unit_test(icmp_errors_of_two_victims_are_two_rows),
      cmocka_unit_test(a_storm_of_sources),
      cmocka_unit_test(no_packet_is_lost),
      cmocka_unit_test(settings_out_of_range),
  };
  return cmocka_run_group_tests_name("capture_core", t, NULL, NULL);
}
