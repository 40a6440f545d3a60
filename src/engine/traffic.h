/* engine/traffic.h — what one sensor heard in one slot, for engines that look at groups of hosts.
 *
 * rows      (source, destination, protocol, port, step): packets; the same row twice is one. TCP
 *           and UDP with ports only. In a hash table whose seed strangers cannot know
 * cells     the rows without the destination, sources joined to hosts (prefixes): sorted, with
 *           dense indexes for hosts and ports in rising order. Same rows in any order: the same
 *           cells
 * ports     whom a group of hosts knocks at, by the rule that Dark-TRACER judges with (see below)
 * limits    `max_rows`; what does not fit is counted and dropped. At most max_rows sources and
 *           destinations. 16 bytes a row at a load of 3/8 to 3/4, 22 a source, 20 a destination
 * cost      add: one or two cache misses a row; cells: five to eight passes over the rows
 * threads   one at a time
 * source    cells and ports: Dark-TRACER, Dark-GLASSO/online_portinfo.r (commit 1babe59): levels,
 *           ties of the last level kept, both shares of one-point concentration
 * checked   tests/unit/test_traffic.c: against slow counting, rows permuted, limits, restart
 */
#pragma once
#include "base/arena.h"
#include "model/flow.h"

enum {
  ENG_TRAFFIC_ROWS_MAX = 1 << 23,
  ENG_TRAFFIC_MINUTES_MAX = 1440,
  ENG_TRAFFIC_STEPS_MAX = 8640,
  ENG_TRAFFIC_WHO = 256
};
struct eng_traffic_conf {
  uint8_t v4_bits, v6_bits; /* a host is such a prefix: 1..32, 1..128 */
  bool syn_only;            /* TCP rows whose only flag is SYN; no UDP */
  int64_t step_ns;          /* a multiple of 10 s */
  uint32_t steps;           /* whole minutes together */
  uint32_t skip_marks;      /* enum flow_mark: rows with one of these do not count */
  size_t max_rows;
  uint64_t seed; /* of the hash tables; nothing that comes out depends on it */
};

struct eng_traffic_row {
  uint32_t src, dst;
  uint32_t what;    /* udp << 31 | port << 15 | step */
  uint32_t packets; /* 0: a free place */
};
struct eng_traffic_ips { /* addresses and their numbers, in order of arrival */
  struct prac_ip *v;
  uint16_t *country;
  uint32_t *slots; /* 1 + number; 0: free */
  uint32_t n, cap, n_slots;
};
struct eng_traffic {
  struct eng_traffic_conf conf;
  prac_time from;
  struct eng_traffic_row *rows;
  uint32_t n_rows, cap_rows;
  struct eng_traffic_ips src, dst;
  uint64_t heard[(ENG_TRAFFIC_MINUTES_MAX + 63) / 64];
  uint64_t refused, outside; /* rows: no room; not of this slot. Since init */
};
/* PRAC_RANGE: the settings above are not kept. */
PRAC_NODISCARD prac_rc eng_traffic_init(struct eng_traffic *t, const struct eng_traffic_conf *c,
                                        prac_time slot_from);
void eng_traffic_reset(struct eng_traffic *t, prac_time slot_from); /* empty, for another slot */
void eng_traffic_done(struct eng_traffic *t);                       /* also of all zero bytes */
/* A batch without rows counts as heard. */
PRAC_NODISCARD prac_rc eng_traffic_add(struct eng_traffic *t, const struct flow_batch *b);
uint32_t eng_traffic_minutes(const struct eng_traffic *t); /* minutes heard, of steps * step_ns */

struct eng_cell {
  uint32_t host, port; /* indexes into hosts[], ports[] */
  uint32_t step, packets;
};
struct eng_cells_work;
struct eng_cells {
  const struct eng_cell *v; /* sorted by (host, port, step), no two alike */
  size_t n;
  const uint32_t *first;       /* n_hosts + 1: host h has v[first[h]] .. v[first[h + 1] - 1] */
  const struct prac_ip *hosts; /* first address of each prefix, rising */
  const uint16_t *country;     /* of each host: where most of its packets come from; 0: unknown */
  const uint32_t *ports;       /* proto << 16 | port, rising */
  uint32_t n_hosts, n_ports, steps;
  uint64_t packets;
  struct eng_cells_work *work; /* for the functions below */
};
/* Everything lives in a (prac_arena_mark, _rewind: one sensor after the other in one space); t must
 * not change while the cells are in use. */
PRAC_NODISCARD prac_rc eng_traffic_cells(const struct eng_traffic *t, struct prac_arena *a,
                                         struct eng_cells *ret);

/* Which ports a group of hosts knocks at. Ports by hosts, most first: ATTACK while the port has at
 * least `pct` of the group and `hosts` of it; SURVEY with the share but fewer hosts; then the first
 * port below the share, and its ties, is WEAK. A port is a POINT instead when more than dst_pct of
 * its packets, and of its (host, destination) pairs, go to one destination each. */
struct eng_port_rule {
  double pct, dst_pct; /* 10 and 70 in Dark-GLASSO; 30 and 70 in Dark-NMF */
  uint32_t hosts;      /* 20; 2 */
  uint32_t max;        /* ports said at most; 0: 256 */
};
enum eng_port_level { ENG_PORT_ATTACK = 1, ENG_PORT_SURVEY, ENG_PORT_WEAK, ENG_PORT_POINT };
/* Which of several levels is said: attack before point before survey before weak. */
unsigned eng_port_worth(enum eng_port_level level);
struct eng_port_said {
  uint32_t port;  /* proto << 16 | port */
  uint32_t index; /* of it in cells.ports */
  uint32_t hosts;
  enum eng_port_level level;
  double pct;                            /* of the group, that sent to the port */
  double packets_one_dst, pairs_one_dst; /* per cent at the busiest destination */
  uint64_t packets;
};
struct eng_port_list {
  const struct eng_port_said *v; /* by hosts, most first, then by port */
  size_t n;
  uint32_t group; /* hosts in the group */
};
/* base: n_hosts bytes, not zero: in the group; NULL: all. In a; cost: the group's cells. The first
 * call of this or of eng_traffic_who leaves an index in a that later ones use: do not rewind behind
 * it while the cells are in use. */
PRAC_NODISCARD prac_rc eng_traffic_ports(const struct eng_traffic *t, const struct eng_cells *c,
                                         const uint8_t *base, const struct eng_port_rule *r,
                                         struct prac_arena *a, struct eng_port_list *ret);

/* The group's sources at one port, for a finding: addresses, not prefixes. */
struct eng_port_who {
  const struct prac_ip *ips; /* most packets first, then by address; at most ENG_TRAFFIC_WHO */
  uint32_t n;
  uint32_t sources;   /* all of them */
  uint32_t countries; /* different ones */
  uint16_t country;   /* with most of the sources, when it has more than half; 0: none has */
  uint64_t packets;
  double each;        /* median of the sources' packets */
  prac_time from, to; /* first step's start, last step's end */
};
PRAC_NODISCARD prac_rc eng_traffic_who(const struct eng_traffic *t, const struct eng_cells *c,
                                       const uint8_t *base, uint32_t port_index,
                                       struct prac_arena *a, struct eng_port_who *ret);

void eng_traffic_save(const struct eng_traffic *t, struct prac_wr *w);
/* Into one that was just made with the same settings (the core sees to that). PRAC_DAMAGED. */
PRAC_NODISCARD prac_rc eng_traffic_load(struct eng_traffic *t, struct prac_rd *r);
