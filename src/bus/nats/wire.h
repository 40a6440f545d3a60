/* bus/nats/wire.h — what a JetStream server says and is told, as structs. Pure.
 *
 * All of it comes from outside: texts are at most NATS_ANSWER_MAX bytes, numbers are checked, what
 * is not understood is PRAC_MALFORMED.
 * source   nats-server 2.9.10 .. 2.14: JetStream wire API; the INFO line of the client protocol
 * checked  tests/unit/test_bus_nats.c, fuzz/fuzz_bus_nats.c
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { NATS_ANSWER_MAX = 256 << 10, NATS_REPLY_MAX = 255, NATS_SUBJECTS_MAX = 64 };

/* "INFO {...}", the first line of every server. */
struct nats_info {
  char version[32], name[64], cluster[64], domain[64];
  uint64_t max_payload;
  bool jetstream, headers, tls;
};
PRAC_NODISCARD prac_rc nats_info_read(const char *p, size_t n, struct nats_info *ret);
/* <0, 0, >0: how "2.9.10" stands to "2.10.27"; what follows the third number is ignored. */
int nats_version_cmp(const char *a, const char *b);

/* The common part of every answer. code 0: no error. */
struct nats_answer {
  int code, err_code; /* 404, 10059: no such stream */
  char text[160];
};
struct nats_puback {
  struct nats_answer error;
  uint64_t seq;
  bool duplicate;
};
PRAC_NODISCARD prac_rc nats_puback_read(const char *p, size_t n, struct nats_puback *ret);

struct nats_stream_info {
  struct nats_answer error;
  uint64_t first, last, bytes;
  char leader[64]; /* name of the server that takes its messages; "": no cluster, or none now */
  char retention[16], storage[16], discard[16];
  uint64_t replicas;
  int64_t max_age_ns, max_bytes, duplicates_ns;
  bool no_ack, sealed, mirror;
  size_t n_subjects; /* 0: it takes from other streams only, or has more than fit here */
  char subjects[NATS_SUBJECTS_MAX][64];
};
PRAC_NODISCARD prac_rc nats_stream_read(const char *p, size_t n, struct nats_stream_info *ret);

/* The answer to a STREAM.MSG.GET: which message it is; to a STREAM.MSG.DELETE: 0. */
struct nats_stored {
  struct nats_answer error;
  uint64_t seq;
};
PRAC_NODISCARD prac_rc nats_stored_read(const char *p, size_t n, struct nats_stored *ret);

/* The configuration in the answer to a STREAM.INFO as the server gave it, with these subjects, too:
 * the body of a STREAM.UPDATE; free it. NULL: it is none, or no memory. */
char *nats_stream_widened(const char *p, size_t len, const char *const *subjects, size_t n);

struct nats_consumer_info {
  struct nats_answer error;
  char name[64];
  uint64_t floor;     /* stream sequence: everything up to it is acknowledged */
  uint64_t delivered; /* stream sequence of the newest delivery */
  uint64_t delivered_n;
  char filter[160];
};
PRAC_NODISCARD prac_rc nats_consumer_read(const char *p, size_t n, struct nats_consumer_info *ret);

/* Where a delivered message stands: "$JS.ACK.<stream>.<consumer>.<tries>.<seq>.<n>.<time>.<left>",
 * in newer servers and with domains "$JS.ACK.<domain>.<account>.<stream>.... <random>". */
struct nats_place {
  size_t head; /* bytes before <tries>: what an own acknowledgement begins with */
  uint64_t tries, seq, n, left;
};
PRAC_NODISCARD prac_rc nats_place_read(const char *reply, struct nats_place *ret);

/* Who holds a client's name: the newest message of "lease.<client>". */
enum { NATS_LEASE_BYTES = 24 };
struct nats_lease {
  uint64_t owner, instance; /* instance 0: given up */
};
void nats_lease_write(const struct nats_lease *v, uint8_t to[NATS_LEASE_BYTES]);
PRAC_NODISCARD prac_rc nats_lease_read(const void *p, size_t n, struct nats_lease *ret);

/* What a client's saved state is: the newest message of "state.<client>.head". Its bytes are the
 * chunks "state.<client>.<by>.<half>.<0..>", which only the process `by` writes. */
enum { NATS_HEAD_BYTES = 64, NATS_CHUNK = 512 << 10, NATS_STATE_MAX = 1 << 30 };
struct nats_head {
  uint64_t holder;    /* process that held the name when this was written */
  uint64_t by, half;  /* 0 or 1, in turn: a save that ends early leaves the other whole */
  uint64_t len, hash; /* len 0: nothing saved yet */
  uint64_t place;     /* in the stream: what the state stands for */
};
void nats_head_write(const struct nats_head *v, uint8_t to[NATS_HEAD_BYTES]);
PRAC_NODISCARD prac_rc nats_head_read(const void *p, size_t n, struct nats_head *ret);
