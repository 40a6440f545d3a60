/* Observations that somebody else decoded, one a line. The first line names the columns. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "capture/csv/row.h"
#include "capture/input.h"

enum { LINE_MAX_BYTES = 1 << 16, SENSORS_MAX = 1024, SENSOR_SLOTS = 4096, NAME_MAX_BYTES = 31 };

struct name {
  char text[NAME_MAX_BYTES + 1];
};
struct state {
  struct cap_input in;
  struct csv_layout layout;
  struct name *names;           /* owned, SENSORS_MAX */
  uint16_t slots[SENSOR_SLOTS]; /* 1 + index into names; open addressing */
  uint32_t n_names;
  uint64_t rows;
  struct cap_reason refused[CSV_REASON_COUNT_];
};

static int claims(const char *what, const uint8_t *head, size_t n)
{
  (void)what;
  char text[1024];
  size_t got = cap_input_peek(head, n, (uint8_t *)text, sizeof text);
  char *end = memchr(text, '\n', got);
  if (end) got = (size_t)(end - text);
  while (got > 0 && text[got - 1] == '\r') got--;
  struct csv_layout l;
  for (size_t i = 0; i < got; i++)
    if ((unsigned char)text[i] < ' ' && text[i] != '\t') return 0;
  if (got > 0 && csv_layout_of(text, got, NULL, &l, NULL) == PRAC_OK) return 8;
  size_t len = strlen(what);
  bool named = (len > 4 && strcmp(what + len - 4, ".csv") == 0) ||
               (len > 7 && strcmp(what + len - 7, ".csv.gz") == 0);
  return named && got > 0 ? 2 : 0;
}

/* As much of the next line as fits in LINE_MAX_BYTES, its end included if *ret_whole; 0 bytes: no
 * more. */
static prac_rc piece(struct state *s, size_t *ret_n, bool *ret_whole, struct prac_err *reterr)
{
  for (;;) {
    size_t have = s->in.end - s->in.at;
    if (have > LINE_MAX_BYTES) have = LINE_MAX_BYTES;
    const uint8_t *p = s->in.buf + s->in.at, *end = have ? memchr(p, '\n', have) : NULL;
    *ret_whole = end != NULL;
    *ret_n = end ? (size_t)(end - p) + 1 : have;
    if (end || have == LINE_MAX_BYTES || s->in.eof) return PRAC_OK;
    PRAC_TRY(cap_input_fill(&s->in, LINE_MAX_BYTES, reterr));
  }
}

/* The next line without its end; *ret NULL: no more. A line too long is skipped and counted. */
static prac_rc line(struct state *s, char **ret, size_t *ret_n, struct prac_err *reterr)
{
  bool whole = false, skipped = false;
  for (;;) {
    PRAC_TRY(piece(s, ret_n, &whole, reterr));
    *ret = *ret_n ? (char *)s->in.buf + s->in.at : NULL;
    s->in.at += *ret_n;
    if (!skipped && (whole || *ret_n < LINE_MAX_BYTES)) break;
    if (!skipped) s->refused[CSV_NO_LONG].n++;
    skipped = !whole && *ret_n > 0; /* until its end has been stepped over */
  }
  while (*ret_n > 0 && ((*ret)[*ret_n - 1] == '\n' || (*ret)[*ret_n - 1] == '\r')) --*ret_n;
  return PRAC_OK;
}

static prac_rc open_csv(void *st, const struct cap_open *o, struct prac_err *reterr)
{
  static const char *const why[] = {
#define X(name, text) text,
      CSV_REASONS(X)
#undef X
  };
  struct state *s = st;
  char *header;
  size_t n;
  for (size_t i = 0; i < CSV_REASON_COUNT_; i++) s->refused[i].why = why[i];
  s->names = calloc(SENSORS_MAX, sizeof *s->names);
  if (!s->names) return PRAC_FAIL(reterr, PRAC_NOMEM, "%s: out of memory", o->what);
  PRAC_TRY(cap_input_open(&s->in, o, reterr));
  PRAC_TRY(line(s, &header, &n, reterr));
  if (!header) return PRAC_FAIL(reterr, PRAC_MALFORMED, "%s: the file is empty", o->what);
  prac_rc rc = csv_layout_of(header, n, o->conf, &s->layout, reterr);
  return rc == PRAC_OK ? rc : prac_err_prefix(reterr, rc, "%s", o->what);
}

/* Names of sensors are [a-z0-9-]: capitals become small, anything else a hyphen. */
static bool clean(const struct csv_field *f, struct name *to)
{
  memset(to, 0, sizeof *to);
  if (f->n == 0 || f->n > NAME_MAX_BYTES) return false;
  for (size_t i = 0; i < f->n; i++) {
    char c = f->p[i];
    if (c >= 'A' && c <= 'Z') c = (char)(c + ('a' - 'A'));
    bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    to->text[i] = good ? c : '-';
  }
  return true;
}

static const char *sensor(struct state *s, const struct csv_field *f)
{
  struct name name;
  if (!clean(f, &name)) return NULL;
  size_t at = prac_hash_bytes(0, name.text, sizeof name.text) % SENSOR_SLOTS;
  for (; s->slots[at]; at = (at + 1) % SENSOR_SLOTS) {
    const struct name *have = &s->names[s->slots[at] - 1];
    if (memcmp(have, &name, sizeof name) == 0) return have->text;
  }
  if (s->n_names == SENSORS_MAX) return NULL;
  s->names[s->n_names] = name;
  s->slots[at] = (uint16_t)++s->n_names;
  return s->names[s->n_names - 1].text;
}

static enum csv_reason row(struct state *s, char *p, size_t n, struct cap_seen *ret)
{
  struct csv_field f[CSV_FIELDS_MAX];
  size_t n_fields = csv_split(p, n, s->layout.delimiter, f, CSV_FIELDS_MAX);
  enum csv_reason why = csv_row_read(&s->layout, f, n_fields, ret);
  int at = s->layout.at[CSV_sensor];
  if (why != CSV_GOOD || at < 0) return why;
  ret->sensor = sensor(s, &f[at]);
  return ret->sensor ? CSV_GOOD : CSV_NO_SENSOR;
}

static prac_rc next(void *st, struct cap_frame *frames, struct cap_seen *seen, size_t max,
                    int64_t timeout_ns, size_t *ret_n, struct prac_err *reterr)
{
  struct state *s = st;
  (void)frames;
  (void)timeout_ns;
  *ret_n = 0;
  while (*ret_n < max) {
    char *p = NULL;
    size_t n = 0;
    prac_rc rc = line(s, &p, &n, reterr);
    if (rc != PRAC_OK && *ret_n == 0) return rc;
    if (rc != PRAC_OK || !p) break; /* an error is met again at the next call */
    if (n == 0) continue;
    enum csv_reason why = row(s, p, n, &seen[*ret_n]);
    if (why == CSV_GOOD)
      ++*ret_n;
    else
      s->refused[why].n++;
  }
  s->rows += *ret_n;
  return *ret_n > 0 || max == 0 ? PRAC_OK : PRAC_END;
}

static void stats(void *st, struct cap_stats *ret)
{
  const struct state *s = st;
  *ret = (struct cap_stats){.received = s->rows,
                            .bytes_done = s->in.raw_done,
                            .bytes_total = s->in.raw_total,
                            .reasons = s->refused,
                            .n_reasons = CSV_REASON_COUNT_};
  for (size_t i = 0; i < CSV_REASON_COUNT_; i++) ret->malformed += s->refused[i].n;
}

static void close_csv(void *st)
{
  struct state *s = st;
  cap_input_close(&s->in);
  free(s->names);
  s->names = NULL;
}

const struct cap_source cap_source_csv = {
    .name = "csv",
    .about = "observations from CSV files, also packed with gzip; maps name the columns",
    .form = CAP_SEEN,
    .state_size = sizeof(struct state),
    .conf = &csv_conf_section,
    .claims = claims,
    .open = open_csv,
    .next = next,
    .stats = stats,
    .close = close_csv,
};
