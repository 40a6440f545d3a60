/* app/eval_jobs.h — independent jobs on several processes: each job is a child that writes bytes
 * into a pipe; the parent gets them when the child has ended well. What a job yields depends on the
 * job alone, so neither the number of processes nor their order can be seen in it.
 *
 * stop     after SIGINT or SIGTERM (app/stop.h) no further job begins, those at work are ended
 * fails    PRAC_STOPPED: stopped before all were done. A job that fails ends everything with its
 *          words. PRAC_IO: no process or pipe; a child that died
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct eval_jobs {
  size_t n;
  unsigned procs;
  /* In the child: the result, malloc'ed. */
  prac_rc (*work)(void *arg, size_t i, uint8_t **ret, size_t *ret_n, struct prac_err *reterr);
  /* In the parent, in the order of completion; bytes are borrowed. */
  prac_rc (*done)(void *arg, size_t i, const uint8_t *bytes, size_t n);
  void *arg;
};
PRAC_NODISCARD prac_rc eval_jobs_run(const struct eval_jobs *j, struct prac_err *reterr);
