/* What clients and broker say: everything that can be written reads back the same, and nothing else
 * is believed. */
#include <stdlib.h>
#include <string.h>

#include "bus/local/entry.h"
#include "lib/choice.h"
#include "lib/t.h"

static struct bus_frame frame_from(struct choice *c, uint8_t data[64])
{
  static const enum bus_frame_type types[] = {BUS_HELLO, BUS_PUB,     BUS_SUB,    BUS_CREDIT,
                                              BUS_ACK,   BUS_WELCOME, BUS_PUBACK, BUS_SUBOK,
                                              BUS_MSG,   BUS_FAIL,    BUS_FORGET};
  static const char *const names[] = {"flow.a", "health.tokyo-1", "x", "finding.backscatter_2"};
  struct bus_frame f = {.type = types[choice_below(c, 11)], .name = {"", 0}, .id = {"", 0}};
  const char *name = names[choice_below(c, 4)];
  if (f.type == BUS_HELLO || f.type == BUS_PUB || f.type == BUS_MSG || f.type == BUS_FAIL ||
      f.type == BUS_FORGET)
    f.name = (struct bus_text){name, strlen(name)};
  if (f.type != BUS_HELLO && f.type != BUS_WELCOME && f.type != BUS_FAIL && f.type != BUS_FORGET)
    f.n = (uint64_t)choice_below(c, UINT32_MAX) << 20;
  if (f.type == BUS_CREDIT) f.bytes = choice_below(c, 1 << 30);
  if (f.type == BUS_FAIL) f.rc = choice_u8(c);
  if (f.type == BUS_PUB) f.id = (struct bus_text){"id 1", choice_below(c, 5)};
  if (f.type == BUS_PUB || f.type == BUS_MSG) {
    f.len = choice_below(c, 64);
    for (size_t i = 0; i < f.len; i++) data[i] = choice_u8(c);
    f.data = data;
  }
  if (f.type == BUS_SUB) {
    f.durable = choice_below(c, 2);
    f.n_prefixes = 1 + choice_below(c, BUS_PREFIXES_MAX);
    for (size_t i = 0; i < f.n_prefixes; i++)
      f.prefixes[i] = (struct bus_text){names[i % 4], choice_below(c, 2) * strlen(names[i % 4])};
  }
  return f;
}

static int same_text(struct bus_text a, struct bus_text b)
{
  return a.n == b.n && memcmp(a.s, b.s, a.n) == 0;
}

static int same(const struct bus_frame *a, const struct bus_frame *b)
{
  int ok = a->type == b->type && a->n == b->n && a->bytes == b->bytes && a->rc == b->rc &&
           a->durable == b->durable && same_text(a->name, b->name) && same_text(a->id, b->id) &&
           a->len == b->len && a->n_prefixes == b->n_prefixes &&
           (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
  for (size_t i = 0; ok && i < a->n_prefixes; i++) ok = same_text(a->prefixes[i], b->prefixes[i]);
  return ok;
}

static int reads_back(struct choice *c)
{
  uint8_t data[64], buf[4096];
  struct bus_frame f = frame_from(c, data), g;
  struct prac_wr w = prac_wr_of(buf, sizeof buf);
  size_t used, n;
  if (bus_frame_write(&f, &w) != PRAC_OK || prac_wr_len(&w) > bus_frame_size(&f)) return 0;
  n = prac_wr_len(&w);
  if (bus_frame_read(buf, n, &g, &used) != PRAC_OK || used != n || !same(&f, &g)) return 0;
  for (size_t cut = 0; cut < n; cut++) { /* every shorter text: not there yet, never wrong */
    uint8_t *exact = malloc(cut ? cut : 1);
    memcpy(exact, buf, cut);
    prac_rc rc = bus_frame_read(exact, cut, &g, &used);
    free(exact);
    if (rc != PRAC_AGAIN || used > n) return 0;
  }
  if (n < 10) return 1;
  buf[0] = (uint8_t)(buf[0] - 1); /* a length that does not fit the content */
  prac_rc rc = bus_frame_read(buf, n, &g, &used);
  return f.type == BUS_PUB || f.type == BUS_MSG || rc == PRAC_MALFORMED;
}
static void frames_read_back(void **state)
{
  (void)state;
  assert_true(prop_check("frames", reads_back, 1, 3000));
}

static void bad_frames_are_refused(void **state)
{
  (void)state;
  static const struct {
    const char *bytes;
    size_t n;
    prac_rc want;
  } t[] = {
      {"\0\0\0\0", 4, PRAC_MALFORMED},                  /* no type */
      {"\xff\xff\xff\xff", 4, PRAC_MALFORMED},          /* longer than a frame may be */
      {"\x01\0\0\0\x09", 5, PRAC_MALFORMED},            /* no such type */
      {"\x01\0\0\0\x05", 5, PRAC_MALFORMED},            /* ACK without a number */
      {"\x04\0\0\0\x01\x01\0\0", 8, PRAC_MALFORMED},    /* HELLO without a name */
      {"\x05\0\0\0\x01\x01\x01\0A", 9, PRAC_MALFORMED}, /* capital letter */
      {"\x05\0\0\0\x01\x02\x01\0a", 9, PRAC_MALFORMED}, /* another protocol */
      {"\x05\0\0\0\x01\x01\x01\0a", 9, PRAC_OK},
      {"\x05\0\0\0\x01\x01\x01\0\0", 9, PRAC_MALFORMED},  /* NUL in a name */
      {"\x06\0\0\0\x01\x01\x01\0ab", 10, PRAC_MALFORMED}, /* bytes left over */
      {"\x01\0\0\0\x06", 5, PRAC_MALFORMED},              /* FORGET without a name */
      {"\x04\0\0\0\x06\x01\0A", 8, PRAC_MALFORMED},       /* capital letter */
      {"\x04\0\0\0\x06\x01\0a", 8, PRAC_OK},
      {"\x01\0\0\0\x07", 5, PRAC_MALFORMED}, /* the first type that no client may say */
      {"\x03\0\0", 3, PRAC_AGAIN},
  };
  for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
    struct bus_frame f;
    size_t used;
    assert_int_equal(bus_frame_read((const uint8_t *)t[i].bytes, t[i].n, &f, &used), t[i].want);
  }
  assert_false(bus_subject_ok("", 0));
  assert_false(bus_subject_ok("a b", 3));
  assert_false(bus_subject_ok("flow/x", 6));
  assert_true(bus_subject_ok("flow.tokyo-1", 12));
}

static int entry_flips_are_seen(struct choice *c)
{
  uint8_t buf[512], data[100];
  for (size_t i = 0; i < sizeof data; i++) data[i] = choice_u8(c);
  struct bus_entry e = {.seq = choice_below(c, 1000),
                        .durable = choice_below(c, 1000),
                        .subject = {"flow.a", 6},
                        .id = {"id", choice_below(c, 3)},
                        .data = data,
                        .len = choice_below(c, 100)},
                   g;
  struct prac_wr w = prac_wr_of(buf, sizeof buf);
  bus_entry_write(&e, &w);
  size_t n = prac_wr_len(&w);
  if (w.bad || n != bus_entry_size(&e) || bus_entry_read(buf, n, &g) != PRAC_OK) return 0;
  if (g.seq != e.seq || g.durable != e.durable || g.len != e.len) return 0;
  size_t at = choice_below(c, (uint32_t)n);
  buf[at] ^= (uint8_t)(1 << choice_below(c, 8));
  return bus_entry_read(buf, n, &g) != PRAC_OK && bus_entry_read(buf, at, &g) != PRAC_OK;
}
static void every_flipped_bit_of_an_entry_is_seen(void **state)
{
  (void)state;
  assert_true(prop_check("entries", entry_flips_are_seen, 5, 20000));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frames_read_back),
      cmocka_unit_test(bad_frames_are_refused),
      cmocka_unit_test(every_flipped_bit_of_an_entry_is_seen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
