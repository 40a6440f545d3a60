/* Messages stand in one list in order of publishing; every subscription has its place in it. A
 * client that comes back under the same name finds its place again, as on the real buses. */
#include "bus/ram/ram.h"

#include <stdlib.h>
#include <string.h>

struct message {
  struct message *next;
  uint64_t seq;
  size_t len;
  char *subject, *id;
  uint8_t data[];
};
struct place { /* a durable subscription */
  char *client;
  char *prefixes; /* NUL-separated, ended by an empty one; "" first: everything */
  uint64_t acked; /* seq */
  bool everything;
};
struct bus_ram_hub {
  struct message *first, **end;
  size_t bytes, waiting;
  uint64_t seq;
  struct place places[BUS_RAM_MAX_CLIENTS];
  size_t n_places;
};
struct handle {
  struct bus_ram_hub *hub;
  char client[64];
  size_t place; /* 1 + index; 0: not subscribed */
  uint64_t fetched;
};

struct bus_ram_hub *bus_ram_hub_new(void)
{
  struct bus_ram_hub *h = calloc(1, sizeof *h);
  if (h) h->end = &h->first;
  return h;
}

static void message_free(struct message *m)
{
  free(m->subject);
  free(m->id);
  free(m);
}

void bus_ram_hub_free(struct bus_ram_hub **hp)
{
  struct bus_ram_hub *h = hp ? *hp : NULL;
  if (!h) return;
  for (struct message *m = h->first, *next; m; m = next) {
    next = m->next;
    message_free(m);
  }
  for (size_t i = 0; i < h->n_places; i++) {
    free(h->places[i].client);
    free(h->places[i].prefixes);
  }
  free(h);
  *hp = NULL;
}

size_t bus_ram_hub_waiting(const struct bus_ram_hub *h)
{
  return h->waiting;
}

static prac_rc ram_open(void *st, const void *conf, const struct bus_env *env,
                        struct prac_err *reterr)
{
  struct handle *h = st;
  union {
    const void *in;
    struct bus_ram_hub *hub;
  } u = {.in = conf}; /* a hub is handed in like settings, but it is shared and written */
  if (!conf) return PRAC_FAIL(reterr, PRAC_UNKNOWN, "the ram bus needs its hub");
  if (strlen(env->client) >= sizeof h->client)
    return PRAC_FAIL(reterr, PRAC_RANGE, "client name too long: %s", env->client);
  h->hub = u.hub;
  memcpy(h->client, env->client, strlen(env->client) + 1);
  return PRAC_OK;
}

static bool have_id(const struct bus_ram_hub *hub, const char *id)
{
  for (const struct message *m = hub->first; m; m = m->next)
    if (strcmp(m->id, id) == 0) return true;
  return false;
}

static prac_rc ram_publish(void *st, const char *subject, const char *id, const void *data,
                           size_t len, struct prac_err *reterr)
{
  struct bus_ram_hub *hub = ((struct handle *)st)->hub;
  if (len > BUS_RAM_MAX_BYTES - hub->bytes)
    return PRAC_FAIL(reterr, PRAC_FULL, "ram bus is full: %zu messages wait", hub->waiting);
  if (id && *id && have_id(hub, id)) return PRAC_OK;
  struct message *m = calloc(1, sizeof *m + len);
  if (m) m->subject = strdup(subject);
  if (m) m->id = strdup(id ? id : "");
  if (!m || !m->subject || !m->id) {
    if (m) message_free(m);
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a message");
  }
  m->len = len;
  m->seq = ++hub->seq;
  if (len) memcpy(m->data, data, len);
  *hub->end = m;
  hub->end = &m->next;
  hub->bytes += len;
  hub->waiting++;
  return PRAC_OK;
}

static prac_rc ram_flush(void *st, int64_t timeout_ns, struct prac_err *reterr)
{
  (void)st, (void)timeout_ns, (void)reterr;
  return PRAC_OK;
}

static struct place *place_of(struct handle *h)
{
  return h->place ? &h->hub->places[h->place - 1] : NULL;
}

static prac_rc place_new(struct handle *h, struct prac_err *reterr)
{
  struct bus_ram_hub *hub = h->hub;
  for (size_t i = 0; i < hub->n_places; i++)
    if (strcmp(hub->places[i].client, h->client) == 0) {
      h->place = i + 1;
      return PRAC_OK;
    }
  if (hub->n_places == BUS_RAM_MAX_CLIENTS)
    return PRAC_FAIL(reterr, PRAC_FULL, "more than %d subscriptions", BUS_RAM_MAX_CLIENTS);
  struct place *p = &hub->places[hub->n_places];
  p->client = strdup(h->client);
  if (!p->client) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a subscription");
  h->place = ++hub->n_places;
  return PRAC_OK;
}

static prac_rc ram_subscribe(void *st, const char *const *prefixes, size_t n, bool durable,
                             struct prac_err *reterr)
{
  struct handle *h = st;
  (void)durable; /* nothing outlives the process here */
  size_t len = 1;
  for (size_t i = 0; i < n; i++) len += strlen(prefixes[i]) + 1;
  PRAC_TRY(place_new(h, reterr));
  struct place *p = place_of(h);
  char *list = calloc(1, len), *at = list;
  if (!list) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a subscription");
  p->everything = n == 0;
  for (size_t i = 0; i < n; i++) {
    if (!*prefixes[i]) p->everything = true;
    at = stpcpy(at, prefixes[i]) + 1;
  }
  free(p->prefixes);
  p->prefixes = list;
  h->fetched = p->acked;
  return PRAC_OK;
}

static bool wants(const struct place *p, const char *subject)
{
  if (p->everything) return true;
  for (const char *s = p->prefixes; *s; s += strlen(s) + 1)
    if (strncmp(subject, s, strlen(s)) == 0) return true;
  return false;
}

static prac_rc ram_fetch(void *st, int64_t timeout_ns, struct bus_msg *ret, struct prac_err *reterr)
{
  (void)timeout_ns;
  struct handle *h = st;
  const struct place *p = place_of(h);
  if (!p) return PRAC_FAIL(reterr, PRAC_DENIED, "%s has not subscribed", h->client);
  for (const struct message *m = h->hub->first; m; m = m->next) {
    if (m->seq <= h->fetched || !wants(p, m->subject)) continue;
    h->fetched = m->seq;
    *ret = (struct bus_msg){.subject = m->subject, .data = m->data, .len = m->len, .seq = m->seq};
    return PRAC_OK;
  }
  return PRAC_AGAIN;
}

static prac_rc ram_ack(void *st, uint64_t seq, struct prac_err *reterr)
{
  struct handle *h = st;
  struct bus_ram_hub *hub = h->hub;
  struct place *p = place_of(h);
  if (!p) return PRAC_FAIL(reterr, PRAC_DENIED, "%s has not subscribed", h->client);
  if (seq > p->acked) p->acked = seq;
  uint64_t all = UINT64_MAX;
  for (size_t i = 0; i < hub->n_places; i++)
    if (hub->places[i].acked < all) all = hub->places[i].acked;
  while (hub->first && hub->first->seq <= all) {
    struct message *m = hub->first;
    hub->first = m->next;
    if (!hub->first) hub->end = &hub->first;
    hub->bytes -= m->len;
    hub->waiting--;
    message_free(m);
  }
  return PRAC_OK;
}

static void ram_close(void *st)
{
  (void)st;
}

const struct bus_ops bus_ram = {
    .name = "ram",
    .about = "inside one process, nothing kept: tests",
    .state_size = sizeof(struct handle),
    .open = ram_open,
    .publish = ram_publish,
    .flush = ram_flush,
    .subscribe = ram_subscribe,
    .fetch = ram_fetch,
    .ack = ram_ack,
    .close = ram_close,
};
