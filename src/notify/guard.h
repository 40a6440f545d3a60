/* notify/guard.h — where a stranger's webhook may not lead: whatever is no address of the public
 * Internet (RFC 6890), but for what `allow` has. Looked at when a socket is made, so that no name,
 * form of a number or answer of the DNS leads around it. */
#pragma once
#include <curl/curl.h>

#include "base/conf.h"
#include "base/ip.h"

struct note_guard {
  const struct prac_conf_prefixes *allow;
  bool refused; /* that was why */
};
bool note_guard_lets(const struct note_guard *g, const struct prac_ip *ip);
/* From here on h's connections are made only where g lets them; borrowed until h's end. */
PRAC_NODISCARD prac_rc note_guard_set(CURL *h, struct note_guard *g, struct prac_err *reterr);
