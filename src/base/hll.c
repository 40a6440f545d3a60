/* Exact below HLL_SPARSE different hashes, because most keys of a quiet telescope stay small and a
 * surge threshold of 15 sources must not wobble. */
#include "base/hll.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { FORM_SPARSE = 1, FORM_DENSE = 2, RANK_MAX = 64 - HLL_BITS + 1 };

uint64_t prac_hll_hash_ip(const struct prac_ip *ip)
{
  return prac_hash2(0x5ce7c4b10a3f92d1u, prac_ip_hi(ip), prac_ip_lo(ip));
}

static void dense_add(uint8_t *dense, uint64_t hash)
{
  size_t reg = (size_t)(hash >> (64 - HLL_BITS));
  uint64_t rest = hash << HLL_BITS;
  uint8_t rank = rest ? (uint8_t)(__builtin_clzll(rest) + 1) : RANK_MAX;
  if (rank > dense[reg]) dense[reg] = rank;
}

static prac_rc make_dense(struct prac_hll *h)
{
  uint8_t *dense = calloc(1, HLL_REGISTERS);
  if (!dense) return PRAC_NOMEM;
  for (uint32_t i = 0; i < h->n; i++) dense_add(dense, h->sparse[i]);
  free(h->sparse);
  h->sparse = NULL;
  h->dense = dense;
  h->n = 0;
  return PRAC_OK;
}

/* Where hash stands or would stand in the sorted list. */
static uint32_t sparse_find(const struct prac_hll *h, uint64_t hash)
{
  uint32_t lo = 0, hi = h->n;
  while (lo < hi) {
    uint32_t mid = (lo + hi) / 2;
    if (h->sparse[mid] < hash)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo;
}

static prac_rc sparse_add(struct prac_hll *h, uint64_t hash)
{
  uint32_t at = sparse_find(h, hash);
  if (at < h->n && h->sparse[at] == hash) return PRAC_OK;
  if (h->n == HLL_SPARSE) {
    PRAC_TRY(make_dense(h));
    dense_add(h->dense, hash);
    return PRAC_OK;
  }
  if ((h->n & (h->n - 1)) == 0) { /* grow at powers of two */
    uint64_t *p = realloc(h->sparse, (h->n ? 2 * (size_t)h->n : 1) * sizeof *p);
    if (!p) return PRAC_NOMEM;
    h->sparse = p;
  }
  memmove(h->sparse + at + 1, h->sparse + at, (h->n - at) * sizeof *h->sparse);
  h->sparse[at] = hash;
  h->n++;
  return PRAC_OK;
}

prac_rc prac_hll_add(struct prac_hll *h, uint64_t hash)
{
  if (!h->dense) return sparse_add(h, hash);
  dense_add(h->dense, hash);
  return PRAC_OK;
}

prac_rc prac_hll_merge(struct prac_hll *into, const struct prac_hll *from)
{
  for (uint32_t i = 0; i < from->n; i++) PRAC_TRY(prac_hll_add(into, from->sparse[i]));
  if (!from->dense) return PRAC_OK;
  if (!into->dense) PRAC_TRY(make_dense(into));
  for (size_t i = 0; i < HLL_REGISTERS; i++)
    if (from->dense[i] > into->dense[i]) into->dense[i] = from->dense[i];
  return PRAC_OK;
}

/* Ertl's sigma and tau: the corrections for registers still zero and registers run over. */
static double sigma(double x)
{
  if (x >= 1.0) return HUGE_VAL;
  double y = 1, z = x, last;
  do {
    x *= x;
    last = z;
    z += x * y;
    y += y;
  } while (z > last);
  return z;
}

static double tau(double x)
{
  if (x <= 0.0 || x >= 1.0) return 0.0;
  double y = 1, z = 1 - x, last;
  do {
    x = sqrt(x);
    last = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  } while (z < last);
  return z / 3;
}

uint64_t prac_hll_count(const struct prac_hll *h)
{
  if (!h->dense) return h->n;
  uint32_t have[RANK_MAX + 1] = {0};
  const double m = HLL_REGISTERS;
  for (size_t i = 0; i < HLL_REGISTERS; i++) have[h->dense[i]]++;
  double z = m * tau(1 - have[RANK_MAX] / m);
  for (int k = RANK_MAX - 1; k >= 1; k--) z = 0.5 * (z + have[k]);
  z += m * sigma(have[0] / m);
  return (uint64_t)llround(m * m / (2 * M_LN2) / z);
}

void prac_hll_done(struct prac_hll *h)
{
  free(h->sparse);
  free(h->dense);
  h->sparse = NULL;
  h->dense = NULL;
  h->n = 0;
}

void prac_hll_write(const struct prac_hll *h, struct prac_wr *w)
{
  prac_wr_u8(w, h->dense ? FORM_DENSE : FORM_SPARSE);
  if (h->dense) {
    prac_wr_bytes(w, h->dense, HLL_REGISTERS);
    return;
  }
  prac_wr_u8(w, (uint8_t)h->n);
  for (uint32_t i = 0; i < h->n; i++) prac_wr_u64le(w, h->sparse[i]);
}

static prac_rc read_dense(struct prac_hll *h, struct prac_rd *r)
{
  const uint8_t *bytes = prac_rd_bytes(r, HLL_REGISTERS);
  if (!bytes) return PRAC_TRUNCATED;
  for (size_t i = 0; i < HLL_REGISTERS; i++)
    if (bytes[i] > RANK_MAX) return PRAC_MALFORMED;
  PRAC_TRY(make_dense(h));
  memcpy(h->dense, bytes, HLL_REGISTERS);
  return PRAC_OK;
}

prac_rc prac_hll_read(struct prac_hll *h, struct prac_rd *r)
{
  prac_hll_done(h);
  uint8_t form = prac_rd_u8(r);
  if (r->bad) return PRAC_TRUNCATED;
  if (form == FORM_DENSE) return read_dense(h, r);
  if (form != FORM_SPARSE) return PRAC_MALFORMED;
  uint32_t n = prac_rd_u8(r);
  uint64_t last = 0;
  prac_rc rc = n > HLL_SPARSE ? PRAC_MALFORMED : PRAC_OK;
  for (uint32_t i = 0; i < n && rc == PRAC_OK; i++) {
    uint64_t v = prac_rd_u64le(r);
    if (r->bad)
      rc = PRAC_TRUNCATED;
    else if (i > 0 && v <= last)
      rc = PRAC_MALFORMED;
    else
      rc = prac_hll_add(h, v);
    last = v;
  }
  if (rc != PRAC_OK) prac_hll_done(h);
  return rc;
}
