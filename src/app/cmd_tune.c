/* `practice tune`: what would other thresholds have alerted? Hits from the store or a file are
 * played again through them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cmd.h"
#include "app/settings.h"
#include "app/stop.h"
#include "app/tune.h"
#include "app/where.h"
#include "base/conf_value.h"
#include "store/store.h"

struct opts {
  const char *store, *hits, *config, *profile, *tenant, *alarms;
  struct cmd_many set, prefix;
  int against;
  int64_t slack_ns;
  bool json;
  prac_time from, to;
};
enum { AGAINST_STORED, AGAINST_SETTINGS };
static const char *const against_words[] = {"stored", "settings", NULL};
static const struct cmd_option options[] = {
    {"--set", "KEY=VALUE", "a changed setting, episode.threshold=50; may be repeated", CMD_MANY,
     offsetof(struct opts, set)},
    {"--profile", "NAME", "whose definition alerts: isp, amppot, hopscotch, mph", CMD_TEXT,
     offsetof(struct opts, profile)},
    {"--tenant", "NAME", "only what concerns the prefixes of this tenant of the settings", CMD_TEXT,
     offsetof(struct opts, tenant)},
    {"--prefix", "PREFIX", "only what concerns this prefix; may be repeated", CMD_MANY,
     offsetof(struct opts, prefix)},
    {"--alarms", "FILE", "the operator's own alarms, CSV: start,end,victim", CMD_TEXT,
     offsetof(struct opts, alarms)},
    {"--slack", "TIME", "times so far apart still fit", CMD_DURATION,
     offsetof(struct opts, slack_ns), .dflt = "5m", .lo = 0, .hi = 86400},
    {"--against", "WHAT",
     "compare with the stored alerts or with the settings as they are; else stored, with --hits "
     "settings",
     CMD_WORD, offsetof(struct opts, against), .words = against_words},
    {"--store", "WHERE",
     "directory of the store; or http://HOST:PORT/DATABASE of ClickHouse, or clickhouse", CMD_TEXT,
     offsetof(struct opts, store), .dflt = "./practice-data/store"},
    {"--hits", "FILE", "hits as JSON lines instead of the store's; -: standard input", CMD_TEXT,
     offsetof(struct opts, hits)},
    {"--config", "FILE", "settings", CMD_TEXT, offsetof(struct opts, config)},
    {"--json", NULL, "one JSON object", CMD_FLAG, offsetof(struct opts, json)},
    {"[FROM]", NULL, "alerts that started at this time or later", CMD_TIME,
     offsetof(struct opts, from)},
    {"[TO]", NULL, "... and before this one", CMD_TIME, offsetof(struct opts, to)},
};
extern const struct cmd cmd_tune;

/* ---- settings ---- */

static const struct prac_conf_item *item_of(const struct prac_conf_section *s, const char *key,
                                            size_t n)
{
  for (size_t i = 0; i < s->n_items; i++)
    if (strlen(s->items[i].key) == n && memcmp(s->items[i].key, key, n) == 0) return &s->items[i];
  return NULL;
}

/* "episode.threshold=50"; the room's name may be left out. */
static prac_rc set_one(struct tune *t, const char *text, struct epi_conf *c, struct prac_err *err)
{
  const struct prac_conf_section *s = &epi_conf_section;
  const char *eq = strchr(text, '=');
  size_t room = strlen(s->path) + 1;
  const char *key = strncmp(text, "episode.", room) == 0 ? text + room : text;
  const struct prac_conf_item *it = eq > key ? item_of(s, key, (size_t)(eq - key)) : NULL;
  if (!it)
    return PRAC_FAIL(err, PRAC_UNKNOWN,
                     "--set %.80s: not a setting of episodes; see `practice settings episode`",
                     text);
  struct prac_conf_where w = {.file = "--set", .path = s->path, .a = t->mem, .err = err};
  struct prac_conf_node *node = NULL;
  PRAC_TRY(prac_conf_tree_parse(eq + 1, strlen(eq + 1), "--set", t->mem, &node, err));
  if (!node) return PRAC_FAIL(err, PRAC_MALFORMED, "--set %.80s: a value is missing", text);
  return prac_conf_value_set(&w, it, node, c);
}

static prac_rc changed_conf(struct tune *t, const struct opts *o, struct epi_conf *c,
                            struct prac_err *err)
{
  for (size_t i = 0; i < o->set.n; i++) PRAC_TRY(set_one(t, o->set.v[i], c, err));
  if (!o->profile) return PRAC_OK;
  const char **v = prac_arena_alloc(t->mem, sizeof *v);
  if (!v) return PRAC_FAIL(err, PRAC_NOMEM, "no memory for the replay");
  v[0] = o->profile;
  c->alert = c->profiles = (struct prac_conf_strings){v, 1};
  return PRAC_OK;
}

/* Whose section `tenants` is, is not known here: its table says where name and prefixes are. */
static prac_rc tenant_prefixes(const struct prac_conf *conf, const char *name,
                               struct prac_conf_prefixes *ret, struct prac_err *err)
{
  const struct prac_conf_section *s = settings_find("tenants");
  const struct prac_conf_item *who = s ? item_of(s, "name", 4) : NULL;
  const struct prac_conf_item *what = s ? item_of(s, "prefixes", 8) : NULL;
  size_t n = who && what && who->type == PRAC_CONF_STRING && what->type == PRAC_CONF_PREFIXES
                 ? prac_conf_count(conf, "tenants")
                 : 0;
  for (size_t i = 0; i < n; i++) {
    const char *row = prac_conf_get(conf, "tenants", i);
    if (strcmp(*(const char *const *)(const void *)(row + who->offset), name) != 0) continue;
    *ret = *(const struct prac_conf_prefixes *)(const void *)(row + what->offset);
    if (ret->n == 0)
      return PRAC_FAIL(err, PRAC_RANGE, "tenant %s has no prefixes; name some by --prefix", name);
    return PRAC_OK;
  }
  return PRAC_FAIL(err, PRAC_UNKNOWN, "no tenant %s in the settings", name);
}

static prac_rc own_prefixes(struct tune *t, const struct cmd_many *m, struct prac_err *err)
{
  struct prac_prefix *v = prac_arena_alloc(t->mem, m->n * sizeof *v);
  if (!v) return PRAC_FAIL(err, PRAC_NOMEM, "no memory for the replay");
  for (size_t i = 0; i < m->n; i++)
    if (prac_prefix_parse(m->v[i], strlen(m->v[i]), &v[i]) != PRAC_OK)
      return PRAC_FAIL(err, PRAC_MALFORMED, "--prefix %.60s: not an address or a prefix", m->v[i]);
  t->only = (struct prac_conf_prefixes){v, m->n};
  return PRAC_OK;
}

static prac_rc setup(struct tune *t, const struct opts *o, const struct prac_conf *conf,
                     bool stored, struct prac_err *err)
{
  struct epi_conf now = *(const struct epi_conf *)prac_conf_get(conf, "episode", 0), changed = now;
  PRAC_TRY(changed_conf(t, o, &changed, err));
  if (o->tenant) PRAC_TRY(tenant_prefixes(conf, o->tenant, &t->only, err));
  if (o->prefix.n) PRAC_TRY(own_prefixes(t, &o->prefix, err));
  struct tune_side *a = &t->side[TUNE_NOW], *b = &t->side[TUNE_CHANGED];
  a->name = stored ? "stored" : "settings";
  b->name = "changed";
  a->tune = b->tune = t;
  if (!stored) PRAC_TRY(epi_desk_new(&now, NULL, tune_sink, a, &a->desk, err));
  PRAC_TRY(epi_desk_new(&changed, NULL, tune_sink, b, &b->desk, err));
  if (!o->alarms) return PRAC_OK;
  FILE *f = fopen(o->alarms, "rbe");
  if (!f) return PRAC_FAIL(err, PRAC_IO, "%s: %s", o->alarms, strerror(errno));
  prac_rc rc = tune_alarms_read(t, f, o->alarms, err);
  fclose(f);
  return rc;
}

/* ---- input ---- */

struct row {
  struct tune *t;
  const struct epi_conf *conf; /* episodes: whose profiles count */
  struct prac_err *err;
};

static prac_rc on_hit(void *arg, const struct store_col *cols, size_t n,
                      const struct store_value *v)
{
  struct row *r = arg;
  (void)cols;
  (void)n;
  if (stop_asked()) return PRAC_FAIL(r->err, PRAC_STOPPED, "stopped");
  return tune_take(r->t, v[0].s, strlen(v[0].s), r->err);
}

static prac_rc on_episode(void *arg, const struct store_col *cols, size_t n,
                          const struct store_value *v)
{
  struct row *r = arg;
  struct episode e;
  (void)cols;
  (void)n;
  prac_arena_reset(r->t->line);
  PRAC_TRY(model_from_json(&model_episode, v[0].s, strlen(v[0].s), r->t->line, &e, r->err));
  for (size_t i = 0; i < r->conf->alert.n; i++)
    if (strcmp(r->conf->alert.v[i], e.profile) == 0) return tune_stored(r->t, &e);
  return PRAC_OK;
}

/* Hits from an hour before, so that what was already going on is known as such. */
static prac_rc from_store(struct tune *t, const struct opts *o, const struct prac_conf *conf,
                          bool stored, struct prac_err *err)
{
  struct store s;
  struct store_env env = {.dir = o->store, .read_only = true, .nthreads = 1};
  struct row row = {t, prac_conf_get(conf, "episode", 0), err};
  struct store_query q = {.what = STORE_RECORDS,
                          .kind = &model_episode,
                          .span = t->span,
                          .limit = UINT32_MAX,
                          .oldest_first = true};
  PRAC_TRY(where_open(o->store, conf, &env, &s, err));
  prac_rc rc = stored ? s.ops->query(s.st, &q, on_episode, &row, err) : PRAC_OK;
  q.kind = &model_hit;
  q.span = t->span;
  if (q.span.from != PRAC_TIME_NONE) q.span.from -= PRAC_HOUR;
  if (rc == PRAC_OK) rc = s.ops->query(s.st, &q, on_hit, &row, err);
  store_close(&s);
  return rc;
}

static prac_rc from_file(struct tune *t, const char *name, struct prac_err *err)
{
  bool std = strcmp(name, "-") == 0;
  FILE *f = std ? stdin : fopen(name, "rbe");
  if (!f) return PRAC_FAIL(err, PRAC_IO, "%s: %s", name, strerror(errno));
  char *line = NULL;
  size_t cap = 0;
  prac_rc rc = PRAC_OK;
  for (ssize_t n; rc == PRAC_OK && !stop_asked() && (n = getline(&line, &cap, f)) > 0;)
    if (line[strspn(line, " \t\r\n")]) rc = tune_take(t, line, (size_t)n, err);
  if (rc == PRAC_OK && ferror(f)) rc = PRAC_FAIL(err, PRAC_IO, "%s: cannot be read", name);
  free(line);
  if (!std) fclose(f);
  return rc;
}

/* ---- the command ---- */

static prac_rc work(struct tune *t, const struct opts *o, struct prac_err *err)
{
  struct prac_conf *conf = NULL;
  bool stored = o->against < 0 ? !o->hits : o->against == AGAINST_STORED;
  t->mem = prac_arena_new(1 << 14);
  t->line = prac_arena_new(1 << 14);
  if (!t->mem || !t->line) return PRAC_FAIL(err, PRAC_NOMEM, "no memory for the replay");
  PRAC_TRY(settings_load(o->config, &conf, err));
  prac_rc rc = setup(t, o, conf, stored, err);
  if (rc == PRAC_OK)
    rc = o->hits ? from_file(t, o->hits, err) : from_store(t, o, conf, stored, err);
  if (rc == PRAC_OK) rc = tune_finish(t, err);
  if (rc == PRAC_OK && !o->json) tune_print(t, stdout);
  if (rc == PRAC_OK && o->json) rc = tune_print_json(t, stdout);
  prac_conf_free(&conf);
  return rc;
}

static int run(int argc, char **argv)
{
  struct opts o;
  struct prac_err err = {0};
  int st = cmd_parse(&cmd_tune, argc, argv, &o, sizeof o);
  if (st != CMD_GO) return st;
  if (o.hits && o.against == AGAINST_STORED)
    return cmd_usage(&cmd_tune, "--hits has no stored alerts: --against settings");
  struct tune *t = calloc(1, sizeof *t);
  if (!t) return CMD_ENVIRONMENT;
  t->span = (struct prac_span){o.from, o.to};
  t->slack_ns = o.slack_ns;
  t->first = t->last = PRAC_TIME_NONE;
  stop_install();
  prac_rc rc = work(t, &o, &err);
  st = rc == PRAC_OK ? CMD_OK : cmd_fail(&err);
  tune_done(t);
  free(t);
  return st;
}

const struct cmd cmd_tune = {
    .name = "tune",
    .about = "what other thresholds would have alerted, by stored hits",
    .group = "ask it",
    .text =
        "Plays hits again through changed settings of `episode` and compares: alerts gained and "
        "lost against the stored ones (or against the settings as they are). With the operator's "
        "own alarms it also says how many alerts fit one (precision), how many alarms were seen "
        "(recall), both with Wilson's 95 % interval, and how long before the alarm the alert came "
        "(median, with an interval from order statistics). An episode that belongs to a carpet or "
        "to several vectors is counted as its parent.\n\n"
        "Alarms are lines start,end,victim; the victim may be a prefix.",
    .examples =
        "practice tune --set threshold=50 2026-04-01 2026-05-01\ta month at half the threshold\n"
        "practice tune --profile amppot --alarms alarms.csv\tAmpPot's definition against alarms\n"
        "practice tune --hits hits.jsonl --set fast-packets=10 --json\ta file, for a program",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
