#include "capture/csv/columns.h"

#include <string.h>

#include "base/attr.h"

/* The shipped maps, one line each; NULL: this map has no such column. Order as CSV_COLUMNS. */
#define MAPS(X)                                                                                    \
  X(generic, "time", "sensor", "src", "dst", "proto", "sport", "dport", "icmp_type", "icmp_code",  \
    "country", "packets")                                                                          \
  X(marx, "datetime", "sensor", "src_ip", NULL, "proto", "sport", "dport", "icmp_type", NULL,      \
    "cc", NULL)

static const struct {
  const char *name, *column[CSV_COLUMN_COUNT_];
} maps[] = {
#define X(name, ...) {#name, {__VA_ARGS__}},
    MAPS(X)
#undef X
};
static const char *const map_words[] = {"auto",
#define X(name, ...) #name,
                                        MAPS(X)
#undef X
                                            NULL};

static const struct prac_conf_item items[] = {
    {"map", PRAC_CONF_ENUM, offsetof(struct csv_conf, map), .dflt = 0, .words = map_words,
     .help = "names of the columns; auto: the map that fits the file's first line"},
    {"delimiter", PRAC_CONF_STRING, offsetof(struct csv_conf, delimiter), .sdflt = "",
     .help = "one character, or tab; empty: the one that the first line has most of"},
#define X(field, key, text)                                                                        \
  {key, PRAC_CONF_STRING, offsetof(struct csv_conf, column[CSV_##field]), .sdflt = "",             \
   .help = "column: " text},
    CSV_COLUMNS(X)
#undef X
};
const struct prac_conf_section csv_conf_section = {
    "capture.csv",
    "How to read observations from CSV files: which column holds what.",
    items,
    PRAC_ARRAY_LEN(items),
    sizeof(struct csv_conf),
    false};

/* Takes the quotes off a field that begins with one; gives where the field ends in the line. */
static char *unquote(char *p, const char *end, struct csv_field *f)
{
  char *to = p++;
  f->p = to;
  while (p < end) {
    if (*p == '"' && p + 1 < end && p[1] == '"')
      p++;
    else if (*p == '"')
      break;
    *to++ = *p++;
  }
  f->n = (size_t)(to - f->p);
  return p;
}

size_t csv_split(char *line, size_t n, char delimiter, struct csv_field *ret, size_t max)
{
  char *end = line + n, *p = line;
  for (size_t i = 0; i < max; i++) {
    bool quoted = p < end && *p == '"';
    char *from = quoted ? unquote(p, end, &ret[i]) : p;
    char *stop = memchr(from, delimiter, (size_t)(end - from));
    if (!stop) stop = end;
    if (!quoted) ret[i] = (struct csv_field){p, (size_t)(stop - p)};
    if (stop == end) return i + 1;
    p = stop + 1;
  }
  return max;
}

static char most_of(const char *line, size_t n)
{
  static const char choices[] = ",;\t|";
  char best = ',';
  size_t most = 0;
  for (const char *c = choices; *c; c++) {
    size_t k = 0;
    for (size_t i = 0; i < n; i++) k += line[i] == *c;
    if (k > most) most = k, best = *c;
  }
  return best;
}

static int find(const struct csv_field *f, size_t n, const char *name)
{
  size_t len = name ? strlen(name) : 0;
  for (size_t i = 0; len > 0 && i < n; i++)
    if (f[i].n == len && strncasecmp(f[i].p, name, len) == 0) return (int)i;
  return -1;
}

static bool fits(const struct csv_field *f, size_t n, size_t map, const struct csv_conf *conf,
                 struct csv_layout *ret)
{
  ret->needed = 0;
  for (int c = 0; c < CSV_COLUMN_COUNT_; c++) {
    bool own = conf && conf->column[c] && conf->column[c][0];
    ret->at[c] = find(f, n, own ? conf->column[c] : maps[map].column[c]);
    if (own && ret->at[c] < 0) return false;
    if (ret->at[c] >= ret->needed) ret->needed = ret->at[c] + 1;
  }
  return ret->at[CSV_time] >= 0 && ret->at[CSV_src] >= 0 && ret->at[CSV_proto] >= 0;
}

prac_rc csv_layout_of(char *header, size_t n, const struct csv_conf *conf, struct csv_layout *ret,
                      struct prac_err *reterr)
{
  struct csv_field f[CSV_FIELDS_MAX];
  const char *d = conf && conf->delimiter ? conf->delimiter : "";
  if (n >= 3 && memcmp(header, "\xef\xbb\xbf", 3) == 0) header += 3, n -= 3; /* UTF-8's mark */
  if (strcmp(d, "tab") == 0)
    ret->delimiter = '\t';
  else if (d[0])
    ret->delimiter = d[0];
  else
    ret->delimiter = most_of(header, n);
  size_t n_fields = csv_split(header, n, ret->delimiter, f, CSV_FIELDS_MAX);
  size_t only = conf && conf->map > 0 ? (size_t)conf->map - 1 : PRAC_ARRAY_LEN(maps);
  for (size_t m = 0; m < PRAC_ARRAY_LEN(maps); m++)
    if ((only == PRAC_ARRAY_LEN(maps) || only == m) && fits(f, n_fields, m, conf, ret))
      return PRAC_OK;
  return PRAC_FAIL(reterr, PRAC_MALFORMED,
                   "the first line does not name the columns of any map (time, src and proto at "
                   "least; see the section capture.csv)");
}
