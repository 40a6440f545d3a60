/* Command lines that people really type, and those that must be refused. */
#include "lib/t.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/cmd.h"

struct opts {
  bool json;
  const char *sensor, *first, *second;
  uint64_t threads;
  int64_t shift, hold_ns;
  double factor;
  prac_time from;
  int format;
  struct cmd_many lists;
  struct cmd_rest files;
};
static const char *const formats[] = {"table", "json", "csv", NULL};
static const struct cmd_option options[] = {
    {"--json", NULL, "", CMD_FLAG, offsetof(struct opts, json)},
    {"--sensor", "NAME", "", CMD_TEXT, offsetof(struct opts, sensor), .dflt = "tokyo"},
    {"--threads", "N", "", CMD_U64, offsetof(struct opts, threads), .dflt = "2", .lo = 1, .hi = 64},
    {"--shift", "N", "", CMD_I64, offsetof(struct opts, shift), .lo = -1e15, .hi = 1e15},
    {"--hold", "TIME", "", CMD_DURATION, offsetof(struct opts, hold_ns), .dflt = "5m", .lo = 1},
    {"--factor", "X", "", CMD_REAL, offsetof(struct opts, factor), .hi = 10},
    {"--from", "TIME", "", CMD_TIME, offsetof(struct opts, from)},
    {"--format", "WORD", "", CMD_WORD, offsetof(struct opts, format), .words = formats},
    {"--list", "FILE", "", CMD_MANY, offsetof(struct opts, lists)},
    {"FIRST", NULL, "", CMD_TEXT, offsetof(struct opts, first)},
    {"[SECOND]", NULL, "", CMD_TEXT, offsetof(struct opts, second)},
    {"[FILE...]", NULL, "", CMD_REST, offsetof(struct opts, files)},
};
static const struct cmd probe = {
    .name = "probe", .options = options, .n_options = PRAC_ARRAY_LEN(options)};

static char words[4096];
static char *argv[200];

/* Splits line at blanks ("~" stands for an empty word) and parses it; what is said goes nowhere. */
static int parse(const char *line, struct opts *o)
{
  snprintf(words, sizeof words, "probe %s", line);
  int argc = 0;
  for (char *save, *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
    argv[argc++] = strcmp(w, "~") == 0 ? w + 1 : w;
  fflush(stderr);
  int keep = dup(STDERR_FILENO);
  FILE *null = fopen("/dev/null", "we");
  dup2(fileno(null), STDERR_FILENO);
  int st = cmd_parse(&probe, argc, argv, o, sizeof *o);
  dup2(keep, STDERR_FILENO);
  fclose(null);
  close(keep);
  return st;
}

static void wrong_lines_are_refused(void **s)
{
  (void)s;
  static const char *const wrong[] = {
      "",
      "--json",
      "a --nope",
      "a --json=yes",
      "a --threads",
      "a --threads 0",
      "a --threads 65",
      "a --threads -1",
      "a --threads 4x",
      "a --threads 4kk",
      "a --threads +4",
      "a --threads ~",
      "a --threads= ",
      "a --threads 99999999999999999999",
      "a --threads 18446744073709551615k",
      "a --threads 3 --threads 3",
      "a --shift 9223372036854775807k",
      "a --shift --1",
      "a --hold 0s",
      "a --hold soon",
      "a --factor nan",
      "a --factor inf",
      "a --factor 10.5",
      "a --factor 1,5",
      "a --from yesterday",
      "a --from 2013-13-01",
      "a --format JSON",
      "a --format ~",
      "a --js",
      "a -j",
  };
  struct opts o;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(wrong); i++) {
    int st = parse(wrong[i], &o);
    if (st != CMD_USAGE) fprintf(stderr, "taken: \"%s\"\n", wrong[i]);
    assert_int_equal(st, CMD_USAGE);
  }
}

static void defaults_hold(void **s)
{
  (void)s;
  struct opts o;
  assert_int_equal(parse("a", &o), CMD_GO);
  assert_false(o.json);
  assert_string_equal(o.sensor, "tokyo");
  assert_string_equal(o.first, "a");
  assert_null(o.second);
  assert_int_equal(o.threads, 2);
  assert_int_equal(o.hold_ns, 5 * PRAC_MIN);
  assert_true(o.from == PRAC_TIME_NONE);
  assert_int_equal(o.format, -1);
  assert_int_equal(o.lists.n, 0);
  assert_int_equal(o.files.n, 0);
}

static void all_forms_are_taken(void **s)
{
  (void)s;
  struct opts o;
  assert_int_equal(parse("--threads=3 a --json --shift -2k b --hold 90s c --factor=0.5 --list x "
                         "--list y --from 2013-08-07 --format csv -- --json -",
                         &o),
                   CMD_GO);
  assert_true(o.json);
  assert_int_equal(o.threads, 3);
  assert_int_equal(o.shift, -2000);
  assert_int_equal(o.hold_ns, 90 * PRAC_SEC);
  assert_true(o.factor == 0.5);
  assert_true(o.from == INT64_C(1375833600) * PRAC_SEC);
  assert_int_equal(o.format, 2);
  assert_int_equal(o.lists.n, 2);
  assert_string_equal(o.lists.v[1], "y");
  assert_string_equal(o.first, "a");
  assert_string_equal(o.second, "b");
  assert_int_equal(o.files.n, 3);
  assert_string_equal(o.files.v[0], "c");
  assert_string_equal(o.files.v[1], "--json");
  assert_string_equal(o.files.v[2], "-");
}

static void a_repeated_option_has_an_end(void **s)
{
  (void)s;
  char line[2048] = "a";
  size_t at = 1;
  struct opts o;
  for (int i = 0; i < CMD_MANY_MAX; i++) at += (size_t)snprintf(line + at, 32, " --list %d", i);
  assert_int_equal(parse(line, &o), CMD_GO);
  assert_int_equal(o.lists.n, CMD_MANY_MAX);
  snprintf(line + at, 32, " --list z");
  assert_int_equal(parse(line, &o), CMD_USAGE);
}

/* The tables themselves: a mistake here would only show when somebody types the option. */
static void every_table_is_sound(void **s)
{
  (void)s;
  static char room[65536];
  for (const struct cmd *const *c = cmd_list; *c; c++) {
    bool known = false, rest = false;
    for (const char *const *g = cmd_groups; *g; g++)
      known |= (*c)->group && strcmp(*g, (*c)->group) == 0;
    assert_true(known);
    assert_true((*c)->about && (*c)->about[0] && strlen((*c)->about) <= 62);
    assert_true((*c)->examples && (*c)->examples[0]);
    assert_ptr_equal(cmd_find((*c)->name), *c);
    for (size_t i = 0; i < (*c)->n_options; i++) {
      const struct cmd_option *o = &(*c)->options[i];
      bool dashed = o->name[0] == '-';
      assert_true(o->help && o->help[0]);
      assert_true((o->arg != NULL) == (dashed && o->type != CMD_FLAG));
      assert_true((o->words != NULL) == (o->type == CMD_WORD));
      assert_true((strstr(o->name, "...") != NULL) == (o->type == CMD_REST));
      assert_false(rest && !dashed);
      rest |= o->type == CMD_REST;
      assert_true(o->offset < sizeof room);
      for (size_t k = i + 1; k < (*c)->n_options; k++)
        assert_true(strcmp(o->name, (*c)->options[k].name) != 0 &&
                    o->offset != (*c)->options[k].offset);
    }
  }
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(wrong_lines_are_refused), cmocka_unit_test(defaults_hold),
      cmocka_unit_test(all_forms_are_taken),     cmocka_unit_test(a_repeated_option_has_an_end),
      cmocka_unit_test(every_table_is_sound),
  };
  return cmocka_run_group_tests_name("cmd", t, NULL, NULL);
}
