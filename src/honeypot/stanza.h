/* honeypot/stanza.h — vectors that are written down instead of compiled: ports, what a request
 * looks like, and what is answered. data/vectors.yaml is such a file; docs of the language stand
 * there.
 *
 * limits   256 stanzas a file, 16 alternatives each, 8 conditions an alternative, 64 parts a reply
 * fails    PRAC_MALFORMED, PRAC_RANGE, PRAC_UNKNOWN, naming file, line and key
 */
#pragma once
#include "base/conf.h"
#include "honeypot/proto.h"

struct hp_match; /* one condition */
struct hp_alternative {
  const struct hp_match *v;
  size_t n;
};
struct hp_part;
struct hp_stanza {
  const char *name, *title, *about;
  uint16_t ports[HP_PORTS_MAX];
  uint16_t min, max, max_reply;
  const struct hp_alternative *observe, *match;
  size_t n_observe, n_match;
  const struct hp_part *reply;
  size_t n_reply;
};
struct hp_stanzas;
/* Text of a file; file: its name, for errors. */
PRAC_NODISCARD prac_rc hp_stanzas_parse(const char *text, size_t n, const char *file,
                                        struct hp_stanzas **ret, struct prac_err *reterr);
void hp_stanzas_free(struct hp_stanzas **sp);
/* s may be NULL: none. */
size_t hp_stanzas_count(const struct hp_stanzas *s);
const struct hp_stanza *hp_stanzas_at(const struct hp_stanzas *s, size_t i);
const struct hp_stanza *hp_stanzas_find(const struct hp_stanzas *s, const char *name);
enum hp_verdict hp_stanza_answer(const struct hp_stanza *z, const struct hp_self *self,
                                 const struct hp_request *req, struct prac_wr *reply);
