/* engine/riskport/conf.h — what can be set, and what is counted. Defaults: riskport.c. */
#pragma once
#include "engine/engine.h"

struct risk_conf {
  struct eng_common common;
  int64_t slot_ns, long_ns, history_ns;
  int64_t min_history, min_sources, min_countries, min_destinations, max_pairs, memory;
  int64_t graph_ports, graph_window, min_risk, quiet;
  double per_source, theta, mads, tail_p, graph_p, graph_beta, graph_join, change_r,
      change_quantile, grown;
  double established;
  bool say_watch;
  struct prac_conf_strings ignore;
};
extern const struct prac_conf_section risk_conf_section;

#define RISK_COUNTERS(X)                                                                           \
  X(ROWS, "rows", "rows", "Flow rows counted.", PRAC_COUNTER)                                      \
  X(IGNORED, "ignored", "rows", "Rows left out: their marks, or neither TCP nor UDP.",             \
    PRAC_COUNTER)                                                                                  \
  X(SAMPLED, "slots_sampled", "slots",                                                             \
    "Slots with more (source, port) pairs than max-pairs: counted from a part of the sources.",    \
    PRAC_COUNTER)                                                                                  \
  X(REFUSED, "refused_entries", "entries",                                                         \
    "Hours of a port that the index had no room for; a rise means: raise memory.", PRAC_COUNTER)   \
  X(VERTICAL, "graph_sources_left_out", "sources",                                                 \
    "Sources that touched too many ports to say how ports belong together.", PRAC_COUNTER)         \
  X(EDGES, "graph_edges_refused", "edges", "Pairs of ports that the graph had no room for.",       \
    PRAC_COUNTER)                                                                                  \
  X(TURNS, "graph_alerts", "slots", "Slots in which the port graph as a whole had turned.",        \
    PRAC_COUNTER)                                                                                  \
  X(WATCH, "watch", "ports", "Ports that rose three slots in a row, not yet above their limit.",   \
    PRAC_COUNTER)                                                                                  \
  X(ABOVE, "above", "ports", "Ports above their limit, slot by slot.", PRAC_COUNTER)               \
  X(PORTS, "ports", "ports", "Ports with a history right now.", PRAC_GAUGE)                        \
  X(BYTES, "bytes", "bytes", "Memory of the index.", PRAC_GAUGE)                                   \
  X(UP, "sensors_established", "sensors", "Sensors that can raise a port.", PRAC_GAUGE)            \
  X(HISTORY, "history", "slots", "Slots in the history.", PRAC_GAUGE)
enum risk_counter {
#define X(id, name, unit, help, kind) RISK_COUNT_##id,
  RISK_COUNTERS(X)
#undef X
      RISK_COUNTER_COUNT_
};
