/* bus/nats/window.h — which of the messages in flight may be sent, and when again. Pure.
 *
 * A server that changes its leader loses some of what was sent to it and keeps what came later. So
 * that the publisher's order holds all the same, a message is sent only when nothing that it must
 * not overtake is on its way:
 *   - an earlier one of the same subject: one of a subject is on its way at a time;
 *   - an earlier one of another kind (first word of the subject): marks and health stand behind
 * what they speak of. Different subjects of one kind do not wait for each other.
 *
 * numbers  n rises by one with every message; first <= n < next are in the window
 * subjects are known by a hash only; two that share one wait for each other, which is harmless
 * cost     O(1) a message; a pass of nats_window_ready, nats_window_drop: O(next - first)
 * checked  tests/unit/test_bus_nats.c against a slow model, every sequence of few operations
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/rc.h"

enum { NATS_WINDOW_HASH = 4096 };
enum nats_slot_state { NATS_FREE, NATS_BEHIND, NATS_READY, NATS_SENT, NATS_ACKED };
struct nats_slot {
  enum nats_slot_state state;
  uint64_t behind; /* the message of this subject that waits for this one; 0: none */
  uint64_t run;    /* rises with every change of kind */
  size_t tail;     /* of its subject, in tails */
  int64_t due;     /* READY: not before; SENT: send again then; ns, monotonic */
};
struct nats_window {
  struct nats_slot *v; /* [cap], n at n % cap */
  uint64_t *tails;     /* [NATS_WINDOW_HASH]: the youngest message of each hash; 0: none */
  size_t cap, held;    /* held: not acknowledged */
  uint64_t first, next;
  uint64_t run, kind; /* of the youngest message */
};
PRAC_NODISCARD prac_rc nats_window_init(struct nats_window *w, size_t cap);
void nats_window_done(struct nats_window *w);
bool nats_window_full(const struct nats_window *w);
/* A new message's number; not when full. */
uint64_t nats_window_add(struct nats_window *w, uint64_t kind_hash, uint64_t subject_hash);
/* The lowest that should be sent now at or above *at, which moves behind it; 0: none. A pass begins
 * with *at = 0. */
uint64_t nats_window_ready(const struct nats_window *w, int64_t now, uint64_t *at);
void nats_window_sent(struct nats_window *w, uint64_t n, int64_t again_at);
/* false: not in flight (an answer to an earlier try). */
bool nats_window_acked(struct nats_window *w, uint64_t n);
/* It is given up, in whatever state; what waits for it goes on. Kinds around it stay apart. */
void nats_window_drop(struct nats_window *w, uint64_t n);
/* The server could not take it: once more, not before `at`. */
void nats_window_refused(struct nats_window *w, uint64_t n, int64_t at);
/* The connection is lost, and with it all that is on its way. */
void nats_window_lost(struct nats_window *w);
