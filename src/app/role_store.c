/* The only writer of the store. It tells the bus "done" after the store has committed, never
 * before: what dies in between comes again and is known by its position. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "app/role_sender.h"
#include "app/roles.h"
#include "app/stop.h"
#include "app/where.h"
#include "bus/origin.h"
#include "store/store.h"
#include "sys/rights.h"
#include "sys/wall.h"

enum { BATCHES_MAX = 1024, RECS_MAX = 4096, ROWS_MAX = 1 << 18, TX_NS = 500000000 };
static const struct prac_log_event ev_retry = {"store_retry", PRAC_LOG_ERROR,
                                               "free space on the device of the data directory"};
static const struct prac_log_event ev_back = {"store_back", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_unread = {
    "store_unreadable", PRAC_LOG_WARN, "a publisher of another version? The record was left out"};
static const struct prac_log_event ev_maintain = {
    "store_maintain", PRAC_LOG_WARN,
    "put right what the sentence names; it is tried again by itself"};

struct store_role {
  struct store store;
  struct bus bus;
  struct prac_arena *arena;
  struct flow_batch *batches[BATCHES_MAX];
  struct store_rec recs[RECS_MAX];
  size_t n_batches, n_recs, rows;
  uint64_t seq, committed;
  struct role_refused refused;
  prac_time newest, maintained;
  int64_t since; /* mono ns of the first thing in the transaction */
};

static void drop_tx(struct store_role *s)
{
  for (size_t i = 0; i < s->n_batches; i++) flow_batch_unref(&s->batches[i]);
  s->n_batches = s->n_recs = s->rows = 0;
  prac_arena_reset(s->arena);
}

static void nap(int64_t ns)
{
  int64_t until = sys_mono_ns() + ns;
  while (!stop_asked() && sys_mono_ns() < until) sys_sleep_ns(50 * PRAC_MS);
}

/* A full device is waited out: the bus keeps what comes meanwhile. */
static prac_rc append(struct role_env *e, struct store_role *s, struct prac_err *reterr)
{
  struct store_tx tx = {.batches = s->batches,
                        .n_batches = s->n_batches,
                        .recs = s->recs,
                        .n_recs = s->n_recs,
                        .consumer = ROLE_STORE_CONSUMER,
                        .seq = s->seq};
  bool said = false;
  for (;;) {
    struct prac_err err = {0};
    prac_rc rc = s->store.ops->append(s->store.st, &tx, &err);
    if (rc == PRAC_OK) break;
    if (rc != PRAC_FULL && rc != PRAC_IO)
      return prac_err_set(reterr, rc, err.where, "%s", err.text);
    if (!said)
      prac_log(&e->log, &ev_retry, "nothing can be stored: %s; trying again, the bus keeps it",
               err.text);
    said = true;
    if (stop_asked()) return PRAC_FAIL(reterr, PRAC_STOPPED, "stopped while the store was full");
    nap(2 * PRAC_SEC);
  }
  if (said) prac_log(&e->log, &ev_back, "storing again");
  return PRAC_OK;
}

static prac_rc commit(struct role_env *e, void *st, struct prac_err *reterr)
{
  struct store_role *s = st;
  if (s->seq == s->committed) return PRAC_OK;
  if (s->n_batches + s->n_recs > 0) PRAC_TRY(append(e, s, reterr));
  drop_tx(s);
  s->committed = s->seq;
  PRAC_TRY(s->bus.ops->ack(s->bus.st, s->seq, reterr));
  /* A sensor whose clock is ahead must not make all else look old, nor put off the next time. */
  prac_time wall = prac_now(&e->clock), now = s->newest < wall ? s->newest : wall;
  bool due = now != PRAC_TIME_NONE &&
             (s->maintained == PRAC_TIME_NONE || now - s->maintained >= 10 * PRAC_MIN);
  if (!due || !s->store.ops->maintain) return PRAC_OK;
  s->maintained = now;
  struct prac_err err = {0};
  prac_rc rc = s->store.ops->maintain(s->store.st, now, &err);
  (void)malloc_trim(0); /* it had an hour of flows in memory */
  if (rc == PRAC_DAMAGED) return prac_err_set(reterr, rc, err.where, "%s", err.text);
  if (rc != PRAC_OK) prac_log(&e->log, &ev_maintain, "tidying the store: %s", err.text);
  return PRAC_OK;
}

static prac_rc take_batch(const struct role_env *e, struct store_role *s, const struct bus_msg *m,
                          struct prac_err *err)
{
  struct flow_batch *b = NULL;
  PRAC_TRY(flow_batch_decode(m->data, m->len, &b, err));
  prac_rc rc = role_check_batch(m, b, err);
  if (rc == PRAC_OK) rc = role_check_time(e, b->minute, ROLE_AHEAD_KEEP, err);
  if (rc != PRAC_OK) {
    flow_batch_unref(&b);
    return rc;
  }
  s->batches[s->n_batches++] = b;
  s->rows += b->n;
  if (s->newest == PRAC_TIME_NONE || b->minute > s->newest) s->newest = b->minute;
  return PRAC_OK;
}

static prac_rc take_record(const struct role_env *e, struct store_role *s, const struct bus_msg *m,
                           struct prac_err *err)
{
  const char *dot = strchr(m->subject, '.');
  const struct model_kind *k = dot ? model_kind_find(m->subject, (size_t)(dot - m->subject)) : NULL;
  if (!k) return PRAC_OK; /* marks and the like: not for keeping */
  void *rec = prac_arena_alloc(s->arena, k->size);
  if (!rec) return PRAC_FAIL(err, PRAC_NOMEM, "no memory for a record");
  PRAC_TRY(model_from_json(k, m->data, m->len, s->arena, rec, err));
  PRAC_TRY(role_check_record(m, k, rec, err));
  if (bus_origin_name(m->subject))
    PRAC_TRY(role_check_time(e, store_record_at(k, rec), ROLE_AHEAD_KEEP, err));
  s->recs[s->n_recs++] = (struct store_rec){k, rec};
  return PRAC_OK;
}

static prac_rc take(struct role_env *e, void *st, const struct bus_msg *m, struct prac_err *reterr)
{
  struct store_role *s = st;
  struct prac_err err = {0};
  if (s->seq == s->committed) s->since = sys_mono_ns();
  s->seq = m->seq;
  bool flow = strncmp(m->subject, "flow.", 5) == 0;
  prac_rc rc = flow ? take_batch(e, s, m, &err) : take_record(e, s, m, &err);
  if (rc == PRAC_NOMEM) return prac_err_set(reterr, rc, err.where, "%s", err.text);
  if (rc != PRAC_OK) role_refuse(e, &s->refused, &ev_unread, m, err.text);
  bool full = s->n_batches == BATCHES_MAX || s->n_recs == RECS_MAX || s->rows >= ROWS_MAX ||
              sys_mono_ns() - s->since > TX_NS;
  return full ? commit(e, s, reterr) : PRAC_OK;
}

static prac_rc open_store(struct role_env *e, struct store_role *s, struct prac_err *reterr)
{
  char dir[ROLE_PATH];
  struct store_env env = {.nthreads = 1, .log = &e->log};
  return where_open_own(e->settings, role_path(e, "store", dir), &env, &s->store, reterr);
}

static prac_rc prepare(struct role_env *e, void *st, struct prac_err *reterr)
{
  return where_is_outside(e->settings) ? open_store(e, st, reterr) : PRAC_OK;
}

static prac_rc open_all(struct role_env *e, struct store_role *s, struct prac_err *reterr)
{
  s->newest = s->maintained = PRAC_TIME_NONE;
  s->arena = prac_arena_new(1 << 16);
  if (!s->arena) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the store");
  if (!s->store.ops) PRAC_TRY(open_store(e, s, reterr));
  PRAC_TRY(s->store.ops->position(s->store.st, ROLE_STORE_CONSUMER, &s->committed, reterr));
  s->seq = s->committed;
  PRAC_TRY(role_bus_open(e, &s->bus, reterr));
  static const char *const all[] = {""};
  return s->bus.ops->subscribe(s->bus.st, all, 1, true, reterr);
}

static prac_rc run(struct role_env *e, void *st, struct prac_err *reterr)
{
  struct store_role *s = st;
  PRAC_TRY(open_all(e, s, reterr));
  return role_consume(e, &(struct role_feed){&s->bus, &s->seq, s, take, commit}, reterr);
}

static void done(void *st)
{
  struct store_role *s = st;
  if (s->arena) drop_tx(s);
  bus_close(&s->bus);
  store_close(&s->store);
  prac_arena_free(&s->arena);
}

const struct role role_store = {
    .name = "store",
    .about = "keeps every record, and is the only one that writes them",
    .state_size = sizeof(struct store_role),
    .may = SYS_MAY_FILES | SYS_MAY_CONNECT | SYS_MAY_THREADS,
    .drain = 4,
    .dirs = "store",
    .mode = 0755,
    .prepare = prepare,
    .run = run,
    .done = done,
};
