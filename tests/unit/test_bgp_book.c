/* The life of rules, on a virtual clock, with a made ExaBGP: what it has at every moment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/t.h"
#include "notify/bgp/book.h"

#define T0 ((prac_time)1700000000 * PRAC_SEC)
static const char *const three[] = {"a 9", "b 8", "c 7"};
static const char *const vector[] = {"ntp_monlist"};

struct world {
  struct bgp_conf conf;
  struct bgp_book *book;
  struct prac_prefix own;
  struct prac_conf_prefixes prefixes;
  prac_time now;
  bool exabgp_up;
  uint64_t seq;
  char has[64][BGP_TEXT]; /* bodies; "" free */
  size_t n_announce, n_withdraw, n_renew, most;
};

static void setup(struct world *w)
{
  *w = (struct world){.now = T0, .exabgp_up = true};
  prac_conf_defaults(&bgp_conf_section, &w->conf);
  w->conf.mode = BGP_AUTO;
  assert_int_equal(prac_prefix_parse("203.0.113.0/24", 14, &w->own), PRAC_OK);
  w->prefixes = (struct prac_conf_prefixes){&w->own, 1};
  w->book = bgp_book_new(&w->conf);
  assert_non_null(w->book);
}
static void teardown(struct world *w)
{
  bgp_book_free(&w->book);
}

static size_t count(const struct world *w)
{
  size_t n = 0;
  for (size_t i = 0; i < 64; i++) n += w->has[i][0] != 0;
  return n;
}
static bool has(const struct world *w, const char *part)
{
  for (size_t i = 0; i < 64; i++)
    if (strstr(w->has[i], part)) return true;
  return false;
}

static void exabgp(struct world *w, const char *text)
{
  const char *body = strchr(text, ' ');
  size_t at = 64;
  for (size_t i = 0; i < 64; i++)
    if (strcmp(w->has[i], body) == 0) at = i;
  if (text[0] == 'w') {
    w->n_withdraw++;
    if (at < 64) w->has[at][0] = 0;
    return;
  }
  w->n_announce++;
  if (at < 64) return;
  for (at = 0; w->has[at][0]; at++) assert_true(at < 63);
  (void)snprintf(w->has[at], BGP_TEXT, "%s", body);
  if (count(w) > w->most) w->most = count(w);
}

/* What bgp.c's pump does, answered at once. */
static void pump(struct world *w)
{
  struct bgp_route route;
  char text[BGP_TEXT];
  assert_int_equal(bgp_policy_route(&w->conf, "isp-a", &route, NULL), PRAC_OK);
  for (int pass = 0; pass < 2 && w->exabgp_up; pass++)
    for (size_t i = 0; i < BGP_RULES; i++) {
      struct bgp_slot *s = &w->book->slots[i];
      enum bgp_order o = bgp_book_due(w->book, s, w->now);
      if (o == BGP_SAY_NOTHING || (o == BGP_SAY_WITHDRAW) != (pass == 0)) continue;
      assert_int_equal(bgp_rule_text(&s->rule, &route, o != BGP_SAY_WITHDRAW, text), PRAC_OK);
      bgp_book_sent(w->book, s, o, ++w->seq, w->now);
      if (o == BGP_SAY_RENEW)
        w->n_renew++;
      else
        exabgp(w, text);
      bgp_book_answer(w->book, w->seq, BGP_DONE, w->now);
    }
}
static void tick(struct world *w, int64_t seconds)
{
  w->now += seconds * PRAC_SEC;
  bgp_book_tick(w->book, w->now);
  pump(w);
  w->book->n_sayings = 0;
}
/* What was confirmed is on disk. */
static void said(struct world *w)
{
  for (size_t i = 0; i < BGP_RULES; i++) w->book->slots[i].saying = w->book->slots[i].unsaid;
  bgp_book_said(w->book);
}
static void restart(struct world *w)
{
  uint8_t *buf = malloc(BGP_SAVE_MAX);
  assert_non_null(buf);
  struct prac_wr out = prac_wr_of(buf, BGP_SAVE_MAX);
  assert_int_equal(bgp_book_save(w->book, &out), PRAC_OK);
  bgp_book_free(&w->book);
  w->book = bgp_book_new(&w->conf);
  assert_non_null(w->book);
  assert_int_equal(bgp_book_load(w->book, prac_rd_of(buf, prac_wr_len(&out))), PRAC_OK);
  free(buf);
}

static void tell_as(struct world *w, const char *tenant, const char *state, const char *id,
                    const char *victim, uint32_t port)
{
  struct episode e = {.id = id, .state = state, .kind = "single", .prefix_bits = 128};
  const char *slash = strchr(victim, '/');
  size_t n = slash ? (size_t)(slash - victim) : strlen(victim);
  assert_int_equal(prac_ip_parse(victim, n, &e.victim), PRAC_OK);
  if (slash) {
    e.kind = "carpet";
    e.prefix_bits = 96 + (uint32_t)strtoul(slash + 1, NULL, 10);
  }
  e.port = port;
  e.at = w->now;
  e.pps_max = 100;
  e.packets = 10000;
  e.sensors = (struct model_strs){three, 3};
  e.vectors = (struct model_strs){vector, 1};
  struct bgp_who who = {.name = tenant, .prefixes = &w->prefixes};
  bgp_book_take(w->book, &who, &e, w->now);
  pump(w);
  w->book->n_sayings = 0;
}
static void tell(struct world *w, const char *state, const char *id, const char *victim,
                 uint32_t port)
{
  tell_as(w, "isp-a", state, id, victim, port);
}

static void test_life(void **state)
{
  (void)state;
  struct world w;
  setup(&w);
  tell(&w, "start", "e1", "203.0.113.9", 123);
  assert_int_equal(count(&w), 1);
  assert_true(has(&w, "destination 203.0.113.9/32; protocol udp; source-port =123"));
  for (int i = 0; i < 20; i++) { /* updates do not flap */
    tick(&w, 300);
    tell(&w, "update", "e1", "203.0.113.9", 123);
  }
  assert_int_equal(w.n_announce, 1);
  assert_int_equal(w.n_withdraw, 0);
  assert_true(w.n_renew > 0);
  tell(&w, "end", "e1", "203.0.113.9", 123);
  tick(&w, 119);
  assert_int_equal(count(&w), 1); /* held */
  tell(&w, "resume", "e1", "203.0.113.9", 123);
  tick(&w, 100);
  assert_int_equal(w.n_announce, 1); /* and kept */
  tell(&w, "end", "e1", "203.0.113.9", 123);
  tell(&w, "end", "e1", "203.0.113.9", 123); /* told twice: held once */
  tick(&w, 120);
  assert_int_equal(count(&w), 0);
  tell(&w, "resume", "e1", "203.0.113.9", 123);
  assert_int_equal(count(&w), 1); /* announced again */
  tell(&w, "end", "e1", "203.0.113.9", 123);
  tick(&w, 120);
  said(&w);
  tick(&w, 1);
  assert_int_equal(count(&w), 0);
  for (size_t i = 0; i < BGP_RULES; i++) assert_false(w.book->slots[i].used);
  for (size_t i = 0; i < BGP_CLAIMS; i++) assert_false(w.book->claims[i].used);
  teardown(&w);
}

static void test_same_rule_once(void **state)
{
  (void)state;
  struct world w;
  setup(&w);
  tell(&w, "start", "e1", "203.0.113.9", 123);
  tell(&w, "start", "e2", "203.0.113.9", 123); /* another profile, another tenant */
  tell_as(&w, "isp-b", "start", "e1", "203.0.113.9", 123);
  tell(&w, "start", "e3", "203.0.113.9", 389);
  assert_int_equal(w.n_announce, 2);
  tell(&w, "end", "e1", "203.0.113.9", 123);
  tell(&w, "end", "e2", "203.0.113.9", 123);
  tick(&w, 130);
  assert_int_equal(count(&w), 2); /* isp-b still asks */
  tell_as(&w, "isp-b", "end", "e1", "203.0.113.9", 123);
  tick(&w, 120);
  assert_int_equal(count(&w), 1);
  assert_true(has(&w, "=389"));
  teardown(&w);
}

static void test_carpet_serves(void **state)
{
  (void)state;
  struct world w;
  setup(&w);
  w.conf.fragments = true;
  tell(&w, "start", "c", "203.0.113.0/24", 389);
  assert_int_equal(count(&w), 2);
  for (int i = 1; i < 9; i++) {
    char id[8], ip[24];
    (void)snprintf(id, sizeof id, "s%d", i);
    (void)snprintf(ip, sizeof ip, "203.0.113.%d", i);
    tell(&w, "start", id, ip, 389);
  }
  assert_int_equal(w.n_announce, 2); /* one rule and its fragments serve all */
  tell(&w, "start", "other", "203.0.113.5", 123);
  assert_int_equal(w.n_announce, 3); /* its fragments are served too */
  teardown(&w);
}

static void test_ends(void **state)
{
  (void)state;
  struct world w;
  setup(&w);
  tell(&w, "start", "e1", "203.0.113.9", 123);
  tick(&w, 1799);
  assert_int_equal(count(&w), 1);
  tick(&w, 1); /* no word for ttl: the end was lost */
  assert_int_equal(count(&w), 0);
  assert_int_equal(w.n_withdraw, 1);

  tell(&w, "start", "e2", "203.0.113.9", 123);
  for (int i = 0; i < 24 * 12 - 1; i++) {
    tick(&w, 300);
    tell(&w, "update", "e2", "203.0.113.9", 123);
  }
  assert_int_equal(count(&w), 1);
  tick(&w, 300); /* max_life */
  assert_int_equal(count(&w), 0);
  for (int i = 0; i < 30; i++) {
    tell(&w, "update", "e2", "203.0.113.9", 123);
    tick(&w, 300);
  }
  assert_int_equal(count(&w), 0); /* until a person says so */
  uint32_t id = 0;
  for (size_t i = 0; i < BGP_RULES; i++)
    if (w.book->slots[i].used) id = w.book->slots[i].id;
  assert_int_equal(bgp_book_approve(w.book, id, w.now, NULL), PRAC_OK);
  pump(&w);
  assert_int_equal(count(&w), 1);

  tell(&w, "end", "e2", "203.0.113.9", 123);
  tick(&w, 120);
  struct episode old = {.id = "e3", .state = "start", .kind = "single", .prefix_bits = 128};
  old.victim = prac_ip4(0xcb007109);
  old.port = 123;
  old.at = w.now - 1800 * PRAC_SEC;
  struct bgp_who who = {.name = "isp-a", .prefixes = &w.prefixes};
  bgp_book_take(w.book, &who, &old, w.now);
  pump(&w);
  assert_int_equal(count(&w), 0); /* old news */
  assert_int_equal(w.book->tally.stale, 1);
  teardown(&w);
}

static void test_caps(void **state)
{
  (void)state;
  struct world w;
  setup(&w);
  w.conf.max_rules = 5;
  w.conf.max_tenant = 3;
  char ip[24], id[8];
  for (int i = 1; i <= 6; i++) {
    (void)snprintf(ip, sizeof ip, "203.0.113.%d", i);
    (void)snprintf(id, sizeof id, "e%d", i);
    tell(&w, "start", id, ip, 123);
  }
  assert_int_equal(count(&w), 3);
  assert_int_equal(w.book->tally.capped, 3);
  for (int i = 11; i <= 16; i++) {
    (void)snprintf(ip, sizeof ip, "203.0.113.%d", i);
    (void)snprintf(id, sizeof id, "f%d", i);
    tell_as(&w, "isp-b", "start", id, ip, 123);
  }
  assert_int_equal(count(&w), 5);
  assert_int_equal(w.most, 5);
  struct prac_err err = {0};
  assert_int_equal(bgp_book_approve(w.book, 4, w.now, &err), PRAC_FULL);
  assert_non_null(strstr(err.text, "cap"));
  w.exabgp_up = false; /* what cannot be withdrawn still counts */
  tell(&w, "end", "e1", "203.0.113.1", 123);
  tick(&w, 120);
  w.exabgp_up = true;
  tick(&w, 1); /* withdrawn now; in its place, at the next tick, the next one */
  assert_int_equal(count(&w), 4);
  tick(&w, 1);
  assert_int_equal(count(&w), 5);
  assert_true(has(&w, "203.0.113.4/32"));
  assert_int_equal(w.most, 5);
  teardown(&w);
}

static void test_people(void **state)
{
  (void)state;
  struct world w;
  setup(&w);
  w.conf.mode = BGP_PROPOSE;
  tell(&w, "start", "e1", "203.0.113.9", 123);
  assert_int_equal(count(&w), 0);
  assert_string_equal(bgp_book_state(w.book, &w.book->slots[0]), "proposed");
  assert_int_equal(bgp_book_approve(w.book, 2, w.now, NULL), PRAC_UNKNOWN);
  assert_int_equal(bgp_book_approve(w.book, 1, w.now, NULL), PRAC_OK);
  pump(&w);
  assert_int_equal(count(&w), 1);
  assert_string_equal(bgp_book_state(w.book, &w.book->slots[0]), "announced");
  assert_int_equal(bgp_book_withdraw(w.book, 1, w.now, NULL), PRAC_OK);
  pump(&w);
  assert_int_equal(count(&w), 0);
  w.conf.mode = BGP_AUTO; /* a person's no holds for this attack, also when it pauses */
  tell(&w, "update", "e1", "203.0.113.9", 123);
  tell(&w, "end", "e1", "203.0.113.9", 123);
  tick(&w, 600);
  tell(&w, "resume", "e1", "203.0.113.9", 123);
  assert_int_equal(count(&w), 0);
  assert_string_equal(bgp_book_state(w.book, &w.book->slots[0]), "refused");
  assert_int_equal(bgp_book_approve(w.book, 1, w.now, NULL), PRAC_OK); /* and may be taken back */
  pump(&w);
  assert_int_equal(count(&w), 1);
  w.conf.mode = BGP_OFF;
  tick(&w, 1);
  assert_int_equal(count(&w), 0);
  assert_int_equal(bgp_book_approve(w.book, 1, w.now, NULL), PRAC_DENIED);
  teardown(&w);
}

static void test_restart(void **state)
{
  (void)state;
  struct world w;
  setup(&w);
  tell(&w, "start", "e1", "203.0.113.9", 123);
  tell(&w, "start", "e2", "203.0.113.10", 123);
  memset(w.has, 0, sizeof w.has); /* ExaBGP died too */
  restart(&w);
  tick(&w, 1);
  assert_int_equal(count(&w), 2);
  restart(&w); /* only the notifier did, for long: e1 and e2 have ended */
  tell(&w, "start", "e3", "203.0.113.11", 123);
  tick(&w, 1900);
  assert_int_equal(count(&w), 0);
  tell(&w, "start", "e4", "203.0.113.12", 123);
  w.conf.mode = BGP_PROPOSE; /* and stricter settings */
  restart(&w);
  tick(&w, 1);
  assert_int_equal(count(&w), 0);
  w.conf.mode = BGP_AUTO;
  tell(&w, "update", "e4", "203.0.113.12", 123);
  assert_int_equal(count(&w), 1);
  struct prac_prefix never;
  assert_int_equal(prac_prefix_parse("203.0.113.12", 12, &never), PRAC_OK);
  w.conf.never = (struct prac_conf_prefixes){&never, 1};
  restart(&w);
  tick(&w, 1);
  assert_int_equal(count(&w), 0);
  teardown(&w);
}

/* Prefixes that move to another tenant take their rules with them. */
static void test_lost_prefixes(void **state)
{
  (void)state;
  struct world w;
  setup(&w);
  tell(&w, "start", "e1", "203.0.113.9", 123);
  assert_int_equal(prac_prefix_parse("198.51.100.0/24", 15, &w.own), PRAC_OK);
  tell(&w, "update", "e1", "203.0.113.9", 123);
  assert_int_equal(count(&w), 0);
  w.prefixes.n = 0;
  tell(&w, "start", "e2", "198.51.100.1", 123);
  assert_int_equal(count(&w), 0);
  teardown(&w);
}

static void test_answers(void **state)
{
  (void)state;
  struct world w;
  setup(&w);
  w.exabgp_up = false;
  tell(&w, "start", "e1", "203.0.113.9", 123);
  struct bgp_slot *s = &w.book->slots[0];
  assert_int_equal(bgp_book_due(w.book, s, w.now), BGP_SAY_ANNOUNCE);
  bgp_book_sent(w.book, s, BGP_SAY_ANNOUNCE, 7, w.now);
  assert_int_equal(bgp_book_due(w.book, s, w.now), BGP_SAY_NOTHING);
  bgp_book_answer(w.book, 8, BGP_DONE, w.now); /* somebody else's */
  assert_false(s->acked);
  bgp_book_answer(w.book, 7, BGP_ERROR, w.now);
  assert_int_equal(bgp_book_due(w.book, s, w.now), BGP_SAY_NOTHING);
  w.now += PRAC_SEC;
  assert_int_equal(bgp_book_due(w.book, s, w.now), BGP_SAY_ANNOUNCE);
  int64_t pause = 0;
  for (int i = 0; i < 12; i++) { /* growing pauses, at most a minute */
    bgp_book_sent(w.book, s, BGP_SAY_ANNOUNCE, 9, w.now);
    bgp_book_answer(w.book, 9, BGP_ERROR, w.now);
    pause = s->next_try - w.now;
    w.now = s->next_try;
  }
  assert_int_equal(pause, 60 * PRAC_SEC);
  bgp_book_sent(w.book, s, BGP_SAY_ANNOUNCE, 10, w.now); /* no answer at all */
  w.now += 10 * PRAC_SEC;
  assert_int_equal(bgp_book_due(w.book, s, w.now), BGP_SAY_ANNOUNCE);
  bgp_book_sent(w.book, s, BGP_SAY_ANNOUNCE, 11, w.now);
  tell(&w, "end", "e1", "203.0.113.9", 123);
  tick(&w, 120); /* wanted no more while the answer is on its way */
  assert_int_equal(bgp_book_due(w.book, s, w.now), BGP_SAY_WITHDRAW);
  bgp_book_answer(w.book, 11, BGP_DONE, w.now);
  assert_int_equal(bgp_book_due(w.book, s, w.now), BGP_SAY_WITHDRAW);
  bgp_book_sent(w.book, s, BGP_SAY_WITHDRAW, 12, w.now);
  bgp_book_answer(w.book, 12, BGP_DONE, w.now);
  assert_false(s->told);
  teardown(&w);
}

static void test_full_tables(void **state)
{
  (void)state;
  struct world w;
  setup(&w);
  w.conf.mode = BGP_PROPOSE;
  assert_int_equal(prac_prefix_parse("0.0.0.0/0", 9, &w.own), PRAC_OK);
  for (unsigned i = 0; i < BGP_RULES + 300; i++) {
    char ip[24], id[16];
    (void)snprintf(ip, sizeof ip, "198.51.%u.%u", i >> 8, i & 255);
    (void)snprintf(id, sizeof id, "e%u", i);
    w.now += PRAC_MS;
    tell(&w, "start", id, ip, 123);
  }
  assert_int_equal(w.book->tally.evicted, 300);
  assert_int_equal(w.book->tally.full, 0);
  assert_int_equal(w.book->tally.proposed, BGP_RULES + 300);
  assert_int_equal(w.book->n_words, BGP_WORDS); /* what is more is counted */
  assert_int_equal(w.book->unsaid >= 300, 1);
  restart(&w); /* the largest book fits */
  assert_int_equal(w.book->n_words, BGP_WORDS);
  assert_string_equal(w.book->words[BGP_WORDS - 1].episode, "e1023");
  for (size_t i = 1; i < BGP_WORDS; i++) w.book->words[i].saying = true;
  said(&w);
  assert_int_equal(w.book->n_words, 1);
  assert_string_equal(w.book->words[0].episode, "e0");
  teardown(&w);
}

static void test_damaged(void **state)
{
  (void)state;
  struct world w;
  setup(&w);
  tell(&w, "start", "e1", "203.0.113.9", 123);
  uint8_t buf[2048];
  struct prac_wr out = prac_wr_of(buf, sizeof buf);
  assert_int_equal(bgp_book_save(w.book, &out), PRAC_OK);
  size_t n = prac_wr_len(&out);
  for (size_t k = 0; k < n; k++)
    assert_int_not_equal(bgp_book_load(w.book, prac_rd_of(buf, k)), PRAC_OK);
  assert_int_equal(bgp_book_count(w.book, NULL), 1); /* unchanged */
  buf[0]++;
  assert_int_equal(bgp_book_load(w.book, prac_rd_of(buf, n)), PRAC_UNSUPPORTED);
  teardown(&w);
}

/* Which attacks a rule was announced for: also those that find it there; known after a restart. */
static void test_served(void **s)
{
  (void)s;
  struct world w;
  setup(&w);
  w.conf.rule = 1; /* RTBH */
  tell_as(&w, "isp-a", "start", "e1", "203.0.113.9", 123);
  const struct bgp_slot *r = &w.book->slots[0];
  assert_true(r->used && r->acked);
  assert_int_equal(r->n_served, 1);
  assert_int_equal(r->unsaid, 1);
  prac_time done = r->done;
  assert_int_equal(done, w.now);
  said(&w);
  assert_int_equal(r->unsaid, 0);
  tick(&w, 5);
  tell_as(&w, "isp-a", "start", "e2", "203.0.113.9", 53);
  r = &w.book->slots[0];
  assert_int_equal(r->n_served, 2);
  assert_string_equal(r->served[1], "e2");
  assert_int_equal(r->unsaid, 2);
  restart(&w);
  tick(&w, 1);
  r = &w.book->slots[0];
  assert_int_equal(r->n_served, 2);
  assert_int_equal(r->done, done); /* told anew, and the same deed */
  assert_int_equal(r->unsaid, 3);
  for (int i = 3; i < 12; i++) {
    char id[8];
    (void)snprintf(id, sizeof id, "e%d", i);
    tell_as(&w, "isp-a", "start", id, "203.0.113.9", 1000 + (uint32_t)i);
  }
  assert_int_equal(w.book->slots[0].n_served, BGP_SERVED);
  teardown(&w);
}

/* The end of a rule is due to be said until it is known to be on disk, also after a restart; then
 * the slot is free. A new rule does not wait for it. */
static void test_end_is_said(void **s)
{
  (void)s;
  struct world w;
  setup(&w);
  w.conf.rule = 1; /* RTBH */
  tell_as(&w, "isp-a", "start", "e1", "203.0.113.9", 123);
  tell_as(&w, "isp-a", "end", "e1", "203.0.113.9", 123);
  tick(&w, w.conf.hold_ns / PRAC_SEC + 1);
  tick(&w, 1);
  assert_int_equal(count(&w), 0);
  const struct bgp_slot *r = &w.book->slots[0];
  prac_time since = r->since, done = r->done;
  restart(&w);
  tick(&w, 1);
  r = &w.book->slots[0];
  assert_true(r->used && !r->want && !r->told);
  assert_int_equal(r->unsaid, 1);
  assert_string_equal(r->served[0], "e1");
  assert_true(r->since == since && r->done == done); /* the same deed */
  assert_string_equal(bgp_book_state(w.book, r), "withdrawn");
  assert_int_equal(bgp_book_count(w.book, NULL), 0);
  said(&w);
  tick(&w, 1);
  assert_false(w.book->slots[0].used);
  for (size_t i = 0; i < BGP_RULES; i++)
    w.book->slots[i] = (struct bgp_slot){
        .used = true, .id = 1, .unsaid = 1, .n_served = 1, .done = w.now, .since = w.now};
  tell_as(&w, "isp-a", "start", "e2", "203.0.113.10", 123);
  assert_true(has(&w, "203.0.113.10"));
  teardown(&w);
}

/* A book of the version before, one slot (number 7, told, not wanted) and no claim: nothing is
 * known of whom its rules served. */
static void test_version_before(void **s)
{
  (void)s;
  static const uint8_t old[] = {1,   9, 0, 0, 0, 1, 0, 0, 0, 0, 0,   7,   0,   0, 0,   0,
                                0,   0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 203, 0, 113, 9,
                                128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,   0,   0,   1, 97,  2,
                                1,   0, 0, 0, 0, 0, 0, 0, 1, 0, 0,   0,   0,   0, 0,   0};
  struct world w;
  setup(&w);
  assert_int_equal(bgp_book_load(w.book, prac_rd_of(old, sizeof old)), PRAC_OK);
  assert_int_equal(w.book->slots[0].id, 7);
  assert_true(w.book->slots[0].told && !w.book->slots[0].want);
  assert_int_equal(w.book->slots[0].n_served, 0);
  teardown(&w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_life),           cmocka_unit_test(test_same_rule_once),
      cmocka_unit_test(test_carpet_serves),  cmocka_unit_test(test_ends),
      cmocka_unit_test(test_caps),           cmocka_unit_test(test_people),
      cmocka_unit_test(test_lost_prefixes),  cmocka_unit_test(test_restart),
      cmocka_unit_test(test_answers),        cmocka_unit_test(test_full_tables),
      cmocka_unit_test(test_damaged),        cmocka_unit_test(test_served),
      cmocka_unit_test(test_version_before), cmocka_unit_test(test_end_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
