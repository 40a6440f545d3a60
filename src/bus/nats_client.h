/* bus/nats_client.h — settings and counters of the bus over NATS JetStream (libnats). See bus/bus.h
 * for the promise, docs/transport.md for subjects, rights, stream and consumers.
 *
 * open       reads the certificates and looks names up, and connects nowhere: it may be called
 *            before rights are dropped, and everything else after that (needs internet sockets,
 *            threads)
 * order      at most one message of a subject is on its way at a time, so that no change of leader
 *            can turn two round; messages of different subjects do not wait for each other
 * reconnects for ever, with the next of the servers, from there to the one that leads the stream,
 *            and sends again what was not acknowledged
 * left out   messages of an optional kind (bus/name.h) while the stream has no subject for it, the
 *            server's rights refuse it, or nobody has taken it for some seconds: publish says
 *            PRAC_OK, the counter left_out counts them, one event names the kind. Tried again every
 *            minute, where rights refuse it with the next connection.
 * fails      PRAC_DENIED, final: the server refuses another subject; the sentence names it.
 *            PRAC_RANGE: a message larger than the server's max_payload. PRAC_UNSUPPORTED, final:
 *            the stream is there with settings that would lose records.
 */
#pragma once
#include "base/conf.h"
#include "base/counter.h"
#include "base/err.h"

struct bus_nats_conf {
  struct prac_conf_strings servers; /* nats://host:port, tls://host:port */
  const char *ca, *cert, *key;
  const char *stream, *domain;
  int64_t replicas, max_age_ns, max_bytes;
  int64_t in_flight, lease_ns;
};
extern const struct prac_conf_section bus_nats_section; /* "nats" */

#define BUS_NATS_COUNTERS(X)                                                                       \
  X(published, "messages", "taken by the server for good", PRAC_COUNTER)                           \
  X(repeated, "messages", "sent again and known to the server already", PRAC_COUNTER)              \
  X(resent, "messages", "sent again: no answer came, or the connection was lost", PRAC_COUNTER)    \
  X(refused, "messages", "not taken by the server for now; a rise: it is full or without leader",  \
    PRAC_COUNTER)                                                                                  \
  X(denied, "messages", "refused by the server's rights", PRAC_COUNTER)                            \
  X(left_out, "messages",                                                                          \
    "of a kind that may be missing, which the stream or its rights do not take; not said",         \
    PRAC_COUNTER)                                                                                  \
  X(too_big, "messages", "larger than the server's max_payload; not sent", PRAC_COUNTER)           \
  X(fetched, "messages", "handed to this role", PRAC_COUNTER)                                      \
  X(skipped, "messages",                                                                           \
    "delivered and not for this role; servers from 2.10 on filter themselves", PRAC_COUNTER)       \
  X(alien, "messages", "delivered without being a message of ours; not handed on", PRAC_COUNTER)   \
  X(again, "messages", "delivered once more than needed", PRAC_COUNTER)                            \
  X(gone, "messages", "deleted by the stream's limits before this role had read them",             \
    PRAC_COUNTER)                                                                                  \
  X(connects, "connections", "made; a rise means that servers or links fail", PRAC_COUNTER)        \
  X(anew, "1", "consumers made anew to keep the order after a loss", PRAC_COUNTER)

enum bus_nats_counter {
#define X(name, unit, help, kind) BUS_NATS_##name,
  BUS_NATS_COUNTERS(X)
#undef X
      BUS_NATS_COUNTER_COUNT_
};
extern const struct prac_counter_def bus_nats_counter_defs[];
const _Atomic uint64_t *bus_nats_counters(const void *state); /* of an opened handle */

/* The stream as whoever is first makes it: the body of a STREAM.CREATE (docs/transport.md). */
struct prac_json;
void bus_nats_stream_config(const struct bus_nats_conf *c, struct prac_json *j);
/* The body of a STREAM.UPDATE that gives a stream what it lacks of kinds, and changes nothing else,
 * of the answer to a STREAM.INFO; free it. NULL: it lacks nothing, or that is no such answer. */
char *bus_nats_stream_wider(const char *info, size_t len);
bool bus_nats_name_ok(const char *s); /* of a stream or a domain */
/* What a server must let through: a busy minute of a sensor. A site's configuration says 8MB. */
#define BUS_NATS_PAYLOAD (8 << 20)
/* The oldest release without known holes in log-in by certificate (GHSA-3f24-pcvm-5jqc) and in the
 * management of streams (CVE-2025-30215). */
#define BUS_NATS_SAFE "2.11.15"
/* What a server says before anybody has logged in: its version. timeout_ns for all of it. */
struct nats_info;
PRAC_NODISCARD prac_rc bus_nats_look(const char *address, uint16_t port, int64_t timeout_ns,
                                     struct nats_info *ret, struct prac_err *reterr);
/* The same for one of nats.servers: the advice, or "" (also when it does not answer in time). */
const char *bus_nats_ask_version(const char *url, int64_t timeout_ns, char out[300]);
/* Erases what the stream has of a kind ("subscription") as far as its reader, the durable client of
 * that name, has acknowledged it: overwritten on the servers' disks, which a purge of the stream is
 * not. *ret_left: whether there is more that it has not read. Needs the rights CONSUMER.INFO,
 * STREAM.MSG.GET and STREAM.MSG.DELETE. What was erased when it fails is gone: again is as good.
 * PRAC_AGAIN: no answer within timeout_ns; PRAC_UNKNOWN: that client has never read here;
 * PRAC_DENIED. */
struct bus_env;
struct bus_nats_erase {
  const char *kind, *reader;
  int64_t timeout_ns; /* for connecting, and for each answer as usual */
};
PRAC_NODISCARD prac_rc bus_nats_erase(const struct bus_nats_conf *c, const struct bus_env *env,
                                      const struct bus_nats_erase *e, uint64_t *ret_erased,
                                      bool *ret_left, struct prac_err *reterr);
/* Are the settings of section nats possible? Opens nothing, looks nothing up. */
PRAC_NODISCARD prac_rc bus_nats_check(const struct prac_conf *c, struct prac_err *reterr);
/* What an operator should know about a server of that version; "" when there is nothing. */
const char *bus_nats_advice(const char *version, char out[300]);
bool bus_nats_syncs(const char *version); /* it can be told to sync every message: from 2.10 on */
