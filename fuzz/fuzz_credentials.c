/* What says who asks, and from where: Cookie, Authorization, Origin, Content-Type. First byte:
 * which one; of an origin the first line is the Host. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sys/http_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CAP = 40 };

/* Exactly CAP bytes of its own: writing past them is seen. */
static void token(const char *s, bool cookie)
{
  char *to = malloc(CAP);
  if (!to) abort();
  bool ok = cookie ? sys_http_cookie(s, "practice", to, CAP) : sys_http_bearer(s, to, CAP);
  if (ok && (strlen(to) == 0 || !strstr(s, to) || strchr(to, ';'))) abort();
  if (ok && cookie && !strstr(s, "practice=")) abort();
  if (ok && !cookie && (strncmp(s, "Bearer ", 7) != 0 || strchr(to, ' ') || strcmp(s + 7, to) != 0))
    abort();
  free(to);
}

/* An origin that is taken is nothing but a scheme, that very host, and a port. */
static void origin(char *s)
{
  char *end = strchr(s, '\n');
  if (!end) return;
  *end = 0;
  if (!sys_http_origin_is(end + 1, s)) return;
  const char *at = strstr(end + 1, "://");
  if (!at || strpbrk(at + 3, "/@ ?#\\") || *s == 0) abort();
  size_t n = s[0] == '[' ? strcspn(s, "]") + 1 : strcspn(s, ":");
  if (strncasecmp(at + 3, s, n) != 0) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size == 0) return 0;
  char *s = malloc(size); /* exact size: reading past the NUL is seen */
  if (!s) return 0;
  memcpy(s, data + 1, size - 1);
  s[size - 1] = 0;
  switch (data[0] % 4) {
  case 0:
    token(s, true);
    break;
  case 1:
    token(s, false);
    break;
  case 2:
    origin(s);
    break;
  default:
    if (sys_http_type_is(s, "application/json") && strncmp(s, "application/json", 16) != 0) abort();
    break;
  }
  free(s);
  return 0;
}
