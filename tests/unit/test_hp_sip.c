#include "lib/t.h"

#include "lib/hp.h"

#define VIA "Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK1;rport;alias\r\n"
#define REST                                                                                       \
  "From: <sip:a@192.0.2.7>;tag=1\r\nt: sip:b@x\r\nCall-ID: 7@192.0.2.7\r\nCSeq: 1 OPTIONS\r\n\r\n"
static const struct hp_row rows[] = {
    {"OPTIONS", HP_ANSWER, NULL, "OPTIONS sip:b@x SIP/2.0\r\n" VIA REST},
    {"the bare word", HP_ANSWER, NULL, "OPTIONS"},
    {"OPTIONS without headers", HP_ANSWER, NULL, "OPTIONS sip:b@x SIP/2.0\r\n\r\n"},
    {"REGISTER", HP_OBSERVE, NULL, "REGISTER sip:x SIP/2.0\r\n" VIA REST},
    {"INVITE", HP_OBSERVE, NULL, "INVITE sip:b@x SIP/2.0\r\n" VIA REST},
    {"a status", HP_LOOP, NULL, "SIP/2.0 200 OK\r\n" VIA REST},
    {"blanks to keep a binding", HP_IGNORE, "2020202020", NULL},
    {"a line end to keep a binding", HP_IGNORE, "0d0a0d0a", NULL},
    {"HTTP", HP_IGNORE, NULL, "OPTIONS * HTTP/1.1\r\n\r\n"},
    {"no method", HP_IGNORE, NULL, "HELLO sip:b@x SIP/2.0\r\n\r\n"},
    {"nothing", HP_IGNORE, NULL, ""},
};
static void recognised(void **s)
{
  (void)s;
  assert_true(hp_rows_hold("sip", rows, PRAC_ARRAY_LEN(rows)));
}

static void options_are_answered(void **s)
{
  (void)s;
  struct hp_said said = hp_ask_text("sip", rows[0].text);
  assert_int_equal(memcmp(said.b, "SIP/2.0 200 OK\r\nVia: ", 21), 0);
  assert_non_null(hp_find(&said, ";branch=z9hG4bK1;rport=40000;alias;received=203.0.113.9\r\n"));
  assert_non_null(hp_find(&said, "\r\nFrom: <sip:a@192.0.2.7>;tag=1\r\n"));
  assert_non_null(hp_find(&said, "\r\nTo: sip:b@x;tag=as"));
  assert_non_null(hp_find(&said, "\r\nCall-ID: 7@192.0.2.7\r\nCSeq: 1 OPTIONS\r\n"));
  assert_int_equal(memcmp(said.b + said.n - 23, "\r\nContent-Length: 0\r\n\r\n", 23), 0);
  struct hp_said bare = hp_ask_text("sip", "OPTIONS");
  assert_int_equal(memcmp(bare.b, "SIP/2.0 400 Bad Request\r\n", 25), 0);
}

static void what_is_echoed_has_a_limit(void **s)
{
  (void)s;
  char text[2000];
  int n =
      snprintf(text, sizeof text, "OPTIONS sip:b@x SIP/2.0\r\n" VIA "From: %01200d\r\n" REST, 1);
  assert_true(n > 1300);
  assert_int_equal(hp_ask_text("sip", text).verdict, HP_ANSWER); /* the second From counts */
  snprintf(text, sizeof text, "OPTIONS sip:b@x SIP/2.0\r\nTo: %01300d\r\n\r\n", 1);
  assert_int_equal(hp_ask_text("sip", text).verdict, HP_OBSERVE);
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(recognised),
                                 cmocka_unit_test(options_are_answered),
                                 cmocka_unit_test(what_is_echoed_has_a_limit)};
  return cmocka_run_group_tests_name("hp_sip", t, NULL, NULL);
}
