/* What a site that somebody else has taken over may send: any batches, heartbeats and hits that are
 * well formed. Whatever they say, engines and the desk of episodes go on, and what they say of it
 * has numbers that are numbers. First byte: which engine (0: the desk of episodes). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "engine/core_int.h"
#include "episode/episode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS = 24, OPS = 32 };
static const char *const sensors[] = {"tokyo", "oslo", "lima"};

static prac_rc finding(void *arg, const struct finding *f)
{
  struct prac_json j = prac_json_of(0);
  (void)arg;
  PRAC_INSIST(f->id && f->key && f->text && isfinite(f->value) && isfinite(f->baseline) &&
              isfinite(f->score) && f->from <= f->to);
  model_to_json(&model_finding, f, &j);
  PRAC_INSIST(!j.bad);
  prac_json_done(&j);
  return PRAC_OK;
}

static prac_rc episode(void *arg, const struct episode *e, bool alerts)
{
  struct prac_arena *a = arg;
  struct finding f;
  (void)alerts;
  PRAC_INSIST(e->id && e->state && isfinite(e->pps_max) && e->from <= e->to);
  prac_arena_reset(a);
  PRAC_INSIST(epi_finding(e, 1, a, &f) == PRAC_OK);
  return finding(NULL, &f);
}

/* As role_check_time lets it through: from 1970 on, in seconds of 32 bits. Mostly near: a far one
 * costs thousands of slots, as often as it comes. */
static prac_time moment(struct prac_rd *r, prac_time now)
{
  int8_t how = (int8_t)prac_rd_u8(r);
  prac_time t = how == 0 ? (prac_time)prac_rd_u32le(r) * PRAC_SEC
                         : now + how * (how & 1 ? PRAC_MIN : 4 * PRAC_MIN);
  return t < 0 ? 0 : t;
}

static struct prac_ip address(struct prac_rd *r)
{
  uint8_t how = prac_rd_u8(r);
  uint32_t v = prac_rd_u32le(r);
  if (how & 1) return prac_ip_of((uint64_t)v << 32 | how, v);
  return how & 2 ? prac_ip4(v) : prac_ip4(0xcb007100u + (v & 0xff));
}

/* ---- batches ---- */

static void row(struct prac_rd *r, struct flow_row *to)
{
  memset(to, 0, sizeof *to);
  to->src = address(r);
  to->dst = address(r);
  uint8_t what = prac_rd_u8(r);
  to->proto = what & 1 ? 6 : what & 2 ? 17 : prac_rd_u8(r);
  to->dport = what & 4 ? 23 : prac_rd_u16le(r);
  to->sport = prac_rd_u16le(r);
  to->marks = what & 8 ? prac_rd_u32le(r) : what & 16 ? FLOW_BACKSCATTER : 0;
  to->packets = what & 32 ? prac_rd_u32le(r) : 1u + prac_rd_u8(r);
  to->bytes = what & 64 ? UINT64_MAX - prac_rd_u8(r) : to->packets * 60ull;
  to->first_ms = prac_rd_u16le(r) % 60000;
  to->span_ms = prac_rd_u16le(r);
  to->tcp_flags = prac_rd_u8(r);
  to->ttl = prac_rd_u8(r);
  to->tool = prac_rd_u8(r) % FLOW_TOOL_COUNT_;
  to->country = prac_rd_u16le(r);
  to->asn = prac_rd_u32le(r);
  if (what & 128) to->victim = address(r);
}

static void batch(struct eng_core *c, struct prac_rd *r, prac_time at)
{
  struct flow_row rows[ROWS];
  struct flow_batch *b = NULL;
  uint8_t how = prac_rd_u8(r);
  uint32_t n = prac_rd_u8(r) % (ROWS + 1);
  for (uint32_t i = 0; i < n; i++) row(r, &rows[i]);
  PRAC_INSIST(flow_batch_new(sensors[how % PRAC_ARRAY_LEN(sensors)], prac_time_floor(at, PRAC_MIN),
                             rows, n, &b) == PRAC_OK);
  b->last = how < 192;
  b->part = how & 4 ? prac_rd_u32le(r) : 0;
  PRAC_INSIST(eng_core_feed(c, b, NULL) == PRAC_OK);
  flow_batch_unref(&b);
}

/* A table that is walked in every slot, but small. */
static struct prac_conf *settings(void)
{
  static const char text[] = "engine:\n  noise:\n    max-sources: 64\n";
  const struct prac_conf_section *sections[16] = {NULL};
  struct prac_conf *c = NULL;
  for (size_t i = 0; eng_list[i] && i + 1 < PRAC_ARRAY_LEN(sections); i++)
    sections[i] = eng_list[i]->conf;
  PRAC_INSIST(prac_conf_parse(text, sizeof text - 1, "", sections, &c, NULL) == PRAC_OK);
  return c;
}

static void engines(const char *only, struct prac_rd *r)
{
  struct prac_conf *own = settings();
  const struct eng_core_conf conf = {.seed = 1, .only = only, .hold_max = 8};
  struct eng_core *c = NULL;
  prac_time now = INT64_C(1375833600) * PRAC_SEC;
  PRAC_INSIST(eng_core_new(&conf, own, finding, NULL, &c, NULL) == PRAC_OK);
  for (int i = 0, far = 0; i < OPS && !r->bad && prac_rd_left(r); i++) {
    uint8_t what = prac_rd_u8(r);
    prac_time before = now;
    now = moment(r, now);
    if (now - before > PRAC_DAY && far++) now = before;
    if (what % 4)
      batch(c, r, now);
    else
      PRAC_INSIST(eng_core_advance(c, sensors[what / 4 % PRAC_ARRAY_LEN(sensors)], now, NULL) ==
                  PRAC_OK);
  }
  PRAC_INSIST(eng_core_finish(c, NULL) == PRAC_OK);
  eng_core_free(&c);
  prac_conf_free(&own);
}

/* ---- hits ---- */

static void hit(struct epi_desk *d, struct prac_rd *r, uint32_t nth, prac_time at)
{
  static const char *const vectors[] = {"dns", "ntp_monlist", "port-9", "", "port-99999"};
  char id[16], name[9] = "";
  const char *names[] = {name};
  memcpy(id, "0000000", 8);
  for (int i = 6; i >= 0; i--, nth /= 10) id[i] = (char)('0' + nth % 10);
  struct hit h = {.id = id, .at = at, .victim = address(r)};
  uint8_t how = prac_rd_u8(r);
  h.sensor = sensors[how % PRAC_ARRAY_LEN(sensors)];
  h.vector = vectors[how / 4 % PRAC_ARRAY_LEN(vectors)];
  h.from = moment(r, at);
  h.to = moment(r, at);
  h.packets = how & 64 ? prac_rd_u64le(r) : prac_rd_u8(r);
  h.bytes = how & 128 ? prac_rd_u64le(r) : h.packets * 40;
  h.port = prac_rd_u16le(r);
  h.victim_port = prac_rd_u16le(r);
  h.ttl_min = prac_rd_u8(r);
  h.ttl_max = prac_rd_u8(r);
  h.ttl_count = prac_rd_u8(r);
  prac_rd_copy(r, name, 8);
  h.names = (struct model_strs){names, name[0] != 0};
  h.scanner = how & 32;
  prac_rc rc = epi_desk_take(d, &h);
  PRAC_INSIST(rc == PRAC_OK || rc == PRAC_RANGE || rc == PRAC_MALFORMED);
}

static void episodes(struct prac_rd *r)
{
  struct epi_conf conf;
  struct epi_desk *d = NULL;
  struct prac_arena *a = prac_arena_new(0);
  prac_time now = INT64_C(1375833600) * PRAC_SEC;
  epi_conf_defaults(&conf);
  conf.max_targets = 64;
  PRAC_INSIST(a && epi_desk_new(&conf, NULL, episode, a, &d, NULL) == PRAC_OK);
  for (uint32_t i = 0; i < OPS && !r->bad && prac_rd_left(r); i++) {
    uint8_t what = prac_rd_u8(r);
    now = moment(r, now);
    if (what % 8)
      for (uint8_t k = 0; k < (what >> 4) + 1; k++) hit(d, r, i * 16 + k, now);
    else
      PRAC_INSIST(epi_desk_advance(d, now) == PRAC_OK);
  }
  PRAC_INSIST(epi_desk_finish(d) == PRAC_OK && epi_desk_open_count(d) == 0);
  epi_desk_free(&d);
  prac_arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  size_t n = 0;
  if (size == 0) return 0;
  while (eng_list[n]) n++;
  struct prac_rd r = prac_rd_of(data + 1, size - 1);
  if (data[0] % (n + 1) == 0)
    episodes(&r);
  else
    engines(eng_list[data[0] % (n + 1) - 1]->name, &r);
  return 0;
}
