/* Settings, with the published ones as defaults where they have proven themselves (README.md). */
#include <stdlib.h>
#include <string.h>

#include "engine/tensor/tensor.h"

static const char *const scales[] = {"log", "raw", NULL};

#define ITEM(k, t, field, l, h, d, text)                                                           \
  {                                                                                                \
    .key = (k), .type = (t), .offset = offsetof(struct tensor_conf, field), .lo = (l), .hi = (h),  \
    .dflt = (d), .help = (text)                                                                    \
  }
#define WORDS(k, field, d, text)                                                                   \
  {                                                                                                \
    .key = (k), .type = PRAC_CONF_STRINGS, .offset = offsetof(struct tensor_conf, field),          \
    .sdflt = (d), .help = (text)                                                                   \
  }
#define FLAG(k, field, d, text)                                                                    \
  {                                                                                                \
    .key = (k), .type = PRAC_CONF_BOOL, .offset = offsetof(struct tensor_conf, field), .hi = 1,    \
    .dflt = (d), .help = (text)                                                                    \
  }
static const struct prac_conf_item conf_items[] = {
    ENG_COMMON_ITEMS,
    ITEM("slot", PRAC_CONF_DURATION, slot_ns, 60, 21600, 600, "how often a window is judged"),
    ITEM("window", PRAC_CONF_DURATION, window_ns, 240, 86400, 1800,
         "what is judged: so much of the past; 1 to 12 slots"),
    ITEM("step", PRAC_CONF_DURATION, step_ns, 10, 3600, 60,
         "in which hosts are together or not; a multiple of 10 s"),
    ITEM("ipv4-bits", PRAC_CONF_INT, v4_bits, 8, 32, 16, "of an IPv4 source that make a host"),
    ITEM("ipv6-bits", PRAC_CONF_INT, v6_bits, 16, 128, 48, "of an IPv6 source that make a host"),
    FLAG("syn-only", syn_only, 0,
         "whether only TCP SYN count, as published; otherwise all of TCP and UDP"),
    WORDS("skip", skip, "backscatter,spoofed,bogon", "rows with one of these marks do not count"),
    WORDS("ignore-ports", ignore_ports, "", "ports that never count: 23/tcp,445/tcp"),
    ITEM("min-count", PRAC_CONF_INT, min_count, 1, 1e6, 2,
         "packets of a host to a port in a step that make a cell"),
    {.key = "scale",
     .type = PRAC_CONF_ENUM,
     .offset = offsetof(struct tensor_conf, scale),
     .words = scales,
     .help = "of a cell: log2(1 + packets), or raw packets (then a few heavy senders are all that "
             "is explained)"},
    FLAG("steady", steady, 0,
         "whether what a host sends to a port in more than half of the steps stays in its cells"),
    ITEM("rank-time", PRAC_CONF_INT, rank_time, 1, 16, 5, "components of time"),
    ITEM("rank-source", PRAC_CONF_INT, rank_source, 1, 16, 5, "components of hosts"),
    ITEM("rank-port", PRAC_CONF_INT, rank_port, 1, 16, 5, "components of ports"),
    ITEM("starts", PRAC_CONF_INT, starts, 1, 64, 4,
         "from how many beginnings the decomposition is tried"),
    ITEM("max-sweeps", PRAC_CONF_INT, max_sweeps, 10, 1000, 60, "of the decomposition, at most"),
    ITEM("tolerance", PRAC_CONF_REAL, tolerance, 1e-12, 0.1, 1e-5,
         "it has settled when a sweep explains less than this share more"),
    WORDS("thresholds", thresholds, "otsu,0.05,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9",
          "of a host's weight in a component, from which it belongs to it: otsu, or numbers"),
    ITEM("host-pct", PRAC_CONF_REAL, host_pct, 0.1, 100, 10,
         "per cent of a component's hosts that must knock at a port"),
    ITEM("hosts", PRAC_CONF_INT, hosts, 2, 1e6, 20,
         "and at least so many hosts; with fewer it is a survey"),
    ITEM("dst-pct", PRAC_CONF_REAL, dst_pct, 1, 100, 70,
         "per cent of packets and pairs at one address of ours that make it a single target"),
    ITEM("z", PRAC_CONF_REAL, z, 0, 1e6, 10,
         "how far all hosts at the port must be from going their own ways, in deviations"),
    ITEM("correlation", PRAC_CONF_REAL, correlation, 0, 1, 0.15,
         "by how much the group's hosts must agree more than other hosts do: mean correlation"),
    ITEM("support", PRAC_CONF_REAL, support, 0, 1, 0.5,
         "share of the group's hosts that must follow from the times of all hosts at the port"),
    ITEM("port-pct", PRAC_CONF_REAL, port_pct, 0, 100, 10,
         "per cent of all hosts at the port that must be in step"),
    ITEM("packets-each", PRAC_CONF_REAL, each, 0, 1e6, 1.5,
         "and so many packets of the median address at the port: forged senders have one each; 0: "
         "as published"),
    ITEM("high-hosts", PRAC_CONF_INT, high_hosts, 2, 1e6, 100, "hosts from which a group is high"),
    ITEM("high-sensors", PRAC_CONF_INT, high_sensors, 2, 1000, 3, "or so many sensors that see it"),
    FLAG("weak", weak, 0, "whether ports are said whose hosts are not in step"),
    ITEM("quiet-slots", PRAC_CONF_INT, quiet_slots, 1, ENG_GROUPS_QUIET_MAX, 3,
         "a group is over when it was not found in so many slots"),
    ITEM("complete", PRAC_CONF_REAL, complete, 0.1, 1, 0.9,
         "share of a window's minutes in which the sensor must be heard"),
    ITEM("max-rows", PRAC_CONF_INT, max_rows, 1024, ENG_TRAFFIC_ROWS_MAX, 1048576,
         "rows of one window of one sensor"),
    ITEM("max-cells", PRAC_CONF_INT, max_cells, 1024, 4194304, 262144,
         "cells of a decomposition: with more, only the larger ones"),
    ITEM("max-sensors", PRAC_CONF_INT, max_sensors, 1, 4096, 64, "sensors followed"),
    ITEM("max-groups", PRAC_CONF_INT, max_stories, 16, 65536, 1024, "groups followed"),
};
const struct prac_conf_section tensor_conf_section = {
    .path = "engine.tensor",
    .about = "hosts that knock at the same port at the same times",
    .items = conf_items,
    .n_items = PRAC_ARRAY_LEN(conf_items),
    .size = sizeof(struct tensor_conf),
};

static int rising_port(const void *pa, const void *pb)
{
  const uint32_t *a = pa, *b = pb;
  return *a < *b ? -1 : *a > *b;
}
static prac_rc ports_read(struct tensor_state *s, struct prac_err *reterr)
{
  size_t n = s->conf->ignore_ports.n;
  uint32_t *v = calloc(n + 1, sizeof *v);
  if (!v) return PRAC_FAIL(reterr, PRAC_NOMEM, "ignore-ports: out of memory");
  s->ignored = v;
  s->n_ignored = n;
  for (size_t i = 0; i < n; i++) {
    const char *word = s->conf->ignore_ports.v[i];
    char *end = NULL;
    unsigned long port = strtoul(word, &end, 10);
    uint32_t proto = strcmp(end, "/tcp") == 0 ? 6 : strcmp(end, "/udp") == 0 ? 17 : 0;
    if (end == word || port > 65535 || !proto)
      return PRAC_FAIL(reterr, PRAC_RANGE, "ignore-ports: \"%s\" is not like 23/tcp", word);
    v[i] = proto << 16 | (uint32_t)port;
  }
  qsort(v, n, sizeof *v, rising_port);
  return PRAC_OK;
}

static int rising_level(const void *pa, const void *pb)
{
  const double *a = pa, *b = pb;
  return *a < *b ? -1 : *a > *b;
}
static prac_rc levels_read(struct tensor_state *s, struct prac_err *reterr)
{
  for (size_t i = 0; i < s->conf->thresholds.n; i++) {
    const char *word = s->conf->thresholds.v[i];
    char *end = NULL;
    if (strcmp(word, "otsu") == 0) {
      s->otsu = true;
      continue;
    }
    double level = strtod(word, &end);
    if (end == word || *end || !(level > 0 && level <= 1))
      return PRAC_FAIL(reterr, PRAC_RANGE, "thresholds: \"%s\" is neither otsu nor in 0..1", word);
    if (s->n_levels == TENSOR_LEVELS_MAX)
      return PRAC_FAIL(reterr, PRAC_RANGE, "thresholds: more than %d", TENSOR_LEVELS_MAX);
    s->levels[s->n_levels++] = level;
  }
  qsort(s->levels, s->n_levels, sizeof *s->levels, rising_level);
  if (s->n_levels == 0 && !s->otsu) return PRAC_FAIL(reterr, PRAC_RANGE, "thresholds: none");
  return PRAC_OK;
}

prac_rc tensor_conf_read(struct tensor_state *s, struct prac_err *reterr)
{
  const struct tensor_conf *c = s->conf;
  if (c->slot_ns % PRAC_MIN || c->window_ns % c->slot_ns || c->window_ns % c->step_ns ||
      c->step_ns % (10 * PRAC_SEC))
    return PRAC_FAIL(reterr, PRAC_RANGE,
                     "slot must be whole minutes, window a multiple of slot and of step, step a "
                     "multiple of 10 s");
  if (c->window_ns / c->slot_ns > TENSOR_WINDOWS_MAX || c->window_ns / c->step_ns > 1024)
    return PRAC_FAIL(reterr, PRAC_RANGE, "window: at most %d slots and 1024 steps",
                     TENSOR_WINDOWS_MAX);
  s->traffic = (struct eng_traffic_conf){.v4_bits = (uint8_t)c->v4_bits,
                                         .v6_bits = (uint8_t)c->v6_bits,
                                         .syn_only = c->syn_only,
                                         .step_ns = c->step_ns,
                                         .steps = (uint32_t)(c->window_ns / c->step_ns),
                                         .max_rows = (size_t)c->max_rows};
  PRAC_TRY(eng_marks_read(&s->conf->skip, "skip", &s->traffic.skip_marks, reterr));
  PRAC_TRY(ports_read(s, reterr));
  return levels_read(s, reterr);
}
