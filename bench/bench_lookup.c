/* Lookups of random IPv4 and IPv6 addresses: in the demo geography when it is there (.deps/geo),
 * else in a made table of the same size. Two kinds of IPv4: all over the Internet, and as on a
 * telescope (few sources, coming again). */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/lpm.h"
#include "base/rng.h"
#include "lookup/lookup.h"

static double now_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct prac_ip *addresses(size_t n, size_t distinct, bool v6)
{
  struct prac_ip *a = malloc(n * sizeof *a);
  struct prac_rng r = prac_rng_of(1);
  if (!a) abort();
  for (size_t i = 0; i < n; i++) {
    if (i >= distinct)
      a[i] = a[prac_rng_below(&r, distinct)];
    else if (v6)
      a[i] = prac_ip_of(UINT64_C(0x2001000000000000) + (prac_rng_u64(&r) >> 8), prac_rng_u64(&r));
    else
      a[i] = prac_ip4((uint32_t)prac_rng_u64(&r));
  }
  return a;
}

static void run(const char *name, const struct lookup *l, size_t distinct, bool v6)
{
  enum { N = 1 << 22 };
  struct prac_ip *a = addresses(N, distinct, v6);
  uint64_t check = 0;
  double t = now_s();
  for (size_t i = 0; i < N; i++) {
    struct lookup_answer x = lookup_ip(l, &a[i]);
    check = check * 31 + x.country + x.asn + x.survey + x.bogon;
  }
  t = now_s() - t;
  printf("{\"bench\":\"lookup_%s\",\"n\":%d,\"seconds\":%.3f,\"ns_per_op\":%.1f,\"check\":%llu}\n",
         name, N, t, t * 1e9 / N, (unsigned long long)check);
  free(a);
}

int main(void)
{
  struct lookup_conf c;
  struct lookup *l = NULL;
  struct prac_err e = {.text = ""};
  prac_conf_defaults(&lookup_conf_section, &c);
  c.country_mmdb = ".deps/geo/country.mmdb";
  c.asn_csv = ".deps/geo/asn.csv";
  c.missing_ok = true;
  double t = now_s();
  if (lookup_new(&c, PRAC_TIME_NONE, NULL, &l, &e) != PRAC_OK) {
    fprintf(stderr, "%s\n", e.text);
    return 1;
  }
  printf("{\"bench\":\"lookup_load\",\"n\":1,\"seconds\":%.3f,\"geography\":\"%s\"}\n", now_s() - t,
         lookup_geo_text(l));
  run("ipv4_everywhere", l, 1 << 22, false);
  run("ipv4_170k_sources", l, 170000, false);
  run("ipv6", l, 1 << 22, true);
  lookup_unref(&l);
  return 0;
}
