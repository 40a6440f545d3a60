/* A consumer's place is all that tells "dealt with" from "still to do": it is kept twice, and the
 * copy that is being written is never the only one. */
#include "bus/local/places.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "sys/durable.h"

enum { COPY = 128, SLOT = 2 * COPY, NAME = 64 };
static const uint64_t seed = 0x706c61636573u;

static bool read_copy(const uint8_t *b, struct bus_place *ret)
{
  struct prac_rd r = prac_rd_of(b, COPY);
  struct bus_place p = {0};
  const uint8_t *name = prac_rd_bytes(&r, NAME);
  p.acked = prac_rd_u64le(&r);
  p.gen = prac_rd_u64le(&r);
  uint64_t sum = prac_rd_u64le(&r);
  if (prac_hash_bytes(seed, b, NAME + 16) != sum || !memchr(name, 0, NAME)) return false;
  size_t n = strlen((const char *)name);
  if (!bus_client_ok((const char *)name, n)) return false;
  memcpy(p.client, name, n + 1);
  *ret = p;
  return true;
}

static bool all_zero(const uint8_t *b, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (b[i]) return false;
  return true;
}

static prac_rc read_slots(struct bus_places *p, const uint8_t *b, size_t n, struct prac_err *reterr)
{
  for (size_t i = 0; i < BUS_PLACES_MAX && (i + 1) * SLOT <= n; i++) {
    struct bus_place one = {0}, two = {0};
    const uint8_t *s = b + i * SLOT;
    bool a = read_copy(s, &one), c = read_copy(s + COPY, &two);
    if (!a && !c && !all_zero(s, SLOT))
      return PRAC_FAIL(reterr, PRAC_DAMAGED,
                       "%s is damaged at byte %zu: the place of a consumer is lost; restore it, or "
                       "remove it and let every consumer read again what the bus still holds",
                       p->path, i * SLOT);
    p->v[i] = a && (!c || one.gen > two.gen) ? one : two;
  }
  return PRAC_OK;
}

prac_rc bus_places_open(struct bus_places *p, const char *dir, struct prac_err *reterr)
{
  *p = (struct bus_places){.fd = -1};
  int n = snprintf(p->path, sizeof p->path, "%s/places", dir);
  if (n < 0 || (size_t)n >= sizeof p->path)
    return PRAC_FAIL(reterr, PRAC_RANGE, "directory name too long: %.64s...", dir);
  p->fd = open(p->path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (p->fd < 0) return sys_errno_rc(errno, reterr, "open", p->path);
  static const uint8_t zero[SLOT * BUS_PLACES_MAX];
  uint8_t b[SLOT * BUS_PLACES_MAX];
  ssize_t got = pread(p->fd, b, sizeof b, 0);
  if (got < 0) return sys_errno_rc(errno, reterr, "read", p->path);
  if ((size_t)got == sizeof b) return read_slots(p, b, sizeof b, reterr);
  if (!all_zero(b, (size_t)got))
    return PRAC_FAIL(reterr, PRAC_DAMAGED, "%s is cut off at byte %zd of %zu", p->path, got,
                     sizeof b);
  PRAC_TRY(sys_write_all(p->fd, zero, sizeof zero, 0, p->path, reterr));
  if (fdatasync(p->fd) != 0) return sys_errno_rc(errno, reterr, "sync", p->path);
  return sys_sync_dir(dir, reterr);
}

void bus_places_close(struct bus_places *p)
{
  if (p->fd >= 0) (void)close(p->fd);
  p->fd = -1;
}

static prac_rc store_slot(struct bus_places *p, const struct bus_place *at, struct prac_err *reterr)
{
  uint8_t b[COPY] = {0};
  struct prac_wr w = prac_wr_of(b, sizeof b);
  prac_wr_bytes(&w, at->client, sizeof at->client);
  prac_wr_zero(&w, NAME - sizeof at->client);
  prac_wr_u64le(&w, at->acked);
  prac_wr_u64le(&w, at->gen);
  prac_wr_u64le(&w, prac_hash_bytes(seed, b, NAME + 16));
  p->dirty = true;
  int64_t off = (at - p->v) * SLOT + (at->gen & 1 ? COPY : 0);
  return sys_write_all(p->fd, b, sizeof b, off, p->path, reterr);
}

prac_rc bus_places_take(struct bus_places *p, const char *client, uint64_t acked,
                        struct bus_place **ret, struct prac_err *reterr)
{
  struct bus_place *free_one = NULL;
  for (size_t i = 0; i < BUS_PLACES_MAX; i++) {
    if (strcmp(p->v[i].client, client) == 0) {
      *ret = &p->v[i];
      return PRAC_OK;
    }
    if (!p->v[i].client[0] && !free_one) free_one = &p->v[i];
  }
  if (!free_one)
    return PRAC_FAIL(reterr, PRAC_FULL, "no place for consumer %s: %d are known already", client,
                     BUS_PLACES_MAX);
  struct bus_place one = {.acked = acked, .gen = 1};
  (void)snprintf(one.client, sizeof one.client, "%s", client);
  *free_one = one;
  *ret = free_one;
  return store_slot(p, free_one, reterr);
}

prac_rc bus_places_ack(struct bus_places *p, struct bus_place *at, uint64_t seq,
                       struct prac_err *reterr)
{
  if (seq <= at->acked) return PRAC_OK;
  at->acked = seq;
  at->gen++;
  return store_slot(p, at, reterr);
}

struct bus_place *bus_places_find(struct bus_places *p, const char *client)
{
  for (size_t i = 0; client[0] && i < BUS_PLACES_MAX; i++)
    if (strcmp(p->v[i].client, client) == 0) return &p->v[i];
  return NULL;
}

/* Both copies at once; after a crash in between the older one may be back: then it is asked again.
 */
prac_rc bus_places_forget(struct bus_places *p, struct bus_place *at, struct prac_err *reterr)
{
  static const uint8_t zero[SLOT];
  int64_t off = (at - p->v) * SLOT;
  *at = (struct bus_place){0};
  p->dirty = true;
  return sys_write_all(p->fd, zero, sizeof zero, off, p->path, reterr);
}

prac_rc bus_places_sync(struct bus_places *p, struct prac_err *reterr)
{
  if (!p->dirty) return PRAC_OK;
  p->dirty = false;
  return fdatasync(p->fd) == 0 ? PRAC_OK : sys_errno_rc(errno, reterr, "sync", p->path);
}

uint64_t bus_places_highest(const struct bus_places *p)
{
  uint64_t hi = 0;
  for (size_t i = 0; i < BUS_PLACES_MAX; i++)
    if (p->v[i].client[0] && p->v[i].acked > hi) hi = p->v[i].acked;
  return hi;
}

uint64_t bus_places_lowest(const struct bus_places *p, const char **ret_client)
{
  uint64_t lo = UINT64_MAX;
  *ret_client = NULL;
  for (size_t i = 0; i < BUS_PLACES_MAX; i++)
    if (p->v[i].client[0] && p->v[i].acked < lo) {
      lo = p->v[i].acked;
      *ret_client = p->v[i].client;
    }
  return lo;
}
