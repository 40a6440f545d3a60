#include "base/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"

enum { LINE = 64, LARGE_PAGE = 2 << 20 };
struct chunk {
  struct chunk *next;
  size_t cap, used;
  alignas(16) unsigned char mem[];
};
struct prac_arena {
  struct chunk *head;
  size_t chunk;
};
struct prac_arena *prac_arena_new(size_t chunk)
{
  struct prac_arena *a = calloc(1, sizeof *a);
  if (a) a->chunk = chunk ? chunk : 4096;
  return a;
}
void prac_arena_reset(struct prac_arena *a)
{
  while (a->head) {
    struct chunk *c = a->head;
    a->head = c->next;
    free(c);
  }
}
struct prac_arena_mark prac_arena_mark(const struct prac_arena *a)
{
  return (struct prac_arena_mark){a->head, a->head ? a->head->used : 0};
}
void prac_arena_rewind(struct prac_arena *a, struct prac_arena_mark m)
{
  while (a->head != m.chunk) {
    struct chunk *c = a->head;
    PRAC_INSIST(c != NULL); /* a mark of another arena, or of before a reset */
    a->head = c->next;
    free(c);
  }
  if (a->head) a->head->used = m.used;
}
void prac_arena_free(struct prac_arena **ap)
{
  if (!ap || !*ap) return;
  prac_arena_reset(*ap);
  free(*ap);
  *ap = NULL;
}
/* alone: in a new chunk of its own, zero already, no page of it touched */
static struct chunk *chunk_new(struct prac_arena *a, size_t cap, bool alone)
{
  struct chunk *c = alone ? calloc(1, sizeof *c + cap) : malloc(sizeof *c + cap);
  if (!c) return NULL;
  *c = (struct chunk){.next = a->head, .cap = cap};
  return a->head = c;
}
void *prac_arena_alloc(struct prac_arena *a, size_t n)
{
  if (n > SIZE_MAX / 2) return NULL;
  n = (n + 15) & ~(size_t)15;
  bool alone = false;
  if (!a->head || a->head->cap - a->head->used < n) {
    alone = n > a->chunk;
    if (!chunk_new(a, alone ? n : a->chunk, alone)) return NULL;
  }
  void *p = a->head->mem + a->head->used;
  a->head->used += n;
  return alone ? p : memset(p, 0, n);
}
void *prac_arena_alloc_large(struct prac_arena *a, size_t n)
{
  if (n > SIZE_MAX / 2) return NULL;
  struct chunk *c = chunk_new(a, n + LINE, true);
  if (!c) return NULL;
  size_t before = LINE - (uintptr_t)c->mem % LINE,
         page = LARGE_PAGE - (uintptr_t)c->mem % LARGE_PAGE;
  c->used = c->cap;
  if (c->cap > page) (void)madvise(c->mem + page, c->cap - page, MADV_HUGEPAGE);
  return c->mem + before;
}

char *prac_arena_strndup(struct prac_arena *a, const char *s, size_t n)
{
  char *p = n < SIZE_MAX ? prac_arena_alloc(a, n + 1) : NULL;
  if (p && n) memcpy(p, s, n);
  return p;
}
