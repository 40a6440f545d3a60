/* base/conf.h — settings are tables: key, type, range, default, one sentence.
 *
 * From the same table come the parser, `practice check-config`, `practice help SECTION`, the man
 * page and, later, the portal's form. A key that is in no table is an error, never ignored; every
 * error names file, line, key and what is allowed. A section is a plain struct filled at `offset`s.
 *
 *   engine:            # a path of section names ...
 *     surge:           # ... "engine.surge"
 *       slot: 1d       # an item
 *   sensors:           # PRAC_CONF_MANY: a list of maps, one struct each
 *     - name: tokyo
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/ip.h"

enum prac_conf_type {
  PRAC_CONF_BOOL,     /* bool; yes/no/true/false/on/off */
  PRAC_CONF_INT,      /* int64_t, lo..hi */
  PRAC_CONF_REAL,     /* double, lo..hi */
  PRAC_CONF_DURATION, /* int64_t ns; lo, hi, dflt in seconds; "5m", "28d" */
  PRAC_CONF_SIZE,     /* int64_t bytes; "64 MiB", "2G" (1024s) */
  PRAC_CONF_STRING,   /* const char *, never NULL after a load */
  PRAC_CONF_ENUM,     /* int: index into words */
  PRAC_CONF_STRINGS,  /* struct prac_conf_strings */
  PRAC_CONF_PREFIXES, /* struct prac_conf_prefixes */
};
struct prac_conf_strings {
  const char *const *v;
  size_t n;
};
struct prac_conf_prefixes {
  const struct prac_prefix *v;
  size_t n;
};
/* What a text looks like; checked as it is read, so that a mistake has its line and its key. */
struct prac_conf_form {
  const char *what; /* "an address and a port such as 127.0.0.1:8640": what is allowed */
  bool (*fits)(const char *s);
};
struct prac_conf_item {
  const char *key;
  enum prac_conf_type type;
  size_t offset;            /* offsetof the field in the section's struct */
  double lo, hi, dflt;      /* numbers; durations in seconds; bool: dflt 0 or 1; enum: dflt index.
                               lo == hi: any value of the type */
  const char *sdflt;        /* strings; lists: comma-separated; NULL: must be given */
  const char *const *words; /* enum: NULL-terminated spellings; string: NULL, or all it may be */
  const struct prac_conf_form *form; /* strings, and each of a list; NULL: any text */
  const char *help;                  /* one sentence, with its unit */
};
struct prac_conf_section {
  const char *path;  /* "store", "engine.surge" */
  const char *about; /* one sentence */
  const struct prac_conf_item *items;
  size_t n_items, size; /* size: bytes of the section's struct */
  bool many;            /* a list of these */
};

struct prac_conf; /* immutable once loaded; holds every section's structs and strings */

/* Parses YAML text. sections: NULL-terminated; borrowed for the life of *ret. file: name for
 * errors. Empty text gives all defaults (an error if an item must be given in a non-`many`
 * section). Bounded: 1 MiB of text, 12 levels, 1000 entries a list, 4 KiB a value, no anchors,
 * aliases or tags. PRAC_UNKNOWN: a key of no table. PRAC_MALFORMED, PRAC_RANGE: a value.
 * PRAC_UNSUPPORTED: a table that contradicts itself. Owner of *ret: caller. */
PRAC_NODISCARD prac_rc prac_conf_parse(const char *text, size_t n, const char *file,
                                       const struct prac_conf_section *const *sections,
                                       struct prac_conf **ret, struct prac_err *reterr);
void prac_conf_free(struct prac_conf **cp);
/* The struct of one section (i == 0 unless `many`); NULL: no such path or index. */
const void *prac_conf_get(const struct prac_conf *c, const char *path, size_t i);
size_t prac_conf_count(const struct prac_conf *c, const char *path);
/* Fills one struct with its table's defaults; for tests and for `many` sections made in code.
 * Items without a default are zeroed ("" for strings), and so are lists: they have no owner here.
 */
void prac_conf_defaults(const struct prac_conf_section *s, void *to);
/* 64-bit hash of the effective values of one section: goes with every finding. */
uint64_t prac_conf_hash(const struct prac_conf *c, const char *path);
