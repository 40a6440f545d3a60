/* How a finding changes an alert. Lists are rebuilt in a fresh arena each time, so that an alert
 * that lives for weeks holds no more than its last form. */
#include "alert/story.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 2048, TITLE_MAX = 160 };
#define CUT " \xe2\x80\xa6" /* an ellipsis: what comes behind it is in the text */

struct alert_story *alert_story_new(void)
{
  return calloc(1, sizeof(struct alert_story));
}

void alert_story_free(struct alert_story **sp)
{
  if (!sp || !*sp) return;
  prac_arena_free(&(*sp)->mem);
  free(*sp);
  *sp = NULL;
}

prac_rc alert_story_set(struct alert_story *s, const struct alert *a)
{
  struct prac_arena *mem = prac_arena_new(CHUNK);
  if (!mem) return PRAC_NOMEM;
  struct alert copy;
  prac_rc rc = model_copy(&model_alert, a, mem, &copy);
  if (rc != PRAC_OK) {
    prac_arena_free(&mem);
    return rc;
  }
  prac_arena_free(&s->mem);
  s->mem = mem;
  s->a = copy;
  return PRAC_OK;
}

/* The first list, then what the second has beside it. */
static struct model_strs join_strs(struct model_strs a, struct model_strs b, const char **room,
                                   uint32_t max)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < a.n + b.n && n < max; i++) {
    const char *s = i < a.n ? a.v[i] : b.v[i - a.n];
    uint32_t k = 0;
    while (k < n && strcmp(room[k], s) != 0) k++;
    if (k == n) room[n++] = s;
  }
  return (struct model_strs){room, n};
}

static struct model_ports join_ports(struct model_ports a, struct model_ports b,
                                     struct model_port *room)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < a.n + b.n && n < STORY_PORTS; i++) {
    struct model_port p = i < a.n ? a.v[i] : b.v[i - a.n];
    uint32_t k = 0;
    while (k < n && (room[k].port != p.port || room[k].proto != p.proto)) k++;
    if (k == n) room[n++] = p;
  }
  return (struct model_ports){room, n};
}

static struct model_ips join_ips(struct model_ips a, struct model_ips b, struct prac_ip *room)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < a.n + b.n && n < STORY_HOSTS; i++) {
    const struct prac_ip *p = i < a.n ? &a.v[i] : &b.v[i - a.n];
    uint32_t k = 0;
    while (k < n && !prac_ip_eq(&room[k], p)) k++;
    if (k == n) room[n++] = *p;
  }
  return (struct model_ips){room, n};
}

/* The first finding stays; of the others the latest. */
static struct model_strs add_finding(struct model_strs a, const char *id, const char **room)
{
  uint32_t n = 0, from = a.n == STORY_FINDINGS ? 2 : 1;
  if (a.n) room[n++] = a.v[0];
  for (uint32_t i = from; i < a.n; i++) room[n++] = a.v[i];
  room[n++] = id;
  return (struct model_strs){room, n};
}

static size_t headline(char out[TITLE_MAX + 1], const char *text)
{
  const char *end = strstr(text, ". ");
  size_t n = end ? (size_t)(end - text) : strlen(text);
  if (!end && n && text[n - 1] == '.') n--;
  if (n <= TITLE_MAX) {
    memcpy(out, text, n);
  } else { /* up to a blank, or at least to a whole letter */
    size_t room = TITLE_MAX - strlen(CUT);
    for (n = room; n > room / 2 && text[n] != ' ';) n--;
    if (text[n] != ' ')
      for (n = room; n && ((unsigned char)text[n] & 0xc0) == 0x80;) n--;
    memcpy(out, text, n);
    memcpy(out + n, CUT, strlen(CUT));
    n += strlen(CUT);
  }
  out[n] = '\0';
  return n;
}

static bool empty(const char *s)
{
  return !s || !*s;
}

/* Engines measure different things, so values are only compared within one. The headline goes to
 * another engine when what it says is more severe than all before; it never goes back. */
static void merge_head(struct alert_story *s, struct alert *a, const struct finding *f,
                       uint32_t engine, char title[TITLE_MAX + 1])
{
  uint32_t level = alert_story_clamp(f->level);
  bool first = a->finding_count == 0, same = !first && engine == s->head_engine;
  if (!first && !same && level <= s->head_level) return;
  if (!same || f->score > a->score) a->score = f->score;
  if (!same || f->value >= a->value) {
    a->value = f->value;
    a->baseline = f->baseline;
    a->unit = f->unit;
    if (headline(title, f->text)) a->title = title;
  }
  if (level > s->head_level) s->head_level = level;
  s->head_engine = engine;
}

static void merge_numbers(struct alert *a, const struct finding *f)
{
  if (f->from < a->from) a->from = f->from;
  if (f->to > a->to) a->to = f->to;
  if (f->host_count > a->host_count) a->host_count = f->host_count;
  if (f->packets > a->packets) a->packets = f->packets;
  if (empty(a->country)) a->country = f->country;
  if (a->asn == 0) a->asn = f->asn;
}

prac_rc alert_story_merge(struct alert_story *s, const struct finding *f, bool told)
{
  const uint32_t head_engine = s->head_engine, head_level = s->head_level;
  struct alert a = s->a;
  char title[TITLE_MAX + 1];
  const char *engines[STORY_NAMES], *sensors[STORY_NAMES], *findings[STORY_FINDINGS];
  struct model_port ports[STORY_PORTS];
  struct prac_ip hosts[STORY_HOSTS];
  if (a.finding_count == 0) {
    a.kind = f->kind;
    a.from = f->from;
    a.to = f->to;
  }
  merge_numbers(&a, f);
  const char *one = f->engine;
  a.engines = join_strs(a.engines, (struct model_strs){&one, 1}, engines, STORY_NAMES);
  if (told) {
    merge_head(s, &a, f, alert_story_engine(&a, f->engine), title);
    a.text = f->text;
    a.flows = f->flows;
    a.facts = f->facts;
  }
  a.sensors = join_strs(a.sensors, f->sensors, sensors, STORY_NAMES);
  a.ports = join_ports(f->ports, a.ports, ports);
  a.hosts = join_ips(f->hosts, a.hosts, hosts);
  a.findings = add_finding(a.findings, f->id, findings);
  a.finding_count++;
  prac_rc rc = alert_story_set(s, &a);
  if (rc != PRAC_OK) {
    s->head_engine = head_engine;
    s->head_level = head_level;
  }
  return rc;
}
