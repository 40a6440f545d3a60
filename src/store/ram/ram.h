/* store/ram/ram.h — inside of the ram backend: what it keeps, and the questions over it. */
#pragma once
#include "store/answer.h"

enum { RAM_CONSUMERS_MAX = 256, RAM_RECORDS_MAX = 1 << 24 };
struct ram_rec {
  const struct model_kind *kind;
  void *rec; /* in arena */
  struct prac_arena *arena;
};
struct ram_consumer {
  char name[64];
  uint64_t seq;
};
struct ram {
  struct flow_batch **batch;
  size_t n_batches, cap_batches;
  struct ram_rec *rec;
  size_t n_recs, cap_recs;
  uint32_t *index; /* open addressing over (kind, key): 1 + place in rec; 0: free */
  size_t index_cap;
  struct store_sensor *sensor;
  size_t n_sensors;
  struct ram_consumer consumer[RAM_CONSUMERS_MAX];
  size_t n_consumers;
};
prac_rc ram_batches(void *st, const struct store_batch_query *q, store_batch_sink *each, void *arg,
                    struct prac_err *reterr);
prac_rc ram_query(void *st, const struct store_query *asked, store_row *each, void *arg,
                  struct prac_err *reterr);
