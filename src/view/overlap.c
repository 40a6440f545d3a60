/* Whom two sensors both see. Senders go through a table that is never larger than COMPARE_SAMPLE:
 * when it is full, half of all hashes are no longer looked at. What stays is the same whatever the
 * order of the rows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "view/compare_int.h"

struct sender {
  struct prac_ip ip;
  uint64_t sensors; /* a bit each; 0: free */
  uint16_t country;
};
struct sample {
  struct compare_work *w;
  struct sender *v, *spare;
  uint32_t n;
  unsigned shift; /* looked at: hashes below 2^(64 - shift) */
};
enum { SLOTS = COMPARE_SAMPLE * 2 };

static uint64_t hash_of(const struct prac_ip *ip)
{
  return prac_hash2(0x5eed, prac_ip_hi(ip), prac_ip_lo(ip));
}

static bool looked_at(const struct sample *s, uint64_t hash)
{
  return s->shift == 0 || hash >> (64 - s->shift) == 0;
}

static struct sender *slot_of(struct sender *v, const struct prac_ip *ip, uint64_t hash)
{
  for (uint64_t i = hash;; i++) { /* the low bits: the high ones say who is looked at */
    struct sender *t = &v[i & (SLOTS - 1)];
    if (t->sensors == 0 || prac_ip_eq(&t->ip, ip)) return t;
  }
}

static void halve(struct sample *s)
{
  struct sender *from = s->v;
  s->shift++;
  s->n = 0;
  memset(s->spare, 0, SLOTS * sizeof *s->spare);
  for (uint32_t i = 0; i < SLOTS; i++) {
    uint64_t h = hash_of(&from[i].ip);
    if (from[i].sensors == 0 || !looked_at(s, h)) continue;
    *slot_of(s->spare, &from[i].ip, h) = from[i];
    s->n++;
  }
  s->v = s->spare;
  s->spare = from;
}

static prac_rc take(void *arg, const struct store_col *cols, size_t n, const struct store_value *v)
{
  struct sample *s = arg;
  struct view_row r = view_row_of(cols, n, v);
  uint64_t h = hash_of(&r.src);
  uint32_t i = compare_sensor_at(s->w->c, r.sensor);
  if (i == s->w->c->n_sensors || !looked_at(s, h)) return PRAC_OK;
  struct sender *t = slot_of(s->v, &r.src, h);
  bool is_new = t->sensors == 0;
  t->ip = r.src;
  t->sensors |= UINT64_C(1) << i;
  if (r.country[0]) t->country = (uint16_t)((uint8_t)r.country[0] << 8 | (uint8_t)r.country[1]);
  if (is_new && ++s->n > COMPARE_SAMPLE) halve(s);
  return PRAC_OK;
}

/* ---- pairs ---- */
struct tally {
  uint32_t either, shared;
};

static double part(uint64_t a, uint64_t b)
{
  return b ? (double)a / (double)b : 0;
}

static void add_country(struct compare_pair *p, uint32_t letters, const struct tally *t,
                        unsigned shift)
{
  struct compare_country c = {.shared = (uint64_t)t->shared << shift,
                              .either = (uint64_t)t->either << shift,
                              .jaccard = part(t->shared, t->either)};
  c.name[0] = (char)(letters >> 8);
  c.name[1] = (char)(letters & 0xff);
  uint32_t i = p->n_countries;
  for (; i > 0 && p->country[i - 1].either < c.either; i--)
    if (i < COMPARE_COUNTRIES) p->country[i] = p->country[i - 1];
  if (i < COMPARE_COUNTRIES) p->country[i] = c;
  if (p->n_countries < COMPARE_COUNTRIES) p->n_countries++;
}

static void one_pair(const struct sample *s, struct compare_pair *p, struct tally *by_country)
{
  uint64_t a = UINT64_C(1) << p->a, b = UINT64_C(1) << p->b, shared = 0, either = 0;
  memset(by_country, 0, 65536 * sizeof *by_country);
  for (uint32_t i = 0; i < SLOTS; i++) {
    if (!(s->v[i].sensors & (a | b))) continue;
    bool both = (s->v[i].sensors & a) && (s->v[i].sensors & b);
    either++;
    shared += both;
    by_country[s->v[i].country].either++;
    by_country[s->v[i].country].shared += both;
  }
  p->shared = shared << s->shift;
  p->either = either << s->shift;
  p->jaccard = part(shared, either);
  if (s->shift && either) p->error = sqrt(p->jaccard * (1 - p->jaccard) / (double)either);
  for (uint32_t k = 1; k < 65536; k++)
    if (by_country[k].either) add_country(p, k, &by_country[k], s->shift);
}

prac_rc compare_overlap(struct compare_work *w)
{
  struct compare *c = w->c;
  struct sample s = {.w = w};
  struct tally *by_country = calloc(65536, sizeof *by_country);
  struct sender *one = calloc(SLOTS, sizeof *one), *two = calloc(SLOTS, sizeof *two);
  struct store_query q = {.what = STORE_CELLS, .span = c->span, .limit = UINT32_MAX};
  prac_rc rc = by_country && one && two ? PRAC_OK : PRAC_NOMEM;
  s.v = one;
  s.spare = two;
  q.keys = STORE_KEY_SRC | STORE_KEY_SENSOR | STORE_KEY_COUNTRY;
  if (rc != PRAC_OK) (void)PRAC_FAIL(w->err, rc, "no memory for senders");
  if (rc == PRAC_OK) rc = w->s->ops->query(w->s->st, &q, take, &s, w->err);
  if (rc == PRAC_OK) {
    for (size_t i = 0; i < c->n_pairs; i++) one_pair(&s, &c->pairs[i], by_country);
    for (uint32_t i = 0; i < SLOTS; i++)
      for (uint32_t k = 0; k < c->n_sensors; k++) c->sensors[k].sources += s.v[i].sensors >> k & 1;
    for (uint32_t k = 0; k < c->n_sensors; k++) c->sensors[k].sources <<= s.shift;
    c->sampled = UINT64_C(1) << s.shift;
  }
  free(by_country);
  free(one);
  free(two);
  return rc;
}
