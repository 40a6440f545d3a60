/* A comparison for programs: an object a sensor, pair, story and port, and one for the whole. */
#include "view/view_json.h"

static void pair_seconds(struct prac_json *j, const char *key, int64_t ns)
{
  prac_json_key(j, key);
  prac_json_i64(j, ns / PRAC_SEC);
}

static void json_sensor(struct prac_json *j, const struct compare *c, size_t i)
{
  const struct compare_sensor *s = &c->sensors[i];
  prac_json_key_str(j, "name", s->name);
  prac_json_key_str(j, "country", s->country);
  prac_json_key(j, "home");
  if (c->n_home)
    prac_json_bool(j, s->home);
  else
    prac_json_null(j);
  prac_json_key_u64(j, "packets", s->packets);
  prac_json_key_u64(j, "senders", s->sources);
  prac_json_key_u64(j, "stories", s->stories);
  prac_json_key_u64(j, "first", s->first);
}

static void json_pair(struct prac_json *j, const struct compare *c, size_t i)
{
  const struct compare_pair *p = &c->pairs[i];
  prac_json_key_str(j, "a", c->sensors[p->a].name);
  prac_json_key_str(j, "b", c->sensors[p->b].name);
  prac_json_key_u64(j, "stories", p->stories);
  prac_json_key_u64(j, "a_first", p->a_first);
  prac_json_key_u64(j, "b_first", p->b_first);
  if (p->stories) {
    pair_seconds(j, "lag_lower_s", p->lag_lo_ns);
    pair_seconds(j, "lag_median_s", p->lag_ns);
    pair_seconds(j, "lag_upper_s", p->lag_hi_ns);
  }
  prac_json_key_u64(j, "shared", p->shared);
  prac_json_key_u64(j, "either", p->either);
  prac_json_key_f64(j, "jaccard", p->jaccard);
  prac_json_key_f64(j, "error", p->error);
  prac_json_key(j, "countries");
  prac_json_open(j, '[');
  for (uint32_t k = 0; k < p->n_countries; k++) {
    prac_json_open(j, '{');
    prac_json_key_str(j, "country", p->country[k].name);
    prac_json_key_u64(j, "shared", p->country[k].shared);
    prac_json_key_u64(j, "either", p->country[k].either);
    prac_json_key_f64(j, "jaccard", p->country[k].jaccard);
    prac_json_close(j, '}');
  }
  prac_json_close(j, ']');
}

static void json_story(struct prac_json *j, const struct compare *c, size_t i)
{
  const struct compare_story *s = &c->stories[i];
  prac_json_key_str(j, "key", s->key);
  prac_json_key_str(j, "kind", s->kind);
  prac_json_key_str(j, "id", s->id);
  prac_json_key_time(j, "from", s->claim.from);
  prac_json_key_time(j, "to", s->claim.to);
  prac_json_key_u64(j, "host_count", s->hosts);
  prac_json_key_u64(j, "level", s->level);
  prac_json_key_str(j, "first", s->seen ? c->sensors[s->at_first].name : NULL);
  prac_json_key(j, "onset");
  prac_json_open(j, '{');
  for (uint32_t k = 0; k < c->n_sensors; k++)
    if (s->onset[k] != PRAC_TIME_NONE) prac_json_key_time(j, c->sensors[k].name, s->onset[k]);
  prac_json_close(j, '}');
  prac_json_key_bool(j, "abroad_only", s->abroad);
}

static void json_port(struct prac_json *j, const struct compare *c, size_t i)
{
  const struct compare_port *p = &c->ports[i];
  prac_json_key_str(j, "port", p->port);
  prac_json_key_str(j, "sensor", c->sensors[p->sensor].name);
  prac_json_key_u64(j, "senders", p->now);
  prac_json_key_u64(j, "before", p->before);
  prac_json_key_u64(j, "sensors", p->sensors);
  prac_json_key_u64(j, "home_senders", p->home_now);
  prac_json_key_u64(j, "home_before", p->home_before);
}

static void json_whole(struct prac_json *j, const struct compare *c, size_t i)
{
  (void)i;
  prac_json_key_time(j, "from", c->span.from);
  prac_json_key_time(j, "to", c->span.to);
  prac_json_key_time(j, "recent_from", c->recent.from);
  prac_json_key_time(j, "recent_to", c->recent.to);
  prac_json_key_u64(j, "sampled", c->sampled);
  prac_json_key_bool(j, "baseline", c->baseline);
  prac_json_key_bool(j, "stories_cut", c->stories_cut);
}

const char *const compare_part_names[COMPARE_PART_COUNT_] = {[COMPARE_SENSOR] = "sensor",
                                                             [COMPARE_PAIR] = "pair",
                                                             [COMPARE_STORY] = "story",
                                                             [COMPARE_ABROAD_PORT] = "abroad_port",
                                                             [COMPARE_WHOLE] = "compare"};

size_t compare_part_n(const struct compare *c, enum compare_part part)
{
  const size_t n[COMPARE_PART_COUNT_] = {[COMPARE_SENSOR] = c->n_sensors,
                                         [COMPARE_PAIR] = c->n_pairs,
                                         [COMPARE_STORY] = c->n_stories,
                                         [COMPARE_ABROAD_PORT] = c->n_ports,
                                         [COMPARE_WHOLE] = 1};
  return n[part];
}

typedef void fields(struct prac_json *j, const struct compare *c, size_t i);
static fields *const fields_of[COMPARE_PART_COUNT_] = {[COMPARE_SENSOR] = json_sensor,
                                                       [COMPARE_PAIR] = json_pair,
                                                       [COMPARE_STORY] = json_story,
                                                       [COMPARE_ABROAD_PORT] = json_port,
                                                       [COMPARE_WHOLE] = json_whole};

void compare_part_json(struct prac_json *j, const struct compare *c, enum compare_part part,
                       size_t i)
{
  prac_json_open(j, '{');
  fields_of[part](j, c, i);
  prac_json_close(j, '}');
}

void compare_json(struct prac_json *j, const struct compare *c)
{
  static const char *const lists[COMPARE_WHOLE] = {"sensors", "pairs", "stories", "abroad_ports"};
  prac_json_open(j, '{');
  json_whole(j, c, 0);
  for (int part = 0; part < COMPARE_WHOLE; part++) {
    prac_json_key(j, lists[part]);
    prac_json_open(j, '[');
    for (size_t i = 0; i < compare_part_n(c, (enum compare_part)part); i++)
      compare_part_json(j, c, (enum compare_part)part, i);
    prac_json_close(j, ']');
  }
  prac_json_close(j, '}');
}
