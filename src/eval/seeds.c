/* Which seeds are for choosing thresholds, and which are for the score. A threshold chosen on the
 * seeds it is scored with would only show how well it was chosen. */
#include <string.h>

#include "eval/eval.h"

enum { HALF = 5000 };

#define DAYS(n) ((n)*PRAC_DAY)
const struct eval_scenario eval_scenarios[] = {
    {"groups", 10000, 0, DAYS(28), "usual"},   {"orders", 20000, 0, DAYS(28), "usual"},
    {"busy", 30000, 0, DAYS(15), "busy"},      {"thin", 40000, 0, DAYS(28), "thin"},
    {"spread", 50000, 0, DAYS(15), "wide"},    {"surges", 60000, 0, DAYS(28), "thin"},
    {"nuisance", 70000, 0, DAYS(28), "usual"},
};
const size_t eval_scenario_count = PRAC_ARRAY_LEN(eval_scenarios);

const struct eval_scenario *eval_scenario_find(const char *name)
{
  for (size_t i = 0; i < eval_scenario_count; i++)
    if (strcmp(eval_scenarios[i].name, name) == 0) return &eval_scenarios[i];
  return NULL;
}

uint64_t eval_seed(const struct eval_scenario *s, enum eval_mode m, uint32_t i)
{
  return s->base + (m == EVAL_SCORE ? HALF : 0) + 1 + i;
}

uint64_t eval_world(enum eval_mode m)
{
  return m == EVAL_SCORE ? 2 : 1;
}

bool eval_seed_is(const struct eval_scenario *s, enum eval_mode m, uint64_t seed)
{
  uint64_t from = eval_seed(s, m, 0);
  return seed >= from && seed < from + EVAL_SEEDS_MAX;
}
