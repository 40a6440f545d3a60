/* app/hub_dir.h — a hub's directory: hub.yaml, sites/NAME.yaml, users.conf; files for people to
 * read.
 */
#pragma once
#include "site/bundle.h"
#include "site/site.h"

enum { HUB_SITES_MAX = 1000 };
struct hub {
  struct site_hub h;
  struct site_row rows[HUB_SITES_MAX]; /* by name */
  size_t n;
};
/* Into a zeroed one. */
PRAC_NODISCARD prac_rc hub_load(const char *dir, struct hub *s, struct prac_err *reterr);
struct site_row *hub_row(struct hub *s, const char *name); /* NULL: no such site */
PRAC_NODISCARD prac_rc hub_write_row(const struct hub *s, const struct site_row *r,
                                     struct prac_err *reterr);
/* Writes users.conf, has the nats-server of this machine read it, and sets the stream's sources.
 * When it fails the files are right, and a later call puts them in force. */
PRAC_NODISCARD prac_rc hub_apply(struct hub *s, struct prac_err *reterr);
/* The streams of the sites that are not revoked take what kinds of records there are by now. Says
 * on stdout which were changed, on stderr which could not be. */
PRAC_NODISCARD prac_rc hub_widen(const struct hub *s, struct prac_err *reterr);
