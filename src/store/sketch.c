/* Sorted codes become registers when there are too many. */
#include "store/sketch.h"

#include <stdlib.h>
#include <string.h>

#include "base/hll.h"

enum {
  REG_BITS = 12,
  MID_BITS = 8,                   /* of the code, behind the register's number */
  TAIL_BITS = 12,                 /* of the hash, behind the code's 20 */
  RANK_CAP = 32 - REG_BITS + 1,   /* all behind the register's number is zero */
  TAIL_CAP = RANK_CAP - MID_BITS, /* largest value of the code's last 4 bits */
  STEP_UNIVERSE = 1 << (REG_BITS + MID_BITS),
};

uint32_t store_sketch_code(const struct prac_ip *ip)
{
  uint32_t h = (uint32_t)(prac_hll_hash_ip(ip) >> 32), top = h >> TAIL_BITS;
  if (top & ((1u << MID_BITS) - 1)) return top << 4;
  uint32_t tail = h << (32 - TAIL_BITS);
  return top << 4 | (tail ? (uint32_t)__builtin_clz(tail) + 1 : TAIL_CAP);
}

void store_sketch_mark(uint8_t *dense, uint32_t code)
{
  uint32_t mid = code >> 4 & ((1u << MID_BITS) - 1);
  uint32_t rank = mid ? (uint32_t)__builtin_clz(mid) - (32 - MID_BITS) + 1 : MID_BITS + (code & 15);
  uint8_t *reg = &dense[code >> (MID_BITS + 4)];
  if (rank > *reg) *reg = (uint8_t)rank;
}

void store_sketch_widen(uint8_t *dense, const uint8_t *other)
{
  for (size_t i = 0; i < HLL_REGISTERS; i++) dense[i] = other[i] > dense[i] ? other[i] : dense[i];
}

static prac_rc make_dense(struct store_sketch *s)
{
  uint8_t *d = calloc(1, HLL_REGISTERS);
  if (!d) return PRAC_NOMEM;
  for (uint32_t i = 0; i < s->n; i++) store_sketch_mark(d, s->v[i]);
  free(s->v);
  *s = (struct store_sketch){.dense = d};
  return PRAC_OK;
}

static prac_rc room_for(struct store_sketch *s, size_t n)
{
  if (n <= s->cap) return PRAC_OK;
  size_t cap = s->cap ? s->cap : 4;
  while (cap < n) cap *= 2;
  uint32_t *v = realloc(s->v, cap * sizeof *v);
  if (!v) return PRAC_NOMEM;
  s->v = v;
  s->cap = (uint32_t)cap;
  return PRAC_OK;
}

static size_t in_both(const struct store_sketch *s, const uint32_t *v, size_t n)
{
  size_t both = 0;
  for (size_t i = 0, k = 0; i < s->n && k < n;) {
    uint32_t mine = s->v[i], yours = v[k];
    both += mine == yours;
    i += mine <= yours;
    k += yours <= mine;
  }
  return both;
}

/* Merges from the back: no second buffer. The union's size is counted first. */
static void merge_in(struct store_sketch *s, const uint32_t *v, size_t n, size_t all)
{
  size_t i = s->n, k = n, at = all;
  while (k > 0) {
    if (i > 0 && s->v[i - 1] >= v[k - 1]) {
      if (s->v[i - 1] == v[k - 1]) k--;
      s->v[--at] = s->v[--i];
    } else {
      s->v[--at] = v[--k];
    }
  }
  s->n = (uint32_t)all;
}

prac_rc store_sketch_add_sorted(struct store_sketch *s, const uint32_t *v, size_t n)
{
  if (!s->dense) {
    size_t all = s->n + n - in_both(s, v, n);
    if (all <= STORE_SKETCH_EXACT) {
      PRAC_TRY(room_for(s, all));
      merge_in(s, v, n, all);
      return PRAC_OK;
    }
    PRAC_TRY(make_dense(s));
  }
  for (size_t k = 0; k < n; k++) store_sketch_mark(s->dense, v[k]);
  return PRAC_OK;
}

prac_rc store_sketch_add(struct store_sketch *s, uint32_t code)
{
  return store_sketch_add_sorted(s, &code, 1);
}

prac_rc store_sketch_merge(struct store_sketch *into, const struct store_sketch *from)
{
  if (!from->dense) return store_sketch_add_sorted(into, from->v, from->n);
  if (!into->dense) PRAC_TRY(make_dense(into));
  store_sketch_widen(into->dense, from->dense);
  return PRAC_OK;
}

uint64_t store_sketch_count(const struct store_sketch *s)
{
  if (!s->dense) return s->n;
  struct prac_hll h = {.dense = s->dense};
  return prac_hll_count(&h);
}

void store_sketch_done(struct store_sketch *s)
{
  free(s->v);
  free(s->dense);
  *s = (struct store_sketch){0};
}

/* ---- as bytes ---- */

/* Rice parameter: steps between n sorted values are about universe / n long. */
static unsigned rice(size_t n)
{
  return 19u - (31u - (unsigned)__builtin_clz((uint32_t)n));
}

struct bits_out {
  struct prac_wr *w;
  uint64_t acc;
  unsigned have;
};

static void put_bits(struct bits_out *b, uint32_t v, unsigned n) /* lowest first; n <= 32 */
{
  b->acc |= (uint64_t)v << b->have;
  for (b->have += n; b->have >= 8; b->have -= 8, b->acc >>= 8) prac_wr_u8(b->w, (uint8_t)b->acc);
}

void store_sketch_write_codes(const uint32_t *v, size_t n, struct prac_wr *w)
{
  prac_wr_varint(w, n);
  if (n == 0) return;
  struct bits_out b = {.w = w};
  unsigned k = rice(n);
  uint32_t last = 0;
  for (size_t i = 0; i < n; i++) {
    uint32_t top = v[i] >> 4, step = top - last, q = step >> k;
    for (; q >= 16; q -= 16) put_bits(&b, 0, 16);
    put_bits(&b, 1u << q, q + 1);
    put_bits(&b, step & ((1u << k) - 1), k);
    if ((top & ((1u << MID_BITS) - 1)) == 0) put_bits(&b, v[i] & 15, 4);
    last = top;
  }
  if (b.have > 0) prac_wr_u8(w, (uint8_t)b.acc);
}

void store_sketch_write(const struct store_sketch *s, struct prac_wr *w)
{
  if (!s->dense) {
    store_sketch_write_codes(s->v, s->n, w);
    return;
  }
  prac_wr_varint(w, STORE_SKETCH_DENSE);
  prac_wr_bytes(w, s->dense, HLL_REGISTERS);
}

struct bits_in {
  struct prac_rd *r;
  uint64_t acc;
  unsigned have;
};

static void fill(struct bits_in *b)
{
  while (b->have <= 56 && b->r->p < b->r->end) {
    b->acc |= (uint64_t)*b->r->p++ << b->have;
    b->have += 8;
  }
}

static uint32_t get_bits(struct bits_in *b, unsigned n) /* n <= 32 */
{
  if (b->have < n) fill(b);
  if (b->have < n) {
    b->r->bad = true;
    return 0;
  }
  uint32_t v = (uint32_t)(b->acc & ((UINT64_C(1) << n) - 1));
  b->acc >>= n;
  b->have -= n;
  return v;
}

static uint32_t get_unary(struct bits_in *b)
{
  uint32_t q = 0;
  for (;;) {
    fill(b);
    if (b->acc != 0) break;
    q += b->have;
    if (b->have == 0 || q > STEP_UNIVERSE) {
      b->r->bad = true;
      return 0;
    }
    b->have = 0;
  }
  unsigned zeros = (unsigned)__builtin_ctzll(b->acc);
  b->acc >>= zeros;
  b->acc >>= 1;
  b->have -= zeros + 1;
  return q + zeros;
}

static prac_rc read_codes(struct prac_rd *r, size_t n, uint32_t *v)
{
  struct bits_in b = {.r = r};
  unsigned k = rice(n);
  uint32_t top = 0;
  for (size_t i = 0; i < n; i++) {
    uint64_t step = (uint64_t)get_unary(&b) << k;
    step |= get_bits(&b, k);
    if (r->bad) return PRAC_TRUNCATED;
    if (top + step >= STEP_UNIVERSE) return PRAC_MALFORMED;
    top += (uint32_t)step;
    bool has_tail = (top & ((1u << MID_BITS) - 1)) == 0;
    uint32_t tail = has_tail ? get_bits(&b, 4) : 0;
    if (r->bad) return PRAC_TRUNCATED;
    v[i] = top << 4 | tail;
    if (has_tail && (tail == 0 || tail > TAIL_CAP)) return PRAC_MALFORMED;
    if (i > 0 && v[i] <= v[i - 1]) return PRAC_MALFORMED;
  }
  r->p -= b.have / 8; /* whole bytes that were read ahead */
  return PRAC_OK;
}

prac_rc store_sketch_open(struct prac_rd *r, uint32_t v[STORE_SKETCH_EXACT], size_t *ret_n,
                          const uint8_t **ret_dense)
{
  uint64_t n = prac_rd_varint(r);
  *ret_n = 0;
  *ret_dense = NULL;
  if (r->bad) return PRAC_TRUNCATED;
  if (n == STORE_SKETCH_DENSE) {
    const uint8_t *reg = prac_rd_bytes(r, HLL_REGISTERS);
    if (!reg) return PRAC_TRUNCATED;
    uint8_t most = 0;
    for (size_t i = 0; i < HLL_REGISTERS; i++) most = reg[i] > most ? reg[i] : most;
    *ret_dense = reg;
    return most > RANK_CAP ? PRAC_MALFORMED : PRAC_OK;
  }
  if (n > STORE_SKETCH_EXACT) return PRAC_MALFORMED;
  *ret_n = (size_t)n;
  return n == 0 ? PRAC_OK : read_codes(r, (size_t)n, v);
}

prac_rc store_sketch_read(struct store_sketch *s, struct prac_rd *r)
{
  uint32_t v[STORE_SKETCH_EXACT];
  const uint8_t *dense;
  size_t n;
  PRAC_TRY(store_sketch_open(r, v, &n, &dense));
  if (!dense) return store_sketch_add_sorted(s, v, n);
  if (!s->dense) PRAC_TRY(make_dense(s));
  store_sketch_widen(s->dense, dense);
  return PRAC_OK;
}
