/* The batches that engines read: without the rows of survey scanners. Most batches have none and
 * are handed on as they are. */
#include <stdlib.h>
#include <string.h>

#include "engine/core_int.h"

static prac_rc room(struct eng_view *v, uint32_t rows)
{
  if (v->n == v->cap) {
    size_t cap = v->cap ? v->cap * 2 : 64;
    struct flow_batch **b = realloc((void *)v->batches, cap * sizeof *b);
    if (!b) return PRAC_NOMEM;
    v->batches = b;
    v->cap = cap;
  }
  if (rows <= v->cap_label) return PRAC_OK;
  uint8_t *label = realloc(v->label, rows);
  if (!label) return PRAC_NOMEM;
  v->label = label;
  v->cap_label = rows;
  return PRAC_OK;
}

prac_rc eng_view_add(struct eng_view *v, const struct eng_run *r, struct flow_batch *b)
{
  uint64_t rows[ENG_LABEL_COUNT_] = {0};
  PRAC_TRY(room(v, b->n));
  if (b->n) {
    memset(v->label, 0, b->n);
    PRAC_TRY(r->ops->label(r->st, b, v->label, &r->env));
  }
  for (uint32_t i = 0; i < b->n; i++) {
    rows[v->label[i] < ENG_LABEL_COUNT_ ? v->label[i] : ENG_LABEL_UNKNOWN]++;
    v->label[i] = v->label[i] == ENG_LABEL_SURVEY;
  }
  for (size_t k = 0; k < ENG_LABEL_COUNT_; k++) v->rows[k] += rows[k];
  struct flow_batch *mine = NULL;
  if (rows[ENG_LABEL_SURVEY] == 0)
    mine = flow_batch_ref(b);
  else
    PRAC_TRY(flow_batch_without(b, v->label, &mine));
  v->batches[v->n++] = mine;
  return PRAC_OK;
}

void eng_view_clear(struct eng_view *v)
{
  for (size_t i = 0; i < v->n; i++) flow_batch_unref(&v->batches[i]);
  v->n = 0;
  memset(v->rows, 0, sizeof v->rows);
}

void eng_view_done(struct eng_view *v)
{
  eng_view_clear(v);
  free((void *)v->batches);
  free(v->label);
  *v = (struct eng_view){0};
}
