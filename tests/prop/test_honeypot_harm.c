/* Do no harm, as a property of every vector: whatever is sent, in whoever's name, what leaves obeys
 *
 *   in any 60 s      payload out <= payload in + 64 kB
 *   in any 10 min    <= 4 replies to one address, <= 16 to one /24 or /48
 *   in any second    <= 100 replies, <= 512 kbit
 *   always           one datagram of 1..1200 bytes; nothing to service ports; nothing to ourselves
 *
 * and a loop between two of our own sensors dies at once. The requests are the corpora of the fuzz
 * targets (all of them, to every vector), changed at random; and replies of any size, made up. */
#include "lib/t.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "honeypot/core.h"
#include "honeypot/stanza.h"
#include "lib/hp_requests.h"

#define WALL (INT64_C(1700000000) * PRAC_SEC)
enum { REQUESTS = 4096, EVENTS = 1 << 20 };

/* ---- what can be asked ---- */
struct request {
  uint8_t *data;
  size_t n;
};
static struct request requests[REQUESTS];
static size_t n_requests;
static struct hp_stanzas *stanzas;

static void add(const void *data, size_t n)
{
  if (n_requests == REQUESTS) return;
  struct request *r = &requests[n_requests++];
  r->data = malloc(n + 1);
  assert_non_null(r->data);
  memcpy(r->data, data, n);
  r->n = n;
}
static void add_file(const char *path)
{
  static uint8_t bytes[2048];
  FILE *f = fopen(path, "rb");
  if (!f) return;
  size_t n = fread(bytes, 1, sizeof bytes, f);
  fclose(f);
  add(bytes, n < 1472 ? n : 1472);
  if (n > 1 && strstr(path, "/hp_proto/"))
    add(bytes + 1, n < 1472 ? n - 1 : 1472); /* which, then it */
}
static void add_folder(const char *path)
{
  char file[1024];
  DIR *d = opendir(path);
  for (struct dirent *e; d && (e = readdir(d));) {
    snprintf(file, sizeof file, "%s/%s", path, e->d_name);
    if (e->d_name[0] != '.') add_file(file);
  }
  if (d) closedir(d);
}
/* fuzz/corpus/hp_* and proto_*, probe payloads beside the checkout where they are. */
static void collect(void)
{
  char path[1024];
  const char *root = getenv("PRACTICE_SOURCE"), *shared = getenv("PRACTICE_SHARED");
  static const char dns[] =
      "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03isc\x03org\x00\x00\xff\x00\x01";
  add("", 0);
  add("\n", 1);
  add(dns, sizeof dns - 1);
  add("\x17\x00\x03\x2a\x00\x00\x00\x00", 8);
  stanzas = hp_shipped();
  for (size_t i = 0; i < PRAC_ARRAY_LEN(hp_requests); i++) {
    uint8_t bytes[1500];
    add(bytes, hp_unhex(hp_requests[i].hex, bytes));
  }
  snprintf(path, sizeof path, "%s/fuzz/corpus", root ? root : ".");
  DIR *d = opendir(path);
  for (struct dirent *e; d && (e = readdir(d));) {
    if (strncmp(e->d_name, "hp", 2) != 0 && strncmp(e->d_name, "proto", 5) != 0 &&
        strncmp(e->d_name, "honeypot", 8) != 0)
      continue;
    snprintf(path, sizeof path, "%s/fuzz/corpus/%s", root ? root : ".", e->d_name);
    add_folder(path);
  }
  if (d) closedir(d);
  snprintf(path, sizeof path, "%s/data/drdos/zmap-probes", shared ? shared : "../../shared");
  add_folder(path);
}

/* ---- what left ---- */
struct event {
  int64_t now;
  struct prac_ip to;
  uint32_t in, out;
};
struct record {
  struct event *v;
  size_t n;
  int64_t now;
  uint64_t replies;
  /* the last reply, for loops */
  uint8_t data[HP_REPLY_MAX];
  size_t len;
  struct hp_ask ask;
};
static bool keep(void *arg, const struct hp_ask *a, const void *data, size_t len)
{
  struct record *r = arg;
  assert_true(len >= 1 && len <= HP_REPLY_MAX);
  assert_true(a->port != 0 && a->port != 53 && a->port != 123);
  if (r->n < EVENTS) r->v[r->n++] = (struct event){r->now, a->to, 0, (uint32_t)len};
  r->replies++;
  memcpy(r->data, data, len);
  r->len = len;
  r->ask = *a;
  return true;
}
static void came(struct record *r, size_t len)
{
  if (r->n < EVENTS) r->v[r->n++] = (struct event){.now = r->now, .in = (uint32_t)len};
}

/* For every stretch of at most 60 s: out - in <= 64 kB. The worst beginning for each end is the one
 * with the least out - in before it: a queue of falling candidates. */
static void judge_credit(const struct record *r)
{
  size_t *q = calloc(r->n + 1, sizeof *q), head = 0, tail = 0;
  int64_t *sum = calloc(r->n + 1, sizeof *sum); /* of the events before i */
  assert_true(q && sum);
  for (size_t i = 0; i < r->n; i++) {
    sum[i + 1] = sum[i] + r->v[i].out - r->v[i].in;
    while (tail > head && sum[q[tail - 1]] >= sum[i]) tail--;
    q[tail++] = i;
    while (r->v[i].now - r->v[q[head]].now > 60 * PRAC_SEC) head++;
    assert_true(sum[i + 1] - sum[q[head]] <= 65536);
  }
  free(q);
  free(sum);
}

static bool same(const struct prac_ip *a, const struct prac_ip *b, bool network)
{
  size_t n = !network ? 16 : prac_ip_is4(a) ? 15 : 6;
  return memcmp(a->b, b->b, n) == 0;
}

/* Replies are few, so all pairs may be looked at. */
static void judge_limits(const struct record *r)
{
  struct event *out = calloc(r->n + 1, sizeof *out);
  size_t n = 0;
  assert_non_null(out);
  for (size_t i = 0; i < r->n; i++)
    if (r->v[i].out) out[n++] = r->v[i];
  for (size_t i = 0; i < n; i++) {
    uint32_t one = 0, net = 0, second = 0;
    uint64_t bits = 0;
    for (size_t k = i; k < n && out[k].now - out[i].now < 600 * PRAC_SEC; k++) {
      bool soon = out[k].now - out[i].now < PRAC_SEC;
      one += same(&out[i].to, &out[k].to, false);
      net += same(&out[i].to, &out[k].to, true);
      second += soon;
      bits += soon ? out[k].out * UINT64_C(8) : 0;
    }
    assert_true(one <= 4);
    assert_true(net <= 16);
    assert_true(second <= 100);
    assert_true(bits <= 512000);
  }
  free(out);
}

/* ---- a sensor ---- */
struct pot {
  struct hp_services *services;
  struct hp_lists *lists;
  struct hp_core *core;
  struct record out;
  struct prac_ip own;
};
static void pot_open(struct pot *p, const char *name, const char *vector, struct prac_ip own)
{
  struct hp_services_open so = {
      .sensor = name, .only = {&vector, vector ? 1 : 0}, .stanzas = stanzas};
  size_t n;
  *p = (struct pot){.own = own};
  assert_int_equal(hp_services_new(&so, &p->services, NULL), PRAC_OK);
  p->lists = calloc(1, sizeof *p->lists);
  p->out.v = calloc(EVENTS, sizeof *p->out.v);
  assert_true(p->lists && p->out.v);
  const uint16_t *ports = hp_services_ports(p->services, &n);
  for (size_t i = 0; i < n; i++) p->lists->ports[ports[i] / 8] |= (uint8_t)(1 << ports[i] % 8);
  p->lists->ports[53 / 8] |= 1 << 53 % 8;
  p->lists->ports[123 / 8] |= 1 << 123 % 8;
  struct hp_core_open o = {.services = p->services,
                           .valve = {.reply = true,
                                     .per_address = 4,
                                     .burst = 3,
                                     .per_network = 16,
                                     .window_ns = 600 * PRAC_SEC,
                                     .replies_per_s = 100,
                                     .bits_per_s = 512000,
                                     .credit_bytes = 65536,
                                     .answer_share = 1,
                                     .seed = 3,
                                     .lists = p->lists,
                                     .send = keep,
                                     .arg = &p->out},
                           .slots = 4096,
                           .seed = 4,
                           .ring = 64};
  assert_int_equal(hp_core_new(&o, 0, &p->core), PRAC_OK);
}
static void pot_close(struct pot *p)
{
  hp_core_free(&p->core);
  hp_services_free(&p->services);
  free(p->lists);
  free(p->out.v);
}
static void pot_ask(struct pot *p, size_t port, struct prac_ip src, uint16_t sport,
                    const uint8_t *data, size_t n, int64_t now)
{
  struct hp_datagram d = {.src = src,
                          .own = p->own,
                          .at = WALL + now,
                          .data = data,
                          .len = (uint32_t)n,
                          .have = (uint32_t)n,
                          .sport = sport,
                          .ttl = 60,
                          .port = port};
  p->out.now = now;
  came(&p->out, n);
  (void)hp_core_take(p->core, &d, now);
  while (hp_core_told(p->core)) hp_core_told_next(p->core);
}
static void pot_judge(const struct pot *p)
{
  assert_true(p->out.n < EVENTS);
  judge_credit(&p->out);
  judge_limits(&p->out);
}

/* ---- the floods ---- */
struct flood {
  const char *name;
  uint32_t victims, base, spread; /* victim i is base + i * spread */
  int packets;
  int64_t gap_ns;
  bool service_ports, random_names, six;
};
static const struct flood floods[] = {
    {"one victim", 1, 0x08080808, 1, 20000, PRAC_MS / 10, false, false, false},
    {"one victim, random names", 1, 0x08080808, 1, 20000, PRAC_MS, false, true, false},
    {"8,000 victims", 8000, 0x08000000, 4099, 24000, PRAC_MS / 4, false, false, false},
    {"8,000 victims, slowly", 8000, 0x08000000, 4099, 16000, 50 * PRAC_MS, false, true, false},
    {"a carpet of one /24", 256, 0x09090900, 1, 20000, PRAC_MS, false, false, false},
    {"service ports", 500, 0x08000000, 65537, 5000, PRAC_MS, true, false, false},
    {"scanners, for two hours", 100000, 0x08000000, 257, 7200, PRAC_SEC, false, false, false},
    {"patient victims", 3, 0x08000000, 65537, 14400, PRAC_SEC / 2, false, false, false},
    {"a carpet of one /48", 65536, 1, 1, 20000, PRAC_MS, false, true, true},
};

static size_t change(struct prac_rng *r, const struct request *q, uint8_t out[1500], bool names)
{
  size_t n = q->n < 1500 ? q->n : 1500;
  memcpy(out, q->data, n);
  if (names && n > 16)
    for (size_t i = 13; i < 16; i++) out[i] = (uint8_t)('a' + prac_rng_below(r, 26));
  if (n && prac_rng_below(r, 4) == 0) out[prac_rng_below(r, n)] = (uint8_t)prac_rng_u64(r);
  return n;
}

static uint64_t flood_one(const char *vector, const struct flood *f, int part)
{
  struct pot p;
  struct prac_rng r = prac_rng_of(prac_rng_below(&(struct prac_rng){{1, 2, 3, 4}}, 99) + f->base);
  uint8_t data[1500];
  size_t n_ports;
  pot_open(&p, "prop", vector, prac_ip4(0xd0d0d001));
  (void)hp_services_ports(p.services, &n_ports);
  int64_t now = 100 * PRAC_SEC;
  for (int i = 0; i < f->packets / part; i++, now += f->gap_ns) {
    uint32_t v = (uint32_t)prac_rng_below(&r, f->victims);
    struct prac_ip src = f->six ? prac_ip_of(UINT64_C(0x2a00123400010000) + v, v)
                                : prac_ip4(f->base + v * f->spread);
    static const uint16_t services[] = {53, 123, 0, 123};
    uint16_t sport =
        f->service_ports ? services[i % 4] : (uint16_t)(40000 + prac_rng_below(&r, 9999));
    size_t n = change(&r, &requests[prac_rng_below(&r, n_requests)], data, f->random_names);
    pot_ask(&p, prac_rng_below(&r, n_ports), src, sport, data, n, now);
  }
  pot_judge(&p);
  uint64_t replies = p.out.replies;
  if (f->service_ports) assert_int_equal(replies, 0);
  pot_close(&p);
  return replies;
}

/* Each vector alone, then all together. */
static void every_vector_every_flood(void **st)
{
  (void)st;
  for (const struct hp_proto *const *p = hp_protos; *p; p++) {
    uint64_t replies = 0;
    for (size_t f = 0; f < PRAC_ARRAY_LEN(floods); f++)
      replies += flood_one((*p)->name, &floods[f], 4);
    if (replies == 0) print_message("# no request made %s answer\n", (*p)->name);
    if (strcmp((*p)->name, "chargen") == 0) assert_true(replies > 100);
  }
  for (size_t i = 0; i < hp_stanzas_count(stanzas); i++) {
    const struct hp_stanza *z = hp_stanzas_at(stanzas, i);
    uint64_t replies = 0;
    for (size_t f = 0; f < PRAC_ARRAY_LEN(floods); f++)
      replies += flood_one(z->name, &floods[f], 4);
    if ((replies > 0) != (z->n_reply > 0)) fail_msg("%s: %zu replies", z->name, (size_t)replies);
  }
  for (size_t f = 0; f < PRAC_ARRAY_LEN(floods); f++) (void)flood_one(NULL, &floods[f], 1);
}

/* A flood lets more out than a trickle does, but never more than came in: bytes that come in just
 * before must not be spent in a stretch that begins behind them. */
static void credit_in_bursts(void **st)
{
  (void)st;
  struct prac_rng r = prac_rng_of(11);
  struct record rec = {.v = calloc(EVENTS, sizeof *rec.v)};
  static struct hp_lists lists;
  struct hp_valve *v = NULL;
  struct hp_valve_conf c = {.reply = true,
                            .per_address = 200,
                            .burst = 200,
                            .per_network = 200,
                            .window_ns = 10 * PRAC_SEC,
                            .replies_per_s = 10000,
                            .bits_per_s = 1000000000,
                            .credit_bytes = 65536,
                            .answer_share = 1,
                            .lists = &lists,
                            .send = keep,
                            .arg = &rec};
  static const uint8_t bytes[HP_REPLY_MAX];
  assert_non_null(rec.v);
  assert_int_equal(hp_valve_new(&c, 0, &v), PRAC_OK);
  int64_t now = PRAC_HOUR;
  for (int i = 0; i < 200000; i++) {
    now += (int64_t)prac_rng_exp(&r, i % 5000 < 2500 ? 1e6 : 2e7);
    rec.now = now;
    if (i % 5000 < 1000) {
      size_t n = prac_rng_below(&r, 1500);
      hp_valve_in(v, now, n);
      came(&rec, n);
    }
    struct hp_ask a = {.to = prac_ip4(0x08000000u + (uint32_t)prac_rng_u64(&r) % 0x1000000),
                       .port = 40000};
    (void)hp_valve_send(v, &a, bytes, 1 + prac_rng_below(&r, HP_REPLY_MAX), now, WALL + now);
  }
  assert_true(rec.replies > 1000);
  judge_credit(&rec);
  hp_valve_free(&v);
  free(rec.v);
}

/* Two of our sensors and a forged request in the name of one of them. */
static void loops_die_at_once(void **st)
{
  (void)st;
  struct pot a, b;
  size_t n_ports;
  pot_open(&a, "a", NULL, prac_ip4(0x08010101));
  pot_open(&b, "b", NULL, prac_ip4(0x08020202));
  const uint16_t *ports = hp_services_ports(a.services, &n_ports);
  uint64_t replies = 0;
  for (size_t q = 0; q < n_requests; q++)
    for (size_t p = 0; p < n_ports; p++) {
      int64_t now = (int64_t)(q * n_ports + p + 1) * 700 * PRAC_SEC;
      a.out.replies = b.out.replies = 0;
      pot_ask(&a, p, b.own, ports[p], requests[q].data, requests[q].n, now);
      assert_int_equal(a.out.replies, 0); /* a service's port is never answered */
      /* and when the port is not a service's: one answer, to a port where nobody is */
      a.out.len = 0;
      pot_ask(&a, p, b.own, 40000, requests[q].data, requests[q].n, now + 1);
      assert_true(a.out.replies <= 1);
      replies += a.out.replies;
      if (a.out.len == 0) continue;
      /* even if it came to b's service, b would not answer a's service port */
      pot_ask(&b, p, a.own, ports[p], a.out.data, a.out.len, now + 2);
      assert_int_equal(b.out.replies, 0);
    }
  assert_true(replies > 0);
  pot_close(&a);
  pot_close(&b);
}

/* A closed writer makes no request another vector's, and none a loop; and nobody writes more than
 * allowed. */
static void closed_or_open_the_verdict_is_the_same(void **st)
{
  (void)st;
  uint8_t room[HP_REPLY_MAX];
  struct hp_note note;
  struct hp_self self = {.seed = 5, .host = "gw-0001", .now = WALL, .own = prac_ip4(1)};
  for (const struct hp_proto *const *p = hp_protos; *p; p++)
    for (size_t q = 0; q < n_requests; q++) {
      struct hp_request req = {.bytes = prac_rd_of(requests[q].data, requests[q].n),
                               .src = prac_ip4(0x08080808),
                               .sport = 40000,
                               .dport = (*p)->ports[0]};
      struct prac_wr open = prac_wr_of(room, (*p)->max_reply), shut = prac_wr_of(room, 0);
      note.name[0] = 0;
      enum hp_verdict v = (*p)->answer(&self, &req, &note, &open);
      assert_true(memchr(note.name, 0, sizeof note.name));
      note.name[0] = 0;
      enum hp_verdict w = (*p)->answer(&self, &req, &note, &shut);
      if (v != w && (v != HP_ANSWER || w != HP_OBSERVE))
        fail_msg("%s, request %zu: %d open, %d closed", (*p)->name, q, v, w);
      if (v == HP_ANSWER && (*p)->max_reply == 0) fail_msg("%s never answers", (*p)->name);
    }
}

static int setup(void **st)
{
  (void)st;
  collect();
  return 0;
}
static int teardown(void **st)
{
  (void)st;
  for (size_t i = 0; i < n_requests; i++) free(requests[i].data);
  hp_stanzas_free(&stanzas);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_vector_every_flood),
      cmocka_unit_test(credit_in_bursts),
      cmocka_unit_test(loops_die_at_once),
      cmocka_unit_test(closed_or_open_the_verdict_is_the_same),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
