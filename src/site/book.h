/* site/book.h — what a hub remembers of itself: hub.yaml. */
#pragma once
#include "site/site.h"

void site_hub_write(struct site_text *t, const struct site_hub *h);
/* dir is not in the file: it is where the file lies. */
PRAC_NODISCARD prac_rc site_hub_parse(const char *text, size_t n, const char *dir,
                                      struct site_hub *ret, struct prac_err *reterr);
