/* `practice help events`: what the log may say, and what to do then. */
#include "app/events.h"
#include "app/help.h"

enum { LEVEL_COLUMN = 25, TODO_COLUMN = 34 };

const char *events_level(enum prac_log_level level)
{
  static const char *const words[] = {"debug", "info", "warning", "error"};
  return words[level];
}

const char *events_todo(const struct prac_log_event *e)
{
  return e->todo[0] ? e->todo : "nothing to do";
}

void events_print(FILE *to)
{
  fputs(
      "Log events: what the program says on standard error. On a terminal in words; elsewhere one\n"
      "JSON object a line, with the event's name under \"event\" and its level under "
      "\"level\".\n\n",
      to);
  fprintf(to, "  %-*s%-*s%s\n", LEVEL_COLUMN - 2, "event", TODO_COLUMN - LEVEL_COLUMN, "level",
          "what to do");
  for (size_t i = 0; i < events_count; i++) {
    const struct prac_log_event *e = &events_list[i];
    int name =
        fprintf(to, "  %-*s ", LEVEL_COLUMN - 3, e->name); /* a long one takes its level's room */
    fprintf(to, "%-*s ", TODO_COLUMN - name - 1, events_level(e->level));
    help_wrap(to, events_todo(e), TODO_COLUMN, TODO_COLUMN, HELP_WIDTH);
  }
}
