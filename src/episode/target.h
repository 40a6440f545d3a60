/* episode/target.h — what is followed, as data: targets, their runs, sensors, names, hosts. Inside
 * this room only.
 *
 * A target is one (victim, vector), the carpet over it (prefix, vector), or a victim with several
 * vectors. All three are fed with hits in the same way; a target has a run for each profile (the
 * latter two for isp only). A run is one story of that profile: gathering, open, or ended and not
 * forgotten yet.
 */
#pragma once
#include <string.h>

#include "base/hll.h"
#include "episode/episode.h"

enum epi_profile { EPI_ISP, EPI_AMPPOT, EPI_HOPSCOTCH, EPI_MPH, EPI_PROFILE_COUNT_ };
enum epi_kind { EPI_SINGLE, EPI_CARPET, EPI_MULTI };
enum epi_run_state { EPI_GATHERING, EPI_OPEN, EPI_ENDED };
enum {
  EPI_STEPS = 30,      /* of a target's window */
  EPI_SLOT_STEPS = 12, /* of a sensor's window at a target */
  EPI_BINS = 8,        /* minutes that late hits can still be added to */
  EPI_SLOTS_MAX = 64,  /* sensors told apart at one target */
  EPI_WORDS_MAX = 1024,
  EPI_NAMES_MAX = 16, /* requested names counted at an open target */
  EPI_NAMES_FEW = 2,  /* ... at another */
  EPI_NAMES_SAID = 8,
  EPI_HOSTS_MAX = 256,
  EPI_STARTS = 32,
  EPI_VECTORS_MAX = 16,
  EPI_REPEATS = 4096,
};

struct epi_run {
  prac_time first, last; /* packets */
  prac_time heard, said; /* the desk's clock */
  prac_time at, started; /* of the last revision, of the first */
  uint64_t id;
  uint64_t packets, bytes, lost, bin_max, said_bin_max;
  uint32_t revision;
  uint8_t state; /* enum epi_run_state */
  bool told;     /* it alerts: decided at its start */
  bool pending;  /* something has joined that was not said yet */
};
struct epi_slot { /* one sensor at one target */
  uint32_t sensor;
  uint32_t same; /* identical requests in a row */
  uint64_t packets;
  uint64_t base[EPI_PROFILE_COUNT_]; /* packets before the run of that profile began */
  uint64_t payload;
  int64_t step; /* newest step of win */
  prac_time last;
  uint32_t pending; /* packets that did not count yet */
  uint16_t win[EPI_SLOT_STEPS];
  uint8_t visits, varied; /* came back; with another request */
  bool counts;
};
struct epi_name {
  char *text; /* owned */
  uint64_t count;
};
struct epi_host {
  struct prac_ip ip;
  uint64_t packets;
  uint64_t below; /* of these, counting and below the address' own threshold, since `since` */
  prac_time last;
};
struct epi_family { /* carpets and multis only */
  struct epi_host *hosts;
  uint32_t n_hosts, cap_hosts;
  struct prac_hll all;          /* addresses */
  prac_time starts[EPI_STARTS]; /* of children, a ring */
  uint32_t n_starts;            /* ever */
  uint32_t vectors[EPI_VECTORS_MAX];
  uint32_t n_vectors;
};
struct epi_target {
  struct prac_ip victim; /* or the prefix' first address */
  uint32_t vector;       /* multi: 0 */
  uint32_t port;
  uint8_t kind, bits;
  bool scanner, tester;      /* counted once */
  uint32_t heap_at;          /* 1 + place in the heap; 0: not there */
  prac_time heap_key;        /* not later than its true due */
  struct epi_target *chain;  /* same bucket */
  struct epi_target *vchain; /* open singles with the same bucket of victims */
  struct epi_target *newer, *older;
  uint64_t parent;      /* id of the parent's run; 0: none */
  int64_t step, minute; /* newest of win, of bin */
  uint16_t win[EPI_STEPS];
  uint32_t bin[EPI_BINS];
  struct epi_slot *slots;
  uint32_t n_slots, cap_slots;
  struct epi_name *names;
  uint32_t n_names, cap_names;
  uint32_t ttl[8]; /* a bit for each value seen as least or most */
  uint32_t ttl_min, ttl_max, ttl_count;
  struct epi_family *family;
  uint32_t n_runs;
  struct epi_run run[];
};
struct epi_words {
  char *v[EPI_WORDS_MAX]; /* v[0]: all that found no room */
  uint32_t n;
  uint16_t index[EPI_WORDS_MAX * 2];
};
