/* The classic capture file: a head of 24 bytes, then records. */
#include "wire/pcap.h"

#include "wire/load.h"

static const uint32_t magic_micro = 0xa1b2c3d4, magic_nano = 0xa1b23c4d,
                      magic_long = 0xa1b2cd34, /* records with an interface number too */
    magic_ng = 0x0a0d0d0a;

static bool known(uint32_t magic)
{
  return magic == magic_micro || magic == magic_nano || magic == magic_long;
}

enum wire_file wire_file_kind(const uint8_t *head, size_t n)
{
  if (n < 4) return WIRE_FILE_UNKNOWN;
  uint32_t magic = wire_be32(head);
  if (magic == magic_ng) return WIRE_FILE_NG;
  return known(magic) || known(__builtin_bswap32(magic)) ? WIRE_FILE_PCAP : WIRE_FILE_UNKNOWN;
}

prac_rc wire_pcap_open(struct prac_rd *r, struct wire_pcap *ret)
{
  *ret = (struct wire_pcap){.need = WIRE_PCAP_HEAD, .record_head = 16};
  const uint8_t *h = wire_take(r, WIRE_PCAP_HEAD);
  if (!h) return PRAC_TRUNCATED;
  ret->big = known(wire_be32(h));
  uint32_t magic = wire_u32(h, ret->big);
  if (!known(magic)) {
    ret->why = "not a capture file";
    return PRAC_MALFORMED;
  }
  ret->nano = magic == magic_nano;
  if (magic == magic_long) ret->record_head = 24;
  uint16_t major = wire_u16(h + 4, ret->big), minor = wire_u16(h + 6, ret->big);
  if (major != 2) {
    ret->why = "a pcap file of a version other than 2";
    return PRAC_UNSUPPORTED;
  }
  ret->swapped_lengths = minor < 3;
  ret->snaplen = wire_u32(h + 16, ret->big);
  ret->link = wire_u32(h + 20, ret->big) & 0x03ffffff; /* above: whether frames end in a checksum */
  return PRAC_OK;
}

prac_rc wire_pcap_next(struct wire_pcap *p, struct prac_rd *r, struct wire_frame *ret)
{
  const uint8_t *start = r->p;
  size_t left = (size_t)(r->end - start);
  p->need = p->record_head;
  if (left == 0) return PRAC_END;
  if (left < p->record_head) return PRAC_TRUNCATED;
  const uint8_t *h = start;
  uint32_t sec = wire_u32(h, p->big), frac = wire_u32(h + 4, p->big);
  uint32_t caplen = wire_u32(h + 8, p->big), len = wire_u32(h + 12, p->big);
  if (PRAC_UNLIKELY(p->swapped_lengths)) {
    uint32_t t = caplen;
    caplen = len;
    len = t;
  }
  if (PRAC_UNLIKELY(caplen > WIRE_FRAME_MAX)) {
    p->why = "a record claims more bytes than any frame has";
    return PRAC_MALFORMED;
  }
  p->need = p->record_head + (size_t)caplen;
  if (PRAC_UNLIKELY(left < p->need)) return PRAC_TRUNCATED;
  r->p = start + p->need;
  ret->at = (prac_time)sec * PRAC_SEC + (prac_time)frac * (p->nano ? 1 : 1000);
  ret->data = start + p->record_head;
  ret->caplen = caplen;
  ret->len = len;
  ret->link = p->link;
  return PRAC_OK;
}
