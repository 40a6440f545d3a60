/* Work space within an arena: what was there before a mark stays, what came after goes. */
#include "lib/t.h"

#include <string.h>

#include "base/arena.h"

static void rewind_keeps_what_was_before(void **s)
{
  (void)s;
  struct prac_arena *a = prac_arena_new(256);
  struct prac_arena_mark empty = prac_arena_mark(a);
  char *kept[40];
  for (size_t i = 0; i < 40; i++) {
    kept[i] = prac_arena_strndup(a, "a text that stays", 17);
    assert_non_null(kept[i]);
    struct prac_arena_mark m = prac_arena_mark(a);
    for (size_t k = 0; k < i; k++) { /* smaller and larger than a chunk */
      char *gone = prac_arena_alloc(a, 1 + k * 50);
      assert_non_null(gone);
      for (size_t j = 0; j < 1 + k * 50; j++) assert_int_equal(gone[j], 0);
      memset(gone, 'x', 1 + k * 50);
    }
    prac_arena_rewind(a, m);
    for (size_t k = 0; k <= i; k++) assert_string_equal(kept[k], "a text that stays");
  }
  prac_arena_rewind(a, empty);
  assert_null(prac_arena_mark(a).chunk);
  assert_non_null(prac_arena_alloc(a, 10));
  prac_arena_free(&a);
}

static void large_memory_goes_at_a_rewind(void **s)
{
  (void)s;
  struct prac_arena *a = prac_arena_new(256);
  for (size_t n = 0; n < (8u << 20); n = n * 3 + 1) {
    char *kept = prac_arena_strndup(a, "stays", 5);
    struct prac_arena_mark m = prac_arena_mark(a);
    unsigned char *p = prac_arena_alloc_large(a, n);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 64, 0);
    for (size_t i = 0; i < n; i++) assert_int_equal(p[i], 0);
    memset(p, 1, n);
    assert_non_null(prac_arena_alloc(a, 100));
    prac_arena_rewind(a, m);
    assert_string_equal(kept, "stays");
  }
  assert_null(prac_arena_alloc_large(a, SIZE_MAX));
  prac_arena_free(&a);
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(rewind_keeps_what_was_before),
                                 cmocka_unit_test(large_memory_goes_at_a_rewind)};
  return cmocka_run_group_tests_name("arena", t, NULL, NULL);
}
