/* From what somebody typed to what is meant. */
#include <string.h>

#include "view/view_int.h"

struct fetch {
  const struct model_kind *kind;
  struct prac_arena *arena;
  void *rec;
  bool found;
};

static prac_rc take_record(void *arg, const struct store_col *cols, size_t n,
                           const struct store_value *v)
{
  struct fetch *f = arg;
  struct view_row r = view_row_of(cols, n, v);
  if (f->found) return PRAC_OK;
  f->found = true;
  return model_from_json(f->kind, r.json, strlen(r.json), f->arena, f->rec, NULL);
}

prac_rc view_record(struct store *s, const struct model_kind *kind, const char *what,
                    struct prac_arena *a, void *ret_rec, struct prac_err *reterr)
{
  bool key = strchr(what, ':') != NULL;
  const struct store_query q = {.what = STORE_RECORDS,
                                .kind = kind,
                                .id = key ? NULL : what,
                                .key = key ? what : NULL,
                                .limit = 1};
  struct fetch f = {kind, a, ret_rec, false};
  PRAC_TRY(s->ops->query(s->st, &q, take_record, &f, reterr));
  return f.found ? PRAC_OK : PRAC_END;
}

static bool all_end_in_zeroes(const struct model_ips *h, unsigned bits)
{
  for (uint32_t i = 0; i < h->n; i++)
    for (unsigned b = bits / 8; b < 16; b++)
      if (h->v[i].b[b]) return false;
  return h->n > 0;
}

static bool all_are4(const struct model_ips *h)
{
  for (uint32_t i = 0; i < h->n; i++)
    if (!prac_ip_is4(&h->v[i])) return false;
  return true;
}

/* Engines of groups may name networks by their first address. One real host may end in .0; that all
 * of several do is no chance. */
uint8_t view_hosts_bits(const struct model_ips *hosts)
{
  if (hosts->n < 2) return 128;
  if (!all_are4(hosts)) return all_end_in_zeroes(hosts, 64) ? 64 : 128;
  return all_end_in_zeroes(hosts, 112) ? 112 : all_end_in_zeroes(hosts, 120) ? 120 : 128;
}

prac_rc view_filter_hosts(struct store_query *q, const struct model_ips *hosts,
                          struct prac_arena *a)
{
  struct prac_prefix *p = prac_arena_alloc(a, (hosts->n + 1) * sizeof *p);
  uint8_t bits = view_hosts_bits(hosts);
  if (!p) return PRAC_NOMEM;
  for (uint32_t i = 0; i < hosts->n; i++) p[i] = (struct prac_prefix){hosts->v[i], bits};
  q->srcs = p;
  q->n_srcs = hosts->n;
  return PRAC_OK;
}

/* Whose flows are the evidence: the words of the finding; its hosts where it names them all. */
prac_rc view_evidence(const char *flows, uint64_t host_count, struct prac_arena *a,
                      struct view_subject *ret, struct prac_err *reterr)
{
  ret->hits = flows && strncmp(flows, "what=", 5) == 0;
  if (ret->hits) return PRAC_OK;
  PRAC_TRY(store_query_parse(flows ? flows : "", &ret->filter, a, reterr));
  struct store_query *q = &ret->filter;
  bool narrow = q->src.bits || q->n_srcs || q->victim.bits;
  if (!narrow && ret->hosts.n > 0 && ret->hosts.n >= host_count)
    if (view_filter_hosts(q, &ret->hosts, a) != PRAC_OK)
      return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a subject");
  return PRAC_OK;
}

static prac_rc find_story(struct store *s, const char *what, struct prac_arena *a,
                          struct view_subject *ret, struct prac_err *reterr)
{
  const struct alert *al = &ret->alert;
  const struct finding *f = &ret->finding;
  prac_rc rc = view_record(s, &model_alert, what, a, &ret->alert, reterr);
  if (rc == PRAC_OK) {
    ret->about = VIEW_ALERT;
    ret->claim = (struct prac_span){al->from, al->to};
    ret->hosts = al->hosts;
    ret->key = al->key;
    return view_evidence(al->flows, al->host_count, a, ret, reterr);
  }
  if (rc != PRAC_END) return rc;
  PRAC_TRY(view_record(s, &model_finding, what, a, &ret->finding, reterr));
  ret->about = VIEW_FINDING;
  ret->claim = (struct prac_span){f->from, f->to};
  ret->hosts = f->hosts;
  ret->key = f->key;
  return view_evidence(f->flows, f->host_count, a, ret, reterr);
}

prac_rc view_subject_find(struct store *s, const char *what, struct prac_arena *a,
                          struct view_subject *ret, struct prac_err *reterr)
{
  struct view_subject u = {.what = what, .key = "", .claim = {PRAC_TIME_NONE, PRAC_TIME_NONE}};
  size_t n = strlen(what);
  u.filter.span = u.claim;
  if (prac_prefix_parse(what, n, &u.filter.src) == PRAC_OK) {
    u.about = VIEW_HOST;
  } else if (strchr(what, '/') && model_port_parse(what, n, &u.filter.port) == PRAC_OK) {
    u.about = VIEW_PORT;
    u.filter.has_port = true;
  } else {
    prac_rc rc = find_story(s, what, a, &u, reterr);
    if (rc == PRAC_END)
      return PRAC_FAIL(reterr, PRAC_UNKNOWN,
                       "the store knows no alert or finding \"%s\"; an address, a prefix or a port "
                       "as 443/tcp may be asked for too",
                       what);
    PRAC_TRY(rc);
  }
  *ret = u;
  return PRAC_OK;
}
