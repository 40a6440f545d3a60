/* Good lines, bad lines, and files that are not ours. */
#include "lib/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/source.h"

extern const struct cap_source cap_source_@name@;

struct got {
  struct cap_seen seen[8];
  size_t n;
  struct cap_stats stats;
  prac_rc rc;
  struct prac_err err;
};

static struct got read_text(const char *text, bool strict)
{
  const struct cap_source *src = &cap_source_@name@;
  struct got g = {.rc = PRAC_OK};
  void *conf = calloc(1, src->conf->size), *st = calloc(1, src->state_size);
  int fd = memfd_create("lines", MFD_CLOEXEC);
  assert_true(conf && st && fd >= 0);
  prac_conf_defaults(src->conf, conf);
  *(bool *)conf = strict;
  assert_int_equal(write(fd, text, strlen(text)), strlen(text));
  lseek(fd, 0, SEEK_SET);
  const struct cap_open o = {.what = "lines", .fd = fd, .conf = conf};
  g.rc = src->open(st, &o, &g.err);
  while (g.rc == PRAC_OK && g.n < PRAC_ARRAY_LEN(g.seen)) {
    size_t n = 0;
    g.rc = src->next(st, NULL, g.seen + g.n, 1, 0, &n, &g.err);
    g.n += n;
  }
  src->stats(st, &g.stats);
  src->close(st);
  close(fd);
  free(st);
  free(conf);
  return g;
}

static void bad_lines_are_counted(void **s)
{
  (void)s;
  static const char text[] = "#@name@\n"
                             "2013-08-07T00:00:00Z 203.0.113.9 198.51.100.1 23/tcp 3\n"
                             "yesterday 203.0.113.9 198.51.100.1 23/tcp\n"
                             "2013-08-07T00:00:00Z 203.0.113 198.51.100.1 23/tcp\n"
                             "2013-08-07T00:00:00Z 203.0.113.9 198.51.100.1 23/tcp 1 more\n"
                             "2013-08-07T00:00:00Z 203.0.113.9 198.51.100.1 23/tcp -1\n"
                             "2013-08-07T00:00:01Z 2001:db8::9 2001:db8::1 53/udp";
  struct got g = read_text(text, false);
  assert_int_equal(g.rc, PRAC_END);
  assert_int_equal(g.n, 2);
  assert_int_equal(g.seen[0].row.packets, 3);
  assert_int_equal(g.seen[0].row.dport, 23);
  assert_int_equal(g.seen[1].row.packets, 1);
  assert_int_equal(g.seen[1].row.proto, 17);
  assert_int_equal(g.stats.malformed, 4);
  assert_int_equal(g.stats.received, 2);
  g = read_text(text, true);
  assert_int_equal(g.rc, PRAC_MALFORMED);
  assert_int_equal(g.n, 1);
  assert_non_null(strstr(g.err.text, "lines:3: "));
}

static void a_line_has_an_end(void **s)
{
  (void)s;
  char text[2048];
  memset(text, 'x', sizeof text);
  text[sizeof text - 1] = '\0';
  struct got g = read_text(text, false);
  assert_int_equal(g.rc, PRAC_MALFORMED);
  assert_int_equal(g.n, 0);
  assert_int_equal(read_text("", false).rc, PRAC_END);
}

static void only_its_own_files_are_claimed(void **s)
{
  (void)s;
  static const char own[] = "#@name@\n", other[] = "\xd4\xc3\xb2\xa1xxxxxxxx";
  const struct cap_source *src = &cap_source_@name@;
  assert_int_not_equal(src->claims("x", (const uint8_t *)own, sizeof own - 1), 0);
  assert_int_equal(src->claims("x", (const uint8_t *)other, sizeof other - 1), 0);
  assert_int_equal(src->claims("x", NULL, 0), 0);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(bad_lines_are_counted),
      cmocka_unit_test(a_line_has_an_end),
      cmocka_unit_test(only_its_own_files_are_claimed),
  };
  return cmocka_run_group_tests_name("@name@", t, NULL, NULL);
}
