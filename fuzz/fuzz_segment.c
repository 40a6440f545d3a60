/* Any bytes as a segment: our own reader of its columns, and the groups made of them. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/embedded/runs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const enum store_dim by[] = {STORE_BY_PORT, STORE_BY_COUNTRY, STORE_BY_ASN};
  char path[40];
  int fd = memfd_create("segment", MFD_CLOEXEC);
  if (fd < 0 || write(fd, data, size) != (ssize_t)size) abort();
  (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  struct emb_runs *r = emb_runs_new(by[size % PRAC_ARRAY_LEN(by)]);
  struct store_group *g = NULL;
  size_t n = 0;
  if (r && emb_runs_file(r, path) == PRAC_OK && emb_cells_groups(&r->cells, 5, &g, &n) == PRAC_OK)
    free(g);
  emb_runs_free(&r);
  close(fd);
  return 0;
}
