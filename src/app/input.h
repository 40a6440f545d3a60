/* app/input.h — one capture that is being read: the source that claims it, and what was read ahead.
 *
 * Several inputs are merged by time: look at input_head, take from the earliest. An input that
 * cannot be opened names the file and why; one that breaks half-way gives what came before, then
 * ends with `broken` set. A file whose clock was set back goes on from where it was
 * (capture/clock.h), so that heads never go back and the other files' sensors are not left behind;
 * rows that name their own sensor keep their times.
 */
#pragma once
#include "base/conf.h"
#include "capture/clock.h"
#include "capture/core.h"

enum { INPUT_AHEAD = 2048 };
struct input {
  const struct cap_source *source;
  void *st;
  int fd;             /* of the file; owned unless it is standard input */
  char *what;         /* file name as given; owned */
  const char *sensor; /* borrowed; NULL: the rows carry their own (CSV) */
  struct cap_frame *frames;
  struct cap_seen *seen; /* one of the two, by source->form */
  size_t n, at;
  struct cap_clock clock;
  bool ended, broken;
  uint64_t items;      /* given so far */
  struct prac_err why; /* when broken */
};

/* Opens FILE or "-", by the first bytes; source_name NULL: whichever claims it best. */
PRAC_NODISCARD prac_rc input_open(const char *what, const char *sensor, const char *source_name,
                                  const struct prac_conf *conf, const struct prac_log *log,
                                  struct input *ret, struct prac_err *reterr);
void input_close(struct input *in);
/* Time of the next item; INT64_MAX when there is none. Reads ahead when needed. */
prac_time input_head(struct input *in);
/* How many of the items read ahead are not later than `until`; at least 1 when there is a head. */
size_t input_ready(const struct input *in, prac_time until);
/* Gives items that were read past this, by source->next, the times that they would have. */
void input_times(struct input *in, struct cap_frame *frames, struct cap_seen *seen, size_t n);
void input_stats(const struct input *in, struct cap_stats *ret);
enum { INPUT_BACK_TEXT = 160 };
/* How the clock was set back, as a sentence behind the file's name; false: it was not. */
bool input_back_text(const struct input *in, char ret[INPUT_BACK_TEXT]);
