/* capture/ours.h — is this destination one of the sensor's addresses?
 *
 * The sensor's prefixes as sorted, merged ranges; a question is a binary search, usually answered
 * by the range that answered the last one. No prefixes: everything is ours. Immutable but for that
 * memory, so one owner. */
#pragma once
#include "base/conf.h"

struct cap_ours;
/* NULL: out of memory. Owner: caller. */
struct cap_ours *cap_ours_new(const struct prac_conf_prefixes *prefixes);
void cap_ours_free(struct cap_ours **op);
bool cap_ours_has(struct cap_ours *o, const struct prac_ip *ip);
