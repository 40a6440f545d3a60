/* One file a key: one is added, put back or taken away without the others being touched. */
#include "notify/keys.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/durable.h"

enum { PATH = 1024, LINE = 200 };

static prac_rc parse(const char *name, const char *line, struct access_seal_key *ret,
                     prac_time *ret_made, struct prac_err *reterr)
{
  char hex[ACCESS_SEAL_HALF];
  int end = 0;
  bool ok = sscanf(line, "practice-key-1 %20" SCNd64 " %64[0-9a-f]%n", ret_made, hex, &end) == 2 &&
            (line[end] == '\n' || line[end] == '\0');
  prac_rc rc = ok ? access_seal_key_of(hex, ret, NULL) : PRAC_MALFORMED;
  explicit_bzero(hex, sizeof hex);
  size_t n = strlen(ret->name);
  if (rc == PRAC_OK && (strncmp(name, ret->name, n) != 0 || strcmp(name + n, ".key") != 0))
    rc = PRAC_MALFORMED;
  return rc == PRAC_MALFORMED ? PRAC_FAIL(reterr, rc, "it is no key, or not the one of that name")
                              : rc;
}

static prac_rc read_one(const char *dir, const char *name, struct access_seal_key *ret,
                        prac_time *ret_made, struct prac_err *reterr)
{
  char path[PATH], line[LINE + 1] = "";
  uint8_t *data = NULL;
  size_t n = 0;
  if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
    return PRAC_FAIL(reterr, PRAC_RANGE, "file name too long: %.64s", name);
  PRAC_TRY(sys_read_file(path, LINE, &data, &n, reterr));
  memcpy(line, data, n);
  explicit_bzero(data, n);
  free(data);
  prac_rc rc = parse(name, line, ret, ret_made, reterr);
  explicit_bzero(line, sizeof line);
  return rc == PRAC_OK ? rc : prac_err_prefix(reterr, rc, "%s", path);
}

static bool is_key(const char *name)
{
  size_t n = strlen(name);
  return n > 4 && strcmp(name + n - 4, ".key") == 0;
}

static prac_rc read_all(DIR *d, const char *dir, struct note_keys *ret, struct prac_err *reterr)
{
  prac_time made;
  ret->made = INT64_MIN;
  for (struct dirent *e; (e = readdir(d));) {
    if (!is_key(e->d_name)) continue;
    if (ret->n == NOTE_KEYS_MAX)
      return PRAC_FAIL(reterr, PRAC_FULL, "%s: more than %d keys", dir, NOTE_KEYS_MAX);
    PRAC_TRY(read_one(dir, e->d_name, &ret->v[ret->n], &made, reterr));
    if (made >= ret->made) {
      ret->made = made;
      ret->last = ret->n;
    }
    ret->n++;
  }
  return ret->n ? PRAC_OK : PRAC_FAIL(reterr, PRAC_UNKNOWN, "%s: there is no key", dir);
}

prac_rc note_keys_read(const char *dir, struct note_keys *ret, struct prac_err *reterr)
{
  char path[PATH];
  struct note_keys k = {.n = 0};
  (void)snprintf(path, sizeof path, "%s/seal", dir);
  DIR *d = opendir(path);
  if (!d && errno == ENOENT) return PRAC_FAIL(reterr, PRAC_UNKNOWN, "%s: there is no key", path);
  if (!d) return sys_errno_rc(errno, reterr, "read", path);
  prac_rc rc = read_all(d, path, &k, reterr);
  (void)closedir(d);
  if (rc == PRAC_OK) *ret = k;
  explicit_bzero(&k, sizeof k);
  return rc;
}

prac_rc note_keys_make(const char *dir, prac_time now, char name[ACCESS_SEAL_NAME],
                       struct prac_err *reterr)
{
  char path[PATH], line[LINE], hex[ACCESS_SEAL_HALF];
  struct access_seal_key k;
  struct note_keys old;
  if (note_keys_read(dir, &old, NULL) == PRAC_OK && old.made >= now && old.made < INT64_MAX)
    now = old.made + 1;
  explicit_bzero(&old, sizeof old);
  (void)snprintf(path, sizeof path, "%s/seal", dir);
  PRAC_TRY(sys_mkdirs(path, 0700, reterr));
  PRAC_TRY(access_seal_key_new(&k, reterr));
  int n =
      snprintf(line, sizeof line, "practice-key-1 %" PRId64 " %s\n", now, access_seal_own(&k, hex));
  (void)snprintf(path, sizeof path, "%s/seal/%s.key", dir, k.name);
  prac_rc rc = sys_make_file(path, 0600, line, (size_t)n, reterr);
  memcpy(name, k.name, sizeof k.name);
  explicit_bzero(hex, sizeof hex);
  explicit_bzero(line, sizeof line);
  explicit_bzero(&k, sizeof k);
  return rc;
}

prac_rc note_keys_drop(const char *dir, const char *name, struct prac_err *reterr)
{
  char path[PATH];
  (void)snprintf(path, sizeof path, "%s/seal/%s.key", dir, name);
  if (unlink(path) != 0)
    return errno == ENOENT ? PRAC_FAIL(reterr, PRAC_UNKNOWN, "%s: there is no such key", path)
                           : sys_errno_rc(errno, reterr, "remove", path);
  (void)snprintf(path, sizeof path, "%s/seal", dir);
  return sys_sync_dir(path, reterr);
}
