/* sys/sqlite.h — what SQLite says went wrong, in our words.
 *
 * PRAC_FULL: no room on the device, over a quota or the limit on a file's size; PRAC_NOMEM;
 * PRAC_DAMAGED: not a database, or a broken one; PRAC_DENIED: no right to read or to write it;
 * PRAC_IO: anything else. */
#pragma once
#include <sqlite3.h>
#include "base/err.h"

/* Of the last call on db; NULL: there was no memory for one. Call it before any other call on db.
 */
prac_rc sys_sqlite_rc(sqlite3 *db);
