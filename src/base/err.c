#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void no_newline(char *s)
{
  for (; *s; s++)
    if (*s == '\n' || *s == '\r') *s = ' ';
}

prac_rc prac_err_set(struct prac_err *err, prac_rc rc, const char *where, const char *fmt, ...)
{
  if (!err) return rc;
  err->rc = rc;
  err->where = where;
  va_list ap;
  va_start(ap, fmt);
  (void)vsnprintf(err->text, sizeof err->text, fmt, ap);
  va_end(ap);
  no_newline(err->text);
  return rc;
}

prac_rc prac_err_prefix(struct prac_err *err, prac_rc rc, const char *fmt, ...)
{
  if (!err) return rc;
  char old[sizeof err->text];
  memcpy(old, err->text, sizeof old);
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(err->text, sizeof err->text, fmt, ap);
  va_end(ap);
  if (n >= 0 && (size_t)n < sizeof err->text)
    (void)snprintf(err->text + n, sizeof err->text - (size_t)n, ": %.*s",
                   (int)(sizeof err->text - (size_t)n), old);
  no_newline(err->text);
  return err->rc;
}

/* No stdio here: the heap or a lock may be what is broken. */
void prac_insist_failed(const char *what, const char *where)
{
  static const char head[] = "practice: broken promise: ";
  (void)!write(2, head, sizeof head - 1);
  (void)!write(2, what, strlen(what));
  (void)!write(2, " at ", 4);
  (void)!write(2, where, strlen(where));
  (void)!write(2, "\n", 1);
  __builtin_trap();
}
