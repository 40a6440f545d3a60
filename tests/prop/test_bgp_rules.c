/* Whatever attacks, ends, pauses, people, lost answers and restarts come in whatever order: nothing
 * outside the tenant's prefixes is ever announced, never more than the caps, and when all is over
 * the routers have nothing left. The router is made here and believes only what it is told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "lib/choice.h"
#include "lib/t.h"
#include "notify/bgp/book.h"
#include "notify/bgp/line.h"

enum { MANY = 256, EPISODES = 40 };
struct world {
  struct bgp_conf conf;
  struct bgp_book *book;
  struct prac_prefix own[4], never, allow;
  struct prac_conf_prefixes prefixes;
  prac_time now;
  uint64_t seq;
  struct bgp_rule has[MANY];
  size_t n;
  const char *wrong;
};

static struct prac_prefix prefix(const char *s)
{
  struct prac_prefix p = {.bits = 0};
  if (prac_prefix_parse(s, strlen(s), &p) != PRAC_OK) abort();
  return p;
}

/* Written anew and not borrowed from the policy: first and last address both inside. */
static bool within(const struct prac_prefix *p, const struct prac_prefix *dst)
{
  struct prac_ip last = dst->ip;
  for (unsigned i = 0; i < 128; i++)
    if (i >= dst->bits) last.b[i / 8] |= (uint8_t)(0x80u >> i % 8);
  return prac_prefix_has(p, &dst->ip) && prac_prefix_has(p, &last);
}

static void judge(struct world *w, const struct bgp_rule *r)
{
  bool in = false;
  for (size_t i = 0; i < w->prefixes.n; i++) in |= within(&w->own[i], &r->dst);
  if (!in) w->wrong = "outside the tenant's prefixes";
  if (w->conf.allow.n && !within(&w->allow, &r->dst)) w->wrong = "outside allow";
  if (prac_prefix_has(&w->never, &r->dst.ip) || prac_prefix_has(&r->dst, &w->never.ip))
    w->wrong = "in never";
  if (r->kind == BGP_FLOW && (r->port == 53 || r->port == 123) && r->longer == 0 && r->rate == 0)
    w->wrong = "53 or 123 discarded by its port alone";
  if (r->kind == BGP_FRAGMENT && r->rate == 0) w->wrong = "fragments discarded";
  if (w->conf.mode == BGP_OFF) w->wrong = "announced while off";
}

static void router(struct world *w, const struct bgp_rule *r, bool announce)
{
  size_t at = 0;
  while (at < w->n && !bgp_rule_eq(&w->has[at], r)) at++;
  if (!announce) {
    if (at < w->n) w->has[at] = w->has[--w->n];
    return;
  }
  judge(w, r);
  if (at == MANY)
    w->wrong = "too many";
  else if (at == w->n)
    w->has[w->n++] = *r;
  if (w->n > (uint64_t)w->conf.max_rules) w->wrong = "more rules than max_rules";
}

/* The text that ExaBGP would get must pass the relay, too. */
static void check_text(struct world *w, const struct bgp_slot *s, bool announce)
{
  struct bgp_route route;
  struct bgp_order_line o;
  char text[BGP_TEXT], line[BGP_TEXT + 16];
  if (bgp_policy_route(&w->conf, s->tenant, &route, NULL) != PRAC_OK ||
      bgp_rule_text(&s->rule, &route, announce, text) != PRAC_OK) {
    w->wrong = "no text";
    return;
  }
  int n = snprintf(line, sizeof line, "1 60 %s", text);
  if (n < 0 || bgp_order_read(line, (size_t)n, &o) != PRAC_OK) w->wrong = "the relay refuses it";
}

static void pump(struct world *w, struct choice *c, bool kind)
{
  for (int pass = 0; pass < 2; pass++)
    for (size_t i = 0; i < BGP_RULES; i++) {
      struct bgp_slot *s = &w->book->slots[i];
      enum bgp_order o = bgp_book_due(w->book, s, w->now);
      if (o == BGP_SAY_NOTHING || (o == BGP_SAY_WITHDRAW) != (pass == 0)) continue;
      if (o != BGP_SAY_RENEW) check_text(w, s, o == BGP_SAY_ANNOUNCE);
      bgp_book_sent(w->book, s, o, ++w->seq, w->now);
      unsigned luck = kind ? 0 : choice_u8(c) % 8;
      if (luck == 7) continue; /* lost on the way */
      if (luck == 6) {
        bgp_book_answer(w->book, w->seq, BGP_ERROR, w->now);
        continue;
      }
      if (o != BGP_SAY_RENEW) router(w, &s->rule, o == BGP_SAY_ANNOUNCE);
      if (luck == 5) continue; /* the answer is lost */
      bgp_book_answer(w->book, w->seq, BGP_DONE, w->now);
    }
}

static struct prac_ip victim(struct choice *c)
{
  static const char *const near[] = {
      "203.0.113.0", "203.0.114.0", "198.51.100.0", "2001:db8::", "2001:db9::",
      "127.0.0.0",   "224.0.0.0",   "::",           "fe80::",     "2001:db8:7::"};
  struct prac_ip ip = prefix(near[choice_below(c, PRAC_ARRAY_LEN(near))]).ip;
  ip.b[15] = (uint8_t)(choice_u8(c) % 4 ? ip.b[15] + choice_u8(c) % 16 : choice_u8(c));
  return ip;
}

static void tell(struct world *w, struct choice *c)
{
  static const char *const states[] = {"start", "update", "resume", "end"},
                           *const kinds[] = {"single", "single", "carpet", "multi"},
                           *const tenants[] = {"isp-a", "isp-b"},
                           *const sensors[] = {"a 1", "b 1", "c 1"};
  static const uint16_t ports[] = {53, 123, 389, 11211, 0, 443, 19};
  static const uint32_t bits[] = {120, 128, 48, 96, 119, 0, 47, 64, 200, 121};
  char id[16];
  unsigned n = choice_below(c, EPISODES);
  (void)snprintf(id, sizeof id, "e%u", n);
  struct episode e = {.id = id, .state = states[choice_below(c, 4)]};
  e.kind = kinds[choice_below(c, 4)];
  e.victim = victim(c);
  e.prefix_bits = bits[choice_below(c, PRAC_ARRAY_LEN(bits))];
  e.port = ports[choice_below(c, PRAC_ARRAY_LEN(ports))];
  e.at = w->now - (choice_u8(c) % 16 ? 0 : choice_below(c, 7200) * PRAC_SEC);
  e.pps_max = choice_below(c, 20);
  e.packets = choice_below(c, 1000);
  e.sensors = (struct model_strs){sensors, choice_below(c, 4)};
  struct bgp_who who = {.name = tenants[choice_below(c, 2)],
                        .prefixes = choice_u8(c) % 16 ? &w->prefixes : NULL};
  bgp_book_take(w->book, &who, &e, w->now);
}

static void restart(struct world *w)
{
  uint8_t *buf = malloc(BGP_SAVE_MAX);
  if (!buf) abort();
  struct prac_wr out = prac_wr_of(buf, BGP_SAVE_MAX);
  struct bgp_book *b = bgp_book_new(&w->conf);
  if (!b || bgp_book_save(w->book, &out) != PRAC_OK ||
      bgp_book_load(b, prac_rd_of(buf, prac_wr_len(&out))) != PRAC_OK)
    w->wrong = "the book does not load";
  free(buf);
  bgp_book_free(&w->book);
  w->book = b;
}

static void step(struct world *w, struct choice *c)
{
  uint32_t id = 1 + choice_below(c, w->book->next_id);
  switch (choice_u8(c) % 12) {
  case 0:
    w->now += choice_below(c, 600) * PRAC_SEC;
    bgp_book_tick(w->book, w->now);
    break;
  case 1:
    if (bgp_book_approve(w->book, id, w->now, NULL) == PRAC_NOMEM) w->wrong = "memory";
    break;
  case 2:
    if (bgp_book_withdraw(w->book, id, w->now, NULL) == PRAC_NOMEM) w->wrong = "memory";
    break;
  case 3:
    if (choice_u8(c) % 2) w->n = 0; /* ExaBGP died with all it had */
    bgp_book_forget(w->book);
    break;
  case 4:
    restart(w);
    break;
  default:
    tell(w, c);
  }
  w->book->n_sayings = 0;
  pump(w, c, false);
}

static int never_wrong(struct choice *small)
{
  uint8_t bytes[16000]; /* many steps out of few bytes: a run is its seed */
  uint64_t seed = 1;
  for (int i = 0; i < 8; i++) seed = seed << 8 | choice_u8(small);
  struct prac_rng rng = prac_rng_of(seed);
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)prac_rng_u64(&rng);
  struct choice many = {bytes, bytes + sizeof bytes}, *c = &many;
  struct world w = {.now = (prac_time)1700000000 * PRAC_SEC};
  prac_conf_defaults(&bgp_conf_section, &w.conf);
  w.conf.mode = choice_u8(c) % 8 ? BGP_AUTO : BGP_PROPOSE;
  w.conf.rule = choice_u8(c) % 4 == 0;
  w.conf.action = (int)choice_below(c, 3);
  w.conf.fragments = choice_u8(c) % 2;
  w.conf.max_rules = 1 + choice_below(c, 12);
  w.conf.max_tenant = 1 + choice_below(c, 8);
  w.own[0] = prefix("203.0.113.0/24");
  w.own[1] = prefix("2001:db8::/32");
  w.own[2] = prefix(choice_u8(c) % 2 ? "198.51.100.0/28" : "127.0.0.0/8");
  w.prefixes = (struct prac_conf_prefixes){w.own, 3};
  w.never = prefix(choice_u8(c) % 2 ? "203.0.113.5/32" : "2001:db8:7::/64");
  w.conf.never = (struct prac_conf_prefixes){&w.never, 1};
  w.allow = prefix("203.0.113.0/28");
  w.conf.allow = (struct prac_conf_prefixes){&w.allow, choice_u8(c) % 4 == 0};
  w.book = bgp_book_new(&w.conf);
  if (!w.book) abort();
  for (int i = 0; i < 300 && !w.wrong; i++) step(&w, c);
  for (int i = 0; i < 6 && !w.wrong; i++) { /* a quiet day, and an ExaBGP that answers */
    w.now += 2 * PRAC_HOUR;
    bgp_book_tick(w.book, w.now);
    w.book->n_sayings = 0;
    pump(&w, c, true);
    for (size_t k = 0; k < BGP_RULES; k++) w.book->slots[k].saying = w.book->slots[k].unsaid;
    bgp_book_said(w.book); /* ... and a queue that has room */
  }
  bgp_book_tick(w.book, w.now);
  if (w.n && !w.wrong) w.wrong = "a rule is left when all is over";
  if (bgp_book_count(w.book, NULL) && !w.wrong) w.wrong = "the book still counts a rule";
  for (size_t i = 0; i < BGP_RULES; i++)
    if (w.book->slots[i].used && !w.wrong) w.wrong = "a place in the table is left";
  if (w.wrong) fprintf(stderr, "%s\n", w.wrong);
  bgp_book_free(&w.book);
  return !w.wrong;
}

static void test_never_wrong(void **state)
{
  (void)state;
  assert_true(prop_check("rules stay inside, below the caps, and go", never_wrong, 7, 120));
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_never_wrong)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
