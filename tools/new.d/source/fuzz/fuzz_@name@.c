/* Any bytes as a file of this source: it ends, and what it yields can be counted. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const struct cap_source *src = cap_source_find("@name@");
  struct cap_seen seen[16];
  struct cap_stats stats;
  void *st = calloc(1, src->state_size);
  int fd = memfd_create("fuzz", MFD_CLOEXEC);
  uint64_t got = 0;
  prac_rc rc = PRAC_NOMEM;
  if (st && fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0) {
    const struct cap_open o = {.what = "fuzz", .fd = fd};
    rc = src->open(st, &o, NULL);
  }
  while (rc == PRAC_OK) {
    size_t n = 0;
    rc = src->next(st, NULL, seen, PRAC_ARRAY_LEN(seen), 0, &n, NULL);
    got += n;
  }
  if (st) {
    src->stats(st, &stats);
    src->close(st);
    if (stats.received != got) abort();
  }
  if (fd >= 0) close(fd);
  free(st);
  return 0;
}
