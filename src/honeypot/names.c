/* Random names are the commonest form of a DNS flood: whatever they are, a pair keeps four and the
 * pool is what it was at the start. */
#include "honeypot/names.h"

#include <stdlib.h>
#include <string.h>

struct entry {
  uint32_t next, count, len;
  uint32_t spare;
  char text[HP_NAME_KEPT];
};
struct hp_names {
  uint32_t n, unused;
  struct entry e[]; /* e[0] is never used */
};
_Static_assert(sizeof(struct entry) == 128, "two cache lines");

struct hp_names *hp_names_new(uint32_t n)
{
  struct hp_names *p = calloc(1, sizeof *p + ((size_t)n + 1) * sizeof p->e[0]);
  if (!p) return NULL;
  p->n = n;
  for (uint32_t i = 1; i < n; i++) p->e[i].next = i + 1;
  p->unused = n ? 1 : 0;
  return p;
}

void hp_names_free(struct hp_names **np)
{
  free(*np);
  *np = NULL;
}

static void set(struct entry *e, const char *name, size_t len)
{
  memcpy(e->text, name, len);
  e->text[len] = 0;
  e->len = (uint32_t)len;
  e->count = 1;
}

bool hp_names_add(struct hp_names *p, uint32_t *head, const char *name)
{
  size_t len = strnlen(name, HP_NAME_KEPT - 1);
  uint32_t n = 0, once = 0;
  for (uint32_t i = *head; i; i = p->e[i].next, n++) {
    struct entry *e = &p->e[i];
    if (e->len == len && memcmp(e->text, name, len) == 0) {
      e->count++;
      return true;
    }
    if (e->count == 1) once = i;
  }
  if (n < HP_NAMES && p->unused) {
    uint32_t i = p->unused;
    p->unused = p->e[i].next;
    p->e[i].next = *head;
    *head = i;
    once = i;
  }
  if (once) set(&p->e[once], name, len);
  return once != 0;
}

void hp_names_copy(const struct hp_names *p, uint32_t head, struct hp_told *t)
{
  t->n_names = 0;
  for (uint32_t i = head; i; i = p->e[i].next) {
    const struct entry *e = &p->e[i];
    uint8_t at = t->n_names++;
    for (; at > 0 && t->names[at - 1].count < e->count; at--) t->names[at] = t->names[at - 1];
    t->names[at].count = e->count;
    memcpy(t->names[at].text, e->text, e->len + 1);
  }
}

void hp_names_drop(struct hp_names *p, uint32_t *head)
{
  for (uint32_t i = *head, next; i; i = next) {
    next = p->e[i].next;
    p->e[i].next = p->unused;
    p->unused = i;
  }
  *head = 0;
}

size_t hp_names_bytes(const struct hp_names *p)
{
  return sizeof *p + ((size_t)p->n + 1) * sizeof p->e[0];
}
