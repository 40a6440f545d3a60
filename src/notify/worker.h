/* notify/worker.h — one way at work, in a thread of its own or in the caller's.
 *
 * jobs      come in order and are sent in order. After one that must be tried later the others come
 *           back untried until the caller has fetched all that is done: the other side is probably
 *           away, and none of a story may overtake. Not so where each tenant has an other side of
 *           its own: of these the caller puts one at a time
 * says      at most SAYS_MAX wait until they are dropped, what is more is counted as lost
 * owner     put takes the job, done gives it back; the way's state belongs to the worker until free
 */
#pragma once
#include "access/seal.h"
#include "base/arena.h"
#include "notify/queue.h"
#include "notify/way.h"

struct note_job {
  struct note_job *next;
  int64_t n;
  uint32_t tries;
  prac_time made;
  struct prac_arena *arena;
  char id[NOTE_ID_MAX], thread[NOTE_ID_MAX];
  enum note_kind kind;
  bool subscriber; /* told to a subscription, or an errand */
  struct note_item item;
  struct note_tenant tenant;
  char secret[ACCESS_SEAL_TEXT]; /* of the tenant's webhook, in clear */
  struct note_digest digest;
  struct episode episode;
  struct alert alert;
  struct errand errand;
  bool tried;
  prac_rc rc;
  struct prac_err err;
};
void note_job_free(struct note_job **jp);

struct note_worker;
/* Opens the way. env's strings and settings are borrowed for the worker's life. */
PRAC_NODISCARD prac_rc note_worker_new(const struct note_way *w, const struct note_env *env,
                                       bool thread, struct note_worker **ret,
                                       struct prac_err *reterr);
/* Ends the thread after the job in hand, without waiting for it. */
void note_worker_ask_stop(struct note_worker *w);
/* The same, and waits; what is done can still be fetched. */
void note_worker_stop(struct note_worker *w);
/* Stops, closes the way; all jobs that are left are freed. */
void note_worker_free(struct note_worker **wp);
void note_worker_put(struct note_worker *w, struct note_job *job_take);
/* A job that is done, oldest first; NULL: none. */
struct note_job *note_worker_done(struct note_worker *w);
/* The oldest that the way has said and that was not dropped, until it is; NULL: nothing. *ret_lost:
 * how many found no room since this was asked last. */
const struct note_said *note_worker_said(struct note_worker *w, uint64_t *ret_lost);
void note_worker_said_drop(struct note_worker *w); /* it is on disk */
/* The time that tick is called with, about once a second. */
void note_worker_time(struct note_worker *w, prac_time now);
