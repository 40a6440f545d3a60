/* What a scope is made of, kept sorted and joined: one scope has one form, so that equal scopes
 * have equal words. */
#include "access/scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/lpm.h"

enum { WORDS_MAX = 4096, PIECES_MAX = 1 << 16, WORD_TEXT = PRAC_IP_TEXT + 2 };

const char *const access_role_names[] = {"viewer", "analyst", "operator", "admin", NULL};
const char *const access_tlp_names[] = {"TLP:CLEAR",        "TLP:GREEN", "TLP:AMBER",
                                        "TLP:AMBER+STRICT", "TLP:RED",   NULL};

/* ---- reading words ---- */

struct parse {
  uint16_t *countries;
  uint32_t *asns;
  struct prac_prefix *prefixes;
  uint32_t n_countries, n_asns, n_prefixes;
  bool all;
};

static int letter(char c)
{
  char up = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
  return up >= 'A' && up <= 'Z' ? up : -1;
}

static bool take_country(struct parse *p, const char *s, size_t n)
{
  if (n != 2 || letter(s[0]) < 0 || letter(s[1]) < 0) return false;
  p->countries[p->n_countries++] = (uint16_t)(letter(s[0]) << 8 | letter(s[1]));
  return true;
}

static bool take_asn(struct parse *p, const char *s, size_t n)
{
  uint64_t v = 0;
  if (n < 3 || n > 12 || letter(s[0]) != 'A' || letter(s[1]) != 'S') return false;
  for (size_t i = 2; i < n; i++) {
    if (s[i] < '0' || s[i] > '9') return false;
    v = v * 10 + (uint64_t)(s[i] - '0');
  }
  if (v == 0 || v > UINT32_MAX) return false;
  p->asns[p->n_asns++] = (uint32_t)v;
  return true;
}

/* "::/0" would be the whole world by another name. */
static bool take_prefix(struct parse *p, const char *s, size_t n)
{
  struct prac_prefix one;
  if (prac_prefix_parse(s, n, &one) != PRAC_OK || one.bits == 0) return false;
  p->prefixes[p->n_prefixes++] = one;
  return true;
}

static prac_rc take_words(struct parse *p, const char *words, struct prac_err *reterr)
{
  static const char gaps[] = " ,\t\r\n";
  for (const char *s = words; *(s += strspn(s, gaps));) {
    size_t n = strcspn(s, gaps);
    if (n == 1 && *s == '*')
      p->all = true;
    else if (!take_country(p, s, n) && !take_asn(p, s, n) && !take_prefix(p, s, n))
      return PRAC_FAIL(reterr, PRAC_MALFORMED,
                       "\"%.*s\" is no country (JP), network (AS64500), prefix (192.0.2.0/24) or *",
                       (int)(n < 60 ? n : 60), s);
    s += n;
  }
  return PRAC_OK;
}

/* ---- one form ---- */

static int by_u16(const void *pa, const void *pb)
{
  const uint16_t *a = pa, *b = pb;
  return (*a > *b) - (*a < *b);
}

static int by_u32(const void *pa, const void *pb)
{
  const uint32_t *a = pa, *b = pb;
  return (*a > *b) - (*a < *b);
}

static int by_prefix(const void *pa, const void *pb)
{
  const struct prac_prefix *a = pa, *b = pb;
  int c = memcmp(&a->ip, &b->ip, sizeof a->ip);
  return c ? c : (a->bits > b->bits) - (a->bits < b->bits);
}

/* What equals its neighbour goes. */
static uint32_t unique(void *v, uint32_t n, size_t size)
{
  unsigned char *at = v;
  uint32_t to = 0;
  for (uint32_t i = 0; i < n; i++)
    if (to == 0 || memcmp(at + (to - 1) * size, at + i * size, size) != 0)
      memmove(at + to++ * size, at + i * size, size);
  return to;
}

/* Are these, in order, the two halves of one wider prefix? */
static bool halves(const struct prac_prefix *a, const struct prac_prefix *b)
{
  struct prac_prefix wide = {a->ip, (uint8_t)(a->bits - 1)};
  return a->bits == b->bits && a->bits > 1 && prac_prefix_has(&wide, &b->ip);
}

/* Sorted: a prefix comes before all that lie in it. IPv4's own halves stay apart from the rest. */
static uint32_t join(struct prac_prefix *v, uint32_t n)
{
  uint32_t to = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (to > 0 && prac_prefix_has(&v[to - 1], &v[i].ip)) continue;
    v[to++] = v[i];
    for (; to > 1 && v[to - 1].bits != 96 && halves(&v[to - 2], &v[to - 1]); to--) v[to - 2].bits--;
  }
  return to;
}

static void sort_out(struct parse *p)
{
  qsort(p->countries, p->n_countries, sizeof *p->countries, by_u16);
  qsort(p->asns, p->n_asns, sizeof *p->asns, by_u32);
  qsort(p->prefixes, p->n_prefixes, sizeof *p->prefixes, by_prefix);
  p->n_countries = unique(p->countries, p->n_countries, sizeof *p->countries);
  p->n_asns = unique(p->asns, p->n_asns, sizeof *p->asns);
  p->n_prefixes = join(p->prefixes, p->n_prefixes);
}

prac_rc access_scope_parse(const char *words, enum access_tlp clearance, struct prac_arena *a,
                           struct access_scope *ret, struct prac_err *reterr)
{
  size_t room = strlen(words) / 2 + 1; /* a word and a gap */
  if (room > WORDS_MAX * (size_t)WORD_TEXT / 2)
    return PRAC_FAIL(reterr, PRAC_RANGE, "a scope of more than %d words", WORDS_MAX);
  struct parse p = {.countries = prac_arena_alloc(a, room * sizeof *p.countries),
                    .asns = prac_arena_alloc(a, room * sizeof *p.asns),
                    .prefixes = prac_arena_alloc(a, room * sizeof *p.prefixes)};
  if (!p.countries || !p.asns || !p.prefixes)
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a scope");
  PRAC_TRY(take_words(&p, words, reterr));
  if (!p.all && p.n_countries + p.n_asns + p.n_prefixes == 0)
    return PRAC_FAIL(reterr, PRAC_RANGE, "a scope names at least one part of the world, or *");
  sort_out(&p);
  *ret = (struct access_scope){.all = p.all, .clearance = clearance};
  if (p.all) return PRAC_OK;
  ret->countries = p.countries;
  ret->n_countries = p.n_countries;
  ret->asns = p.asns;
  ret->n_asns = p.n_asns;
  ret->prefixes = p.prefixes;
  ret->n_prefixes = p.n_prefixes;
  return PRAC_OK;
}

const char *access_scope_words(const struct access_scope *s, struct prac_arena *a)
{
  size_t cap = ((size_t)s->n_countries + s->n_asns + s->n_prefixes + 1) * WORD_TEXT, at = 0;
  char *to = prac_arena_alloc(a, cap), text[PRAC_IP_TEXT];
  if (!to) return NULL;
  if (s->all) to[at++] = '*';
  for (uint32_t i = 0; i < s->n_countries; i++)
    at += (size_t)snprintf(to + at, cap - at, "%s%c%c", at ? " " : "", s->countries[i] >> 8,
                           s->countries[i] & 0xff);
  for (uint32_t i = 0; i < s->n_asns; i++)
    at += (size_t)snprintf(to + at, cap - at, "%sAS%u", at ? " " : "", s->asns[i]);
  for (uint32_t i = 0; i < s->n_prefixes; i++)
    at += (size_t)snprintf(to + at, cap - at, "%s%s", at ? " " : "",
                           prac_prefix_text(text, &s->prefixes[i]));
  return to;
}

/* ---- asking ---- */

static bool has_country(const struct access_scope *s, uint16_t c)
{
  return c && s->n_countries && bsearch(&c, s->countries, s->n_countries, sizeof c, by_u16);
}

bool access_scope_country(const struct access_scope *s, const char *country)
{
  if (s->all) return true;
  if (!country || strlen(country) != 2) return false;
  return has_country(s, (uint16_t)((uint8_t)country[0] << 8 | (uint8_t)country[1]));
}

bool access_scope_asn(const struct access_scope *s, uint32_t asn)
{
  if (s->all) return true;
  return asn && s->n_asns && bsearch(&asn, s->asns, s->n_asns, sizeof asn, by_u32);
}

/* Index of the first prefix that begins behind ip. */
static uint32_t prefix_after(const struct access_scope *s, const struct prac_ip *ip)
{
  uint32_t lo = 0, hi = s->n_prefixes;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (memcmp(&s->prefixes[mid].ip, ip, sizeof *ip) <= 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

/* They do not overlap: only the last that begins at or before ip can hold it. */
static const struct prac_prefix *prefix_at(const struct access_scope *s, const struct prac_ip *ip)
{
  uint32_t i = prefix_after(s, ip);
  return i > 0 && prac_prefix_has(&s->prefixes[i - 1], ip) ? &s->prefixes[i - 1] : NULL;
}

static bool placed(const struct access_scope *s, const struct lookup *geo, const struct prac_ip *ip)
{
  if (!geo || (s->n_countries == 0 && s->n_asns == 0)) return false;
  struct lookup_answer at = lookup_ip(geo, ip);
  return has_country(s, at.country) || access_scope_asn(s, at.asn);
}

bool access_scope_ip(const struct access_scope *s, const struct lookup *geo,
                     const struct prac_ip *ip)
{
  return s->all || prefix_at(s, ip) || placed(s, geo, ip);
}

static struct prac_ip last_of(const struct prac_prefix *p)
{
  struct prac_ip last = p->ip;
  for (unsigned i = 0; i < 16; i++) {
    unsigned have = p->bits > 8 * i ? p->bits - 8 * i : 0;
    if (have < 8) last.b[i] |= (uint8_t)(0xffu >> have);
  }
  return last;
}

static void step_on(struct prac_ip *ip)
{
  for (unsigned i = 16; i-- > 0 && ++ip->b[i] == 0;) continue;
}

static void step_back(struct prac_ip *ip)
{
  for (unsigned i = 16; i-- > 0 && ip->b[i]-- == 0;) continue;
}

/* From `at` on, how far all is inside, or all is outside. */
static struct prac_ip stretch(const struct access_scope *s, const struct lookup *geo,
                              const struct prac_ip *at, bool *inside)
{
  const struct prac_prefix *own = prefix_at(s, at);
  struct prac_ip last;
  memset(&last, 0xff, sizeof last);
  *inside = own || placed(s, geo, at);
  if (own) return last_of(own);
  if (geo) last = lookup_piece_end(geo, at);
  uint32_t next = prefix_after(s, at);
  if (!*inside && next < s->n_prefixes && memcmp(&s->prefixes[next].ip, &last, sizeof last) <= 0) {
    last = s->prefixes[next].ip;
    step_back(&last);
  }
  return last;
}

bool access_scope_prefix(const struct access_scope *s, const struct lookup *geo,
                         const struct prac_prefix *p)
{
  struct prac_ip at = p->ip, end = last_of(p);
  bool inside = true;
  for (int i = 0; i < PIECES_MAX && !s->all; i++) {
    at = stretch(s, geo, &at, &inside);
    if (!inside) return false;
    if (memcmp(&at, &end, sizeof end) >= 0) return true;
    step_on(&at);
  }
  return s->all; /* nobody asks for so many pieces at once */
}

/* All of from..to as prefixes. */
static bool put_range(struct prac_ip from, const struct prac_ip *to, struct prac_prefix *v,
                      uint32_t cap, uint32_t *n)
{
  for (;; step_on(&from)) {
    if (*n == cap) return false;
    v[*n] = prac_lpm_prefix_in(&from, &from, to);
    from = last_of(&v[(*n)++]);
    if (memcmp(&from, to, sizeof from) >= 0) return true;
  }
}

bool access_scope_within(const struct access_scope *s, const struct lookup *geo,
                         const struct prac_prefix *p, struct prac_prefix *v, uint32_t cap,
                         uint32_t *n)
{
  struct prac_ip at = p->ip, end = last_of(p), from = at;
  bool inside = true, was = false;
  for (int i = 0; i < PIECES_MAX; i++) {
    struct prac_ip before = at, last = s->all ? end : stretch(s, geo, &at, &inside);
    if (memcmp(&last, &end, sizeof end) > 0) last = end;
    if (inside && !was) from = at;
    if (!inside && was) {
      step_back(&before);
      if (!put_range(from, &before, v, cap, n)) return false;
    }
    was = inside;
    at = last;
    if (memcmp(&at, &end, sizeof end) >= 0) return !inside || put_range(from, &end, v, cap, n);
    step_on(&at);
  }
  return false;
}

/* "red" is meant as it is read: a careless label must not open what a careful one closes. */
enum access_tlp access_tlp_of(const char *label)
{
  enum { HEAD = sizeof "TLP:" - 1 };
  for (int i = 0; label && access_tlp_names[i]; i++)
    if (strcasecmp(access_tlp_names[i], label) == 0 ||
        strcasecmp(access_tlp_names[i] + HEAD, label) == 0)
      return (enum access_tlp)i;
  return ACCESS_AMBER;
}

bool access_scope_tlp(const struct access_scope *s, const char *label)
{
  return access_tlp_of(label) <= s->clearance;
}
