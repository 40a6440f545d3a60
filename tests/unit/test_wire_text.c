#include "lib/t.h"

#include <string.h>

#include "wire/rpc.h"
#include "wire/text.h"

static struct wire_text of(const char *s)
{
  return (struct wire_text){s, strlen(s)};
}

static void lines_and_words(void **s)
{
  (void)s;
  static const char text[] = "GET  a\tb\r\n\nlast";
  struct prac_rd r = prac_rd_of(text, sizeof text - 1);
  struct wire_text line;
  assert_true(wire_text_line(&r, &line));
  assert_true(wire_text_is(line, "get  a\tb"));
  assert_true(wire_text_is(wire_text_word(&line), "GET"));
  assert_true(wire_text_is(wire_text_word(&line), "a"));
  assert_true(wire_text_is(wire_text_word(&line), "b"));
  assert_int_equal(wire_text_word(&line).n, 0);
  assert_true(wire_text_line(&r, &line));
  assert_int_equal(line.n, 0);
  assert_true(wire_text_line(&r, &line));
  assert_true(wire_text_is(line, "last"));
  assert_false(wire_text_line(&r, &line));
}

static void fields_and_finding(void **s)
{
  (void)s;
  struct wire_text name, value;
  assert_true(wire_text_field(of("ST : upnp:rootdevice "), &name, &value));
  assert_true(wire_text_is(name, "st"));
  assert_true(wire_text_is(value, "upnp:rootdevice"));
  assert_true(wire_text_field(of("X:"), &name, &value));
  assert_int_equal(value.n, 0);
  assert_false(wire_text_field(of(": value"), &name, &value));
  assert_false(wire_text_field(of("nothing"), &name, &value));
  assert_int_equal(wire_text_find(of("abcabd"), "abd"), 3);
  assert_int_equal(wire_text_find(of("ab"), "abc"), 2);
  assert_true(wire_text_begins(of("M-Search *"), "M-SEARCH"));
  assert_false(wire_text_begins(of("M-S"), "M-SEARCH"));
  assert_false(wire_text_printable((struct wire_text){"a\x7f", 2}));
  struct prac_rd r = prac_rd_of("ab\0cd", 5);
  assert_true(wire_text_cstring(&r, &name));
  assert_int_equal(name.n, 2);
  assert_false(wire_text_cstring(&r, &name));
}

static void what_does_not_fit_is_bad(void **s)
{
  (void)s;
  char b[8];
  struct prac_wr w = prac_wr_of(b, sizeof b);
  wire_text_putf(&w, "%d", 1234567);
  assert_false(w.bad);
  wire_text_put(&w, "89");
  assert_true(w.bad);
  char big[1024];
  w = prac_wr_of(big, sizeof big);
  wire_text_putf(&w, "%600s", "");
  assert_true(w.bad);
}

static void rpc_heads(void **s)
{
  (void)s;
  static const uint8_t call[] = {0,    0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0x86,
                                 0xa0, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0,
                                 0,    3, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 77};
  struct wire_rpc_call c;
  struct prac_rd r = prac_rd_of(call, sizeof call);
  assert_int_equal(wire_rpc_read(&r, &c), WIRE_RPC_CALL); /* credentials of 3 bytes, padded */
  assert_int_equal(c.xid, 9);
  assert_int_equal(c.prog, 100000);
  assert_int_equal(c.proc, 4);
  assert_int_equal(prac_rd_u8(&r), 77);
  r = prac_rd_of(call, sizeof call - 2);
  assert_int_equal(wire_rpc_read(&r, &c), WIRE_RPC_NONE);
  uint8_t b[64];
  struct prac_wr w = prac_wr_of(b, sizeof b);
  wire_rpc_accept(&w, 9, WIRE_RPC_SUCCESS);
  wire_rpc_put_string(&w, "abcde");
  assert_int_equal(prac_wr_len(&w), 24 + 4 + 8);
  r = prac_rd_of(b, prac_wr_len(&w));
  assert_int_equal(wire_rpc_read(&r, &c), WIRE_RPC_REPLY);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(lines_and_words),
      cmocka_unit_test(fields_and_finding),
      cmocka_unit_test(what_does_not_fit_is_bad),
      cmocka_unit_test(rpc_heads),
  };
  return cmocka_run_group_tests_name("wire_text", t, NULL, NULL);
}
