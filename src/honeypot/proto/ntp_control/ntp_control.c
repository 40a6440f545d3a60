/* NTP mode 6 (ntpq, RFC 9327): readstat and readvar, as ntpd 4.2 answers them. */
#include <stdio.h>

#include "honeypot/believe.h"
#include "wire/text.h"

enum { MODE = 6, RESPONSE = 0x80, ERROR = 0x40, MORE = 0x20, OPCODE = 0x1f, HEAD = 12 };
enum { READSTAT = 1, READVAR = 2, LAST_OPCODE = 31 };
enum { SYSTEM_STATUS = 0x0618, BAD_ASSOCIATION = 4, PEERS = 4, VALUE_MAX = 80 };
static const int64_t NTP_EPOCH_S = 2208988800; /* 1900 to 1970 */

static uint16_t association(const struct hp_self *self, unsigned i)
{
  return (uint16_t)(1024 + hp_believe_below(self, "association", 60000) + i);
}

/* How the variables of the system come about: a fixed text, or made here. */
enum made { FIXED, HOST, REFID, REFTIME, CLOCK, PEER, FREQUENCY };
static const struct variable {
  const char *name, *text;
  enum made made;
} variables[] = {
    {"version", "\"ntpd 4.2.6p5@1.2349-o Mon Feb  6 07:34:44 UTC 2017 (1)\"", FIXED},
    {"processor", "\"x86_64\"", FIXED},
    {"system", "\"Linux/3.10.0-1160.el7.x86_64\"", FIXED},
    {"leap", "00", FIXED},
    {"stratum", "3", FIXED},
    {"precision", "-22", FIXED},
    {"rootdelay", "3.708", FIXED},
    {"rootdisp", "29.839", FIXED},
    {"refid", NULL, REFID},
    {"reftime", NULL, REFTIME},
    {"clock", NULL, CLOCK},
    {"peer", NULL, PEER},
    {"tc", "10", FIXED},
    {"mintc", "3", FIXED},
    {"offset", "-0.486", FIXED},
    {"frequency", NULL, FREQUENCY},
    {"sys_jitter", "0.281", FIXED},
    {"clk_jitter", "0.314", FIXED},
    {"clk_wander", "0.063", FIXED},
    {"hostname", NULL, HOST},
};

static void ntp_time(char out[VALUE_MAX], prac_time at)
{
  int64_t s = at / PRAC_SEC + NTP_EPOCH_S, ns = at % PRAC_SEC;
  snprintf(out, VALUE_MAX, "0x%08x.%08x", (unsigned)s, (unsigned)((uint64_t)ns * 4295 / 1000));
}

static void value_of(const struct hp_self *self, const struct variable *v, char out[VALUE_MAX])
{
  uint32_t up = hp_believe_lan(self, 1);
  switch (v->made) {
  case FIXED:
    snprintf(out, VALUE_MAX, "%s", v->text);
    break;
  case HOST:
    snprintf(out, VALUE_MAX, "\"%.60s\"", self->host);
    break;
  case REFID:
    snprintf(out, VALUE_MAX, "%u.%u.%u.%u", up >> 24, up >> 16 & 255, up >> 8 & 255, up & 255);
    break;
  case REFTIME:
    ntp_time(out, self->now - self->uptime_s % 1024 * PRAC_SEC);
    break;
  case CLOCK:
    ntp_time(out, self->now);
    break;
  case PEER:
    snprintf(out, VALUE_MAX, "%u", association(self, 1));
    break;
  case FREQUENCY:
    snprintf(out, VALUE_MAX, "-%u.%03u", hp_believe_below(self, "ppm", 80),
             hp_believe_below(self, "ppb", 1000));
    break;
  }
}

/* A request may name what it wants, "version,stratum"; nothing means everything. */
static bool asked_for(struct wire_text list, const char *name)
{
  list = wire_text_trim(list);
  if (list.n == 0 || list.p[0] == '\0') return true;
  while (list.n) {
    size_t comma = wire_text_find(list, ",");
    if (wire_text_is(wire_text_trim((struct wire_text){list.p, comma}), name)) return true;
    size_t step = comma < list.n ? comma + 1 : comma;
    list.p += step, list.n -= step;
  }
  return false;
}

static void put_variables(const struct hp_self *self, struct wire_text list, struct prac_wr *w)
{
  char value[VALUE_MAX];
  unsigned n = 0;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(variables); i++) {
    if (!asked_for(list, variables[i].name)) continue;
    value_of(self, &variables[i], value);
    wire_text_putf(w, "%s%s=%s", n == 0 ? "" : n % 4 ? ", " : ",\r\n", variables[i].name, value);
    n++;
  }
  if (n) wire_text_put(w, "\r\n");
}

static void put_peers(const struct hp_self *self, struct prac_wr *w)
{
  for (unsigned i = 0; i < PEERS; i++) {
    prac_wr_u16(w, association(self, i));
    prac_wr_u16(w, i == 1 ? 0x961a : 0x9414); /* the system's peer; candidates */
  }
}

struct request {
  uint8_t first, op;
  uint16_t sequence, association, count;
  struct wire_text data;
};

static enum hp_verdict put_reply(const struct hp_self *self, const struct request *q,
                                 struct prac_wr *w)
{
  const bool known = q->association == 0;
  prac_wr_u8(w, q->first & 0x3f);
  prac_wr_u8(w, (uint8_t)(RESPONSE | (known ? 0 : ERROR) | q->op));
  prac_wr_u16(w, q->sequence);
  prac_wr_u16(w, known ? SYSTEM_STATUS : BAD_ASSOCIATION << 8);
  prac_wr_u16(w, q->association);
  prac_wr_u16(w, 0); /* offset */
  struct prac_wr count = *w;
  prac_wr_u16(w, 0);
  size_t from = prac_wr_len(w);
  if (known && q->op == READSTAT) put_peers(self, w);
  if (known && q->op == READVAR) put_variables(self, q->data, w);
  size_t n = prac_wr_len(w) - from;
  prac_wr_zero(w, (4 - n % 4) % 4);
  prac_wr_u16(&count, (uint16_t)n);
  return hp_written(w);
}

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  struct prac_rd r = req->bytes;
  struct request q = {.first = prac_rd_u8(&r)};
  uint8_t second = prac_rd_u8(&r), version = q.first >> 3 & 7;
  (void)note;
  q.op = second & OPCODE;
  q.sequence = prac_rd_u16(&r);
  uint16_t status = prac_rd_u16(&r);
  q.association = prac_rd_u16(&r);
  uint16_t offset = prac_rd_u16(&r);
  q.count = prac_rd_u16(&r);
  if (r.bad || (q.first & 7) != MODE || version == 0 || version > 4) return HP_IGNORE;
  if (second & RESPONSE) return HP_LOOP;
  if (second & (ERROR | MORE) || status != 0 || offset != 0) return HP_IGNORE;
  struct prac_rd data = prac_rd_sub(&r, q.count);
  if (data.bad || q.op == 0) return HP_IGNORE;
  q.data = wire_text_of(data);
  /* Behind the data, padded, only an authenticator can stand. */
  if (prac_rd_left(&r) > (4u - q.count % 4u) % 4u) return HP_OBSERVE;
  if (q.op != READSTAT && q.op != READVAR) return HP_OBSERVE; /* WRITEVAR, CONFIGURE, MRU, ... */
  return put_reply(self, &q, reply);
}

const struct hp_proto hp_ntp_control = {
    .name = "ntp_control",
    .title = "NTP",
    .about = "NTP control mode 6, readvar and readstat, RFC 9327",
    .ports = {123},
    .max_reply = HEAD + 480,
    .answer = answer,
};
