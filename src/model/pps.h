/* model/pps.h — how packets a second are written in what people receive.
 *
 * The mails of the first system show binary doubles with 17 significant digits whose last digit is
 * neither the shortest text (2.183333333333333) nor C's %.17g (2.1833333333333331). What is common
 * to all of them, and what this function does: 17 significant digits of the exact quotient, rounded
 * to the side on which the nearest double lies; zeros at the end are left out.
 *
 *   131 / 60 s = 2.1833333333333333      139 / 120 s = 1.1583333333333334
 *   4301 / 60 s = 71.683333333333334     28305 / 480 s = 58.96875
 *
 * The text always reads back as that double: where doubles are so dense that it would not (their
 * distance is 1.1 units of the 17th digit or more), the other side is taken.
 */
#pragma once
#include <stdint.h>

#define MODEL_PPS_TEXT 48
/* packets / (60 bins): pps(mean); with bins 1 and the busiest bin's packets: pps(max). No bins:
 * "0". Above 10^15 packets: %.17g. */
const char *model_pps_text(char out[MODEL_PPS_TEXT], uint64_t packets, uint64_t bins);
