/* What a subscription is about, out of the store: as a feed for readers of feeds, and as a look
 * back before anything is told. The store is that of its owner (access/gate.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portal/atom.h"
#include "portal/job.h"
#include "portal/subs.h"
#include "portal/who.h"

enum { ITEMS = 100, HOST_MAX = 256, URL_MAX = 720, ARENA = 16 << 10 };
#define LOOK_BACK_NS (7 * 24 * PRAC_HOUR)

struct match {
  prac_time at, from;
  bool attack;
  const char *id, *state, *title, *text;
};
struct matching {
  struct access_sub sub;
  struct model_want want;
  bool feed, atom;
  struct portal_attacks listed; /* what /attacks lists */
  const char *base;             /* "https://portal.example", for addresses in a feed */
  const char *self;             /* path of the feed */
  struct prac_arena *keep;
  const struct model_kind *kind; /* that are gone through */
  struct match *v;
  size_t n, attacks, alerts;
  prac_time least; /* older ones do not matter; NONE: not known yet */
  bool truncated;
};

static const char *title_of(struct matching *m, const struct episode *e)
{
  char ip[PRAC_IP_TEXT], text[256];
  bool one = e->prefix_bits == 0 || e->prefix_bits >= 128; /* else a carpet */
  struct prac_prefix p = {e->victim, one ? 128 : (uint8_t)e->prefix_bits};
  bool ja = strcmp(m->sub.s.language, "ja") == 0, end = strcmp(e->state, "end") == 0;
  int n = snprintf(text, sizeof text, ja ? "DRDoS攻撃%s: %s (%s%s)" : "DRDoS attack%s: %s (%s%s)",
                   end ? ja ? "終了" : " ended" : "",
                   one ? prac_ip_text(ip, &p.ip) : prac_prefix_text(ip, &p),
                   e->vectors.n ? e->vectors.v[0] : "", e->vectors.n > 1 ? ", ..." : "");
  return n > 0 ? prac_arena_strndup(m->keep, text, strnlen(text, sizeof text)) : NULL;
}

static const char *kept(struct matching *m, const char *s)
{
  return prac_arena_strndup(m->keep, s, strlen(s));
}

/* false: no memory. */
static bool fill(struct matching *m, const void *rec, struct match *to)
{
  char text[128];
  if (m->kind == &model_episode) {
    const struct episode *e = rec;
    (void)snprintf(text, sizeof text, "%llu packets, %.1f packets/s in the busiest minute",
                   (unsigned long long)e->packets, (double)e->bin_max / 60.0);
    *to = (struct match){.at = e->at,
                         .from = e->from,
                         .attack = true,
                         .id = kept(m, e->id),
                         .state = kept(m, e->state),
                         .title = title_of(m, e),
                         .text = kept(m, text)};
  } else {
    const struct alert *a = rec;
    *to = (struct match){.at = a->at,
                         .from = a->from,
                         .id = kept(m, a->id),
                         .state = kept(m, a->state),
                         .title = kept(m, a->title),
                         .text = kept(m, a->text)};
  }
  return to->id && to->state && to->title && to->text;
}

/* Told with its parent if that is there, or as the episode that it is about: as the notifier does
 * it. */
static prac_rc wanted(struct matching *m, const void *rec, bool *ret, struct prac_err *reterr)
{
  if (m->kind == &model_episode) {
    *ret = model_wants_attack(&m->want, rec);
    return *ret ? portal_attack_listed(&m->listed, rec, ret, reterr) : PRAC_OK;
  }
  *ret =
      strcmp(((const struct alert *)rec)->kind, "drdos") != 0 && model_wants_alert(&m->want, rec);
  return PRAC_OK;
}

/* Newest first: PRAC_STOPPED when what is left is too old, or there are enough. */
static prac_rc take(void *arg, const void *const *recs, size_t n, struct prac_err *reterr)
{
  struct matching *m = arg;
  for (size_t i = 0; i < n; i++) {
    prac_time at = store_record_at(m->kind, recs[i]);
    if (m->least == PRAC_TIME_NONE && !m->feed) m->least = at - LOOK_BACK_NS;
    size_t *count = m->kind == &model_episode ? &m->attacks : &m->alerts;
    if ((m->least != PRAC_TIME_NONE && at < m->least) || *count >= ITEMS) return PRAC_STOPPED;
    bool is_wanted;
    PRAC_TRY(wanted(m, recs[i], &is_wanted, reterr));
    if (!is_wanted) continue;
    if (!fill(m, recs[i], &m->v[m->n]))
      return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for this question");
    m->n++;
    ++*count;
  }
  return PRAC_OK;
}

static prac_rc gather(struct portal_job *j, struct store *s, struct matching *m, bool wants,
                      const struct model_kind *k, struct prac_err *reterr)
{
  struct store_query q = {
      .what = STORE_RECORDS, .kind = k, .span = {PRAC_TIME_NONE, PRAC_TIME_NONE}};
  if (!wants) return PRAC_OK;
  m->kind = k;
  m->listed = (struct portal_attacks){.job = j, .store = s, .q = q, .profile = m->want.profile};
  prac_rc rc = portal_scan(j, s, q, take, m, reterr);
  m->truncated |= j->rows.truncated || m->attacks >= ITEMS || m->alerts >= ITEMS;
  return rc == PRAC_STOPPED ? PRAC_OK : rc;
}

static int newest_first(const void *a, const void *b)
{
  const struct match *x = a, *y = b;
  return x->at != y->at ? x->at < y->at ? 1 : -1 : strcmp(x->id, y->id);
}

/* ---- answers ---- */

static void matches_json(const struct matching *m, struct prac_json *j)
{
  prac_json_open(j, '{');
  prac_json_key_u64(j, "attacks", m->attacks);
  prac_json_key_u64(j, "alerts", m->alerts);
  prac_json_key_bool(j, "truncated", m->truncated);
  prac_json_key(j, "items");
  prac_json_open(j, '[');
  for (size_t i = 0; i < m->n && i < ITEMS; i++) {
    const struct match *x = &m->v[i];
    prac_json_open(j, '{');
    prac_json_key_str(j, "kind", x->attack ? "attack" : "alert");
    prac_json_key_str(j, "id", x->id);
    prac_json_key_str(j, "state", x->state);
    prac_json_key_time(j, "at", x->at);
    prac_json_key_time(j, "from", x->from);
    prac_json_key_str(j, "title", x->title);
    prac_json_close(j, '}');
  }
  prac_json_close(j, ']');
  prac_json_close(j, '}');
}

static const char *url_of(const struct matching *m, const struct match *x, char to[URL_MAX])
{
  char id[400];
  atom_path(x->id, id, sizeof id);
  (void)snprintf(to, URL_MAX, "%s/%s/%s", m->base, x->attack ? "attacks" : "alerts", id);
  return to;
}

static void feed_atom(const struct matching *m, struct prac_json *j)
{
  char url[URL_MAX], self[URL_MAX];
  (void)snprintf(self, sizeof self, "%s%.200s", m->base, m->self);
  struct atom_feed f = {.id = m->sub.s.id,
                        .title = m->sub.s.title,
                        .language = m->sub.s.language,
                        .self = self,
                        .home = m->base,
                        .updated = m->n ? m->v[0].at : m->sub.changed};
  atom_open(j, &f);
  for (size_t i = 0; i < m->n && i < ITEMS; i++) {
    const struct match *x = &m->v[i];
    atom_put(j, &(struct atom_entry){.kind = x->attack ? "attack" : "alert",
                                     .id = x->id,
                                     .state = x->state,
                                     .title = x->title,
                                     .text = x->text,
                                     .url = url_of(m, x, url),
                                     .updated = x->at,
                                     .published = x->from});
  }
  atom_close(j);
}

/* JSON Feed 1.1 (jsonfeed.org/version/1.1). An item that goes on keeps its id. */
static void feed_json(const struct matching *m, struct prac_json *j)
{
  char url[URL_MAX];
  prac_json_open(j, '{');
  prac_json_key_str(j, "version", "https://jsonfeed.org/version/1.1");
  prac_json_key_str(j, "title", m->sub.s.title);
  prac_json_key_str(j, "home_page_url", m->base);
  prac_json_key_str(j, "language", m->sub.s.language);
  prac_json_key(j, "items");
  prac_json_open(j, '[');
  for (size_t i = 0; i < m->n && i < ITEMS; i++) {
    const struct match *x = &m->v[i];
    prac_json_open(j, '{');
    prac_json_key_str(j, "id", x->id);
    prac_json_key_str(j, "url", url_of(m, x, url));
    prac_json_key_str(j, "title", x->title);
    prac_json_key_str(j, "content_text", x->text);
    prac_json_key_time(j, "date_published", x->from);
    prac_json_key_time(j, "date_modified", x->at);
    prac_json_key(j, "tags");
    prac_json_open(j, '[');
    prac_json_str(j, x->attack ? "attack" : "alert");
    prac_json_str(j, x->state);
    prac_json_close(j, ']');
    prac_json_close(j, '}');
  }
  prac_json_close(j, ']');
  prac_json_close(j, '}');
}

static prac_rc run(struct portal_job *j, struct store *s, struct prac_err *reterr)
{
  struct matching *m = j->ask;
  m->keep = prac_arena_new(ARENA);
  m->v = m->keep ? prac_arena_alloc(m->keep, 2 * ITEMS * sizeof *m->v) : NULL;
  prac_rc rc = m->v ? PRAC_OK : PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for this question");
  if (rc == PRAC_OK) rc = gather(j, s, m, m->want.attacks, &model_episode, reterr);
  if (rc == PRAC_OK) rc = gather(j, s, m, m->want.alerts, &model_alert, reterr);
  if (rc == PRAC_OK) {
    qsort(m->v, m->n, sizeof *m->v, newest_first);
    (m->atom ? feed_atom : m->feed ? feed_json : matches_json)(m, &j->rows.j);
  }
  prac_arena_free(&m->keep);
  return rc;
}

static const char *base_of(struct portal_job *j)
{
  char text[HOST_MAX + 16];
  const char *host = sys_http_header(j->req, "Host");
  int n = snprintf(text, sizeof text, "%s://%.255s", sys_http_by_tls(j->req) ? "https" : "http",
                   host ? host : "localhost");
  return n > 0 ? prac_arena_strndup(j->arena, text, strlen(text)) : NULL;
}

enum form { MATCHES, JSON_FEED, ATOM };
static void ask(struct portal *p, struct sys_http_req *r, const char *id, enum form form)
{
  struct prac_err err = {0};
  if (!portal_desk(p)) {
    portal_send_error(r, 404, "no_accounts", "this portal has no accounts (portal.accounts)");
    return;
  }
  struct portal_job *j = portal_job_new(p, r, run, sizeof(struct matching));
  if (!j) return;
  struct matching *m = j->ask;
  m->feed = form != MATCHES;
  m->atom = form == ATOM;
  if (m->atom) j->type = PORTAL_ATOM_TYPE;
  m->self = prac_arena_strndup(j->arena, sys_http_path(r), strlen(sys_http_path(r)));
  m->least = PRAC_TIME_NONE;
  m->base = base_of(j);
  prac_rc rc =
      access_sub_get(desk_reader(portal_desk(p)), portal_who(r)->user, id, j->arena, &m->sub, &err);
  if (rc == PRAC_UNKNOWN) {
    portal_send_error(r, 404, "not_found", "%s", err.text);
    portal_job_drop(&j);
    return;
  }
  if (rc == PRAC_OK && (!m->base || !m->self)) rc = PRAC_NOMEM;
  m->want = model_want_of(&m->sub.s);
  portal_job_put(j, rc, &err);
}

void portal_subscription_matches(struct portal *p, struct sys_http_req *r, const char *word)
{
  ask(p, r, word, MATCHES);
}

/* The token said who asks, and about which subscription. */
void portal_feed(struct portal *p, struct sys_http_req *r, const char *word)
{
  const char *id = portal_who(r)->feed;
  (void)word;
  ask(p, r, id ? id : "", JSON_FEED);
}

void portal_feed_atom(struct portal *p, struct sys_http_req *r, const char *word)
{
  const char *id = portal_who(r)->feed;
  (void)word;
  ask(p, r, id ? id : "", ATOM);
}
