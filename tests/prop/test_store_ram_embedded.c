/* The ram backend is plain brute force; the embedded one has a log, segments, roll-ups and SQL; the
 * clickhouse one asks a server. The same rows must give the same answers, whatever has been
 * compacted by then. ClickHouse takes part when its address is given (t_store_clickhouse.py does):
 *
 *   test_store_ram_embedded http://127.0.0.1:8123 [user password-file]: its databases are made here
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "lib/store_made.h"
#include "lib/t.h"
#include "model/packet.h"
#include "store/clickhouse/clickhouse.h"

/* Given on the command line: where ClickHouse is, and who may only read. */
static const char *server, *reader_user, *reader_secret;

struct other {
  const char *name;
  struct store writer, reader; /* reader: for reading only, and keeps what it has decoded */
};
struct stores {
  struct store ram;
  struct other v[2];
  size_t n;
  char dir[256];
};

static int open_one(struct other *o, const char *name, const struct store_env *env,
                    const void *write, const void *read)
{
  struct prac_err err = {0};
  struct store_env reader = *env;
  reader.read_only = reader.again = true;
  *o = (struct other){.name = name};
  if (store_open(name, write, env, &o->writer, &err) == PRAC_OK &&
      store_open(name, read, &reader, &o->reader, &err) == PRAC_OK)
    return 1;
  fprintf(stderr, "%s\n", err.text);
  return 0;
}

/* A database of its own: /tmp/practice-test-AbCdEf gives the name. */
static int open_clickhouse(struct stores *p, const struct store_env *env)
{
  char database[64];
  struct ch_conf writer, reader;
  const struct store_env outside = {.nthreads = env->nthreads};
  (void)snprintf(database, sizeof database, "t_%.40s", strrchr(p->dir, '-') + 1);
  prac_conf_defaults(&ch_conf_section, &writer);
  writer.urls = (struct prac_conf_strings){&server, 1};
  writer.database = database;
  reader = writer;
  writer.count_at_once = 100; /* in parts, where the reader asks for all at once */
  if (reader_user) reader.user = reader_user;
  if (reader_secret) reader.password_file = reader_secret;
  return open_one(&p->v[p->n++], "clickhouse", &outside, &writer, &reader);
}

static int stores_open(struct stores *p)
{
  *p = (struct stores){.n = 0};
  struct prac_err err = {0};
  struct store_env env = {.dir = made_dir(p->dir), .nthreads = 2};
  if (store_open("ram", NULL, &env, &p->ram, &err) != PRAC_OK) return 0;
  return open_one(&p->v[p->n++], "embedded", &env, NULL, NULL) &&
         (!server || open_clickhouse(p, &env));
}

static void stores_close(struct stores *p)
{
  store_close(&p->ram);
  for (size_t i = 0; i < p->n; i++) {
    store_close(&p->v[i].writer);
    store_close(&p->v[i].reader);
  }
  made_dir_remove(p->dir);
}

static int append(struct stores *p, const struct store_tx *tx)
{
  struct prac_err err = {0};
  prac_rc rc = p->ram.ops->append(p->ram.st, tx, &err);
  for (size_t i = 0; i < p->n && rc == PRAC_OK; i++)
    rc = p->v[i].writer.ops->append(p->v[i].writer.st, tx, &err);
  if (rc != PRAC_OK) fprintf(stderr, "append: %s\n", err.text);
  return rc == PRAC_OK;
}

enum { PACKETS = 8 }; /* a round; hits too */
static int append_made(struct stores *p, struct choice *c, unsigned round)
{
  struct flow_batch *b[6];
  struct finding f[3];
  struct health h;
  struct alert a[8];
  struct episode e[8];
  struct packet packets[PACKETS];
  struct hit hits[PACKETS];
  struct store_rec r[20 + 2 * PACKETS];
  size_t n = 1 + choice_below(c, 6);
  for (size_t i = 0; i < n; i++)
    b[i] = made_batch(c, made_sensors[choice_u8(c) % 3],
                      MADE_DAY + choice_below(c, 30 * 60) * PRAC_MIN, (uint32_t)i, 60);
  size_t k = choice_below(c, 4);
  for (size_t i = 0; i < k; i++) {
    made_finding(c, choice_u8(c) % 8, &f[i]);
    r[i] = (struct store_rec){&model_finding, &f[i]};
  }
  made_health(c, made_sensors[choice_u8(c) % 3], round, &h);
  r[k++] = (struct store_rec){&model_health, &h};
  for (size_t i = 0; i < 8; i++) {
    made_alert(c, 8 * (choice_u8(c) & 1) + (unsigned)i, &a[i]);
    made_episode(c, 8 * (choice_u8(c) & 1) + (unsigned)i, &e[i]);
    r[k++] = (struct store_rec){&model_alert, &a[i]};
    r[k++] = (struct store_rec){&model_episode, &e[i]};
  }
  for (unsigned i = 0; i < PACKETS; i++) {
    made_packet(c, round * PACKETS + i, &packets[i]);
    made_hit(c, round * PACKETS + i, &hits[i]);
    r[k++] = (struct store_rec){&model_packet, &packets[i]};
    r[k++] = (struct store_rec){&model_hit, &hits[i]};
  }
  struct store_tx tx = {.batches = b, .n_batches = n, .recs = r, .n_recs = k, .consumer = "t"};
  tx.seq = round + 1;
  int ok = append(p, &tx);
  if (choice_u8(c) & 1) ok = ok && append(p, &tx); /* told again after a crash: nothing happens */
  for (size_t i = 0; i < n; i++) flow_batch_unref(&b[i]);
  return ok;
}

static int compare(struct stores *p, struct other *o, struct store *s, const struct store_query *q)
{
  prac_rc ra, rb;
  char *a = answer_text(&p->ram, q, &ra), *b = answer_text(s, q, &rb);
  int ok = ra == rb && strcmp(a, b) == 0;
  if (!ok)
    fprintf(stderr,
            "what %d by %d keys %x step %lld limit %u\nram (%d):\n%.1500s\n%s (%d):\n%.1500s\n",
            (int)q->what, (int)q->by, q->keys, (long long)q->step_ns, q->limit, (int)ra, a, o->name,
            (int)rb, b);
  free(a);
  free(b);
  return ok;
}

static int ask(struct stores *p, const struct store_query *q)
{
  int ok = 1;
  for (size_t i = 0; i < p->n && ok; i++) ok = compare(p, &p->v[i], &p->v[i].writer, q);
  return ok;
}

/* By columns and indexes of their own, or not. */
static int ask_records(struct stores *p, struct store_query q, struct choice *c)
{
  static const struct model_kind *const kinds[] = {&model_packet, &model_hit, &model_episode,
                                                   &model_finding};
  static const struct prac_prefix hosts[] = {{{{[10] = 0xff, 0xff, 0xc0, 0, 2, 3}}, 128},
                                             {{{[10] = 0xff, 0xff, 0xc0, 0, 2, 0}}, 125},
                                             {{{[10] = 0xff, 0xff, 0xc0, 0, 3, 0}}, 120},
                                             {{{[10] = 0xff, 0xff, 0xc0, 0, 0, 0}}, 104},
                                             {{{0x20, 1, 0xd, 0xb8}}, 32}};
  uint8_t which = choice_u8(c);
  int ok = 1;
  q.what = STORE_RECORDS;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(kinds) && ok; i++) {
    q.kind = kinds[i];
    ok = ask(p, &q);
    struct store_query one = {.what = STORE_RECORDS, .kind = kinds[i], .span = q.span};
    one.victim = hosts[which % PRAC_ARRAY_LEN(hosts)];
    if (which & 64) one.src = hosts[which / 8 % PRAC_ARRAY_LEN(hosts)];
    if (which & 128) one.srcs = hosts + which / 4 % 3, one.n_srcs = 1 + which % 3;
    one.limit = q.limit;
    one.oldest_first = q.oldest_first;
    ok = ok && ask(p, &one);
  }
  return ok;
}

/* Several questions of one subject: answered from what was kept, and not from what has changed. */
static int ask_again(struct stores *p, struct store_query q, struct choice *c)
{
  int ok = 1;
  q.what = STORE_CELLS;
  q.limit = 0;
  for (int i = 0; i < 4 && ok; i++) {
    q.keys = choice_below(c, 1u << STORE_KEY_COUNT_);
    for (size_t k = 0; k < p->n && ok; k++) ok = compare(p, &p->v[k], &p->v[k].reader, &q);
  }
  return ok;
}

/* Page after page is the whole answer, the same in all of them. */
static int turn_pages(struct stores *p, struct store_query q, struct choice *c)
{
  static const struct model_kind *const kinds[] = {&model_finding, &model_health, &model_alert,
                                                   &model_episode, &model_packet, &model_hit};
  prac_rc rc;
  q.what = choice_u8(c) & 1 ? STORE_FLOWS : STORE_RECORDS;
  q.kind = kinds[choice_u8(c) % PRAC_ARRAY_LEN(kinds)];
  q.limit = 100000;
  char *all = answer_text(&p->ram, &q, &rc);
  int ok = rc == PRAC_OK;
  q.limit = q.what == STORE_FLOWS ? 5 + choice_u8(c) % 60 : 1 + choice_u8(c) % 3;
  for (size_t i = 0; i <= p->n && ok; i++) {
    char *pages = pages_text(i == p->n ? &p->ram : &p->v[i].writer, &q, &rc);
    ok = rc == PRAC_OK && strcmp(all, pages) == 0;
    if (!ok)
      fprintf(stderr, "pages of %u, what %d oldest %d\nall:\n%.1500s\n%s:\n%.1500s\n", q.limit,
              (int)q.what, q.oldest_first, all, i == p->n ? "ram" : p->v[i].name, pages);
    free(pages);
  }
  free(all);
  return ok;
}

/* What a replay would get: the same batches, whatever has been compacted by then. */
static int replay(struct stores *p, struct choice *c)
{
  const char *two[2] = {made_sensors[choice_u8(c) % 3], made_sensors[choice_u8(c) % 3]};
  struct store_batch_query q = {.sensors = {two, choice_u8(c) % 3}};
  if (choice_u8(c) & 1) q.span.from = MADE_DAY + choice_below(c, 20 * 3600) * PRAC_SEC;
  q.span.to = choice_u8(c) & 1 ? MADE_DAY + PRAC_DAY + choice_below(c, 6 * 3600) * PRAC_SEC
                               : PRAC_TIME_NONE;
  prac_rc ra, rb;
  char *a = batches_text(&p->ram, &q, &ra);
  int ok = ra == PRAC_OK;
  for (size_t i = 0; i < p->n && ok; i++) {
    char *b = batches_text(&p->v[i].writer, &q, &rb);
    ok = rb == PRAC_OK && strcmp(a, b) == 0;
    if (!ok) fprintf(stderr, "batches\nram:\n%.1500s\n%s:\n%.1500s\n", a, p->v[i].name, b);
    free(b);
  }
  free(a);
  return ok;
}

static int maintain(struct stores *p, int64_t after)
{
  struct prac_err err = {0};
  prac_rc rc = PRAC_OK;
  for (size_t i = 0; i < p->n && rc == PRAC_OK; i++)
    rc = p->v[i].writer.ops->maintain(p->v[i].writer.st, MADE_DAY + after, &err);
  if (rc != PRAC_OK) fprintf(stderr, "maintain: %s\n", err.text);
  return rc == PRAC_OK;
}

static int same(struct choice *small)
{
  uint8_t bytes[20000];
  uint64_t seed = 1;
  for (int i = 0; i < 8; i++) seed = seed << 8 | choice_u8(small);
  struct prac_rng rng = prac_rng_of(seed);
  struct stores p;
  int ok = stores_open(&p);
  for (unsigned round = 0; round < 8 && ok; round++) {
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)prac_rng_u64(&rng);
    struct choice c = {bytes, bytes + sizeof bytes};
    ok = append_made(&p, &c, round);
    if (ok && choice_u8(&c) % 3 == 0) ok = maintain(&p, choice_below(&c, 72) * PRAC_HOUR);
    for (int k = 0; k < 12 && ok; k++) {
      struct store_query q;
      for (size_t i = 0; i < 64; i++) bytes[i] = (uint8_t)prac_rng_u64(&rng);
      struct choice qc = {bytes, bytes + 64};
      made_query(&qc, &q);
      ok = ask(&p, &q) && ask_records(&p, q, &qc) && (k % 4 || ask_again(&p, q, &qc)) &&
           (k % 4 != 1 || turn_pages(&p, q, &qc));
    }
    for (size_t i = 0; i < 64; i++) bytes[i] = (uint8_t)prac_rng_u64(&rng);
    struct choice bc = {bytes, bytes + 64};
    ok = ok && replay(&p, &bc);
  }
  stores_close(&p);
  return ok;
}

static void test_same(void **state)
{
  (void)state;
  assert_true(prop_check("all backends answer alike", same, 42, server ? 3 : 6));
}

/* ---- many rows that differ in what is least, or in nothing ---- */
static struct flow_batch *alike(struct prac_rng *rng, uint32_t n)
{
  static struct flow_row rows[400];
  static const char *const lists[] = {"acknowledged 2025-03-02", "second"};
  struct flow_batch *b = NULL;
  for (uint32_t i = 0; i < n; i++) {
    uint64_t x = prac_rng_u64(rng);
    rows[i] = (struct flow_row){.src = prac_ip4(0xc0000201), .dst = prac_ip4(0xc6336401)};
    rows[i].victim = prac_ip4((uint32_t)x & 1);
    rows[i].packets = 1;
    rows[i].proto = 6;
    rows[i].tcp_flags = x >> 1 & 1;
    rows[i].ttl = x >> 2 & 1;
    rows[i].window = x >> 3 & 1;
    rows[i].country = x >> 4 & 1 ? 'J' << 8 | 'P' : 0;
    rows[i].asn = x >> 5 & 1;
    rows[i].marks = x >> 6 & 1;
    rows[i].tool = (uint8_t)((x >> 7 & 7) % FLOW_TOOL_COUNT_);
    rows[i].survey = (x >> 10 & 3) % 3;
    rows[i].payload = x >> 12 & 1;
  }
  assert_int_equal(flow_batch_new("tokyo", MADE_DAY, rows, n, &b), PRAC_OK);
  assert_int_equal(flow_batch_describe(b, "", (struct model_strs){lists, 2}), PRAC_OK);
  return b;
}

static void test_alike(void **state)
{
  (void)state;
  struct prac_rng rng = prac_rng_of(11);
  struct stores p;
  struct store_query q = {.what = STORE_FLOWS, .limit = 100000};
  assert_true(stores_open(&p));
  for (int i = 0; i < 4; i++) { /* a sensor that was started anew says the same part again */
    struct flow_batch *b = alike(&rng, 400);
    assert_true(append(&p, &(struct store_tx){.batches = &b, .n_batches = 1}));
    flow_batch_unref(&b);
    if (i == 1) assert_true(maintain(&p, PRAC_DAY));
  }
  for (int old = 0; old < 2; old++) {
    q.oldest_first = old;
    assert_true(ask(&p, &q));
    prac_rc rc;
    struct store_query page = q;
    page.limit = 37;
    char *all = answer_text(&p.ram, &q, &rc);
    for (size_t i = 0; i < p.n; i++) {
      char *pages = pages_text(&p.v[i].writer, &page, &rc);
      assert_int_equal(rc, PRAC_OK);
      assert_string_equal(pages, all);
      free(pages);
    }
    free(all);
  }
  stores_close(&p);
}

/* ---- by age: what ClickHouse gives up, and what stays known ---- */
static void expect_same(struct stores *p, const struct store_query *ram,
                        const struct store_query *ch)
{
  prac_rc ra, rb;
  char *a = answer_text(&p->ram, ram, &ra), *b = answer_text(&p->v[0].reader, ch, &rb);
  assert_int_equal(ra, PRAC_OK);
  assert_int_equal(rb, PRAC_OK);
  assert_string_equal(a, b);
  free(a);
  free(b);
}

static void append_days(struct stores *p, unsigned days)
{
  uint8_t bytes[20000];
  struct prac_rng rng = prac_rng_of(5);
  for (unsigned i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)prac_rng_u64(&rng);
  struct choice c = {bytes, bytes + sizeof bytes};
  for (unsigned d = 0; d < days; d++) {
    struct flow_batch *b[3];
    for (unsigned i = 0; i < 3; i++)
      b[i] = made_batch(&c, made_sensors[i], MADE_DAY + d * PRAC_DAY + i * 5 * PRAC_HOUR, 0, 200);
    assert_true(append(p, &(struct store_tx){.batches = b, .n_batches = 3}));
    for (unsigned i = 0; i < 3; i++) flow_batch_unref(&b[i]);
  }
}

static void test_age(void **state)
{
  (void)state;
  if (!server) return;
  struct stores p = {.n = 0};
  struct prac_err err = {0};
  const struct store_env env = {.nthreads = 2};
  struct ch_conf conf;
  char database[64];
  (void)snprintf(database, sizeof database, "age_%.40s", strrchr(made_dir(p.dir), '-') + 1);
  prac_conf_defaults(&ch_conf_section, &conf);
  conf.urls = (struct prac_conf_strings){&server, 1};
  conf.database = database;
  conf.retention_ns = PRAC_DAY;
  assert_int_equal(store_open("ram", NULL, &env, &p.ram, &err), PRAC_OK);
  assert_true(open_one(&p.v[p.n++], "clickhouse", &env, &conf, &conf));
  append_days(&p, 4);
  const prac_time edge = MADE_DAY + 2 * PRAC_DAY;
  const struct store_ops *ops = p.v[0].writer.ops;
  for (int again = 0; again < 2; again++)
    assert_int_equal(ops->maintain(p.v[0].writer.st, edge + PRAC_DAY, &err), PRAC_OK);
  const struct prac_span all = {PRAC_TIME_NONE, PRAC_TIME_NONE}, young = {edge, PRAC_TIME_NONE};
  for (enum store_dim by = STORE_BY_NONE; by < STORE_BY_SRC; by++) {
    struct store_query q = {.what = STORE_SERIES, .span = all, .by = by, .step_ns = PRAC_DAY};
    expect_same(&p, &q, &q); /* days are still known, senders too */
    struct store_query hours = q, kept = q;
    hours.step_ns = kept.step_ns = PRAC_HOUR;
    hours.span = young;
    expect_same(&p, &hours, &kept);
  }
  struct store_query flows = {.what = STORE_FLOWS, .span = all}, left = flows;
  left.span = young;
  expect_same(&p, &left, &flows);
  const struct store_batch_query since = {.span = young}, every = {.span = all};
  prac_rc ra, rb;
  char *a = batches_text(&p.ram, &since, &ra), *b = batches_text(&p.v[0].reader, &every, &rb);
  assert_string_equal(a, b);
  free(a);
  free(b);
  stores_close(&p);
}

int main(int argc, char **argv)
{
  if (argc > 1) server = argv[1];
  if (argc > 3) reader_user = argv[2], reader_secret = argv[3];
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_same), cmocka_unit_test(test_alike),
                                     cmocka_unit_test(test_age)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
