/* Answers on their way: JSON, lists in the form that was asked for, errors. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "portal/impl.h"

void portal_send_error_with(struct sys_http_req *r, int status, const char *code,
                            const char *const extra[2], const char *text)
{
  struct prac_json j = prac_json_of(4096);
  prac_json_open(&j, '{');
  prac_json_key(&j, "error");
  prac_json_open(&j, '{');
  prac_json_key_str(&j, "code", code);
  prac_json_key_str(&j, "text", text);
  prac_json_close(&j, '}');
  prac_json_close(&j, '}');
  prac_json_newline(&j);
  struct sys_http_resp a = {
      .status = status, .type = "application/json", .body = j.buf, .len = j.bad ? 0 : j.len};
  if (extra) memcpy(a.extra, extra, 2 * sizeof *extra);
  sys_http_respond(r, &a);
  prac_json_done(&j);
}

void portal_send_error(struct sys_http_req *r, int status, const char *code, const char *fmt, ...)
{
  static const char *const later[] = {"Retry-After", "2"}, *const how[] = {"WWW-Authenticate",
                                                                           "Bearer"};
  char text[512];
  va_list ap;
  va_start(ap, fmt);
  (void)vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  portal_send_error_with(r, status, code,
                         status == 503 || status == 429 ? later
                         : status == 401                ? how
                                                        : NULL,
                         text);
}

/* private: who may see it depends on the cookie. no-cache, not no-store: the entity tag then saves
 * the body when nothing has changed. */
void portal_send_as(struct sys_http_req *r, struct prac_json *j, const char *type)
{
  if (j->bad)
    portal_send_error(r, 500, "too_large", "the answer does not fit into memory");
  else
    sys_http_respond(r, &(struct sys_http_resp){.status = 200,
                                                .type = type,
                                                .body = j->buf,
                                                .len = j->len,
                                                .pack = true,
                                                .cache = "private, no-cache"});
  prac_json_done(j);
}

void portal_send_json(struct sys_http_req *r, struct prac_json *j)
{
  portal_send_as(r, j, "application/json");
}

void portal_send_rows(struct sys_http_req *r, struct rows *rows)
{
  rows_end(rows);
  struct sys_http_resp a = {.status = 200,
                            .type = rows_type(rows->format),
                            .body = rows->j.buf,
                            .len = rows->j.len,
                            .pack = true,
                            .cache = "private, no-cache"};
  size_t k = 0;
  if (rows->truncated) {
    a.extra[k++] = "X-Truncated";
    a.extra[k++] = "1";
  }
  if (rows->truncated && rows->next[0]) {
    a.extra[k++] = "X-Next";
    a.extra[k++] = rows->next;
  }
  if (rows->format == ROWS_CSV) {
    a.extra[k++] = "Content-Disposition";
    a.extra[k++] = "attachment; filename=\"practice.csv\"";
  }
  if (rows->j.bad)
    portal_send_error(r, 500, "too_large", "the answer does not fit into memory: ask for less");
  else
    sys_http_respond(r, &a);
  rows_done(rows);
}
