/* What SQLite says went wrong, in our words. */
#include "sys/sqlite.h"
#include <errno.h>
#include <stdbool.h>
#include <sys/resource.h>

/* SQLite keeps no errno of a write that hit the limit on a file's size (ulimit -f). */
static bool file_limit(void)
{
  struct rlimit l;
  return getrlimit(RLIMIT_FSIZE, &l) == 0 && l.rlim_cur != RLIM_INFINITY;
}

prac_rc sys_sqlite_rc(sqlite3 *db)
{
  if (!db) return PRAC_NOMEM;
  int code = sqlite3_extended_errcode(db), os = sqlite3_system_errno(db);
  if (code == SQLITE_IOERR_WRITE && file_limit()) return PRAC_FULL;
  switch (code & 0xff) {
  case SQLITE_FULL:
    return PRAC_FULL;
  case SQLITE_NOMEM:
    return PRAC_NOMEM;
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    return PRAC_DAMAGED;
  case SQLITE_PERM:
  case SQLITE_READONLY:
    return PRAC_DENIED;
  case SQLITE_CANTOPEN: /* for want of the right; or of a descriptor, which passes */
    if (os == EACCES || os == EPERM || os == EROFS) return PRAC_DENIED;
    break;
  default:
    break;
  }
  return os == ENOSPC || os == EFBIG || os == EDQUOT ? PRAC_FULL : PRAC_IO;
}
