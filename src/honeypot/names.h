/* honeypot/names.h — the names asked for since a pair was last told: a few a pair, from one pool of
 * fixed size. A list is the index of its first entry; 0 is none. */
#pragma once
#include "honeypot/table.h"

struct hp_names;
struct hp_names *hp_names_new(uint32_t n); /* NULL: no memory */
void hp_names_free(struct hp_names **np);
/* False: no place for it; the counts that are there are right all the same. */
bool hp_names_add(struct hp_names *p, uint32_t *head, const char *name);
/* The list into t, most first. */
void hp_names_copy(const struct hp_names *p, uint32_t head, struct hp_told *t);
void hp_names_drop(struct hp_names *p, uint32_t *head);
size_t hp_names_bytes(const struct hp_names *p);
