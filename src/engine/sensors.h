/* engine/sensors.h — an engine's state by sensor: a small table of blocks, in order of name.
 *
 * blocks    of `bytes`, zeroed when made; they stay where they are until dropped or done
 * limits    `max` sensors; a batch of one more is for the caller to count and leave
 * order     by name: walking it says the same whoever came first
 * cost      a binary search by name a batch
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"

enum { ENG_SENSORS_NAME = 32 };
struct eng_sensors_entry {
  char name[ENG_SENSORS_NAME];
  void *block;
};
struct eng_sensors {
  struct eng_sensors_entry *v; /* by name */
  uint32_t n, cap, max;
  size_t bytes;
};
void eng_sensors_init(struct eng_sensors *s, size_t bytes, uint32_t max);
/* `done` frees what a block owns, not the block; may be NULL. Also of all zero bytes. */
void eng_sensors_done(struct eng_sensors *s, void (*done)(void *block));
/* The sensor's block, made when new. PRAC_FULL: no room, or no name of a sensor. */
PRAC_NODISCARD prac_rc eng_sensors_touch(struct eng_sensors *s, const char *name, void **ret,
                                         bool *ret_new);
void *eng_sensors_find(const struct eng_sensors *s, const char *name); /* NULL: not there */
void eng_sensors_drop(struct eng_sensors *s, uint32_t i, void (*done)(void *block));
void eng_sensors_name_save(const struct eng_sensors *s, uint32_t i, struct prac_wr *w);
/* The next name that was saved, and a new block for it. PRAC_DAMAGED: no name, or not rising. */
PRAC_NODISCARD prac_rc eng_sensors_name_load(struct eng_sensors *s, struct prac_rd *r, void **ret);
