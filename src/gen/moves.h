/* gen/moves.h — senders that do not just send at random: groups under one command, and visitors. */
#pragma once
#include "gen/gen_int.h"

/* One visitor after the other. */
struct gen_lane {
  int64_t at;
  uint32_t id, left, source; /* left: packets of this visit still to come */
  uint8_t style;
  uint16_t port, sport;
  uint64_t target, tries;
};
/* sync.c, visits.c: a->at and a->picked of the next packet; false: there is none any more. */
bool gen_sync_advance(struct gen_actor *a);
bool gen_visits_advance(struct gen_actor *a);
PRAC_NODISCARD prac_rc gen_visits_open(struct prac_arena *mem, struct gen_actor *a);
/* The visitor of the next packet: its port, source port and target (a hash). */
const struct gen_lane *gen_visits_now(const struct gen_actor *a);
