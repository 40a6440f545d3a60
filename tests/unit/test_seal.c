/* Sealed secrets: the construction against RFC 9180, and that nothing opens that was changed, moved
 * or sealed to somebody else. */
#include "lib/t.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "access/seal.h"

static size_t bytes(const char *hex, uint8_t *to)
{
  size_t n = strlen(hex) / 2;
  for (size_t i = 0; i < n; i++) {
    unsigned v;
    assert_int_equal(sscanf(hex + 2 * i, "%2x", &v), 1);
    to[i] = (uint8_t)v;
  }
  return n;
}

/* Appendix A.2.1, sequence number 0. */
static void the_rfc_s_own(void **s)
{
  uint8_t own[32], public[32], is[32], aad[32], info[32], sealed[128], text[128], back[128];
  (void)s;
  (void)bytes("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb", own);
  (void)bytes("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a", public);
  size_t n_info = bytes("4f6465206f6e2061204772656369616e2055726e", info);
  size_t n_aad = bytes("436f756e742d30", aad);
  size_t n = bytes("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a"
                   "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db"
                   "21993c62ce81883d2dd1b51a28",
                   sealed);
  size_t n_text = bytes("4265617574792069732074727574682c20747275746820626561757479", text);
  const struct access_hpke h = {info, aad, n_info, n_aad};
  assert_int_equal(access_hpke_public(own, is, NULL), PRAC_OK);
  assert_memory_equal(is, public, 32);
  assert_int_equal(n, n_text + ACCESS_HPKE_MORE);
  assert_int_equal(access_hpke_open(own, &h, sealed, n, back, NULL), PRAC_OK);
  assert_memory_equal(back, text, n_text);
  assert_int_equal(access_hpke_seal(public, &h, text, n_text, sealed, NULL), PRAC_OK);
  assert_int_equal(access_hpke_open(own, &h, sealed, n, back, NULL), PRAC_OK);
  assert_memory_equal(back, text, n_text);
  memset(public, 0, 32); /* a point of small order */
  assert_int_equal(access_hpke_seal(public, &h, text, n_text, sealed, NULL), PRAC_DENIED);
  memset(sealed, 0, 32);
  assert_int_equal(access_hpke_open(own, &h, sealed, n, back, NULL), PRAC_DENIED);
}

static const struct access_seal_place here = {"mika", "s1", "https://h.example/x"};
static const char secret[] = "hs_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static struct access_seal_key a_key(void)
{
  struct access_seal_key k;
  assert_int_equal(access_seal_key_new(&k, NULL), PRAC_OK);
  return k;
}

static void opens_where_it_was_sealed(void **s)
{
  char sealed[ACCESS_SEALED], again[ACCESS_SEALED], text[ACCESS_SEAL_TEXT];
  char public[ACCESS_SEAL_HALF];
  struct access_seal_key k = a_key(), portals;
  (void)s;
  assert_int_equal(access_seal_key_read(access_seal_public(&k, public), &portals, NULL), PRAC_OK);
  assert_string_equal(portals.name, k.name);
  assert_int_equal(access_seal(&portals, &here, secret, sealed, NULL), PRAC_OK);
  assert_int_equal(access_seal(&portals, &here, secret, again, NULL), PRAC_OK);
  assert_string_not_equal(sealed, again);
  assert_true(access_sealed(sealed) && access_sealed_to(sealed, k.name));
  assert_null(strstr(sealed, "hs_"));
  assert_int_equal(access_unseal(&k, &here, sealed, text, NULL), PRAC_OK);
  assert_string_equal(text, secret);
  assert_int_equal(access_unseal(&portals, &here, sealed, text, NULL), PRAC_DENIED);
  assert_string_equal(text, "");
}

static void moved(void **s)
{
  /* The last two have the bytes of `here` in a row, cut elsewhere. */
  static const struct access_seal_place v[] = {
      {"kai", "s1", "https://h.example/x"},  {"mika", "s2", "https://h.example/x"},
      {"mika", "s1", "https://h.example/y"}, {"mika", "s1", ""},
      {"mikas", "1", "https://h.example/x"}, {"mika", "s1https", "://h.example/x"}};
  char sealed[ACCESS_SEALED], text[ACCESS_SEAL_TEXT];
  struct access_seal_key k = a_key(), other = a_key();
  (void)s;
  assert_int_equal(access_seal(&k, &here, secret, sealed, NULL), PRAC_OK);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(v); i++)
    assert_int_equal(access_unseal(&k, &v[i], sealed, text, NULL), PRAC_DENIED);
  assert_int_equal(access_unseal(&other, &here, sealed, text, NULL), PRAC_UNKNOWN);
  memcpy(sealed + 8, other.name, 16); /* says another key than it is sealed to */
  assert_int_equal(access_unseal(&other, &here, sealed, text, NULL), PRAC_DENIED);
}

static void changed(void **s)
{
  char sealed[ACCESS_SEALED], bad[ACCESS_SEALED + 8], text[ACCESS_SEAL_TEXT];
  struct access_seal_key k = a_key();
  (void)s;
  assert_int_equal(access_seal(&k, &here, secret, sealed, NULL), PRAC_OK);
  size_t n = strlen(sealed);
  for (size_t i = 0; i < n; i++) { /* each letter another one; cut there */
    (void)snprintf(bad, sizeof bad, "%s", sealed);
    bad[i] = bad[i] == '0' ? '1' : '0';
    assert_int_not_equal(access_unseal(&k, &here, bad, text, NULL), PRAC_OK);
    bad[i] = '\0';
    assert_int_not_equal(access_unseal(&k, &here, bad, text, NULL), PRAC_OK);
    assert_string_equal(text, "");
  }
  (void)snprintf(bad, sizeof bad, "%s00", sealed);
  assert_int_not_equal(access_unseal(&k, &here, bad, text, NULL), PRAC_OK);
  for (char *p = sealed + 25; *p; p++) *p = (char)toupper(*p); /* one form alone */
  assert_int_equal(access_unseal(&k, &here, sealed, text, NULL), PRAC_MALFORMED);
}

static void lengths(void **s)
{
  char sealed[ACCESS_SEALED], text[ACCESS_SEAL_TEXT], long_one[ACCESS_SEAL_MAX + 2], url[5000];
  struct access_seal_key k = a_key();
  (void)s;
  memset(long_one, 'x', sizeof long_one);
  memset(url, 'u', sizeof url);
  url[sizeof url - 1] = long_one[ACCESS_SEAL_MAX + 1] = '\0';
  assert_int_equal(access_seal(&k, &here, long_one, sealed, NULL), PRAC_RANGE);
  long_one[ACCESS_SEAL_MAX] = '\0';
  assert_int_equal(access_seal(&k, &here, long_one, sealed, NULL), PRAC_OK);
  assert_int_equal(strlen(sealed), ACCESS_SEALED - 1);
  assert_int_equal(access_unseal(&k, &here, sealed, text, NULL), PRAC_OK);
  assert_string_equal(text, long_one);
  assert_int_equal(access_seal(&k, &here, "", sealed, NULL), PRAC_OK);
  assert_int_equal(access_unseal(&k, &here, sealed, text, NULL), PRAC_OK);
  assert_string_equal(text, "");
  const struct access_seal_place far = {"mika", "s1", url};
  assert_int_equal(access_seal(&k, &far, secret, sealed, NULL), PRAC_RANGE);
}

static void keys(void **s)
{
  static const char *const bad[] = {"", "0", "00", "zz", "sealed1:"};
  struct access_seal_key k;
  (void)s;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bad); i++) {
    assert_int_equal(access_seal_key_of(bad[i], &k, NULL), PRAC_MALFORMED);
    assert_int_equal(access_seal_key_read(bad[i], &k, NULL), PRAC_MALFORMED);
  }
  assert_false(access_sealed(NULL) || access_sealed("") || access_sealed(secret));
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(the_rfc_s_own), cmocka_unit_test(opens_where_it_was_sealed),
      cmocka_unit_test(moved),         cmocka_unit_test(changed),
      cmocka_unit_test(lengths),       cmocka_unit_test(keys),
  };
  return cmocka_run_group_tests_name("seal", t, NULL, NULL);
}
