/* portal/openapi.h — what answers look like. Objects are lists of "name:type" with blanks between;
 * all that an object holds is listed, "*:type" stands for any other name.
 *
 * types     s text, b true or false, u number from 0, i whole number, n number or null, t time or
 *           null, x any of these, o any object, ?T T or null, [T] a list of T, A|B one of both,
 * else the name of a record or of one of portal_schemas
 */
#pragma once
#include "portal/impl.h"

struct portal_schema {
  const char *name, *fields;
};
extern const struct portal_schema portal_schemas[]; /* NULL name ends */

struct portal_answer {
  const char *operation; /* portal_route.name */
  const char *type;      /* of the object, or of one row */
  const char *beside;    /* lists: further fields beside the rows; NULL: none */
};
/* Any object when there is no entry. */
const struct portal_answer *portal_answer_of(const char *operation);
