/* Any bytes as a segment: our own reader of its columns, the groups made of them, and the rows
 * found and read by it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/embedded/flows.h"

enum { ROWS = 4096 };
struct heard {
  uint32_t row[ROWS];
  size_t n;
};

static struct emb_times any_time(void *to)
{
  (void)to;
  return (struct emb_times){INT64_MIN, INT64_MAX};
}

static prac_rc hear(void *to, int64_t at_ms, uint32_t row)
{
  struct heard *h = to;
  (void)at_ms;
  if (h->n == ROWS) return PRAC_FULL;
  h->row[h->n++] = row;
  return PRAC_OK;
}

static void rows(const char *path, size_t which)
{
  static struct heard h;
  static struct store_flow out[ROWS];
  const struct store_query all = {.span = {PRAC_TIME_NONE, PRAC_TIME_NONE}};
  struct store_query q = all;
  if (which & 1) q.sensor = "tokyo";
  if (which & 2) q.asn = 7;
  struct emb_reader *r = calloc(1, sizeof *r);
  if (!r) abort();
  r->file.fd = -1;
  struct emb_find find;
  emb_find_init(&find, &q, EMB_WANT_ALL);
  const struct emb_ask a = {&find, any_time, hear, &h};
  prac_rc rc = emb_reader_open(r, path);
  for (size_t g = 0; rc == PRAC_OK && g < r->file.n_groups; g++) {
    h.n = 0;
    rc = emb_find_rows(r, g, &a);
    if (rc == PRAC_OK) rc = emb_take_rows(r, g, find.want, h.row, h.n, out);
  }
  emb_reader_done(r);
  free(r);
}

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
  rows(path, size);
  close(fd);
  return 0;
}
