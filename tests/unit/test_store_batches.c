/* What a replay from a store gets: the batches that were put in, from every backend, from the log
 * and from segments; and the rules for those that cannot come back as they were. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "lib/store_made.h"
#include "lib/t.h"
#include "store/batches.h"
#include "store/embedded/embedded.h"

static struct prac_ip ip(uint32_t a)
{
  return prac_ip4(a);
}

static struct flow_batch *batch(const char *sensor, int minute, uint32_t part, uint32_t n,
                                const char *geo, struct model_strs lists)
{
  struct flow_row rows[64];
  struct flow_batch *b = NULL;
  memset(rows, 0, sizeof rows);
  for (uint32_t i = 0; i < n; i++) {
    rows[i].src = ip(0xc0000200 + (n - i));
    rows[i].dst = ip(0xc6336401);
    rows[i].proto = 6;
    rows[i].dport = (uint16_t)(part + 1);
    rows[i].first_ms = (uint16_t)(i * 900);
    rows[i].packets = i + 1;
    rows[i].survey = (uint16_t)(i % (lists.n + 1));
  }
  assert_int_equal(flow_batch_new(sensor, MADE_DAY + minute * PRAC_MIN, rows, n, &b), PRAC_OK);
  b->part = part;
  assert_int_equal(flow_batch_describe(b, geo, lists), PRAC_OK);
  return b;
}

static const char *const abc[] = {"acknowledged 2025-03-02", "b", "c"};
static const struct model_strs three = {abc, 3}, none = {NULL, 0};

/* ---- put together ---- */
static prac_rc to_text(void *arg, struct flow_batch *b)
{
  batch_text(b, arg);
  return PRAC_OK;
}

static char *given(struct store_batches *s)
{
  char *text = NULL;
  struct prac_err err = {0};
  assert_int_equal(store_batches_give(s, to_text, &text, &err), PRAC_OK);
  return text ? text : strdup("");
}

static void put_rows(struct store_batches *s, const struct flow_batch *b, bool backwards)
{
  for (uint32_t k = 0; k < b->n; k++) {
    uint32_t i = backwards ? b->n - 1 - k : k;
    struct store_flow f = {.sensor = b->sensor, .minute = b->minute, .part = b->part};
    f.row = flow_batch_row(b, i);
    f.geo = b->geo;
    f.survey = f.row.survey ? b->lists.v[f.row.survey - 1] : "";
    assert_int_equal(store_batches_row(s, &f), PRAC_OK);
  }
}

static void expect(struct store_batches *s, const struct flow_batch *b)
{
  const struct store_flow key = {.sensor = b->sensor, .minute = b->minute, .part = b->part};
  assert_int_equal(store_batches_expect(s, &key, b->n, b->last), PRAC_OK);
}

static void same_from_rows(void **state)
{
  (void)state;
  struct store_batches *s = store_batches_new();
  struct flow_batch *a = batch("tokyo", 1, 0, 40, "geo of 2026-06-17", three);
  struct flow_batch *b = batch("paris", 1, 0, 0, "", none), *c = batch("paris", 1, 1, 9, "", none);
  char *want = NULL;
  b->last = false;
  batch_text(b, &want);
  batch_text(c, &want);
  batch_text(a, &want);
  expect(s, c);
  expect(s, a);
  expect(s, b);
  put_rows(s, a, true);
  put_rows(s, c, true);
  char *saw = given(s);
  assert_string_equal(saw, want);
  free(saw);
  saw = given(s); /* given is given */
  assert_string_equal(saw, "");
  free(saw);
  free(want);
  flow_batch_unref(&a);
  flow_batch_unref(&b);
  flow_batch_unref(&c);
  store_batches_free(&s);
}

static prac_rc look_at_lists(void *arg, struct flow_batch *b)
{
  (void)arg;
  assert_int_equal(b->lists.n, 2); /* only what the rows carry, sorted */
  assert_string_equal(b->lists.v[0], "b");
  assert_string_equal(b->lists.v[1], "c");
  for (uint32_t i = 0; i < b->n; i++) assert_int_equal(b->survey[i], b->packets[i] == 2 ? 2 : 1);
  return PRAC_END;
}

static void lists_are_numbered_anew(void **state)
{
  (void)state;
  struct store_batches *s = store_batches_new();
  struct store_flow f = {.sensor = "tokyo", .minute = MADE_DAY, .geo = "g"};
  f.row.packets = 2;
  f.survey = "c";
  assert_int_equal(store_batches_row(s, &f), PRAC_OK);
  f.row.packets = 1;
  f.survey = "b";
  assert_int_equal(store_batches_row(s, &f), PRAC_OK);
  assert_int_equal(store_batches_give(s, look_at_lists, NULL, NULL), PRAC_END);
  store_batches_free(&s);
}

/* A sensor that was started again within a minute: whole or in rows, in any order, the same. */
static void twice_is_one(void **state)
{
  (void)state;
  struct store_batches *s = store_batches_new();
  struct flow_batch *a = batch("tokyo", 1, 0, 20, "geo of 2026-06-17", three);
  struct flow_batch *b = batch("tokyo", 1, 0, 30, "geo of 2026-07-01", none);
  char *text[4];
  a->last = false;
  for (int way = 0; way < 4; way++) {
    if (way & 1) expect(s, a);
    if (way & 1) expect(s, b);
    if (way & 2) {
      assert_int_equal(store_batches_take(s, b), PRAC_OK);
      assert_int_equal(store_batches_take(s, a), PRAC_OK);
    } else {
      assert_int_equal(store_batches_take(s, a), PRAC_OK);
      put_rows(s, b, true);
    }
    text[way] = given(s);
  }
  assert_non_null(strstr(text[0], "part 0 last 0 rows 50 geo geo of 2026-07-01"));
  assert_non_null(strstr(text[1], "part 0 last 1 rows 50 geo geo of 2026-07-01"));
  assert_string_equal(text[1], text[3]);
  assert_string_equal(text[2], text[3]);
  for (int way = 0; way < 4; way++) free(text[way]);
  flow_batch_unref(&a);
  flow_batch_unref(&b);
  store_batches_free(&s);
}

static void too_many_for_one(void **state)
{
  (void)state;
  struct store_batches *s = store_batches_new();
  struct store_flow f = {.sensor = "tokyo", .minute = MADE_DAY};
  for (uint32_t i = 0; i < FLOW_BATCH_MAX + 5; i++) {
    f.row.src = ip(FLOW_BATCH_MAX + 5 - i);
    assert_int_equal(store_batches_row(s, &f), PRAC_OK);
  }
  char *text = given(s);
  assert_non_null(strstr(text, "last 0 rows 1048576 "));
  const char *second = strstr(text, "rows 5 ");
  assert_non_null(second);
  assert_non_null(strstr(second, "0.16.0.5 ")); /* the highest addresses, though they came first */
  free(text);
  store_batches_free(&s);
}

static void what_is_missing_is_left_out(void **state)
{
  (void)state;
  struct store_batches *s = store_batches_new();
  struct flow_batch *a = batch("tokyo", 1, 0, 3, "", none), *b = batch("tokyo", 2, 0, 0, "", none);
  expect(s, a);
  expect(s, b);
  char *text = given(s);
  assert_null(strstr(text, "rows 3"));
  assert_non_null(strstr(text, "rows 0"));
  free(text);
  flow_batch_unref(&a);
  flow_batch_unref(&b);
  store_batches_free(&s);
}

static void a_question_is_checked(void **state)
{
  (void)state;
  struct prac_span span;
  struct prac_err err = {0};
  static const char *const bad[] = {"tokyo", "x' OR '1"};
  struct store_batch_query q = {.sensors = {bad, 2}};
  assert_int_equal(store_batch_query_check(&q, &span, &err), PRAC_MALFORMED);
  assert_non_null(strstr(err.text, "x' OR"));
  q = (struct store_batch_query){.span = {MADE_DAY + 1, MADE_DAY}};
  assert_int_equal(store_batch_query_check(&q, &span, &err), PRAC_RANGE);
  q.span = (struct prac_span){MADE_DAY + 59 * PRAC_SEC, PRAC_TIME_NONE};
  assert_int_equal(store_batch_query_check(&q, &span, &err), PRAC_OK);
  assert_int_equal(span.from, MADE_DAY);
  assert_int_equal(span.to, INT64_MAX);
}

/* ---- backends ---- */
static char dir[256];

static int setup(void **state)
{
  (void)state;
  made_dir(dir);
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  made_dir_remove(dir);
  return 0;
}

static struct store opened(const char *name)
{
  struct store s = {0};
  struct prac_err err = {0};
  struct emb_conf conf;
  prac_conf_defaults(&emb_conf_section, &conf);
  conf.small_rows = 0;
  const struct store_env env = {.dir = dir, .nthreads = 2};
  if (store_open(name, strcmp(name, "embedded") == 0 ? &conf : NULL, &env, &s, &err) != PRAC_OK)
    fail_msg("%s", err.text);
  return s;
}

static void append(struct store *s, struct flow_batch *const *b, size_t n)
{
  const struct store_tx tx = {.batches = b, .n_batches = n};
  struct prac_err err = {0};
  if (s->ops->append(s->st, &tx, &err) != PRAC_OK) fail_msg("%s", err.text);
}

static void maintain(struct store *s, int64_t after_ns)
{
  struct prac_err err = {0};
  if (s->ops->maintain(s->st, MADE_DAY + after_ns, &err) != PRAC_OK) fail_msg("%s", err.text);
}

static void check(struct store *s, const struct store_batch_query *q, const char *want)
{
  prac_rc rc;
  char *saw = batches_text(s, q, &rc);
  assert_int_equal(rc, PRAC_OK);
  assert_string_equal(saw, want);
  free(saw);
}

enum { MINUTES = 150, MADE = MINUTES * 3 };

/* Three sensors, two hours and a half, some minutes empty or in two parts. */
static void make(struct flow_batch **b)
{
  uint8_t bytes[30000];
  struct prac_rng rng = prac_rng_of(11);
  for (size_t i = 0; i < MADE; i++) {
    for (size_t k = 0; k < sizeof bytes; k++) bytes[k] = (uint8_t)prac_rng_u64(&rng);
    struct choice c = {bytes, bytes + sizeof bytes};
    static const int by_name[] = {1, 2, 0}; /* osaka, paris, tokyo */
    bool second = i % 3 == 2 && i / 3 % 7 == 3;
    const char *sensor = made_sensors[by_name[second ? 1 : i % 3]];
    b[i] = made_batch(&c, sensor, MADE_DAY + (prac_time)(i / 3) * PRAC_MIN, second, 40);
    if (i % 3 == 1 && i / 3 % 7 == 3) b[i]->last = false;
  }
}

static char *text_of(struct flow_batch *const *b, int from, int to, const char *sensor)
{
  char *text = strdup("");
  for (size_t i = 0; i < MADE; i++) {
    int minute = (int)((b[i]->minute - MADE_DAY) / PRAC_MIN);
    if (minute >= from && minute < to && (!sensor || strcmp(sensor, b[i]->sensor) == 0))
      batch_text(b[i], &text);
  }
  return text;
}

static void check_all(struct store *s, struct flow_batch *const *b)
{
  struct store_batch_query q = {.span = {0, 0}};
  char *all = text_of(b, 0, MINUTES, NULL);
  char *some = text_of(b, 50, 71, made_sensors[1]);
  check(s, &q, all);
  q.sensors = (struct model_strs){made_sensors, 3};
  check(s, &q, all);
  q.sensors = (struct model_strs){&made_sensors[1], 1};
  q.span = (struct prac_span){MADE_DAY + 50 * PRAC_MIN + 5, MADE_DAY + 70 * PRAC_MIN + 1};
  check(s, &q, some);
  q.span = (struct prac_span){MADE_DAY - PRAC_DAY, MADE_DAY - PRAC_HOUR};
  check(s, &q, "");
  free(all);
  free(some);
}

static void as_they_were_put_in(void **state)
{
  (void)state;
  static struct flow_batch *b[MADE], *mixed[MADE];
  make(b);
  for (size_t i = 0; i < MADE; i++) mixed[i] = b[(i * 77 + 5) % MADE];
  struct store ram = opened("ram"), emb = opened("embedded");
  append(&ram, mixed, MADE);
  append(&emb, mixed, MADE);
  check_all(&ram, b);
  check_all(&emb, b); /* all in the log */
  maintain(&emb, 2 * PRAC_HOUR + 10 * PRAC_MIN);
  check_all(&emb, b); /* two hours in segments, one in the log */
  maintain(&emb, 2 * PRAC_DAY);
  check_all(&emb, b); /* all in segments */
  store_close(&emb);
  emb = opened("embedded");
  check_all(&emb, b);
  struct emb *e = emb.st;
  e->conf.memory_bytes = 1 << 16; /* DuckDB is open already: only our windows shrink */
  check_all(&emb, b);
  store_close(&ram);
  store_close(&emb);
  for (size_t i = 0; i < MADE; i++) flow_batch_unref(&b[i]);
}

static prac_rc stop_at_third(void *arg, struct flow_batch *b)
{
  size_t *n = arg;
  (void)b;
  return ++*n == 3 ? PRAC_STOPPED : PRAC_OK;
}

static void stops_when_told(void **state)
{
  (void)state;
  static const char *const names[] = {"ram", "embedded"};
  struct store_batch_query q = {.span = {PRAC_TIME_NONE, PRAC_TIME_NONE}};
  for (size_t i = 0; i < 2; i++) {
    struct store s = opened(names[i]);
    struct prac_err err = {0};
    size_t n = 0;
    for (int m = 0; m < 9; m++) {
      struct flow_batch *b = batch("tokyo", m * 40, 0, 2, "", none);
      append(&s, &b, 1);
      flow_batch_unref(&b);
    }
    assert_int_equal(s.ops->batches(s.st, &q, stop_at_third, &n, &err), PRAC_STOPPED);
    assert_int_equal(n, 3);
    q.span = (struct prac_span){MADE_DAY + 1, MADE_DAY};
    assert_int_equal(s.ops->batches(s.st, &q, stop_at_third, &n, &err), PRAC_RANGE);
    q.span = (struct prac_span){PRAC_TIME_NONE, PRAC_TIME_NONE};
    store_close(&s);
  }
}

static void a_lost_segment_is_left_out(void **state)
{
  (void)state;
  struct store s = opened("embedded");
  char *want = strdup("");
  for (int m = 0; m < 3; m++) {
    struct flow_batch *b = batch("tokyo", m * 60, 0, 5, "", none);
    append(&s, &b, 1);
    maintain(&s, (m + 2) * PRAC_HOUR);
    if (m != 1) batch_text(b, &want);
    flow_batch_unref(&b);
  }
  char path[512];
  (void)snprintf(path, sizeof path, "%s/flows/000000000002.parquet", dir);
  assert_int_equal(unlink(path), 0);
  check(&s, &(struct store_batch_query){.span = {0, 0}}, want);
  store_close(&s);
  free(want);
}

/* ---- while it is written ---- */
enum { WRITTEN = 80 };

static void write_on(void)
{
  struct store s = opened("embedded");
  struct emb *e = s.st;
  e->conf.flush_rows = 1;
  for (int m = 0; m < WRITTEN; m++) {
    struct flow_batch *b = batch("tokyo", m, 0, 1 + (uint32_t)m % 5, "", none);
    append(&s, &b, 1);
    if (m % 5 == 0) maintain(&s, m * PRAC_MIN);
    flow_batch_unref(&b);
  }
  store_close(&s);
  _exit(0);
}

static prac_rc next_minute(void *arg, struct flow_batch *b)
{
  int *m = arg;
  assert_int_equal(b->minute, MADE_DAY + *m * PRAC_MIN);
  assert_int_equal(b->n, 1 + *m % 5);
  ++*m;
  return PRAC_OK;
}

/* Batches move from the log to segments, segments come, log files go: a reader sees none twice and
 * none missing. */
static void while_written(void **state)
{
  (void)state;
  struct store s = opened("embedded"); /* makes it, so that a reader finds it */
  store_close(&s);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) write_on();
  const struct store_env env = {.dir = dir, .read_only = true, .nthreads = 1};
  const struct store_batch_query q = {.span = {0, 0}};
  struct prac_err err = {0};
  assert_int_equal(store_open("embedded", NULL, &env, &s, &err), PRAC_OK);
  int last = 0, status = 0;
  for (pid_t gone = 0; gone == 0;) { /* once more after it has gone: all of it is there */
    gone = waitpid(pid, &status, WNOHANG);
    assert_true(gone >= 0);
    int n = 0;
    if (s.ops->batches(s.st, &q, next_minute, &n, &err) != PRAC_OK) fail_msg("%s", err.text);
    assert_true(n >= last);
    last = n;
  }
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  assert_int_equal(last, WRITTEN);
  store_close(&s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(same_from_rows),
      cmocka_unit_test(lists_are_numbered_anew),
      cmocka_unit_test(twice_is_one),
      cmocka_unit_test(too_many_for_one),
      cmocka_unit_test(what_is_missing_is_left_out),
      cmocka_unit_test(a_question_is_checked),
      T(as_they_were_put_in),
      T(stops_when_told),
      T(a_lost_segment_is_left_out),
      T(while_written),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
