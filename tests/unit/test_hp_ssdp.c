#include "lib/t.h"

#include "lib/hp.h"

#define SEARCH(st)                                                                                 \
  "M-SEARCH * HTTP/1.1\r\nHOST:239.255.255.250:1900\r\nST:" st "\r\nMAN:\"ssdp:discover\"\r\n\r\n"

static const struct hp_row rows[] = {
    {"everything", HP_ANSWER, NULL, SEARCH("ssdp:all")},
    {"root devices", HP_ANSWER, NULL, SEARCH(" upnp:rootdevice")},
    {"short and in small letters", HP_ANSWER, NULL, "m-search\nst: ssdp:all"},
    {"a device that we are not", HP_OBSERVE, NULL,
     SEARCH("urn:dial-multiscreen-org:service:dial:1")},
    {"no target", HP_OBSERVE, NULL, "M-SEARCH * HTTP/1.1\r\n\r\n"},
    {"target behind the head", HP_OBSERVE, NULL, "M-SEARCH * HTTP/1.1\r\n\r\nST: ssdp:all\r\n"},
    {"an answer", HP_LOOP, NULL, "HTTP/1.1 200 OK\r\nST: ssdp:all\r\n\r\n"},
    {"a notice", HP_LOOP, NULL, "NOTIFY * HTTP/1.1\r\nNT: upnp:rootdevice\r\n\r\n"},
    {"another method", HP_IGNORE, NULL, "GET / HTTP/1.1\r\n\r\n"},
    {"a longer word", HP_IGNORE, NULL, "M-SEARCHES *\r\nST: ssdp:all\r\n"},
    {"nothing", HP_IGNORE, NULL, ""},
};
static void recognised(void **s)
{
  (void)s;
  assert_true(hp_rows_hold("ssdp", rows, PRAC_ARRAY_LEN(rows)));
}

static void the_gateway_says_what_it_is(void **s)
{
  (void)s;
  struct hp_said said = hp_ask_text("ssdp", SEARCH("upnp:rootdevice"));
  assert_int_equal(memcmp(said.b, "HTTP/1.1 200 OK\r\n", 17), 0);
  assert_non_null(hp_find(&said, "\r\nST: upnp:rootdevice\r\nUSN: uuid:"));
  assert_non_null(hp_find(&said, "\r\nLOCATION: http://198.51.100.1:"));
  assert_int_equal(memcmp(said.b + said.n - 4, "\r\n\r\n", 4), 0);
  assert_true(said.n > 250);
  assert_string_equal(said.note.name, "upnp:rootdevice");
  struct hp_self six = hp_self_made();
  six.own = (struct prac_ip){{0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
  said = hp_ask_as(hp_proto_find("ssdp"), &six, SEARCH("ssdp:all"), strlen(SEARCH("ssdp:all")), 9);
  assert_non_null(hp_find(&said, "http://[2001:db8::1]:"));
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(recognised),
                                 cmocka_unit_test(the_gateway_says_what_it_is)};
  return cmocka_run_group_tests_name("hp_ssdp", t, NULL, NULL);
}
