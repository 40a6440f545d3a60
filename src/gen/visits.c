/* Background as visits: somebody comes, sends one packet or a thousand in a manner of his own, and
 * goes. How much a visitor sends and how often he returns have heavy tails, most come once and send
 * one packet, and nights are quieter: what makes groups hard to see is not the number of packets.
 */
#include "base/hash.h"
#include "gen/moves.h"

enum style {
  RETRY, /* one connection: again after 1, 2, 4 s ... */
  FAST,  /* one port, many addresses, a few a second */
  SLOW,  /* one port, many addresses, minutes apart */
  TOUR,  /* many ports */
};
enum { OCTAVES = 9, LONGEST_RETRY = 5 };

/* 2^k .. 2^(k+1) - 1 with probability 2^-(k+1): P(more than n) is about 1 / n. */
static uint32_t heavy(struct prac_rng *r)
{
  uint32_t k = (uint32_t)__builtin_clzll(prac_rng_u64(r) | 1);
  if (k >= OCTAVES) k = OCTAVES - 1;
  return (UINT32_C(1) << k) + (uint32_t)prac_rng_below(r, UINT64_C(1) << k);
}

/* Below n, each octave as likely as any other: the few first come again and again. */
static uint32_t regular(struct prac_rng *r, uint32_t n)
{
  uint32_t octaves = 32u - (uint32_t)__builtin_clz(n);
  for (;;) {
    uint32_t k = (uint32_t)prac_rng_below(r, octaves);
    uint32_t v = (UINT32_C(1) << k) - 1 + (uint32_t)prac_rng_below(r, UINT64_C(1) << k);
    if (v < n) return v;
  }
}

static uint16_t any_port(struct gen_actor *a)
{
  uint64_t at = prac_rng_below(&a->rng, a->port_sums[a->p.n_ports - 1]);
  uint32_t i = 0;
  if (prac_rng_below(&a->rng, 8) == 0) return (uint16_t)(1 + prac_rng_below(&a->rng, 65535));
  while (a->port_sums[i] <= at) i++;
  return a->p.ports[i].port;
}

static void arrive(struct gen_actor *a, struct gen_lane *l)
{
  static const uint8_t styles[] = {RETRY, RETRY, RETRY, FAST, FAST, FAST, FAST, SLOW, SLOW, TOUR};
  l->style = styles[prac_rng_below(&a->rng, sizeof styles)];
  l->source = regular(&a->rng, a->p.sources);
  l->left = heavy(&a->rng);
  l->port = any_port(a);
  l->sport = (uint16_t)(1024 + prac_rng_below(&a->rng, 64512));
  l->target = prac_rng_u64(&a->rng);
  l->tries = 0;
  if (l->style == RETRY && l->left > LONGEST_RETRY) l->left = LONGEST_RETRY;
  if (l->style == SLOW && l->left > 64) l->left = 64;
}

/* The night in thousandths of the day's traffic: a triangle with its foot at hour 4. */
static uint32_t chance(const struct gen_actor *a, int64_t at)
{
  int64_t minute = (at / PRAC_MIN + 20 * 60) % 1440; /* since hour 4 */
  int64_t far = minute < 720 ? minute : 1440 - minute;
  return 1000 - a->p.swing + (uint32_t)(a->p.swing * (uint64_t)far / 720);
}

/* Time to a lane's next packet, or to its next visitor. A visit is about 6 packets and a minute. */
static void step(struct gen_actor *a, struct gen_lane *l)
{
  static const uint64_t gaps[] = {0, 400 * PRAC_MS, 20 * PRAC_SEC, 2 * PRAC_SEC};
  uint64_t cycle = UINT64_C(1000) * a->p.lanes * 7 / 2 * PRAC_SEC / a->p.mpps;
  if (l->left > 0 && l->style == RETRY) {
    l->at += PRAC_SEC << l->tries++;
    return;
  }
  if (l->left > 0) {
    l->at += 1 + (int64_t)gen_exp(&a->rng, gaps[l->style]);
    l->target = prac_rng_u64(&a->rng);
    l->sport = (uint16_t)(1024 + prac_rng_below(&a->rng, 64512));
    if (l->style == TOUR) l->port = (uint16_t)(1 + prac_rng_below(&a->rng, 10000));
    return;
  }
  do
    l->at +=
        1 + (int64_t)gen_exp(&a->rng, cycle > 20 * PRAC_SEC ? cycle - 10 * PRAC_SEC : cycle / 2);
  while (prac_rng_below(&a->rng, 1000) >= chance(a, l->at));
  arrive(a, l);
}

static bool before(const struct gen_lane *a, const struct gen_lane *b)
{
  return a->at != b->at ? a->at < b->at : a->id < b->id;
}

static void sink(struct gen_actor *a, uint32_t i)
{
  struct gen_lane l = a->lanes[i];
  for (uint32_t c; (c = 2 * i + 1) < a->p.lanes; i = c) {
    if (c + 1 < a->p.lanes && before(&a->lanes[c + 1], &a->lanes[c])) c++;
    if (before(&l, &a->lanes[c])) break;
    a->lanes[i] = a->lanes[c];
  }
  a->lanes[i] = l;
}

prac_rc gen_visits_open(struct prac_arena *mem, struct gen_actor *a)
{
  struct gen_lane *v = prac_arena_alloc(mem, a->p.lanes * sizeof *v);
  if (!v) return PRAC_NOMEM;
  for (uint32_t i = 0; i < a->p.lanes; i++) {
    v[i].id = i;
    v[i].at = a->p.from;
    step(a, &v[i]);
  }
  a->lanes = v;
  for (uint32_t i = a->p.lanes; i-- > 0;) sink(a, i);
  return PRAC_OK;
}

const struct gen_lane *gen_visits_now(const struct gen_actor *a)
{
  return &a->lanes[0];
}

bool gen_visits_advance(struct gen_actor *a)
{
  struct gen_lane *l = &a->lanes[0];
  if (a->visited) {
    l->left--;
    step(a, l);
    sink(a, 0);
  }
  a->visited = true;
  a->at = a->lanes[0].at;
  a->picked = a->lanes[0].source;
  return a->at < a->p.to;
}
