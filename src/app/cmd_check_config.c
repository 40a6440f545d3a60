/* `practice check-config` and `practice settings`: the tables, asked from both ends. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/cmd.h"
#include "app/settings.h"
#include "app/settings_check.h"
#include "app/settings_print.h"
#include "base/json.h"

/* ---- check-config ---- */

struct check_opts {
  const char *file;
  bool json;
};
static const struct cmd_option check_options[] = {
    {"[FILE]", NULL,
     "settings to read, - for standard input; without it, ./practice.yaml or "
     "/etc/practice/practice.yaml",
     CMD_TEXT, offsetof(struct check_opts, file)},
    {"--json", NULL, "the answer as one JSON object", CMD_FLAG, offsetof(struct check_opts, json)},
};
extern const struct cmd cmd_check_config;

static void check_json(const char *name, prac_rc rc, const struct prac_err *e,
                       const struct settings_warnings *w)
{
  struct prac_json j = prac_json_of(8192);
  prac_json_open(&j, '{');
  prac_json_key(&j, "file");
  prac_json_str(&j, name);
  prac_json_key(&j, "ok");
  prac_json_bool(&j, rc == PRAC_OK);
  prac_json_key(&j, "error");
  prac_json_str(&j, rc == PRAC_OK ? NULL : e->text);
  prac_json_key(&j, "warnings");
  prac_json_open(&j, '[');
  for (size_t i = 0; i < w->n; i++) prac_json_str(&j, w->text[i]);
  prac_json_close(&j, ']');
  prac_json_close(&j, '}');
  if (!j.bad) printf("%s\n", j.buf);
  prac_json_done(&j);
}

/* Where settings are looked for when no file is named. */
static const char *usual_place(void)
{
  static const char *const places[] = {"practice.yaml", "/etc/practice/practice.yaml"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(places); i++)
    if (access(places[i], F_OK) == 0) return places[i];
  return NULL;
}

static int run_check(int argc, char **argv)
{
  struct check_opts o;
  struct prac_conf *c = NULL;
  struct prac_err e = {.text = ""};
  int st = cmd_parse(&cmd_check_config, argc, argv, &o, sizeof o);
  if (st != CMD_GO) return st;
  const char *file = o.file ? o.file : usual_place(),
             *name = file && strcmp(file, "-") == 0 ? "standard input" : file;
  struct settings_warnings w = {.n = 0};
  prac_rc rc = settings_load(file, &c, &e);
  if (rc == PRAC_OK) rc = settings_check(c, &e);
  if (c) settings_warn(c, &w);
  for (size_t i = 0; i < w.n && !o.json; i++) fprintf(stderr, "practice: warning: %s\n", w.text[i]);
  if (o.json) {
    check_json(name, rc, &e, &w);
    st = rc == PRAC_OK ? CMD_OK : cmd_status_of(rc);
  } else if (rc != PRAC_OK)
    st = cmd_fail(&e);
  else {
    if (name)
      printf("%s: good\n", name);
    else
      puts("no settings file: every setting has its default");
    st = CMD_OK;
  }
  prac_conf_free(&c);
  return st;
}

const struct cmd cmd_check_config = {
    .name = "check-config",
    .about = "read a settings file and say whether it is right",
    .group = "make and check",
    .text = "Reads the file the way every role does, and stops there. The first mistake is named "
            "with its line, its key and what is allowed. What is allowed and still unwise, and "
            "what this machine has not (files, interfaces, addresses), is a warning. With run.bus: "
            "nats the servers are asked for their versions, one second each.",
    .examples = "practice check-config practice.yaml\tis this file right?\n"
                "practice check-config - --json\tthe same for a program",
    .options = check_options,
    .n_options = PRAC_ARRAY_LEN(check_options),
    .run = run_check,
};

/* ---- settings ---- */

struct show_opts {
  const char *section;
  bool example, json;
};
static const struct cmd_option show_options[] = {
    {"[SECTION]", NULL, "only this section", CMD_TEXT, offsetof(struct show_opts, section)},
    {"--example", NULL, "as a YAML file with every default", CMD_FLAG,
     offsetof(struct show_opts, example)},
    {"--json", NULL, "as JSON", CMD_FLAG, offsetof(struct show_opts, json)},
};
extern const struct cmd cmd_settings;

static int run_settings(int argc, char **argv)
{
  struct show_opts o;
  int st = cmd_parse(&cmd_settings, argc, argv, &o, sizeof o);
  if (st != CMD_GO) return st;
  const struct prac_conf_section *const *l = settings_sections(), *one[2] = {NULL, NULL};
  if (o.section) {
    one[0] = settings_find(o.section);
    if (!one[0]) return cmd_usage(&cmd_settings, "no section \"%s\"", o.section);
    l = one;
  }
  if (o.example)
    settings_print_example(stdout, l);
  else if (o.json)
    settings_print_json(stdout, l);
  else
    settings_print_all(stdout, l);
  return CMD_OK;
}

const struct cmd cmd_settings = {
    .name = "settings",
    .about = "list every setting, what it may be and its default",
    .group = "make and check",
    .examples = "practice settings engine.surge\tone section\n"
                "practice settings --example > practice.yaml\ta file to start from",
    .options = show_options,
    .n_options = PRAC_ARRAY_LEN(show_options),
    .run = run_settings,
};
