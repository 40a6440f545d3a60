/* model/flow.h — who sent what to whom, at one sensor, in one minute.
 *
 * A row is one (10-second step, src, dst, proto, sport, dport): the step is part of the key, so
 * that counts in 10-s steps are exact for whoever reads (sliding windows of the flood detector,
 * 50-s samples of the synchrony engines). Rows travel in batches: one sensor, one minute, columns,
 * sorted by (src, dst, proto, sport, dport, step): the same bytes whatever the number of threads.
 *
 * binary    header, then each column of FLOW_COLUMNS in order, 8-aligned, little-endian; a column
 *           that is zero in every row is left out. `level` 0: as it is (decoding borrows the
 *           bytes); 1..19: each column byte-shuffled, then zstd.
 * limits    FLOW_BATCH_MAX rows; a fuller minute is several batches with rising `part`
 * fails     PRAC_MALFORMED / PRAC_DAMAGED on any length, count or checksum that does not fit
 */
#pragma once
#include "model/field.h"

enum { FLOW_BATCH_MAX = 1 << 20, FLOW_STEP_MS = 10000 };

/* Set at capture, before any anonymisation. A tool bit says "every packet of this row matches";
 * `tool` is the label, given only after several agreeing packets of the source (see capture/). */
#define FLOW_MARKS(X)                                                                              \
  X(ZMAP_OLD, 0, "zmap-old", "IP ID 54321, window 65535: ZMap before March 2024")                  \
  X(ZMAP, 1, "zmap", "window 65535 and one of today's ZMap option layouts, TTL high")              \
  X(MASSCAN, 2, "masscan", "IP ID equals dst ^ dport ^ seq")                                       \
  X(MASSCAN_OLD, 3, "masscan-old", "TTL >= 200, window 1024, no options")                          \
  X(MIRAI, 4, "mirai", "TCP sequence number equals the destination address")                       \
  X(UNICORNSCAN, 5, "unicornscan", "sequence ^ source ^ ports constant for the source")            \
  X(NMAP, 6, "nmap", "window 1024..4096, MSS 1460 only, one sequence number for the source")       \
  X(IRREGULAR, 7, "irregular-syn", "SYN with TTL > 200 or without options")                        \
  X(BACKSCATTER, 8, "backscatter", "an answer to a packet somebody sent in our name")              \
  X(QUOTED, 9, "quoted", "the victim was read from the packet that an ICMP error quotes")          \
  X(QUOTE_MISMATCH, 10, "quote-mismatch", "the quoted source is not the address this was sent to") \
  X(SPOOFED, 11, "spoofed", "the source is likely forged: odd flags, TTL, ports or address")       \
  X(BOGON, 12, "bogon", "the source lies in a range that is not routed")                           \
  X(SURVEY, 13, "survey", "the source is on a list of survey scanners")                            \
  X(FRAGMENT, 14, "fragment", "not the first fragment: no ports")                                  \
  X(TRUNCATED, 15, "truncated", "the capture holds less than the headers need")                    \
  X(BAD, 16, "bad", "lengths in the headers contradict each other")                                \
  X(PAYLOAD, 17, "payload", "carries application bytes")
enum flow_mark {
#define X(name, bit, word, help) FLOW_##name = 1u << (bit),
  FLOW_MARKS(X)
#undef X
};
/* The label, after several agreeing packets. */
#define FLOW_TOOLS(X)                                                                              \
  X(NONE, "")                                                                                      \
  X(ZMAP, "zmap")                                                                                  \
  X(MASSCAN, "masscan")                                                                            \
  X(MIRAI, "mirai")                                                                                \
  X(UNICORNSCAN, "unicornscan")                                                                    \
  X(NMAP, "nmap")
enum flow_tool {
#define X(name, word) FLOW_TOOL_##name,
  FLOW_TOOLS(X)
#undef X
      FLOW_TOOL_COUNT_
};
const char *flow_tool_text(enum flow_tool t); /* "" for NONE */
const char *flow_mark_text(unsigned bit);     /* NULL: no such bit */

/* C type, name, unit, sentence. Order is the binary order. */
#define FLOW_COLUMNS(C)                                                                            \
  C(uint16_t, first_ms, "ms", "first packet, since the batch's minute")                            \
  C(uint16_t, span_ms, "ms", "from the first to the last packet of the row")                       \
  C(struct prac_ip, src, "", "sender")                                                             \
  C(struct prac_ip, dst, "", "our address; leaves the core only in the operator's views")          \
  C(struct prac_ip, victim, "", "whom an ICMP error quotes; :: otherwise: then it is src")         \
  C(uint8_t, proto, "", "IANA protocol number")                                                    \
  C(uint8_t, tcp_flags, "", "all TCP flags seen, OR-ed")                                           \
  C(uint8_t, ttl, "", "TTL or hop limit of the first packet")                                      \
  C(uint8_t, tool, "", "enum flow_tool")                                                           \
  C(uint16_t, sport, "", "source port; ICMP: type")                                                \
  C(uint16_t, dport, "", "destination port; ICMP: code")                                           \
  C(uint16_t, window, "", "TCP window of the first packet")                                        \
  C(uint16_t, survey, "", "1 + index into the batch's lists; 0: on none")                          \
  C(uint16_t, country, "", "ISO 3166 letters, first << 8 | second; 0: unknown")                    \
  C(uint32_t, asn, "", "origin AS; 0: unknown")                                                    \
  C(uint32_t, marks, "", "enum flow_mark, OR-ed")                                                  \
  C(uint32_t, packets, "packets", "")                                                              \
  C(uint64_t, bytes, "bytes", "IP lengths summed")                                                 \
  C(uint64_t, payload, "", "hash of the first packet's first 64 payload bytes; 0: none")

struct flow_row {
#define C(type, name, unit, help) type name;
  FLOW_COLUMNS(C)
#undef C
};

/* Immutable once shared. Columns are borrowed from the batch's own block or the decoded bytes. */
struct flow_batch {
  const char *sensor; /* name, [a-z0-9-]{1,31} */
  prac_time minute;   /* start, a multiple of 60 s */
  uint32_t part;      /* 0.. within the minute */
  bool last;       /* the minute's last part: the sensor will send nothing earlier than its end */
  uint32_t n;      /* rows; 0: "I saw nothing" */
  const char *geo; /* what country and asn come from: "demo geography of 2026-06-17"; "" none */
  struct model_strs lists; /* survey lists: "acknowledged 2025-03-02" */
#define C(type, name, unit, help) const type *name;
  FLOW_COLUMNS(C)
#undef C
  void *block; /* owned: what the columns point into */
  _Atomic uint32_t refs;
};

/* A batch from rows in any order (padding bytes zero): sorted inside, everything is copied. */
PRAC_NODISCARD prac_rc flow_batch_new(const char *sensor, prac_time minute,
                                      const struct flow_row *rows, uint32_t n,
                                      struct flow_batch **ret);
/* Sets the header's texts; before sharing only. Copies. */
PRAC_NODISCARD prac_rc flow_batch_describe(struct flow_batch *b, const char *geo,
                                           struct model_strs lists);
/* A batch of the rows i with drop[i] == 0; header and texts as b's. */
PRAC_NODISCARD prac_rc flow_batch_without(const struct flow_batch *b, const uint8_t *drop,
                                          struct flow_batch **ret);
struct flow_batch *flow_batch_ref(struct flow_batch *b);
void flow_batch_unref(struct flow_batch **bp); /* NULL-safe, nulls */
struct flow_row flow_batch_row(const struct flow_batch *b, uint32_t i);

/* *ret_bytes is malloc'ed, owner: caller. */
PRAC_NODISCARD prac_rc flow_batch_encode(const struct flow_batch *b, int level, uint8_t **ret_bytes,
                                         size_t *ret_len);
/* Copies what it needs: data may go after the call. */
PRAC_NODISCARD prac_rc flow_batch_decode(const void *data, size_t len, struct flow_batch **ret,
                                         struct prac_err *reterr);
/* One row as JSON, with names for marks, tool, list, and the time in full. */
void flow_row_json(const struct flow_batch *b, uint32_t i, struct prac_json *j);
