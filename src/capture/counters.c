/* The counters' names: small letters, as Prometheus has them, which no macro can make from the
 * names in model/flow.h. The assertions say when a mark or a tool has been added there. */
#include "capture/core.h"

/* name of the counter, of the mark */
#define MARKS(X)                                                                                   \
  X(zmap_old, ZMAP_OLD)                                                                            \
  X(zmap, ZMAP)                                                                                    \
  X(masscan, MASSCAN)                                                                              \
  X(masscan_old, MASSCAN_OLD)                                                                      \
  X(mirai, MIRAI)                                                                                  \
  X(unicornscan, UNICORNSCAN)                                                                      \
  X(nmap, NMAP)                                                                                    \
  X(irregular, IRREGULAR)                                                                          \
  X(backscatter, BACKSCATTER)                                                                      \
  X(quoted, QUOTED)                                                                                \
  X(quote_mismatch, QUOTE_MISMATCH)                                                                \
  X(spoofed, SPOOFED)                                                                              \
  X(bogon, BOGON)                                                                                  \
  X(survey, SURVEY)                                                                                \
  X(fragment, FRAGMENT)                                                                            \
  X(truncated, TRUNCATED)                                                                          \
  X(bad, BAD)                                                                                      \
  X(payload, PAYLOAD)

#define TOOLS(X)                                                                                   \
  X(none, NONE)                                                                                    \
  X(zmap, ZMAP)                                                                                    \
  X(masscan, MASSCAN)                                                                              \
  X(mirai, MIRAI)                                                                                  \
  X(unicornscan, UNICORNSCAN)                                                                      \
  X(nmap, NMAP)

#define X(name, bit, word, help) static const char about_##name[] = "in rows marked so: " help;
FLOW_MARKS(X)
#undef X

const struct prac_counter_def cap_counter_defs[] = {
#define X(name, unit, help) {#name, unit, help, PRAC_COUNTER},
    CAP_COUNTERS(X)
#undef X
#define X(name, mark) {"mark_" #name, "packets", about_##mark, PRAC_COUNTER},
        MARKS(X)
#undef X
#define X(name, tool)                                                                              \
  {"tool_" #name, "packets", "in rows with the tool label " #name, PRAC_COUNTER},
            TOOLS(X)
#undef X
};
const size_t cap_counter_count = PRAC_ARRAY_LEN(cap_counter_defs);
_Static_assert(PRAC_ARRAY_LEN(cap_counter_defs) == CAP_COUNT_COUNT_, "one name a counter");

enum { /* in the order of the bits and of the tools */
#define X(name, mark) AT_##mark,
       MARKS(X)
#undef X
           MARKS_COUNT,
#define X(name, tool) TOOL_##tool,
       TOOLS(X)
#undef X
};
#define X(name, bit, word, help)                                                                   \
  _Static_assert((bit) == AT_##name, "marks are in the order of bits");
FLOW_MARKS(X)
#undef X
#define X(name, word)                                                                              \
  _Static_assert((int)FLOW_TOOL_##name == (int)TOOL_##name - MARKS_COUNT - 1, "tools in order");
FLOW_TOOLS(X)
#undef X
