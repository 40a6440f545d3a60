/* Top groups of an hour big enough for two segments: their senders, counted without a set, are the
 * plain truth of the ram backend; and where a source can stand in two segments, too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "lib/store_made.h"
#include "lib/t.h"
#include "store/embedded/runs.h"

enum { BATCHES = 16, ROWS = 36000 };

struct pair {
  struct store ram, emb;
  char dir[256];
};

/* More protocols and networks than have an array of their own in the counting. */
static const uint8_t protos[] = {6, 1, 17, 1, 58, 47, 33, 132, 136, 50, 2, 255, 0};

static struct flow_batch *loud_batch(struct prac_rng *r, prac_time minute)
{
  struct flow_row *v = calloc(ROWS, sizeof *v);
  struct flow_batch *b = NULL;
  assert_non_null(v);
  for (size_t i = 0; i < ROWS; i++) {
    uint32_t host = (uint32_t)prac_rng_below(r, 20000);
    v[i].src =
        host % 7 ? prac_ip4(0x01000000u + host * 7919) : prac_ip_of(0x20010db8ull << 32, host);
    v[i].dst = prac_ip4(0x0a000000u + (uint32_t)i);
    v[i].proto = protos[host % 5 ? 0 : host / 5 % PRAC_ARRAY_LEN(protos)];
    v[i].sport = host % 5 ? (uint16_t)prac_rng_u64(r) : 8;
    v[i].dport = host % 5 ? (uint16_t)(20 + prac_rng_below(r, 40)) : 0;
    v[i].country = host % 11 ? (uint16_t)('J' << 8 | ('A' + host % 17)) : 0;
    v[i].asn = host % 97 * (host % 3 ? 1 : 0x2a3b4c1);
    v[i].packets = 1 + (uint32_t)prac_rng_below(r, 3);
    v[i].bytes = v[i].packets * 40u;
    v[i].first_ms = (uint16_t)prac_rng_below(r, 60000);
  }
  assert_int_equal(flow_batch_new("tokyo", minute, v, ROWS, &b), PRAC_OK);
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

/* Whether no source stands in two segments of the day. */
static bool apart(struct pair *p, size_t *ret_files)
{
  struct store_query q = {.what = STORE_TOP_SCAN, .by = STORE_BY_PORT};
  struct emb_files f = {0};
  struct emb_hot hot = {0};
  q.span = (struct prac_span){MADE_DAY, MADE_DAY + PRAC_DAY};
  assert_int_equal(emb_files_list(p->emb.st, &q, &f, NULL), PRAC_OK);
  assert_true(emb_runs_ask(&q, &f, &hot));
  bool yes = emb_runs_apart(&f);
  *ret_files = f.n;
  emb_files_done(&f);
  return yes;
}

/* ... and whether they are read by our own reader: nothing else would tell. */
static void without_duck(struct pair *p)
{
  static const enum store_dim by[] = {STORE_BY_PORT, STORE_BY_COUNTRY, STORE_BY_ASN};
  for (size_t i = 0; i < 2 * PRAC_ARRAY_LEN(by); i++) {
    char path[EMB_PATH];
    struct emb_runs *r = emb_runs_new(by[i / 2]);
    assert_non_null(r);
    emb_path(p->emb.st, path, "flows", 1 + (int64_t)i % 2);
    assert_int_equal(emb_runs_file(r, path), PRAC_OK);
    emb_runs_free(&r);
  }
}

static void same_answers(struct pair *p)
{
  static const enum store_dim by[] = {STORE_BY_PORT, STORE_BY_COUNTRY, STORE_BY_ASN};
  const struct prac_prefix two[] = {{prac_ip4(0x01000000u + 7919), 128},
                                    {prac_ip4(0x01000000u + 2 * 7919), 128}};
  for (size_t i = 0; i < 4 * PRAC_ARRAY_LEN(by); i++) {
    struct store_query q = {.what = STORE_TOP_SCAN, .by = by[i / 4], .limit = i % 2 ? 200 : 7};
    q.span = (struct prac_span){MADE_DAY, MADE_DAY + PRAC_HOUR};
    if (i % 4 == 3) q.srcs = two, q.n_srcs = PRAC_ARRAY_LEN(two);
    if (i % 4 == 1) q.span.to = MADE_DAY + 5 * PRAC_MIN + 17 * PRAC_SEC; /* cuts a minute */
    if (i % 4 == 2) q.country = "JC";
    prac_rc ra, rb;
    char *a = answer_text(&p->ram, &q, &ra), *b = answer_text(&p->emb, &q, &rb);
    assert_int_equal(ra, PRAC_OK);
    assert_int_equal(rb, PRAC_OK);
    assert_true(strlen(a) > 20);
    assert_string_equal(a, b);
    free(a);
    free(b);
  }
}

static void runs_are_the_truth(void **state)
{
  (void)state;
  struct pair p = {.dir = ""};
  struct prac_err err = {0};
  struct store_env env = {.dir = made_dir(p.dir), .nthreads = 2};
  struct prac_rng r = prac_rng_of(11);
  size_t files = 0;
  assert_int_equal(store_open("ram", NULL, &env, &p.ram, &err), PRAC_OK);
  assert_int_equal(store_open("embedded", NULL, &env, &p.emb, &err), PRAC_OK);
  for (int i = 0; i < BATCHES; i++) append_both(&p, loud_batch(&r, MADE_DAY + i * PRAC_MIN));
  maintain(&p);
  assert_true(apart(&p, &files));
  assert_int_equal(files, 2); /* two lanes, no source in both */
  without_duck(&p);
  same_answers(&p);
  append_both(&p, loud_batch(&r, MADE_DAY + 3 * PRAC_MIN)); /* late: in the log, then a segment */
  same_answers(&p);
  maintain(&p);
  assert_false(apart(&p, &files));
  assert_int_equal(files, 3);
  same_answers(&p);
  store_close(&p.ram);
  store_close(&p.emb);
  made_dir_remove(p.dir);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(runs_are_the_truth)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
