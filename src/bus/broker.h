/* bus/broker.h — the other end of the local bus: one process, one thread, one log on disk.
 *
 * order     everything published gets one rising seq; per client that is its own order
 * promise   PUBACK only after the group is synced; MSG only of what is synced. A repeat (same
 *           subject and id among the last `dedup`) is acknowledged and not kept again.
 * places    a durable subscription's ack is kept under its client's name; the newest connection of
 *           a name takes the place over. The names in `expect` have a place from the first start
 *           on, so that nothing is thrown away before they have come for the first time.
 * pressure  log full, device nearly full: clients that publish what they observe are made to wait
 *           (not read from); those whose records are derived get an eighth more, so that the
 *           consumers that must catch up are never the ones that are stuck
 * rights    a rule for each client name: what it may publish and read, and as which uid it must
 *           come (SO_PEERCRED). No rule: refused. "%" in a rule's subject stands for the part of
 *           the client's name behind its first dot: "flow.%" for sensor.tokyo is "flow.tokyo".
 * limits    BUS_CLIENTS_MAX connections; a client that breaks the protocol is dropped and counted
 * fails     bus_broker_step: PRAC_IO when the disk refuses a sync (start again: the log decides)
 */
#pragma once
#include "base/clock.h"
#include "base/conf.h"
#include "base/counter.h"
#include "base/err.h"
#include "base/log.h"

enum { BUS_CLIENTS_MAX = 128, BUS_ANY_UID = -1 };
struct bus_rule {
  const char *client;     /* "sensor." (ends in a dot: all below) or a whole name */
  const char *const *pub; /* subjects or, with a dot at the end, prefixes; NULL-terminated */
  const char *const *sub; /* prefixes it may subscribe to; "" is all; NULL-terminated */
  bool derived;           /* publishes what it made from what it read */
  bool forget;            /* may take a consumer's place away */
  int64_t uid;            /* BUS_ANY_UID, or the only one besides root and the broker's own */
};
struct bus_broker_conf {
  int64_t segment_bytes, max_bytes, keep_free;
  int64_t dedup;
  int damaged; /* 0 stop, 1 skip */
};
extern const struct prac_conf_section bus_broker_section; /* "bus" */

struct bus_broker_open {
  const char *dir;    /* of the log */
  const char *socket; /* path to listen at, unless listen_fd >= 0 */
  int listen_fd;      /* already listening; stays the caller's */
  const struct bus_rule *rules;
  size_t n_rules;
  const char *const *expect; /* NULL-terminated; may be NULL */
  const struct prac_clock *clock;
  const struct prac_log *log;
};
struct bus_broker;
PRAC_NODISCARD prac_rc bus_broker_new(const struct bus_broker_conf *c,
                                      const struct bus_broker_open *o, struct bus_broker **ret,
                                      struct prac_err *reterr);
/* Waits at most timeout_ns for something to do and does it. A signal ends the wait early. */
PRAC_NODISCARD prac_rc bus_broker_step(struct bus_broker *b, int64_t timeout_ns,
                                       struct prac_err *reterr);
void bus_broker_free(struct bus_broker **bp); /* commits what is staged */
extern const struct prac_counter_def bus_broker_counter_defs[];
extern const size_t bus_broker_counter_count;
const _Atomic uint64_t *bus_broker_counters(const struct bus_broker *b);
