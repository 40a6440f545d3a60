/* portal/live.h — what the bus has said in the last day, ready to be shown.
 *
 * counts    per sensor and minute: packets, and distinct sources (exact per part of a minute; a
 *           source in two parts of one minute counts twice)
 * tops      per port, country and AS, in slots of five minutes: packets, and sources a minute (a
 *           source counts once a minute and sensor). Backscatter is left out: its ports and
 *           countries are the victims', not the senders'
 * bounds    LIVE_SENSORS sensors, LIVE_MINUTES minutes, LIVE_AS networks a
 *           slot; beyond: counted in `dropped`
 * threads   none of its own: the portal's lock guards every call
 */
#pragma once
#include "model/flow.h"
#include "model/records.h"

enum {
  LIVE_SENSORS = 256,
  LIVE_MINUTES = 1440,
  LIVE_AS = 8192,
  LIVE_LISTS = 16,
  LIVE_SLOT_MIN = 5,
  LIVE_NOW = 3,     /* slots that are "now" */
  LIVE_BEFORE = 12, /* slots that now is compared with */
  LIVE_SLOTS = 16
};

struct live_minute {
  prac_time at; /* 0: empty */
  uint64_t packets;
  uint32_t sources;
  bool dirty, again; /* again: while it is taken once more from the store */
};
struct live_place { /* of a batch among its sensor's */
  prac_time minute; /* 0: none */
  uint32_t part;
};
struct live_sensor {
  char name[32], country[4], source[64], version[32];
  prac_time first, last, heard; /* minutes of batches; time of the last health report */
  uint64_t lost, evicted, malformed, captured; /* of the last heartbeat */
  uint64_t beats, all_captured, all_lost;      /* of all of them */
  uint64_t queue, queue_bytes;
  int64_t clock_offset_ns, clock_error_ns;
  bool clock_synced;
  bool honeypot;                  /* goes by the honeypots' clock */
  struct live_place told, stored; /* the first batch by the bus; the last from the store */
  struct live_place counting;     /* the last from the store that is being counted */
  struct live_minute *minutes;    /* LIVE_MINUTES, by minute number; owned */
};
enum live_dim { LIVE_PORT, LIVE_COUNTRY, LIVE_ASN, LIVE_SENSOR };
struct live_top {
  uint32_t key; /* port: proto << 16 | port; country: letters; AS number; index of the sensor */
  double packets, sources; /* a minute, now */
  double packets_before, sources_before;
  uint32_t rank, rank_before; /* 1 is first; before 0: was not there */
};

struct live;
struct live *live_new(void); /* NULL: no memory */
void live_free(struct live **lp);
/* seq: the bus's number of it; 0: it came by no bus. */
void live_batch(struct live *l, const struct flow_batch *b, uint64_t seq);
void live_health(struct live *l, const struct health *h);
/* From the store at start: one sensor's minute. */
void live_minute_put(struct live *l, const char *sensor, prac_time at, uint64_t packets,
                     uint64_t sources);
/* The same later, of all sensors: what the store said when it had the bus's messages up to and
 * including `upto`. What the bus brought since `note`, or brings yet, is added where it is behind
 * that and only there: each minute is what a portal has that never stopped.
 *
 * note     at start, before the first batch. PRAC_NOMEM
 * since    `upto` must be no less: what was brought before is noted no more
 * again    nothing is noted from then on
 */
struct live_stored {
  char sensor[32];
  prac_time at;
  uint64_t packets, sources;
};
PRAC_NODISCARD prac_rc live_minutes_note(struct live *l);
uint64_t live_minutes_since(const struct live *l);
void live_minutes_again(struct live *l, const struct live_stored *v, size_t n, uint64_t upto);
void live_minutes_forget(struct live *l); /* they will not be taken again */
/* Tops from the store, while the bus goes on. What is counted elsewhere, between begin and put, is
 * put in as a whole, and the bus's own are in no top a second time.
 * counts    it is not one that the bus has brought; newer: nor one of before the last that was put
 * put       false: the bus brought one that had been counted: nothing is put in, count once more
 */
void live_stored_begin(struct live *l);
bool live_stored_counts(struct live *l, const struct flow_batch *b, bool newer);
struct live_slots;
PRAC_NODISCARD bool live_stored_put(struct live *l, const struct live_slots *counted);
/* End of the telescopes' newest minute, which may be of a played day; the honeypots' clock where
 * there are no telescopes. NONE at first. */
prac_time live_event_time(const struct live *l);
prac_time live_clock_of(const struct live *l, const struct live_sensor *s);
void live_event_time_set(struct live *l, prac_time t);
const char *live_geo(const struct live *l);
/* The survey lists, with their dates, that the newest batch goes by. */
struct model_strs live_lists(const struct live *l);
uint64_t live_dropped(const struct live *l);
size_t live_sensor_count(const struct live *l);
const struct live_sensor *live_sensor_at(const struct live *l, size_t i); /* in order of names */
/* The minute at `at`; NULL: nothing was said about it. */
const struct live_minute *live_minute_at(const struct live_sensor *s, prac_time at);
/* Minutes that changed since the last call, at most n; true: more are left. */
typedef void live_minute_fn(void *arg, const struct live_sensor *s, const struct live_minute *m);
bool live_changed(struct live *l, size_t n, live_minute_fn *each, void *arg);
/* The biggest n by sources a minute (by_packets: by packets), biggest first. Returns how many. */
size_t live_tops(struct live *l, enum live_dim dim, bool by_packets, struct live_top *to, size_t n);
