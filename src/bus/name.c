#include "bus/name.h"

#include <string.h>

const struct bus_kind bus_kinds[BUS_KIND_COUNT] = {
#define X(word, optional) {#word, optional},
    BUS_KINDS(X)
#undef X
};

int bus_kind_of(const char *subject)
{
  size_t n = strcspn(subject, ".");
  for (int i = 0; i < BUS_KIND_COUNT && subject[n]; i++)
    if (strlen(bus_kinds[i].word) == n && memcmp(bus_kinds[i].word, subject, n) == 0) return i;
  return -1;
}

static bool alphabet(const char *s, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    char c = s[i];
    bool ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    if (!ok) return false;
  }
  return true;
}

bool bus_subject_ok(const char *s, size_t n)
{
  return n >= 1 && n <= BUS_SUBJECT_MAX && alphabet(s, n);
}

bool bus_client_ok(const char *s, size_t n)
{
  return n >= 1 && n <= BUS_CLIENT_MAX && alphabet(s, n);
}

bool bus_prefix_ok(const char *s, size_t n)
{
  return n <= BUS_SUBJECT_MAX && alphabet(s, n);
}
