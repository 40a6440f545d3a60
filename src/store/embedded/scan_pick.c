/* Ten questions about one subject look at the same few rows of many. For a reader that asks again,
 * the second question with the same time and the same port, sender or country puts its rows into a
 * temporary table, and that one and the next are asked of it: the files are read twice, not ten
 * times. What stays in memory is bounded by memory-limit; when it does not fit, nothing is kept. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store/embedded/scan.h"

enum { NOT_YET, READY, TOO_BIG };

void emb_pick_forget(struct emb *e)
{
  free(e->picked);
  e->picked = NULL;
  e->picked_state = NOT_YET;
}

/* A question without its list of senders where something else narrows it: the hosts of a table are
 * asked for after the port they come to. */
static bool narrowed(const struct store_query *q, struct store_query *ret)
{
  *ret = *q;
  bool narrow = q->src.bits || q->victim.bits || q->port.proto || q->has_port || q->asn ||
                (q->country && q->country[0]);
  if (narrow) ret->n_srcs = 0;
  return narrow || q->n_srcs > 0;
}

static void columns(struct emb_sqltext *t)
{
  static const enum emb_col kept[] = {
      EMB_COL_minute,  EMB_COL_sensor, EMB_COL_first_ms, EMB_COL_span_ms,   EMB_COL_src_hi,
      EMB_COL_src_lo,  EMB_COL_dst_hi, EMB_COL_dst_lo,   EMB_COL_victim_hi, EMB_COL_victim_lo,
      EMB_COL_proto,   EMB_COL_sport,  EMB_COL_dport,    EMB_COL_packets,   EMB_COL_bytes,
      EMB_COL_country, EMB_COL_asn,    EMB_COL_marks,    EMB_COL_tool,      EMB_COL_survey};
  static const char *const names[] = {
#define C(name, type, ctype, expr) #name,
      EMB_COLUMNS(C)
#undef C
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(kept); i++)
    emb_say(t, "%s%s", i ? "," : "", names[kept[i]]);
}

/* What the rows depend on: the filter, the files, the log as it was. */
static void key_of(const struct store_query *q, const struct emb_files *f,
                   const struct emb_hot *hot, struct emb_sqltext *t)
{
  emb_say(t, "%" PRId64 " %" PRIu64, hot->version, hot->rows);
  for (size_t i = 0; i < f->n; i++) emb_say(t, " %" PRId64, f->v[i].id);
  emb_scan_where(q, t);
}

static bool make(struct emb *e, const struct store_query *q, const char *from)
{
  struct emb_sqltext t = {0};
  duckdb_result r;
  memset(&r, 0, sizeof r);
  emb_say(&t, "CREATE OR REPLACE TEMP TABLE picked AS SELECT ");
  columns(&t);
  emb_say(&t, " FROM %s", from);
  emb_scan_where(q, &t);
  bool ok = !t.bad && emb_duck_run(&e->duck->lane[0], t.v, &r, NULL) == PRAC_OK;
  duckdb_destroy_result(&r);
  emb_say_done(&t);
  return ok;
}

bool emb_pick(struct emb *e, const struct store_query *q, const struct emb_files *f,
              const struct emb_hot *hot, const char *from)
{
  struct store_query all;
  struct emb_sqltext key = {0};
  if (!e->again || q->what != STORE_CELLS || !narrowed(q, &all)) return false;
  key_of(&all, f, hot, &key);
  if (key.bad || !e->picked || strcmp(e->picked, key.v) != 0) { /* the first of its kind */
    emb_pick_forget(e);
    e->picked = key.bad ? NULL : key.v;
    if (key.bad) emb_say_done(&key);
    return false;
  }
  emb_say_done(&key);
  if (e->picked_state == NOT_YET) e->picked_state = make(e, &all, from) ? READY : TOO_BIG;
  return e->picked_state == READY;
}
