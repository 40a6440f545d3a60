/* bus/ram/ram.h — a bus inside one process and one thread, for tests and for trying a role alone.
 * The hub is what the handles share: hand it to bus_open("ram", &hub, ...) as its settings. Nothing
 * outlives the hub; a message goes when every subscription has acked it. At most RAM_MAX_BYTES
 * wait: then publish says PRAC_FULL. */
#pragma once
#include "bus/bus.h"

enum { BUS_RAM_MAX_BYTES = 256 << 20, BUS_RAM_MAX_CLIENTS = 16 };
struct bus_ram_hub;
struct bus_ram_hub *bus_ram_hub_new(void);               /* owner: caller; NULL: out of memory */
void bus_ram_hub_free(struct bus_ram_hub **hp);          /* after all its handles are closed */
size_t bus_ram_hub_waiting(const struct bus_ram_hub *h); /* messages not acked by all */
