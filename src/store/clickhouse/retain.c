/* What is no longer wanted. By age, in whole days: first the hours of a day are added up into the
 * table `day`; then one commit says that they and that the edge has moved count together; only then
 * the partitions go. And rows of transactions that do not count. */
#include "model/delivery.h"
#include "model/packet.h"
#include "store/clickhouse/clickhouse.h"

static const struct prac_log_event ev_removed = {
    "store_days_removed", PRAC_LOG_INFO,
    "to keep more, raise store.clickhouse.retention and give the nodes the disk"};

enum { NUMBERS_MAX = 4096, SWEEP_AFTER_S = 3600 };
struct numbers {
  uint32_t v[NUMBERS_MAX];
  size_t n;
};

static prac_rc take_number(void *arg, struct prac_rd *r)
{
  struct numbers *l = arg;
  uint32_t v = prac_rd_u32le(r);
  if (r->bad) return PRAC_OK;
  l->v[l->n++] = v;
  return l->n == NUMBERS_MAX ? PRAC_END : PRAC_OK;
}

/* SELECT DISTINCT expr FROM rest, in order. */
static prac_rc numbers(struct ch *c, const char *expr, const char *table, const char *column,
                       uint32_t below, struct numbers *ret, struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  ret->n = 0;
  ch_say(&sql, "SELECT DISTINCT toUInt32(%s) AS v FROM %s WHERE %s < toDateTime(%u) ORDER BY v",
         expr, table, column, below);
  prac_rc rc = ch_ask(&c->http, &sql, take_number, ret, reterr);
  ch_buf_done(&sql);
  return rc;
}

static prac_rc drop(struct ch *c, const char *table, const struct numbers *parts,
                    struct prac_err *reterr)
{
  for (size_t i = 0; i < parts->n; i++)
    PRAC_TRY(ch_everywhere(c, reterr, "ALTER TABLE %s%s DROP PARTITION %u", table, ch_own(c),
                           parts->v[i]));
  return PRAC_OK;
}

static const char rolls[] = "(SELECT start FROM roll UNION ALL SELECT start FROM rolled)";

static prac_rc move_edge(struct ch *c, uint32_t edge, struct prac_err *reterr)
{
  struct numbers days;
  uint64_t no;
  PRAC_TRY(
      numbers(c, "intDiv(toUInt32(start), 86400) * 86400", rolls, "start", edge, &days, reterr));
  PRAC_TRY(ch_begin(c, &no, reterr));
  PRAC_TRY(ch_fold_ready(c, reterr));
  for (size_t i = 0; i < days.n; i++)
    if (days.v[i] >= c->view.edge) PRAC_TRY(ch_fold_day(c, days.v[i], no, reterr));
  return ch_commit(c, &(struct ch_commit){.no = no, .edge = edge}, reterr);
}

/* After the edge has moved, or where the last time it was cut short. */
static prac_rc drop_days(struct ch *c, uint32_t edge, struct prac_err *reterr)
{
  struct numbers parts;
  char text[PRAC_TIME_TEXT];
  PRAC_TRY(numbers(c, "toYYYYMMDD(minute)", "flows", "minute", edge, &parts, reterr));
  PRAC_TRY(drop(c, "flows", &parts, reterr));
  if (parts.n > 0)
    prac_log(c->log, &ev_removed, "flows older than %s removed",
             prac_time_text(text, edge * PRAC_SEC));
  PRAC_TRY(numbers(c, "toYYYYMMDD(start)", rolls, "start", edge, &parts, reterr));
  if (parts.n == 0) return PRAC_OK;
  PRAC_TRY(drop(c, "roll", &parts, reterr));
  PRAC_TRY(drop(c, "rolled", &parts, reterr));
  return ch_everywhere(c, reterr, "ALTER TABLE record%s DELETE WHERE kind = 'health' AND at < %lld",
                       ch_own(c), (long long)(edge * PRAC_SEC));
}

/* Records of one kind, when there are any so old. */
static prac_rc drop_records(struct ch *c, const char *kind, prac_time edge, struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  uint64_t n = 0;
  ch_say(&sql, "SELECT toUInt64(count()) FROM record WHERE kind = '%s' AND at < %lld", kind,
         (long long)edge);
  prac_rc rc = ch_ask(&c->http, &sql, ch_take_number, &n, reterr);
  ch_buf_done(&sql);
  if (rc != PRAC_OK || n == 0) return rc;
  return ch_everywhere(c, reterr, "ALTER TABLE record%s DELETE WHERE kind = '%s' AND at < %lld",
                       ch_own(c), kind, (long long)edge);
}

/* Days of packets, the newest first, and where those begin that may stay. */
struct days {
  uint64_t most, sum;
  prac_time edge;
};

static prac_rc take_day(void *arg, struct prac_rd *r)
{
  struct days *d = arg;
  prac_time day = (prac_time)prac_rd_u32le(r) * PRAC_DAY;
  uint64_t n = prac_rd_u64le(r);
  if (r->bad) return PRAC_OK;
  bool newest = d->sum == 0;
  d->sum += n;
  if (newest || d->sum <= d->most) d->edge = day;
  return d->sum <= d->most ? PRAC_OK : PRAC_END;
}

static prac_rc packets_by_number(struct ch *c, struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  struct days d = {.most = (uint64_t)c->conf.packet_max_rows};
  ch_say(&sql,
         "SELECT toUInt32(intDiv(at, %lld)) AS day, toUInt64(count()) FROM record WHERE kind = '%s'"
         " GROUP BY day ORDER BY day DESC",
         (long long)PRAC_DAY, model_packet.name);
  prac_rc rc = ch_ask(&c->http, &sql, take_day, &d, reterr);
  ch_buf_done(&sql);
  if (rc != PRAC_OK || d.sum <= d.most) return rc;
  return drop_records(c, model_packet.name, d.edge, reterr);
}

static prac_rc by_age(struct ch *c, prac_time now, struct prac_err *reterr)
{
  struct numbers parts, days;
  uint32_t edge = ch_seconds(prac_time_floor(now - c->conf.retention_ns, PRAC_DAY));
  uint32_t roll_edge = ch_seconds(prac_time_floor(now - c->conf.rollup_retention_ns, PRAC_DAY));
  if (edge > c->view.edge) {
    PRAC_TRY(numbers(c, "intDiv(toUInt32(minute), 86400) * 86400", "flows", "minute", edge, &days,
                     reterr));
    if (days.n > 0 && days.v[days.n - 1] >= c->view.edge) PRAC_TRY(move_edge(c, edge, reterr));
    PRAC_TRY(ch_view_read(c, reterr));
  }
  if (c->view.edge) PRAC_TRY(drop_days(c, c->view.edge, reterr));
  PRAC_TRY(drop_records(c, model_packet.name,
                        prac_time_floor(now - c->conf.packet_retention_ns, PRAC_DAY), reterr));
  PRAC_TRY(packets_by_number(c, reterr));
  PRAC_TRY(drop_records(c, model_delivery.name,
                        prac_time_floor(now - c->conf.delivery_retention_ns, PRAC_DAY), reterr));
  PRAC_TRY(numbers(c, "toYYYYMM(start)", "day", "addMonths(start, 1)", roll_edge, &parts, reterr));
  return drop(c, "day", &parts, reterr);
}

/* ---- rows that do not count ---- */
static const char *const with_tx[] = {"flows", "roll",   "rolled", "day",
                                      "batch", "record", "extent", "ledger"};

/* Removed, and looked for again the next time: what arrives late is found then. */
static prac_rc sweep_one(struct ch *c, const struct ch_void *v, struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  prac_rc rc = PRAC_OK;
  bool clean = true;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(with_tx) && rc == PRAC_OK; i++) {
    uint64_t n = 0;
    ch_say(&sql, "SELECT toUInt64(count()) FROM %s WHERE tx > %llu AND tx < %llu", with_tx[i],
           (unsigned long long)v->after, (unsigned long long)v->before);
    rc = ch_ask(&c->http, &sql, ch_take_number, &n, reterr);
    if (rc == PRAC_OK && n > 0) {
      clean = false;
      rc = ch_everywhere(c, reterr, "ALTER TABLE %s%s DELETE WHERE tx > %llu AND tx < %llu",
                         with_tx[i], ch_own(c), (unsigned long long)v->after,
                         (unsigned long long)v->before);
    }
  }
  ch_buf_done(&sql);
  return rc == PRAC_OK && clean ? ch_note(c, "swept", v->before, "", 0, reterr) : rc;
}

struct old_bases {
  struct ch_void v[16];
  size_t n;
};

static prac_rc take_base(void *arg, struct prac_rd *r)
{
  struct old_bases *l = arg;
  struct ch_void v = {.before = prac_rd_u64le(r)};
  v.after = prac_rd_u64le(r);
  if (r->bad) return PRAC_OK;
  l->v[l->n++] = v;
  return l->n == PRAC_ARRAY_LEN(l->v) ? PRAC_END : PRAC_OK;
}

/* Only what an epoch voided an hour ago: by then no server still works on a statement of it. */
static prac_rc sweep(struct ch *c, struct prac_err *reterr)
{
  struct ch_buf sql = {0};
  struct old_bases l = {.n = 0};
  ch_say(&sql,
         "SELECT DISTINCT tx, n FROM ledger WHERE what = 'base' AND at < now() - %d AND tx GLOBAL"
         " NOT IN (SELECT tx FROM ledger WHERE what = 'swept') ORDER BY tx",
         SWEEP_AFTER_S);
  prac_rc rc = ch_ask(&c->http, &sql, take_base, &l, reterr);
  ch_buf_done(&sql);
  for (size_t i = 0; i < l.n && rc == PRAC_OK; i++) rc = sweep_one(c, &l.v[i], reterr);
  return rc;
}

prac_rc ch_maintain(void *st, prac_time now, struct prac_err *reterr)
{
  struct ch *c = st;
  PRAC_TRY(ch_view_read(c, reterr));
  PRAC_TRY(ch_fold(c, now, reterr));
  PRAC_TRY(by_age(c, now, reterr));
  return sweep(c, reterr);
}
