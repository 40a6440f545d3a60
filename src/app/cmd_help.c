/* `practice help`: the way in for people, and for everything that is made from the tables. */
#include "app/help.h"

struct opts {
  const char *topic;
};
static const struct cmd_option options[] = {
    {"[TOPIC]", NULL, "a command; without it, the list of all", CMD_TEXT,
     offsetof(struct opts, topic)},
};

extern const struct cmd cmd_help;

static int run(int argc, char **argv)
{
  struct opts o;
  int st = cmd_parse(&cmd_help, argc, argv, &o, sizeof o);
  if (st != CMD_GO) return st;
  if (!o.topic) {
    help_overview(stdout);
    return CMD_OK;
  }
  const struct cmd *c = cmd_find(o.topic);
  if (!c) return cmd_usage(&cmd_help, "no command \"%s\"", o.topic);
  help_command(stdout, c);
  return CMD_OK;
}

const struct cmd cmd_help = {
    .name = "help",
    .about = "explain a command or a settings section",
    .group = "this program",
    .examples = "practice help\tall commands\npractice help version\twhat one of them takes",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
