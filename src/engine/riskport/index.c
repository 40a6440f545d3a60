/* What is usual for a port: the index over the last days, and the sensors that made it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/riskport/riskport.h"

enum { FIRST_PORTS = 256 };
static const double WHOLE = 0.85; /* of what is usual: within what a limit allows for */

uint32_t risk_class_of(double sources)
{
  if (!(sources >= 1)) return 0;
  double c = 1 + floor(4 * log2(sources) + 1e-9);
  return c < RISK_CLASSES - 1 ? (uint32_t)c : RISK_CLASSES - 1;
}

double risk_class_top(uint32_t class)
{
  if (class == 0) return 0;
  double next = ceil(exp2(class / 4.0) - 1e-9); /* first count of the next class */
  return next > 1 ? next - 1 : 1;
}

double risk_class_value(uint32_t class)
{
  if (class == 0) return 0;
  double low = ceil(exp2((class - 1) / 4.0) - 1e-9), top = risk_class_top(class);
  return top > low ? (low + top) / 2 : low;
}

static size_t change_bytes(const struct risk_state *s)
{
  return sizeof(struct risk_change) + math_change_doubles(&s->change) * sizeof(double);
}

struct risk_port *risk_port_touch(struct risk_state *s, uint32_t id)
{
  if (s->at[id]) return &s->ports[s->at[id] - 1];
  if (s->n_ports == s->cap_ports) {
    uint32_t cap = s->cap_ports ? s->cap_ports * 2 : FIRST_PORTS;
    struct risk_port *v = realloc(s->ports, cap * sizeof *v);
    if (!v) return NULL;
    s->ports = v;
    s->cap_ports = cap;
  }
  s->ports[s->n_ports] = (struct risk_port){.id = id};
  s->at[id] = ++s->n_ports;
  s->bytes += sizeof(struct risk_port);
  return &s->ports[s->n_ports - 1];
}

static void port_done(struct risk_state *s, struct risk_port *p)
{
  s->bytes -= sizeof *p + p->n * sizeof *p->v + (p->change ? change_bytes(s) : 0);
  free(p->v);
  free(p->change);
}

void risk_ports_done(struct risk_state *s)
{
  for (uint32_t i = 0; i < s->n_ports; i++) port_done(s, &s->ports[i]);
  free(s->ports);
  free(s->at);
  s->ports = NULL;
  s->at = NULL;
  s->n_ports = s->cap_ports = 0;
}

uint32_t risk_heard(const struct risk_state *s)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < s->days; i++) n += s->heard[i];
  return n;
}

void risk_index_sum(const struct risk_state *s, const struct risk_port *p, uint32_t *hours)
{
  uint32_t some = 0, heard = risk_heard(s);
  memset(hours, 0, RISK_CLASSES * sizeof *hours);
  for (uint32_t i = 0; i < p->n; i++) {
    hours[p->v[i].class] += p->v[i].slots;
    some += p->v[i].slots;
  }
  hours[0] += heard > some ? heard - some : 0;
}

/* Counted are entries, not what is allocated: limits on them repeat after a restart. */
static bool entry_room(struct risk_state *s, struct risk_port *p)
{
  if (s->bytes + sizeof *p->v > (uint64_t)s->conf->memory) return false;
  if (p->n == p->cap) {
    uint32_t cap = p->cap + p->cap / 2 + 2;
    struct risk_entry *v = realloc(p->v, cap * sizeof *v);
    if (!v) return false;
    p->v = v;
    p->cap = cap;
  }
  s->bytes += sizeof *p->v;
  return true;
}

bool risk_index_add(struct risk_state *s, struct risk_port *p, double sources)
{
  uint8_t class = (uint8_t)risk_class_of(sources);
  if (class == 0) return true;
  uint32_t i = p->n;
  while (i > 0 && p->v[i - 1].day == s->day && p->v[i - 1].class > class) i--;
  if (i > 0 && p->v[i - 1].day == s->day && p->v[i - 1].class == class) {
    p->v[i - 1].slots++;
    return true;
  }
  if (!entry_room(s, p)) return false;
  memmove(&p->v[i + 1], &p->v[i], (p->n - i) * sizeof *p->v);
  p->v[i] = (struct risk_entry){.day = s->day, .class = class, .slots = 1};
  p->n++;
  return true;
}

static void forget_before(struct risk_state *s, struct risk_port *p, uint32_t day)
{
  uint32_t old = 0;
  while (old < p->n && p->v[old].day < day) old++;
  memmove(p->v, p->v + old, (p->n - old) * sizeof *p->v);
  p->n -= old;
  s->bytes -= old * sizeof *p->v;
}

/* Sensors that were not heard in the whole history make room for others. */
static void sensors_forget(struct risk_state *s)
{
  uint32_t kept = 0;
  for (uint32_t i = 0; i < s->n_sensors; i++) {
    bool heard = s->sensors[i].now;
    for (uint32_t d = 0; d < s->days; d++) heard |= s->sensors[i].up[d] != 0;
    if (heard) s->sensors[kept++] = s->sensors[i];
  }
  s->n_sensors = kept;
}

void risk_day_turn(struct risk_state *s, uint32_t day)
{
  uint32_t days = s->days, kept = 0;
  uint32_t passed = s->day && day - s->day < days ? day - s->day : days;
  for (uint32_t d = 0; d < passed; d++) {
    uint32_t at = (day - d) % days;
    s->heard[at] = 0;
    for (uint32_t i = 0; i < s->n_sensors; i++) s->sensors[i].up[at] = 0;
  }
  s->day = day;
  sensors_forget(s);
  for (uint32_t i = 0; i < s->n_ports; i++) {
    struct risk_port *p = &s->ports[i];
    if (p->n) forget_before(s, p, day > days ? day - days + 1 : 0);
    s->at[p->id] = 0;
    if (p->n == 0 && !p->story.on) {
      port_done(s, p);
      continue;
    }
    s->ports[kept] = *p;
    s->at[p->id] = ++kept;
  }
  s->n_ports = kept;
}

/* ---- sensors ---- */

struct risk_sensor *risk_sensor_named(struct risk_state *s, const char *name)
{
  for (uint32_t i = 0; i < s->n_sensors; i++)
    if (strcmp(s->sensors[i].name, name) == 0) return &s->sensors[i];
  if (s->n_sensors == RISK_SENSORS || strlen(name) >= RISK_SENSOR_NAME) return NULL;
  struct risk_sensor *x = &s->sensors[s->n_sensors++];
  *x = (struct risk_sensor){.established = risk_heard(s) < s->min_history};
  memcpy(x->name, name, strlen(name) + 1);
  return x;
}

static double ups(const struct risk_state *s, const struct risk_sensor *x)
{
  double up = 0;
  for (uint32_t d = 0; d < s->days; d++) up += __builtin_popcount(x->up[d]);
  return up;
}

/* Heaviest first. */
static int heavier(const void *pa, const void *pb, void *arg)
{
  const struct risk_sensor *v = arg, *a = &v[*(const uint16_t *)pa], *b = &v[*(const uint16_t *)pb];
  if (a->weight > b->weight || a->weight < b->weight) return a->weight > b->weight ? -1 : 1;
  return strcmp(a->name, b->name);
}

/* Slots in which those established so far and x together heard nearly all of what they usually
 * do. */
static double whole_with(const struct risk_state *s, const struct risk_sensor *x, double all)
{
  double least = WHOLE * (all + x->weight + 1), n = 0;
  for (uint32_t i = 0; i < s->days * RISK_DAY_SLOTS; i++) {
    bool up = x->up[i / RISK_DAY_SLOTS] >> i % RISK_DAY_SLOTS & 1;
    n += s->whole[i] + (up ? x->weight + 1 : 0) >= least;
  }
  return n;
}

/* Up in such a share of the history, alone and with the others: then most of what is usual was
 * counted with it. */
void risk_sensors_turn(struct risk_state *s)
{
  uint16_t order[RISK_SENSORS];
  double least = s->conf->established * risk_heard(s), all = 0;
  bool cold = risk_heard(s) < s->min_history;
  for (uint32_t i = 0; i < s->n_sensors; i++) {
    s->sensors[i].established = cold;
    order[i] = (uint16_t)i;
  }
  if (cold) return;
  qsort_r(order, s->n_sensors, sizeof *order, heavier, s->sensors);
  memset(s->whole, 0, s->days * RISK_DAY_SLOTS * sizeof *s->whole);
  for (uint32_t k = 0; k < s->n_sensors; k++) {
    struct risk_sensor *x = &s->sensors[order[k]];
    x->established = ups(s, x) >= least && whole_with(s, x, all) >= least;
    if (!x->established) continue;
    all += x->weight + 1;
    for (uint32_t i = 0; i < s->days * RISK_DAY_SLOTS; i++)
      if (x->up[i / RISK_DAY_SLOTS] >> i % RISK_DAY_SLOTS & 1) s->whole[i] += x->weight + 1;
  }
}
