/* capture/origin.h — what is known about a sender's address, asked once for many rows.
 *
 * A small direct-mapped memory in front of lookup_ip: a minute has many rows of few sources.
 * Immutable data behind it, so the memory never lies. */
#pragma once
#include "lookup/lookup.h"
#include "model/flow.h"

struct cap_origin;
/* look is borrowed and may be NULL. NULL: out of memory. Owner: caller. */
struct cap_origin *cap_origin_new(const struct lookup *look);
void cap_origin_free(struct cap_origin **op);
void cap_origin_prefetch(const struct cap_origin *o, const struct prac_ip *src);
/* country (unless the row has one), asn, survey; the bogon and survey marks. */
void cap_origin_fill(struct cap_origin *o, struct flow_row *r);
