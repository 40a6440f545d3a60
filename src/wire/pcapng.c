/* Capture files of the next generation: blocks, each with its length at both ends. A section may
 * have its own byte order, so that nothing learnt in one section may be used in the next. */
#include "wire/load.h"
#include "wire/pcap.h"

enum {
  BLOCK_SECTION = 0x0a0d0d0a,
  BLOCK_INTERFACE = 1,
  BLOCK_PACKET_OLD = 2,
  BLOCK_PACKET_SIMPLE = 3,
  BLOCK_PACKET = 6,
  BLOCK_ENDS = 12, /* type, length, length again */
  ORDER_MAGIC = 0x1a2b3c4d,
  OPTION_END = 0,
  OPTION_TSRESOL = 9,
  OPTION_TSOFFSET = 14,
};
static const int64_t years = PRAC_TIME_FAR / PRAC_SEC;

static prac_rc malformed(struct wire_ng *s, const char *why)
{
  s->why = why;
  return PRAC_MALFORMED;
}

static prac_rc section(struct wire_ng *s, struct prac_rd body)
{
  const uint8_t *h = wire_take(&body, 16);
  if (!h) return malformed(s, "a section header is too short");
  if (wire_u16(h + 4, s->big) != 1) return malformed(s, "a section of an unknown version");
  s->open = true;
  s->n_if = 0;
  return PRAC_AGAIN;
}

/* Ticks in a second; 0: more than 64 bits can count. */
static uint64_t resolution(uint8_t v)
{
  if (v & 0x80) return (v & 0x7f) < 64 ? UINT64_C(1) << (v & 0x7f) : 0;
  if (v > 19) return 0;
  uint64_t units = 1;
  for (; v > 0; v--) units *= 10;
  return units;
}

static uint64_t u64_at(const uint8_t *p, bool big)
{
  uint64_t a = wire_u32(p, big), b = wire_u32(p + 4, big);
  return big ? a << 32 | b : b << 32 | a;
}

static prac_rc interface(struct wire_ng *s, struct prac_rd body)
{
  if (s->n_if == WIRE_NG_IFS) return malformed(s, "a section with too many interfaces");
  const uint8_t *h = wire_take(&body, 8);
  if (!h) return malformed(s, "an interface block is too short");
  struct wire_ng_if *f = &s->ifs[s->n_if++];
  *f = (struct wire_ng_if){wire_u16(h, s->big), wire_u32(h + 4, s->big), 1000000, 0};
  while (prac_rd_left(&body) >= 4) {
    h = wire_take(&body, 4);
    if (!h) break;
    uint16_t code = wire_u16(h, s->big), n = wire_u16(h + 2, s->big);
    if (code == OPTION_END) break;
    const uint8_t *v = wire_take(&body, n);
    if (!v) return malformed(s, "an interface option is longer than its block");
    if (code == OPTION_TSRESOL && n == 1) f->units = resolution(v[0]);
    if (code == OPTION_TSOFFSET && n == 8) f->offset_s = (int64_t)u64_at(v, s->big);
    size_t pad = (size_t)(-n & 3);
    if (!wire_take(&body, pad < prac_rd_left(&body) ? pad : prac_rd_left(&body))) break;
  }
  if (f->units == 0) return malformed(s, "an interface with a time resolution beyond 64 bits");
  return PRAC_AGAIN;
}

static prac_time moment(const struct wire_ng_if *f, uint64_t ticks)
{
  int64_t sec = (int64_t)(ticks / f->units), at;
  uint64_t ns = (uint64_t)((__uint128_t)(ticks % f->units) * 1000000000u / f->units);
  if (__builtin_add_overflow(sec, f->offset_s, &at) || at > years) at = years;
  if (at < -years) at = -years;
  return at * PRAC_SEC + (prac_time)ns;
}

static prac_rc packet(struct wire_ng *s, uint32_t type, struct prac_rd body, struct wire_frame *ret)
{
  const uint8_t *h = wire_take(&body, 20);
  if (!h) return malformed(s, "a packet block is too short");
  uint32_t id = type == BLOCK_PACKET ? wire_u32(h, s->big) : wire_u16(h, s->big);
  if (id >= s->n_if) return malformed(s, "a packet of an interface that is not described");
  const struct wire_ng_if *f = &s->ifs[id];
  uint64_t ticks = (uint64_t)wire_u32(h + 4, s->big) << 32 | wire_u32(h + 8, s->big);
  ret->caplen = wire_u32(h + 12, s->big);
  ret->len = wire_u32(h + 16, s->big);
  ret->link = f->link;
  ret->at = s->last = moment(f, ticks);
  if (ret->caplen > WIRE_FRAME_MAX)
    return malformed(s, "a packet claims more bytes than any frame has");
  ret->data = wire_take(&body, ret->caplen);
  return ret->data ? PRAC_OK : malformed(s, "a packet is longer than its block");
}

static prac_rc simple(struct wire_ng *s, struct prac_rd body, struct wire_frame *ret)
{
  const uint8_t *h = wire_take(&body, 4);
  if (!h) return malformed(s, "a simple packet block is too short");
  if (s->n_if == 0) return malformed(s, "a packet of an interface that is not described");
  ret->len = ret->caplen = wire_u32(h, s->big);
  if (s->ifs[0].snaplen && ret->caplen > s->ifs[0].snaplen) ret->caplen = s->ifs[0].snaplen;
  if (ret->caplen > WIRE_FRAME_MAX)
    return malformed(s, "a packet claims more bytes than any frame has");
  ret->link = s->ifs[0].link;
  ret->at = s->last;
  ret->data = wire_take(&body, ret->caplen);
  return ret->data ? PRAC_OK : malformed(s, "a packet is longer than its block");
}

static prac_rc block(struct wire_ng *s, uint32_t type, struct prac_rd body, struct wire_frame *ret)
{
  switch (type) {
  case BLOCK_SECTION:
    return section(s, body);
  case BLOCK_INTERFACE:
    return interface(s, body);
  case BLOCK_PACKET:
  case BLOCK_PACKET_OLD:
    return packet(s, type, body, ret);
  case BLOCK_PACKET_SIMPLE:
    return simple(s, body, ret);
  default:
    return PRAC_AGAIN;
  }
}

void wire_ng_init(struct wire_ng *s)
{
  s->big = s->open = s->skippable = false;
  s->n_if = 0;
  s->last = 0;
  s->need = BLOCK_ENDS;
  s->why = "";
}

/* A section header brings its byte order; nothing else may come before one. */
static bool in_order(struct wire_ng *s, const uint8_t *h)
{
  if (wire_be32(h) == BLOCK_SECTION) { /* the same in both orders */
    uint32_t magic = wire_be32(h + 8);
    s->big = magic == ORDER_MAGIC;
    if (s->big || magic == __builtin_bswap32(ORDER_MAGIC)) return true;
    s->why = "a section header without a byte order";
    return false;
  }
  if (!s->open) s->why = "the file does not begin with a section header";
  return s->open;
}

prac_rc wire_ng_next(struct wire_ng *s, struct prac_rd *r, struct wire_frame *ret)
{
  size_t left = prac_rd_left(r);
  const uint8_t *h = r->p;
  s->need = BLOCK_ENDS;
  s->skippable = false;
  if (left == 0) return PRAC_END;
  if (left < BLOCK_ENDS) return PRAC_TRUNCATED;
  if (!in_order(s, h)) return PRAC_MALFORMED;
  uint32_t type = wire_u32(h, s->big), total = wire_u32(h + 4, s->big);
  if (total < BLOCK_ENDS) return malformed(s, "a block is shorter than its own head");
  s->need = total;
  s->skippable = type != BLOCK_SECTION && type != BLOCK_INTERFACE && type != BLOCK_PACKET &&
                 type != BLOCK_PACKET_OLD && type != BLOCK_PACKET_SIMPLE;
  if (!s->skippable && total > 2 * WIRE_FRAME_MAX)
    return malformed(s, "a block claims more bytes than any frame has");
  if (left < total) return PRAC_TRUNCATED;
  if (wire_u32(h + total - 4, s->big) != total) return malformed(s, "a block's two lengths differ");
  r->p += total;
  return block(s, type, prac_rd_of(h + 8, total - BLOCK_ENDS), ret);
}
