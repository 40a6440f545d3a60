/* Many more different senders than usual, from a country or an AS or to a port. Counted per slot,
 * judged several times while the slot runs: a count only rises, so what is too much before the
 * slot's end is too much at its end. */
#include "engine/surge/surge.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define ITEM(k, t, field, l, h, d, text)                                                           \
  {                                                                                                \
    .key = (k), .type = (t), .offset = offsetof(struct surge_conf, field), .lo = (l), .hi = (h),   \
    .dflt = (d), .help = (text)                                                                    \
  }
#define WORDS(k, field, d, text)                                                                   \
  {                                                                                                \
    .key = (k), .type = PRAC_CONF_STRINGS, .offset = offsetof(struct surge_conf, field),           \
    .sdflt = (d), .help = (text)                                                                   \
  }
static const struct prac_conf_item conf_items[] = {
    ENG_COMMON_ITEMS,
    ITEM("slot", PRAC_CONF_DURATION, slot_ns, 60, 604800, 86400,
         "senders are counted anew each slot, from midnight UTC"),
    ITEM("evaluate-every", PRAC_CONF_DURATION, evaluate_ns, 60, 86400, 3600,
         "judged so often while the slot runs; the slot must be a multiple of it"),
    ITEM("history", PRAC_CONF_INT, history, 3, SURGE_HISTORY_MAX, 28,
         "slots that say what is usual"),
    ITEM("min-history", PRAC_CONF_INT, min_history, 3, SURGE_HISTORY_MAX, 14,
         "slots that must have passed before anything is judged"),
    ITEM("z", PRAC_CONF_REAL, z, 1, 1e6, 8, "robust z from which it is a surge"),
    ITEM(
        "sensor-z", PRAC_CONF_REAL, sensor_z, 0, 1e6, 16,
        "robust z from which it is a surge at one sensor, when it is none over all; 0: not judged"),
    ITEM("min-sources", PRAC_CONF_INT, min_sources, 1, 1e9, 15, "and at least so many senders"),
    ITEM("grown", PRAC_CONF_REAL, grown, 1.01, 1000, 1.25,
         "a surge is said again within its slot when it has grown by this factor, and at its end"),
    ITEM("high", PRAC_CONF_REAL, high_z, 1, 1e9, 20, "z from which a surge is high"),
    ITEM("critical", PRAC_CONF_REAL, critical_z, 1, 1e9, 200, "z from which it is critical"),
    ITEM("established", PRAC_CONF_REAL, established, 0.5, 1, 0.5,
         "share of the history in which a sensor must have been up to raise a surge"),
    ITEM("complete", PRAC_CONF_REAL, complete, 0.01, 1, 0.5,
         "share of a slot that must be seen for the slot to be history, and a sensor up in it"),
    ITEM("exact", PRAC_CONF_INT, exact, 64, 1048576, 1024,
         "senders of one key that are kept one by one before they are estimated"),
    ITEM("max-keys", PRAC_CONF_INT, max_keys, 16, 1048576, 140000,
         "countries, ports and networks followed"),
    ITEM("memory", PRAC_CONF_SIZE, memory, 1048576, 1099511627776.0, 268435456,
         "limit for all sets of senders; from half of it on they are kept shorter"),
    WORDS("dims", dims, "country,port,as", "what is counted: country, port, as"),
    WORDS("home", home, "",
          "sensors at home, by name: what surges at the others only is said as seen abroad"),
    WORDS("ignore", ignore, "backscatter,spoofed,bogon",
          "rows with one of these marks do not count"),
};
const struct prac_conf_section surge_conf_section = {
    .path = "engine.surge",
    .about = "many more different senders than usual",
    .items = conf_items,
    .n_items = PRAC_ARRAY_LEN(conf_items),
    .size = sizeof(struct surge_conf),
};
static const struct prac_counter_def counter_defs[] = {
#define X(id, name, unit, help, kind) {name, unit, help, kind},
    SURGE_COUNTERS(X)
#undef X
};

static int64_t slot_ns(const void *conf)
{
  return ((const struct surge_conf *)conf)->evaluate_ns;
}

static const char *const dim_words[SURGE_DIM_COUNT_] = {"country", "port", "as"};

static prac_rc words_read(struct surge_state *s, const struct surge_conf *c,
                          struct prac_err *reterr)
{
  for (size_t i = 0; i < c->dims.n; i++) {
    const char *w = c->dims.v[i];
    int dim = 0;
    while (dim < SURGE_DIM_COUNT_ && strcmp(w, dim_words[dim]) != 0) dim++;
    if (dim == SURGE_DIM_COUNT_)
      return PRAC_FAIL(reterr, PRAC_RANGE, "dims: \"%s\" is not country, port or as", w);
    s->dims[dim] = true;
  }
  return eng_marks_read(&c->ignore, "ignore", &s->ignore, reterr);
}

static prac_rc open(void *st, const struct eng_env *env, struct prac_err *reterr)
{
  struct surge_state *s = st;
  const struct surge_conf *c = env->conf;
  s->conf = c;
  s->slot = PRAC_TIME_NONE;
  s->geo_age = UINT32_MAX;
  s->room = (struct surge_room){.max_bytes = (uint64_t)c->memory,
                                .exact_max = (uint32_t)c->exact,
                                .seed = prac_rng_u64(env->rng) ^ env->secret};
  if (c->slot_ns % c->evaluate_ns != 0 || c->slot_ns / c->evaluate_ns > 1024)
    return PRAC_FAIL(reterr, PRAC_RANGE, "slot must be a multiple of evaluate-every, up to 1024");
  if (c->min_history > c->history)
    return PRAC_FAIL(reterr, PRAC_RANGE, "min-history must not exceed history");
  s->sensors = calloc(SURGE_SENSORS, sizeof *s->sensors);
  if (!s->sensors) return PRAC_FAIL(reterr, PRAC_NOMEM, "sensors: out of memory");
  return words_read(s, c, reterr);
}

static void close(void *st)
{
  struct surge_state *s = st;
  if (!s->conf) return;
  surge_keys_done(s);
  free(s->sensors);
  s->sensors = NULL;
}

/* ---- counting ---- */

struct seen {
  const struct flow_batch *b;
  const struct surge_sensor *sensor;
  uint64_t bit; /* of the sensor, when among the first SURGE_NAMED */
};

static prac_rc count_row(struct surge_state *s, const struct seen *in, uint32_t i, uint64_t what,
                         uint32_t partner, const struct eng_env *env)
{
  struct surge_key *k = surge_key_touch(s, what);
  if (!k) {
    prac_count(&env->counters[SURGE_COUNT_NO_KEY], 1);
    return PRAC_OK;
  }
  k->packets += in->b->packets[i];
  k->sensors |= in->bit;
  if (in->b->country[i] > k->country) k->country = in->b->country[i];
  struct surge_set *set = in->sensor && in->sensor->established ? &k->est : &k->other;
  const struct surge_source x = {in->b->src[i], partner, in->b->packets[i], in->bit};
  return surge_set_add(set, &x, &s->room);
}

/* Type and code make the port of ICMP, as everywhere in records. */
static uint32_t port_of(const struct flow_batch *b, uint32_t i)
{
  uint32_t proto = b->proto[i], port = b->dport[i];
  if (proto == 1 || proto == 58) port = (b->sport[i] & 0xffu) << 8 | (b->dport[i] & 0xffu);
  return proto << 16 | port;
}

static void geography(struct surge_state *s, struct surge_sensor *x, const struct flow_batch *b)
{
  if (!x || !b->geo || !b->geo[0]) return;
  uint64_t h = prac_hash_bytes(3, b->geo, strlen(b->geo)) | 1;
  if (x->geo && x->geo != h) s->geo_age = 0;
  x->geo = h;
}

static prac_rc feed_row(struct surge_state *s, const struct seen *in, uint32_t i,
                        const struct eng_env *env)
{
  const struct flow_batch *b = in->b;
  uint32_t country = b->country[i], port = port_of(b, i), asn = b->asn[i];
  bool has_port = !(b->marks[i] & (FLOW_FRAGMENT | FLOW_BAD));
  if (s->dims[SURGE_COUNTRY] && country)
    PRAC_TRY(count_row(s, in, i, surge_what(SURGE_COUNTRY, country), port, env));
  if (s->dims[SURGE_PORT] && has_port)
    PRAC_TRY(count_row(s, in, i, surge_what(SURGE_PORT, port), country, env));
  if (s->dims[SURGE_AS] && asn) PRAC_TRY(count_row(s, in, i, surge_what(SURGE_AS, asn), port, env));
  return PRAC_OK;
}

static prac_rc feed(void *st, const struct flow_batch *b, const struct eng_env *env)
{
  struct surge_state *s = st;
  struct surge_sensor *x = surge_sensor_named(s, b->sensor);
  if (s->slot == PRAC_TIME_NONE || b->minute >= s->slot + s->conf->slot_ns)
    s->slot =
        prac_time_floor(b->minute, s->conf->slot_ns); /* first of all, or after long nothing */
  if (x) x->now = true;
  geography(s, x, b);
  ptrdiff_t nth = x ? x - s->sensors : SURGE_NAMED;
  const struct seen in = {b, x, nth < SURGE_NAMED ? UINT64_C(1) << nth : 0};
  uint64_t ignored = 0;
  for (uint32_t i = 0; i < b->n; i++) {
    if (b->marks[i] & s->ignore) {
      ignored++;
      continue;
    }
    PRAC_TRY(feed_row(s, &in, i, env));
  }
  prac_count(&env->counters[SURGE_COUNT_ROWS], b->n - ignored);
  prac_count(&env->counters[SURGE_COUNT_IGNORED], ignored);
  return PRAC_OK;
}

/* ---- judging ---- */

static bool judged(const struct surge_state *s, const struct surge_key *k, struct surge_judged *j)
{
  double hist[SURGE_HISTORY_MAX], work[SURGE_HISTORY_MAX];
  j->value = (double)surge_set_count(&k->est);
  j->scope = SURGE_ALL;
  if (s->n_hist < (uint32_t)s->conf->min_history) return false;
  surge_key_history(s, k, hist);
  surge_add_missing(s, k, UINT64_MAX, hist);
  j->usual = math_usual_of(hist, s->n_hist, work);
  j->z = math_robust_z(j->value, j->usual, 1);
  return j->value >= (double)s->conf->min_sources && j->z >= s->conf->z;
}

/* Said when it begins, when it has grown by `grown`, and with the slot's last count. */
static bool is_news(const struct surge_state *s, double said, double value, bool last)
{
  return said <= 0 || value >= (last ? said + 1 : said * s->conf->grown);
}

/* A network of a country that surges is part of that story. */
static bool is_part(const struct surge_state *s, const struct surge_key *k)
{
  if (surge_dim_of(k) != SURGE_AS || k->on) return false;
  const struct surge_key *country = surge_key_find(s, surge_what(SURGE_COUNTRY, k->country));
  return country && country->holds;
}

static prac_rc judge(struct surge_state *s, struct surge_key *k, prac_time to,
                     const struct eng_env *env, struct eng_out *out)
{
  bool last = to == s->slot + s->conf->slot_ns;
  struct surge_judged j = {0};
  if (k->est.n < (uint32_t)s->conf->min_sources && !k->est.many) return PRAC_OK;
  if (is_part(s, k) || (!judged(s, k, &j) && !surge_sensor_judged(s, k, &j))) return PRAC_OK;
  k->holds = true;
  k->to = to;
  if (!k->on) {
    k->on = true;
    k->from = s->slot;
    s->surges++;
  }
  if (!is_news(s, k->said, j.value, last)) return PRAC_OK;
  k->said = j.value;
  return surge_say(s, k, &j, env, out);
}

/* The same for what only the sensors abroad see. */
static prac_rc judge_abroad(struct surge_state *s, struct surge_key *k, prac_time to,
                            const struct eng_env *env, struct eng_out *out)
{
  bool last = to == s->slot + s->conf->slot_ns;
  struct surge_judged j, home;
  if (k->est.n < (uint32_t)s->conf->min_sources && !k->est.many) return PRAC_OK;
  if (!surge_abroad_judged(s, k, &j, &home)) return PRAC_OK;
  k->abroad_holds = true;
  k->abroad_to = to;
  if (!k->abroad_on) k->abroad_from = s->slot;
  k->abroad_on = true;
  if (!is_news(s, k->abroad_said, j.value, last)) return PRAC_OK;
  k->abroad_said = j.value;
  return surge_say_abroad(s, k, &j, &home, env, out);
}

/* A surge is over when a whole slot has passed without it. */
static prac_rc end(struct surge_state *s, struct surge_key *k, const struct eng_env *env,
                   struct eng_out *out)
{
  struct surge_judged j = {.scope = SURGE_ALL};
  (void)judged(s, k, &j);
  k->on = false;
  s->surges--;
  return surge_say(s, k, &j, env, out);
}

static void heard(struct surge_state *s)
{
  bool any = false;
  for (uint32_t i = 0; i < s->n_sensors; i++) {
    struct surge_sensor *x = &s->sensors[i];
    any |= x->now;
    x->heard += x->now;
    x->now = false;
  }
  s->intervals += any;
}

static prac_rc slot_end(struct surge_state *s, const struct eng_env *env, struct eng_out *out)
{
  for (uint32_t i = 0; i < s->n_keys; i++) {
    struct surge_key *k = &s->keys[i];
    if (k->on && !k->holds) PRAC_TRY(end(s, k, env, out));
    if (!k->abroad_on || k->abroad_holds) continue;
    k->abroad_on = false;
    const struct surge_judged none = {0};
    PRAC_TRY(surge_say_abroad(s, k, &none, &none, env, out));
  }
  uint32_t had = s->n_hist, head = s->head;
  surge_sensors_turn(s);
  surge_keys_turn(s);
  if (s->n_hist == had && s->head == head) prac_count(&env->counters[SURGE_COUNT_SKIPPED], 1);
  s->intervals = 0;
  s->slot += s->conf->slot_ns;
  return PRAC_OK;
}

static prac_rc close_slot(void *st, struct prac_span slot, const struct eng_env *env,
                          struct eng_out *out, struct prac_err *reterr)
{
  (void)reterr;
  struct surge_state *s = st;
  heard(s);
  for (uint32_t i = 0; i < s->n_keys; i++)
    if (surge_dim_of(&s->keys[i]) != SURGE_AS) PRAC_TRY(judge(s, &s->keys[i], slot.to, env, out));
  for (uint32_t i = 0; s->dims[SURGE_AS] && i < s->n_keys; i++) /* now that countries are known */
    if (surge_dim_of(&s->keys[i]) == SURGE_AS) PRAC_TRY(judge(s, &s->keys[i], slot.to, env, out));
  for (uint32_t i = 0; s->home && i < s->n_keys; i++)
    PRAC_TRY(judge_abroad(s, &s->keys[i], slot.to, env, out));
  if (slot.to == s->slot + s->conf->slot_ns) PRAC_TRY(slot_end(s, env, out));
  uint64_t up = 0;
  for (uint32_t i = 0; i < s->n_sensors; i++) up += s->sensors[i].established;
  prac_gauge(&env->counters[SURGE_COUNT_UP], up);
  prac_gauge(&env->counters[SURGE_COUNT_KEYS], s->n_keys);
  prac_gauge(&env->counters[SURGE_COUNT_BYTES], s->room.bytes);
  prac_gauge(&env->counters[SURGE_COUNT_NO_ROOM], s->room.refused);
  prac_gauge(&env->counters[SURGE_COUNT_SURGES], s->surges);
  return PRAC_OK;
}

const struct eng_ops eng_surge = {
    .name = "surge",
    .about = "many more different senders than usual, from a country or a network or to a port",
    .version = "3",
    .state_size = sizeof(struct surge_state),
    .conf = &surge_conf_section,
    .counters = counter_defs,
    .n_counters = PRAC_ARRAY_LEN(counter_defs),
    .slot_ns = slot_ns,
    .open = open,
    .feed = feed,
    .close_slot = close_slot,
    .save = surge_save,
    .load = surge_load,
    .close = close,
};
