#include "lib/t.h"

#include "lib/hp.h"

#define HEAD "5a4d 0000 0001 0000 "
static const struct hp_row rows[] = {
    {"stats", HP_ANSWER, HEAD "73746174730d0a", NULL},
    {"stats items", HP_ANSWER, HEAD "7374617473206974656d730d0a", NULL},
    {"stats settings", HP_ANSWER, HEAD "73746174732073657474696e67730d0a", NULL},
    {"version", HP_ANSWER, HEAD "76657273696f6e0d0a", NULL},
    {"stats reset", HP_OBSERVE, HEAD "73746174732072657365740d0a", NULL},
    {"no end of line", HP_OBSERVE, HEAD "7374617473", NULL},
    {"get", HP_OBSERVE, HEAD "67657420610d0a", NULL},
    {"gets of many", HP_OBSERVE, HEAD "6765747320612062206320640d0a", NULL},
    {"set", HP_OBSERVE, HEAD "736574206120302030203 10d0a780d0a", NULL},
    {"flush_all", HP_OBSERVE, HEAD "666c7573685f616c6c0d0a", NULL},
    {"second of two", HP_OBSERVE, "5a4d 0001 0002 0000 73746174730d0a", NULL},
    {"binary get", HP_OBSERVE, HEAD "8000000000000000", NULL},
    {"binary answer", HP_LOOP, HEAD "8100000000000000", NULL},
    {"a statistic", HP_LOOP, HEAD "5354415420706964203 10d0a454e440d0a", NULL},
    {"a value", HP_LOOP, HEAD "56414c5545206120302031 0d0a", NULL},
    {"the end", HP_LOOP, HEAD "454e440d0a", NULL},
    {"without the head", HP_IGNORE, NULL, "stats\r\n"},
    {"number beyond the total", HP_IGNORE, "5a4d 0001 0001 0000 73746174730d0a", NULL},
    {"no command", HP_IGNORE, HEAD "68656c6c6f0d0a", NULL},
    {"only the head", HP_IGNORE, HEAD, NULL},
};
static void recognised(void **s)
{
  (void)s;
  assert_true(hp_rows_hold("memcached", rows, PRAC_ARRAY_LEN(rows)));
}

static void statistics_are_lines(void **s)
{
  (void)s;
  struct hp_said said = hp_ask_hex("memcached", rows[0].hex);
  assert_int_equal(memcmp(said.b, "\x5a\x4d\0\0\0\1\0\0STAT pid ", 17), 0);
  assert_non_null(hp_find(&said, "\r\nSTAT uptime 1234567\r\nSTAT time 1700000000\r\n"));
  assert_int_equal(memcmp(said.b + said.n - 7, "\r\nEND\r\n", 7), 0);
  assert_true(said.n > 900);
  size_t lines = 0, at = 8;
  while (at < said.n) {
    const uint8_t *end = memchr(said.b + at, '\n', said.n - at);
    assert_non_null(end);
    assert_true(memcmp(said.b + at, "STAT ", 5) == 0 || memcmp(said.b + at, "END", 3) == 0);
    at = (size_t)(end - said.b) + 1;
    lines++;
  }
  assert_true(lines > 40);
}

static void keys_are_noted(void **s)
{
  (void)s;
  assert_string_equal(hp_ask_hex("memcached", HEAD "67657420612201 0d0a").note.name,
                      "get a\\034\\001");
  assert_string_equal(hp_ask_hex("memcached", rows[1].hex).note.name, "stats items");
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(recognised),
                                 cmocka_unit_test(statistics_are_lines),
                                 cmocka_unit_test(keys_are_noted)};
  return cmocka_run_group_tests_name("hp_memcached", t, NULL, NULL);
}
