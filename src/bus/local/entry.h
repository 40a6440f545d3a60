/* bus/local/entry.h — one message as it lies in a log segment. Pure.
 *
 *   0 u32 "PBE1"   4 u32 data bytes   8 u64 seq   16 u64 durable   24 u64 hash of data
 *   32 u16 subject bytes   34 u16 id bytes   36 u32 0   40 u64 hash of 0..39, subject, id
 *   48 subject, id, data                                                     (little-endian)
 *   durable: the last seq known to be on disk when this was written. It tells a torn tail (never
 *   acknowledged, may be cut) from damage in the middle (acknowledged, must not be passed over).
 * fails    PRAC_TRUNCATED: the bytes end first; PRAC_DAMAGED: they are not an entry
 */
#pragma once
#include "bus/local/frame.h"

enum { BUS_ENTRY_HEAD = 48, BUS_ENTRY_NAMES_MAX = BUS_SUBJECT_MAX + BUS_ID_MAX };
struct bus_entry {
  uint64_t seq, durable, data_hash;
  struct bus_text subject, id; /* borrowed */
  const uint8_t *data;         /* borrowed; NULL after bus_entry_head */
  size_t len;
};
size_t bus_entry_size(const struct bus_entry *e); /* head, names and data */
void bus_entry_write(const struct bus_entry *e, struct prac_wr *w);
/* Everything but the data. */
PRAC_NODISCARD prac_rc bus_entry_head(const uint8_t *p, size_t n, struct bus_entry *ret);
/* All of it, data checked. */
PRAC_NODISCARD prac_rc bus_entry_read(const uint8_t *p, size_t n, struct bus_entry *ret);
