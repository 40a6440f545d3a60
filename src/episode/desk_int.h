/* episode/desk_int.h — the desk's inside, shared by the files of this room only. */
#pragma once
#include "episode/target.h"

#define EPI_COUNTERS(X)                                                                            \
  X(HITS, "hits", "hits", "Hits taken.", PRAC_COUNTER)                                             \
  X(REPEATS, "repeats", "hits", "Hits that had been taken before; left out.", PRAC_COUNTER)        \
  X(REFUSED, "refused", "hits", "Hits that contradict themselves; left out.", PRAC_COUNTER)        \
  X(LISTED, "listed", "packets", "Packets of known scanners, left out.", PRAC_COUNTER)             \
  X(LATE, "late", "packets",                                                                       \
    "Packets that came after the end of their isp episode and are older than it.", PRAC_COUNTER)   \
  X(SCANNERS, "scanners", "targets",                                                               \
    "Senders of a few requests to many honeypots that would have started an episode.",             \
    PRAC_COUNTER)                                                                                  \
  X(TESTERS, "testers", "targets",                                                                 \
    "Senders that came back with other requests: somebody tries a reflector out.", PRAC_COUNTER)   \
  X(STARTED, "started", "episodes", "Episodes started, all profiles.", PRAC_COUNTER)               \
  X(UPDATED, "updated", "episodes", "Updates said.", PRAC_COUNTER)                                 \
  X(RESUMED, "resumed", "episodes", "Episodes that went on after their end.", PRAC_COUNTER)        \
  X(ENDED, "ended", "episodes", "Episodes ended.", PRAC_COUNTER)                                   \
  X(EARLY, "ended_early", "episodes",                                                              \
    "Of these, ended only because too many targets were followed; a rise means: raise "            \
    "max-targets.",                                                                                \
    PRAC_COUNTER)                                                                                  \
  X(EVICTED, "evicted", "targets", "Targets forgotten because too many were followed.",            \
    PRAC_COUNTER)                                                                                  \
  X(WORDS, "words_full", "hits",                                                                   \
    "Hits whose sensor or vector got no name of its own because there were too many.",             \
    PRAC_COUNTER)                                                                                  \
  X(TARGETS, "targets", "targets", "Followed right now.", PRAC_GAUGE)                              \
  X(OPEN, "open", "episodes", "Open right now, all profiles.", PRAC_GAUGE)
enum epi_counter {
#define X(id, name, unit, help, kind) EPI_C_##id,
  EPI_COUNTERS(X)
#undef X
      EPI_C_COUNT_
};

struct epi_desk {
  struct epi_conf conf;
  unsigned profiles, alert; /* bits of enum epi_profile */
  uint8_t profile_of[EPI_PROFILE_COUNT_];
  uint32_t n_profiles;
  struct lookup *look;
  epi_sink *sink;
  void *sink_arg;
  struct epi_words sensors, vectors;
  struct epi_target **buckets, **victims, **heap;
  size_t n_buckets, n_victims, n_heap, cap_heap;
  struct epi_target *newest, *oldest;
  size_t n, n_open, n_multi;
  prac_time now;
  uint64_t seed; /* of the buckets */
  uint64_t repeats[EPI_REPEATS];
  struct prac_arena *arena; /* of the revision that is being said */
  _Atomic uint64_t counters[EPI_C_COUNT_];
};
/* One hit on its way through the desk. */
struct epi_seen {
  const struct hit *h;
  uint32_t sensor, vector;
  uint64_t counted; /* packets that newly count towards isp's thresholds */
  uint64_t bin;     /* of the busiest minute the hit touches, with it */
  bool joined;      /* a sensor is new */
};

extern const char *const epi_profile_names[EPI_PROFILE_COUNT_];
PRAC_NODISCARD prac_rc epi_conf_check(const struct epi_conf *c, unsigned *ret_profiles,
                                      unsigned *ret_alert, struct prac_err *reterr);

/* ---- table.c: what is followed, who was heard longest ago, what is due ---- */
enum { EPI_VECTOR_PORT = 1 << 20 }; /* vectors from here on are "port-N" */
void epi_count(struct epi_desk *d, enum epi_counter c, uint64_t by);
/* PRAC_NOMEM; a word too many is 0, "other". */
PRAC_NODISCARD prac_rc epi_word(struct epi_desk *d, struct epi_words *w, const char *s,
                                uint32_t *ret);
PRAC_NODISCARD prac_rc epi_vector(struct epi_desk *d, const char *s, uint32_t *ret);
const char *epi_vector_text(const struct epi_desk *d, uint32_t vector, char out[16]);
bool epi_words_has(const struct epi_words *w, const char *s);
struct epi_target *epi_target_find(const struct epi_desk *d, enum epi_kind kind,
                                   const struct prac_ip *victim, uint32_t vector);
/* Found or new, and heard just now. Makes room first: may say ends. */
PRAC_NODISCARD prac_rc epi_target_get(struct epi_desk *d, enum epi_kind kind,
                                      const struct prac_ip *victim, uint32_t vector,
                                      struct epi_target **ret);
/* For state.c: a new one, the newest. */
PRAC_NODISCARD prac_rc epi_target_add(struct epi_desk *d, enum epi_kind kind,
                                      const struct prac_ip *victim, uint32_t vector,
                                      struct epi_target **ret);
void epi_target_free(struct epi_target **tp);
struct prac_ip epi_prefix_of(const struct prac_ip *ip, uint8_t *ret_bits);
void epi_victim_link(struct epi_desk *d, struct epi_target *t);
void epi_victim_unlink(struct epi_desk *d, struct epi_target *t);
struct epi_target **epi_victim_bucket(const struct epi_desk *d, const struct prac_ip *victim);
/* Its place in the heap after its runs have changed. */
PRAC_NODISCARD prac_rc epi_timer(struct epi_desk *d, struct epi_target *t);
/* Makes all keys of the heap the true ones: an order that only the episodes decide. */
void epi_timers_true(struct epi_desk *d);
prac_time epi_due(const struct epi_desk *d, const struct epi_target *t, uint32_t run);

/* ---- seen.c: what a hit adds to a target ---- */
PRAC_NODISCARD prac_rc epi_add(struct epi_desk *d, struct epi_target *t, struct epi_seen *s);
/* A new story of profile isp: sensors, names, TTLs, hosts from now on. */
void epi_fresh(struct epi_target *t);
/* Packets that count, in the window up to the newest of them. */
uint64_t epi_window(const struct epi_target *t);
/* ... at one sensor, up to `step` of its ring. */
uint64_t epi_slot_window(const struct epi_desk *d, const struct epi_slot *p, int64_t step,
                         int64_t window_ns);
int64_t epi_slot_step_ns(const struct epi_desk *d);
struct epi_slot *epi_slot_of(const struct epi_target *t, uint32_t sensor);
/* Adds what the child has seen so far (multi). */
PRAC_NODISCARD prac_rc epi_fold(struct epi_target *into, const struct epi_target *child);

/* ---- rules.c: thresholds ---- */
int64_t epi_gap_ns(const struct epi_desk *d, enum epi_profile p);
/* How long a story may be silent before it is another one while it gathers. */
int64_t epi_patience_ns(const struct epi_desk *d, enum epi_profile p);
bool epi_crosses(struct epi_desk *d, struct epi_target *t, uint32_t run, const struct epi_seen *s);

/* ---- family.c: carpets and several vectors ---- */
PRAC_NODISCARD prac_rc epi_carpet_take(struct epi_desk *d, struct epi_seen *s);
PRAC_NODISCARD prac_rc epi_multi_take(struct epi_desk *d, struct epi_seen *s);
/* A carpet has started: the open addresses under it are its children. */
void epi_carpet_adopt(struct epi_desk *d, struct epi_target *carpet);
/* t is about to start: does it make a family, has it a parent? */
PRAC_NODISCARD prac_rc epi_family_start(struct epi_desk *d, struct epi_target *t,
                                        const struct epi_seen *s);

/* ---- desk.c: the life of a run ---- */
PRAC_NODISCARD prac_rc epi_feed(struct epi_desk *d, struct epi_target *t, struct epi_seen *s);
PRAC_NODISCARD prac_rc epi_judge(struct epi_desk *d, struct epi_target *t,
                                 const struct epi_seen *s);
PRAC_NODISCARD prac_rc epi_start(struct epi_desk *d, struct epi_target *t, uint32_t run,
                                 prac_time at);
PRAC_NODISCARD prac_rc epi_end(struct epi_desk *d, struct epi_target *t, uint32_t run,
                               prac_time at);
PRAC_NODISCARD prac_rc epi_end_all(struct epi_desk *d, struct epi_target *t, prac_time at);

/* ---- say.c ---- */
PRAC_NODISCARD prac_rc epi_say(struct epi_desk *d, struct epi_target *t, uint32_t run,
                               const char *state, prac_time at);
