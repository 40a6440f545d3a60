/* site/bundle.h — what goes to and fro between the hub and a site, and what the hub knows of one.
 *
 * bundle    YAML: the site's name, the hub's addresses, the site's certificate, the hub's
 * authority. Nothing in it is secret; whoever could change it on its way could make the site send
 * its records elsewhere, so both sides print the authority's fingerprint to compare. row YAML, one
 * file a site: sites/NAME.yaml limits    64 KiB of text, SITE_HUBS_MAX addresses, each value
 * checked by site/name.h fails     PRAC_MALFORMED, PRAC_RANGE, PRAC_UNKNOWN (a key that is not
 * ours), with file and line
 */
#pragma once
#include "site/name.h"
#include "site/pki.h"
#include "site/text.h"

enum { SITE_BUNDLE_MAX = 64 << 10 };
struct site_bundle {
  char site[SITE_NAME_MAX + 1];
  char hubs[SITE_HUBS_MAX][SITE_HOST_MAX + 16];
  size_t n_hubs;
  struct site_pem cert, ca;
};
void site_bundle_write(struct site_text *t, const struct site_bundle *b);
PRAC_NODISCARD prac_rc site_bundle_parse(const char *text, size_t n, const char *file,
                                         struct site_bundle *ret, struct prac_err *reterr);

struct site_row {
  char site[SITE_NAME_MAX + 1];
  bool revoked;
  char fingerprint[65]; /* of the certificate */
  char key_id[SITE_KEY_ID];
  prac_time added, until, revoked_at; /* revoked_at: PRAC_TIME_NONE when it is not */
};
void site_row_write(struct site_text *t, const struct site_row *r);
PRAC_NODISCARD prac_rc site_row_parse(const char *text, size_t n, const char *file,
                                      struct site_row *ret, struct prac_err *reterr);
