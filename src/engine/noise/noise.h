/* engine/noise/noise.h — the state of the noise engine, shared by its files only.
 *
 * A source is watched once it has sent `watch` packets in a day, is on a list, or bears Mirai's
 * mark. Of a watched source this day's packets, ports, destinations and fingerprints are counted;
 * when they say survey or malware, it has that label from then on, until `expire` days have passed
 * without a confirmation.
 */
#pragma once
#include "base/hll.h"
#include "engine/engine.h"

enum {
  NOISE_WAYS = 8,
  NOISE_PORT_BITS = 512,
  NOISE_DST_REGISTERS = 128,
  NOISE_SKETCH_BITS = 20,
  NOISE_SENSORS = 64,
  NOISE_SENSOR_NAME = 32,
  NOISE_LISTS = 64,
  NOISE_LIST_TEXT = 64
};
struct noise_conf {
  struct eng_common common;
  int64_t slot_ns, watch, max_sources, min_ports, min_destinations, monitored, min_monitored;
  int64_t expire_ns, list_age_ns, mirai_packets, say;
  double coverage, volume, tool_share;
  struct prac_conf_strings hide;
};
extern const struct prac_conf_section noise_conf_section;

#define NOISE_COUNTERS(X)                                                                          \
  X(ROWS, "rows", "rows", "Flow rows looked at.", PRAC_COUNTER)                                    \
  X(WATCHED, "watched", "sources", "Sources that are watched right now.", PRAC_GAUGE)              \
  X(EVICTED, "evicted", "sources",                                                                 \
    "Sources not or no longer watched for want of places; a rise means: raise max-sources.",       \
    PRAC_COUNTER)                                                                                  \
  X(SURVEY, "survey", "sources", "Sources labelled survey right now.", PRAC_GAUGE)                 \
  X(MALWARE, "malware", "sources", "Sources labelled malware-like right now.", PRAC_GAUGE)         \
  X(WIDE, "wide", "sources",                                                                       \
    "Watched sources that reached a tenth of our addresses today (ORION's aggressive scanners).",  \
    PRAC_GAUGE)                                                                                    \
  X(OURS, "monitored", "addresses", "Our addresses, as learnt or set.", PRAC_GAUGE)                \
  X(STALE, "stale_list_rows", "rows",                                                              \
    "Rows of sources on a list that is older than list-age; a rise means: renew the list.",        \
    PRAC_COUNTER)                                                                                  \
  X(UNTOLD, "untold", "sources", "Changes of label beyond `say` a slot, not said one by one.",     \
    PRAC_COUNTER)
enum noise_counter {
#define X(id, name, unit, help, kind) NOISE_COUNT_##id,
  NOISE_COUNTERS(X)
#undef X
      NOISE_COUNTER_COUNT_
};

/* Why a source has its label; more than one may hold. */
enum noise_why { NOISE_LIST = 1, NOISE_FINGERPRINT = 2, NOISE_BEHAVIOUR = 4, NOISE_MIRAI = 8 };
struct noise_proof { /* counts of the day that gave, or last confirmed, the label */
  uint32_t packets, ports, destinations, mirai;
};
struct noise_source {
  struct prac_ip ip; /* ::, free */
  int64_t day;       /* of the counts below */
  uint32_t packets, syn, tool, mirai;
  uint64_t ports[NOISE_PORT_BITS / 64]; /* linear counting */
  uint32_t ports_set;
  uint8_t dst[NOISE_DST_REGISTERS]; /* HyperLogLog */
  uint64_t dst_sum;                 /* of 2^(32 - register) */
  uint32_t dst_free;                /* registers that are zero */
  uint32_t port, port_votes;        /* the port most packets go to, by majority vote */
  /* of all days */
  prac_time first, last;
  uint32_t slot_packets; /* in the running slot */
  uint64_t sensors;
  uint32_t asn;
  uint16_t country, list; /* list: 1 + index into lists */
  uint8_t label, why;     /* enum eng_label, enum noise_why */
  bool fresh, told;       /* label changed in this slot; it has been said */
  int64_t confirmed;      /* day */
  struct noise_proof proof;
};
struct noise_sketch { /* packets of a source since midnight, or a little more */
  uint8_t *v;         /* two rows of 1 << NOISE_SKETCH_BITS */
  int64_t day;
};
struct noise_table {
  struct noise_source *v; /* sets of NOISE_WAYS */
  uint32_t *tags;         /* of v: high half of the hash, or 0: free */
  uint32_t n_sets, n;
  uint64_t seed, evicted;
};
struct noise_ours { /* how many addresses we have */
  struct prac_hll today;
  uint64_t today_n; /* its count, after the newest batch: asked for many rows */
  int64_t day;
  uint64_t yesterday, last; /* last: at the last look */
  prac_time look;           /* when to look again whether it still grows */
  bool settled;
};
struct noise_state {
  const struct noise_conf *conf;
  struct noise_table table;
  struct noise_sketch sketch;
  struct noise_ours ours;
  char sensors[NOISE_SENSORS][NOISE_SENSOR_NAME];
  uint32_t n_sensors;
  char lists[NOISE_LISTS][NOISE_LIST_TEXT];
  uint32_t n_lists;
  uint8_t hide;                       /* enum noise_why: labels for these reasons hide rows */
  uint64_t slot_packets;              /* of everybody, in the running slot */
  uint64_t label_n[ENG_LABEL_COUNT_]; /* sources by label */
};

/* table.c */
PRAC_NODISCARD prac_rc noise_table_init(struct noise_table *t, uint32_t max, uint64_t seed);
void noise_table_done(struct noise_table *t);
struct noise_source *noise_table_find(const struct noise_table *t, const struct prac_ip *ip);
/* Made when new; *ret_gone gets the label of the source that had to go for it. NULL: its set is
 * full of sources that have labels and were heard on `day`; `sure`, which will have one, gets in.
 */
struct noise_source *noise_table_touch(struct noise_table *t, const struct prac_ip *ip, int64_t day,
                                       bool sure, uint8_t *ret_gone);
PRAC_NODISCARD prac_rc noise_sketch_init(struct noise_sketch *s);
void noise_sketch_done(struct noise_sketch *s);
/* The source's packets so far this day, at least; stops at 255. */
uint32_t noise_sketch_add(struct noise_sketch *s, uint64_t seed, const struct prac_ip *ip,
                          int64_t day, uint32_t packets);
void noise_source_day(struct noise_source *x, int64_t day); /* counts of an earlier day go */
void noise_source_port(struct noise_source *x, uint32_t proto_port, uint32_t packets);
void noise_source_dst(struct noise_source *x, const struct prac_ip *dst);
uint32_t noise_source_ports(const struct noise_source *x);
uint32_t noise_source_dsts(const struct noise_source *x);
void noise_source_save(const struct noise_source *x, struct prac_wr *w);
PRAC_NODISCARD prac_rc noise_source_load(struct noise_table *t, struct prac_rd *r,
                                         struct noise_source **ret);

/* rules.c */
uint64_t noise_ours_count(const struct noise_state *s); /* 0: not known yet */
PRAC_NODISCARD prac_rc noise_ours_see(struct noise_state *s, const struct flow_batch *b);
/* listed: the source is on a list that is fresh, in the batch of `minute`. */
void noise_judge(struct noise_state *s, struct noise_source *x, prac_time minute, bool listed);
bool noise_is_wide(const struct noise_state *s, const struct noise_source *x, int64_t day);
void noise_label_set(struct noise_state *s, struct noise_source *x, enum eng_label label);

/* say.c */
PRAC_NODISCARD prac_rc noise_say(struct noise_state *s, struct prac_span slot,
                                 const struct eng_env *env, struct eng_out *out);

/* state.c */
prac_rc noise_save(const void *st, struct prac_wr *w);
prac_rc noise_load(void *st, struct prac_rd *r);
