/* base/arena.h — memory with one lifetime: everything goes at once.
 *
 * for       what lives as long as one batch, one window or one answer
 * not for   anything freed one by one, or growing without a bound of its own
 */
#pragma once
#include <stddef.h>

#include "base/attr.h"

struct prac_arena;
struct prac_arena *prac_arena_new(size_t chunk_bytes); /* owner: caller; NULL: out of memory */
void prac_arena_free(struct prac_arena **ap);          /* NULL-safe, nulls *ap */
/* n zeroed bytes, 16-aligned; NULL when out of memory. */
void *prac_arena_alloc(struct prac_arena *a, size_t n);
/* The same, 64-aligned, in large pages where the system gives some: for a matrix that is walked
 * across and used whole. */
void *prac_arena_alloc_large(struct prac_arena *a, size_t n);
/* A NUL-terminated copy of the n bytes at s; NULL when out of memory. */
char *prac_arena_strndup(struct prac_arena *a, const char *s, size_t n);
void prac_arena_reset(struct prac_arena *a); /* all earlier pointers die here */
/* Work space within an arena: what was allocated since the mark dies at the rewind. */
struct prac_arena_mark {
  const void *chunk;
  size_t used;
};
struct prac_arena_mark prac_arena_mark(const struct prac_arena *a);
void prac_arena_rewind(struct prac_arena *a, struct prac_arena_mark m);
