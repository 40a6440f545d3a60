/* Saved state of the core (first byte 0) or of one engine (1 ..): whatever loads must then work. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "engine/core_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const prac_time t0 = INT64_C(1375833600) * PRAC_SEC;

static prac_rc drop(void *arg, const struct finding *f)
{
  (void)arg;
  PRAC_INSIST(f->id && f->key && f->text && f->hosts.n <= 256);
  return PRAC_OK;
}

static struct flow_batch *batch(prac_time minute)
{
  struct flow_row rows[40];
  struct flow_batch *b = NULL;
  memset(rows, 0, sizeof rows);
  for (uint32_t i = 0; i < 40; i++) {
    rows[i].src = prac_ip4(0xcb007100u + i);
    rows[i].proto = 6;
    rows[i].dport = 1433;
    rows[i].country = 'M' << 8 | 'M';
    rows[i].packets = 40;
    rows[i].marks = i % 2 ? FLOW_BACKSCATTER : 0;
  }
  PRAC_INSIST(flow_batch_new("tokyo", minute, rows, 40, &b) == PRAC_OK);
  b->last = true;
  return b;
}

static void core(const uint8_t *data, size_t size)
{
  static const uint32_t magic = 0x31434550; /* as in core_state.c: the checksum is made to fit */
  struct eng_core_conf conf = {.seed = 1};
  struct eng_core *c = NULL;
  uint8_t *bytes = malloc(size + 8);
  uint64_t sum = prac_hash_bytes(magic, data, size);
  PRAC_INSIST(bytes && eng_core_new(&conf, NULL, drop, NULL, &c, NULL) == PRAC_OK);
  if (size) memcpy(bytes, data, size);
  for (int i = 0; i < 8; i++) bytes[size + (size_t)i] = (uint8_t)(sum >> (8 * i));
  if (eng_core_load(c, bytes, size + 8, NULL) == PRAC_OK) {
    struct flow_batch *b = batch(t0);
    PRAC_INSIST(eng_core_feed(c, b, NULL) == PRAC_OK);
    flow_batch_unref(&b);
    PRAC_INSIST(eng_core_finish(c, NULL) == PRAC_OK);
  }
  eng_core_free(&c);
  free(bytes);
}

static void engine(const struct eng_ops *ops, const uint8_t *data, size_t size)
{
  const struct prac_conf_section *sections[] = {ops->conf, NULL};
  struct prac_conf *conf = NULL;
  struct eng_run r = {0};
  struct prac_rd rd = prac_rd_of(data, size);
  PRAC_INSIST(prac_conf_parse("", 0, "", sections, &conf, NULL) == PRAC_OK);
  PRAC_INSIST(eng_run_init(&r, ops, prac_conf_get(conf, ops->conf->path, 0), NULL) == PRAC_OK);
  PRAC_INSIST(eng_run_open(&r, NULL) == PRAC_OK);
  if (ops->load && ops->load(r.st, &rd) == PRAC_OK) {
    struct flow_batch *b[2] = {batch(t0), batch(t0 + PRAC_MIN)};
    const struct eng_work w = {.batches = b, .n = 2, .until = t0 + 2 * PRAC_DAY};
    eng_run_work(&r, &w);
    PRAC_INSIST(r.rc == PRAC_OK);
    flow_batch_unref(&b[0]);
    flow_batch_unref(&b[1]);
  }
  eng_run_done(&r);
  prac_conf_free(&conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  size_t n = 0;
  if (size == 0) return 0;
  while (eng_list[n]) n++;
  if (data[0] % (n + 1) == 0)
    core(data + 1, size - 1);
  else
    engine(eng_list[data[0] % (n + 1) - 1], data + 1, size - 1);
  return 0;
}
