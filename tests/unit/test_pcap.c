#include "lib/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "capture/source.h"
#include "lib/choice.h"
#include "wire/pcap.h"

struct made {
  uint8_t b[8192];
  size_t n;
  bool big;
};
static void put(struct made *m, const void *p, size_t n)
{
  memcpy(m->b + m->n, p, n);
  m->n += n;
}
static void num(struct made *m, uint64_t v, int n)
{
  for (int i = 0; i < n; i++) m->b[m->n++] = (uint8_t)(v >> 8 * (m->big ? n - 1 - i : i));
}
static void head(struct made *m, uint32_t magic, unsigned minor, uint32_t link)
{
  num(m, magic, 4), num(m, 2, 2), num(m, minor, 2), num(m, 0, 8), num(m, 65535, 4), num(m, link, 4);
}
static void record(struct made *m, uint32_t s, uint32_t frac, uint32_t cap, uint32_t len)
{
  num(m, s, 4), num(m, frac, 4), num(m, cap, 4), num(m, len, 4);
  for (uint32_t i = 0; i < cap; i++) num(m, i, 1);
}
static void ng_section(struct made *m)
{
  num(m, 0x0a0d0d0a, 4), num(m, 28, 4), num(m, 0x1a2b3c4d, 4), num(m, 1, 2), num(m, 0, 2);
  num(m, UINT64_MAX, 8), num(m, 28, 4);
}
static void ng_interface(struct made *m, unsigned link, int tsresol, int64_t offset)
{
  uint32_t total = 24u + (tsresol >= 0 ? 8u : 0u) + (offset ? 12u : 0u);
  num(m, 1, 4), num(m, total, 4), num(m, link, 2), num(m, 0, 2), num(m, 0, 4);
  if (tsresol >= 0) num(m, 9, 2), num(m, 1, 2), num(m, (uint64_t)tsresol, 1), num(m, 0, 3);
  if (offset) num(m, 14, 2), num(m, 8, 2), num(m, (uint64_t)offset, 8);
  num(m, 0, 4), num(m, total, 4);
}
static void ng_packet(struct made *m, uint32_t interface, uint64_t ticks, uint32_t cap,
                      uint32_t len)
{
  uint32_t pad = -cap & 3, total = 32 + cap + pad;
  num(m, 6, 4), num(m, total, 4), num(m, interface, 4), num(m, ticks >> 32, 4);
  num(m, ticks & 0xffffffff, 4), num(m, cap, 4), num(m, len, 4);
  for (uint32_t i = 0; i < cap + pad; i++) num(m, i, 1);
  num(m, total, 4);
}
static void ng_unknown(struct made *m, uint32_t type, uint32_t body)
{
  num(m, type, 4), num(m, 12 + body, 4);
  for (uint32_t i = 0; i < body; i++) num(m, 7, 1);
  num(m, 12 + body, 4);
}

static void classic_in_every_dress(void **s)
{
  (void)s;
  static const struct {
    uint32_t magic;
    bool big;
    int64_t ns; /* of fraction 123456 */
  } rows[] = {{0xa1b2c3d4, false, 123456000},
              {0xa1b2c3d4, true, 123456000},
              {0xa1b23c4d, false, 123456},
              {0xa1b23c4d, true, 123456}};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    struct made m = {.big = rows[i].big};
    struct wire_pcap p;
    struct wire_frame f;
    head(&m, rows[i].magic, 4, 0xf0000001); /* with a checksum length in the upper bits */
    record(&m, 1735689600, 123456, 60, 1514);
    record(&m, 0xffffffff, 0, 0, 0);
    struct prac_rd r = prac_rd_of(m.b, m.n);
    assert_int_equal(wire_file_kind(m.b, m.n), WIRE_FILE_PCAP);
    assert_int_equal(wire_pcap_open(&r, &p), PRAC_OK);
    assert_int_equal(wire_pcap_next(&p, &r, &f), PRAC_OK);
    assert_int_equal(f.at, 1735689600 * PRAC_SEC + rows[i].ns);
    assert_int_equal(f.caplen, 60);
    assert_int_equal(f.len, 1514);
    assert_int_equal(f.link, 1);
    assert_int_equal(f.data[59], 59);
    assert_int_equal(wire_pcap_next(&p, &r, &f), PRAC_OK); /* the year 2106 */
    assert_int_equal(f.at, INT64_C(0xffffffff) * PRAC_SEC);
    assert_int_equal(wire_pcap_next(&p, &r, &f), PRAC_END);
  }
}

static void classic_oddities(void **s)
{
  (void)s;
  struct made m = {0}, old = {0}, huge = {0}, v3 = {0};
  struct wire_pcap p;
  struct wire_frame f;
  head(&m, 0xa1b2cd34, 4, 1); /* 24-byte record heads */
  num(&m, 5, 4), num(&m, 6, 4), num(&m, 3, 4), num(&m, 9, 4), num(&m, 0xdeadbeef, 8),
      put(&m, "abc", 3);
  struct prac_rd r = prac_rd_of(m.b, m.n);
  assert_int_equal(wire_pcap_open(&r, &p), PRAC_OK);
  assert_int_equal(wire_pcap_next(&p, &r, &f), PRAC_OK);
  assert_memory_equal(f.data, "abc", 3);
  head(&old, 0xa1b2c3d4, 2, 1); /* version 2.2: lengths the other way round */
  num(&old, 5, 4), num(&old, 6, 4), num(&old, 900, 4), num(&old, 3, 4), put(&old, "abc", 3);
  r = prac_rd_of(old.b, old.n);
  assert_int_equal(wire_pcap_open(&r, &p), PRAC_OK);
  assert_int_equal(wire_pcap_next(&p, &r, &f), PRAC_OK);
  assert_int_equal(f.caplen, 3);
  assert_int_equal(f.len, 900);
  head(&huge, 0xa1b2c3d4, 4, 1);
  num(&huge, 0, 8), num(&huge, 0xffffffff, 4), num(&huge, 60, 4);
  r = prac_rd_of(huge.b, huge.n);
  assert_int_equal(wire_pcap_open(&r, &p), PRAC_OK);
  assert_int_equal(wire_pcap_next(&p, &r, &f), PRAC_MALFORMED);
  head(&v3, 0xa1b2c3d4, 4, 1);
  v3.b[4] = 3;
  r = prac_rd_of(v3.b, v3.n);
  assert_int_equal(wire_pcap_open(&r, &p), PRAC_UNSUPPORTED);
}

/* A file given in two pieces, cut anywhere, is the file given whole: nothing is read before it is
 * all there, and the reader says how much that is. */
static void cut_anywhere(void **s)
{
  (void)s;
  struct made m = {0};
  head(&m, 0xa1b2c3d4, 4, 1);
  for (uint32_t i = 0; i < 3; i++) record(&m, i, i, 5 + i, 60);
  for (size_t cut = 24; cut <= m.n; cut++) {
    struct wire_pcap p;
    struct wire_frame f;
    struct prac_rd r = prac_rd_of(m.b, cut);
    assert_int_equal(wire_pcap_open(&r, &p), PRAC_OK);
    prac_rc rc;
    int n = 0;
    while ((rc = wire_pcap_next(&p, &r, &f)) == PRAC_OK) n++;
    assert_true(rc == PRAC_END || rc == PRAC_TRUNCATED);
    size_t at = (size_t)(r.p - m.b);
    assert_true(rc == PRAC_END ? at == cut : p.need > cut - at);
    r = prac_rd_of(m.b + at, m.n - at);
    while (wire_pcap_next(&p, &r, &f) == PRAC_OK) n++;
    assert_int_equal(n, 3);
  }
}

static size_t ng_read(const struct made *m, struct wire_frame *f, size_t max, prac_rc *ret_rc)
{
  struct wire_ng *ng = malloc(sizeof *ng);
  assert_non_null(ng);
  wire_ng_init(ng);
  struct prac_rd r = prac_rd_of(m->b, m->n);
  size_t n = 0;
  for (*ret_rc = PRAC_OK; n < max;) {
    *ret_rc = wire_ng_next(ng, &r, &f[n]);
    if (*ret_rc == PRAC_AGAIN) continue;
    if (*ret_rc != PRAC_OK) break;
    n++;
  }
  free(ng);
  return n;
}

static void ng_sections_orders_and_clocks(void **s)
{
  (void)s;
  struct made m = {.big = false};
  struct wire_frame f[8];
  prac_rc rc;
  ng_section(&m);
  ng_unknown(&m, 0x0bad, 40);
  ng_interface(&m, 1, -1, 0);    /* microseconds */
  ng_interface(&m, 101, 9, 100); /* nanoseconds, 100 s later */
  ng_packet(&m, 1, 2000000003, 4, 60);
  ng_packet(&m, 0, 2000007, 5, 60);
  m.big = true;
  ng_section(&m); /* a second section in the other order, with its own interface 0 */
  ng_interface(&m, 276, 0x80 | 10, 0); /* 1/1024 s */
  ng_packet(&m, 0, 512, 3, 3);
  num(&m, 3, 4), num(&m, 24, 4), num(&m, 6, 4), put(&m, "simple\0\0", 8), num(&m, 24, 4);
  num(&m, 2, 4), num(&m, 36, 4), num(&m, 0, 2), num(&m, 9, 2), num(&m, 0, 4), num(&m, 1024, 4);
  num(&m, 3, 4), num(&m, 99, 4), put(&m, "old\0", 4), num(&m, 36, 4);
  assert_int_equal(ng_read(&m, f, 8, &rc), 5);
  assert_int_equal(rc, PRAC_END);
  assert_int_equal(f[0].at, 102 * PRAC_SEC + 3);
  assert_int_equal(f[0].link, 101);
  assert_int_equal(f[1].at, 2 * PRAC_SEC + 7000);
  assert_int_equal(f[1].link, 1);
  assert_int_equal(f[2].at, PRAC_SEC / 2);
  assert_int_equal(f[2].link, 276);
  assert_int_equal(f[3].caplen, 6);
  assert_int_equal(f[3].at, f[2].at);
  assert_memory_equal(f[4].data, "old", 3);
  assert_int_equal(f[4].len, 99);
  assert_int_equal(f[4].at, PRAC_SEC);
}

static void ng_lies_are_refused(void **s)
{
  (void)s;
  struct wire_frame f[4];
  prac_rc rc;
  for (int kind = 0; kind < 7; kind++) {
    struct made m = {0};
    if (kind != 0) ng_section(&m);
    if (kind != 1) ng_interface(&m, 1, kind == 2 ? 25 : -1, 0);
    ng_packet(&m, kind == 3 ? 1 : 0, 1, 4, 4);
    if (kind == 4) m.b[m.n - 4]++;                              /* the two lengths differ */
    if (kind == 5) m.b[m.n - 8 - 8] = 200;                      /* longer than its block */
    if (kind == 6) num(&m, 6, 4), num(&m, 8, 4), num(&m, 0, 4); /* shorter than its head */
    size_t n = ng_read(&m, f, 4, &rc);
    assert_int_equal(rc, PRAC_MALFORMED);
    assert_int_equal(n, kind == 6 ? 1 : 0);
  }
}

static void times_beyond_belief_are_clamped(void **s)
{
  (void)s;
  struct made m = {0};
  struct wire_frame f[4];
  prac_rc rc;
  ng_section(&m);
  ng_interface(&m, 1, 0, INT64_MAX); /* seconds, and an offset that overflows */
  ng_interface(&m, 1, 0, INT64_MIN + 1);
  ng_packet(&m, 0, UINT64_MAX >> 1, 0, 0);
  ng_packet(&m, 1, 0, 0, 0);
  assert_int_equal(ng_read(&m, f, 4, &rc), 2);
  assert_true(f[0].at > 250 * 365 * PRAC_DAY && f[1].at < -250 * 365 * PRAC_DAY);
}

static int any_file(struct choice *c)
{
  struct made m = {.big = choice_u8(c) & 1};
  struct wire_frame f[64];
  prac_rc rc = PRAC_OK;
  if (choice_u8(c) & 1) ng_section(&m);
  while (c->p < c->end && m.n < 4096) switch (choice_below(c, 8)) {
    case 0:
      ng_interface(&m, choice_below(c, 300), (int)choice_below(c, 300) - 20, choice_u8(c));
      break;
    case 1:
      ng_packet(&m, choice_below(c, 3), choice_u8(c), choice_u8(c), 60);
      break;
    case 2:
      ng_unknown(&m, choice_below(c, 20), choice_u8(c));
      break;
    case 3:
      ng_section(&m);
      break;
    case 4:
      if (m.n) m.b[choice_below(c, (uint32_t)m.n)] = choice_u8(c);
      break;
    default:
      num(&m, choice_u8(c), 1);
    }
  for (size_t n = 64; n == 64;) n = ng_read(&m, f, 64, &rc), n = rc == PRAC_OK ? 0 : n;
  return 1; /* the sanitizers judge */
}
static void nothing_reads_past_the_end(void **s)
{
  (void)s;
  assert_true(prop_check("any_file", any_file, 3, 5000));
}

/* ---- the source: real files ---- */
static char *file_of(const struct made *m, bool gz)
{
  static char path[64];
  memcpy(path, "/tmp/test_pcap_XXXXXX", sizeof "/tmp/test_pcap_XXXXXX");
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  if (gz) {
    gzFile g = gzdopen(fd, "wb");
    assert_int_equal(gzwrite(g, m->b, (unsigned)m->n), (int)m->n);
    assert_int_equal(gzclose(g), Z_OK);
  } else {
    assert_int_equal(write(fd, m->b, m->n), (ssize_t)m->n);
    close(fd);
  }
  return path;
}
static size_t read_file(const char *path, prac_rc *ret_rc, struct prac_err *err)
{
  const struct cap_source *src = cap_source_find("pcap");
  struct cap_frame frames[2];
  void *st = calloc(1, src->state_size);
  size_t n = 0, total = 0;
  struct cap_open o = {.what = path, .fd = -1};
  *ret_rc = src->open(st, &o, err);
  while (*ret_rc == PRAC_OK) {
    *ret_rc = src->next(st, frames, NULL, 2, 0, &n, err);
    total += n;
  }
  struct cap_stats stats;
  src->stats(st, &stats);
  assert_int_equal(stats.received, total);
  src->close(st);
  free(st);
  return total;
}

static void files_plain_packed_and_damaged(void **s)
{
  (void)s;
  struct made m = {0}, cut, empty = {0}, text = {.b = "datetime,sensor\n", .n = 16};
  struct prac_err err;
  prac_rc rc;
  head(&m, 0xa1b2c3d4, 4, 1);
  for (uint32_t i = 0; i < 5; i++) record(&m, i, 0, 60, 60);
  for (int gz = 0; gz < 2; gz++) {
    char *path = file_of(&m, gz);
    assert_int_equal(read_file(path, &rc, &err), 5);
    assert_int_equal(rc, PRAC_END);
    unlink(path);
    cut = m, cut.n -= 7;
    path = file_of(&cut, gz);
    assert_int_equal(read_file(path, &rc, &err), 4);
    assert_int_equal(rc, PRAC_MALFORMED);
    assert_non_null(strstr(err.text, path));
    assert_non_null(strstr(err.text, "at byte 328")); /* 24 + 4 * 76: the record that is cut */
    unlink(path);
  }
  char *path = file_of(&empty, false);
  assert_int_equal(read_file(path, &rc, &err), 0);
  assert_int_equal(rc, PRAC_MALFORMED);
  unlink(path);
  path = file_of(&text, false);
  assert_int_equal(read_file(path, &rc, &err), 0);
  assert_int_equal(rc, PRAC_MALFORMED);
  assert_non_null(strstr(err.text, "neither pcap nor pcapng"));
  unlink(path);
  assert_int_equal(read_file("/nonexistent/x.pcap", &rc, &err), 0);
  assert_int_equal(rc, PRAC_IO);
}

static void a_cut_gzip_gives_what_came_before(void **s)
{
  (void)s;
  struct made m = {0};
  struct prac_err err;
  prac_rc rc;
  head(&m, 0xa1b2c3d4, 4, 1);
  for (uint32_t i = 0; i < 50; i++) record(&m, i * 2654435761u, i * 40503u, 60, 60);
  char *path = file_of(&m, true);
  long size = 0;
  FILE *f = fopen(path, "rb");
  fseek(f, 0, SEEK_END), size = ftell(f), fclose(f);
  assert_int_equal(truncate(path, size / 2), 0);
  size_t n = read_file(path, &rc, &err);
  assert_true(n > 0 && n < 50);
  assert_int_equal(rc, PRAC_MALFORMED);
  assert_non_null(strstr(err.text, "gzip"));
  unlink(path);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(classic_in_every_dress),
      cmocka_unit_test(classic_oddities),
      cmocka_unit_test(cut_anywhere),
      cmocka_unit_test(ng_sections_orders_and_clocks),
      cmocka_unit_test(ng_lies_are_refused),
      cmocka_unit_test(times_beyond_belief_are_clamped),
      cmocka_unit_test(nothing_reads_past_the_end),
      cmocka_unit_test(files_plain_packed_and_damaged),
      cmocka_unit_test(a_cut_gzip_gives_what_came_before),
  };
  return cmocka_run_group_tests_name("pcap", t, NULL, NULL);
}
