/* Reading a whole file: copied, not mapped, so that a file that is cut while we read it is a short
 * text and not a signal. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lookup/files.h"

enum { FILE_MAX_BYTES = 512 << 20 };

static prac_rc read_open(FILE *f, const char *path, char **ret, size_t *ret_n, prac_time *ret_date,
                         struct prac_err *reterr)
{
  struct stat st;
  if (fstat(fileno(f), &st) != 0)
    return PRAC_FAIL(reterr, PRAC_IO, "%s: %s", path, strerrordesc_np(errno));
  if (!S_ISREG(st.st_mode)) return PRAC_FAIL(reterr, PRAC_IO, "%s: is not a file", path);
  if (st.st_size > FILE_MAX_BYTES)
    return PRAC_FAIL(reterr, PRAC_RANGE, "%s: more than 512 MiB", path);
  size_t size = (size_t)st.st_size, n;
  char *text = malloc(size + 1);
  if (!text) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to read %s", path);
  n = fread(text, 1, size, f);
  if (ferror(f)) {
    free(text);
    return PRAC_FAIL(reterr, PRAC_IO, "%s: %s", path, strerrordesc_np(errno));
  }
  text[n] = 0;
  *ret = text;
  *ret_n = n;
  *ret_date = (prac_time)st.st_mtim.tv_sec * PRAC_SEC;
  return PRAC_OK;
}

prac_rc lookup_file_read(const char *path, char **ret, size_t *ret_n, prac_time *ret_date,
                         struct prac_err *reterr)
{
  FILE *f = fopen(path, "rbe");
  if (!f) return PRAC_FAIL(reterr, PRAC_IO, "%s: %s", path, strerrordesc_np(errno));
  prac_rc rc = read_open(f, path, ret, ret_n, ret_date, reterr);
  (void)fclose(f);
  return rc;
}
