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

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(rewind_keeps_what_was_before)};
  return cmocka_run_group_tests_name("arena", t, NULL, NULL);
}
