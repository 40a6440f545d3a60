/* An independent decoder reads our answers: tshark names the protocol and finds nothing malformed.
 */
#include "lib/t.h"

#include <unistd.h>

#include "lib/hp.h"

struct pair {
  const char *vector, *protocol; /* as tshark calls it */
  const char *hex, *text;
  const char *says; /* a field of the reply that must be there; NULL: none */
};

static const struct pair pairs[] = {
    {"dns", "dns",
     "1234 0100 0001 0000 0000 0001 03697363 036f7267 00 00ff 0001 00 0029 1000 0000 8000 0000",
     NULL, "isc.org: type RRSIG"},
    {"dns", "dns", "34ef 0100 0001 0000 0000 0000 0756455253494f4e 0442494e44 00 0010 0003", NULL,
     "9.11"},
    {"ntp_monlist", "ntp", "1700032a 00000000", NULL, "MON_GETLIST_1"},
    {"ntp_control", "ntp", "1602 0044 0000 0000 0000 0000", NULL, "read variables"},
    {"ntp_control", "ntp", "1601 0044 0000 0000 0000 0000", NULL, "read status"},
    {"ntp_client", "ntp",
     "e3 0004fa 00010000 00010000 00000000 0000000000000000 0000000000000000 0000000000000000 "
     "c54f234b71b152f3",
     NULL, "secondary reference"},
    {"ssdp", "ssdp", NULL, "M-SEARCH * HTTP/1.1\r\nST:ssdp:all\r\nMAN:\"ssdp:discover\"\r\n\r\n",
     "InternetGatewayDevice"},
    {"chargen", "chargen", "01", NULL, NULL},
    {"cldap", "cldap",
     "3025 020101 6320 0400 0a0100 0a0100 020100 020100 010100 870b 6f626a656374636c617373 3000",
     NULL, "ldapServiceName"},
    {"cldap", "cldap",
     "3041 020102 633c 0400 0a0100 0a0100 020100 020100 010100 a01d a313 0409 446e73446f6d61696e "
     "0406 "
     "782e74657374 a306 0401 61 0401 62 300a 0408 4e65746c6f676f6e",
     NULL, "corp.local"},
    {"memcached", "memcache", "5a4d 0000 0001 0000 73746174730d0a", NULL, NULL},
    {"snmp", "snmp",
     "3026 020101 0406 7075626c6963 a519 020400000001 020100 020132 300b 3009 06052b06010201 0500",
     NULL, "get-response"},
    {"snmp", "snmp",
     "303a 020103 300f 02024a69 020300ffe3 040104 020103 0410 300e 0400 020100 020100 0400 0400 "
     "0400 3012 "
     "0400 0400 a00c 020237f0 020100 020100 3000",
     NULL, "1.3.6.1.6.3.15.1.1.4.0"},
    {"portmap", "portmap",
     "1aa9ffe1 00000000 00000002 000186a0 00000002 00000004 00000000 00000000 00000000 00000000",
     NULL, "MOUNT"},
    {"portmap", "portmap",
     "1aa9ffe2 00000000 00000002 000186a0 00000004 00000004 00000000 00000000 00000000 00000000",
     NULL, "superuser"},
    {"netbios", "nbns",
     "e5d8 0000 0001 0000 0000 0000 20 "
     "434b41414141414141414141414141414141414141414141414141414141 4141 00 "
     "0021 0001",
     NULL, "GW-3F2A<20>"},
    {"tftp", "tftp", "0001 782e63666700 6f6374657400", NULL, "Data Packet"},
    {"tftp", "tftp", "0001 2f6100 6e6574617363696900", NULL, "File not found"},
    {"sip", "sip", NULL,
     "OPTIONS sip:b@198.51.100.1 SIP/2.0\r\nVia: SIP/2.0/UDP "
     "203.0.113.9:40000;branch=z9hG4bK1;rport\r\n"
     "From: <sip:a@203.0.113.9>;tag=1\r\nTo: <sip:b@198.51.100.1>\r\nCall-ID: 7@203.0.113.9\r\n"
     "CSeq: 1 OPTIONS\r\nMax-Forwards: 20\r\nContent-Length: 0\r\n\r\n",
     "Status-Line: SIP/2.0 200 OK"},
    {"ripv1", "rip", "0101 0000 0000 0000 00000000 00000000 00000000 00000010", NULL, "Metric: 1"},
    {"mdns", "mdns",
     "0000 0000 0001 0000 0000 0000 095f7365727669636573 075f646e732d7364 045f756470 056c6f63616c "
     "00 000c 0001",
     NULL, "_http._tcp.local"},
    {"mdns", "mdns",
     "0000 0000 0001 0000 0000 0000 055f68747470 045f746370 056c6f63616c 00 000c 0001", NULL,
     "gw-3f2a._http._tcp.local: type SRV"},
    {"coap", "coap", "4001 7d70 bb2e77656c6c2d6b6e6f776e 04636f7265", NULL, "2.05 Content"},
    {"coap", "coap", "4001 7d70 bb2e77656c6c2d6b6e6f776e 04636f7265 c1 02", NULL, "Block"},
    {"openvpn", "openvpn", "38 1212121212121212 00 00000000", NULL,
     "P_CONTROL_HARD_RESET_SERVER_V2"},
};

static void put(FILE *f, const void *p, size_t n)
{
  assert_int_equal(fwrite(p, 1, n, f), n);
}

static void put_frame(FILE *f, uint32_t src, uint32_t dst, uint16_t sport, uint16_t dport,
                      const uint8_t *b, size_t n)
{
  uint8_t head[28] = {0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17};
  struct prac_wr w = prac_wr_of(head + 2, 2), a = prac_wr_of(head + 12, 16);
  const uint32_t record[4] = {1700000000, 0, (uint32_t)(n + 28), (uint32_t)(n + 28)};
  prac_wr_u16(&w, (uint16_t)(n + 28));
  prac_wr_u32(&a, src);
  prac_wr_u32(&a, dst);
  prac_wr_u16(&a, sport);
  prac_wr_u16(&a, dport);
  prac_wr_u16(&a, (uint16_t)(n + 8));
  put(f, record, sizeof record);
  put(f, head, sizeof head);
  put(f, b, n);
}

/* The request, from a port of its own, and its answer, as packets of raw IP. */
static void put_pair(FILE *f, const struct pair *p, unsigned i)
{
  uint8_t b[HP_REQUEST_MAX];
  const size_t n = p->hex ? hp_hex(p->hex, b, sizeof b) : strlen(p->text);
  const uint8_t *bytes = p->hex ? b : (const uint8_t *)p->text;
  const struct hp_said said = hp_ask(p->vector, bytes, n);
  const uint16_t port = hp_proto_find(p->vector)->ports[0], theirs = (uint16_t)(HP_SPORT + i);
  assert_int_equal(said.verdict, HP_ANSWER);
  put_frame(f, 0xcb007109, 0xc6336401, theirs, port, bytes, n);
  put_frame(f, 0xc6336401, 0xcb007109, port, theirs, said.b, said.n);
}

static char text[1 << 23]; /* what tshark says of all of it */

static void decode(const char *file)
{
  char command[512];
  snprintf(command, sizeof command, "tshark -n -r %s -V 2>/dev/null", file);
  FILE *f = popen(command, "re");
  assert_non_null(f);
  text[fread(text, 1, sizeof text - 1, f)] = '\0';
  pclose(f);
}

/* The part about one frame; it ends where the next begins. */
static const char *frame(unsigned number)
{
  static char part[1 << 16];
  char mark[32];
  snprintf(mark, sizeof mark, "Frame %u: ", number);
  const char *from = strstr(text, mark);
  assert_non_null(from);
  snprintf(mark, sizeof mark, "\nFrame %u: ", number + 1);
  const char *to = strstr(from, mark);
  size_t n = to ? (size_t)(to - from) : strlen(from);
  if (n >= sizeof part) n = sizeof part - 1;
  memcpy(part, from, n);
  part[n] = '\0';
  return part;
}

static void tshark_reads_our_answers(void **s)
{
  (void)s;
  char file[] = "/tmp/practice-hp-XXXXXX";
  const uint32_t head[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 101};
  int fd = mkstemp(file);
  assert_true(fd >= 0);
  FILE *f = fdopen(fd, "wb");
  assert_non_null(f);
  put(f, head, sizeof head);
  for (unsigned i = 0; i < PRAC_ARRAY_LEN(pairs); i++) put_pair(f, &pairs[i], i);
  fclose(f);
  decode(file);
  unsigned bad = 0;
  for (unsigned i = 0; i < PRAC_ARRAY_LEN(pairs); i++) {
    char protocol[64];
    const char *said = frame(2 * i + 2);
    const char *protocols = strstr(said, "[Protocols in frame: ");
    snprintf(protocol, sizeof protocol, ":%s", pairs[i].protocol);
    const bool good = protocols && strstr(protocols, protocol) && !strstr(said, "Malformed") &&
                      !strstr(said, "(Error/") && (!pairs[i].says || strstr(said, pairs[i].says));
    if (!good) fprintf(stderr, "%s: wanted %s\n%s\n", pairs[i].vector, pairs[i].says, said);
    bad += !good;
  }
  unlink(file);
  assert_int_equal(bad, 0);
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(tshark_reads_our_answers)};
  FILE *f = popen("tshark --version 2>/dev/null", "re");
  const bool there = f && fgets(text, sizeof text, f) != NULL;
  if (f) pclose(f);
  if (!there) {
    printf("1..0 # SKIP no tshark here\n");
    return 0;
  }
  return cmocka_run_group_tests_name("hp_tshark", t, NULL, NULL);
}
