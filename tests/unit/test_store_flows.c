/* Rows by our own reader: the newest and the oldest, and a sender's history, of segments, of the
 * log, and of both, are the plain truth of the ram backend; and it is our reader that finds them.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/rng.h"
#include "lib/store_made.h"
#include "lib/t.h"
#include "store/embedded/flows.h"

enum { BATCHES = 16, ROWS = 9000 }; /* two segments of more than a row group */

struct pair {
  struct store ram, emb;
  char dir[256];
};

static void make_row(struct prac_rng *r, struct flow_row *f)
{
  uint32_t host = (uint32_t)prac_rng_below(r, 9000);
  f->src = host % 7 ? prac_ip4(0x01000000u + host * 7919) : prac_ip_of(0x20010db8ull << 32, host);
  f->dst = prac_ip4(0x0a000000u + (uint32_t)prac_rng_below(r, 1 << 16));
  f->proto = host % 5 ? 6 : host % 2 ? 1 : 17;
  f->sport = f->proto == 1 ? 8 : (uint16_t)prac_rng_u64(r);
  f->dport = f->proto == 1 ? (uint16_t)(host % 3) : (uint16_t)(20 + prac_rng_below(r, 40));
  f->country = host % 11 ? (uint16_t)('J' << 8 | ('A' + host % 17)) : 0;
  f->asn = host % 97;
  f->marks = host % 13 ? 0 : FLOW_BACKSCATTER;
  if (f->marks) f->victim = f->src;
  f->tool = (uint8_t)(host % FLOW_TOOL_COUNT_);
  f->survey = (uint16_t)(host % 3);
  f->ttl = (uint8_t)prac_rng_u64(r);
  f->payload = host % 2 ? prac_rng_u64(r) : 0;
  f->packets = 1 + (uint32_t)prac_rng_below(r, 3);
  f->bytes = f->packets * 40u;
  f->first_ms = (uint16_t)(prac_rng_below(r, 6000) * 10); /* many at the same time */
  f->span_ms = (uint16_t)prac_rng_below(r, 9000);
}

static struct flow_batch *batch_of(struct prac_rng *r, int minute, const char *sensor, uint32_t n)
{
  static const char *const lists[] = {"acknowledged 2025-03-02", "second"};
  struct flow_row *v = calloc(n, sizeof *v);
  struct flow_batch *b = NULL;
  assert_non_null(v);
  for (size_t i = 0; i < n; i++) make_row(r, &v[i]);
  assert_int_equal(flow_batch_new(sensor, MADE_DAY + minute * PRAC_MIN, v, n, &b), PRAC_OK);
  assert_int_equal(flow_batch_describe(b, "made", (struct model_strs){lists, 2}), PRAC_OK);
  free(v);
  return b;
}

static void append_both(struct pair *p, struct flow_batch *b)
{
  struct prac_err err = {0};
  struct store_tx tx = {.batches = &b, .n_batches = 1};
  assert_int_equal(p->ram.ops->append(p->ram.st, &tx, &err), PRAC_OK);
  assert_int_equal(p->emb.ops->append(p->emb.st, &tx, &err), PRAC_OK);
  flow_batch_unref(&b);
}

static void maintain(struct pair *p)
{
  struct prac_err err = {0};
  assert_int_equal(p->emb.ops->maintain(p->emb.st, MADE_DAY + 2 * PRAC_DAY, &err), PRAC_OK);
}

static prac_rc nothing(void *arg, const struct store_col *cols, size_t n,
                       const struct store_value *v)
{
  (void)arg, (void)cols, (void)n, (void)v;
  return PRAC_OK;
}

/* Nothing else would tell that DuckDB was not asked. */
static void without_duck(struct pair *p, const struct store_query *q)
{
  struct emb *e = p->emb.st;
  struct emb_files f = {0};
  struct emb_sources s = {0};
  assert_int_equal(emb_files_list(e, q, &f, NULL), PRAC_OK);
  assert_int_equal(emb_sources_list(e, q, &f, &s, NULL), PRAC_OK);
  assert_int_equal(
      (q->what == STORE_FLOWS ? emb_flows_top : emb_flows_host)(e, q, &s, nothing, NULL), PRAC_OK);
  emb_sources_done(&s);
  emb_files_done(&f);
}

static void same(struct pair *p, const struct store_query *q)
{
  prac_rc ra, rb;
  char *a = answer_text(&p->ram, q, &ra), *b = answer_text(&p->emb, q, &rb);
  assert_int_equal(ra, PRAC_OK);
  assert_int_equal(rb, PRAC_OK);
  assert_true(strlen(a) > 20);
  assert_string_equal(a, b);
  free(a);
  free(b);
  without_duck(p, q);
}

static void same_answers(struct pair *p)
{
  static const uint32_t limits[] = {1, 20, 1000, 6000};
  const struct prac_prefix two[] = {{prac_ip4(0x01000000u + 7919), 128},
                                    {prac_ip4(0x01000000u + 2 * 7919), 120}};
  for (unsigned i = 0; i < 48; i++) {
    struct store_query q = {.what = STORE_FLOWS, .limit = limits[i % 4], .oldest_first = i & 4};
    q.span = (struct prac_span){PRAC_TIME_NONE, PRAC_TIME_NONE};
    if (i & 8)
      q.span = (struct prac_span){MADE_DAY + 3 * PRAC_MIN + 17 * PRAC_SEC + 5,
                                  MADE_DAY + 9 * PRAC_MIN + 1234 * PRAC_MS};
    switch (i / 8) {
    case 1:
      q.country = "JC";
      q.port = (struct model_port){443 % 40 + 20, 6};
      q.has_port = true;
      break;
    case 2:
      q.srcs = two;
      q.n_srcs = 2;
      break;
    case 3:
      q.port = (struct model_port){.port = 8 << 8 | 1, .proto = 1};
      q.has_port = true;
      q.sensor = "tokyo";
      break;
    case 4:
      q.marks = FLOW_BACKSCATTER;
      q.victim = (struct prac_prefix){prac_ip_of(0x20010db8ull << 32, 0), 64};
      break;
    case 5:
      q.asn = 13;
      q.dst = (struct prac_prefix){prac_ip4(0x0a000000u), 114};
      break;
    default:
      break;
    }
    same(p, &q);
  }
  struct store_query host = {.what = STORE_HOST, .src = two[0]};
  same(p, &host);
  host.src = (struct prac_prefix){prac_ip_of(0x20010db8ull << 32, 0), 64};
  host.span = (struct prac_span){MADE_DAY + 17 * PRAC_SEC, MADE_DAY + 9 * PRAC_MIN};
  same(p, &host);
  host.port = (struct model_port){30, 6};
  host.has_port = true;
  same(p, &host);
}

static void rows_are_the_truth(void **state)
{
  (void)state;
  struct pair p = {.dir = ""};
  struct prac_err err = {0};
  struct store_env env = {.dir = made_dir(p.dir), .nthreads = 2};
  struct prac_rng r = prac_rng_of(12);
  assert_int_equal(store_open("ram", NULL, &env, &p.ram, &err), PRAC_OK);
  assert_int_equal(store_open("embedded", NULL, &env, &p.emb, &err), PRAC_OK);
  for (int i = 0; i < BATCHES; i++) {
    append_both(&p, batch_of(&r, i / 2, i % 2 ? "tokyo" : "paris", ROWS));
    if (i % 8 == 7) maintain(&p);
  }
  same_answers(&p);
  append_both(&p, batch_of(&r, 4, "paris", ROWS)); /* late: in the log, then a segment of its own */
  append_both(&p, batch_of(&r, 15, "tokyo", ROWS));
  same_answers(&p);
  store_close(&p.ram);
  store_close(&p.emb);
  made_dir_remove(p.dir);
}

/* What is beyond the last that is wanted is not read: of a log of ten batches, one. */
static void stops_early(void **state)
{
  (void)state;
  struct pair p = {.dir = ""};
  struct prac_err err = {0};
  struct store_env env = {.dir = made_dir(p.dir), .nthreads = 2};
  struct prac_rng r = prac_rng_of(13);
  struct store_query q = {.what = STORE_FLOWS, .limit = 50};
  q.span = (struct prac_span){PRAC_TIME_NONE, PRAC_TIME_NONE};
  assert_int_equal(store_open("ram", NULL, &env, &p.ram, &err), PRAC_OK);
  env.nthreads = 1;
  assert_int_equal(store_open("embedded", NULL, &env, &p.emb, &err), PRAC_OK);
  for (int i = 0; i < 10; i++) append_both(&p, batch_of(&r, i, "tokyo", ROWS));
  for (int oldest = 0; oldest < 2; oldest++) {
    struct emb_files f = {0};
    struct emb_sources s = {0};
    q.oldest_first = oldest;
    assert_int_equal(emb_files_list(p.emb.st, &q, &f, NULL), PRAC_OK);
    assert_int_equal(emb_sources_list(p.emb.st, &q, &f, &s, NULL), PRAC_OK);
    assert_int_equal(s.n, 10);
    for (size_t i = 1; i < 10; i++) s.v[i].place.off = -1; /* would be damaged */
    assert_int_equal(s.v[0].span.from, MADE_DAY + (oldest ? 0 : 9) * PRAC_MIN);
    assert_int_equal(emb_flows_top(p.emb.st, &q, &s, nothing, NULL), PRAC_OK);
    assert_non_null(s.v[0].batch);
    for (size_t i = 1; i < 10; i++) assert_null(s.v[i].batch);
    emb_sources_done(&s);
    emb_files_done(&f);
  }
  store_close(&p.ram);
  store_close(&p.emb);
  made_dir_remove(p.dir);
}

/* ---- damage ---- */
struct heard {
  uint32_t row[4096];
  size_t n;
};

static struct emb_times any_time(void *to)
{
  (void)to;
  return (struct emb_times){INT64_MIN, INT64_MAX};
}

static prac_rc hear(void *to, int64_t at_ms, uint32_t row)
{
  struct heard *h = to;
  (void)at_ms;
  if (h->n == PRAC_ARRAY_LEN(h->row)) return PRAC_FULL;
  h->row[h->n++] = row;
  return PRAC_OK;
}

/* Everything that is asked of a segment. */
static prac_rc read_bytes(const uint8_t *v, size_t n)
{
  static struct heard h;
  static struct store_flow out[PRAC_ARRAY_LEN(h.row)];
  const struct store_query q = {.what = STORE_FLOWS,
                                .span = {PRAC_TIME_NONE, PRAC_TIME_NONE},
                                .sensor = "tokyo",
                                .marks = 0,
                                .asn = 13};
  char self[40];
  int fd = memfd_create("segment", MFD_CLOEXEC);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, v, n), n);
  (void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
  struct emb_reader *r = calloc(1, sizeof *r);
  assert_non_null(r);
  r->file.fd = -1;
  struct emb_find find;
  emb_find_init(&find, &q, EMB_WANT_ALL);
  const struct emb_ask a = {&find, any_time, hear, &h};
  prac_rc rc = emb_reader_open(r, self);
  for (size_t g = 0; rc == PRAC_OK && g < r->file.n_groups; g++) {
    h.n = 0;
    rc = emb_find_rows(r, g, &a);
    if (rc == PRAC_OK) rc = emb_take_rows(r, g, find.want, h.row, h.n, out);
  }
  emb_reader_done(r);
  free(r);
  close(fd);
  return rc;
}

static void any_byte_changed(void **state)
{
  (void)state;
  struct pair p = {.dir = ""};
  struct prac_err err = {0};
  struct store_env env = {.dir = made_dir(p.dir), .nthreads = 1};
  struct prac_rng r = prac_rng_of(14);
  static uint8_t v[1 << 20];
  char path[EMB_PATH];
  assert_int_equal(store_open("ram", NULL, &env, &p.ram, &err), PRAC_OK);
  assert_int_equal(store_open("embedded", NULL, &env, &p.emb, &err), PRAC_OK);
  append_both(&p, batch_of(&r, 0, "tokyo", 3000));
  maintain(&p);
  emb_path(p.emb.st, path, "flows", 1);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = read(fd, v, sizeof v);
  close(fd);
  assert_true(n > 1000 && n < (ssize_t)sizeof v);
  assert_int_equal(read_bytes(v, (size_t)n), PRAC_OK);
  for (size_t i = 0; i < 3000; i++) { /* the footer, and some of everything */
    size_t at = i < 2000 ? (size_t)n - 1 - i : (size_t)prac_rng_below(&r, (uint64_t)n);
    uint8_t was = v[at];
    v[at] = (uint8_t)(was ^ (1u << prac_rng_below(&r, 8)));
    prac_rc rc = read_bytes(v, (size_t)n);
    assert_true(rc == PRAC_OK || rc == PRAC_UNSUPPORTED || rc == PRAC_FULL);
    v[at] = was;
  }
  store_close(&p.ram);
  store_close(&p.emb);
  made_dir_remove(p.dir);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(rows_are_the_truth),
                                     cmocka_unit_test(stops_early),
                                     cmocka_unit_test(any_byte_changed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
