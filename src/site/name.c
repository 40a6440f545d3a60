/* Everything that is not certainly harmless is refused. */
#include "site/name.h"

#include <string.h>

#include "base/ip.h"
#include "bus/origin.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

static bool only(const char *s, size_t max, const char *allowed)
{
  size_t n = strlen(s);
  return n > 0 && n <= max && strspn(s, allowed) == n;
}

bool site_name_ok(const char *name)
{
  return only(name, SITE_NAME_MAX, LOWER DIGIT "-") && strchr(LOWER, name[0]) &&
         name[strlen(name) - 1] != '-';
}

bool site_names_clash(const char *a, const char *b)
{
  return bus_origin_owns(a, b) || bus_origin_owns(b, a);
}

bool site_is_address(const char *host)
{
  struct prac_ip ip;
  return prac_ip_parse(host, strlen(host), &ip) == PRAC_OK;
}

bool site_host_ok(const char *host)
{
  if (site_is_address(host)) return true;
  return only(host, SITE_HOST_MAX, LOWER UPPER DIGIT ".-") && host[0] != '-' && host[0] != '.' &&
         !strstr(host, "..");
}

bool site_host_port_ok(const char *text)
{
  char host[SITE_HOST_MAX + 1];
  const char *colon = strrchr(text, ':');
  bool six = text[0] == '[';
  if (!colon || !only(colon + 1, 5, DIGIT)) return false;
  size_t n = (size_t)(colon - text);
  if (six && (n < 3 || text[n - 1] != ']')) return false;
  if (six) text++, n -= 2;
  if (n == 0 || n >= sizeof host) return false;
  memcpy(host, text, n);
  host[n] = '\0';
  unsigned port = 0;
  for (const char *d = colon + 1; *d; d++) port = port * 10 + (unsigned)(*d - '0');
  return port > 0 && port < 65536 && six == (strchr(host, ':') != NULL) && site_host_ok(host);
}

bool site_path_ok(const char *path)
{
  return path[0] == '/' && only(path, 400, LOWER UPPER DIGIT "._-/");
}
