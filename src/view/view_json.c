/* What was seen of a subject, as one object. */
#include "view/view_json.h"

static void json_span(struct prac_json *j, const char *key, struct prac_span s)
{
  prac_json_key(j, key);
  prac_json_open(j, '{');
  prac_json_key_time(j, "from", s.from);
  prac_json_key_time(j, "to", s.to);
  prac_json_close(j, '}');
}

static void json_steps(struct prac_json *j, const char *key, const struct view_steps *s)
{
  prac_json_key(j, key);
  prac_json_open(j, '[');
  for (size_t i = 0; i < s->n; i++) {
    prac_json_open(j, '{');
    prac_json_key_time(j, "at", s->v[i].at);
    prac_json_key_u64(j, "packets", s->v[i].packets);
    prac_json_key_u64(j, "hosts", s->v[i].hosts);
    prac_json_close(j, '}');
  }
  prac_json_close(j, ']');
}

static void json_groups(struct prac_json *j, const char *key, const struct view_groups *g)
{
  prac_json_key(j, key);
  prac_json_open(j, '[');
  for (size_t i = 0; i < g->n; i++) {
    prac_json_open(j, '{');
    prac_json_key_str(j, "name", g->v[i].name);
    prac_json_key_u64(j, "packets", g->v[i].packets);
    prac_json_key_u64(j, "hosts", g->v[i].hosts);
    prac_json_key_time(j, "first", g->v[i].first);
    prac_json_key_time(j, "last", g->v[i].last);
    prac_json_close(j, '}');
  }
  prac_json_close(j, ']');
}

/* steps: [which one, packets], those with any. */
static void json_line(struct prac_json *j, const struct view *v, const struct view_line *l)
{
  prac_json_open(j, '{');
  prac_json_key_str(j, v->micro ? "port" : "host", l->name);
  if (!v->micro) {
    prac_json_key_str(j, "country", l->country);
    prac_json_key_u64(j, "asn", l->asn);
    prac_json_key_f64(j, "synchrony", l->sync);
  }
  prac_json_key_u64(j, "packets", l->packets);
  prac_json_key_time(j, "first", l->first);
  prac_json_key_time(j, "last", l->last);
  prac_json_key(j, "steps");
  prac_json_open(j, '[');
  for (uint32_t k = 0; k < v->n_steps; k++) {
    if (!l->steps[k]) continue;
    prac_json_open(j, '[');
    prac_json_u64(j, k);
    prac_json_u64(j, l->steps[k]);
    prac_json_close(j, ']');
  }
  prac_json_close(j, ']');
  prac_json_close(j, '}');
}

static void json_related(struct prac_json *j, const char *key, const struct view_relateds *r,
                         bool share)
{
  prac_json_key(j, key);
  prac_json_open(j, '[');
  for (size_t i = 0; i < r->n; i++) {
    const struct view_related *x = &r->v[i];
    prac_json_open(j, '{');
    prac_json_key_str(j, "key", x->key);
    prac_json_key_str(j, "kind", x->kind);
    prac_json_key_str(j, "id", x->id);
    prac_json_key_u64(j, "findings", x->findings);
    prac_json_key_u64(j, "level", x->level);
    prac_json_key_u64(j, "host_count", x->hosts);
    prac_json_key_time(j, "from", x->span.from);
    prac_json_key_time(j, "to", x->span.to);
    if (share) {
      prac_json_key_u64(j, "shared", x->shared);
      prac_json_key_f64(j, "jaccard", x->jaccard);
    }
    prac_json_close(j, '}');
  }
  prac_json_close(j, ']');
}

void view_json(struct prac_json *j, const struct view_subject *u, const struct view *v)
{
  static const char *const about[] = {[VIEW_ALERT] = "alert",
                                      [VIEW_FINDING] = "finding",
                                      [VIEW_HOST] = "host",
                                      [VIEW_PORT] = "port"};
  static const char *const flows[] = {[VIEW_FLOWS_KEPT] = "kept",
                                      [VIEW_FLOWS_PARTLY] = "partly removed",
                                      [VIEW_FLOWS_GONE] = "removed"};
  prac_json_open(j, '{');
  prac_json_key_str(j, "about", about[u->about]);
  prac_json_key_str(j, "what", u->what);
  prac_json_key_str(j, "key", u->key);
  json_span(j, "span", v->span);
  json_span(j, "asked", v->asked);
  json_span(j, "kept", v->kept);
  prac_json_key_str(j, "flows", flows[v->flows]);
  prac_json_key(j, "step_s");
  prac_json_i64(j, v->step_ns / PRAC_SEC);
  prac_json_key_u64(j, "packets", v->packets);
  prac_json_key_u64(j, "hosts", v->hosts);
  prac_json_key_time(j, "first", v->first);
  prac_json_key_time(j, "last", v->last);
  json_steps(j, "steps", &v->minutes);
  json_steps(j, "hours", &v->hours);
  json_steps(j, "days", &v->days);
  for (int d = 0; d < VIEW_DIM_COUNT_; d++)
    if (d != VIEW_TARGETS || v->targets) json_groups(j, view_dim_names[d], &v->groups[d]);
  prac_json_key(j, "lines");
  prac_json_open(j, '[');
  for (size_t i = 0; i < v->n_lines; i++) json_line(j, v, &v->lines[i]);
  prac_json_close(j, ']');
  prac_json_key_u64(j, "more_lines", v->more_lines);
  json_related(j, "named_by", &v->naming, false);
  json_related(j, "shares_hosts_with", &v->sharing, true);
  prac_json_close(j, '}');
}
