/* What a minute of flows costs on its way to disk: sort, batch, encode, decode; ns a row. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "model/flow.h"

static double now(void)
{
  struct timespec t;
  (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fill(struct flow_row *rows, uint32_t n)
{
  struct prac_rng r = prac_rng_of(1);
  for (uint32_t i = 0; i < n; i++) {
    memset(&rows[i], 0, sizeof rows[i]);
    rows[i].first_ms = (uint16_t)prac_rng_below(&r, 60000);
    rows[i].src = prac_ip4((uint32_t)prac_rng_below(&r, 200000) * 20021u);
    rows[i].dst = prac_ip4(0xc6120000u | (uint32_t)prac_rng_below(&r, 32768));
    rows[i].proto = 6;
    rows[i].tcp_flags = 2;
    rows[i].ttl = (uint8_t)(40 + prac_rng_below(&r, 20));
    rows[i].sport = (uint16_t)prac_rng_u64(&r);
    rows[i].dport = (uint16_t)(prac_rng_below(&r, 4) ? 23 : prac_rng_below(&r, 65536));
    rows[i].window = (uint16_t)prac_rng_u64(&r);
    rows[i].country = 'J' << 8 | 'P';
    rows[i].packets = 1;
    rows[i].bytes = 40;
  }
}

static void say(const char *what, double seconds, uint32_t rows, double bytes_per_row)
{
  printf("{\"bench\":\"flow_%s\",\"n\":%u,\"ns_per_op\":%.1f,\"bytes_per_row\":%.2f}\n", what, rows,
         seconds * 1e9 / rows, bytes_per_row);
}

int main(void)
{
  enum { N = 50000, ROUNDS = 20 };
  struct flow_row *rows = calloc(N, sizeof *rows);
  double make = 0, encode[2] = {0}, decode = 0;
  size_t len[2] = {0};
  if (!rows) return 1;
  for (int round = 0; round < ROUNDS; round++) {
    struct flow_batch *b = NULL, *back = NULL;
    fill(rows, N);
    double t = now();
    if (flow_batch_new("bench", 0, rows, N, &b) != PRAC_OK) return 1;
    make += now() - t;
    for (int level = 0; level < 2; level++) {
      uint8_t *bytes = NULL;
      t = now();
      if (flow_batch_encode(b, level, &bytes, &len[level]) != PRAC_OK) return 1;
      encode[level] += now() - t, t = now();
      if (level && flow_batch_decode(bytes, len[level], &back, NULL) != PRAC_OK) return 1;
      if (level) decode += now() - t;
      free(bytes);
    }
    flow_batch_unref(&b);
    flow_batch_unref(&back);
  }
  say("sort_and_batch", make, N * ROUNDS, 0);
  say("encode_plain", encode[0], N * ROUNDS, (double)len[0] / N);
  say("encode_zstd1", encode[1], N * ROUNDS, (double)len[1] / N);
  say("decode_zstd1", decode, N * ROUNDS, (double)len[1] / N);
  free(rows);
  return 0;
}
