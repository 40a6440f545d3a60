/* From a file of stanzas to vectors. The settings' own parser reads it, so its errors read the
 * same; what it cannot know (the little language) is looked at here, and its line found again. */
#include "honeypot/stanza.h"

#include <stdlib.h>
#include <string.h>

enum { STANZAS_MAX = 256, ALTERNATIVES_MAX = 16, PARTS_MAX = 48, REQUEST_MAX = 65535 };

struct raw { /* as it stands in the file */
  const char *name, *title, *about;
  struct prac_conf_strings ports, observe, match, loop, reply;
  int64_t min, max, max_reply;
};
#define RAW(f) offsetof(struct raw, f)
static const struct prac_conf_item items[] = {
    {"name", PRAC_CONF_STRING, RAW(name), .help = "Name of the vector: a-z, 0-9, _ and -."},
    {"title", PRAC_CONF_STRING, RAW(title), .help = "As an alert's mail writes it."},
    {"about", PRAC_CONF_STRING, RAW(about), .sdflt = "", .help = "One sentence, with the source."},
    {"ports", PRAC_CONF_STRINGS, RAW(ports), .help = "UDP ports, at most 8."},
    {"min-length", PRAC_CONF_INT, RAW(min), 0, REQUEST_MAX, 0, .help = "Bytes of a request."},
    {"max-length", PRAC_CONF_INT, RAW(max), 0, REQUEST_MAX, REQUEST_MAX,
     .help = "Bytes of a request."},
    {"observe", PRAC_CONF_STRINGS, RAW(observe), .sdflt = "",
     .help = "Requests that are counted and never answered."},
    {"match", PRAC_CONF_STRINGS, RAW(match), .sdflt = "", .help = "Requests that are answered."},
    {"loop", PRAC_CONF_STRINGS, RAW(loop), .sdflt = "",
     .help = "Answers of the protocol: not requests, not counted as such."},
    {"reply", PRAC_CONF_STRINGS, RAW(reply), .sdflt = "",
     .help = "Parts of the answer; none: never answered."},
    {"max-reply", PRAC_CONF_INT, RAW(max_reply), 1, HP_REPLY_MAX, HP_REPLY_MAX,
     .help = "Bytes; an answer that would be longer is not sent."},
};
static const struct prac_conf_section section = {
    .path = "vectors",
    .about = "UDP services that can be abused, in words.",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct raw),
    .many = true,
};
static const struct prac_conf_section *const sections[] = {&section, NULL};

struct hp_stanzas {
  struct prac_conf *conf; /* owns the texts */
  struct prac_arena *a;
  struct hp_stanza v[STANZAS_MAX];
  size_t n;
};
struct load {
  struct hp_stanzas *s;
  const char *text, *end, *file;
  const char *here; /* in text: where the stanza's name stands */
  struct prac_err *err;
};

/* The line on which `value` stands, at or behind the stanza's name. */
static unsigned line_of(const struct load *l, const char *value)
{
  const char *at = memmem(l->here, (size_t)(l->end - l->here), value, strlen(value));
  unsigned line = 1;
  for (const char *p = l->text; p < (at ? at : l->here); p++) line += *p == '\n';
  return line;
}

static prac_rc bad(const struct load *l, const char *name, const char *key, const char *value,
                   const char *why)
{
  return PRAC_FAIL(l->err, PRAC_MALFORMED, "%s:%u: vector %s, %s: \"%.80s\": %s", l->file,
                   line_of(l, value), name, key, value, why);
}

static prac_rc ports(struct load *l, const struct raw *r, struct hp_stanza *z)
{
  if (r->ports.n == 0 || r->ports.n > HP_PORTS_MAX)
    return bad(l, r->name, "ports", r->name, "1 to 8 ports");
  for (size_t i = 0; i < r->ports.n; i++) {
    const char *text = r->ports.v[i];
    char *end;
    unsigned long v = strtoul(text, &end, 10);
    if (*end || v == 0 || v > 65535 || text[0] < '0' || text[0] > '9')
      return bad(l, r->name, "ports", text, "a port is a number between 1 and 65535");
    z->ports[i] = (uint16_t)v;
  }
  return PRAC_OK;
}

static prac_rc alternatives(struct load *l, const char *name, const char *key,
                            const struct prac_conf_strings *from, const struct hp_alternative **ret,
                            size_t *ret_n)
{
  struct hp_alternative *v = prac_arena_alloc(l->s->a, (from->n + 1) * sizeof *v);
  const char *why;
  if (!v) return PRAC_FAIL(l->err, PRAC_NOMEM, "no memory for vectors");
  if (from->n > ALTERNATIVES_MAX) return bad(l, name, key, name, "at most 16 alternatives");
  for (size_t i = 0; i < from->n; i++)
    if (!hp_stanza_alternative(from->v[i], l->s->a, &v[i], &why))
      return bad(l, name, key, from->v[i], why);
  *ret = v;
  *ret_n = from->n;
  return PRAC_OK;
}

static prac_rc parts(struct load *l, const struct raw *r, struct hp_stanza *z)
{
  struct hp_part *v = prac_arena_alloc(l->s->a, (r->reply.n + 1) * sizeof *v);
  const char *why;
  if (!v) return PRAC_FAIL(l->err, PRAC_NOMEM, "no memory for vectors");
  if (r->reply.n > PARTS_MAX) return bad(l, r->name, "reply", r->name, "at most 48 parts");
  for (size_t i = 0; i < r->reply.n; i++)
    if (!hp_stanza_part(r->reply.v[i], l->s->a, &v[i], &why))
      return bad(l, r->name, "reply", r->reply.v[i], why);
  z->reply = v;
  z->n_reply = r->reply.n;
  return PRAC_OK;
}

static bool name_ok(const char *s)
{
  size_t n = strlen(s);
  return n > 0 && n <= 31 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n &&
         strncmp(s, "port-", 5) != 0;
}

static prac_rc take(struct load *l, const struct raw *r)
{
  struct hp_stanza *z = &l->s->v[l->s->n];
  if (!name_ok(r->name))
    return bad(l, r->name, "name", r->name, "a-z, 0-9, _ and -, at most 31, not port-...");
  if (hp_stanzas_find(l->s, r->name) || hp_proto_find(r->name))
    return PRAC_FAIL(l->err, PRAC_EXISTS, "%s:%u: there is a vector %s already", l->file,
                     line_of(l, r->name), r->name);
  if (r->match.n + r->observe.n == 0)
    return bad(l, r->name, "match", r->name, "neither match nor observe says what a request is");
  if (r->min > r->max) return bad(l, r->name, "min-length", r->name, "larger than max-length");
  *z = (struct hp_stanza){.name = r->name,
                          .title = r->title,
                          .about = r->about,
                          .min = (uint32_t)r->min,
                          .max = (uint32_t)r->max,
                          .max_reply = r->reply.n ? (uint16_t)r->max_reply : 0};
  PRAC_TRY(ports(l, r, z));
  PRAC_TRY(alternatives(l, r->name, "observe", &r->observe, &z->observe, &z->n_observe));
  PRAC_TRY(alternatives(l, r->name, "match", &r->match, &z->match, &z->n_match));
  PRAC_TRY(alternatives(l, r->name, "loop", &r->loop, &z->loop, &z->n_loop));
  PRAC_TRY(parts(l, r, z));
  l->s->n++;
  return PRAC_OK;
}

static prac_rc load(struct load *l)
{
  size_t n = prac_conf_count(l->s->conf, "vectors");
  if (n > STANZAS_MAX)
    return PRAC_FAIL(l->err, PRAC_FULL, "%s: more than %d vectors", l->file, STANZAS_MAX);
  for (size_t i = 0; i < n; i++) {
    const struct raw *r = prac_conf_get(l->s->conf, "vectors", i);
    const char *at = memmem(l->here, (size_t)(l->end - l->here), r->name, strlen(r->name));
    if (at) l->here = at;
    PRAC_TRY(take(l, r));
  }
  return PRAC_OK;
}

prac_rc hp_stanzas_parse(const char *text, size_t n, const char *file, struct hp_stanzas **ret,
                         struct prac_err *reterr)
{
  struct hp_stanzas *s = calloc(1, sizeof *s);
  if (s) s->a = prac_arena_new(1 << 14);
  prac_rc rc = s && s->a ? prac_conf_parse(text, n, file, sections, &s->conf, reterr)
                         : PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for %s", file);
  struct load l = {
      .s = s, .text = text, .end = text + n, .file = file, .here = text, .err = reterr};
  if (rc == PRAC_OK) rc = load(&l);
  if (rc != PRAC_OK)
    hp_stanzas_free(&s);
  else
    *ret = s;
  return rc;
}

void hp_stanzas_free(struct hp_stanzas **sp)
{
  struct hp_stanzas *s = *sp;
  if (!s) return;
  prac_conf_free(&s->conf);
  prac_arena_free(&s->a);
  free(s);
  *sp = NULL;
}

size_t hp_stanzas_count(const struct hp_stanzas *s)
{
  return s ? s->n : 0;
}

const struct hp_stanza *hp_stanzas_at(const struct hp_stanzas *s, size_t i)
{
  return &s->v[i];
}

const struct hp_stanza *hp_stanzas_find(const struct hp_stanzas *s, const char *name)
{
  for (size_t i = 0; s && i < s->n; i++)
    if (strcmp(s->v[i].name, name) == 0) return &s->v[i];
  return NULL;
}
