#include "lib/mmdb.h"

#include <string.h>

enum { DATA = 1 << 24 };

void mmdb_begin(struct mmdb_made *m, unsigned ip_version, uint64_t built)
{
  memset(m, 0, sizeof *m);
  m->n_nodes = 1;
  m->ip_version = ip_version;
  m->built = built;
}

uint32_t mmdb_mark(const struct mmdb_made *m)
{
  return m->n_data;
}

static void byte(struct mmdb_made *m, unsigned v)
{
  if (m->n_data < MMDB_BYTES) m->data[m->n_data++] = (uint8_t)v;
}

void mmdb_map(struct mmdb_made *m, unsigned pairs)
{
  byte(m, 7u << 5 | pairs);
}

void mmdb_text(struct mmdb_made *m, const char *s)
{
  size_t n = strlen(s);
  byte(m, 2u << 5 | (n < 29 ? (unsigned)n : 29));
  if (n >= 29) byte(m, (unsigned)n - 29);
  for (size_t i = 0; i < n; i++) byte(m, (unsigned char)s[i]);
}

void mmdb_u32(struct mmdb_made *m, uint32_t v)
{
  byte(m, 6u << 5 | 4);
  for (int i = 3; i >= 0; i--) byte(m, v >> (8 * i) & 0xff);
}

static unsigned bit(const uint8_t *addr, unsigned i)
{
  return addr[i / 8] >> (7 - i % 8) & 1;
}

uint32_t mmdb_node(struct mmdb_made *m, const uint8_t *addr, unsigned bits)
{
  uint32_t node = 0;
  for (unsigned i = 0; i < bits; i++) {
    uint32_t *r = &m->record[node][bit(addr, i)];
    if (*r == 0 && m->n_nodes < MMDB_NODES) *r = m->n_nodes++;
    node = *r;
  }
  return node;
}

void mmdb_link(struct mmdb_made *m, const uint8_t *addr, unsigned bits, uint32_t node)
{
  m->record[mmdb_node(m, addr, bits - 1)][bit(addr, bits - 1)] = node;
}

void mmdb_put(struct mmdb_made *m, const uint8_t *addr, unsigned bits, uint32_t data_offset)
{
  mmdb_link(m, addr, bits, DATA + data_offset);
}

static void u24(uint8_t *to, uint32_t v)
{
  to[0] = (uint8_t)(v >> 16);
  to[1] = (uint8_t)(v >> 8);
  to[2] = (uint8_t)v;
}

size_t mmdb_write(const struct mmdb_made *m, FILE *f)
{
  static struct mmdb_made meta;
  static const uint8_t zero[16] = {0};
  for (uint32_t i = 0; i < m->n_nodes; i++) {
    uint8_t rec[6];
    for (int side = 0; side < 2; side++) {
      uint32_t r = m->record[i][side];
      u24(rec + 3 * side, r == 0 ? m->n_nodes : r >= DATA ? m->n_nodes + 16 + (r - DATA) : r);
    }
    fwrite(rec, 1, sizeof rec, f);
  }
  fwrite(zero, 1, sizeof zero, f);
  fwrite(m->data, 1, m->n_data, f);
  fwrite("\xab\xcd\xefMaxMind.com", 1, 14, f);
  mmdb_begin(&meta, 0, 0);
  mmdb_map(&meta, 9);
  mmdb_text(&meta, "node_count"), mmdb_u32(&meta, m->n_nodes);
  mmdb_text(&meta, "record_size"), byte(&meta, 5u << 5 | 1), byte(&meta, 24);
  mmdb_text(&meta, "ip_version"), byte(&meta, 5u << 5 | 1), byte(&meta, m->ip_version);
  mmdb_text(&meta, "database_type"), mmdb_text(&meta, "made");
  mmdb_text(&meta, "languages"), byte(&meta, 0), byte(&meta, 4);
  mmdb_text(&meta, "binary_format_major_version"), byte(&meta, 5u << 5 | 1), byte(&meta, 2);
  mmdb_text(&meta, "binary_format_minor_version"), byte(&meta, 5u << 5);
  mmdb_text(&meta, "build_epoch"), byte(&meta, 8), byte(&meta, 2);
  for (int i = 7; i >= 0; i--) byte(&meta, m->built >> (8 * i) & 0xff);
  mmdb_text(&meta, "description"), mmdb_map(&meta, 0);
  return fwrite(meta.data, 1, meta.n_data, f);
}
