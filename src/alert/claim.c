/* Who holds a story open. An engine (each of its parts, where several watch different sensors)
 * makes one claim about a key at a time: its kind may change (a group that becomes a survey), and
 * one "off" ends it. */
#include <string.h>

#include "alert/story.h"
#include "base/hash.h"

uint32_t alert_story_clamp(uint32_t level)
{
  return alert_severity_level(alert_severity_text(level));
}

uint32_t alert_story_engine(const struct alert *a, const char *engine)
{
  for (uint32_t i = 0; i < a->engines.n; i++)
    if (strcmp(a->engines.v[i], engine) == 0) return i;
  return STORY_NOBODY;
}

static uint64_t part_of(const struct finding *f)
{
  return f->part && f->part[0] ? prac_hash_bytes(1, f->part, strlen(f->part)) : 0;
}

static uint32_t claim_of(const struct alert_story *s, const struct finding *f)
{
  const uint32_t engine = alert_story_engine(&s->a, f->engine);
  const uint64_t part = part_of(f);
  uint32_t i = 0;
  while (i < s->n_claims && (s->claims[i].engine != engine || s->claims[i].part != part)) i++;
  return i;
}

static void drop(struct alert_story *s, uint32_t i)
{
  s->n_claims--;
  memmove(&s->claims[i], &s->claims[i + 1], (s->n_claims - i) * sizeof *s->claims);
}

bool alert_story_claim(struct alert_story *s, const struct finding *f)
{
  uint32_t engine = alert_story_engine(&s->a, f->engine), level = alert_story_clamp(f->level);
  bool room = true;
  if (engine == STORY_NOBODY) return false;
  uint32_t i = claim_of(s, f);
  if (i == STORY_CLAIMS) {
    room = false;
    for (uint32_t k = i = 0; k < STORY_CLAIMS; k++)
      if (s->claims[k].heard < s->claims[i].heard) i = k;
    drop(s, i);
    i = s->n_claims;
  }
  if (i == s->n_claims)
    s->claims[s->n_claims++] = (struct alert_claim){.engine = engine, .part = part_of(f)};
  struct alert_claim *c = &s->claims[i];
  c->heard = f->at;
  c->waits = false;
  if (level > c->level) c->level = level;
  return room;
}

bool alert_story_holds(const struct alert_story *s, const struct finding *f)
{
  return claim_of(s, f) < s->n_claims;
}

void alert_story_release(struct alert_story *s, const struct finding *f)
{
  uint32_t i = claim_of(s, f);
  if (i < s->n_claims) drop(s, i);
}

void alert_story_wait(struct alert_story *s, const struct finding *f)
{
  uint32_t i = claim_of(s, f);
  if (i < s->n_claims) s->claims[i].waits = true;
}

bool alert_story_back(struct alert_story *s, prac_time heard)
{
  bool any = false;
  for (uint32_t i = 0; i < s->n_claims; i++) {
    if (!s->claims[i].waits) continue;
    if (s->claims[i].heard > heard) s->claims[i].heard = heard;
    any = true;
  }
  return any;
}

void alert_story_expire(struct alert_story *s, prac_time heard)
{
  for (uint32_t i = s->n_claims; i-- > 0;)
    if (s->claims[i].heard <= heard) drop(s, i);
}

prac_time alert_story_heard(const struct alert_story *s)
{
  prac_time t = INT64_MIN;
  for (uint32_t i = 0; i < s->n_claims; i++)
    if (s->claims[i].heard > t) t = s->claims[i].heard;
  return t;
}

uint32_t alert_story_level(const struct alert_story *s)
{
  uint32_t level = 0;
  for (uint32_t i = 0; i < s->n_claims; i++)
    if (s->claims[i].level > level) level = s->claims[i].level;
  return level;
}
