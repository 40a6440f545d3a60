/* TODO why this engine exists. As made, it says when a slot holds more than `limit` packets. */
#include "engine/engine.h"

#include <stdio.h>

struct conf {
  struct eng_common common;
  int64_t slot_ns;
  int64_t limit;
};
static const struct prac_conf_item conf_items[] = {
    ENG_COMMON_ITEMS,
    {.key = "slot",
     .type = PRAC_CONF_DURATION,
     .offset = offsetof(struct conf, slot_ns),
     .lo = 60,
     .hi = 86400,
     .dflt = 600,
     .help = "how often it judges; whole minutes"},
    {.key = "limit",
     .type = PRAC_CONF_INT,
     .offset = offsetof(struct conf, limit),
     .lo = 1,
     .hi = 1e12,
     .dflt = 1e6,
     .help = "packets in a slot above which it speaks"},
};
static const struct prac_conf_section conf_section = {
    .path = "engine.@name@",
    .about = "TODO what it finds, in a few words",
    .items = conf_items,
    .n_items = PRAC_ARRAY_LEN(conf_items),
    .size = sizeof(struct conf),
};

enum { COUNT_ROWS };
static const struct prac_counter_def counter_defs[] = {
    [COUNT_ROWS] = {"rows", "rows", "Flow rows that were looked at.", PRAC_COUNTER},
};

struct state {
  uint64_t packets; /* in the open slot */
  bool on;
};

static int64_t slot_ns(const void *conf)
{
  const struct conf *c = conf;
  return prac_time_floor(c->slot_ns, PRAC_MIN);
}

static prac_rc open(void *st, const struct eng_env *env, struct prac_err *reterr)
{
  (void)st;
  (void)env;
  (void)reterr;
  return PRAC_OK;
}

static prac_rc feed(void *st, const struct flow_batch *b, const struct eng_env *env)
{
  struct state *s = st;
  for (uint32_t i = 0; i < b->n; i++) s->packets += b->packets[i];
  prac_count(&env->counters[COUNT_ROWS], b->n);
  return PRAC_OK;
}

static prac_rc close_slot(void *st, struct prac_span slot, const struct eng_env *env,
                          struct eng_out *out, struct prac_err *reterr)
{
  (void)reterr;
  struct state *s = st;
  const struct conf *c = env->conf;
  uint64_t packets = s->packets;
  bool on = packets > (uint64_t)c->limit, was_on = s->on;
  char text[160];
  s->packets = 0;
  s->on = on;
  if (!on && !was_on) return PRAC_OK;
  (void)snprintf(text, sizeof text, "%llu packets, and %lld is the limit.",
                 (unsigned long long)packets, (long long)c->limit);
  const struct finding f = {
      .key = "all",
      .kind = "@name@",
      .state = on ? "on" : "off",
      .from = slot.from,
      .to = slot.to,
      .level = 1,
      .score = (double)packets / (double)c->limit,
      .value = (double)packets,
      .baseline = (double)c->limit,
      .unit = "packets",
      .packets = packets,
      .text = text,
      .flows = "limit=20",
  };
  return eng_say(out, &f);
}

static prac_rc save(const void *st, struct prac_wr *w)
{
  const struct state *s = st;
  prac_wr_u64le(w, s->packets);
  prac_wr_u8(w, s->on);
  return w->bad ? PRAC_NOSPACE : PRAC_OK;
}

static prac_rc load(void *st, struct prac_rd *r)
{
  struct state *s = st;
  s->packets = prac_rd_u64le(r);
  uint8_t on = prac_rd_u8(r);
  s->on = on == 1;
  return r->bad || on > 1 || prac_rd_left(r) ? PRAC_DAMAGED : PRAC_OK;
}

static void close(void *st)
{
  (void)st;
}

const struct eng_ops eng_@name@ = {
    .name = "@name@",
    .about = "TODO what it finds, in one sentence",
    .version = "1",
    .state_size = sizeof(struct state),
    .conf = &conf_section,
    .counters = counter_defs,
    .n_counters = PRAC_ARRAY_LEN(counter_defs),
    .slot_ns = slot_ns,
    .open = open,
    .feed = feed,
    .close_slot = close_slot,
    .save = save,
    .load = load,
    .close = close,
};
