#include "lib/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "base/conf_form.h"
#include "base/conf_text.h"
#include "base/time.h"

struct surge {
  bool on;
  int64_t n;
  double z;
  int64_t slot_ns;
  int64_t bytes;
  const char *dir;
  int mode;
  struct prac_conf_strings lists;
  struct prac_conf_prefixes ours;
};
static const char *const modes[] = {"country", "port", "both", NULL};
static const struct prac_conf_item surge_items[] = {
    {"on", PRAC_CONF_BOOL, offsetof(struct surge, on), .dflt = 1, .help = "run it"},
    {"n", PRAC_CONF_INT, offsetof(struct surge, n), -5, 1000, 7, .help = "how many"},
    {"z", PRAC_CONF_REAL, offsetof(struct surge, z), 1, 100, 8.5, .help = "robust z"},
    {"slot", PRAC_CONF_DURATION, offsetof(struct surge, slot_ns), 1, 86400, 60, .help = "slot"},
    {"memory", PRAC_CONF_SIZE, offsetof(struct surge, bytes), 1024, 1 << 30, 65536, .help = "most"},
    {"dir", PRAC_CONF_STRING, offsetof(struct surge, dir), .sdflt = "/var", .help = "where"},
    {"mode", PRAC_CONF_ENUM, offsetof(struct surge, mode), .dflt = 2, .words = modes,
     .help = "what"},
    {"lists", PRAC_CONF_STRINGS, offsetof(struct surge, lists), .sdflt = "a=b, c", .help = "lists"},
    {"ours", PRAC_CONF_PREFIXES, offsetof(struct surge, ours), .sdflt = "10.0.0.0/8,2001:db8::/32",
     .help = "our own"},
};
static const struct prac_conf_section surge = {"engine.surge",       "surges",
                                               surge_items,          PRAC_ARRAY_LEN(surge_items),
                                               sizeof(struct surge), false};
struct engine {
  int64_t threads;
};
static const struct prac_conf_item engine_items[] = {
    {"threads", PRAC_CONF_INT, offsetof(struct engine, threads), 1, 64, 1, .help = "threads"},
};
static const struct prac_conf_section engine = {"engine", "all engines",         engine_items,
                                                1,        sizeof(struct engine), false};
struct sensor {
  const char *name;
  int64_t port;
};
static const struct prac_conf_item sensor_items[] = {
    {"name", PRAC_CONF_STRING, offsetof(struct sensor, name), .help = "its name"},
    {"port", PRAC_CONF_INT, offsetof(struct sensor, port), 0, 65535, 80, .help = "a port"},
};
static const struct prac_conf_section sensors = {
    "sensors", "one each", sensor_items, 2, sizeof(struct sensor), true};
static const struct prac_conf_item deep_items[] = {
    {"k", PRAC_CONF_INT, 0, .dflt = 3, .help = "any whole number"},
};
static const struct prac_conf_section deep = {"a.b.c", "only groups above", deep_items,
                                              1,       sizeof(int64_t),     false};
static const struct prac_conf_section *const all[] = {&surge, &engine, &sensors, &deep, NULL};

static struct prac_conf *good(const char *text)
{
  struct prac_conf *c = NULL;
  struct prac_err e = {0};
  if (prac_conf_parse(text, strlen(text), "t.yaml", all, &c, &e) != PRAC_OK) {
    print_message("refused: %s\n", e.text);
    fail();
  }
  return c;
}

static void bad(const char *text, prac_rc want, const char *says)
{
  struct prac_conf *c = NULL;
  struct prac_err e = {0};
  prac_rc rc = prac_conf_parse(text, strlen(text), "t.yaml", all, &c, &e);
  if (rc != want || strcmp(e.text, says) != 0) print_message("%d %s\n", rc, e.text);
  assert_int_equal(rc, want);
  assert_string_equal(e.text, says);
  assert_null(c);
}

static void nothing_gives_the_defaults(void **state)
{
  (void)state;
  static const char *const empty[] = {"",  "---\n",     "# only a comment\n",
                                      "~", "engine:\n", "engine: {surge: }\nsensors:\na:\n"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(empty); i++) {
    struct prac_conf *c = good(empty[i]);
    const struct surge *s = prac_conf_get(c, "engine.surge", 0);
    assert_true(s->on);
    assert_int_equal(s->n, 7);
    assert_true(s->z > 8.4 && s->z < 8.6);
    assert_int_equal(s->slot_ns, 60 * PRAC_SEC);
    assert_int_equal(s->bytes, 65536);
    assert_string_equal(s->dir, "/var");
    assert_int_equal(s->mode, 2);
    assert_int_equal(s->lists.n, 2);
    assert_string_equal(s->lists.v[0], "a=b");
    assert_string_equal(s->lists.v[1], "c");
    assert_int_equal(s->ours.n, 2);
    assert_int_equal(s->ours.v[0].bits, 104);
    assert_int_equal(s->ours.v[1].bits, 32);
    assert_int_equal(prac_conf_count(c, "sensors"), 0);
    assert_null(prac_conf_get(c, "sensors", 0));
    assert_null(prac_conf_get(c, "engine.surge", 1));
    assert_null(prac_conf_get(c, "nosuch", 0));
    prac_conf_free(&c);
    assert_null(c);
  }
}

static void every_type_reads(void **state)
{
  (void)state;
  struct prac_conf *c = good("engine:\n"
                             "  threads: 64\n"
                             "  surge: {on: off, n: -5, z: 1e1, slot: 1h30m, memory: 2 MiB,\n"
                             "    dir: \"\", mode: port, lists: [x, 'y z'], ours: 192.0.2.77/24}\n"
                             "sensors:\n"
                             "- name: \u6771\u4eac\n"
                             "- {port: 0, name: ~x}\n"
                             "a: {b: {c: {k: -9223372036854775808}}}\n");
  const struct surge *s = prac_conf_get(c, "engine.surge", 0);
  const struct sensor *one = prac_conf_get(c, "sensors", 0), *two = prac_conf_get(c, "sensors", 1);
  char text[PRAC_IP_TEXT];
  assert_false(s->on);
  assert_int_equal(s->n, -5);
  assert_true(s->z > 9.99 && s->z < 10.01);
  assert_int_equal(s->slot_ns, 90 * PRAC_MIN);
  assert_int_equal(s->bytes, 2 << 20);
  assert_string_equal(s->dir, "");
  assert_int_equal(s->mode, 1);
  assert_int_equal(s->lists.n, 2);
  assert_string_equal(s->lists.v[1], "y z");
  assert_int_equal(s->ours.n, 1);
  assert_string_equal(prac_prefix_text(text, &s->ours.v[0]), "192.0.2.0/24");
  assert_int_equal(((const struct engine *)prac_conf_get(c, "engine", 0))->threads, 64);
  assert_int_equal(prac_conf_count(c, "sensors"), 2);
  assert_string_equal(one->name, "\u6771\u4eac");
  assert_int_equal(one->port, 80);
  assert_string_equal(two->name, "~x");
  assert_int_equal(two->port, 0);
  assert_int_equal(*(const int64_t *)prac_conf_get(c, "a.b.c", 0), INT64_MIN);
  prac_conf_free(&c);
}

static void mistakes_are_named(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    prac_rc rc;
    const char *says;
  } rows[] = {
      {"engin:\n  x: 1\n", PRAC_UNKNOWN,
       "t.yaml:1: unknown key \"engin\"; did you mean \"engine\"? allowed here: a, engine, "
       "sensors"},
      {"\n\nz: 3\n", PRAC_UNKNOWN,
       "t.yaml:3: unknown key \"z\"; it belongs under \"engine.surge\". allowed here: a, engine, "
       "sensors"},
      {"engine:\n  qqq: 1\n", PRAC_UNKNOWN,
       "t.yaml:2: unknown key \"engine.qqq\"; allowed here: surge, threads"},
      {"engine.surge: {z: 3}\n", PRAC_UNKNOWN,
       "t.yaml:1: unknown key \"engine.surge\"; allowed here: a, engine, sensors"},
      {"sensors:\n- name: x\n  nmae: y\n", PRAC_UNKNOWN,
       "t.yaml:3: unknown key \"sensors.nmae\"; did you mean \"name\"? allowed here: name, port"},
      {"engine:\n  surge:\n    z: 250\n", PRAC_RANGE,
       "t.yaml:3: engine.surge.z: must be a number between 1 and 100, not 250"},
      {"engine: {surge: {z: 0x10}}", PRAC_MALFORMED,
       "t.yaml:1: engine.surge.z: must be a number between 1 and 100, not \"0x10\""},
      {"engine: {surge: {z: nan}}", PRAC_MALFORMED,
       "t.yaml:1: engine.surge.z: must be a number between 1 and 100, not \"nan\""},
      {"engine: {surge: {n: 99999999999999999999}}", PRAC_RANGE,
       "t.yaml:1: engine.surge.n: must be a whole number between -5 and 1000, not "
       "99999999999999999999"},
      {"engine: {surge: {n: 3.5}}", PRAC_MALFORMED,
       "t.yaml:1: engine.surge.n: must be a whole number between -5 and 1000, not \"3.5\""},
      {"engine: {surge: {n: [3]}}", PRAC_MALFORMED,
       "t.yaml:1: engine.surge.n: must be a whole number between -5 and 1000, not a list"},
      {"engine: {surge: {n: }}", PRAC_MALFORMED,
       "t.yaml:1: engine.surge.n: has no value; must be a whole number between -5 and 1000"},
      {"engine: {surge: {on: maybe}}", PRAC_MALFORMED,
       "t.yaml:1: engine.surge.on: must be yes or no, not \"maybe\""},
      {"engine: {surge: {slot: 2d}}", PRAC_RANGE,
       "t.yaml:1: engine.surge.slot: must be a duration such as 90s, 5m, 28d, between 1s and 1d, "
       "not 2d"},
      {"engine: {surge: {slot: -5}}", PRAC_MALFORMED,
       "t.yaml:1: engine.surge.slot: must be a duration such as 90s, 5m, 28d, between 1s and 1d, "
       "not \"-5\""},
      {"engine: {surge: {memory: 8E}}", PRAC_MALFORMED,
       "t.yaml:1: engine.surge.memory: must be a size such as 512 KiB, 2G, between 1 KiB and 1 "
       "GiB, not \"8E\""},
      {"engine: {surge: {memory: 99999999P}}", PRAC_RANGE,
       "t.yaml:1: engine.surge.memory: must be a size such as 512 KiB, 2G, between 1 KiB and 1 "
       "GiB, not 99999999P"},
      {"engine: {surge: {mode: prot}}", PRAC_MALFORMED,
       "t.yaml:1: engine.surge.mode: must be one of country, port, both, not \"prot\"; did you "
       "mean \"port\"?"},
      {"engine: {surge: {ours: [10.0.0.0/8, 10.0.0/8]}}", PRAC_MALFORMED,
       "t.yaml:1: engine.surge.ours: must be a list of prefixes such as 192.0.2.0/24, "
       "2001:db8::/32, not \"10.0.0/8\""},
      {"engine: {surge: {lists: [[x]]}}", PRAC_MALFORMED,
       "t.yaml:1: engine.surge.lists: must be a list of texts, not a list"},
      {"engine: {surge: {dir: \"a\\nb\"}}", PRAC_MALFORMED,
       "t.yaml:1: engine.surge.dir: must be a text, not \"a?b\""},
      {"engine:\n  threads: 1\n  surge: {}\n  threads: 2\n", PRAC_MALFORMED,
       "t.yaml:4: threads is given twice (first on line 2)"},
      {"sensors:\n- port: 1\n", PRAC_MALFORMED, "t.yaml:2: sensors.name: must be given: its name"},
      {"sensors: {name: x}\n", PRAC_MALFORMED,
       "t.yaml:1: sensors: must be a list, each entry begun with \"- \""},
      {"sensors: [x]\n", PRAC_MALFORMED,
       "t.yaml:1: sensors: every entry must be a map of key: value lines"},
      {"engine: 3\n", PRAC_MALFORMED,
       "t.yaml:1: engine: must be a map of key: value lines, not a value"},
      {"- engine\n", PRAC_MALFORMED, "t.yaml:1: must be a map of key: value lines"},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) bad(rows[i].text, rows[i].rc, rows[i].says);
}

static void yaml_outside_the_plain_part_is_refused(void **state)
{
  (void)state;
  bad("engine: &x {threads: 1}\n", PRAC_MALFORMED,
      "t.yaml:1: an anchor (&name): write the value out instead");
  bad("engine: {threads: 1}\na: *x\n", PRAC_MALFORMED,
      "t.yaml:2: an alias (*name): write the value out instead");
  bad("engine: !!map {threads: 1}\n", PRAC_MALFORMED,
      "t.yaml:1: a tag (!name): tags have no meaning here");
  bad("engine: {threads: 1}\n---\nengine: {threads: 2}\n", PRAC_MALFORMED,
      "t.yaml:2: a second document (---): only one is read");
  bad("? [a, b]\n: 1\n", PRAC_MALFORMED, "t.yaml:1: a key must be a word, not a list or a map");
  bad("engine:\n\tthreads: 1\n", PRAC_MALFORMED,
      "t.yaml:2: not YAML: found character that cannot start any token while scanning for the next "
      "token (a tab? YAML indents with spaces)");
  bad("a: [[[[[[[[[[[[[1]]]]]]]]]]]]]\n", PRAC_RANGE, "t.yaml:1: nested more than 12 deep");
  bad("\"a\\0b\": 1\n", PRAC_MALFORMED, "t.yaml:1: a key is too long or holds a NUL");
  bad("engine: {surge: {dir: \"a\\0b\"}}\n", PRAC_MALFORMED, "t.yaml:1: a value that holds a NUL");
  bad("engine: \xff\n", PRAC_MALFORMED, "t.yaml: not text: invalid leading UTF-8 octet (byte 8)");
}

/* Ten thousand entries, a huge word, a megabyte and one byte: each ends with its own reason. */
static void limits_hold(void **state)
{
  (void)state;
  size_t n = (1 << 20) + 1;
  char *text = malloc(n + 1);
  struct prac_conf *c = NULL;
  struct prac_err e;
  assert_non_null(text);
  memset(text, ' ', n);
  text[n] = 0;
  assert_int_equal(prac_conf_parse(text, n, "t", all, &c, &e), PRAC_RANGE);
  assert_string_equal(e.text, "t: settings of more than 1 MiB are not read");
  assert_int_equal(prac_conf_parse(text, n - 1, "t", all, &c, &e), PRAC_OK);
  prac_conf_free(&c);
  memcpy(text, "sensors: [", 10);
  for (size_t i = 10; i + 2 < 4000; i += 2) memcpy(text + i, "1,", 2);
  assert_int_equal(prac_conf_parse(text, 4000, "t", all, &c, &e), PRAC_RANGE);
  assert_string_equal(e.text, "t:1: more than 1000 entries in one place");
  memset(text, 'x', 5000);
  memcpy(text, "sensors: ", 9);
  assert_int_equal(prac_conf_parse(text, 5000, "t", all, &c, &e), PRAC_RANGE);
  assert_string_equal(e.text, "t:1: a value of more than 4096 bytes");
  free(text);
}

static void contradictory_tables_are_refused(void **state)
{
  (void)state;
  static const struct prac_conf_item items[] = {
      {"A", PRAC_CONF_INT, 0, .help = "x"},
      {"a", PRAC_CONF_INT, 0},
      {"a", PRAC_CONF_INT, 0, 1, 2, 3, .help = "x"},
      {"a", PRAC_CONF_INT, 0, 3, 2, 2, .help = "x"},
      {"a", PRAC_CONF_ENUM, 0, .dflt = 3, .words = modes, .help = "x"},
      {"a", PRAC_CONF_ENUM, 0, .help = "x"},
      {"a", PRAC_CONF_PREFIXES, 0, .sdflt = "10.0.0.0/8,x", .help = "x"},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(items); i++) {
    struct prac_conf_section s = {"t", "x", &items[i], 1, 64, false};
    const struct prac_conf_section *const list[] = {&s, NULL};
    struct prac_conf *c = NULL;
    assert_int_equal(prac_conf_parse("", 0, "t", list, &c, NULL), PRAC_UNSUPPORTED);
  }
  const struct prac_conf_section *const twice[] = {&engine, &engine, NULL};
  struct prac_conf *c = NULL;
  assert_int_equal(prac_conf_parse("", 0, "t", twice, &c, NULL), PRAC_UNSUPPORTED);
}

static void must_be_given_counts_only_once_there_is_a_place(void **state)
{
  (void)state;
  struct prac_conf_section one = sensors;
  one.many = false;
  const struct prac_conf_section *const list[] = {&one, NULL};
  struct prac_conf *c = NULL;
  struct prac_err e;
  static const char *const without[] = {"", "sensors:\n", "sensors: {port: 1}\n"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(without); i++) {
    assert_int_equal(prac_conf_parse(without[i], strlen(without[i]), "t", list, &c, &e),
                     PRAC_MALFORMED);
    assert_non_null(strstr(e.text, "sensors.name: must be given: its name"));
  }
  assert_int_equal(prac_conf_parse("sensors: {name: ''}", 19, "t", list, &c, &e), PRAC_OK);
  prac_conf_free(&c);
}

static void hash_is_of_the_meaning(void **state)
{
  (void)state;
  struct prac_conf *a = good(""), *b = good("engine: {surge: {z: 8.50, lists: [a=b, c], on: yes}}"),
                   *c = good("engine: {surge: {z: 8.51}}"),
                   *d = good("engine: {surge: {lists: [a=bc]}}");
  assert_true(prac_conf_hash(a, "engine.surge") == prac_conf_hash(b, "engine.surge"));
  assert_true(prac_conf_hash(a, "engine.surge") != prac_conf_hash(c, "engine.surge"));
  assert_true(prac_conf_hash(a, "engine.surge") != prac_conf_hash(d, "engine.surge"));
  assert_true(prac_conf_hash(a, "engine") == prac_conf_hash(c, "engine"));
  prac_conf_free(&a);
  prac_conf_free(&b);
  prac_conf_free(&c);
  prac_conf_free(&d);
}

static void defaults_without_a_file(void **state)
{
  (void)state;
  struct surge s;
  memset(&s, 0x5a, sizeof s);
  prac_conf_defaults(&surge, &s);
  assert_true(s.on);
  assert_int_equal(s.slot_ns, PRAC_MIN);
  assert_string_equal(s.dir, "/var");
  assert_int_equal(s.lists.n, 0);
  assert_null(s.ours.v);
}

static void words_for_people(void **state)
{
  (void)state;
  char out[PRAC_CONF_TEXT];
  static const char *const want[][2] = {
      {"yes or no", "yes"},
      {"a whole number between -5 and 1000", "7"},
      {"a number between 1 and 100", "8.5"},
      {"a duration such as 90s, 5m, 28d, between 1s and 1d", "1m"},
      {"a size such as 512 KiB, 2G, between 1 KiB and 1 GiB", "64 KiB"},
      {"a text", "/var"},
      {"one of country, port, both", "both"},
      {"a list of texts", "a=b, c"},
      {"a list of prefixes such as 192.0.2.0/24, 2001:db8::/32", "10.0.0.0/8,2001:db8::/32"},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(want); i++) {
    assert_string_equal(prac_conf_allowed_text(out, &surge_items[i]), want[i][0]);
    assert_string_equal(prac_conf_default_text(out, &surge_items[i]), want[i][1]);
  }
  const struct prac_conf_item ages = {"age",
                                      PRAC_CONF_DURATION,
                                      0,
                                      60,
                                      36500 * 86400.0,
                                      60,
                                      .help = "longer than nanoseconds hold"};
  assert_string_equal(prac_conf_allowed_text(out, &ages),
                      "a duration such as 90s, 5m, 28d, between 1m and 36500d");
  const struct prac_conf_item longer = {"age", PRAC_CONF_DURATION, 0, 60, 3e11, 60, .help = "x"};
  assert_string_equal(prac_conf_allowed_text(out, &longer),
                      "a duration such as 90s, 5m, 28d, between 1m and 3472222d");
}

struct formed {
  const char *where, *label;
  struct prac_conf_strings listen;
};
static const char *const labels[] = {"RED", "GREEN", NULL};
static const struct prac_conf_item formed_items[] = {
    {"where", PRAC_CONF_STRING, offsetof(struct formed, where), .sdflt = "127.0.0.1:80",
     .form = &prac_form_endpoint, .help = "x"},
    {"label", PRAC_CONF_STRING, offsetof(struct formed, label), .sdflt = "RED", .words = labels,
     .help = "x"},
    {"listen", PRAC_CONF_STRINGS, offsetof(struct formed, listen),
     .sdflt = "0.0.0.0, ::", .form = &prac_form_addresses, .help = "x"},
};
static const struct prac_conf_section formed = {
    "f", "x", formed_items, PRAC_ARRAY_LEN(formed_items), sizeof(struct formed), false};

static void texts_have_a_form(void **state)
{
  (void)state;
  static const struct prac_conf_section *const only[] = {&formed, NULL};
  static const struct {
    const char *text, *says;
  } wrong[] = {
      {"f: {where: localhost:80}", "t.yaml:1: f.where: must be an address and a port such as "
                                   "127.0.0.1:8640 or [::1]:8640, not \"localhost:80\""},
      {"f: {label: GREN}",
       "t.yaml:1: f.label: must be one of RED, GREEN, not \"GREN\"; did you mean \"GREEN\"?"},
      {"f: {listen: [\"::\", 1.2.3]}", "t.yaml:1: f.listen: must be a list of addresses such as "
                                       "192.0.2.1, 2001:db8::1, not \"1.2.3\""},
  };
  struct prac_conf *c = NULL;
  struct prac_err e = {0};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(wrong); i++) {
    assert_int_equal(prac_conf_parse(wrong[i].text, strlen(wrong[i].text), "t.yaml", only, &c, &e),
                     PRAC_MALFORMED);
    assert_string_equal(e.text, wrong[i].says);
  }
  static const char right[] = "f: {where: \"[2001:db8::1]:0\", label: GREEN, listen: 192.0.2.1}";
  assert_int_equal(prac_conf_parse(right, strlen(right), "t.yaml", only, &c, &e), PRAC_OK);
  const struct formed *f = prac_conf_get(c, "f", 0);
  assert_string_equal(f->label, "GREEN");
  assert_string_equal(f->listen.v[0], "192.0.2.1");
  prac_conf_free(&c);
}

static void endpoints(void **state)
{
  (void)state;
  struct prac_ip ip;
  uint16_t port;
  static const char *const no[] = {"",
                                   ":",
                                   ":80",
                                   "127.0.0.1",
                                   "127.0.0.1:",
                                   "1.2.3:4",
                                   "::1:80",
                                   "[::1]",
                                   "[::1]80",
                                   "[1.2.3.4]:80",
                                   "[::1:80",
                                   "a:80",
                                   "1.2.3.4:-1",
                                   "1.2.3.4:65536",
                                   "[]:1",
                                   "1.2.3.4: 80",
                                   "1.2.3.4:80x",
                                   "1.2.3.4:000080",
                                   "[:80"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(no); i++)
    if (prac_endpoint_parse(no[i], &ip, &port)) fail_msg("%s", no[i]);
  assert_true(prac_endpoint_parse("192.0.2.1:65535", &ip, &port));
  assert_true(prac_ip_is4(&ip) && port == 65535);
  assert_true(prac_endpoint_parse("[::1]:0", &ip, &port));
  assert_true(!prac_ip_is4(&ip) && port == 0);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(nothing_gives_the_defaults),
      cmocka_unit_test(every_type_reads),
      cmocka_unit_test(mistakes_are_named),
      cmocka_unit_test(yaml_outside_the_plain_part_is_refused),
      cmocka_unit_test(limits_hold),
      cmocka_unit_test(contradictory_tables_are_refused),
      cmocka_unit_test(must_be_given_counts_only_once_there_is_a_place),
      cmocka_unit_test(hash_is_of_the_meaning),
      cmocka_unit_test(defaults_without_a_file),
      cmocka_unit_test(words_for_people),
      cmocka_unit_test(texts_have_a_form),
      cmocka_unit_test(endpoints),
  };
  return cmocka_run_group_tests_name("conf", t, NULL, NULL);
}
