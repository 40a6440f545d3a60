/* The truth file: what a reader of the captures must find, plan by plan. Counts are of what was
 * written, so nothing that fell into an outage is in them. */
#include "gen/gen_int.h"

enum { HOSTS_LISTED = 300 };

static void sensors(const struct gen *g, struct prac_json *j)
{
  char text[PRAC_IP_TEXT];
  prac_json_key(j, "sensors");
  prac_json_open(j, '[');
  for (uint32_t i = 0; i < g->n_sensors; i++) {
    const struct gen_sensor_about *s = &g->sensors[i];
    prac_json_open(j, '{');
    prac_json_key_str(j, "name", s->name);
    prac_json_key_str(j, "country", s->country);
    prac_json_key(j, "prefixes");
    prac_json_open(j, '[');
    prac_json_str(j, prac_prefix_text(text, &s->v4));
    prac_json_str(j, prac_prefix_text(text, &s->v6));
    prac_json_close(j, ']');
    prac_json_key_u64(j, "packets", s->packets);
    prac_json_key_u64(j, "bytes", s->bytes);
    if (g->outage[i].to > 0) {
      prac_json_key(j, "outage");
      prac_json_open(j, '{');
      prac_json_key_time(j, "from", g->start + g->outage[i].from);
      prac_json_key_time(j, "to", g->start + g->outage[i].to);
      prac_json_key_u64(j, "not_written", g->lost[i]);
      prac_json_close(j, '}');
    }
    prac_json_close(j, '}');
  }
  prac_json_close(j, ']');
}

static void flood(const struct gen_actor *a, struct prac_json *j)
{
  static const char *const words[] = {"syn", "ack", "udp", "ping", "dns"};
  bool minute = a->packets > 0 && a->last - a->first >= PRAC_MIN;
  prac_json_key_str(j, "flood", words[a->p.flood]);
  if (a->all_sources == 1) {
    struct prac_ip victim = gen_actor_source(a, 0);
    prac_json_key(j, "victim");
    prac_json_ip(j, &victim);
    prac_json_key_u64(j, "max_60s", a->max_60s);
    prac_json_key(j, "counts_as_attack"); /* 25 packets, 60 s, 30 packets in a minute */
    prac_json_bool(j, a->packets >= 25 && minute && a->max_60s >= 30);
  }
  if (a->p.flood == GEN_UDP_FLOOD) {
    prac_json_key_u64(j, "quotes_truncated", a->quotes_cut);
    prac_json_key_u64(j, "quotes_mismatched", a->quotes_wrong);
  }
}

static void damages(const struct gen_actor *a, struct prac_json *j)
{
  prac_json_key(j, "damage");
  prac_json_open(j, '{');
  for (unsigned d = 1; d < GEN_DAMAGE_COUNT_; d++)
    prac_json_key_u64(j, gen_damage_text((enum gen_damage)d), a->by_damage[d]);
  prac_json_close(j, '}');
}

static void hosts(const struct gen_actor *a, struct prac_json *j)
{
  prac_json_key(j, "hosts");
  prac_json_open(j, '[');
  for (uint32_t i = 0; i < a->all_sources; i++) {
    struct prac_ip ip = gen_actor_source(a, i);
    if (a->seen[i / 8] >> (i % 8) & 1) prac_json_ip(j, &ip);
  }
  prac_json_close(j, ']');
}

static void ports(const struct gen_actor *a, struct prac_json *j)
{
  prac_json_key(j, "ports");
  prac_json_open(j, '[');
  for (uint32_t i = 0; i < a->p.n_ports && i < 64; i++) prac_json_u64(j, a->p.ports[i].port);
  prac_json_close(j, ']');
}

static const char *proto_text(const struct gen_plan *p)
{
  bool icmp = p->kind == GEN_PING ||
              (p->kind == GEN_FLOOD && (p->flood == GEN_UDP_FLOOD || p->flood == GEN_PING_FLOOD));
  if (p->kind == GEN_ARP) return "arp";
  if (p->kind == GEN_BROKEN) return "any";
  if (icmp) return p->six ? "icmp6" : "icmp";
  if (p->kind == GEN_UDP || p->kind == GEN_PIECES ||
      (p->kind == GEN_FLOOD && p->flood == GEN_DNS_FLOOD))
    return "udp";
  return "tcp";
}

static uint8_t proto_number(const struct gen_plan *p)
{
  switch (proto_text(p)[0]) {
  case 't':
    return 6;
  case 'u':
    return 17;
  case 'i':
    return p->six ? 58 : 1;
  }
  return 0;
}

void gen_planted_at(const struct gen *g, size_t i, struct gen_planted *ret)
{
  const struct gen_actor *a = g->actors[i];
  *ret = (struct gen_planted){.name = a->p.name,
                              .what = a->p.what,
                              .country = a->p.country,
                              .event = a->p.event,
                              .proto = proto_number(&a->p),
                              .ports = a->p.ports,
                              .n_ports = a->p.n_ports,
                              .hosts = a->n_seen,
                              .from = g->start + a->p.from,
                              .to = g->start + a->p.to,
                              .first = a->first,
                              .last = a->last,
                              .packets = a->packets};
  for (uint32_t s = 0; s < g->n_sensors; s++) ret->by_sensor[s] = a->by_sensor[s];
}

static void plan(const struct gen *g, const struct gen_actor *a, struct prac_json *j)
{
  prac_json_open(j, '{');
  prac_json_key_str(j, "name", a->p.name);
  prac_json_key_str(j, "what", a->p.what);
  prac_json_key_str(j, "proto", proto_text(&a->p));
  prac_json_key(j, "event"); /* happens once; else it is there all the time */
  prac_json_bool(j, a->p.event);
  if (a->p.tool) prac_json_key_str(j, "tool", gen_tool_text(a->p.tool));
  if (a->p.country) prac_json_key_str(j, "country", a->p.country);
  prac_json_key(j, "ipv6");
  prac_json_bool(j, a->p.six);
  if (a->p.n_ports) ports(a, j);
  prac_json_key_time(j, "planned_from", g->start + a->p.from);
  prac_json_key_time(j, "planned_to", g->start + a->p.to);
  prac_json_key_time(j, "from", a->first);
  prac_json_key_time(j, "to", a->last);
  prac_json_key_u64(j, "packets", a->packets);
  prac_json_key_u64(j, "sources", a->n_seen);
  prac_json_key(j, "by_sensor");
  prac_json_open(j, '{');
  for (uint32_t i = 0; i < g->n_sensors; i++)
    if (a->by_sensor[i]) prac_json_key_u64(j, g->sensors[i].name, a->by_sensor[i]);
  prac_json_close(j, '}');
  prac_json_key(j, "first_by_sensor");
  prac_json_open(j, '{');
  for (uint32_t i = 0; i < g->n_sensors; i++)
    if (a->by_sensor[i]) prac_json_key_time(j, g->sensors[i].name, a->first_by_sensor[i]);
  prac_json_close(j, '}');
  if (a->p.kind == GEN_FLOOD) flood(a, j);
  if (a->p.kind == GEN_BROKEN) damages(a, j);
  if (a->all_sources <= HOSTS_LISTED && a->p.kind != GEN_ARP) hosts(a, j);
  prac_json_close(j, '}');
}

void gen_truth(const struct gen *g, struct prac_json *j)
{
  uint64_t total = 0;
  for (uint32_t i = 0; i < g->n_sensors; i++) total += g->sensors[i].packets;
  prac_json_open(j, '{');
  prac_json_key_str(j, "scenario", g->scenario->name);
  prac_json_key_str(j, "note", "made traffic: no address here has sent anything");
  prac_json_key_u64(j, "seed", g->seed);
  prac_json_key_time(j, "from", g->start);
  prac_json_key_time(j, "to", g->start + g->length_ns);
  prac_json_key_u64(j, "packets", total);
  sensors(g, j);
  prac_json_key(j, "planted");
  prac_json_open(j, '[');
  for (uint32_t i = 0; i < g->n_actors; i++) {
    prac_json_newline(j);
    plan(g, g->actors[i], j);
  }
  prac_json_close(j, ']');
  prac_json_close(j, '}');
}
