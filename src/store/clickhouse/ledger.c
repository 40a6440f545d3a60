/* What counts and what does not. Rows of the ledger:
 *   open    an epoch is about to begin (name: who); fences off the writers before
 *   base    it has begun: of all earlier tx, those above n do not count, now and for ever
 *   commit  a transaction counts; name and n: the position of a consumer
 *   swept   rows that a base of this tx voided have been looked for and are gone
 *   edge    flows (and minutes, hours) before n seconds were given up by age
 *   fold    rows of roll before n seconds, of this tx and earlier ones, are in rolled, added up
 * Every row may stand there several times and says the same: sending one twice does no harm. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/clickhouse/clickhouse.h"
#include "sys/wall.h"

enum { EPOCH_BITS = 32 };

void ch_view_done(struct ch_view *v)
{
  free(v->v);
  *v = (struct ch_view){0};
}

static prac_rc add_void(struct ch_view *v, struct ch_void x)
{
  if (v->n == v->cap) {
    size_t cap = v->cap ? v->cap * 2 : 16;
    struct ch_void *p = realloc(v->v, cap * sizeof *p);
    if (!p) return PRAC_NOMEM;
    v->v = p;
    v->cap = cap;
  }
  v->v[v->n++] = x;
  return PRAC_OK;
}

void ch_say_view(const struct ch *c, struct ch_buf *sql)
{
  ch_say(sql, " AND tx <= %llu", (unsigned long long)c->view.upto);
  for (size_t i = 0; i < c->view.n; i++)
    ch_say(sql, " AND NOT (tx > %llu AND tx < %llu)", (unsigned long long)c->view.v[i].after,
           (unsigned long long)c->view.v[i].before);
}

void ch_say_view_roll(const struct ch *c, struct ch_buf *sql)
{
  ch_say_view(c, sql);
  if (c->view.fold_edge)
    ch_say(sql, " AND (start >= toDateTime(%u) OR tx > %llu)", c->view.fold_edge,
           (unsigned long long)c->view.fold_tx);
}

prac_rc ch_take_number(void *arg, struct prac_rd *r)
{
  uint64_t n = prac_rd_u64le(r);
  if (!r->bad) *(uint64_t *)arg = n;
  return PRAC_OK;
}

static prac_rc number(struct ch *c, uint64_t *ret, struct prac_err *reterr, const char *fmt,
                      uint64_t a)
{
  struct ch_buf sql = {0};
  *ret = 0;
  for (const char *s = fmt; *s; s++) {
    if (*s == '#')
      ch_say(&sql, "%llu", (unsigned long long)a);
    else
      ch_put(&sql, s, 1);
  }
  prac_rc rc = ch_ask(&c->http, &sql, ch_take_number, ret, reterr);
  ch_buf_done(&sql);
  return rc;
}

static bool counts(const struct ch_view *v, uint64_t tx)
{
  bool yes = tx <= v->upto;
  for (size_t i = 0; i < v->n && yes; i++) yes = tx <= v->v[i].after || tx >= v->v[i].before;
  return yes;
}

static void move_edge(struct ch_view *v, bool fold, uint64_t tx, uint64_t n)
{
  /* One that is above `upto` came while we looked: it is found again by ch_view_moved. */
  if (tx <= v->upto && tx > v->moved) v->moved = tx;
  if (!counts(v, tx)) return;
  if (!fold && n > v->edge) v->edge = (uint32_t)n;
  if (!fold || tx <= v->fold_tx) return;
  v->fold_tx = tx;
  v->fold_edge = (uint32_t)n;
}

static prac_rc take_mark(void *arg, struct prac_rd *r)
{
  struct ch_view *v = arg;
  char what[8];
  ch_rd_cstr(r, what, sizeof what);
  uint64_t tx = prac_rd_u64le(r), n = prac_rd_u64le(r);
  if (r->bad) return PRAC_OK;
  if (strcmp(what, "base") == 0) return add_void(v, (struct ch_void){n, tx}); /* they come first */
  if (strcmp(what, "swept") != 0) {
    move_edge(v, strcmp(what, "fold") == 0, tx, n);
    return PRAC_OK;
  }
  for (size_t i = 0; i < v->n; i++)
    if (v->v[i].before == tx) v->v[i--] = v->v[--v->n];
  return PRAC_OK;
}

static prac_rc read_marks(struct ch *c, struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  ch_say(&sql,
         "SELECT DISTINCT what, tx, n FROM ledger WHERE what IN ('base', 'edge', 'fold', 'swept')"
         " ORDER BY what, tx");
  c->view.n = 0;
  prac_rc rc = ch_ask(&c->http, &sql, take_mark, &c->view, reterr);
  ch_buf_done(&sql);
  return rc == PRAC_NOMEM ? ch_no_memory(reterr) : rc;
}

/* The last commit first, then what does not count: an epoch that begins between the two has its
 * own rows above the first, and what it voids is known. */
prac_rc ch_view_read(struct ch *c, struct prac_err *reterr)
{
  uint64_t upto;
  PRAC_TRY(number(c, &upto, reterr, "SELECT max(tx) FROM ledger WHERE what = 'commit' AND tx >= #",
                  c->view.upto));
  if (upto > c->view.upto) c->view.upto = upto;
  return read_marks(c, reterr);
}

prac_rc ch_view_moved(struct ch *c, bool *ret, struct prac_err *reterr)
{
  uint64_t moved;
  PRAC_TRY(number(c, &moved, reterr,
                  "SELECT max(tx) FROM ledger WHERE what IN ('edge', 'fold') AND tx > #",
                  c->view.moved));
  *ret = moved > c->view.moved;
  return PRAC_OK;
}

/* ---- positions ---- */
struct ch_consumer *ch_consumer_of(struct ch *c, const char *name)
{
  for (size_t i = 0; i < c->n_consumers; i++)
    if (strcmp(c->consumer[i].name, name) == 0) return &c->consumer[i];
  return NULL;
}

static prac_rc take_position(void *arg, struct prac_rd *r)
{
  struct ch *c = arg;
  struct ch_consumer v;
  ch_rd_cstr(r, v.name, sizeof v.name);
  v.seq = prac_rd_u64le(r);
  if (r->bad) return PRAC_OK;
  if (c->n_consumers == CH_CONSUMERS_MAX) return PRAC_FULL;
  struct ch_consumer *p = realloc(c->consumer, (c->n_consumers + 1) * sizeof *p);
  if (!p) return PRAC_NOMEM;
  c->consumer = p;
  p[c->n_consumers++] = v;
  return PRAC_OK;
}

static prac_rc read_positions(struct ch *c, struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  ch_say(&sql, "SELECT name, argMax(n, tx) FROM ledger WHERE what = 'commit' AND name != ''");
  ch_say_view(c, &sql);
  ch_say(&sql, " GROUP BY name");
  c->n_consumers = 0;
  prac_rc rc = ch_ask(&c->http, &sql, take_position, c, reterr);
  ch_buf_done(&sql);
  if (rc == PRAC_FULL || rc == PRAC_NOMEM)
    return PRAC_FAIL(reterr, rc, "no room for the positions of %zu consumers", c->n_consumers);
  return rc;
}

prac_rc ch_position(void *st, const char *consumer, uint64_t *ret_seq, struct prac_err *reterr)
{
  struct ch *c = st;
  if (c->read_only) {
    PRAC_TRY(ch_view_read(c, reterr));
    PRAC_TRY(read_positions(c, reterr));
  }
  const struct ch_consumer *v = ch_consumer_of(c, consumer);
  *ret_seq = v ? v->seq : 0;
  return PRAC_OK;
}

/* ---- writing ---- */
static const char ledger_into[] = "ledger (what, tx, name, n)";

static void put_row(struct ch_buf *to, const char *what, uint64_t tx, const char *name, uint64_t n)
{
  ch_put_text(to, what);
  ch_put_u64(to, tx, 8);
  ch_put_text(to, name);
  ch_put_u64(to, n, 8);
}

prac_rc ch_note(struct ch *c, const char *what, uint64_t tx, const char *name, uint64_t n,
                struct prac_err *reterr)
{
  struct ch_buf row = {0};
  put_row(&row, what, tx, name, n);
  prac_rc rc = ch_insert(c, ledger_into, &row, reterr);
  ch_buf_done(&row);
  return rc;
}

/* Somebody began an epoch after ours: what we commit from now on may not count. */
static prac_rc still_ours(struct ch *c, struct prac_err *reterr)
{
  uint64_t later;
  PRAC_TRY(number(c, &later, reterr, "SELECT count() FROM ledger WHERE what = 'open' AND tx > #",
                  c->epoch));
  if (later == 0) return PRAC_OK;
  return PRAC_FAIL(reterr, PRAC_EXISTS,
                   "another process has begun to write to the store %s: only one may", c->database);
}

prac_rc ch_begin(struct ch *c, uint64_t *ret_no, struct prac_err *reterr)
{
  if (c->next == 0) PRAC_TRY(ch_epoch_begin(c, reterr));
  *ret_no = c->next;
  c->next = 0;
  return PRAC_OK;
}

/* All rows in one insert: one part, there or not. */
prac_rc ch_commit(struct ch *c, const struct ch_commit *t, struct prac_err *reterr)
{
  struct ch_buf rows = {0};
  put_row(&rows, "commit", t->no, t->consumer ? t->consumer : "", t->seq);
  if (t->edge) put_row(&rows, "edge", t->no, "", t->edge);
  if (t->fold) put_row(&rows, "fold", t->no, "", t->fold);
  prac_rc rc = ch_insert(c, ledger_into, &rows, reterr);
  ch_buf_done(&rows);
  if (rc == PRAC_OK) rc = still_ours(c, reterr);
  if (rc != PRAC_OK) return rc;
  c->last = t->no;
  c->next = t->no + 1;
  return PRAC_OK;
}

/* Names never meet: the time to the nanosecond and the process. */
static void own_name(char out[64])
{
  (void)snprintf(out, 64, "%lld-%ld", (long long)sys_mono_ns(), (long)getpid());
}

static prac_rc take_epoch(struct ch *c, struct prac_err *reterr)
{
  uint64_t last, others;
  char name[64];
  own_name(name);
  PRAC_TRY(number(c, &last, reterr, "SELECT max(tx) FROM ledger WHERE what = 'open' AND tx >= #",
                  c->epoch));
  if (last < c->epoch) last = c->epoch; /* announced in vain */
  c->epoch = ((last >> EPOCH_BITS) + 1) << EPOCH_BITS;
  PRAC_TRY(ch_note(c, "open", c->epoch, name, 0, reterr));
  PRAC_TRY(number(c, &others, reterr,
                  "SELECT uniqExact(name) FROM ledger WHERE what = 'open' AND tx = #", c->epoch));
  if (others > 1)
    return PRAC_FAIL(reterr, PRAC_EXISTS,
                     "two processes begin to write to the store %s at the same moment",
                     c->database);
  return PRAC_OK;
}

/* A replica that has not heard of everything yet would say that less counts than does. With a
 * quorum one that has caught up knows all; without, any of them may be the only one that has
 * something. */
static prac_rc catch_up(struct ch *c, struct prac_err *reterr)
{
  if (!c->conf.replicated) return PRAC_OK;
  return ch_everywhere(c, reterr, "SYSTEM SYNC REPLICA ledger%s", ch_own(c));
}

/* First the fence, then the look at what counts so far, then the base that says so for good. What
 * we committed ourselves counts even where a node that we came to later has not heard of it yet. */
prac_rc ch_epoch_begin(struct ch *c, struct prac_err *reterr)
{
  bool first = c->epoch == 0;
  c->next = 0;
  if (first) PRAC_TRY(catch_up(c, reterr));
  if (!first) PRAC_TRY(still_ours(c, reterr));
  PRAC_TRY(take_epoch(c, reterr));
  PRAC_TRY(ch_view_read(c, reterr));
  if (first) {
    struct ch_buf sql = {0};
    ch_say(&sql, "SELECT max(tx) FROM ledger WHERE what = 'commit'");
    ch_say_view(c, &sql);
    prac_rc rc = ch_ask(&c->http, &sql, ch_take_number, &c->last, reterr);
    ch_buf_done(&sql);
    if (rc == PRAC_OK) rc = read_positions(c, reterr);
    if (rc != PRAC_OK) return rc;
  }
  PRAC_TRY(ch_note(c, "base", c->epoch, "", c->last, reterr));
  PRAC_TRY(still_ours(c, reterr));
  c->next = c->epoch + 1;
  return PRAC_OK;
}
