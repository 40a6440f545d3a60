/* Addresses in texts. A text is cut into runs of the letters that addresses are made of; a run that
 * has the shape of an address must read as one that is inside, or it goes. */
#include <stdlib.h>
#include <string.h>

#include "access/gate_int.h"

static const char outside[] = "[outside]";

struct scan {
  const struct gate_who *w;
  const char *s; /* the whole text */
  char *to;      /* NULL: only looked at */
  size_t at;     /* bytes written */
  bool ok;
};

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_letter(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void copy(struct scan *t, const char *s, size_t n)
{
  if (t->to) memcpy(t->to + t->at, s, n);
  t->at += n;
}

static void hide(struct scan *t)
{
  copy(t, outside, sizeof outside - 1);
  t->ok = false;
}

/* ---- is it inside? ---- */

static bool is_own(const struct scan *t, const struct prac_ip *ip)
{
  const struct prac_ip *own = t->w->own;
  uint8_t back[16];
  if (!own) return false;
  size_t n = prac_ip_is4(own) ? 4 : 16;
  for (size_t i = 0; i < n; i++) back[i] = own->b[15 - i];
  return memmem(ip->b, 16, own->b + 16 - n, n) || memmem(ip->b, 16, back, n);
}

static bool ip_ok(const struct scan *t, const struct prac_ip *ip)
{
  return !is_own(t, ip) && (prac_ip_is_zero(ip) || access_scope_ip(t->w->scope, t->w->geo, ip));
}

static bool all_ok(const struct scan *t, const struct prac_prefix *p)
{
  if (is_own(t, &p->ip) || (t->w->own && prac_prefix_has(p, t->w->own))) return false;
  return access_scope_prefix(t->w->scope, t->w->geo, p);
}

/* after: what follows the address; "/24" makes it a prefix, all of which must be inside. */
static bool prefix_ok(const struct scan *t, const struct prac_ip *ip, const char *after)
{
  unsigned bits = 0, max = prac_ip_is4(ip) ? 32 : 128;
  struct prac_prefix p = {.ip = *ip};
  if (*after != '/' || !is_digit(after[1])) return ip_ok(t, ip);
  for (after++; is_digit(*after) && bits <= max; after++)
    bits = bits * 10 + (unsigned)(*after - '0');
  if (bits > max) return ip_ok(t, ip);
  p.bits = (uint8_t)(bits + 128 - max);
  for (unsigned i = p.bits; i < 128; i++) p.ip.b[i / 8] &= (uint8_t) ~(0x80u >> i % 8);
  return all_ok(t, &p);
}

/* ---- IPv4 ---- */

/* Up to `max` numbers of 0..255 with sep between; 0: it is something else. */
static size_t quads(const char *s, size_t n, char sep, uint8_t *to, size_t max)
{
  size_t k = 0, i = 0;
  for (;; i++) {
    unsigned v = 0, digits = 0;
    for (; i < n && is_digit(s[i]); i++, digits++)
      if (digits < 3) v = v * 10 + (unsigned)(s[i] - '0');
    if (digits == 0 || digits > 3 || v > 255 || k == max) return 0;
    to[k++] = (uint8_t)v;
    if (i == n) return k;
    if (s[i] != sep) return 0;
  }
}

static struct prac_ip ip_of(const uint8_t q[4])
{
  return prac_ip4((uint32_t)q[0] << 24 | (uint32_t)q[1] << 16 | (uint32_t)q[2] << 8 | q[3]);
}

static bool follows(const char *s, const char *word)
{
  for (; *word; s++, word++)
    if ((*s | 0x20) != (*word | 0x20)) return false;
  return true;
}

/* 9.113.0.203.in-addr.arpa, or with fewer numbers: a prefix. */
static bool backwards4_ok(const struct scan *t, const char *s, size_t n)
{
  uint8_t q[4], r[4] = {0};
  size_t k = quads(s, n, '.', q, 4);
  if (k == 0) return false;
  for (size_t i = 0; i < k; i++) r[i] = q[k - 1 - i];
  struct prac_prefix p = {ip_of(r), (uint8_t)(96 + 8 * k)};
  return all_ok(t, &p);
}

/* Nibbles, the last first. */
static bool backwards6_ok(const struct scan *t, const char *s, size_t n)
{
  struct prac_prefix p = {.bits = 0};
  unsigned k = 0;
  for (size_t i = n; i > 0; k++) {
    char c = (char)(s[i - 1] | 0x20);
    if (k == 32 || !is_hex(s[i - 1])) return false;
    unsigned v = is_digit(c) ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;
    p.ip.b[k / 2] |= (uint8_t)(k % 2 ? v : v << 4);
    if (--i > 0 && s[--i] != '.') return false;
  }
  p.bits = (uint8_t)(4 * k);
  return k > 0 && all_ok(t, &p);
}

static size_t count(const char *s, size_t n, char c)
{
  size_t k = 0;
  for (size_t i = 0; i < n; i++) k += s[i] == c;
  return k;
}

/* Digits and dots without a dot at either end. */
static bool dotted_ok(const struct scan *t, const char *s, size_t n)
{
  uint8_t q[4];
  const char *after = s + n;
  if (follows(after, ".in-addr.arpa")) return backwards4_ok(t, s, n);
  if (count(s, n, '.') < 3) return true;
  if (quads(s, n, '.', q, 4) != 4) return false;
  struct prac_ip ip = ip_of(q);
  return prefix_ok(t, &ip, after);
}

static void dotted(struct scan *t, const char *s, size_t n)
{
  for (size_t i = 0; i < n;) {
    size_t k = i;
    while (k < n && (is_digit(s[k]) || (k > i && s[k] == '.'))) k++;
    size_t len = k - i;
    while (len > 0 && s[i + len - 1] == '.') len--;
    if (len == 0) {
      copy(t, s + i, 1);
      i++;
      continue;
    }
    if (dotted_ok(t, s + i, len))
      copy(t, s + i, len);
    else
      hide(t);
    i += len;
  }
}

/* ---- numbers with dashes: 203-0-113-9, as in host names ---- */

static bool dashed_ok(const struct scan *t, const char *s, size_t n)
{
  uint8_t last[4] = {0};
  size_t k = 0; /* numbers in a row that could be part of an address */
  for (size_t i = 0; i < n; i++) {
    size_t len = 0;
    while (i + len < n && s[i + len] != '-') len++;
    uint8_t q;
    memmove(last, last + 1, 3);
    k = quads(s + i, len, '-', &q, 1) == 1 ? k + 1 : 0;
    last[3] = k ? q : 0;
    struct prac_ip ip = ip_of(last);
    if (k >= 4 && !ip_ok(t, &ip)) return false;
    i += len;
  }
  return true;
}

/* ---- IPv6 ---- */

/* IPv4 that stands at the end of an IPv6 address must be inside too, whatever the prefix says. */
static bool tail_ok(const struct scan *t, const char *s, size_t n)
{
  const char *colon = memrchr(s, ':', n), *end = s + n;
  uint8_t q[4];
  if (!colon || !memchr(colon, '.', (size_t)(end - colon))) return true;
  if (quads(colon + 1, (size_t)(end - colon - 1), '.', q, 4) != 4) return false;
  struct prac_ip ip = ip_of(q);
  return ip_ok(t, &ip);
}

/* 1 inside, 0 outside, -1 no address */
static int v6(const struct scan *t, const char *s, size_t n)
{
  struct prac_ip ip;
  if (prac_ip_parse(s, n, &ip) != PRAC_OK) return -1;
  return tail_ok(t, s, n) && prefix_ok(t, &ip, s + n);
}

/* The run may touch words: in "drdos:2001:db8::1:dns" the d at its end is none of the address'. */
static bool colons_ok(const struct scan *t, const char *s, size_t n)
{
  const char *from = s, *to = s + n;
  if (s > t->s && is_letter(s[-1])) from = memchr(s, ':', n);
  if (is_letter(*to)) to = memrchr(s, ':', n);
  if (from < to && *from == ':' && from[1] != ':') from++;
  while (to > from && (to[-1] == '.' || (to[-1] == ':' && to - from > 1 && to[-2] != ':'))) to--;
  int inside = from < to ? v6(t, from, (size_t)(to - from)) : -1;
  return (inside < 0 ? v6(t, s, n) : inside) == 1;
}

/* Times and hardware addresses have colons too, but never two in a row, nor seven. */
static bool like_v6(const char *s, size_t n)
{
  return memmem(s, n, "::", 2) || count(s, n, ':') >= 7;
}

/* ---- a whole text ---- */

static bool in_run(char c)
{
  return is_hex(c) || c == ':' || c == '.';
}

static void run(struct scan *t, const char *s, size_t n)
{
  if (follows(s + n, "ip6.arpa") && n > 1 && s[n - 1] == '.') {
    if (!backwards6_ok(t, s, n - 1)) {
      hide(t);
      copy(t, ".", 1);
    } else {
      copy(t, s, n);
    }
  } else if (!like_v6(s, n)) {
    dotted(t, s, n);
  } else if (colons_ok(t, s, n)) {
    copy(t, s, n);
  } else {
    size_t end = n;
    if (s[0] == ':' && s[1] != ':') copy(t, s, 1);
    while (s[end - 1] == '.') end--;
    hide(t);
    copy(t, s + end, n - end);
  }
}

/* The last letter of ".arpa": it is of the name before it, whatever follows. */
static bool ends_name(const struct scan *t, const char *s)
{
  return s - t->s >= 4 && follows(s - 4, ".arpa");
}

static void runs(struct scan *t)
{
  for (const char *s = t->s; *s;) {
    size_t n = 0;
    while (!ends_name(t, s) && in_run(s[n])) n++;
    if (n > 0)
      run(t, s, n);
    else
      copy(t, s, n = 1);
    s += n;
  }
}

static void dashes(struct scan *t)
{
  for (const char *s = t->s; *s;) {
    size_t n = 0;
    while (is_digit(s[n]) || (n > 0 && s[n] == '-')) n++;
    if (n > 0 && !dashed_ok(t, s, n))
      hide(t);
    else
      copy(t, s, n ? n : (n = 1));
    s += n;
  }
}

/* ---- addresses as numbers ---- */

static bool is_alnum(char c)
{
  return is_digit(c) || is_letter(c);
}

/* s as a number; false: another digit, or more than 32 bits. */
static bool number(const char *s, size_t n, unsigned base, uint32_t *ret)
{
  uint64_t v = 0;
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)(s[i] | 0x20);
    unsigned d = c >= '0' && c <= '9' ? c - '0' + 0u : c >= 'a' && c <= 'f' ? c - 'a' + 10u : 99;
    if (d >= base) return false;
    v = v * base + d;
    if (v > UINT32_MAX) return false;
  }
  *ret = (uint32_t)v;
  return true;
}

int gate_by_bytes(const void *a, const void *b)
{
  return memcmp(a, b, sizeof(struct prac_ip));
}

static bool is_named(const struct scan *t, struct prac_ip ip)
{
  const struct gate_who *w = t->w;
  return is_own(t, &ip) ||
         (w->n_named && bsearch(&ip, w->named, w->n_named, sizeof ip, gate_by_bytes));
}

static bool named6(const struct scan *t, const char *s)
{
  struct prac_ip ip;
  for (size_t i = 0; i < 4; i++) {
    uint32_t v;
    if (!number(s + 8 * i, 8, 16, &v)) return false;
    for (size_t k = 0; k < 4; k++) ip.b[4 * i + k] = (uint8_t)(v >> (24 - 8 * k));
  }
  return is_named(t, ip);
}

/* What is behind 0x: eight digits are an address, whatever the record names; fewer or 32 of them
 * may be one that it names. */
static bool hex_ok(const struct scan *t, const char *s, size_t n)
{
  uint32_t v;
  if (n == 32) return !named6(t, s);
  if (n > 8 || !number(s, n, 16, &v)) return true;
  struct prac_ip ip = prac_ip4(v);
  return n == 8 ? ip_ok(t, &ip) : !is_named(t, ip);
}

/* Of our own address also as digits of a longer word. */
static bool has_own(const struct scan *t, const char *s, size_t n)
{
  uint32_t v;
  for (size_t i = 0; i + 8 <= n; i++) {
    if (number(s + i, 8, 16, &v) && is_named(t, prac_ip4(v))) return true;
    for (size_t k = 8; k <= 10 && i + k <= n; k++)
      if (number(s + i, k, 10, &v) && is_named(t, prac_ip4(v))) return true;
    if (i + 32 <= n && named6(t, s + i)) return true;
  }
  return false;
}

/* A word of letters and digits. */
static bool number_ok(const struct scan *t, const char *s, size_t n)
{
  uint32_t v;
  if (t->w->own && has_own(t, s, n)) return false;
  if (n > 2 && s[0] == '0' && (s[1] | 0x20) == 'x') return hex_ok(t, s + 2, n - 2);
  if (n >= 8 && n <= 10 && number(s, n, 10, &v) && is_named(t, prac_ip4(v))) return false;
  if (n == 8 && number(s, n, 16, &v) && is_named(t, prac_ip4(v))) return false;
  return n != 32 || !named6(t, s);
}

static void numbers(struct scan *t)
{
  for (const char *s = t->s; *s;) {
    size_t n = 0;
    while (is_alnum(s[n])) n++;
    if (n > 0 && !number_ok(t, s, n))
      hide(t);
    else
      copy(t, s, n ? n : (n = 1));
    s += n;
  }
}

bool gate_text_ok(const struct gate_who *w, const char *s)
{
  struct scan t = {.w = w, .s = s, .ok = true};
  if (!s || (w->scope->all && !w->own)) return true;
  dashes(&t);
  if (t.ok) runs(&t);
  if (t.ok) numbers(&t);
  return t.ok;
}

/* First how long it gets, then into as much memory. */
static prac_rc clean(const struct gate_who *w, const char **s, void (*pass)(struct scan *t),
                     struct prac_arena *a)
{
  struct scan t = {.w = w, .s = *s, .ok = true};
  pass(&t);
  if (t.ok) return PRAC_OK;
  t.to = prac_arena_alloc(a, t.at + 1);
  if (!t.to) return PRAC_NOMEM;
  t.at = 0;
  pass(&t);
  t.to[t.at] = 0;
  *s = t.to;
  return PRAC_OK;
}

prac_rc gate_text(const struct gate_who *w, const char **s, struct prac_arena *a)
{
  if (!*s || w->scope->all) return PRAC_OK;
  PRAC_TRY(clean(w, s, dashes, a));
  PRAC_TRY(clean(w, s, runs, a));
  return clean(w, s, numbers, a);
}

prac_rc access_gate_text(const struct access_scope *scope, const struct lookup *geo, const char **s,
                         struct prac_arena *a)
{
  return gate_text(&(struct gate_who){scope, geo}, s, a);
}

/* ---- words of a query ---- */

/* The senders of a list that are inside; false: none. */
static bool senders(const struct gate_who *w, const char *s, size_t n, char *to, size_t *at)
{
  size_t start = *at;
  for (size_t i = 0, len; i < n; i += len + 1) {
    struct prac_prefix p;
    const char *comma = memchr(s + i, ',', n - i);
    len = comma ? (size_t)(comma - s) - i : n - i;
    if (prac_prefix_parse(s + i, len, &p) != PRAC_OK || !access_scope_prefix(w->scope, w->geo, &p))
      continue;
    if (*at > start) to[(*at)++] = ',';
    memcpy(to + *at, s + i, len);
    *at += len;
  }
  return *at > start;
}

prac_rc gate_words(const struct gate_who *w, const char **s, struct prac_arena *a)
{
  static const char src[] = "src=";
  const char *from = *s;
  if (!from) return PRAC_OK;
  char *to = prac_arena_alloc(a, strlen(from) + 1);
  size_t at = 0;
  if (!to) return PRAC_NOMEM;
  for (size_t n; *from; from += n) {
    n = strcspn(from, " ");
    if (n > 0 && !memmem(from, n, "dst=", 4)) {
      if (at > 0) to[at++] = ' ';
      bool list = strncmp(from, src, sizeof src - 1) == 0;
      memcpy(to + at, from, list ? sizeof src - 1 : n);
      at += list ? sizeof src - 1 : n;
      if (list && !senders(w, from + sizeof src - 1, n - (sizeof src - 1), to, &at)) {
        *s = "";
        return PRAC_OK;
      }
    }
    n += strspn(from + n, " ");
  }
  to[at] = 0;
  *s = to;
  return gate_text(w, s, a);
}
