/* Amplifiers and resolvers answer to whoever stands in the source field. A query sent to a darknet
 * comes *to* these ports; what comes *from* them and reads as an answer is backscatter. */
#include <string.h>

#include "capture/marks.h"

typedef bool answer_fn(const uint8_t *p, size_t n);

static bool any(const uint8_t *p, size_t n)
{
  (void)p;
  return n > 0;
}
static bool dns(const uint8_t *p, size_t n) /* the QR bit; a cut-off packet counts, as port 53 */
{
  return n < 3 || (p[2] & 0x80) != 0;
}
static bool dns_strict(const uint8_t *p, size_t n)
{
  return n >= 12 && (p[2] & 0x80) != 0;
}
static bool ntp(const uint8_t *p, size_t n) /* server; or control and private with the R bit */
{
  if (n < 4) return false;
  uint8_t mode = p[0] & 7;
  return mode == 4 || (mode == 6 && (p[1] & 0x80)) || (mode == 7 && (p[0] & 0x80));
}
static bool snmp(const uint8_t *p, size_t n) /* a GetResponse PDU behind version and community */
{
  if (n < 8 || p[0] != 0x30) return false;
  size_t at = p[1] & 0x80 ? 2u + (p[1] & 0x7f) : 2u;
  for (int i = 0; i < 2; i++) { /* two values with short lengths */
    if (at + 2 > n || p[at + 1] & 0x80) return false;
    at += 2u + p[at + 1];
  }
  return at < n && p[at] == 0xa2;
}
static bool ldap(const uint8_t *p, size_t n) /* SearchResultEntry, Done or Reference */
{
  if (n < 7 || p[0] != 0x30) return false;
  size_t at = p[1] & 0x80 ? 2u + (p[1] & 0x7f) : 2u;
  if (at + 2 > n || p[at] != 0x02 || p[at + 1] & 0x80) return false;
  at += 2u + p[at + 1];
  return at < n && (p[at] == 0x64 || p[at] == 0x65 || p[at] == 0x73);
}
static bool ssdp(const uint8_t *p, size_t n)
{
  return n >= 7 && memcmp(p, "HTTP/1.", 7) == 0;
}
static bool sip(const uint8_t *p, size_t n)
{
  return n >= 8 && memcmp(p, "SIP/2.0 ", 8) == 0;
}
static bool memcached(const uint8_t *p, size_t n) /* UDP frame head, then an answer word */
{
  static const char *const words[] = {"VALUE ", "STAT ", "END\r\n", "ERROR\r\n", "VERSION "};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(words); i++) {
    size_t len = strlen(words[i]);
    if (n >= 8 + len && memcmp(p + 8, words[i], len) == 0) return true;
  }
  return false;
}
static bool coap(const uint8_t *p, size_t n) /* version 1, code class 2, 4 or 5 */
{
  return n >= 4 && p[0] >> 6 == 1 && p[1] >> 5 >= 2 && p[1] >> 5 <= 5;
}
static bool rip(const uint8_t *p, size_t n)
{
  return n >= 4 && p[0] == 2;
}
static bool rpc(const uint8_t *p, size_t n) /* message type REPLY */
{
  return n >= 8 && p[4] == 0 && p[5] == 0 && p[6] == 0 && p[7] == 1;
}
static bool tftp(const uint8_t *p, size_t n) /* DATA, ERROR, OACK */
{
  return n >= 4 && p[0] == 0 && (p[1] == 3 || p[1] == 5 || p[1] == 6);
}
static bool mssql(const uint8_t *p, size_t n)
{
  return n >= 3 && p[0] == 5;
}
static bool discovery(const uint8_t *p, size_t n) /* WS-Discovery: ProbeMatches */
{
  return n > 0 && memmem(p, n, "Matches", 7) != NULL;
}

bool cap_is_answer(uint16_t from, const uint8_t *payload, size_t n)
{
  static const struct {
    uint16_t port;
    answer_fn *fn;
  } services[] = {
      {17, any},     {19, any},          {53, dns},         {69, tftp},  {111, rpc},
      {123, ntp},    {137, dns_strict},  {161, snmp},       {389, ldap}, {520, rip},
      {1434, mssql}, {1900, ssdp},       {3702, discovery}, {5060, sip}, {5353, dns_strict},
      {5683, coap},  {11211, memcached},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(services); i++)
    if (services[i].port == from) return services[i].fn(payload, n);
  return false;
}
