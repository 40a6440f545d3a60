/* engine/past.h — the last minutes of one sensor, kept small, until a window of them is judged.
 *
 * An engine with windows that overlap would have every row in several tables at once; here it has
 * each row once, packed, and a table only while it judges.
 *
 * keeps     of a row what engine/traffic.h reads: source, destination, protocol, port, flags,
 * marks, country, packets and the 10-second step limits    twice the rows of a window (rows that
 * differ in their source port only are one there); a batch counts as one more. A batch beyond them
 * is kept without its rows, which are counted: its minute was heard. About 10 bytes a row, 48 at
 * worst order     batches come by minute cost      add: one packing of the batch; window:
 * unpacking, and eng_traffic_add threads   one at a time checked   tests/unit/test_traffic.c: the
 * same as the batches themselves, limits, restart
 */
#pragma once
#include "engine/sensors.h"
#include "engine/traffic.h"

struct eng_past_batch {
  prac_time minute;
  uint32_t rows;
  size_t len;
  uint8_t *bytes; /* owned: model/flow.h's binary form */
};
struct eng_past { /* all zero bytes: empty */
  struct eng_past_batch *v;
  uint32_t n, cap;
  uint64_t rows;
};
void eng_past_done(struct eng_past *p);
/* max_rows: of a window. *refused rises by the rows that were left out. */
PRAC_NODISCARD prac_rc eng_past_add(struct eng_past *p, const struct flow_batch *b, size_t max_rows,
                                    uint64_t *refused);
void eng_past_drop(struct eng_past *p, prac_time before); /* minutes that began before */
/* The slot that begins at `from`, into t, whatever was in there. */
PRAC_NODISCARD prac_rc eng_past_window(const struct eng_past *p, prac_time from,
                                       struct eng_traffic *t);
size_t eng_past_bytes(const struct eng_past *p);

/* Of all sensors. Load: into an empty table. PRAC_DAMAGED. */
void eng_past_all_save(const struct eng_sensors *s, struct prac_wr *w);
PRAC_NODISCARD prac_rc eng_past_all_load(struct eng_sensors *s, struct prac_rd *r);
