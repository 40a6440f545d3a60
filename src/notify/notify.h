/* notify/notify.h — episodes and alerts in, messages to people and machines out.
 *
 * decides   for each tenant: is the victim its own, is the attack large enough, is it a child of
 *           one that is told already, has the hour's limit been reached (then: a digest). A story
 *           has a start that was told before anything else is told of it
 * keeps     what is to be told, in DIR/queue.db (SQLite, synchronous=FULL): note_take and
 *           note_commit return when it is on disk; only then may the bus message be acknowledged.
 *           One row for (item, way): waiting, taken, refused
 * repeats   the same messages give the same items. A message taken twice (seq not above the last)
 *           is dropped. After a crash a way may get an item again, with the same id
 * order     within a story and a way: start before update before end. Between stories: none
 * retries   waiting doubles from retry-first to retry-max, with jitter from the seeded generator;
 *           after give-up an item is refused: kept in the queue, counted, logged
 * time      decisions run on the records' own time; how fast that passes between records, and when
 *           to retry, on the clock that the caller passes to note_pump
 * says      what became of messages (`delivery`): on disk with the queue's own mark until the bus
 *           has it
 * secrets   of webhooks come sealed (access/seal.h) to the keys in DIR/seal (notify/keys.h), stay
 *           so in the queue, and are opened for one message; one that does not open waits
 * threads   a handle belongs to one thread; with env.threads each way sends in threads of its own
 * isolation where each tenant has an other side of its own (`each`), every organisation has a
 *           thread that is nobody else's as soon as it has something to be told, and up to half
 *           of `lanes` more; who does not answer there holds up that organisation alone. Beyond
 *           NOTE_SEATS - lanes organisations with something under way they take turns
 * limits    NOTE_INFLIGHT items handed to a way at a time, NOTE_SEATS where each has its own other
 *           side; `keep` days of what has been told
 * fails     PRAC_FULL: no room for the queue: nothing of this commit was kept, the bus keeps it
 */
#pragma once
#include "base/clock.h"
#include "base/conf.h"
#include "base/counter.h"
#include "notify/names.h"
#include "notify/tenant.h"
#include "notify/way.h"

enum { NOTE_INFLIGHT = 64, NOTE_SEATS = 256 };

struct note_conf { /* "notify" */
  const char *host, *zone, *ca_file;
  int language;
  struct prac_conf_strings ways, mail_to, dns, subscribe;
  bool rdns;
  int64_t retry_first_ns, retry_max_ns, give_up_ns, keep_ns;
};
extern const struct prac_conf_section note_conf_section;

/* Called within note_pump. */
typedef void note_told_fn(void *arg, const struct told *t);
/* A delivery (model/delivery.h) as JSON for the bus, under the same id each time; *ret_place rises.
 * Other than PRAC_OK: it is given again later. */
typedef prac_rc note_publish_fn(void *arg, const char *id, const char *json, size_t len,
                                uint64_t *ret_place);
typedef uint64_t note_safe_fn(void *arg); /* the place up to which all are safe */
struct note_core_env {
  const struct prac_conf *settings;
  const struct note_way *const *ways; /* NULL: note_ways */
  struct note_tenants *tenants;       /* taken over, emptied; NULL: made from the settings */
  const char *dir;                    /* must exist; the ways get DIR/NAME */
  const char *host;                   /* when notify.host is empty */
  const struct sys_net *net;
  const struct lookup *geo;       /* where addresses are, for subscribers' scopes; NULL: nowhere */
  const struct note_zones *zones; /* that subscribers may name. Borrowed */
  note_told_fn *told;             /* what became of subscribers' messages; NULL: nobody asks */
  note_publish_fn *publish;       /* what became of all other messages; NULL: nobody keeps it */
  note_safe_fn *safe;
  void *told_arg;           /* of the three */
  struct note_names *names; /* of victims; NULL: none are asked for. Borrowed */
  const struct prac_log *log;
  uint64_t seed;
  prac_time at; /* wall clock: when a key is made, at the first start */
  bool threads; /* false: note_pump sends itself; for tests */
};
struct note_core;
PRAC_NODISCARD prac_rc note_open(const struct note_core_env *env, struct note_core **ret,
                                 struct prac_err *reterr);
void note_close(struct note_core **cp); /* waits for what the ways are sending, no longer */

uint64_t note_seq(const struct note_core *c); /* of the last message that is safe */
/* After the first note_pump: the clock must be known.
 * rec: struct episode, alert, subscription or errand, as k says; others are ignored. Kept by the
 * next commit. */
PRAC_NODISCARD prac_rc note_take(struct note_core *c, uint64_t seq, const struct model_kind *k,
                                 const void *rec, struct prac_err *reterr);
PRAC_NODISCARD prac_rc note_commit(struct note_core *c, struct prac_err *reterr);
/* now: the wall clock. Lets holds and digests run out, hands over what is due, marks what was
 * taken. *ret_busy: items are with the ways right now. */
PRAC_NODISCARD prac_rc note_pump(struct note_core *c, prac_time now, bool *ret_busy,
                                 struct prac_err *reterr);
/* A made episode to one tenant by all its ways: does it work? PRAC_UNKNOWN: no such tenant. */
PRAC_NODISCARD prac_rc note_test(struct note_core *c, const char *tenant, prac_time now,
                                 struct prac_err *reterr);
/* Waiting, taken, refused: counts over all ways. */
struct note_counts {
  uint64_t waiting, taken, refused;
};
PRAC_NODISCARD prac_rc note_count(struct note_core *c, struct note_counts *ret,
                                  struct prac_err *reterr);
extern const struct prac_counter_def note_counter_defs[];
extern const size_t note_counter_count;
struct prac_counters note_counters(const struct note_core *c);
size_t note_way_counters(const struct note_core *c, struct prac_counters *to, size_t max);
/* The settings are right: tenants, ways, zones. What check-config asks beyond the tables. */
PRAC_NODISCARD prac_rc note_conf_check(const struct prac_conf *settings, struct prac_err *reterr);
