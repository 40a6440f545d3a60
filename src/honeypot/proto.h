/* honeypot/proto.h — what one amplification vector must supply.
 *
 * A vector answers bytes with bytes. It has no socket, no clock, no memory of senders and no say in
 * whether its answer is sent: the core asks the valve (honeypot/valve.h), which alone decides.
 *
 * order     several vectors may share a port (ntp_monlist, ntp_control, ntp_client): they are asked
 *           in the order of the registry, and the first verdict other than HP_IGNORE counts. So a
 *           vector says HP_IGNORE to whatever is not surely its own
 * reply     one datagram, at most max_reply bytes; the core gives a writer of exactly that size. A
 *           reply that does not fit is cut where the protocol allows it (DNS: TC=1), never split
 * closed    when the valve would not let an answer out anyway, the writer has no room at all: a
 *           flood must not cost the making of replies. The verdict is the same as with room, or
 *           HP_OBSERVE for HP_ANSWER; a vector may return as soon as it sees reply->p == reply->end
 * believe   the same box every time: whatever a real server would choose comes from hp_self
 */
#pragma once
#include "base/buf.h"
#include "base/ip.h"
#include "base/time.h"

enum { HP_REPLY_MAX = 1200, HP_PORTS_MAX = 8, HP_NAME_MAX = 128 };

enum hp_verdict {
  HP_IGNORE,  /* not a request of this vector */
  HP_OBSERVE, /* a request, but of a kind that is never answered: SET, REGISTER, an unknown key */
  HP_LOOP,    /* an answer or an error: somebody else's reflection. Never answered, not an attack */
  HP_ANSWER,  /* a request; the reply is written */
};

/* What the sensor pretends to be, the same for ever: made from (sensor name, vector name). */
struct hp_self {
  uint64_t seed;      /* serial numbers, MAC addresses, identifiers: derive them from this */
  const char *host;   /* "gw-3f2a": a host name of [a-z0-9-] */
  prac_time now;      /* of the request, for protocols that tell the time */
  int64_t uptime_s;   /* plausible, rising */
  struct prac_ip own; /* the address the request came to */
};

struct hp_request {
  struct prac_rd bytes; /* the datagram; may be empty */
  struct prac_ip src;
  uint16_t sport, dport;
};

/* What was asked for, where the protocol has names worth counting (DNS: "isc.org ANY IN"). */
struct hp_note {
  char name[HP_NAME_MAX]; /* printable ASCII, NUL-terminated; empty: none */
};

struct hp_proto {
  const char *name;             /* "ntp_monlist": unique; the folder, and the vector's name */
  const char *title;            /* "NTP": as the alert's mail writes it */
  const char *about;            /* one sentence, with the source (RFC, advisory) */
  uint16_t ports[HP_PORTS_MAX]; /* default UDP ports, host order; 0 ends the list */
  uint16_t max_reply;           /* bytes; <= HP_REPLY_MAX; 0: never answers */
  enum hp_verdict (*answer)(const struct hp_self *self, const struct hp_request *req,
                            struct hp_note *note, struct prac_wr *reply);
};
extern const struct hp_proto *const hp_protos[];        /* NULL-terminated; honeypot/registry.c */
const struct hp_proto *hp_proto_find(const char *name); /* NULL: no such vector */
