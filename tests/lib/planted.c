#include "lib/planted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/store_made.h"
#include "lib/world.h"

enum form { PLAIN, UPPER, LONG, MAPPED, MAPPED_HEX, DASHES, ARPA, FORMS };

struct prac_ip planted_ip(struct choice *c)
{
  unsigned place = choice_below(c, WORLD_PLACES);
  return world_ip(place, choice_below(c, PLANTED_EACH));
}

static void upper(char *s)
{
  for (; *s; s++)
    if (*s >= 'a' && *s <= 'f') *s = (char)(*s - 'a' + 'A');
}

static void arpa(const struct prac_ip *ip, char *out, size_t cap)
{
  size_t n = 0;
  if (prac_ip_is4(ip)) {
    (void)snprintf(out, cap, "%u.%u.%u.%u.in-addr.arpa", ip->b[15], ip->b[14], ip->b[13],
                   ip->b[12]);
    return;
  }
  for (int i = 15; i >= 0; i--)
    n += (size_t)snprintf(out + n, cap - n, "%x.%x.", (unsigned)ip->b[i] & 15u,
                          (unsigned)ip->b[i] >> 4);
  (void)snprintf(out + n, cap - n, "ip6.arpa");
}

/* false: there is no such form of this address. */
static bool form_of(const struct prac_ip *ip, enum form f, char *out, size_t cap)
{
  char text[PRAC_IP_TEXT];
  bool v4 = prac_ip_is4(ip);
  const uint8_t *b = ip->b;
  unsigned last[2] = {(unsigned)b[12] << 8 | b[13], (unsigned)b[14] << 8 | b[15]};
  prac_ip_text(text, ip);
  switch (f) {
  case PLAIN:
    (void)snprintf(out, cap, "%s", text);
    return true;
  case UPPER:
    (void)snprintf(out, cap, "%s", text);
    upper(out);
    return !v4;
  case LONG:
    if (v4)
      (void)snprintf(out, cap, "%03u.%03u.%03u.%03u", b[12], b[13], b[14], b[15]);
    else
      (void)snprintf(out, cap, "%02x%02x:%02x%02x:%02x%02x:%02x%02x:%02x%02x:%02x%02x:%x:%x", b[0],
                     b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], last[0],
                     last[1]);
    return true;
  case MAPPED:
    (void)snprintf(out, cap, "::ffff:%s", text);
    return v4;
  case MAPPED_HEX:
    (void)snprintf(out, cap, "::ffff:%x:%x", last[0], last[1]);
    return v4;
  case DASHES:
    (void)snprintf(out, cap, "%u-%u-%u-%u", b[12], b[13], b[14], b[15]);
    return v4;
  case ARPA:
    arpa(ip, out, cap);
    return true;
  case FORMS:
    break;
  }
  return false;
}

const char *planted_text(struct choice *c, char out[PLANTED_TEXT])
{
  static const char *const around[][2] = {{"", ""},
                                          {"victim:", "/tcp"},
                                          {"src=", ""},
                                          {"see https://", "/x"},
                                          {"[", "]:443"},
                                          {"host", "name"},
                                          {"a", "b"},
                                          {"from ", " on"},
                                          {"", "/24"},
                                          {"x,", ",y"},
                                          {"ec2-", ".a.net"},
                                          {"drdos:", ":dns"},
                                          {"drdos:", ":ntp"},
                                          {"", "%eth0"},
                                          {"", ". Then"},
                                          {"12:00:00 ", " 3.1"},
                                          {"source:", ""},
                                          {"1.2.", ".3"},
                                          {"-", "-"},
                                          {"::", "::"},
                                          {"7", "7"},
                                          {"\xe6\x94\xbb", "\"'"},
                                          {"120 ", " ANY IN"},
                                          {"", ":53"}};
  char one[160];
  size_t at = 0;
  out[0] = 0;
  for (unsigned n = 1 + choice_below(c, 3); n > 0; n--) {
    const char *const *w = around[choice_below(c, PRAC_ARRAY_LEN(around))];
    struct prac_ip ip = planted_ip(c);
    if (!form_of(&ip, (enum form)choice_below(c, FORMS), one, sizeof one))
      (void)form_of(&ip, PLAIN, one, sizeof one);
    at += (size_t)snprintf(out + at, PLANTED_TEXT - at, "%s%s%s%s", at ? " " : "", w[0], one, w[1]);
  }
  return out;
}

bool planted_inside(const struct access_scope *s, const struct prac_ip *ip)
{
  const struct world_place *p = world_place_of(ip);
  for (uint32_t i = 0; i < s->n_prefixes; i++)
    if (prac_prefix_has(&s->prefixes[i], ip)) return true;
  for (uint32_t i = 0; p && i < s->n_countries; i++)
    if (s->countries[i] >> 8 == p->country[0] && (s->countries[i] & 0xff) == p->country[1])
      return true;
  for (uint32_t i = 0; p && i < s->n_asns; i++)
    if (s->asns[i] == p->asn) return true;
  return s->all;
}

static bool part_of_word(char c, bool hex)
{
  return (c >= '0' && c <= '9') || (hex && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
}

/* 1.2.3.4 does not stand in 1.2.3.45. */
static bool stands_in(const char *text, const char *form, bool hex)
{
  size_t n = strlen(form);
  for (const char *s = text; (s = strstr(s, form)); s++)
    if ((s == text || !part_of_word(s[-1], hex)) && !part_of_word(s[n], hex)) return true;
  return false;
}

const char *planted_find(const struct access_scope *s, const char *text, char out[PLANTED_TEXT])
{
  for (unsigned place = 0; place < WORLD_PLACES; place++)
    for (unsigned i = 0; i < PLANTED_EACH; i++) {
      struct prac_ip ip = world_ip(place, i);
      if (planted_inside(s, &ip)) continue;
      for (int f = 0; f < FORMS; f++)
        if (form_of(&ip, (enum form)f, out, PLANTED_TEXT) &&
            stands_in(text, out, f != DASHES && (!prac_ip_is4(&ip) || f == MAPPED_HEX)))
          return out;
    }
  return NULL;
}

struct access_scope planted_scope(struct choice *c, struct prac_arena *a)
{
  static const char *const words[] = {
      "JP",      "US",      "MM",        "AS64501",         "AS64503",      "AS64505",
      "AS64502", "KP",      "AS1",       "133.1.0.0/30",    "45.60.0.0/31", "2600:1::/126",
      "8.8.0.2", "8.8.0.3", "2400:1::4", "103.25.128.0/25", "91.10.0.0/16"};
  char text[200];
  struct access_scope s;
  size_t at = 0;
  for (unsigned n = 1 + choice_below(c, 3); n > 0; n--)
    at += (size_t)snprintf(text + at, sizeof text - at, "%s ",
                           words[choice_below(c, PRAC_ARRAY_LEN(words))]);
  if (access_scope_parse(text, (enum access_tlp)choice_below(c, 5), a, &s, NULL) != PRAC_OK)
    abort();
  s.packets = choice_u8(c) & 1;
  return s;
}

/* ---- records and flows ---- */

enum { ROWS = 60, RECORDS = 6, TEXTS = 24 };
#define OWN 0xc6120700u /* PLANTED_OWN */
#define OWN6 0xfd00198000070000u

static void die(const char *why)
{
  fprintf(stderr, "# %s\n", why);
  abort();
}

static const char *words(struct choice *c)
{
  static char v[TEXTS][PLANTED_TEXT];
  static unsigned n;
  return planted_text(c, v[n++ % TEXTS]);
}

/* Fields that decide what a record is about are often plain, so that all ways are gone. */
static void plain(struct choice *c, const char *name, void *at)
{
  static const char *const countries[] = {"JP", "US", "MM", ""};
  static const char *const keys[] = {"port:23/tcp", "sensor:tokyo/silent", "country:JP", "noise:x"};
  static const char *const tlps[] = {"TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "", "TLP:RED"};
  const char **s = at;
  if (strcmp(name, "country") == 0) *s = countries[choice_u8(c) % 4];
  if (strcmp(name, "tlp") == 0) *s = tlps[choice_u8(c) % 5];
  if (strcmp(name, "key") == 0 && choice_u8(c) % 2) *s = keys[choice_u8(c) % 4];
  if (strcmp(name, "asn") == 0) *(uint32_t *)at = choice_u8(c) % 2 ? 64501 : 0;
  if (strcmp(name, "prefix_bits") == 0) *(uint32_t *)at = choice_u8(c) % 3 ? 128 : 120;
  if (strcmp(name, "at") == 0) *(prac_time *)at = MADE_DAY + choice_below(c, 86400) * PRAC_SEC;
  if (strcmp(name, "sensor") == 0) *s = "tokyo";
  if (strcmp(name, "profile") == 0) *s = "isp";
  if (strcmp(name, "parent") == 0) *s = "";
  if (strcmp(name, "outcome") == 0) *s = "sent";
}

/* ---- packets ---- */

static struct prac_ip own_address(struct choice *c)
{
  return choice_u8(c) % 4 ? prac_ip4(OWN + choice_u8(c) % 9)
                          : prac_ip_of(OWN6, 0x1122334455667700u | choice_u8(c) % 9);
}

static uint8_t *put(uint8_t *at, const void *what, size_t n)
{
  memcpy(at, what, n);
  return at + n;
}

/* Our address in a packet: as bytes in both orders, as the texts above, and these. */
enum own_form {
  BYTES = FORMS,
  BACK,
  HEX,
  HEX_0X,
  HEX_BACK,
  DECIMAL,
  COMMAS,
  ARPA_LABELS,
  UTF16,
  OWN_FORMS
};
enum { OWN_MAX = 160 };

static size_t labels_of(const char *s, uint8_t *to)
{
  size_t n = 0;
  for (size_t len; *s; s += len + (s[len] == '.')) {
    len = strcspn(s, ".");
    to[n++] = (uint8_t)len;
    memcpy(to + n, s, len);
    n += len;
  }
  return n;
}

/* 0: there is no such form of this address. */
static size_t own_form(const struct prac_ip *ip, int f, uint8_t to[OWN_MAX])
{
  char text[OWN_MAX] = "";
  size_t n = prac_ip_is4(ip) ? 4 : 16, at = 0;
  const uint8_t *b = ip->b + 16 - n;
  switch (f) {
  case BYTES:
  case BACK:
    for (size_t i = 0; i < n; i++) to[i] = f == BYTES ? b[i] : b[n - 1 - i];
    return n;
  case HEX_0X:
  case HEX:
  case HEX_BACK:
    if (f == HEX_0X) at = (size_t)snprintf(text, sizeof text, "0x");
    for (size_t i = 0; i < n; i++)
      at += (size_t)snprintf(text + at, sizeof text - at, "%02x", b[f == HEX_BACK ? n - 1 - i : i]);
    if (f == HEX_BACK && n == 16) return 0;
    break;
  case DECIMAL:
  case COMMAS:
    if (n == 16) return 0;
    (void)snprintf(text, sizeof text, f == DECIMAL ? "%u" : "%u,%u,%u,%u,4,1",
                   f == DECIMAL ? prac_ip_to4(ip) : b[0], b[1], b[2], b[3]);
    break;
  case ARPA_LABELS:
    (void)form_of(ip, ARPA, text, sizeof text);
    return labels_of(text, to);
  case UTF16:
    (void)form_of(ip, PLAIN, text, sizeof text);
    for (const char *s = text; *s; s++) to[at++] = (uint8_t)*s, to[at++] = 0;
    return at - 1;
  default:
    if (!form_of(ip, (enum form)f, text, sizeof text)) return 0;
  }
  memcpy(to, text, strlen(text));
  return strlen(text);
}

static uint8_t *put_own(struct choice *c, uint8_t *at, const struct prac_ip *ip)
{
  uint8_t form[OWN_MAX];
  return put(at, form, own_form(ip, choice_u8(c) % OWN_FORMS, form));
}

/* An IP header and what it must not say: our address as destination, sequence and identification;
 * behind it text of others, and our address again. Sometimes cut, or something else altogether. */
static void planted_packet(struct choice *c, struct packet *p)
{
  static uint8_t bytes[PACKET_BYTES_MAX + 2 * PLANTED_TEXT];
  static const uint32_t protos[] = {6, 17, 1, 58, 47, 132};
  char text[PLANTED_TEXT];
  memset(bytes, 0, sizeof bytes);
  p->dst = own_address(c);
  p->proto = protos[choice_u8(c) % 6];
  p->sport = choice_u8(c) % 16;
  p->dport = 23;
  p->layer = choice_u8(c) % 4 ? "ip" : "payload";
  bool six = !prac_ip_is4(&p->dst), payload = strcmp(p->layer, "payload") == 0;
  uint32_t ip = payload ? 0 : six ? 40 : 20u + choice_u8(c) % 3u * 4u;
  uint8_t *at = bytes + ip, *own = p->dst.b + (six ? 0 : 12);
  bytes[0] = six ? 0x60 : (uint8_t)(0x40 | ip / 4);
  bytes[six ? 6 : 9] = (uint8_t)(choice_u8(c) % 8 ? p->proto : 47);
  if (six) {
    memcpy(bytes + 24, own, 16);
  } else if (!payload) {
    memcpy(bytes + 4, own + 2, 2);
    for (uint32_t i = 16; i < ip; i += 4) memcpy(bytes + i, own, 4);
    if (choice_u8(c) % 8 == 0) bytes[7] = 9; /* a later fragment */
  }
  if (!payload) {
    for (int i = 0; i < 5; i++) at = put(at, own, 4);
    if (p->proto == 6) memset(bytes + ip + 12, 0x50, 4), memset(bytes + ip, 0x50, 4);
    if (p->proto == 17) at = put(bytes + ip + 6, own, 2);
  }
  p->head = (uint32_t)(at - bytes);
  if (!payload && (p->proto == 1 || p->proto == 58)) p->head = ip + 8;
  if (p->proto == 1 && p->sport == 3) at = put(put(at, own, 4), own, 4);
  planted_text(c, text);
  at = put(at, text, strlen(text) % 100 / (1 + choice_u8(c) % 4)); /* so that more fits */
  *at++ = ' ';
  at = put_own(c, at, &p->dst);
  uint32_t n = (uint32_t)(at - bytes);
  p->len = n;
  if (n > PACKET_BYTES_MAX) n = PACKET_BYTES_MAX;
  if (choice_u8(c) % 8 == 0) n = choice_below(c, n);
  if (p->head > n) p->head = n;
  p->bytes = (struct model_bytes){bytes, n};
}

static bool holds(const struct model_bytes *b, const void *what, size_t n)
{
  return b->n >= n && memmem(b->v, b->n, what, n) != NULL;
}

bool planted_bytes(const struct access_scope *s, const struct packet *p)
{
  char text[PACKET_BYTES_MAX + 1], found[PLANTED_TEXT];
  for (uint32_t i = 0; i < p->bytes.n; i++) {
    uint8_t b = p->bytes.v[i];
    text[i] = b > 31 && b < 127 ? (char)b : ' ';
  }
  text[p->bytes.n] = 0;
  for (uint32_t i = 0; i < 9; i++) {
    const struct prac_ip ips[] = {prac_ip4(OWN + i), prac_ip_of(OWN6, 0x1122334455667700u | i)};
    for (size_t k = 0; k < 2; k++) {
      uint8_t form[OWN_MAX];
      for (int f = 0; f < OWN_FORMS; f++) {
        size_t n = own_form(&ips[k], f, form);
        if (n > 0 && holds(&p->bytes, form, n)) return true;
      }
    }
  }
  return planted_find(s, text, found) != NULL;
}

void planted_record(struct choice *c, const struct model_kind *k, union planted_record *ret)
{
  static struct prac_ip ips[4];
  static const char *strs[8][3];
  memset(ret, 0, sizeof *ret);
  if (k->size > sizeof *ret) die("a record bigger than these");
  for (size_t i = 0; i < k->n_fields; i++) {
    void *at = (char *)ret + k->fields[i].offset;
    const char **s = at;
    if (k->fields[i].type == MODEL_STR) *s = words(c);
    if (k->fields[i].type == MODEL_IP) *(struct prac_ip *)at = planted_ip(c);
    if (k->fields[i].type == MODEL_IPS) {
      struct model_ips l = {ips, choice_u8(c) % 5};
      for (uint32_t n = 0; n < l.n; n++) ips[n] = planted_ip(c);
      *(struct model_ips *)at = l;
    }
    if (k->fields[i].type == MODEL_STRS) {
      struct model_strs l = {strs[i % 8], choice_u8(c) % 4};
      for (uint32_t n = 0; n < l.n; n++) strs[i % 8][n] = words(c);
      *(struct model_strs *)at = l;
    }
    plain(c, k->fields[i].name, at);
  }
  if (k == &model_packet) planted_packet(c, &ret->p);
}

static uint16_t letters(const char *cc)
{
  return *cc ? (uint16_t)(cc[0] << 8 | cc[1]) : 0;
}

struct flow_batch *planted_batch(struct choice *c, prac_time minute)
{
  static struct flow_row rows[ROWS];
  struct flow_batch *b = NULL;
  for (uint32_t i = 0; i < ROWS; i++) {
    struct flow_row *r = &rows[i];
    *r = (struct flow_row){.src = planted_ip(c), .dst = prac_ip4(OWN + choice_u8(c) % 9)};
    const struct world_place *p = world_place_of(&r->src);
    r->proto = 6;
    r->dport = 23;
    r->sport = (uint16_t)i;
    r->packets = 1 + choice_u8(c) % 3;
    r->bytes = 40;
    r->first_ms = (uint16_t)choice_below(c, 60000);
    r->country = letters(p->country);
    r->asn = p->asn;
    if (choice_u8(c) % 3 == 0) r->marks = FLOW_BACKSCATTER, r->victim = planted_ip(c);
  }
  if (flow_batch_new("tokyo", minute, rows, ROWS, &b) != PRAC_OK) die("a batch");
  return b;
}

static void keep(struct store *s, const struct store_tx *tx)
{
  struct prac_err err = {0};
  if (s->ops->append(s->st, tx, &err) != PRAC_OK) die(err.text);
}

void planted_store(struct choice *c, struct store *s)
{
  for (int m = 0; m < 3; m++) {
    struct flow_batch *b = planted_batch(c, MADE_DAY + m * 7 * PRAC_MIN);
    keep(s, &(struct store_tx){.batches = &b, .n_batches = 1});
    flow_batch_unref(&b);
  }
  for (int i = 0; i < RECORDS; i++)
    for (int k = 0; model_kinds[k]; k++) {
      char id[40];
      union planted_record rec;
      planted_record(c, model_kinds[k], &rec);
      (void)snprintf(id, sizeof id, "r%d", i);
      if (i % 2) *(const char **)&rec = id; /* the first field of all of them */
      const struct store_rec one = {model_kinds[k], &rec};
      keep(s, &(struct store_tx){.recs = &one, .n_recs = 1});
    }
}
