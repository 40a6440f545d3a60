/* base/rc.h — result codes. One table gives the code, its name and its sentence. */
#pragma once
#define PRAC_RC_MAP(X)                                                                             \
  X(OK, 0, "ok")                                                                                   \
  X(TRUNCATED, -1, "input ends before the message does")                                           \
  X(MALFORMED, -2, "input breaks the format's rules")                                              \
  X(NOSPACE, -3, "output buffer is full")                                                          \
  X(NOMEM, -4, "out of memory")                                                                    \
  X(RANGE, -5, "value outside the allowed range")                                                  \
  X(UNKNOWN, -6, "no such name")                                                                   \
  X(EXISTS, -7, "already there")                                                                   \
  X(IO, -8, "the operating system refused")                                                        \
  X(FULL, -9, "no room left on the device or in the table")                                        \
  X(AGAIN, -10, "nothing there yet, try again")                                                    \
  X(END, -11, "no more input")                                                                     \
  X(UNSUPPORTED, -12, "understood, but not supported")                                             \
  X(DAMAGED, -13, "stored data fails its own check")                                               \
  X(DENIED, -14, "not allowed")                                                                    \
  X(STOPPED, -15, "asked to stop")

typedef enum prac_rc {
#define X(name, num, text) PRAC_##name = (num),
  PRAC_RC_MAP(X)
#undef X
} prac_rc;

/* The sentence for rc; never NULL, static storage. */
const char *prac_rc_text(prac_rc rc);

/* The one macro with control flow in it: hand an error up. */
#define PRAC_TRY(expr)                                                                             \
  do {                                                                                             \
    prac_rc prac_try_rc_ = (expr);                                                                 \
    if (prac_try_rc_ != PRAC_OK) return prac_try_rc_;                                              \
  } while (0)
