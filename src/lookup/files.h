/* lookup/files.h — the room's own: reading the files that lookup is made of. Nothing here trusts a
 * byte: lines that do not read are counted and skipped, and so are claims too wide to be true. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/lpm.h"
#include "base/time.h"

/* A growing list of ranges. */
struct lookup_ranges {
  struct prac_lpm_range *v;
  size_t n, cap;
};
PRAC_NODISCARD prac_rc lookup_ranges_add(struct lookup_ranges *r, struct prac_lpm_range one);
void lookup_ranges_done(struct lookup_ranges *r);

struct lookup_read { /* what came of a text */
  uint64_t taken;
  uint64_t refused;   /* lines that could not be read, or claimed too much */
  uint64_t first_bad; /* number of the first such line, from 1; 0: none */
};

/* ---- address lists: ipset lines ("add NAME PREFIX ..."), prefixes, addresses, "a-b" ranges, YAML
 * list items; comments behind # ; // ; blank lines and "create" lines are nothing. Prefixes wider
 * than /8 (IPv6 /16) are refused: no survey scanner owns that, and a slip would mark everything. */
PRAC_NODISCARD prac_rc lookup_list_parse(const char *text, size_t n, uint32_t value,
                                         struct lookup_ranges *to, struct lookup_read *ret);

/* ---- range CSV: start,end,asn[,name]; addresses as text or as whole numbers; names may stand in
 * quotes with "" inside. */
struct lookup_names { /* AS number -> name; sorted by lookup_names_sort, the first one said wins */
  struct lookup_name {
    uint32_t asn, order;
    const char *name; /* valid UTF-8 of at most 96 bytes, no control characters */
  } * v;
  size_t n, cap;
  struct prac_arena *a;
  uint8_t *seen; /* a bit for each number below 2^20: most, so that most lines cost nothing */
};
PRAC_NODISCARD prac_rc lookup_names_add(struct lookup_names *l, uint32_t asn, const char *s,
                                        size_t n);
void lookup_names_sort(struct lookup_names *l);
const char *lookup_names_find(const struct lookup_names *l, uint32_t asn); /* "" */
void lookup_names_done(struct lookup_names *l);
PRAC_NODISCARD prac_rc lookup_csv_parse(const char *text, size_t n, struct lookup_ranges *to,
                                        struct lookup_names *names, struct lookup_read *ret);

/* ---- MaxMind DB ---- */
enum lookup_mmdb_want { LOOKUP_MMDB_COUNTRY, LOOKUP_MMDB_ASN };
/* Countries as letters (first << 8 | second). *ret_date: of the database, from its own metadata.
 * PRAC_DAMAGED: the tree runs in circles or points outside. names may be NULL. */
PRAC_NODISCARD prac_rc lookup_mmdb_load(const char *path, enum lookup_mmdb_want want,
                                        struct prac_lpm **ret, struct lookup_names *names,
                                        prac_time *ret_date, struct prac_err *reterr);

/* A whole file of at most 512 MiB; *ret is malloc'ed, NUL-terminated; *ret_date its mtime. */
PRAC_NODISCARD prac_rc lookup_file_read(const char *path, char **ret, size_t *ret_n,
                                        prac_time *ret_date, struct prac_err *reterr);

/* ---- bogons ---- */
PRAC_NODISCARD prac_rc lookup_bogon_ranges(struct lookup_ranges *to); /* value 1, holes 0 */
bool lookup_bogon(const struct prac_ip *ip);                          /* the slow way: no table */
