/* tests/lib/planted.h — addresses of the small world in every textual form that a record may carry,
 * and the search for them in what was sent. */
#pragma once
#include "access/scope.h"
#include "lib/choice.h"
#include "model/delivery.h"
#include "model/flow.h"
#include "model/packet.h"
#include "store/store.h"

enum { PLANTED_EACH = 6, PLANTED_TEXT = 512 };
/* A planted address in a random form, alone or in the middle of other words. */
const char *planted_text(struct choice *c, char out[PLANTED_TEXT]);
struct prac_ip planted_ip(struct choice *c);
/* Inside, by the world's table. */
bool planted_inside(const struct access_scope *s, const struct prac_ip *ip);
/* The first planted address outside s that stands in text, in any form; NULL: none. out holds it.
 */
const char *planted_find(const struct access_scope *s, const char *text, char out[PLANTED_TEXT]);
/* Is our own address, or one outside s, in a packet's bytes, in any way that the gate knows? */
bool planted_bytes(const struct access_scope *s, const struct packet *p);
/* Every string, list and address of a record of any kind: planted. It points into memory that the
 * next call for the same kind uses again. */
union planted_record {
  struct finding f;
  struct alert a;
  struct health h;
  struct hit i;
  struct episode e;
  struct packet p;
  struct delivery d;
};
void planted_record(struct choice *c, const struct model_kind *k, union planted_record *ret);
/* Flows in one minute, to addresses of PLANTED_OWN; owner: caller. */
#define PLANTED_OWN "198.18.7."
struct flow_batch *planted_batch(struct choice *c, prac_time minute);
/* Some of all of that, into a store. */
void planted_store(struct choice *c, struct store *s);
/* A random scope out of the world's words; its lists live in a. */
struct access_scope planted_scope(struct choice *c, struct prac_arena *a);
