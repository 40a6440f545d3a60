/* The table: who (or, of one host, what) in which step. Lines first, then their steps. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "view/view_int.h"

static const char *line_name(const struct view *v, const struct view_row *r, char t[PRAC_IP_TEXT])
{
  return v->micro ? r->port : prac_ip_text(t, &r->src);
}

static prac_rc take_line(void *arg, const struct store_col *cols, size_t n,
                         const struct store_value *val)
{
  struct view *v = arg;
  struct view_row r = view_row_of(cols, n, val);
  char text[PRAC_IP_TEXT];
  if (v->n_lines == VIEW_HOSTS_MAX) {
    v->more_lines++;
    return PRAC_OK;
  }
  struct view_line l = {.host = r.src, .asn = (uint32_t)r.asn, .packets = r.packets};
  const char *name = line_name(v, &r, text);
  l.first = r.first;
  l.last = r.last;
  l.name = prac_arena_strndup(v->arena, name, strlen(name));
  l.country = prac_arena_strndup(v->arena, r.country, strlen(r.country));
  l.steps = prac_arena_alloc(v->arena, v->n_steps * sizeof *l.steps);
  if (!l.name || !l.country || !l.steps) return PRAC_NOMEM;
  v->lines[v->n_lines++] = l;
  return PRAC_OK;
}

static int by_name(const void *pa, const void *pb)
{
  const struct view_line *a = pa, *b = pb;
  int c = memcmp(&a->host, &b->host, sizeof a->host);
  return c ? c : strcmp(a->name, b->name);
}

static struct view_line *find(struct view *v, const struct view_row *r)
{
  char text[PRAC_IP_TEXT];
  struct view_line like = {.host = r->src};
  like.name = line_name(v, r, text);
  return bsearch(&like, v->lines, v->n_lines, sizeof like, by_name);
}

static prac_rc take_cell(void *arg, const struct store_col *cols, size_t n,
                         const struct store_value *val)
{
  struct view *v = arg;
  struct view_row r = view_row_of(cols, n, val);
  struct view_line *l = find(v, &r);
  int64_t step = (r.at - v->span.from) / v->step_ns;
  if (!l || step < 0 || step >= v->n_steps) return PRAC_OK;
  uint64_t sum = l->steps[step] + r.packets;
  l->active += l->steps[step] == 0;
  l->steps[step] = sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
  return PRAC_OK;
}

void view_synchrony(struct view_line *lines, size_t n, uint32_t steps, uint32_t *work)
{
  double all = 0; /* |number of active hosts|^2 */
  memset(work, 0, steps * sizeof *work);
  for (size_t i = 0; i < n; i++)
    for (uint32_t k = 0; k < steps; k++) work[k] += lines[i].steps[k] > 0;
  for (uint32_t k = 0; k < steps; k++) all += (double)work[k] * work[k];
  for (size_t i = 0; i < n; i++) {
    double with = 0, mine = 0; /* x . all, |x|^2 */
    for (uint32_t k = 0; k < steps; k++)
      if (lines[i].steps[k]) with += work[k], mine += 1;
    double others = all - 2 * with + mine; /* |all - x|^2 */
    lines[i].sync = mine > 0 && others > 0 ? (with - mine) / sqrt(mine * others) : 0;
  }
}

static int most_synchronous(const void *pa, const void *pb)
{
  const struct view_line *a = pa, *b = pb;
  if (fabs(a->sync - b->sync) > 1e-12) return a->sync > b->sync ? -1 : 1;
  if (a->packets != b->packets) return a->packets > b->packets ? -1 : 1;
  return by_name(pa, pb);
}

static int most_packets(const void *pa, const void *pb)
{
  const struct view_line *a = pa, *b = pb;
  if (a->packets != b->packets) return a->packets > b->packets ? -1 : 1;
  return by_name(pa, pb);
}

/* Lines by the addresses they have, for the second question. */
static prac_rc only_lines(const struct view *v, struct store_query *c)
{
  struct prac_prefix *p = prac_arena_alloc(v->arena, (v->n_lines + 1) * sizeof *p);
  if (!p) return PRAC_NOMEM;
  for (size_t i = 0; i < v->n_lines; i++) p[i] = (struct prac_prefix){v->lines[i].host, 128};
  c->srcs = p;
  c->n_srcs = (uint32_t)v->n_lines;
  return PRAC_OK;
}

/* A host whose country or network changed meanwhile is one line: that with most packets names it.
 */
static void join_lines(struct view *v)
{
  size_t n = 0;
  for (size_t i = 0; i < v->n_lines; i++) {
    struct view_line *to = n ? &v->lines[n - 1] : NULL;
    const struct view_line l = v->lines[i];
    if (!to || by_name(to, &l) != 0) {
      v->lines[n++] = l;
      continue;
    }
    if (l.packets > to->packets) to->country = l.country, to->asn = l.asn;
    to->packets += l.packets;
    if (l.first < to->first) to->first = l.first;
    if (l.last > to->last) to->last = l.last;
  }
  v->n_lines = n;
}

/* The first question: which lines. */
static prac_rc find_lines(struct store *s, const struct view_subject *u, struct store_query *c,
                          struct view *v, struct prac_err *reterr)
{
  v->lines = prac_arena_alloc(v->arena, VIEW_HOSTS_MAX * sizeof *v->lines);
  if (!v->lines) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a table");
  if (!v->micro && c->n_srcs == 0 && u->hosts.n > 1 && !c->src.bits) /* those that it names */
    if (view_filter_hosts(c, &u->hosts, v->arena) != PRAC_OK)
      return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a table");
  c->what = STORE_CELLS;
  c->keys = v->micro ? STORE_KEY_PORT : STORE_KEY_SRC | STORE_KEY_COUNTRY | STORE_KEY_ASN;
  bool all = c->n_srcs == u->filter.n_srcs; /* not only those named: how many is known */
  c->limit = v->micro ? 1 << 18 : VIEW_HOSTS_MAX + 1;
  PRAC_TRY(s->ops->query(s->st, c, take_line, v, reterr));
  if (v->n_lines > 1) qsort(v->lines, v->n_lines, sizeof *v->lines, by_name);
  join_lines(v);
  if (!v->micro && all) v->more_lines = v->hosts - v->n_lines;
  return PRAC_OK;
}

prac_rc view_lines(struct store *s, const struct view_subject *u, const struct store_query *q,
                   struct view *v, struct prac_err *reterr)
{
  struct store_query c = *q;
  PRAC_TRY(find_lines(s, u, &c, v, reterr));
  uint32_t *work = prac_arena_alloc(v->arena, v->n_steps * sizeof *work);
  if (!work || (!v->micro && only_lines(v, &c) != PRAC_OK))
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a table");
  c.keys = STORE_KEY_AT | (v->micro ? STORE_KEY_PORT : STORE_KEY_SRC);
  c.step_ns = v->step_ns;
  c.limit = VIEW_HOSTS_MAX * VIEW_STEPS_MAX;
  PRAC_TRY(s->ops->query(s->st, &c, take_cell, v, reterr));
  if (!v->micro) view_synchrony(v->lines, v->n_lines, v->n_steps, work);
  if (v->n_lines > 1)
    qsort(v->lines, v->n_lines, sizeof *v->lines, v->micro ? most_packets : most_synchronous);
  return PRAC_OK;
}
