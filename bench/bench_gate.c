/* Records on their way out through the gate: as a store's JSON, read and written again by who asked
 * (what the portal did until now), or as records, written once. One JSON line a case; `check` is
 * the bytes that left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "access/gate.h"

enum { RECORDS = 2000, HOSTS = 64, ROUNDS = 10 };

struct out {
  struct prac_arena *arena;
  struct prac_json j;
};

static void check(prac_rc rc, const struct prac_err *err)
{
  if (rc == PRAC_OK) return;
  fprintf(stderr, "%s\n", err->text);
  exit(1);
}

static void fill(struct store *s)
{
  struct prac_err err = {0};
  struct prac_ip hosts[HOSTS];
  for (uint32_t i = 0; i < HOSTS; i++) hosts[i] = prac_ip4((i % 2 ? 0xc6336400 : 0xcb007100) + i);
  for (int n = 0; n < RECORDS; n++) {
    char id[24];
    (void)snprintf(id, sizeof id, "a-%d", n);
    struct alert a = {.id = id,
                      .key = "group:23/tcp",
                      .state = "open",
                      .at = (INT64_C(1375833600) + n) * PRAC_SEC,
                      .tlp = "TLP:GREEN",
                      .title = "Hosts in step at 23/tcp",
                      .text =
                          "198.51.100.7 and 63 others, 12 of them new since 2013-08-07T00:00:00Z",
                      .flows = "from=2013-08-07 to=2013-08-08 port=23/tcp",
                      .hosts = {hosts, HOSTS}};
    const struct store_rec rec = {&model_alert, &a};
    check(s->ops->append(s->st, &(struct store_tx){.recs = &rec, .n_recs = 1}, &err), &err);
  }
}

static prac_rc put(void *arg, const void *rec, bool *keep)
{
  struct out *o = arg;
  (void)keep;
  model_to_json(&model_alert, rec, &o->j);
  return PRAC_OK;
}

static prac_rc put_row(void *arg, const struct store_col *cols, size_t n,
                       const struct store_value *v)
{
  struct out *o = arg;
  struct alert a;
  bool keep;
  (void)cols, (void)n;
  struct prac_arena_mark m = prac_arena_mark(o->arena);
  prac_rc rc = model_from_json(&model_alert, v[0].s, strlen(v[0].s), o->arena, &a, NULL);
  if (rc == PRAC_OK) rc = put(o, &a, &keep);
  prac_arena_rewind(o->arena, m);
  return rc;
}

static void run(const char *name, const struct store *gated, bool records)
{
  struct prac_err err = {0};
  const struct store_query q = {.what = STORE_RECORDS, .kind = &model_alert, .limit = RECORDS};
  struct out o = {.arena = prac_arena_new(8192), .j = prac_json_of(0)};
  clock_t began = clock();
  for (int i = 0; i < ROUNDS; i++) {
    prac_json_reset(&o.j);
    check(records ? access_gate_records(gated, &q, o.arena, put, &o, &err)
                  : gated->ops->query(gated->st, &q, put_row, &o, &err),
          &err);
  }
  double s = (double)(clock() - began) / CLOCKS_PER_SEC;
  printf("{\"bench\":\"gate\",\"case\":\"%s\",\"n\":%d,\"cpu_s\":%.3f,\"ns_per_op\":%.0f,"
         "\"check\":%zu}\n",
         name, RECORDS * ROUNDS, s, s * 1e9 / RECORDS / ROUNDS, o.j.len);
  prac_json_done(&o.j);
  prac_arena_free(&o.arena);
}

int main(void)
{
  struct prac_err err = {0};
  struct store inner, gated;
  struct access_scope scope;
  struct prac_arena *a = prac_arena_new(1024);
  check(store_open("ram", NULL, &(struct store_env){.nthreads = 1}, &inner, &err), &err);
  check(access_scope_parse("198.51.100.0/24", ACCESS_AMBER, a, &scope, &err), &err);
  check(access_gate_open(&inner, &scope, NULL, &gated, &err), &err);
  fill(&inner);
  run("as JSON, read again", &gated, false);
  run("as records", &gated, true);
  store_close(&gated);
  store_close(&inner);
  prac_arena_free(&a);
  return 0;
}
