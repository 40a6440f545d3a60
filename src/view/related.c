/* Findings that name a subject, and findings that share its hosts: one line a story. */
#include <stdlib.h>
#include <string.h>

#include "view/view_int.h"

struct related {
  struct view *v;
  struct view_relateds *to;
  const struct prac_ip *hosts; /* sorted; NULL: all that come are meant */
  uint32_t n_hosts;
  const char *own; /* key that is not meant */
  struct prac_arena *scratch;
  size_t cap, seen;
};

static int by_ip(const void *a, const void *b)
{
  return memcmp(a, b, sizeof(struct prac_ip));
}

static uint32_t shared(const struct related *t, const struct finding *f)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < f->hosts.n && t->hosts; i++)
    n += bsearch(&f->hosts.v[i], t->hosts, t->n_hosts, sizeof *t->hosts, by_ip) != NULL;
  return n;
}

static prac_rc story_of(struct related *t, const struct finding *f, struct view_related **ret)
{
  for (size_t i = 0; i < t->to->n; i++)
    if (strcmp(t->to->v[i].key, f->key) == 0) {
      *ret = &t->to->v[i];
      return PRAC_OK;
    }
  PRAC_TRY(VIEW_ROOM(t->v->arena, t->to->v, t->to->n, t->cap));
  struct view_related r = {.span = {f->from, f->to}};
  r.key = prac_arena_strndup(t->v->arena, f->key, strlen(f->key));
  r.kind = prac_arena_strndup(t->v->arena, f->kind, strlen(f->kind));
  if (!r.key || !r.kind) return PRAC_NOMEM;
  *ret = &t->to->v[t->to->n++];
  **ret = r;
  return PRAC_OK;
}

static prac_rc add(struct related *t, const struct finding *f)
{
  struct view_related *r = NULL;
  uint32_t n = shared(t, f);
  if (t->hosts && n == 0) return PRAC_OK;
  PRAC_TRY(story_of(t, f, &r));
  r->findings++;
  if (f->from != PRAC_TIME_NONE && f->from < r->span.from) r->span.from = f->from;
  if (f->to != PRAC_TIME_NONE && f->to > r->span.to) r->span.to = f->to;
  if (f->level > r->level) r->level = f->level;
  if (f->host_count > r->hosts) r->hosts = f->host_count;
  if (r->id && n <= r->shared) return PRAC_OK;
  r->id = prac_arena_strndup(t->v->arena, f->id, strlen(f->id));
  r->shared = n;
  if (t->hosts) r->jaccard = (double)n / ((double)t->n_hosts + f->hosts.n - n);
  return r->id ? PRAC_OK : PRAC_NOMEM;
}

static prac_rc take(void *arg, const struct store_col *cols, size_t n, const struct store_value *v)
{
  struct related *t = arg;
  struct view_row r = view_row_of(cols, n, v);
  struct finding f;
  if (++t->seen > VIEW_RELATED_MAX) {
    t->to->cut = true;
    return PRAC_OK;
  }
  prac_arena_reset(t->scratch);
  PRAC_TRY(model_from_json(&model_finding, r.json, strlen(r.json), t->scratch, &f, NULL));
  return t->own && strcmp(f.key, t->own) == 0 ? PRAC_OK : add(t, &f);
}

static int closest_first(const void *pa, const void *pb)
{
  const struct view_related *a = pa, *b = pb;
  if (a->shared != b->shared) return a->shared > b->shared ? -1 : 1;
  if (a->span.to != b->span.to) return a->span.to > b->span.to ? -1 : 1;
  return strcmp(a->key, b->key);
}

static prac_rc ask(struct store *s, struct related *t, struct store_query q,
                   struct prac_err *reterr)
{
  q.what = STORE_RECORDS;
  q.kind = &model_finding;
  q.limit = VIEW_RELATED_MAX + 1;
  PRAC_TRY(s->ops->query(s->st, &q, take, t, reterr));
  if (t->to->n > 1) qsort(t->to->v, t->to->n, sizeof *t->to->v, closest_first);
  return PRAC_OK;
}

/* The host itself, and the networks it may be named by. */
static prac_rc naming_host(struct store *s, const struct view_subject *u, struct related *t,
                           struct prac_err *reterr)
{
  static const uint8_t bits4[] = {128, 120, 112}, bits6[] = {128, 64};
  const struct prac_prefix *p = &u->filter.src;
  bool v4 = prac_ip_is4(&p->ip);
  if (p->bits < 128) return ask(s, t, (struct store_query){.src = *p}, reterr);
  for (size_t i = 0; i < (v4 ? sizeof bits4 : sizeof bits6); i++) {
    unsigned bits = v4 ? bits4[i] : bits6[i];
    struct store_query q = {.src = {p->ip, 128}};
    for (unsigned b = bits / 8; b < 16; b++) q.src.ip.b[b] = 0;
    if (bits < 128 && prac_ip_eq(&q.src.ip, &p->ip)) continue;
    prac_rc rc = ask(s, t, q, reterr);
    if (bits < 128 && rc == PRAC_DENIED) continue; /* the first of its network is outside */
    PRAC_TRY(rc);
  }
  return PRAC_OK;
}

static prac_rc naming(struct store *s, const struct view_subject *u, struct related *t,
                      struct prac_err *reterr)
{
  if (u->about == VIEW_HOST) return naming_host(s, u, t, reterr);
  if (u->about == VIEW_PORT)
    return ask(s, t, (struct store_query){.port = u->filter.port, .has_port = true}, reterr);
  return PRAC_OK;
}

/* Whose hosts: those the finding names; of a port those of the table. */
static prac_rc own_hosts(const struct view_subject *u, struct view *v, struct related *t)
{
  uint32_t n = u->about == VIEW_PORT ? (uint32_t)v->n_lines : u->hosts.n;
  if (u->about == VIEW_HOST && !v->micro) n = (uint32_t)v->n_lines;
  struct prac_ip *h = prac_arena_alloc(v->arena, (n + 1) * sizeof *h);
  if (!h) return PRAC_NOMEM;
  for (uint32_t i = 0; i < n; i++)
    h[i] = u->about == VIEW_PORT || u->about == VIEW_HOST ? v->lines[i].host : u->hosts.v[i];
  if (n > 1) qsort(h, n, sizeof *h, by_ip);
  t->hosts = h;
  t->n_hosts = n;
  return PRAC_OK;
}

static prac_rc sharing(struct store *s, const struct view_subject *u, struct related *t,
                       struct prac_err *reterr)
{
  struct view *v = t->v;
  if (u->about == VIEW_HOST && v->micro) return PRAC_OK;
  if (own_hosts(u, v, t) != PRAC_OK) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for hosts");
  if (t->n_hosts == 0) return PRAC_OK;
  struct prac_prefix *p = prac_arena_alloc(v->arena, t->n_hosts * sizeof *p);
  if (!p) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for hosts");
  for (uint32_t i = 0; i < t->n_hosts; i++) p[i] = (struct prac_prefix){t->hosts[i], 128};
  struct store_query q = {.srcs = p, .n_srcs = t->n_hosts};
  q.span = (struct prac_span){v->span.from - 7 * PRAC_DAY, v->span.to + 7 * PRAC_DAY};
  t->own = u->key;
  return ask(s, t, q, reterr);
}

prac_rc view_related_find(struct store *s, const struct view_subject *u, struct view *v,
                          struct prac_err *reterr)
{
  struct prac_arena *scratch = prac_arena_new(16 << 10);
  struct related n = {.v = v, .to = &v->naming, .scratch = scratch};
  struct related h = {.v = v, .to = &v->sharing, .scratch = scratch};
  prac_rc rc = scratch ? PRAC_OK : PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for findings");
  if (rc == PRAC_OK) rc = naming(s, u, &n, reterr);
  if (rc == PRAC_OK) rc = sharing(s, u, &h, reterr);
  prac_arena_free(&scratch);
  return rc;
}
