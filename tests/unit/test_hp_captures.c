/* Real requests: every probe payload and every capture beside the checkout is recognised as its
 * vector and as no other, compiled vectors and those of data/vectors.yaml asked together; no packet
 * that is an answer is ever answered. */
#include "lib/t.h"

#include <dirent.h>
#include <sys/stat.h>

#include "lib/hp.h"
#include "lib/hp_requests.h"
#include "wire/packet.h"
#include "wire/pcap.h"

static char root[1024]; /* .../data */
static uint8_t file[1 << 24];
static struct hp_stanzas *stanzas; /* data/vectors.yaml */

static bool find_data(void)
{
  const char *const bases[] = {getenv("PRACTICE_SHARED"), getenv("PRACTICE_SOURCE")};
  static const char *const below[2][2] = {{"data", NULL}, {"../shared/data", "../../shared/data"}};
  for (size_t i = 0; i < 2; i++)
    for (size_t k = 0; k < 2; k++) {
      struct stat st;
      char path[1200];
      if (!bases[i] || !below[i][k]) continue;
      snprintf(root, sizeof root, "%.900s/%s", bases[i], below[i][k]);
      snprintf(path, sizeof path, "%s/drdos/zmap-probes", root);
      if (stat(path, &st) == 0) return true;
    }
  return false;
}

static size_t load(const char *name)
{
  char path[1200];
  snprintf(path, sizeof path, "%s/%s", root, name);
  FILE *f = fopen(path, "rbe");
  if (!f) return 0;
  size_t n = fread(file, 1, sizeof file, f);
  fclose(f);
  return n;
}

static bool taken(enum hp_verdict v)
{
  return v == HP_ANSWER || v == HP_OBSERVE;
}

static bool stanza_on_port(const struct hp_stanza *z, uint16_t port)
{
  for (int i = 0; i < HP_PORTS_MAX && z->ports[i]; i++)
    if (z->ports[i] == port) return true;
  return false;
}

static enum hp_verdict ask_stanza(const struct hp_stanza *z, uint16_t port, const void *bytes,
                                  size_t n, uint16_t sport)
{
  const struct hp_self self = hp_self_made();
  uint8_t out[HP_REPLY_MAX];
  struct prac_wr w = prac_wr_of(out, z->max_reply);
  const struct hp_request req = {
      .bytes = prac_rd_of(bytes, n), .src = prac_ip4(0xcb007109), .sport = sport, .dport = port};
  enum hp_verdict v = hp_stanza_answer(z, &self, &req, &w);
  if (v == HP_ANSWER && (w.bad || prac_wr_len(&w) == 0)) fail_msg("%s: no answer", z->name);
  return v;
}

/* What all vectors of a port, compiled or not, make of these bytes. */
struct asked {
  unsigned n; /* that do not ignore them */
  const char *name;
  enum hp_verdict verdict; /* of the last of these */
};
static struct asked ask_all(uint16_t port, const void *bytes, size_t n, uint16_t sport)
{
  const struct hp_self self = hp_self_made();
  struct asked a = {.verdict = HP_IGNORE};
  for (const struct hp_proto *const *p = hp_protos; *p; p++) {
    if (!hp_on_port(*p, port)) continue;
    enum hp_verdict v = hp_ask_as(*p, &self, bytes, n, sport).verdict;
    if (v != HP_IGNORE) a = (struct asked){a.n + 1, (*p)->name, v};
  }
  for (size_t i = 0; i < hp_stanzas_count(stanzas); i++) {
    const struct hp_stanza *z = hp_stanzas_at(stanzas, i);
    if (!stanza_on_port(z, port)) continue;
    enum hp_verdict v = ask_stanza(z, port, bytes, n, sport);
    if (v != HP_IGNORE) a = (struct asked){a.n + 1, z->name, v};
  }
  return a;
}

static const struct {
  const char *file, *vector;
  uint16_t port;
  enum hp_verdict want;
} probes[] = {
    {"ard_3283.pkt", "ard", 3283, HP_ANSWER},
    {"chargen_19.pkt", "chargen", 19, HP_ANSWER},
    {"coap_5683.pkt", "coap", 5683, HP_ANSWER},
    {"dns_53.pkt", "dns", 53, HP_ANSWER},
    {"dns_53_queryAwww.google.com.pkt", "dns", 53, HP_ANSWER},
    {"dns_53_queryAwww.google.it.pkt", "dns", 53, HP_ANSWER},
    {"ldap_389.pkt", "cldap", 389, HP_ANSWER},
    {"mdns_5353.pkt", "mdns", 5353, HP_ANSWER},
    {"memcache_11211.pkt", "memcached", 11211, HP_ANSWER},
    {"mssql_1434.pkt", "mssql", 1434, HP_ANSWER},
    {"netbios_137.pkt", "netbios", 137, HP_ANSWER},
    {"ntp_123.pkt", "ntp_client", 123, HP_ANSWER},
    {"ntp_123_monlist.pkt", "ntp_monlist", 123, HP_ANSWER},
    {"openvpn_1194.pkt", "openvpn", 1194, HP_ANSWER},
    {"portmap_111.pkt", "portmap", 111, HP_ANSWER},
    {"qotd_17.pkt", "qotd", 17, HP_ANSWER},
    {"ripv1_520.pkt", "ripv1", 520, HP_OBSERVE}, /* its metric is 4096: no router answers it */
    {"sip_5060.pkt", "sip", 5060, HP_ANSWER},
    {"sip_options.tpl", "sip", 5060, HP_ANSWER},
    {"snmp1_161.pkt", "snmp", 161, HP_ANSWER},
    {"snmp2_161.pkt", "snmp", 161, HP_ANSWER},
    {"snmp3_161.pkt", "snmp", 161, HP_ANSWER},
    {"ssdp_1900.pkt", "ssdp", 1900, HP_ANSWER},
    {"tftp_69.pkt", "tftp", 69, HP_ANSWER},
    {"upnp_1900.pkt", "ssdp", 1900, HP_ANSWER},
    {"valve_27015.pkt", "a2s", 27015, HP_ANSWER},
    {"wsd_3702.pkt", "wsd", 3702, HP_ANSWER},
    {"wsd_malformed_3702.pkt", "wsd", 3702, HP_ANSWER},
    {"bacnet_47808.pkt", "bacnet", 47808, HP_ANSWER},
    {"bacnet_rpm_47808.pkt", "bacnet_multiple", 47808, HP_ANSWER},
    {"citrix_1604.pkt", "citrix", 1604, HP_ANSWER},
    {"db2_523.pkt", "db2", 523, HP_ANSWER},
    {"db2disco_523.pkt", "db2", 523, HP_ANSWER},
    {"digi1_2362.pkt", "digi_addp", 2362, HP_ANSWER},
    {"digi2_2362.pkt", "digi_addp", 2362, HP_ANSWER},
    {"digi3_2362.pkt", "digi_addp", 2362, HP_ANSWER},
    {"dtls1.2_443_client_hello.pkt", "dtls", 443, HP_ANSWER},
    {"ipmi_623.pkt", "ipmi", 623, HP_ANSWER},
    {"natpmp_5351.pkt", "natpmp", 5351, HP_ANSWER},
    {"nat_port_mapping_5351.pkt", "natpmp", 5351, HP_ANSWER},
    {"netis_53413.pkt", "netis", 53413, HP_ANSWER},
    {"pca_nq_5632.pkt", "pcanywhere", 5632, HP_ANSWER},
    {"pca_st_5632.pkt", "pcanywhere", 5632, HP_ANSWER},
    {"pcanywhere_5632.pkt", "pcanywhere", 5632, HP_ANSWER},
    {"quic_ping_443.pkt", "quic_source", 443, HP_ANSWER},
    {"rdp_3389.pkt", "rdpeudp", 3389, HP_ANSWER},
    {"sentinel_5093.pkt", "sentinel", 5093, HP_ANSWER},
    {"ubiquiti_10001.pkt", "ubiquiti", 10001, HP_ANSWER},
    {"ubiquiti_discovery_v1_10001.pkt", "ubiquiti", 10001, HP_ANSWER},
    {"ubiquiti_discovery_v2_10001.pkt", "ubiquiti", 10001, HP_ANSWER},
    {"wdbrpc_17185.pkt", "vxworks_wdb", 17185, HP_ANSWER},
    {"xdmcp_177.pkt", "xdmcp", 177, HP_ANSWER},
};

static void every_probe_is_its_vector(void **s)
{
  (void)s;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(probes); i++) {
    char name[256];
    snprintf(name, sizeof name, "drdos/zmap-probes/%s", probes[i].file);
    size_t n = load(name);
    struct asked a = ask_all(probes[i].port, file, n, HP_SPORT);
    if (n == 0) fail_msg("%s: not there", probes[i].file);
    if (a.n != 1 || strcmp(a.name, probes[i].vector) != 0 || a.verdict != probes[i].want)
      fail_msg("%s: %s of %u vectors, %s", probes[i].file, a.name ? a.name : "none", a.n,
               hp_verdict_text(a.verdict));
  }
}

/* A probe of another service is nobody's, even on a port of ours where bytes decide: chargen, qotd
 * take anything, dhip any single byte. */
static void probes_of_others_are_not_ours(void **s)
{
  (void)s;
  static const char *const others[] = {"bacnet_47808.pkt",
                                       "citrix_1604.pkt",
                                       "db2_523.pkt",
                                       "digi1_2362.pkt",
                                       "ipmi_623.pkt",
                                       "rdp_3389.pkt",
                                       "sentinel_5093.pkt",
                                       "wdbrpc_17185.pkt",
                                       "quic_ping_443.pkt",
                                       "xdmcp_177.pkt",
                                       "natpmp_5351.pkt",
                                       "netis_53413.pkt",
                                       "dtls1.2_443_client_hello.pkt",
                                       "pca_nq_5632.pkt"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(others); i++) {
    char name[256];
    snprintf(name, sizeof name, "drdos/zmap-probes/%s", others[i]);
    size_t n = load(name);
    assert_true(n > 0);
    for (const struct hp_proto *const *p = hp_protos; *p; p++) {
      if (strcmp((*p)->name, "chargen") == 0 || strcmp((*p)->name, "qotd") == 0) continue;
      if (taken(hp_ask((*p)->name, file, n).verdict)) fail_msg("%s: %s", others[i], (*p)->name);
    }
  }
}

static const struct capture {
  const char *file;    /* below data */
  const char *vectors; /* that its requests may be, between blanks */
  uint16_t port;
  unsigned requests, answers; /* as tshark counts them, where it knows the protocol */
  uint16_t as;                /* port of the service where the capture has another; 0: the same */
} captures[] = {
    {"drdos/ndpi_dns.pcap", " dns ", 53, 2, 3},
    {"drdos/tcpdump_edns-opts.pcap", " dns ", 53, 21, 21},
    {"drdos/tcpdump_dnssec.pcap", " dns ", 53, 3, 3},
    {"darknet/pcap/stopddos_amp.dns.RRSIG.fragmented.pcap", " dns ", 53, 0, 0},
    {"drdos/tcpdump_ntp-mode7.pcap", " ntp_monlist ", 123, 4, 4},
    {"drdos/tcpdump_ntp-control.pcap", " ntp_control ", 123, 8, 13},
    {"drdos/tcpdump_ntp.pcap", " ntp_client ", 123, 4, 4},
    {"drdos/ndpi_NTPv2.pcap", "", 123, 0, 1},
    {"drdos/ndpi_NTPv3.pcap", "", 123, 0, 1},
    {"drdos/ndpi_NTPv4.pcap", " ntp_client ", 123, 1, 0},
    {"drdos/ndpi_ssdp-m-search-ua.pcap", " ssdp ", 1900, 4, 0},
    {"drdos/ndpi_snmp.pcap", " snmp ", 161, 29, 33},
    {"darknet/pcap/stopddos_amp.UDP.snmp.src161.pcapng", " snmp ", 161, 0, 0},
    {"drdos/ndpi_netbios.pcap", " netbios ", 137, 250, 6},
    {"drdos/tcpdump_nbns-valgrind.pcap", " netbios ", 137, 0, 0}, /* captured too short */
    {"drdos/ndpi_tftp.pcap", " tftp ", 69, 6, 0},
    {"drdos/ndpi_sip.pcap", " sip ", 5060, 47, 34},
    {"drdos/tcpdump_ripv1v2.pcap", " ripv1 ", 520, 2, 2},
    {"drdos/ndpi_upnp.pcap", " wsd ", 3702, 14, 0},
    {"drdos/ndpi_coap_mqtt.pcap", " coap ", 5683, 11, 8},
    {"drdos/ndpi_source_engine.pcap", " a2s ", 27015, 17, 0},
    {"darknet/pcap/stopddos_amp.UDP.bacnet.IOT.37810.pcapng", " dhip ", 37810, 0, 2374},
    {"drdos/ndpi_openvpn.pcap", " openvpn ", 1194, 1, 0},
    {"drdos/ndpi_rmcp.pcap", " ipmi  asf_ping ", 623, 6, 0},
    {"drdos/ndpi_ssdp-m-search.pcap", " plex ", 32412, 19, 0},
    {"drdos/ndpi_bacnet.pcap", " bacnet ", 47808, 23, 0},
    {"drdos/ndpi_natpmp.pcap", " natpmp ", 5351, 9, 2},
    {"drdos/ndpi_steam.pcapng", " steam_remote ", 27036, 3, 3},
    {"drdos/ndpi_bfd.pcap", " bfd ", 3784, 1, 4},
    {"drdos/ndpi_stun.pcap", " stun ", 3478, 30, 32},
    {"drdos/ndpi_dtls2.pcap", " dtls ", 61457, 2, 2, 4433},
    {"drdos/ndpi_rx.pcap", " afs_rx ", 7002, 4, 2, 7001},
    {"drdos/ndpi_raknet.pcap", " raknet ", 60030, 2, 2, 19132},
    {"drdos/ndpi_xdmcp.pcap", " xdmcp ", 177, 4, 2},
    {"drdos/ndpi_gquic.pcap", " quic_other  quic  quic_short ", 443, 1, 0},
    {"drdos/ndpi_ubntac2.pcap", " ubiquiti ", 10001, 0, 8},
    {"drdos/ndpi_quic_t51.pcap", " quic  quic_other  quic_short ", 443, 5, 0},
    {"drdos/ndpi_teamspeak3.pcap", " teamspeak3 ", 9987, 7, 0},
};

struct tally {
  unsigned requests, answered, loops, ignored;
};

/* Direction by content, read here without the vectors: what a datagram on a shared port is. */
static bool is_response(uint16_t port, const uint8_t *b, size_t n)
{
  switch (port) {
  case 53:
  case 137:
    return n > 2 && b[2] & 0x80;
  case 123:
    return n > 1 && ((b[0] & 7) == 4 || (b[0] & 7) == 5 || ((b[0] & 7) == 7 && b[0] & 0x80) ||
                     ((b[0] & 7) == 6 && b[1] & 0x80));
  case 5060:
    return n > 8 && memcmp(b, "SIP/2.0 ", 8) == 0;
  case 520:
    return n > 1 && b[0] == 2;
  case 5683:
    return n > 1 && (b[1] >> 5 >= 2 || (b[0] & 0x20));
  default:
    return false;
  }
}

static void take(const struct capture *c, const struct wire_packet *p, struct tally *t)
{
  const bool to = p->dport == c->port, from = p->sport == c->port;
  const bool response = is_response(c->port, p->payload, p->payload_captured) || !to;
  if (!to && !from) return;
  struct asked a = ask_all(c->as ? c->as : c->port, p->payload, p->payload_captured, p->sport);
  char name[64] = "";
  if (a.n > 1) fail_msg("%s: %u vectors claim %u bytes", c->file, a.n, p->payload_captured);
  if (response && a.verdict == HP_ANSWER) fail_msg("%s: %s answers an answer", c->file, a.name);
  bool request = !response && taken(a.verdict);
  if (request) snprintf(name, sizeof name, " %s ", a.name);
  if (request && !strstr(c->vectors, name)) fail_msg("%s: taken as%s", c->file, name);
  t->answered += !response && a.verdict == HP_ANSWER;
  t->loops += a.verdict == HP_LOOP;
  t->ignored += a.verdict != HP_LOOP && !request;
  t->requests += request;
}

static void walk(const struct capture *c, size_t size, struct tally *t)
{
  static struct wire_ng ng;
  struct prac_rd r = prac_rd_of(file, size);
  struct wire_pcap pcap;
  struct wire_frame f;
  const bool is_ng = wire_file_kind(file, size) == WIRE_FILE_NG;
  prac_rc rc = PRAC_OK;
  if (is_ng)
    wire_ng_init(&ng);
  else
    assert_int_equal(wire_pcap_open(&r, &pcap), PRAC_OK);
  for (;;) {
    struct wire_packet p;
    rc = is_ng ? wire_ng_next(&ng, &r, &f) : wire_pcap_next(&pcap, &r, &f);
    if (rc == PRAC_AGAIN) continue;
    if (rc != PRAC_OK) break;
    enum wire_class k = wire_packet_read(f.link, f.data, f.caplen, f.len, &p);
    if (k != WIRE_IP4 && k != WIRE_IP6) continue;
    if (p.proto == WIRE_UDP && p.flags == WIRE_PORTS && p.payload_captured == p.payload_len)
      take(c, &p, t);
  }
  assert_int_equal(rc, PRAC_END);
}

static void captures_are_recognised(void **s)
{
  (void)s;
  unsigned found = 0;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(captures); i++) {
    const struct capture *c = &captures[i];
    struct tally t = {0};
    size_t n = load(c->file);
    if (n == 0) {
      print_message("# %s is not there\n", c->file);
      continue;
    }
    found++;
    walk(c, n, &t);
    print_message("# %s: %u requests (%u answered), %u loops, %u ignored\n", c->file, t.requests,
                  t.answered, t.loops, t.ignored);
    if (c->requests) assert_int_equal(t.requests, c->requests);
    if (c->answers) assert_int_equal(t.loops, c->answers);
  }
  assert_true(found > 10);
}

/* Each stanza's own requests, on each of its ports: some share one. */
static void every_stanza_request_is_its_vector(void **s)
{
  (void)s;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(hp_requests); i++) {
    uint8_t b[1500];
    size_t n = hp_unhex(hp_requests[i].hex, b);
    const struct hp_stanza *z = hp_stanzas_find(stanzas, hp_requests[i].name);
    assert_non_null(z);
    for (int k = 0; k < HP_PORTS_MAX && z->ports[k]; k++) {
      struct asked a = ask_all(z->ports[k], b, n, HP_SPORT);
      if (a.n != 1 || strcmp(a.name, z->name) != 0 || !taken(a.verdict))
        fail_msg("%s at port %u: %s of %u vectors", z->name, z->ports[k], a.name ? a.name : "none",
                 a.n);
    }
  }
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(every_probe_is_its_vector),
      cmocka_unit_test(every_stanza_request_is_its_vector),
      cmocka_unit_test(probes_of_others_are_not_ours),
      cmocka_unit_test(captures_are_recognised),
  };
  if (!find_data()) {
    printf("1..0 # SKIP no captures beside the checkout (data/drdos)\n");
    return 0;
  }
  stanzas = hp_shipped();
  int st = cmocka_run_group_tests_name("hp_captures", t, NULL, NULL);
  hp_stanzas_free(&stanzas);
  return st;
}
