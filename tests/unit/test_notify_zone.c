/* Time zones of those who are told: fixed ones, and TZif files made here. */
#include "lib/t.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "notify/zone.h"

static void head(struct prac_wr *w, uint32_t times, uint32_t types, uint32_t chars)
{
  prac_wr_bytes(w, "TZif2", 5);
  prac_wr_zero(w, 15);
  for (int i = 0; i < 3; i++) prac_wr_u32(w, 0);
  prac_wr_u32(w, times);
  prac_wr_u32(w, types);
  prac_wr_u32(w, chars);
}

static size_t made(uint8_t *to, size_t cap, const char *footer)
{
  struct prac_wr w = prac_wr_of(to, cap);
  head(&w, 0, 0, 0);
  head(&w, 1, 2, 4);
  prac_wr_u64(&w, 1000);
  prac_wr_u8(&w, 1);
  prac_wr_u32(&w, 3600);
  prac_wr_u16(&w, 0);
  prac_wr_u32(&w, 7200);
  prac_wr_u16(&w, 0);
  prac_wr_bytes(&w, "AAA", 4);
  prac_wr_bytes(&w, footer, strlen(footer));
  assert_false(w.bad);
  return prac_wr_len(&w);
}

static prac_time at(const char *text)
{
  prac_time t = 0;
  assert_int_equal(prac_time_parse(text, strlen(text), &t), PRAC_OK);
  return t;
}

static void fixed_ones(void **s)
{
  (void)s;
  static const struct {
    const char *name;
    int64_t want;
  } v[] = {{"UTC", 0}, {"+09:00", 32400}, {"-0330", -12600}, {"+0000", 0}};
  struct note_zone z;
  struct prac_err e = {0};
  char out[PRAC_TIME_TEXT];
  for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
    assert_int_equal(note_zone_open(v[i].name, NULL, &z, &e), PRAC_OK);
    assert_int_equal(note_zone_offset_s(&z, at("2015-04-01")), v[i].want);
  }
  assert_string_equal(note_zone_text(out, at("2015-03-31T20:04:05Z"), 32400),
                      "2015-04-01 05:04:05");
  static const char *const wrong[] = {"", "+9", "+99:00", "../etc/passwd", "/etc/passwd", "Mars/X"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
    assert_int_equal(note_zone_open(wrong[i], "/nonexistent", &z, &e), PRAC_UNKNOWN);
}

static void files(void **s)
{
  (void)s;
  uint8_t b[256];
  struct note_zone z;
  size_t n = made(b, sizeof b, "\nEST5EDT,M3.2.0,M11.1.0\n");
  assert_int_equal(note_zone_parse(b, n, &z), PRAC_OK);
  assert_int_equal(note_zone_offset_s(&z, 999 * PRAC_SEC), 3600);
  assert_int_equal(note_zone_offset_s(&z, at("2026-03-08T06:59:59Z")), -18000);
  assert_int_equal(note_zone_offset_s(&z, at("2026-03-08T07:00:00Z")), -14400);
  assert_int_equal(note_zone_offset_s(&z, at("2026-11-01T05:59:59Z")), -14400);
  assert_int_equal(note_zone_offset_s(&z, at("2026-11-01T06:00:00Z")), -18000);
  n = made(b, sizeof b, "\nAEST-10AEDT,M10.1.0,M4.1.0/3\n"); /* the southern summer */
  assert_int_equal(note_zone_parse(b, n, &z), PRAC_OK);
  assert_int_equal(note_zone_offset_s(&z, at("2026-01-01")), 39600);
  assert_int_equal(note_zone_offset_s(&z, at("2026-07-01")), 36000);
  n = made(b, sizeof b, "\n<+0330>-3:30\n");
  assert_int_equal(note_zone_parse(b, n, &z), PRAC_OK);
  assert_int_equal(note_zone_offset_s(&z, at("2026-07-01")), 12600);
  n = made(b, sizeof b, "\n\n");
  assert_int_equal(note_zone_parse(b, n, &z), PRAC_OK);
  assert_int_equal(note_zone_offset_s(&z, at("2026-07-01")), 7200);
  for (size_t cut = 0; cut < n; cut++) assert_int_not_equal(note_zone_parse(b, cut, &z), PRAC_OK);
}

/* The system's own files, where they are installed. */
static void tokyo(void **s)
{
  (void)s;
  struct note_zone z;
  struct prac_err e = {0};
  if (note_zone_open("Asia/Tokyo", NULL, &z, &e) == PRAC_UNKNOWN) return;
  assert_int_equal(note_zone_offset_s(&z, at("2015-04-01")), 32400);
  assert_int_equal(note_zone_offset_s(&z, at("2045-04-01")), 32400);
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(fixed_ones), cmocka_unit_test(files),
                                 cmocka_unit_test(tokyo)};
  return cmocka_run_group_tests_name("notify_zone", t, NULL, NULL);
}
