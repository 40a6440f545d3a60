/* `practice help`: the way in for people, and for everything that is made from the tables. */
#include <stdio.h>
#include <string.h>

#include "app/help.h"
#include "app/settings.h"

struct opts {
  const char *topic;
};
static const struct cmd_option options[] = {
    {"[TOPIC]", NULL, "a command, a settings section, or \"settings\"; without it, all commands",
     CMD_TEXT, offsetof(struct opts, topic)},
};

extern const struct cmd cmd_help;

static void all_sections(void)
{
  fputs("settings sections (`practice help SECTION` lists their keys):\n\n", stdout);
  for (const struct prac_conf_section *const *s = settings_sections(); *s; s++) {
    int at = printf("  %s", (*s)->path);
    help_wrap(stdout, (*s)->about, at < HELP_COLUMN ? at : HELP_COLUMN + 1, HELP_COLUMN,
              HELP_WIDTH);
  }
}

static int topic(const char *name)
{
  const struct cmd *c = cmd_find(name);
  const struct prac_conf_section *s = settings_find(name);
  if (c)
    help_command(stdout, c);
  else if (s)
    help_section(stdout, s);
  else if (strcmp(name, "settings") == 0)
    all_sections();
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
    .about = "explain a command or a settings section",
    .group = "this program",
    .examples = "practice help\tall commands\npractice help version\twhat one of them "
                "takes\npractice help settings\tthe sections of the settings file",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
