/* A consumer that never comes back holds the log until publishers wait: somebody must be able to
 * say that it is gone. Only who has the right, and never while it is there. */
#include <inttypes.h>
#include <stdio.h>

#include "bus/local/broker_priv.h"

static const struct prac_log_event forgotten = {
    "bus_forgotten", PRAC_LOG_WARN,
    "nothing, if this consumer is gone for good; if it comes back, it begins with what the bus "
    "still holds"};

static bool connected(const struct bus_broker *b, const struct bus_place *p)
{
  for (size_t i = 0; i < b->n_conns; i++)
    if (b->conns[i].fd >= 0 && b->conns[i].place == p) return true;
  return false;
}

static void no_such(struct bus_broker *b, struct bus_conn *c, const char *name)
{
  char text[400];
  int at = snprintf(text, sizeof text, "no consumer is called %s; there are:", name);
  for (size_t i = 0; i < BUS_PLACES_MAX; i++)
    if (b->places.v[i].client[0] && at > 0 && (size_t)at < sizeof text)
      at += snprintf(text + at, sizeof text - (size_t)at, " %s", b->places.v[i].client);
  bus_conn_refuse(c, PRAC_UNKNOWN, text);
}

void bus_conn_forget(struct bus_broker *b, struct bus_conn *c, struct bus_text client)
{
  char name[BUS_CLIENT_MAX + 1], text[160];
  struct prac_err err = {0};
  if (!c->rule->forget) {
    bus_conn_deny(b, c, "forget", client);
    return;
  }
  (void)snprintf(name, sizeof name, "%.*s", (int)client.n, client.s);
  struct bus_place *p = bus_places_find(&b->places, name);
  if (!p) {
    no_such(b, c, name);
    return;
  }
  if (connected(b, p)) {
    (void)snprintf(text, sizeof text, "%s is connected: stop it first", name);
    bus_conn_refuse(c, PRAC_EXISTS, text);
    return;
  }
  uint64_t acked = p->acked, left = b->log.committed > acked ? b->log.committed - acked : 0;
  prac_rc rc = bus_places_forget(&b->places, p, &err);
  if (rc == PRAC_OK) rc = bus_places_sync(&b->places, &err);
  if (rc != PRAC_OK) {
    bus_conn_refuse(c, rc, err.text);
    return;
  }
  prac_log(b->o.log, &forgotten,
           "%s asked to forget %s, which had not dealt with %" PRIu64
           " messages; they are not kept for it any more",
           c->name, name, left);
  b->next_house = 0; /* the room is made at once */
  bus_conn_say(c,
               &(struct bus_frame){.type = BUS_SUBOK, .n = left, .name = {"", 0}, .id = {"", 0}});
}
