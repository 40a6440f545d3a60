/* access/gate_int.h — what the gate's own files share; for them only. */
#pragma once
#include "access/gate.h"
#include "model/packet.h"

struct gate_who { /* whose question it is */
  const struct access_scope *scope;
  const struct lookup *geo;
  const struct prac_ip *named; /* those outside that the record names by fields, sorted by bytes */
  uint32_t n_named;
  const struct prac_ip *own; /* of a packet: our address, not to be named by anybody; NULL: none */
};

int gate_by_bytes(const void *a, const void *b); /* the order of `named`, for qsort and bsearch */
/* Is every address that stands in s, in whatever way people write them, inside? Linear time. Read
 * are IPv4 (also with dashes, as host names have it, and backwards, as in in-addr.arpa), IPv6 in
 * all forms of RFC 4291 and as in ip6.arpa, and prefixes of both, wherever they stand in a word;
 * 0x with eight digits; and as a number without any sign of it (3405803785, cb007109, an IPv6
 * address as 32 digits) those that are `named`: whatever else has ten digits stays. What only looks
 * like an address counts as one that is outside. `own` counts as outside everywhere, in both orders
 * of its bytes, also as a part of an IPv6 address and of longer numbers. */
bool gate_text_ok(const struct gate_who *w, const char *s);
/* *s as it may be shown: "[outside]" for each such address. A new text lives in a. */
PRAC_NODISCARD prac_rc gate_text(const struct gate_who *w, const char **s, struct prac_arena *a);
/* A packet as whoever sees its sender may see it: without our own address, wherever it stands. */
PRAC_NODISCARD prac_rc gate_packet(const struct gate_who *w, struct packet *p,
                                   struct prac_arena *a);
/* Words of the query language: those that name our own addresses go, senders outside go off a list;
 * nothing is left when that was all that kept the question narrow. */
PRAC_NODISCARD prac_rc gate_words(const struct gate_who *w, const char **s, struct prac_arena *a);
