/* app/hub_list.h — `practice hub list`: a line a site, for people or as JSON. */
#pragma once
#include "app/hub_link.h"

void hub_list_head(void);
/* st: NULL when the hub's server could not be asked. */
PRAC_NODISCARD prac_rc hub_list_row(const struct site_row *r, const struct hub_site_state *st,
                                    prac_time now, bool json, struct prac_err *reterr);
