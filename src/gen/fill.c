/* What each kind of sender puts into a packet. The fingerprints follow the report's table 5.1 to
 * the bit; everything else is kept away from them (windows, TTLs and numbers are drawn freely). */
#include <string.h>

#include "base/hash.h"
#include "gen/gen_int.h"
#include "gen/moves.h"

enum { ICMP = 1, TCP = 6, UDP = 17, ICMP6 = 58 };

const char *gen_tool_text(enum gen_tool t)
{
  static const char *const words[GEN_TOOL_COUNT_] = {
      "", "zmap-old", "zmap", "masscan", "masscan-old", "mirai", "unicornscan", "nmap"};
  return words[t];
}

static uint64_t source_hash(const struct gen_actor *a, uint32_t i)
{
  return prac_hash2(a->salt, i, 0x9e37);
}

struct prac_ip gen_actor_source(const struct gen_actor *a, uint32_t i)
{
  if (a->fixed) return a->fixed[i];
  if (a->p.one_net) {
    struct prac_ip ip = gen_source4(a->p.country, source_hash(a, 0));
    return prac_ip4((prac_ip_to4(&ip) & ~UINT32_C(0xff)) | (1 + i % 254));
  }
  return a->p.six ? gen_source6(source_hash(a, i)) : gen_source4(a->p.country, source_hash(a, i));
}

/* Backgrounds: some sources send much, and every hour some are new. Others: all alike. */
static uint32_t pick_source(struct gen_actor *a, prac_time since_start)
{
  uint32_t n = a->p.sources;
  if (a->lanes || a->p.sync.burst_ns) return a->picked;
  if (n == 1) return 0;
  if (!a->p.daily) return (uint32_t)prac_rng_below(&a->rng, n);
  uint32_t shift = (uint32_t)(since_start / PRAC_HOUR) * (n / 8);
  if (prac_rng_below(&a->rng, 4) == 0) return gen_skewed(&a->rng, n < 200 ? n : 200);
  return (uint32_t)prac_rng_below(&a->rng, n) + shift;
}

static uint16_t pick_port(struct gen_actor *a)
{
  if (a->lanes) return gen_visits_now(a)->port;
  if (a->p.n_ports == 0) return 0;
  uint64_t at = prac_rng_below(&a->rng, a->port_sums[a->p.n_ports - 1]);
  uint32_t lo = 0, n = a->p.n_ports;
  while (n > 1) {
    uint32_t half = n / 2;
    if (a->port_sums[lo + half - 1] <= at) {
      lo += half;
      n -= half;
    } else
      n = half;
  }
  return a->p.ports[lo].port;
}

static struct prac_ip pick_target(struct gen_actor *a, const struct gen_sensor_about *s)
{
  uint64_t r = a->p.one_target ? prac_mix64(a->salt)
               : a->lanes      ? gen_visits_now(a)->target
                               : prac_rng_u64(&a->rng);
  if (!a->p.six)
    return prac_ip4(prac_ip_to4(&s->v4.ip) + (uint32_t)(r & (UINT32_MAX >> (s->v4.bits - 96u))));
  uint64_t hi = prac_ip_hi(&s->v6.ip) | (r >> 40 & 0xf);
  return prac_ip_of(hi, 1 + (r & 0xff)); /* people number hosts from one */
}

static uint8_t ttl_from(uint8_t start, uint64_t hash)
{
  return (uint8_t)(start - 5 - hash % 20);
}

static uint16_t high_port(struct gen_actor *a)
{
  if (a->lanes) return gen_visits_now(a)->sport;
  return (uint16_t)(1024 + prac_rng_below(&a->rng, 64512));
}

/* ---- probes ---- */

static void plain(struct gen_actor *a, struct gen_packet *p, uint64_t hash)
{
  bool windows = hash & 1;
  p->ttl = ttl_from(windows ? 128 : 64, hash >> 1);
  p->df = true;
  p->window = windows ? 64240 : 29200;
  gen_options(p, windows ? GEN_OPT_WINDOWS : GEN_OPT_LINUX, (uint32_t)prac_rng_u64(&a->rng));
}

static void zmap(struct gen_actor *a, struct gen_packet *p, uint64_t hash)
{
  static const enum gen_options layouts[] = {GEN_OPT_WINDOWS, GEN_OPT_WINDOWS, GEN_OPT_LINUX,
                                             GEN_OPT_BSD, GEN_OPT_MSS};
  p->ttl = ttl_from(255, hash);
  p->window = 65535;
  if (a->p.tool == GEN_ZMAP_OLD)
    p->id = 54321;
  else
    gen_options(p, layouts[hash / 64 % PRAC_ARRAY_LEN(layouts)], (uint32_t)prac_rng_u64(&a->rng));
}

static void masscan(struct gen_actor *a, struct gen_packet *p, uint64_t hash)
{
  p->ttl = ttl_from(255, hash);
  p->window = a->p.tool == GEN_MASSCAN ? 1025 : 1024;
  if (a->p.tool == GEN_MASSCAN) gen_options(p, GEN_OPT_MSS, 0);
  p->id = (uint16_t)(prac_ip_to4(&p->dst) ^ p->dport ^ p->seq);
}

static void mirai(struct gen_actor *a, struct gen_packet *p, uint64_t hash)
{
  if (a->p.n_ports == 0) p->dport = prac_rng_below(&a->rng, 10) == 0 ? 2323 : 23;
  p->ttl = ttl_from(64, hash);
  p->seq = prac_ip_to4(&p->dst);
  p->sport = (uint16_t)(1024 + hash % 64512); /* one for the life of the process */
  p->window = (uint16_t)prac_rng_u64(&a->rng);
}

static void unicornscan(struct gen_packet *p, uint64_t hash)
{
  p->ttl = ttl_from(64, hash);
  p->window = 4096;
  p->seq =
      (uint32_t)prac_mix64(hash) ^ prac_ip_to4(&p->src) ^ (((uint32_t)p->sport << 16) + p->dport);
}

static void nmap(struct gen_actor *a, struct gen_packet *p, uint64_t hash)
{
  p->ttl = (uint8_t)(37 + prac_rng_below(&a->rng, 23));
  p->window = (uint16_t)(1024 * (1 + prac_rng_below(&a->rng, 4)));
  p->seq = (uint32_t)prac_mix64(hash + 7);
  p->sport = (uint16_t)(33000 + hash % 30000);
  gen_options(p, GEN_OPT_MSS, 0);
}

static void probe(struct gen_actor *a, struct gen_packet *p, uint64_t hash)
{
  p->proto = TCP;
  p->flags = GEN_SYN;
  p->sport = high_port(a);
  p->seq = (uint32_t)prac_rng_u64(&a->rng);
  switch (a->p.tool) {
  case GEN_ZMAP_OLD:
  case GEN_ZMAP:
    zmap(a, p, hash);
    break;
  case GEN_MASSCAN:
  case GEN_MASSCAN_OLD:
    masscan(a, p, hash);
    break;
  case GEN_MIRAI:
    mirai(a, p, hash);
    break;
  case GEN_UNICORNSCAN:
    unicornscan(p, hash);
    break;
  case GEN_NMAP:
    nmap(a, p, hash);
    break;
  case GEN_PLAIN:
  case GEN_TOOL_COUNT_:
    plain(a, p, hash);
    break;
  }
}

/* ---- answers of a victim ---- */

static void answer_tcp(struct gen_actor *a, struct gen_packet *p, uint64_t hash)
{
  bool reset = a->p.flood == GEN_ACK_FLOOD || prac_rng_below(&a->rng, 5) == 0;
  p->proto = TCP;
  p->sport = p->dport;
  p->dport = high_port(a);
  p->ttl = ttl_from(64, hash);
  p->seq = (uint32_t)prac_rng_u64(&a->rng);
  p->df = true;
  if (a->p.flood == GEN_ACK_FLOOD)
    p->flags = GEN_RST;
  else
    p->flags = reset ? GEN_RST | GEN_ACK : GEN_SYN | GEN_ACK;
  if (p->flags & GEN_ACK) p->ack = (uint32_t)prac_rng_u64(&a->rng);
  if (p->flags & GEN_SYN) {
    p->window = 29200;
    gen_options(p, GEN_OPT_MSS, 0);
  }
}

/* Port unreachable from the victim, or time exceeded from a router before it. */
static void answer_error(struct gen_actor *a, struct gen_packet *p, uint64_t hash)
{
  struct gen_quote *q = &p->quote;
  uint64_t r = prac_rng_u64(&a->rng);
  bool router = a->p.tricky && r % 10 == 0, wrong = a->p.tricky && r / 10 % 50 == 0,
       cut = a->p.tricky && r / 500 % 3 == 0;
  p->proto = a->p.six ? ICMP6 : ICMP;
  p->type = a->p.six ? (router ? 3 : 1) : (router ? 11 : 3);
  p->code = router ? 0 : (a->p.six ? 4 : 3);
  p->ttl = ttl_from(64, hash);
  *q = (struct gen_quote){.on = true,
                          .proto = UDP,
                          .kept = 32,
                          .src = p->dst,
                          .dst = p->src,
                          .sport = high_port(a),
                          .dport = p->dport};
  if (router)
    p->src = a->p.six ? gen_source6(hash + 1 + (r >> 60)) : gen_source4("", hash + 1 + (r >> 60));
  if (cut) {
    q->kept = r >> 50 & 1 ? 8 : 4; /* the 8 bytes of RFC 792, or not even those */
    a->quotes_cut++;
  }
  if (wrong) { /* somebody on the way rewrote addresses */
    q->src.b[15] ^= 0x55;
    a->quotes_wrong++;
  }
  p->dport = 0;
}

static void answer_ping(struct gen_actor *a, struct gen_packet *p, uint64_t hash)
{
  p->proto = a->p.six ? ICMP6 : ICMP;
  p->type = a->p.six ? 129 : 0;
  p->ttl = ttl_from(64, hash);
  p->seq = (uint32_t)prac_rng_u64(&a->rng);
  p->n_body = 32;
  memset(p->body, 'a', p->n_body);
}

static void answer_dns(struct gen_actor *a, struct gen_packet *p, uint64_t hash)
{
  p->proto = UDP;
  p->sport = 53;
  p->dport = high_port(a);
  p->ttl = ttl_from(64, hash);
  gen_dns_answer(p, &a->rng);
}

static void answer(struct gen_actor *a, struct gen_packet *p, uint64_t hash)
{
  switch (a->p.flood) {
  case GEN_SYN_FLOOD:
  case GEN_ACK_FLOOD:
    answer_tcp(a, p, hash);
    break;
  case GEN_UDP_FLOOD:
    answer_error(a, p, hash);
    break;
  case GEN_PING_FLOOD:
    answer_ping(a, p, hash);
    break;
  case GEN_DNS_FLOOD:
    answer_dns(a, p, hash);
    break;
  }
}

/* ---- the rest ---- */

static void request(struct gen_actor *a, struct gen_packet *p, uint64_t hash)
{
  p->proto = UDP;
  p->sport = high_port(a);
  p->ttl = ttl_from(hash & 1 ? 128 : 64, hash >> 1);
  gen_request(p, p->dport, &a->rng);
}

static void ping(struct gen_actor *a, struct gen_packet *p, uint64_t hash)
{
  answer_ping(a, p, hash);
  p->type = a->p.six ? 128 : 8;
}

/* First pieces with a UDP header, then pieces without any. */
static void piece(struct gen_actor *a, struct gen_packet *p, uint64_t hash)
{
  request(a, p, hash);
  bool first = a->packets % 2 == 0;
  p->n_body = first ? 40 : 24; /* with the UDP header: whole units of 8 */
  memset(p->body, 'f', p->n_body);
  p->more = first;
  p->fragment = first ? 0 : 6;
  p->dport = 33435;
}

static void broken(struct gen_actor *a, struct gen_packet *p, uint64_t hash)
{
  enum gen_damage d = (enum gen_damage)(1 + a->packets % (GEN_DAMAGE_COUNT_ - 1));
  if (d == GEN_UDP_LENGTH)
    request(a, p, hash);
  else
    probe(a, p, hash);
  p->damage = d;
}

void gen_fill(struct gen_actor *a, const struct gen_sensor_about *s, struct gen_packet *p,
              uint32_t *ret_source)
{
  *ret_source = pick_source(a, a->at);
  uint64_t hash = prac_mix64(source_hash(a, *ret_source));
  p->src = gen_actor_source(a, *ret_source);
  p->dst = pick_target(a, s);
  p->id = (uint16_t)prac_rng_u64(&a->rng);
  p->dport = pick_port(a);
  p->extended = a->p.six && prac_rng_below(&a->rng, 16) == 0;
  switch (a->p.kind) {
  case GEN_PROBES:
    probe(a, p, hash);
    break;
  case GEN_UDP:
    request(a, p, hash);
    break;
  case GEN_PING:
    ping(a, p, hash);
    break;
  case GEN_FLOOD:
    answer(a, p, hash);
    break;
  case GEN_PIECES:
    piece(a, p, hash);
    break;
  case GEN_BROKEN:
    broken(a, p, hash);
    break;
  case GEN_ARP:
    p->src = prac_ip4(prac_ip_to4(&s->v4.ip) + 1);
    p->proto = 0;
    break;
  }
}
