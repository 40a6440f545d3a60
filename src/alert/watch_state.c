/* Saving and loading the watch: every sensor in order of name, then a checksum. */
#include <stdlib.h>
#include <string.h>

#include "alert/watch_int.h"
#include "base/buf.h"
#include "base/hash.h"

static const uint32_t MAGIC = 0x31575250; /* "PRW1" */
enum { EACH = WATCH_NAME + 4 + 8 * (4 + 4 + WATCH_LATE + 4 + 2 * WATCH_WHAT_COUNT_) + 8 + 1 };
static const int64_t far = INT64_MAX / 4;

static void put(struct prac_wr *w, int64_t v)
{
  prac_wr_u64le(w, (uint64_t)v);
}
static int64_t get(struct prac_rd *r)
{
  return (int64_t)prac_rd_u64le(r);
}

static void sensor_write(const struct watched *x, struct prac_wr *w)
{
  prac_wr_bytes(w, x->name, sizeof x->name);
  prac_wr_bytes(w, x->country, sizeof x->country);
  put(w, x->heard);
  put(w, x->quiet_ns);
  put(w, x->every_ns);
  put(w, x->counted);
  for (int i = 0; i < 2; i++) {
    prac_wr_u64le(w, x->loss[i].packets);
    prac_wr_u64le(w, x->loss[i].lost);
  }
  for (int i = 0; i < WATCH_LATE; i++) put(w, x->late_ns[i]);
  prac_wr_u32le(w, x->n_late);
  prac_wr_u32le(w, x->late_at);
  put(w, x->sent);
  put(w, x->seen_ns);
  put(w, x->own_ns);
  put(w, x->error_ns);
  prac_wr_u8(w, x->synced);
  for (int i = 0; i < WATCH_WHAT_COUNT_; i++) {
    put(w, x->story[i].from);
    put(w, x->story[i].said);
  }
}

prac_rc alert_watch_save(const struct alert_watch *w, uint8_t **ret, size_t *ret_len)
{
  size_t cap = 4 + 8 + 4 + w->n * (size_t)EACH + 8;
  uint8_t *mem = malloc(cap);
  if (!mem) return PRAC_NOMEM;
  struct prac_wr to = prac_wr_of(mem, cap);
  prac_wr_u32le(&to, MAGIC);
  put(&to, w->now);
  prac_wr_u32le(&to, w->n);
  for (uint32_t i = 0; i < w->n; i++) sensor_write(&w->v[i], &to);
  prac_wr_u64le(&to, prac_hash_bytes(MAGIC, to.base, prac_wr_len(&to)));
  PRAC_INSIST(!to.bad);
  *ret = mem;
  *ret_len = prac_wr_len(&to);
  return PRAC_OK;
}

static bool within(int64_t x, int64_t least, int64_t most)
{
  return x >= least && x <= most;
}
static bool fits(int64_t t)
{
  return t == PRAC_TIME_NONE || within(t, -far, far);
}

static bool sound(const struct watched *x)
{
  const int64_t times[] = {x->heard, x->counted, x->sent};
  bool ok = within(x->quiet_ns, 0, far) && within(x->every_ns, 0, PRAC_DAY);
  ok &= x->n_late <= WATCH_LATE && x->late_at < WATCH_LATE && x->heard != PRAC_TIME_NONE;
  ok &= within(x->seen_ns, -2 * far, 2 * far) && within(x->own_ns, -far, far);
  ok &= within(x->error_ns, -far, far);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(times); i++) ok &= fits(times[i]);
  for (int i = 0; i < WATCH_LATE; i++) ok &= within(x->late_ns[i], -2 * far, 2 * far);
  for (int i = 0; i < WATCH_WHAT_COUNT_; i++) {
    const struct watch_story *s = &x->story[i];
    ok &= fits(s->from) && fits(s->said);
    ok &= (s->from == PRAC_TIME_NONE) == (s->said == PRAC_TIME_NONE);
  }
  return ok;
}

static void sensor_read(struct watched *x, struct prac_rd *r)
{
  x->heard = get(r);
  x->quiet_ns = get(r);
  x->every_ns = get(r);
  x->counted = get(r);
  for (int i = 0; i < 2; i++) {
    x->loss[i].packets = prac_rd_u64le(r);
    x->loss[i].lost = prac_rd_u64le(r);
  }
  for (int i = 0; i < WATCH_LATE; i++) x->late_ns[i] = get(r);
  x->n_late = prac_rd_u32le(r);
  x->late_at = prac_rd_u32le(r);
  x->sent = get(r);
  x->seen_ns = get(r);
  x->own_ns = get(r);
  x->error_ns = get(r);
  x->synced = prac_rd_u8(r) != 0;
  for (int i = 0; i < WATCH_WHAT_COUNT_; i++) {
    x->story[i].from = get(r);
    x->story[i].said = get(r);
  }
}

static prac_rc sensor_load(struct alert_watch *w, struct prac_rd *r)
{
  prac_rc rc;
  const uint8_t *name = prac_rd_bytes(r, WATCH_NAME);
  const uint8_t *country = prac_rd_bytes(r, sizeof w->v->country);
  if (!name || !country || name[WATCH_NAME - 1] || country[sizeof w->v->country - 1])
    return PRAC_DAMAGED;
  uint32_t had = w->n;
  struct watched *x = watch_touch(w, (const char *)name, &rc);
  if (!x) return rc == PRAC_NOMEM ? rc : PRAC_DAMAGED;
  if (w->n == had || x != &w->v[had]) return PRAC_DAMAGED; /* twice, or not in order */
  memcpy(x->country, country, sizeof x->country);
  sensor_read(x, r);
  return !r->bad && sound(x) ? PRAC_OK : PRAC_DAMAGED;
}

prac_rc alert_watch_load(struct alert_watch *w, const void *data, size_t len)
{
  if (w->n) return PRAC_EXISTS;
  if (len < 8) return PRAC_DAMAGED;
  struct prac_rd r = prac_rd_of(data, len - 8);
  struct prac_rd sum = prac_rd_of((const uint8_t *)data + len - 8, 8);
  if (prac_rd_u64le(&sum) != prac_hash_bytes(MAGIC, data, len - 8)) return PRAC_DAMAGED;
  if (prac_rd_u32le(&r) != MAGIC) return PRAC_DAMAGED;
  w->now = get(&r);
  uint32_t n = prac_rd_u32le(&r);
  if (!fits(w->now) || n > WATCH_SENSORS) return PRAC_DAMAGED;
  if (n > 0 && w->now == PRAC_TIME_NONE) return PRAC_DAMAGED;
  for (uint32_t i = 0; i < n; i++) PRAC_TRY(sensor_load(w, &r));
  return r.bad || prac_rd_left(&r) ? PRAC_DAMAGED : PRAC_OK;
}
