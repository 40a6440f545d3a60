/* alert/story.h — one key's story: the alert so far, and when something is due. Inside alert/ only.
 */
#pragma once
#include "alert/alert.h"

enum {
  STORY_FINDINGS = 64,
  STORY_HOSTS = 256,
  STORY_PORTS = 32,
  STORY_NAMES = 64,
  STORY_CLAIMS = 16,
  STORY_NOBODY = STORY_NAMES
};
/* An engine, or one part of it, that said "on" and has not said "off" since. */
struct alert_claim {
  prac_time heard; /* its last finding */
  uint64_t part;   /* hash of finding.part; 0: empty */
  uint32_t engine; /* place in the alert's engines */
  uint32_t level;  /* the highest since it said "on" */
  bool waits;      /* it has said "off", of sensors that were away */
};
struct alert_story {
  struct alert_story *chain; /* same bucket */
  size_t at;                 /* its place in the desk's list */
  struct alert a;            /* texts and lists live in mem */
  struct prac_arena *mem;
  bool open, pending; /* pending: merged, not said yet */
  uint32_t level;     /* the highest since it opened, or went on */
  prac_time heard, said;
  /* Whose finding the title is, and its level: the most severe one's in all of the story's life. */
  uint32_t head_engine, head_level;        /* STORY_NOBODY: of one that has no place */
  struct alert_claim claims[STORY_CLAIMS]; /* in the order in which they began to hold */
  uint32_t n_claims;                       /* open: at least one; closed: none */
};
/* The finding's facts into the alert; `told`: its sentence and its query, too. PRAC_NOMEM:
 * unchanged. */
PRAC_NODISCARD prac_rc alert_story_merge(struct alert_story *s, const struct finding *f, bool told);
/* The alert as given, deep-copied into memory of its own. PRAC_NOMEM: unchanged. */
PRAC_NODISCARD prac_rc alert_story_set(struct alert_story *s, const struct alert *a);
/* Its place in a's engines; STORY_NOBODY: none. */
uint32_t alert_story_engine(const struct alert *a, const char *engine);
/* f, already merged, holds. False: another claim, the one unheard for longest, was given up for it,
 * or its engine has no place. */
bool alert_story_claim(struct alert_story *s, const struct finding *f);
bool alert_story_holds(const struct alert_story *s, const struct finding *f); /* who says f */
void alert_story_release(struct alert_story *s, const struct finding *f);     /* it said "off" */
void alert_story_wait(struct alert_story *s, const struct finding *f); /* "off", not believed yet */
/* Its sensors are back: claims that wait were last heard then at the latest. True: there are such.
 */
bool alert_story_back(struct alert_story *s, prac_time heard);
void alert_story_expire(struct alert_story *s, prac_time heard); /* claims last heard by then */
prac_time alert_story_heard(const struct alert_story *s); /* of its claims; INT64_MIN: none */
uint32_t alert_story_level(const struct alert_story *s);  /* the highest claim's; 0: none */
uint32_t alert_story_clamp(uint32_t level);               /* 1 .. 5 */
struct alert_story *alert_story_new(void);
void alert_story_free(struct alert_story **sp);
