/* bus/local/link.h — the client's connection: what is in flight, what has arrived, and how both
 * survive the broker's death. local.c puts the bus interface on top. */
#pragma once
#include "bus/bus.h"
#include "bus/local/frame.h"

enum {
  BUS_WINDOW_BYTES = 32 << 20,
  BUS_WINDOW_MESSAGES = 8192,
  BUS_CREDIT_MESSAGES = 512,
  BUS_CREDIT_BYTES = 8 << 20
};
#define BUS_WAIT_NS (5 * PRAC_SEC)

struct bus_pending { /* published, not acknowledged */
  struct bus_pending *next;
  uint64_t n;
  size_t len;
  uint8_t bytes[];
};
struct bus_held { /* arrived, not fetched */
  struct bus_held *next;
  const char *subject;
  const uint8_t *data;
  size_t len;
  uint64_t seq;
  uint8_t bytes[];
};
struct bus_link {
  int fd; /* -1: not connected */
  const struct prac_log *log;
  char client[BUS_CLIENT_MAX + 1];
  char *socket;
  size_t window_bytes;
  int64_t wait_ns;
  uint64_t instance;
  /* connecting */
  int64_t next_try, backoff_ns, lost_at;
  bool said_lost;
  prac_rc final; /* PRAC_OK, or what the broker said for good */
  char final_text[480];
  /* publishing */
  struct bus_pending *first, *last, *unsent;
  size_t sent_of_unsent, n_pending, bytes_pending;
  uint64_t next_n;
  uint8_t *ctl; /* HELLO, SUB, CREDIT, ACK waiting to be sent */
  size_t ctl_have, ctl_cap;
  /* consuming */
  char filter[BUS_PREFIXES_MAX][BUS_SUBJECT_MAX + 1];
  size_t filter_n; /* 0: no subscription */
  bool durable;
  uint8_t *in;
  size_t in_have, in_cap;
  struct bus_held *first_msg, *last_msg, *borrowed;
  uint64_t fetched, acked, ack_known; /* known: the broker has it */
  uint64_t spent_msgs, spent_bytes;   /* credit used up since the last CREDIT */
};
/* Moves bytes both ways until something has happened or timeout_ns is over. PRAC_OK: something did;
 * PRAC_AGAIN: a signal came; else the broker's final word. At the time's end: PRAC_OK. */
PRAC_NODISCARD prac_rc bus_link_pump(struct bus_link *l, int64_t timeout_ns,
                                     struct prac_err *reterr);
void bus_link_add(struct bus_link *l, struct bus_pending *take);
struct bus_held *bus_link_take(struct bus_link *l); /* borrowed until the next call */
void bus_link_say_sub(struct bus_link *l);
void bus_link_say_ack(struct bus_link *l);
void bus_link_done(struct bus_link *l);
