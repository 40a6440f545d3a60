/* bus/bus.h — the one way records get from room to room.
 *
 * subjects  "flow.<sensor>" (binary batch), "health.<sensor>", "finding.<engine>",
 *           "alert.<tenant>", all others JSON. A subscription names a prefix: "flow." or "".
 * promise   at least once, in the publisher's order per subject. A message is on disk when
 *           publish's id has been acknowledged (flush); it is delivered to every durable
 *           subscription until that subscription acks it. `id` makes a repeated publish harmless
 *           (de-duplicated).
 * backends  ram (in one process, nothing kept: replay and tests), local (roles of one box: a broker
 *           process that keeps a log, over unix sockets), nats (JetStream: many boxes)
 * threads   a bus handle belongs to one thread
 */
#pragma once
#include "base/conf.h"
#include "base/err.h"
#include "base/log.h"
#include "model/flow.h"

struct bus_msg {
  const char *subject; /* NUL-terminated, borrowed until the next fetch */
  const void *data;    /* borrowed until the next fetch */
  size_t len;
  uint64_t seq; /* rising within the bus; what ack takes */
};

struct bus_queue {
  uint64_t messages, bytes;
  uint64_t published, safe; /* so many since it was opened, of which the first so many are safe */
};
struct bus_env {
  const char *client; /* "sensor.tokyo": who speaks; names durable state */
  const struct prac_log *log;
};

/* What a bus keeps for a client that computes, for the next process of the same name, wherever it
 * runs. All three: PRAC_AGAIN: the bus is away for now; PRAC_IO, final: another process has the
 * name. */
struct bus_keep_ops {
  /* Makes the name ours, from then on kept alive by whatever the handle does. PRAC_AGAIN: another
   * process has it, too; who stands by calls this now and then. owner, not 0: a name that was its
   * own before comes back at once. Before subscribe, save and load. */
  prac_rc (*claim)(void *st, uint64_t owner, struct prac_err *reterr);
  /* All of it or nothing; place: the bus position it stands for. PRAC_FULL: what was saved before
   * is still there. */
  prac_rc (*save)(void *st, uint64_t place, const void *data, size_t n, struct prac_err *reterr);
  /* *ret is malloc'ed. PRAC_UNKNOWN: none yet; PRAC_DAMAGED. After it nobody who had the name
   * before can save any more. */
  prac_rc (*load)(void *st, uint64_t *ret_place, uint8_t **ret, size_t *ret_n,
                  struct prac_err *reterr);
};

struct bus_ops {
  const char *name;
  const char *about;
  size_t state_size;
  const struct prac_conf_section *conf; /* NULL: no settings */
  prac_rc (*open)(void *st, const void *conf, const struct bus_env *env, struct prac_err *reterr);
  /* Takes the bytes over the wire; may wait when the in-flight window is full. PRAC_AGAIN: the bus
   * takes nothing now (a signal came, or it waits for a slow consumer): call again. */
  prac_rc (*publish)(void *st, const char *subject, const char *id, const void *data, size_t len,
                     struct prac_err *reterr);
  /* All that was published is safe and every ack is known to the bus, or PRAC_AGAIN after
   * timeout_ns. */
  prac_rc (*flush)(void *st, int64_t timeout_ns, struct prac_err *reterr);
  /* One subscription a handle. durable: keeps its place under the client's name; the first time it
   * gets all that the bus still has. Else it gets what is published after the bus has heard of it,
   * which nobody tells. */
  prac_rc (*subscribe)(void *st, const char *const *prefixes, size_t n, bool durable,
                       struct prac_err *reterr);
  /* The next message; PRAC_AGAIN: none within timeout_ns. */
  prac_rc (*fetch)(void *st, int64_t timeout_ns, struct bus_msg *ret, struct prac_err *reterr);
  /* Everything up to and including seq has been dealt with. Not waited for: after flush it will not
   * be delivered to this name again, whoever dies. */
  prac_rc (*ack)(void *st, uint64_t seq, struct prac_err *reterr);
  void (*close)(void *st); /* accepts a half-opened state */
  /* What was published and is not known to be safe yet; NULL: nothing ever waits. */
  void (*queue)(const void *st, struct bus_queue *ret);
  const struct bus_keep_ops *keep; /* NULL: clients keep their own, in files */
};
extern const struct bus_ops *const bus_list[]; /* NULL-terminated; bus/registry.c */
const struct bus_ops *bus_find(const char *name);

/* Helpers over any backend. */
struct bus {
  const struct bus_ops *ops;
  void *st;
};
PRAC_NODISCARD prac_rc bus_open(const char *name, const void *conf, const struct bus_env *env,
                                struct bus *ret, struct prac_err *reterr);
void bus_close(struct bus *b);
struct bus_queue bus_queue(const struct bus *b);
PRAC_NODISCARD prac_rc bus_publish_batch(struct bus *b, struct flow_batch *batch,
                                         struct prac_err *reterr); /* subject and id from it */
PRAC_NODISCARD prac_rc bus_publish_record(struct bus *b, const struct model_kind *k,
                                          const void *rec, const char *topic, const char *id,
                                          struct prac_err *reterr);
