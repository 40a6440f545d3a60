/* notify/form.h — forms that several ways share: one JSON object an item, a file that only grows.
 *
 * json      {"id", "thread", "tenant", "state", "at", "detected", and one of "episode", "alert"
 *           (the records as on the bus) or "digest"}: keys may be added, never change
 * append    put returns when the bytes are on disk. A put that failed leaves the file as it was; a
 *           line that a crash cut off is taken away at the next open. Beyond max_bytes the file is
 *           renamed to NAME.1, NAME.1 to NAME.2 ..., `keep` of them
 */
#pragma once
#include "notify/way.h"

void note_form_json(const struct note_item *it, struct prac_json *j);

struct note_append {
  int fd;
  int64_t size, max_bytes;
  int keep;
  char path[700];
};
PRAC_NODISCARD prac_rc note_append_open(struct note_append *a, const char *dir, const char *name,
                                        struct prac_err *reterr);
PRAC_NODISCARD prac_rc note_append_put(struct note_append *a, const void *data, size_t n,
                                       struct prac_err *reterr);
void note_append_close(struct note_append *a); /* accepts a zeroed one */
/* Whether `name` may name a file in the way's own directory: no "/", no leading dot. */
bool note_file_name_ok(const char *name);
