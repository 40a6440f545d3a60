/* Packing answers that are made on the spot; the page's files come packed already. Level 1: the
 * numbers of a page shrink to a fifth, and more effort would buy little. */
#include <stdlib.h>
#include <zlib.h>

#include "sys/http_impl.h"

enum { GZIP_WINDOW = 15 + 16, GZIP_LEVEL = 1, GZIP_MEMORY = 8 };

bool http_gzip(const void *data, size_t n, void **ret, size_t *ret_n)
{
  z_stream z = {.zalloc = Z_NULL};
  union {
    const void *in;
    Bytef *out;
  } from = {data};
  if (n > UINT32_MAX / 2 || deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
                                         Z_DEFAULT_STRATEGY) != Z_OK)
    return false;
  size_t cap = deflateBound(&z, (uLong)n);
  Bytef *to = malloc(cap);
  z.next_in = from.out;
  z.avail_in = (uInt)n;
  z.next_out = to;
  z.avail_out = (uInt)cap;
  bool ok = to && deflate(&z, Z_FINISH) == Z_STREAM_END;
  *ret_n = cap - z.avail_out;
  (void)deflateEnd(&z);
  if (ok && *ret_n < n)
    *ret = to;
  else
    free(to);
  return ok && *ret_n < n;
}
