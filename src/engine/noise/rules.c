/* When a source is a survey scanner and when it is malware: the rules, and how many addresses are
 * ours, which they need. */
#include "engine/noise/noise.h"

static const int64_t LOOK_NS = 10 * PRAC_MIN;

/* ---- our addresses ---- */

uint64_t noise_ours_count(const struct noise_state *s)
{
  if (s->conf->monitored > 0) return (uint64_t)s->conf->monitored;
  if (!s->ours.settled) return 0;
  return s->ours.today_n > s->ours.yesterday ? s->ours.today_n : s->ours.yesterday;
}

/* Destinations, for as long as their number still grows by a tenth in ten minutes nobody can be
 * said to have reached a tenth of them. */
prac_rc noise_ours_see(struct noise_state *s, const struct flow_batch *b)
{
  struct noise_ours *o = &s->ours;
  int64_t day = prac_time_floor(b->minute, PRAC_DAY) / PRAC_DAY;
  if (s->conf->monitored > 0) return PRAC_OK;
  if (o->look == PRAC_TIME_NONE) o->look = prac_time_floor(b->minute, LOOK_NS) + LOOK_NS;
  if (b->minute >= o->look) {
    if (o->day == day && o->last > 0 && (double)o->today_n <= (double)o->last * 1.1)
      o->settled = true;
    o->last = o->today_n;
    o->look = prac_time_floor(b->minute, LOOK_NS) + LOOK_NS;
  }
  if (o->day != day) {
    o->yesterday = o->today_n;
    o->day = day;
    prac_hll_done(&o->today);
  }
  for (uint32_t i = 0; i < b->n; i++)
    PRAC_TRY(prac_hll_add(&o->today, prac_hll_hash_ip(&b->dst[i])));
  o->today_n = prac_hll_count(&o->today);
  return PRAC_OK;
}

/* ---- labels ---- */

void noise_label_set(struct noise_state *s, struct noise_source *x, enum eng_label label)
{
  if (x->label == (uint8_t)label) return;
  s->label_n[x->label]--;
  s->label_n[label]++;
  x->label = (uint8_t)label;
  x->fresh = true;
}

/* What this day's counts say, list apart. */
static uint8_t says(const struct noise_state *s, const struct noise_source *x,
                    const struct noise_proof *p)
{
  const struct noise_conf *c = s->conf;
  uint64_t ours = noise_ours_count(s);
  uint8_t why = p->mirai >= (uint64_t)c->mirai_packets ? NOISE_MIRAI : 0;
  if (ours < (uint64_t)c->min_monitored || p->ports < (uint64_t)c->min_ports) return why;
  uint64_t least = (uint64_t)c->min_destinations < ours ? (uint64_t)c->min_destinations : ours;
  if (p->destinations < least) return why;
  if (p->packets >= (double)ours * c->volume) why |= NOISE_BEHAVIOUR;
  bool tool = x->tool >= 3 && x->tool >= (double)x->syn * c->tool_share;
  if (tool && p->destinations >= (double)ours * c->coverage) why |= NOISE_FINGERPRINT;
  return why;
}

/* A list is certain; Mirai's mark is stronger than anything a source does beside it, or malware
 * could hide behind a wide scan. */
void noise_judge(struct noise_state *s, struct noise_source *x, prac_time minute, bool listed)
{
  bool could = x->ports_set * UINT64_C(2) >= (uint64_t)s->conf->min_ports;
  if (!listed && !could && x->mirai < (uint64_t)s->conf->mirai_packets) return;
  const struct noise_proof p = {x->packets, noise_source_ports(x), noise_source_dsts(x), x->mirai};
  uint8_t why = says(s, x, &p);
  if (listed) why |= NOISE_LIST;
  if (why == 0) return;
  x->why |= why;
  x->proof = p;
  x->confirmed = prac_time_floor(minute, PRAC_DAY) / PRAC_DAY;
  bool malware = (x->why & (NOISE_MIRAI | NOISE_LIST)) == NOISE_MIRAI;
  noise_label_set(s, x, malware ? ENG_LABEL_MALWARE : ENG_LABEL_SURVEY);
}

bool noise_is_wide(const struct noise_state *s, const struct noise_source *x, int64_t day)
{
  uint64_t ours = noise_ours_count(s);
  return x->day == day && ours >= (uint64_t)s->conf->min_monitored &&
         noise_source_dsts(x) >= (double)ours * 0.1;
}
