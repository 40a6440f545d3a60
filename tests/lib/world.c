#include "lib/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mmdb.h"
#include "lib/store_made.h"

/* One network in two countries, one country in three networks, IPv6, and addresses of nobody. */
const struct world_place world_places[] = {
    {"133.1.0.0/16", "JP", 64501},    {"133.2.0.0/16", "JP", 64502},
    {"2400:1::/32", "JP", 64501},     {"8.8.0.0/16", "US", 64503},
    {"2600:1::/32", "US", 64503},     {"103.25.64.0/18", "MM", 64504},
    {"103.25.128.0/20", "MM", 64501}, {"45.60.0.0/16", "", 0},
    {"91.10.0.0/16", "", 64505},
};
_Static_assert(sizeof world_places / sizeof *world_places == WORLD_PLACES, "all of them");

static struct prac_prefix prefix_of(unsigned place)
{
  struct prac_prefix p;
  const char *s = world_places[place].prefix;
  if (prac_prefix_parse(s, strlen(s), &p) != PRAC_OK) abort();
  return p;
}

struct prac_ip world_ip(unsigned place, unsigned i)
{
  struct prac_prefix p = prefix_of(place);
  p.ip.b[15] = (uint8_t)i;
  p.ip.b[14] |= (uint8_t)(i >> 8 & 3);
  return p.ip;
}

const struct world_place *world_place_of(const struct prac_ip *ip)
{
  for (unsigned i = 0; i < WORLD_PLACES; i++) {
    struct prac_prefix p = prefix_of(i);
    if (prac_prefix_has(&p, ip)) return &world_places[i];
  }
  return NULL;
}

static void write_countries(const char *path)
{
  static struct mmdb_made m;
  FILE *f = fopen(path, "wbe");
  mmdb_begin(&m, 6, 1781654400);
  for (unsigned i = 0; i < WORLD_PLACES; i++) {
    struct prac_prefix p = prefix_of(i);
    struct prac_ip at = p.ip;
    if (!*world_places[i].country) continue;
    uint32_t data = mmdb_mark(&m);
    mmdb_map(&m, 1);
    mmdb_text(&m, "country_code");
    mmdb_text(&m, world_places[i].country);
    if (prac_ip_is4(&at)) at.b[10] = at.b[11] = 0; /* IPv4 stands at ::/96 in these files */
    mmdb_put(&m, at.b, p.bits, data);
  }
  if (!f || mmdb_write(&m, f) == 0 || fclose(f) != 0) abort();
}

static void write_networks(const char *path)
{
  FILE *f = fopen(path, "we");
  if (!f) abort();
  for (unsigned i = 0; i < WORLD_PLACES; i++) {
    struct prac_prefix p = prefix_of(i);
    struct prac_ip last = p.ip;
    char a[PRAC_IP_TEXT], b[PRAC_IP_TEXT];
    for (unsigned k = p.bits; k < 128; k++) last.b[k / 8] |= (uint8_t)(0x80u >> k % 8);
    if (world_places[i].asn)
      fprintf(f, "%s,%s,%u,Example %u\n", prac_ip_text(a, &p.ip), prac_ip_text(b, &last),
              world_places[i].asn, world_places[i].asn);
  }
  if (fclose(f) != 0) abort();
}

struct lookup *world_lookup(void)
{
  char dir[256], country[300], asn[300];
  struct lookup_conf c;
  struct lookup *l = NULL;
  struct prac_err err = {0};
  made_dir(dir);
  snprintf(country, sizeof country, "%s/country.mmdb", dir);
  snprintf(asn, sizeof asn, "%s/asn.csv", dir);
  write_countries(country);
  write_networks(asn);
  prac_conf_defaults(&lookup_conf_section, &c);
  c.country_mmdb = country;
  c.asn_csv = asn;
  if (lookup_new(&c, PRAC_TIME_NONE, NULL, &l, &err) != PRAC_OK) {
    fprintf(stderr, "%s\n", err.text);
    abort();
  }
  made_dir_remove(dir);
  return l;
}
