/* tests/lib/mmdb.h — writes small MaxMind DB files for tests (format 2.0, 24-bit records).
 * Source: maxmind.github.io/MaxMind-DB, "MaxMind DB File Format Specification" 2.0. */
#pragma once
#include <stdint.h>
#include <stdio.h>

enum { MMDB_NODES = 4096, MMDB_BYTES = 65536 };
struct mmdb_made {
  uint32_t record[MMDB_NODES][2]; /* 0: empty; below 2^24: node; else 2^24 + data offset */
  uint32_t n_nodes;
  uint8_t data[MMDB_BYTES];
  uint32_t n_data;
  unsigned ip_version;
  uint64_t built;
};
void mmdb_begin(struct mmdb_made *m, unsigned ip_version, uint64_t built);
/* Encoders append to the data section; mmdb_mark gives the offset of what comes next. */
uint32_t mmdb_mark(const struct mmdb_made *m);
void mmdb_map(struct mmdb_made *m, unsigned pairs);
void mmdb_text(struct mmdb_made *m, const char *s);
void mmdb_u32(struct mmdb_made *m, uint32_t v);
/* bits: of the 16-byte address (IPv6 database) or of 4 bytes (IPv4 database) */
void mmdb_put(struct mmdb_made *m, const uint8_t *addr, unsigned bits, uint32_t data_offset);
/* The node that a prefix leads to, made when it is missing; and linking a record to a node. */
uint32_t mmdb_node(struct mmdb_made *m, const uint8_t *addr, unsigned bits);
void mmdb_link(struct mmdb_made *m, const uint8_t *addr, unsigned bits, uint32_t node);
size_t mmdb_write(const struct mmdb_made *m, FILE *f);
