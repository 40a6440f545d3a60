/* honeypot/lists.h — whom a sensor never answers, from its settings and its own interfaces. */
#pragma once
#include "honeypot/sensor.h"

/* PRAC_IO: a file that is named cannot be read. PRAC_MALFORMED: a line of it. Owner: caller. */
PRAC_NODISCARD prac_rc hp_lists_new(const struct hp_conf *c, const struct hp_services *s,
                                    const struct lookup *look, struct hp_lists **ret,
                                    struct prac_err *reterr);
void hp_lists_free(struct hp_lists **lp);
