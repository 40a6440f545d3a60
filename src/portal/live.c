/* The day in memory. Everything is an array of fixed length that time walks over: no batch, however
 * strange its times, can make it grow. */
#include "portal/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "portal/live_heard.h"
#include "portal/live_slots.h"

struct live {
  struct live_sensor *sensors[LIVE_SENSORS]; /* in order of names */
  size_t n_sensors;
  prac_time now, pots; /* the telescopes' clock; the honeypots' */
  char geo[96], list_text[LIVE_LISTS][64];
  const char *lists[LIVE_LISTS];
  uint32_t n_lists;
  uint64_t dropped;
  size_t n_dirty;
  bool twice; /* what the bus brought is in what is being counted from the store */
  struct live_slots *slots;
  struct live_heard *heard; /* NULL: minutes are whole, or will not be asked for again */
  uint64_t upto; /* what the bus brings with a number up to here is in minutes; 0: none */
};

struct live *live_new(void)
{
  struct live *l = calloc(1, sizeof *l);
  if (!l) return NULL;
  l->now = l->pots = PRAC_TIME_NONE;
  l->slots = live_slots_new();
  if (!l->slots) live_free(&l);
  return l;
}

void live_free(struct live **lp)
{
  struct live *l = *lp;
  if (!l) return;
  for (size_t i = 0; i < l->n_sensors; i++) {
    free(l->sensors[i]->minutes);
    free(l->sensors[i]);
  }
  live_slots_free(&l->slots);
  live_heard_free(&l->heard);
  free(l);
  *lp = NULL;
}

/* ---- sensors and their minutes ---- */

static struct live_sensor *sensor_new(const char *name)
{
  struct live_sensor *s = calloc(1, sizeof *s);
  if (!s) return NULL;
  s->minutes = calloc(LIVE_MINUTES, sizeof *s->minutes);
  if (!s->minutes) {
    free(s);
    return NULL;
  }
  (void)snprintf(s->name, sizeof s->name, "%s", name);
  s->first = s->last = s->heard = PRAC_TIME_NONE;
  return s;
}

static struct live_sensor *sensor_of(struct live *l, const char *name)
{
  size_t lo = 0, hi = l->n_sensors;
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    int c = strcmp(l->sensors[mid]->name, name);
    if (c == 0) return l->sensors[mid];
    if (c < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  struct live_sensor *s = l->n_sensors < LIVE_SENSORS && *name ? sensor_new(name) : NULL;
  if (!s) {
    l->dropped++;
    return NULL;
  }
  memmove(&l->sensors[lo + 1], &l->sensors[lo], (l->n_sensors - lo) * sizeof l->sensors[0]);
  l->sensors[lo] = s;
  l->n_sensors++;
  return s;
}

static size_t minute_index(prac_time at)
{
  int64_t i = at / PRAC_MIN % LIVE_MINUTES;
  return (size_t)(i < 0 ? i + LIVE_MINUTES : i);
}

/* The cell of that minute, emptied when it still holds an older day's; NULL: too old to show. */
static struct live_minute *cell(struct live *l, struct live_sensor *s, prac_time at)
{
  struct live_minute *m = &s->minutes[minute_index(at)];
  if (at <= 0 || m->at > at) {
    l->dropped++;
    return NULL;
  }
  if (m->at != at) {
    if (m->dirty) l->n_dirty--;
    *m = (struct live_minute){.at = at};
  }
  if (s->first == PRAC_TIME_NONE || at < s->first) s->first = at;
  if (s->last == PRAC_TIME_NONE || at > s->last) s->last = at;
  return m;
}

static void touch(struct live *l, struct live_minute *m)
{
  if (!m->dirty) l->n_dirty++;
  m->dirty = true;
}

void live_event_time_set(struct live *l, prac_time t)
{
  if (t != PRAC_TIME_NONE && (l->now == PRAC_TIME_NONE || t > l->now)) l->now = t;
}

static void take_lists(struct live *l, const struct model_strs *from)
{
  l->n_lists = from->n < LIVE_LISTS ? from->n : LIVE_LISTS;
  for (uint32_t i = 0; i < l->n_lists; i++) {
    (void)snprintf(l->list_text[i], sizeof l->list_text[i], "%s", from->v[i]);
    l->lists[i] = l->list_text[i];
  }
}

static struct live_place place_of(const struct flow_batch *b)
{
  return (struct live_place){b->minute, b->part};
}

static bool before(struct live_place a, struct live_place b)
{
  return a.minute != b.minute ? a.minute < b.minute : a.part < b.part;
}

static bool after(struct live_place a, struct live_place b)
{
  return b.minute == 0 || before(b, a);
}

static void add_heard(struct live *l, struct live_minute *m, const struct live_heard_batch *b)
{
  m->packets += b->packets;
  m->sources += b->sources;
  touch(l, m);
}

/* What it adds to its minute, unless the store's word for that has it. Numbers rise: the first
 * behind that word ends it. */
static void add_minute(struct live *l, struct live_sensor *s, struct live_minute *m,
                       const struct flow_batch *b, uint64_t seq)
{
  struct live_heard_batch h = {.seq = seq, .sensor = s, .minute = m->at};
  for (uint32_t i = 0; i < b->n; i++) {
    h.packets += b->packets[i];
    h.sources += i == 0 || !prac_ip_eq(&b->src[i], &b->src[i - 1]);
  }
  if (seq > l->upto) l->upto = 0;
  if (seq == 0 || l->upto == 0) add_heard(l, m, &h);
  if (seq > 0 && l->heard) live_heard_add(l->heard, &h);
}

void live_batch(struct live *l, const struct flow_batch *b, uint64_t seq)
{
  struct live_sensor *s = sensor_of(l, b->sensor);
  struct live_minute *m = s ? cell(l, s, prac_time_floor(b->minute, PRAC_MIN)) : NULL;
  if (!m) return;
  add_minute(l, s, m, b, seq);
  if (!s->told.minute) s->told = place_of(b);
  if (after(place_of(b), s->stored)) {
    live_slots_add(l->slots, b);
    if (!after(place_of(b), s->counting)) l->twice = true;
  }
  live_event_time_set(l, b->minute + PRAC_MIN);
  if (b->geo && *b->geo) (void)snprintf(l->geo, sizeof l->geo, "%s", b->geo);
  if (b->lists.n > 0) take_lists(l, &b->lists);
}

void live_stored_begin(struct live *l)
{
  l->twice = false;
  for (size_t i = 0; i < l->n_sensors; i++) l->sensors[i]->counting = (struct live_place){0};
}

bool live_stored_counts(struct live *l, const struct flow_batch *b, bool newer)
{
  struct live_sensor *s = sensor_of(l, b->sensor);
  if (!s || (s->told.minute && !before(place_of(b), s->told))) return false;
  if (newer && !after(place_of(b), s->stored)) return false;
  if (after(place_of(b), s->counting)) s->counting = place_of(b);
  if (!l->geo[0] && b->geo) (void)snprintf(l->geo, sizeof l->geo, "%s", b->geo);
  if (l->n_lists == 0) take_lists(l, &b->lists);
  return true;
}

bool live_stored_put(struct live *l, const struct live_slots *counted)
{
  if (l->twice) return false;
  for (size_t i = 0; i < l->n_sensors; i++) {
    struct live_sensor *s = l->sensors[i];
    if (s->counting.minute && after(s->counting, s->stored)) s->stored = s->counting;
  }
  live_slots_merge(l->slots, counted);
  return true;
}

void live_minute_put(struct live *l, const char *sensor, prac_time at, uint64_t packets,
                     uint64_t sources)
{
  struct live_sensor *s = sensor_of(l, sensor);
  struct live_minute *m = s ? cell(l, s, prac_time_floor(at, PRAC_MIN)) : NULL;
  if (!m) return;
  m->packets = packets;
  m->sources = sources > UINT32_MAX ? UINT32_MAX : (uint32_t)sources;
  live_event_time_set(l, at + PRAC_MIN);
}

prac_rc live_minutes_note(struct live *l)
{
  l->heard = live_heard_new();
  return l->heard ? PRAC_OK : PRAC_NOMEM;
}

void live_minutes_forget(struct live *l)
{
  live_heard_free(&l->heard);
}

uint64_t live_minutes_since(const struct live *l)
{
  return l->heard ? live_heard_since(l->heard) : 0;
}

/* Of an older day than what stands there: NULL, and that is no loss. */
static struct live_minute *cell_of(struct live *l, const struct live_stored *v)
{
  struct live_sensor *s = sensor_of(l, v->sensor);
  prac_time at = prac_time_floor(v->at, PRAC_MIN);
  return s && s->minutes[minute_index(at)].at <= at ? cell(l, s, at) : NULL;
}

void live_minutes_again(struct live *l, const struct live_stored *v, size_t n, uint64_t upto)
{
  for (size_t i = 0; i < n; i++) {
    struct live_minute *m = cell_of(l, &v[i]);
    if (!m) continue;
    if (m->packets != v[i].packets) touch(l, m);
    live_minute_put(l, v[i].sensor, v[i].at, v[i].packets, v[i].sources);
    m->again = true;
  }
  for (size_t i = 0; l->heard && i < live_heard_count(l->heard); i++) {
    const struct live_heard_batch *b = live_heard_at(l->heard, i);
    struct live_minute *m = &b->sensor->minutes[minute_index(b->minute)];
    if (b->seq > upto && m->at == b->minute && m->again) add_heard(l, m, b);
  }
  for (size_t i = 0; i < n; i++) {
    struct live_minute *m = cell_of(l, &v[i]);
    if (m) m->again = false;
  }
  live_minutes_forget(l);
  l->upto = upto;
}

/* A capture that has been played says that its day is over, so that engines judge what they hold:
 * no clock of ours, which stands where the packets ended. */
static bool is_played(const struct live_sensor *s)
{
  size_t n = strlen(s->source);
  return n >= 5 && strcmp(s->source + n - 5, " file") == 0;
}

void live_health(struct live *l, const struct health *h)
{
  struct live_sensor *s = sensor_of(l, h->sensor ? h->sensor : "");
  if (!s) return;
  s->heard = h->at;
  s->captured = h->packets;
  s->lost = h->lost;
  s->evicted = h->evicted;
  s->malformed = h->malformed;
  s->clock_offset_ns = h->clock_offset_ns;
  s->beats++;
  s->all_captured += h->packets;
  s->all_lost += h->lost;
  s->queue = h->queue;
  s->queue_bytes = h->queue_bytes;
  s->clock_synced = h->clock_synced;
  s->clock_error_ns = h->clock_error_ns;
  (void)snprintf(s->country, sizeof s->country, "%s", h->site_country ? h->site_country : "");
  (void)snprintf(s->source, sizeof s->source, "%s", h->source ? h->source : "");
  (void)snprintf(s->version, sizeof s->version, "%s", h->version ? h->version : "");
  s->honeypot = strcmp(s->source, "honeypot") == 0;
  if (!s->honeypot && !is_played(s))
    live_event_time_set(l, h->at);
  else if (s->honeypot && (l->pots == PRAC_TIME_NONE || h->at > l->pots))
    l->pots = h->at;
}

bool live_changed(struct live *l, size_t n, live_minute_fn *each, void *arg)
{
  for (size_t i = 0; i < l->n_sensors && l->n_dirty > 0 && n > 0; i++)
    for (size_t k = 0; k < LIVE_MINUTES && n > 0; k++) {
      struct live_minute *m = &l->sensors[i]->minutes[k];
      if (!m->dirty) continue;
      m->dirty = false;
      l->n_dirty--;
      n--;
      each(arg, l->sensors[i], m);
    }
  return l->n_dirty > 0;
}

prac_time live_event_time(const struct live *l)
{
  return l->now == PRAC_TIME_NONE ? l->pots : l->now;
}

prac_time live_clock_of(const struct live *l, const struct live_sensor *s)
{
  return s->honeypot ? l->pots : live_event_time(l);
}

const char *live_geo(const struct live *l)
{
  return l->geo;
}

struct model_strs live_lists(const struct live *l)
{
  return (struct model_strs){l->lists, l->n_lists};
}

uint64_t live_dropped(const struct live *l)
{
  return l->dropped + live_slots_dropped(l->slots);
}

size_t live_sensor_count(const struct live *l)
{
  return l->n_sensors;
}

const struct live_sensor *live_sensor_at(const struct live *l, size_t i)
{
  return l->sensors[i];
}

const struct live_minute *live_minute_at(const struct live_sensor *s, prac_time at)
{
  const struct live_minute *m = &s->minutes[minute_index(at)];
  return m->at == at ? m : NULL;
}

/* ---- tops ---- */

static size_t sensor_tops(const struct live *l, struct live_top *all)
{
  prac_time end = prac_time_floor(l->now, PRAC_MIN);
  for (size_t i = 0; i < l->n_sensors; i++) {
    all[i] = (struct live_top){.key = (uint32_t)i};
    for (int k = 1; k <= (LIVE_NOW + LIVE_BEFORE) * LIVE_SLOT_MIN; k++) {
      const struct live_minute *m = live_minute_at(l->sensors[i], end - k * PRAC_MIN);
      bool now = k <= LIVE_NOW * LIVE_SLOT_MIN;
      if (!m) continue;
      *(now ? &all[i].packets : &all[i].packets_before) +=
          (double)m->packets / (now ? LIVE_NOW : LIVE_BEFORE) / LIVE_SLOT_MIN;
      *(now ? &all[i].sources : &all[i].sources_before) +=
          (double)m->sources / (now ? LIVE_NOW : LIVE_BEFORE) / LIVE_SLOT_MIN;
    }
  }
  return l->n_sensors;
}

size_t live_tops(struct live *l, enum live_dim dim, bool by_packets, struct live_top *to, size_t n)
{
  struct live_top sensors[LIVE_SENSORS];
  if (l->now == PRAC_TIME_NONE) return 0;
  if (dim != LIVE_SENSOR) return live_slots_top(l->slots, l->now, dim, by_packets, to, n);
  return live_top_rank(sensors, sensor_tops(l, sensors), by_packets, to, n);
}
