/* Bytes that grow, and RowBinary's texts. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/clickhouse/http.h"

uint8_t *ch_buf_room(struct ch_buf *b, size_t more)
{
  if (b->bad) return NULL;
  if (b->cap - b->n < more) {
    size_t cap = b->cap ? b->cap : 4096;
    while (cap - b->n < more && cap <= SIZE_MAX / 2) cap *= 2;
    uint8_t *v = cap - b->n < more ? NULL : realloc(b->v, cap);
    if (!v) {
      b->bad = true;
      return NULL;
    }
    b->v = v;
    b->cap = cap;
  }
  return b->v + b->n;
}

void ch_buf_done(struct ch_buf *b)
{
  free(b->v);
  *b = (struct ch_buf){0};
}

void ch_put(struct ch_buf *b, const void *v, size_t n)
{
  uint8_t *p = ch_buf_room(b, n);
  if (!p || n == 0) return;
  memcpy(p, v, n);
  b->n += n;
}

void ch_say(struct ch_buf *b, const char *fmt, ...)
{
  va_list args;
  va_start(args, fmt);
  int n = vsnprintf(NULL, 0, fmt, args);
  va_end(args);
  char *p = n < 0 ? NULL : (char *)ch_buf_room(b, (size_t)n + 1);
  if (!p) {
    b->bad = true;
    return;
  }
  va_start(args, fmt);
  (void)vsnprintf(p, (size_t)n + 1, fmt, args);
  va_end(args);
  b->n += (size_t)n;
}

void ch_put_varint(struct ch_buf *b, uint64_t v)
{
  uint8_t head[10];
  struct prac_wr w = prac_wr_of(head, sizeof head);
  prac_wr_varint(&w, v);
  ch_put(b, head, prac_wr_len(&w));
}

void ch_put_text(struct ch_buf *b, const char *s)
{
  size_t n = s ? strlen(s) : 0;
  ch_put_varint(b, n);
  ch_put(b, s, n);
}

const char *ch_rd_text(struct prac_rd *r, size_t max, size_t *ret_n)
{
  uint64_t n = prac_rd_varint(r);
  *ret_n = 0;
  if (n > max) r->bad = true;
  if (r->bad) return NULL;
  *ret_n = (size_t)n;
  return (const char *)prac_rd_bytes(r, (size_t)n);
}

void ch_rd_cstr(struct prac_rd *r, char *to, size_t cap)
{
  size_t n;
  const char *s = ch_rd_text(r, SIZE_MAX, &n);
  if (n >= cap) n = cap - 1;
  if (s && n) memcpy(to, s, n);
  to[s ? n : 0] = 0;
}
