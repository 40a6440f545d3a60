/* A slow consumer costs a file descriptor and one buffer: it reads from disk what others have long
 * had, and the page cache makes the fast ones fast. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/local/blog_start.h"
#include "sys/durable.h"

enum { PATH_CAP = 4096, CHUNK = 256 << 10, LOOK_MAX = 4096 };

bool bus_filter_has(const struct bus_filter *f, const char *subject, size_t n)
{
  for (size_t i = 0; i < f->n; i++) {
    size_t k = strlen(f->prefix[i]);
    if (k <= n && memcmp(f->prefix[i], subject, k) == 0) return true;
  }
  return false;
}

void bus_cursor_init(struct bus_cursor *c, uint64_t next)
{
  *c = (struct bus_cursor){.next = next, .fd = -1};
}

void bus_cursor_done(struct bus_cursor *c)
{
  if (c->fd >= 0) (void)close(c->fd);
  free(c->buf);
  *c = (struct bus_cursor){.fd = -1};
}

static const struct bus_seg *segment_of(const struct bus_log *l, uint64_t seq)
{
  const struct bus_seg *s = NULL;
  for (size_t i = 0; i < l->n_segs && l->segs[i].first <= seq; i++) s = &l->segs[i];
  return s;
}

static prac_rc damaged(const struct bus_cursor *c, const struct bus_log *l, struct prac_err *reterr)
{
  char path[PATH_CAP];
  bus_log_path(l, c->seg, path, sizeof path);
  return PRAC_FAIL(reterr, PRAC_DAMAGED, "%s is damaged at byte %" PRId64 " (message %" PRIu64 ")",
                   path, c->off, c->next);
}

/* `n` bytes at the cursor's offset, in buf; PRAC_TRUNCATED at the file's end. */
static prac_rc want(struct bus_cursor *c, size_t n, const uint8_t **ret)
{
  int64_t skip = c->off - c->buf_off;
  if (c->have && skip >= 0 && (uint64_t)skip + n <= c->have) {
    *ret = c->buf + skip;
    return PRAC_OK;
  }
  size_t cap = n > CHUNK ? n : CHUNK;
  if (c->cap < cap || c->cap > 4 * cap) { /* one large message must not keep its memory */
    free(c->buf);
    c->have = 0;
    c->buf = malloc(cap);
    c->cap = c->buf ? cap : 0;
    if (!c->buf) return PRAC_NOMEM;
  }
  c->buf_off = c->off;
  c->have = 0;
  while (c->have < c->cap) {
    ssize_t r = pread(c->fd, c->buf + c->have, c->cap - c->have, c->off + (int64_t)c->have);
    if (r < 0 && errno == EINTR) continue;
    if (r < 0) return PRAC_IO;
    if (r == 0) break;
    c->have += (size_t)r;
  }
  *ret = c->buf;
  return c->have >= n ? PRAC_OK : PRAC_TRUNCATED;
}

static prac_rc peek(struct bus_cursor *c, struct bus_entry *e)
{
  const uint8_t *p;
  PRAC_TRY(want(c, BUS_ENTRY_HEAD, &p));
  prac_rc rc = bus_entry_head(p, c->have - (size_t)(p - c->buf), e);
  if (rc != PRAC_TRUNCATED) return rc;
  prac_rc more = want(c, BUS_ENTRY_HEAD + BUS_ENTRY_NAMES_MAX, &p); /* may hit the file's end */
  if (more != PRAC_OK && more != PRAC_TRUNCATED) return more;
  return bus_entry_head(p, c->have - (size_t)(p - c->buf), e);
}

static prac_rc open_segment(struct bus_cursor *c, const struct bus_log *l,
                            const struct bus_seg *seg, struct prac_err *reterr)
{
  char path[PATH_CAP];
  if (c->fd >= 0) (void)close(c->fd);
  bus_log_path(l, seg->first, path, sizeof path);
  c->fd = open(path, O_RDONLY | O_CLOEXEC);
  if (c->fd < 0) return sys_errno_rc(errno, reterr, "open", path);
  c->seg = seg->first;
  c->off = BUS_SEG_HEAD;
  c->have = 0;
  uint64_t target = c->next;
  for (c->next = seg->first; c->next < target; c->next++) {
    struct bus_entry e;
    if (peek(c, &e) != PRAC_OK || e.seq != c->next) return damaged(c, l, reterr);
    c->off += (int64_t)bus_entry_size(&e);
  }
  return PRAC_OK;
}

static prac_rc locate(struct bus_cursor *c, const struct bus_log *l, struct prac_err *reterr)
{
  uint64_t oldest = bus_log_first(l);
  if (c->next < oldest) {
    /* A reader without a durable place: what it missed is gone by design. */
    c->next = oldest;
  }
  const struct bus_seg *seg = segment_of(l, c->next);
  if (seg && seg->first != c->seg) return open_segment(c, l, seg, reterr);
  return PRAC_OK;
}

prac_rc bus_cursor_next(struct bus_cursor *c, struct bus_log *l, const struct bus_filter *f,
                        struct bus_entry *ret, struct prac_err *reterr)
{
  for (int looked = 0; looked < LOOK_MAX; looked++) {
    struct bus_entry e;
    if (c->next > l->committed) return PRAC_AGAIN;
    PRAC_TRY(locate(c, l, reterr));
    prac_rc rc = peek(c, &e);
    if (rc == PRAC_NOMEM) return PRAC_FAIL(reterr, rc, "out of memory reading the bus log");
    if (rc != PRAC_OK || e.seq != c->next) return damaged(c, l, reterr);
    size_t size = bus_entry_size(&e);
    bool pass = bus_filter_has(f, e.subject.s, e.subject.n);
    if (pass) {
      const uint8_t *p;
      rc = want(c, size, &p);
      if (rc == PRAC_NOMEM) return PRAC_FAIL(reterr, rc, "out of memory reading the bus log");
      if (rc != PRAC_OK || bus_entry_read(p, size, ret) != PRAC_OK) return damaged(c, l, reterr);
    }
    c->off += (int64_t)size;
    c->next++;
    if (pass) return PRAC_OK;
  }
  return PRAC_AGAIN;
}

uint64_t bus_cursor_skip(struct bus_cursor *c, const struct bus_log *l)
{
  uint64_t to = l->committed + 1, from = c->next;
  for (size_t i = 0; i < l->n_segs; i++)
    if (l->segs[i].first > c->seg && l->segs[i].first > c->next) {
      to = l->segs[i].first;
      break;
    }
  bus_cursor_done(c);
  bus_cursor_init(c, to);
  return to - from;
}
