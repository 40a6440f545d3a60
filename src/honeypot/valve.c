/* The order of the rules is by cost, for a flood asks them a hundred thousand times a second: what
 * is known without looking anything up comes first. */
#include "honeypot/valve.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "honeypot/limit.h"

enum { SILENCED = 16384 };
#define TIRED_NS (50 * PRAC_MS)

struct hp_valve {
  struct hp_valve_conf c;
  int64_t opens;       /* monotonic: before it, settling */
  int64_t tired_until; /* the sensor as a whole has sent enough: nobody is asked before this */
  enum hp_why tired;
  struct hp_sum replies, bits;
  struct hp_credit credit;
  struct hp_many *addresses, *networks;
  struct hp_silence *silence;
};

const char *hp_why_name(enum hp_why w)
{
  static const char *const names[] = {"open",
#define X(name, text) #name,
                                      HP_WHY(X)
#undef X
  };
  return names[w];
}

prac_rc hp_valve_new(const struct hp_valve_conf *c, int64_t now, struct hp_valve **ret)
{
  PRAC_INSIST(c->send && c->lists && c->window_ns > 0);
  struct hp_valve *v = calloc(1, sizeof *v);
  if (!v) return PRAC_NOMEM;
  /* As many as can be answered within a window. */
  uint64_t n = (uint64_t)c->replies_per_s * (uint64_t)(c->window_ns / PRAC_SEC + 1);
  if (!c->reply) n = 1;
  v->c = *c;
  v->opens = now + c->settle_ns;
  v->replies = v->bits = hp_sum_of(PRAC_SEC);
  v->addresses = hp_many_new(n, c->window_ns, c->seed);
  v->networks = hp_many_new(n, c->window_ns, c->seed + 1);
  v->silence = hp_silence_new(SILENCED, c->seed + 2);
  if (!v->addresses || !v->networks || !v->silence) {
    hp_valve_free(&v);
    return PRAC_NOMEM;
  }
  *ret = v;
  return PRAC_OK;
}

void hp_valve_free(struct hp_valve **vp)
{
  struct hp_valve *v = *vp;
  if (!v) return;
  hp_many_free(&v->addresses);
  hp_many_free(&v->networks);
  hp_silence_free(&v->silence);
  free(v);
  *vp = NULL;
}

void hp_valve_in(struct hp_valve *v, int64_t now, size_t bytes)
{
  hp_credit_in(&v->credit, now, bytes);
}

void hp_valve_silence(struct hp_valve *v, const struct prac_prefix *p, prac_time until,
                      prac_time wall)
{
  hp_silence_set(v->silence, p, until, wall);
}

static enum hp_why by_limits(struct hp_valve *v, const struct hp_ask *a, int64_t now)
{
  uint32_t all, late;
  struct prac_prefix net = hp_network(&a->to);
  if (!hp_many_get(v->addresses, &a->to, now, &all, &late) || all >= v->c.per_address ||
      late >= v->c.burst)
    return HP_WHY_address;
  if (!hp_many_get(v->networks, &net.ip, now, &all, &late) || all >= v->c.per_network)
    return HP_WHY_network;
  return HP_WHY_OPEN;
}

/* 224/4 and 240/4 are bogons too; with answer_bogons they are still no hosts. */
static bool is_group(const struct prac_ip *ip)
{
  return prac_ip_is4(ip) ? ip->b[12] >= 224 || ip->b[12] == 0 : ip->b[0] == 0xff;
}

static enum hp_why by_lists(const struct hp_valve *v, const struct hp_ask *a)
{
  const struct hp_lists *l = v->c.lists;
  struct prac_ip inner;
  if (memcmp(&a->to, &a->own, sizeof a->to) == 0 || prac_lpm_find(l->own, &a->to))
    return HP_WHY_own;
  struct lookup_answer found = lookup_ip(l->look, &a->to);
  if (prac_ip_inner4(&a->to, &inner)) return HP_WHY_bogon; /* limits, lists: of another address */
  if (is_group(&a->to) || (found.bogon && !l->answer_bogons)) return HP_WHY_bogon;
  if (prac_lpm_find(l->opt_out, &a->to)) return HP_WHY_opt_out;
  if (prac_lpm_find(l->infra, &a->to)) return HP_WHY_infra;
  if (l->skip_research && found.survey) return HP_WHY_research;
  if (v->c.answer_share < 1) {
    uint64_t h = prac_hash2(v->c.share_key, prac_ip_hi(&a->to), prac_ip_lo(&a->to));
    if ((double)(h >> 11) / (double)(UINT64_C(1) << 53) >= v->c.answer_share) return HP_WHY_share;
  }
  return HP_WHY_OPEN;
}

static enum hp_why sum_up(struct hp_valve *v, int64_t now, size_t len)
{
  if (hp_sum_get(&v->replies, now) >= v->c.replies_per_s) return HP_WHY_rate;
  if (hp_sum_get(&v->bits, now) + len * 8 > v->c.bits_per_s) return HP_WHY_bits;
  if (!hp_credit_ok(&v->credit, now, len, v->c.credit_bytes)) return HP_WHY_credit;
  return HP_WHY_OPEN;
}

/* When the sensor's limits are reached in a flood, neither the sums nor the reply are made anew for
 * every packet: for a moment the answer is the same. */
static enum hp_why by_sensor(struct hp_valve *v, int64_t now, size_t len)
{
  enum hp_why why = sum_up(v, now, len);
  if (why == HP_WHY_OPEN) return why;
  v->tired = why;
  v->tired_until = now + TIRED_NS;
  return why;
}

static enum hp_why decide(struct hp_valve *v, const struct hp_ask *a, size_t len, int64_t now,
                          prac_time wall)
{
  const struct hp_valve_conf *c = &v->c;
  if (!c->reply) return HP_WHY_off;
  if (c->shut && atomic_load_explicit(c->shut, memory_order_relaxed)) return HP_WHY_shut;
  if (now < v->opens) return HP_WHY_settling;
  if (a->port == 0 || (c->lists->ports[a->port / 8] >> (a->port % 8) & 1)) return HP_WHY_port;
  if (a->many) return HP_WHY_many;
  if (now < v->tired_until) return v->tired;
  enum hp_why why = by_limits(v, a, now);
  if (why == HP_WHY_OPEN && hp_silence_has(v->silence, &a->to, wall)) why = HP_WHY_silenced;
  if (why == HP_WHY_OPEN) why = by_sensor(v, now, len);
  if (why == HP_WHY_OPEN) why = by_lists(v, a);
  return why;
}

enum hp_why hp_valve_may(struct hp_valve *v, const struct hp_ask *a, int64_t now, prac_time wall)
{
  return decide(v, a, 0, now, wall);
}

enum hp_why hp_valve_send(struct hp_valve *v, const struct hp_ask *a, const void *data, size_t len,
                          int64_t now, prac_time wall)
{
  if (len == 0 || len > HP_REPLY_MAX) return HP_WHY_size;
  enum hp_why why = decide(v, a, len, now, wall);
  if (why != HP_WHY_OPEN) return why;
  /* Counted before it is sent: one that fails counts as well. */
  struct prac_prefix net = hp_network(&a->to);
  hp_many_add(v->addresses, &a->to, now);
  hp_many_add(v->networks, &net.ip, now);
  hp_sum_add(&v->replies, now, 1);
  hp_sum_add(&v->bits, now, len * 8);
  hp_credit_out(&v->credit, now, len);
  return v->c.send(v->c.arg, a, data, len) ? HP_WHY_OPEN : HP_WHY_failed;
}

size_t hp_valve_bytes(const struct hp_valve *v)
{
  return sizeof *v + hp_many_bytes(v->addresses) + hp_many_bytes(v->networks) +
         hp_silence_bytes(v->silence);
}
