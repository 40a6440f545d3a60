/* Alerts and attacks are found by when they ran, not by when they were told last; and of many, only
 * those that matter are looked at. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/store_made.h"
#include "lib/t.h"
#include "store/embedded/embedded.h"

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

static struct store must_open(const char *name)
{
  struct store s = {0};
  struct prac_err err = {0};
  const struct store_env env = {.dir = dir, .nthreads = 1};
  if (store_open(name, NULL, &env, &s, &err) != PRAC_OK) fail_msg("%s", err.text);
  return s;
}

static void put(struct store *s, const struct store_rec *r, size_t n)
{
  assert_int_equal(s->ops->append(s->st, &(struct store_tx){.recs = r, .n_recs = n}, NULL),
                   PRAC_OK);
}

static prac_time hour(int h)
{
  return MADE_DAY + h * PRAC_HOUR;
}

static struct alert alert_of(const char *id, int from, int at, bool open)
{
  return (struct alert){.id = id,
                        .key = "country:MM",
                        .state = open ? "update" : "close",
                        .opened = hour(from),
                        .from = hour(from),
                        .to = hour(at),
                        .at = hour(at),
                        .closed = open ? PRAC_TIME_NONE : hour(at)};
}

struct ids {
  char text[256];
};

static prac_rc take_id(void *arg, const struct store_col *cols, size_t n,
                       const struct store_value *v)
{
  struct ids *l = arg;
  const char *id = strstr(v[0].s, "\"id\":\"");
  (void)cols, (void)n;
  assert_non_null(id);
  size_t at = strlen(l->text);
  (void)snprintf(l->text + at, sizeof l->text - at, "%.1s", id + 6);
  return PRAC_OK;
}

static void expect(struct store *s, struct store_query q, int from, int to, const char *ids)
{
  struct ids l = {""};
  q.what = STORE_RECORDS;
  if (!q.kind) q.kind = &model_alert;
  q.span = (struct prac_span){hour(from), hour(to)};
  assert_int_equal(s->ops->query(s->st, &q, take_id, &l, NULL), PRAC_OK);
  assert_string_equal(l.text, ids);
}

static void found_by_when_they_ran(void **state)
{
  static const char *const names[] = {"ram", "embedded"};
  (void)state;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(names); i++) {
    struct store s = must_open(names[i]);
    const struct alert a[] = {alert_of("a", 2, 20, false), /* told last long after */
                              alert_of("b", 10, 12, false), alert_of("c", 1, 9, false),
                              alert_of("d", 3, 5, true), /* nobody has said that it is over */
                              alert_of("e", 15, 16, true),  alert_of("f", 0, 200, false)};
    struct episode e = {.id = "x", .state = "update", .from = hour(1), .to = hour(3)};
    struct store_rec r[7];
    e.at = hour(3);
    for (size_t k = 0; k < 6; k++) r[k] = (struct store_rec){&model_alert, &a[k]};
    r[6] = (struct store_rec){&model_episode, &e};
    put(&s, r, 7);
    expect(&s, (struct store_query){.limit = 0}, 10, 11, "fabd");
    expect(&s, (struct store_query){.limit = 2}, 10, 11, "fa");
    expect(&s, (struct store_query){.oldest_first = true}, 10, 11, "dbaf");
    expect(&s, (struct store_query){.after = "a", .after_at = hour(20)}, 10, 11, "bd");
    expect(&s, (struct store_query){.after = "b", .after_at = hour(12), .oldest_first = true}, 10,
           11, "af");
    expect(&s, (struct store_query){.state = "update"}, 10, 11, "d");
    expect(&s, (struct store_query){.id = "a"}, 10, 11, "a");
    expect(&s, (struct store_query){.id = "c"}, 10, 11, "");
    expect(&s, (struct store_query){.key = "country:MM"}, 0, 2, "fc");
    expect(&s, (struct store_query){.limit = 0}, 9, 10, "facd"); /* both ends belong to it */
    expect(&s, (struct store_query){.kind = &model_episode}, 10, 11, "x");
    e.state = "end";
    put(&s, &r[6], 1);
    expect(&s, (struct store_query){.kind = &model_episode}, 10, 11, "");
    store_close(&s);
  }
}

static int step(void *arg)
{
  ++*(unsigned *)arg;
  return 0;
}

/* In thousands of SQLite's instructions. */
static unsigned work_of(struct store *s, const struct store_query *q, struct ids *ids)
{
  unsigned n = 0;
  struct emb *e = s->st;
  sqlite3_progress_handler(e->db, 1000, step, &n);
  ids->text[0] = 0;
  assert_int_equal(s->ops->query(s->st, q, take_id, ids, NULL), PRAC_OK);
  sqlite3_progress_handler(e->db, 0, NULL, NULL);
  return n;
}

/* 40,000 alerts of half an hour, one after the other, one of them long, and the first still open.
 * A walk through all takes more than half a million instructions. */
static void only_those_are_looked_at(void **state)
{
  enum { N = 40000 };
  (void)state;
  struct store s = must_open("embedded");
  struct alert *a = calloc(N, sizeof *a);
  struct store_rec *r = calloc(N, sizeof *r);
  char(*id)[16] = calloc(N, sizeof *id);
  assert_true(a && r && id);
  for (int i = 0; i < N; i++) {
    (void)snprintf(id[i], sizeof id[i], "%c%d", i == 0 ? 'o' : i == N / 2 ? 'l' : 's', i);
    a[i] = alert_of(id[i], 0, 0, i == 0);
    a[i].at = hour(0) + i * PRAC_MIN;
    a[i].opened = a[i].at - (i == N / 2 ? 50 * PRAC_HOUR : 30 * PRAC_SEC);
    a[i].from = PRAC_TIME_NONE;
    r[i] = (struct store_rec){&model_alert, &a[i]};
  }
  put(&s, r, N);
  struct ids l;
  struct store_query q = {.what = STORE_RECORDS, .kind = &model_alert};
  q.span = (struct prac_span){a[N / 2 - 2000].at, a[N / 2 - 2000].at + PRAC_MIN};
  assert_in_range(work_of(&s, &q, &l), 0, 10);
  assert_string_equal(l.text, "lsso");
  q.oldest_first = true;
  assert_in_range(work_of(&s, &q, &l), 0, 10);
  assert_string_equal(l.text, "ossl");
  q = (struct store_query){.what = STORE_RECORDS, .kind = &model_alert, .limit = 3};
  assert_in_range(work_of(&s, &q, &l), 0, 10);
  assert_string_equal(l.text, "sss");
  q = (struct store_query){.what = STORE_RECORDS, .kind = &model_alert, .country = "ZZ"};
  assert_in_range(work_of(&s, &q, &l), 100, 10000); /* all of them: it is counted */
  free(id);
  free(r);
  free(a);
  store_close(&s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {T(found_by_when_they_ran), T(only_those_are_looked_at)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
