/* sys/http_rate.h — how often one address may ask: token buckets in a table of fixed size.
 * A full set of the table forgets its longest-unseen address (counted): forgetting is in the
 * client's favour, never a refusal. An IPv6 /64 counts as one address. One thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/ip.h"
#include "base/rc.h"

struct sys_http_rate;
/* seed: so that strangers cannot choose colliding addresses */
PRAC_NODISCARD prac_rc sys_http_rate_new(uint32_t per_s, uint32_t burst, uint64_t seed,
                                         struct sys_http_rate **ret);
void sys_http_rate_free(struct sys_http_rate **rp);
bool sys_http_rate_take(struct sys_http_rate *r, const struct prac_ip *ip, int64_t now_ns);
uint64_t sys_http_rate_forgotten(const struct sys_http_rate *r);
