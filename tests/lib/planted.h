/* tests/lib/planted.h — addresses of the small world in every textual form that a record may carry,
 * and the search for them in what was sent. */
#pragma once
#include "access/scope.h"
#include "lib/choice.h"

enum { PLANTED_EACH = 6, PLANTED_TEXT = 512 };
/* A planted address in a random form, alone or in the middle of other words. */
const char *planted_text(struct choice *c, char out[PLANTED_TEXT]);
struct prac_ip planted_ip(struct choice *c);
/* Inside, by the world's table. */
bool planted_inside(const struct access_scope *s, const struct prac_ip *ip);
/* The first planted address outside s that stands in text, in any form; NULL: none. out holds it.
 */
const char *planted_find(const struct access_scope *s, const char *text, char out[PLANTED_TEXT]);
/* A random scope out of the world's words; its lists live in a. */
struct access_scope planted_scope(struct choice *c, struct prac_arena *a);
