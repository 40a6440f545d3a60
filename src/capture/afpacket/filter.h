/* capture/afpacket/filter.h — the kernel's filter from the sensor's prefixes.
 *
 * Compiled by libpcap: destination in one of the prefixes, untagged or behind one VLAN tag. No
 * prefixes, or more than a kernel filter can hold: everything passes (cut to snaplen); the core
 * looks at the prefixes again in any case. */
#pragma once
#include "base/conf.h"
#include "base/err.h"

/* Sets the filter of fd, an AF_PACKET socket that delivers frames of LINKTYPE link. *ret_all: no
 * address is filtered. */
PRAC_NODISCARD prac_rc cap_filter_set(int fd, uint32_t link, uint32_t snaplen,
                                      const struct prac_conf_prefixes *prefixes, bool *ret_all,
                                      struct prac_err *reterr);
