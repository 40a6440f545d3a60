/* The store's rows by the names of their columns, and memory that grows in an arena. */
#include <string.h>

#include "view/view_int.h"

#define FIELDS(X)                                                                                  \
  X(TIME, t, at)                                                                                   \
  X(TIME, t, first)                                                                                \
  X(TIME, t, last)                                                                                 \
  X(TEXT, s, sensor)                                                                               \
  X(TEXT, s, port)                                                                                 \
  X(TEXT, s, country)                                                                              \
  X(TEXT, s, tool)                                                                                 \
  X(TEXT, s, survey) X(TEXT, s, marks) X(TEXT, s, json) X(TEXT, s, what) X(TEXT, s, site_country)  \
      X(IP, ip, src) X(IP, ip, dst) X(TIME, t, from) X(TIME, t, to) X(U64, u, asn)                 \
          X(U64, u, packets) X(U64, u, flows) X(U64, u, bytes) X(U64, u, sources)

struct view_row view_row_of(const struct store_col *cols, size_t n, const struct store_value *v)
{
  static const struct {
    const char *name;
    enum store_type type;
    size_t offset, size;
  } fields[] = {
#define X(type, member, name)                                                                      \
  {#name, STORE_##type, offsetof(struct view_row, name), sizeof(((struct view_row *)0)->name)},
      FIELDS(X)
#undef X
  };
  struct view_row r = {.at = PRAC_TIME_NONE, .sensor = "", .port = "", .country = "", .tool = ""};
  r.survey = r.marks = r.json = r.what = r.site_country = "";
  r.first = r.last = r.from = r.to = PRAC_TIME_NONE;
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < PRAC_ARRAY_LEN(fields); k++)
      if (fields[k].type == cols[i].type && strcmp(fields[k].name, cols[i].name) == 0) {
        memcpy((char *)&r + fields[k].offset, &v[i], fields[k].size);
        break;
      }
  return r;
}

prac_rc view_room(struct prac_arena *a, void **v, size_t n, size_t *cap, size_t size)
{
  if (n < *cap) return PRAC_OK;
  size_t more = *cap ? *cap * 2 : 64;
  void *p = prac_arena_alloc(a, more * size);
  if (!p) return PRAC_NOMEM;
  if (n) memcpy(p, *v, n * size);
  *v = p;
  *cap = more;
  return PRAC_OK;
}
