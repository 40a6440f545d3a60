/* bus/local/frame.h — what clients and the broker say to each other over a unix socket. Pure.
 *
 *   u32 length of what follows | u8 type | body        (little-endian)
 *   client -> broker   HELLO    u8 protocol, str client
 *                      PUB      u64 n, str subject, str id, data
 *                      SUB      u8 durable, u64 after, u16 count, count x str prefix
 *                      CREDIT   u64 messages, u64 bytes        (pull: what may be sent more)
 *                      ACK      u64 seq                        (cumulative)
 *                      FORGET   str client                     (its place goes; needs the right)
 *   broker -> client   WELCOME  u8 protocol
 *                      PUBACK   u64 n                          (cumulative: on disk)
 *                      SUBOK    u64: after SUB and each ACK the seq acked; after FORGET how many
 *                               messages were not
 *                      MSG      u64 seq, str subject, data
 *                      FAIL     u8 -rc, str sentence           (then the connection ends)
 *   str: u16 length, bytes without NUL
 * limits   a frame has 1 .. BUS_FRAME_MAX bytes after its length; names: bus/name.h
 * fails    PRAC_AGAIN: not all there yet; PRAC_MALFORMED: this peer must be dropped
 * checked  tests/unit/test_bus_frame.c, fuzz/fuzz_bus_frame.c
 */
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "bus/name.h"

enum { BUS_PROTOCOL = 1, BUS_DATA_MAX = 64 << 20, BUS_FRAME_MAX = BUS_DATA_MAX + 1024 };
enum bus_frame_type {
  BUS_HELLO = 1,
  BUS_PUB,
  BUS_SUB,
  BUS_CREDIT,
  BUS_ACK,
  BUS_FORGET, /* the last that a client may say */
  BUS_WELCOME = 16,
  BUS_PUBACK,
  BUS_SUBOK,
  BUS_MSG,
  BUS_FAIL
};
struct bus_text {
  const char *s; /* not NUL-terminated; borrowed */
  size_t n;
};
struct bus_frame {
  enum bus_frame_type type;
  uint64_t n;     /* PUB, PUBACK: number; MSG, ACK, SUBOK: seq; SUB: after; CREDIT: messages */
  uint64_t bytes; /* CREDIT */
  bool durable;   /* SUB */
  uint8_t rc;     /* FAIL */
  struct bus_text name; /* HELLO, FORGET: client; PUB, MSG: subject; FAIL: sentence */
  struct bus_text id;   /* PUB */
  struct bus_text prefixes[BUS_PREFIXES_MAX];
  size_t n_prefixes;
  const uint8_t *data; /* PUB, MSG */
  size_t len;
};

/* Reads one frame at the start of (p, n); *ret_used: its bytes, only on PRAC_OK. On PRAC_AGAIN
 * *ret_used is how many bytes the whole frame will have (4 when even that is not known). */
PRAC_NODISCARD prac_rc bus_frame_read(const uint8_t *p, size_t n, struct bus_frame *ret,
                                      size_t *ret_used);
/* Bytes bus_frame_write needs. */
size_t bus_frame_size(const struct bus_frame *f);
/* PRAC_NOSPACE when w is too small, PRAC_RANGE when a text is too long. */
PRAC_NODISCARD prac_rc bus_frame_write(const struct bus_frame *f, struct prac_wr *w);
