/* Characters that do not show: what is refused in names, and escaped on terminals. */
#include "lib/t.h"

#include "base/attr.h"
#include "base/text.h"

static void plain(void **st)
{
  static const char *const good[] = {"", "a b", "CERT日本 – «é»", "~", "\u00a0", "😀", "⚠\ufe0f"};
  static const char *const bad[] = {"\n",
                                    "\x1b[2J",
                                    "\x7f",
                                    "a\xc2\x85",
                                    "\xc2\x9b"
                                    "2J",
                                    "a\u00adb",
                                    "\u061c",
                                    "\u200b",
                                    "\u200d",
                                    "\u200e",
                                    "\u2028",
                                    "\u202e"
                                    "gpj",
                                    "\u2060",
                                    "\u2066x",
                                    "x\ufeff",
                                    "\U000e0041",
                                    "\xff",
                                    "\xc0\xaf",
                                    "\xe3\x81",
                                    "a\xed\xa0\x80",
                                    "\xf4\x90\x80\x80"};
  (void)st;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(good); i++)
    if (!prac_text_plain(good[i])) fail_msg("good %zu", i);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bad); i++)
    if (prac_text_plain(bad[i])) fail_msg("bad %zu", i);
}

static void lengths(void **st)
{
  (void)st;
  assert_int_equal(prac_utf8_len("a", 1), 1);
  assert_int_equal(prac_utf8_len("あ", 3), 3);
  assert_int_equal(prac_utf8_len("あ", 2), 0); /* cut off */
  assert_int_equal(prac_utf8_len("", 0), 0);
  assert_int_equal(prac_text_hidden("", 0), 0);
  assert_int_equal(prac_text_hidden("\u202e", 3), 3);
  assert_int_equal(prac_text_hidden("\xff\xff", 2), 1);
  assert_int_equal(prac_text_hidden("あ", 3), 0);
}

static void shown(void **st)
{
  static const struct {
    const char *in, *out;
  } v[] = {{"日本 a", "日本 a"},
           {"a\x1b[2J", "a\\u001b[2J"},
           {"\xc2\x9b"
            "2J",
            "\\u009b2J"},
           {"evil\u202e"
            "gpj",
            "evil\\u202egpj"},
           {"\xff!", "\\xff!"},
           {"", ""}};
  char to[64];
  (void)st;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(v); i++)
    assert_string_equal(prac_text_shown(v[i].in, to, sizeof to), v[i].out);
  assert_string_equal(prac_text_shown("ああ", to, 6), "あ"); /* no half characters */
  assert_string_equal(prac_text_shown("\n", to, 6), "");     /* nor half an escape */
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(plain), cmocka_unit_test(lengths),
                                     cmocka_unit_test(shown)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
