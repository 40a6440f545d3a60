/* app/progress.h — one line that says how far long work has come, when a person is watching.
 *
 *   struct progress p = progress_of("reading", "packets");
 *   while (...) progress_at(&p, bytes_done, bytes_total, packets);
 *   progress_end(&p);
 *
 * Writes to standard error and only when that is a terminal; at most ten times a second, so it may
 * be called for every batch. A log line in between would break into it: call progress_clear first.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct progress {
  const char *what, *unit;
  int64_t start_ns, next_ns;
  bool on, shown;
};
struct progress progress_of(const char *what, const char *unit);
/* done of total (total 0: unknown) in whatever measures the way; count in `unit`. */
void progress_at(struct progress *p, uint64_t done, uint64_t total, uint64_t count);
void progress_clear(struct progress *p); /* wipes the line, for other words on the terminal */
void progress_end(struct progress *p);   /* the same, and for good */
