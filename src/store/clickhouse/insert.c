/* An append: rows of flows, roll-ups, batches, records, each as one insert a table (flows: one a
 * day, so that it is one part), and at last the row of the ledger that makes them count. What stops
 * in between leaves rows that no reader sees; it is begun anew under another number. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/clickhouse/clickhouse.h"
#include "sys/wall.h"

enum { ROWS_INSERT = 1 << 20, ROW_BYTES = 160 };

prac_rc ch_insert(struct ch *c, const char *into, const struct ch_buf *rows,
                  struct prac_err *reterr)
{
  char sql[512], settings[96];
  if (rows->bad) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to store");
  if (rows->n == 0) return PRAC_OK;
  int n =
      snprintf(settings, sizeof settings, "%s", c->cluster[0] ? "&insert_distributed_sync=1" : "");
  if (c->conf.replicated && c->conf.quorum > 1)
    (void)snprintf(settings + n, sizeof settings - (size_t)n, "&insert_quorum=%lld",
                   (long long)c->conf.quorum);
  (void)snprintf(sql, sizeof sql, "INSERT INTO %s FORMAT RowBinary", into);
  return ch_do(&c->http, SIZE_MAX, sql, settings, rows, reterr);
}

/* ---- flows ---- */
static uint8_t *put_le(uint8_t *p, uint64_t v, size_t bytes)
{
  for (size_t i = 0; i < bytes; i++) p[i] = (uint8_t)(v >> 8 * i);
  return p + bytes;
}

static uint8_t *put_ip(uint8_t *p, const struct prac_ip *ip)
{
  memcpy(p, ip, sizeof *ip);
  return p + sizeof *ip;
}

/* In the order of flow_into below. head: minute, sensor, part. */
static void put_row(struct ch_buf *to, const struct ch_buf *head, const struct flow_batch *b,
                    uint32_t i, uint64_t no)
{
  const char *list = b->survey[i] && b->survey[i] <= b->lists.n ? b->lists.v[b->survey[i] - 1] : "";
  uint8_t *start = ch_buf_room(to, ROW_BYTES + head->n), *p = start;
  if (!p) return;
  memcpy(p, head->v, head->n);
  p = put_le(p + head->n, b->first_ms[i], 2);
  p = put_le(p, b->span_ms[i], 2);
  p = put_ip(p, &b->src[i]);
  p = put_ip(p, &b->dst[i]);
  p = put_ip(p, &b->victim[i]);
  *p++ = b->proto[i];
  *p++ = b->tcp_flags[i];
  *p++ = b->ttl[i];
  *p++ = b->tool[i];
  p = put_le(p, b->sport[i], 2);
  p = put_le(p, b->dport[i], 2);
  p = put_le(p, b->window[i], 2);
  p = put_le(p, b->country[i], 2);
  p = put_le(p, b->asn[i], 4);
  p = put_le(p, b->marks[i], 4);
  p = put_le(p, b->packets[i], 4);
  p = put_le(p, b->bytes[i], 8);
  p = put_le(p, b->payload[i], 8);
  p = put_le(p, no, 8);
  to->n += (size_t)(p - start);
  ch_put_text(to, list);
}
static const char flow_into[] =
    "flows (minute, sensor, part, first_ms, span_ms, src, dst, victim, proto, tcp_flags, ttl, tool,"
    " sport, dport, window, country, asn, marks, packets, bytes, payload, tx, survey)";

static void put_batch_rows(struct ch_buf *to, const struct flow_batch *b, uint64_t no)
{
  struct ch_buf head = {0};
  ch_put_u64(&head, ch_seconds(b->minute), 4);
  ch_put_text(&head, b->sensor);
  ch_put_u64(&head, b->part, 4);
  to->bad = to->bad || head.bad;
  for (uint32_t i = 0; i < b->n && !to->bad; i++) put_row(to, &head, b, i, no);
  ch_buf_done(&head);
}

static int by_minute(const void *pa, const void *pb)
{
  const struct flow_batch *a = *(struct flow_batch *const *)pa,
                          *b = *(struct flow_batch *const *)pb;
  return a->minute < b->minute ? -1 : a->minute > b->minute;
}

static prac_rc insert_flows(struct ch *c, struct flow_batch *const *v, size_t n, uint64_t no,
                            struct prac_err *reterr)
{
  struct ch_buf rows = {0};
  size_t held = 0;
  prac_rc rc = PRAC_OK;
  for (size_t i = 0; i < n && rc == PRAC_OK; i++) {
    put_batch_rows(&rows, v[i], no);
    held += v[i]->n;
    if (i + 1 < n && held + v[i + 1]->n <= ROWS_INSERT &&
        prac_time_floor(v[i]->minute, PRAC_DAY) == prac_time_floor(v[i + 1]->minute, PRAC_DAY))
      continue;
    rc = ch_insert(c, flow_into, &rows, reterr);
    rows.n = held = 0;
  }
  ch_buf_done(&rows);
  return rc;
}

static prac_rc insert_batches(struct ch *c, struct flow_batch *const *v, size_t n, uint64_t no,
                              struct prac_err *reterr)
{
  struct ch_buf rows = {0};
  for (size_t i = 0; i < n; i++) {
    uint64_t packets = 0, bytes = 0;
    for (uint32_t k = 0; k < v[i]->n; k++) {
      packets += v[i]->packets[k];
      bytes += v[i]->bytes[k];
    }
    ch_put_u64(&rows, ch_seconds(v[i]->minute), 4);
    ch_put_text(&rows, v[i]->sensor);
    ch_put_u64(&rows, v[i]->part, 4);
    ch_put_u64(&rows, v[i]->n, 4);
    ch_put_u64(&rows, v[i]->last, 1);
    ch_put_text(&rows, v[i]->geo);
    ch_put_u64(&rows, packets, 8);
    ch_put_u64(&rows, bytes, 8);
    ch_put_u64(&rows, no, 8);
  }
  prac_rc rc = ch_insert(c, "batch (minute, sensor, part, rows, last, geo, packets, bytes, tx)",
                         &rows, reterr);
  ch_buf_done(&rows);
  return rc;
}

/* ---- all of it ---- */
static prac_rc check_times(const struct store_tx *tx, struct prac_err *reterr)
{
  for (size_t i = 0; i < tx->n_batches; i++)
    if (tx->batches[i]->minute < 0 || tx->batches[i]->minute / PRAC_SEC > UINT32_MAX)
      return PRAC_FAIL(reterr, PRAC_RANGE, "ClickHouse keeps flows of 1970 to 2106 only");
  return PRAC_OK;
}

static prac_rc insert_all(struct ch *c, const struct store_tx *tx, struct flow_batch *const *v,
                          struct prac_err *reterr)
{
  uint64_t no;
  PRAC_TRY(ch_begin(c, &no, reterr));
  PRAC_TRY(insert_flows(c, v, tx->n_batches, no, reterr));
  PRAC_TRY(ch_insert_rolls(c, v, tx->n_batches, no, reterr));
  PRAC_TRY(insert_batches(c, v, tx->n_batches, no, reterr));
  PRAC_TRY(ch_insert_records(c, tx->recs, tx->n_recs, no, reterr));
  return ch_commit(c, &(struct ch_commit){no, tx->consumer, tx->seq, 0}, reterr);
}

static prac_rc with_patience(struct ch *c, const struct store_tx *tx, struct flow_batch *const *v,
                             struct prac_err *reterr)
{
  int64_t until = sys_mono_ns() + c->conf.retry_ns, nap = 100 * PRAC_MS;
  for (;;) {
    prac_rc rc = insert_all(c, tx, v, reterr);
    if (rc != PRAC_IO || sys_mono_ns() + nap > until) return rc;
    sys_sleep_ns(nap);
    nap = nap < 5 * PRAC_SEC ? nap * 2 : nap;
  }
}

static prac_rc remember(struct ch *c, const struct store_tx *tx, struct prac_err *reterr)
{
  if (!tx->consumer || ch_consumer_of(c, tx->consumer)) return PRAC_OK;
  if (c->n_consumers == CH_CONSUMERS_MAX || strlen(tx->consumer) >= sizeof c->consumer->name)
    return PRAC_FAIL(reterr, PRAC_FULL, "no room for the position of \"%.100s\"", tx->consumer);
  struct ch_consumer *p = realloc(c->consumer, (c->n_consumers + 1) * sizeof *p);
  if (!p) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a position");
  c->consumer = p;
  p += c->n_consumers++;
  *p = (struct ch_consumer){.seq = 0};
  memcpy(p->name, tx->consumer, strlen(tx->consumer));
  return PRAC_OK;
}

prac_rc ch_append(void *st, const struct store_tx *tx, struct prac_err *reterr)
{
  struct ch *c = st;
  if (c->read_only)
    return PRAC_FAIL(reterr, PRAC_DENIED, "%s is open for reading only", c->database);
  PRAC_TRY(remember(c, tx, reterr));
  struct ch_consumer *pos = tx->consumer ? ch_consumer_of(c, tx->consumer) : NULL;
  if (pos && pos->seq != 0 && tx->seq <= pos->seq) {
    c->repeats++;
    return PRAC_OK;
  }
  PRAC_TRY(check_times(tx, reterr));
  struct flow_batch **v = calloc(tx->n_batches + 1, sizeof *v);
  if (!v) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to store");
  for (size_t i = 0; i < tx->n_batches; i++) v[i] = tx->batches[i];
  if (tx->n_batches > 1) qsort(v, tx->n_batches, sizeof *v, by_minute);
  prac_rc rc = with_patience(c, tx, v, reterr);
  free(v);
  if (rc == PRAC_OK && pos) pos->seq = tx->seq;
  return rc;
}
