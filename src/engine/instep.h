/* engine/instep.h — is it by chance that a port's hosts are there at the same times?
 *
 * One measure for the engines that say so: math/pulse.h on all hosts of the port, not on those that
 * an engine has picked for being alike. A port is asked twice: against what all other pairs of a
 * host and a port do in each step (a large crowd or a gap at every port is no group), and against
 * an even run of things (a large group elsewhere is none here). What neither explains is the
 * port's own; the answer is the weaker of the two.
 * Hosts that are at a port all the time, each in its own rhythm, are alike and yet not in step.
 */
#pragma once
#include <stdbool.h>

#include "engine/traffic.h"
#include "math/pulse.h"

enum {
  ENG_INSTEP_LEAST = 8,   /* hosts at a port below which the test does not hold */
  ENG_INSTEP_OTHERS = 32, /* pairs elsewhere that say what the sensor could hear */
};
struct eng_instep {                 /* all pairs of a host and a port of one sensor's window */
  double in_step[MATH_PULSE_STEPS]; /* pairs that are there in each step */
  double pairs;
  unsigned steps;
};
void eng_instep_add(struct eng_instep *all, uint64_t mask);
/* mask: of the n hosts of one port; they are among `all`. log10_p 0: nothing can be said. */
struct math_pulse eng_instep_port(const struct eng_instep *all, const uint64_t *mask, uint32_t n);
/* log10 of the chance of it at any of so many ports. */
double eng_instep_chance(const struct math_pulse *p, uint32_t ports);

/* The median address has sent fewer than `each` packets: one machine may have forged these senders,
 * and who prepares an attack asks more than once. Addresses, not prefixes: those of a prefix add
 * up. The median, not the mean: forged senders come to busy ports too, where a few others send
 * much. No address is few; each 0: nobody is. */
bool eng_instep_few(const struct eng_port_who *who, double each);
