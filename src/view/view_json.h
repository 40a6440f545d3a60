/* view/view_json.h — what was seen, as JSON: every number that a page draws. The same for `practice
 * explain --json`, `practice compare --json` and the portal. */
#pragma once
#include "base/json.h"
#include "view/compare.h"
#include "view/view.h"

/* One object. */
void view_json(struct prac_json *j, const struct view_subject *u, const struct view *v);

/* A comparison has so many of these; each is one object. */
enum compare_part {
  COMPARE_SENSOR,
  COMPARE_PAIR,
  COMPARE_STORY,
  COMPARE_ABROAD_PORT,
  COMPARE_WHOLE, /* one: times, and what was left out */
  COMPARE_PART_COUNT_
};
extern const char *const compare_part_names[COMPARE_PART_COUNT_]; /* "sensor", ..., "compare" */
size_t compare_part_n(const struct compare *c, enum compare_part part);
void compare_part_json(struct prac_json *j, const struct compare *c, enum compare_part part,
                       size_t i);
/* One object: a list of each, by plural names, and the whole's own fields beside them. */
void compare_json(struct prac_json *j, const struct compare *c);
