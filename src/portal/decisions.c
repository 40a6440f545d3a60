/* What people decide about alerts. A decision is a record as any other: the portal says it on the
 * bus, the store keeps it, and who decided is answered when it can be read there. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/text.h"
#include "portal/job.h"

/* ---- reading ---- */

void portal_decisions(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  portal_ask(p, r, STORE_RECORDS, &model_decision, NULL, NULL);
}

enum { DECISIONS_MAX = 1000 };
struct about {
  const char *id;
  struct alert alert;
  bool found;
};

static prac_rc take_alert(void *arg, const void *rec, bool *keep)
{
  struct about *a = arg;
  a->alert = *(const struct alert *)rec;
  *keep = a->found = true;
  return PRAC_OK;
}

/* The alert as this reader may see it. */
static prac_rc find_alert(struct portal_job *j, struct store *s, struct about *a,
                          struct prac_err *reterr)
{
  const struct store_query q = {
      .what = STORE_RECORDS, .kind = &model_alert, .id = a->id, .limit = 1};
  PRAC_TRY(portal_records(j, s, &q, take_alert, a, reterr));
  return a->found ? PRAC_OK : PRAC_FAIL(reterr, PRAC_END, "there is no such alert");
}

static prac_rc put_decision(void *arg, const void *rec, bool *keep)
{
  struct portal_job *j = arg;
  const struct about *a = j->ask;
  const struct decision *d = rec;
  (void)keep;
  return strcmp(d->alert, a->id) == 0 ? rows_put_record(&j->rows, &model_decision, d) : PRAC_OK;
}

static prac_rc list(struct portal_job *j, struct store *s, struct prac_err *reterr)
{
  struct about *a = j->ask;
  PRAC_TRY(find_alert(j, s, a, reterr));
  const struct store_query q = {.what = STORE_RECORDS,
                                .kind = &model_decision,
                                .key = a->alert.key,
                                .oldest_first = true,
                                .limit = DECISIONS_MAX + 1};
  return portal_records(j, s, &q, put_decision, j, reterr);
}

void portal_alert_decisions(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct portal_job *j = portal_job_new(p, r, list, sizeof(struct about));
  if (!j) return;
  struct about *a = j->ask;
  a->id = prac_arena_strndup(j->arena, word, strlen(word));
  portal_job_rows(j, DECISIONS_MAX);
  portal_job_put(j, a->id ? PRAC_OK : PRAC_NOMEM, &(struct prac_err){0});
}

/* ---- deciding ---- */

#define DECIDE_FIELDS(F)                                                                           \
  F(STR, act, "", "ack, assign, comment, label, reopen")                                           \
  F(STR, text, "", "assign: to whom; comment; label: which; else why, or empty")
struct decide {
  DECIDE_FIELDS(MODEL_FIELD)
};
#define DESC_DECIDE(...) MODEL_DESC(decide, __VA_ARGS__)
static const struct model_field decide_fields[] = {DECIDE_FIELDS(DESC_DECIDE)};
const struct model_kind portal_decide_kind = {.name = "decide",
                                              .about = "what is decided",
                                              .size = sizeof(struct decide),
                                              .fields = decide_fields,
                                              .n_fields = PRAC_ARRAY_LEN(decide_fields)};

enum { TEXT_MAX = 2000, WORD_MAX = 64, LOOKS = 20 };
struct deciding {
  struct about about;
  struct decision d;
  bool said;
  int looks;
  bool stored;
};

static prac_rc check(const struct decide *b, struct prac_err *err)
{
  static const struct {
    const char *act;
    size_t least, most;
  } acts[] = {{"ack", 0, TEXT_MAX},
              {"assign", 1, WORD_MAX},
              {"comment", 1, TEXT_MAX},
              {"label", 1, WORD_MAX},
              {"reopen", 0, TEXT_MAX}};
  const char *act = b && b->act ? b->act : "", *text = b && b->text ? b->text : "";
  for (size_t i = 0; i < PRAC_ARRAY_LEN(acts); i++) {
    if (strcmp(act, acts[i].act) != 0) continue;
    size_t n = strlen(text);
    if (n < acts[i].least || n > acts[i].most)
      return PRAC_FAIL(err, PRAC_RANGE, "%s needs a text of %zu to %zu bytes", act, acts[i].least,
                       acts[i].most);
    if (!prac_text_plain(text))
      return PRAC_FAIL(err, PRAC_MALFORMED, "the text holds characters that do not show");
    return PRAC_OK;
  }
  return PRAC_FAIL(err, PRAC_MALFORMED, "act is one of ack, assign, comment, label, reopen");
}

static const char *copy(struct portal_job *j, const char *s)
{
  return prac_arena_strndup(j->arena, s ? s : "", s ? strlen(s) : 0);
}

/* All but what is copied from the alert. */
static prac_rc begin(struct portal_job *j, const struct access_who *who, const struct decide *b,
                     const char *alert)
{
  struct deciding *g = j->ask;
  uint64_t v;
  char id[24];
  if (getrandom(&v, sizeof v, 0) != sizeof v) return PRAC_NOMEM;
  (void)snprintf(id, sizeof id, "d%016" PRIx64, v);
  g->d = (struct decision){.id = copy(j, id),
                           .alert = copy(j, alert),
                           .act = copy(j, b->act),
                           .text = copy(j, b->text),
                           .user = copy(j, who->user),
                           .org = copy(j, who->org)};
  g->about.id = g->d.alert;
  bool ok = g->d.id && g->d.alert && g->d.act && g->d.text && g->d.user && g->d.org;
  return ok ? PRAC_OK : PRAC_NOMEM;
}

void portal_subject(const char *kind, const char *org, char to[96])
{
  size_t n = (size_t)snprintf(to, 96, "%.14s.", kind);
  for (const char *s = *org ? org : "local"; *s && n < 80; s++) {
    bool plain = (*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '-' || *s == '_';
    to[n++] = plain ? *s : '_';
  }
  to[n] = 0;
}

static prac_rc say(struct portal_job *j, struct prac_err *reterr)
{
  struct deciding *g = j->ask;
  const struct portal_env *e = &j->p->env;
  char subject[96];
  if (g->said) return PRAC_OK;
  portal_subject(model_decision.name, g->d.org, subject);
  g->said = true;
  return e->say(e->say_arg, &model_decision, &g->d, subject, g->d.id, reterr);
}

static prac_rc stored(void *arg, const void *rec, bool *keep)
{
  struct deciding *g = arg;
  (void)rec, (void)keep;
  g->stored = true;
  return PRAC_OK;
}

/* First: what it is about. Then it is said, and looked for in the store for a few seconds. */
static prac_rc decide(struct portal_job *j, struct store *s, struct prac_err *reterr)
{
  struct deciding *g = j->ask;
  const struct alert *a = &g->about.alert;
  if (!g->about.found) {
    PRAC_TRY(find_alert(j, s, &g->about, reterr));
    g->d.alert_revision = a->revision;
    g->d.key = a->key;
    g->d.kind = a->kind;
    g->d.tlp = a->tlp;
    g->d.country = a->country;
    g->d.asn = a->asn;
    g->d.hosts = a->hosts;
    return PRAC_AGAIN;
  }
  const struct store_query q = {
      .what = STORE_RECORDS, .kind = &model_decision, .id = g->d.id, .limit = 1};
  PRAC_TRY(portal_records(j, s, &q, stored, g, reterr));
  if (!g->stored && g->looks++ < LOOKS) return PRAC_AGAIN;
  model_to_json(&model_decision, &g->d, &j->rows.j);
  return PRAC_OK;
}

void portal_decide(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct prac_err err = {0};
  const struct decide *b = portal_body(r);
  if (!p->env.say) {
    portal_send_error(r, 503, "no_bus", "nothing can be decided here: there is no bus");
    return;
  }
  struct portal_job *j = portal_job_new(p, r, decide, sizeof(struct deciding));
  if (!j) return;
  struct deciding *g = j->ask;
  j->outside = say;
  prac_rc rc = check(b, &err);
  if (rc == PRAC_OK) rc = begin(j, portal_who(r), b, word);
  pthread_mutex_lock(&p->lock);
  g->d.at = p->env.clock ? prac_now(p->env.clock) : live_event_time(p->live);
  pthread_mutex_unlock(&p->lock);
  portal_job_put(j, rc, &err);
}
