#include "lib/t.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/csv/columns.h"
#include "capture/source.h"

static char path[] = "/tmp/test_csv_XXXXXX";
static const struct cap_source *source;
static void *st;

static prac_rc open_text(const char *text, size_t n, const struct csv_conf *conf,
                         struct prac_err *err)
{
  memcpy(path + sizeof path - 7, "XXXXXX", 6);
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, n), (ssize_t)n);
  close(fd);
  source = cap_source_find("csv");
  st = calloc(1, source->state_size);
  struct cap_open o = {.what = path, .fd = -1, .conf = conf};
  return source->open(st, &o, err);
}
static struct cap_stats done(void)
{
  static struct cap_reason kept[16];
  struct cap_stats s;
  source->stats(st, &s);
  assert_true(s.n_reasons <= 16);
  memcpy(kept, s.reasons, s.n_reasons * sizeof kept[0]); /* they go with the source */
  s.reasons = kept;
  source->close(st);
  free(st);
  unlink(path);
  return s;
}
static size_t read_all(struct cap_seen *seen, size_t max)
{
  struct prac_err err = {0};
  size_t n = 0, got;
  while (n < max && source->next(st, NULL, seen + n, max - n, 0, &got, &err) == PRAC_OK) n += got;
  return n;
}

static void marx_rows(void **s)
{
  (void)s;
  static const char text[] =
      "datetime,sensor,src_ip,proto,icmp_type,sport,dport,cc\n"
      "2013-08-07 12:34:56,groucho-tokyo,61.131.218.218,TCP,,6000,1433,CN\r\n"
      "2013-08-07 12:34:57,Groucho Tokyo,80.86.82.58,UDP,,5270,5060,\n"
      "2013-08-31T23:59:59Z,groucho-tokyo,1.2.3.4,ICMP,8,,,de"; /* no end of line, small letters */
  struct prac_err err = {0};
  struct cap_seen r[8];
  char ip[PRAC_IP_TEXT];
  assert_int_equal(open_text(text, strlen(text), NULL, &err), PRAC_OK);
  assert_int_equal(read_all(r, 8), 3);
  assert_int_equal(r[0].at, INT64_C(1375878896) * PRAC_SEC);
  assert_string_equal(r[0].sensor, "groucho-tokyo");
  assert_string_equal(prac_ip_text(ip, &r[0].row.src), "61.131.218.218");
  assert_int_equal(r[0].row.proto, 6);
  assert_int_equal(r[0].row.sport, 6000);
  assert_int_equal(r[0].row.dport, 1433);
  assert_int_equal(r[0].row.country, 'C' << 8 | 'N');
  assert_int_equal(r[0].row.packets, 1);
  assert_true(prac_ip_is_zero(&r[0].row.dst));
  assert_ptr_equal(r[0].sensor, r[1].sensor); /* one name, however it is written */
  assert_int_equal(r[1].row.country, 0);
  assert_int_equal(r[2].row.proto, 1);
  assert_int_equal(r[2].row.sport, 8);
  assert_int_equal(r[2].row.country, 'D' << 8 | 'E');
  assert_int_equal(r[2].at, INT64_C(1377993599) * PRAC_SEC);
  struct cap_stats st_ = done();
  assert_int_equal(st_.received, 3);
  assert_int_equal(st_.malformed, 0);
}

static void every_row_is_accounted(void **s)
{
  (void)s;
  static const char text[] = "time;src;dst;proto;sport;dport;packets;sensor\n"
                             "1375878896.25;2001:db8::1;2001:db8::2;tcp;1;65535;7;a\n"
                             "yesterday;1.2.3.4;;tcp;1;2;;a\n"
                             "1375878896;1.2.3;;tcp;1;2;;a\n"
                             "1375878896;1.2.3.4;nowhere;tcp;1;2;;a\n"
                             "1375878896;1.2.3.4;;256;1;2;;a\n"
                             "1375878896;1.2.3.4;;6;65536;2;;a\n"
                             "1375878896;1.2.3.4;;6;-1;2;;a\n"
                             "1375878896;1.2.3.4;;6;1;2;99999999999;a\n"
                             "1375878896;1.2.3.4;;6;1;2;1;\n"
                             "1375878896;1.2.3.4\n"
                             "\n"
                             "1375878896;\"1.2.3.4\";;\"6\";\"1\";2;1;\"a;b\"\n";
  static const uint64_t want[] = {1, 1, 1, 2, 1, 2, 1, 0};
  struct prac_err err = {0};
  struct cap_seen r[16];
  assert_int_equal(open_text(text, strlen(text), NULL, &err), PRAC_OK);
  assert_int_equal(read_all(r, 16), 2);
  assert_int_equal(r[0].at, INT64_C(1375878896) * PRAC_SEC + 250 * PRAC_MS);
  assert_int_equal(r[0].row.packets, 7);
  assert_int_equal(r[0].row.dport, 65535);
  assert_string_equal(r[1].sensor, "a-b");
  struct cap_stats st_ = done();
  assert_int_equal(st_.received, 2);
  assert_int_equal(st_.malformed, 9);
  assert_int_equal(st_.n_reasons, PRAC_ARRAY_LEN(want));
  for (size_t i = 0; i < st_.n_reasons; i++) assert_int_equal(st_.reasons[i].n, want[i]);
}

/* Years that nanoseconds in 64 bits do not hold, or hardly, are malformed, however they are
 * written. */
static void times_are_as_far_as_they_can_be(void **s)
{
  (void)s;
  static const char text[] = "time,src,proto\n"
                             "2199-01-28 00:00:00,1.2.3.4,6\n"
                             "2200-01-28 00:00:00,1.2.3.4,6\n"
                             "2263-01-28 00:00:00,1.2.3.4,6\n"
                             "9999-01-28 00:00:00,1.2.3.4,6\n"
                             "2262-04-11 23:47:15,1.2.3.4,6\n"
                             "9223372034,1.2.3.4,6\n";
  struct prac_err err = {0};
  struct cap_seen r[8];
  assert_int_equal(open_text(text, strlen(text), NULL, &err), PRAC_OK);
  assert_int_equal(read_all(r, 8), 2);
  assert_int_equal(r[0].at, INT64_C(7228915200) * PRAC_SEC);
  assert_int_equal(r[1].at, INT64_C(7260451200) * PRAC_SEC);
  assert_int_equal(done().malformed, 4);
}

static void lines_longer_than_memory(void **s)
{
  (void)s;
  enum { LONG = 300000 };
  static const char head[] = "time,src,proto\n", good[] = "\n1375878896,1.2.3.4,6\n";
  char *text = malloc(LONG + 100);
  assert_non_null(text);
  struct prac_err err = {0};
  struct cap_seen r[4];
  memcpy(text, head, sizeof head - 1);
  memset(text + sizeof head - 1, 'x', LONG);
  memcpy(text + sizeof head - 1 + LONG, good, sizeof good - 1);
  assert_int_equal(open_text(text, sizeof head + LONG + sizeof good - 2, NULL, &err), PRAC_OK);
  assert_int_equal(read_all(r, 4), 1);
  assert_null(r[0].sensor);
  struct cap_stats st_ = done();
  assert_int_equal(st_.malformed, 1);
  free(text);
}

static void columns_by_the_settings(void **s)
{
  (void)s;
  static const char text[] = "when\tfrom\tp\n1375878896\t1.2.3.4\tUDP\n";
  struct csv_conf c;
  struct prac_err err = {0};
  struct cap_seen r[4];
  prac_conf_defaults(&csv_conf_section, &c);
  assert_int_equal(open_text(text, strlen(text), &c, &err), PRAC_MALFORMED);
  assert_non_null(strstr(err.text, path));
  done();
  c.column[CSV_time] = "when";
  c.column[CSV_src] = "FROM";
  c.column[CSV_proto] = "p";
  assert_int_equal(open_text(text, strlen(text), &c, &err), PRAC_OK);
  assert_int_equal(read_all(r, 4), 1);
  done();
  c.column[CSV_dport] = "port"; /* asked for, not there: said, not guessed */
  assert_int_equal(open_text(text, strlen(text), &c, &err), PRAC_MALFORMED);
  done();
}

static void claims_only_what_it_can_read(void **s)
{
  (void)s;
  static const struct {
    const char *name, *head;
    int claim;
  } rows[] = {{"x", "datetime,sensor,src_ip,proto\n", 8},
              {"x", "time;src;proto", 8},
              {"x.csv", "a,b,c\n", 2},
              {"x", "a,b,c\n", 0},
              {"x.csv", "", 0},
              {"x.csv", "\x01\x02", 0}};
  const struct cap_source *csv = cap_source_find("csv");
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++)
    assert_int_equal(csv->claims(rows[i].name, (const uint8_t *)rows[i].head, strlen(rows[i].head)),
                     rows[i].claim);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(marx_rows),
      cmocka_unit_test(every_row_is_accounted),
      cmocka_unit_test(times_are_as_far_as_they_can_be),
      cmocka_unit_test(lines_longer_than_memory),
      cmocka_unit_test(columns_by_the_settings),
      cmocka_unit_test(claims_only_what_it_can_read),
  };
  return cmocka_run_group_tests_name("csv", t, NULL, NULL);
}
