/* Ways that write files: what stands in them, half lines after a crash, growing beyond a size. */
#include "lib/t.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/notes.h"

static char dir[64];

static int make_dir(void **s)
{
  (void)s;
  (void)snprintf(dir, sizeof dir, "/tmp/way-XXXXXX");
  return mkdtemp(dir) ? 0 : -1;
}
static int drop_dir(void **s)
{
  char cmd[128];
  (void)s;
  (void)snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
  return system(cmd);
}

static size_t slurp(const char *name, char *to, size_t cap)
{
  char path[256];
  (void)snprintf(path, sizeof path, "%s/%s", dir, name);
  FILE *f = fopen(path, "r");
  if (!f) return 0;
  size_t n = fread(to, 1, cap - 1, f);
  (void)fclose(f);
  to[n] = '\0';
  return n;
}

static int count(const char *text, const char *what)
{
  int n = 0;
  for (const char *p = text; (p = strstr(p, what)); p += strlen(what)) n++;
  return n;
}

/* Opens the way anew, sends start and end `times` times. */
static void told(const char *way, int times, int64_t max_size)
{
  const struct note_way *w = note_way_find(way);
  struct prac_err err = {0};
  _Atomic uint64_t counters[8] = {0};
  assert_non_null(w);
  char conf[256] = {0};
  assert_true(w->conf->size <= sizeof conf);
  prac_conf_defaults(w->conf, conf);
  for (size_t i = 0; max_size && i < w->conf->n_items; i++)
    if (strcmp(w->conf->items[i].key, "max-size") == 0)
      memcpy(conf + w->conf->items[i].offset, &max_size, sizeof max_size);
  struct note_env env = {.conf = conf, .counters = counters, .dir = dir, .host = "csirt.example"};
  void *st = calloc(1, w->state_size);
  if (w->open(st, &env, &err) != PRAC_OK) fail_msg("%s: %s", way, err.text);
  struct episode start = note_start(), end = note_end();
  struct note_tenant t = note_tenant_ja();
  for (int i = 0; i < times; i++) {
    struct note_item a = note_item_of(&start, &t), b = note_item_of(&end, &t);
    assert_int_equal(w->send(st, &a, &env, &err), PRAC_OK);
    assert_int_equal(w->send(st, &b, &env, &err), PRAC_OK);
  }
  assert_int_equal(atomic_load(&counters[0]), 2 * times);
  w->close(st);
  free(st);
}

static void jsonl(void **s)
{
  (void)s;
  static char text[1 << 16];
  told("jsonl", 1, 0);
  slurp("alerts.jsonl", text, sizeof text);
  assert_int_equal(count(text, "\n"), 2);
  assert_int_equal(count(text, "{\"id\":\"e1.1.xxxx\",\"thread\":\"e1.1.xxxx\",\"tenant\":\"xxxx\","
                               "\"state\":\"start\""),
                   1);
  assert_int_equal(count(text, "\"bin_max\":4301"), 1);
}

static void half_a_line_goes(void **s)
{
  (void)s;
  static char text[1 << 16];
  char path[256];
  told("jsonl", 1, 0);
  (void)snprintf(path, sizeof path, "%s/alerts.jsonl", dir);
  int fd = open(path, O_WRONLY | O_APPEND);
  assert_int_equal(write(fd, "{\"id\":\"half", 11), 11);
  (void)close(fd);
  told("jsonl", 1, 0);
  slurp("alerts.jsonl", text, sizeof text);
  assert_int_equal(count(text, "half"), 0);
  assert_int_equal(count(text, "\n"), 4);
}

static void a_size_begins_anew(void **s)
{
  (void)s;
  static char text[1 << 16];
  told("jsonl", 10, 1300);
  assert_true(slurp("alerts.jsonl", text, sizeof text) <= 1300);
  assert_true(slurp("alerts.jsonl.1", text, sizeof text) <= 1300);
  assert_true(slurp("alerts.jsonl.8", text, sizeof text) > 0);
  assert_int_equal(slurp("alerts.jsonl.9", text, sizeof text), 0);
}

static void mbox(void **s)
{
  (void)s;
  static char text[1 << 16];
  told("mbox", 1, 0);
  slurp("alerts.mbox", text, sizeof text);
  assert_int_equal(count(text, "From practice "), 2);
  assert_int_equal(count(text, "In-Reply-To: <e1.1.xxxx@csirt.example>\n"), 1);
  assert_int_equal(count(text, "\n\nFrom practice "), 1);
  assert_int_equal(count(text, "71.683333333333334"), 1);
}

static void csv(void **s)
{
  (void)s;
  static char text[1 << 16];
  told("csv", 1, 0);
  slurp("2015-04-01-event4_honeypot_ddos_amp.csv", text, sizeof text);
  assert_int_equal(count(text, "\n"), 3);
  assert_int_equal(strncmp(text, "\"timestamp\",\"protocol\",\"src_ip\",", 32), 0);
  static const char start[] =
      "\n\"2015-04-01 "
      "00:00:55\",\"udp\",\"203.0.113.9\",\"\",\"64500\",\"JP\",\"\",\"\",\"\",\"\",\"\","
      "\"\",\"\",\"\",\"\",\"123\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"PRACTICE\","
      "\"ddos-amplification\",\"\",\"ntp\",\"ntp\",\"\",\"e1.1.xxxx\",\"\",\"139\",\"1112\",\"\"\n";
  assert_int_equal(count(text, start), 1);
  assert_int_equal(count(text, "\"e1.1.xxxx\",\"\",\"28305\",\"1112\",\"2015-04-01 00:08:40\"\n"),
                   1);
  for (char *line = text; *line; line = strchr(line, '\n') + 1) {
    int commas = 0;
    for (const char *c = line; *c != '\n'; c++) commas += *c == ',';
    assert_int_equal(commas, 33);
  }
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test_setup_teardown(jsonl, make_dir, drop_dir),
      cmocka_unit_test_setup_teardown(half_a_line_goes, make_dir, drop_dir),
      cmocka_unit_test_setup_teardown(a_size_begins_anew, make_dir, drop_dir),
      cmocka_unit_test_setup_teardown(mbox, make_dir, drop_dir),
      cmocka_unit_test_setup_teardown(csv, make_dir, drop_dir),
  };
  return cmocka_run_group_tests_name("way_files", t, NULL, NULL);
}
