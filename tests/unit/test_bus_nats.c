/* The parts of the NATS bus that know no server: which message may be sent when (against a slow
 * model, every sequence of few operations), and what a server says. */
#include "lib/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/name.h"
#include "bus/nats/window.h"
#include "bus/nats/wire.h"
#include "bus/nats_client.h"

enum { CAP = 3, DEPTH = 9, AGAIN = 10, MSGS = 16 };
/* Subjects and their kinds: two of one kind, one of another. */
static const uint64_t subject_hash[] = {1, 2, 3}, kind_hash[] = {7, 7, 9};

struct model { /* says the same by looking at everything */
  int subject[MSGS];
  enum { UNSENT, SENT, DONE, DROPPED } state[MSGS]; /* DROPPED: still parts the kinds around it */
  int64_t due[MSGS];
  uint64_t n; /* 1 .. n were added */
};
struct pair {
  struct nats_window w;
  struct model m;
  int64_t now;
};

static size_t model_held(const struct model *m)
{
  size_t k = 0;
  for (uint64_t i = 1; i <= m->n; i++) k += m->state[i] < DONE;
  return k;
}

static bool model_ready(const struct model *m, uint64_t n, int64_t now)
{
  bool behind = false;
  if (m->state[n] >= DONE || m->due[n] > now) return false;
  for (uint64_t i = 1; i < n; i++) {
    behind = behind || m->state[i] < DONE;
    if (m->state[i] == DONE || !behind) continue;
    if (m->state[i] != DROPPED && m->subject[i] == m->subject[n]) return false;
    if (kind_hash[m->subject[i]] != kind_hash[m->subject[n]]) return false;
  }
  return true;
}

static void same(const struct pair *p)
{
  uint64_t at = 0;
  assert_int_equal(p->w.held, model_held(&p->m));
  for (uint64_t i = 1; i <= p->m.n; i++) {
    if (!model_ready(&p->m, i, p->now)) continue;
    assert_int_equal(nats_window_ready(&p->w, p->now, &at), i);
  }
  assert_int_equal(nats_window_ready(&p->w, p->now, &at), 0);
  assert_true(p->w.first == p->w.next || p->m.state[p->w.first] < DONE);
  for (uint64_t i = 1; i < p->w.first; i++) assert_true(p->m.state[i] >= DONE);
}

static void send_all(struct pair *p)
{
  uint64_t at = 0;
  for (uint64_t n; (n = nats_window_ready(&p->w, p->now, &at)) != 0;) {
    nats_window_sent(&p->w, n, p->now + AGAIN);
    p->m.state[n] = SENT;
    p->m.due[n] = p->now + AGAIN;
  }
}

/* The first (or last) message that is on its way; 0: none. */
static uint64_t sent(const struct model *m, bool last)
{
  uint64_t found = 0;
  for (uint64_t i = 1; i <= m->n; i++)
    if (m->state[i] == SENT && (last || !found)) found = i;
  return found;
}

static bool add(struct pair *p, int subject)
{
  if (nats_window_full(&p->w) || p->m.n + 1 == MSGS) return false;
  uint64_t n = nats_window_add(&p->w, kind_hash[subject], subject_hash[subject]);
  assert_int_equal(n, ++p->m.n);
  p->m.subject[n] = subject;
  p->m.state[n] = UNSENT;
  p->m.due[n] = 0;
  return true;
}

static bool ack(struct pair *p, bool last)
{
  uint64_t n = sent(&p->m, last);
  if (!n) return false;
  assert_true(nats_window_acked(&p->w, n));
  assert_false(nats_window_acked(&p->w, n));
  p->m.state[n] = DONE;
  return true;
}

static bool refuse(struct pair *p)
{
  uint64_t n = sent(&p->m, false);
  if (!n) return false;
  nats_window_refused(&p->w, n, p->now + AGAIN / 2);
  p->m.due[n] = p->now + AGAIN / 2;
  return true;
}

/* The first that was not sent yet, waiting for another or not. */
static bool drop(struct pair *p)
{
  for (uint64_t n = 1; n <= p->m.n; n++) {
    if (p->m.state[n] != UNSENT) continue;
    nats_window_drop(&p->w, n);
    nats_window_drop(&p->w, n); /* nothing more */
    p->m.state[n] = DROPPED;
    return true;
  }
  return false;
}

static void lose(struct pair *p)
{
  nats_window_lost(&p->w);
  for (uint64_t i = 1; i <= p->m.n; i++)
    if (p->m.state[i] == SENT) p->m.state[i] = UNSENT, p->m.due[i] = 0;
}

/* false: this operation changes nothing here. */
static bool operate(struct pair *p, int what)
{
  switch (what) {
  case 0:
  case 1:
  case 2:
    return add(p, what);
  case 3:
    send_all(p);
    return true;
  case 4:
    return ack(p, false);
  case 5:
    return ack(p, true);
  case 6:
    lose(p);
    return true;
  case 7:
    return refuse(p);
  case 8:
    return drop(p);
  default:
    p->now += AGAIN / 2;
    return true;
  }
}

static void copy(struct pair *to, const struct pair *from)
{
  struct nats_slot *v = to->w.v;
  uint64_t *tails = to->w.tails;
  memcpy(v, from->w.v, CAP * sizeof *v);
  for (size_t i = 0; i < 8; i++) tails[i] = from->w.tails[i]; /* the hashes in use */
  *to = *from;
  to->w.v = v;
  to->w.tails = tails;
}

static size_t explore(struct pair *levels, int depth)
{
  size_t seen = 1;
  if (depth == DEPTH) return seen;
  for (int op = 0; op <= 9; op++) {
    copy(&levels[depth + 1], &levels[depth]);
    if (!operate(&levels[depth + 1], op)) continue;
    same(&levels[depth + 1]);
    seen += explore(levels, depth + 1);
  }
  return seen;
}

static void the_window_is_what_its_rule_says(void **s)
{
  (void)s;
  struct pair levels[DEPTH + 1];
  for (size_t i = 0; i <= DEPTH; i++) {
    levels[i] = (struct pair){.now = 1};
    assert_int_equal(nats_window_init(&levels[i].w, CAP), PRAC_OK);
  }
  assert_true(explore(levels, 0) > 100000);
  for (size_t i = 0; i <= DEPTH; i++) nats_window_done(&levels[i].w);
}

static void a_shared_hash_only_makes_wait(void **s)
{
  (void)s;
  struct nats_window w;
  uint64_t at = 0;
  assert_int_equal(nats_window_init(&w, 8), PRAC_OK);
  uint64_t a = nats_window_add(&w, 1, 5), b = nats_window_add(&w, 1, 5 + NATS_WINDOW_HASH);
  assert_int_equal(nats_window_ready(&w, 0, &at), a);
  assert_int_equal(nats_window_ready(&w, 0, &at), 0);
  nats_window_sent(&w, a, 100);
  assert_false(nats_window_acked(&w, b)); /* never sent */
  assert_false(nats_window_acked(&w, 99));
  assert_false(nats_window_acked(&w, 0));
  assert_true(nats_window_acked(&w, a));
  at = 0;
  assert_int_equal(nats_window_ready(&w, 0, &at), b);
  nats_window_done(&w);
}

static void a_long_run_goes_round(void **s)
{
  (void)s;
  struct nats_window w;
  assert_int_equal(nats_window_init(&w, 5), PRAC_OK);
  uint64_t stored = 0;
  for (uint64_t i = 1; i <= 1000; i++) {
    while (nats_window_full(&w)) {
      uint64_t at = 0, n = nats_window_ready(&w, 0, &at);
      assert_int_equal(n, stored + 1); /* one subject: in order */
      nats_window_sent(&w, n, 10);
      assert_true(nats_window_acked(&w, n));
      stored = n;
    }
    assert_int_equal(nats_window_add(&w, 1, 1), i);
  }
  assert_int_equal(w.held, 5);
  nats_window_done(&w);
}

static void what_a_server_says_of_itself(void **s)
{
  (void)s;
  static const char line[] = "INFO "
                             "{\"server_id\":\"NA\",\"server_name\":\"n2\",\"version\":\"2.9.10\","
                             "\"max_payload\":1048576,\"jetstream\":true,"
                             "\"headers\":true,\"tls_required\":true,\"domain\":\"hub\"} \r\n";
  struct nats_info i;
  assert_int_equal(nats_info_read(line, strlen(line), &i), PRAC_OK);
  assert_string_equal(i.version, "2.9.10");
  assert_string_equal(i.domain, "hub");
  assert_string_equal(i.name, "n2");
  assert_true(i.jetstream && i.headers && i.tls && i.max_payload == 1048576);
  for (size_t n = 0; n < sizeof line - 5; n++)
    assert_int_equal(nats_info_read(line, n, &i), PRAC_MALFORMED);
  assert_int_equal(nats_info_read("220 mail.example ESMTP\r\n", 24, &i), PRAC_MALFORMED);
}

static void versions_stand_in_order(void **s)
{
  (void)s;
  static const char *const rising[] = {"2.2.0",   "2.9.10", "2.9.22",  "2.10.0",
                                       "2.10.27", "2.11.0", "2.11.15", "3.0.0"};
  char text[300];
  for (size_t a = 0; a < PRAC_ARRAY_LEN(rising); a++)
    for (size_t b = 0; b < PRAC_ARRAY_LEN(rising); b++) {
      int c = nats_version_cmp(rising[a], rising[b]);
      assert_true(a < b ? c < 0 : a > b ? c > 0 : c == 0);
    }
  assert_int_equal(nats_version_cmp("2.10.27-RC.1", "2.10.27"), 0);
  assert_non_null(strstr(bus_nats_advice("2.9.10", text), "sync_interval"));
  assert_null(strstr(bus_nats_advice("2.10.26", text), "sync_interval"));
  assert_non_null(strstr(text, "2.11.15"));
  assert_non_null(strstr(bus_nats_advice("2.11.14", text), "2.11.15"));
  assert_string_equal(bus_nats_advice("2.11.15", text), "");
  assert_true(bus_nats_syncs("2.10.0") && !bus_nats_syncs("2.9.22"));
  assert_string_equal(bus_nats_advice("2.12.3", text), "");
}

#define READ(fn, text, ret) fn((text), strlen(text), (ret))
static void what_became_of_a_publish(void **s)
{
  (void)s;
  struct nats_puback a;
  assert_int_equal(READ(nats_puback_read, "{\"stream\":\"P\",\"seq\":12}", &a), PRAC_OK);
  assert_true(a.seq == 12 && !a.duplicate && a.error.code == 0);
  assert_int_equal(READ(nats_puback_read, "{\"stream\":\"P\",\"seq\":12,\"duplicate\":true}", &a),
                   PRAC_OK);
  assert_true(a.duplicate);
  assert_int_equal(
      READ(nats_puback_read,
           "{\"error\":{\"code\":503,\"err_code\":10077,\"description\":\"full\"},\"seq\":0}", &a),
      PRAC_OK);
  assert_int_equal(a.error.code, 503);
  assert_string_equal(a.error.text, "full");
  static const char *const wrong[] = {
      "", "{", "[]", "12", "{}", "{\"seq\":-1}", "{\"seq\":\"12\"}", "{\"error\":12}"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(wrong); i++)
    assert_int_equal(READ(nats_puback_read, wrong[i], &a), PRAC_MALFORMED);
}

static void which_message_is_stored(void **s)
{
  (void)s;
  struct nats_stored m;
  assert_int_equal(READ(nats_stored_read, "{\"message\":{\"subject\":\"a\",\"seq\":15}}", &m),
                   PRAC_OK);
  assert_true(m.seq == 15 && m.error.code == 0);
  assert_int_equal(READ(nats_stored_read, "{\"success\":true}", &m), PRAC_OK);
  assert_true(m.seq == 0 && m.error.code == 0);
  assert_int_equal(READ(nats_stored_read, "{\"error\":{\"code\":404,\"err_code\":10037}}", &m),
                   PRAC_OK);
  assert_true(m.seq == 0 && m.error.code == 404);
  static const char *const wrong[] = {"", "[]", "{}", "{\"success\":false}", "{\"message\":15}"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(wrong); i++)
    assert_int_equal(READ(nats_stored_read, wrong[i], &m), PRAC_MALFORMED);
}

static void where_a_consumer_stands(void **s)
{
  (void)s;
  struct nats_consumer_info c;
  assert_int_equal(READ(nats_consumer_read,
                        "{\"name\":\"store\",\"config\":{\"description\":\"flow.\"},\"delivered\":{"
                        "\"consumer_seq\":7,\"stream_seq\":20},\"ack_floor\":{\"consumer_seq\":5,"
                        "\"stream_seq\":18}}",
                        &c),
                   PRAC_OK);
  assert_true(c.floor == 18 && c.delivered == 20 && c.delivered_n == 7);
  /* made behind 99, nothing delivered yet: that is its place */
  assert_int_equal(
      READ(nats_consumer_read, "{\"name\":\"store\",\"config\":{\"opt_start_seq\":100}}", &c),
      PRAC_OK);
  assert_true(c.floor == 99 && c.delivered == 99 && c.delivered_n == 0);
  assert_int_equal(READ(nats_consumer_read, "{\"error\":{\"code\":404,\"err_code\":10014}}", &c),
                   PRAC_OK);
  assert_int_equal(c.error.code, 404);
  assert_int_equal(READ(nats_consumer_read, "{\"config\":{}}", &c), PRAC_MALFORMED);
}

static void what_a_stream_is(void **s)
{
  (void)s;
  struct nats_stream_info *i = calloc(1, sizeof *i);
  assert_non_null(i);
  assert_int_equal(
      READ(
          nats_stream_read,
          "{\"config\":{\"subjects\":[\"flow.>\",7,\"hit.>\"],\"retention\":\"limits\",\"storage\":"
          "\"memory\",\"num_replicas\":3,\"max_age\":60000000000,\"duplicate_window\":5,\"no_ack\":"
          "true},\"state\":{\"first_seq\":3,\"last_seq\":9,\"bytes\":100},\"cluster\":{\"leader\":"
          "\"n2\"}}",
          i),
      PRAC_OK);
  assert_string_equal(i->leader, "n2");
  assert_true(i->first == 3 && i->last == 9 && i->n_subjects == 2 && i->no_ack && !i->sealed);
  assert_string_equal(i->subjects[1], "hit.>");
  assert_string_equal(i->storage, "memory");
  assert_int_equal(READ(nats_stream_read, "{\"config\":{},\"state\":{},\"cluster\":[]}", i),
                   PRAC_OK);
  assert_string_equal(i->leader, ""); /* one server, or none leads now */
  assert_int_equal(READ(nats_stream_read, "{\"config\":{}}", i), PRAC_MALFORMED);
  free(i);
}

/* What becomes of a stream's configuration when subjects are added: nothing else. */
static void a_stream_is_widened(void **s)
{
  (void)s;
  static const char *const more[] = {"packet.>", "flow.>", "told.>"}; /* one is there */
  static const char of[] = "{\"type\":\"x\",\"config\":{\"name\":\"P\",\"subjects\":[\"flow.>\"],"
                           "\"max_age\":9223372036854775807,\"unknown\":{\"a\":[null,-1]}}}";
  char *got = nats_stream_widened(of, sizeof of - 1, more, 3);
  assert_non_null(got);
  assert_string_equal(got, "{\"name\":\"P\",\"subjects\":[\"flow.>\",\"packet.>\",\"told.>\"],"
                           "\"max_age\":9223372036854775807,\"unknown\":{\"a\":[null,-1]}}");
  free(got);
  static const char *const wrong[] = {"",
                                      "{}",
                                      "[]",
                                      "{\"config\":{\"name\":\"P\"}}",
                                      "{\"config\":{\"subjects\":{}}}",
                                      "{\"error\":{}}"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(wrong); i++)
    assert_null(nats_stream_widened(wrong[i], strlen(wrong[i]), more, 3));
}

static void kinds_of_subjects(void **s)
{
  (void)s;
  assert_int_equal(bus_kind_of("flow.tokyo"), BUS_KIND_flow);
  assert_int_equal(bus_kind_of("packet.>"), BUS_KIND_packet);
  assert_int_equal(bus_kind_of("packet.tokyo\""), BUS_KIND_packet);
  static const char *const none[] = {"",      "flow", "flows.x", "flo.x",
                                     ".flow", ">",    "*.>",     "_INBOX.x"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(none); i++) assert_int_equal(bus_kind_of(none[i]), -1);
  for (int i = 0; i < BUS_KIND_COUNT; i++)
    assert_int_equal(bus_kinds[i].optional, i == BUS_KIND_delivery || i == BUS_KIND_packet);
}

static void where_a_delivery_stands(void **s)
{
  (void)s;
  struct nats_place p;
  assert_int_equal(nats_place_read("$JS.ACK.PRACTICE.store.1.20.7.1700000000000000000.3", &p),
                   PRAC_OK);
  assert_true(p.tries == 1 && p.seq == 20 && p.n == 7 && p.left == 3);
  assert_int_equal(p.head, strlen("$JS.ACK.PRACTICE.store."));
  assert_int_equal(nats_place_read("$JS.ACK.hub.ACC.PRACTICE.store.2.20.8.17.0.rnd", &p), PRAC_OK);
  assert_true(p.tries == 2 && p.seq == 20 && p.n == 8);
  assert_int_equal(p.head, strlen("$JS.ACK.hub.ACC.PRACTICE.store."));
  static const char *const wrong[] = {"",
                                      "_INBOX.x.m",
                                      "$JS.ACK.",
                                      "$JS.ACK.P.store.1.20.7.17",
                                      "$JS.ACK.P.store.1.x.7.17.3",
                                      "$JS.ACK.P.store.1.-2.7.17.3",
                                      "$JS.ACK.P.store.1.20.7.17.3.9",
                                      "$JS.ACK.P.store.1..7.17.3"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(wrong); i++)
    assert_int_equal(nats_place_read(wrong[i], &p), PRAC_MALFORMED);
  char many[400];
  memset(many, '.', sizeof many);
  memcpy(many, "$JS.ACK.", 8);
  many[sizeof many - 1] = '\0';
  assert_int_equal(nats_place_read(many, &p), PRAC_MALFORMED);
}

static void names_of_streams(void **s)
{
  (void)s;
  assert_true(bus_nats_name_ok("PRACTICE-tokyo_1"));
  static const char *const wrong[] = {
      "", "a.b", "a*", "a b", "a>", "a/b", "01234567890123456789012345678901234567890"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(wrong); i++) assert_false(bus_nats_name_ok(wrong[i]));
}

/* Heads and leases: what was written is read, and one wrong bit is seen. */
static void heads(void **state)
{
  (void)state;
  const struct nats_head v = {
      .holder = 1, .by = UINT64_MAX, .half = 1, .len = NATS_STATE_MAX, .hash = 7, .place = 1 << 30};
  struct nats_head back = {0};
  uint8_t bytes[NATS_HEAD_BYTES];
  nats_head_write(&v, bytes);
  assert_int_equal(nats_head_read(bytes, sizeof bytes, &back), PRAC_OK);
  assert_memory_equal(&back, &v, sizeof v);
  for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
    bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    assert_int_equal(nats_head_read(bytes, sizeof bytes, &back), PRAC_DAMAGED);
    bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  assert_int_equal(nats_head_read(bytes, sizeof bytes - 1, &back), PRAC_DAMAGED);
  struct nats_head wrong = v;
  wrong.half = 2;
  nats_head_write(&wrong, bytes);
  assert_int_equal(nats_head_read(bytes, sizeof bytes, &back), PRAC_DAMAGED);
  wrong.half = 0;
  wrong.len++;
  nats_head_write(&wrong, bytes);
  assert_int_equal(nats_head_read(bytes, sizeof bytes, &back), PRAC_DAMAGED);

  struct nats_lease lease = {0};
  uint8_t said[NATS_LEASE_BYTES];
  nats_lease_write(&(struct nats_lease){.owner = 3, .instance = 4}, said);
  assert_int_equal(nats_lease_read(said, sizeof said, &lease), PRAC_OK);
  assert_true(lease.owner == 3 && lease.instance == 4);
  assert_int_equal(nats_lease_read(said, sizeof said - 1, &lease), PRAC_MALFORMED);
  said[0] ^= 1;
  assert_int_equal(nats_lease_read(said, sizeof said, &lease), PRAC_MALFORMED);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_window_is_what_its_rule_says),
      cmocka_unit_test(a_shared_hash_only_makes_wait),
      cmocka_unit_test(a_long_run_goes_round),
      cmocka_unit_test(what_a_server_says_of_itself),
      cmocka_unit_test(versions_stand_in_order),
      cmocka_unit_test(what_became_of_a_publish),
      cmocka_unit_test(which_message_is_stored),
      cmocka_unit_test(where_a_consumer_stands),
      cmocka_unit_test(what_a_stream_is),
      cmocka_unit_test(a_stream_is_widened),
      cmocka_unit_test(kinds_of_subjects),
      cmocka_unit_test(where_a_delivery_stands),
      cmocka_unit_test(names_of_streams),
      cmocka_unit_test(heads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
