/* app/hub_link.h — what `practice hub` asks of the hub's nats-server: the sources of the stream, how
 * far each site is. One connection as the user SITE_HUB_USER; requests of JetStream's own API. */
#pragma once
#include "site/bundle.h"
#include "site/site.h"

struct hub_link;
PRAC_NODISCARD prac_rc hub_link_open(const struct site_hub *h, struct hub_link **ret,
                                     struct prac_err *reterr);
void hub_link_close(struct hub_link **lp);
/* The stream takes from the sites that are not revoked, and from no others; it is made when it is not there. */
PRAC_NODISCARD prac_rc hub_link_sources(struct hub_link *l, const struct site_hub *h,
                                        const struct site_row *rows, size_t n,
                                        struct prac_err *reterr);
struct hub_site_state {
  bool connected; /* its server answered over the link */
  bool known;     /* the hub has had something from it */
  uint64_t lag, lag_bytes; /* messages (and about how many bytes) that the hub has not got */
  prac_time last;          /* when the site kept the newest message that the hub has; else NONE */
  int64_t behind_ns;       /* between that one and the newest that the site has; connected only */
  int64_t clock_ns;        /* site's clock - hub's, at its newest health record; 0: none came */
  bool clock_known;
};
PRAC_NODISCARD prac_rc hub_link_state(struct hub_link *l, const struct site_row *r,
                                      struct hub_site_state *ret, struct prac_err *reterr);
