/* Vectors in words: the language, its errors, and data/vectors.yaml whole: every stanza knows its
 * request, answers it within bounds, and knows its own answer for what it is. */
#include "lib/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "honeypot/service.h"
#include "honeypot/stanza.h"
#include "lib/hp_requests.h"

static struct hp_stanzas *parse(const char *text, struct prac_err *err)
{
  struct hp_stanzas *s = NULL;
  prac_rc rc = hp_stanzas_parse(text, strlen(text), "v.yaml", &s, err);
  assert_int_equal(rc == PRAC_OK, s != NULL);
  return s;
}

/* What one stanza makes of a request. */
static enum hp_verdict ask(const struct hp_stanza *z, const void *req, size_t n, uint8_t *out,
                           size_t *ret_n)
{
  struct hp_self self = {.seed = 7,
                         .host = "gw-0a0b",
                         .now = 1700000000 * PRAC_SEC,
                         .uptime_s = 0x01020304,
                         .own = prac_ip4(0xc6336407)};
  struct hp_request r = {.bytes = prac_rd_of(req, n),
                         .src = prac_ip4(0x08080404),
                         .sport = 0x1234,
                         .dport = z->ports[0]};
  struct prac_wr w = prac_wr_of(out, z->max_reply);
  enum hp_verdict v = hp_stanza_answer(z, &self, &r, &w);
  assert_false(w.bad && v == HP_ANSWER && z->max_reply == HP_REPLY_MAX);
  *ret_n = prac_wr_len(&w);
  return v;
}

static void conditions(void **st)
{
  (void)st;
  static const struct {
    const char *match, *yes, *no;
  } rows[] = {
      {"any", "", NULL},
      {"0 = \"ab\"", "abc", "ba"},
      {"1 = 62 63", "abc", "ab"},
      {"0 & f0 = 60", "a", "A"},
      {"0 ~ \"M-search\"", "m-SEARCH * HTTP", "m-searc"},
      {"* = \"find\"", "xxfindxx", "fin"},
      {"0 = 61; 2 = 63", "abc", "abd"},
      {"0 != 61", "b", "a"},
      {"3 != 61", "abcd", "abc"}, /* too short to have other bytes there */
      {"0 = \"\\r\\n\\t\\\\\\\"\\x41\"", "\r\n\t\\\"A", "\r\n\t\\\"B"},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    char text[400];
    uint8_t out[HP_REPLY_MAX];
    size_t n;
    struct prac_err err = {0};
    snprintf(text, sizeof text,
             "vectors:\n- {name: x, title: X, ports: [9], match: ['%s'], reply: ['hex 00']}\n",
             rows[i].match);
    struct hp_stanzas *s = parse(text, &err);
    if (!s) fail_msg("%s: %s", rows[i].match, err.text);
    const struct hp_stanza *z = hp_stanzas_at(s, 0);
    assert_int_equal(ask(z, rows[i].yes, strlen(rows[i].yes), out, &n), HP_ANSWER);
    if (rows[i].no) assert_int_equal(ask(z, rows[i].no, strlen(rows[i].no), out, &n), HP_IGNORE);
    hp_stanzas_free(&s);
  }
}

static void parts(void **st)
{
  (void)st;
  static const struct {
    const char *part, *want;
    size_t n;
  } rows[] = {
      {"hex 00 0102", "\0\1\2", 3},   {"text \"a\\0b\"", "a\0b", 3},
      {"copy 1 2", "bc", 2},          {"copy 2 4", "cd\0\0", 4},
      {"copy 9 2", "\0\0", 2},        {"after \"b\" 2", "cd", 2},
      {"after \"x\" 2", "\0\0", 2},   {"host", "gw-0a0b", 7},
      {"uptime 4", "\1\2\3\4", 4},    {"time 4", "\x65\x53\xf1\x00", 4},
      {"own", "\xc6\x33\x64\x07", 4}, {"sender", "\x08\x08\x04\x04", 4},
      {"sender-port", "\x12\x34", 2}, {"pad 3 2e", "...", 3},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    char text[400];
    uint8_t out[HP_REPLY_MAX];
    size_t n;
    struct prac_err err = {0};
    snprintf(text, sizeof text,
             "vectors:\n- {name: x, title: X, ports: [9], match: [any], reply: ['%s']}\n",
             rows[i].part);
    struct hp_stanzas *s = parse(text, &err);
    if (!s) fail_msg("%s: %s", rows[i].part, err.text);
    assert_int_equal(ask(hp_stanzas_at(s, 0), "abcd", 4, out, &n), HP_ANSWER);
    assert_int_equal(n, rows[i].n);
    assert_memory_equal(out, rows[i].want, n);
    hp_stanzas_free(&s);
  }
}

static void lengths_and_bounds(void **st)
{
  (void)st;
  static const char text[] =
      "vectors:\n"
      "  - name: l\n    title: L\n    ports: [9]\n    match: ['0 = 01']\n    observe: ['0 = 02']\n"
      "    loop: ['0 = 03']\n    min-length: 1\n    max-length: 4\n"
      "    reply: ['hex 0000 0000', 'pad 300 41', 'length 2 0 -4', 'length-le 2 2']\n"
      "  - {name: big, title: B, ports: [9, 10], match: [any], reply: ['pad 900 00', 'pad 1200 "
      "00', 'hex 00']}\n"
      "  - {name: cut, title: C, ports: [9], match: [any], max-reply: 8, reply: ['pad 9 00']}\n";
  uint8_t out[HP_REPLY_MAX];
  size_t n;
  struct prac_err err = {0};
  struct hp_stanzas *s = parse(text, &err);
  if (!s) fail_msg("%s", err.text);
  const struct hp_stanza *z = hp_stanzas_at(s, 0);
  assert_int_equal(ask(z, "\1", 1, out, &n), HP_ANSWER);
  assert_int_equal(n, 300);
  assert_memory_equal(out, "\x01\x28\x2c\x01", 4); /* 296, then 300 */
  assert_int_equal(ask(z, "\2", 1, out, &n), HP_OBSERVE);
  assert_int_equal(ask(z, "\3", 1, out, &n), HP_LOOP);
  assert_int_equal(ask(z, "\4", 1, out, &n), HP_IGNORE);
  assert_int_equal(ask(z, "\1\1\1\1\1", 5, out, &n), HP_IGNORE);
  z = hp_stanzas_find(s, "big");
  struct prac_wr w = prac_wr_of(out, sizeof out);
  struct hp_self self = {.host = "h"};
  struct hp_request r = {.bytes = prac_rd_of("", 0), .dport = 9, .sport = 1};
  assert_int_equal(hp_stanza_answer(z, &self, &r, &w), HP_ANSWER);
  assert_int_equal(prac_wr_len(&w), 1200);
  w = prac_wr_of(out, 8);
  z = hp_stanzas_find(s, "cut");
  assert_int_equal(hp_stanza_answer(z, &self, &r, &w), HP_ANSWER);
  assert_true(w.bad); /* the core does not send it */
  hp_stanzas_free(&s);
}

static void mistakes_have_a_place(void **st)
{
  (void)st;
#define HEAD "vectors:\n  - name: one\n    title: One\n    ports: [9]\n"
  static const struct {
    const char *text, *says;
  } rows[] = {
      {HEAD "    mtach: [any]\n", "v.yaml:5: unknown key \"vectors.mtach\""},
      {HEAD "    match:\n      - any\n      - '0 = 0'\n", "v.yaml:7: vector one, match: \"0 = 0\""},
      {HEAD "    match: ['0 & ff = 0001']\n", "a mask is as long as its bytes"},
      {HEAD "    match: ['0 = \"abc']\n", "a text has no closing quote"},
      {HEAD "    match: ['0 = 00 zz']\n", "; stands between conditions"},
      {HEAD "    match: ['x = 00']\n", "a condition is"},
      {HEAD "    match: ['99999 = 00']\n", "a number is too large"},
      {HEAD "    match: [any]\n    reply: ['hexx 00']\n",
       "v.yaml:6: vector one, reply: \"hexx 00\""},
      {HEAD "    match: [any]\n    reply: ['copy 1']\n", "a number is missing"},
      {HEAD "    match: [any]\n    reply: ['pad 1201 00']\n", "a number is too large"},
      {HEAD "    match: [any]\n    reply: ['length 9 0']\n", "a number is too large"},
      {HEAD "    match: [any]\n    reply: ['host 3']\n", "something stands behind its end"},
      {HEAD "    match: [any]\n    reply: ['text \"\\q\"']\n", "after \\ stands one of"},
      {HEAD, "neither match nor observe"},
      {HEAD "    match: [any]\n    max-reply: 1201\n", "max-reply"},
      {HEAD "    match: [any]\n    min-length: 9\n    max-length: 8\n", "larger than max-length"},
      {"vectors:\n  - {name: a b, title: X, ports: [9], match: [any]}\n", "name"},
      {"vectors:\n  - {name: port-9, title: X, ports: [9], match: [any]}\n", "name"},
      {"vectors:\n  - {name: chargen, title: X, ports: [9], match: [any]}\n",
       "there is a vector chargen"},
      {"vectors:\n  - {name: a, title: X, ports: [9], match: [any]}\n  - {name: a, title: X, "
       "ports: [9], match: [any]}\n",
       "there is a vector a"},
      {"vectors:\n  - {name: a, title: X, ports: [0], match: [any]}\n", "a port is a number"},
      {"vectors:\n  - {name: a, title: X, ports: [1,2,3,4,5,6,7,8,9], match: [any]}\n",
       "1 to 8 ports"},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    struct prac_err err = {0};
    assert_null(parse(rows[i].text, &err));
    if (!strstr(err.text, rows[i].says)) fail_msg("\"%s\" lacks \"%s\"", err.text, rows[i].says);
    if (!strstr(err.text, "v.yaml:")) fail_msg("\"%s\" has no place", err.text);
  }
}

/* ---- the file that is shipped ---- */

static void the_shipped_file(void **st)
{
  (void)st;
  struct hp_stanzas *z = hp_shipped();
  struct hp_services *s = NULL;
  struct prac_err err = {0};
  struct hp_services_open o = {.sensor = "t", .stanzas = z};
  if (hp_services_new(&o, &s, &err) != PRAC_OK) fail_msg("%s", err.text);
  size_t n_ports, asked[256] = {0};
  const uint16_t *ports = hp_services_ports(s, &n_ports);
  assert_true(hp_stanzas_count(z) >= 32);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(hp_requests); i++) {
    const struct hp_stanza *v = hp_stanzas_find(z, hp_requests[i].name);
    if (!v) fail_msg("no stanza %s", hp_requests[i].name);
    for (size_t k = 0; k < hp_stanzas_count(z); k++) asked[k] += hp_stanzas_at(z, k) == v;
    uint8_t in[1500], out[HP_REPLY_MAX];
    char room[HP_VECTOR_TEXT];
    size_t n = hp_unhex(hp_requests[i].hex, in);
    for (size_t k = 0; k < HP_PORTS_MAX && v->ports[k]; k++) {
      size_t p = 0;
      while (ports[p] != v->ports[k]) p++;
      struct hp_self self = {.now = 1700000000 * PRAC_SEC, .own = prac_ip4(0xc6336407)};
      struct hp_request r = {
          .bytes = prac_rd_of(in, n), .src = prac_ip4(1), .sport = 40000, .dport = ports[p]};
      struct hp_asked a = {.reply = prac_wr_of(out, sizeof out)};
      enum hp_verdict said = hp_services_ask(s, p, &self, &r, &a);
      const char *name = hp_services_name(s, a.vector, room);
      if (strcmp(name, hp_requests[i].name) != 0)
        fail_msg("%s at port %u is taken for %s", hp_requests[i].hex, ports[p], name);
      assert_int_equal(hp_services_port(s, a.vector), ports[p]);
      if (said != (v->n_reply ? HP_ANSWER : HP_OBSERVE))
        fail_msg("%s, request %s: verdict %d", name, hp_requests[i].hex, said);
      if (said != HP_ANSWER) continue;
      assert_false(a.reply.bad);
      size_t len = prac_wr_len(&a.reply);
      assert_in_range(len, 1, HP_REPLY_MAX);
      /* the answer, coming back, is not answered */
      uint8_t again[HP_REPLY_MAX];
      a.reply = prac_wr_of(again, sizeof again);
      r.bytes = prac_rd_of(out, len);
      said = hp_services_ask(s, p, &self, &r, &a);
      if (said == HP_ANSWER) fail_msg("%s answers its own answer", name);
    }
  }
  for (size_t k = 0; k < hp_stanzas_count(z); k++)
    if (!asked[k]) fail_msg("no request of %s is tested", hp_stanzas_at(z, k)->name);
  hp_services_free(&s);
  hp_stanzas_free(&z);
}

static void dangers_are_never_answered(void **st)
{
  (void)st;
  struct hp_stanzas *z = hp_shipped();
  uint8_t out[HP_REPLY_MAX];
  size_t n;
  assert_int_equal(hp_stanzas_find(z, "tp240")->n_reply, 0);
  static const char slp_register[] = "\x02\x03\x00\x00\x36\x00\x00\x00\x00\x00\x00\x01\x00\x02"
                                     "en\x00\x00";
  assert_int_equal(ask(hp_stanzas_find(z, "slp"), slp_register, sizeof slp_register - 1, out, &n),
                   HP_OBSERVE);
  hp_stanzas_free(&z);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(conditions),         cmocka_unit_test(parts),
      cmocka_unit_test(lengths_and_bounds), cmocka_unit_test(mistakes_have_a_place),
      cmocka_unit_test(the_shipped_file),   cmocka_unit_test(dangers_are_never_answered),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
