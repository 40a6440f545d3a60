/* Every reader of a stranger's bytes in the HTTP layer that is ours. First byte: which one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sys/http_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char *const names[] = {"localhost", "::1"};
  struct sys_http_target t;
  struct prac_ip ip;
  if (size == 0) return 0;
  char *s = malloc(size); /* exact size: reading past the NUL is seen */
  if (!s) return 0;
  memcpy(s, data + 1, size - 1);
  s[size - 1] = 0;
  switch (data[0] % 5) {
  case 0:
    if (sys_http_target_parse(s, &t, NULL) != PRAC_OK) break;
    if (t.path[0] != '/' || strstr(t.path, "/..") || strchr(t.path, '\n')) abort();
    for (size_t i = 0; i < t.n_params; i++)
      if (!sys_http_target_param(&t, t.params[i].name)) abort();
    break;
  case 1:
    (void)sys_http_etag_matches(s, "abc");
    break;
  case 2:
    (void)sys_http_accepts_coding(s, "gzip");
    break;
  case 3:
    (void)sys_http_host_in(s, names, 2);
    break;
  default:
    if (sys_http_forwarded_for(s, &ip) == PRAC_OK && prac_ip_is_zero(&ip) && !strchr(s, ':'))
      abort();
    break;
  }
  free(s);
  return 0;
}
