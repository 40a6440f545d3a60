/* access/saved.h — views of the page that people keep by a name, each for oneself.
 *
 * place     path and query string within the page, printable ASCII of at most ACCESS_PLACE bytes;
 *           what it shows is what its reader may see when it is opened
 * name      at most ACCESS_SAVED_NAME characters that show; of one person once: the same name again
 *           means the new place
 * limits    ACCESS_SAVED of a person
 * fails     PRAC_MALFORMED, PRAC_RANGE name the field; PRAC_UNKNOWN: no such view of this person
 */
#pragma once
#include "access/access.h"

enum { ACCESS_SAVED = 50, ACCESS_SAVED_NAME = 80, ACCESS_PLACE = 1000 };
/* Both write their line of audit. */
PRAC_NODISCARD prac_rc access_saved_put(struct access *a, const struct access_who *who,
                                        const char *name, const char *place,
                                        struct prac_err *reterr);
PRAC_NODISCARD prac_rc access_saved_end(struct access *a, const struct access_who *who,
                                        const char *name, struct prac_err *reterr);
/* A JSON array, oldest first. */
PRAC_NODISCARD prac_rc access_saved_json(struct access *a, const char *user, struct prac_json *j);
