/* wire/link.h — from a captured frame to its network layer. */
#pragma once
#include "base/buf.h"

enum { WIRE_ETHER_IP4 = 0x0800, WIRE_ETHER_IP6 = 0x86dd };
enum wire_link { WIRE_LINK_OK, WIRE_LINK_SHORT, WIRE_LINK_UNKNOWN };

/* Moves *r to the network layer and gives its Ethernet type; 0: something that has none. */
enum wire_link wire_link_read(uint32_t link, struct prac_rd *r, uint16_t *ret_type);
