/* notify/push.h — one item as one signed HTTP POST of JSON, for the ways `webhook` and `hook`.
 *
 * body      note_form_json
 * headers   Idempotency-Key: the item's id; X-Practice-Timestamp: its time in seconds;
 *           X-Practice-Signature: sha256=HMAC-SHA-256(secret, TIMESTAMP "." BODY), with a secret
 * answers   2xx taken; 5xx, 429, 408 or none: PRAC_AGAIN; any other, redirects too: PRAC_DENIED. No
 *           more than ANSWER_MAX bytes of an answer are waited for, and none are kept
 * guard     an address that may not be gone to: PRAC_DENIED
 */
#pragma once
#include "notify/guard.h"
#include "notify/way.h"
#include "sys/net.h"

struct note_push {
  struct sys_net_curl curl;
  struct prac_json j;
  struct note_guard *guard;
  size_t answered; /* bytes */
  int timeout_ms;
};
struct note_push_to {
  const char *url, *schemes;
  int timeout_ms;
  bool check;               /* certificates */
  struct note_guard *guard; /* NULL: anywhere. Borrowed */
};
PRAC_NODISCARD prac_rc note_push_open(struct note_push *p, const struct sys_net *net,
                                      const struct note_push_to *to, struct prac_err *reterr);
/* secret "": not signed. */
PRAC_NODISCARD prac_rc note_push_send(struct note_push *p, const struct sys_net *net,
                                      const struct note_item *it, const char *secret,
                                      struct prac_err *reterr);
void note_push_close(struct note_push *p); /* accepts a zeroed one */
