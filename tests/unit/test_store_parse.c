/* The query language: what every key does to a question, and what every wrong word is told. */
#include <stdio.h>
#include <string.h>

#include "lib/store_made.h"
#include "lib/t.h"

static struct prac_arena *arena;

static struct store_query must(const char *words)
{
  struct store_query q;
  struct prac_err err = {0};
  if (store_query_parse(words, &q, arena, &err) != PRAC_OK) fail_msg("%s: %s", words, err.text);
  return q;
}

static void every_key(void **state)
{
  (void)state;
  struct store_query q = must("");
  assert_int_equal(q.what, STORE_FLOWS);
  assert_true(q.span.from == PRAC_TIME_NONE && q.span.to == PRAC_TIME_NONE);
  q = must(" what=top\tby=port from=2013-08-07 to=2013-08-08T00:00:00Z sensor=tokyo limit=20 ");
  assert_int_equal(q.what, STORE_TOP);
  assert_int_equal(q.by, STORE_BY_PORT);
  assert_true(q.span.from == MADE_DAY && q.span.to == MADE_DAY + PRAC_DAY);
  assert_string_equal(q.sensor, "tokyo");
  assert_int_equal(q.limit, 20);
  q = must("port=1433/tcp country=mm src=1.2.3.4/24 dst=2001:db8::/32 victim=192.0.2.1");
  assert_true(q.has_port && q.port.port == 1433 && q.port.proto == 6);
  assert_string_equal(q.country, "MM");
  assert_int_equal(q.src.bits, 120);
  assert_int_equal(q.dst.bits, 32);
  assert_int_equal(q.victim.bits, 128);
  q = must("port=53");
  assert_true(q.has_port && q.port.port == 53 && q.port.proto == 0);
  q = must("proto=47");
  assert_true(!q.has_port && q.port.proto == 47);
  q = must("port=icmp/3.1");
  assert_true(q.has_port && q.port.proto == 1 && q.port.port == (3 << 8 | 1));
  q = must("marks=zmap,payload asn=AS64500 order=oldest");
  assert_int_equal(q.marks, FLOW_ZMAP | FLOW_PAYLOAD);
  assert_int_equal(q.asn, 64500);
  assert_true(q.oldest_first);
  q = must("what=alerts id=a1 key=victim:203.0.113.9/tcp state=open");
  assert_ptr_equal(q.kind, &model_alert);
  assert_string_equal(q.key, "victim:203.0.113.9/tcp");
  q = must("what=series step=1m by=country");
  assert_true(q.step_ns == PRAC_MIN);
  q = must("what=cells by=at,src,port step=1h src=192.0.2.1,2001:db8::/32");
  assert_int_equal(q.keys, STORE_KEY_AT | STORE_KEY_SRC | STORE_KEY_PORT);
  assert_int_equal(q.by, STORE_BY_NONE);
  assert_int_equal(q.n_srcs, 2);
  assert_int_equal(q.srcs[0].bits, 128);
  assert_int_equal(q.srcs[1].bits, 32);
  q = must("by=sensor what=cells");
  assert_int_equal(q.keys, STORE_KEY_SENSOR);
  assert_int_equal(must("what=kept").what, STORE_KEPT);
}

static void wrong_words(void **state)
{
  (void)state;
  static const struct {
    const char *words, *says[2];
  } t[] = {
      {"sensors=tokyo", {"\"sensors\"", "sensor"}},
      {"flows", {"\"flows\"", "key=value"}},
      {"what=flow", {"what=flow", "findings"}},
      {"from=yesterday", {"from=yesterday", "2013-08-07"}},
      {"from=2013-08-08 to=2013-08-07", {"ends before", "span"}},
      {"sensor=To'kyo", {"sensor=To'kyo", "[a-z0-9-]"}},
      {"src=1.2.3.400", {"src=1.2.3.400", "192.0.2.0/24"}},
      {"port=99999", {"port=99999", "443/tcp"}},
      {"port=443/foo", {"port=443/foo", "443/tcp"}},
      {"proto=0", {"proto=0", "1..255"}},
      {"country=MMR", {"country=MMR", "ISO 3166"}},
      {"country=M1", {"country=M1", "ISO 3166"}},
      {"asn=4294967296", {"asn", "4294967295"}},
      {"marks=zmap,zork", {"zork", "masscan"}},
      {"marks=", {"marks=", "masscan"}},
      {"id=", {"id=", "missing"}},
      {"state=maybe", {"state=maybe", "resume"}},
      {"by=colour", {"by=colour", "country"}},
      {"what=top by=src,port", {"what=cells", "several"}},
      {"what=cells by=src,colour", {"by=colour", "survey"}},
      {"src=192.0.2.1,192.0.2.400", {"192.0.2.400", "address"}},
      {"step=5m", {"step=5m", "1h"}},
      {"limit=-1", {"limit=-1", "number"}},
      {"limit=5 limit=6", {"limit", "twice"}},
      {"order=up", {"order=up", "oldest"}},
      {"what=host", {"host", "src=ADDRESS"}},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(t); i++) {
    struct store_query q = {.limit = 77};
    struct prac_err err = {0};
    if (store_query_parse(t[i].words, &q, arena, &err) == PRAC_OK)
      fail_msg("%s: taken", t[i].words);
    for (int k = 0; k < 2; k++)
      if (!strstr(err.text, t[i].says[k]))
        fail_msg("%s: \"%s\" does not say %s", t[i].words, err.text, t[i].says[k]);
    assert_int_equal(q.limit, 77);
  }
}

static void long_words(void **state)
{
  (void)state;
  char words[2000] = "key=";
  memset(words + 4, 'x', sizeof words - 5);
  words[sizeof words - 1] = 0;
  struct store_query q;
  struct prac_err err = {0};
  assert_int_equal(store_query_parse(words, &q, arena, &err), PRAC_MALFORMED);
  words[3] = 'x';
  assert_int_equal(store_query_parse(words, &q, arena, &err), PRAC_MALFORMED);
}

static int setup(void **state)
{
  (void)state;
  arena = prac_arena_new(1024);
  return arena ? 0 : 1;
}

static int teardown(void **state)
{
  (void)state;
  prac_arena_free(&arena);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_key), cmocka_unit_test(wrong_words),
                                     cmocka_unit_test(long_words)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
