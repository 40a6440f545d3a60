/* engine/riskport/hour.h — who knocked at which port in the running slot.
 *
 * pairs     (source, port): packets, and whether a sensor that is established saw it; exact up to
 *           `max_pairs`. Beyond that only sources whose hash lies below a limit are kept, and the
 *           limit halves whenever there are too many: counts are then estimates, times the sampling
 *           factor, and consistent with each other (networks, countries, the port graph)
 * ports     packets, sensors and destinations (linear counting in RISK_DST_BITS), of all rows
 * repeats   what is kept does not depend on the order of rows
 * source    sampling: Wegman's adaptive sampling (Flajolet, On adaptive sampling, Computing 44,
 *           1990); linear counting: Whang and others, ACM TODS 15, 1990
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "model/flow.h"

enum { RISK_PORTS = 1 << 17, RISK_DST_BITS = 512 };

struct risk_source {
  struct prac_ip ip;
  uint16_t country;
};
struct risk_pair {
  uint32_t src;     /* 1 + index into sources; 0: a free place */
  uint32_t port;    /* risk_id */
  uint32_t packets; /* of established sensors and others */
  uint32_t est;     /* 1: seen by an established sensor */
};
struct risk_seen { /* one port */
  uint32_t id;
  uint64_t packets, sensors;
  uint64_t dst[RISK_DST_BITS / 64];
};
struct risk_hour {
  struct risk_source *sources;
  uint32_t *source_slots; /* 1 + index; 0: free */
  uint32_t n_sources, cap_sources, n_source_slots;
  struct risk_pair *pairs;
  uint32_t n_pairs, cap_pairs, max_pairs;
  struct risk_seen *ports;
  uint32_t n_ports, cap_ports;
  uint32_t *at;    /* RISK_PORTS: 1 + index into ports; 0: not heard */
  uint32_t last;   /* 1 + index of the last row's source: batches are sorted by source; 0: none */
  uint32_t shift;  /* sources with hash < 2^(64 - shift) are kept */
  uint64_t seed;   /* of which sources are kept */
  uint64_t secret; /* of where they are; nothing that comes out depends on it */
};

static inline uint32_t risk_id(uint8_t proto, uint16_t port) /* TCP and UDP only */
{
  return (proto == 17 ? 1u << 16 : 0) | port;
}

PRAC_NODISCARD prac_rc risk_hour_init(struct risk_hour *h, uint32_t max_pairs, uint64_t seed);
void risk_hour_done(struct risk_hour *h);  /* also of all zero bytes */
void risk_hour_reset(struct risk_hour *h); /* the next slot; memory is kept */
/* Counts one row. bit: of the sensor. PRAC_NOMEM. */
PRAC_NODISCARD prac_rc risk_hour_add(struct risk_hour *h, const struct flow_batch *b, uint32_t row,
                                     uint64_t bit, bool est);
/* Row will soon be added: what it needs of memory is asked for already. Twice: far ahead and near.
 */
void risk_hour_expect(const struct risk_hour *h, const struct flow_batch *b, uint32_t row,
                      bool near);
double risk_hour_destinations(const struct risk_seen *p);

/* The ports heard, rising, and each one's pairs. */
struct risk_sorted {
  const struct risk_seen **ports; /* n_ports */
  struct risk_pair *v;
  uint32_t *first; /* n_ports + 1 */
};
PRAC_NODISCARD prac_rc risk_hour_sort(const struct risk_hour *h, struct prac_arena *a,
                                      struct risk_sorted *ret);
void risk_hour_save(const struct risk_hour *h, struct prac_wr *w);
PRAC_NODISCARD prac_rc risk_hour_load(struct risk_hour *h, struct prac_rd *r); /* PRAC_DAMAGED */
