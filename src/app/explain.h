/* app/explain.h — an alert or finding walked back: what was said, by whom with which settings, and
 * the flow rows behind it. Reads the store; changes nothing. */
#pragma once
#include <stdio.h>

#include "store/store.h"

enum { EXPLAIN_FINDINGS = 64 };
struct explain {
  struct alert alert; /* id NULL: only a finding was asked for */
  struct finding findings[EXPLAIN_FINDINGS];
  size_t n_findings, missing; /* missing: named by the alert, no longer kept */
  const char *flows;          /* the query behind it all */
  struct prac_arena *arena;   /* where the texts live; borrowed */
};
/* what: an alert's or a finding's id, or a key ("country:MM": its latest alert). PRAC_UNKNOWN: the
 * store has no such thing. */
PRAC_NODISCARD prac_rc explain_load(struct store *s, const char *what, struct prac_arena *a,
                                    struct explain *ret, struct prac_err *reterr);
/* A page to read. now: today's settings, to say whether they are still the same. */
PRAC_NODISCARD prac_rc explain_page(const struct explain *e, struct store *s,
                                    const struct prac_conf *now, uint32_t rows, FILE *to,
                                    struct prac_err *reterr);
/* JSON lines: the alert, its findings, the rows. */
PRAC_NODISCARD prac_rc explain_json(const struct explain *e, struct store *s, uint32_t rows,
                                    FILE *to, struct prac_err *reterr);
