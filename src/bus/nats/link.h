/* bus/nats/link.h — a client of JetStream: what is in flight, what has arrived, and how both
 * survive the death of any server. nats.c puts the bus interface on top.
 *
 * A lost connection is closed and a new one made, here and not inside libnats: one way in, whether
 * it is the first connection or the hundredth. It is made with the next server of the list, after a
 * pause that doubles up to a second. Whoever reaches a server that does not lead the stream goes on
 * to the one that does, if the list has it: what is published saves a hop, and its answer too. One
 * attempt for every connection that was lost.
 *
 * publishing  core publish with a reply subject of our own; the window (window.h) says what is sent
 *             when. libnats' own asynchronous publisher stalls and loses after a kill (3.4.1).
 * requests    are made again while nobody answers: all of them may be repeated.
 * reading     a pull consumer whose place is cumulative (ack_policy all). JetStream would deliver
 *             what is new before what it delivers again; that breaks the publisher's order. So
 *             deliveries are numbered, and whenever one is missing, or a reader comes back with
 *             something left unacknowledged, the consumer is made anew where the place is.
 */
#pragma once
#include <nats/nats.h>
#include <pthread.h>
#include <stdatomic.h>

#include "bus/bus.h"
#include "bus/name.h"
#include "bus/nats/window.h"
#include "bus/nats/wire.h"
#include "bus/nats_client.h"

enum {
  NATS_SERVERS_MAX = 16,
  NATS_BATCH = 512,
  NATS_PULL_BYTES = 8 << 20,
  NATS_UNACKED_MAX = 65536,
  NATS_HOST_MAX = 255,
  NATS_MAKER = 16,
  NATS_KINDS_TEXT = 256,
  NATS_REQUESTS = 3 /* times that one is made */
};
#define NATS_RESEND_NS (2 * PRAC_SEC)
#define NATS_PULL_NS (5 * PRAC_SEC)
#define NATS_REQUEST_MS 1000 /* each time */
#define NATS_LOOK_NS PRAC_MIN
#define NATS_NOBODY_NS (5 * PRAC_SEC) /* a new leader is there earlier */

struct nats_server {
  char host[NATS_HOST_MAX + 1]; /* as in the settings: what its certificate must say */
  char address[64];             /* numeric, found before rights were dropped */
  char name[64];                /* its own; "": not looked at yet */
  uint16_t port;
  bool tls, looked; /* looked: its version has been seen */
};
/* What libnats' threads tell ours. Outlives the handle: closing is told late. */
struct nats_news {
  pthread_mutex_t lock; /* protects text */
  char text[256];       /* the newest refusal */
  _Atomic int refs;
  _Atomic bool closed, refused;
};
struct nats_fetched {
  uint64_t seq, n; /* in the stream, of this consumer */
  bool wanted;
};
/* What the bus keeps for a client that computes (keep.c). */
struct nats_keep {
  bool held, unsure;  /* unsure: a head was sent and nobody answered */
  uint64_t owner;     /* of a claim; 0: never claimed */
  uint64_t lease_seq; /* newest lease of the name that we know */
  int64_t lease_at;   /* mono: when it was sent by us, or first seen of another */
  int64_t next_try;   /* mono: of a renewal */
  uint64_t head_seq;
  struct nats_head head;
};
struct nats_link {
  const struct prac_log *log;
  char client[BUS_CLIENT_MAX + 1], inbox[64], api[96];
  struct bus_nats_conf conf; /* lists and texts: of the settings, which outlive the handle */
  struct nats_server servers[NATS_SERVERS_MAX];
  size_t n_servers, at_server;
  char *ca, *cert, *key;          /* PEM; read before rights were dropped */
  char maker[2 * NATS_MAKER + 1]; /* begins the ids of our messages; "": no key */
  uint64_t instance;
  _Atomic uint64_t counters[BUS_NATS_COUNTER_COUNT_];
  /* connection */
  natsConnection *nc;
  struct nats_news *news;
  natsSubscription *answers; /* to publishes and acks */
  int64_t next_try, backoff_ns, lost_at;
  bool said_lost, stream_seen, said_refused;
  int64_t refused_at; /* mono: since then nothing was taken; with said_refused */
  bool stay;          /* the leader was tried since the last connection was lost */
  char leader[64];    /* of the stream, when it was last looked at */
  size_t max_payload;
  uint64_t stream_first; /* oldest message at the time of connecting */
  prac_rc final;         /* PRAC_OK, or what holds for good */
  char final_text[480];
  /* publishing */
  struct nats_window window;
  natsMsg **msgs; /* [window.cap] */
  size_t bytes_in_flight, window_bytes;
  /* kinds (bus/name.h), a bit each */
  uint32_t missing;  /* the stream has no subject for them */
  uint32_t denied;   /* optional ones that the rights of this connection refuse */
  uint32_t left_out; /* optional ones that are not sent for now */
  uint32_t said_out; /* ... an event has named them */
  bool asked_wider;  /* on this connection the server has said whether we may add subjects */
  int64_t look_at;   /* mono: then see whether they are taken by now */
  /* reading */
  char filter[BUS_PREFIXES_MAX][BUS_SUBJECT_MAX + 1];
  size_t filter_n; /* 0: no subscription */
  bool durable, placed, consuming;
  char consumer[64], ack_head[NATS_REPLY_MAX + 1];
  natsSubscription *arrivals;
  natsMsg *borrowed;
  uint64_t expect_n, left;
  int64_t pulled_at, ack_at;
  uint64_t fetched, acked, ack_known;
  struct nats_fetched told;     /* what the newest ack named */
  struct nats_fetched *unacked; /* ring: first, count */
  size_t unacked_first, unacked_count, unacked_cap;
  struct nats_keep keep;
};

/* link.c: the connection */
/* Connects when it is time to, sends what is ready, takes the answers; waits at most timeout_ns for
 * one of them. PRAC_AGAIN: not connected. Else PRAC_OK or the final word. */
PRAC_NODISCARD prac_rc nats_link_pump(struct nats_link *l, int64_t timeout_ns,
                                      struct prac_err *reterr);
void nats_link_drop(struct nats_link *l, const char *why);
void nats_link_final(struct nats_link *l, prac_rc rc, const char *text);
/* A request to the JetStream API, "<api>.<what>", which must do no harm when it is carried out
 * twice; *ret: the answer. PRAC_AGAIN: none came. */
PRAC_NODISCARD prac_rc nats_link_ask(struct nats_link *l, const char *what, const char *body,
                                     natsMsg **ret, struct prac_err *reterr);
void nats_link_done(struct nats_link *l);
/* connect.c */
PRAC_NODISCARD prac_rc nats_link_connect(struct nats_link *l, struct prac_err *reterr);
void nats_news_unref(struct nats_news *n);
/* The server of l->leader is another than the one we are connected to: *ret, its place in the list.
 * Looks at those that it does not know yet. */
bool nats_link_leader(struct nats_link *l, size_t *ret);
/* servers.c */
PRAC_NODISCARD prac_rc nats_conf_check(const struct bus_nats_conf *c, struct prac_err *reterr);
PRAC_NODISCARD prac_rc nats_servers_find(struct nats_link *l, struct prac_err *reterr);
/* stream.c: makes the stream, or looks whether it is as it must be. */
PRAC_NODISCARD prac_rc nats_stream_ensure(struct nats_link *l, struct prac_err *reterr);
/* keep.c */
extern const struct bus_keep_ops nats_keep_ops;
/* Where a name was claimed: says that it is still ours, at once or when it is time to. PRAC_AGAIN:
 * no answer; PRAC_IO: another has it, which holds for good. */
PRAC_NODISCARD prac_rc nats_keep_hold(struct nats_link *l, bool at_once, struct prac_err *reterr);
void nats_keep_release(struct nats_link *l);
/* pub.c */
void nats_pub_send(struct nats_link *l);
void nats_pub_answer(struct nats_link *l, uint64_t n, natsMsg *m);
void nats_pub_forget(struct nats_link *l, uint64_t n); /* frees the message of a number */
/* The server says that nobody takes what is on its way. Of what, libnats does not tell: all of it
 * is of one kind, so the oldest is meant. */
void nats_pub_nobody(struct nats_link *l);
/* Is left out for now, and has been counted. */
bool nats_pub_left_out(struct nats_link *l, const char *subject);
/* Leaves out what of these kinds is optional, also what waits already. why NULL: it has been said.
 */
void nats_pub_leave_out(struct nats_link *l, uint32_t kinds, const char *why);
/* "delivery.> packet.>" */
const char *nats_kinds_text(uint32_t kinds, char out[NATS_KINDS_TEXT]);
/* sub.c */
PRAC_NODISCARD prac_rc nats_sub_begin(struct nats_link *l, struct prac_err *reterr);
/* The next message, or PRAC_AGAIN at the time's end. */
PRAC_NODISCARD prac_rc nats_sub_next(struct nats_link *l, int64_t until, natsMsg **ret,
                                     uint64_t *ret_seq, struct prac_err *reterr);
void nats_sub_ack(struct nats_link *l); /* tells the server how far l->acked is */
/* Sees to it that the server comes to know it, now and then. */
PRAC_NODISCARD prac_rc nats_sub_settle(struct nats_link *l, struct prac_err *reterr);
void nats_sub_answer(struct nats_link *l, uint64_t seq);
void nats_sub_lost(struct nats_link *l);
