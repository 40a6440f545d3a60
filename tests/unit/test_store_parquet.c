/* Our own reader of segments: what DuckDB writes comes back the same, in every way that it can
 * stand in a file; what we do not know, and damage anywhere, is refused without harm. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rng.h"
#include "lib/store_made.h"
#include "lib/t.h"
#include "store/embedded/runs.h"

static char dir[256], path[300];
static duckdb_database db;
static duckdb_connection con;

static int setup(void **state)
{
  (void)state;
  made_dir(dir);
  (void)mkdir(dir, 0700);
  (void)snprintf(path, sizeof path, "%s/a.parquet", dir);
  return duckdb_open(NULL, &db) == DuckDBSuccess && duckdb_connect(db, &con) == DuckDBSuccess ? 0
                                                                                              : -1;
}

static int teardown(void **state)
{
  (void)state;
  duckdb_disconnect(&con);
  duckdb_close(&db);
  made_dir_remove(dir);
  return 0;
}

static void run(const char *sql, duckdb_result *r)
{
  if (duckdb_query(con, sql, r) != DuckDBSuccess) fail_msg("%s: %s", sql, duckdb_result_error(r));
}

static void write_it(const char *select, const char *options)
{
  char sql[2048];
  duckdb_result r;
  (void)snprintf(sql, sizeof sql, "COPY (%s) TO '%s' (FORMAT parquet, %s)", select, path, options);
  run(sql, &r);
  duckdb_destroy_result(&r);
}

/* Every value of a column in steps of `step` rows against DuckDB's. */
static void same_column(const struct emb_pq *f, size_t column, size_t step)
{
  char sql[512];
  duckdb_result r;
  struct emb_pq_cursor c = {0};
  uint64_t v[4096];
  idx_t row = 0;
  bool text = f->column[column].type == EMB_PQ_TEXT;
  (void)snprintf(sql, sizeof sql,
                 text ? "SELECT \"%s\" FROM '%s'"
                      : "SELECT (\"%s\"::HUGEINT & 18446744073709551615)::UBIGINT"
                        " FROM '%s'",
                 f->column[column].name, path);
  run(sql, &r);
  for (size_t g = 0; g < f->n_groups; g++) {
    if (emb_pq_start(&c, f, g, column) != PRAC_OK)
      fail_msg("%s of group %zu is refused", f->column[column].name, g);
    for (size_t left = f->chunk[g * f->n_columns + column].values, n; left > 0; left -= n) {
      n = left < step ? left : step;
      assert_int_equal(emb_pq_next(&c, v, n), PRAC_OK);
      for (size_t i = 0; i < n; i++, row++) {
        uint64_t want;
        if (text) {
          char *s = duckdb_value_varchar(&r, 0, row);
          want = s[0] ? (uint64_t)((uint8_t)s[0] << 8 | (uint8_t)s[1]) : 0;
          duckdb_free(s);
        } else {
          want = duckdb_value_uint64(&r, 0, row);
        }
        if (f->column[column].type == EMB_PQ_INT32) want &= UINT32_MAX;
        if (v[i] != want)
          fail_msg("%s, row %llu: %llu, not %llu", f->column[column].name, (unsigned long long)row,
                   (unsigned long long)v[i], (unsigned long long)want);
      }
    }
    assert_int_equal(emb_pq_next(&c, v, 1), PRAC_UNSUPPORTED); /* no more than there are */
  }
  assert_int_equal(row, duckdb_row_count(&r));
  emb_pq_cursor_done(&c);
  duckdb_destroy_result(&r);
}

static void same_file(size_t step)
{
  struct emb_pq f;
  assert_int_equal(emb_pq_open(&f, path), PRAC_OK);
  assert_true(f.n_columns > 0);
  for (size_t i = 0; i < f.n_columns; i++) same_column(&f, i, step);
  emb_pq_done(&f);
}

/* Differences of every width up to 64 bits, runs, dictionaries, texts, one value only. */
#define MADE                                                                                       \
  "SELECT i::UBIGINT AS rising, hash(i) AS wild, ((hash(i) >> (i % 64)::INTEGER))::UBIGINT AS "    \
  "widths,"                                                                                        \
  " (hash(i) >> 47)::UINTEGER AS w17, (hash(i) & 4294967295)::UINTEGER AS wild32,"                 \
  " (-i)::INTEGER AS negative, (-i * 70000)::BIGINT AS falling, (i // 700)::USMALLINT AS runs,"    \
  " (hash(i) % 3)::UTINYINT AS three, (hash(i) % 1000)::USMALLINT AS thousand, 7::UBIGINT AS one," \
  " ['', 'JP', 'CN', 'US', 'TW'][(hash(i) % 5)::INTEGER + 1] AS country,"                          \
  " if(i % 1000 < 900, 1, hash(i) % 100)::UINTEGER AS few"

static void every_way_of_writing(void **state)
{
  static const char *const options[] = {
      "COMPRESSION zstd, PARQUET_VERSION V2, ROW_GROUP_SIZE 65536, DICTIONARY_SIZE_LIMIT 4096",
      "COMPRESSION zstd, PARQUET_VERSION V1, ROW_GROUP_SIZE 4096",
      "COMPRESSION uncompressed, PARQUET_VERSION V2, ROW_GROUP_SIZE 10000",
      "COMPRESSION zstd, PARQUET_VERSION V2, ROW_GROUP_SIZE 2048, DICTIONARY_SIZE_LIMIT 10",
  };
  (void)state; /* without a limit few texts are not in a dictionary, and refused */
  for (size_t i = 0; i < PRAC_ARRAY_LEN(options); i++)
    for (int n = i == 1 || i == 2 ? 65 : 1; n < 80000; n = n * 7 + 2) {
      char select[1200];
      (void)snprintf(select, sizeof select, "%s FROM range(%d) t(i)", MADE, n);
      write_it(select, options[i]);
      same_file(n % 2 ? 2048 : 37);
    }
}

static void not_ours(void **state)
{
  static const char *const select[][2] = {
      {"SELECT if(i = 77, NULL, i) AS a FROM range(1000) t(i)", "COMPRESSION zstd"},
      {"SELECT i AS a FROM range(1000) t(i)", "COMPRESSION snappy"},
      {"SELECT i::DOUBLE AS a FROM range(1000) t(i)", "COMPRESSION zstd"},
      {"SELECT [i] AS a FROM range(1000) t(i)", "COMPRESSION zstd"},
      {"SELECT {'b': i} AS a FROM range(1000) t(i)", "COMPRESSION zstd"},
      {"SELECT 'abc' || i % 3 AS a FROM range(1000) t(i)", "COMPRESSION zstd"},
  };
  (void)state;
  struct emb_pq f;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(select); i++) {
    struct emb_pq_cursor c = {0};
    uint64_t v[1000];
    write_it(select[i][0], select[i][1]);
    prac_rc rc = emb_pq_open(&f, path);
    if (rc == PRAC_OK) rc = emb_pq_start(&c, &f, 0, 0);
    if (rc == PRAC_OK) rc = emb_pq_next(&c, v, 1000);
    assert_int_equal(rc, PRAC_UNSUPPORTED);
    emb_pq_cursor_done(&c);
    emb_pq_done(&f);
  }
  assert_int_equal(emb_pq_open(&f, "/nowhere"), PRAC_UNSUPPORTED);
  assert_int_equal(emb_pq_open(&f, "/dev/null"), PRAC_UNSUPPORTED);
}

static void dictionary_tells(void **state)
{
  (void)state;
  struct emb_pq f;
  struct emb_pq_cursor c = {0};
  write_it("SELECT (i % 3 * 5)::UTINYINT AS few, hash(i) AS wild FROM range(9000) t(i)",
           "COMPRESSION zstd, PARQUET_VERSION V2, DICTIONARY_SIZE_LIMIT 4096");
  assert_int_equal(emb_pq_open(&f, path), PRAC_OK);
  assert_int_equal(emb_pq_start(&c, &f, 0, emb_pq_find(&f, "few")), PRAC_OK);
  assert_true(emb_pq_may_hold(&c, 0, 0) && emb_pq_may_hold(&c, 1, 5));
  assert_true(emb_pq_may_hold(&c, 10, UINT64_MAX));
  assert_false(emb_pq_may_hold(&c, 1, 4) || emb_pq_may_hold(&c, 11, UINT64_MAX));
  assert_int_equal(emb_pq_start(&c, &f, 0, emb_pq_find(&f, "wild")), PRAC_OK);
  assert_true(emb_pq_may_hold(&c, 1, 1)); /* no dictionary: nobody knows */
  assert_int_equal(emb_pq_find(&f, "none"), f.n_columns);
  emb_pq_cursor_done(&c);
  emb_pq_done(&f);
}

/* What is passed over is not missed behind it. */
static void same_after_skips(const struct emb_pq *f, size_t column, struct prac_rng *r)
{
  enum { GROUP = 10240 };
  static uint64_t all[GROUP];
  struct emb_pq_cursor c = {0};
  for (size_t g = 0; g < f->n_groups; g++) {
    size_t n = f->chunk[g * f->n_columns + column].values, at = 0;
    assert_true(n <= GROUP);
    assert_int_equal(emb_pq_start(&c, f, g, column), PRAC_OK);
    assert_int_equal(emb_pq_next(&c, all, n), PRAC_OK);
    assert_int_equal(emb_pq_start(&c, f, g, column), PRAC_OK);
    while (at < n) {
      uint64_t one;
      size_t over = (size_t)prac_rng_below(r, 700);
      if (at + over >= n) break;
      assert_int_equal(emb_pq_skip(&c, over), PRAC_OK);
      assert_int_equal(emb_pq_next(&c, &one, 1), PRAC_OK);
      assert_int_equal(one, all[at + over]);
      at += over + 1;
    }
    assert_int_equal(emb_pq_skip(&c, n - at + 1), PRAC_UNSUPPORTED);
    assert_int_equal(emb_pq_skip(&c, n - at), PRAC_OK);
  }
  emb_pq_cursor_done(&c);
}

/* Nothing lies beyond what a row group says of itself. */
static void within_range(const struct emb_pq *f, size_t column, bool *ret_told)
{
  static uint64_t v[10240];
  struct emb_pq_cursor c = {0};
  for (size_t g = 0; g < f->n_groups; g++) {
    const struct emb_pq_chunk *k = &f->chunk[g * f->n_columns + column];
    assert_int_equal(emb_pq_start(&c, f, g, column), PRAC_OK);
    assert_int_equal(emb_pq_next(&c, v, k->values), PRAC_OK);
    for (size_t i = 0; i < k->values; i++) assert_true(v[i] >= k->lo && v[i] <= k->hi);
    *ret_told = k->lo != 0 || k->hi != UINT64_MAX;
  }
  emb_pq_cursor_done(&c);
}

static void skips_and_ranges(void **state)
{
  static const char *const options[] = {
      "COMPRESSION zstd, PARQUET_VERSION V2, ROW_GROUP_SIZE 10240, DICTIONARY_SIZE_LIMIT 4096",
      "COMPRESSION zstd, PARQUET_VERSION V1, ROW_GROUP_SIZE 8192"};
  struct prac_rng r = prac_rng_of(3);
  (void)state;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(options); i++) {
    struct emb_pq f;
    bool told = false;
    write_it(MADE " FROM range(25000) t(i)", options[i]);
    assert_int_equal(emb_pq_open(&f, path), PRAC_OK);
    for (size_t k = 0; k < f.n_columns; k++) {
      same_after_skips(&f, k, &r);
      within_range(&f, k, &told);
    }
    within_range(&f, emb_pq_find(&f, "rising"), &told);
    assert_true(told);
    emb_pq_done(&f);
  }
}

static void texts_of_any_length(void **state)
{
  static const char *const words[] = {"", "a", "zmap", "tokyo-2"};
  struct emb_pq f;
  struct emb_pq_cursor c = {.texts = true};
  uint64_t v[3000], found;
  size_t n;
  (void)state;
  write_it("SELECT ['', 'a', 'zmap', 'tokyo-2'][(hash(i) % 4)::INTEGER + 1] AS t,"
           " (hash(i) % 4)::UTINYINT AS k FROM range(3000) t(i)",
           "COMPRESSION zstd, PARQUET_VERSION V2, DICTIONARY_SIZE_LIMIT 4096");
  assert_int_equal(emb_pq_open(&f, path), PRAC_OK);
  assert_int_equal(emb_pq_start(&c, &f, 0, 0), PRAC_OK);
  assert_int_equal(emb_pq_next(&c, v, 3000), PRAC_OK);
  assert_false(emb_pq_text_find(&c, "tokyo", &found));
  struct emb_pq_cursor k = {.texts = true};
  uint64_t which[3000];
  assert_int_equal(emb_pq_start(&k, &f, 0, 1),
                   PRAC_UNSUPPORTED); /* numbers are no places of texts */
  k.texts = false;
  assert_int_equal(emb_pq_start(&k, &f, 0, 1), PRAC_OK);
  assert_int_equal(emb_pq_next(&k, which, 3000), PRAC_OK);
  for (size_t i = 0; i < 3000; i++) {
    const char *at = emb_pq_text(&c, v[i], &n);
    assert_int_equal(n, strlen(words[which[i]]));
    assert_memory_equal(at, words[which[i]], n);
    assert_true(emb_pq_text_find(&c, words[which[i]], &found));
    assert_int_equal(found, v[i]);
  }
  emb_pq_cursor_done(&c);
  emb_pq_cursor_done(&k);
  emb_pq_done(&f);
}

/* ---- damage ---- */
static uint8_t *bytes_of(size_t *n)
{
  struct stat st;
  int fd = open(path, O_RDONLY);
  assert_true(fd >= 0 && fstat(fd, &st) == 0);
  uint8_t *v = malloc((size_t)st.st_size);
  assert_non_null(v);
  assert_int_equal(read(fd, v, (size_t)st.st_size), st.st_size);
  close(fd);
  *n = (size_t)st.st_size;
  return v;
}

static void try_bytes(const uint8_t *v, size_t n, enum store_dim by)
{
  char self[40]; /* no disk: thousands of small files are slow there */
  int fd = memfd_create("segment", MFD_CLOEXEC);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, v, n), n);
  (void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
  struct emb_runs *r = emb_runs_new(by);
  assert_non_null(r);
  prac_rc rc = emb_runs_file(r, self);
  close(fd);
  assert_true(rc == PRAC_OK || rc == PRAC_UNSUPPORTED);
  emb_runs_free(&r);
}

static void any_byte_changed(void **state)
{
  (void)state;
  struct prac_rng r = prac_rng_of(5);
  size_t n;
  write_it("SELECT (1 + hash(i) % 5)::UINTEGER AS packets, (40 + i % 9)::UBIGINT AS bytes,"
           " 0::UBIGINT AS src_hi, (281470681743360 + i * i // 50)::UBIGINT AS src_lo,"
           " if(i % 90, 6, 1)::UTINYINT AS proto, (hash(i) & 65535)::USMALLINT AS sport,"
           " (hash(i * i) & 65535)::USMALLINT AS dport, 'JP' AS country,"
           " (i % 600)::UINTEGER AS asn FROM range(3000) t(i)",
           "COMPRESSION zstd, PARQUET_VERSION V2, DICTIONARY_SIZE_LIMIT 4096, ROW_GROUP_SIZE 2048");
  uint8_t *v = bytes_of(&n);
  for (size_t i = 0; i < 2200; i++) {
    static const enum store_dim by[] = {STORE_BY_PORT, STORE_BY_COUNTRY, STORE_BY_ASN};
    /* the footer, and some of everything */
    size_t at = i < 1500 ? n - 1 - i % n : (size_t)prac_rng_below(&r, n);
    uint8_t was = v[at];
    v[at] = (uint8_t)(was ^ (1u << prac_rng_below(&r, 8)));
    if (i % 3 == 0) v[at] = (uint8_t)prac_rng_u64(&r);
    try_bytes(v, n, by[i % 3]);
    v[at] = was;
  }
  for (size_t i = 0; i < 100; i++) try_bytes(v, prac_rng_below(&r, n), STORE_BY_PORT);
  free(v);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_way_of_writing), cmocka_unit_test(not_ours),
      cmocka_unit_test(dictionary_tells),     cmocka_unit_test(skips_and_ranges),
      cmocka_unit_test(texts_of_any_length),  cmocka_unit_test(any_byte_changed)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
