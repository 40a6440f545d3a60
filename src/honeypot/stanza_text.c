/* The little language of a stanza's conditions and parts. It is read once, at start, from a file of
 * the operator's; what it makes is plain bytes and numbers. */
#include <string.h>

#include "honeypot/stanza.h"

enum { BYTES_MAX = 1200, CONDITIONS = 8 };

struct scan {
  const char *p;
  struct prac_arena *a;
  const char *why;
};

static bool wrong(struct scan *s, const char *why)
{
  if (!s->why) s->why = why;
  return false;
}

static void blanks(struct scan *s)
{
  while (*s->p == ' ' || *s->p == '\t') s->p++;
}

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static int hex_digit(char c)
{
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

static bool number(struct scan *s, uint32_t most, uint32_t *ret)
{
  uint32_t v = 0;
  blanks(s);
  if (!is_digit(*s->p)) return wrong(s, "a number is missing");
  for (; is_digit(*s->p); s->p++) {
    v = v * 10 + (uint32_t)(*s->p - '0');
    if (v > most) return wrong(s, "a number is too large");
  }
  *ret = v;
  return true;
}

/* One character of a quoted text, escapes resolved. */
static bool quoted_char(struct scan *s, uint8_t *ret)
{
  static const char from[] = "rnt0\\\"", to[] = "\r\n\t\0\\\"";
  if (*s->p != '\\') {
    *ret = (uint8_t)*s->p++;
    return true;
  }
  char c = *++s->p;
  const char *at = c ? strchr(from, c) : NULL;
  if (c == 'x') {
    int hi = hex_digit(s->p[1]), lo = hi < 0 ? -1 : hex_digit(s->p[2]);
    if (lo < 0) return wrong(s, "\\x needs two hexadecimal digits");
    *ret = (uint8_t)(hi * 16 + lo);
    s->p += 3;
    return true;
  }
  if (!at) return wrong(s, "after \\ stands one of r, n, t, 0, \\, \", x");
  *ret = (uint8_t)to[at - from];
  s->p++;
  return true;
}

static bool quoted(struct scan *s, uint8_t *to, uint32_t *ret_n)
{
  uint32_t n = 0;
  for (s->p++; *s->p && *s->p != '"'; n++) {
    if (n == BYTES_MAX) return wrong(s, "more than 1200 bytes");
    if (!quoted_char(s, &to[n])) return false;
  }
  if (*s->p++ != '"') return wrong(s, "a text has no closing quote");
  *ret_n = n;
  return true;
}

static bool hexadecimal(struct scan *s, uint8_t *to, uint32_t *ret_n)
{
  uint32_t n = 0;
  for (;;) {
    blanks(s);
    int hi = hex_digit(*s->p);
    if (hi < 0) break;
    int lo = hex_digit(s->p[1]);
    if (lo < 0) return wrong(s, "hexadecimal digits come in pairs");
    if (n == BYTES_MAX) return wrong(s, "more than 1200 bytes");
    to[n++] = (uint8_t)(hi * 16 + lo);
    s->p += 2;
  }
  *ret_n = n;
  return n > 0 || wrong(s, "bytes are missing: hexadecimal digits or a \"text\"");
}

static bool bytes(struct scan *s, const uint8_t **ret, uint32_t *ret_n)
{
  uint8_t to[BYTES_MAX];
  blanks(s);
  if (!(*s->p == '"' ? quoted(s, to, ret_n) : hexadecimal(s, to, ret_n))) return false;
  uint8_t *kept = prac_arena_alloc(s->a, *ret_n + 1);
  if (!kept) return wrong(s, "no memory");
  memcpy(kept, to, *ret_n);
  *ret = kept;
  return true;
}

static bool comparison(struct scan *s, struct hp_match *m)
{
  bool here = m->kind == HP_MATCH_AT;
  if (here && *s->p == '~') {
    m->kind = HP_MATCH_ANY_CASE;
    s->p++;
    return true;
  }
  if (here && *s->p == '!') {
    m->differs = true;
    s->p++;
  }
  return *s->p++ == '=' || wrong(s, "= is missing");
}

/* "any", "4 = 0001", "0 & f8 = 38", "0 ~ \"m-search\"", "* = \"find_node\"" */
static bool condition(struct scan *s, struct hp_match *m)
{
  uint32_t n_mask = 0;
  *m = (struct hp_match){.kind = HP_MATCH_AT};
  blanks(s);
  if (strncmp(s->p, "any", 3) == 0) {
    s->p += 3;
    return true;
  }
  if (*s->p == '*') {
    s->p++;
    m->kind = HP_MATCH_ANYWHERE;
  } else if (!is_digit(*s->p)) {
    return wrong(s, "a condition is one of: any, OFFSET = BYTES, OFFSET != BYTES, OFFSET & MASK = "
                    "BYTES, OFFSET ~ TEXT, * = BYTES");
  } else if (!number(s, 65535, &m->at)) {
    return false;
  }
  blanks(s);
  if (*s->p == '&') {
    s->p++;
    if (!bytes(s, &m->mask, &n_mask)) return false;
    blanks(s);
  }
  if (!comparison(s, m) || !bytes(s, &m->bytes, &m->n)) return false;
  return !m->mask || n_mask == m->n || wrong(s, "a mask is as long as its bytes");
}

bool hp_stanza_alternative(const char *text, struct prac_arena *a, struct hp_alternative *ret,
                           const char **why)
{
  struct scan s = {.p = text, .a = a};
  struct hp_match *v = prac_arena_alloc(a, CONDITIONS * sizeof *v);
  size_t n = 0;
  bool more = v != NULL;
  for (bool ok = true; more && ok; n++) {
    ok = n < CONDITIONS ? condition(&s, &v[n]) : wrong(&s, "more than 8 conditions");
    blanks(&s);
    more = ok && *s.p == ';';
    if (more) s.p++;
    if (ok && !more && *s.p) ok = wrong(&s, "; stands between conditions");
  }
  *ret = (struct hp_alternative){v, n};
  *why = v ? s.why : "no memory";
  return !*why;
}

enum shape { NOTHING, BYTES, N, AT_N, TEXT_N, N_BYTE, LENGTH };
static const struct {
  const char *word;
  enum hp_part_kind kind;
  enum shape shape;
} words[] = {
    {"hex", HP_PART_BYTES, BYTES},
    {"text", HP_PART_BYTES, BYTES},
    {"copy", HP_PART_COPY, AT_N},
    {"host", HP_PART_HOST, NOTHING},
    {"after", HP_PART_AFTER, TEXT_N},
    {"id", HP_PART_ID, N},
    {"uptime", HP_PART_UPTIME, N},
    {"time", HP_PART_TIME, N},
    {"own", HP_PART_OWN, NOTHING},
    {"sender", HP_PART_SRC, NOTHING},
    {"sender-port", HP_PART_SPORT, NOTHING},
    {"pad", HP_PART_PAD, N_BYTE},
    {"length", HP_PART_LENGTH, LENGTH},
    {"length-le", HP_PART_LENGTHLE, LENGTH},
};

static bool length_rest(struct scan *s, struct hp_part *p)
{
  uint32_t add = 0;
  if (!number(s, 8, &p->n) || !number(s, HP_REPLY_MAX, &p->at)) return false;
  blanks(s);
  char sign = *s->p;
  if (sign == '+' || sign == '-') {
    s->p++;
    if (!number(s, HP_REPLY_MAX, &add)) return false;
  }
  p->add = sign == '-' ? -(int32_t)add : (int32_t)add;
  return p->n > 0 || wrong(s, "a length has 1 to 8 bytes");
}

static bool rest(struct scan *s, enum shape shape, struct hp_part *p)
{
  const uint8_t *one;
  uint32_t n;
  switch (shape) {
  case NOTHING:
    return true;
  case BYTES:
    return bytes(s, &p->bytes, &p->n);
  case N:
    return number(s, p->kind == HP_PART_ID ? HP_REPLY_MAX : 8, &p->n);
  case AT_N:
    return number(s, 65535, &p->at) && number(s, HP_REPLY_MAX, &p->n);
  case TEXT_N:
    blanks(s);
    if (*s->p != '"') return wrong(s, "after takes a \"text\" and a number");
    return bytes(s, &p->bytes, &p->at) && number(s, HP_REPLY_MAX, &p->n);
  case N_BYTE:
    if (!number(s, HP_REPLY_MAX, &p->n) || !bytes(s, &one, &n)) return false;
    p->at = one[0];
    return n == 1 || wrong(s, "pad takes one byte");
  case LENGTH:
    return length_rest(s, p);
  }
  return false;
}

bool hp_stanza_part(const char *text, struct prac_arena *a, struct hp_part *ret, const char **why)
{
  struct scan s = {.p = text, .a = a};
  blanks(&s);
  size_t n = strcspn(s.p, " \t");
  bool known = false;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(words) && !known; i++) {
    known = strlen(words[i].word) == n && strncmp(words[i].word, s.p, n) == 0;
    if (!known) continue;
    s.p += n;
    *ret = (struct hp_part){.kind = words[i].kind};
    if (rest(&s, words[i].shape, ret)) {
      blanks(&s);
      if (*s.p) (void)wrong(&s, "something stands behind its end");
    }
  }
  if (!known)
    (void)wrong(&s, "a part is one of hex, text, copy, after, host, id, uptime, time, own, sender, "
                    "sender-port, pad, length, length-le");
  *why = s.why;
  return !s.why;
}
