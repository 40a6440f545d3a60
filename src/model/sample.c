/* One table counts all that limits go by: classes, ports, senders, and senders at ports; one heap
 * has the samples that are best so far. What is best is decided twice: while packets come, by what
 * is known then; and at the minute's end, when it is known how often each was seen. */
#include "model/sample.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum {
  CELLS = 64, /* at least so many for each that is held */
  PROBES = 16,
  KNOWN_BITS = 14,
  POOL = 4,           /* so many are held for each that is kept */
  KNOWN_MINUTES = 60, /* what was kept is not new for so long */
  ID_MAX = 96
};

/* The words of a key say what it is of. */
enum { OF_PORT = 0x706f7274, OF_SENDER = 0x73656e64, OF_PAIR = 0x70616972 };

struct rank {
  uint64_t chance;
  uint32_t ordinal; /* among those of its class */
};
struct model_sample {
  struct rank rank;
  uint64_t class, pair, seen;
  uint8_t old;          /* the class, or also the pair, has been kept within an hour */
  struct model_offer o; /* its bytes are these */
  uint8_t bytes[PACKET_BYTES_MAX];
  char id[ID_MAX];
};
struct model_known {
  uint32_t refs; /* of one sensor's minutes, which have one thread */
  struct {
    uint64_t key;
    int64_t minute;
  } v[1 << KNOWN_BITS];
};

/* ---- making ---- */

prac_rc model_samples_new(uint32_t per_minute, const struct model_samples *with,
                          struct model_samples **ret)
{
  if (per_minute == 0 || per_minute > MODEL_SAMPLES_MOST) return PRAC_RANGE;
  struct model_samples *m = calloc(1, sizeof *m);
  if (!m) return PRAC_NOMEM;
  m->per_minute = per_minute;
  m->room = per_minute * POOL;
  m->shift = 64;
  for (m->n_cells = 1; m->n_cells < CELLS * m->room; m->n_cells *= 2) m->shift--;
  m->cells = calloc(m->n_cells, sizeof *m->cells);
  m->pool = calloc(m->room, sizeof *m->pool);
  m->best = calloc(m->room, sizeof(struct model_sample *));
  m->known = with ? with->known : calloc(1, sizeof *m->known);
  if (m->known) m->known->refs++;
  if (!m->cells || !m->pool || !m->best || !m->known) {
    model_samples_free(&m);
    return PRAC_NOMEM;
  }
  for (uint32_t i = 0; i < m->room; i++) m->best[i] = &m->pool[i];
  *ret = m;
  return PRAC_OK;
}

void model_samples_free(struct model_samples **mp)
{
  struct model_samples *m = *mp;
  if (!m) return;
  if (m->known && --m->known->refs == 0) free(m->known);
  free(m->cells);
  free(m->pool);
  free(m->best);
  free(m);
  *mp = NULL;
}

void model_samples_reset(struct model_samples *m)
{
  if (m->used) memset(m->cells, 0, m->n_cells * sizeof *m->cells);
  m->used = m->n = 0;
}

/* ---- counting ---- */

/* The cell of a key, or the free one where it would be; NULL: neither is near. */
static struct model_sample_cell *place(struct model_samples *m, uint64_t key)
{
  size_t at = key >> m->shift;
  for (size_t i = 0; i < PROBES; i++) {
    struct model_sample_cell *c = &m->cells[(at + i) & (m->n_cells - 1)];
    if (c->key == key || c->key == 0) return c;
  }
  return NULL;
}

struct model_sample_cell *model_samples_find(struct model_samples *m, uint64_t key)
{
  struct model_sample_cell *c = place(m, key);
  return c && c->key ? c : NULL;
}

static uint32_t kept(struct model_samples *m, uint64_t key)
{
  const struct model_sample_cell *c = model_samples_find(m, key);
  return c ? c->kept : 0;
}

static struct model_sample_cell *make(struct model_samples *m, uint64_t key)
{
  struct model_sample_cell *c = place(m, key);
  if (!c || c->key) return c;
  if (m->used >= m->n_cells / 4 * 3) return NULL;
  m->used++;
  c->key = key;
  return c;
}

/* ---- the heap: what would go first is at the top ---- */

static int cmp_u64(uint64_t a, uint64_t b)
{
  return (a > b) - (a < b);
}

/* Below zero: a is kept rather than b. */
static int by_chance(const struct rank *a, const struct rank *b)
{
  if (a->ordinal != b->ordinal) return a->ordinal < b->ordinal ? -1 : 1;
  return cmp_u64(a->chance, b->chance);
}

static bool worse(const struct model_samples *m, size_t a, size_t b)
{
  return by_chance(&m->best[a]->rank, &m->best[b]->rank) > 0;
}

static void swap(struct model_samples *m, size_t a, size_t b)
{
  struct model_sample *t = m->best[a];
  m->best[a] = m->best[b];
  m->best[b] = t;
}

static void sink(struct model_samples *m, size_t i)
{
  for (size_t k; (k = 2 * i + 1) < m->n; i = k) {
    if (k + 1 < m->n && worse(m, k + 1, k)) k++;
    if (!worse(m, k, i)) return;
    swap(m, k, i);
  }
}

static void rise(struct model_samples *m, size_t i)
{
  for (; i > 0 && worse(m, i, (i - 1) / 2); i = (i - 1) / 2) swap(m, i, (i - 1) / 2);
}

/* ---- offering ---- */

static uint64_t of_ip(uint64_t what, const struct prac_ip *ip, uint64_t more)
{
  uint64_t a, b;
  memcpy(&a, ip->b, 8);
  memcpy(&b, ip->b + 8, 8);
  return prac_hash2(what ^ more, a, b) | 1;
}

/* In the place of the worst, or of none. */
static void put(struct model_samples *m, const struct rank *rank, uint64_t class, uint64_t pair,
                const struct model_offer *o)
{
  bool full = m->n == m->room;
  size_t at = full ? 0 : m->n++;
  struct model_sample *s = m->best[at];
  s->rank = *rank;
  s->class = class;
  s->pair = pair;
  s->o = *o;
  s->o.bytes = s->bytes;
  if (o->n_bytes > PACKET_BYTES_MAX) s->o.n_bytes = PACKET_BYTES_MAX;
  if (s->o.head > s->o.n_bytes) s->o.head = s->o.n_bytes;
  if (s->o.n_bytes) memcpy(s->bytes, o->bytes, s->o.n_bytes);
  if (full)
    sink(m, 0);
  else
    rise(m, at);
}

/* keys: of the class, the port, the sender, and the sender in this class. */
static bool may(struct model_samples *m, const uint64_t keys[4], struct model_sample_cell *class)
{
  if (kept(m, keys[1]) >= MODEL_SAMPLES_SHARE) {
    if (class) class->shut = true;
    return false;
  }
  return kept(m, keys[2]) < MODEL_SAMPLES_SHARE && !kept(m, keys[3]);
}

void model_samples_offer(struct model_samples *m, uint64_t class, const struct model_offer *o)
{
  uint64_t port = (uint64_t)o->proto << 32 | (model_sample_icmp(o->proto) ? o->sport : o->dport);
  const uint64_t keys[4] = {class, prac_hash2(OF_PORT, port, 0) | 1, of_ip(OF_SENDER, &o->src, 0),
                            of_ip(OF_PAIR, &o->src, class)};
  struct model_sample_cell *cell[4] = {0};
  struct model_sample_cell *c = model_samples_find(m, class);
  if (!may(m, keys, c)) return;
  struct rank rank = {.ordinal = c ? c->kept : 0};
  /* so that every minute another one is lucky */
  rank.chance = prac_hash2((uint64_t)(o->at / PRAC_MIN), class, rank.ordinal);
  bool room = m->n < m->room || by_chance(&rank, &m->best[0]->rank) < 0;
  for (int i = 0; i < 4 && room; i++) room = (cell[i] = make(m, keys[i])) != NULL;
  if (!room) {
    m->refused++;
    return;
  }
  put(m, &rank, class, of_ip(OF_PAIR, &o->src, port), o);
  for (int i = 0; i < 4; i++) cell[i]->kept++;
  if (!c) cell[0]->n = 1;
  if (cell[0]->kept >= MODEL_SAMPLES_ALIKE) cell[0]->shut = true;
}

/* ---- the minute's end ---- */

static bool is_known(const struct model_samples *m, uint64_t key, int64_t minute)
{
  size_t at = key >> (64 - KNOWN_BITS);
  return m->known->v[at].key == key && minute - m->known->v[at].minute < KNOWN_MINUTES;
}

static void know(struct model_samples *m, uint64_t key, int64_t minute)
{
  size_t at = key >> (64 - KNOWN_BITS);
  m->known->v[at].key = key;
  m->known->v[at].minute = minute;
}

static int by_worth(const void *x, const void *y)
{
  const struct model_sample *a = *(struct model_sample *const *)x,
                            *b = *(struct model_sample *const *)y;
  if (a->old != b->old) return a->old < b->old ? -1 : 1;
  if (a->rank.ordinal != b->rank.ordinal) return a->rank.ordinal < b->rank.ordinal ? -1 : 1;
  if (a->seen != b->seen) return cmp_u64(a->seen, b->seen);
  int c = cmp_u64(a->rank.chance, b->rank.chance);
  return c ? c : cmp_u64(a->pair, b->pair);
}

static int by_time(const void *x, const void *y)
{
  const struct model_sample *a = *(struct model_sample *const *)x,
                            *b = *(struct model_sample *const *)y;
  return a->o.at != b->o.at ? (a->o.at < b->o.at ? -1 : 1) : by_worth(x, y);
}

size_t model_samples_choose(struct model_samples *m, prac_time minute)
{
  int64_t now = minute / PRAC_MIN;
  for (size_t i = 0; i < m->n; i++) {
    struct model_sample *s = m->best[i];
    const struct model_sample_cell *c = model_samples_find(m, s->class);
    s->seen = c ? c->n : 1;
    s->old = is_known(m, s->class, now) ? 1 + is_known(m, s->pair, now) : 0;
  }
  qsort(m->best, m->n, sizeof(struct model_sample *), by_worth);
  while (m->n > 0 && m->best[m->n - 1]->old == 2) m->n--;
  if (m->n > m->per_minute) m->n = m->per_minute;
  for (size_t i = 0; i < m->n; i++) {
    know(m, m->best[i]->class, now);
    know(m, m->best[i]->pair, now);
  }
  qsort(m->best, m->n, sizeof(struct model_sample *), by_time);
  return m->n;
}

void model_samples_get(const struct model_samples *m, size_t i, const char *sensor,
                       struct packet *ret)
{
  struct model_sample *s = m->best[i];
  const struct model_offer *o = &s->o;
  /* nothing of dst or of the payload, which may name it, is in what all readers see */
  (void)snprintf(s->id, sizeof s->id, "%.31s.%" PRId64 ".%zu", sensor, o->at, i);
  *ret = (struct packet){.id = s->id,
                         .sensor = sensor,
                         .at = o->at,
                         .src = o->src,
                         .dst = o->dst,
                         .proto = o->proto,
                         .sport = o->sport,
                         .dport = o->dport,
                         .ttl = o->ttl,
                         .tcp_flags = o->tcp_flags,
                         .len = o->len,
                         .layer = o->layer,
                         .head = o->head,
                         .bytes = {s->bytes, o->n_bytes},
                         .payload = o->payload,
                         .seen = s->seen,
                         .country = ""};
}
