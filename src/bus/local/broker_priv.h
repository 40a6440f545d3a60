/* bus/local/broker_priv.h — what the two halves of the broker share: broker.c (log, groups, places)
 * and broker_conn.c (bytes from and to one client). */
#pragma once
#include "bus/broker.h"
#include "bus/local/blog.h"
#include "bus/local/places.h"

struct bus_conn {
  int fd; /* -1: free */
  bool ready, dead;
  bool held; /* its next PUB waits for room */
  bool more; /* delivery stopped for fairness only */
  char name[BUS_CLIENT_MAX + 1];
  const struct bus_rule *rule;
  uint8_t *in, *out;
  size_t in_have, in_cap, out_at, out_have, out_cap;
  uint64_t pub_done, pub_acked;
  /* its subscription */
  bool subscribed;
  struct bus_filter filter;
  struct bus_cursor cursor;
  struct bus_place *place; /* NULL: not durable */
  uint64_t sent, credit_msgs;
  int64_t credit_bytes;
};

#define BUS_BROKER_COUNTERS(X)                                                                     \
  X(published, "messages", "taken into the log", PRAC_COUNTER)                                     \
  X(repeats, "messages", "published again under a known id and not kept twice", PRAC_COUNTER)      \
  X(delivered, "messages", "sent to consumers, repeats after a reconnection included",             \
    PRAC_COUNTER)                                                                                  \
  X(denied, "requests",                                                                            \
    "refused for want of the right; a rise means a role is misconfigured or "                      \
    "taken over",                                                                                  \
    PRAC_COUNTER)                                                                                  \
  X(broken, "clients", "dropped because they broke the protocol", PRAC_COUNTER)                    \
  X(held, "1", "times publishers were made to wait for room", PRAC_COUNTER)                        \
  X(groups, "groups", "written and synced", PRAC_COUNTER)                                          \
  X(torn, "bytes", "cut from the tail after a crash, acknowledged to nobody", PRAC_COUNTER)        \
  X(lost, "messages", "passed over because the log is damaged (bus.damaged: skip)", PRAC_COUNTER)  \
  X(bytes, "bytes", "in the log on disk", PRAC_GAUGE)                                              \
  X(waiting, "messages", "between the slowest durable consumer and the newest", PRAC_GAUGE)
enum {
#define X(name, unit, help, kind) BUS_N_##name,
  BUS_BROKER_COUNTERS(X)
#undef X
      BUS_N_COUNT_
};

struct bus_broker {
  struct bus_broker_conf conf;
  struct bus_broker_open o;
  char dir[1024];
  int listen_fd;
  bool own_listener;
  struct bus_log log;
  struct bus_places places;
  struct bus_conn conns[BUS_CLIENTS_MAX];
  size_t n_conns; /* places in use, holes included */
  bool stuck;     /* the device took no more: what is staged waits */
  bool waiting;   /* publishers are held, said once */
  bool more;
  int64_t next_house; /* mono ns */
  _Atomic uint64_t n[BUS_N_COUNT_];
};

void bus_conn_init(struct bus_conn *c, int fd);
void bus_conn_done(struct bus_conn *c);
/* Reads what is there and acts on it; marks the connection dead when it must go. */
void bus_conn_read(struct bus_broker *b, struct bus_conn *c);
/* Acts on what has been read already. */
void bus_conn_parse(struct bus_broker *b, struct bus_conn *c);
void bus_conn_deliver(struct bus_broker *b, struct bus_conn *c);
/* Says why and ends the connection; deny counts and logs it too. */
void bus_conn_refuse(struct bus_conn *c, prac_rc rc, const char *text);
void bus_conn_deny(struct bus_broker *b, struct bus_conn *c, const char *what, struct bus_text t);
/* FORGET: takes away the place of a consumer that is not connected. broker_forget.c */
void bus_conn_forget(struct bus_broker *b, struct bus_conn *c, struct bus_text client);
void bus_conn_say(struct bus_conn *c, const struct bus_frame *f);
void bus_conn_flush(struct bus_conn *c);
