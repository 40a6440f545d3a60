/* portal/job.h — questions to the store, and what the views share that ask several. */
#pragma once
#include "access/gate.h"
#include "portal/impl.h"

/* A question that a thread puts to the store (job.c), that of its lane. It is made on the server's
 * thread, which copies what it needs of the request into the arena; `run` has the store of this
 * reader, and writes the answer into `rows`. What it returns other than PRAC_OK and PRAC_STOPPED
 * (rows: full) is answered as an error: PRAC_END, PRAC_UNKNOWN 404; PRAC_DENIED 403; the question's
 * fault 400.
 */
struct portal_job;
typedef prac_rc portal_job_fn(struct portal_job *j, struct store *s, struct prac_err *reterr);
/* PRAC_AGAIN of run: the job steps aside until the next tick, which calls `outside` on the caller's
 * thread and then has it run again. */
typedef prac_rc portal_outside_fn(struct portal_job *j, struct prac_err *reterr);
struct portal_job {
  struct portal_job *next;
  struct portal *p;
  struct sys_http_req *req;
  portal_job_fn *run;
  portal_outside_fn *outside;
  void (*ended)(struct portal_job *j); /* whatever became of it; NULL: nothing to give back */
  void (*send)(struct portal_job *j);  /* the answer, when it is neither rows nor an object */
  uint64_t sharer;                     /* whose share of the lane it takes (share.h) */
  struct portal_audience *audience;    /* whose scope the answer is made for; held */
  struct prac_arena *arena;
  void *ask;             /* what run needs to know; in the arena */
  enum portal_lane lane; /* set before portal_job_put when it is not PORTAL_SUMS */
  const char *type;      /* of an answer that is no JSON: its bytes are in rows.j; NULL: it is */
  bool is_rows;          /* else the answer is one object: run writes all of it to rows.j */
  struct rows rows;
};
enum { PORTAL_ROWS_MAX = 10000 };
/* NULL: answered already (no store, no memory). ask: ask_size zeroed bytes. */
struct portal_job *portal_job_new(struct portal *p, struct sys_http_req *r, portal_job_fn *run,
                                  size_t ask_size);
void portal_job_drop(struct portal_job **jp); /* it has been answered otherwise */
/* The answer is a list, in the form that the request's `format` says. Before portal_job_put. */
void portal_job_rows(struct portal_job *j, size_t max_rows);
/* Queues it, or says what is wrong: rc and err of reading the request, or that too many wait. */
void portal_job_put(struct portal_job *j, prac_rc rc, const struct prac_err *err);

/* A parameter, or what holds without it, in the arena. PRAC_NOMEM. */
PRAC_NODISCARD prac_rc portal_job_param(struct portal_job *j, const char *name, const char *usual,
                                        const char **ret);

/* Parameters of the request, and `more`, as words of the query language (query.c). q: what and kind
 * are set and stay; all else is filled in, with the usual limit. */
bool portal_has_filters(const struct sys_http_req *r);
PRAC_NODISCARD prac_rc portal_read_question(struct portal_job *j, const char *more,
                                            struct store_query *q, struct prac_err *err);
/* A question whose answer is handed on as it is. more: further words; single: the id of the one
 * record wanted. */
void portal_ask(struct portal *p, struct sys_http_req *r, enum store_what what,
                const struct model_kind *k, const char *more, const char *single);
/* A row's value by the name of its column; NULL: no such column. */
const struct store_value *portal_value(const char *name, const struct store_col *cols, size_t n,
                                       const struct store_value *v);
/* The times that the store keeps something for: "flows", "minutes", "hours"; NONE: nothing. */
PRAC_NODISCARD prac_rc portal_kept(struct store *s, const char *what, struct prac_span *ret,
                                   struct prac_err *reterr);
/* The span asked for; what is open of it: the last `usual_ns` that there are hours of, or back from
 * its end. */
PRAC_NODISCARD prac_rc portal_span(struct store *s, struct prac_span asked, int64_t usual_ns,
                                   struct prac_span *ret, struct prac_err *reterr);
/* Records fit to leave, one after the other; they live in the job's arena, and are gone after the
 * call unless *keep is set. */
typedef access_gate_each portal_record_fn;
PRAC_NODISCARD prac_rc portal_records(struct portal_job *j, struct store *s,
                                      const struct store_query *q, portal_record_fn *each,
                                      void *arg, struct prac_err *reterr);
/* The same for a view that decides by more than a question can ask for: at most PORTAL_CHUNK at a
 * time, all of a chunk at once, gone after the call. Ends when `each` does not return PRAC_OK, or
 * when 10000 were looked at: then the answer's next page begins there. */
enum { PORTAL_CHUNK = 200 };
typedef prac_rc portal_chunk_fn(void *arg, const void *const *recs, size_t n,
                                struct prac_err *reterr);
PRAC_NODISCARD prac_rc portal_scan(struct portal_job *j, struct store *s, struct store_query q,
                                   portal_chunk_fn *each, void *arg, struct prac_err *reterr);
/* Attacks as a list: those that q asks for, of one definition, maybe with one vector. What is part
 * of a carpet, or of an attack with several vectors, is not listed beside it. */
enum { PORTAL_PARENTS = 256 };
struct portal_attacks {
  struct portal_job *job;
  struct store *store;
  struct store_query q;
  const char *vector, *profile;
  bool found;
  size_t n_parents;
  struct {
    uint64_t id; /* hash */
    bool listed;
  } parents[PORTAL_PARENTS]; /* the latest that were looked for */
};
/* Not within a callback of the store: it asks for the parent. */
PRAC_NODISCARD prac_rc portal_attack_listed(struct portal_attacks *a, const struct episode *e,
                                            bool *ret, struct prac_err *reterr);
