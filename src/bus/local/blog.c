/* Group commit: a write and a sync cost the same for one message and for a thousand, so the broker
 * collects what all publishers have sent, then pays once. */
#include "bus/local/blog.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "bus/local/blog_start.h"
#include "sys/durable.h"

enum { PATH_CAP = 4096, LOOK_EVERY = 4 << 20 };
static const struct prac_log_event ids_late = {"bus_ids_not_saved", PRAC_LOG_WARN,
                                               "free space on the data device"};

void bus_log_path(const struct bus_log *l, uint64_t first, char *out, size_t cap)
{
  (void)snprintf(out, cap, "%s/%020" PRIu64 ".log", l->conf.dir, first);
}

uint64_t bus_log_first(const struct bus_log *l)
{
  return l->n_segs ? l->segs[0].first : l->next;
}

prac_rc bus_log_look(struct bus_log *l, struct prac_err *reterr)
{
  uint64_t left;
  l->since_look = 0;
  PRAC_TRY(sys_free_bytes(l->conf.dir, &left, NULL, reterr));
  l->device_low = left < (uint64_t)l->conf.keep_free;
  return PRAC_OK;
}

static prac_rc room_for(struct bus_log *l, size_t size, bool derived, struct prac_err *reterr)
{
  int64_t most = l->conf.max_bytes + (derived ? l->conf.max_bytes / 8 : 0);
  int64_t want = l->bytes + (int64_t)l->n_stage + (int64_t)size;
  /* An empty log takes anything, or one large message would wait for ever. */
  bool empty = l->n_segs == 1 && l->committed + 1 == l->segs[0].first && l->n_stage == 0;
  if (want > most && !empty)
    return PRAC_FAIL(reterr, PRAC_FULL,
                     "the bus holds %" PRId64 " of at most %" PRId64
                     " bytes: its slowest consumer must catch up",
                     l->bytes, l->conf.max_bytes);
  if (l->since_look >= LOOK_EVERY) PRAC_TRY(bus_log_look(l, reterr));
  if (l->device_low && !derived)
    return PRAC_FAIL(reterr, PRAC_FULL, "less than %" PRId64 " bytes are free on the device of %s",
                     l->conf.keep_free, l->conf.dir);
  return PRAC_OK;
}

static prac_rc stage_room(struct bus_log *l, size_t size, struct prac_err *reterr)
{
  if (l->cap_stage - l->n_stage >= size) return PRAC_OK;
  size_t cap = l->cap_stage ? l->cap_stage : 1 << 20;
  while (cap - l->n_stage < size) cap *= 2;
  uint8_t *p = realloc(l->stage, cap);
  if (!p) return PRAC_FAIL(reterr, PRAC_NOMEM, "out of memory for %zu staged bytes", cap);
  l->stage = p;
  l->cap_stage = cap;
  return PRAC_OK;
}

prac_rc bus_log_append(struct bus_log *l, struct bus_entry *e, bool derived,
                       struct prac_err *reterr)
{
  uint64_t h = e->id.n ? bus_ids_hash(&l->ids, e->subject.s, e->subject.n, e->id.s, e->id.n) : 0;
  if (h && bus_ids_has(&l->ids, h)) return PRAC_EXISTS;
  size_t size = bus_entry_size(e);
  PRAC_TRY(room_for(l, size, derived, reterr));
  PRAC_TRY(stage_room(l, size, reterr));
  e->seq = l->next;
  e->durable = l->committed;
  struct prac_wr w = prac_wr_of(l->stage + l->n_stage, size);
  bus_entry_write(e, &w);
  PRAC_INSIST(!w.bad && prac_wr_len(&w) == size);
  l->n_stage += size;
  l->since_look += (int64_t)size;
  l->next++;
  if (h) bus_ids_add(&l->ids, h);
  return PRAC_OK;
}

/* A closed segment is never written again. Failing to open a new one is no loss: the old one simply
 * grows on, and the next commit tries again. */
static void roll(struct bus_log *l)
{
  struct prac_err err = {0};
  prac_rc rc = bus_log_save_ids(l, &err);
  if (rc == PRAC_OK) rc = bus_log_new_segment(l, &err);
  if (rc != PRAC_OK)
    prac_log(l->log, &ids_late, "the bus goes on in its old segment: %s", err.text);
}

prac_rc bus_log_commit(struct bus_log *l, struct prac_err *reterr)
{
  if (l->n_stage == 0) return PRAC_OK;
  char path[PATH_CAP];
  struct bus_seg *s = &l->segs[l->n_segs - 1];
  bus_log_path(l, s->first, path, sizeof path);
  prac_rc rc = sys_write_all(l->fd, l->stage, l->n_stage, s->size, path, reterr);
  if (rc == PRAC_FULL && ftruncate(l->fd, s->size) != 0)
    return sys_errno_rc(errno, reterr, "take back a half-written group in", path);
  if (rc != PRAC_OK) return rc;
  if (fdatasync(l->fd) != 0) {
    int err = errno;
    if ((err == ENOSPC || err == EDQUOT) && ftruncate(l->fd, s->size) == 0)
      return sys_errno_rc(err, reterr, "sync", path);
    return sys_errno_rc(EIO, reterr, "sync", path);
  }
  s->size += (int64_t)l->n_stage;
  l->bytes += (int64_t)l->n_stage;
  l->n_stage = 0;
  l->committed = l->next - 1;
  if (s->size >= l->conf.segment_bytes) roll(l);
  return PRAC_OK;
}

size_t bus_log_release(struct bus_log *l, uint64_t floor)
{
  size_t gone = 0;
  char path[PATH_CAP];
  while (l->n_segs - gone > 1) {
    uint64_t last = l->segs[gone + 1].first - 1;
    if (last > floor || last > l->ids_upto) break;
    bus_log_path(l, l->segs[gone].first, path, sizeof path);
    if (unlink(path) != 0 && errno != ENOENT) break;
    l->bytes -= l->segs[gone].size;
    gone++;
  }
  if (gone == 0) return 0;
  memmove(l->segs, l->segs + gone, (l->n_segs - gone) * sizeof *l->segs);
  l->n_segs -= gone;
  l->since_look = LOOK_EVERY;
  return gone;
}

void bus_log_close(struct bus_log *l)
{
  if (l->fd > 0) (void)close(l->fd);
  free(l->segs);
  free(l->stage);
  bus_ids_done(&l->ids);
  *l = (struct bus_log){.fd = -1};
}
