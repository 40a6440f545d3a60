/* app/eval_out.h — what an evaluation has found, as tables for people, as the whole document that
 * docs/evaluation.md is, or as one object for programs.
 *
 * repeats   the same results, the same bytes, but for the document's cost
 */
#pragma once
#include <stdio.h>

#include "eval/eval.h"

struct eval_about_run {
  enum eval_mode mode;
  size_t runs;        /* that were asked for; fewer results: it was stopped */
  const bool *chosen; /* scenarios */
};
void eval_out_tables(const struct eval_sum *s, const struct eval_about_run *a, FILE *f);
void eval_out_document(const struct eval_sum *s, const struct eval_about_run *a, FILE *f);
void eval_out_json(const struct eval_sum *s, const struct eval_about_run *a, struct prac_json *j);
