/* math/pulse.h — do these hosts act at the same time more than hosts that know nothing of each
 * other?
 *
 * input     a mask of steps for each host (bit t: it was active in step t), and what share of all
 *           other activity falls into each step
 * statistic T = sum_t (N_t - e_t)^2, N_t hosts active in step t, e_t = (sum of N) * profile_t: a
 *           dip or a rise that everybody has, such as an outage of the sensor, is expected, not
 *           found
 * null      each host's mask is turned round the slot by a random amount, independently: how often
 *           and in what rhythm a host acts stays as it is. T is then a sum of weighted squares of
 *           normal variables; the weights are the eigenvalues of a circulant matrix
 * answer    log10 of a bound on P(T >= seen): Chernoff's, which is above the true tail; lift T /
 *           mean
 * holds     for many hosts (central limit theorem): use it from about 10 active hosts on. A host
 *           that is active always, or never, says nothing and adds nothing
 * cost      O(n steps^2 / 64) at most; no memory
 * repeats   exact sums of integers first: any order of hosts, the same bits
 * fails     steps 0 or above 64: log10_p 0
 * checked   tests/unit/test_pulse.c: rate of false alarms under the null by simulation, planted
 *           pulses, outages, hosts always on, permutation
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { MATH_PULSE_STEPS = 64 };
struct math_pulse {
  double t, mean;       /* T, and its mean under the null */
  double lift, log10_p; /* T / mean (0: nobody says anything); at most 0 */
};
/* profile: steps numbers >= 0 of any sum, NULL: even. rest: in how many steps altogether those were
 * active whom it was counted from (its own error); 0: it is exact. */
struct math_pulse math_pulse_of(const uint64_t *mask, size_t n, unsigned steps,
                                const double *profile, double rest);
