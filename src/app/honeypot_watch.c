/* The ring of the kernel holds seconds of packets, so the role looks at it between two other things
 * and needs no thread for it. */
#include "app/honeypot_watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "model/facts.h"
#include "sys/wall.h"

enum { FRAMES = 1024, MIN_SOURCES = 10, MIN_PACKETS = 100, SAY_AT_ONCE = 16, LEVEL = 2 };
static const char version[] = "1";

static void bind_ports(const struct hp_sensor *s, const struct hp_conf *c, uint8_t bits[8192])
{
  size_t n;
  const uint16_t *ports = hp_services_ports(hp_sensor_services(s), &n);
  for (size_t i = 0; i < n; i++) {
    uint32_t p = ports[i] + (uint32_t)c->port_offset;
    if (p < 65536) bits[p / 8] |= (uint8_t)(1u << (p % 8));
  }
}

prac_rc honeypot_watch_open(struct honeypot_watch *w, const struct role_env *e,
                            const struct hp_sensor *s, struct prac_err *reterr)
{
  uint8_t bound[8192] = {0};
  const struct hp_conf *c = e->honeypot;
  if (!c->observe[0]) return PRAC_OK;
  const struct cap_source *source = cap_source_find("afpacket");
  if (!source) return PRAC_FAIL(reterr, PRAC_UNKNOWN, "no source called afpacket");
  w->st = calloc(1, source->state_size);
  w->frames = calloc(FRAMES, sizeof *w->frames);
  bind_ports(s, c, bound);
  if (!w->st || !w->frames ||
      hp_observer_new(bound, MIN_SOURCES, MIN_PACKETS, &w->observer) != PRAC_OK)
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to watch %s", c->observe);
  w->source = source;
  struct cap_open o = {.what = c->observe,
                       .fd = -1,
                       .conf = prac_conf_get(e->settings, source->conf->path, 0),
                       .log = &e->log};
  return source->open(w->st, &o, reterr);
}

static prac_rc publish(const struct role_env *e, struct bus *bus, const struct hp_observed *x,
                       struct prac_err *reterr)
{
  char id[64], key[32], subject[64], text[HP_OBSERVED_TEXT], flows[160];
  char from[PRAC_TIME_TEXT], to[PRAC_TIME_TEXT];
  const char *sensor = e->honeypot->name;
  struct model_port port = {.port = x->port, .proto = 17};
  prac_time at = x->on ? x->to : prac_now(&e->clock);
  uint64_t h = prac_hash2(prac_hash_bytes(x->on, sensor, strlen(sensor)), (uint64_t)x->to, x->port);
  (void)snprintf(id, sizeof id, "honeypot.%016" PRIx64, h);
  (void)snprintf(key, sizeof key, "port:%u/udp", x->port);
  (void)snprintf(flows, sizeof flows, "port=%u/udp from=%s to=%s", x->port,
                 prac_time_text(from, x->from), prac_time_text(to, x->to + PRAC_MIN));
  struct finding f = {.id = id,
                      .engine = "honeypot",
                      .part = sensor,
                      .engine_version = version,
                      .key = key,
                      .kind = "new-reflection-port",
                      .state = x->on ? "on" : "off",
                      .at = at,
                      .from = x->from,
                      .to = x->to,
                      .level = LEVEL,
                      .score = (double)x->packets,
                      .value = (double)x->sources,
                      .unit = "senders",
                      .country = "",
                      .sensors = {&sensor, 1},
                      .ports = {&port, 1},
                      .packets = x->packets,
                      .text = hp_observed_text(text, x),
                      .flows = flows};
  struct model_facts facts = {.n = 0};
  model_fact(&facts, MODEL_FACT_SAME_PAYLOAD, "%" PRIu32, x->same);
  model_fact(&facts, MODEL_FACT_PAYLOAD_BYTES, "%u", x->len);
  f.facts = model_facts_of(&facts);
  (void)snprintf(subject, sizeof subject, "finding.honeypot.%s", sensor);
  return role_publish_record(bus, &model_finding, &f, subject, id, reterr);
}

prac_rc honeypot_watch_turn(struct honeypot_watch *w, const struct role_env *e, struct bus *bus,
                            int64_t mono, struct prac_err *reterr)
{
  struct hp_observed x[SAY_AT_ONCE];
  size_t n = 0;
  if (!w->source) return PRAC_OK;
  prac_rc rc = w->source->next(w->st, w->frames, NULL, FRAMES, 0, &n, reterr);
  if (rc != PRAC_OK && rc != PRAC_AGAIN) return rc;
  for (size_t i = 0; i < n; i++) {
    const struct cap_frame *f = &w->frames[i];
    (void)hp_observer_frame(w->observer, f->at, f->link, f->data, f->caplen, f->len);
  }
  if (mono < w->next_say) return PRAC_OK;
  w->next_say = mono + PRAC_SEC;
  do {
    n = hp_observer_say(w->observer, prac_now(&e->clock) - PRAC_SEC, x, SAY_AT_ONCE);
    for (size_t i = 0; i < n; i++) PRAC_TRY(publish(e, bus, &x[i], reterr));
  } while (n == SAY_AT_ONCE);
  return PRAC_OK;
}

void honeypot_watch_close(struct honeypot_watch *w)
{
  if (w->source) w->source->close(w->st);
  free(w->st);
  free(w->frames);
  hp_observer_free(&w->observer);
  *w = (struct honeypot_watch){0};
}
