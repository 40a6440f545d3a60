/* app/hub_link.h — what `practice hub` asks of the hub's nats-server: the sources of the stream,
 * how far each site is. One connection as the user SITE_HUB_USER; requests of JetStream's own API.
 */
#pragma once
#include "site/bundle.h"
#include "site/site.h"

struct hub_link;
PRAC_NODISCARD prac_rc hub_link_open(const struct site_hub *h, struct hub_link **ret,
                                     struct prac_err *reterr);
void hub_link_close(struct hub_link **lp);
/* The stream takes from the sites that are not revoked, and from no others; it is made when it is
 * not there. */
PRAC_NODISCARD prac_rc hub_link_sources(struct hub_link *l, const struct site_hub *h,
                                        const struct site_row *rows, size_t n,
                                        struct prac_err *reterr);
/* A site's stream, made by an older version, takes what kinds there are by now; its own programs
 * may not change it. *ret: it was changed. PRAC_AGAIN: its server does not answer; PRAC_DENIED: it
 * refuses. */
PRAC_NODISCARD prac_rc hub_link_widen(struct hub_link *l, const struct site_row *r, bool *ret,
                                      struct prac_err *reterr);
struct hub_site_state {
  bool connected;          /* its server answered over the link */
  prac_time heard;         /* when the hub got its newest health record; NONE: none came */
  prac_time at;            /* when the site made that record, by its own clock */
  bool live;               /* that clock; false: it plays captures, with the time in them */
  bool lag_known;          /* connected, and the hub takes from it */
  uint64_t lag, lag_bytes; /* messages that the hub has not got, and about how many bytes */
  int64_t behind_ns;       /* how long ago, by the site's clock, the hub's newest record was made */
  bool clock_known;        /* connected, live and without lag: `heard - at` is delay and error */
  int64_t clock_ns;        /* site's clock minus the hub's */
};
/* What the hub has heard of all sites; one question. Then a question or two for each site. */
struct hub_survey;
PRAC_NODISCARD prac_rc hub_survey_new(struct hub_link *l, struct hub_survey **ret,
                                      struct prac_err *reterr);
void hub_survey_free(struct hub_survey **sp);
PRAC_NODISCARD prac_rc hub_survey_site(struct hub_survey *s, const struct site_row *r,
                                       struct hub_site_state *ret, struct prac_err *reterr);
