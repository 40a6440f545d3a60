/* Views that somebody wants to find again: a name and a place of the page. */
#include "access/saved.h"

#include <string.h>

#include "access/impl.h"
#include "base/text.h"

static prac_rc name_ok(const char *name, struct prac_err *reterr)
{
  size_t n = strlen(name), chars = 0;
  if (!prac_text_plain(name))
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "name: it holds characters that do not show");
  for (size_t i = 0; i < n; i += prac_utf8_len(name + i, n - i)) chars++;
  if (strspn(name, " ") == n || chars > ACCESS_SAVED_NAME)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "name: 1 to %d characters", ACCESS_SAVED_NAME);
  return PRAC_OK;
}

/* It is followed as a link: never to another host. */
static prac_rc place_ok(const char *place, struct prac_err *reterr)
{
  size_t n = strlen(place);
  bool within = place[0] == '/' && place[1] != '/' && place[1] != '\\';
  for (size_t i = 0; i < n; i++)
    within = within && (unsigned char)place[i] > ' ' && (unsigned char)place[i] < 0x7f;
  if (!within || n > ACCESS_PLACE)
    return PRAC_FAIL(reterr, PRAC_MALFORMED,
                     "place: /VIEW?QUERY of at most %d printable characters", ACCESS_PLACE);
  return PRAC_OK;
}

static prac_rc room(struct access *a, const char *user, const char *name, struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_SAVED_OTHERS);
  access_bind_text(s, 1, user);
  access_bind_text(s, 2, name);
  PRAC_TRY(access_sql_row(a, s, reterr));
  bool full = sqlite3_column_int64(s, 0) >= ACCESS_SAVED;
  (void)sqlite3_reset(s);
  if (full)
    return PRAC_FAIL(reterr, PRAC_RANGE, "at most %d saved views: remove one first", ACCESS_SAVED);
  return PRAC_OK;
}

static prac_rc put(struct access *a, const struct access_who *who, const char *name,
                   const char *place, struct prac_err *reterr)
{
  struct access_line l = {who->user, who->org, "view saved", name, place, NULL};
  PRAC_TRY(room(a, who->user, name, reterr));
  sqlite3_stmt *s = access_sql(a, SQL_SAVED_PUT);
  access_bind_text(s, 1, who->user);
  access_bind_text(s, 2, name);
  access_bind_text(s, 3, place);
  (void)sqlite3_bind_int64(s, 4, prac_now(&a->wall));
  PRAC_TRY(access_sql_run(a, s, reterr));
  return access_line_add(a, &l, reterr);
}

prac_rc access_saved_put(struct access *a, const struct access_who *who, const char *name,
                         const char *place, struct prac_err *reterr)
{
  PRAC_TRY(name_ok(name, reterr));
  PRAC_TRY(place_ok(place, reterr));
  PRAC_TRY(access_begin(a, reterr));
  return access_end(a, put(a, who, name, place, reterr), reterr);
}

prac_rc access_saved_end(struct access *a, const struct access_who *who, const char *name,
                         struct prac_err *reterr)
{
  struct access_line l = {who->user, who->org, "view removed", name, NULL, NULL};
  sqlite3_stmt *s = access_sql(a, SQL_SAVED_END);
  access_bind_text(s, 1, who->user);
  access_bind_text(s, 2, name);
  return access_change(a, s, "saved view of yours", &l, reterr);
}

static void put_saved(sqlite3_stmt *s, struct prac_json *j)
{
  prac_json_key_str(j, "name", access_col_text(s, 0));
  prac_json_key_str(j, "place", access_col_text(s, 1));
  prac_json_key_time(j, "made", access_col_time(s, 2));
}

prac_rc access_saved_json(struct access *a, const char *user, struct prac_json *j)
{
  sqlite3_stmt *s = access_sql(a, SQL_SAVED);
  access_bind_text(s, 1, user);
  return access_sql_json(a, s, put_saved, j);
}
