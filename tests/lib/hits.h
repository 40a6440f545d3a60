/* tests/lib/hits.h — hits of honeypots made by hand or from a seed. */
#pragma once
#include <stdio.h>

#include "base/rng.h"
#include "episode/episode.h"
#include "lib/flows.h"

/* One hit: packets between two moments (in ms after T0), told at its end. */
struct made_hit {
  const char *sensor, *victim, *vector;
  int64_t from_ms, to_ms;
  uint64_t packets;
  uint64_t payload; /* 0: 7, the same for all */
};
static inline struct hit hit_of(const struct made_hit *m, char id[48])
{
  static uint64_t serial; /* ids only have to differ */
  snprintf(id, 48, "%s.%llu", m->sensor, (unsigned long long)++serial);
  return (struct hit){.id = id,
                      .sensor = m->sensor,
                      .site_country = "JP",
                      .at = T0 + m->to_ms * PRAC_MS,
                      .victim = ip_text(m->victim),
                      .vector = m->vector,
                      .port = 123,
                      .from = T0 + m->from_ms * PRAC_MS,
                      .to = T0 + m->to_ms * PRAC_MS,
                      .packets = m->packets,
                      .bytes = m->packets * 8,
                      .request_len = 8,
                      .payload = m->payload ? m->payload : 7,
                      .victim_port = 4444,
                      .ttl_min = 60,
                      .ttl_max = 60,
                      .ttl_count = 1};
}
/* The desk's output: revisions as JSON lines, and those that alert. */
struct heard_episodes {
  struct heard all;
  size_t alerts;
};
static inline prac_rc hear_episode(void *arg, const struct episode *e, bool alerts)
{
  struct heard_episodes *h = arg;
  h->alerts += alerts;
  return hear(&h->all, &model_episode, e);
}
