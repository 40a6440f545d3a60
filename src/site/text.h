/* site/text.h — texts with places to fill in: "listen: @addr@" and {"addr", "127.0.0.1:4222"}.
 *
 * for       the files that `practice site` and `practice hub` write
 * names     lower-case letters and '-' between two '@'; a place that has no value is a mistake of
 *           the programmer. Values go in as they are: who calls has made sure that they hold
 * nothing that means something in the file (site/name.h). errors    sticky: `bad` after the first
 * failed allocation or past SITE_TEXT_MAX
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

enum { SITE_TEXT_MAX = 1 << 20 };
struct site_text {
  char *buf; /* NUL-terminated when n > 0; owned, see site_text_done */
  size_t n, cap;
  bool bad;
};
struct site_var {
  const char *name, *value;
};
void site_text_add(struct site_text *t, const char *fmt, ...) PRAC_PRINTF(2, 3);
/* vars: ended by a row without a name. */
void site_text_fill(struct site_text *t, const char *form, const struct site_var *vars);
void site_text_done(struct site_text *t);
