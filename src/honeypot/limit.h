/* honeypot/limit.h — the valve's counting: how much in a sliding window, for one thing or for many.
 *
 * A window is cut into steps; what is counted is the current step and enough whole ones before it
 * to cover the window: never less than the window holds, at most one step more. */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "base/ip.h"
#include "base/time.h"

/* ---- one sum: replies, bytes ---- */
enum { HP_STEPS = 9 };
struct hp_sum {
  int64_t step_ns, at; /* at: number of the current step */
  uint64_t v[HP_STEPS];
};
struct hp_sum hp_sum_of(int64_t window_ns);
uint64_t hp_sum_get(struct hp_sum *s, int64_t now);
void hp_sum_add(struct hp_sum *s, int64_t now, uint64_t by);

/* ---- in and out: never more out than in + credit, in any stretch of the last 60 s ---- */
enum { HP_CREDIT_STEPS = 122 };
struct hp_credit {
  int64_t at;
  uint64_t in[HP_CREDIT_STEPS], out[HP_CREDIT_STEPS];
};
void hp_credit_in(struct hp_credit *c, int64_t now, uint64_t bytes);
void hp_credit_out(struct hp_credit *c, int64_t now, uint64_t bytes);
/* Could `bytes` leave now? */
bool hp_credit_ok(struct hp_credit *c, int64_t now, uint64_t bytes, uint64_t credit);

/* ---- many addresses or networks, each with its own few replies ---- */
struct hp_many;
/* Room for about `n` that are in their window at the same time. NULL: no memory. */
struct hp_many *hp_many_new(uint64_t n, int64_t window_ns, uint64_t seed);
void hp_many_free(struct hp_many **mp);
/* In the window, and in the last one or two of its eight steps. False: not known, and no place for
 * it. */
bool hp_many_get(struct hp_many *m, const struct prac_ip *key, int64_t now, uint32_t *ret_all,
                 uint32_t *ret_late);
void hp_many_add(struct hp_many *m, const struct prac_ip *key, int64_t now);
size_t hp_many_bytes(const struct hp_many *m);

/* ---- silence: prefixes and until when ---- */
struct hp_silence;
struct hp_silence *hp_silence_new(uint64_t n, uint64_t seed);
void hp_silence_free(struct hp_silence **sp);
void hp_silence_set(struct hp_silence *s, const struct prac_prefix *p, prac_time until,
                    prac_time wall);
bool hp_silence_has(const struct hp_silence *s, const struct prac_ip *ip, prac_time wall);
size_t hp_silence_bytes(const struct hp_silence *s);
/* /24 or /48 around it. */
struct prac_prefix hp_network(const struct prac_ip *ip);
