/* libyaml's events instead of its document loader: events still show anchors, aliases and tags, so
 * that they can be refused where they stand, and depth is known before memory is spent on it. */
#include "base/conf_tree.h"

#include <string.h>
#include <yaml.h>

enum { TEXT_MAX = 1 << 20, DEPTH_MAX = 12, ENTRIES_MAX = 1000, WORD_MAX_BYTES = 4096 };

struct build {
  const char *file;
  struct prac_arena *a;
  struct prac_err *err;
  struct prac_conf_node *stack[DEPTH_MAX], *root;
  unsigned depth;
  const char *key; /* read, and waiting for its value */
  unsigned key_line;
  unsigned documents;
};

const char *prac_conf_show(char out[PRAC_CONF_SHOW], const char *s)
{
  size_t n = strlen(s), keep = n > 60 ? 57 : n;
  while (keep > 0 && keep < n && ((unsigned char)s[keep] & 0xc0) == 0x80)
    keep--; /* whole letters */
  memcpy(out, s, keep);
  memcpy(out + keep, "...", keep < n ? 4 : 0);
  if (keep == n) out[keep] = 0;
  for (char *p = out; *p; p++)
    if ((unsigned char)*p < 0x20 || *p == 0x7f) *p = '?';
  return out;
}

bool prac_conf_node_empty(const struct prac_conf_node *n)
{
  return n->kind == PRAC_CONF_WORD && !n->quoted &&
         (n->n == 0 || strcmp(n->text, "~") == 0 || strcmp(n->text, "null") == 0);
}

static prac_rc refuse(struct build *b, const yaml_event_t *e, prac_rc rc, const char *why)
{
  return PRAC_FAIL(b->err, rc, "%s:%zu: %s", b->file, e->start_mark.line + 1, why);
}

/* A key of a map: a plain or quoted word, each only once. */
static prac_rc take_key(struct build *b, const yaml_event_t *e)
{
  const struct prac_conf_node *map = b->stack[b->depth - 1];
  const char *text = (const char *)e->data.scalar.value;
  char show[PRAC_CONF_SHOW];
  if (e->type != YAML_SCALAR_EVENT)
    return refuse(b, e, PRAC_MALFORMED, "a key must be a word, not a list or a map");
  if (e->data.scalar.length > WORD_MAX_BYTES || strlen(text) != e->data.scalar.length)
    return refuse(b, e, PRAC_MALFORMED, "a key is too long or holds a NUL");
  for (const struct prac_conf_node *c = map->first; c; c = c->next)
    if (strcmp(c->key, text) == 0)
      return PRAC_FAIL(b->err, PRAC_MALFORMED, "%s:%zu: %s is given twice (first on line %u)",
                       b->file, e->start_mark.line + 1, prac_conf_show(show, text), c->key_line);
  b->key = prac_arena_strndup(b->a, text, e->data.scalar.length);
  b->key_line = (unsigned)e->start_mark.line + 1;
  return b->key ? PRAC_OK : refuse(b, e, PRAC_NOMEM, "out of memory");
}

static prac_rc hang(struct build *b, const yaml_event_t *e, struct prac_conf_node *node)
{
  node->line = (unsigned)e->start_mark.line + 1;
  if (b->depth == 0) {
    b->root = node;
    return PRAC_OK;
  }
  struct prac_conf_node *up = b->stack[b->depth - 1];
  if (up->n >= ENTRIES_MAX) return refuse(b, e, PRAC_RANGE, "more than 1000 entries in one place");
  node->key = b->key;
  node->key_line = b->key_line;
  b->key = NULL;
  if (up->last)
    up->last->next = node;
  else
    up->first = node;
  up->last = node;
  up->n++;
  return PRAC_OK;
}

static prac_rc take_value(struct build *b, const yaml_event_t *e)
{
  struct prac_conf_node *node = prac_arena_alloc(b->a, sizeof *node);
  if (!node) return refuse(b, e, PRAC_NOMEM, "out of memory");
  PRAC_TRY(hang(b, e, node));
  if (e->type == YAML_SCALAR_EVENT) {
    const char *text = (const char *)e->data.scalar.value;
    size_t n = e->data.scalar.length;
    if (n > WORD_MAX_BYTES) return refuse(b, e, PRAC_RANGE, "a value of more than 4096 bytes");
    if (strlen(text) != n) return refuse(b, e, PRAC_MALFORMED, "a value that holds a NUL");
    node->text = prac_arena_strndup(b->a, text, n);
    node->n = n;
    node->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return node->text ? PRAC_OK : refuse(b, e, PRAC_NOMEM, "out of memory");
  }
  node->kind = e->type == YAML_MAPPING_START_EVENT ? PRAC_CONF_MAP : PRAC_CONF_LIST;
  if (b->depth == DEPTH_MAX) return refuse(b, e, PRAC_RANGE, "nested more than 12 deep");
  b->stack[b->depth++] = node;
  return PRAC_OK;
}

static const char *forbidden(const yaml_event_t *e)
{
  const yaml_char_t *anchor = NULL, *tag = NULL;
  if (e->type == YAML_ALIAS_EVENT) return "an alias (*name): write the value out instead";
  if (e->type == YAML_SCALAR_EVENT) anchor = e->data.scalar.anchor, tag = e->data.scalar.tag;
  if (e->type == YAML_SEQUENCE_START_EVENT)
    anchor = e->data.sequence_start.anchor, tag = e->data.sequence_start.tag;
  if (e->type == YAML_MAPPING_START_EVENT)
    anchor = e->data.mapping_start.anchor, tag = e->data.mapping_start.tag;
  if (anchor) return "an anchor (&name): write the value out instead";
  if (tag) return "a tag (!name): tags have no meaning here";
  return NULL;
}

static prac_rc take(struct build *b, const yaml_event_t *e)
{
  const char *why = forbidden(e);
  if (why) return refuse(b, e, PRAC_MALFORMED, why);
  if (e->type == YAML_DOCUMENT_START_EVENT && ++b->documents > 1)
    return refuse(b, e, PRAC_MALFORMED, "a second document (---): only one is read");
  if (e->type == YAML_MAPPING_END_EVENT || e->type == YAML_SEQUENCE_END_EVENT) {
    b->depth--;
    return PRAC_OK;
  }
  if (e->type != YAML_SCALAR_EVENT && e->type != YAML_MAPPING_START_EVENT &&
      e->type != YAML_SEQUENCE_START_EVENT)
    return PRAC_OK; /* stream and document marks */
  if (b->depth > 0 && b->stack[b->depth - 1]->kind == PRAC_CONF_MAP && !b->key)
    return take_key(b, e);
  return take_value(b, e);
}

static prac_rc not_yaml(struct build *b, const yaml_parser_t *p)
{
  size_t line = p->problem_mark.line + 1;
  const char *why = p->problem ? p->problem : "not readable";
  if (p->error == YAML_MEMORY_ERROR)
    return PRAC_FAIL(b->err, PRAC_NOMEM, "%s: out of memory", b->file);
  if (p->error == YAML_READER_ERROR) /* the reader knows a byte, not a line */
    return PRAC_FAIL(b->err, PRAC_MALFORMED, "%s: not text: %s (byte %zu)", b->file, why,
                     p->problem_offset);
  return PRAC_FAIL(b->err, PRAC_MALFORMED, "%s:%zu: not YAML: %s%s%s%s", b->file, line, why,
                   p->context ? " " : "", p->context ? p->context : "",
                   strstr(why, "cannot start any token") ? " (a tab? YAML indents with spaces)"
                                                         : "");
}

static prac_rc read_all(struct build *b, yaml_parser_t *p)
{
  for (bool end = false; !end;) {
    yaml_event_t e;
    if (!yaml_parser_parse(p, &e)) return not_yaml(b, p);
    prac_rc rc = take(b, &e);
    end = e.type == YAML_STREAM_END_EVENT;
    yaml_event_delete(&e);
    if (rc != PRAC_OK) return rc;
  }
  return PRAC_OK;
}

prac_rc prac_conf_tree_parse(const char *text, size_t n, const char *file, struct prac_arena *a,
                             struct prac_conf_node **ret, struct prac_err *reterr)
{
  struct build b = {.file = file, .a = a, .err = reterr};
  yaml_parser_t p;
  if (n > TEXT_MAX)
    return PRAC_FAIL(reterr, PRAC_RANGE, "%s: settings of more than 1 MiB are not read", file);
  if (!yaml_parser_initialize(&p)) return PRAC_FAIL(reterr, PRAC_NOMEM, "%s: out of memory", file);
  yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&p, (const unsigned char *)text, n);
  prac_rc rc = read_all(&b, &p);
  yaml_parser_delete(&p);
  if (rc == PRAC_OK) *ret = b.root;
  return rc;
}
