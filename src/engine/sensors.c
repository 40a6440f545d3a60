/* An engine's state by sensor. There are tens of sensors, rarely hundreds: a sorted array does. */
#include "engine/sensors.h"

#include <stdlib.h>
#include <string.h>

void eng_sensors_init(struct eng_sensors *s, size_t bytes, uint32_t max)
{
  *s = (struct eng_sensors){.bytes = bytes ? bytes : 1, .max = max};
}

void eng_sensors_done(struct eng_sensors *s, void (*done)(void *block))
{
  while (s->n) eng_sensors_drop(s, s->n - 1, done);
  free(s->v);
  s->v = NULL;
  s->cap = 0;
}

/* Where the name is, or would be. */
static uint32_t place(const struct eng_sensors *s, const char *name, bool *ret_there)
{
  uint32_t lo = 0, hi = s->n;
  while (lo < hi) {
    uint32_t mid = lo + (hi - lo) / 2;
    if (strcmp(s->v[mid].name, name) < 0)
      lo = mid + 1;
    else
      hi = mid;
  }
  *ret_there = lo < s->n && strcmp(s->v[lo].name, name) == 0;
  return lo;
}

static prac_rc room(struct eng_sensors *s)
{
  if (s->n < s->cap) return PRAC_OK;
  uint32_t cap = s->cap ? s->cap * 2 : 8;
  struct eng_sensors_entry *v = realloc(s->v, cap * sizeof *v);
  if (!v) return PRAC_NOMEM;
  s->v = v;
  s->cap = cap;
  return PRAC_OK;
}

prac_rc eng_sensors_touch(struct eng_sensors *s, const char *name, void **ret, bool *ret_new)
{
  bool there;
  uint32_t i = place(s, name, &there);
  *ret_new = !there;
  if (there) {
    *ret = s->v[i].block;
    return PRAC_OK;
  }
  size_t len = strlen(name);
  if (s->n >= s->max || len == 0 || len >= ENG_SENSORS_NAME) return PRAC_FULL;
  PRAC_TRY(room(s));
  void *block = calloc(1, s->bytes);
  if (!block) return PRAC_NOMEM;
  memmove(&s->v[i + 1], &s->v[i], (s->n - i) * sizeof *s->v);
  s->v[i] = (struct eng_sensors_entry){.block = block};
  memcpy(s->v[i].name, name, len);
  s->n++;
  *ret = block;
  return PRAC_OK;
}

void *eng_sensors_find(const struct eng_sensors *s, const char *name)
{
  bool there;
  uint32_t i = place(s, name, &there);
  return there ? s->v[i].block : NULL;
}

void eng_sensors_drop(struct eng_sensors *s, uint32_t i, void (*done)(void *block))
{
  if (done) done(s->v[i].block);
  free(s->v[i].block);
  s->n--;
  memmove(&s->v[i], &s->v[i + 1], (s->n - i) * sizeof *s->v);
}

void eng_sensors_name_save(const struct eng_sensors *s, uint32_t i, struct prac_wr *w)
{
  prac_wr_u8(w, (uint8_t)strlen(s->v[i].name));
  prac_wr_bytes(w, s->v[i].name, strlen(s->v[i].name));
}

prac_rc eng_sensors_name_load(struct eng_sensors *s, struct prac_rd *r, void **ret)
{
  char name[ENG_SENSORS_NAME] = {0};
  size_t n = prac_rd_u8(r);
  const uint8_t *p = prac_rd_bytes(r, n);
  if (!p || n == 0 || n >= sizeof name || memchr(p, 0, n)) return PRAC_DAMAGED;
  memcpy(name, p, n);
  if (s->n && strcmp(s->v[s->n - 1].name, name) >= 0) return PRAC_DAMAGED;
  bool fresh;
  prac_rc rc = eng_sensors_touch(s, name, ret, &fresh);
  return rc == PRAC_FULL ? PRAC_DAMAGED : rc;
}
