/* base/json.h — writing JSON, straight into a growing buffer. (Reading is jansson's, in model/.)
 *
 * for       answers, alerts, logs: keys in the order written, the same bytes every time
 * commas    are put by the writer; nesting is the caller's promise, at most 16 deep
 * errors    sticky: `bad` after the first failed allocation or past max; test once at the end
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/ip.h"
#include "base/time.h"

struct prac_json {
  char *buf; /* NUL-terminated when len > 0; owned, see prac_json_done */
  size_t len, cap, max;
  uint32_t comma; /* a bit a level: something stands before */
  unsigned depth;
  bool after_key, bad;
};
struct prac_json prac_json_of(size_t max_bytes);         /* 0: no limit */
void prac_json_done(struct prac_json *j);                /* frees buf */
void prac_json_reset(struct prac_json *j);               /* empty again, keeps the memory */
void prac_json_open(struct prac_json *j, char bracket);  /* '{' or '[' */
void prac_json_close(struct prac_json *j, char bracket); /* '}' or ']' */
void prac_json_key(struct prac_json *j, const char *key);
void prac_json_str(struct prac_json *j,
                   const char *s); /* NULL writes null; bad UTF-8 becomes U+FFFD */
void prac_json_strn(struct prac_json *j, const char *s, size_t n);
void prac_json_u64(struct prac_json *j, uint64_t v);
void prac_json_i64(struct prac_json *j, int64_t v);
void prac_json_f64(struct prac_json *j,
                   double v); /* shortest text that reads back; null if not finite */
void prac_json_bool(struct prac_json *j, bool v);
void prac_json_null(struct prac_json *j);
void prac_json_ip(struct prac_json *j, const struct prac_ip *a);
void prac_json_time(struct prac_json *j, prac_time t);               /* text, null for NONE */
void prac_json_raw(struct prac_json *j, const char *json, size_t n); /* one whole value, as it is */
void prac_json_newline(struct prac_json *j); /* between the lines of NDJSON; resets the comma */
/* A key and its value at once. */
void prac_json_key_str(struct prac_json *j, const char *key, const char *s);
void prac_json_key_u64(struct prac_json *j, const char *key, uint64_t v);
void prac_json_key_f64(struct prac_json *j, const char *key, double v);
void prac_json_key_bool(struct prac_json *j, const char *key, bool v);
void prac_json_key_time(struct prac_json *j, const char *key, prac_time t);
