/* CLDAP (RFC 1798; LDAPv3 messages of RFC 4511 over UDP, MS-ADTS 3.1.1.3): a domain controller that
 * tells its rootDSE to anybody, and answers the netlogon ping. */
#include <stdio.h>
#include <string.h>

#include "honeypot/believe.h"
#include "wire/ber.h"
#include "wire/text.h"

enum {
  BIND = 0x60,
  UNBIND = 0x42,
  SEARCH = 0x63,
  ENTRY = 0x64,
  DONE = 0x65,
  MODIFY = 0x66,
  ADD = 0x68,
  DELETE = 0x4a,
  RENAME = 0x6c,
  COMPARE = 0x6e,
  ABANDON = 0x50,
  EXTENDED = 0x77,
  REFERENCE = 0x73,
};
enum { FILTER_AND = 0xa0, FILTER_PRESENT = 0x87, WIDE = 4, SCOPE_BASE = 0, NAME_MAX_TEXT = 64 };
enum { OPERATIONS_ERROR = 1, ATTRIBUTES_MAX = 24 };

struct search {
  int64_t id;
  bool root;     /* base "" and scope baseObject */
  bool netlogon; /* the only attribute asked for */
  struct prac_rd attributes;
};

static bool search_read(struct prac_rd r, struct search *s)
{
  struct prac_rd base = {0}, one = {0};
  int64_t scope = 0, ignore = 0;
  uint8_t tag = 0;
  if (!wire_ber_take(&r, WIRE_BER_OCTETS, &base) || !wire_ber_int(&r, WIRE_BER_ENUM, &scope) ||
      !wire_ber_int(&r, WIRE_BER_ENUM, &ignore) || !wire_ber_int(&r, WIRE_BER_INT, &ignore) ||
      !wire_ber_int(&r, WIRE_BER_INT, &ignore) || !wire_ber_take(&r, WIRE_BER_BOOL, &one) ||
      !wire_ber_next(&r, &tag, &one))
    return false;
  if (tag != FILTER_PRESENT && (tag & 0xe0) != FILTER_AND) return false; /* some filter */
  if (!wire_ber_take(&r, WIRE_BER_SEQ, &s->attributes)) return false;
  s->root = prac_rd_left(&base) == 0 && scope == SCOPE_BASE;
  struct prac_rd names = s->attributes, name = {0};
  s->netlogon = wire_ber_take(&names, WIRE_BER_OCTETS, &name) && prac_rd_left(&names) == 0 &&
                wire_text_is(wire_text_of(name), "netlogon");
  return true;
}

static bool wanted(const struct search *s, const char *attribute)
{
  struct prac_rd names = s->attributes, name = {0};
  if (prac_rd_left(&names) == 0) return true;
  for (unsigned i = 0; i < ATTRIBUTES_MAX && wire_ber_take(&names, WIRE_BER_OCTETS, &name); i++) {
    struct wire_text t = wire_text_of(name);
    if (wire_text_is(t, "*") || wire_text_is(t, "+") || wire_text_is(t, attribute)) return true;
  }
  return false;
}

static void attribute(struct prac_wr *w, const char *name, const char *const *values, size_t n)
{
  struct wire_ber_open seq = wire_ber_begin(w, WIRE_BER_SEQ, WIDE);
  wire_ber_put_text(w, name);
  struct wire_ber_open set = wire_ber_begin(w, WIRE_BER_SET, WIDE);
  for (size_t i = 0; i < n; i++) wire_ber_put_text(w, values[i]);
  wire_ber_end(w, set);
  wire_ber_end(w, seq);
}

/* $H: the host; $D: its domain as DC=...; $T: the time */
static const struct {
  const char *name, *values[6];
} root_dse[] = {
    {"currentTime", {"$T"}},
    {"defaultNamingContext", {"$D"}},
    {"namingContexts", {"$D", "CN=Configuration,$D", "CN=Schema,CN=Configuration,$D"}},
    {"supportedControl",
     {"1.2.840.113556.1.4.319", "1.2.840.113556.1.4.801", "1.2.840.113556.1.4.473",
      "1.2.840.113556.1.4.528", "1.2.840.113556.1.4.417"}},
    {"supportedLDAPVersion", {"3", "2"}},
    {"supportedSASLMechanisms", {"GSSAPI", "GSS-SPNEGO", "EXTERNAL", "DIGEST-MD5"}},
    {"highestCommittedUSN", {"$U"}},
    {"dnsHostName", {"$H.corp.local"}},
    {"ldapServiceName", {"corp.local:$H$@CORP.LOCAL"}},
    {"serverName", {"CN=$H,CN=Servers,CN=Site,CN=Sites,CN=Configuration,$D"}},
    {"isSynchronized", {"TRUE"}},
    {"isGlobalCatalogReady", {"TRUE"}},
    {"domainFunctionality", {"6"}},
};

/* 20240229143005.0Z */
static void ldap_time(prac_time now, char out[32])
{
  char text[PRAC_TIME_TEXT];
  size_t at = 0;
  prac_time_text(text, prac_time_floor(now, PRAC_SEC));
  for (const char *c = text; *c && at < 20; c++)
    if (*c >= '0' && *c <= '9') out[at++] = *c;
  snprintf(out + at, 32 - at, ".0Z");
}

static void expand(const struct hp_self *self, const char *from, char *out, size_t cap)
{
  char made[32];
  size_t at = 0;
  out[0] = '\0';
  for (; *from && at + 1 < cap; from++) {
    const char *what = NULL;
    if (from[0] == '$' && from[1] == 'H') what = self->host;
    if (from[0] == '$' && from[1] == 'D') what = "DC=corp,DC=local";
    if (from[0] == '$' && from[1] == 'T') ldap_time(self->now, made), what = made;
    if (from[0] == '$' && from[1] == 'U')
      snprintf(made, sizeof made, "%u", 12000 + (unsigned)(self->uptime_s / 60 % 4000000)),
          what = made;
    if (!what) {
      out[at++] = *from;
      out[at] = '\0';
      continue;
    }
    int n = snprintf(out + at, cap - at, "%s", what);
    at += n < 0 ? 0 : (size_t)n < cap - at ? (size_t)n : cap - at - 1;
    from++;
  }
}

static void put_root_dse(const struct hp_self *self, const struct search *s, struct prac_wr *w)
{
  for (size_t i = 0; i < PRAC_ARRAY_LEN(root_dse); i++) {
    char text[6][160];
    const char *values[6];
    size_t n = 0;
    if (!wanted(s, root_dse[i].name)) continue;
    for (; n < PRAC_ARRAY_LEN(values) && root_dse[i].values[n]; n++) {
      expand(self, root_dse[i].values[n], text[n], sizeof text[n]);
      values[n] = text[n];
    }
    attribute(w, root_dse[i].name, values, n);
  }
}

/* NETLOGON_SAM_LOGON_RESPONSE_EX, MS-ADTS 6.3.1.9; names by labels, without compression. */
static void put_label_name(struct prac_wr *w, const char *dotted)
{
  for (;;) {
    size_t n = strcspn(dotted, ".");
    if (n > 63) n = 63;
    prac_wr_u8(w, (uint8_t)n);
    prac_wr_bytes(w, dotted, n);
    dotted += n;
    if (*dotted != '.') break;
    dotted++;
  }
  prac_wr_u8(w, 0);
}

static void put_netlogon(const struct hp_self *self, struct prac_wr *w)
{
  uint8_t guid[16], body[256];
  char host[NAME_MAX_TEXT], netbios[HP_NETBIOS_TEXT];
  struct prac_wr b = prac_wr_of(body, sizeof body);
  hp_believe_bytes(self, "domain", guid, sizeof guid);
  snprintf(host, sizeof host, "%.40s.corp.local", self->host);
  prac_wr_u16le(&b, 23);
  prac_wr_u16le(&b, 0);
  prac_wr_u32le(&b, 0x000033fd); /* PDC, GC, LDAP, DS, KDC, timeserv, closest, writable, ... */
  prac_wr_bytes(&b, guid, sizeof guid);
  put_label_name(&b, "corp.local");
  put_label_name(&b, "corp.local");
  put_label_name(&b, host);
  put_label_name(&b, "CORP");
  hp_believe_netbios(self, netbios);
  put_label_name(&b, netbios);
  prac_wr_u8(&b, 0); /* no user */
  put_label_name(&b, "Site");
  put_label_name(&b, "Site");
  prac_wr_u32le(&b, 5);
  prac_wr_u32le(&b, 0xffffffff); /* the two tokens */
  if (b.bad) w->bad = true;
  struct wire_ber_open seq = wire_ber_begin(w, WIRE_BER_SEQ, WIDE);
  wire_ber_put_text(w, "netlogon");
  struct wire_ber_open set = wire_ber_begin(w, WIRE_BER_SET, WIDE);
  wire_ber_put(w, WIRE_BER_OCTETS, body, prac_wr_len(&b));
  wire_ber_end(w, set);
  wire_ber_end(w, seq);
}

static enum hp_verdict put_reply(const struct hp_self *self, const struct search *s,
                                 struct prac_wr *w)
{
  if (s->root) {
    struct wire_ber_open message = wire_ber_begin(w, WIRE_BER_SEQ, WIDE);
    wire_ber_put_int(w, WIRE_BER_INT, s->id);
    struct wire_ber_open entry = wire_ber_begin(w, ENTRY, WIDE);
    wire_ber_put_text(w, "");
    struct wire_ber_open list = wire_ber_begin(w, WIRE_BER_SEQ, WIDE);
    if (s->netlogon)
      put_netlogon(self, w);
    else
      put_root_dse(self, s, w);
    wire_ber_end(w, list);
    wire_ber_end(w, entry);
    wire_ber_end(w, message);
  }
  struct wire_ber_open message = wire_ber_begin(w, WIRE_BER_SEQ, WIDE);
  wire_ber_put_int(w, WIRE_BER_INT, s->id);
  struct wire_ber_open done = wire_ber_begin(w, DONE, WIDE);
  wire_ber_put_int(w, WIRE_BER_ENUM, s->root ? 0 : OPERATIONS_ERROR);
  wire_ber_put_text(w, "");
  wire_ber_put_text(w, "");
  wire_ber_end(w, done);
  wire_ber_end(w, message);
  return hp_written(w);
}

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  struct prac_rd r = req->bytes, message = {0}, op = {0};
  struct search s = {0};
  uint8_t tag = 0;
  (void)note;
  if (!wire_ber_take(&r, WIRE_BER_SEQ, &message)) return HP_IGNORE;
  if (!wire_ber_int(&message, WIRE_BER_INT, &s.id) || s.id < 0 || s.id > INT32_MAX)
    return HP_IGNORE;
  if (!wire_ber_next(&message, &tag, &op)) return HP_IGNORE;
  /* RFC 1798 has a user's name between the two. */
  if (tag == WIRE_BER_OCTETS && !wire_ber_next(&message, &tag, &op)) return HP_IGNORE;
  switch (tag) {
  case ENTRY:
  case DONE:
  case REFERENCE:
  case BIND + 1:
  case EXTENDED + 1:
    return HP_LOOP;
  case SEARCH:
    return search_read(op, &s) ? put_reply(self, &s, reply) : HP_OBSERVE;
  case BIND:
  case UNBIND:
  case MODIFY:
  case ADD:
  case DELETE:
  case RENAME:
  case COMPARE:
  case ABANDON:
  case EXTENDED:
    return HP_OBSERVE;
  default:
    return HP_IGNORE;
  }
}

const struct hp_proto hp_cldap = {
    .name = "cldap",
    .title = "CLDAP",
    .about = "connectionless LDAP searchRequest for the rootDSE, RFC 1798, RFC 4511, MS-ADTS",
    .ports = {389},
    .max_reply = HP_REPLY_MAX,
    .answer = answer,
};
