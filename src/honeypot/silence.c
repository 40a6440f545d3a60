/* Who must hear nothing from us because somebody is being attacked in their name. When there are
 * more than the table holds, everybody must hear nothing. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "honeypot/limit.h"

enum { PROBES = 32 };
struct quiet {
  struct prac_prefix p;
  prac_time until; /* 0: free */
};
struct hp_silence {
  uint64_t mask, seed;
  uint64_t lengths[3]; /* a bit for each prefix length that has ever been set */
  prac_time all_until; /* the table was full: nobody is answered before this */
  struct quiet v[];
};

struct hp_silence *hp_silence_new(uint64_t n, uint64_t seed)
{
  uint64_t slots = 64;
  while (slots < 2 * n && slots < (1u << 24)) slots *= 2;
  struct hp_silence *s = calloc(1, sizeof *s + slots * sizeof s->v[0]);
  if (!s) return NULL;
  s->mask = slots - 1;
  s->seed = seed;
  return s;
}

void hp_silence_free(struct hp_silence **sp)
{
  free(*sp);
  *sp = NULL;
}

static struct prac_prefix cut(const struct prac_ip *ip, unsigned bits)
{
  struct prac_prefix p = {.ip = *ip, .bits = (uint8_t)bits};
  for (unsigned i = 0; i < 16; i++) {
    unsigned have = bits > 8 * i ? bits - 8 * i : 0;
    if (have < 8) p.ip.b[i] &= (uint8_t)(0xff00u >> have);
  }
  return p;
}

struct prac_prefix hp_network(const struct prac_ip *ip)
{
  return cut(ip, prac_ip_is4(ip) ? 120 : 48);
}

static uint64_t place(const struct hp_silence *s, const struct prac_prefix *p)
{
  return prac_hash_keyed(s->seed + p->bits, prac_ip_hi(&p->ip), prac_ip_lo(&p->ip));
}

static bool same(const struct prac_prefix *a, const struct prac_prefix *b)
{
  return a->bits == b->bits && memcmp(&a->ip, &b->ip, sizeof a->ip) == 0;
}

/* The wall clock may be set back: an entry is over when it is over for the latest time seen. */
void hp_silence_set(struct hp_silence *s, const struct prac_prefix *p, prac_time until,
                    prac_time wall)
{
  struct prac_prefix net = cut(&p->ip, p->bits <= 128 ? p->bits : 128);
  struct quiet *to = NULL;
  uint64_t h = place(s, &net);
  if (until <= 0) until = 1; /* 0 is a place never used: it would end the search for those behind */
  for (uint64_t i = 0; i < PROBES; i++) {
    struct quiet *q = &s->v[(h + i) & s->mask];
    if (q->until && same(&q->p, &net)) {
      q->until = until;
      return;
    }
    if (!to && q->until <= wall) to = q;
  }
  if (!to) {
    if (until > s->all_until) s->all_until = until;
    return;
  }
  *to = (struct quiet){.p = net, .until = until};
  s->lengths[net.bits / 64] |= UINT64_C(1) << (net.bits % 64);
}

static bool has(const struct hp_silence *s, const struct prac_ip *ip, unsigned bits, prac_time wall)
{
  struct prac_prefix net = cut(ip, bits);
  uint64_t h = place(s, &net);
  for (uint64_t i = 0; i < PROBES; i++) {
    const struct quiet *q = &s->v[(h + i) & s->mask];
    if (q->until == 0) break; /* never used: nothing lies behind it */
    if (q->until > wall && same(&q->p, &net)) return true;
  }
  return false;
}

bool hp_silence_has(const struct hp_silence *s, const struct prac_ip *ip, prac_time wall)
{
  if (s->all_until > wall) return true;
  for (unsigned i = 0; i < 3; i++)
    for (uint64_t w = s->lengths[i]; w; w &= w - 1)
      if (has(s, ip, i * 64 + (unsigned)__builtin_ctzll(w), wall)) return true;
  return false;
}

size_t hp_silence_bytes(const struct hp_silence *s)
{
  return sizeof *s + (s->mask + 1) * sizeof s->v[0];
}
