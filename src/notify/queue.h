/* notify/queue.h — what is to be told, on disk: the core's inside.
 *
 * tables    story: what a tenant has been told of an attack; item: one message; task: (item, way),
 *           waiting, taken or refused; later: what waits for the next digest; meta: numbers;
 *           subscription: as the portal said them last; delivery: what became of messages, until
 *           the bus has it
 * lane      tasks of a way with one lane are done one after the other: a story, or a tenant
 * safe      a write begins a transaction when there is none; note_queue_commit returns when it is
 *           on disk (WAL, synchronous=FULL)
 * fails     PRAC_FULL: no room, the transaction is gone; PRAC_DAMAGED: restore or move the file;
 *           PRAC_IO. PRAC_UNKNOWN of a get: there is none
 */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "base/time.h"

enum { NOTE_ID_MAX = 200 };
enum note_story_state { NOTE_HELD, NOTE_TOLD, NOTE_LATER, NOTE_ENDED };
enum note_task_state { NOTE_WAITING, NOTE_TAKEN, NOTE_REFUSED };
/* A test is an attack that was made; an errand a letter to an address that is nobody's yet. */
enum note_kind { NOTE_EPISODE, NOTE_ALERT, NOTE_DIGEST, NOTE_TEST, NOTE_ERRAND };

struct note_story {
  char tenant[32], id[NOTE_ID_MAX];
  char thread[NOTE_ID_MAX];  /* id of the first item; "": none yet */
  char letters[NOTE_ID_MAX]; /* the same for people: a digest, perhaps */
  enum note_story_state state;
  prac_time began, due, last; /* due: of a held one */
  uint32_t revision;
  enum note_kind kind;
};
struct note_row { /* an item with one of its tasks */
  int64_t n;
  char id[NOTE_ID_MAX], thread[NOTE_ID_MAX], lane[NOTE_ID_MAX], tenant[32];
  prac_time at, began;
  enum note_kind kind;
  uint32_t tries;
  prac_time made;  /* wall clock */
  const char *rec; /* JSON; digest: one record a line. Valid until the next step */
  size_t len;
};

struct note_queue;
PRAC_NODISCARD prac_rc note_queue_open(const char *dir, struct note_queue **ret,
                                       struct prac_err *reterr);
void note_queue_close(struct note_queue **qp); /* what was not committed is gone */
PRAC_NODISCARD prac_rc note_queue_commit(struct note_queue *q, struct prac_err *reterr);
/* From here on commits reach the disk (true, as at the start), or the system's memory only (false):
 * enough for marks, whose loss with the power leads to a repeat. Not within a transaction. */
PRAC_NODISCARD prac_rc note_queue_sync(struct note_queue *q, bool sync, struct prac_err *reterr);
/* Writes the file anew, so that nothing deleted is left in it or beside it. Not within a
 * transaction. */
PRAC_NODISCARD prac_rc note_queue_scrub(struct note_queue *q, struct prac_err *reterr);
void note_queue_rollback(struct note_queue *q);

PRAC_NODISCARD prac_rc note_meta_get(struct note_queue *q, const char *key, int64_t *ret,
                                     struct prac_err *reterr);
PRAC_NODISCARD prac_rc note_meta_put(struct note_queue *q, const char *key, int64_t v,
                                     struct prac_err *reterr);

PRAC_NODISCARD prac_rc note_story_get(struct note_queue *q, const char *tenant, const char *id,
                                      struct note_story *ret, struct prac_err *reterr);
/* rec, len: kept with a held one; NULL: none. */
PRAC_NODISCARD prac_rc note_story_put(struct note_queue *q, const struct note_story *s,
                                      const char *rec, size_t len, struct prac_err *reterr);
PRAC_NODISCARD prac_rc note_story_drop(struct note_queue *q, const struct note_story *s,
                                       struct prac_err *reterr);
/* The held one that is due first, its record in *ret_rec (malloc'ed, owner: caller). */
PRAC_NODISCARD prac_rc note_story_due(struct note_queue *q, prac_time now, struct note_story *ret,
                                      char **ret_rec, size_t *ret_len, struct prac_err *reterr);

struct note_item_new {
  const char *id, *tenant, *rec;
  size_t len;
  prac_time at, began, made;
  enum note_kind kind;
  bool people;
};
/* PRAC_EXISTS: an item of this id is there; nothing was changed. */
PRAC_NODISCARD prac_rc note_item_add(struct note_queue *q, const struct note_item_new *i,
                                     int64_t *ret_n, struct prac_err *reterr);
PRAC_NODISCARD prac_rc note_task_add(struct note_queue *q, int64_t n, const char *way,
                                     const char *thread, const char *lane, struct prac_err *reterr);
/* The record of an item; valid until the next call. PRAC_UNKNOWN: no such item. */
PRAC_NODISCARD prac_rc note_item_get(struct note_queue *q, const char *id, const char **ret_rec,
                                     size_t *ret_len, struct prac_err *reterr);
PRAC_NODISCARD prac_rc note_people_count(struct note_queue *q, const char *tenant, prac_time since,
                                         int64_t *ret, struct prac_err *reterr);
struct note_when {
  prac_time now;
  prac_time far; /* what is due behind it was put off before the clock was set back: it is due */
};
/* Waiting tasks of a way that are due, oldest first, after item `after`; never one whose lane has
 * an older task that waits longer. */
PRAC_NODISCARD prac_rc note_task_next(struct note_queue *q, const char *way,
                                      const struct note_when *when, int64_t after,
                                      struct note_row *ret, struct prac_err *reterr);
/* Of NOTE_WALK lanes the oldest task, where it is due; again: it has failed before. Goes on behind
 * w->lane, which is "" at the beginning and when all have been looked at. */
enum { NOTE_WALK = 1000 };
struct note_walk {
  struct note_when when;
  char lane[NOTE_ID_MAX];
};
typedef void note_task_each(void *arg, int64_t n, const char *tenant, bool again);
PRAC_NODISCARD prac_rc note_task_heads(struct note_queue *q, const char *way, struct note_walk *w,
                                       note_task_each *each, void *arg, struct prac_err *reterr);
PRAC_NODISCARD prac_rc note_task_mark(struct note_queue *q, int64_t n, const char *way,
                                      enum note_task_state state, uint32_t tries, prac_time due,
                                      const char *reason, struct prac_err *reterr);
/* `later`: what a digest will say; a newer revision takes an older one's place. */
PRAC_NODISCARD prac_rc note_later_put(struct note_queue *q, const struct note_story *s,
                                      prac_time due, const char *rec, size_t len,
                                      struct prac_err *reterr);
/* The tenant whose digest is due first. */
PRAC_NODISCARD prac_rc note_later_due(struct note_queue *q, prac_time now, char ret_tenant[32],
                                      struct prac_err *reterr);
/* The next line for the digest, in order of id; after "": the first. */
PRAC_NODISCARD prac_rc note_later_next(struct note_queue *q, const char *tenant, const char *after,
                                       char ret_id[NOTE_ID_MAX], const char **ret_rec,
                                       size_t *ret_len, struct prac_err *reterr);
PRAC_NODISCARD prac_rc note_later_drop(struct note_queue *q, const char *tenant, const char *upto,
                                       const char *thread, struct prac_err *reterr);
/* Whatever a tenant still waits for is no longer told. */
PRAC_NODISCARD prac_rc note_tenant_forget(struct note_queue *q, const char *tenant,
                                          struct prac_err *reterr);
PRAC_NODISCARD prac_rc note_sub_put(struct note_queue *q, const char *id, const char *rec,
                                    size_t len, struct prac_err *reterr);
/* *ret: whether there was one. */
PRAC_NODISCARD prac_rc note_sub_drop(struct note_queue *q, const char *id, bool *ret,
                                     struct prac_err *reterr);
/* The next after that id, "": the first. Valid until the next call. PRAC_UNKNOWN: no more. */
PRAC_NODISCARD prac_rc note_sub_next(struct note_queue *q, const char *after, char ret_id[32],
                                     const char **ret_rec, size_t *ret_len,
                                     struct prac_err *reterr);
/* What is to be said of messages: kept here until the bus has it safe. */
PRAC_NODISCARD prac_rc note_out_add(struct note_queue *q, const char *id, const char *rec,
                                    size_t len, struct prac_err *reterr);
/* The next after number `after`. Valid until the next call. PRAC_UNKNOWN: no more. */
PRAC_NODISCARD prac_rc note_out_next(struct note_queue *q, int64_t after, int64_t *ret_n,
                                     char ret_id[32], const char **ret_rec, size_t *ret_len,
                                     struct prac_err *reterr);
PRAC_NODISCARD prac_rc note_out_drop(struct note_queue *q, int64_t upto, struct prac_err *reterr);
PRAC_NODISCARD prac_rc note_queue_count(struct note_queue *q, int64_t by_state[3],
                                        struct prac_err *reterr);
/* Forgets what has been dealt with before `before`. */
PRAC_NODISCARD prac_rc note_queue_purge(struct note_queue *q, prac_time before,
                                        struct prac_err *reterr);
