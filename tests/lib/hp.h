/* tests/lib/hp.h — asking one vector, as the core would: the request lies in a block of exactly its
 * size, so that a sanitizer sees one byte too far; the writer is of exactly max_reply bytes. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "honeypot/proto.h"

#define HP_NOW (INT64_C(1700000000) * PRAC_SEC + 250 * PRAC_MS)
enum { HP_SPORT = 40000, HP_REQUEST_MAX = 2048 };

struct hp_said {
  enum hp_verdict verdict;
  size_t n;
  struct hp_note note;
  uint8_t b[HP_REPLY_MAX];
};
struct hp_row { /* one line of a vector's table; exactly one of hex and text */
  const char *what;
  enum hp_verdict want;
  const char *hex, *text;
};

static inline struct hp_self hp_self_made(void)
{
  return (struct hp_self){.seed = 0x5eed,
                          .host = "gw-3f2a",
                          .now = HP_NOW,
                          .uptime_s = 1234567,
                          .own = prac_ip4(0xc6336401)}; /* 198.51.100.1 */
}

/* Digits in pairs; blanks anywhere. */
static inline size_t hp_hex(const char *hex, uint8_t *out, size_t cap)
{
  static const char digits[] = "0123456789abcdef";
  size_t nibbles = 0;
  for (; *hex; hex++) {
    const char *d = strchr(digits, *hex);
    if (*hex == ' ') continue;
    if (!d || nibbles / 2 == cap) abort();
    uint8_t *to = &out[nibbles++ / 2];
    *to = (uint8_t)(nibbles % 2 ? (d - digits) << 4 : *to | (d - digits));
  }
  if (nibbles % 2) abort();
  return nibbles / 2;
}

static inline struct hp_said hp_ask_as(const struct hp_proto *p, const struct hp_self *self,
                                       const void *bytes, size_t n, uint16_t sport)
{
  struct hp_said said = {.verdict = HP_IGNORE};
  uint8_t *request = malloc(n ? n : 1), *reply = malloc(p->max_reply ? p->max_reply : 1);
  if (!request || !reply) abort();
  if (n) memcpy(request, bytes, n);
  struct prac_wr w = prac_wr_of(reply, p->max_reply);
  const struct hp_request req = {.bytes = prac_rd_of(request, n),
                                 .src = prac_ip4(0xcb007109), /* 203.0.113.9 */
                                 .sport = sport,
                                 .dport = p->ports[0]};
  said.verdict = p->answer(self, &req, &said.note, &w);
  if (said.verdict == HP_ANSWER && !w.bad) {
    said.n = prac_wr_len(&w);
    memcpy(said.b, reply, said.n < sizeof said.b ? said.n : sizeof said.b);
  }
  if (said.verdict == HP_ANSWER && (w.bad || said.n == 0)) abort(); /* an answer that is none */
  free(request);
  free(reply);
  return said;
}

static inline struct hp_said hp_ask(const char *vector, const void *bytes, size_t n)
{
  const struct hp_self self = hp_self_made();
  const struct hp_proto *p = hp_proto_find(vector);
  if (!p) abort();
  return hp_ask_as(p, &self, bytes, n, HP_SPORT);
}

static inline struct hp_said hp_ask_hex(const char *vector, const char *hex)
{
  uint8_t b[HP_REQUEST_MAX];
  return hp_ask(vector, b, hp_hex(hex, b, sizeof b));
}

static inline struct hp_said hp_ask_text(const char *vector, const char *text)
{
  return hp_ask(vector, text, strlen(text));
}

static inline const char *hp_verdict_text(enum hp_verdict v)
{
  static const char *const text[] = {"ignore", "observe", "loop", "answer"};
  return text[v];
}

static inline bool hp_on_port(const struct hp_proto *p, uint16_t port)
{
  for (int i = 0; i < HP_PORTS_MAX && p->ports[i]; i++)
    if (p->ports[i] == port) return true;
  return false;
}

/* Whether a vector other than `own` takes these bytes on one of its ports. */
static inline const struct hp_proto *hp_other_claims(const struct hp_proto *own, const void *bytes,
                                                     size_t n)
{
  const struct hp_self self = hp_self_made();
  for (const struct hp_proto *const *p = hp_protos; *p; p++)
    if (*p != own && hp_on_port(*p, own->ports[0]) &&
        hp_ask_as(*p, &self, bytes, n, HP_SPORT).verdict != HP_IGNORE)
      return *p;
  return NULL;
}

/* Each row's verdict; nobody else claims the same bytes; an answer is never answered again. */
static inline bool hp_rows_hold(const char *vector, const struct hp_row *rows, size_t n)
{
  const struct hp_proto *own = hp_proto_find(vector);
  bool good = own != NULL;
  for (size_t i = 0; own && i < n; i++) {
    uint8_t b[HP_REQUEST_MAX];
    size_t len = rows[i].hex ? hp_hex(rows[i].hex, b, sizeof b) : strlen(rows[i].text);
    const void *bytes = rows[i].hex ? (const void *)b : rows[i].text;
    struct hp_said s = hp_ask(vector, bytes, len);
    const struct hp_proto *other = NULL;
    if (s.verdict != rows[i].want) {
      fprintf(stderr, "%s: %s: %s, wanted %s\n", vector, rows[i].what, hp_verdict_text(s.verdict),
              hp_verdict_text(rows[i].want));
      good = false;
    }
    if (s.verdict != HP_IGNORE && (other = hp_other_claims(own, bytes, len)) != NULL) {
      fprintf(stderr, "%s: %s: %s claims it too\n", vector, rows[i].what, other->name);
      good = false;
    }
    if (s.verdict == HP_ANSWER && hp_ask(vector, s.b, s.n).verdict == HP_ANSWER) {
      fprintf(stderr, "%s: %s: its answer is answered\n", vector, rows[i].what);
      good = false;
    }
  }
  return good;
}
/* The needle's place in what was said; NULL: not there. */
static inline const uint8_t *hp_find(const struct hp_said *s, const char *needle)
{
  return memmem(s->b, s->n, needle, strlen(needle));
}
