/* model/delivery.h — what became of telling somebody of an attack or an alert: the notifier says
 * it, for the settings' tenants (a subscriber's own messages are `told`). Whom and what it is about
 * is copied from the attack or alert, the very fields that the gate judges by, so that whoever may
 * see the one may see the other, and nobody else. Of who was told it names the tenant, never an
 * address. */
#pragma once
#include "model/records.h"

#define DELIVERY_FIELDS(F)                                                                         \
  F(STR, id, "", "message, way and outcome, hashed: the same twice is one")                        \
  F(TIME, at, "ns", "when the other side answered, by the notifier's clock")                       \
  F(STR, what, "", "attack, alert")                                                                \
  F(STR, ref, "", "its id")                                                                        \
  F(U32, revision, "", "that was told")                                                            \
  F(STR, state, "", "of that revision: start, update, resume, end; open, update, resume, close")   \
  F(STR, key, "", "of the alert; of an attack: attack:ID")                                         \
  F(STR, way, "", "mail, mbox, webhook, syslog, jsonl, csv, bgp")                                  \
  F(STR, tenant, "", "row of the settings' `tenants` that was told")                               \
  F(STR, outcome, "", "sent, failed, held (for a digest); of rules: see the way's README")         \
  F(STR, rule, "", "the destination that a rule of routers is about: 203.0.113.9/32")              \
  F(STR, detail, "", "the other side's words, or the rule; without addresses of mail and URLs")    \
  F(U32, to_count, "", "addresses of a letter")                                                    \
  F(F64, after_s, "s", "from the time of the revision to `at`; null: that was another time's")     \
  F(STR, tlp, "", "of the alert; of an attack: empty")                                             \
  F(STR, country, "", "of the attack or alert")                                                    \
  F(U32, asn, "", "of the attack or alert")                                                        \
  F(IP, victim, "", "of the attack; of an alert: none")                                            \
  F(U32, prefix_bits, "", "of the attack, 128 for one address; of an alert: 0")                    \
  F(IPS, hosts, "", "of the attack (a carpet's) or alert")
struct delivery {
  DELIVERY_FIELDS(MODEL_FIELD)
};
extern const struct model_kind model_delivery;
