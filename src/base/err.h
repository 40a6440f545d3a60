/* base/err.h — why something failed, in words an operator can act on.
 *
 * Filled by the function that first knows the reason; callers may prefix (prac_err_prefix), never
 * replace. Holds no heap memory. Passing NULL is allowed everywhere: "I only want the code".
 */
#pragma once
#include "base/attr.h"
#include "base/rc.h"

struct prac_err {
  prac_rc rc;
  const char *where; /* "file:line", static */
  char text[480];    /* NUL-terminated, no newline */
};

/* Writes *err (when not NULL) and returns rc. */
prac_rc prac_err_set(struct prac_err *err, prac_rc rc, const char *where, const char *fmt, ...)
    PRAC_PRINTF(4, 5);
/* "prefix: text"; keeps rc and where; returns err->rc, or rc when err is NULL. */
prac_rc prac_err_prefix(struct prac_err *err, prac_rc rc, const char *fmt, ...) PRAC_PRINTF(3, 4);

#define PRAC_STR2(x) #x
#define PRAC_STR(x) PRAC_STR2(x)
/* return PRAC_FAIL(err, PRAC_MALFORMED, "window must be at least %d s", MIN); */
#define PRAC_FAIL(err, rc, ...)                                                                    \
  (prac_err_set((err), (rc), __FILE__ ":" PRAC_STR(__LINE__), __VA_ARGS__),                        \
   (rc)) /* the code stands here once more so that the compiler sees that it is not PRAC_OK */

/* The programmer is wrong: always on; the role dies and its parent starts it again. */
PRAC_NORETURN void prac_insist_failed(const char *what, const char *where);
#define PRAC_INSIST(cond)                                                                          \
  do {                                                                                             \
    if (!(cond)) prac_insist_failed(#cond, __FILE__ ":" PRAC_STR(__LINE__));                       \
  } while (0)
