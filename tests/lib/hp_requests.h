/* tests/lib/hp_requests.h — a request of each stanza of data/vectors.yaml, and the file itself. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "honeypot/stanza.h"
#include "lib/t.h"

static inline struct hp_stanzas *hp_shipped(void)
{
  static char text[1 << 18];
  char path[1024];
  const char *root = getenv("PRACTICE_SOURCE");
  struct prac_err err = {0};
  struct hp_stanzas *s = NULL;
  snprintf(path, sizeof path, "%s/data/vectors.yaml", root ? root : ".");
  FILE *f = fopen(path, "rb");
  assert_non_null(f);
  size_t n = fread(text, 1, sizeof text, f);
  fclose(f);
  if (hp_stanzas_parse(text, n, path, &s, &err) != PRAC_OK) fail_msg("%s", err.text);
  return s;
}

/* A request of each; #1200 pads with zeros. */
static const struct {
  const char *name, *hex;
} hp_requests[] = {
    {"bittorrent_dht", "64313a6164323a696432303a6162636465666768696a303132333435363738396531"
                       "3a71343a70696e67313a74323a6161313a79313a7165"},
    {"kad", "e401"},
    {"kad", "e460"},
    {"quake3", "ffffffff676574737461747573"},
    {"quake3", "ffffffff676574696e666f20787878"},
    {"asf_ping", "0600ff06000011be80000000"},
    {"ipmi", "0600ff07000000000000000000092018c88100388e04b5"},
    {"ubiquiti", "01000000"},
    {"ubiquiti", "02080000"},
    {"plex", "4d2d534541524348202a20485454502f312e310d0a"},
    {"plex", "4d"},
    {"jenkins", "00"},
    {"jenkins", ""},
    {"tp240", "63616c6c2e7374617274626c61737420322033"},
    {"slp", "020900001d0000000000000573000200656e0000ffff0007646566617574"},
    {"xdmcp", "00010002000100"},
    {"l2tp", "c802003c000000000000000080080000000000018008000000020100800a0000000300000003"
             "800800000009abcd"},
    {"citrix", "1e00013002fda8e300000000000000000000000000000000000000000000"},
    {"dtls", "16feff000000000000000000660100005a000000000000005afefd"},
    {"quic", "c000000001080102030405060708 00#1200"},
    {"quic_source", "c0000000010014#1200"},
    {"quic_short", "c351303530088017697f17a15e6e"},
    {"quic_other", "c351303530088017697f17a15e6e01#1200"},
    {"quic_other", "c351303530048017697f#1200"},
    {"quic_other", "0e#1200"},
    {"rdpeudp", "00000000000000ff00000000000000005406"},
    {"rdpeudp", "ffffffff00401001"},
    {"stun", "000100002112a44253486b6846386f6477677956"},
    {"ikev1", "0123456789abcdef0000000000000000011002000000000000000054"},
    {"ikev2", "0123456789abcdef0000000000000000212022080000000000000054"},
    {"ike_nat", "000000000123456789abcdef0000000000000000212022080000000000000054"},
    {"bacnet", "810a001101040005d60c0c023fffff194b4c"},
    {"bacnet_multiple",
     "810a002501040205010e0c020000001e090c091c092c09380939093a0946094d097809791f"},
    {"natpmp", "0000"},
    {"natpmp", "00000000"},
    {"sentinel", "7a0000000000"},
    {"vxworks_wdb", "1a09faba0000000000000002555555550000000100000001000000000000000000000000"},
    {"crestron", "14"},
    {"digi_addp", "4449474900010006ffffffffffff"},
    {"digi_addp", "44564b5400010006ffffffffffff"},
    {"lantronix", "000000f8"},
    {"lantronix_query", "000000f6"},
    {"steam_remote", "ffffffff214c5fa00a00000008d285d8cc041000020000000801"},
    {"netis", "0a00000000000000"},
    {"afs_rx", "000003e70000000000000065000000000000000d0d0500000000000000"},
    {"bfd", "204003180000000100000000000f4240000f42400007a120"},
    {"ventrilo", "0000000000000000000000000000000000000000"},
    {"db2", "444232474554414444520053514c303930313000"},
    {"powerhouse", "00"},
    {"teamspeak3", "545333494e49543100650000880dd05766005f5916e0ade76b610000000000000000"},
    {"minecraft", "fefd0900000001"},
    {"raknet", "01000000000000000100ffff00fefefefefdfdfdfd12345678"},
    {"pcanywhere", "4e51"},
    {"pcanywhere", "5354"},
    {"echo", "00"},
    {"discard", "00"},
    {"daytime", "00"},
    {"time", "00"},
    {"rustdesk", "00"},
};

static inline size_t hp_unhex(const char *hex, uint8_t out[1500])
{
  size_t n = 0;
  for (; *hex && *hex != '#'; hex++) {
    unsigned v;
    if (*hex == ' ') continue;
    assert_int_equal(sscanf(hex, "%2x", &v), 1);
    out[n++] = (uint8_t)v;
    hex++;
  }
  if (*hex == '#') {
    size_t to = (size_t)strtoul(hex + 1, NULL, 10);
    memset(out + n, 0, to - n);
    n = to;
  }
  return n;
}
