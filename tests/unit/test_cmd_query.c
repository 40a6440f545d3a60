/* `practice query` as people and programs meet it: a store is made here, the built program is
 * asked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/store_made.h"
#include "lib/t.h"

static char dir[256], out[65536];

/* Runs `practice query ARGS`; what it printed (both streams) is in out. */
static int query(const char *args)
{
  char line[1024];
  const char *program = getenv("PRACTICE");
  (void)snprintf(line, sizeof line, "%s query %s 2>&1", program ? program : "build/src/practice",
                 args);
  FILE *f = popen(line, "r");
  assert_non_null(f);
  size_t n = fread(out, 1, sizeof out - 1, f);
  out[n] = 0;
  int status = pclose(f);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int ask(const char *args)
{
  char all[600];
  (void)snprintf(all, sizeof all, "--store %s %s", dir, args);
  return query(all);
}

static void fill(void)
{
  struct store s = {0};
  struct prac_err err = {0};
  struct store_env env = {.dir = dir, .nthreads = 1};
  struct flow_row r[2] = {{.src = prac_ip4(0xc0000207), .dst = prac_ip4(0xc6336401), .proto = 6}};
  struct flow_batch *b = NULL;
  r[0].dport = 1433;
  r[0].sport = 4000;
  r[0].packets = 3;
  r[0].bytes = 120;
  r[0].country = 'M' << 8 | 'M';
  r[0].marks = FLOW_ZMAP | FLOW_PAYLOAD;
  r[1] = r[0];
  r[1].proto = 17;
  r[1].dport = 53;
  r[1].packets = 1;
  struct finding f = {.id = "f1", .key = "port:1433/tcp", .state = "on", .at = MADE_DAY};
  f.text = "said \"so\", twice";
  f.kind = "surge-port";
  struct health h = {.id = "tokyo-1", .sensor = "tokyo", .at = MADE_DAY + PRAC_MIN, .lost = 5};
  struct store_rec recs[] = {{&model_finding, &f}, {&model_health, &h}};
  made_dir(dir);
  assert_int_equal(flow_batch_new("tokyo", MADE_DAY, r, 2, &b), PRAC_OK);
  struct store_tx tx = {.batches = &b, .n_batches = 1, .recs = recs, .n_recs = 2};
  assert_int_equal(store_open("embedded", NULL, &env, &s, &err), PRAC_OK);
  assert_int_equal(s.ops->append(s.st, &tx, &err), PRAC_OK);
  store_close(&s);
  flow_batch_unref(&b);
}

#define SAYS(text)                                                                                 \
  do {                                                                                             \
    if (!strstr(out, text)) fail_msg("no \"%s\" in:\n%s", text, out);                              \
  } while (0)

static void answers(void **state)
{
  (void)state;
  assert_int_equal(ask("top by=port"), 0);
  assert_string_equal(out, "port      packets  flows  bytes  sources\n"
                           "1433/tcp        3      1    120        1\n"
                           "53/udp          1      1    120        1\n");
  assert_int_equal(ask("top by=port --csv --limit 1"), 0);
  assert_string_equal(out, "port,packets,flows,bytes,sources\n1433/tcp,3,1,120,1\n");
  assert_int_equal(ask("flows port=1433/tcp --json"), 0);
  SAYS("{\"first\":\"2013-08-07T00:00:00Z\"");
  SAYS("\"src\":\"192.0.2.7\",\"dst\":\"198.51.100.1\",\"victim\":null");
  SAYS("\"country\":\"MM\",\"asn\":0,\"marks\":\"zmap,payload\"");
  assert_int_equal(ask("host src=192.0.2.7 --csv"), 0);
  SAYS("2013-08-07T00:00:00Z,tokyo,4,2,240,1,2,\"1433/tcp,53/udp\",");
  assert_int_equal(ask("series step=1m --csv"), 0);
  SAYS("2013-08-07T00:00:00Z,4,2,240,1\n");
  assert_int_equal(ask("scan by=src marks=zmap --csv"), 0);
  SAYS("192.0.2.7,4,2,240,1\n");
  assert_int_equal(ask("sensors --json"), 0);
  SAYS("\"sensor\":\"tokyo\"");
  SAYS("\"lost\":5");
}

static void records(void **state)
{
  (void)state;
  assert_int_equal(ask("findings key=port:1433/tcp --json"), 0);
  SAYS("\"id\":\"f1\"");
  SAYS("\"text\":\"said \\\"so\\\", twice\"");
  assert_int_equal(ask("findings --csv"), 0);
  SAYS("\"said \"\"so\"\", twice\"");
  assert_int_equal(ask("findings"), 0);
  SAYS("surge-port");
  assert_int_equal(ask("health"), 0);
  SAYS("tokyo-1");
  assert_int_equal(ask("alerts"), 0);
  SAYS("nothing matches");
  assert_int_equal(ask("alerts --json"), 0);
  assert_string_equal(out, "");
}

static void mistakes(void **state)
{
  (void)state;
  assert_int_equal(ask("flows colour=red"), 2);
  SAYS("colour");
  SAYS("country");
  assert_int_equal(ask("flowers"), 2);
  SAYS("what=flowers");
  assert_int_equal(ask("top --json --csv"), 2);
  assert_int_equal(query("--store /nonexistent/practice flows"), 1);
  SAYS("/nonexistent/practice");
}

static int setup(void **state)
{
  (void)state;
  fill();
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  made_dir_remove(dir);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(answers), cmocka_unit_test(records),
                                     cmocka_unit_test(mistakes)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
