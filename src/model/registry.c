/* The one list of record types (the flow batch has its own form: model/flow.h). */
#include <string.h>

#include "model/delivery.h"
#include "model/packet.h"

#define FINDING(type, name, unit, help) MODEL_DESC(finding, type, name, unit, help)
static const struct model_field finding_fields[] = {FINDING_FIELDS(FINDING)};
#define ALERT(type, name, unit, help) MODEL_DESC(alert, type, name, unit, help)
static const struct model_field alert_fields[] = {ALERT_FIELDS(ALERT)};
#define HEALTH(type, name, unit, help) MODEL_DESC(health, type, name, unit, help)
static const struct model_field health_fields[] = {HEALTH_FIELDS(HEALTH)};
#define HIT(type, name, unit, help) MODEL_DESC(hit, type, name, unit, help)
static const struct model_field hit_fields[] = {HIT_FIELDS(HIT)};
#define EPISODE(type, name, unit, help) MODEL_DESC(episode, type, name, unit, help)
static const struct model_field episode_fields[] = {EPISODE_FIELDS(EPISODE)};
#define DECISION(type, name, unit, help) MODEL_DESC(decision, type, name, unit, help)
static const struct model_field decision_fields[] = {DECISION_FIELDS(DECISION)};
#define PACKET(type, name, unit, help) MODEL_DESC(packet, type, name, unit, help)
static const struct model_field packet_fields[] = {PACKET_FIELDS(PACKET)};
#define DELIVERY(type, name, unit, help) MODEL_DESC(delivery, type, name, unit, help)
static const struct model_field delivery_fields[] = {DELIVERY_FIELDS(DELIVERY)};

const struct model_kind model_finding = {"finding",
                                         "an engine's claim about one key and one time",
                                         2,
                                         sizeof(struct finding),
                                         finding_fields,
                                         PRAC_ARRAY_LEN(finding_fields),
                                         "id"};
/* Every revision is kept: who was told what, and when. */
const struct model_kind model_alert = {"alert",
                                       "what people receive: one revision of one story",
                                       2,
                                       sizeof(struct alert),
                                       alert_fields,
                                       PRAC_ARRAY_LEN(alert_fields),
                                       "id"};
const struct model_kind model_health = {"health",
                                        "a sensor's loss, lag and clock at one moment",
                                        2,
                                        sizeof(struct health),
                                        health_fields,
                                        PRAC_ARRAY_LEN(health_fields),
                                        "id"};

const struct model_kind model_hit = {
    "hit",      "requests of one victim and vector at one honeypot",
    1,          sizeof(struct hit),
    hit_fields, PRAC_ARRAY_LEN(hit_fields),
    "id"};
const struct model_kind model_episode = {"episode",
                                         "one attack on one target, merged over honeypots",
                                         1,
                                         sizeof(struct episode),
                                         episode_fields,
                                         PRAC_ARRAY_LEN(episode_fields),
                                         "id"};

const struct model_kind model_decision = {
    "decision",      "what a person decided about an alert", 1,   sizeof(struct decision),
    decision_fields, PRAC_ARRAY_LEN(decision_fields),        "id"};

const struct model_kind model_packet = {"packet",
                                        "one packet as it came, for those like it",
                                        1,
                                        sizeof(struct packet),
                                        packet_fields,
                                        PRAC_ARRAY_LEN(packet_fields),
                                        "id"};

const struct model_kind model_delivery = {
    "delivery",      "what became of telling somebody", 1,   sizeof(struct delivery),
    delivery_fields, PRAC_ARRAY_LEN(delivery_fields),   "id"};

const struct model_kind *const model_kinds[] = {&model_finding,  &model_alert,   &model_health,
                                                &model_hit,      &model_episode, &model_decision,
                                                &model_delivery, &model_packet,  NULL};

const struct model_kind *model_kind_find(const char *name, size_t n)
{
  for (const struct model_kind *const *k = model_kinds; *k; k++)
    if (strlen((*k)->name) == n && memcmp((*k)->name, name, n) == 0) return *k;
  return NULL;
}
