/* One table counts all that limits go by: classes, ports, senders, and senders of a class; one heap
 * has the samples that are best so far, and a port or sender with its full share gives up its own
 * worst for a better one. What is best is decided twice: while packets come, by what is known then;
 * and at the minute's end, when it is known how often each was seen. */
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

enum key { CLASS, PORT, SENDER, PAIR, KEYS };

/* Lower is better: what is new before what is known, one of each class before a second one, then
 * chance. The class is the same for all of these, so that of one class the last goes first. */
#define RANK_OLD (UINT64_C(1) << 63)
enum { RANK_ORDINAL = 60, RANK_COARSE = 32 };
struct model_sample {
  uint64_t rank, seen;
  uint64_t key[KEYS];   /* pair: sender and class */
  uint64_t at_port;     /* sender and port */
  uint8_t old;          /* the class, or also the sender at the port, was kept within an hour */
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

prac_rc model_samples_new(uint32_t per_minute, uint64_t seed, const struct model_samples *with,
                          struct model_samples **ret)
{
  if (per_minute == 0 || per_minute > MODEL_SAMPLES_MOST) return PRAC_RANGE;
  struct model_samples *m = calloc(1, sizeof *m);
  if (!m) return PRAC_NOMEM;
  m->per_minute = per_minute;
  m->seed = seed;
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

/* ---- what is known ---- */

static bool is_known(const struct model_samples *m, uint64_t key, int64_t minute)
{
  size_t at = key >> (64 - KNOWN_BITS);
  int64_t age = minute - m->known->v[at].minute; /* below zero: a clock went back */
  return m->known->v[at].key == key && age < KNOWN_MINUTES && age > -KNOWN_MINUTES;
}

static void know(struct model_samples *m, uint64_t key, int64_t minute)
{
  size_t at = key >> (64 - KNOWN_BITS);
  m->known->v[at].key = key;
  m->known->v[at].minute = minute;
}

static uint8_t how_old(const struct model_samples *m, uint64_t class, uint64_t at_port,
                       int64_t minute)
{
  return is_known(m, class, minute) ? (uint8_t)(1 + is_known(m, at_port, minute)) : 0;
}

/* ---- the heap: what would go first is at the top ---- */

static int cmp_u64(uint64_t a, uint64_t b)
{
  return (a > b) - (a < b);
}

static bool worse(const struct model_samples *m, size_t a, size_t b)
{
  return m->best[a]->rank > m->best[b]->rank;
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

/* It goes, and what it had goes back. */
static void evict(struct model_samples *m, size_t i)
{
  for (int k = 0; k < KEYS; k++) {
    struct model_sample_cell *c = model_samples_find(m, m->best[i]->key[k]);
    if (c && c->kept > 0) c->kept--;
  }
  swap(m, i, --m->n);
  if (i == m->n) return;
  rise(m, i);
  sink(m, i);
}

/* The place of the worst that has this key; m->n: none has. */
static size_t worst_of(const struct model_samples *m, enum key which, uint64_t key)
{
  size_t at = m->n;
  for (size_t i = 0; i < m->n; i++)
    if (m->best[i]->key[which] == key && (at == m->n || worse(m, i, at))) at = i;
  return at;
}

/* ---- offering ---- */

static uint64_t of_ip(uint64_t what, const struct prac_ip *ip, uint64_t more)
{
  uint64_t a, b;
  memcpy(&a, ip->b, 8);
  memcpy(&b, ip->b + 8, 8);
  return prac_hash2(what ^ more, a, b) | 1;
}

static void put(struct model_samples *m, uint64_t rank, const uint64_t keys[KEYS], uint64_t at_port,
                const struct model_offer *o)
{
  struct model_sample *s = m->best[m->n++];
  s->rank = rank;
  memcpy(s->key, keys, sizeof s->key);
  s->at_port = at_port;
  s->o = *o;
  s->o.bytes = s->bytes;
  if (o->n_bytes > PACKET_BYTES_MAX) s->o.n_bytes = PACKET_BYTES_MAX;
  if (s->o.head > s->o.n_bytes) s->o.head = s->o.n_bytes;
  if (s->o.n_bytes) memcpy(s->bytes, o->bytes, s->o.n_bytes);
  rise(m, m->n - 1);
}

/* A port or a sender has room, or something of its own that is worse. */
static bool has_room(const struct model_sample_cell *c, uint64_t rank)
{
  return !c || c->kept < MODEL_SAMPLES_SHARE || rank >> RANK_COARSE < c->n;
}

static void make_room(struct model_samples *m, enum key which, uint64_t key)
{
  if (kept(m, key) < MODEL_SAMPLES_SHARE) return;
  size_t at = worst_of(m, which, key);
  if (at < m->n) evict(m, at);
}

/* With its share full: what a next one has to be better than. */
static void close_share(struct model_samples *m, enum key which, uint64_t key)
{
  struct model_sample_cell *c = model_samples_find(m, key);
  if (!c || c->kept < MODEL_SAMPLES_SHARE) return;
  c->n = (uint32_t)(m->best[worst_of(m, which, key)]->rank >> RANK_COARSE);
}

static uint64_t rank_of(const struct model_samples *m, uint64_t class, uint8_t old,
                        uint32_t ordinal, prac_time at)
{
  /* so that every minute another one is lucky, and nobody knows which */
  uint64_t chance = prac_hash2(prac_mix64(m->seed + (uint64_t)(at / PRAC_MIN)), class, ordinal);
  return (old ? RANK_OLD : 0) | (uint64_t)ordinal << RANK_ORDINAL | chance >> (64 - RANK_ORDINAL);
}

static bool make_all(struct model_samples *m, const uint64_t keys[KEYS],
                     struct model_sample_cell *cells[KEYS])
{
  for (int i = 0; i < KEYS; i++)
    if (!(cells[i] = make(m, keys[i]))) return false;
  return true;
}

/* Its port and its sender have room for it. */
static bool has_share(struct model_samples *m, const uint64_t keys[KEYS], uint64_t rank)
{
  struct model_sample_cell *class = model_samples_find(m, keys[CLASS]);
  bool at_port = has_room(model_samples_find(m, keys[PORT]), rank);
  if (!at_port && class) class->shut = true; /* whoever sends it: the port has better ones */
  return at_port && has_room(model_samples_find(m, keys[SENDER]), rank);
}

static void take(struct model_samples *m, uint64_t rank, const uint64_t keys[KEYS],
                 uint64_t at_port, const struct model_offer *o)
{
  struct model_sample_cell *cells[KEYS];
  if ((m->n == m->room && rank >= m->best[0]->rank) || !make_all(m, keys, cells)) {
    m->refused++;
    return;
  }
  make_room(m, PORT, keys[PORT]);
  make_room(m, SENDER, keys[SENDER]);
  if (m->n == m->room) evict(m, 0);
  put(m, rank, keys, at_port, o);
  for (int i = 0; i < KEYS; i++) cells[i]->kept++;
  if (cells[CLASS]->n == 0) cells[CLASS]->n = 1; /* the first of it */
  if (cells[CLASS]->kept >= MODEL_SAMPLES_ALIKE) cells[CLASS]->shut = true;
  close_share(m, PORT, keys[PORT]);
  close_share(m, SENDER, keys[SENDER]);
}

void model_samples_offer(struct model_samples *m, uint64_t class, const struct model_offer *o)
{
  uint64_t port = (uint64_t)o->proto << 32 | (model_sample_icmp(o->proto) ? o->sport : o->dport);
  const uint64_t keys[KEYS] = {class, prac_hash2(OF_PORT, port, 0) | 1,
                               of_ip(OF_SENDER, &o->src, 0), of_ip(OF_PAIR, &o->src, class)};
  uint64_t at_port = of_ip(OF_PAIR, &o->src, port);
  struct model_sample_cell *c = model_samples_find(m, class);
  uint8_t old = how_old(m, class, at_port, o->at / PRAC_MIN);
  if (old && !c && (c = make(m, class))) c->n = 1; /* a later one tells of it too */
  if (old == 2 || kept(m, keys[PAIR])) return;
  uint64_t rank = rank_of(m, class, old, c ? c->kept : 0, o->at);
  if (has_share(m, keys, rank)) take(m, rank, keys, at_port, o);
}

/* ---- the minute's end ---- */

static int by_worth(const void *x, const void *y)
{
  const struct model_sample *a = *(struct model_sample *const *)x,
                            *b = *(struct model_sample *const *)y;
  if (a->old != b->old) return a->old < b->old ? -1 : 1;
  int c = cmp_u64(a->rank >> RANK_ORDINAL, b->rank >> RANK_ORDINAL);
  if (c == 0) c = cmp_u64(a->seen, b->seen);
  if (c == 0) c = cmp_u64(a->rank, b->rank);
  return c ? c : cmp_u64(a->at_port, b->at_port);
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
    const struct model_sample_cell *c = model_samples_find(m, s->key[CLASS]);
    s->seen = c ? c->n : 1;
    s->old = how_old(m, s->key[CLASS], s->at_port, now);
  }
  qsort(m->best, m->n, sizeof(struct model_sample *), by_worth);
  while (m->n > 0 && m->best[m->n - 1]->old == 2) m->n--;
  if (m->n > m->per_minute) m->n = m->per_minute;
  for (size_t i = 0; i < m->n; i++) {
    know(m, m->best[i]->key[CLASS], now);
    know(m, m->best[i]->at_port, now);
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
