/* app/tool_list.h — which sources were labelled with which tool, gathered from flow batches. */
#pragma once
#include "model/flow.h"

struct tool_entry {
  struct prac_ip source;
  uint64_t packets;
  uint8_t tool; /* enum flow_tool */
};
struct tool_list {
  struct tool_entry *v; /* owned */
  size_t n, cap;
};
/* Grows with labelled sources a batch; PRAC_FULL beyond 4 million. */
PRAC_NODISCARD prac_rc tool_list_add(struct tool_list *l, const struct flow_batch *b);
/* Sorted by source and tool, each pair once. */
void tool_list_settle(struct tool_list *l);
void tool_list_done(struct tool_list *l);
