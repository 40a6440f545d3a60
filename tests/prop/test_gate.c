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

enum { CASES = 2000, ROWS = 60, RECORDS = 6, QUESTIONS = 12, TEXTS = 24 };
static struct lookup *geo;
static uint64_t n_bytes, n_answers, n_denied, n_rows;
static const char own[] = "198.18.7.";

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

/* ---- what is stored ---- */

static uint16_t letters(const char *cc)
{
  return *cc ? (uint16_t)(cc[0] << 8 | cc[1]) : 0;
}

static uint32_t made_rows(struct choice *c, struct flow_row *rows)
{
  for (uint32_t i = 0; i < ROWS; i++) {
    struct flow_row *r = &rows[i];
    *r = (struct flow_row){.src = planted_ip(c), .dst = prac_ip4(0xc6120700u + choice_u8(c) % 9)};
    const struct world_place *p = world_place_of(&r->src);
    r->proto = 6;
    r->dport = 23;
    r->sport = (uint16_t)i;
    r->packets = 1 + choice_u8(c) % 3;
    r->bytes = 40;
    r->first_ms = (uint16_t)choice_below(c, 60000);
    r->country = letters(p->country);
    r->asn = p->asn;
    if (choice_u8(c) % 3 == 0) r->marks = FLOW_BACKSCATTER, r->victim = planted_ip(c);
  }
  return ROWS;
}

struct texts {
  char v[TEXTS][PLANTED_TEXT];
  unsigned n;
};

static const char *words(struct choice *c, struct texts *t)
{
  return planted_text(c, t->v[t->n++ % TEXTS]);
}

/* Every string, list and address of a record, whatever its kind. */
static void made_record(struct choice *c, const struct model_kind *k, struct texts *t, void *rec)
{
  static struct prac_ip ips[8][4];
  static const char *strs[8][3];
  static const char *const countries[] = {"JP", "US", "MM", ""};
  static const char *const keys[] = {"port:23/tcp", "sensor:tokyo/silent", "country:JP", "noise:x"};
  static const char *const tlps[] = {"TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "", "TLP:RED"};
  for (size_t i = 0; i < k->n_fields; i++) {
    void *at = (char *)rec + k->fields[i].offset;
    const char *name = k->fields[i].name;
    const char **s = at;
    if (k->fields[i].type == MODEL_STR) *s = words(c, t);
    if (strcmp(name, "country") == 0) *s = countries[choice_u8(c) % 4];
    if (strcmp(name, "tlp") == 0) *s = tlps[choice_u8(c) % 5];
    if (strcmp(name, "key") == 0 && choice_u8(c) % 2) *s = keys[choice_u8(c) % 4];
    if (strcmp(name, "asn") == 0) *(uint32_t *)at = choice_u8(c) % 2 ? 64501 : 0;
    if (strcmp(name, "prefix_bits") == 0) *(uint32_t *)at = choice_u8(c) % 3 ? 128 : 120;
    if (strcmp(name, "at") == 0) *(prac_time *)at = MADE_DAY + choice_below(c, 86400) * PRAC_SEC;
    if (strcmp(name, "sensor") == 0) *s = "tokyo";
    if (k->fields[i].type == MODEL_IP) *(struct prac_ip *)at = planted_ip(c);
    if (k->fields[i].type == MODEL_IPS) {
      struct model_ips l = {ips[i % 8], choice_u8(c) % 5};
      for (uint32_t n = 0; n < l.n; n++) ips[i % 8][n] = planted_ip(c);
      *(struct model_ips *)at = l;
    }
    if (k->fields[i].type == MODEL_STRS) {
      struct model_strs l = {strs[i % 8], choice_u8(c) % 4};
      for (uint32_t n = 0; n < l.n; n++) strs[i % 8][n] = words(c, t);
      *(struct model_strs *)at = l;
    }
  }
}

static void keep(struct store *s, const struct store_tx *tx)
{
  struct prac_err err = {0};
  if (s->ops->append(s->st, tx, &err) != PRAC_OK) fail_msg("%s", err.text);
}

static void store_records(struct choice *c, struct store *s)
{
  static struct texts t;
  union {
    struct finding f;
    struct alert a;
    struct health h;
    struct hit i;
    struct episode e;
  } rec;
  for (int i = 0; i < RECORDS; i++)
    for (int k = 0; model_kinds[k]; k++) {
      char id[40];
      t.n = 0;
      memset(&rec, 0, sizeof rec);
      assert_true(model_kinds[k]->size <= sizeof rec);
      made_record(c, model_kinds[k], &t, &rec);
      (void)snprintf(id, sizeof id, "r%d", i);
      if (i % 2) *(const char **)&rec = id; /* the first field of all of them */
      const struct store_rec one = {model_kinds[k], &rec};
      keep(s, &(struct store_tx){.recs = &one, .n_recs = 1});
    }
}

static void store_all(struct choice *c, struct store *s)
{
  static struct flow_row rows[ROWS];
  for (int m = 0; m < 3; m++) {
    struct flow_batch *b = NULL;
    uint32_t n = made_rows(c, rows);
    assert_int_equal(flow_batch_new("tokyo", MADE_DAY + m * 7 * PRAC_MIN, rows, n, &b), PRAC_OK);
    keep(s, &(struct store_tx){.batches = &b, .n_batches = 1});
    flow_batch_unref(&b);
  }
  store_records(c, s);
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

static int answers_stay_inside(struct choice *seed)
{
  static struct long_choice bytes;
  struct choice *c = more(seed, &bytes);
  char text[PLANTED_TEXT], found[PLANTED_TEXT];
  struct prac_prefix list[4];
  struct store s = {0}, gated = {0};
  struct prac_arena *a = prac_arena_new(4096);
  struct access_scope scope = planted_scope(c, a);
  const struct store_env env = {.nthreads = 1};
  int ok = store_open("ram", NULL, &env, &s, NULL) == PRAC_OK &&
           access_gate_open(&s, &scope, geo, &gated, NULL) == PRAC_OK;
  if (ok) store_all(c, &s);
  for (int i = 0; ok && i < QUESTIONS; i++) {
    prac_rc rc;
    struct store_query q = made_question(c, list, text);
    char *out = answer_text(&gated, &q, &rc);
    n_answers++;
    n_bytes += strlen(out);
    n_denied += rc == PRAC_DENIED;
    ok = rc == PRAC_OK || rc == PRAC_DENIED || rc == PRAC_RANGE;
    if (ok && (planted_find(&scope, out, found) || strstr(out, own))) {
      fprintf(stderr, "# what %d: %s in %s\n", (int)q.what, found, out);
      ok = 0;
    }
    free(out);
  }
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
  if (ok) store_all(c, &s);
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
