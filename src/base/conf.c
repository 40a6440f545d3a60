/* The walk of a YAML tree against the tables. Tree first, tables second: so the order of sections
 * in the file does not matter and every message can name the line of the key it is about. */
#include "base/conf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/conf_text.h"
#include "base/conf_value.h"
#include "base/hash.h"

struct slot { /* what one section came to */
  const struct prac_conf_section *table;
  char *structs;
  size_t n;
  bool seen;
};
struct prac_conf {
  struct prac_arena *a;
  struct slot *slots;
  size_t n;
};
struct walk {
  struct prac_conf *c;
  const char *file;
  struct prac_err *err;
};
enum { PATH_MAX_BYTES = 128, NAMES_MAX = 256 };

static struct slot *slot_of(const struct prac_conf *c, const char *path)
{
  for (size_t i = 0; i < c->n; i++)
    if (strcmp(c->slots[i].table->path, path) == 0) return &c->slots[i];
  return NULL;
}

/* The part of a section's path right below `path`, or NULL when it does not lie below. */
static const char *below(const char *section, const char *path, size_t *ret_n)
{
  size_t n = strlen(path);
  if (n > 0 && (strncmp(section, path, n) != 0 || section[n] != '.')) return NULL;
  const char *rest = section + n + (n > 0);
  *ret_n = strcspn(rest, ".");
  return rest;
}

static bool is_group(const struct prac_conf *c, const char *path)
{
  size_t n;
  for (size_t i = 0; i < c->n; i++)
    if (below(c->slots[i].table->path, path, &n)) return true;
  return false;
}

/* ---- an unknown key: what else could have been meant ---- */

static int by_word(const void *a, const void *b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Everything that may stand at `path`, sorted, each once, NULL-terminated. */
static const char *const *names_at(struct walk *w, const char *path,
                                   const struct prac_conf_section *t)
{
  size_t n = 0, kept = 0, len;
  const char **names = prac_arena_alloc(w->c->a, (NAMES_MAX + 1) * sizeof *names);
  if (!names) return NULL;
  for (size_t i = 0; t && i < t->n_items && n < NAMES_MAX; i++) names[n++] = t->items[i].key;
  for (size_t i = 0; !(t && t->many) && i < w->c->n && n < NAMES_MAX; i++) {
    const char *name = below(w->c->slots[i].table->path, path, &len);
    if (name && (names[n] = prac_arena_strndup(w->c->a, name, len))) n++;
  }
  qsort(names, n, sizeof *names, by_word);
  for (size_t i = 0; i < n; i++)
    if (i == 0 || strcmp(names[i], names[kept - 1]) != 0) names[kept++] = names[i];
  names[kept] = NULL;
  return names;
}

/* Perhaps the key is right and only stands in the wrong place. */
static const char *elsewhere(const struct prac_conf *c, const char *key)
{
  for (size_t i = 0; i < c->n; i++)
    for (size_t k = 0; k < c->slots[i].table->n_items; k++)
      if (strcmp(c->slots[i].table->items[k].key, key) == 0) return c->slots[i].table->path;
  return NULL;
}

static prac_rc unknown_key(struct walk *w, const char *path, const struct prac_conf_section *t,
                           const struct prac_conf_node *node)
{
  char hint[160] = "", list[280] = "", show[PRAC_CONF_SHOW];
  const char *const *names = names_at(w, path, t);
  const char *near = prac_conf_nearest(node->key, names), *place = elsewhere(w->c, node->key);
  size_t n = 0;
  if (near)
    (void)snprintf(hint, sizeof hint, "; did you mean \"%s\"?", near);
  else if (place)
    (void)snprintf(hint, sizeof hint, "; it belongs under \"%s\".", place);
  for (size_t i = 0; names && names[i]; i++) {
    size_t left = sizeof list - n;
    if (strlen(names[i]) + 8 > left) {
      (void)snprintf(list + n, left, ", ...");
      break;
    }
    n += (size_t)snprintf(list + n, left, "%s%s", i ? ", " : "", names[i]);
  }
  return PRAC_FAIL(w->err, PRAC_UNKNOWN, "%s:%u: unknown key \"%s%s%s\"%s%s allowed here: %s",
                   w->file, node->key_line, path, *path ? "." : "", prac_conf_show(show, node->key),
                   hint, *hint ? "" : ";", *list ? list : "nothing");
}

/* ---- the walk ---- */

static const struct prac_conf_item *item_of(const struct prac_conf_section *t, const char *key)
{
  for (size_t i = 0; t && i < t->n_items; i++)
    if (strcmp(t->items[i].key, key) == 0) return &t->items[i];
  return NULL;
}

static prac_rc missing(struct walk *w, const struct prac_conf_section *t, unsigned line,
                       const struct prac_conf_node *map)
{
  for (size_t i = 0; i < t->n_items; i++) {
    const struct prac_conf_item *it = &t->items[i];
    const struct prac_conf_node *c = map ? map->first : NULL;
    if (!prac_conf_must_be_given(it)) continue;
    while (c && strcmp(c->key, it->key) != 0) c = c->next;
    if (c) continue;
    if (line)
      return PRAC_FAIL(w->err, PRAC_MALFORMED, "%s:%u: %s.%s: must be given: %s", w->file, line,
                       t->path, it->key, it->help);
    return PRAC_FAIL(w->err, PRAC_MALFORMED, "%s: %s.%s: must be given: %s", w->file, t->path,
                     it->key, it->help);
  }
  return PRAC_OK;
}

static prac_rc defaults(struct walk *w, const struct prac_conf_section *t, void *to)
{
  for (size_t i = 0; i < t->n_items; i++)
    if (prac_conf_value_default(&t->items[i], w->c->a, to) != PRAC_OK)
      return PRAC_FAIL(w->err, PRAC_NOMEM, "%s: out of memory", w->file);
  return PRAC_OK;
}

static prac_rc take_map(struct walk *w, const struct prac_conf_node *map, const char *path,
                        const struct prac_conf_section *t, void *to);

static prac_rc take_many(struct walk *w, const struct prac_conf_node *node, struct slot *s)
{
  const struct prac_conf_section *t = s->table;
  if (prac_conf_node_empty(node)) return PRAC_OK;
  if (node->kind != PRAC_CONF_LIST)
    return PRAC_FAIL(w->err, PRAC_MALFORMED,
                     "%s:%u: %s: must be a list, each entry begun with \"- \"", w->file, node->line,
                     t->path);
  s->structs = prac_arena_alloc(w->c->a, node->n * t->size + 1);
  if (!s->structs) return PRAC_FAIL(w->err, PRAC_NOMEM, "%s: out of memory", w->file);
  for (const struct prac_conf_node *c = node->first; c; c = c->next, s->n++) {
    void *to = s->structs + s->n * t->size;
    if (c->kind != PRAC_CONF_MAP)
      return PRAC_FAIL(w->err, PRAC_MALFORMED,
                       "%s:%u: %s: every entry must be a map of key: value lines", w->file, c->line,
                       t->path);
    PRAC_TRY(defaults(w, t, to));
    PRAC_TRY(take_map(w, c, t->path, t, to));
    PRAC_TRY(missing(w, t, c->line, c));
  }
  return PRAC_OK;
}

/* "up.key" into path; false when no section and no group can have that name. */
static bool section_path(const struct walk *w, const char *up, const struct prac_conf_section *t,
                         const char *key, char path[PATH_MAX_BYTES])
{
  if ((t && t->many) || strchr(key, '.')) return false;
  int n = snprintf(path, PATH_MAX_BYTES, "%s%s%s", up, *up ? "." : "", key);
  return n > 0 && n < PATH_MAX_BYTES && (slot_of(w->c, path) || is_group(w->c, path));
}

/* A key that is no item: a section, or a group of sections. */
static prac_rc take_section(struct walk *w, const struct prac_conf_node *node, const char *up,
                            const struct prac_conf_section *t)
{
  char path[PATH_MAX_BYTES];
  if (!section_path(w, up, t, node->key, path)) return unknown_key(w, up, t, node);
  struct slot *s = slot_of(w->c, path), group = {.table = NULL};
  if (!s) s = &group;
  s->seen = true;
  if (s->table && s->table->many) return take_many(w, node, s);
  bool empty = prac_conf_node_empty(node); /* "store:" and nothing below: all defaults */
  if (!empty && node->kind != PRAC_CONF_MAP)
    return PRAC_FAIL(w->err, PRAC_MALFORMED, "%s:%u: %s: must be a map of key: value lines, not %s",
                     w->file, node->line, path,
                     node->kind == PRAC_CONF_LIST ? "a list" : "a value");
  if (s->table) PRAC_TRY(missing(w, s->table, node->key_line, empty ? NULL : node));
  return empty ? PRAC_OK : take_map(w, node, path, s->table, s->structs);
}

static prac_rc take_map(struct walk *w, const struct prac_conf_node *map, const char *path,
                        const struct prac_conf_section *t, void *to)
{
  struct prac_conf_where where = {w->file, path, w->c->a, w->err};
  for (const struct prac_conf_node *c = map->first; c; c = c->next) {
    const struct prac_conf_item *it = item_of(t, c->key);
    PRAC_TRY(it ? prac_conf_value_set(&where, it, c, to) : take_section(w, c, path, t));
  }
  return PRAC_OK;
}

/* ---- tables ---- */

/* A table that contradicts itself is a programmer's mistake, but one that its author should read
 * in words and not in a core dump. */
static prac_rc check_table(struct walk *w, const struct prac_conf_section *t)
{
  if (!t->path || !*t->path || !t->about || !*t->about || t->size == 0)
    return PRAC_FAIL(w->err, PRAC_UNSUPPORTED, "settings table %s: no path, sentence or size",
                     t->path ? t->path : "?");
  for (size_t i = 0; i < t->n_items; i++) {
    const char *why = prac_conf_value_wrong(&t->items[i]);
    if (why)
      return PRAC_FAIL(w->err, PRAC_UNSUPPORTED, "settings table %s, key %s: %s", t->path,
                       t->items[i].key ? t->items[i].key : "?", why);
  }
  return PRAC_OK;
}

static prac_rc add_slot(struct walk *w, const struct prac_conf_section *t)
{
  PRAC_TRY(check_table(w, t));
  if (slot_of(w->c, t->path))
    return PRAC_FAIL(w->err, PRAC_UNSUPPORTED, "settings table %s is listed twice", t->path);
  struct slot *s = &w->c->slots[w->c->n];
  *s = (struct slot){.table = t};
  if (!t->many) {
    s->structs = prac_arena_alloc(w->c->a, t->size);
    if (!s->structs) return PRAC_FAIL(w->err, PRAC_NOMEM, "%s: out of memory", w->file);
    s->n = 1;
    PRAC_TRY(defaults(w, t, s->structs));
  }
  w->c->n++;
  return PRAC_OK;
}

static prac_rc load(struct walk *w, const char *text, size_t n,
                    const struct prac_conf_section *const *sections)
{
  struct prac_conf_node *root = NULL;
  size_t n_sections = 0;
  while (sections[n_sections]) n_sections++;
  w->c->slots = prac_arena_alloc(w->c->a, (n_sections + 1) * sizeof *w->c->slots);
  if (!w->c->slots) return PRAC_FAIL(w->err, PRAC_NOMEM, "%s: out of memory", w->file);
  for (size_t i = 0; i < n_sections; i++) PRAC_TRY(add_slot(w, sections[i]));
  PRAC_TRY(prac_conf_tree_parse(text, n, w->file, w->c->a, &root, w->err));
  if (root && !prac_conf_node_empty(root)) {
    if (root->kind != PRAC_CONF_MAP)
      return PRAC_FAIL(w->err, PRAC_MALFORMED, "%s:%u: must be a map of key: value lines", w->file,
                       root->line);
    PRAC_TRY(take_map(w, root, "", NULL, NULL));
  }
  for (size_t i = 0; i < w->c->n; i++)
    if (!w->c->slots[i].seen && !w->c->slots[i].table->many)
      PRAC_TRY(missing(w, w->c->slots[i].table, 0, NULL));
  return PRAC_OK;
}

prac_rc prac_conf_parse(const char *text, size_t n, const char *file,
                        const struct prac_conf_section *const *sections, struct prac_conf **ret,
                        struct prac_err *reterr)
{
  struct prac_conf *c = calloc(1, sizeof *c);
  if (c) c->a = prac_arena_new(16 << 10);
  if (!c || !c->a) {
    prac_conf_free(&c);
    return PRAC_FAIL(reterr, PRAC_NOMEM, "%s: out of memory", file);
  }
  struct walk w = {c, file, reterr};
  prac_rc rc = load(&w, text, n, sections);
  if (rc == PRAC_OK)
    *ret = c;
  else
    prac_conf_free(&c);
  return rc;
}

void prac_conf_free(struct prac_conf **cp)
{
  if (!cp || !*cp) return;
  prac_arena_free(&(*cp)->a);
  free(*cp);
  *cp = NULL;
}

const void *prac_conf_get(const struct prac_conf *c, const char *path, size_t i)
{
  const struct slot *s = slot_of(c, path);
  return s && i < s->n ? s->structs + i * s->table->size : NULL;
}

size_t prac_conf_count(const struct prac_conf *c, const char *path)
{
  const struct slot *s = slot_of(c, path);
  return s ? s->n : 0;
}

void prac_conf_defaults(const struct prac_conf_section *s, void *to)
{
  memset(to, 0, s->size);
  for (size_t i = 0; i < s->n_items; i++) (void)!prac_conf_value_default(&s->items[i], NULL, to);
}

uint64_t prac_conf_hash(const struct prac_conf *c, const char *path)
{
  const struct slot *s = slot_of(c, path);
  uint64_t h = prac_hash_bytes(0, path, strlen(path));
  for (size_t i = 0; s && i < s->n; i++)
    for (size_t k = 0; k < s->table->n_items; k++)
      h = prac_conf_value_hash(h, &s->table->items[k], s->structs + i * s->table->size);
  return h;
}
