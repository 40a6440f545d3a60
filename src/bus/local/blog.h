/* bus/local/blog.h — the broker's log: segments of checksummed entries, appended in groups.
 *
 * files     DIR/<first seq, 20 digits>.log, DIR/ids (which ids were seen, rewritten at each roll)
 * append    stages in memory; commit writes and syncs everything staged: only then may anyone be
 *           told, and only then does a cursor see it
 * start     the last segment is read through: a torn tail is cut (counted), a hole before what was
 *           acknowledged is PRAC_DAMAGED with file and offset (or passed over with `skip_damaged`)
 * limits    at most max_bytes on disk, derived records an eighth more, and keep_free bytes left to
 *           the device: PRAC_FULL, nothing taken. One segment may exceed segment_bytes by one
 *           group
 * sizes     seq never repeats: a new log starts at conf.first_seq, which the caller takes from the
 *           clock so that it lies beyond whatever a lost log had
 */
#pragma once
#include "base/err.h"
#include "base/log.h"
#include "bus/local/entry.h"
#include "bus/local/ids.h"

struct bus_log_conf {
  const char *dir;
  int64_t segment_bytes, max_bytes, keep_free;
  size_t dedup;
  uint64_t first_seq;
  uint64_t acked; /* the highest seq any consumer has acked: was certainly on disk */
  bool skip_damaged;
};
struct bus_seg {
  uint64_t first;
  int64_t size;
};
struct bus_log {
  struct bus_log_conf conf;
  const struct prac_log *log;
  int fd; /* the last segment */
  struct bus_seg *segs;
  size_t n_segs, cap_segs;
  uint64_t next, committed; /* seq */
  int64_t bytes;            /* of all segments */
  uint8_t *stage;
  size_t n_stage, cap_stage;
  int64_t since_look; /* bytes since the device's free space was looked at */
  bool device_low;
  struct bus_ids ids;
  uint64_t ids_upto;            /* the ids file covers everything up to here */
  uint64_t torn_bytes, damaged; /* counted at start and by cursors */
};
PRAC_NODISCARD prac_rc bus_log_open(struct bus_log *l, const struct bus_log_conf *c,
                                    const struct prac_log *log, struct prac_err *reterr);
void bus_log_close(struct bus_log *l); /* accepts a half-opened one; does not commit */
/* e->seq and e->durable are filled in here. PRAC_EXISTS: a repeat, nothing taken. */
PRAC_NODISCARD prac_rc bus_log_append(struct bus_log *l, struct bus_entry *e, bool derived,
                                      struct prac_err *reterr);
/* PRAC_FULL: nothing was lost, what is staged stays staged; call again. Else the log must be
 * closed. */
PRAC_NODISCARD prac_rc bus_log_commit(struct bus_log *l, struct prac_err *reterr);
/* Nobody needs anything up to `floor` any more: whole segments go. Returns how many. */
size_t bus_log_release(struct bus_log *l, uint64_t floor);
uint64_t bus_log_first(const struct bus_log *l); /* the oldest seq still kept */
void bus_log_path(const struct bus_log *l, uint64_t first, char *out, size_t cap);
PRAC_NODISCARD prac_rc bus_log_look(struct bus_log *l, struct prac_err *reterr); /* free space */

/* ---- reading ---- */
struct bus_filter {
  char prefix[BUS_PREFIXES_MAX][BUS_SUBJECT_MAX + 1];
  size_t n; /* 0: nothing passes */
};
bool bus_filter_has(const struct bus_filter *f, const char *subject, size_t n);
struct bus_cursor {
  uint64_t next; /* seq it will look at */
  uint64_t seg;  /* first seq of the open segment; 0: none */
  int fd;
  int64_t off;     /* of `next` in the segment */
  int64_t buf_off; /* what buf holds */
  size_t have, cap;
  uint8_t *buf;
};
void bus_cursor_init(struct bus_cursor *c, uint64_t next);
void bus_cursor_done(struct bus_cursor *c);
/* The next committed entry that passes; borrowed until the next call. PRAC_AGAIN: none now (at most
 * `most` entries are looked at in one call). PRAC_DAMAGED names file and offset. */
PRAC_NODISCARD prac_rc bus_cursor_next(struct bus_cursor *c, struct bus_log *l,
                                       const struct bus_filter *f, struct bus_entry *ret,
                                       struct prac_err *reterr);
/* Behind the damaged segment; returns how many messages are lost to this reader. */
uint64_t bus_cursor_skip(struct bus_cursor *c, const struct bus_log *l);
