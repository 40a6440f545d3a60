/* honeypot/valve.h — the one way out: whether an answer leaves is decided here, and nowhere else.
 *
 * A reply is addressed to whoever the request names as its sender. In an attack that is the victim.
 * So every limit is on that address, never on what was asked:
 *
 *   off        a fresh install says nothing until the operator sets `reply: on`
 *   shut       the kill switch
 *   settling   the first minutes after a start: what the last run sent, and which events are open,
 *              is not known
 *   port       the source port is a service's (7, 13, 17, 19, 37, 53, ..., or one of our own):
 *              a loop
 *   many       asked at a broadcast or multicast address
 *   silenced   an event is open for this address or its network, here or at another sensor
 *   address    `per_address` in the window have been sent to it, `burst` of them lately
 *   network    `per_network` in the window to its /24, or /48
 *   own        it is one of ours
 *   bogon      no router should carry it; also multicast and broadcast, and IPv6 addresses that
 *              lead to an IPv4 host (NAT64, 6to4), whose limits and lists would not count
 *   opt_out    on the list of those who do not want to hear from us
 *   infra      on the list of root and TLD servers and public resolvers
 *   research   on a list of scanners that report open amplifiers, if wanted
 *   share      another sensor's part (answer_share)
 *   rate, bits the sensor as a whole, per second
 *   credit     in any 60 s, and in any shorter time, payload out <= payload in + credit
 *   size       nothing to send, or more than HP_REPLY_MAX bytes
 *   failed     the system did not take it
 *
 * A limit counts in steps of an eighth and always whole steps more than its window: it errs by
 * sending less. Tables are made at the start and never grow; when an address finds no place, it is
 * not answered.
 *
 * threads   one owner
 * time      `now` is monotonic, `wall` is UTC
 */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/ip.h"
#include "base/lpm.h"
#include "base/time.h"
#include "honeypot/proto.h"
#include "lookup/lookup.h"

#define HP_WHY(X)                                                                                  \
  X(off, "answers are off in the settings")                                                        \
  X(shut, "the kill switch is on")                                                                 \
  X(settling, "the first minutes after a start")                                                   \
  X(loop, "the request was an answer itself")                                                      \
  X(port, "the source port is a service's")                                                        \
  X(many, "asked at a broadcast or multicast address")                                             \
  X(silenced, "an attack on this address or network is going on")                                  \
  X(address, "this address has been sent enough")                                                  \
  X(network, "this network has been sent enough")                                                  \
  X(own, "one of our own addresses")                                                               \
  X(bogon, "an address that no router should carry")                                               \
  X(opt_out, "on the opt-out list")                                                                \
  X(infra, "on the infrastructure list")                                                           \
  X(research, "on a list of survey scanners")                                                      \
  X(share, "left to other sensors")                                                                \
  X(rate, "the sensor's replies a second are used up")                                             \
  X(bits, "the sensor's bits a second are used up")                                                \
  X(credit, "more would leave than has come in, plus 64 kB, in 60 s")                              \
  X(size, "nothing to send, or too much for one datagram")                                         \
  X(failed, "the system did not take the datagram")

enum hp_why {
  HP_WHY_OPEN, /* it may leave; it has left */
#define X(name, text) HP_WHY_##name,
  HP_WHY(X)
#undef X
      HP_WHY_COUNT_
};
const char *hp_why_name(enum hp_why w);

struct hp_ask {
  struct prac_ip to, own; /* own: the address that was asked, and that answers */
  uint16_t port;          /* of `to` */
  bool many;              /* own is not the address asked for, but a group's */
  int sock;               /* where the request came in; the door's business */
};
/* The only door: sends one datagram, or not. */
typedef bool hp_send_fn(void *arg, const struct hp_ask *a, const void *data, size_t len);

struct hp_lists { /* shared by all workers; immutable */
  struct prac_lpm *own, *opt_out, *infra;
  const struct lookup *look; /* bogons, survey lists; NULL: bogons only */
  uint8_t ports[65536 / 8];  /* a bit for each source port that is never answered */
  bool skip_research, answer_bogons;
};
struct hp_valve_conf {
  bool reply;
  uint32_t per_address, burst, per_network; /* 1..255 */
  int64_t window_ns;
  uint32_t replies_per_s;
  uint64_t bits_per_s, credit_bytes;
  int64_t settle_ns;
  double answer_share; /* 1: all; else the part of the senders that this sensor answers */
  uint64_t share_key;  /* the same at all sensors, mixed with this one's name */
  uint64_t seed;       /* random */
  const struct hp_lists *lists;
  const _Atomic bool *shut; /* NULL: no kill switch */
  hp_send_fn *send;
  void *arg;
};
struct hp_valve;
PRAC_NODISCARD prac_rc hp_valve_new(const struct hp_valve_conf *c, int64_t now,
                                    struct hp_valve **ret);
void hp_valve_free(struct hp_valve **vp);
/* Payload that has come in: what may leave is measured by it. */
void hp_valve_in(struct hp_valve *v, int64_t now, size_t bytes);
/* Would a reply leave? Saves making it; decides nothing. */
enum hp_why hp_valve_may(struct hp_valve *v, const struct hp_ask *a, int64_t now, prac_time wall);
/* Sends it, or says why not. */
enum hp_why hp_valve_send(struct hp_valve *v, const struct hp_ask *a, const void *data, size_t len,
                          int64_t now, prac_time wall);
/* Nothing to this address or network (/24, /48, or any length below 128) before `until`. A later
 * word for the same prefix replaces an earlier one. */
void hp_valve_silence(struct hp_valve *v, const struct prac_prefix *p, prac_time until,
                      prac_time wall);
size_t hp_valve_bytes(const struct hp_valve *v);
