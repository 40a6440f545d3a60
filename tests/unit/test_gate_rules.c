/* The gate by hand: addresses in texts, what a record is about, what may be asked, and how far it
 * looks. */
#include "lib/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/gate_int.h"
#include "lib/store_made.h"
#include "lib/world.h"
#include "model/delivery.h"

static struct lookup *geo;
static struct prac_arena *arena;

static struct access_scope scope(const char *words, enum access_tlp t)
{
  struct access_scope s;
  assert_int_equal(access_scope_parse(words, t, arena, &s, NULL), PRAC_OK);
  return s;
}

static struct prac_ip ip(const char *s)
{
  struct prac_ip a;
  assert_int_equal(prac_ip_parse(s, strlen(s), &a), PRAC_OK);
  return a;
}

/* ---- texts ---- */

static void texts(void **state)
{
  static const struct {
    const char *in, *out; /* NULL: stays */
  } rows[] = {
      {"", NULL},
      {"2013-08-07T12:00:00.123456789Z to 12:30:00", NULL},
      {"port 1433/tcp, 12 of 34.5 %, icmp/3.1, v1.2.3", NULL},
      {"aa:bb:cc:dd:ee:ff", NULL},
      {"133.1.2.3", NULL},
      {"8.8.8.8", "[outside]"},
      {"victim:133.1.2.3/tcp", NULL},
      {"victim:8.8.8.8/tcp", "victim:[outside]/tcp"},
      {"src=133.1.2.3,8.8.8.8", "src=133.1.2.3,[outside]"},
      {"http://8.8.8.8:80/x?y=133.1.2.3", "http://[outside]:80/x?y=133.1.2.3"},
      {"133.1.2.0/24 133.0.0.0/8", "133.1.2.0/24 [outside]/8"},
      {"133.1.2.3/99 133.1.2.3/", NULL},
      {"1.133.1.2.3", "[outside]"},
      {"8.8.8.8.", "[outside]."},
      {"host8.8.8.8name", "host[outside]name"},
      {"008.008.008.008", "[outside]"},
      {"133.001.002.003", NULL},
      {"999.1.1.1", "[outside]"},
      {"::ffff:133.1.2.3", NULL},
      {"::ffff:8.8.8.8", "[outside]"},
      {"::FFFF:808:808", "[outside]"},
      {"::8.8.8.8 64:ff9b::8.8.8.8", "[outside] [outside]"},
      {"2400:1::5", NULL},
      {"2400:0001:0:0:0:0:0:5", NULL},
      {"[2600:1::5]:443", "[[outside]]:443"},
      {"2600:1::5%eth0", "[outside]%eth0"},
      {"drdos:2400:1::5:dns", NULL},
      {"drdos:2600:1::5:dns", "drdos:[outside]ns"},
      {"2400:1::/32 2400::/12", "2400:1::/32 [outside]/12"},
      {"at 2600:1::5: seen", "at [outside] seen"},
      {"a :: b", NULL},
      {"ec2-8-8-8-8.example", "ec[outside].example"},
      {"a8-8-8-8", "a[outside]"},
      {"p133-1-2-3.example 2013-08-07", NULL},
      {"1.2.3.8-8-8-8", "1.2.3.[outside]"},
      {"3.2.1.133.in-addr.arpa", NULL},
      {"8.8.8.8.in-addr.arpa", "[outside].in-addr.arpa"},
      {"8.8.in-addr.arpa", "[outside].in-addr.arpa"},
      {"1.133.IN-ADDR.ARPA", NULL},
      {"5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.0.0.4.2.ip6.arpa", NULL},
      {"3.2.1.133.in-addr.arpa2600:1::1", "3.2.1.133.in-addr.arpa[outside]"},
      {"ip=0x08080808, 0X08080808", "ip=[outside], [outside]"},
      {"0x85010203 0x80000 0x0808080801 0x0808080g a0x08080808", NULL}, /* the first is inside */
      {"134744072 08080808", NULL}, /* may be anything: see numbers_of_the_record */
      {"5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.0.0.6.2.ip6.arpa",
       "[outside].ip6.arpa"},
  };
  (void)state;
  struct access_scope jp = scope("JP", ACCESS_AMBER);
  const struct gate_who w = {&jp, geo};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    const char *s = rows[i].in, *want = rows[i].out ? rows[i].out : rows[i].in;
    assert_int_equal(gate_text_ok(&w, s), rows[i].out == NULL);
    assert_int_equal(gate_text(&w, &s, arena), PRAC_OK);
    assert_string_equal(s, want);
  }
}

/* The same numbers beside a field that has the address. */
static void numbers_of_the_record(void **state)
{
  static const struct {
    const char *in, *out; /* NULL: stays */
  } rows[] = {
      {"134744072 packets, 0134744072, hash 08080808",
       "[outside] packets, [outside], hash [outside]"},
      {"x134744072 1347440720 134744073 080808081", NULL}, /* parts of something else, or others */
      {"id 26000001000000000000000000000005.", "id [outside]."},
      {"2231435779 85010203", NULL}, /* 133.1.2.3: inside */
      {"4294967295 99999999999999999999", NULL},
      {"0x8080808, 0x26000001000000000000000000000005", "[outside], [outside]"},
      {"0x5010203 0x", NULL},
  };
  (void)state;
  struct access_scope jp = scope("JP", ACCESS_AMBER);
  struct prac_ip hosts[] = {ip("2600:1::5"), ip("133.1.2.3"), ip("8.8.8.8")};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    bool seen = false;
    struct finding f = {.key = "port:23/tcp", .text = rows[i].in, .hosts = {hosts, 3}};
    assert_int_equal(access_gate_record(&jp, geo, &model_finding, &f, arena, &seen), PRAC_OK);
    assert_true(seen);
    assert_string_equal(f.text, rows[i].out ? rows[i].out : rows[i].in);
  }
}

static void words_of_queries(void **state)
{
  static const struct {
    const char *in, *jp, *all;
  } rows[] = {
      {"port=23/tcp from=2013-08-07", NULL, NULL},
      {"port=23/tcp dst=133.1.2.3 from=2013-08-07", "port=23/tcp from=2013-08-07",
       "port=23/tcp from=2013-08-07"},
      {"src=133.1.2.3,8.8.8.8,2400:1::1 port=1/tcp", "src=133.1.2.3,2400:1::1 port=1/tcp", NULL},
      {"port=1/tcp src=8.8.8.8", "", NULL},
      {"src=133.0.0.0/8", "", NULL},
      {"what=hits victim=8.8.8.8", "what=hits victim=[outside]", NULL},
      {"", NULL, NULL},
  };
  (void)state;
  struct access_scope jp = scope("JP", ACCESS_AMBER), all = scope("*", ACCESS_AMBER);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    const char *a = rows[i].in, *b = rows[i].in;
    assert_int_equal(gate_words(&(struct gate_who){&jp, geo}, &a, arena), PRAC_OK);
    assert_int_equal(gate_words(&(struct gate_who){&all, geo}, &b, arena), PRAC_OK);
    assert_string_equal(a, rows[i].jp ? rows[i].jp : rows[i].in);
    assert_string_equal(b, rows[i].all ? rows[i].all : rows[i].in);
  }
}

/* ---- records ---- */

static bool seen(const struct access_scope *s, const struct model_kind *k, void *rec)
{
  bool ret;
  assert_int_equal(access_gate_record(s, geo, k, rec, arena, &ret), PRAC_OK);
  return ret;
}

static void stories(void **state)
{
  static struct prac_ip mixed[3], foreign[1];
  struct {
    struct finding f;
    bool jp;
  } rows[] = {
      {{.key = "port:23/tcp"}, true},
      {{.key = "port:23/tcp", .hosts = {foreign, 1}, .country = "US"}, true},
      {{.key = "abroad:port:23/tcp", .hosts = {foreign, 1}}, true},
      {{.key = "sensor:tokyo/silent"}, true},
      {{.key = "country:JP", .country = "JP"}, true},
      {{.key = "country:US", .country = "US"}, false},
      {{.key = "country:US", .country = "US", .hosts = {mixed, 3}}, true},
      {{.key = "as:64503", .asn = 64503}, false},
      {{.key = "group:23/tcp", .hosts = {mixed, 3}, .host_count = 40}, true},
      {{.key = "group:23/tcp", .hosts = {foreign, 1}}, false},
      {{.key = "victim:133.1.0.9/tcp", .hosts = {mixed, 3}}, true},
      {{.key = "victim:8.8.8.8/tcp", .hosts = {mixed, 3}, .country = "JP"}, false},
      {{.key = "source:2600:1::1", .country = "JP"}, false},
      {{.key = "drdos:8.8.0.0/16:dns", .country = "JP"}, false},
      {{.key = "noise:survey"}, true},
  };
  (void)state;
  mixed[0] = foreign[0] = ip("8.8.8.8");
  mixed[1] = ip("133.1.0.9");
  mixed[2] = ip("::1");
  struct access_scope jp = scope("JP", ACCESS_AMBER), low = scope("JP", ACCESS_GREEN);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    struct finding f = rows[i].f;
    f.text = "from 8.8.8.8 and 133.1.0.9";
    assert_int_equal(seen(&jp, &model_finding, &f), rows[i].jp);
    if (rows[i].jp) {
      assert_string_equal(f.text, "from [outside] and 133.1.0.9");
      assert_true(f.hosts.n == (rows[i].f.hosts.n == 3));
      assert_int_equal(f.host_count, rows[i].f.host_count);
    }
    f = rows[i].f;
    assert_false(seen(&low, &model_finding, &f));
  }
}

/* A decision is for whom its alert is for; about a port it is for whose people made it. */
static void decisions(void **state)
{
  (void)state;
  struct access_scope jp = scope("JP", ACCESS_AMBER), us = scope("US", ACCESS_AMBER),
                      all = scope("*", ACCESS_AMBER), low = scope("JP", ACCESS_GREEN);
  jp.org = "jp", us.org = "us", low.org = "jp";
  struct decision port = {.key = "port:23/tcp", .org = "jp", .tlp = "TLP:AMBER"},
                  country = {.key = "country:US", .country = "US", .org = "jp"};
  const struct decision p = port, c = country;
  assert_true(seen(&jp, &model_decision, &port));
  port = p;
  assert_false(seen(&us, &model_decision, &port));
  port = p;
  assert_false(seen(&low, &model_decision, &port));
  port = p;
  assert_true(seen(&all, &model_decision, &port));
  us.org = NULL; /* nobody's */
  port = p;
  assert_false(seen(&us, &model_decision, &port));
  assert_true(seen(&us, &model_decision, &country));
  country = c;
  assert_false(seen(&jp, &model_decision, &country));
}

/* Who was told of an attack is for whom the attack is; a rule elsewhere names nobody. */
static void deliveries(void **state)
{
  (void)state;
  struct access_scope jp = scope("JP", ACCESS_AMBER), us = scope("US", ACCESS_AMBER),
                      low = scope("JP", ACCESS_GREEN);
  const struct prac_ip victim = prac_ip4(0x85010109); /* 133.1.1.9 */
  const struct delivery attack = {.key = "attack:e1",
                                  .victim = victim,
                                  .prefix_bits = 128,
                                  .rule = "133.1.1.9/32",
                                  .detail = "announce route 133.1.1.9/32",
                                  .tlp = "TLP:GREEN"},
                        port = {.key = "port:23/tcp", .tlp = "TLP:AMBER", .rule = "133.1.1.9/32"};
  struct delivery d = attack;
  assert_true(seen(&jp, &model_delivery, &d));
  assert_string_equal(d.rule, "133.1.1.9/32");
  assert_memory_equal(&d.victim, &victim, sizeof victim);
  d = attack;
  assert_false(seen(&us, &model_delivery, &d));
  d = port; /* of a story about nobody everybody reads, but not addresses */
  assert_true(seen(&us, &model_delivery, &d));
  assert_null(strstr(d.rule, "133.1.1.9"));
  d = port;
  assert_false(seen(&low, &model_delivery, &d));
}

/* Whatever country was looked up for the victim when, whatever hosts a carpet names. */
static void deliveries_as_attacks(void **state)
{
  (void)state;
  static const char *const scopes[] = {"JP",           "US",           "DE",         "AS64500",
                                       "133.1.0.0/16", "133.1.1.9/32", "8.8.0.0/16", "*"};
  const struct prac_ip v[] = {ip("133.1.1.9"), ip("133.1.0.0"), ip("8.8.8.0"), ip("203.0.113.9")},
                       far[] = {ip("8.8.8.8")};
  const uint32_t bits[] = {128, 120, 112, 100};
  unsigned seen_by = 0;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(v) * PRAC_ARRAY_LEN(bits) * 2; i++)
    for (size_t k = 0; k < PRAC_ARRAY_LEN(scopes); k++) {
      struct episode e = {.id = "e1",
                          .victim = v[i % 4],
                          .prefix_bits = bits[i / 4 % 4],
                          .hosts = {far, i / 16 ? 1 : 0},
                          .country = "US",
                          .asn = 64500};
      struct delivery d = {.key = "attack:e1",
                           .ref = "e1",
                           .victim = e.victim,
                           .prefix_bits = e.prefix_bits,
                           .hosts = e.hosts,
                           .country = e.country,
                           .asn = e.asn};
      struct access_scope s = scope(scopes[k], ACCESS_AMBER);
      bool attack = seen(&s, &model_episode, &e);
      assert_int_equal(seen(&s, &model_delivery, &d), attack);
      seen_by += attack;
    }
  assert_in_range(seen_by, 40, 200);
}

static void labels(void **state)
{
  (void)state;
  struct access_scope green = scope("*", ACCESS_GREEN), strict = scope("*", ACCESS_AMBER_STRICT);
  struct alert a = {.key = "port:1/tcp", .tlp = "TLP:GREEN"};
  struct health h = {.source = "afpacket eth1", .version = "1", .queue = 5};
  assert_true(seen(&green, &model_alert, &a));
  a.tlp = "TLP:AMBER";
  assert_false(seen(&green, &model_alert, &a));
  assert_true(seen(&strict, &model_alert, &a));
  a.tlp = "";
  assert_false(seen(&green, &model_alert, &a));
  a.tlp = "TLP:RED";
  assert_false(seen(&strict, &model_alert, &a));
  assert_true(seen(&green, &model_health, &h));
  assert_string_equal(h.source, "afpacket eth1");
  struct access_scope jp = scope("JP", ACCESS_CLEAR);
  assert_true(seen(&jp, &model_health, &h));
  assert_string_equal(h.source, "");
  assert_int_equal(h.queue, 0);
}

static void victims(void **state)
{
  (void)state;
  struct access_scope jp = scope("JP", ACCESS_RED);
  struct prac_ip hosts[] = {ip("8.8.8.8"), ip("133.1.255.255")};
  struct hit h = {.victim = ip("133.1.0.1"),
                  .payload = 7,
                  .names = {(const char *[]){"5 8.8.8.8.in-addr.arpa"}, 1}};
  assert_true(seen(&jp, &model_hit, &h));
  assert_string_equal(h.names.v[0], "5 [outside].in-addr.arpa");
  assert_true(h.payload == 0);
  h.victim = ip("8.8.8.8");
  assert_false(seen(&jp, &model_hit, &h));
  struct episode e = {.victim = ip("133.1.0.0"), .prefix_bits = 112, .kind = "carpet"};
  assert_true(seen(&jp, &model_episode, &e));
  e.prefix_bits = 104; /* 133.0.0.0/8: not all of it */
  e.victim = ip("133.0.0.0");
  assert_false(seen(&jp, &model_episode, &e));
  e.hosts = (struct model_ips){hosts, 2};
  assert_true(seen(&jp, &model_episode, &e));
  assert_true(prac_ip_is_zero(&e.victim));
  assert_int_equal(e.hosts.n, 1);
}

/* ---- questions ---- */

static struct store s, gated;
static struct access_scope jp;

static struct prac_prefix prefix(const char *t)
{
  struct prac_prefix p;
  assert_int_equal(prac_prefix_parse(t, strlen(t), &p), PRAC_OK);
  return p;
}

static void append(prac_time minute, const char *src, uint32_t n)
{
  struct flow_row *rows = calloc(n, sizeof *rows);
  struct flow_batch *b = NULL;
  struct prac_err err = {0};
  assert_non_null(rows);
  for (uint32_t i = 0; i < n; i++) {
    rows[i] = (struct flow_row){.src = ip(src), .dst = ip("198.18.0.1"), .proto = 6, .dport = 23};
    rows[i].sport = (uint16_t)i;
    rows[i].first_ms = (uint16_t)(i % 60000);
    rows[i].packets = 1 + i % 2;
    rows[i].payload = 7;
    rows[i].victim = ip(i % 2 ? "8.8.8.8" : "133.1.0.9");
  }
  assert_int_equal(flow_batch_new("tokyo", minute, rows, n, &b), PRAC_OK);
  const struct store_tx tx = {.batches = &b, .n_batches = 1};
  if (s.ops->append(s.st, &tx, &err) != PRAC_OK) fail_msg("%s", err.text);
  flow_batch_unref(&b);
  free(rows);
}

static size_t count(const char *text, const char *word)
{
  size_t n = 0;
  for (; (text = strstr(text, word)); text++) n++;
  return n;
}

static char *ask(struct store_query q, prac_rc want)
{
  prac_rc rc;
  char *text = answer_text(&gated, &q, &rc);
  if (rc != want) fail_msg("%d: %s", rc, text);
  return text;
}

static void refused(void **state)
{
  const struct prac_prefix two[] = {prefix("133.1.0.1"), prefix("8.8.8.8")};
  const struct store_query rows[] = {
      {.what = STORE_FLOWS, .src = two[1]},
      {.what = STORE_HOST, .src = two[1]},
      {.what = STORE_SERIES, .src = prefix("8.0.0.0/8")},
      {.what = STORE_TOP_SCAN, .by = STORE_BY_PORT, .victim = two[1]},
      {.what = STORE_CELLS, .victim = prefix("133.0.0.0/8")},
      {.what = STORE_CELLS, .srcs = two, .n_srcs = 2},
      {.what = STORE_CELLS, .keys = STORE_KEY_DST},
      {.what = STORE_FLOWS, .dst = two[0]},
      {.what = STORE_RECORDS, .kind = &model_alert, .key = "victim:8.8.8.8/tcp"},
      {.what = STORE_RECORDS, .kind = &model_alert, .id = "x-8-8-8-8"},
      {.what = STORE_RECORDS, .kind = &model_hit, .victim = two[1]},
      {.what = STORE_RECORDS, .kind = &model_finding, .src = two[1]},
  };
  (void)state;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    char *text = ask(rows[i], PRAC_DENIED);
    assert_null(strstr(text, "8.8.8.8"));
    free(text);
  }
  assert_int_equal(gated.ops->append(gated.st, &(struct store_tx){0}, NULL), PRAC_DENIED);
  assert_int_equal(gated.ops->batches(gated.st, &(struct store_batch_query){0}, NULL, NULL, NULL),
                   PRAC_DENIED);
}

static void parts_of_prefixes(void **state)
{
  (void)state;
  char *text =
      ask((struct store_query){.what = STORE_CELLS, .src = prefix("133.0.0.0/8")}, PRAC_OK);
  assert_non_null(strstr(text, "flows=20 "));
  free(text);
  text = ask((struct store_query){.what = STORE_SERIES, .by = STORE_BY_PORT}, PRAC_OK);
  assert_non_null(strstr(text, "flows=30020 ")); /* of the whole world */
  free(text);
}

static void flows(void **state)
{
  (void)state;
  char *text = ask((struct store_query){.what = STORE_FLOWS}, PRAC_OK);
  assert_int_equal(count(text, "src=133.1.0.9"), 20);
  assert_int_equal(count(text, "src="), 20);
  assert_int_equal(count(text, "payload="), 0);
  assert_int_equal(count(text, "victim=133.1.0.9"), 10);
  assert_int_equal(count(text, "victim=:: "), 10);
  assert_null(strstr(text, "dst="));
  free(text);
  text = ask((struct store_query){.what = STORE_FLOWS, .limit = 7, .oldest_first = true}, PRAC_OK);
  assert_int_equal(count(text, "\n"), 7);
  free(text);
  for (int oldest = 0; oldest < 2; oldest++) { /* pages count what this reader was given */
    struct store_query q = {.what = STORE_FLOWS, .oldest_first = oldest};
    prac_rc rc;
    text = ask(q, PRAC_OK);
    q.limit = 3;
    char *pages = pages_text(&gated, &q, &rc);
    assert_int_equal(rc, PRAC_OK);
    assert_string_equal(pages, text);
    free(pages);
    free(text);
  }
  text = ask((struct store_query){.what = STORE_FLOWS, .country = "US"}, PRAC_OK);
  assert_string_equal(text, "");
  free(text);
}

static void far_away(void **state)
{
  (void)state;
  for (int i = 0; i < 4; i++) append(MADE_DAY + PRAC_DAY + i * PRAC_HOUR, "8.8.8.8", 30000);
  struct store_query q = {.what = STORE_FLOWS, .limit = 20};
  char *text = ask(q, PRAC_OK); /* a day before, behind all those */
  assert_int_equal(count(text, "\n"), 20);
  free(text);
  /* Rankings can not be asked for piece by piece. */
  for (uint32_t i = 0; i < 3; i++) {
    struct flow_row *rows = calloc(30000, sizeof *rows);
    struct flow_batch *b = NULL;
    assert_non_null(rows);
    for (uint32_t k = 0; k < 30000; k++)
      rows[k] = (struct flow_row){
          .src = prac_ip4(0x08080000u + i * 30000 + k), .dst = ip("198.18.0.1"), .packets = 9};
    assert_int_equal(
        flow_batch_new("tokyo", MADE_DAY + 3 * PRAC_DAY + i * PRAC_MIN, rows, 30000, &b), PRAC_OK);
    const struct store_tx tx = {.batches = &b, .n_batches = 1};
    assert_int_equal(s.ops->append(s.st, &tx, NULL), PRAC_OK);
    flow_batch_unref(&b);
    free(rows);
  }
  q = (struct store_query){.what = STORE_TOP_SCAN, .by = STORE_BY_SRC, .limit = 20};
  text = ask(q, PRAC_RANGE);
  assert_non_null(strstr(text, "ask for a shorter time"));
  free(text);
  q.span = (struct prac_span){MADE_DAY, MADE_DAY + PRAC_DAY};
  text = ask(q, PRAC_OK);
  assert_int_equal(count(text, "src=133.1.0.9"), 1);
  free(text);
}

static int setup(void **state)
{
  (void)state;
  const struct store_env env = {.nthreads = 1};
  geo = world_lookup();
  arena = prac_arena_new(4096);
  jp = scope("JP MM", ACCESS_AMBER);
  if (store_open("ram", NULL, &env, &s, NULL) != PRAC_OK ||
      access_gate_open(&s, &jp, geo, &gated, NULL) != PRAC_OK)
    return 1;
  append(MADE_DAY + 10 * PRAC_MIN, "133.1.0.9", 20);
  append(MADE_DAY + 20 * PRAC_MIN, "8.8.8.8", 30000);
  return 0;
}

static prac_rc take_json(void *arg, const struct store_col *cols, size_t n,
                         const struct store_value *v)
{
  (void)cols, (void)n;
  prac_json_raw(arg, v[0].s, strlen(v[0].s));
  return PRAC_OK;
}
static prac_rc take_rec(void *arg, const void *rec, bool *keep)
{
  (void)keep;
  model_to_json(&model_finding, rec, arg);
  return PRAC_OK;
}

/* As records or as JSON: the same ones, and the same of them. */
static void records(void **state)
{
  struct prac_ip hosts[] = {ip("8.8.8.8"), ip("133.1.255.255")};
  struct prac_json a = prac_json_of(0), b = prac_json_of(0);
  (void)state;
  for (unsigned i = 0; i < 40; i++) {
    char id[16];
    (void)snprintf(id, sizeof id, "f%u", i);
    struct finding f = {.id = id,
                        .key = i % 3 ? "port:23/tcp" : "victim:8.8.8.8/tcp",
                        .at = MADE_DAY + i * PRAC_SEC,
                        .text = "from 8.8.8.8 and 133.1.0.9",
                        .hosts = {hosts, i % 2 ? 2 : 0}};
    const struct store_rec rec = {&model_finding, &f};
    assert_int_equal(s.ops->append(s.st, &(struct store_tx){.recs = &rec, .n_recs = 1}, NULL),
                     PRAC_OK);
  }
  const struct store_query q = {.what = STORE_RECORDS, .kind = &model_finding, .limit = 20};
  assert_int_equal(gated.ops->query(gated.st, &q, take_json, &a, NULL), PRAC_OK);
  struct prac_arena_mark m = prac_arena_mark(arena);
  assert_int_equal(access_gate_records(&gated, &q, arena, take_rec, &b, NULL), PRAC_OK);
  prac_arena_rewind(arena, m);
  assert_string_equal(a.buf, b.buf);
  assert_int_equal(count(a.buf, "\"id\":"), 20);
  assert_int_equal(count(a.buf, "[outside]"), 20);
  assert_int_equal(count(a.buf, "8.8.8.8"), 0);
  prac_json_done(&a);
  prac_json_done(&b);
}

static int teardown(void **state)
{
  (void)state;
  store_close(&gated);
  store_close(&s);
  lookup_unref(&geo);
  prac_arena_free(&arena);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(texts),
      cmocka_unit_test(words_of_queries),
      cmocka_unit_test(numbers_of_the_record),
      cmocka_unit_test(decisions),
      cmocka_unit_test(deliveries),
      cmocka_unit_test(deliveries_as_attacks),
      cmocka_unit_test(stories),
      cmocka_unit_test(labels),
      cmocka_unit_test(victims),
      cmocka_unit_test(refused),
      cmocka_unit_test(flows),
      cmocka_unit_test(parts_of_prefixes),
      cmocka_unit_test(far_away),
      cmocka_unit_test(records),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
