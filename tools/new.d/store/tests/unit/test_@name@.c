/* Nothing twice, the oldest goes first, and the same flows as the ram store. */
#include "lib/t.h"

#include <stdlib.h>
#include <string.h>

#include "lib/store_made.h"

extern const struct store_ops store_@name@;

static struct store opened(const char *text)
{
  const struct prac_conf_section *sections[] = {store_@name@.conf, NULL};
  struct prac_conf *conf = NULL;
  struct prac_err e = {.text = ""};
  struct store s = {.ops = NULL};
  const struct store_env env = {.dir = ".", .nthreads = 1};
  if (prac_conf_parse(text, strlen(text), "test", sections, &conf, &e) != PRAC_OK ||
      store_open("@name@", prac_conf_get(conf, "store.@name@", 0), &env, &s, &e) != PRAC_OK)
    fail_msg("%s", e.text);
  prac_conf_free(&conf);
  return s;
}

static void append(struct store *s, struct choice *c, int minute, uint64_t seq)
{
  struct flow_batch *b = made_batch(c, made_sensors[0], MADE_DAY + minute * PRAC_MIN, 0, 20);
  const struct store_tx tx = {.batches = &b, .n_batches = 1, .consumer = "test", .seq = seq};
  assert_non_null(b);
  assert_int_equal(s->ops->append(s->st, &tx, NULL), PRAC_OK);
  flow_batch_unref(&b);
}

static size_t lines(struct store *s, const struct store_query *q)
{
  prac_rc rc = PRAC_OK;
  char *text = answer_text(s, q, &rc);
  size_t n = 0;
  assert_int_equal(rc, PRAC_OK);
  for (const char *p = text; p && (p = strchr(p, '\n')); p++) n++;
  free(text);
  return n;
}

static const uint8_t bytes[4096] = {19, 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8};

static void nothing_is_stored_twice(void **st)
{
  (void)st;
  struct store s = opened("");
  struct choice c = {bytes, bytes + sizeof bytes}, again = c;
  const struct store_query q = {.what = STORE_FLOWS};
  uint64_t seq = 0;
  append(&s, &c, 0, 7);
  size_t n = lines(&s, &q);
  append(&s, &again, 0, 7);
  assert_true(n > 0);
  assert_int_equal(lines(&s, &q), n);
  assert_int_equal(s.ops->position(s.st, "test", &seq, NULL), PRAC_OK);
  assert_int_equal(seq, 7);
  assert_int_equal(s.ops->position(s.st, "nobody", &seq, NULL), PRAC_OK);
  assert_int_equal(seq, 0);
  store_close(&s);
}

static void the_oldest_goes_first(void **st)
{
  (void)st;
  struct store s = opened("store:\n  @name@:\n    batches: 2\n");
  const struct store_query first = {.what = STORE_FLOWS, .span = {MADE_DAY, MADE_DAY + PRAC_MIN}};
  for (int m = 0; m < 3; m++) {
    struct choice c = {bytes, bytes + sizeof bytes};
    append(&s, &c, m, (uint64_t)m + 1);
    assert_int_equal(lines(&s, &first) > 0, m < 2);
  }
  store_close(&s);
}

static prac_rc count(void *arg, struct flow_batch *b)
{
  size_t *n = arg;
  assert_true(b->minute == MADE_DAY + (prac_time)*n * PRAC_MIN);
  ++*n;
  return PRAC_OK;
}

static void batches_come_again_in_order(void **st)
{
  (void)st;
  struct store s = opened("");
  const struct store_batch_query q = {.span = {PRAC_TIME_NONE, MADE_DAY + 2 * PRAC_MIN}};
  size_t n = 0;
  for (int m = 2; m >= 0; m--) {
    struct choice c = {bytes, bytes + sizeof bytes};
    append(&s, &c, m, (uint64_t)(3 - m));
  }
  assert_int_equal(s.ops->batches(s.st, &q, count, &n, NULL), PRAC_OK);
  assert_int_equal(n, 2);
  store_close(&s);
}

static void other_questions_are_refused_in_words(void **st)
{
  (void)st;
  struct store s = opened("");
  struct prac_err e = {.text = ""};
  const struct store_query q = {.what = STORE_SENSORS};
  assert_int_equal(s.ops->query(s.st, &q, NULL, NULL, &e), PRAC_UNSUPPORTED);
  assert_non_null(strstr(e.text, "@name@"));
  store_close(&s);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(nothing_is_stored_twice),
      cmocka_unit_test(the_oldest_goes_first),
      cmocka_unit_test(batches_come_again_in_order),
      cmocka_unit_test(other_questions_are_refused_in_words),
  };
  return cmocka_run_group_tests_name("@name@", t, NULL, NULL);
}
