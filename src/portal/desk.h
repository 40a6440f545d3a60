/* portal/desk.h — the accounts' file, with a thread of its own: passwords are slow on purpose, and
 * whatever is written waits for the disk. The server's thread only reads, by a handle of its own.
 *
 * bounds    DESK_MAX jobs wait, DESK_SLOW_MAX of them with a password; more are answered 503. Of
 *           either one reader has its share (share.h)
 * audit     a note is taken before the request that it is about is answered: no room, no answer.
 *           What the disk refuses is tried again until it takes it; until then nothing is taken,
 *           and who waits already is answered 503
 */
#pragma once
#include "access/access.h"
#include "base/log.h"
#include "portal/impl.h"

struct desk;
enum { DESK_MAX = 1024, DESK_SLOW_MAX = 16 };
/* Makes the file when it is not there. wall: borrowed until close, as log. */
PRAC_NODISCARD prac_rc desk_open(const char *path, const struct access_conf *c,
                                 const struct prac_clock *wall, const struct prac_log *log,
                                 struct desk **ret, struct prac_err *reterr);
void desk_stop(struct desk *d); /* no job runs after it; notes are written first */
void desk_close(struct desk **dp);
struct access *desk_reader(struct desk *d); /* for the server's thread */

struct desk_job {
  struct desk_job *next;
  struct portal *p;
  struct sys_http_req *req;     /* waits for run's answer */
  struct portal_reader *reader; /* who asked; a reference, or NULL */
  uint64_t sharer;              /* whose share it takes; 0: nobody's */
  /* Answers req, if there is one. NULL: `note` is written, or, without one, that reader is active.
   */
  void (*run)(struct desk_job *j, struct access *a);
  void (*refused)(struct desk_job *j); /* answers req when the disk refuses; NULL: as JSON */
  bool slow;                           /* a password is looked at */
  bool waits;                          /* req does already (sys_http_later) */
  const void *more;                    /* of whoever put it; in the arena */
  struct prac_arena *arena;
  const char *from, *word;  /* address of who asked, part of the path; in the arena */
  struct access_event note; /* what NULL: none */
};
/* r NULL: nobody's request. NULL: no memory. */
struct desk_job *desk_job_new(struct portal *p, struct sys_http_req *r,
                              struct portal_reader *reader);
void desk_job_free(struct desk_job **jp);
/* Queues and takes the job; else it is still the caller's. PRAC_FULL: no room, or the disk refuses;
 * PRAC_RANGE: this reader has its share. */
PRAC_NODISCARD prac_rc desk_put(struct desk *d, struct desk_job *j);
/* The same, or answers. */
void desk_ask(struct desk *d, struct desk_job *j);
