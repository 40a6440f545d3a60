/* bus/name.h — what a subject and a client's name may be, and the kinds of subjects, on every
 * backend. Pure.
 *
 * limits   subjects are [a-z0-9._-]{1,127}, clients the same up to 47
 * kinds    the first words of all that roles publish. An optional one that a bus does not take, or
 *          does not let this client say, is left out and counted, so that nothing waits behind it;
 *          all others wait until they are taken. Made from this list: the NATS stream's subjects,
 *          what a site's link holds back; checked against it: docs/transport.md.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { BUS_SUBJECT_MAX = 127, BUS_ID_MAX = 191, BUS_CLIENT_MAX = 47, BUS_PREFIXES_MAX = 16 };
#define BUS_KINDS(X)                                                                               \
  X(flow, false)                                                                                   \
  X(hit, false)                                                                                    \
  X(health, false)                                                                                 \
  X(finding, false)                                                                                \
  X(episode, false)                                                                                \
  X(alert, false)                                                                                  \
  X(label, false)                                                                                  \
  X(mark, false)                                                                                   \
  X(tick, false)                                                                                   \
  X(decision, false)                                                                               \
  X(subscription, false)                                                                           \
  X(errand, false)                                                                                 \
  X(told, false)                                                                                   \
  X(delivery, true)                                                                                \
  X(packet, true)
struct bus_kind {
  const char *word;
  bool optional;
};
enum {
#define X(word, optional) BUS_KIND_##word,
  BUS_KINDS(X)
#undef X
      BUS_KIND_COUNT
};
extern const struct bus_kind bus_kinds[BUS_KIND_COUNT];
/* Place in bus_kinds of a subject, or of another text that begins with one; -1: it is of none. */
int bus_kind_of(const char *subject);
bool bus_subject_ok(const char *s, size_t n);
bool bus_client_ok(const char *s, size_t n);
bool bus_prefix_ok(const char *s, size_t n); /* of a subject; may be empty */
