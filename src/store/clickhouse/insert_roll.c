/* Roll-ups: one row a key, made by the same code as the embedded store's (store/roll.h), so that
 * senders are counted alike. Counts are numbers that ClickHouse adds up, the sketch is bytes that
 * only we read: docs/decisions/010-clickhouse.md says why no materialised view. */
#include "store/clickhouse/clickhouse.h"

struct adding {
  struct ch *c;
  struct ch_buf rows;
  uint64_t no;
  prac_time day;
  int days; /* in rows, at most */
};
/* Newer servers refuse an insert into more than 100 partitions, which are days. */
enum { DAYS_INSERT = 64 };
enum { SKETCH_ROOM = STORE_SKETCH_BINARY_MAX + 10 };

void ch_put_sketch(struct ch_buf *to, const uint32_t *v, size_t n, const uint8_t *dense)
{
  uint8_t bytes[SKETCH_ROOM], head[10];
  struct prac_wr w = prac_wr_of(bytes, sizeof bytes), h = prac_wr_of(head, sizeof head);
  if (dense) {
    prac_wr_varint(&w, STORE_SKETCH_DENSE);
    prac_wr_bytes(&w, dense, STORE_SKETCH_BINARY_MAX - 2);
  } else {
    store_sketch_write_codes(v, n, &w);
  }
  PRAC_INSIST(!w.bad);
  prac_wr_varint(&h, prac_wr_len(&w));
  ch_put(to, head, prac_wr_len(&h));
  ch_put(to, bytes, prac_wr_len(&w));
}

static prac_rc put_sketch(struct ch_buf *to, struct store_roll_sk *sk, uint64_t place)
{
  uint32_t v[STORE_SKETCH_EXACT];
  const uint8_t *dense;
  size_t n;
  PRAC_TRY(store_roll_sk_open(sk, place, v, &n, &dense));
  ch_put_sketch(to, v, n, dense);
  return PRAC_OK;
}

static prac_rc put_blob(struct ch_buf *to, const struct ch_buf *head,
                        const struct store_roll_blob *b, uint64_t no)
{
  struct store_roll_rd rd;
  struct store_roll_sk sk;
  struct store_roll_row row;
  PRAC_TRY(store_roll_rd_of(b->counts, b->n_counts, &rd));
  PRAC_TRY(store_roll_sk_of(b->sketch, b->n_sketch, &sk));
  prac_rc rc;
  for (uint64_t place = 0; (rc = store_roll_next(&rd, &row)) == PRAC_OK && !to->bad; place++) {
    ch_put(to, head->v, head->n);
    ch_put_u64(to, row.key, 4);
    ch_put_u64(to, row.packets, 8);
    ch_put_u64(to, row.flows, 8);
    ch_put_u64(to, row.bytes, 8);
    ch_put_u64(to, row.sources, 8);
    rc = put_sketch(to, &sk, place);
    ch_put_u64(to, no, 8);
    if (rc != PRAC_OK) break;
  }
  store_roll_sk_done(&sk);
  return rc == PRAC_END ? PRAC_OK : rc;
}

static prac_rc insert_rows(struct adding *a, struct prac_err *reterr)
{
  prac_rc rc = ch_insert(
      a->c, "roll (level, dim, start, sensor, key, packets, flows, bytes, sources, sketch, tx)",
      &a->rows, reterr);
  a->rows.n = 0;
  a->days = 0;
  return rc;
}

static prac_rc put_slot(void *arg, int64_t level, prac_time start, struct flow_batch *const *b,
                        size_t n, struct prac_err *reterr)
{
  struct adding *a = arg;
  prac_time day = prac_time_floor(start, PRAC_DAY);
  if (a->days && day != a->day && a->days == DAYS_INSERT) PRAC_TRY(insert_rows(a, reterr));
  if (!a->days || day != a->day) a->days++;
  a->day = day;
  for (int d = STORE_KEPT_TOTAL; d <= (int)store_roll_last_dim(level); d++) {
    struct store_roll_blob blob;
    struct ch_buf head = {0};
    prac_rc rc = store_roll_build((enum store_dim_kept)d, b, n, &blob);
    if (rc != PRAC_OK) return PRAC_FAIL(reterr, rc, "no memory for a roll-up");
    ch_put_u64(&head, level == 60 ? CH_MINUTES : CH_HOURS, 1);
    ch_put_u64(&head, (uint64_t)d, 1);
    ch_put_u64(&head, ch_seconds(start), 4);
    ch_put_text(&head, b[0]->sensor);
    rc = head.bad ? PRAC_NOMEM : put_blob(&a->rows, &head, &blob, a->no);
    ch_buf_done(&head);
    store_roll_blob_done(&blob);
    if (rc != PRAC_OK) return PRAC_FAIL(reterr, rc, "making a roll-up: %s", prac_rc_text(rc));
  }
  return PRAC_OK;
}

prac_rc ch_insert_rolls(struct ch *c, struct flow_batch *const *b, size_t n, uint64_t no,
                        struct prac_err *reterr)
{
  struct adding a = {.c = c, .no = no};
  prac_rc rc = store_roll_slots(b, n, put_slot, &a, reterr);
  if (rc == PRAC_OK) rc = insert_rows(&a, reterr);
  ch_buf_done(&a.rows);
  return rc;
}
