/* Synchrony of one port's hosts beyond what all others do. */
#include "engine/instep.h"

#include <math.h>

void eng_instep_add(struct eng_instep *all, uint64_t mask)
{
  for (unsigned t = 0; t < all->steps; t++) all->in_step[t] += (double)(mask >> t & 1);
  all->pairs += 1;
}

struct math_pulse eng_instep_port(const struct eng_instep *all, const uint64_t *mask, uint32_t n)
{
  double rest[MATH_PULSE_STEPS] = {0}, others = all->pairs - n;
  struct math_pulse none = {0};
  if (n < ENG_INSTEP_LEAST || others < ENG_INSTEP_OTHERS)
    return none; /* an outage looks the same */
  for (unsigned t = 0; t < all->steps; t++) {
    rest[t] = all->in_step[t];
    for (uint32_t i = 0; i < n; i++) rest[t] -= (double)(mask[i] >> t & 1);
  }
  struct math_pulse a = math_pulse_of(mask, n, all->steps, rest, others),
                    b = math_pulse_of(mask, n, all->steps, NULL, 0);
  return a.log10_p > b.log10_p ? a : b;
}

double eng_instep_chance(const struct math_pulse *p, uint32_t ports)
{
  return p->log10_p + log10(ports ? ports : 1);
}

bool eng_instep_few(const struct eng_port_who *who, double each)
{
  return each > 0 && who->each < each;
}
