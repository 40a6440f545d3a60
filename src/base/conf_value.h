/* base/conf_value.h — one item of a settings table: from a word to a field, and to words for
 * people.
 *
 * fails     PRAC_MALFORMED (not of the type), PRAC_RANGE (of the type, not allowed), PRAC_NOMEM;
 *           the message names file, line, path, what is allowed and what was given
 */
#pragma once
#include "base/conf.h"
#include "base/conf_tree.h"

struct prac_conf_where {
  const char *file, *path; /* path of the section */
  struct prac_arena *a;
  struct prac_err *err;
};
/* Writes the item's field inside the section struct at `to`. */
PRAC_NODISCARD prac_rc prac_conf_value_set(const struct prac_conf_where *w,
                                           const struct prac_conf_item *it,
                                           const struct prac_conf_node *node, void *to);
/* a NULL: lists stay empty. Assumes that the table has been checked. */
PRAC_NODISCARD prac_rc prac_conf_value_default(const struct prac_conf_item *it,
                                               struct prac_arena *a, void *to);
uint64_t prac_conf_value_hash(uint64_t seed, const struct prac_conf_item *it, const void *from);
/* Why the item itself is wrong (a default out of its own range, no help ...), or NULL. */
const char *prac_conf_value_wrong(const struct prac_conf_item *it);
