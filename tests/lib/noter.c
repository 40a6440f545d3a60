/* The set-up that tests of the notifier share. */
#include "lib/noter.h"

#include "lib/t.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/settings.h"

struct noter noter;

prac_rc noter_way_open(void *st, const struct note_env *env, struct prac_err *reterr)
{
  (void)st, (void)env, (void)reterr;
  return PRAC_OK;
}
void noter_way_close(void *st)
{
  (void)st;
}

void noter_pump(int64_t later_ns)
{
  struct prac_err err = {0};
  bool busy;
  noter.wall += later_ns;
  if (note_pump(noter.core, noter.wall, &busy, &err) != PRAC_OK) fail_msg("%s", err.text);
}

void noter_reopen(void)
{
  struct prac_err err = {0};
  note_close(&noter.core);
  noter.env.at = noter.wall;
  if (note_open(&noter.env, &noter.core, &err) != PRAC_OK) fail_msg("%s", err.text);
  noter_pump(0);
}

void noter_begin(const char *yaml, prac_time wall, const struct note_core_env *env)
{
  struct prac_err err = {0};
  noter = (struct noter){.env = *env, .wall = wall};
  (void)snprintf(noter.dir, sizeof noter.dir, "/tmp/note-XXXXXX");
  assert_non_null(mkdtemp(noter.dir));
  if (prac_conf_parse(yaml, strlen(yaml), "made", settings_sections(), &noter.conf, &err) !=
      PRAC_OK)
    fail_msg("%s", err.text);
  noter.env.settings = noter.conf;
  noter.env.dir = noter.dir;
  noter.env.host = "csirt.example";
  noter.env.seed = 1;
  noter_reopen();
}

int noter_end(void)
{
  char cmd[128];
  note_close(&noter.core);
  prac_conf_free(&noter.conf);
  (void)snprintf(cmd, sizeof cmd, "rm -rf %s", noter.dir);
  return system(cmd);
}

void noter_take(const struct model_kind *k, const void *rec)
{
  struct prac_err err = {0};
  prac_rc rc = note_take(noter.core, ++noter.seq, k, rec, &err);
  if (rc == PRAC_OK) rc = note_commit(noter.core, &err);
  if (rc != PRAC_OK) fail_msg("%s", err.text);
}

void noter_attack(const char *id)
{
  struct episode e = note_start();
  e.id = id;
  noter_take(&model_episode, &e);
}

uint64_t noter_counted(const char *name)
{
  struct prac_counters c = note_counters(noter.core);
  for (size_t i = 0; i < c.n; i++)
    if (strcmp(c.defs[i].name, name) == 0) return prac_counter_get(&c.values[i]);
  fail_msg("no counter %s", name);
  return 0;
}

struct subscription noter_subscription(const char *id)
{
  return (struct subscription){.id = id,
                               .at = noter.wall,
                               .state = "on",
                               .user = "u",
                               .org = "o",
                               .title = "ours",
                               .language = "en",
                               .zone = "UTC",
                               .scope = "*",
                               .clearance = "TLP:AMBER",
                               .attacks = true,
                               .alerts = true,
                               .severity = "notice",
                               .max_per_hour = 60,
                               .digest_s = 600,
                               .url = "https://h.example/",
                               .secret = "k"};
}

__attribute__((format(printf, 2, 0))) static void add(struct noter_heard *h, const char *form,
                                                      va_list v)
{
  int n = vsnprintf(h->text + h->n, sizeof h->text - h->n, form, v);
  assert_true(n >= 0 && (size_t)n < sizeof h->text - h->n);
  h->n += (size_t)n;
}

void noter_hear(struct noter_heard *h, const char *form, ...)
{
  va_list v;
  if (h->n) noter_more(h, ", ");
  va_start(v, form);
  add(h, form, v);
  va_end(v);
}

void noter_more(struct noter_heard *h, const char *form, ...)
{
  va_list v;
  va_start(v, form);
  add(h, form, v);
  va_end(v);
}

void noter_expect(struct noter_heard *h, const char *want)
{
  assert_string_equal(h->text, want);
  noter_forget(h);
}

void noter_forget(struct noter_heard *h)
{
  h->n = 0;
  h->text[0] = '\0';
}
