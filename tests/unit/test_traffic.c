/* Cells, ports and sources of a slot against slow counting over the same rows; the order of rows,
 * limits, restart. A sensor's past; the table of sensors. */
#include "lib/t.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/rng.h"
#include "engine/past.h"
#include "engine/sensors.h"
#include "engine/traffic.h"
#include "lib/flows.h"

enum { ROWS = 400, MINUTES = 10 };
static const struct eng_traffic_conf usual = {.v4_bits = 16,
                                              .v6_bits = 48,
                                              .step_ns = 50 * PRAC_SEC,
                                              .steps = 12,
                                              .max_rows = 1 << 16,
                                              .seed = 99};

struct plan {
  struct flow_row rows[ROWS];
  int minute[ROWS];
  int n;
};

static struct prac_ip ip6(uint64_t hi, uint64_t lo)
{
  return prac_ip_of(UINT64_C(0x2001) << 48 | hi, lo);
}
/* Few hosts, ports and destinations, so that everything meets; some IPv6, ICMP, marks. */
static struct plan plan_of(uint64_t seed)
{
  struct plan p = {.n = ROWS};
  struct prac_rng r = prac_rng_of(seed);
  for (int i = 0; i < p.n; i++) {
    struct flow_row *x = &p.rows[i];
    uint32_t net = (uint32_t)prac_rng_below(&r, 12), host = (uint32_t)prac_rng_below(&r, 4);
    x->src = net < 9 ? prac_ip4((net + 1) << 24 | (net % 3) << 16 | host)
                     : ip6((uint64_t)net << 20 | host << 8, host);
    if (prac_rng_below(&r, 40) == 0) x->src = prac_ip_of(0, 1 + host); /* below all IPv4 */
    x->dst = prac_ip4(0x0a000000 + (uint32_t)(prac_rng_below(&r, 2) ? 0 : prac_rng_below(&r, 5)));
    x->proto = prac_rng_below(&r, 10) == 0 ? 1 : prac_rng_below(&r, 4) ? 6 : 17;
    x->dport = (uint16_t)(prac_rng_below(&r, 2) ? 23 : 65535 - prac_rng_below(&r, 6));
    x->sport = (uint16_t)prac_rng_below(&r, 3);
    x->tcp_flags = prac_rng_below(&r, 3) ? 2 : 18;
    x->first_ms = (uint16_t)prac_rng_below(&r, 60000);
    x->country = (uint16_t)(net % 4 ? 'A' << 8 | ('A' + net % 4) : 0);
    x->packets = 1 + (uint32_t)prac_rng_below(&r, 3);
    if (prac_rng_below(&r, 20) == 0) x->marks |= FLOW_BACKSCATTER;
    if (prac_rng_below(&r, 20) == 0) x->marks |= FLOW_FRAGMENT;
    p.minute[i] = (int)prac_rng_below(&r, MINUTES);
  }
  return p;
}
static void shuffle(struct plan *p, uint64_t seed)
{
  struct prac_rng r = prac_rng_of(seed);
  for (int i = p->n - 1; i > 0; i--) {
    int k = (int)prac_rng_below(&r, (uint64_t)i + 1);
    struct flow_row x = p->rows[i];
    p->rows[i] = p->rows[k];
    p->rows[k] = x;
    int m = p->minute[i];
    p->minute[i] = p->minute[k];
    p->minute[k] = m;
  }
}
/* `piece` rows a batch: however they are cut, the same comes out. */
static void feed(struct eng_traffic *t, const struct plan *p, int from, int to, int piece)
{
  for (int i = from; i < to;) {
    struct flow_row rows[ROWS];
    uint32_t n = 0;
    int minute = p->minute[i];
    for (; i < to && n < (uint32_t)piece && p->minute[i] == minute; i++) rows[n++] = p->rows[i];
    struct flow_batch *b = batch_of("a", T0 + minute * PRAC_MIN, rows, n, false);
    assert_int_equal(eng_traffic_add(t, b), PRAC_OK);
    flow_batch_unref(&b);
  }
}

/* ---- the slow way ---- */
static bool counted(const struct eng_traffic_conf *c, const struct flow_row *x)
{
  if (x->marks & (c->skip_marks | FLOW_FRAGMENT | FLOW_BAD)) return false;
  if (c->syn_only) return x->proto == 6 && x->tcp_flags == 2;
  return x->proto == 6 || x->proto == 17;
}
static struct prac_ip host_of(const struct eng_traffic_conf *c, const struct prac_ip *ip)
{
  struct prac_ip out = *ip;
  unsigned bits = prac_ip_is4(ip) ? 96u + c->v4_bits : c->v6_bits;
  for (unsigned i = bits; i < 128; i++) out.b[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
  return out;
}
static uint32_t port_of(const struct flow_row *x)
{
  return (uint32_t)x->proto << 16 | x->dport;
}
static uint32_t step_of(const struct eng_traffic_conf *c, const struct plan *p, int i)
{
  int64_t ns = p->minute[i] * PRAC_MIN + p->rows[i].first_ms * (PRAC_SEC / 1000);
  return (uint32_t)(ns / c->step_ns);
}
static bool in_group(const struct eng_cells *c, const uint8_t *base, const struct prac_ip *host)
{
  for (uint32_t h = 0; h < c->n_hosts; h++)
    if (prac_ip_eq(&c->hosts[h], host)) return !base || base[h];
  fail_msg("a host is missing");
  return false;
}

static void check_cells(const struct eng_traffic_conf *conf, const struct plan *p,
                        const struct eng_cells *c)
{
  uint64_t all = 0, sum = 0;
  for (int i = 0; i < p->n; i++) { /* each counted row is in a cell, and the cell is their sum */
    const struct flow_row *x = &p->rows[i];
    if (!counted(conf, x)) continue;
    all += x->packets;
    struct prac_ip host = host_of(conf, &x->src);
    size_t k = 0;
    while (k < c->n &&
           !(prac_ip_eq(&c->hosts[c->v[k].host], &host) && c->ports[c->v[k].port] == port_of(x) &&
             c->v[k].step == step_of(conf, p, i)))
      k++;
    assert_true(k < c->n);
    uint32_t want = 0;
    for (int j = 0; j < p->n; j++) {
      struct prac_ip other = host_of(conf, &p->rows[j].src);
      if (counted(conf, &p->rows[j]) && prac_ip_eq(&other, &host) &&
          port_of(&p->rows[j]) == port_of(x) && step_of(conf, p, j) == c->v[k].step)
        want += p->rows[j].packets;
    }
    assert_int_equal(c->v[k].packets, want);
  }
  for (size_t k = 0; k < c->n; k++) {
    sum += c->v[k].packets;
    const struct eng_cell *a = &c->v[k], *b = k ? &c->v[k - 1] : NULL;
    assert_true(k >= c->first[a->host] && k < c->first[a->host + 1]);
    if (b)
      assert_true(b->host != a->host
                      ? b->host < a->host
                      : (b->port != a->port ? b->port < a->port : b->step < a->step));
  }
  assert_int_equal(sum, all);
  assert_int_equal(c->packets, all);
  for (uint32_t h = 1; h < c->n_hosts; h++)
    assert_true(memcmp(&c->hosts[h - 1], &c->hosts[h], sizeof *c->hosts) < 0);
  for (uint32_t q = 1; q < c->n_ports; q++) assert_true(c->ports[q - 1] < c->ports[q]);
}

/* Hosts, and the share of one destination, of one port in the group. */
static void check_port(const struct eng_traffic_conf *conf, const struct plan *p,
                       const struct eng_cells *c, const uint8_t *base,
                       const struct eng_port_said *s)
{
  enum { DSTS = 5 };
  uint8_t pair[DSTS][64] = {{0}}, any[64] = {0};
  uint64_t packets[DSTS] = {0}, pairs[DSTS] = {0}, all = 0, all_pairs = 0, top = 0, top_pairs = 0;
  uint32_t hosts = 0;
  for (int i = 0; i < p->n; i++) {
    const struct flow_row *x = &p->rows[i];
    struct prac_ip host = host_of(conf, &x->src);
    if (!counted(conf, x) || port_of(x) != s->port || !in_group(c, base, &host)) continue;
    uint32_t h = 0, d = x->dst.b[15];
    while (!prac_ip_eq(&c->hosts[h], &host)) h++;
    hosts += !any[h];
    any[h] = 1;
    pairs[d] += !pair[d][h];
    all_pairs += !pair[d][h];
    pair[d][h] = 1;
    packets[d] += x->packets;
    all += x->packets;
  }
  for (int d = 0; d < DSTS; d++) {
    top = packets[d] > top ? packets[d] : top;
    top_pairs = pairs[d] > top_pairs ? pairs[d] : top_pairs;
  }
  assert_int_equal(s->hosts, hosts);
  assert_int_equal(s->packets, all);
  assert_true(fabs(s->packets_one_dst - 100.0 * (double)top / (double)all) < 1e-9);
  assert_true(fabs(s->pairs_one_dst - 100.0 * (double)top_pairs / (double)all_pairs) < 1e-9);
}

/* Every port of the group by brute force, to see that none is left out that must be said. */
static void check_walk(const struct eng_cells *c, const uint8_t *base,
                       const struct eng_port_rule *r, const struct eng_port_list *l)
{
  uint32_t hosts[64] = {0}, group = 0, over = 0, best_below = 0, ties = 0, any = 0;
  for (uint32_t h = 0; h < c->n_hosts; h++) {
    if (base && !base[h]) continue;
    group++;
    for (uint32_t i = c->first[h]; i < c->first[h + 1]; i++)
      if (i == c->first[h] || c->v[i].port != c->v[i - 1].port) hosts[c->v[i].port]++;
  }
  assert_int_equal(l->group, group);
  for (uint32_t q = 0; q < c->n_ports; q++) {
    if (hosts[q] == 0) continue;
    any = 1;
    if (100.0 * hosts[q] / group >= r->pct)
      over++;
    else if (hosts[q] > best_below)
      best_below = hosts[q];
  }
  for (uint32_t q = 0; q < c->n_ports; q++)
    ties += hosts[q] && hosts[q] == best_below && 100.0 * hosts[q] / group < r->pct;
  assert_int_equal(l->n, over + ties);
  assert_true(l->n > 0 || !any);
  for (size_t i = 0; i < l->n; i++) {
    const struct eng_port_said *s = &l->v[i];
    bool point = s->packets_one_dst > r->dst_pct && s->pairs_one_dst > r->dst_pct;
    enum eng_port_level want = s->pct < r->pct        ? ENG_PORT_WEAK
                               : s->hosts >= r->hosts ? ENG_PORT_ATTACK
                                                      : ENG_PORT_SURVEY;
    assert_int_equal(s->level, point ? ENG_PORT_POINT : want);
    assert_int_equal(c->ports[s->index], s->port);
    if (i) assert_true(l->v[i - 1].hosts >= s->hosts);
  }
}

static void check_who(const struct eng_traffic_conf *conf, const struct plan *p,
                      const struct eng_cells *c, const uint8_t *base, const struct eng_port_said *s,
                      const struct eng_port_who *w)
{
  uint64_t packets = 0, last = UINT64_MAX, middle = 0;
  assert_int_equal(w->packets, s->packets);
  assert_int_equal(w->n, w->sources);
  assert_true(w->sources >= s->hosts && w->from < w->to);
  for (uint32_t k = 0; k < w->n; k++) {
    uint64_t mine = 0;
    for (int i = 0; i < p->n; i++)
      if (counted(conf, &p->rows[i]) && port_of(&p->rows[i]) == s->port &&
          prac_ip_eq(&p->rows[i].src, &w->ips[k]))
        mine += p->rows[i].packets;
    struct prac_ip host = host_of(conf, &w->ips[k]);
    assert_true(mine > 0 && mine <= last && in_group(c, base, &host));
    last = mine;
    packets += mine;
    middle += (k == (w->n - 1) / 2 ? mine : 0) + (k == w->n / 2 ? mine : 0);
  }
  assert_true(w->each * 2 == (double)middle);
  assert_int_equal(packets, s->packets); /* so none is missing */
}

static void against_slow_counting(void **state)
{
  (void)state;
  const struct eng_port_rule rules[] = {{.pct = 10, .hosts = 20, .dst_pct = 70},
                                        {.pct = 30, .hosts = 2, .dst_pct = 40},
                                        {.pct = 60, .hosts = 9, .dst_pct = 99}};
  for (uint64_t seed = 1; seed <= 60; seed++) {
    struct eng_traffic_conf conf = usual;
    conf.v4_bits = (uint8_t[]){8, 16, 21, 24, 32}[seed % 5];
    conf.v6_bits = (uint8_t[]){32, 48, 57, 64, 128}[seed % 5];
    conf.syn_only = seed % 3 == 0;
    conf.skip_marks = seed % 2 ? FLOW_BACKSCATTER : 0;
    struct plan p = plan_of(seed);
    struct eng_traffic t;
    struct prac_arena *a = prac_arena_new(0);
    struct eng_cells c;
    assert_int_equal(eng_traffic_init(&t, &conf, T0), PRAC_OK);
    feed(&t, &p, 0, p.n, 70);
    assert_int_equal(eng_traffic_minutes(&t), MINUTES);
    assert_int_equal(eng_traffic_cells(&t, a, &c), PRAC_OK);
    check_cells(&conf, &p, &c);
    for (size_t k = 0; k < 3; k++) {
      uint8_t base[64];
      struct eng_port_list l;
      for (uint32_t h = 0; h < c.n_hosts; h++) base[h] = (uint8_t)((h * 7 + seed + k) % 3);
      const uint8_t *group = k ? base : NULL;
      assert_int_equal(eng_traffic_ports(&t, &c, group, &rules[k], a, &l), PRAC_OK);
      check_walk(&c, group, &rules[k], &l);
      for (size_t i = 0; i < l.n; i++) {
        struct eng_port_who w;
        check_port(&conf, &p, &c, group, &l.v[i]);
        assert_int_equal(eng_traffic_who(&t, &c, group, l.v[i].index, a, &w), PRAC_OK);
        check_who(&conf, &p, &c, group, &l.v[i], &w);
      }
    }
    prac_arena_free(&a);
    eng_traffic_done(&t);
  }
}

/* Everything that comes out, as bytes. */
static uint64_t print(const struct eng_traffic *t)
{
  struct prac_arena *a = prac_arena_new(0);
  struct eng_cells c;
  struct eng_port_list l;
  struct eng_port_who w;
  const struct eng_port_rule r = {.pct = 30, .hosts = 2, .dst_pct = 40};
  assert_int_equal(eng_traffic_cells(t, a, &c), PRAC_OK);
  assert_int_equal(eng_traffic_ports(t, &c, NULL, &r, a, &l), PRAC_OK);
  uint64_t h = prac_hash_bytes(1, c.v, c.n * sizeof *c.v);
  h = prac_hash_bytes(h, c.hosts, c.n_hosts * sizeof *c.hosts);
  h = prac_hash_bytes(h, c.country, c.n_hosts * sizeof *c.country);
  h = prac_hash_bytes(h, c.ports, c.n_ports * sizeof *c.ports);
  for (size_t i = 0; i < l.n; i++) {
    h = prac_hash2(h, l.v[i].port, (uint64_t)l.v[i].level << 32 | l.v[i].hosts);
    h = prac_hash_bytes(h, &l.v[i].packets_one_dst, sizeof(double));
    assert_int_equal(eng_traffic_who(t, &c, NULL, l.v[i].index, a, &w), PRAC_OK);
    h = prac_hash_bytes(h, w.ips, w.n * sizeof *w.ips);
    h = prac_hash2(h, (uint64_t)w.from, w.country);
  }
  prac_arena_free(&a);
  return h;
}

static void order_seed_and_restart_leave_no_trace(void **state)
{
  (void)state;
  for (uint64_t seed = 1; seed <= 40; seed++) {
    struct plan p = plan_of(seed);
    struct eng_traffic t, u, v;
    struct eng_traffic_conf other = usual;
    other.seed = seed;
    assert_int_equal(eng_traffic_init(&t, &usual, T0), PRAC_OK);
    assert_int_equal(eng_traffic_init(&u, &other, T0), PRAC_OK);
    assert_int_equal(eng_traffic_init(&v, &other, 0), PRAC_OK);
    feed(&t, &p, 0, p.n, 400);
    shuffle(&p, seed);
    int half = p.n / 2;
    feed(&u, &p, 0, half, 9);
    size_t cap = 1 << 20;
    uint8_t *bytes = malloc(cap);
    struct prac_wr w = prac_wr_of(bytes, cap);
    eng_traffic_save(&u, &w);
    assert_false(w.bad);
    struct prac_rd r = prac_rd_of(bytes, prac_wr_len(&w));
    assert_int_equal(eng_traffic_load(&v, &r), PRAC_OK);
    assert_int_equal(prac_rd_left(&r), 0);
    feed(&u, &p, half, p.n, 9);
    feed(&v, &p, half, p.n, 31);
    assert_int_equal(eng_traffic_minutes(&t), eng_traffic_minutes(&v));
    assert_true(print(&t) == print(&u) && print(&t) == print(&v));
    eng_traffic_reset(&v, T0); /* and once more, into the same memory */
    assert_int_equal(eng_traffic_minutes(&v), 0);
    feed(&v, &p, 0, p.n, 31);
    assert_true(print(&t) == print(&v));
    free(bytes);
    eng_traffic_done(&t);
    eng_traffic_done(&u);
    eng_traffic_done(&v);
  }
}

static void damaged_bytes_are_refused_or_harmless(void **state)
{
  (void)state;
  struct plan p = plan_of(3);
  struct eng_traffic t;
  uint8_t bytes[1 << 16];
  assert_int_equal(eng_traffic_init(&t, &usual, T0), PRAC_OK);
  feed(&t, &p, 0, 60, 9);
  struct prac_wr w = prac_wr_of(bytes, sizeof bytes);
  eng_traffic_save(&t, &w);
  size_t n = prac_wr_len(&w);
  eng_traffic_done(&t);
  for (size_t i = 0; i < n; i++) {
    struct eng_traffic u;
    assert_int_equal(eng_traffic_init(&u, &usual, T0), PRAC_OK);
    struct prac_rd r = prac_rd_of(bytes, i);
    assert_int_not_equal(eng_traffic_load(&u, &r), PRAC_OK);
    eng_traffic_done(&u);
    bytes[i] ^= 0xff;
    assert_int_equal(eng_traffic_init(&u, &usual, T0), PRAC_OK);
    r = prac_rd_of(bytes, n);
    if (eng_traffic_load(&u, &r) == PRAC_OK) (void)print(&u);
    eng_traffic_done(&u);
    bytes[i] ^= 0xff;
  }
}

static void limits(void **state)
{
  (void)state;
  struct eng_traffic_conf conf = usual;
  struct eng_traffic t;
  conf.max_rows = 100;
  assert_int_equal(eng_traffic_init(&t, &conf, T0), PRAC_OK);
  struct flow_row rows[500] = {{0}};
  for (uint32_t i = 0; i < 500; i++)
    rows[i] = (struct flow_row){
        .src = prac_ip4(i << 16), .dst = prac_ip4(i), .proto = 6, .packets = UINT32_MAX - 1};
  for (int k = 0; k < 3; k++) {
    struct flow_batch *b = batch_of("a", T0, rows, 500, true);
    assert_int_equal(eng_traffic_add(&t, b), PRAC_OK);
    flow_batch_unref(&b);
  }
  assert_int_equal(t.n_rows, 100);
  assert_true(t.src.n <= 164 && t.dst.n <= 164);
  assert_int_equal(t.refused, 3 * 400);
  struct prac_arena *a = prac_arena_new(0);
  struct eng_cells c;
  assert_int_equal(eng_traffic_cells(&t, a, &c), PRAC_OK);
  assert_int_equal(c.n_hosts, 100);
  for (size_t i = 0; i < c.n; i++) assert_int_equal(c.v[i].packets, UINT32_MAX);
  struct flow_batch *b = batch_of("a", T0 + 10 * PRAC_MIN, rows, 7, true);
  assert_int_equal(eng_traffic_add(&t, b), PRAC_OK); /* another slot's */
  assert_int_equal(t.outside, 7);
  flow_batch_unref(&b);
  eng_traffic_done(&t);
  conf.steps = 13; /* 650 s: no whole minutes */
  assert_int_equal(eng_traffic_init(&t, &conf, T0), PRAC_RANGE);
  prac_arena_free(&a);
}

static void nothing_and_one(void **state)
{
  (void)state;
  struct eng_traffic t;
  struct eng_cells c;
  struct eng_port_list l;
  struct eng_port_who w;
  const struct eng_port_rule r = {.pct = 10, .hosts = 20, .dst_pct = 70};
  struct prac_arena *a = prac_arena_new(0);
  assert_int_equal(eng_traffic_init(&t, &usual, T0), PRAC_OK);
  struct flow_batch *b = batch_of("a", T0, NULL, 0, true);
  assert_int_equal(eng_traffic_add(&t, b), PRAC_OK);
  flow_batch_unref(&b);
  assert_int_equal(eng_traffic_minutes(&t), 1);
  assert_int_equal(eng_traffic_cells(&t, a, &c), PRAC_OK);
  assert_true(c.n == 0 && c.n_hosts == 0 && c.n_ports == 0);
  assert_int_equal(eng_traffic_ports(&t, &c, NULL, &r, a, &l), PRAC_OK);
  assert_true(l.n == 0 && l.group == 0);
  struct flow_row one = {.src = prac_ip4(0x01020304),
                         .dst = prac_ip4(9),
                         .proto = 17,
                         .dport = 53,
                         .country = 'J' << 8 | 'P',
                         .first_ms = 59999,
                         .packets = 1};
  b = batch_of("a", T0 + 9 * PRAC_MIN, &one, 1, true);
  assert_int_equal(eng_traffic_add(&t, b), PRAC_OK);
  flow_batch_unref(&b);
  assert_int_equal(eng_traffic_cells(&t, a, &c), PRAC_OK);
  assert_true(c.n == 1 && c.v[0].step == 11 && c.country[0] == ('J' << 8 | 'P'));
  assert_int_equal(c.ports[0], 17 << 16 | 53);
  assert_int_equal(eng_traffic_ports(&t, &c, NULL, &r, a, &l), PRAC_OK);
  assert_true(l.n == 1 && l.v[0].level == ENG_PORT_POINT);
  assert_int_equal(eng_traffic_who(&t, &c, NULL, 0, a, &w), PRAC_OK);
  assert_true(w.n == 1 && w.country == ('J' << 8 | 'P') && w.countries == 1);
  assert_true(w.to == T0 + 10 * PRAC_MIN);
  assert_int_equal(eng_traffic_who(&t, &c, NULL, 1, a, &w), PRAC_RANGE);
  prac_arena_free(&a);
  eng_traffic_done(&t);
}

/* ---- the last minutes of a sensor ---- */
static void remember(struct eng_past *past, const struct plan *p, int from, int to)
{
  uint64_t refused = 0;
  for (int m = from; m < to; m++) {
    struct flow_row rows[ROWS];
    uint32_t n = 0;
    for (int i = 0; i < p->n; i++)
      if (p->minute[i] == m) rows[n++] = p->rows[i];
    struct flow_batch *b = batch_of("a", T0 + m * PRAC_MIN, rows, n, true);
    assert_int_equal(eng_past_add(past, b, ROWS, &refused), PRAC_OK);
    flow_batch_unref(&b);
  }
  assert_int_equal(refused, 0);
}
static void past_done(void *block)
{
  eng_past_done(block);
}

/* A window of five minutes out of ten, wherever it begins, is what the rows themselves make. */
static void a_past_makes_windows(void **state)
{
  (void)state;
  struct eng_traffic_conf conf = usual;
  conf.steps = 6;
  for (uint64_t seed = 1; seed <= 20; seed++) {
    struct plan p = plan_of(seed);
    struct eng_sensors s, u;
    struct eng_traffic window;
    void *a, *b;
    bool fresh;
    eng_sensors_init(&s, sizeof(struct eng_past), 2);
    eng_sensors_init(&u, sizeof(struct eng_past), 2);
    assert_int_equal(eng_sensors_touch(&s, "oslo", &a, &fresh), PRAC_OK);
    assert_int_equal(eng_sensors_touch(&s, "tokyo", &b, &fresh), PRAC_OK);
    assert_int_equal(eng_traffic_init(&window, &conf, PRAC_TIME_NONE), PRAC_OK);
    remember(a, &p, 0, 6);
    size_t cap = 1 << 20;
    uint8_t *bytes = malloc(cap);
    struct prac_wr w = prac_wr_of(bytes, cap);
    eng_past_all_save(&s, &w);
    assert_false(w.bad);
    struct prac_rd r = prac_rd_of(bytes, prac_wr_len(&w));
    assert_int_equal(eng_past_all_load(&u, &r), PRAC_OK);
    assert_true(prac_rd_left(&r) == 0 && u.n == 2);
    struct eng_past *past = eng_sensors_find(&u, "oslo");
    remember(past, &p, 6, MINUTES);
    for (int from = 0; from < MINUTES; from++) {
      struct eng_traffic t;
      assert_int_equal(eng_traffic_init(&t, &conf, T0 + from * PRAC_MIN), PRAC_OK);
      feed(&t, &p, 0, p.n, 31);
      assert_int_equal(eng_past_window(past, T0 + from * PRAC_MIN, &window), PRAC_OK);
      assert_true(print(&t) == print(&window));
      assert_int_equal(eng_traffic_minutes(&window), from < 5 ? 5 : MINUTES - from);
      eng_past_drop(past, T0 + (from + 1) * PRAC_MIN);
      eng_traffic_done(&t);
    }
    assert_true(past->n == 0 && past->rows == 0);
    free(bytes);
    eng_traffic_done(&window);
    eng_sensors_done(&s, past_done);
    eng_sensors_done(&u, past_done);
  }
}

static void a_past_has_an_end(void **state)
{
  (void)state;
  struct eng_traffic_conf conf = usual;
  struct eng_traffic window;
  struct eng_past past = {0};
  struct flow_row rows[60] = {{0}};
  uint64_t refused = 0;
  for (uint32_t i = 0; i < 60; i++)
    rows[i] =
        (struct flow_row){.src = prac_ip4(i << 16), .dst = prac_ip4(i), .proto = 6, .packets = 1};
  for (int m = 0; m < 5; m++)
    for (int part = 0; part < 3; part++) {
      struct flow_batch *b = batch_of("a", T0 + m * PRAC_MIN, rows, 60, true);
      assert_int_equal(eng_past_add(&past, b, 100, &refused), PRAC_OK);
      flow_batch_unref(&b);
    }
  assert_int_equal(refused, 12 * 60); /* three batches have room, the rest is only heard */
  assert_true(past.rows <= 200 + 5 && past.n == 7);
  assert_int_equal(eng_traffic_init(&window, &conf, PRAC_TIME_NONE), PRAC_OK);
  assert_int_equal(eng_past_window(&past, T0, &window), PRAC_OK);
  assert_int_equal(eng_traffic_minutes(&window), 5);
  assert_int_equal(window.n_rows, 60);
  eng_traffic_done(&window);
  eng_past_done(&past);
}

static void a_damaged_past_is_refused_or_harmless(void **state)
{
  (void)state;
  struct plan p = plan_of(5);
  struct eng_sensors s;
  struct eng_traffic window;
  struct prac_rng rng = prac_rng_of(4);
  static uint8_t bytes[1 << 18], changed[1 << 18];
  void *block;
  bool fresh;
  eng_sensors_init(&s, sizeof(struct eng_past), 1);
  assert_int_equal(eng_sensors_touch(&s, "oslo", &block, &fresh), PRAC_OK);
  remember(block, &p, 0, MINUTES);
  struct prac_wr w = prac_wr_of(bytes, sizeof bytes);
  eng_past_all_save(&s, &w);
  size_t n = prac_wr_len(&w);
  eng_sensors_done(&s, past_done);
  assert_int_equal(eng_traffic_init(&window, &usual, PRAC_TIME_NONE), PRAC_OK);
  for (int i = 0; i < 2000; i++) {
    size_t cut = i % 2 ? prac_rng_below(&rng, n) : n;
    memcpy(changed, bytes, n);
    if (cut == n) changed[prac_rng_below(&rng, n)] ^= (uint8_t)(1u << prac_rng_below(&rng, 8));
    struct prac_rd r = prac_rd_of(changed, cut);
    eng_sensors_init(&s, sizeof(struct eng_past), 1);
    prac_rc rc = eng_past_all_load(&s, &r);
    if (cut < n) assert_int_equal(rc, PRAC_DAMAGED);
    if (rc == PRAC_OK && s.n) assert_int_equal(eng_past_window(s.v[0].block, T0, &window), PRAC_OK);
    eng_sensors_done(&s, past_done);
  }
  eng_traffic_done(&window);
}

static void sensors_by_name(void **state)
{
  (void)state;
  struct eng_sensors s, u;
  bool fresh;
  void *b[4], *x;
  static const char *const names[] = {"sydney", "eu", "tokyo", "oregon"};
  eng_sensors_init(&s, sizeof(int), 4);
  for (int i = 0; i < 4; i++) {
    assert_int_equal(eng_sensors_touch(&s, names[i], &b[i], &fresh), PRAC_OK);
    assert_true(fresh && *(int *)b[i] == 0);
    *(int *)b[i] = i;
  }
  assert_int_equal(eng_sensors_touch(&s, "a", &x, &fresh), PRAC_FULL);
  assert_int_equal(eng_sensors_touch(&s, "tokyo", &x, &fresh), PRAC_OK);
  assert_true(!fresh && x == b[2] && eng_sensors_find(&s, "tokyo") == x);
  assert_null(eng_sensors_find(&s, "tokio"));
  for (uint32_t i = 1; i < s.n; i++) assert_true(strcmp(s.v[i - 1].name, s.v[i].name) < 0);
  uint8_t bytes[256];
  struct prac_wr w = prac_wr_of(bytes, sizeof bytes);
  for (uint32_t i = 0; i < s.n; i++) eng_sensors_name_save(&s, i, &w);
  eng_sensors_init(&u, 8, 4);
  struct prac_rd r = prac_rd_of(bytes, prac_wr_len(&w));
  for (uint32_t i = 0; i < s.n; i++) assert_int_equal(eng_sensors_name_load(&u, &r, &x), PRAC_OK);
  r = prac_rd_of(bytes, prac_wr_len(&w)); /* again: not rising any more */
  assert_int_equal(eng_sensors_name_load(&u, &r, &x), PRAC_DAMAGED);
  for (uint32_t i = 0; i < s.n; i++) assert_string_equal(s.v[i].name, u.v[i].name);
  eng_sensors_drop(&s, 0, NULL);
  assert_null(eng_sensors_find(&s, "eu"));
  assert_int_equal(eng_sensors_touch(&s, "a", &x, &fresh), PRAC_OK);
  eng_sensors_done(&s, NULL);
  eng_sensors_done(&u, NULL);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(against_slow_counting),
      cmocka_unit_test(order_seed_and_restart_leave_no_trace),
      cmocka_unit_test(damaged_bytes_are_refused_or_harmless),
      cmocka_unit_test(limits),
      cmocka_unit_test(nothing_and_one),
      cmocka_unit_test(a_past_makes_windows),
      cmocka_unit_test(a_past_has_an_end),
      cmocka_unit_test(a_damaged_past_is_refused_or_harmless),
      cmocka_unit_test(sensors_by_name),
  };
  return cmocka_run_group_tests_name("traffic", t, NULL, NULL);
}
