/* A reader's own part of the world. The reader's scope only says what to ask for: that nothing else
 * comes back is the store's business. A reader of the whole world names a country or a network. */
#include <stdio.h>
#include <string.h>

#include "portal/job.h"
#include "portal/record.h"

enum { PARTS_MAX = 16, ROWS_MAX = 20 };
struct part {
  char name[PRAC_IP_TEXT];
  const char *kind;
  struct store_query q; /* its filter */
};
struct mine {
  struct part parts[PARTS_MAX];
  size_t n_parts;
  bool all; /* a reader of the whole world */
  struct prac_span span;
  prac_time since;
};

/* ---- what is own ---- */

static struct part *next_part(struct mine *m, const char *kind)
{
  if (m->n_parts == PARTS_MAX) return NULL;
  struct part *p = &m->parts[m->n_parts++];
  p->kind = kind;
  return p;
}

static prac_rc add_country(struct mine *m, const char *country, struct prac_arena *a)
{
  struct part *p = next_part(m, "country");
  if (!p) return PRAC_OK;
  (void)snprintf(p->name, sizeof p->name, "%s", country);
  p->q.country = prac_arena_strndup(a, country, 2);
  return p->q.country ? PRAC_OK : PRAC_NOMEM;
}

static void add_asn(struct mine *m, uint32_t asn)
{
  struct part *p = next_part(m, "asn");
  if (!p) return;
  (void)snprintf(p->name, sizeof p->name, "AS%u", asn);
  p->q.asn = asn;
}

static prac_rc own_parts(struct mine *m, const struct access_scope *s, const struct store_query *q,
                         struct prac_arena *a)
{
  m->all = s->all;
  if (m->all && q->country) PRAC_TRY(add_country(m, q->country, a));
  if (m->all && q->asn) add_asn(m, q->asn);
  for (uint32_t i = 0; i < s->n_countries; i++) {
    const char text[3] = {(char)(s->countries[i] >> 8), (char)(s->countries[i] & 0xff), 0};
    PRAC_TRY(add_country(m, text, a));
  }
  for (uint32_t i = 0; i < s->n_asns; i++) add_asn(m, s->asns[i]);
  for (uint32_t i = 0; i < s->n_prefixes; i++) {
    struct part *p = next_part(m, "prefix");
    if (!p) break;
    (void)prac_prefix_text(p->name, &s->prefixes[i]);
    p->q.src = s->prefixes[i];
  }
  return PRAC_OK;
}

/* ---- its sources ---- */

struct sum {
  uint64_t packets, sources;
};

static prac_rc take_sum(void *arg, const struct store_col *cols, size_t n,
                        const struct store_value *v)
{
  struct sum *s = arg;
  const struct store_value *packets = portal_value("packets", cols, n, v),
                           *sources = portal_value("sources", cols, n, v);
  if (packets && sources) *s = (struct sum){packets->u, sources->u};
  return PRAC_OK;
}

static prac_rc take_hour(void *arg, const struct store_col *cols, size_t n,
                         const struct store_value *v)
{
  struct prac_json *j = arg;
  const struct store_value *at = portal_value("at", cols, n, v);
  struct sum s = {0};
  PRAC_TRY(take_sum(&s, cols, n, v));
  prac_json_open(j, '{');
  prac_json_key_time(j, "at", at ? at->t : PRAC_TIME_NONE);
  prac_json_key_u64(j, "packets", s.packets);
  prac_json_key_u64(j, "sources", s.sources);
  prac_json_close(j, '}');
  return PRAC_OK;
}

static prac_rc put_sum(struct prac_json *j, const char *key, struct store *s, struct store_query q,
                       struct prac_err *err)
{
  struct sum sum = {0};
  q.what = q.src.bits ? STORE_TOP_SCAN : STORE_TOP;
  PRAC_TRY(s->ops->query(s->st, &q, take_sum, &sum, err));
  prac_json_key(j, key);
  prac_json_open(j, '{');
  prac_json_key_u64(j, "packets", sum.packets);
  prac_json_key_u64(j, "sources", sum.sources);
  prac_json_close(j, '}');
  return PRAC_OK;
}

/* Now, as long before, and both by the hour. */
static prac_rc put_part(struct prac_json *j, struct store *s, const struct mine *m,
                        const struct part *p, struct prac_err *err)
{
  struct store_query q = p->q;
  prac_json_open(j, '{');
  prac_json_key_str(j, "kind", p->kind);
  prac_json_key_str(j, "name", p->name);
  q.span = m->span;
  PRAC_TRY(put_sum(j, "now", s, q, err));
  q.span = (struct prac_span){m->span.from - (m->span.to - m->span.from), m->span.from};
  PRAC_TRY(put_sum(j, "before", s, q, err));
  q.span.to = m->span.to;
  q.what = STORE_SERIES;
  q.step_ns = PRAC_HOUR;
  prac_json_key(j, "hours");
  prac_json_open(j, '[');
  PRAC_TRY(s->ops->query(s->st, &q, take_hour, j, err));
  prac_json_close(j, ']');
  prac_json_close(j, '}');
  return PRAC_OK;
}

/* ---- what is said of it ---- */

enum list { VICTIMS, SURGES, GROUPS, LIST_COUNT_ };
struct lister {
  struct portal_job *job;
  const struct mine *m;
  enum list which;
  struct portal_attacks *attacks;
  size_t n, open, fresh; /* of all: how many; still going on; begun since `since` */
};

static void note(struct lister *l, bool open, prac_time began)
{
  l->open += open;
  l->fresh += l->m->since != PRAC_TIME_NONE && began >= l->m->since;
}

static prac_rc take_victims(void *arg, const void *const *recs, size_t n, struct prac_err *err)
{
  struct lister *l = arg;
  for (size_t i = 0; i < n; i++) {
    const struct episode *e = recs[i];
    bool listed = false;
    PRAC_TRY(portal_attack_listed(l->attacks, e, &listed, err));
    if (!listed) continue;
    note(l, strcmp(e->state, "end") != 0, e->started);
    if (l->n++ < ROWS_MAX) model_to_json(&model_episode, e, &l->job->rows.j);
  }
  return PRAC_OK;
}

static bool own_surge(const struct alert *a)
{
  return strncmp(a->kind, "surge", 5) == 0 && (a->country[0] || a->asn);
}

static prac_rc take_alerts(void *arg, const void *const *recs, size_t n, struct prac_err *err)
{
  struct lister *l = arg;
  (void)err;
  for (size_t i = 0; i < n; i++) {
    const struct alert *a = recs[i];
    bool group = strncmp(a->key, "group:", 6) == 0 && a->hosts.n > 0;
    if (l->which == SURGES ? !own_surge(a) : !group) continue;
    note(l, strcmp(a->state, "close") != 0, a->opened);
    if (l->n++ < ROWS_MAX) record_alert_brief(a, &l->job->rows.j);
  }
  return PRAC_OK;
}

static prac_rc ask_one(struct lister *l, struct store *s, const struct part *p,
                       struct prac_err *err)
{
  struct portal_attacks attacks = {.job = l->job, .store = s, .profile = "isp"};
  struct store_query *q = &attacks.q;
  *q = (struct store_query){.what = STORE_RECORDS};
  q->kind = l->which == VICTIMS ? &model_episode : &model_alert;
  if (p) {
    q->country = p->q.country;
    q->asn = p->q.asn;
  }
  l->attacks = &attacks;
  return portal_scan(l->job, s, *q, l->which == VICTIMS ? take_victims : take_alerts, l, err);
}

/* A reader of a part of the world sees no others: one question. */
static prac_rc ask_all(struct lister *l, struct store *s, struct prac_err *err)
{
  if (!l->m->all) return ask_one(l, s, NULL, err);
  for (size_t i = 0; i < l->m->n_parts; i++) PRAC_TRY(ask_one(l, s, &l->m->parts[i], err));
  return PRAC_OK;
}

static prac_rc put_list(struct portal_job *job, struct store *s, enum list which,
                        struct prac_err *err)
{
  static const char *const names[LIST_COUNT_] = {"victims", "surges", "groups"};
  struct lister l = {.job = job, .m = job->ask, .which = which};
  struct prac_json *j = &job->rows.j;
  prac_json_key(j, names[which]);
  prac_json_open(j, '{');
  prac_json_key(j, "rows");
  prac_json_open(j, '[');
  PRAC_TRY(ask_all(&l, s, err));
  prac_json_close(j, ']');
  prac_json_key_u64(j, "all", l.n);
  prac_json_key_u64(j, "open", l.open);
  prac_json_key_u64(j, "new", l.fresh);
  prac_json_close(j, '}');
  return PRAC_OK;
}

static prac_rc mine(struct portal_job *job, struct store *s, struct prac_err *reterr)
{
  struct mine *m = job->ask;
  struct prac_json *j = &job->rows.j;
  PRAC_TRY(portal_span(s, m->span, PRAC_DAY, &m->span, reterr));
  prac_json_open(j, '{');
  prac_json_key_bool(j, "all", m->all);
  prac_json_key_time(j, "from", m->span.from);
  prac_json_key_time(j, "to", m->span.to);
  prac_json_key_time(j, "since", m->since);
  prac_json_key(j, "sources");
  prac_json_open(j, '[');
  for (size_t i = 0; i < m->n_parts; i++) PRAC_TRY(put_part(j, s, m, &m->parts[i], reterr));
  prac_json_close(j, ']');
  for (int i = 0; i < LIST_COUNT_; i++) PRAC_TRY(put_list(job, s, (enum list)i, reterr));
  prac_json_close(j, '}');
  return PRAC_OK;
}

void portal_mine(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct prac_err err = {0};
  struct store_query q = {.what = STORE_FLOWS};
  const char *since = sys_http_param(r, "since");
  struct portal_job *j = portal_job_new(p, r, mine, sizeof(struct mine));
  (void)word;
  if (!j) return;
  struct mine *m = j->ask;
  m->since = PRAC_TIME_NONE;
  prac_rc rc = portal_read_question(j, NULL, &q, &err);
  if (rc == PRAC_OK && since && prac_time_parse(since, strlen(since), &m->since) != PRAC_OK)
    rc = PRAC_FAIL(&err, PRAC_MALFORMED, "since is a time: 2013-08-07T12:00:00Z");
  m->span = q.span;
  if (rc == PRAC_OK) rc = own_parts(m, &portal_who(r)->scope, &q, j->arena);
  for (size_t i = 0; i < m->n_parts; i++)
    if (m->parts[i].q.src.bits) j->lane = PORTAL_FLOWS;
  portal_job_put(j, rc, &err);
}
