/* model/subscription.h — who wants to be told of what: records between portal and notifier, which
 * the store does not keep (they name addresses of people, and sealed secrets), and what they ask
 * for.
 *
 * subscription   as it holds now, with the part of the world and the clearance of its owner: the
 *                latest that was said of an id is the one that counts
 * errand         something to do once: a test message, a code to an address
 * told           what became of a message: taken by the other side, refused, or still tried; or the
 *                notifier's key, that secrets are sealed to; or a secret, sealed anew to it
 */
#pragma once
#include "model/records.h"

#define SUBSCRIPTION_FIELDS(F)                                                                     \
  F(STR, id, "", "names it: s and 16 hexadecimal digits")                                          \
  F(TIME, at, "ns", "when this was said, by the portal's clock")                                   \
  F(STR, state, "", "on, off, end")                                                                \
  F(STR, user, "", "whose it is")                                                                  \
  F(STR, org, "", "of which organisation")                                                         \
  F(STR, title, "", "as its owner calls it; stands in letters")                                    \
  F(STR, language, "", "of letters: en, ja")                                                       \
  F(STR, zone, "", "time zone of letters: UTC, +hh:mm, or a name of the IANA data base")           \
  F(STR, scope, "", "the owner's part of the world: JP AS64500 192.0.2.0/24, or *")                \
  F(STR, clearance, "", "the owner's, a TLP 2.0 label")                                            \
  F(BOOL, attacks, "", "DRDoS attacks are told")                                                   \
  F(BOOL, alerts, "", "alerts are told")                                                           \
  F(STR, severity, "", "alerts from this on: notice, low, medium, high, critical")                 \
  F(STRS, kinds, "", "only alerts of these kinds; none: all")                                      \
  F(STRS, vectors, "", "only attacks by one of these; none: all")                                  \
  F(U64, min_packets, "packets", "attacks from this many on")                                      \
  F(F64, min_pps, "packets/s", "attacks from this rate in the busiest minute on")                  \
  F(BOOL, updates, "", "what lies between start and end is told as well")                          \
  F(U32, max_per_hour, "messages", "what is more comes in a digest")                               \
  F(U32, digest_s, "s", "how long that is gathered")                                               \
  F(STRS, mail, "", "addresses for letters; on the bus only those that have been confirmed")       \
  F(STR, url, "", "webhook; or empty")                                                             \
  F(STR, secret, "", "key of the webhook's signature, sealed to the notifier's")

#define ERRAND_FIELDS(F)                                                                           \
  F(STR, id, "", "random")                                                                         \
  F(TIME, at, "ns", "when it was said, by the portal's clock")                                     \
  F(STR, act, "",                                                                                  \
    "test: a made attack to a subscription; confirm: a code to an address; key: say it")           \
  F(STR, subscription, "", "test: which")                                                          \
  F(STR, user, "", "who asks for it")                                                              \
  F(STR, to, "", "confirm: the address; key: those that secrets are sealed to")                    \
  F(STR, code, "", "confirm: what its owner gives back; key: the one that is known")               \
  F(STR, language, "", "confirm: en, ja")

#define TOLD_FIELDS(F)                                                                             \
  F(STR, id, "", "of the message; key: its name; sealed: hash of what it was made from")           \
  F(TIME, at, "ns", "when the other side answered, by the notifier's clock")                       \
  F(STR, subscription, "", "whose it was; empty: an address to be confirmed")                      \
  F(STR, way, "", "mail, hook")                                                                    \
  F(STR, state, "", "taken, refused, again: it is tried later; or key, sealed")                    \
  F(STR, text, "", "why not; key: its public half; sealed: the secret, sealed anew; or empty")

struct subscription {
  SUBSCRIPTION_FIELDS(MODEL_FIELD)
};
struct errand {
  ERRAND_FIELDS(MODEL_FIELD)
};
struct told {
  TOLD_FIELDS(MODEL_FIELD)
};
extern const struct model_kind model_subscription, model_errand, model_told;

extern const char *const model_severities[]; /* notice .. critical; NULL ends */
/* Its place in that list; an unknown word counts as notice. */
int model_severity(const char *word);

/* What of the records somebody wants, whoever's they are. */
struct model_want {
  bool attacks, alerts;
  int severity;
  const char *profile; /* whose definition of an attack; "": all */
  const char *const *kinds, *const *vectors;
  size_t n_kinds, n_vectors;
  uint64_t min_packets, min_sensors;
  double min_pps;
};
struct model_want model_want_of(const struct subscription *s); /* borrows its lists */
bool model_wants_attack(const struct model_want *w, const struct episode *e);
bool model_wants_alert(const struct model_want *w, const struct alert *a);
