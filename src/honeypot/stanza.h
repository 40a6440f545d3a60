/* honeypot/stanza.h — vectors that are written down instead of compiled: ports, what a request
 * looks like, what is answered. data/vectors.yaml is such a file, and explains the language at its
 * top.
 *
 * a request   is one of `observe` (counted, never answered) or of `match`;
 *             what is one of `loop` is an answer. In this order: observe, loop, match. An
 *             alternative is a list of conditions that all hold
 * a reply     is a list of parts, one datagram; no reply: the vector only observes
 * limits      256 stanzas a file, 8 ports, 16 alternatives, 8 conditions each, 48 parts
 * fails       PRAC_MALFORMED, PRAC_RANGE, PRAC_UNKNOWN, PRAC_EXISTS, naming file, line and key
 */
#pragma once
#include "base/arena.h"
#include "base/conf.h"
#include "honeypot/proto.h"

enum hp_match_kind { HP_MATCH_AT, HP_MATCH_ANY_CASE, HP_MATCH_ANYWHERE };
struct hp_match { /* one condition: (request[at..] & mask) == bytes */
  enum hp_match_kind kind;
  bool differs; /* holds when the bytes are there and are not these */
  uint32_t at, n;
  const uint8_t *bytes;
  const uint8_t *mask; /* NULL: all ones */
};
struct hp_alternative {
  const struct hp_match *v;
  size_t n;
};
enum hp_part_kind {
  HP_PART_BYTES,   /* hex and text */
  HP_PART_COPY,    /* n bytes of the request at `at`, zeros where it has none */
  HP_PART_AFTER,   /* n bytes of the request behind `bytes`, at of them; zeros where it has none */
  HP_PART_HOST,    /* the honeypot's host name */
  HP_PART_ID,      /* n bytes, always the same */
  HP_PART_UPTIME,  /* n bytes, seconds, big-endian */
  HP_PART_TIME,    /* n bytes, seconds since 1970, big-endian */
  HP_PART_OWN,     /* the address asked: 4 or 16 bytes */
  HP_PART_SRC,     /* the sender's address: 4 or 16 bytes */
  HP_PART_SPORT,   /* its port: 2 bytes */
  HP_PART_PAD,     /* byte `at` until the reply has n bytes */
  HP_PART_LENGTH,  /* writes the reply's length + add into the n bytes at `at`, big-endian */
  HP_PART_LENGTHLE /* the same, little-endian */
};
struct hp_part {
  enum hp_part_kind kind;
  uint32_t at, n;
  int32_t add;
  const uint8_t *bytes;
};
struct hp_stanza {
  const char *name, *title, *about;
  uint16_t ports[HP_PORTS_MAX];
  uint32_t min, max; /* bytes of a request */
  uint16_t max_reply;
  const struct hp_alternative *observe, *match, *loop;
  size_t n_observe, n_match, n_loop;
  const struct hp_part *reply;
  size_t n_reply;
};
struct hp_stanzas;
/* text: of a file called `file` in errors. Owner of *ret: caller. */
PRAC_NODISCARD prac_rc hp_stanzas_parse(const char *text, size_t n, const char *file,
                                        struct hp_stanzas **ret, struct prac_err *reterr);
void hp_stanzas_free(struct hp_stanzas **sp);
/* s may be NULL: none. */
size_t hp_stanzas_count(const struct hp_stanzas *s);
const struct hp_stanza *hp_stanzas_at(const struct hp_stanzas *s, size_t i);
const struct hp_stanza *hp_stanzas_find(const struct hp_stanzas *s, const char *name);
enum hp_verdict hp_stanza_answer(const struct hp_stanza *z, const struct hp_self *self,
                                 const struct hp_request *req, struct prac_wr *reply);

/* The language, one value each; *why: what is wrong, in words. False: it is. */
bool hp_stanza_alternative(const char *text, struct prac_arena *a, struct hp_alternative *ret,
                           const char **why);
bool hp_stanza_part(const char *text, struct prac_arena *a, struct hp_part *ret, const char **why);
