/* The one query language: words key=value. A table of keys, so that an error can say which there
 * are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/delivery.h"
#include "model/packet.h"
#include "store/answer.h"

struct word { /* one key=value, in place */
  const char *key, *value;
  size_t n_key, n_value;
};
struct parse {
  struct store_query *q;
  struct prac_arena *arena;
  struct prac_err *err;
  bool groups; /* what `by` says is one thing that groups know */
};
typedef prac_rc setter(struct parse *p, const struct word *w);

#define WORD_FMT "\"%.*s=%.*s\""
#define WORD_ARG(w) (int)((w)->n_key & 63), (w)->key, (int)((w)->n_value & 127), (w)->value

static prac_rc text(struct parse *p, const struct word *w, const char **ret)
{
  if (w->n_value == 0)
    return PRAC_FAIL(p->err, PRAC_MALFORMED, WORD_FMT ": a value is missing", WORD_ARG(w));
  *ret = prac_arena_strndup(p->arena, w->value, w->n_value);
  return *ret ? PRAC_OK : PRAC_FAIL(p->err, PRAC_NOMEM, "no memory for a query");
}

static prac_rc number(struct parse *p, const struct word *w, uint64_t max, uint32_t *ret)
{
  uint64_t v = 0;
  bool ok = w->n_value > 0;
  for (size_t i = 0; i < w->n_value && ok; i++) {
    ok = w->value[i] >= '0' && w->value[i] <= '9';
    v = v * 10 + (uint64_t)(w->value[i] - '0');
    ok = ok && v <= max;
  }
  if (!ok)
    return PRAC_FAIL(p->err, PRAC_MALFORMED, WORD_FMT ": a number from 0 to %llu is needed",
                     WORD_ARG(w), (unsigned long long)max);
  *ret = (uint32_t)v;
  return PRAC_OK;
}

static bool is(const struct word *w, const char *s)
{
  return strlen(s) == w->n_value && memcmp(s, w->value, w->n_value) == 0;
}

static const struct {
  const char *word;
  enum store_what what;
  const struct model_kind *kind;
} whats[] = {
    {"flows", STORE_FLOWS, NULL},
    {"findings", STORE_RECORDS, &model_finding},
    {"alerts", STORE_RECORDS, &model_alert},
    {"health", STORE_RECORDS, &model_health},
    {"hits", STORE_RECORDS, &model_hit},
    {"episodes", STORE_RECORDS, &model_episode},
    {"decisions", STORE_RECORDS, &model_decision},
    {"packets", STORE_RECORDS, &model_packet},
    {"deliveries", STORE_RECORDS, &model_delivery},
    {"series", STORE_SERIES, NULL},
    {"top", STORE_TOP, NULL},
    {"scan", STORE_TOP_SCAN, NULL},
    {"host", STORE_HOST, NULL},
    {"sensors", STORE_SENSORS, NULL},
    {"cells", STORE_CELLS, NULL},
    {"kept", STORE_KEPT, NULL},
};

static prac_rc set_what(struct parse *p, const struct word *w)
{
  for (size_t i = 0; i < PRAC_ARRAY_LEN(whats); i++)
    if (is(w, whats[i].word)) {
      p->q->what = whats[i].what;
      p->q->kind = whats[i].kind;
      return PRAC_OK;
    }
  return PRAC_FAIL(p->err, PRAC_MALFORMED,
                   WORD_FMT
                   ": what is one of flows, findings, alerts, health, hits, episodes, "
                   "decisions, deliveries, packets, series, top, scan, host, sensors, cells, "
                   "kept",
                   WORD_ARG(w));
}

static prac_rc set_time(struct parse *p, const struct word *w, prac_time *ret)
{
  if (prac_time_parse(w->value, w->n_value, ret) == PRAC_OK) return PRAC_OK;
  return PRAC_FAIL(p->err, PRAC_MALFORMED,
                   WORD_FMT ": a time is 2013-08-07, 2013-08-07T12:00:00Z or @1375876800",
                   WORD_ARG(w));
}

static prac_rc set_from(struct parse *p, const struct word *w)
{
  return set_time(p, w, &p->q->span.from);
}

static prac_rc set_to(struct parse *p, const struct word *w)
{
  return set_time(p, w, &p->q->span.to);
}

static prac_rc set_sensor(struct parse *p, const struct word *w)
{
  PRAC_TRY(text(p, w, &p->q->sensor));
  if (store_sensor_ok(p->q->sensor)) return PRAC_OK;
  return PRAC_FAIL(p->err, PRAC_MALFORMED,
                   WORD_FMT ": a sensor's name is [a-z0-9-], at most 31 letters", WORD_ARG(w));
}

static prac_rc set_prefix(struct parse *p, const struct word *w, struct prac_prefix *ret)
{
  if (prac_prefix_parse(w->value, w->n_value, ret) == PRAC_OK) return PRAC_OK;
  return PRAC_FAIL(p->err, PRAC_MALFORMED,
                   WORD_FMT ": an address or prefix is 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32",
                   WORD_ARG(w));
}

/* One sender, or any of several with commas between. */
static prac_rc set_src(struct parse *p, const struct word *w)
{
  uint32_t n = 1;
  for (size_t i = 0; i < w->n_value; i++) n += w->value[i] == ',';
  if (n == 1) return set_prefix(p, w, &p->q->src);
  struct prac_prefix *v = prac_arena_alloc(p->arena, n * sizeof *v);
  if (!v) return PRAC_FAIL(p->err, PRAC_NOMEM, "no memory for a query");
  struct word one = *w;
  const char *end = w->value + w->n_value;
  for (uint32_t i = 0; i < n; i++) {
    const char *comma = memchr(one.value, ',', (size_t)(end - one.value));
    one.n_value = (size_t)((comma ? comma : end) - one.value);
    PRAC_TRY(set_prefix(p, &one, &v[i]));
    one.value += one.n_value + 1;
  }
  p->q->srcs = v;
  p->q->n_srcs = n;
  return PRAC_OK;
}

static prac_rc set_dst(struct parse *p, const struct word *w)
{
  return set_prefix(p, w, &p->q->dst);
}

static prac_rc set_victim(struct parse *p, const struct word *w)
{
  return set_prefix(p, w, &p->q->victim);
}

static const struct {
  const char *word;
  uint8_t proto;
} protos[] = {{"tcp", 6}, {"udp", 17}, {"icmp", 1}, {"icmp6", 58}, {"sctp", 132}};

static prac_rc set_proto(struct parse *p, const struct word *w)
{
  uint32_t n = 0;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(protos); i++)
    if (is(w, protos[i].word)) {
      p->q->port.proto = protos[i].proto;
      return PRAC_OK;
    }
  struct prac_err *err = p->err;
  p->err = NULL;
  prac_rc rc = number(p, w, 255, &n);
  p->err = err;
  if (rc != PRAC_OK || n == 0)
    return PRAC_FAIL(err, PRAC_MALFORMED,
                     WORD_FMT ": proto is tcp, udp, icmp, icmp6, sctp or 1..255", WORD_ARG(w));
  p->q->port.proto = (uint8_t)n;
  return PRAC_OK;
}

/* 443/tcp, icmp/3.1: port and protocol; a number alone: that port of any protocol, because 53 is
 * what people type. */
static prac_rc set_port(struct parse *p, const struct word *w)
{
  struct prac_err *err = p->err;
  uint32_t n = 0;
  p->err = NULL;
  prac_rc rc = number(p, w, 65535, &n);
  p->err = err;
  if (rc == PRAC_OK) {
    p->q->port.port = (uint16_t)n;
  } else if (model_port_parse(w->value, w->n_value, &p->q->port) != PRAC_OK) {
    return PRAC_FAIL(err, PRAC_MALFORMED, WORD_FMT ": a port is 443/tcp, 53/udp, icmp/3.1 or 443",
                     WORD_ARG(w));
  }
  p->q->has_port = true;
  return PRAC_OK;
}

static prac_rc set_country(struct parse *p, const struct word *w)
{
  char *c = prac_arena_strndup(p->arena, w->value, w->n_value);
  if (!c) return PRAC_FAIL(p->err, PRAC_NOMEM, "no memory for a query");
  for (char *s = c; *s; s++)
    if (*s >= 'a' && *s <= 'z') *s = (char)(*s - 'a' + 'A');
  if (w->n_value != 2 || strspn(c, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 2)
    return PRAC_FAIL(p->err, PRAC_MALFORMED, WORD_FMT ": a country is two letters, ISO 3166",
                     WORD_ARG(w));
  p->q->country = c;
  return PRAC_OK;
}

static prac_rc set_asn(struct parse *p, const struct word *w)
{
  struct word n = *w;
  if (n.n_value > 2 && (n.value[0] | 32) == 'a' && (n.value[1] | 32) == 's') {
    n.value += 2;
    n.n_value -= 2;
  }
  return number(p, &n, UINT32_MAX, &p->q->asn);
}

static prac_rc one_mark(struct parse *p, const struct word *w, const char *s, size_t n)
{
  for (unsigned bit = 0; bit < 32; bit++) {
    const char *name = flow_mark_text(bit);
    if (!name || strlen(name) != n || memcmp(name, s, n) != 0) continue;
    p->q->marks |= 1u << bit;
    return PRAC_OK;
  }
  char all[STORE_MARKS_TEXT];
  return PRAC_FAIL(p->err, PRAC_MALFORMED, WORD_FMT ": marks are %s", WORD_ARG(w),
                   store_marks_text(all, UINT32_MAX));
}

static prac_rc set_marks(struct parse *p, const struct word *w)
{
  const char *s = w->value, *end = w->value + w->n_value;
  while (s <= end) {
    const char *comma = memchr(s, ',', (size_t)(end - s));
    if (!comma) comma = end;
    PRAC_TRY(one_mark(p, w, s, (size_t)(comma - s)));
    s = comma + 1;
  }
  return PRAC_OK;
}

static prac_rc set_id(struct parse *p, const struct word *w)
{
  return text(p, w, &p->q->id);
}

static prac_rc set_key(struct parse *p, const struct word *w)
{
  return text(p, w, &p->q->key);
}

static prac_rc set_state(struct parse *p, const struct word *w)
{
  static const char *const words[] = {"on",     "off",   "open",  "update",
                                      "resume", "close", "start", "end"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(words); i++)
    if (is(w, words[i])) return text(p, w, &p->q->state);
  return PRAC_FAIL(p->err, PRAC_MALFORMED,
                   WORD_FMT ": state is on, off (findings), open, update, resume, close (alerts), "
                            "start, update, resume, end (episodes)",
                   WORD_ARG(w));
}

/* One of a group's words, or several of a cell's with commas between. */
static prac_rc one_by(struct parse *p, const struct word *w)
{
  static const char *const words[] = {"none", "port", "country", "asn", "sensor", "src"};
  static const char *const keys[] = {
#define X(name, word) #word,
      STORE_KEYS(X)
#undef X
  };
  bool known = false;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(words); i++)
    if (is(w, words[i])) {
      p->q->by = (enum store_dim)i;
      known = true;
    }
  p->groups = p->groups && known;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(keys); i++)
    if (is(w, keys[i])) {
      p->q->keys |= 1u << i;
      known = true;
    }
  if (known) return PRAC_OK;
  return PRAC_FAIL(p->err, PRAC_MALFORMED,
                   WORD_FMT ": by is none, port, country, asn, sensor or src; of cells also at, "
                            "dst, marks, tool, survey, and several with commas between",
                   WORD_ARG(w));
}

static prac_rc set_by(struct parse *p, const struct word *w)
{
  struct word one = *w;
  const char *end = w->value + w->n_value;
  p->groups = memchr(w->value, ',', w->n_value) == NULL;
  while (one.value <= end) {
    const char *comma = memchr(one.value, ',', (size_t)(end - one.value));
    one.n_value = (size_t)((comma ? comma : end) - one.value);
    PRAC_TRY(one_by(p, &one));
    one.value += one.n_value + 1;
  }
  return PRAC_OK;
}

static prac_rc set_step(struct parse *p, const struct word *w)
{
  int64_t ns = 0;
  prac_rc rc = prac_duration_parse(w->value, w->n_value, &ns);
  if (rc != PRAC_OK || (ns != PRAC_MIN && ns != PRAC_HOUR && ns != PRAC_DAY))
    return PRAC_FAIL(p->err, PRAC_MALFORMED, WORD_FMT ": step is 1m, 1h or 1d", WORD_ARG(w));
  p->q->step_ns = ns;
  return PRAC_OK;
}

static prac_rc set_limit(struct parse *p, const struct word *w)
{
  return number(p, w, UINT32_MAX, &p->q->limit);
}

static prac_rc set_order(struct parse *p, const struct word *w)
{
  if (!is(w, "oldest") && !is(w, "newest"))
    return PRAC_FAIL(p->err, PRAC_MALFORMED, WORD_FMT ": order is newest or oldest", WORD_ARG(w));
  p->q->oldest_first = is(w, "oldest");
  return PRAC_OK;
}

#define KEYS(X)                                                                                    \
  X(what)                                                                                          \
  X(from)                                                                                          \
  X(to)                                                                                            \
  X(sensor)                                                                                        \
  X(src)                                                                                           \
  X(dst)                                                                                           \
  X(victim)                                                                                        \
  X(port) X(proto) X(country) X(asn) X(marks) X(id) X(key) X(state) X(by) X(step) X(limit) X(order)
static const struct {
  const char *key;
  setter *set;
} keys[] = {
#define X(name) {#name, set_##name},
    KEYS(X)
#undef X
};
#define X(name) #name " "
static const char *const all_keys = KEYS(X);
#undef X

static prac_rc one_word(struct parse *p, const char *s, size_t n, uint32_t *seen)
{
  const char *eq = memchr(s, '=', n);
  int shown = (int)(n > 60 ? 60 : n);
  if (!eq)
    return PRAC_FAIL(p->err, PRAC_MALFORMED, "\"%.*s\" is not key=value; keys: %s", shown, s,
                     all_keys);
  struct word w = {.key = s, .n_key = (size_t)(eq - s), .value = eq + 1};
  w.n_value = n - w.n_key - 1;
  if (w.n_key > 63 || w.n_value > (w.n_key == 3 && memcmp(s, "src", 3) == 0 ? 65535u : 127u))
    return PRAC_FAIL(p->err, PRAC_MALFORMED, "\"%.*s...\": too long", shown, s);
  for (unsigned i = 0; i < PRAC_ARRAY_LEN(keys); i++) {
    if (strlen(keys[i].key) != w.n_key || memcmp(keys[i].key, s, w.n_key) != 0) continue;
    if (*seen & 1u << i)
      return PRAC_FAIL(p->err, PRAC_MALFORMED, WORD_FMT ": %s is given twice", WORD_ARG(&w),
                       keys[i].key);
    *seen |= 1u << i;
    return keys[i].set(p, &w);
  }
  return PRAC_FAIL(p->err, PRAC_UNKNOWN, "\"%.*s\": no key \"%.*s\"; keys: %s", shown, s,
                   (int)w.n_key, s, all_keys);
}

prac_rc store_query_parse(const char *words, struct store_query *ret, struct prac_arena *a,
                          struct prac_err *reterr)
{
  struct store_query q = {.span = {PRAC_TIME_NONE, PRAC_TIME_NONE}};
  struct parse p = {.q = &q, .arena = a, .err = reterr, .groups = true};
  uint32_t seen = 0;
  for (const char *s = words; *(s += strspn(s, " \t\r\n"));) {
    size_t n = strcspn(s, " \t\r\n");
    PRAC_TRY(one_word(&p, s, n, &seen));
    s += n;
  }
  if (q.what == STORE_CELLS)
    q.by = STORE_BY_NONE;
  else if (!p.groups)
    return PRAC_FAIL(reterr, PRAC_MALFORMED,
                     "several things at once, at, dst, marks, tool and "
                     "survey are for what=cells");
  else
    q.keys = 0;
  PRAC_TRY(store_query_check(&q, reterr));
  *ret = q;
  return PRAC_OK;
}
