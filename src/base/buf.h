/* base/buf.h — bounds-checked cursors over bytes someone else owns.
 *
 * A reader or writer never allocates and never frees. After the first failure every later call
 * fails the same way (sticky): read a whole header, test `bad` once. Failed reads give 0.
 * u16/u32/u64 are big-endian (network order); the _le forms are for our own and pcap's files.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/rc.h"

struct prac_rd {
  const uint8_t *p, *end; /* borrowed */
  bool bad;
};
struct prac_wr {
  uint8_t *base, *p, *end; /* borrowed */
  bool bad;
};

struct prac_rd prac_rd_of(const void *data, size_t len);
size_t prac_rd_left(const struct prac_rd *r);
uint8_t prac_rd_u8(struct prac_rd *r);
uint16_t prac_rd_u16(struct prac_rd *r);
uint32_t prac_rd_u32(struct prac_rd *r);
uint64_t prac_rd_u64(struct prac_rd *r);
uint16_t prac_rd_u16le(struct prac_rd *r);
uint32_t prac_rd_u32le(struct prac_rd *r);
uint64_t prac_rd_u64le(struct prac_rd *r);
uint64_t prac_rd_varint(struct prac_rd *r); /* LEB128, at most 10 bytes */
void prac_rd_skip(struct prac_rd *r, size_t n);
/* n bytes in place, or NULL (and bad) when fewer are left. */
const uint8_t *prac_rd_bytes(struct prac_rd *r, size_t n);
void prac_rd_copy(struct prac_rd *r, void *to, size_t n); /* zeroes `to` on failure */
/* A cursor over the next n bytes; *r moves past them. An empty, bad cursor on failure. */
struct prac_rd prac_rd_sub(struct prac_rd *r, size_t n);

struct prac_wr prac_wr_of(void *data, size_t cap);
size_t prac_wr_len(const struct prac_wr *w);
void prac_wr_u8(struct prac_wr *w, uint8_t v);
void prac_wr_u16(struct prac_wr *w, uint16_t v);
void prac_wr_u32(struct prac_wr *w, uint32_t v);
void prac_wr_u64(struct prac_wr *w, uint64_t v);
void prac_wr_u16le(struct prac_wr *w, uint16_t v);
void prac_wr_u32le(struct prac_wr *w, uint32_t v);
void prac_wr_u64le(struct prac_wr *w, uint64_t v);
void prac_wr_varint(struct prac_wr *w, uint64_t v);
void prac_wr_bytes(struct prac_wr *w, const void *from, size_t n);
void prac_wr_zero(struct prac_wr *w, size_t n);
