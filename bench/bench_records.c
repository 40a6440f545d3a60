/* Alerts of a year in the embedded store, one in twenty of them ten days long, one in two hundred
 * a hundred: pages of a day long ago and of the last one, as the portal asks for them, and what
 * was going on late in the year. With YEARS they are spread over so many, and each is
 * STRETCH times as long: up to 27 years.
 *
 * bench_records [ALERTS [YEARS]]: one JSON line a question: median and 99th percentile of 200, in
 * ms */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/rng.h"
#include "store/store.h"

#define MADE_DAY INT64_C(1375833600000000000) /* 2013-08-07 */
enum { TIMES = 200, TX = 5000, DAYS = 360, STRETCH = 100 };

static void die(const char *what)
{
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static double now(void)
{
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int64_t length_of(uint64_t x)
{
  if ((x >> 48) % 200 == 0) return 100 * PRAC_DAY;
  if ((x >> 48) % 20 == 0) return 10 * PRAC_DAY;
  return (int64_t)(x % (UINT64_C(1) << (x >> 32) % 20)) * PRAC_SEC; /* up to 6 days */
}

/* In order of their last revision; one in two hundred is still open. */
static void fill(struct store *s, unsigned n, unsigned years)
{
  struct prac_rng rng = prac_rng_of(7);
  static struct alert a[TX];
  static struct store_rec r[TX];
  static char id[TX][24];
  for (unsigned i = 0; i < n; i++) {
    unsigned k = i % TX;
    uint64_t x = prac_rng_u64(&rng);
    prac_time at = MADE_DAY + (int64_t)i * (years * DAYS * PRAC_DAY / n);
    int64_t length = length_of(x) * (years > 1 ? STRETCH : 1);
    (void)snprintf(id[k], sizeof id[k], "a%08x", i);
    a[k] = (struct alert){.id = id[k], .key = "port:443/tcp", .kind = "surge-port", .revision = 2};
    a[k].state = (x >> 40) % 200 ? "close" : "update";
    a[k].at = a[k].to = at;
    a[k].opened = a[k].from = at - length;
    a[k].closed = a[k].state[0] == 'c' ? at : PRAC_TIME_NONE;
    a[k].title = a[k].text = "A surge towards 443/tcp from many senders of many networks";
    r[k] = (struct store_rec){&model_alert, &a[k]};
    if (k + 1 < TX && i + 1 < n) continue;
    if (s->ops->append(s->st, &(struct store_tx){.recs = r, .n_recs = k + 1}, NULL) != PRAC_OK)
      die("cannot store");
  }
}

static int by_ms(const void *pa, const void *pb)
{
  const double *a = pa, *b = pb;
  return *a < *b ? -1 : *a > *b;
}

static prac_rc count(void *arg, const struct store_col *cols, size_t n, const struct store_value *v)
{
  (void)cols, (void)n, (void)v;
  ++*(uint64_t *)arg;
  return PRAC_OK;
}

static void question(struct store *s, const char *name, struct store_query q)
{
  double ms[TIMES];
  uint64_t rows = 0;
  q.what = STORE_RECORDS;
  q.kind = &model_alert;
  if (!q.limit) q.limit = 200;
  for (int i = 0; i < TIMES; i++) {
    double t = now();
    rows = 0;
    if (s->ops->query(s->st, &q, count, &rows, NULL) != PRAC_OK) die("cannot ask");
    ms[i] = now() - t;
  }
  qsort(ms, TIMES, sizeof *ms, by_ms);
  printf("{\"bench\":\"records\",\"ask\":\"%s\",\"rows\":%llu,\"ms\":%.2f,\"p99_ms\":%.2f}\n", name,
         (unsigned long long)rows, ms[TIMES / 2], ms[TIMES * 99 / 100]);
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *f)
{
  (void)st, (void)flag, (void)f;
  return remove(path);
}

int main(int argc, char **argv)
{
  char dir[] = "/tmp/practice-bench-XXXXXX";
  struct store s;
  struct store_env env = {.dir = dir, .nthreads = 1};
  if (!mkdtemp(dir)) die("no directory");
  if (store_open("embedded", NULL, &env, &s, NULL) != PRAC_OK) die("cannot make a store");
  const unsigned years = argc > 2 ? (unsigned)atoi(argv[2]) : 1;
  const int64_t year = years * DAYS * PRAC_DAY;
  fill(&s, argc > 1 ? (unsigned)atoi(argv[1]) : 200000, years);
  const struct prac_span old = {MADE_DAY + 20 * PRAC_DAY, MADE_DAY + 21 * PRAC_DAY},
                         last = {MADE_DAY + year - PRAC_DAY, PRAC_TIME_NONE},
                         minute = {old.from, old.from + PRAC_MIN},
                         late = {MADE_DAY + year / 12 * 11, MADE_DAY + year / 12 * 11 + PRAC_MIN};
  question(&s, "newest 200", (struct store_query){.limit = 200});
  question(&s, "last day", (struct store_query){.span = last});
  question(&s, "old day", (struct store_query){.span = old});
  question(&s, "old day, second page",
           (struct store_query){.span = old, .after = "b", .after_at = old.to - PRAC_HOUR});
  question(&s, "old day, all", (struct store_query){.span = old, .limit = 10000});
  question(&s, "old minute", (struct store_query){.span = minute, .limit = 10000});
  question(&s, "late minute", (struct store_query){.span = late});
  question(&s, "late minute, all", (struct store_query){.span = late, .limit = 100000});
  question(&s, "old day, one id", (struct store_query){.span = old, .id = "a00000500"});
  store_close(&s);
  (void)nftw(dir, drop, 16, FTW_DEPTH | FTW_PHYS);
  return 0;
}
