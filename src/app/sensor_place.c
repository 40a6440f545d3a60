/* Without it a sensor that plays a year of captures would publish the year again after a restart,
 * and rely on the bus to know every one of those messages. */
#include "app/sensor_place.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "sys/durable.h"

enum { SLOT = 32 };
static const uint64_t seed = 0x73656e736f72u;

static bool read_slot(const uint8_t *b, struct sensor_place *ret)
{
  struct prac_rd r = prac_rd_of(b, SLOT);
  uint64_t safe = prac_rd_u64le(&r);
  ret->starts = prac_rd_u64le(&r);
  ret->gen = prac_rd_u64le(&r);
  ret->safe = (prac_time)safe;
  return prac_hash_bytes(seed, b, 24) == prac_rd_u64le(&r);
}

prac_rc sensor_place_open(struct sensor_place *p, const char *path, struct prac_err *reterr)
{
  *p = (struct sensor_place){.fd = -1, .safe = PRAC_TIME_NONE};
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) return sys_errno_rc(errno, reterr, "open", path);
  uint8_t b[2 * SLOT] = {0};
  struct sensor_place v;
  ssize_t n = pread(fd, b, sizeof b, 0);
  for (ssize_t i = 0; i < 2; i++)
    if (n >= (i + 1) * SLOT && read_slot(b + i * SLOT, &v) && v.gen > p->gen) *p = v;
  p->fd = fd;
  p->starts++;
  return sensor_place_keep(p, p->safe, reterr);
}

prac_rc sensor_place_keep(struct sensor_place *p, prac_time safe, struct prac_err *reterr)
{
  uint8_t b[SLOT];
  struct prac_wr w = prac_wr_of(b, sizeof b);
  p->safe = safe;
  p->gen++;
  prac_wr_u64le(&w, (uint64_t)safe);
  prac_wr_u64le(&w, p->starts);
  prac_wr_u64le(&w, p->gen);
  prac_wr_u64le(&w, prac_hash_bytes(seed, b, 24));
  if (p->fd < 0) return PRAC_OK;
  return sys_write_all(p->fd, b, sizeof b, p->gen & 1 ? SLOT : 0, "the sensor's place", reterr);
}

void sensor_place_close(struct sensor_place *p)
{
  if (p->fd >= 0) (void)close(p->fd);
  p->fd = -1;
}
