/* Whose definition of an attack says what. isp is ours (settings); the others are as published:
 * AmpPot (Kraemer et al., RAID 2015): 100 packets at one honeypot, no gap above one hour; Hopscotch
 * (Thomas et al., eCrime 2017): 5 at one, 15 minutes; MP-H (Heinrich et al., PAM 2021): 5 at one,
 * 60 seconds. */
#include "episode/desk_int.h"

static const struct {
  uint64_t packets;
  int64_t gap_ns;
} published[EPI_PROFILE_COUNT_] = {
    [EPI_ISP] = {0, 0},
    [EPI_AMPPOT] = {100, 3600 * PRAC_SEC},
    [EPI_HOPSCOTCH] = {5, 900 * PRAC_SEC},
    [EPI_MPH] = {5, 60 * PRAC_SEC},
};

int64_t epi_gap_ns(const struct epi_desk *d, enum epi_profile p)
{
  return p == EPI_ISP ? d->conf.gap_ns : published[p].gap_ns;
}

int64_t epi_patience_ns(const struct epi_desk *d, enum epi_profile p)
{
  int64_t gap_ns = epi_gap_ns(d, p);
  return p == EPI_ISP && d->conf.window_ns > gap_ns ? d->conf.window_ns : gap_ns;
}

/* A little to many: somebody looks for reflectors, and his own address is the "victim". */
static bool scans(struct epi_desk *d, struct epi_target *t)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < t->n_slots; i++) {
    uint64_t packets = t->slots[i].packets - t->slots[i].base[0];
    if (packets >= (uint64_t)d->conf.scan_packets) return false;
    n += packets != 0;
  }
  if (n < (uint32_t)d->conf.scan_sensors) return false;
  if (!t->scanner) epi_count(d, EPI_C_SCANNERS, 1);
  t->scanner = true;
  return true;
}

static bool fast(const struct epi_desk *d, const struct epi_target *t, const struct epi_seen *s)
{
  const struct epi_conf *c = &d->conf;
  const struct epi_slot *p = epi_slot_of(t, s->sensor);
  if (!p || t->vector >= EPI_VECTOR_PORT) return false;
  uint64_t n = epi_slot_window(d, p, p->step, c->fast_window_ns);
  return n >= (uint64_t)c->fast_packets &&
         (double)n >= c->fast_pps * (double)c->fast_window_ns / (double)PRAC_SEC;
}

static bool spread(const struct epi_desk *d, const struct epi_target *t)
{
  int64_t n = 0, newest = INT64_MIN / 2;
  for (uint32_t i = 0; i < t->n_slots; i++)
    if (t->slots[i].step > newest) newest = t->slots[i].step;
  for (uint32_t i = 0; i < t->n_slots; i++)
    n += epi_slot_window(d, &t->slots[i], newest, d->conf.spread_window_ns) >=
         (uint64_t)d->conf.spread_packets;
  return n >= d->conf.spread_sensors;
}

static bool carpet(const struct epi_desk *d, const struct epi_target *t, prac_time at)
{
  const struct epi_family *f = t->family;
  int64_t n = 0;
  if (epi_window(t) < (uint64_t)d->conf.carpet_packets) return false;
  for (uint32_t i = 0; i < f->n_hosts; i++)
    n += f->hosts[i].below != 0 && f->hosts[i].last > at - d->conf.window_ns;
  return n >= d->conf.carpet_hosts;
}

static bool isp(struct epi_desk *d, struct epi_target *t, const struct epi_seen *s)
{
  if (s->counted == 0) return false;
  if (t->kind == EPI_CARPET) return carpet(d, t, s->h->to);
  bool yes = epi_window(t) >= (uint64_t)d->conf.threshold || fast(d, t, s) || spread(d, t);
  return yes && !scans(d, t);
}

bool epi_crosses(struct epi_desk *d, struct epi_target *t, uint32_t run, const struct epi_seen *s)
{
  enum epi_profile p = d->profile_of[run];
  if (p == EPI_ISP) return isp(d, t, s);
  const struct epi_slot *slot = epi_slot_of(t, s->sensor);
  return slot && slot->packets - slot->base[run] >= published[p].packets;
}
