/* Head and data have checksums of their own: a consumer that wants another subject can pass over a
 * large message without reading it. */
#include "bus/local/entry.h"

#include "base/hash.h"

static const uint32_t magic = 0x31454250u; /* "PBE1" */

size_t bus_entry_size(const struct bus_entry *e)
{
  return BUS_ENTRY_HEAD + e->subject.n + e->id.n + e->len;
}

static uint64_t head_hash(const uint8_t *head, const uint8_t *names, size_t n_names)
{
  return prac_hash_bytes(prac_hash_bytes(0x62757320u, head, 40), names, n_names);
}

void bus_entry_write(const struct bus_entry *e, struct prac_wr *w)
{
  if ((size_t)(w->end - w->p) < bus_entry_size(e)) {
    w->bad = true;
    return;
  }
  const uint8_t *head = w->p;
  prac_wr_u32le(w, magic);
  prac_wr_u32le(w, (uint32_t)e->len);
  prac_wr_u64le(w, e->seq);
  prac_wr_u64le(w, e->durable);
  prac_wr_u64le(w, prac_hash_bytes(e->seq, e->data, e->len));
  prac_wr_u16le(w, (uint16_t)e->subject.n);
  prac_wr_u16le(w, (uint16_t)e->id.n);
  prac_wr_u32le(w, 0);
  struct prac_wr sum = prac_wr_of(w->p, 8);
  prac_wr_zero(w, 8);
  const uint8_t *names = w->p;
  prac_wr_bytes(w, e->subject.s, e->subject.n);
  prac_wr_bytes(w, e->id.s, e->id.n);
  prac_wr_u64le(&sum, head_hash(head, names, e->subject.n + e->id.n));
  prac_wr_bytes(w, e->data, e->len);
}

prac_rc bus_entry_head(const uint8_t *p, size_t n, struct bus_entry *ret)
{
  struct prac_rd r = prac_rd_of(p, n);
  if (n < BUS_ENTRY_HEAD) return PRAC_TRUNCATED;
  struct bus_entry e = {0};
  if (prac_rd_u32le(&r) != magic) return PRAC_DAMAGED;
  e.len = prac_rd_u32le(&r);
  e.seq = prac_rd_u64le(&r);
  e.durable = prac_rd_u64le(&r);
  e.data_hash = prac_rd_u64le(&r);
  e.subject.n = prac_rd_u16le(&r);
  e.id.n = prac_rd_u16le(&r);
  prac_rd_skip(&r, 4);
  uint64_t sum = prac_rd_u64le(&r);
  if (e.len > BUS_DATA_MAX || e.subject.n > BUS_SUBJECT_MAX || e.id.n > BUS_ID_MAX)
    return PRAC_DAMAGED;
  const uint8_t *names = prac_rd_bytes(&r, e.subject.n + e.id.n);
  if (!names) return PRAC_TRUNCATED;
  if (head_hash(p, names, e.subject.n + e.id.n) != sum) return PRAC_DAMAGED;
  e.subject.s = (const char *)names;
  e.id.s = (const char *)names + e.subject.n;
  *ret = e;
  return PRAC_OK;
}

prac_rc bus_entry_read(const uint8_t *p, size_t n, struct bus_entry *ret)
{
  struct bus_entry e;
  PRAC_TRY(bus_entry_head(p, n, &e));
  size_t before = BUS_ENTRY_HEAD + e.subject.n + e.id.n;
  if (n - before < e.len) return PRAC_TRUNCATED;
  e.data = p + before;
  if (prac_hash_bytes(e.seq, e.data, e.len) != e.data_hash) return PRAC_DAMAGED;
  *ret = e;
  return PRAC_OK;
}
