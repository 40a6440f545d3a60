/* store/clickhouse/http.h — statements over ClickHouse's HTTP interface, by libcurl.
 *
 * nodes    several addresses: the one that answered last is asked first; where nothing was sent or
 *          nothing is changed by sending twice, the next one is tried, with growing pauses
 * answers  wait_end_of_query: the server sends nothing before it knows that all is well, so an
 *          exception is an HTTP status, never the tail of an answer
 * fails    PRAC_IO: a node away, overloaded or without ZooKeeper: may pass. PRAC_DENIED, _FULL,
 *          _NOMEM, _UNKNOWN (table, database); PRAC_UNSUPPORTED: any other exception. The text is
 *          ClickHouse's own, cut at 300 bytes, without control characters
 * limits   one row of an answer: 64 MiB; a password file: 1 KiB
 */
#pragma once
#include <curl/curl.h>
#include <stdbool.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"

/* Bytes that grow: SQL, bodies, answers. Sticky `bad` when memory ends. */
struct ch_buf {
  uint8_t *v;
  size_t n, cap;
  bool bad;
};
uint8_t *ch_buf_room(struct ch_buf *b, size_t more); /* NULL and bad: no memory */
void ch_buf_done(struct ch_buf *b);
void ch_say(struct ch_buf *b, const char *fmt, ...) PRAC_PRINTF(2, 3);
void ch_put(struct ch_buf *b, const void *v, size_t n);
void ch_put_varint(struct ch_buf *b, uint64_t v);                         /* a length */
void ch_put_text(struct ch_buf *b, const char *s);                        /* RowBinary's String */
static inline void ch_put_u64(struct ch_buf *b, uint64_t v, size_t bytes) /* little-endian */
{
  uint8_t *p = ch_buf_room(b, bytes);
  for (size_t i = 0; p && i < bytes; i++) p[i] = (uint8_t)(v >> 8 * i);
  if (p) b->n += bytes;
}

enum { CH_URLS_MAX = 16, CH_URL = 256, CH_EXCEPTION = 4096 };
struct ch_http_conf {
  const char *const *urls;
  size_t n_urls;
  const char *database, *user, *password_file;
  const char *ca_file, *cert_file, *key_file;
  int64_t connect_ns, timeout_ns, retry_ns; /* retry: as long as this in all */
  const struct prac_log *log;               /* borrowed; hears that it is tried again */
};
struct ch_http {
  CURL *h;
  struct curl_slist *headers, *resolved;
  char url[CH_URLS_MAX][CH_URL];
  size_t n_urls, at;
  char database[64];
  int64_t retry_ns;
  const struct prac_log *log;
  char error[CURL_ERROR_SIZE];
};
PRAC_NODISCARD prac_rc ch_http_open(struct ch_http *h, const struct ch_http_conf *conf,
                                    struct prac_err *reterr);
void ch_http_close(struct ch_http *h);

/* One row of an answer. r->bad afterwards: not all of it is there yet, it is asked again with more;
 * nothing may have been done with it. Anything but PRAC_OK stops; PRAC_END: enough, all is well. */
typedef prac_rc ch_row(void *arg, struct prac_rd *r);
/* An answer as it arrives, in pieces of any size: rows are handed out when they are whole. Nothing
 * more is handed out when rc is not PRAC_OK. Begins as {.each, .arg}; buf is freed by ch_buf_done.
 */
struct ch_feed {
  ch_row *each;
  void *arg;
  struct ch_buf buf; /* what is not yet a whole row */
  prac_rc rc;
  bool begun; /* a row was handed out */
};
void ch_feed_take(struct ch_feed *f, const void *data, size_t n);
/* A question; sql is emptied. */
PRAC_NODISCARD prac_rc ch_ask(struct ch_http *h, struct ch_buf *sql, ch_row *each, void *arg,
                              struct prac_err *reterr);
/* A statement that changes something, at node `node` only or (SIZE_MAX) at the first that answers.
 * `settings`: "&name=value", or "". Sent once: PRAC_IO leaves open whether it was carried out. */
PRAC_NODISCARD prac_rc ch_do(struct ch_http *h, size_t node, const char *sql, const char *settings,
                             const struct ch_buf *body, struct prac_err *reterr);
/* RowBinary's String: what it holds, in place; NULL and bad: not all there, or longer than max. */
const char *ch_rd_text(struct prac_rd *r, size_t max, size_t *ret_n);
/* The same as a C string, cut to cap - 1 bytes. */
void ch_rd_cstr(struct prac_rd *r, char *to, size_t cap);
