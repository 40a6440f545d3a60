/* Two sets of samples: one fills, one is read. */
#include "honeypot/sample.h"

#include "honeypot/core.h"

prac_rc hp_samples_init(struct hp_samples *s, uint32_t per_minute, uint64_t seed)
{
  *s = (struct hp_samples){.minute = PRAC_TIME_NONE};
  if (per_minute == 0) return PRAC_OK;
  prac_rc rc = model_samples_new(per_minute, seed, NULL, &s->open);
  if (rc == PRAC_OK) rc = model_samples_new(per_minute, seed, s->open, &s->told);
  if (rc != PRAC_OK) hp_samples_done(s);
  return rc;
}

void hp_samples_done(struct hp_samples *s)
{
  model_samples_free(&s->open);
  model_samples_free(&s->told);
}

static bool is_read(const struct hp_samples *s)
{
  return atomic_load_explicit(&s->ready, memory_order_acquire) == 0;
}

/* The open minute is over: it becomes what is told, if all of the last one has been. Only what is
 * told is chosen: choosing makes it known. */
static void turn(struct hp_samples *s)
{
  if (s->open->n == 0 || !is_read(s)) {
    s->lost += s->open->n;
    model_samples_reset(s->open);
    return;
  }
  size_t n = model_samples_choose(s->open, s->minute);
  struct model_samples *over = s->open;
  s->open = s->told;
  s->told = over;
  s->next = 0;
  atomic_store_explicit(&s->ready, n, memory_order_release);
  model_samples_reset(s->open);
}

void hp_samples_sweep(struct hp_samples *s, prac_time wall, bool end)
{
  prac_time minute = prac_time_floor(wall, PRAC_MIN);
  if (!s->open) return;
  /* the kernel's stamps and the clock may differ by some: a minute early is no clock that was set
   */
  bool first = s->minute == PRAC_TIME_NONE,
       other = first || minute > s->minute || minute < s->minute - PRAC_MIN;
  if (!first && (end ? is_read(s) : other)) turn(s);
  if (other) s->minute = minute;
}

bool hp_samples_wait(const struct hp_samples *s)
{
  return s->open && (s->open->n > 0 || !is_read(s));
}

void hp_samples_see(struct hp_samples *s, const struct hp_datagram *d, uint16_t port,
                    uint64_t payload)
{
  enum { UDP = 17 };
  if (!s->open) return;
  if (s->minute == PRAC_TIME_NONE || d->at - s->minute >= PRAC_MIN)
    hp_samples_sweep(s, d->at, false);
  uint64_t class = model_sample_class(UDP, 0, d->sport, port, payload);
  if (!model_samples_count(s->open, class)) return;
  model_samples_offer(s->open, class,
                      &(struct model_offer){.at = d->at,
                                            .src = d->src,
                                            .dst = d->own,
                                            .layer = "payload",
                                            .bytes = d->data,
                                            .n_bytes = d->have,
                                            .len = d->len,
                                            .sport = d->sport,
                                            .dport = port,
                                            .proto = UDP,
                                            .ttl = d->ttl,
                                            .payload = payload});
}

prac_rc hp_samples_take(struct hp_samples *s, const char *sensor, struct packet *ret)
{
  size_t n = atomic_load_explicit(&s->ready, memory_order_acquire);
  if (n == 0) return PRAC_AGAIN;
  if (s->next == n) {
    atomic_store_explicit(&s->ready, 0, memory_order_release);
    return PRAC_AGAIN;
  }
  model_samples_get(s->told, s->next++, sensor, ret);
  return PRAC_OK;
}

uint64_t hp_samples_lost(const struct hp_samples *s)
{
  return s->lost + (s->open ? s->open->refused + s->told->refused : 0);
}
