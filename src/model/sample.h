/* model/sample.h — which packets of a sensor are kept as they are: a few of each minute, chosen so
 * that what is rare stands beside what is frequent.
 *
 * class     packets are alike that have the same protocol, destination port (ICMP: type and code),
 *           TCP flags and payload (its hash; 0: none)
 * kept      of a minute's packets those whose class, or whose sender at that port, has not been
 *           kept for an hour; at most `per_minute`. First what is of an unknown class, then one of
 *           each class before a second one, then what was seen least
 * fair      one sender and one port have at most MODEL_SAMPLES_SHARE of a minute, one class
 *           MODEL_SAMPLES_ALIKE, of different senders: a flood by one cannot take what others need.
 *           Where more classes come than there is room for, in all or of one port or sender, all
 *           have the same chance, early or late in the minute: nobody is there first. Who does not
 *           know the seed cannot choose what is lucky
 * repeats   the same packets in the same order, the same per_minute and seed give the same samples
 * memory    a fixed 256 KiB and about 6 KiB for each of per_minute, whatever comes; what finds no
 *           room is counted
 * threads   one owner; no I/O, no clock
 */
#pragma once
#include "model/packet.h"

enum {
  MODEL_SAMPLES_MOST = 1000, /* per_minute */
  MODEL_SAMPLES_SHARE = 8,
  MODEL_SAMPLES_ALIKE = 4
};

/* A packet as its maker sees it; all of it borrowed for the call. */
struct model_offer {
  prac_time at;
  struct prac_ip src, dst;
  const char *layer;
  const uint8_t *bytes;
  uint32_t n_bytes, head, len;
  uint16_t sport, dport;
  uint8_t proto, ttl, tcp_flags;
  uint64_t payload;
};

struct model_sample_cell {
  uint64_t key;
  uint32_t n;    /* a class: packets; a port or sender with its full share: what ranks above it */
  uint16_t kept; /* samples it has in this minute */
  bool shut;     /* no more are wanted */
};
struct model_samples {
  struct model_sample_cell *cells;   /* owned, as all below */
  struct model_sample *pool, **best; /* the samples; which of them are held, in some order */
  struct model_known *known;
  uint32_t per_minute, n, room, used, n_cells, shift;
  uint64_t seed;
  uint64_t refused; /* packets that found no room, since the start */
};

/* 0 < per_minute <= MODEL_SAMPLES_MOST. seed: live random. `with` has what is known in common with
 * another of the same sensor (two minutes may be open at once); NULL: its own. */
PRAC_NODISCARD prac_rc model_samples_new(uint32_t per_minute, uint64_t seed,
                                         const struct model_samples *with,
                                         struct model_samples **ret);
void model_samples_free(struct model_samples **mp);

static inline bool model_sample_icmp(uint8_t proto)
{
  return proto == 1 || proto == 58;
}
/* ICMP: sport is the type. */
static inline uint64_t model_sample_class(uint8_t proto, uint8_t tcp_flags, uint16_t sport,
                                          uint16_t dport, uint64_t payload)
{
  uint64_t a = (uint64_t)proto << 40 | (uint64_t)tcp_flags << 32 |
               (model_sample_icmp(proto) ? (uint32_t)sport << 16 : 0u) | dport;
  __uint128_t m = (__uint128_t)(a ^ 0x9e3779b97f4a7c15u) * (payload ^ 0xe7037ed1a0b428dbu);
  return ((uint64_t)m ^ (uint64_t)(m >> 64)) | 1;
}
struct model_sample_cell *model_samples_find(struct model_samples *m, uint64_t key);
/* Counts a packet of this class. true: offer it, one of this class may be wanted. */
static inline bool model_samples_count(struct model_samples *m, uint64_t class)
{
  struct model_sample_cell *c = &m->cells[class >> m->shift];
  if (PRAC_UNLIKELY(c->key != class)) c = model_samples_find(m, class);
  if (!c) return true;
  c->n++;
  return !c->shut;
}
/* It is copied when it is wanted. `class` is that of o, just counted. */
void model_samples_offer(struct model_samples *m, uint64_t class, const struct model_offer *o);

/* The end of the minute that began at `minute`: how many there are, in order of time. */
size_t model_samples_choose(struct model_samples *m, prac_time minute);
/* The i-th of them; its strings and bytes live until model_samples_reset. Country and network are
 * not set. */
void model_samples_get(const struct model_samples *m, size_t i, const char *sensor,
                       struct packet *ret);
void model_samples_reset(struct model_samples *m); /* the next minute begins */
