/* engine/instep.h — is it by chance that a port's hosts are there at the same times?
 *
 * One measure for the engines that say so: math/pulse.h on all hosts of the port, not on those that
 * an engine has picked for being alike. A port is asked against what it may owe to everybody:
 *   all     what all other pairs of a host and a port do in each step: a large crowd or a gap at
 *           every port is no group
 *   even    an even run of things: a large group elsewhere, which is in `all`, is none here
 *   heard   what the sensor could hear in each step, from what most folks of ports do
 *           (engine/folks.h): packets that are lost by fits make a shape that is not even, and a
 *           large group elsewhere hides it in `all`, but is in few folks. A pair is in a step once
 *           at most: one that comes often is there also when most is lost, so those have a flatter
 *           shape, that of pairs which come as often at random. Where there are too few hosts for
 *           folks, the other two must do
 * What none of them explains is the port's own; the answer is the weakest of the three.
 * Hosts that are at a port all the time, each in its own rhythm, are alike and yet not in step.
 */
#pragma once
#include <stdbool.h>

#include "engine/folks.h"
#include "engine/traffic.h"
#include "math/pulse.h"

enum {
  ENG_INSTEP_LEAST = 8,   /* hosts at a port below which the test does not hold */
  ENG_INSTEP_OTHERS = 32, /* pairs elsewhere that say what the sensor could hear */
};
struct eng_instep { /* all pairs of a host and a port of one sensor's window */
  unsigned steps;
  const uint8_t *folk_of; /* of each port */
  double in_step[ENG_FOLKS][MATH_PULSE_STEPS], pairs[ENG_FOLKS];
  double on[ENG_FOLKS][MATH_PULSE_STEPS + 1]; /* pairs that are there in so many steps */
  /* From eng_instep_hear: what was heard of each step, 1 most; how often a pair of so many steps
   * comes; in how many steps of pairs that was seen, 0: in too few. */
  double heard[MATH_PULSE_STEPS], rate[MATH_PULSE_STEPS + 1], known;
};
/* hosts: of each of n_ports, which are known by their index from here on. In a. */
PRAC_NODISCARD prac_rc eng_instep_init(struct eng_instep *all, unsigned steps,
                                       const uint32_t *hosts, uint32_t n_ports,
                                       struct prac_arena *a);
/* One pair; mask: the steps in which it was there. */
void eng_instep_add(struct eng_instep *all, uint32_t port, uint64_t mask);
void eng_instep_hear(struct eng_instep *all); /* once, after all pairs */
/* mask: of the n hosts of one port; they are among `all`. log10_p 0: nothing can be said. */
struct math_pulse eng_instep_port(const struct eng_instep *all, const uint64_t *mask, uint32_t n);
/* log10 of the chance of it at any of so many ports. */
double eng_instep_chance(const struct math_pulse *p, uint32_t ports);

/* The median address has sent fewer than `each` packets: one machine may have forged these senders,
 * and who prepares an attack asks more than once. Addresses, not prefixes: those of a prefix add
 * up. The median, not the mean: forged senders come to busy ports too, where a few others send
 * much. No address is few; each 0: nobody is. */
bool eng_instep_few(const struct eng_port_who *who, double each);
