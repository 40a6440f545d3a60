/* The order of a batch's rows: by (src, dst, proto, sport, dport, time). Rows are large, so what is
 * sorted is a small key with the row's number; the rows themselves move once, into their columns.
 */
#include <stdlib.h>
#include <string.h>

#include "model/flow_block.h"

struct slim {
  uint64_t key; /* src << 32 | dst of IPv4 rows; rows that are not come after by the full key */
  uint32_t at;
};

static int by_key(const void *pa, const void *pb, void *arg)
{
  const struct flow_row *rows = arg;
  const struct flow_row *a = &rows[((const struct slim *)pa)->at];
  const struct flow_row *b = &rows[((const struct slim *)pb)->at];
  int d = memcmp(&a->src, &b->src, sizeof a->src);
  if (d == 0) d = memcmp(&a->dst, &b->dst, sizeof a->dst);
  if (d != 0) return d;
  uint64_t ka =
      (uint64_t)a->proto << 48 | (uint64_t)a->sport << 32 | (uint64_t)a->dport << 16 | a->first_ms;
  uint64_t kb =
      (uint64_t)b->proto << 48 | (uint64_t)b->sport << 32 | (uint64_t)b->dport << 16 | b->first_ms;
  if (ka != kb) return ka < kb ? -1 : 1;
  return memcmp(a, b,
                sizeof *a); /* whatever else differs: the order never depends on the input's */
}

/* Least significant digit first, from a to tmp and back; returns where the result stands. */
static struct slim *radix_sort(struct slim *a, struct slim *tmp, uint32_t n)
{
  enum { BITS = 11, PASSES = 6, BUCKETS = 1 << BITS };
  for (unsigned pass = 0; pass < PASSES; pass++) {
    uint32_t count[BUCKETS] = {0}, sum = 0;
    unsigned shift = pass * BITS;
    for (uint32_t i = 0; i < n; i++) count[a[i].key >> shift & (BUCKETS - 1)]++;
    if (count[a[0].key >> shift & (BUCKETS - 1)] == n) continue; /* all alike in these bits */
    for (size_t i = 0; i < BUCKETS; i++) {
      uint32_t c = count[i];
      count[i] = sum;
      sum += c;
    }
    for (uint32_t i = 0; i < n; i++) tmp[count[a[i].key >> shift & (BUCKETS - 1)]++] = a[i];
    struct slim *swap = a;
    a = tmp;
    tmp = swap;
  }
  return a;
}

static void settle_ties(struct slim *key, const struct flow_row *rows, uint32_t n)
{
  union {
    const struct flow_row *in;
    void *arg;
  } u = {.in = rows}; /* qsort_r's argument is not const */
  for (uint32_t i = 0, j; i < n; i = j) {
    for (j = i + 1; j < n && key[j].key == key[i].key; j++) {
    }
    if (j - i > 1) qsort_r(key + i, j - i, sizeof *key, by_key, u.arg);
  }
}

/* One key for all rows means one tie: IPv6 anywhere, and the full key decides everything. */
static uint64_t slim_key(const struct flow_row *r, bool all4)
{
  return all4 ? (uint64_t)prac_ip_to4(&r->src) << 32 | prac_ip_to4(&r->dst) : 0;
}

static bool all_ip4(const struct flow_row *rows, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++)
    if (!prac_ip_is4(&rows[i].src) || !prac_ip_is4(&rows[i].dst)) return false;
  return true;
}

uint32_t *flow_order(const struct flow_row *rows, uint32_t n)
{
  struct slim *a = malloc((size_t)n * sizeof *a + 1), *tmp = malloc((size_t)n * sizeof *tmp + 1);
  uint32_t *order = malloc((size_t)n * sizeof *order + 1);
  if (a && tmp && order && n) {
    bool all4 = all_ip4(rows, n);
    for (uint32_t i = 0; i < n; i++) a[i] = (struct slim){slim_key(&rows[i], all4), i};
    struct slim *key = radix_sort(a, tmp, n);
    settle_ties(key, rows, n);
    for (uint32_t i = 0; i < n; i++) order[i] = key[i].at;
  } else if (!a || !tmp) {
    free(order);
    order = NULL;
  }
  free(a);
  free(tmp);
  return order;
}
