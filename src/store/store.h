/* store/store.h — keeping every record, and answering questions.
 *
 * backends  ram (tests, replay without --store), embedded (SQLite for records, roll-ups, catalogue;
 *           hourly immutable Parquet segments for flows), clickhouse (issue 5)
 * writing   one process, one thread: append is all or nothing, and remembers (consumer, seq) in the
 *           same transaction: what is appended again after a crash is counted, not stored twice
 * reading   any process; a reader opens read-only and sees whole transactions
 */
#pragma once
#include "base/conf.h"
#include "base/counter.h"
#include "base/err.h"
#include "base/log.h"
#include "model/flow.h"
#include "model/records.h"

/* ---- writing ---- */
struct store_rec {
  const struct model_kind *kind;
  const void *rec;
};
struct store_tx {
  struct flow_batch *const *batches;
  size_t n_batches;
  const struct store_rec *recs;
  size_t n_recs;
  const char *consumer; /* NULL: no position */
  uint64_t seq;         /* position reached, kept under `consumer` */
};

/* ---- asking ---- */
enum store_what {
  STORE_FLOWS,    /* rows of flows, by scan */
  STORE_RECORDS,  /* findings, alerts or health: `kind` */
  STORE_SERIES,   /* per minute, hour or day: packets, flows, bytes, sources; roll-ups */
  STORE_TOP,      /* per port, country, AS or sensor: same columns, biggest first; roll-ups */
  STORE_TOP_SCAN, /* the same from the flows themselves: exact sources, any filter */
  STORE_HOST,     /* one address: per hour, what it did */
  STORE_SENSORS,  /* per sensor: first and last minute, packets, batches, last health */
  STORE_CELLS,    /* by several things at once (`keys`), from the flows themselves: exact */
  STORE_KEPT,     /* which times flows, minute and hour roll-ups are still there for */
};
enum store_dim {
  STORE_BY_NONE,
  STORE_BY_PORT,
  STORE_BY_COUNTRY,
  STORE_BY_ASN,
  STORE_BY_SENSOR,
  STORE_BY_SRC
};
/* STORE_CELLS: what makes a cell; any of these together. STORE_KEY_AT: steps of step_ns. */
#define STORE_KEYS(X)                                                                              \
  X(AT, at)                                                                                        \
  X(SENSOR, sensor)                                                                                \
  X(SRC, src)                                                                                      \
  X(DST, dst)                                                                                      \
  X(PORT, port)                                                                                    \
  X(COUNTRY, country)                                                                              \
  X(ASN, asn)                                                                                      \
  X(MARKS, marks)                                                                                  \
  X(TOOL, tool)                                                                                    \
  X(SURVEY, survey)
enum store_key_bit {
#define X(name, word) STORE_KEY_BIT_##name,
  STORE_KEYS(X)
#undef X
      STORE_KEY_COUNT_
};
enum store_key {
#define X(name, word) STORE_KEY_##name = 1 << STORE_KEY_BIT_##name,
  STORE_KEYS(X)
#undef X
};
enum { STORE_SRCS_MAX = 4096, STORE_LEFT_OUT_MAX = 4 };
struct store_query {
  enum store_what what;
  const struct model_kind *kind; /* STORE_RECORDS */
  struct prac_span span;         /* from/to PRAC_TIME_NONE: open; both 0: open. Alerts and episodes:
                                    that ran in it (store_record_extent), whenever told last */
  int64_t step_ns;               /* STORE_SERIES, STORE_CELLS: 1 min, 1 h or 1 d */
  enum store_dim by;
  uint32_t keys; /* STORE_CELLS: enum store_key; 0: all in one */
  /* filters; empty means any */
  const char *sensor;
  struct prac_prefix src, dst, victim; /* bits 0 and :: : any */
  const struct prac_prefix *srcs;      /* any of these senders (records: hosts) */
  uint32_t n_srcs;                     /* 0: any; at most STORE_SRCS_MAX */
  struct model_port port;              /* dport; proto 0: any */
  bool has_port;                       /* false with a proto: any port of it */
  const char *country;
  uint32_t asn;
  uint32_t marks;               /* all of these bits */
  const char *id, *key, *state; /* STORE_RECORDS */
  const char *only;             /* STORE_RECORDS: those whose `kind` is this */
  const char *const *left_out;  /* STORE_RECORDS: none whose `kind` begins with one of these */
  uint32_t n_left_out;          /* at most STORE_LEFT_OUT_MAX */
  const char *after;  /* STORE_RECORDS: only those that come behind this id, at after_at, */
  prac_time after_at; /* in the order asked for: the next page. NULL: from the start */
  uint32_t passed;    /* STORE_FLOWS: goes on at after_at, behind so many of the rows whose first
                         packet came then, which were given. 0: from the start */
  uint32_t limit;     /* 0: 1000; series, host, cells: 200000 */
  bool oldest_first;  /* default: newest first (records, flows), biggest first (top) */
};

enum store_type { STORE_U64, STORE_I64, STORE_F64, STORE_TIME, STORE_IP, STORE_TEXT };
struct store_col {
  const char *name, *unit;
  enum store_type type;
};
struct store_value {
  union {
    uint64_t u;
    int64_t i;
    double f;
    prac_time t;
    struct prac_ip ip;
    const char *s; /* borrowed for the call; never NULL */
  };
};
/* One row; cols are the same for all rows of one query. STORE_RECORDS gives one TEXT column "json".
 * Anything but PRAC_OK stops the query and is returned from it. */
typedef prac_rc store_row(void *arg, const struct store_col *cols, size_t n,
                          const struct store_value *v);

/* Where a record stands among its kind: in order of (at, id). */
prac_time store_record_at(const struct model_kind *k, const void *rec);
const char *store_record_key(const struct model_kind *k, const void *rec);

/* ---- having it again ---- */
/* Flow batches, to be replayed. Whole minutes: a minute that the span cuts comes whole. */
struct store_batch_query {
  struct prac_span span;     /* from/to PRAC_TIME_NONE: open; both 0: open */
  struct model_strs sensors; /* none: all */
};
/* Borrowed for the call; flow_batch_ref keeps it. Anything but PRAC_OK stops, and is returned. */
typedef prac_rc store_batch_sink(void *arg, struct flow_batch *b);

struct store_env {
  const char *dir; /* data directory; ram ignores it; clickhouse: URL/DATABASE, or NULL: settings */
  bool read_only;
  unsigned nthreads;
  const struct prac_log *log;
  bool
      again; /* a reader of many questions about one time: what it has decoded may stay in memory */
};
struct store_ops {
  const char *name;
  const char *about;
  size_t state_size;
  const struct prac_conf_section *conf;
  prac_rc (*open)(void *st, const void *conf, const struct store_env *env, struct prac_err *reterr);
  prac_rc (*append)(void *st, const struct store_tx *tx, struct prac_err *reterr);
  prac_rc (*position)(void *st, const char *consumer, uint64_t *ret_seq, struct prac_err *reterr);
  prac_rc (*query)(void *st, const struct store_query *q, store_row *each, void *arg,
                   struct prac_err *reterr);
  /* Batches as they were appended, those without rows too, in order of (minute, sensor, part); what
   * store/batches.h says of lists and of batches that stand there twice. Memory is bounded by
   * what the backend allows a scan, or by one minute's flows. */
  prac_rc (*batches)(void *st, const struct store_batch_query *q, store_batch_sink *each, void *arg,
                     struct prac_err *reterr);
  /* Compaction of finished hours, retention by age and size; event time `now`. NULL: nothing to do
   */
  prac_rc (*maintain)(void *st, prac_time now, struct prac_err *reterr);
  void (*close)(void *st);
};
extern const struct store_ops *const store_list[]; /* NULL-terminated; store/registry.c */
const struct store_ops *store_find(const char *name);

struct store {
  const struct store_ops *ops;
  void *st;
};
PRAC_NODISCARD prac_rc store_open(const char *name, const void *conf, const struct store_env *env,
                                  struct store *ret, struct prac_err *reterr);
void store_close(struct store *s);
/* "from=2013-08-07 to=2013-08-08 sensor=tokyo port=1433/tcp country=MM src=1.2.3.0/24 marks=survey
 * limit=20", "what=cells by=src,port step=1m src=192.0.2.1,192.0.2.7": the one query language of
 * command line, API and evidence chains. Names the bad word.
 */
PRAC_NODISCARD prac_rc store_query_parse(const char *words, struct store_query *ret,
                                         struct prac_arena *a, struct prac_err *reterr);
