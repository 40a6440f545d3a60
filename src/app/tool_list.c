/* Rows of a batch are sorted by source, so that most merging happens while adding. */
#include "app/tool_list.h"

#include <stdlib.h>

enum { ENTRIES_MAX = 1 << 22 };

static prac_rc push(struct tool_list *l, const struct prac_ip *source, uint8_t tool,
                    uint64_t packets)
{
  struct tool_entry *last = l->n ? &l->v[l->n - 1] : NULL;
  if (last && last->tool == tool && prac_ip_eq(&last->source, source)) {
    last->packets += packets;
    return PRAC_OK;
  }
  if (l->n == l->cap) {
    size_t cap = l->cap ? l->cap * 2 : 256;
    struct tool_entry *v = cap > ENTRIES_MAX ? NULL : realloc(l->v, cap * sizeof *v);
    if (!v) return cap > ENTRIES_MAX ? PRAC_FULL : PRAC_NOMEM;
    l->v = v;
    l->cap = cap;
  }
  l->v[l->n++] = (struct tool_entry){*source, packets, tool};
  return PRAC_OK;
}

prac_rc tool_list_add(struct tool_list *l, const struct flow_batch *b)
{
  for (uint32_t i = 0; i < b->n; i++)
    if (b->tool[i]) PRAC_TRY(push(l, &b->src[i], b->tool[i], b->packets[i]));
  return PRAC_OK;
}

static int by_source(const void *pa, const void *pb)
{
  const struct tool_entry *a = pa, *b = pb;
  int d = memcmp(&a->source, &b->source, sizeof a->source);
  return d ? d : (int)a->tool - (int)b->tool;
}

void tool_list_settle(struct tool_list *l)
{
  if (l->n == 0) return;
  qsort(l->v, l->n, sizeof *l->v, by_source);
  size_t kept = 0;
  for (size_t i = 1; i < l->n; i++) {
    if (by_source(&l->v[i], &l->v[kept]) == 0)
      l->v[kept].packets += l->v[i].packets;
    else
      l->v[++kept] = l->v[i];
  }
  l->n = kept + 1;
}

void tool_list_done(struct tool_list *l)
{
  free(l->v);
  *l = (struct tool_list){0};
}
