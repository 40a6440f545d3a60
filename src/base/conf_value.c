/* The types of settings. Every type has one reader, used for the file and for the tables' own
 * defaults, so that a default that the file could not spell cannot exist. */
#include "base/conf_value.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/conf_text.h"
#include "base/hash.h"
#include "base/time.h"

union value {
  bool b;
  int e;
  int64_t i;
  double f;
  const char *s;
};

static bool has_range(const struct prac_conf_item *it)
{
  return it->lo < it->hi;
}

static prac_rc in_range(const struct prac_conf_item *it, double v)
{
  return has_range(it) && (v < it->lo || v > it->hi) ? PRAC_RANGE : PRAC_OK;
}

static prac_rc read_bool(const char *s, bool *ret)
{
  static const struct {
    const char *word;
    bool v;
  } words[] = {{"yes", true}, {"no", false},  {"true", true},
               {"on", true},  {"off", false}, {"false", false}};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(words); i++)
    if (strcmp(s, words[i].word) == 0) {
      *ret = words[i].v;
      return PRAC_OK;
    }
  return PRAC_MALFORMED;
}

/* Decimal digits with an optional sign, all of s up to *ret_end. */
static prac_rc read_digits(const char *s, const char **ret_end, int64_t *ret)
{
  const char *p = s + (*s == '-' || *s == '+');
  if (*p < '0' || *p > '9') return PRAC_MALFORMED;
  char *end;
  errno = 0;
  long long v = strtoll(s, &end, 10);
  if (errno == ERANGE) return PRAC_RANGE;
  *ret = v;
  *ret_end = end;
  return PRAC_OK;
}

static prac_rc read_int(const char *s, int64_t *ret)
{
  const char *end;
  int64_t v;
  PRAC_TRY(read_digits(s, &end, &v));
  if (*end) return PRAC_MALFORMED;
  *ret = v;
  return PRAC_OK;
}

static prac_rc read_real(const char *s, double *ret)
{
  char *end;
  if (!*s || s[strspn(s, "0123456789+-.eE")]) return PRAC_MALFORMED; /* no hex, no "nan" */
  double v = strtod(s, &end);
  if (*end || end == s) return PRAC_MALFORMED;
  if (!isfinite(v)) return PRAC_RANGE;
  *ret = v;
  return PRAC_OK;
}

/* "64 MiB", "2G", "512": units of 1024, the way memory is counted. */
static prac_rc read_size(const char *s, int64_t *ret)
{
  static const char letters[] = "KMGTP";
  const char *end;
  int64_t v, unit = 1;
  PRAC_TRY(read_digits(s, &end, &v));
  if (v < 0) return PRAC_RANGE;
  end += strspn(end, " ");
  const char *letter = *end ? strchr(letters, *end & ~0x20) : NULL;
  if (letter) {
    unit = INT64_C(1) << (10 * (letter - letters + 1));
    end++;
    if (end[0] == 'i' && end[1] == 'B') end++;
  }
  if (*end == 'B') end++;
  if (*end) return PRAC_MALFORMED;
  if (__builtin_mul_overflow(v, unit, &v)) return PRAC_RANGE;
  *ret = v;
  return PRAC_OK;
}

static prac_rc read_enum(const struct prac_conf_item *it, const char *s, int *ret)
{
  for (int i = 0; it->words && it->words[i]; i++)
    if (strcmp(s, it->words[i]) == 0) {
      *ret = i;
      return PRAC_OK;
    }
  return PRAC_MALFORMED;
}

static prac_rc read_text(const struct prac_conf_item *it, const char *s, const char **ret)
{
  int which;
  for (const char *p = s; *p; p++)
    if ((unsigned char)*p < 0x20 || *p == 0x7f) return PRAC_MALFORMED;
  if (it->words) PRAC_TRY(read_enum(it, s, &which));
  if (it->form && !it->form->fits(s)) return PRAC_MALFORMED;
  *ret = s;
  return PRAC_OK;
}

static prac_rc read_word(const struct prac_conf_item *it, const char *s, union value *v)
{
  switch (it->type) {
  case PRAC_CONF_BOOL:
    return read_bool(s, &v->b);
  case PRAC_CONF_INT:
    PRAC_TRY(read_int(s, &v->i));
    return in_range(it, (double)v->i);
  case PRAC_CONF_REAL:
    PRAC_TRY(read_real(s, &v->f));
    return in_range(it, v->f);
  case PRAC_CONF_DURATION:
    PRAC_TRY(prac_duration_parse(s, strlen(s), &v->i));
    return in_range(it, (double)v->i / (double)PRAC_SEC);
  case PRAC_CONF_SIZE:
    PRAC_TRY(read_size(s, &v->i));
    return in_range(it, (double)v->i);
  case PRAC_CONF_ENUM:
    return read_enum(it, s, &v->e);
  case PRAC_CONF_STRING:
    return read_text(it, s, &v->s);
  case PRAC_CONF_STRINGS:
  case PRAC_CONF_PREFIXES:
    break;
  }
  return PRAC_UNSUPPORTED;
}

static void put(const struct prac_conf_item *it, union value v, void *to)
{
  void *at = (char *)to + it->offset;
  switch (it->type) {
  case PRAC_CONF_BOOL:
    memcpy(at, &v.b, sizeof v.b);
    break;
  case PRAC_CONF_ENUM:
    memcpy(at, &v.e, sizeof v.e);
    break;
  case PRAC_CONF_REAL:
    memcpy(at, &v.f, sizeof v.f);
    break;
  case PRAC_CONF_STRING:
    memcpy(at, &v.s, sizeof v.s);
    break;
  case PRAC_CONF_INT:
  case PRAC_CONF_DURATION:
  case PRAC_CONF_SIZE:
  case PRAC_CONF_STRINGS:
  case PRAC_CONF_PREFIXES:
    memcpy(at, &v.i, sizeof v.i);
    break;
  }
}

/* ---- lists ---- */

static bool is_list(const struct prac_conf_item *it)
{
  return it->type == PRAC_CONF_STRINGS || it->type == PRAC_CONF_PREFIXES;
}

static size_t entry_size(const struct prac_conf_item *it)
{
  return it->type == PRAC_CONF_STRINGS ? sizeof(char *) : sizeof(struct prac_prefix);
}

static prac_rc read_entry(const struct prac_conf_item *it, const char *s, void *v, size_t i)
{
  if (it->type == PRAC_CONF_PREFIXES)
    return prac_prefix_parse(s, strlen(s), (struct prac_prefix *)v + i);
  return *s ? read_text(it, s, (const char **)v + i) : PRAC_MALFORMED;
}

static void put_list(const struct prac_conf_item *it, const void *v, size_t n, void *to)
{
  void *at = (char *)to + it->offset;
  if (it->type == PRAC_CONF_STRINGS) {
    struct prac_conf_strings l = {v, n};
    memcpy(at, &l, sizeof l);
  } else {
    struct prac_conf_prefixes l = {v, n};
    memcpy(at, &l, sizeof l);
  }
}

/* ---- from the file ---- */

static prac_rc complain(const struct prac_conf_where *w, const struct prac_conf_item *it,
                        const struct prac_conf_node *node, prac_rc rc)
{
  char allowed[PRAC_CONF_TEXT], show[PRAC_CONF_SHOW], meant[PRAC_CONF_TEXT] = "";
  const char *got = node->kind == PRAC_CONF_MAP ? "a map" : "a list";
  if (rc == PRAC_NOMEM) return PRAC_FAIL(w->err, rc, "%s: out of memory", w->file);
  if (it->words && node->kind == PRAC_CONF_WORD) {
    const char *near = prac_conf_nearest(node->text, it->words);
    if (near) (void)snprintf(meant, sizeof meant, "; did you mean \"%s\"?", near);
  }
  prac_conf_allowed_text(allowed, it);
  if (node->kind != PRAC_CONF_WORD)
    return PRAC_FAIL(w->err, rc, "%s:%u: %s.%s: must be %s, not %s", w->file, node->line, w->path,
                     it->key, allowed, got);
  if (prac_conf_node_empty(node))
    return PRAC_FAIL(w->err, rc, "%s:%u: %s.%s: has no value; must be %s", w->file, node->line,
                     w->path, it->key, allowed);
  const char *quote = rc == PRAC_RANGE && has_range(it) ? "" : "\"";
  return PRAC_FAIL(w->err, rc, "%s:%u: %s.%s: must be %s, not %s%s%s%s", w->file, node->line,
                   w->path, it->key, allowed, quote, prac_conf_show(show, node->text), quote,
                   meant);
}

static prac_rc set_list(const struct prac_conf_where *w, const struct prac_conf_item *it,
                        const struct prac_conf_node *node, void *to)
{
  bool single = node->kind == PRAC_CONF_WORD; /* one entry may stand without its brackets */
  size_t n = single ? 1 : node->n, i = 0;
  if (node->kind == PRAC_CONF_MAP || (single && prac_conf_node_empty(node)))
    return complain(w, it, node, PRAC_MALFORMED);
  void *v = prac_arena_alloc(w->a, n * entry_size(it) + 1);
  if (!v) return complain(w, it, node, PRAC_NOMEM);
  for (const struct prac_conf_node *c = single ? node : node->first; c && i < n; c = c->next, i++) {
    if (c->kind != PRAC_CONF_WORD || prac_conf_node_empty(c))
      return complain(w, it, c, PRAC_MALFORMED);
    prac_rc rc = read_entry(it, c->text, v, i);
    if (rc != PRAC_OK) return complain(w, it, c, rc);
  }
  put_list(it, v, n, to);
  return PRAC_OK;
}

prac_rc prac_conf_value_set(const struct prac_conf_where *w, const struct prac_conf_item *it,
                            const struct prac_conf_node *node, void *to)
{
  union value v = {.i = 0};
  if (is_list(it)) return set_list(w, it, node, to);
  if (node->kind != PRAC_CONF_WORD || prac_conf_node_empty(node))
    return complain(w, it, node, PRAC_MALFORMED);
  prac_rc rc = read_word(it, node->text, &v);
  if (rc != PRAC_OK) return complain(w, it, node, rc);
  put(it, v, to);
  return PRAC_OK;
}

/* ---- from the table ---- */

static union value default_of(const struct prac_conf_item *it)
{
  union value v = {.i = 0};
  if (it->type == PRAC_CONF_BOOL)
    v.b = it->dflt > 0;
  else if (it->type == PRAC_CONF_ENUM)
    v.e = (int)it->dflt;
  else if (it->type == PRAC_CONF_REAL)
    v.f = it->dflt;
  else if (it->type == PRAC_CONF_STRING)
    v.s = it->sdflt ? it->sdflt : "";
  else if (it->type == PRAC_CONF_DURATION)
    v.i = (int64_t)llround(it->dflt * (double)PRAC_SEC);
  else
    v.i = (int64_t)llround(it->dflt);
  return v;
}

static prac_rc default_list(const struct prac_conf_item *it, struct prac_arena *a, void *to)
{
  const char *s = it->sdflt ? it->sdflt : "";
  size_t n = 0, most = 1;
  for (const char *p = s; *p; p++) most += *p == ',';
  put_list(it, NULL, 0, to);
  if (!a || !*s) return PRAC_OK;
  void *v = prac_arena_alloc(a, most * entry_size(it));
  if (!v) return PRAC_NOMEM;
  for (const char *p = s; *p; n++) {
    p += strspn(p, " ");
    size_t len = strcspn(p, ",");
    const char *word = prac_arena_strndup(a, p, len);
    if (!word) return PRAC_NOMEM;
    PRAC_TRY(read_entry(it, word, v, n));
    p += len + (p[len] == ',');
  }
  put_list(it, v, n, to);
  return PRAC_OK;
}

prac_rc prac_conf_value_default(const struct prac_conf_item *it, struct prac_arena *a, void *to)
{
  if (is_list(it)) return default_list(it, a, to);
  put(it, default_of(it), to);
  return PRAC_OK;
}

static const char *wrong_name(const struct prac_conf_item *it)
{
  if (!it->key || !*it->key) return "no key";
  if (it->key[strspn(it->key, "abcdefghijklmnopqrstuvwxyz0123456789_-")])
    return "a key is made of a-z, 0-9, - and _";
  if (!it->help || !*it->help) return "no help sentence";
  return NULL;
}

const char *prac_conf_value_wrong(const struct prac_conf_item *it)
{
  const char *name = wrong_name(it);
  if (name) return name;
  if (it->lo > it->hi) return "lo above hi";
  if (it->type == PRAC_CONF_ENUM) {
    size_t n = 0;
    while (it->words && it->words[n]) n++;
    return it->dflt >= 0 && it->dflt < (double)n ? NULL : "the default is not among the words";
  }
  if (is_list(it)) {
    struct prac_arena *a = prac_arena_new(1024);
    struct prac_conf_item here = *it;
    union {
      struct prac_conf_strings s;
      struct prac_conf_prefixes p;
    } list;
    here.offset = 0;
    prac_rc rc = a ? default_list(&here, a, &list) : PRAC_OK;
    prac_arena_free(&a);
    return rc == PRAC_OK ? NULL : "the default list does not read";
  }
  if (it->type == PRAC_CONF_BOOL || it->type == PRAC_CONF_STRING) return NULL;
  return in_range(it, it->dflt) == PRAC_OK ? NULL : "the default is out of its range";
}

/* ---- hash: of meaning, not of memory ---- */

static uint64_t hash_list(uint64_t h, const struct prac_conf_item *it, const void *at)
{
  if (it->type == PRAC_CONF_STRINGS) {
    struct prac_conf_strings l;
    memcpy(&l, at, sizeof l);
    h = prac_hash2(h, l.n, 1);
    for (size_t i = 0; i < l.n; i++) h = prac_hash_bytes(h, l.v[i], strlen(l.v[i]));
    return h;
  }
  struct prac_conf_prefixes l;
  memcpy(&l, at, sizeof l);
  h = prac_hash2(h, l.n, 2);
  for (size_t i = 0; i < l.n; i++) {
    h = prac_hash_bytes(h, l.v[i].ip.b, sizeof l.v[i].ip.b);
    h = prac_hash2(h, l.v[i].bits, 3);
  }
  return h;
}

uint64_t prac_conf_value_hash(uint64_t seed, const struct prac_conf_item *it, const void *from)
{
  const char *at = (const char *)from + it->offset;
  uint64_t h = prac_hash_bytes(seed, it->key, strlen(it->key));
  union value v = {.i = 0};
  if (is_list(it)) return hash_list(h, it, at);
  if (it->type == PRAC_CONF_STRING) {
    memcpy(&v.s, at, sizeof v.s);
    const char *s = v.s ? v.s : "";
    return prac_hash_bytes(h, s, strlen(s));
  }
  if (it->type == PRAC_CONF_ENUM) {
    memcpy(&v.e, at, sizeof v.e);
    return prac_hash_bytes(h, it->words[v.e], strlen(it->words[v.e]));
  }
  if (it->type == PRAC_CONF_BOOL) {
    memcpy(&v.b, at, sizeof v.b);
    return prac_hash2(h, v.b, 0);
  }
  memcpy(&v.i, at, sizeof v.i); /* 8 bytes, int64_t or double */
  return prac_hash2(h, (uint64_t)v.i, 0);
}
