/* The ram backend is plain brute force; the embedded one has a log, segments, roll-ups and SQL. The
 * same rows must give the same answers, whatever has been compacted by then. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "lib/store_made.h"
#include "lib/t.h"

struct pair {
  struct store ram, emb, again; /* again: a reader that keeps what it has decoded */
  char dir[256];
};

static int pair_open(struct pair *p)
{
  struct prac_err err = {0};
  struct store_env env = {.dir = made_dir(p->dir), .nthreads = 2};
  struct store_env reader = env;
  reader.read_only = reader.again = true;
  p->ram = p->emb = p->again = (struct store){0};
  if (store_open("ram", NULL, &env, &p->ram, &err) == PRAC_OK &&
      store_open("embedded", NULL, &env, &p->emb, &err) == PRAC_OK &&
      store_open("embedded", NULL, &reader, &p->again, &err) == PRAC_OK)
    return 1;
  fprintf(stderr, "%s\n", err.text);
  return 0;
}

static void pair_close(struct pair *p)
{
  store_close(&p->ram);
  store_close(&p->emb);
  store_close(&p->again);
  made_dir_remove(p->dir);
}

static int append_both(struct pair *p, struct choice *c, unsigned round)
{
  struct flow_batch *b[6];
  struct finding f[3];
  struct health h;
  struct store_rec r[4];
  struct prac_err err = {0};
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
  struct store_tx tx = {.batches = b, .n_batches = n, .recs = r, .n_recs = k, .consumer = "t"};
  tx.seq = round + 1;
  int ok = p->ram.ops->append(p->ram.st, &tx, &err) == PRAC_OK &&
           p->emb.ops->append(p->emb.st, &tx, &err) == PRAC_OK;
  if (choice_u8(c) & 1) /* told again after a crash: nothing happens */
    ok = ok && p->ram.ops->append(p->ram.st, &tx, &err) == PRAC_OK &&
         p->emb.ops->append(p->emb.st, &tx, &err) == PRAC_OK;
  if (!ok) fprintf(stderr, "append: %s\n", err.text);
  for (size_t i = 0; i < n; i++) flow_batch_unref(&b[i]);
  return ok;
}

static int ask_both(struct pair *p, const struct store_query *q)
{
  prac_rc ra, rb;
  char *a = answer_text(&p->ram, q, &ra), *b = answer_text(&p->emb, q, &rb);
  int ok = ra == rb && strcmp(a, b) == 0;
  if (!ok)
    fprintf(stderr,
            "what %d by %d step %lld limit %u plan?\nram (%d):\n%.1500s\nembedded (%d):\n%.1500s\n",
            (int)q->what, (int)q->by, (long long)q->step_ns, q->limit, (int)ra, a, (int)rb, b);
  free(a);
  free(b);
  return ok;
}

/* Several questions of one subject: answered from what was kept, and not from what has changed. */
static int ask_again(struct pair *p, struct store_query q, struct choice *c)
{
  int ok = 1;
  q.what = STORE_CELLS;
  q.limit = 0;
  for (int i = 0; i < 4 && ok; i++) {
    prac_rc ra, rb;
    q.keys = choice_below(c, 1u << STORE_KEY_COUNT_);
    char *a = answer_text(&p->ram, &q, &ra), *b = answer_text(&p->again, &q, &rb);
    ok = ra == rb && strcmp(a, b) == 0;
    if (!ok) fprintf(stderr, "again, keys %x\nram:\n%.1500s\nembedded:\n%.1500s\n", q.keys, a, b);
    free(a);
    free(b);
  }
  return ok;
}

/* What a replay would get: the same batches, whatever has been compacted by then. */
static int replay_both(struct pair *p, struct choice *c)
{
  const char *two[2] = {made_sensors[choice_u8(c) % 3], made_sensors[choice_u8(c) % 3]};
  struct store_batch_query q = {.sensors = {two, choice_u8(c) % 3}};
  if (choice_u8(c) & 1) q.span.from = MADE_DAY + choice_below(c, 20 * 3600) * PRAC_SEC;
  q.span.to = choice_u8(c) & 1 ? MADE_DAY + PRAC_DAY + choice_below(c, 6 * 3600) * PRAC_SEC
                               : PRAC_TIME_NONE;
  prac_rc ra, rb;
  char *a = batches_text(&p->ram, &q, &ra), *b = batches_text(&p->emb, &q, &rb);
  int ok = ra == PRAC_OK && rb == PRAC_OK && strcmp(a, b) == 0;
  if (!ok) fprintf(stderr, "batches\nram:\n%.1500s\nembedded:\n%.1500s\n", a, b);
  free(a);
  free(b);
  return ok;
}

static int maintain(struct pair *p, int64_t after)
{
  struct prac_err err = {0};
  if (p->emb.ops->maintain(p->emb.st, MADE_DAY + after, &err) == PRAC_OK) return 1;
  fprintf(stderr, "maintain: %s\n", err.text);
  return 0;
}

static int same(struct choice *small)
{
  uint8_t bytes[20000];
  uint64_t seed = 1;
  for (int i = 0; i < 8; i++) seed = seed << 8 | choice_u8(small);
  struct prac_rng rng = prac_rng_of(seed);
  struct pair p;
  int ok = pair_open(&p);
  for (unsigned round = 0; round < 8 && ok; round++) {
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)prac_rng_u64(&rng);
    struct choice c = {bytes, bytes + sizeof bytes};
    ok = append_both(&p, &c, round);
    if (ok && choice_u8(&c) % 3 == 0) ok = maintain(&p, choice_below(&c, 72) * PRAC_HOUR);
    for (int k = 0; k < 12 && ok; k++) {
      struct store_query q;
      for (size_t i = 0; i < 64; i++) bytes[i] = (uint8_t)prac_rng_u64(&rng);
      struct choice qc = {bytes, bytes + 64};
      made_query(&qc, &q);
      ok = ask_both(&p, &q) && (k % 4 || ask_again(&p, q, &qc));
    }
    for (size_t i = 0; i < 64; i++) bytes[i] = (uint8_t)prac_rng_u64(&rng);
    struct choice bc = {bytes, bytes + 64};
    ok = ok && replay_both(&p, &bc);
  }
  pair_close(&p);
  return ok;
}

static void test_same(void **state)
{
  (void)state;
  assert_true(prop_check("ram and embedded answer alike", same, 42, 6));
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_same)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
