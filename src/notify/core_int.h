/* notify/core_int.h — the core's inside: decide.c says what is told, deliver.c has it told. */
#pragma once
#include "base/json.h"
#include "base/rng.h"
#include "notify/keys.h"
#include "notify/notify.h"
#include "notify/queue.h"
#include "notify/worker.h"

#define NOTE_COUNTERS(X)                                                                           \
  X(EPISODES, "episodes", "episodes", "Revisions of attacks taken from the bus.", PRAC_COUNTER)    \
  X(ALERTS, "alerts", "alerts", "Revisions of alerts taken from the bus.", PRAC_COUNTER)           \
  X(SUBSCRIPTIONS, "subscriptions", "subscriptions", "People's, that are on.", PRAC_GAUGE)         \
  X(ERRANDS, "errands", "errands", "Test messages and codes to addresses.", PRAC_COUNTER)          \
  X(UNFIT, "unfit", "subscriptions", "Subscriptions and errands that could not be taken.",         \
    PRAC_COUNTER)                                                                                  \
  X(ITEMS, "items", "messages", "Messages made, whatever their ways.", PRAC_COUNTER)               \
  X(FOLDED, "folded", "episodes", "Not told by themselves: told with their parent or episode.",    \
    PRAC_COUNTER)                                                                                  \
  X(HELD, "held", "episodes", "Starts that had to wait for `hold`.", PRAC_COUNTER)                 \
  X(HELD_ENDED, "held_ended", "episodes", "Ended while held: never told.", PRAC_COUNTER)           \
  X(LATER, "later", "messages", "Over max-per-hour: gathered for a digest.", PRAC_COUNTER)         \
  X(DIGESTS, "digests", "messages", "Digests made.", PRAC_COUNTER)                                 \
  X(TAKEN, "taken", "messages", "Taken by the other side.", PRAC_COUNTER)                          \
  X(AGAIN, "again", "messages", "To be tried again; a steady rise: a way is away.", PRAC_COUNTER)  \
  X(REFUSED, "refused", "messages", "Refused for good: see the log.", PRAC_COUNTER)                \
  X(DELIVERIES, "deliveries", "records", "What became of messages, given to the bus.",             \
    PRAC_COUNTER)                                                                                  \
  X(UNSAID, "unsaid", "records", "Deeds of ways that found no room to be said.", PRAC_COUNTER)     \
  X(SEALED, "sealed", "messages", "Put off: the secret of their webhook does not open.",           \
    PRAC_COUNTER)                                                                                  \
  X(UNOPENED, "unopened", "subscriptions", "Whose webhook's secret does not open.", PRAC_GAUGE)    \
  X(INFLIGHT, "inflight", "messages", "With the ways right now.", PRAC_GAUGE)
enum note_counter {
#define X(id, name, unit, help, kind) NOTE_COUNT_##id,
  NOTE_COUNTERS(X)
#undef X
      NOTE_COUNTER_COUNT_
};

struct note_flight {
  int64_t n; /* of the item */
  size_t lane;
  bool again;     /* it has failed before */
  uint64_t owner; /* an organisation, hashed; 0: the operator's */
};
enum { NOTE_MARKS = 16 };
struct note_post {            /* a way and what is with it */
  const struct note_way *way; /* NULL: nobody uses it, it is not open */
  struct note_worker *lanes[NOTE_SEATS];
  size_t n_lanes;
  size_t share; /* where each has its own other side: threads beyond an organisation's first */
  /* One set for each lane, which is alone in writing it, and before them one for their sums. */
  _Atomic uint64_t *counters;
  char dir[600];
  struct note_flight inflight[NOTE_SEATS];
  size_t n_inflight;
  struct note_job *unmarked; /* sent, and the queue does not know it yet */
  uint32_t fails;            /* in a row */
  prac_time pause_until;
  /* Where each has its own other side: when what waits was looked at, how far, and whether
   * something has come, or has been done, since. */
  prac_time looked;
  struct note_walk walk;
  bool stirred;
};
struct note_core {
  const struct note_conf *conf;
  struct note_core_env env;
  const struct note_way *const *ways;
  struct note_tenants tenants;
  struct note_keys keys;
  prac_time keys_looked; /* NONE: never */
  uint64_t keys_round;   /* rises when they change */
  uint64_t keys_kept;    /* the round of which all that is kept is sealed to the last one */
  prac_time keys_since;  /* when they did so last */
  bool keys_told;        /* since the last look */
  bool keys_bad;
  uint64_t turns; /* given to owners so far */
  struct note_queue *queue;
  struct note_post post[NOTE_WAYS_MAX]; /* by the way's place in the list */
  size_t n_post;
  uint32_t may_subscribe; /* bits: ways that subscriptions may use */
  uint32_t people;        /* bits: ways that people read */
  struct prac_rng rng;
  struct prac_json json;
  struct prac_arena *arena;
  struct prac_arena *own; /* a record as one tenant may see it */
  uint64_t seq, seq_safe;
  /* Deliveries by their numbers: given to the bus; safe there; gone from here. Of those given, what
   * place some have there, oldest first. */
  int64_t out_said, out_safe, out_gone;
  struct note_mark {
    int64_t n;
    uint64_t place;
  } out_marks[NOTE_MARKS];
  size_t n_out_marks;
  bool out_any;                     /* there may be one that is not given to it yet */
  prac_time event, event_wall, now; /* records' time; the wall when it last rose; the wall */
  prac_time purged;
  const char *host;
  _Atomic uint64_t counters[NOTE_COUNTER_COUNT_];
};
/* The records' time by now. */
prac_time note_event_now(const struct note_core *c);
/* A record, in place, as this tenant may see it; *ret_seen false: not at all. */
PRAC_NODISCARD prac_rc note_gate(struct note_core *c, const struct note_tenant_row *r,
                                 const struct model_kind *k, void *rec, struct prac_arena *a,
                                 bool *ret_seen, struct prac_err *reterr);
/* subscribe.c: what the portal says of subscriptions, and asks for. */
/* All that is kept, each sealed to the last key, and on disk so: at the start, and when the keys
 * have changed. */
PRAC_NODISCARD prac_rc note_subscribe_load(struct note_core *c, struct prac_err *reterr);
PRAC_NODISCARD prac_rc note_subscribe(struct note_core *c, const struct subscription *s,
                                      struct prac_err *reterr);
PRAC_NODISCARD prac_rc note_errand(struct note_core *c, const struct errand *e,
                                   struct prac_err *reterr);
/* seal.c: secrets of subscribers' webhooks. */
/* The keys from their files; the first start makes one. */
PRAC_NODISCARD prac_rc note_seal_open(struct note_core *c, struct prac_err *reterr);
/* Now and then: what the files say now. To the portal when it is another key than before. */
PRAC_NODISCARD prac_rc note_seal_look(struct note_core *c, struct prac_err *reterr);
void note_seal_tell(struct note_core *c); /* to the portal: the key to seal with */
/* The portal says which it seals with, and which its secrets need: it is told another one, or old
 * ones go. */
void note_seal_heard(struct note_core *c, const struct errand *e);
/* A subscription as it may be kept: a secret in clear, or of an older key, is sealed to the last,
 * into c->arena. */
PRAC_NODISCARD prac_rc note_seal_in(struct note_core *c, struct subscription *s,
                                    struct prac_err *reterr);
/* To the portal: what is to be kept there, too, when it was sealed to an older key. */
void note_seal_anew(struct note_core *c, const struct subscription *s, const char *said);
/* Its secret; PRAC_AGAIN: it does not open, for now. */
PRAC_NODISCARD prac_rc note_seal_out(const struct note_core *c, const struct note_tenant_row *r,
                                     char to[ACCESS_SEAL_TEXT], struct prac_err *reterr);
void note_seal_count(struct note_core *c); /* those that do not open */
/* The ways of these bits are open, from now on. */
PRAC_NODISCARD prac_rc note_posts_open(struct note_core *c, uint32_t ways, struct prac_err *reterr);
/* A made attack, told to one tenant by its ways. */
PRAC_NODISCARD prac_rc note_test_item(struct note_core *c, const struct note_tenant_row *r,
                                      const char *id, prac_time now, struct prac_err *reterr);
/* Whether this tenant's people have had what an hour may bring. */
PRAC_NODISCARD prac_rc note_over_limit(struct note_core *c, const struct note_tenant_row *r,
                                       prac_time at, bool *ret, struct prac_err *reterr);
/* An item with a task for each way of the bits; s gets its threads. */
PRAC_NODISCARD prac_rc note_decide_add(struct note_core *c, struct note_item_new *n, uint32_t ways,
                                       struct note_story *s, struct prac_err *reterr);
/* Holds and digests whose time has come. */
PRAC_NODISCARD prac_rc note_decide_due(struct note_core *c, struct prac_err *reterr);
/* delivery.c: what became of messages, to the store and the portal. Of e and a one is NULL. */
struct note_deed {
  const char *message; /* or deed: with way, outcome and what it is about it names the record */
  const char *way, *tenant, *outcome, *detail, *rule;
  prac_time at;
  uint32_t to_count;
};
PRAC_NODISCARD prac_rc note_delivery_add(struct note_core *c, const struct note_deed *d,
                                         const struct episode *e, const struct alert *a,
                                         struct prac_err *reterr);
/* Of a job that is done, for each record it told. */
PRAC_NODISCARD prac_rc note_delivery_job(struct note_core *c, const struct note_way *way,
                                         const struct note_job *j, const char *outcome,
                                         prac_time at, struct prac_err *reterr);
PRAC_NODISCARD prac_rc note_delivery_said(struct note_core *c, const struct note_way *way,
                                          const struct note_said *s, struct prac_err *reterr);
/* Gives the bus what waits, and forgets what is safe there. Not within a transaction. */
PRAC_NODISCARD prac_rc note_delivery_tell(struct note_core *c, struct prac_err *reterr);
/* seats.c: whose message gets a thread. false of board: it has one already. */
bool note_flies(const struct note_post *p, int64_t n);
bool note_board(const struct note_post *p, const struct note_row *r, struct note_flight *ret);
/* Sends off what may go, of a way where each has its own other side. */
PRAC_NODISCARD prac_rc note_seat_each(struct note_core *c, struct note_post *p,
                                      const struct note_when *when, struct prac_err *reterr);
/* One more thread. */
PRAC_NODISCARD prac_rc note_post_lane(struct note_core *c, struct note_post *p,
                                      struct prac_err *reterr);
/* deliver.c: its message, on its way; or why there can be none. */
PRAC_NODISCARD prac_rc note_send_off(struct note_core *c, struct note_post *p,
                                     const struct note_row *r, const struct note_flight *f,
                                     struct prac_err *reterr);
PRAC_NODISCARD prac_rc note_deliver(struct note_core *c, bool *ret_busy, struct prac_err *reterr);
/* Waits for what is being sent, marks it, closes the ways. */
void note_deliver_end(struct note_core *c);
