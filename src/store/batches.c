/* Batches out of rows. Who replays a store must get what the engines got, whatever the backend has
 * made of it meanwhile; so the rules for that stand here once, for all backends. */
#include "store/batches.h"

#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = UINT16_MAX };

struct group { /* one batch to be */
  char sensor[STORE_SENSOR_MAX + 1];
  prac_time minute;
  uint32_t part;
  bool last;
  uint16_t geo;             /* name */
  struct flow_batch *whole; /* as it was put in; NULL: rows, or none */
  struct flow_row *rows;    /* survey: name */
  size_t n, cap;
  uint64_t expected;
};
struct store_batches {
  struct group *v;
  size_t n, cap;
  bool sorted; /* and no key twice */
  char **name; /* lists and geographies, owned, numbered from 1; 0 is "" */
  size_t n_names;
};

/* ---- the question ---- */
prac_rc store_batch_query_check(const struct store_batch_query *q, struct prac_span *ret_span,
                                struct prac_err *reterr)
{
  struct prac_span s = q->span;
  if (s.from == 0 && s.to == 0) s = (struct prac_span){PRAC_TIME_NONE, PRAC_TIME_NONE};
  for (uint32_t i = 0; i < q->sensors.n; i++)
    if (!store_sensor_ok(q->sensors.v[i]))
      return PRAC_FAIL(reterr, PRAC_MALFORMED,
                       "\"%.40s\": a sensor's name is [a-z0-9-], at most %d letters",
                       q->sensors.v[i], STORE_SENSOR_MAX);
  if (s.from != PRAC_TIME_NONE && s.to != PRAC_TIME_NONE && s.to < s.from)
    return PRAC_FAIL(reterr, PRAC_RANGE, "the time span ends before it begins");
  s.from = s.from == PRAC_TIME_NONE ? INT64_MIN : prac_time_floor(s.from, PRAC_MIN);
  if (s.to == PRAC_TIME_NONE) s.to = INT64_MAX;
  *ret_span = s;
  return PRAC_OK;
}

bool store_batch_wanted(const struct store_batch_query *q, const char *sensor)
{
  for (uint32_t i = 0; i < q->sensors.n; i++)
    if (strcmp(q->sensors.v[i], sensor) == 0) return true;
  return q->sensors.n == 0;
}

/* ---- life ---- */
struct store_batches *store_batches_new(void)
{
  struct store_batches *s = calloc(1, sizeof *s);
  if (s) s->sorted = true;
  return s;
}

static void group_done(struct group *g)
{
  flow_batch_unref(&g->whole);
  free(g->rows);
  g->rows = NULL;
  g->n = g->cap = 0;
}

void store_batches_reset(struct store_batches *s)
{
  for (size_t i = 0; i < s->n; i++) group_done(&s->v[i]);
  for (size_t i = 0; i < s->n_names; i++) free(s->name[i]);
  s->n = s->n_names = 0;
  s->sorted = true;
}

void store_batches_free(struct store_batches **sp)
{
  struct store_batches *s = sp ? *sp : NULL;
  if (!s) return;
  store_batches_reset(s);
  free(s->v);
  free(s->name);
  free(s);
  *sp = NULL;
}

/* ---- names ---- */
static prac_rc name_of(struct store_batches *s, const char *text, uint16_t *ret)
{
  if (!text || !text[0]) {
    *ret = 0;
    return PRAC_OK;
  }
  for (size_t i = 0; i < s->n_names; i++)
    if (strcmp(s->name[i], text) == 0) {
      *ret = (uint16_t)(i + 1);
      return PRAC_OK;
    }
  if (s->n_names == NAMES_MAX) return PRAC_FULL;
  char **v = realloc(s->name, (s->n_names + 1) * sizeof *v);
  if (!v) return PRAC_NOMEM;
  s->name = v;
  if (!(v[s->n_names] = strdup(text))) return PRAC_NOMEM;
  *ret = (uint16_t)++s->n_names;
  return PRAC_OK;
}

static const char *name_text(const struct store_batches *s, uint16_t name)
{
  return name ? s->name[name - 1] : "";
}

/* ---- groups ---- */
static int by_key(const void *pa, const void *pb)
{
  const struct group *a = pa, *b = pb;
  if (a->minute != b->minute) return a->minute < b->minute ? -1 : 1;
  int c = strcmp(a->sensor, b->sensor);
  return c ? c : a->part < b->part ? -1 : a->part > b->part;
}

static int flow_to_key(const void *flow, const void *group)
{
  const struct store_flow *a = flow;
  const struct group *b = group;
  if (a->minute != b->minute) return a->minute < b->minute ? -1 : 1;
  int c = strcmp(a->sensor, b->sensor);
  return c ? c : a->part < b->part ? -1 : a->part > b->part;
}

static prac_rc group_new(struct store_batches *s, const struct store_flow *key, struct group **ret)
{
  if (s->n == s->cap) {
    size_t cap = s->cap ? s->cap * 2 : 64;
    struct group *v = realloc(s->v, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    s->v = v;
    s->cap = cap;
  }
  struct group *g = &s->v[s->n];
  *g = (struct group){.minute = key->minute, .part = key->part};
  memcpy(g->sensor, key->sensor, strnlen(key->sensor, STORE_SENSOR_MAX));
  if (s->n > 0 && by_key(g - 1, g) >= 0) s->sorted = false;
  s->n++;
  *ret = g;
  return PRAC_OK;
}

static prac_rc room(struct group *g, size_t more)
{
  size_t need = g->n + more, cap = g->cap ? g->cap * 2 : (size_t)g->expected;
  if (need <= g->cap) return PRAC_OK;
  if (cap < need) cap = need;
  struct flow_row *v = realloc(g->rows, cap * sizeof *v);
  if (!v) return PRAC_NOMEM;
  g->rows = v;
  g->cap = cap;
  return PRAC_OK;
}

/* Of two geographies in one minute the later: the same whichever came first. */
static void set_geo(const struct store_batches *s, struct group *g, uint16_t geo)
{
  if (strcmp(name_text(s, geo), name_text(s, g->geo)) > 0) g->geo = geo;
}

static prac_rc add_row(struct store_batches *s, struct group *g, const struct flow_row *r,
                       const char *survey)
{
  uint16_t list;
  PRAC_TRY(name_of(s, survey, &list));
  PRAC_TRY(room(g, 1));
  g->rows[g->n] = *r;
  g->rows[g->n++].survey = list;
  return PRAC_OK;
}

/* The whole batch as rows, because others join it. */
static prac_rc unpack(struct store_batches *s, struct group *g)
{
  const struct flow_batch *b = g->whole;
  uint16_t geo;
  if (!b) return PRAC_OK;
  PRAC_TRY(name_of(s, b->geo, &geo));
  set_geo(s, g, geo);
  PRAC_TRY(room(g, b->n));
  for (uint32_t i = 0; i < b->n; i++) {
    struct flow_row r = flow_batch_row(b, i);
    PRAC_TRY(add_row(s, g, &r, r.survey && r.survey <= b->lists.n ? b->lists.v[r.survey - 1] : ""));
  }
  flow_batch_unref(&g->whole);
  return PRAC_OK;
}

/* `from` has the same key: everything of it goes to `to`. */
static prac_rc join(struct store_batches *s, struct group *to, struct group *from)
{
  to->last = to->last || from->last;
  to->expected += from->expected;
  if (!to->whole && to->n == 0) { /* only expected so far */
    to->whole = from->whole;
    from->whole = NULL;
  } else if (from->whole) {
    PRAC_TRY(unpack(s, to));
    PRAC_TRY(unpack(s, from));
  }
  set_geo(s, to, from->geo);
  if (from->n == 0) return PRAC_OK;
  PRAC_TRY(unpack(s, to));
  PRAC_TRY(room(to, from->n));
  memcpy(to->rows + to->n, from->rows, from->n * sizeof *to->rows);
  to->n += from->n;
  return PRAC_OK;
}

static prac_rc settle(struct store_batches *s)
{
  if (s->sorted) return PRAC_OK;
  qsort(s->v, s->n, sizeof *s->v, by_key);
  prac_rc rc = PRAC_OK;
  size_t n = 0;
  for (size_t i = 1; i < s->n; i++) {
    if (by_key(&s->v[n], &s->v[i]) != 0) {
      s->v[++n] = s->v[i];
      continue;
    }
    if (rc == PRAC_OK) rc = join(s, &s->v[n], &s->v[i]);
    group_done(&s->v[i]);
  }
  s->n = n + 1;
  s->sorted = true;
  return rc;
}

prac_rc store_batches_expect(struct store_batches *s, const struct store_flow *key, uint64_t rows,
                             bool last)
{
  struct group *g;
  PRAC_TRY(group_new(s, key, &g));
  g->expected = rows;
  g->last = last;
  return key->geo ? name_of(s, key->geo, &g->geo) : PRAC_OK;
}

prac_rc store_batches_take(struct store_batches *s, struct flow_batch *b)
{
  const struct store_flow key = {.sensor = b->sensor, .minute = b->minute, .part = b->part};
  struct group *g;
  PRAC_TRY(group_new(s, &key, &g));
  g->last = b->last;
  g->whole = flow_batch_ref(b);
  return PRAC_OK;
}

prac_rc store_batches_row(struct store_batches *s, const struct store_flow *f)
{
  uint16_t geo;
  PRAC_TRY(settle(s));
  struct group *g = s->n ? bsearch(f, s->v, s->n, sizeof *s->v, flow_to_key) : NULL;
  if (!g) PRAC_TRY(group_new(s, f, &g));
  PRAC_TRY(unpack(s, g));
  PRAC_TRY(name_of(s, f->geo, &geo));
  set_geo(s, g, geo);
  return add_row(s, g, &f->row, f->survey);
}

/* ---- handing over ---- */
static const char no_memory[] = "no memory for the flows of a minute";

struct used { /* a list of this batch */
  const char *text;
  uint16_t name;
};

static int by_text(const void *pa, const void *pb)
{
  const struct used *a = pa, *b = pb;
  return strcmp(a->text, b->text);
}

/* The lists that rows name, sorted into u; returns how many. at: zeroes, one a name. */
static uint32_t find_lists(const struct store_batches *s, const struct flow_row *rows, size_t n,
                           uint16_t *at, struct used *u)
{
  uint32_t k = 0;
  for (size_t i = 0; i < n; i++) {
    uint16_t name = rows[i].survey;
    if (name == 0 || at[name]) continue;
    at[name] = 1;
    u[k++] = (struct used){name_text(s, name), name};
  }
  if (k > 1) qsort(u, k, sizeof *u, by_text);
  return k;
}

/* Rows' names of lists become numbers in the batch's own lists: *ret, to be freed. */
static prac_rc number_lists(const struct store_batches *s, struct flow_row *rows, size_t n,
                            const char ***ret, uint32_t *ret_n)
{
  uint16_t *at = calloc(s->n_names + 1, sizeof *at);
  struct used *u = calloc(s->n_names + 1, sizeof *u);
  const char **list = calloc(s->n_names + 1, sizeof *list);
  bool ok = at && u && list;
  if (ok) {
    *ret = list;
    *ret_n = find_lists(s, rows, n, at, u);
    for (uint32_t i = 0; i < *ret_n; i++) {
      at[u[i].name] = (uint16_t)(i + 1);
      list[i] = u[i].text;
    }
    for (size_t i = 0; i < n; i++) rows[i].survey = at[rows[i].survey];
  } else {
    free(list);
  }
  free(at);
  free(u);
  return ok ? PRAC_OK : PRAC_NOMEM;
}

static prac_rc batch_of(const struct store_batches *s, const struct group *g, struct flow_row *rows,
                        uint32_t n, struct flow_batch **ret)
{
  const char **lists;
  uint32_t n_lists;
  PRAC_TRY(number_lists(s, rows, n, &lists, &n_lists));
  prac_rc rc = flow_batch_new(g->sensor, g->minute, rows, n, ret);
  if (rc == PRAC_OK)
    rc = flow_batch_describe(*ret, name_text(s, g->geo), (struct model_strs){lists, n_lists});
  free(lists);
  return rc;
}

static int by_bytes(const void *a, const void *b)
{
  return memcmp(a, b, sizeof(struct flow_row));
}

/* More rows than a batch holds (a sensor started again in the middle of a storm): several, cut
 * where the order of the rows says, not where they happened to come. */
static prac_rc give_group(const struct store_batches *s, struct group *g, store_batch_sink *each,
                          void *arg, struct prac_err *reterr)
{
  if (g->whole) return each(arg, g->whole);
  if (g->n == 0 && g->expected > 0) return PRAC_OK;
  if (g->n > FLOW_BATCH_MAX) qsort(g->rows, g->n, sizeof *g->rows, by_bytes);
  size_t at = 0;
  prac_rc rc;
  do {
    struct flow_batch *b = NULL;
    size_t left = g->n - at, n = left < FLOW_BATCH_MAX ? left : FLOW_BATCH_MAX;
    rc = batch_of(s, g, g->rows ? g->rows + at : NULL, (uint32_t)n, &b);
    if (rc != PRAC_OK) {
      (void)PRAC_FAIL(reterr, rc, "%s", no_memory);
    } else {
      b->part = g->part;
      b->last = g->last && n == left;
      rc = each(arg, b);
    }
    flow_batch_unref(&b);
    at += n;
  } while (rc == PRAC_OK && at < g->n);
  return rc;
}

prac_rc store_batches_give(struct store_batches *s, store_batch_sink *each, void *arg,
                           struct prac_err *reterr)
{
  prac_rc rc = settle(s);
  if (rc != PRAC_OK) (void)PRAC_FAIL(reterr, rc, "%s", no_memory);
  for (size_t i = 0; i < s->n && rc == PRAC_OK; i++) {
    rc = give_group(s, &s->v[i], each, arg, reterr);
    group_done(&s->v[i]);
  }
  store_batches_reset(s);
  return rc;
}
