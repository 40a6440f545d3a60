/* Streams from a seed: the order in which sensors are heard changes no number, and a desk that was
 * saved and loaded again in the middle says what it would have said. */
#include "lib/t.h"

#include <stdlib.h>

#include "lib/hits.h"

enum { STREAMS = 30, HITS = 1500 };
struct one {
  struct made_hit m;
  char sensor[8], victim[40], vector[16], id[48];
  struct hit h;
  prac_time heard;
};

static int by_heard(const void *pa, const void *pb)
{
  const struct one *a = pa, *b = pb;
  if (a->heard != b->heard) return a->heard < b->heard ? -1 : 1;
  return strcmp(a->id, b->id);
}

/* A few victims, a carpet, several vectors, bursts and silences. */
static struct one *stream(uint64_t seed)
{
  static const char *const vectors[] = {"dns", "ntp_monlist", "port-7777"};
  struct prac_rng r = prac_rng_of(seed);
  struct one *v = calloc(HITS, sizeof *v);
  int64_t t = 0;
  assert_non_null(v);
  for (int i = 0; i < HITS; i++) {
    struct one *o = &v[i];
    uint64_t silence = prac_rng_below(&r, 400);
    t += (int64_t)prac_rng_below(&r, 900) + (silence == 0 ? 1000000 : silence < 3 ? 130000 : 0);
    snprintf(o->sensor, sizeof o->sensor, "s%u", (unsigned)prac_rng_below(&r, 4));
    bool carpet = prac_rng_below(&r, 3) == 0;
    snprintf(o->victim, sizeof o->victim, carpet ? "203.0.113.%u" : "198.51.100.%u",
             (unsigned)prac_rng_below(&r, carpet ? 12 : 3));
    snprintf(o->vector, sizeof o->vector, "%s", vectors[prac_rng_below(&r, 3)]);
    int64_t len = (int64_t)prac_rng_below(&r, 1000);
    o->m = (struct made_hit){.sensor = o->sensor,
                             .victim = o->victim,
                             .vector = o->vector,
                             .from_ms = t,
                             .to_ms = t + len,
                             .packets = 1 + prac_rng_below(&r, i % 7 ? 4 : 60),
                             .payload = 1 + prac_rng_below(&r, 2)};
    o->h = hit_of(&o->m, o->id);
    snprintf(o->id, sizeof o->id, "%s.%d", o->sensor, i);
    o->heard = o->h.at;
  }
  qsort(v, HITS, sizeof *v, by_heard);
  for (int i = 0; i < HITS; i++) { /* they have moved */
    v[i].h.sensor = v[i].sensor;
    v[i].h.vector = v[i].vector;
    v[i].h.id = v[i].id;
  }
  return v;
}

static void repoint(struct one *v)
{
  for (int i = 0; i < HITS; i++) {
    v[i].h.sensor = v[i].sensor;
    v[i].h.vector = v[i].vector;
    v[i].h.id = v[i].id;
  }
}

static uint64_t bucket_seed;
static struct epi_desk *desk(struct heard_episodes *h, int64_t max_targets)
{
  struct epi_conf c;
  struct epi_desk *d = NULL;
  epi_conf_defaults(&c);
  if (max_targets) c.max_targets = max_targets;
  assert_int_equal(epi_desk_new(&c, NULL, hear_episode, h, &d, NULL), PRAC_OK);
  epi_desk_seed(d, bucket_seed++); /* changes nothing that is said */
  return d;
}

static void restart_changes_nothing(void **st)
{
  (void)st;
  for (uint64_t seed = 1; seed <= STREAMS; seed++) {
    struct one *v = stream(seed);
    struct prac_rng r = prac_rng_of(seed);
    struct heard_episodes a = {.all = heard_of()}, b = {.all = heard_of()};
    int64_t max = seed % 3 ? 0 : 24; /* also when room is short */
    struct epi_desk *one = desk(&a, max), *other = desk(&b, max);
    for (int i = 0; i < HITS; i++) {
      assert_int_equal(epi_desk_take(one, &v[i].h), PRAC_OK);
      assert_int_equal(epi_desk_take(other, &v[i].h), PRAC_OK);
      if (prac_rng_below(&r, 40)) continue;
      uint8_t *bytes = NULL;
      size_t n = 0;
      assert_int_equal(epi_desk_save(other, &bytes, &n), PRAC_OK);
      epi_desk_free(&other);
      other = desk(&b, max);
      assert_int_equal(epi_desk_load(other, bytes, n), PRAC_OK);
      assert_int_equal(epi_desk_open_count(other), epi_desk_open_count(one));
      free(bytes);
    }
    assert_int_equal(epi_desk_finish(one), PRAC_OK);
    assert_int_equal(epi_desk_finish(other), PRAC_OK);
    assert_true(a.all.n > 20);
    assert_true(heard_same(&a.all, &b.all));
    assert_int_equal(a.alerts, b.alerts);
    epi_desk_free(&one);
    epi_desk_free(&other);
    heard_done(&a.all);
    heard_done(&b.all);
    free(v);
  }
}

/* What must not depend on the order: of each target, the sum and bins over all its episodes. */
static prac_rc sum_up(void *arg, const struct episode *e, bool alerts)
{
  struct heard *h = arg;
  (void)alerts;
  if (strcmp(e->state, "end") != 0 || strcmp(e->kind, "multi") == 0) return PRAC_OK;
  if (strcmp(e->profile, "hopscotch") != 0 && strcmp(e->profile, "amppot") != 0) return PRAC_OK;
  struct episode bare = {.victim = e->victim,
                         .vectors = e->vectors,
                         .profile = e->profile,
                         .from = e->from,
                         .to = e->to,
                         .bins = e->bins,
                         .bin_max = e->bin_max,
                         .packets = e->packets,
                         .sensors = e->sensors,
                         .pps_max = e->pps_max,
                         .pps_mean = e->pps_mean};
  return hear(h, &model_episode, &bare);
}

static int by_text(const void *pa, const void *pb)
{
  return strcmp(*(char *const *)pa, *(char *const *)pb);
}

static size_t lines(struct heard *h, char **ret, size_t max)
{
  size_t n = 0;
  for (char *p = strtok(h->j.buf, "\n"); p && n < max; p = strtok(NULL, "\n")) ret[n++] = p;
  qsort((void *)ret, n, sizeof *ret, by_text);
  return n;
}

static void play(struct one *v, struct heard *h)
{
  struct epi_conf c;
  struct epi_desk *d = NULL;
  epi_conf_defaults(&c);
  assert_int_equal(epi_desk_new(&c, NULL, sum_up, h, &d, NULL), PRAC_OK);
  for (int i = 0; i < HITS; i++) assert_int_equal(epi_desk_take(d, &v[i].h), PRAC_OK);
  assert_int_equal(epi_desk_finish(d), PRAC_OK);
  epi_desk_free(&d);
}

static void order_of_sensors_changes_no_number(void **st)
{
  (void)st;
  static char *la[4096], *lb[4096];
  size_t compared = 0;
  for (uint64_t seed = 100; seed < 100 + STREAMS; seed++) {
    struct one *v = stream(seed);
    struct heard a = heard_of(), b = heard_of();
    play(v, &a);
    for (int i = 0; i < HITS; i++) /* each sensor has a delay of its own, up to 4 s */
      v[i].heard = v[i].h.at + (v[i].sensor[1] - '0') * ((int64_t)seed % 5) * 260 * PRAC_MS;
    qsort(v, HITS, sizeof *v, by_heard);
    repoint(v);
    play(v, &b);
    size_t na = lines(&a, la, 4096), nb = lines(&b, lb, 4096);
    assert_int_equal(na, nb);
    for (size_t i = 0; i < na; i++) assert_string_equal(la[i], lb[i]);
    compared += na;
    heard_done(&a);
    heard_done(&b);
    free(v);
  }
  assert_true(compared > 300);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(restart_changes_nothing),
      cmocka_unit_test(order_of_sensors_changes_no_number),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
