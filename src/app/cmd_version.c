/* `practice version`: what is running, for people and for programs. */
#include <stdio.h>

#include "app/cmd.h"
#include "base/json.h"

struct opts {
  bool json;
};
static const struct cmd_option options[] = {
    {"--json", NULL, "as one JSON object", CMD_FLAG, offsetof(struct opts, json)},
};

extern const struct cmd cmd_version;

static int json(void)
{
  struct prac_json j = prac_json_of(4096);
  prac_json_open(&j, '{');
  prac_json_key(&j, "name");
  prac_json_str(&j, "practice");
  prac_json_key(&j, "version");
  prac_json_str(&j, PRACTICE_VERSION);
  prac_json_key(&j, "compiler");
  prac_json_str(&j, __VERSION__);
  prac_json_key(&j, "commands");
  prac_json_open(&j, '[');
  for (const struct cmd *const *c = cmd_list; *c; c++) prac_json_str(&j, (*c)->name);
  prac_json_close(&j, ']');
  prac_json_close(&j, '}');
  bool bad = j.bad;
  if (!bad) printf("%s\n", j.buf);
  prac_json_done(&j);
  return bad ? CMD_ENVIRONMENT : CMD_OK;
}

static int run(int argc, char **argv)
{
  struct opts o;
  int st = cmd_parse(&cmd_version, argc, argv, &o, sizeof o);
  if (st != CMD_GO) return st;
  if (o.json) return json();
  printf("practice %s\n", PRACTICE_VERSION);
  return CMD_OK;
}

const struct cmd cmd_version = {
    .name = "version",
    .about = "print the version",
    .group = "this program",
    .examples = "practice version --json\twith the compiler and the list of commands",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
