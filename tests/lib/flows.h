/* tests/lib/flows.h — batches and findings for tests of engines and alerts, made by hand. */
#pragma once
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "lib/facts.h"
#include "model/flow.h"
#include "model/records.h"

#define T0 (INT64_C(1375833600) * PRAC_SEC) /* 2013-08-07T00:00:00Z */

static inline struct prac_ip ip_text(const char *s)
{
  struct prac_ip ip = {0};
  PRAC_INSIST(prac_ip_parse(s, strlen(s), &ip) == PRAC_OK);
  return ip;
}
static inline struct flow_batch *batch_of(const char *sensor, prac_time minute,
                                          struct flow_row *rows, uint32_t n, bool last)
{
  struct flow_batch *b = NULL;
  PRAC_INSIST(flow_batch_new(sensor, minute, rows, n, &b) == PRAC_OK);
  b->last = last;
  return b;
}

/* Everything said, one JSON object a line: two runs are equal when the texts are. */
struct heard {
  struct prac_json j;
  size_t n;
};
static inline struct heard heard_of(void)
{
  return (struct heard){.j = prac_json_of(0)};
}
static inline prac_rc hear(struct heard *h, const struct model_kind *k, const void *rec)
{
  model_to_json(k, rec, &h->j);
  prac_json_newline(&h->j);
  h->n++;
  return h->j.bad ? PRAC_NOMEM : PRAC_OK;
}
static inline prac_rc hear_finding(void *arg, const struct finding *f)
{
  return facts_hold(f) ? hear(arg, &model_finding, f) : PRAC_MALFORMED;
}
static inline prac_rc hear_alert(void *arg, const struct alert *a)
{
  return hear(arg, &model_alert, a);
}
static inline bool heard_same(const struct heard *a, const struct heard *b)
{
  return a->j.len == b->j.len && (a->j.len == 0 || memcmp(a->j.buf, b->j.buf, a->j.len) == 0);
}
static inline size_t heard_count(const struct heard *h, const char *what)
{
  size_t n = 0;
  for (const char *p = h->j.buf; p && (p = strstr(p, what)); p++) n++;
  return n;
}
static inline void heard_done(struct heard *h)
{
  prac_json_done(&h->j);
}
