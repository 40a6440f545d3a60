/* alert/story.h — one key's story: the alert so far, and when something is due. Inside alert/ only.
 */
#pragma once
#include "alert/alert.h"

enum { STORY_FINDINGS = 64, STORY_HOSTS = 256, STORY_PORTS = 32, STORY_NAMES = 64 };
struct alert_story {
  struct alert_story *chain; /* same bucket */
  size_t at;                 /* its place in the desk's list */
  struct alert a;            /* texts and lists live in mem */
  struct prac_arena *mem;
  bool open, pending; /* pending: merged, not said yet */
  uint32_t level;
  prac_time heard, said;
};
/* The finding's facts into the alert. PRAC_NOMEM: unchanged. */
PRAC_NODISCARD prac_rc alert_story_merge(struct alert_story *s, const struct finding *f);
/* The alert as given, deep-copied into memory of its own. PRAC_NOMEM: unchanged. */
PRAC_NODISCARD prac_rc alert_story_set(struct alert_story *s, const struct alert *a);
struct alert_story *alert_story_new(void);
void alert_story_free(struct alert_story **sp);
