#include "lib/t.h"

#include <stdlib.h>
#include <string.h>

#include "base/lpm.h"
#include "lib/choice.h"

static struct prac_ip ip(const char *s)
{
  struct prac_ip a;
  assert_int_equal(prac_ip_parse(s, strlen(s), &a), PRAC_OK);
  return a;
}

static struct prac_lpm_range prefix(const char *s, uint32_t v)
{
  struct prac_prefix p;
  assert_int_equal(prac_prefix_parse(s, strlen(s), &p), PRAC_OK);
  return prac_lpm_range_of(&p, v);
}

static uint32_t find(const struct prac_lpm *l, const char *s)
{
  struct prac_ip a = ip(s);
  return prac_lpm_find(l, &a);
}

static void most_specific_wins(void **state)
{
  (void)state;
  struct prac_lpm_range r[] = {
      prefix("10.0.0.0/8", 1),        prefix("10.1.2.3/32", 3),     prefix("10.1.0.0/16", 2),
      prefix("2001:db8::/32", 4),     prefix("2001:db8:1::/48", 5), prefix("255.255.255.255/32", 6),
      prefix("0.0.0.0/32", 7),        prefix("ffff:ffff::/32", 8),  prefix("10.1.2.0/24", 0),
      prefix("2001:db8:1::1/128", 9),
  };
  struct prac_lpm *l = NULL;
  assert_int_equal(prac_lpm_new(r, PRAC_ARRAY_LEN(r), &l), PRAC_OK);
  static const struct {
    const char *ip;
    uint32_t v;
  } rows[] = {
      {"9.255.255.255", 0},
      {"10.0.0.0", 1},
      {"10.1.0.0", 2},
      {"10.1.2.2", 0},
      {"10.1.2.3", 3},
      {"10.1.2.4", 0},
      {"10.1.3.0", 2},
      {"10.2.0.0", 1},
      {"10.255.255.255", 1},
      {"11.0.0.0", 0},
      {"0.0.0.0", 7},
      {"0.0.0.1", 0},
      {"255.255.255.255", 6},
      {"255.255.255.254", 0},
      {"2001:db8::", 4},
      {"2001:db8:1::", 5},
      {"2001:db8:1::1", 9},
      {"2001:db8:1::2", 5},
      {"2001:db8:2::", 4},
      {"2001:db9::", 0},
      {"::", 0},
      {"ffff:fffe::", 0},
      {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 8},
      {"::fffe:ffff:ffff", 0},
      {"::1:0:0:0", 0},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++)
    assert_int_equal(find(l, rows[i].ip), rows[i].v);
  prac_lpm_free(&l);
  assert_null(l);
}

static void everything_and_nothing(void **state)
{
  (void)state;
  struct prac_lpm *l = NULL;
  assert_int_equal(prac_lpm_new(NULL, 0, &l), PRAC_OK);
  assert_int_equal(find(l, "1.2.3.4"), 0);
  assert_int_equal(find(l, "2001:db8::1"), 0);
  prac_lpm_free(&l);
  struct prac_lpm_range all = prefix("::/0", 5);
  assert_int_equal(prac_lpm_new(&all, 1, &l), PRAC_OK);
  assert_int_equal(find(l, "::"), 5);
  assert_int_equal(find(l, "1.2.3.4"), 5);
  assert_int_equal(find(l, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 5);
  prac_lpm_free(&l);
  struct prac_lpm_range wrong = {ip("2.0.0.0"), ip("1.0.0.0"), 1};
  assert_int_equal(prac_lpm_new(&wrong, 1, &l), PRAC_MALFORMED);
  struct prac_lpm_cut cuts[] = {{ip("2.0.0.0"), 1}, {ip("2.0.0.0"), 2}};
  assert_int_equal(prac_lpm_from_cuts(cuts, 2, &l), PRAC_MALFORMED);
  assert_null(l);
  assert_int_equal(find(NULL, "1.2.3.4"), 0);
}

static void the_piece_around_an_address(void **state)
{
  (void)state;
  struct prac_lpm_range r[] = {{ip("1.0.0.0"), ip("1.0.2.255"), 7}};
  struct prac_lpm *l = NULL;
  struct prac_ip first, last, a = ip("1.0.1.77");
  char text[PRAC_IP_TEXT];
  assert_int_equal(prac_lpm_new(r, 1, &l), PRAC_OK);
  assert_int_equal(prac_lpm_piece(l, &a, &first, &last), 7);
  assert_true(prac_ip_eq(&first, &r[0].first));
  assert_true(prac_ip_eq(&last, &r[0].last));
  struct prac_prefix p = prac_lpm_prefix_in(&a, &first, &last);
  assert_string_equal(prac_prefix_text(text, &p), "1.0.0.0/23");
  a = ip("1.0.2.1");
  p = prac_lpm_prefix_in(&a, &first, &last);
  assert_string_equal(prac_prefix_text(text, &p), "1.0.2.0/24");
  a = ip("2001::");
  assert_int_equal(prac_lpm_piece(l, &a, &first, &last), 0);
  a = ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  assert_true(prac_ip_eq(&last, &a));
  a = ip("::1:0:0:0"); /* right behind IPv4 */
  assert_true(prac_ip_eq(&first, &a));
  prac_lpm_free(&l);
}

/* ---- against a linear scan ---- */

enum { MOST = 24 };

/* Few distinct addresses, close to the edges that matter, so that ranges touch and cross. */
static struct prac_ip some_ip(struct choice *c)
{
  static const uint64_t hi[] = {0, 0, 0, 0x20010db800000000u, 0x20010db80000ffffu, ~UINT64_C(0)};
  static const uint64_t lo[] = {0,
                                0xffff00000000u,
                                0xffff00010000u,
                                0xffff0a000000u,
                                0xffffffffffffu,
                                0x1000000000000u,
                                ~UINT64_C(0)};
  uint64_t h = hi[choice_below(c, 6)], l = lo[choice_below(c, 7)];
  return prac_ip_of(h, l + choice_below(c, 5) - 2);
}

static uint32_t slow(const struct prac_lpm_range *r, size_t n, const struct prac_ip *a)
{
  size_t best = n;
  for (size_t i = 0; i < n; i++) {
    if (memcmp(a, &r[i].first, 16) < 0 || memcmp(a, &r[i].last, 16) > 0) continue;
    if (best == n) {
      best = i;
      continue;
    }
    int later = memcmp(&r[i].first, &r[best].first, 16),
        ends = memcmp(&r[i].last, &r[best].last, 16);
    if (later > 0 || (later == 0 && ends <= 0)) best = i;
  }
  return best == n ? 0 : r[best].value;
}

static int same_as_a_scan(struct choice *c)
{
  struct prac_lpm_range r[MOST];
  size_t n = choice_below(c, MOST + 1);
  struct prac_lpm *l = NULL, *again = NULL;
  struct prac_lpm_cut cuts[2 * MOST + 8];
  for (size_t i = 0; i < n; i++) {
    r[i] = (struct prac_lpm_range){some_ip(c), some_ip(c), choice_below(c, 4)};
    if (memcmp(&r[i].first, &r[i].last, 16) > 0) {
      struct prac_ip t = r[i].first;
      r[i].first = r[i].last;
      r[i].last = t;
    }
  }
  if (prac_lpm_new(r, n, &l) != PRAC_OK) return 0;
  size_t n_cuts = prac_lpm_n_cuts(l);
  for (size_t i = 0; i < n_cuts; i++) cuts[i] = prac_lpm_cut_at(l, i);
  int ok = prac_lpm_from_cuts(cuts, n_cuts, &again) == PRAC_OK;
  for (int k = 0; ok && k < 60; k++) {
    struct prac_ip a = some_ip(c), first, last;
    uint32_t want = slow(r, n, &a);
    ok = prac_lpm_find(l, &a) == want && prac_lpm_find(again, &a) == want &&
         prac_lpm_piece(l, &a, &first, &last) == want && memcmp(&first, &a, 16) <= 0 &&
         memcmp(&a, &last, 16) <= 0 && slow(r, n, &first) == want && slow(r, n, &last) == want;
  }
  prac_lpm_free(&l);
  prac_lpm_free(&again);
  return ok;
}

static void any_ranges(void **state)
{
  (void)state;
  assert_true(prop_check("lpm", same_as_a_scan, 7, 20000));
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(most_specific_wins),
      cmocka_unit_test(everything_and_nothing),
      cmocka_unit_test(the_piece_around_an_address),
      cmocka_unit_test(any_ranges),
  };
  return cmocka_run_group_tests_name("lpm", t, NULL, NULL);
}
