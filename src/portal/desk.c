/* One thread, one queue, one writing handle. Notes that stand one behind the other are written in
 * one transaction. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "portal/desk.h"
#include "portal/share.h"
#include "portal/who.h"

enum { NOTES_AT_ONCE = 256, RETRY_S = 1, ARENA = 2048 };
static const int64_t prune_every_ns = PRAC_HOUR;

struct desk {
  struct access *reader, *writer;
  const struct prac_log *log;
  struct prac_clock wall;
  pthread_mutex_t lock; /* guards the queue; taken alone */
  pthread_cond_t more;
  struct desk_job *jobs, **jobs_end;
  size_t n, n_slow;
  bool stopping, have_thread;
  prac_time pruned; /* the thread's own */
  bool failed;      /* the disk refuses what stands first */
  pthread_t thread;
};

struct desk_job *desk_job_new(struct portal *p, struct sys_http_req *r,
                              struct portal_reader *reader)
{
  char from[PRAC_IP_TEXT] = "";
  struct prac_ip ip = r ? sys_http_client(r) : (struct prac_ip){{0}};
  if (r) (void)prac_ip_text(from, &ip);
  struct desk_job *j = calloc(1, sizeof *j);
  if (!j) return NULL;
  j->arena = prac_arena_new(ARENA);
  if (j->arena) j->from = prac_arena_strndup(j->arena, from, strlen(from));
  if (!j->from) {
    desk_job_free(&j);
    return NULL;
  }
  j->p = p;
  j->req = r;
  if (r) j->sharer = portal_sharer(p, r);
  j->reader = portal_reader_ref(reader);
  return j;
}

void desk_job_free(struct desk_job **jp)
{
  struct desk_job *j = *jp;
  *jp = NULL;
  if (!j) return;
  portal_reader_unref(j->reader);
  prac_arena_free(&j->arena);
  free(j);
}

/* d->lock held */
static prac_rc room(const struct desk *d, const struct desk_job *j)
{
  size_t n = 0, n_slow = 0;
  if (d->stopping || d->failed || d->n >= DESK_MAX || (j->slow && d->n_slow >= DESK_SLOW_MAX))
    return PRAC_FULL;
  for (const struct desk_job *o = d->jobs; o && j->sharer; o = o->next) {
    n += o->sharer == j->sharer;
    n_slow += o->sharer == j->sharer && o->slow;
  }
  bool all = n >= portal_share(DESK_MAX) || (j->slow && n_slow >= portal_share(DESK_SLOW_MAX));
  return all ? PRAC_RANGE : PRAC_OK;
}

prac_rc desk_put(struct desk *d, struct desk_job *j)
{
  pthread_mutex_lock(&d->lock);
  prac_rc rc = room(d, j);
  if (rc == PRAC_OK) {
    if (j->run && j->req && !j->waits) sys_http_later(j->req);
    *d->jobs_end = j;
    d->jobs_end = &j->next;
    d->n++;
    d->n_slow += j->slow;
    pthread_cond_signal(&d->more);
  }
  pthread_mutex_unlock(&d->lock);
  return rc;
}

void desk_ask(struct desk *d, struct desk_job *j)
{
  prac_rc rc = desk_put(d, j);
  if (rc == PRAC_OK) return;
  portal_send_busy(j->p, j->req, rc, "accounts can not be asked now; try again in a moment");
  desk_job_free(&j);
}

/* ---- the thread ---- */

/* The first n of the queue, which stay in it: at most one job, or notes. NULL: the end. */
static struct desk_job *next(struct desk *d, size_t *n)
{
  pthread_mutex_lock(&d->lock);
  while (!d->jobs && !d->stopping) pthread_cond_wait(&d->more, &d->lock);
  struct desk_job *first = d->jobs;
  *n = 0;
  for (struct desk_job *j = first; j && *n < NOTES_AT_ONCE && (*n == 0 || !j->run); j = j->next) {
    if (j->run && *n > 0) break;
    ++*n;
    if (j->run) break;
  }
  pthread_mutex_unlock(&d->lock);
  return first;
}

static void done(struct desk *d, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    pthread_mutex_lock(&d->lock);
    struct desk_job *j = d->jobs;
    d->jobs = j->next;
    if (!d->jobs) d->jobs_end = &d->jobs;
    d->n--;
    d->n_slow -= j->slow;
    pthread_mutex_unlock(&d->lock);
    desk_job_free(&j);
  }
}

static prac_rc write_note(struct desk *d, const struct desk_job *j, struct prac_err *err)
{
  const struct access_who *who = portal_reader_who(j->reader);
  if (!j->note.what) return access_seen(d->writer, who, err);
  return access_note(d->writer, who, &j->note, err);
}

/* Sleeps until a second is over or the end is near. */
static void wait_a_little(struct desk *d)
{
  struct timespec t;
  (void)clock_gettime(CLOCK_REALTIME, &t);
  t.tv_sec += RETRY_S;
  pthread_mutex_lock(&d->lock);
  if (!d->stopping) (void)pthread_cond_timedwait(&d->more, &d->lock, &t);
  pthread_mutex_unlock(&d->lock);
}

static bool set_failed(struct desk *d, bool failed)
{
  pthread_mutex_lock(&d->lock);
  bool was = d->failed;
  d->failed = failed;
  pthread_mutex_unlock(&d->lock);
  return was;
}

/* Whoever waits is answered now: what was asked while the disk was full must not happen when nobody
 * waits for it any more. Notes stay, and what is nobody's request. */
static void refuse_waiting(struct desk *d)
{
  struct desk_job *out = NULL, **at = &d->jobs;
  pthread_mutex_lock(&d->lock);
  for (struct desk_job *j; (j = *at);) {
    if (!j->run || !j->req) {
      at = &j->next;
      continue;
    }
    *at = j->next;
    d->n--;
    d->n_slow -= j->slow;
    j->next = out;
    out = j;
  }
  d->jobs_end = at;
  pthread_mutex_unlock(&d->lock);
  for (struct desk_job *j = out, *next_one; j; j = next_one) {
    next_one = j->next;
    if (j->refused)
      j->refused(j);
    else
      portal_send_error(j->req, 503, "accounts",
                        "accounts can not be written now; try again later");
    desk_job_free(&j);
  }
}

/* False: the file did not take them; they stay first in the queue. */
static bool write_notes(struct desk *d, const struct desk_job *j, size_t n)
{
  static const struct prac_log_event ev_failed = {
      "portal_audit_failed", PRAC_LOG_ERROR,
      "make room on the device of access.db; until then who asks for more is refused"};
  struct prac_err err = {0};
  prac_rc rc = access_begin(d->writer, &err);
  if (rc == PRAC_OK) {
    for (size_t i = 0; i < n && rc == PRAC_OK; i++, j = j->next) rc = write_note(d, j, &err);
    struct prac_err end = {0};
    prac_rc ended = access_end(d->writer, rc, rc == PRAC_OK ? &err : &end);
    if (rc == PRAC_OK) rc = ended;
  }
  if (!set_failed(d, rc != PRAC_OK) && rc != PRAC_OK) prac_log(d->log, &ev_failed, "%s", err.text);
  return rc == PRAC_OK;
}

static bool stopping(struct desk *d)
{
  pthread_mutex_lock(&d->lock);
  bool s = d->stopping;
  pthread_mutex_unlock(&d->lock);
  return s;
}

static void prune_now_and_then(struct desk *d)
{
  static const struct prac_log_event ev = {
      "portal_audit_not_pruned", PRAC_LOG_WARN,
      "look at access.db and its device: old lines stay until it works again"};
  static const struct prac_log_event ev_ahead = {
      "portal_clock_ahead", PRAC_LOG_WARN,
      "is this machine's clock right? If nobody has been here for so long, all is well"};
  struct prac_err err = {0};
  int64_t ahead = 0;
  prac_time now = prac_now(&d->wall);
  if (now - d->pruned < prune_every_ns && now >= d->pruned) return;
  prac_rc rc = access_audit_prune(d->writer, &ahead, &err);
  d->pruned = rc == PRAC_AGAIN ? 0 : now; /* the rest behind the next that is written */
  if (rc != PRAC_OK && rc != PRAC_AGAIN) prac_log(d->log, &ev, "%s", err.text);
  if (ahead)
    prac_log(d->log, &ev_ahead, "the newest line of the audit is %lld days old",
             (long long)(ahead / PRAC_DAY));
}

static void run_job(struct desk *d, struct desk_job *j)
{
  access_acting(d->writer, j->reader ? portal_reader_who(j->reader)->org : NULL, j->from);
  j->run(j, d->writer);
  access_acting(d->writer, NULL, NULL);
}

static void *work(void *arg)
{
  struct desk *d = arg;
  size_t n;
  for (struct desk_job *j; (j = next(d, &n));) {
    if (j->run) {
      /* At the end the server answers what still waits. */
      if (!stopping(d)) run_job(d, j);
    } else if (!write_notes(d, j, n)) {
      if (stopping(d)) break;
      refuse_waiting(d);
      wait_a_little(d);
      continue;
    }
    done(d, n);
    if (!stopping(d)) prune_now_and_then(d);
  }
  return NULL;
}

/* ---- open and close ---- */

prac_rc desk_open(const char *path, const struct access_conf *c, const struct prac_clock *wall,
                  const struct prac_log *log, struct desk **ret, struct prac_err *reterr)
{
  struct desk *d = calloc(1, sizeof *d);
  if (!d) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for accounts");
  struct access_conf reads = *c;
  reads.reads_only = true;
  d->log = log;
  d->wall = *wall;
  d->jobs_end = &d->jobs;
  (void)pthread_mutex_init(&d->lock, NULL);
  (void)pthread_cond_init(&d->more, NULL);
  prac_rc rc = access_open(path, c, wall, &d->writer, reterr);
  if (rc == PRAC_OK) rc = access_open(path, &reads, wall, &d->reader, reterr);
  if (rc == PRAC_OK && pthread_create(&d->thread, NULL, work, d) != 0)
    rc = PRAC_FAIL(reterr, PRAC_NOMEM, "no thread for accounts");
  d->have_thread = rc == PRAC_OK;
  if (rc != PRAC_OK)
    desk_close(&d);
  else
    *ret = d;
  return rc;
}

struct access *desk_reader(struct desk *d)
{
  return d->reader;
}

void desk_stop(struct desk *d)
{
  pthread_mutex_lock(&d->lock);
  d->stopping = true;
  pthread_cond_broadcast(&d->more);
  pthread_mutex_unlock(&d->lock);
  if (d->have_thread) pthread_join(d->thread, NULL);
  d->have_thread = false;
}

void desk_close(struct desk **dp)
{
  struct desk *d = *dp;
  *dp = NULL;
  if (!d) return;
  desk_stop(d);
  done(d, d->n);
  access_close(&d->reader);
  access_close(&d->writer);
  pthread_cond_destroy(&d->more);
  pthread_mutex_destroy(&d->lock);
  free(d);
}
