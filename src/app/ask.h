/* app/ask.h — lines that people type: secrets are not shown.
 *
 * terminal  asked on standard error, the echo is off for a secret and comes back whatever happens
 * else      a line of standard input, so that scripts can give it
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Without the end of line. PRAC_END: there is none; PRAC_RANGE: longer than cap - 1. */
PRAC_NODISCARD prac_rc ask_line(const char *prompt, bool secret, char *to, size_t cap,
                                struct prac_err *reterr);
/* A new password: asked twice on a terminal. "": none was given. */
PRAC_NODISCARD prac_rc ask_password(const char *prompt, char *to, size_t cap,
                                    struct prac_err *reterr);
