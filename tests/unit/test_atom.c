/* A feed's bytes: every text that anybody can choose comes out as text, or as U+FFFD; what a parser
 * reads back is asked of Python (tests/integration/t_atom.py uses `--write`). */
#include "lib/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "portal/atom.h"

#define T0 (INT64_C(1427846523) * PRAC_SEC)

static struct atom_entry entry(const char *text)
{
  return (struct atom_entry){.kind = "alert",
                             .id = text,
                             .state = text,
                             .title = text,
                             .text = text,
                             .url = text,
                             .updated = T0,
                             .published = T0};
}

static struct prac_json feed(const char *text)
{
  struct prac_json j = prac_json_of(0);
  const struct atom_entry e = entry(text);
  atom_open(
      &j,
      &(struct atom_feed){
          .id = text, .title = text, .language = text, .self = text, .home = text, .updated = T0});
  atom_put(&j, &e);
  atom_close(&j);
  assert_false(j.bad);
  return j;
}

static void escaped(void **s)
{
  (void)s;
  struct prac_json j = feed("<b>&\"'\x01\n]]>\xff\xef\xbf\xbf\xe2\x80\xae");
  const char *title = strstr(j.buf, "<title>");
  assert_non_null(title);
  const char *want = "<title>&lt;b&gt;&amp;&quot;&#39;\xef\xbf\xbd&#10;]]&gt;"
                     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd</title>";
  assert_memory_equal(title, want, strlen(want));
  prac_json_done(&j);
  char to[16];
  atom_path("a/b %<", to, sizeof to);
  assert_string_equal(to, "a%2Fb%20%25%3C");
  atom_path("aaaaaaaaaaaaaaaaaaaaaa", to, 8); /* cut, never torn */
  assert_string_equal(to, "aaaaa");
}

/* Feeds of random bytes, one a line ended by NUL, for a real parser. */
static int write_many(int n)
{
  struct prac_rng r = prac_rng_of(7);
  for (int i = 0; i < n; i++) {
    char text[200];
    size_t len = prac_rng_below(&r, sizeof text - 1);
    for (size_t k = 0; k < len; k++) text[k] = (char)(1 + prac_rng_below(&r, 255));
    text[len] = '\0';
    struct prac_json j = feed(text);
    (void)fwrite(j.buf, 1, j.len, stdout);
    (void)fputc(0, stdout);
    prac_json_done(&j);
  }
  return 0;
}

int main(int argc, char **argv)
{
  if (argc > 2 && strcmp(argv[1], "--write") == 0) return write_many(atoi(argv[2]));
  const struct CMUnitTest tests[] = {cmocka_unit_test(escaped)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
