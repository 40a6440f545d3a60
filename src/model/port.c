/* Ports as people write them: 443/tcp, 53/udp, icmp/3.1, 47. */
#include <stdio.h>
#include <string.h>

#include "model/field.h"

static const struct {
  const char *word;
  uint8_t proto;
} protos[] = {{"tcp", 6}, {"udp", 17}, {"sctp", 132}, {"dccp", 33}, {"udplite", 136}};

static bool is_icmp(uint8_t proto)
{
  return proto == 1 || proto == 58;
}

const char *model_port_text(char out[MODEL_PORT_TEXT], struct model_port p)
{
  for (size_t i = 0; i < PRAC_ARRAY_LEN(protos); i++)
    if (protos[i].proto == p.proto) {
      (void)snprintf(out, MODEL_PORT_TEXT, "%u/%s", p.port, protos[i].word);
      return out;
    }
  if (is_icmp(p.proto))
    (void)snprintf(out, MODEL_PORT_TEXT, "%s/%u.%u", p.proto == 1 ? "icmp" : "icmp6",
                   (unsigned)p.port >> 8, p.port & 0xffu);
  else
    (void)snprintf(out, MODEL_PORT_TEXT, "%u", p.proto);
  return out;
}

static bool number(const char **p, const char *end, unsigned max, unsigned *ret)
{
  const char *first = *p;
  unsigned v = 0;
  for (; *p < end && **p >= '0' && **p <= '9'; (*p)++) {
    v = v * 10 + (unsigned)(**p - '0');
    if (v > max) return false;
  }
  *ret = v;
  return *p > first;
}

static bool word_is(const char *p, const char *end, const char *word)
{
  return (size_t)(end - p) == strlen(word) && memcmp(p, word, strlen(word)) == 0;
}

static prac_rc parse_icmp(const char *p, const char *end, uint8_t proto, struct model_port *ret)
{
  unsigned type, code = 0;
  if (!number(&p, end, 255, &type)) return PRAC_MALFORMED;
  if (p < end && (*p++ != '.' || !number(&p, end, 255, &code))) return PRAC_MALFORMED;
  if (p != end) return PRAC_MALFORMED;
  *ret = (struct model_port){.port = (uint16_t)(type << 8 | code), .proto = proto};
  return PRAC_OK;
}

prac_rc model_port_parse(const char *s, size_t n, struct model_port *ret)
{
  const char *p = s, *end = s + n;
  unsigned v;
  if (n > 5 && memcmp(s, "icmp/", 5) == 0) return parse_icmp(s + 5, end, 1, ret);
  if (n > 6 && memcmp(s, "icmp6/", 6) == 0) return parse_icmp(s + 6, end, 58, ret);
  if (!number(&p, end, 65535, &v)) return PRAC_MALFORMED;
  if (p == end && v < 256) {
    *ret = (struct model_port){.proto = (uint8_t)v};
    return PRAC_OK;
  }
  if (p == end || *p++ != '/') return PRAC_MALFORMED;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(protos); i++)
    if (word_is(p, end, protos[i].word)) {
      *ret = (struct model_port){.port = (uint16_t)v, .proto = protos[i].proto};
      return PRAC_OK;
    }
  return PRAC_MALFORMED;
}
