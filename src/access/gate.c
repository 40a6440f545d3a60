/* A store made out of a store. What a question may not name is refused before it is asked; what an
 * answer may not name is taken out on its way. Where the scope can be said in the question's own
 * words it is, so that the inner store does not read what nobody will see. */
#include "access/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/gate_int.h"
#include "model/packet.h"
#include "store/answer.h"

enum {
  FEW = 1 << 16, /* rows that are looked at in any case */
  OFTEN = 64,    /* and so many for each row that is wanted */
  MANY = 1 << 20,
  AIM = 1 << 15, /* rows in a window of time */
  RECORD_MAX = 4 << 20
};
static const int64_t window_first = PRAC_MIN, window_max = 64 * PRAC_DAY;

struct gate {
  const struct store *inner;
  struct gate_who who;
};

/* An answer on its way out. */
struct out {
  const struct gate *g;
  const struct store_query *q; /* as it was put to the inner store */
  store_row *each;
  access_gate_each *each_rec; /* instead of each, of records; they live in recs */
  void *arg;
  struct prac_arena *arena, *recs;
  struct prac_arena_mark mark; /* behind it: one record */
  bool filter;                 /* rows may be of senders outside */
  uint32_t left;               /* rows that the reader still wants */
  uint64_t looked;             /* rows that have come */
  struct store_pass pass;      /* of flows that are filtered: those of the page before */
  bool done;                   /* the reader has all */
};

static bool sees(const struct gate *g, const struct prac_ip *ip)
{
  return access_scope_ip(g->who.scope, g->who.geo, ip);
}

/* ---- rows ---- */

static bool called(const struct store_col *c, const char *name)
{
  return strcmp(c->name, name) == 0;
}

/* How a sensor's machine is set up is its operator's affair. */
static bool of_operators(const struct store_col *c)
{
  return called(c, "source") || called(c, "version") || called(c, "clock_offset_ns");
}

/* One value as it may be shown. */
static prac_rc clean(const struct out *o, const struct store_col *c, struct store_value *v)
{
  if (o->g->who.scope->all) return PRAC_OK;
  if (of_operators(c))
    *v = c->type == STORE_TEXT ? (struct store_value){.s = ""} : (struct store_value){.u = 0};
  if (c->type == STORE_IP && !sees(o->g, &v->ip)) v->ip = (struct prac_ip){{0}};
  return c->type == STORE_TEXT ? gate_text(&o->g->who, &v->s, o->arena) : PRAC_OK;
}

static prac_rc give(struct out *o, prac_rc rc)
{
  if (rc != PRAC_OK) return rc;
  o->done = --o->left == 0;
  return o->done && o->filter ? PRAC_STOPPED : PRAC_OK;
}

static prac_rc take_row(void *arg, const struct store_col *cols, size_t n,
                        const struct store_value *v)
{
  struct out *o = arg;
  struct store_col c[STORE_COLS_MAX];
  struct store_value x[STORE_COLS_MAX];
  size_t k = 0;
  o->looked++;
  PRAC_INSIST(n <= STORE_COLS_MAX);
  prac_arena_rewind(o->arena, o->mark);
  for (size_t i = 0; i < n; i++) {
    if (o->filter && called(&cols[i], "src") && !sees(o->g, &v[i].ip)) return PRAC_OK;
    if (called(&cols[i], "dst") || called(&cols[i], "payload")) continue;
    c[k] = cols[i];
    x[k] = v[i];
    PRAC_TRY(clean(o, &c[k], &x[k]));
    k++;
  }
  if (store_pass_over(&o->pass, v[0].t)) return PRAC_OK;
  return give(o, o->each(o->arg, c, k, x));
}

static prac_rc emit(struct out *o, const void *rec)
{
  struct prac_json j = prac_json_of(RECORD_MAX);
  model_to_json(o->q->kind, rec, &j);
  prac_rc rc = j.bad ? PRAC_NOMEM : store_record_emit(j.buf, o->each, o->arg);
  prac_json_done(&j);
  return rc;
}

static prac_rc take_record(void *arg, const struct store_col *cols, size_t n,
                           const struct store_value *v)
{
  struct out *o = arg;
  const struct model_kind *k = o->q->kind;
  bool seen = false, keep = false;
  o->looked++;
  if (n != 1 || cols[0].type != STORE_TEXT) return PRAC_DAMAGED;
  struct prac_arena_mark m = prac_arena_mark(o->recs);
  void *rec = prac_arena_alloc(o->recs, k->size);
  if (!rec) return PRAC_NOMEM;
  PRAC_TRY(model_from_json(k, v[0].s, strlen(v[0].s), o->recs, rec, NULL));
  PRAC_TRY(access_gate_record(o->g->who.scope, o->g->who.geo, k, rec, o->recs, &seen));
  prac_rc rc = !seen ? PRAC_OK : o->each_rec ? o->each_rec(o->arg, rec, &keep) : emit(o, rec);
  if (!keep) prac_arena_rewind(o->recs, m);
  return seen ? give(o, rc) : rc;
}

/* ---- the question ---- */

static prac_rc denied(struct prac_err *reterr)
{
  return PRAC_FAIL(reterr, PRAC_DENIED, "this is not in your part of the world");
}

static prac_rc too_far(struct prac_err *reterr)
{
  return PRAC_FAIL(reterr, PRAC_RANGE,
                   "too much of this is outside your part of the world: ask for a shorter time");
}

/* Of each sender that is named, the part that is inside. */
static prac_rc narrow(const struct gate *g, struct store_query *c, struct prac_arena *a,
                      struct prac_err *reterr)
{
  const struct access_scope *s = g->who.scope;
  const struct prac_prefix *l = c->n_srcs ? c->srcs : &c->src;
  uint32_t n_l = c->n_srcs ? c->n_srcs : c->src.bits ? 1 : 0, n = 0, whole = 0;
  while (whole < n_l && access_scope_prefix(s, g->who.geo, &l[whole])) whole++;
  if (whole == n_l) return PRAC_OK;
  struct prac_prefix *v = prac_arena_alloc(a, STORE_SRCS_MAX * sizeof *v);
  if (!v) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a question");
  for (uint32_t i = 0; i < n_l; i++) {
    uint32_t had = n;
    if (!access_scope_within(s, g->who.geo, &l[i], v, STORE_SRCS_MAX, &n))
      return PRAC_FAIL(reterr, PRAC_RANGE,
                       "your part of that prefix is in too many pieces: ask for a longer prefix");
    if (n == had) return denied(reterr);
  }
  c->srcs = v;
  c->n_srcs = n;
  return PRAC_OK;
}

static prac_rc check_names(const struct gate *g, struct store_query *c, struct prac_arena *a,
                           struct prac_err *reterr)
{
  PRAC_TRY(store_query_check(c, reterr));
  if (c->dst.bits || (c->what == STORE_CELLS && (c->keys & STORE_KEY_DST)))
    return PRAC_FAIL(reterr, PRAC_DENIED, "our own addresses (dst) can not be asked for here");
  if (c->what == STORE_RECORDS && c->kind == &model_packet && !g->who.scope->packets)
    return PRAC_FAIL(reterr, PRAC_DENIED, "packets are for analysts");
  if (g->who.scope->all) return PRAC_OK;
  if (!gate_text_ok(&g->who, c->id) || !gate_text_ok(&g->who, c->key)) return denied(reterr);
  if (c->victim.bits && !access_scope_prefix(g->who.scope, g->who.geo, &c->victim))
    return denied(reterr);
  return narrow(g, c, a, reterr);
}

static bool by_sender(const struct store_query *q)
{
  return q->what == STORE_FLOWS || (q->what == STORE_CELLS && (q->keys & STORE_KEY_SRC)) ||
         ((q->what == STORE_TOP || q->what == STORE_TOP_SCAN || q->what == STORE_SERIES) &&
          q->by == STORE_BY_SRC);
}

static bool names(const char *s)
{
  return s && *s;
}

/* Which rows of an answer are inside? */
enum rows { ROWS_NONE, ROWS_SOME, ROWS_ALL };

static bool other_country(const struct access_scope *s, const struct store_query *q)
{
  return names(q->country) && !access_scope_country(s, q->country);
}

static bool other_asn(const struct access_scope *s, const struct store_query *q)
{
  return q->asn && !access_scope_asn(s, q->asn);
}

/* The scope in the question's words. Countries and networks stand in rows as they were when the
 * rows were made: they make the question smaller, and each row is still looked up. */
static enum rows push_down(const struct gate *g, struct store_query *c, char country[3])
{
  const struct access_scope *s = g->who.scope;
  bool countries = s->n_asns + s->n_prefixes == 0, asns = s->n_countries + s->n_prefixes == 0;
  if (s->all || c->n_srcs || c->src.bits) return ROWS_ALL;
  if ((countries && other_country(s, c)) || (asns && other_asn(s, c))) return ROWS_NONE;
  if (countries && s->n_countries == 1) {
    (void)snprintf(country, 3, "%c%c", s->countries[0] >> 8, s->countries[0] & 0xff);
    c->country = country;
  } else if (asns && s->n_asns == 1) {
    c->asn = s->asns[0];
  } else if (s->n_countries + s->n_asns == 0 && s->n_prefixes <= STORE_SRCS_MAX) {
    c->srcs = s->prefixes;
    c->n_srcs = s->n_prefixes;
    return ROWS_ALL;
  }
  return ROWS_SOME;
}

/* What the inner store may not do (its files, its account at a server) is its own affair: only the
 * gate denies. */
static prac_rc to_inner(const struct gate *g, const struct store_query *c, store_row *take,
                        void *arg, struct prac_err *reterr)
{
  prac_rc rc = g->inner->ops->query(g->inner->st, c, take, arg, reterr);
  return rc == PRAC_DENIED ? PRAC_IO : rc;
}

static prac_rc ask_inner(const struct gate *g, struct out *o, const struct store_query *c,
                         store_row *take, struct prac_err *reterr)
{
  o->q = c;
  prac_rc rc = to_inner(g, c, take, o, reterr);
  return rc == PRAC_STOPPED && o->done ? PRAC_OK : rc;
}

static uint32_t raised(uint32_t limit)
{
  uint64_t n = (uint64_t)limit * OFTEN;
  if (n < FEW) n = FEW;
  if (n > MANY) n = MANY;
  return n > limit ? (uint32_t)n : limit;
}

/* All that there is may be outside: the inner store is asked for more rows than are wanted, and it
 * is an error when they were not enough. */
static prac_rc ask_more(const struct gate *g, struct out *o, struct store_query *c, store_row *take,
                        struct prac_err *reterr)
{
  c->limit = raised(o->left);
  PRAC_TRY(ask_inner(g, o, c, take, reterr));
  return !o->done && o->looked >= c->limit ? too_far(reterr) : PRAC_OK;
}

/* ---- flows, window by window of time ---- */

static prac_rc take_kept(void *arg, const struct store_col *cols, size_t n,
                         const struct store_value *v)
{
  struct prac_span *s = arg;
  if (n == 3 && called(&cols[0], "what") && strcmp(v[0].s, "flows") == 0)
    *s = (struct prac_span){v[1].t, v[2].t};
  return PRAC_OK;
}

/* A window that brought little is followed by a longer one. */
static int64_t next_width(int64_t w, uint64_t rows)
{
  if (rows < AIM / 2 && w < window_max) return 2 * w;
  return rows > 2 * AIM && w > PRAC_SEC ? w / 2 : w;
}

static prac_rc ask_windows(const struct gate *g, struct out *o, struct store_query *c,
                           struct prac_err *reterr)
{
  const struct store_query kept = {.what = STORE_KEPT};
  struct prac_span all = {PRAC_TIME_NONE, PRAC_TIME_NONE}, want = c->span;
  PRAC_TRY(to_inner(g, &kept, take_kept, &all, reterr));
  if (all.from == PRAC_TIME_NONE) return PRAC_OK;
  if (want.from != PRAC_TIME_NONE && want.from > all.from) all.from = want.from;
  if (want.to != PRAC_TIME_NONE && want.to < all.to) all.to = want.to;
  c->limit = MANY;
  o->pass = store_pass_of(c);
  c->passed = 0;
  for (int64_t w = window_first; all.from < all.to && !o->done;) {
    uint64_t before = o->looked;
    if (w > all.to - all.from) w = all.to - all.from;
    c->span = c->oldest_first ? (struct prac_span){all.from, all.from + w}
                              : (struct prac_span){all.to - w, all.to};
    PRAC_TRY(ask_inner(g, o, c, take_row, reterr));
    uint64_t rows = o->looked - before;
    if (!o->done && (rows >= MANY || o->looked >= GATE_LOOKED_AT)) return too_far(reterr);
    *(c->oldest_first ? &all.from : &all.to) += c->oldest_first ? w : -w;
    w = next_width(w, rows);
  }
  return PRAC_OK;
}

/* ---- the store ---- */

static prac_rc ask_records(const struct gate *g, struct out *o, struct store_query *c,
                           struct prac_err *reterr)
{
  o->filter = !g->who.scope->all || g->who.scope->clearance < ACCESS_RED;
  return o->filter ? ask_more(g, o, c, take_record, reterr)
                   : ask_inner(g, o, c, take_record, reterr);
}

static prac_rc ask(const struct gate *g, struct out *o, struct store_query *c,
                   struct prac_err *reterr)
{
  char country[3];
  PRAC_TRY(check_names(g, c, o->arena, reterr));
  o->mark = prac_arena_mark(o->arena);
  o->left = store_limit(c);
  if (c->what == STORE_RECORDS) return ask_records(g, o, c, reterr);
  enum rows rows = by_sender(c) ? push_down(g, c, country) : ROWS_ALL;
  if (rows == ROWS_NONE) return PRAC_OK;
  if (rows == ROWS_ALL) return ask_inner(g, o, c, take_row, reterr);
  o->filter = true;
  return c->what == STORE_FLOWS ? ask_windows(g, o, c, reterr)
                                : ask_more(g, o, c, take_row, reterr);
}

static prac_rc answer(struct out *o, const struct store_query *q, struct prac_err *reterr)
{
  struct store_query c = store_query_open(q);
  o->arena = prac_arena_new(8192);
  if (!o->arena) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a question");
  if (!o->recs) o->recs = o->arena;
  prac_rc rc = ask(o->g, o, &c, reterr);
  prac_arena_free(&o->arena);
  return rc;
}

static prac_rc gate_query(void *st, const struct store_query *q, store_row *each, void *arg,
                          struct prac_err *reterr)
{
  struct out o = {.g = st, .each = each, .arg = arg};
  return answer(&o, q, reterr);
}

static prac_rc gate_append(void *st, const struct store_tx *tx, struct prac_err *reterr)
{
  (void)st, (void)tx;
  return PRAC_FAIL(reterr, PRAC_DENIED, "this store is for reading");
}

static prac_rc gate_position(void *st, const char *consumer, uint64_t *ret_seq,
                             struct prac_err *reterr)
{
  (void)st, (void)consumer, (void)ret_seq;
  return PRAC_FAIL(reterr, PRAC_DENIED, "this store is for reading");
}

/* Batches hold everything, our own addresses too. */
static prac_rc gate_batches(void *st, const struct store_batch_query *q, store_batch_sink *each,
                            void *arg, struct prac_err *reterr)
{
  (void)st, (void)q, (void)each, (void)arg;
  return denied(reterr);
}

static void gate_close(void *st)
{
  (void)st;
}

static const struct store_ops ops = {
    .name = "gate",
    .about = "what one reader may see of another store",
    .state_size = sizeof(struct gate),
    .append = gate_append,
    .position = gate_position,
    .query = gate_query,
    .batches = gate_batches,
    .close = gate_close,
};

prac_rc access_gate_records(const struct store *gated, const struct store_query *q,
                            struct prac_arena *a, access_gate_each *each, void *arg,
                            struct prac_err *reterr)
{
  PRAC_INSIST(gated->ops == &ops && q->what == STORE_RECORDS);
  struct out o = {.g = gated->st, .each_rec = each, .arg = arg, .recs = a};
  return answer(&o, q, reterr);
}

prac_rc access_gate_open(const struct store *inner, const struct access_scope *scope,
                         const struct lookup *geo, struct store *ret, struct prac_err *reterr)
{
  struct gate *g = calloc(1, sizeof *g);
  if (!g) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a reader's store");
  *g = (struct gate){inner, {scope, geo}};
  *ret = (struct store){&ops, g};
  return PRAC_OK;
}
