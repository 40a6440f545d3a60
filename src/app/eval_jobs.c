#include "app/eval_jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/stop.h"

enum { PROCS_MAX = 64, READ_BYTES = 1 << 16, TICK_MS = 200 };

struct child {
  size_t job;
  pid_t pid; /* 0: free */
  int fd;
  uint8_t *bytes;
  size_t n, cap;
};
struct crew {
  const struct eval_jobs *j;
  struct child v[PROCS_MAX];
  unsigned procs, busy;
  size_t next;
};

static bool write_all(int fd, const void *p, size_t n)
{
  for (const uint8_t *at = p; n > 0;) {
    ssize_t k = write(fd, at, n);
    if (k < 0 && errno == EINTR) continue;
    if (k <= 0) return false;
    at += k;
    n -= (size_t)k;
  }
  return true;
}

/* The first byte says whether the rest is a result or a reason. */
_Noreturn static void child_work(const struct eval_jobs *j, size_t i, int fd)
{
  struct prac_err err = {.text = ""};
  uint8_t *bytes = NULL;
  size_t n = 0;
  (void)signal(SIGINT, SIG_DFL);
  (void)signal(SIGTERM, SIG_DFL);
  prac_rc rc = j->work(j->arg, i, &bytes, &n, &err);
  uint8_t head = (uint8_t)rc; /* codes are small and negative */
  bool ok = write_all(fd, &head, 1);
  if (rc == PRAC_OK)
    ok = ok && write_all(fd, bytes, n);
  else
    ok = ok && write_all(fd, err.text, strlen(err.text));
  _exit(ok ? 0 : 1);
}

static prac_rc start(struct crew *c, struct child *k, struct prac_err *reterr)
{
  int fd[2];
  if (pipe2(fd, O_CLOEXEC) != 0)
    return PRAC_FAIL(reterr, PRAC_IO, "no pipe: %s", strerrordesc_np(errno));
  (void)fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    close(fd[0]);
    child_work(c->j, c->next, fd[1]);
  }
  close(fd[1]);
  if (pid < 0) {
    close(fd[0]);
    return PRAC_FAIL(reterr, PRAC_IO, "no process: %s", strerrordesc_np(errno));
  }
  *k = (struct child){.job = c->next++, .pid = pid, .fd = fd[0]};
  c->busy++;
  return PRAC_OK;
}

/* More of what a child says; *ret_end: that was all. */
static prac_rc take(struct child *k, bool *ret_end, struct prac_err *reterr)
{
  if (k->cap - k->n < READ_BYTES) {
    size_t cap = k->cap * 2 + READ_BYTES;
    uint8_t *v = realloc(k->bytes, cap);
    if (!v) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a result");
    k->bytes = v;
    k->cap = cap;
  }
  ssize_t got = read(k->fd, k->bytes + k->n, READ_BYTES);
  if (got < 0 && errno != EINTR)
    return PRAC_FAIL(reterr, PRAC_IO, "a job's pipe: %s", strerrordesc_np(errno));
  *ret_end = got == 0;
  if (got > 0) k->n += (size_t)got;
  return PRAC_OK;
}

static void release(struct crew *c, struct child *k)
{
  close(k->fd);
  free(k->bytes);
  *k = (struct child){0};
  c->busy--;
}

static prac_rc finish(struct crew *c, struct child *k, struct prac_err *reterr)
{
  int status = 0;
  prac_rc rc;
  while (waitpid(k->pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || k->n == 0)
    rc = stop_asked() ? PRAC_STOPPED
                      : PRAC_FAIL(reterr, PRAC_IO, "job %zu died (%s %d)", k->job,
                                  WIFSIGNALED(status) ? "signal" : "status",
                                  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  else if (k->bytes[0] != PRAC_OK)
    rc = PRAC_FAIL(reterr, (prac_rc)(int8_t)k->bytes[0], "%.*s", (int)(k->n - 1),
                   (char *)k->bytes + 1);
  else
    rc = c->j->done(c->j->arg, k->job, k->bytes + 1, k->n - 1);
  release(c, k);
  return rc;
}

static prac_rc wait_some(struct crew *c, struct prac_err *reterr)
{
  struct pollfd p[PROCS_MAX];
  struct child *of[PROCS_MAX];
  nfds_t n = 0;
  for (unsigned i = 0; i < c->procs; i++) {
    if (!c->v[i].pid) continue;
    of[n] = &c->v[i];
    p[n++] = (struct pollfd){.fd = c->v[i].fd, .events = POLLIN};
  }
  if (poll(p, n, TICK_MS) <= 0) return PRAC_OK;
  for (nfds_t i = 0; i < n; i++) {
    bool end = false;
    if (!p[i].revents) continue;
    PRAC_TRY(take(of[i], &end, reterr));
    if (end) PRAC_TRY(finish(c, of[i], reterr));
  }
  return PRAC_OK;
}

static void end_all(struct crew *c)
{
  for (unsigned i = 0; i < c->procs; i++) {
    struct child *k = &c->v[i];
    if (!k->pid) continue;
    (void)kill(k->pid, SIGKILL);
    while (waitpid(k->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    release(c, k);
  }
}

prac_rc eval_jobs_run(const struct eval_jobs *j, struct prac_err *reterr)
{
  struct crew c = {.j = j, .procs = j->procs < PROCS_MAX ? j->procs : PROCS_MAX};
  prac_rc rc = PRAC_OK;
  if (c.procs == 0) c.procs = 1;
  while (rc == PRAC_OK && (c.busy > 0 || c.next < j->n)) {
    for (unsigned i = 0; i < c.procs && c.next < j->n && rc == PRAC_OK; i++)
      if (!c.v[i].pid) rc = start(&c, &c.v[i], reterr);
    if (rc == PRAC_OK) rc = wait_some(&c, reterr);
    if (rc == PRAC_OK && stop_asked()) rc = PRAC_STOPPED;
  }
  end_all(&c);
  return rc;
}
