/* portal/atom.h — a feed as Atom (RFC 4287). Pure.
 *
 * text     anything: what XML 1.0 forbids, what is no UTF-8, and what does not show (base/text.h)
 *          becomes U+FFFD, the rest is escaped
 * ids      urn:practice:KIND:ID, percent-encoded: the same wherever the feed is read
 * to       a growing buffer, of bytes: nothing of JSON is in it. `bad` at the end: no memory
 */
#pragma once
#include "base/json.h"

struct atom_feed {
  const char *id, *title, *language;
  const char *self, *home; /* addresses of the feed, of the page */
  prac_time updated;
};
struct atom_entry {
  const char *kind, *id, *state, *title, *text;
  const char *url;
  prac_time updated, published;
};
void atom_open(struct prac_json *to, const struct atom_feed *f);
void atom_put(struct prac_json *to, const struct atom_entry *e);
void atom_close(struct prac_json *to);
/* s as a part of a path: unreserved characters (RFC 3986) as they are, others as %41. */
void atom_path(const char *s, char *to, size_t cap);
