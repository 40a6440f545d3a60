/* Every table of the program is sound: a mistake in one shows here, not when somebody uses it. */
#include "lib/t.h"

#include <stdio.h>
#include <string.h>

#include "app/settings.h"
#include "bus/bus.h"
#include "capture/core.h"
#include "engine/engine.h"
#include "model/field.h"
#include "notify/way.h"
#include "store/store.h"

static bool name_ok(const char *s)
{
  size_t n = s ? strlen(s) : 0;
  return n > 0 && n <= 31 && s[0] >= 'a' && s[0] <= 'z' &&
         strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n;
}
static bool sentence_ok(const char *s)
{
  return s && s[0] && !strchr(s, '\n');
}
static void check(bool holds, const char *table, const char *row, const char *law)
{
  if (!holds) fail_msg("%s, %s: %s", table, row ? row : "?", law);
}

static void check_counters(const char *table, const struct prac_counter_def *d, size_t n)
{
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  for (size_t i = 0; i < n; i++) {
    const char *row = d[i].name;
    check(row && strspn(row, letters) == strlen(row), table, row, "a counter's name is one word");
    check(sentence_ok(d[i].unit), table, row, "a counter has a unit (\"1\" if none)");
    check(sentence_ok(d[i].help), table, row, "a counter has a sentence");
    for (size_t k = 0; k < i; k++)
      check(strcmp(d[k].name, row) != 0, table, row, "counters have different names");
  }
}

/* What all plug-ins share, of whichever kind. */
static void check_plugin(const char *room, const char *name, const char *about,
                         const struct prac_conf_section *conf, size_t state_size)
{
  char path[80];
  check(name_ok(name), room, name, "a plug-in's name is short and plain");
  check(sentence_ok(about), room, name, "a plug-in says what it is");
  check(state_size > 0, room, name, "the core gives every plug-in some state");
  if (!conf) return;
  snprintf(path, sizeof path, "%s.%s", room, name);
  check(strcmp(conf->path, path) == 0, room, name, "its settings are the section ROOM.NAME");
}

static void engines(void **s)
{
  (void)s;
  for (const struct eng_ops *const *e = eng_list; *e; e++) {
    const char *name = (*e)->name;
    check_plugin("engine", name, (*e)->about, (*e)->conf, (*e)->state_size);
    check_counters(name, (*e)->counters, (*e)->n_counters);
    check(sentence_ok((*e)->version), "engine", name, "an engine has a version");
    check((*e)->conf && (*e)->slot_ns && (*e)->feed && (*e)->close_slot, "engine", name,
          "an engine has settings, a slot, feed and close_slot");
    check(!(*e)->save == !(*e)->load, "engine", name, "save and load come together");
    check(eng_find(name) == *e, "engine", name, "names are unique");
  }
  assert_null(eng_find("no-such"));
}

static void buses(void **s)
{
  (void)s;
  for (const struct bus_ops *const *b = bus_list; *b; b++) {
    const char *name = (*b)->name;
    check_plugin("bus", name, (*b)->about, (*b)->conf, (*b)->state_size);
    check((*b)->open && (*b)->publish && (*b)->flush && (*b)->subscribe && (*b)->fetch &&
              (*b)->ack && (*b)->close,
          "bus", name, "a bus does all seven things");
    check(bus_find(name) == *b, "bus", name, "names are unique");
  }
  assert_null(bus_find("no-such"));
}

static void sources(void **s)
{
  (void)s;
  for (const struct cap_source *const *c = cap_sources; *c; c++) {
    const char *name = (*c)->name;
    check_plugin("capture", name, (*c)->about, (*c)->conf, (*c)->state_size);
    check((*c)->claims && (*c)->open && (*c)->next && (*c)->stats && (*c)->close, "capture", name,
          "a source does all five things");
    check((*c)->claims("nothing", NULL, 0) >= 0, "capture", name,
          "claims looks at no byte of none");
    check(cap_source_find(name) == *c, "capture", name, "names are unique");
  }
  assert_null(cap_source_find("no-such"));
  check_counters("capture", cap_counter_defs, cap_counter_count);
}

static void stores(void **s)
{
  (void)s;
  for (const struct store_ops *const *l = store_list; *l; l++) {
    const char *name = (*l)->name;
    check_plugin("store", name, (*l)->about, (*l)->conf, (*l)->state_size);
    check((*l)->open && (*l)->append && (*l)->position && (*l)->query && (*l)->batches &&
              (*l)->close,
          "store", name, "a store does all six things");
    check(store_find(name) == *l, "store", name, "names are unique");
  }
  assert_null(store_find("no-such"));
}

static void ways(void **s)
{
  (void)s;
  for (const struct note_way *const *w = note_ways; *w; w++) {
    const char *name = (*w)->name;
    check_plugin("notify", name, (*w)->about, (*w)->conf, (*w)->state_size);
    check_counters(name, (*w)->counters, (*w)->n_counters);
    check((*w)->open && (*w)->send && (*w)->close, "notify", name, "a way opens, sends and closes");
    check(note_way_find(name) == *w, "notify", name, "names are unique");
  }
  assert_null(note_way_find("no-such"));
}

static void records(void **s)
{
  (void)s;
  for (const struct model_kind *const *k = model_kinds; *k; k++) {
    const char *name = (*k)->name;
    bool key = false;
    check(name_ok(name) && sentence_ok((*k)->about), "model", name, "a record has name, sentence");
    check(model_kind_find(name, strlen(name)) == *k, "model", name, "names are unique");
    for (size_t i = 0; i < (*k)->n_fields; i++) {
      const struct model_field *f = &(*k)->fields[i];
      check(name_ok(f->name) && f->offset < (*k)->size, name, f->name,
            "a field lies in its struct");
      check(f->type < MODEL_TYPE_COUNT_, name, f->name, "a field has a known type");
      key |= strcmp(f->name, (*k)->key) == 0;
      for (size_t j = 0; j < i; j++)
        check(strcmp((*k)->fields[j].name, f->name) != 0, name, f->name, "fields differ in name");
    }
    check(key, "model", name, "its key is one of its fields");
  }
}

static void settings(void **s)
{
  (void)s;
  struct prac_conf *c = NULL;
  struct prac_err e = {.text = ""};
  if (settings_load(NULL, &c, &e) != PRAC_OK) fail_msg("the defaults: %s", e.text);
  for (const struct prac_conf_section *const *l = settings_sections(); *l; l++) {
    const char *path = (*l)->path;
    check(settings_find(path) == *l, "settings", path, "paths are unique");
    check((*l)->many || prac_conf_get(c, path, 0), "settings", path, "the defaults fill it");
    for (size_t i = 0; i < (*l)->n_items; i++) {
      const struct prac_conf_item *it = &(*l)->items[i];
      check(name_ok(it->key) && !strchr(it->key, '_'), path, it->key,
            "a key is short and plain, its words joined by hyphens");
      check(sentence_ok(it->help), path, it->key, "a key has a sentence");
      check(it->offset < (*l)->size, path, it->key, "a key lies in its struct");
      for (size_t k = 0; k < i; k++)
        check(strcmp((*l)->items[k].key, it->key) != 0 && (*l)->items[k].offset != it->offset, path,
              it->key, "keys differ in name and place");
    }
  }
  prac_conf_free(&c);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(engines),  cmocka_unit_test(buses), cmocka_unit_test(sources),
      cmocka_unit_test(stores),   cmocka_unit_test(ways),  cmocka_unit_test(records),
      cmocka_unit_test(settings),
  };
  return cmocka_run_group_tests_name("tables", t, NULL, NULL);
}
