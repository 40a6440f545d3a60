/* Who is a survey scanner, who looks like malware: counted by source and day, told to the core row
 * by row so that all other engines read what is left. */
#include "engine/noise/noise.h"

#include <stdlib.h>
#include <string.h>

#define ITEM(k, t, field, l, h, d, text)                                                           \
  {                                                                                                \
    .key = (k), .type = (t), .offset = offsetof(struct noise_conf, field), .lo = (l), .hi = (h),   \
    .dflt = (d), .help = (text)                                                                    \
  }
static const struct prac_conf_item conf_items[] = {
    ENG_COMMON_ITEMS,
    ITEM("slot", PRAC_CONF_DURATION, slot_ns, 60, 86400, 3600, "findings are said so often"),
    ITEM("watch", PRAC_CONF_INT, watch, 1, 255, 20,
         "packets in a day from which a source is watched"),
    ITEM("max-sources", PRAC_CONF_INT, max_sources, 8, 16777216, 32768,
         "sources watched at the same time"),
    ITEM("min-ports", PRAC_CONF_INT, min_ports, 1, 500, 30,
         "different ports in a day that a survey scanner asks at least"),
    ITEM("min-destinations", PRAC_CONF_INT, min_destinations, 1, 1000000, 10,
         "different addresses of ours that it asks at least"),
    ITEM("coverage", PRAC_CONF_REAL, coverage, 0.001, 1, 0.1,
         "share of our addresses in a day that makes a scanner's fingerprint a survey"),
    ITEM("tool-share", PRAC_CONF_REAL, tool_share, 0.01, 1, 0.9,
         "share of a source's SYN packets that must have a scanner's fingerprint"),
    ITEM("volume", PRAC_CONF_REAL, volume, 0.001, 1e6, 1,
         "packets in a day for each of our addresses that make a survey without a fingerprint"),
    ITEM("mirai-packets", PRAC_CONF_INT, mirai_packets, 1, 1e9, 3,
         "packets in a day of a source that capture calls Mirai, to be malware-like"),
    ITEM("monitored", PRAC_CONF_INT, monitored, 0, 4294967296.0, 0,
         "number of our addresses, all sensors together; 0: learnt from what arrives"),
    ITEM("min-monitored", PRAC_CONF_INT, min_monitored, 1, 4294967296.0, 64,
         "fewer addresses of ours can judge by lists and Mirai only"),
    ITEM("expire", PRAC_CONF_DURATION, expire_ns, 86400, 31536000, 604800,
         "a label ends after so long without a day that confirms it"),
    ITEM("list-age", PRAC_CONF_DURATION, list_age_ns, 0, 315360000, 7776000,
         "a list older than this counts no more, only what a source does; 0: any age"),
    ITEM("say", PRAC_CONF_INT, say, 0, 256, 20,
         "changes of label said one by one in a slot, those with most packets"),
    {.key = "hide",
     .type = PRAC_CONF_STRINGS,
     .offset = offsetof(struct noise_conf, hide),
     .sdflt = "list,fingerprint,behaviour",
     .help = "survey scanners of these kinds are hidden from all other engines: list, fingerprint, "
             "behaviour"},
};
const struct prac_conf_section noise_conf_section = {
    .path = "engine.noise",
    .about = "survey scanners and malware-like sources, told apart",
    .items = conf_items,
    .n_items = PRAC_ARRAY_LEN(conf_items),
    .size = sizeof(struct noise_conf),
};
static const struct prac_counter_def counter_defs[] = {
#define X(id, name, unit, help, kind) {name, unit, help, kind},
    NOISE_COUNTERS(X)
#undef X
};

static int64_t slot_ns(const void *conf)
{
  return prac_time_floor(((const struct noise_conf *)conf)->slot_ns, PRAC_MIN);
}

static prac_rc hide_read(struct noise_state *s, const struct noise_conf *c, struct prac_err *reterr)
{
  for (size_t i = 0; i < c->hide.n; i++) {
    const char *w = c->hide.v[i];
    uint8_t why = strcmp(w, "list") == 0          ? NOISE_LIST
                  : strcmp(w, "fingerprint") == 0 ? NOISE_FINGERPRINT
                  : strcmp(w, "behaviour") == 0   ? NOISE_BEHAVIOUR
                                                  : 0;
    if (!why)
      return PRAC_FAIL(reterr, PRAC_RANGE, "hide: \"%s\" is not list, fingerprint or behaviour", w);
    s->hide |= why;
  }
  return PRAC_OK;
}

static prac_rc open(void *st, const struct eng_env *env, struct prac_err *reterr)
{
  struct noise_state *s = st;
  s->conf = env->conf;
  s->ours.look = PRAC_TIME_NONE;
  s->ours.day = INT64_MIN;
  prac_rc rc = noise_table_init(&s->table, (uint32_t)s->conf->max_sources, prac_rng_u64(env->rng));
  if (rc == PRAC_OK) rc = noise_sketch_init(&s->sketch);
  if (rc != PRAC_OK) return PRAC_FAIL(reterr, rc, "sources: out of memory");
  return hide_read(s, s->conf, reterr);
}

static void close(void *st)
{
  struct noise_state *s = st;
  noise_table_done(&s->table);
  noise_sketch_done(&s->sketch);
  prac_hll_done(&s->ours.today);
}

/* ---- counting ---- */

/* One batch: which of its lists are too old, and its place among sensors and days. */
struct looking {
  const struct flow_batch *b;
  int64_t day;
  uint64_t sensor; /* bit; 0: beyond the first NOISE_SENSORS */
};

/* "acknowledged 2025-03-02": the date stands at the end; a list without one does not age. */
static bool list_is_fresh(const struct noise_conf *c, const struct flow_batch *b, uint32_t list)
{
  prac_time date;
  const char *text = list <= b->lists.n ? b->lists.v[list - 1] : "";
  size_t n = strlen(text);
  if (c->list_age_ns == 0 || n < 10) return true;
  if (prac_time_parse(text + n - 10, 10, &date) != PRAC_OK) return true;
  return b->minute <= date || /* any two times: their distance may not fit a signed number */
         (uint64_t)b->minute - (uint64_t)date <= (uint64_t)c->list_age_ns;
}

static uint16_t list_number(struct noise_state *s, const struct flow_batch *b, uint32_t list)
{
  char text[NOISE_LIST_TEXT] = {0};
  if (list > b->lists.n) return 0;
  memcpy(text, b->lists.v[list - 1], strnlen(b->lists.v[list - 1], sizeof text - 1));
  for (uint32_t i = 0; i < s->n_lists; i++)
    if (strcmp(s->lists[i], text) == 0) return (uint16_t)(i + 1);
  if (s->n_lists == NOISE_LISTS) return 0;
  memcpy(s->lists[s->n_lists], text, sizeof text);
  return (uint16_t)++s->n_lists;
}

static uint64_t sensor_bit(struct noise_state *s, const char *name)
{
  for (uint32_t i = 0; i < s->n_sensors; i++)
    if (strcmp(s->sensors[i], name) == 0) return UINT64_C(1) << i;
  if (s->n_sensors == NOISE_SENSORS || strlen(name) >= NOISE_SENSOR_NAME) return 0;
  memcpy(s->sensors[s->n_sensors], name, strlen(name));
  return UINT64_C(1) << s->n_sensors++;
}

/* Answers to packets that others sent in our name say nothing of what their sender does. */
static bool is_own_doing(const struct flow_batch *b, uint32_t i)
{
  return !(b->marks[i] & (FLOW_BACKSCATTER | FLOW_SPOOFED | FLOW_BOGON));
}

static void add(uint32_t *to, uint32_t by)
{
  *to += by < UINT32_MAX - *to ? by : UINT32_MAX - *to;
}

static void count_row(struct noise_source *x, const struct flow_batch *b, uint32_t i)
{
  enum { TCP = 6, UDP = 17, SYN = 2, ACK = 16 };
  const uint32_t scanner =
      FLOW_ZMAP_OLD | FLOW_ZMAP | FLOW_MASSCAN | FLOW_MASSCAN_OLD | FLOW_IRREGULAR;
  uint32_t n = b->packets[i];
  bool ports = (b->proto[i] == TCP || b->proto[i] == UDP) && !(b->marks[i] & FLOW_FRAGMENT);
  add(&x->packets, n);
  add(&x->slot_packets, n);
  if (ports) noise_source_port(x, (uint32_t)b->proto[i] << 16 | b->dport[i], n);
  noise_source_dst(x, &b->dst[i]);
  if (b->tool[i] == FLOW_TOOL_MIRAI) add(&x->mirai, n);
  if (b->proto[i] != TCP || (b->tcp_flags[i] & (SYN | ACK)) != SYN) return;
  add(&x->syn, n);
  if (b->marks[i] & scanner) add(&x->tool, n);
}

/* How much a run says for a place among the watched: by its packets and those before, its lists,
 * its mark. SURE: it will have a label. */
enum worth { NOT, WORTH, SURE };
static enum worth worth_of(struct noise_state *s, const struct looking *in, uint32_t from,
                           uint32_t to, const struct eng_env *env)
{
  uint32_t packets = 0;
  bool sure = false;
  for (uint32_t i = from; i < to; i++) {
    if (!is_own_doing(in->b, i)) continue;
    add(&packets, in->b->packets[i]);
    sure |= in->b->tool[i] == FLOW_TOOL_MIRAI;
    if (!in->b->survey[i]) continue;
    bool fresh = list_is_fresh(s->conf, in->b, in->b->survey[i]);
    if (!fresh) prac_count(&env->counters[NOISE_COUNT_STALE], 1);
    sure |= fresh;
  }
  if (packets == 0) return NOT;
  uint32_t seen = noise_sketch_add(&s->sketch, s->table.seed, &in->b->src[from], in->day, packets);
  if (sure) return SURE;
  return seen >= (uint64_t)s->conf->watch ? WORTH : NOT;
}

/* The place of the run's source among the watched; NULL: it has none. */
static struct noise_source *watched(struct noise_state *s, const struct looking *in, uint32_t from,
                                    uint32_t to, const struct eng_env *env)
{
  uint8_t gone = ENG_LABEL_UNKNOWN;
  const struct prac_ip *ip = &in->b->src[from];
  enum worth worth = worth_of(s, in, from, to, env);
  struct noise_source *x = noise_table_find(&s->table, ip);
  if (x || worth == NOT) return x;
  x = noise_table_touch(&s->table, ip, in->day, worth == SURE, &gone);
  s->label_n[gone] -= gone != ENG_LABEL_UNKNOWN;
  return x;
}

/* Rows from..to-1 are of one source. */
static void count_run(struct noise_state *s, const struct looking *in, uint32_t from, uint32_t to,
                      const struct eng_env *env)
{
  const struct flow_batch *b = in->b;
  bool listed = false;
  struct noise_source *x = watched(s, in, from, to, env);
  if (!x) return;
  noise_source_day(x, in->day);
  for (uint32_t i = from; i < to; i++) {
    if (!is_own_doing(b, i)) continue;
    count_row(x, b, i);
    if (!b->survey[i] || !list_is_fresh(s->conf, b, b->survey[i])) continue;
    listed = true;
    x->list = list_number(s, b, b->survey[i]);
  }
  if (x->first == PRAC_TIME_NONE) x->first = b->minute;
  x->last = b->minute;
  x->sensors |= in->sensor;
  x->country = b->country[from];
  x->asn = b->asn[from];
  noise_judge(s, x, b->minute, listed);
}

static prac_rc feed(void *st, const struct flow_batch *b, const struct eng_env *env)
{
  struct noise_state *s = st;
  const struct looking in = {.b = b,
                             .day = prac_time_floor(b->minute, PRAC_DAY) / PRAC_DAY,
                             .sensor = b->n ? sensor_bit(s, b->sensor) : 0};
  PRAC_TRY(noise_ours_see(s, b));
  for (uint32_t from = 0, to; from < b->n; from = to) {
    for (to = from; to < b->n && prac_ip_eq(&b->src[to], &b->src[from]); to++)
      s->slot_packets += b->packets[to];
    count_run(s, &in, from, to, env);
  }
  prac_count(&env->counters[NOISE_COUNT_ROWS], b->n);
  return PRAC_OK;
}

/* ---- telling the core ---- */

/* Answers stay: a survey scanner that is flooded is a victim like any other. */
static prac_rc label(void *st, const struct flow_batch *b, uint8_t *ret, const struct eng_env *env)
{
  (void)env;
  const struct noise_state *s = st;
  const struct noise_source *x = NULL;
  for (uint32_t i = 0; i < b->n; i++) {
    if (i == 0 || !prac_ip_eq(&b->src[i], &b->src[i - 1]))
      x = noise_table_find(&s->table, &b->src[i]);
    if (!x || (b->marks[i] & FLOW_BACKSCATTER)) continue;
    if (x->label == ENG_LABEL_MALWARE) ret[i] = ENG_LABEL_MALWARE;
    if (x->label == ENG_LABEL_SURVEY && (x->why & s->hide)) ret[i] = ENG_LABEL_SURVEY;
  }
  return PRAC_OK;
}

static prac_rc close_slot(void *st, struct prac_span slot, const struct eng_env *env,
                          struct eng_out *out, struct prac_err *reterr)
{
  (void)reterr;
  struct noise_state *s = st;
  PRAC_TRY(noise_say(s, slot, env, out));
  s->slot_packets = 0;
  prac_gauge(&env->counters[NOISE_COUNT_WATCHED], s->table.n);
  prac_gauge(&env->counters[NOISE_COUNT_EVICTED], s->table.evicted);
  prac_gauge(&env->counters[NOISE_COUNT_SURVEY], s->label_n[ENG_LABEL_SURVEY]);
  prac_gauge(&env->counters[NOISE_COUNT_MALWARE], s->label_n[ENG_LABEL_MALWARE]);
  prac_gauge(&env->counters[NOISE_COUNT_OURS], noise_ours_count(s));
  return PRAC_OK;
}

const struct eng_ops eng_noise = {
    .name = "noise",
    .about = "survey scanners and malware-like sources, told apart from the rest",
    .version = "1",
    .state_size = sizeof(struct noise_state),
    .conf = &noise_conf_section,
    .counters = counter_defs,
    .n_counters = PRAC_ARRAY_LEN(counter_defs),
    .slot_ns = slot_ns,
    .open = open,
    .feed = feed,
    .close_slot = close_slot,
    .save = noise_save,
    .load = noise_load,
    .close = close,
    .label = label,
};
