/* bus/local/places.h — how far each durable subscription has come, in one small file.
 *
 * file      DIR/places: BUS_PLACES_MAX slots of two copies; a change goes to the older copy, so a
 *           write that is cut in half leaves the other. Written at every ack (survives kill -9),
 *           synced with the next group (after a power loss a little is delivered again).
 * fails     PRAC_DAMAGED: both copies of a slot are unreadable; PRAC_FULL: no free slot
 */
#pragma once
#include "base/err.h"
#include "bus/local/frame.h"

enum { BUS_PLACES_MAX = 64 };
struct bus_place {
  char client[BUS_CLIENT_MAX + 1]; /* "": free */
  uint64_t acked;
  uint64_t gen;
};
struct bus_places {
  int fd;
  bool dirty; /* written, not yet synced */
  char path[512];
  struct bus_place v[BUS_PLACES_MAX];
};
PRAC_NODISCARD prac_rc bus_places_open(struct bus_places *p, const char *dir,
                                       struct prac_err *reterr);
void bus_places_close(struct bus_places *p);
/* The client's slot; a new one starts at `acked`. */
PRAC_NODISCARD prac_rc bus_places_take(struct bus_places *p, const char *client, uint64_t acked,
                                       struct bus_place **ret, struct prac_err *reterr);
/* Never backwards. */
PRAC_NODISCARD prac_rc bus_places_ack(struct bus_places *p, struct bus_place *at, uint64_t seq,
                                      struct prac_err *reterr);
struct bus_place *bus_places_find(struct bus_places *p, const char *client); /* NULL: none */
/* The slot is free again; what the client had not acked is not kept for it any more. */
PRAC_NODISCARD prac_rc bus_places_forget(struct bus_places *p, struct bus_place *at,
                                         struct prac_err *reterr);
PRAC_NODISCARD prac_rc bus_places_sync(struct bus_places *p, struct prac_err *reterr);
uint64_t bus_places_highest(const struct bus_places *p);
/* The lowest acked seq and whose it is; UINT64_MAX and NULL without any. */
uint64_t bus_places_lowest(const struct bus_places *p, const char **ret_client);
