/* Sources that no router should carry. IPv4: RFC 6890 and its updates, 100.64.0.0/10 (RFC 6598),
 * 192.88.99.0/24 (RFC 7526), multicast and the former class E. IPv6: everything but the allocated
 * 2000::/3 and the NAT64 prefix, and in it what RFC 6890 calls not globally reachable. */
#include <string.h>

#include "lookup/files.h"

static const struct {
  const char *prefix;
  bool bogon;
} table[] = {
    /* most specific last */
    {"0.0.0.0/8", true},      {"10.0.0.0/8", true},     {"100.64.0.0/10", true},
    {"127.0.0.0/8", true},    {"169.254.0.0/16", true}, {"172.16.0.0/12", true},
    {"192.0.0.0/24", true},   {"192.0.2.0/24", true},   {"192.88.99.0/24", true},
    {"192.168.0.0/16", true}, {"198.18.0.0/15", true},  {"198.51.100.0/24", true},
    {"203.0.113.0/24", true}, {"224.0.0.0/4", true},    {"240.0.0.0/4", true},
    {"::/3", true},           {"4000::/2", true},       {"8000::/1", true},
    {"::ffff:0:0/96", false}, {"64:ff9b::/96", false},  {"2001::/23", true},
    {"2001::/32", false},     {"2001:3::/32", false},   {"2001:4:112::/48", false},
    {"2001:20::/27", false},  {"2001:db8::/32", true},  {"3fff::/20", true},
};

static struct prac_prefix prefix_at(size_t i)
{
  struct prac_prefix p;
  PRAC_INSIST(prac_prefix_parse(table[i].prefix, strlen(table[i].prefix), &p) == PRAC_OK);
  return p;
}

prac_rc lookup_bogon_ranges(struct lookup_ranges *to)
{
  for (size_t i = 0; i < PRAC_ARRAY_LEN(table); i++) {
    struct prac_prefix p = prefix_at(i);
    PRAC_TRY(lookup_ranges_add(to, prac_lpm_range_of(&p, table[i].bogon)));
  }
  return PRAC_OK;
}

bool lookup_bogon(const struct prac_ip *ip)
{
  int best = -1;
  bool bogon = false;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(table); i++) {
    struct prac_prefix p = prefix_at(i);
    if (p.bits > best && prac_prefix_has(&p, ip)) best = p.bits, bogon = table[i].bogon;
  }
  return bogon;
}
