/* What a day of flows costs in the embedded store: rows in, bytes kept, questions answered; and the
 * same rows and questions on DuckDB tables and on plain SQLite.
 *
 *   bench_store ask DIR [TIMES [NAME]]   only scans of a store made before, TIMES (20) each
 *   bench_store page DIR                 only the page's questions, of a store made before
 *   bench_store [ROWS [DIR [COMPARE_ROWS [MINUTES [SECONDS]]]]]   5000000, a new directory under
 * /tmp, 1000000, 1440: rows fall on so many; after SECONDS of filling the day ends early, and n
 * says how far it came. DIR may be http://HOST:PORT/DATABASE of a ClickHouse: bench/store_beside.py
 * starts one and puts both in one table
 *
 * Flows are made: eleven sensors, one day, ports by a power law, 2 M sources of which few are loud,
 * country and AS by source. The store gets them as it would live: batches of a minute, some 64 k
 * rows an append, maintain() every hour of event time. JSON lines; ms are the best of five, the
 * median and the first; a question that takes long is asked less often, and `asked` says how often.
 */
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/rng.h"
#include "store/embedded/duck.h"

static const double enough = 60; /* seconds for one question */
enum { SENSORS = 11, DAY_MINUTES = 1440, GROUP = 65536, SOURCES = 2000000, TIMES_MAX = 1000 };
static unsigned minutes = DAY_MINUTES;
static double patience = 1e9;
static const prac_time day = INT64_C(1375833600000000000);
static const char *const sensors[SENSORS] = {"tokyo",  "osaka",   "paris", "berlin",
                                             "sydney", "fremont", "delhi", "lagos",
                                             "lima",   "oslo",    "seoul"};

static double now(clockid_t c)
{
  struct timespec t;
  (void)clock_gettime(c, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const char *what, const struct prac_err *err)
{
  fprintf(stderr, "bench_store: %s: %s\n", what, err ? err->text : "");
  exit(1);
}

/* ---- made flows ---- */
static uint64_t mix(uint64_t x)
{
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

static uint16_t port_of(double u)
{
  static const uint16_t top[] = {23, 22, 445, 80, 443, 3389, 8080, 5555, 2323, 1433, 6379, 53};
  if (u < 0.55) return top[(size_t)(u / 0.55 * u / 0.55 * 12)];
  double v = (u - 0.55) / 0.45;
  return (uint16_t)(65535 * v * v * v);
}

static void make_row(struct prac_rng *r, size_t sensor, struct flow_row *f)
{
  double u = prac_rng_unit(r);
  uint64_t h = mix((uint64_t)(SOURCES * u * u * u) + 99);
  memset(f, 0, sizeof *f);
  f->src = prac_ip4((uint32_t)(h | 1u << 24));
  f->dst = prac_ip4(0x0a000000u | (uint32_t)sensor << 16 | (uint32_t)prac_rng_below(r, 4096));
  f->proto = h >> 40 & 15 ? 6 : 17;
  f->tcp_flags = f->proto == 6 ? 2 : 0;
  f->ttl = (uint8_t)(40 + (h >> 44 & 15));
  f->tool = h >> 48 & 3 ? 0 : (uint8_t)(1 + (h >> 50 & 3));
  f->sport = h >> 52 & 1 ? (uint16_t)(h >> 8) : (uint16_t)prac_rng_u64(r);
  f->dport = h >> 53 & 1 ? port_of((double)(h >> 11 & 0xffff) / 65536) : port_of(prac_rng_unit(r));
  f->window = h >> 54 & 1 ? 1024 : 65535;
  f->country = (uint16_t)(('A' + (h >> 20) % 20) << 8 | ('A' + (h >> 25) % 8));
  f->asn = (uint32_t)(mix(h >> 16 & 0xffff) % 60000);
  f->marks = 1u << (h >> 56 & 3);
  f->packets = prac_rng_below(r, 8) ? 1 : 2 + (uint32_t)prac_rng_below(r, 6);
  f->bytes = f->packets * (h & 1 ? 40u : 60u);
  f->first_ms = (uint16_t)prac_rng_below(r, 60000);
  f->span_ms = f->packets > 1 ? (uint16_t)prac_rng_below(r, 9000) : 0;
}

static struct flow_batch *make_batch(uint64_t seed, size_t sensor, unsigned minute, uint32_t n)
{
  struct prac_rng r = prac_rng_of(seed ^ (minute * SENSORS + sensor) * 0x9e3779b97f4a7c15u);
  struct flow_row *rows = calloc(n + 1, sizeof *rows);
  struct flow_batch *b = NULL;
  for (uint32_t i = 0; rows && i < n; i++) make_row(&r, sensor, &rows[i]);
  if (!rows || flow_batch_new(sensors[sensor], day + minute * PRAC_MIN, rows, n, &b) != PRAC_OK)
    die("no memory", NULL);
  free(rows);
  return b;
}

/* ---- the store ---- */
static uint64_t disk;
static int add_size(const char *path, const struct stat *st, int flag, struct FTW *f)
{
  (void)path;
  (void)f;
  if (flag == FTW_F) disk += (uint64_t)st->st_size;
  return 0;
}

static uint64_t size_of(const char *path)
{
  disk = 0;
  (void)nftw(path, add_size, 16, FTW_PHYS);
  return disk;
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *f)
{
  (void)st;
  (void)flag;
  (void)f;
  return remove(path);
}

struct cost {
  double append, append_cpu, maintain, maintain_cpu;
  uint64_t rows;
};

/* DIR, or http://HOST:PORT/DATABASE of a ClickHouse. */
static bool outside(const char *dir)
{
  return strncmp(dir, "http", 4) == 0;
}

/* As many threads as there are cores for us: two of one real-time priority on one core would wait
 * for each other for minutes. */
static void open_at(const char *dir, bool read_only, struct store *ret)
{
  cpu_set_t cores;
  bool one = sched_getaffinity(0, sizeof cores, &cores) == 0 && CPU_COUNT(&cores) == 1;
  struct store_env env = {.dir = dir, .read_only = read_only, .nthreads = one ? 1 : 2};
  struct prac_err err = {0};
  if (store_open(outside(dir) ? "clickhouse" : "embedded", NULL, &env, ret, &err) != PRAC_OK)
    die("opening", &err);
}

static void maintain(struct store *s, prac_time at, struct cost *c)
{
  struct prac_err err = {0};
  double t = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  if (s->ops->maintain(s->st, at, &err) != PRAC_OK) die("maintain", &err);
  c->maintain += now(CLOCK_MONOTONIC) - t;
  c->maintain_cpu += now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
}

static void append(struct store *s, struct flow_batch **b, size_t n, struct cost *c)
{
  struct prac_err err = {0};
  struct store_tx tx = {.batches = b, .n_batches = n};
  double t = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  if (s->ops->append(s->st, &tx, &err) != PRAC_OK) die("append", &err);
  c->append += now(CLOCK_MONOTONIC) - t;
  c->append_cpu += now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  for (size_t i = 0; i < n; i++) {
    c->rows += b[i]->n;
    flow_batch_unref(&b[i]);
  }
}

static void fill(struct store *s, uint64_t rows, struct cost *c)
{
  static struct flow_batch *b[SENSORS * DAY_MINUTES];
  uint32_t each = (uint32_t)(rows / (SENSORS * minutes));
  size_t n = 0, held = 0;
  double start = now(CLOCK_MONOTONIC);
  for (unsigned m = 0; m < minutes; m++) {
    if (m % 60 == 0 && now(CLOCK_MONOTONIC) - start > patience) break;
    for (size_t k = 0; k < SENSORS; k++, held += each) b[n++] = make_batch(1, k, m, each);
    if (held >= GROUP || m % 60 == 59) {
      append(s, b, n, c);
      n = held = 0;
    }
    if (m % 60 != 5) continue;
    maintain(s, day + m * PRAC_MIN, c);
    fprintf(stderr, "# %llu rows: append %.0f s, maintain %.0f s\n", (unsigned long long)c->rows,
            c->append, c->maintain);
  }
  maintain(s, day + PRAC_DAY + PRAC_HOUR, c);
}

static prac_rc count_row(void *arg, const struct store_col *cols, size_t n,
                         const struct store_value *v)
{
  uint64_t *sum = arg;
  for (size_t i = 0; i < n; i++)
    if (strcmp(cols[i].name, "packets") == 0) *sum += v[i].u;
  return PRAC_OK;
}

static int by_ms(const void *pa, const void *pb)
{
  const double *a = pa, *b = pb;
  return *a < *b ? -1 : *a > *b;
}

static void question(struct store *s, const char *name, const char *words, int times)
{
  struct prac_arena *a = prac_arena_new(1024);
  struct prac_err err = {0};
  struct store_query q;
  double ms[TIMES_MAX], first = 0, start = now(CLOCK_MONOTONIC);
  uint64_t sum = 0;
  int asked = 0;
  if (!a || store_query_parse(words, &q, a, &err) != PRAC_OK) die(words, &err);
  while (asked == 0 || (asked < times && now(CLOCK_MONOTONIC) - start < enough)) {
    sum = 0;
    double t = now(CLOCK_MONOTONIC);
    if (s->ops->query(s->st, &q, count_row, &sum, &err) != PRAC_OK) die(words, &err);
    ms[asked] = (now(CLOCK_MONOTONIC) - t) * 1e3;
    if (asked++ == 0) first = ms[0];
  }
  qsort(ms, (size_t)asked, sizeof *ms, by_ms);
  printf("{\"bench\":\"store_%s\",\"ms\":%.2f,\"median_ms\":%.2f,\"first_ms\":%.2f,"
         "\"asked\":%d,\"check\":%llu,\"words\":\"%s\"}\n",
         name, ms[0], ms[asked / 2], first, asked, (unsigned long long)sum, words);
  (void)fflush(stdout);
  prac_arena_free(&a);
}

static void ask_again(const char *dir, int times, const char *name)
{
  static const char *const ask[][2] = {
      {"scan_ports_hour", "what=scan by=port limit=20 "},
      {"scan_countries_hour", "what=scan by=country limit=20 "},
      {"scan_as_hour", "what=scan by=asn limit=20 "},
      {"scan_ports_of_country", "what=scan by=port limit=20 country=AB "},
      {"scan_ports_of_sensor", "what=scan by=port limit=20 sensor=tokyo "},
      {"flows_newest_20", "what=flows limit=20 "},
      {"flows_newest_100", "what=flows limit=100 "},
      {"flows_newest_1000", "what=flows limit=1000 "},
      {"flows_of_port_of_country", "what=flows port=1433/tcp country=AB limit=20 "},
      {"flows_of_nobody", "what=flows port=1433/tcp country=AB marks=bogon limit=20 "},
  };
  struct store s = {0};
  if (times < 1 || times > TIMES_MAX) times = 20;
  open_at(dir, true, &s);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(ask); i++)
    for (int hour = 0; hour < 23 && (!name || !strcmp(name, ask[i][0])); hour += i == 0 ? 11 : 22) {
      char words[160];
      (void)snprintf(words, sizeof words, "%sfrom=2013-08-07T%02d:00:00Z to=2013-08-07T%02d:00:00Z",
                     ask[i][1], hour, hour + 1);
      question(&s, ask[i][0], words, times);
    }
  if (!name) {
    question(&s, "scan_ports_40_minutes",
             "what=scan by=port limit=20 from=2013-08-07T05:10:00Z to=2013-08-07T05:50:00Z", times);
    question(&s, "scan_ports_two_half_hours",
             "what=scan by=port limit=20 from=2013-08-07T05:30:00Z to=2013-08-07T06:30:00Z", times);
  }
  store_close(&s);
}

static void questions(const char *dir)
{
  struct store s = {0};
  char host[80], text[PRAC_IP_TEXT];
  open_at(dir, true, &s);
#define HOUR "from=2013-08-07T00:00:00Z to=2013-08-07T01:00:00Z"
  question(&s, "page_minutes_by_sensor", "what=series step=1m by=sensor " HOUR, 5);
  question(&s, "page_day_by_sensor", "what=series step=1h by=sensor", 5);
  question(&s, "page_ports_hour", "what=top by=port limit=20 " HOUR, 5);
  question(&s, "page_countries_hour", "what=top by=country limit=20 " HOUR, 5);
  question(&s, "page_as_hour", "what=top by=asn limit=20 " HOUR, 5);
  question(&s, "page_ports_day", "what=top by=port limit=20", 5);
  question(&s, "page_countries_day", "what=top by=country limit=20", 5);
  question(&s, "page_countries_by_hour", "what=series step=1h by=country", 5);
  question(&s, "page_one_port_by_hour", "what=series step=1h port=1433/tcp", 5);
  question(&s, "page_sensors", "what=sensors", 5);
  question(&s, "scan_ports_hour", "what=scan by=port limit=20 " HOUR, 5);
  question(&s, "scan_ports_day", "what=scan by=port limit=20", 5);
  for (int loud = 0; loud < 3; loud++) {
    static const double at[] = {0.001, 0.1, 0.9};
    struct prac_ip ip = prac_ip4((uint32_t)(mix((uint64_t)(SOURCES * at[loud]) + 99) | 1u << 24));
    (void)snprintf(host, sizeof host, "what=host src=%s", prac_ip_text(text, &ip));
    question(&s, loud == 0 ? "host_loud" : loud == 1 ? "host_middle" : "host_quiet", host, 5);
  }
  question(&s, "flows_latest", "what=flows port=1433/tcp country=AB limit=20 " HOUR, 5);
  store_close(&s);
}

/* ---- the same on DuckDB tables and on plain SQLite ---- */
static double duck_ms(duckdb_connection con, const char *sql)
{
  double best = 1e9;
  for (int i = 0; i < 3; i++) {
    duckdb_result r;
    double t = now(CLOCK_MONOTONIC);
    if (duckdb_query(con, sql, &r) != DuckDBSuccess) {
      fprintf(stderr, "%s\n", duckdb_result_error(&r));
      exit(1);
    }
    duckdb_destroy_result(&r);
    t = (now(CLOCK_MONOTONIC) - t) * 1e3;
    if (t < best) best = t;
    if (sql[0] == 'C') break;
  }
  return best;
}

static void compare_duck(const char *dir, uint64_t rows)
{
  duckdb_database db;
  duckdb_connection con;
  char path[512], sql[1024];
  (void)snprintf(path, sizeof path, "%s-table.duckdb", dir);
  if (duckdb_open(path, &db) != DuckDBSuccess || duckdb_connect(db, &con) != DuckDBSuccess)
    die("DuckDB", NULL);
  (void)duck_ms(con, "CREATE OR REPLACE MACRO one() AS 1");
  (void)snprintf(sql, sizeof sql,
                 "CREATE TABLE f AS SELECT * FROM read_parquet('%s/flows/*.parquet')"
                 " ORDER BY minute",
                 dir);
  double t = duck_ms(con, sql);
  (void)duck_ms(con, "CHECKPOINT");
  printf("{\"bench\":\"duckdb_table\",\"n\":%llu,\"copy_rows_per_s\":%.0f,\"bytes_per_row\":%.2f",
         (unsigned long long)rows, (double)rows / t * 1e3, (double)size_of(path) / (double)rows);
#define DUCK_HOUR "WHERE minute >= '2013-08-07 00:00:00' AND minute < '2013-08-07 01:00:00'"
  printf(",\"ports_hour_ms\":%.1f",
         duck_ms(con, "SELECT dport, proto, sum(packets) p, count(*), sum(bytes) FROM f " DUCK_HOUR
                      " GROUP BY 1, 2 ORDER BY p DESC LIMIT 20"));
  printf(",\"ports_hour_exact_sources_ms\":%.1f",
         duck_ms(con, "SELECT dport, proto, sum(p) p, sum(c), count(*) FROM (SELECT dport, proto,"
                      " src_hi, src_lo, sum(packets) p, count(*) c FROM f " DUCK_HOUR
                      " GROUP BY ALL) GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 20"));
  printf(",\"ports_day_ms\":%.1f",
         duck_ms(con, "SELECT dport, proto, sum(packets) p FROM f GROUP BY 1, 2 ORDER BY p DESC"
                      " LIMIT 20"));
  printf(",\"minutes_by_sensor_ms\":%.1f",
         duck_ms(con, "SELECT minute, sensor, sum(packets), count(*) FROM f " DUCK_HOUR
                      " GROUP BY 1, 2"));
  printf(",\"host_ms\":%.1f}\n",
         duck_ms(con, "SELECT minute, sensor, dport, packets FROM f WHERE src_hi = 0 AND src_lo ="
                      " (SELECT max(src_lo) FROM (SELECT src_lo FROM f LIMIT 1000))"));
  duckdb_disconnect(&con);
  duckdb_close(&db);
  (void)unlink(path);
}

static double lite_ms(sqlite3 *db, const char *sql)
{
  double best = 1e9;
  for (int i = 0; i < 3; i++) {
    double t = now(CLOCK_MONOTONIC);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
      fprintf(stderr, "%s\n", sqlite3_errmsg(db));
      exit(1);
    }
    t = (now(CLOCK_MONOTONIC) - t) * 1e3;
    if (t < best) best = t;
  }
  return best;
}

static double lite_insert(sqlite3 *db, uint32_t each)
{
  sqlite3_stmt *s = NULL;
  double spent = 0;
  if (sqlite3_prepare_v2(db, "INSERT INTO f VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", -1, &s, NULL))
    die("SQLite", NULL);
  for (unsigned m = 0; m < minutes; m++)
    for (size_t k = 0; k < SENSORS; k++) {
      struct flow_batch *b = make_batch(1, k, m, each);
      double t = now(CLOCK_MONOTONIC);
      if (k == 0) sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
      for (uint32_t i = 0; i < b->n; i++) {
        const int64_t v[] = {b->minute / PRAC_SEC,
                             (int64_t)k,
                             b->src[i].b[15] | (int64_t)prac_ip_lo(&b->src[i]),
                             (int64_t)prac_ip_lo(&b->dst[i]),
                             b->proto[i],
                             b->sport[i],
                             b->dport[i],
                             b->packets[i],
                             (int64_t)b->bytes[i],
                             b->country[i],
                             b->asn[i],
                             b->marks[i]};
        for (int c = 0; c < 12; c++) sqlite3_bind_int64(s, c + 1, v[c]);
        sqlite3_step(s);
        sqlite3_reset(s);
      }
      if (k == SENSORS - 1) sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
      spent += now(CLOCK_MONOTONIC) - t;
      flow_batch_unref(&b);
    }
  sqlite3_finalize(s);
  return spent;
}

static void compare_lite(const char *dir, uint64_t rows)
{
  char path[512];
  sqlite3 *db;
  uint32_t each = (uint32_t)(rows / (SENSORS * minutes));
  rows = (uint64_t)each * SENSORS * minutes;
  (void)snprintf(path, sizeof path, "%s-plain.db", dir);
  if (each == 0 || sqlite3_open(path, &db) != SQLITE_OK) return;
  sqlite3_exec(db,
               "PRAGMA journal_mode=WAL;CREATE TABLE f(minute,sensor,src,dst,proto,sport,dport,"
               "packets,bytes,country,asn,marks)",
               NULL, NULL, NULL);
  double t = lite_insert(db, each);
  double index = now(CLOCK_MONOTONIC);
  sqlite3_exec(db,
               "CREATE INDEX f_minute ON f(minute);CREATE INDEX f_src ON f(src);"
               "PRAGMA wal_checkpoint(TRUNCATE)",
               NULL, NULL, NULL);
  index = now(CLOCK_MONOTONIC) - index;
  printf("{\"bench\":\"plain_sqlite\",\"n\":%llu,\"rows_per_s\":%.0f,\"index_s\":%.1f,"
         "\"bytes_per_row\":%.1f",
         (unsigned long long)rows, (double)rows / t, index, (double)size_of(path) / (double)rows);
#define LITE_HOUR "WHERE minute >= 1375833600 AND minute < 1375837200"
  printf(",\"ports_hour_ms\":%.1f",
         lite_ms(db, "SELECT dport, proto, sum(packets) p, count(*), sum(bytes) FROM f " LITE_HOUR
                     " GROUP BY 1, 2 ORDER BY p DESC LIMIT 20"));
  printf(",\"ports_hour_exact_sources_ms\":%.1f",
         lite_ms(db, "SELECT dport, proto, sum(packets) p, count(*), count(DISTINCT src) FROM"
                     " f " LITE_HOUR " GROUP BY 1, 2 ORDER BY p DESC LIMIT 20"));
  printf(",\"ports_day_ms\":%.1f",
         lite_ms(db, "SELECT dport, proto, sum(packets) p FROM f GROUP BY 1, 2 ORDER BY p DESC"
                     " LIMIT 20"));
  printf(",\"host_ms\":%.1f}\n",
         lite_ms(db, "SELECT * FROM f WHERE src = (SELECT max(src) FROM f)"));
  sqlite3_close(db);
  (void)unlink(path);
}

int main(int argc, char **argv)
{
  char dir[400] = "/tmp/practice-bench-XXXXXX";
  if (argc > 2 && strcmp(argv[1], "ask") == 0) {
    ask_again(argv[2], argc > 3 ? atoi(argv[3]) : 20, argc > 4 ? argv[4] : NULL);
    return 0;
  }
  if (argc > 2 && strcmp(argv[1], "page") == 0) {
    questions(argv[2]);
    return 0;
  }
  uint64_t rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 5000000;
  uint64_t small = argc > 3 ? strtoull(argv[3], NULL, 10) : 1000000;
  if (argc > 2)
    (void)snprintf(dir, sizeof dir, "%s", argv[2]);
  else if (!mkdtemp(dir))
    die("no directory", NULL);
  if (argc > 4) minutes = (unsigned)strtoul(argv[4], NULL, 10) % (DAY_MINUTES + 1);
  if (argc > 5) patience = strtod(argv[5], NULL);
  struct store s = {0};
  struct cost c = {0};
  open_at(dir, false, &s);
  fill(&s, rows, &c);
  store_close(&s);
  char flows[500];
  struct rusage ru;
  (void)snprintf(flows, sizeof flows, "%s/flows", dir);
  (void)getrusage(RUSAGE_SELF, &ru);
  double n = (double)c.rows;
  printf("{\"bench\":\"store_insert\",\"n\":%llu,\"append_rows_per_s\":%.0f,\"append_cpu_ns\":%.0f,"
         "\"maintain_s\":%.1f,\"maintain_cpu_ns\":%.0f,\"rows_per_s_with_maintain\":%.0f,"
         "\"bytes_per_row\":%.2f,\"of_that_flows\":%.2f,\"max_rss_mb\":%ld}\n",
         (unsigned long long)c.rows, n / c.append, c.append_cpu / n * 1e9, c.maintain,
         c.maintain_cpu / n * 1e9, n / (c.append + c.maintain), (double)size_of(dir) / n,
         (double)size_of(flows) / n, ru.ru_maxrss / 1024);
  (void)fflush(stdout);
  questions(dir);
  if (small > 0 && !outside(dir)) {
    compare_duck(dir, c.rows);
    compare_lite(dir, small);
  }
  if (argc <= 2) (void)nftw(dir, drop, 16, FTW_DEPTH | FTW_PHYS);
  return 0;
}
