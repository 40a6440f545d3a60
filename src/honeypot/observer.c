/* One entry a port, so that nothing has to be looked up or thrown away. */
#include "honeypot/observer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "wire/packet.h"

enum { PORTS = 65536, ANSWERING = 1024, BITS = 128 };
#define AGAIN_NS (10 * PRAC_MIN)
#define OVER_NS PRAC_HOUR

struct port {
  uint64_t senders[BITS / 64];
  uint64_t common; /* hash of the payload that leads the vote */
  uint32_t packets, votes, same;
  uint16_t len;
};
_Static_assert(sizeof(struct port) == 40, "2.5 MiB in all");
struct active {
  struct hp_observed x;
  prac_time seen, said; /* the last minute in which it was so; when it was last told */
};
struct hp_observer {
  uint8_t bound[PORTS / 8];
  uint32_t min_sources, min_packets;
  prac_time minute; /* that is being counted; 0: none yet */
  uint32_t at;      /* ports below it have been judged for the minute that has ended */
  struct active on[HP_OBSERVED_MAX];
  size_t n_on;
  struct port v[PORTS];
};

prac_rc hp_observer_new(const uint8_t bound[65536 / 8], uint32_t min_sources, uint32_t min_packets,
                        struct hp_observer **ret)
{
  struct hp_observer *o = calloc(1, sizeof *o);
  if (!o) return PRAC_NOMEM;
  memcpy(o->bound, bound, sizeof o->bound);
  o->min_sources = min_sources;
  o->min_packets = min_packets;
  *ret = o;
  return PRAC_OK;
}

void hp_observer_free(struct hp_observer **op)
{
  free(*op);
  *op = NULL;
}

static void vote(struct port *p, uint64_t hash, const struct wire_packet *k)
{
  if (p->votes == 0) {
    p->common = hash;
    p->same = 0;
    p->len = (uint16_t)k->payload_len;
  }
  if (hash == p->common)
    p->votes++, p->same++;
  else
    p->votes--;
}

bool hp_observer_frame(struct hp_observer *o, prac_time at, uint32_t link, const uint8_t *data,
                       uint32_t caplen, uint32_t len)
{
  struct wire_packet k;
  enum wire_class c = wire_packet_read(link, data, caplen, len, &k);
  if ((c != WIRE_IP4 && c != WIRE_IP6) || k.proto != WIRE_UDP || !(k.flags & WIRE_PORTS))
    return false;
  if (k.sport < ANSWERING || k.payload_len == 0) return false;
  if (o->bound[k.dport / 8] >> (k.dport % 8) & 1) return false;
  if (o->minute == 0) o->minute = prac_time_floor(at, PRAC_MIN);
  struct port *p = &o->v[k.dport];
  uint64_t who = prac_hash2(1, prac_ip_hi(&k.src), prac_ip_lo(&k.src)) % BITS;
  p->senders[who / 64] |= UINT64_C(1) << (who % 64);
  if (p->packets != UINT32_MAX) p->packets++;
  vote(p, prac_hash_bytes(k.payload_len, k.payload, k.payload_captured), &k);
  return true;
}

static uint32_t senders(const struct port *p)
{
  int set = 0;
  for (size_t i = 0; i < BITS / 64; i++) set += __builtin_popcountll(p->senders[i]);
  if (set == BITS) return 3 * BITS;
  return (uint32_t)lround(-(double)BITS * log(1.0 - (double)set / BITS));
}

static struct active *find(struct hp_observer *o, uint32_t port)
{
  for (size_t i = 0; i < o->n_on; i++)
    if (o->on[i].x.port == port) return &o->on[i];
  return NULL;
}

/* What a port's minute came to; true: it is to be said. */
static bool judge(struct hp_observer *o, uint32_t port, struct hp_observed *ret)
{
  struct port *p = &o->v[port];
  uint32_t n = p->packets >= o->min_packets ? senders(p) : 0;
  struct active *a = NULL;
  bool holds = n >= o->min_sources && p->same >= p->packets - p->packets / 2;
  if (holds) a = find(o, port);
  if (holds && !a && o->n_on < HP_OBSERVED_MAX) {
    a = &o->on[o->n_on++];
    *a = (struct active){.x = {.port = (uint16_t)port, .on = true, .from = o->minute}};
  }
  if (!a) return false;
  a->seen = o->minute;
  a->x.to = o->minute + PRAC_MIN;
  if (p->packets >= a->x.packets) {
    a->x.packets = p->packets;
    a->x.sources = n;
    a->x.same = p->same;
    a->x.len = p->len;
  }
  if (a->said && o->minute - a->said < AGAIN_NS) return false;
  a->said = o->minute;
  *ret = a->x;
  return true;
}

static size_t ended(struct hp_observer *o, prac_time now, struct hp_observed *to, size_t n)
{
  size_t said = 0;
  for (size_t i = 0; i < o->n_on && said < n;) {
    if (now - o->on[i].seen < OVER_NS) {
      i++;
      continue;
    }
    to[said] = o->on[i].x;
    to[said++].on = false;
    o->on[i] = o->on[--o->n_on];
  }
  return said;
}

/* The clock was set back: what was true "until" some time to come is true until now. */
static void set_back(struct hp_observer *o, prac_time now)
{
  o->minute = prac_time_floor(now, PRAC_MIN);
  for (size_t i = 0; i < o->n_on; i++) {
    if (o->on[i].seen > o->minute) o->on[i].seen = o->minute;
    if (o->on[i].said > o->minute) o->on[i].said = o->minute;
  }
}

size_t hp_observer_say(struct hp_observer *o, prac_time now, struct hp_observed *to, size_t n)
{
  size_t said = 0;
  if (o->minute - now > PRAC_MIN) set_back(o, now);
  if (o->minute && now - o->minute >= PRAC_MIN) {
    for (; o->at < PORTS && said < n; o->at++) {
      if (o->v[o->at].packets == 0) continue;
      said += judge(o, o->at, &to[said]);
      o->v[o->at] = (struct port){.packets = 0};
    }
    if (o->at < PORTS) return said;
    o->at = 0;
    o->minute = prac_time_floor(now, PRAC_MIN);
  }
  return said + ended(o, now, to + said, n - said);
}

const char *hp_observed_text(char to[HP_OBSERVED_TEXT], const struct hp_observed *x)
{
  (void)snprintf(to, HP_OBSERVED_TEXT,
                 "New reflection port %u/udp? Nothing serves it, and about %" PRIu32
                 " senders asked there within a minute. %" PRIu32 " packets, at least %" PRIu32
                 " with the same payload (%u bytes).",
                 x->port, x->sources, x->packets, x->same, x->len);
  return to;
}
