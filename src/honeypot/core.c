/* Recognise, count, ask the valve: in this order for every datagram, and the same way in a test, a
 * bench and a worker. */
#include "honeypot/core.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

static const uint64_t payload_seed =
    0x7061796c6f6164u; /* the same request, the same hash, everywhere */

#define X(name, text) static const char about_##name[] = "answers held back: " text;
HP_WHY(X)
#undef X
const struct prac_counter_def hp_counter_defs[] = {
#define X(name, unit, help) {#name, unit, help, PRAC_COUNTER},
    HP_COUNTERS(X)
#undef X
#define X(name, text) {"suppressed_" #name, "packets", about_##name, PRAC_COUNTER},
        HP_WHY(X)
#undef X
};
const size_t hp_counter_count = PRAC_ARRAY_LEN(hp_counter_defs);

struct hp_core {
  const struct hp_services *services;
  struct hp_table *table;
  struct hp_valve *valve;
  struct hp_samples samples;
  _Atomic uint64_t n[HP_COUNT_COUNT_];
  /* hits that wait for the reader: one writer, one reader */
  struct hp_told *ring;
  uint32_t ring_mask;
  _Atomic uint32_t written, read;
};

static bool put(void *arg, const struct hp_told *t)
{
  struct hp_core *c = arg;
  uint32_t w = atomic_load_explicit(&c->written, memory_order_relaxed);
  if (w - atomic_load_explicit(&c->read, memory_order_acquire) > c->ring_mask) return false;
  struct hp_told *to = &c->ring[w & c->ring_mask];
  memcpy(to, t, offsetof(struct hp_told, names) + t->n_names * sizeof t->names[0]);
  atomic_store_explicit(&c->written, w + 1, memory_order_release);
  prac_count(&c->n[HP_COUNT_hits], 1);
  return true;
}

const struct hp_told *hp_core_told(struct hp_core *c)
{
  uint32_t r = atomic_load_explicit(&c->read, memory_order_relaxed);
  if (r == atomic_load_explicit(&c->written, memory_order_acquire)) return NULL;
  return &c->ring[r & c->ring_mask];
}

void hp_core_told_next(struct hp_core *c)
{
  uint32_t r = atomic_load_explicit(&c->read, memory_order_relaxed);
  atomic_store_explicit(&c->read, r + 1, memory_order_release);
}

prac_rc hp_core_packet(struct hp_core *c, const char *sensor, struct packet *ret)
{
  return hp_samples_take(&c->samples, sensor, ret);
}

prac_rc hp_core_new(const struct hp_core_open *o, int64_t now, struct hp_core **ret)
{
  uint32_t ring = 64;
  while (ring < o->ring && ring < 1u << 20) ring *= 2;
  struct hp_core *c = calloc(1, sizeof *c);
  if (!c) return PRAC_NOMEM;
  c->services = o->services;
  c->ring_mask = ring - 1;
  c->ring = calloc(ring, sizeof *c->ring);
  struct hp_table_open t = {.slots = o->slots, .seed = o->seed, .tell = put, .arg = c};
  prac_rc rc = c->ring ? hp_table_new(&t, &c->table) : PRAC_NOMEM;
  if (rc == PRAC_OK) rc = hp_samples_init(&c->samples, o->samples, o->seed);
  if (rc == PRAC_OK) rc = hp_valve_new(&o->valve, now, &c->valve);
  if (rc != PRAC_OK) {
    hp_core_free(&c);
    return rc;
  }
  *ret = c;
  return PRAC_OK;
}

void hp_core_free(struct hp_core **cp)
{
  struct hp_core *c = *cp;
  if (!c) return;
  hp_table_free(&c->table);
  hp_valve_free(&c->valve);
  hp_samples_done(&c->samples);
  free(c->ring);
  free(c);
  *cp = NULL;
}

/* A vector that is not asked to answer writes into a closed writer. */
static enum hp_verdict recognise(struct hp_core *c, const struct hp_datagram *d, bool closed,
                                 struct hp_asked *a)
{
  size_t n;
  struct hp_request req = {.bytes = prac_rd_of(d->data, d->have),
                           .src = d->src,
                           .sport = d->sport,
                           .dport = hp_services_ports(c->services, &n)[d->port]};
  struct hp_self self = {.now = d->at, .own = d->own};
  if (closed) a->reply.end = a->reply.p;
  return hp_services_ask(c->services, d->port, &self, &req, a);
}

static bool answer(struct hp_core *c, const struct hp_ask *a, enum hp_why why,
                   const struct prac_wr *reply, const struct hp_datagram *d, int64_t now)
{
  size_t len = prac_wr_len(reply);
  if (why == HP_WHY_OPEN)
    why = reply->bad ? HP_WHY_size : hp_valve_send(c->valve, a, reply->base, len, now, d->at);
  if (why != HP_WHY_OPEN) {
    prac_count(&c->n[HP_COUNT_suppressed_off + (int)why - HP_WHY_off], 1);
    return false;
  }
  prac_count(&c->n[HP_COUNT_replies], 1);
  prac_count(&c->n[HP_COUNT_reply_bytes], len);
  return true;
}

uint32_t hp_core_take(struct hp_core *c, const struct hp_datagram *d, int64_t now)
{
  uint8_t bytes[HP_REPLY_MAX];
  struct hp_asked asked = {.reply = prac_wr_of(bytes, sizeof bytes)};
  struct hp_ask a = {
      .to = d->src, .own = d->own, .port = d->sport, .many = d->many, .sock = d->sock};
  prac_count(&c->n[HP_COUNT_requests], 1);
  prac_count(&c->n[HP_COUNT_request_bytes], d->len);
  hp_valve_in(c->valve, now, d->len);
  enum hp_why why = hp_valve_may(c->valve, &a, now, d->at);
  enum hp_verdict said = recognise(c, d, why != HP_WHY_OPEN, &asked);
  if (said == HP_LOOP) {
    prac_count(&c->n[HP_COUNT_loops], 1);
    prac_count(&c->n[HP_COUNT_suppressed_loop], 1);
    return HP_NOBODY;
  }
  if (said == HP_OBSERVE)
    prac_count(&c->n[asked.vector & 0x8000 ? HP_COUNT_unknown : HP_COUNT_observed], 1);
  bool sent = said == HP_ANSWER && answer(c, &a, why, &asked.reply, d, now);
  struct hp_seen s = {.victim = d->src,
                      .at = d->at,
                      .payload = prac_hash_bytes(payload_seed, d->data, d->have),
                      .name = asked.note.name,
                      .vector = asked.vector,
                      .len = (uint16_t)d->len,
                      .sport = d->sport,
                      .ttl = d->ttl};
  size_t n;
  hp_samples_see(&c->samples, d, hp_services_ports(c->services, &n)[d->port], s.payload);
  uint32_t place = hp_table_count(c->table, &s);
  if (sent) hp_table_reply(c->table, place, (uint32_t)prac_wr_len(&asked.reply));
  return place;
}

void hp_core_lost(struct hp_core *c, uint32_t place, uint32_t packets)
{
  prac_count(&c->n[HP_COUNT_lost], packets);
  if (place == HP_NOBODY)
    prac_count(&c->n[HP_COUNT_lost_alone], packets);
  else
    hp_table_lost(c->table, place, packets);
}

static void show_stats(struct hp_core *c)
{
  struct hp_table_stats s = hp_table_stats(c->table);
  prac_gauge(&c->n[HP_COUNT_flows], s.flows);
  prac_gauge(&c->n[HP_COUNT_evicted], s.evicted);
  prac_gauge(&c->n[HP_COUNT_untold], s.untold);
  prac_gauge(&c->n[HP_COUNT_merged], s.merged);
  prac_gauge(&c->n[HP_COUNT_names_forgotten], s.names_forgotten);
  prac_gauge(&c->n[HP_COUNT_samples_lost], hp_samples_lost(&c->samples));
}

uint32_t hp_core_sweep(struct hp_core *c, prac_time wall, uint32_t most, bool all)
{
  uint32_t told = hp_table_sweep(c->table, wall, most, all);
  hp_samples_sweep(&c->samples, wall, all);
  show_stats(c);
  return told;
}

bool hp_core_waits(const struct hp_core *c)
{
  return hp_table_waits(c->table) || hp_samples_wait(&c->samples);
}

void hp_core_give_up(struct hp_core *c)
{
  hp_table_give_up(c->table);
  show_stats(c);
}

void hp_core_silence(struct hp_core *c, const struct prac_prefix *p, prac_time until,
                     prac_time wall)
{
  hp_valve_silence(c->valve, p, until, wall);
}

const _Atomic uint64_t *hp_core_counters(const struct hp_core *c)
{
  return c->n;
}

size_t hp_core_bytes(const struct hp_core *c)
{
  return sizeof *c + hp_table_bytes(c->table) + hp_valve_bytes(c->valve) +
         (c->ring_mask + (size_t)1) * sizeof *c->ring;
}

size_t hp_core_table_bytes(const struct hp_core *c)
{
  return hp_table_bytes(c->table);
}

uint64_t hp_core_slots(const struct hp_core *c)
{
  return hp_table_slots(c->table);
}
