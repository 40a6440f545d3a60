/* The one promise: whatever is stored, whoever asks, and whatever is asked, no address outside the
 * reader's part of the world and none of our own is in any byte of the answer. And what is inside
 * is all there. Made data, made scopes, made questions. */
#include "lib/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/gate.h"
#include "base/rng.h"
#include "lib/planted.h"
#include "lib/store_made.h"
#include "lib/world.h"

enum { CASES = 2000, QUESTIONS = 12 };
static struct lookup *geo;
static uint64_t n_bytes, n_answers, n_denied, n_rows, n_packets;

/* A case needs more bytes than the driver gives: those are its seed. */
struct long_choice {
  struct choice c;
  uint8_t bytes[32768];
};
static struct choice *more(struct choice *seed, struct long_choice *to)
{
  struct prac_rng r = prac_rng_of(choice_below(seed, UINT32_MAX));
  for (size_t i = 0; i < sizeof to->bytes; i++) to->bytes[i] = (uint8_t)prac_rng_below(&r, 256);
  to->c = (struct choice){to->bytes, to->bytes + sizeof to->bytes};
  return &to->c;
}

/* ---- what is asked ---- */

static struct store_query made_question(struct choice *c, struct prac_prefix *list,
                                        char text[PLANTED_TEXT])
{
  static const enum store_what whats[] = {
      STORE_FLOWS,    STORE_RECORDS, STORE_RECORDS, STORE_RECORDS, STORE_SERIES, STORE_TOP,
      STORE_TOP_SCAN, STORE_HOST,    STORE_SENSORS, STORE_CELLS,   STORE_KEPT};
  static const uint8_t bits[] = {128, 128, 127, 126, 120, 112, 104};
  struct store_query q = {.what = whats[choice_u8(c) % PRAC_ARRAY_LEN(whats)]};
  uint32_t n_kinds = 0, n = 0;
  while (model_kinds[n_kinds]) n_kinds++;
  q.kind = model_kinds[choice_below(c, n_kinds)];
  q.by = (enum store_dim)(choice_u8(c) % 6);
  q.keys = choice_below(c, 1 << STORE_KEY_COUNT_);
  if (choice_u8(c) % 4) q.keys &= ~(uint32_t)STORE_KEY_DST;
  q.limit = choice_u8(c) % 4 ? 0 : 1 + choice_u8(c) % 20;
  q.oldest_first = choice_u8(c) & 1;
  for (unsigned i = choice_u8(c) % 3 ? 0 : 1 + choice_u8(c) % 4; i > 0; i--)
    list[n++] = (struct prac_prefix){planted_ip(c), bits[choice_u8(c) % sizeof bits]};
  if (n > 1) q.srcs = list, q.n_srcs = n;
  if (n == 1 || q.what == STORE_HOST)
    q.src = (struct prac_prefix){planted_ip(c), bits[choice_u8(c) % 3]};
  if (choice_u8(c) % 8 == 0) q.victim = (struct prac_prefix){planted_ip(c), 128};
  if (choice_u8(c) % 20 == 0) q.dst = (struct prac_prefix){prac_ip4(0xc6120701), 128};
  if (choice_u8(c) % 8 == 0) q.country = choice_u8(c) & 1 ? "JP" : "US";
  if (choice_u8(c) % 8 == 0) q.asn = 64501;
  if (choice_u8(c) % 10 == 0) q.key = planted_text(c, text);
  if (choice_u8(c) % 10 == 0) q.id = "r1";
  return q;
}

/* Of packets, what is in their bytes. */
struct bytes_seen {
  const struct access_scope *scope;
  struct prac_arena *arena;
  bool leak;
};
static prac_rc look_at(void *arg, const struct store_col *cols, size_t n,
                       const struct store_value *v)
{
  struct bytes_seen *b = arg;
  struct packet p;
  (void)cols, (void)n;
  PRAC_TRY(model_from_json(&model_packet, v[0].s, strlen(v[0].s), b->arena, &p, NULL));
  if (planted_bytes(b->scope, &p)) fprintf(stderr, "# a packet that names %s\n", v[0].s);
  b->leak |= planted_bytes(b->scope, &p) || !prac_ip_is_zero(&p.dst) || !p.masked ||
             !b->scope->packets || !planted_inside(b->scope, &p.src);
  n_packets++;
  return PRAC_OK;
}

static bool packets_leak(const struct store *gated, const struct access_scope *scope,
                         struct prac_arena *a)
{
  const struct store_query q = {.what = STORE_RECORDS, .kind = &model_packet};
  struct bytes_seen b = {scope, a, false};
  prac_rc rc = gated->ops->query(gated->st, &q, look_at, &b, NULL);
  return b.leak || rc != (scope->packets ? PRAC_OK : PRAC_DENIED);
}

static int answers_stay_inside(struct choice *seed)
{
  static struct long_choice bytes;
  struct choice *c = more(seed, &bytes);
  char text[PLANTED_TEXT], found[PLANTED_TEXT];
  struct prac_prefix list[4];
  struct store s = {0}, gated = {0}, whole = {0};
  struct prac_arena *a = prac_arena_new(4096);
  struct access_scope scope = planted_scope(c, a);
  const struct access_scope world = {.all = true, .packets = true, .clearance = ACCESS_RED};
  const struct store_env env = {.nthreads = 1};
  int ok = store_open("ram", NULL, &env, &s, NULL) == PRAC_OK &&
           access_gate_open(&s, &world, geo, &whole, NULL) == PRAC_OK &&
           access_gate_open(&s, &scope, geo, &gated, NULL) == PRAC_OK;
  if (ok) planted_store(c, &s);
  for (int i = 0; ok && i < QUESTIONS; i++) {
    prac_rc rc;
    struct store_query q = made_question(c, list, text);
    char *out = answer_text(&gated, &q, &rc);
    n_answers++;
    n_bytes += strlen(out);
    n_denied += rc == PRAC_DENIED;
    ok = rc == PRAC_OK || rc == PRAC_DENIED || rc == PRAC_RANGE;
    if (ok && (planted_find(&scope, out, found) || strstr(out, PLANTED_OWN))) {
      fprintf(stderr, "# what %d: %s in %s\n", (int)q.what, found, out);
      ok = 0;
    }
    free(out);
  }
  ok = ok && !packets_leak(&gated, &scope, a) && !packets_leak(&whole, &world, a);
  store_close(&whole);
  store_close(&gated);
  store_close(&s);
  prac_arena_free(&a);
  return ok;
}

/* ---- what is inside is all there ---- */

struct counted {
  const struct access_scope *scope;
  uint64_t rows, packets, inside_rows, inside_packets;
};

static prac_rc count_row(void *arg, const struct store_col *cols, size_t n,
                         const struct store_value *v)
{
  struct counted *t = arg;
  bool inside = false;
  uint64_t packets = 0;
  for (size_t i = 0; i < n; i++) {
    if (strcmp(cols[i].name, "src") == 0) inside = planted_inside(t->scope, &v[i].ip);
    if (strcmp(cols[i].name, "packets") == 0) packets = v[i].u;
  }
  t->rows++;
  t->packets += packets;
  t->inside_rows += inside;
  t->inside_packets += inside ? packets : 0;
  return PRAC_OK;
}

static int nothing_is_lost(struct choice *seed)
{
  static struct long_choice bytes;
  struct choice *c = more(seed, &bytes);
  struct store s = {0}, gated = {0};
  struct prac_arena *a = prac_arena_new(4096);
  struct access_scope scope = planted_scope(c, a);
  const struct store_env env = {.nthreads = 1};
  static const struct store_query qs[] = {
      {.what = STORE_FLOWS},
      {.what = STORE_FLOWS, .oldest_first = true},
      {.what = STORE_TOP, .by = STORE_BY_SRC},
      {.what = STORE_CELLS, .keys = STORE_KEY_SRC | STORE_KEY_AT},
      {.what = STORE_SERIES, .by = STORE_BY_SRC, .step_ns = PRAC_HOUR}};
  int ok = store_open("ram", NULL, &env, &s, NULL) == PRAC_OK &&
           access_gate_open(&s, &scope, geo, &gated, NULL) == PRAC_OK;
  if (ok) planted_store(c, &s);
  for (size_t i = 0; ok && i < PRAC_ARRAY_LEN(qs); i++) {
    struct counted all = {&scope, 0, 0, 0, 0}, seen = all;
    ok = s.ops->query(s.st, &qs[i], count_row, &all, NULL) == PRAC_OK &&
         gated.ops->query(gated.st, &qs[i], count_row, &seen, NULL) == PRAC_OK &&
         seen.rows == all.inside_rows && seen.inside_rows == seen.rows &&
         seen.packets == all.inside_packets;
    n_rows += seen.rows;
  }
  store_close(&gated);
  store_close(&s);
  prac_arena_free(&a);
  return ok;
}

static void leaks(void **state)
{
  (void)state;
  assert_true(prop_check("answers_stay_inside", answers_stay_inside, 6000, CASES));
  printf("# %d scopes and stores, %llu answers, %llu refused, %llu bytes searched\n", CASES,
         (unsigned long long)n_answers, (unsigned long long)n_denied, (unsigned long long)n_bytes);
  assert_true(n_packets > 500);
  assert_true(n_bytes > 1000000 && n_denied > 1000 && n_denied < n_answers / 4 * 3);
}

static void losses(void **state)
{
  (void)state;
  assert_true(prop_check("nothing_is_lost", nothing_is_lost, 7000, 300));
  assert_true(n_rows > 1000);
}

static int setup(void **state)
{
  (void)state;
  geo = world_lookup();
  return geo == NULL;
}

static int teardown(void **state)
{
  (void)state;
  lookup_unref(&geo);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(leaks), cmocka_unit_test(losses)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
