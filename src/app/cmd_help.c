/* `practice help`: the way in for people, and for everything that is made from the tables. */
#include <stdio.h>
#include <string.h>

#include "app/events.h"
#include "app/help.h"
#include "app/settings.h"
#include "app/settings_print.h"

struct opts {
  const char *topic;
};
static const struct cmd_option options[] = {
    {"[TOPIC]", NULL, "a command, a settings section or \"events\"; without it, all commands",
     CMD_TEXT, offsetof(struct opts, topic)},
};

extern const struct cmd cmd_help;

static int topic(const char *name)
{
  const struct cmd *c = cmd_find(name);
  const struct prac_conf_section *s = settings_find(name);
  if (c)
    help_command(stdout, c);
  else if (s)
    settings_print(stdout, s);
  else if (strcmp(name, "events") == 0)
    events_print(stdout);
  else
    return cmd_usage(&cmd_help, "no command and no settings section \"%s\"", name);
  return CMD_OK;
}

static int run(int argc, char **argv)
{
  struct opts o;
  int st = cmd_parse(&cmd_help, argc, argv, &o, sizeof o);
  if (st != CMD_GO) return st;
  if (!o.topic) {
    help_overview(stdout);
    return CMD_OK;
  }
  return topic(o.topic);
}

const struct cmd cmd_help = {
    .name = "help",
    .about = "explain a command, a settings section, the log events",
    .group = "this program",
    .examples = "practice help\tall commands\npractice help version\twhat one of them "
                "takes\npractice help lookup\tthe settings of one section\npractice help "
                "events\twhat the log may say, and what to do then",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
