/* pcap and pcapng, read in two pieces cut where the first byte says: frames must lie inside what
 * was given, and a reader that wants more must say how much. */
#include <stdlib.h>

#include "wire/pcap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(const struct wire_frame *f, const uint8_t *from, const uint8_t *to)
{
  if (f->caplen > WIRE_FRAME_MAX) __builtin_trap();
  if (f->caplen && (f->data < from || f->data + f->caplen > to)) __builtin_trap();
}

static void classic(const uint8_t *p, size_t n)
{
  struct wire_pcap h;
  struct wire_frame f;
  struct prac_rd r = prac_rd_of(p, n);
  if (wire_pcap_open(&r, &h) != PRAC_OK) return;
  prac_rc rc;
  while ((rc = wire_pcap_next(&h, &r, &f)) == PRAC_OK) inside(&f, p, p + n);
  if (rc == PRAC_TRUNCATED && h.need <= prac_rd_left(&r)) __builtin_trap();
}

static void ng(const uint8_t *p, size_t n, size_t cut)
{
  struct wire_ng *s = malloc(sizeof *s);
  struct wire_frame f;
  if (!s) return;
  wire_ng_init(s);
  struct prac_rd r = prac_rd_of(p, cut < n ? cut : n);
  for (int piece = 0; piece < 2; piece++) {
    prac_rc rc;
    while ((rc = wire_ng_next(s, &r, &f)) == PRAC_OK || rc == PRAC_AGAIN)
      if (rc == PRAC_OK) inside(&f, p, p + n);
    if (rc == PRAC_TRUNCATED && s->need <= prac_rd_left(&r)) __builtin_trap();
    if (rc == PRAC_MALFORMED && !s->why[0]) __builtin_trap();
    r.end = p + n;
  }
  free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size < 1) return 0;
  size_t cut = data[0];
  data++, size--;
  if (wire_file_kind(data, size) == WIRE_FILE_PCAP)
    classic(data, size);
  else
    ng(data, size, cut);
  return 0;
}
