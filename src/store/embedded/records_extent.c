/* Records that run (alerts, episodes): which of them went on during a span of time, in the order of
 * their last revision, without walking all that came later.
 *
 * That order cuts them in three, each with an index of its own: last told behind the span (they
 * began before its end), within it (all of them), before it (they are not over yet). */
#include "store/embedded/extent.h"

#include <stdio.h>
#include <string.h>

static bool has_field(const struct model_kind *k, const char *name)
{
  for (size_t i = 0; i < k->n_fields; i++)
    if (strcmp(k->fields[i].name, name) == 0) return true;
  return false;
}

/* How long they went on until their last revision: what went on at a moment is found by when it
 * began, class by class, up to that length before it. From two years on each class is twice the one
 * before; the last has no bound, and begins at 256 years, near to all that such times tell. */
#define H "3600000000000"
#define LENGTHS(X)                                                                                 \
  X(0, H " / 4")                                                                                   \
  X(1, H)                                                                                          \
  X(2, H " * 6")                                                                                   \
  X(3, H " * 24")                                                                                  \
  X(4, H " * 168")                                                                                 \
  X(5, H " * 720")                                                                                 \
  X(6, H " * 4320")                                                                                \
  X(7, H " * 17520")                                                                               \
  X(8, H " * 35040")                                                                               \
  X(9, H " * 70080")                                                                               \
  X(10, H " * 140160")                                                                             \
  X(11, H " * 280320")                                                                             \
  X(12, H " * 560640")                                                                             \
  X(13, H " * 1121280")                                                                            \
  X(14, H " * 2242560")
#define NO_BOUND "15"

void emb_extent_sql(const struct model_kind *k, struct emb_extent_words *ret)
{
  (void)snprintf(ret->since, sizeof ret->since, "min(at, ifnull(\"from\", at)%s)",
                 has_field(k, "opened") ? ", ifnull(opened, at)" : "");
#define WHEN(class, most) " WHEN at - %s <= " most " THEN " #class
#define SINCE(class, most) , ret->since
  (void)snprintf(ret->length, sizeof ret->length,
                 "(CASE" LENGTHS(WHEN) " ELSE " NO_BOUND " END)" LENGTHS(SINCE));
#undef SINCE
#undef WHEN
}

prac_rc emb_extent_indexes(struct emb *e, const struct model_kind *k, struct prac_err *reterr)
{
  struct emb_extent_words r;
  char text[4096];
  emb_extent_sql(k, &r);
  (void)snprintf(text, sizeof text,
                 "DROP INDEX IF EXISTS %s_ran;" /* of fewer classes */
                 "CREATE INDEX IF NOT EXISTS %s_went ON %s(%s, %s, at);"
                 "CREATE INDEX IF NOT EXISTS %s_on ON %s(" EMB_EXTENT_ON ", at, \"%s\")",
                 k->name, k->name, k->name, r.length, r.since, k->name, k->name, k->key);
  return emb_exec(e, text, reterr);
}

const char *emb_extent_lengths(void)
{
#define ROW(class, most) "(" #class ", " most "), "
  return "WITH length(class, most) AS (VALUES " LENGTHS(ROW) "(" NO_BOUND
                                                             ", 9223372036854775807)) ";
#undef ROW
}

/* The part of a span that lies behind the place of the next page. */
static void behind(const struct store_query *q, struct emb_part *p)
{
  if (!q->after) return;
  if (q->oldest_first && p->from < q->after_at) p->from = q->after_at;
  if (!q->oldest_first && q->after_at < INT64_MAX && p->to > q->after_at + 1)
    p->to = q->after_at + 1;
}

size_t emb_parts(const struct store_query *q, struct emb_part v[EMB_PARTS])
{
  prac_time from = q->span.from == PRAC_TIME_NONE ? INT64_MIN : q->span.from,
            to = q->span.to == PRAC_TIME_NONE ? INT64_MAX : q->span.to;
  bool runs = store_record_runs(q->kind),
       named = runs && ((q->id && q->id[0]) || (q->key && q->key[0]));
  struct emb_part all[EMB_PARTS] = {{EMB_PART_LATER, to, INT64_MAX},
                                    {EMB_PART_WITHIN, from, to},
                                    {EMB_PART_EARLIER, INT64_MIN, from}};
  if (named) all[1] = (struct emb_part){EMB_PART_NAMED, INT64_MIN, INT64_MAX};
  size_t n = 0;
  for (size_t i = 0; i < EMB_PARTS; i++) {
    struct emb_part p = all[q->oldest_first ? EMB_PARTS - 1 - i : i];
    if ((named || !runs) && p.which != all[1].which) continue;
    behind(q, &p);
    if (p.from < p.to) v[n++] = p;
  }
  return n;
}
