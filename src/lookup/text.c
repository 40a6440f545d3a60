/* Address lists and range CSVs: one pass over the bytes, one line at a time, no regular
 * expressions, no allocation per line. */
#include <stdlib.h>
#include <string.h>

#include "lookup/files.h"

enum { RANGES_MAX = 1 << 24, NAME_MAX_BYTES = 96, SEEN_BELOW = 1 << 20 };

prac_rc lookup_ranges_add(struct lookup_ranges *r, struct prac_lpm_range one)
{
  if (r->n == r->cap) {
    size_t cap = r->cap ? 2 * r->cap : 256;
    if (cap > RANGES_MAX) return PRAC_FULL;
    struct prac_lpm_range *v = realloc(r->v, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    r->v = v;
    r->cap = cap;
  }
  r->v[r->n++] = one;
  return PRAC_OK;
}

void lookup_ranges_done(struct lookup_ranges *r)
{
  free(r->v);
  *r = (struct lookup_ranges){.v = NULL};
}

struct text { /* a part of a line */
  const char *p;
  size_t n;
};

static struct text trimmed(struct text t)
{
  while (t.n > 0 && (unsigned char)t.p[0] <= ' ') t.p++, t.n--;
  while (t.n > 0 && (unsigned char)t.p[t.n - 1] <= ' ') t.n--;
  return t;
}

static struct text next_line(const char **p, const char *end)
{
  const char *nl = memchr(*p, '\n', (size_t)(end - *p));
  struct text line = {*p, (size_t)((nl ? nl : end) - *p)};
  *p = nl ? nl + 1 : end;
  return line;
}

static struct text next_word(struct text *rest, const char *also_ends)
{
  *rest = trimmed(*rest);
  struct text w = {rest->p, 0};
  while (w.n < rest->n && (unsigned char)rest->p[w.n] > ' ' && !strchr(also_ends, rest->p[w.n]))
    w.n++;
  rest->p += w.n;
  rest->n -= w.n;
  return w;
}

static bool is(struct text t, const char *word)
{
  return t.n == strlen(word) && memcmp(t.p, word, t.n) == 0;
}

static void bad_line(struct lookup_read *ret, uint64_t line)
{
  ret->refused++;
  if (!ret->first_bad) ret->first_bad = line;
}

/* ---- lists ---- */

static bool too_wide(const struct prac_prefix *p)
{
  return p->bits < (prac_ip_is4(&p->ip) ? 104 : 16);
}

static bool list_range(struct text t, uint32_t value, struct prac_lpm_range *ret)
{
  struct prac_prefix p;
  const char *dash = memchr(t.p, '-', t.n);
  if (!dash) {
    if (prac_prefix_parse(t.p, t.n, &p) != PRAC_OK || too_wide(&p)) return false;
    *ret = prac_lpm_range_of(&p, value);
    return true;
  }
  size_t n = (size_t)(dash - t.p);
  if (prac_ip_parse(t.p, n, &ret->first) != PRAC_OK ||
      prac_ip_parse(dash + 1, t.n - n - 1, &ret->last) != PRAC_OK ||
      memcmp(&ret->first, &ret->last, sizeof ret->first) > 0)
    return false;
  /* as wide as a /8 at most: the first byte that may differ is the second of an IPv4 address */
  ret->value = value;
  return memcmp(&ret->first, &ret->last, prac_ip_is4(&ret->first) ? 13 : 2) == 0;
}

/* The address part of a line; n 0: the line says nothing. */
static struct text list_word(struct text line)
{
  struct text rest = trimmed(line), w = next_word(&rest, "#;,");
  if (is(w, "-")) w = next_word(&rest, "#;,"); /* a YAML list item */
  if (is(w, "create") || is(w, "COMMIT") || (w.n >= 2 && memcmp(w.p, "//", 2) == 0)) w.n = 0;
  if (w.n > 0 && w.p[w.n - 1] == ':' && trimmed(rest).n == 0 && !memchr(w.p, ':', w.n - 1))
    w.n = 0; /* a YAML key */
  if (is(w, "add")) {
    (void)next_word(&rest, "");
    w = next_word(&rest, "#;,");
  }
  return w;
}

prac_rc lookup_list_parse(const char *text, size_t n, uint32_t value, struct lookup_ranges *to,
                          struct lookup_read *ret)
{
  *ret = (struct lookup_read){0};
  uint64_t number = 1;
  for (const char *p = text, *end = text + n; p < end; number++) {
    struct text w = list_word(next_line(&p, end));
    struct prac_lpm_range r;
    if (w.n == 0) continue;
    if (!list_range(w, value, &r)) {
      bad_line(ret, number);
      continue;
    }
    PRAC_TRY(lookup_ranges_add(to, r));
    ret->taken++;
  }
  return PRAC_OK;
}

/* ---- names ---- */

static size_t letter_bytes(unsigned first)
{
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
}

/* Bytes of one UTF-8 letter at p that may be shown, 0 when it is none: text of strangers ends up
 * on pages. */
static size_t letter(const unsigned char *p, size_t n)
{
  static const struct { /* lead bytes whose second byte has narrower bounds */
    uint8_t first, lo, hi;
  } narrow[] = {{0xc2, 0xa0, 0xbf},
                {0xe0, 0xa0, 0xbf},
                {0xed, 0x80, 0x9f},
                {0xf0, 0x90, 0xbf},
                {0xf4, 0x80, 0x8f}};
  size_t len = letter_bytes(p[0]);
  if (len > n || (len == 1 && (p[0] < 0x20 || p[0] == 0x7f))) return 0;
  for (size_t i = 1; i < len; i++)
    if ((p[i] & 0xc0) != 0x80) return 0;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(narrow); i++)
    if (p[0] == narrow[i].first && (p[1] < narrow[i].lo || p[1] > narrow[i].hi)) return 0;
  return len;
}

/* s as far as it may be shown; returns the bytes. */
static size_t clean_name(char clean[NAME_MAX_BYTES], const char *s, size_t n)
{
  size_t k = 0;
  for (size_t i = 0; i < n;) {
    size_t len = letter((const unsigned char *)s + i, n - i), add = len ? len : 1;
    if (k + add > NAME_MAX_BYTES) break;
    if (len)
      memcpy(clean + k, s + i, len);
    else
      clean[k] = '?';
    k += add;
    i += add;
  }
  return k;
}

static bool seen(struct lookup_names *l, uint32_t asn)
{
  if (l->n > 0 && l->v[l->n - 1].asn == asn) return true;
  if (!l->seen) l->seen = calloc(SEEN_BELOW / 8, 1);
  if (!l->seen || asn >= SEEN_BELOW) return false; /* sorting finds it later */
  uint8_t bit = (uint8_t)(1u << (asn % 8)), was = l->seen[asn / 8] & bit;
  l->seen[asn / 8] |= bit;
  return was != 0;
}

prac_rc lookup_names_add(struct lookup_names *l, uint32_t asn, const char *s, size_t n)
{
  char clean[NAME_MAX_BYTES + 1];
  if (n == 0 || asn == 0 || seen(l, asn)) return PRAC_OK;
  size_t k = clean_name(clean, s, n);

  if (l->n == l->cap) {
    size_t cap = l->cap ? 2 * l->cap : 1024;
    struct lookup_name *v = cap > RANGES_MAX ? NULL : realloc(l->v, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    l->v = v;
    l->cap = cap;
  }
  if (!l->a && !(l->a = prac_arena_new(1 << 18))) return PRAC_NOMEM;
  const char *name = prac_arena_strndup(l->a, clean, k);
  if (!name) return PRAC_NOMEM;
  l->v[l->n] = (struct lookup_name){asn, (uint32_t)l->n, name};
  l->n++;
  return PRAC_OK;
}

static int by_asn(const void *x, const void *y)
{
  const struct lookup_name *a = x, *b = y;
  if (a->asn != b->asn) return a->asn < b->asn ? -1 : 1;
  return a->order < b->order ? -1 : a->order > b->order;
}

void lookup_names_sort(struct lookup_names *l)
{
  size_t kept = 0;
  if (l->n == 0) return;
  qsort(l->v, l->n, sizeof *l->v, by_asn);
  for (size_t i = 0; i < l->n; i++)
    if (i == 0 || l->v[i].asn != l->v[kept - 1].asn) l->v[kept++] = l->v[i];
  l->n = kept;
}

const char *lookup_names_find(const struct lookup_names *l, uint32_t asn)
{
  size_t lo = 0, n = l->n;
  while (n > 0) {
    size_t half = n / 2;
    if (l->v[lo + half].asn == asn) return l->v[lo + half].name;
    if (l->v[lo + half].asn < asn) {
      lo += half + 1;
      n -= half + 1;
    } else
      n = half;
  }
  return "";
}

void lookup_names_done(struct lookup_names *l)
{
  free(l->v);
  free(l->seen);
  prac_arena_free(&l->a);
  *l = (struct lookup_names){.v = NULL};
}

/* ---- CSV ---- */

/* One field; quotes are taken off (doubled ones inside stay: names only). */
static struct text field(struct text *line)
{
  struct text f = *line;
  bool quoted = f.n > 0 && f.p[0] == '"';
  size_t i = quoted;
  if (quoted)
    while (i < f.n && !(f.p[i] == '"' && !(i + 1 < f.n && f.p[i + 1] == '"')))
      i += f.p[i] == '"' ? 2 : 1;
  size_t from = quoted, to = i < f.n ? i : f.n;
  while (i < f.n && f.p[i] != ',') i++;
  if (!quoted) to = i;
  line->p += i < f.n ? i + 1 : f.n;
  line->n -= i < f.n ? i + 1 : f.n;
  return trimmed((struct text){f.p + from, to - from});
}

/* "1.0.0.0", "2001:db8::" or a whole number: below 2^32 it is IPv4. */
static bool csv_address(struct text t, struct prac_ip *ret)
{
  __uint128_t v = 0;
  if (prac_ip_parse(t.p, t.n, ret) == PRAC_OK) return true;
  if (t.n == 0 || t.n > 39) return false;
  for (size_t i = 0; i < t.n; i++) {
    if (t.p[i] < '0' || t.p[i] > '9') return false;
    __uint128_t next = v * 10 + (unsigned)(t.p[i] - '0');
    if (next / 10 != v) return false;
    v = next;
  }
  *ret = v <= UINT32_MAX ? prac_ip4((uint32_t)v) : prac_ip_of((uint64_t)(v >> 64), (uint64_t)v);
  return true;
}

static bool csv_number(struct text t, uint32_t *ret)
{
  uint64_t v = 0;
  if (t.n > 2 && (t.p[0] | 0x20) == 'a' && (t.p[1] | 0x20) == 's') t.p += 2, t.n -= 2;
  if (t.n == 0 || t.n > 10) return false;
  for (size_t i = 0; i < t.n; i++) {
    if (t.p[i] < '0' || t.p[i] > '9') return false;
    v = v * 10 + (unsigned)(t.p[i] - '0');
  }
  *ret = (uint32_t)v;
  return v <= UINT32_MAX;
}

prac_rc lookup_csv_parse(const char *text, size_t n, struct lookup_ranges *to,
                         struct lookup_names *names, struct lookup_read *ret)
{
  *ret = (struct lookup_read){0};
  uint64_t number = 1;
  for (const char *p = text, *end = text + n; p < end; number++) {
    struct text line = trimmed(next_line(&p, end)), name;
    struct prac_lpm_range r;
    if (line.n == 0 || line.p[0] == '#') continue;
    struct text first = field(&line), last = field(&line), asn = field(&line);
    name = field(&line);
    bool good = csv_address(first, &r.first) && csv_address(last, &r.last) &&
                csv_number(asn, &r.value) && memcmp(&r.first, &r.last, sizeof r.first) <= 0;
    if (!good) {
      if (number > 1) bad_line(ret, number); /* the first may be a heading */
      continue;
    }
    PRAC_TRY(lookup_ranges_add(to, r));
    PRAC_TRY(lookup_names_add(names, r.value, name.p, name.n));
    ret->taken++;
  }
  return PRAC_OK;
}
