/* The few different texts of a feed's batches as numbers, so that DuckDB gets its text columns as
 * ENUMs. */
#include <stdlib.h>
#include <string.h>

#include "store/embedded/duck.h"

enum { COUNTRIES = 65536, WORDS_MAX = 65000 };

static prac_rc push(struct emb_words *w, const char *text)
{
  if (w->n == WORDS_MAX) return PRAC_FULL;
  if (w->n == w->cap) {
    size_t cap = w->cap ? w->cap * 2 : 32;
    const char **v = realloc(w->v, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    w->v = v;
    w->cap = cap;
  }
  w->last = w->n;
  w->v[w->n++] = text;
  return PRAC_OK;
}

/* Texts come round and round (one minute's sensors, then the next's): the one behind the last is
 * looked at first. */
static prac_rc code_of(struct emb_words *w, const char *text, uint16_t *ret)
{
  for (size_t i = 1; i <= w->n; i++) {
    size_t at = (w->last + i) % w->n;
    if (strcmp(w->v[at], text) != 0) continue;
    w->last = at;
    *ret = (uint16_t)at;
    return PRAC_OK;
  }
  PRAC_TRY(push(w, text));
  *ret = (uint16_t)w->last;
  return PRAC_OK;
}

static prac_rc countries(struct emb_feed *f)
{
  f->country = calloc(COUNTRIES, sizeof *f->country);
  f->country_text = calloc(COUNTRIES, sizeof *f->country_text);
  if (!f->country || !f->country_text) return PRAC_NOMEM;
  for (size_t i = 0; i < f->n; i++)
    for (uint32_t k = 0; k < f->b[i]->n; k++) f->country[f->b[i]->country[k]] = 1;
  f->country[0] = 0;
  for (size_t c = 1; c < COUNTRIES; c++) {
    if (!f->country[c]) continue;
    f->country_text[c][0] = (char)(c >> 8);
    f->country_text[c][1] = (char)(c & 0xff);
    PRAC_TRY(push(&f->words[EMB_COL_country], f->country_text[c]));
    f->country[c] = (uint16_t)f->words[EMB_COL_country].last;
  }
  return PRAC_OK;
}

static prac_rc batch_codes(struct emb_feed *f, const struct flow_batch *b, struct emb_codes *ret)
{
  ret->country = f->country;
  PRAC_TRY(code_of(&f->words[EMB_COL_sensor], b->sensor, &ret->sensor));
  PRAC_TRY(code_of(&f->words[EMB_COL_geo], b->geo, &ret->geo));
  ret->survey = calloc((size_t)b->lists.n + 1, sizeof *ret->survey);
  if (!ret->survey) return PRAC_NOMEM;
  for (uint32_t i = 0; i < b->lists.n; i++)
    PRAC_TRY(code_of(&f->words[EMB_COL_survey], b->lists.v[i], &ret->survey[i + 1]));
  return PRAC_OK;
}

prac_rc emb_words_of(struct emb_feed *f)
{
  static const enum emb_col texts[] = {EMB_COL_sensor, EMB_COL_country, EMB_COL_survey,
                                       EMB_COL_geo};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(texts); i++) PRAC_TRY(push(&f->words[texts[i]], ""));
  for (int t = 0; t < FLOW_TOOL_COUNT_; t++) /* the number of a tool is its code */
    PRAC_TRY(push(&f->words[EMB_COL_tool], flow_tool_text((enum flow_tool)t)));
  PRAC_TRY(countries(f));
  f->codes = calloc(f->n + 1, sizeof *f->codes);
  if (!f->codes) return PRAC_NOMEM;
  for (size_t i = 0; i < f->n; i++) PRAC_TRY(batch_codes(f, f->b[i], &f->codes[i]));
  return PRAC_OK;
}

void emb_words_done(struct emb_feed *f)
{
  for (size_t i = 0; i < EMB_COL_COUNT_; i++) free(f->words[i].v);
  for (size_t i = 0; f->codes && i < f->n; i++) free(f->codes[i].survey);
  free(f->codes);
  free(f->country);
  free(f->country_text);
}
