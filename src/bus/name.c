#include "bus/name.h"

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
