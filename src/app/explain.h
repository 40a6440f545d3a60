/* app/explain.h — an alert or finding walked back: what was said, by whom with which settings, and
 * the flow rows behind it; and what was seen of any subject (view/view.h), for a terminal or as
 * JSON. Reads the store; changes nothing. */
#pragma once
#include <stdio.h>

#include "view/view.h"

enum { EXPLAIN_FINDINGS = 64 };
struct explain {
  struct alert alert; /* id NULL: only a finding was asked for */
  struct finding findings[EXPLAIN_FINDINGS];
  size_t n_findings, missing; /* missing: named by the alert, no longer kept */
  const char *flows;          /* the query behind it all; NULL: a host or port was asked for */
  struct prac_arena *arena;   /* where the texts live; borrowed */
};
PRAC_NODISCARD prac_rc explain_load(struct store *s, const struct view_subject *u,
                                    struct prac_arena *a, struct explain *ret,
                                    struct prac_err *reterr);
/* A page to read: what was said. now: today's settings, to say whether they are still the same. */
void explain_page(const struct explain *e, const struct prac_conf *now, FILE *to);
PRAC_NODISCARD prac_rc explain_rows(const struct explain *e, struct store *s, uint32_t rows,
                                    FILE *to, struct prac_err *reterr);
/* JSON lines: the alert, its findings, the rows. */
PRAC_NODISCARD prac_rc explain_json(const struct explain *e, struct store *s, uint32_t rows,
                                    FILE *to, struct prac_err *reterr);
/* What was seen: explain_view.c; one line of JSON. */
void explain_view_page(const struct view_subject *u, const struct view *v, FILE *to);
PRAC_NODISCARD prac_rc explain_view_json(const struct view_subject *u, const struct view *v,
                                         FILE *to);
