/* One sensor's packets become rows of minutes. Frames are taken in small groups: all of a group are
 * decoded first, and the memory that each will need is asked for, before the first is counted. */
#include "capture/core.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "capture/marks.h"
#include "capture/minute.h"
#include "capture/origin.h"
#include "capture/ours.h"
#include "capture/publish.h"
#include "capture/sample.h"
#include "capture/tools.h"

enum { GROUP = 16, SENSOR_MAX = 31 };

struct work {
  struct wire_packet p;
  uint64_t hash, src_hash;
  prac_time at;
  uint32_t marks, step;
  bool use, six, probe;
  struct prac_ip victim;
};
struct cap_core {
  struct cap_publish pub;
  char sensor[SENSOR_MAX + 1];
  struct cap_minute minutes[2], *young, *old; /* old: still open although young has begun */
  struct cap_samples samples;                 /* of minutes[0] and [1] */
  struct cap_tools *tools;
  struct cap_ours *ours;
  prac_time newest;
  int64_t lateness_ns;
  int64_t behind_ns; /* how much the live clock has been set back since the start */
  uint64_t seed;
  bool started, no_empty;
  uint64_t count[CAP_COUNT_COUNT_];
  _Atomic uint64_t shown[CAP_COUNT_COUNT_];
  uint64_t told[6]; /* at the last health: packets, evicted, malformed, lost, rows, batches */
  char health_id[SENSOR_MAX + 2 + PRAC_TIME_TEXT];
  struct work group[GROUP];
};

static prac_rc check(const struct cap_conf *c, struct prac_err *reterr)
{
  size_t n = c->sensor ? strlen(c->sensor) : 0;
  if (n == 0 || n > SENSOR_MAX)
    return PRAC_FAIL(reterr, PRAC_RANGE, "a sensor's name has 1 to %d characters", SENSOR_MAX);
  if (c->max_flows < 0 || c->max_flows > FLOW_BATCH_MAX)
    return PRAC_FAIL(reterr, PRAC_RANGE, "max_flows must be 1..%d", FLOW_BATCH_MAX);
  if (c->lateness_ns < 0 || c->lateness_ns > PRAC_MIN)
    return PRAC_FAIL(reterr, PRAC_RANGE, "lateness must be 0..60 s");
  if (c->max_sources < 0 || c->label_packets < 0)
    return PRAC_FAIL(reterr, PRAC_RANGE, "max_sources and label_packets cannot be negative");
  return PRAC_OK;
}

static prac_rc make(struct cap_core *k, const struct cap_conf *c, const struct lookup *look)
{
  uint32_t max = c->max_flows ? (uint32_t)c->max_flows : FLOW_BATCH_MAX;
  PRAC_TRY(cap_minute_init(&k->minutes[0], max));
  PRAC_TRY(cap_minute_init(&k->minutes[1], max));
  PRAC_TRY(cap_tools_new(c->max_sources ? (uint64_t)c->max_sources : UINT64_C(1) << 18,
                         c->label_packets ? (unsigned)c->label_packets : 3, &k->tools));
  k->ours = cap_ours_new(&c->prefixes);
  k->pub.origin = cap_origin_new(look);
  k->pub.tools = k->tools;
  return k->ours && k->pub.origin ? PRAC_OK : PRAC_NOMEM;
}

prac_rc cap_core_new(const struct cap_conf *c, struct lookup *look, cap_sink *sink, void *arg,
                     struct cap_core **ret, struct prac_err *reterr)
{
  PRAC_TRY(check(c, reterr));
  struct cap_core *k = calloc(1, sizeof *k);
  if (!k) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for sensor %s", c->sensor);
  k->young = &k->minutes[0];
  k->old = &k->minutes[1];
  k->no_empty = c->no_empty;
  k->lateness_ns = c->lateness_ns ? c->lateness_ns : 2 * PRAC_SEC;
  k->seed = c->seed;
  memcpy(k->sensor, c->sensor, strlen(c->sensor));
  k->pub = (struct cap_publish){.sink = sink, .arg = arg, .look = look, .count = k->count};
  k->pub.sensor = k->sensor;
  prac_rc rc = make(k, c, look);
  if (rc == PRAC_OK) {
    *ret = k;
    return PRAC_OK;
  }
  cap_core_free(&k);
  return PRAC_FAIL(reterr, rc, "no memory for sensor %s", c->sensor);
}

void cap_core_free(struct cap_core **cp)
{
  struct cap_core *k = *cp;
  if (!k) return;
  cap_minute_done(&k->minutes[0]);
  cap_minute_done(&k->minutes[1]);
  cap_samples_done(&k->samples);
  cap_tools_free(&k->tools);
  cap_ours_free(&k->ours);
  cap_origin_free(&k->pub.origin);
  free(k);
  *cp = NULL;
}

prac_rc cap_core_sample(struct cap_core *k, uint32_t per_minute, cap_packets *to)
{
  return per_minute ? cap_samples_init(&k->samples, per_minute, k->seed, to, k->pub.arg) : PRAC_OK;
}

static prac_rc close_minute(struct cap_core *k, struct cap_minute *m)
{
  if (!m->open) return PRAC_OK;
  m->open = false;
  if (k->no_empty && m->part == 0 && m->n == 0) return PRAC_OK;
  prac_rc rc = cap_publish(&k->pub, m, true);
  if (rc == PRAC_OK)
    rc = cap_samples_give(&k->samples, (size_t)(m - k->minutes), m->start, k->sensor, k->pub.origin,
                          &k->count[CAP_COUNT_samples]);
  if (m == k->old) cap_minute_trade(m, k->young);
  return rc;
}

static void open_minute(struct cap_minute *m, prac_time start)
{
  m->start = start;
  m->open = true;
  m->part = 0;
}

/* A later minute begins: the young one becomes the old one, which must be gone by then. */
static prac_rc turn(struct cap_core *k, prac_time start)
{
  PRAC_TRY(close_minute(k, k->old));
  struct cap_minute *m = k->old;
  k->old = k->young;
  k->young = m;
  open_minute(m, start);
  return PRAC_OK;
}

static prac_rc close_overdue(struct cap_core *k)
{
  if (!k->old->open || k->newest - k->old->start < PRAC_MIN + k->lateness_ns) return PRAC_OK;
  return close_minute(k, k->old);
}

/* The open minute that a moment belongs to, and its place in it. Closes what is over by then. */
static prac_rc route_slow(struct cap_core *k, prac_time at, struct cap_minute **ret_m,
                          uint32_t *ret_ms)
{
  if (!k->started) {
    open_minute(k->young, prac_time_floor(at, PRAC_MIN));
    k->started = true;
    k->newest = at;
  }
  if (at > k->newest) k->newest = at;
  if (at - k->young->start >= PRAC_MIN) PRAC_TRY(turn(k, prac_time_floor(at, PRAC_MIN)));
  PRAC_TRY(close_overdue(k));
  *ret_m = k->young;
  *ret_ms = (uint32_t)((at - k->young->start) / PRAC_MS);
  if (at >= k->young->start) return PRAC_OK;
  if (k->old->open) *ret_m = k->old;
  *ret_ms = (uint32_t)((at - (*ret_m)->start) / PRAC_MS);
  if (at >= (*ret_m)->start && at - (*ret_m)->start < PRAC_MIN) return PRAC_OK;
  k->count[CAP_COUNT_late]++;
  *ret_ms = 0;
  return PRAC_OK;
}

static inline prac_rc route(struct cap_core *k, prac_time at, struct cap_minute **ret_m,
                            uint32_t *ret_ms)
{
  uint64_t in = (uint64_t)at - (uint64_t)k->young->start;
  if (PRAC_UNLIKELY(!k->started || k->old->open || in >= (uint64_t)PRAC_MIN))
    return route_slow(k, at, ret_m, ret_ms);
  if (at > k->newest) k->newest = at;
  *ret_m = k->young;
  *ret_ms = (uint32_t)(in / (uint64_t)PRAC_MS);
  return PRAC_OK;
}

/* The table of m is full: what it has goes out as one more part. An older minute goes first, so
 * that batches stay in order. */
static prac_rc make_room(struct cap_core *k, struct cap_minute *m)
{
  if (m == k->young) PRAC_TRY(close_minute(k, k->old));
  k->count[CAP_COUNT_evicted] += m->n;
  return cap_publish(&k->pub, m, false);
}

/* Puts the spare row of m that the caller has filled. */
static inline prac_rc put(struct cap_core *k, struct cap_minute *m, uint64_t hash,
                          struct flow_row **ret, bool *ret_new)
{
  prac_rc rc;
  *ret = cap_minute_put(m, hash, ret_new, &rc);
  if (PRAC_LIKELY(*ret != NULL)) return PRAC_OK;
  PRAC_TRY(rc);
  struct flow_row like = m->rows[m->n];
  PRAC_TRY(make_room(k, m));
  m->rows[0] = like;
  *ret = cap_minute_put(m, hash, ret_new, &rc);
  return rc;
}

/* One more packet, or a later observation, of a row that is there. */
static inline void merge(struct flow_row *r, const struct flow_row *x)
{
  const uint32_t tools = CAP_MARKS_TOOL;
  r->marks = (r->marks & x->marks & tools) | ((r->marks | x->marks) & ~tools);
  if (x->tool) r->tool = x->tool;
  if (r->tool && !(r->marks & cap_tools_marks((enum flow_tool)r->tool))) r->tool = 0;
  uint32_t first = r->first_ms < x->first_ms ? r->first_ms : x->first_ms;
  uint32_t end = (uint32_t)r->first_ms + r->span_ms, other = (uint32_t)x->first_ms + x->span_ms;
  r->span_ms = (uint16_t)((end > other ? end : other) - first);
  r->first_ms = (uint16_t)first;
  r->tcp_flags |= x->tcp_flags;
  r->packets += x->packets;
  r->bytes += x->bytes;
  if (r->country == 0) r->country = x->country;
}

static inline uint32_t ports_of(const struct wire_packet *p)
{
  return (uint32_t)p->sport << 16 | p->dport;
}

static inline uint32_t step_of(prac_time at)
{
  int64_t step = at / (FLOW_STEP_MS * PRAC_MS) % 6; /* before 1970: only a worse prefetch */
  return (uint32_t)step;
}

static void rehash(const struct cap_core *k, struct work *w, uint32_t step)
{
  w->step = step;
  w->hash = cap_minute_hash(k->seed, &w->p.src, &w->p.dst, ports_of(&w->p),
                            (uint32_t)w->p.proto << 8 | step);
}

static inline void count_proto(struct cap_core *k, const struct work *w)
{
  uint8_t proto = w->p.proto;
  k->count[w->six ? CAP_COUNT_ip6 : CAP_COUNT_ip4]++;
  k->count[proto == WIRE_TCP                            ? CAP_COUNT_tcp
           : proto == WIRE_UDP                          ? CAP_COUNT_udp
           : proto == (w->six ? WIRE_ICMP6 : WIRE_ICMP) ? CAP_COUNT_icmp
                                                        : CAP_COUNT_other]++;
  if (PRAC_UNLIKELY(w->p.flags & (WIRE_TRUNCATED | WIRE_BAD)))
    k->count[w->p.flags & WIRE_BAD ? CAP_COUNT_malformed : CAP_COUNT_truncated]++;
}

static void count_odd(struct cap_core *k, enum wire_class class)
{
  switch (class) {
  case WIRE_NOT_IP:
    k->count[CAP_COUNT_not_ip]++;
    break;
  case WIRE_NO_LINK:
    k->count[CAP_COUNT_no_link]++;
    break;
  case WIRE_SHORT:
    k->count[CAP_COUNT_truncated]++;
    break;
  case WIRE_MALFORMED:
  case WIRE_IP4:
  case WIRE_IP6:
  case WIRE_CLASS_COUNT_:
    k->count[CAP_COUNT_malformed]++;
  }
}

/* First pass: decode, judge what the packet says by itself, and ask for the memory it will need. */
static inline void prepare(struct cap_core *k, const struct cap_frame *f, struct work *w)
{
  enum wire_class class = wire_packet_read(f->link, f->data, f->caplen, f->len, &w->p);
  w->use = class == WIRE_IP4 || class == WIRE_IP6;
  if (PRAC_UNLIKELY(!w->use)) {
    count_odd(k, class);
    return;
  }
  w->six = class == WIRE_IP6;
  w->at = f->at + k->behind_ns;
  count_proto(k, w);
  if (PRAC_UNLIKELY(!cap_ours_has(k->ours, &w->p.dst))) {
    k->count[CAP_COUNT_not_ours]++;
    w->use = false;
    return;
  }
  memset(&w->victim, 0, sizeof w->victim);
  w->marks = cap_marks(&w->p, w->six, &w->victim);
  rehash(k, w, step_of(w->at));
  cap_minute_prefetch(k->young, w->hash);
  w->probe = cap_is_probe(&w->p);
  if (!w->probe) return;
  w->src_hash = cap_tools_hash(&w->p.src);
  cap_tools_prefetch(k->tools, w->src_hash);
}

static uint64_t payload_hash(const struct wire_packet *p)
{
  if (p->payload_captured == 0) return 0;
  uint64_t h = prac_hash_bytes(0, p->payload, p->payload_captured < 64 ? p->payload_captured : 64);
  return h ? h : 1;
}

static inline void fill(struct flow_row *x, const struct work *w, uint32_t ms, enum flow_tool tool)
{
  static const struct flow_row none; /* padding too is zero; a copy is faster than a short memset */
  const struct wire_packet *p = &w->p;
  memcpy(x, &none, sizeof none);
  x->first_ms = (uint16_t)ms;
  x->src = p->src;
  x->dst = p->dst;
  x->victim = w->victim;
  x->proto = p->proto;
  x->tcp_flags = p->tcp_flags;
  x->ttl = p->ttl;
  x->tool = (uint8_t)tool;
  x->sport = p->sport;
  x->dport = p->dport;
  x->window = p->window;
  x->marks = w->marks;
  x->packets = 1;
  x->bytes = p->bytes;
}

/* Second pass: the label, the minute, the row. */
static inline prac_rc take(struct cap_core *k, struct work *w)
{
  struct cap_minute *m;
  uint32_t ms;
  enum flow_tool tool = FLOW_TOOL_NONE;
  PRAC_TRY(route(k, w->at, &m, &ms));
  if (w->probe) {
    tool = cap_tools_see(k->tools, w->src_hash, &w->p, (uint32_t)(w->at / PRAC_SEC), &w->marks);
    if (tool != FLOW_TOOL_NONE && !(w->marks & cap_tools_marks(tool))) tool = FLOW_TOOL_NONE;
  }
  if (PRAC_UNLIKELY(w->step != ms / FLOW_STEP_MS)) rehash(k, w, ms / FLOW_STEP_MS);
  struct flow_row *x = cap_minute_spare(m), *r;
  if (PRAC_UNLIKELY(!x)) return PRAC_NOMEM;
  fill(x, w, ms, tool);
  bool is_new;
  PRAC_TRY(put(k, m, w->hash, &r, &is_new));
  if (is_new)
    r->payload = payload_hash(&w->p);
  else
    merge(r, x);
  struct model_samples *s = k->samples.of[m - k->minutes];
  if (s) cap_samples_see(s, w->at, &w->p, r->payload, is_new);
  return PRAC_OK;
}

static void show(struct cap_core *k)
{
  k->count[CAP_COUNT_sources_evicted] = cap_tools_evicted(k->tools);
  k->count[CAP_COUNT_samples_refused] = cap_samples_refused(&k->samples);
  k->count[CAP_COUNT_sources_labelled] = cap_tools_labelled(k->tools);
  for (size_t i = 0; i < CAP_COUNT_COUNT_; i++) prac_gauge(&k->shown[i], k->count[i]);
}

prac_rc cap_core_frames(struct cap_core *k, const struct cap_frame *f, size_t n)
{
  k->count[CAP_COUNT_frames] += n;
  prac_rc rc = PRAC_OK;
  for (size_t from = 0; from < n && rc == PRAC_OK; from += GROUP) {
    size_t g = n - from < GROUP ? n - from : GROUP;
    for (size_t i = 0; i < g; i++) prepare(k, &f[from + i], &k->group[i]);
    for (size_t i = 0; i < g && rc == PRAC_OK; i++)
      if (k->group[i].use) rc = take(k, &k->group[i]);
  }
  show(k);
  return rc;
}

static prac_rc take_seen(struct cap_core *k, const struct cap_seen *s)
{
  struct cap_minute *m;
  uint32_t ms;
  struct flow_row *x, *r;
  bool is_new;
  PRAC_TRY(route(k, s->at, &m, &ms));
  if (!(x = cap_minute_spare(m))) return PRAC_NOMEM;
  *x = s->row;
  x->first_ms = (uint16_t)ms;
  x->marks = cap_marks_seen(x);
  if (x->packets == 0) x->packets = 1;
  uint64_t hash = cap_minute_hash(k->seed, &x->src, &x->dst, (uint32_t)x->sport << 16 | x->dport,
                                  (uint32_t)x->proto << 8 | ms / FLOW_STEP_MS);
  PRAC_TRY(put(k, m, hash, &r, &is_new));
  if (!is_new) merge(r, x);
  return PRAC_OK;
}

prac_rc cap_core_seen(struct cap_core *k, const struct cap_seen *s, size_t n)
{
  k->count[CAP_COUNT_seen] += n;
  prac_rc rc = PRAC_OK;
  for (size_t i = 0; i < n && rc == PRAC_OK; i++)
    if (cap_ours_has(k->ours, &s[i].row.dst) || prac_ip_is_zero(&s[i].row.dst))
      rc = take_seen(k, &s[i]);
    else
      k->count[CAP_COUNT_not_ours]++;
  show(k);
  return rc;
}

prac_rc cap_core_advance(struct cap_core *k, prac_time t)
{
  enum { EMPTY_MAX = 60 };
  static const int64_t BACK_NS = 30 * PRAC_SEC;
  struct cap_minute *m;
  uint32_t ms;
  t += k->behind_ns;
  /* a replay of several files tells the oldest one's time: that sets no clock back */
  if (k->started && !k->no_empty &&
      k->newest - t > BACK_NS) { /* nothing may be published twice: time goes on */
    k->behind_ns += k->newest - t;
    k->count[CAP_COUNT_set_back]++;
    show(k);
    t = k->newest;
  }
  t -= k->lateness_ns;
  if (k->started && t < k->young->start + PRAC_MIN && !k->old->open) return PRAC_OK;
  if (!k->started) return route_slow(k, t, &m, &ms);
  if (k->newest < t) k->newest = t;
  for (int i = 0; i < EMPTY_MAX && k->young->start + PRAC_MIN <= t; i++) {
    PRAC_TRY(turn(k, k->young->start + PRAC_MIN));
    PRAC_TRY(close_minute(k, k->old));
  }
  if (k->young->start + PRAC_MIN <= t) { /* so long a silence is an absence */
    PRAC_TRY(turn(k, prac_time_floor(t, PRAC_MIN)));
    PRAC_TRY(close_minute(k, k->old));
  }
  if (k->old->open && k->old->start + PRAC_MIN <= t) PRAC_TRY(close_minute(k, k->old));
  show(k);
  return PRAC_OK;
}

prac_rc cap_core_finish(struct cap_core *k)
{
  PRAC_TRY(close_minute(k, k->old));
  PRAC_TRY(close_minute(k, k->young));
  k->started = false;
  show(k);
  return PRAC_OK;
}

static uint64_t since(uint64_t *told, uint64_t now)
{
  uint64_t d = now - *told;
  *told = now;
  return d;
}

void cap_core_health(struct cap_core *k, const struct cap_stats *now, struct health *ret)
{
  prac_time at = k->started ? (k->old->open ? k->old->start : k->young->start) : k->newest;
  char text[PRAC_TIME_TEXT];
  (void)snprintf(k->health_id, sizeof k->health_id, "%s/%s", k->sensor, prac_time_text(text, at));
  uint64_t lost = now ? now->dropped_kernel + now->dropped_iface : 0;
  uint64_t bad = k->count[CAP_COUNT_malformed] + (now ? now->malformed : 0);
  *ret = (struct health){
      .id = k->health_id,
      .sensor = k->sensor,
      .at = at,
      .packets = since(&k->told[0], k->count[CAP_COUNT_frames] + k->count[CAP_COUNT_seen]),
      .evicted = since(&k->told[1], k->count[CAP_COUNT_evicted]),
      .malformed = since(&k->told[2], bad),
      .lost = since(&k->told[3], lost),
      .rows = since(&k->told[4], k->count[CAP_COUNT_rows]),
      .batches = since(&k->told[5], k->count[CAP_COUNT_batches]),
      .clock_offset_ns = k->behind_ns,
      .version = PRACTICE_VERSION,
      .sent = PRAC_TIME_NONE,
  };
}

const _Atomic uint64_t *cap_core_counters(const struct cap_core *k)
{
  return k->shown;
}
