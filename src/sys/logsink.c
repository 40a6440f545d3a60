/* One event is one line is one write: several roles share standard error, and an operator's grep or
 * journal must never see half a sentence. */
#include "sys/logsink.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "sys/wall.h"

enum { LINE_MAX_BYTES = 2048 };
static const char *const level_words[] = {"debug", "info", "warning", "error"};

static void put_words(struct sys_logsink *s, const struct prac_log_event *e, const char *text)
{
  char line[LINE_MAX_BYTES];
  const char *tag = e->level >= PRAC_LOG_ERROR  ? "ERROR: "
                    : e->level >= PRAC_LOG_WARN ? "warning: "
                                                : "";
  bool todo = e->todo && e->todo[0] && e->level >= PRAC_LOG_WARN;
  int n = snprintf(line, sizeof line - 1, "%-14s %s%s%s%s%s", s->who, tag, text, todo ? " [" : "",
                   todo ? e->todo : "", todo ? "]" : "");
  if (n < 0) return;
  size_t len = (size_t)n < sizeof line - 1 ? (size_t)n : sizeof line - 2;
  for (size_t i = 0, hidden; i < len; i++)
    if ((hidden = prac_text_hidden(line + i, len - i)) > 0) memset(line + i, '?', hidden);
  line[len++] = '\n';
  (void)!write(s->fd, line, len);
}

static void put_json(struct sys_logsink *s, const struct prac_log_event *e, const char *text)
{
  struct prac_json j = prac_json_of((size_t)LINE_MAX_BYTES * 2);
  prac_json_open(&j, '{');
  prac_json_key(&j, "time");
  prac_json_time(&j, prac_now(&s->clock));
  prac_json_key(&j, "level");
  prac_json_str(&j, level_words[e->level]);
  prac_json_key(&j, "role");
  prac_json_str(&j, s->who);
  prac_json_key(&j, "event");
  prac_json_str(&j, e->name);
  prac_json_key(&j, "text");
  prac_json_str(&j, text);
  if (e->todo && e->todo[0]) {
    prac_json_key(&j, "todo");
    prac_json_str(&j, e->todo);
  }
  prac_json_close(&j, '}');
  prac_json_newline(&j);
  if (!j.bad) (void)!write(s->fd, j.buf, j.len);
  prac_json_done(&j);
}

static void sink(void *arg, const struct prac_log_event *e, const char *text)
{
  struct sys_logsink *s = arg;
  if (s->json)
    put_json(s, e, text);
  else
    put_words(s, e, text);
}

void sys_logsink_init(struct sys_logsink *s, int fd, enum sys_log_form form, const char *who)
{
  *s = (struct sys_logsink){.fd = fd, .clock = sys_wall_clock()};
  s->json = form == SYS_LOG_JSON || (form == SYS_LOG_AUTO && isatty(fd) != 1);
  (void)snprintf(s->who, sizeof s->who, "%s", who);
}

struct prac_log sys_logsink_log(struct sys_logsink *s, enum prac_log_level least)
{
  return (struct prac_log){.sink = sink, .arg = s, .least = least};
}
