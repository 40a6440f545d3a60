/* base/conf_tree.h — YAML text as a small tree of maps, lists and words, each with its line.
 *
 * only      the plain part of YAML 1.1: block and flow maps and lists, plain and quoted words, one
 *           document. Refused with the line: anchors, aliases, tags, merge keys, a second document.
 * limits    1 MiB of text, 12 levels, 1000 entries a map or list, 4096 bytes a word
 * fails     PRAC_MALFORMED: "practice.yaml:3: ..."; PRAC_RANGE: a limit; PRAC_NOMEM
 */
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

enum prac_conf_node_kind { PRAC_CONF_WORD, PRAC_CONF_MAP, PRAC_CONF_LIST };
struct prac_conf_node {
  enum prac_conf_node_kind kind;
  bool quoted;       /* WORD: stood in quotes, so "" and "~" are words */
  unsigned line;     /* from 1 */
  const char *text;  /* WORD: NUL-terminated */
  size_t n;          /* WORD: bytes; MAP, LIST: entries */
  const char *key;   /* entry of a MAP: its key */
  unsigned key_line; /* and the line of the key */
  struct prac_conf_node *first, *last, *next;
};
/* *ret lives in a; NULL for an empty document. */
PRAC_NODISCARD prac_rc prac_conf_tree_parse(const char *text, size_t n, const char *file,
                                            struct prac_arena *a, struct prac_conf_node **ret,
                                            struct prac_err *reterr);
/* Nothing, ~ or null, not in quotes. */
bool prac_conf_node_empty(const struct prac_conf_node *n);
/* s as it may stand in a message: at most 60 bytes, control characters as "?". */
#define PRAC_CONF_SHOW 72
const char *prac_conf_show(char out[PRAC_CONF_SHOW], const char *s);
