/* A form is checked while the file is read, when the line is still known; who uses the value need
 * not look again. */
#include "base/conf_form.h"

#include <stdlib.h>

static bool is_name(const char *s)
{
  size_t n = strlen(s);
  return n >= 1 && n <= 31 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}
const struct prac_conf_form prac_form_name = {"a name of a-z, 0-9 and -, at most 31", is_name};

static bool is_country(const char *s)
{
  return !*s || (strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 2 && strlen(s) == 2);
}
const struct prac_conf_form prac_form_country = {"two letters such as JP (ISO 3166)", is_country};

static bool is_address(const char *s)
{
  struct prac_ip ip;
  return prac_ip_parse(s, strlen(s), &ip) == PRAC_OK;
}
const struct prac_conf_form prac_form_addresses = {
    "a list of addresses such as 192.0.2.1, 2001:db8::1", is_address};

bool prac_endpoint_parse(const char *text, struct prac_ip *ret, uint16_t *ret_port)
{
  const char *colon = strrchr(text, ':'), *digits = colon ? colon + 1 : "";
  size_t n = colon ? (size_t)(colon - text) : 0, len = strlen(digits);
  bool six = n >= 2 && text[0] == '[' && text[n - 1] == ']';
  if (len < 1 || len > 5 || strspn(digits, "0123456789") != len) return false;
  long port = strtol(digits, NULL, 10);
  if (port > 65535) return false;
  if (six) text++, n -= 2;
  struct prac_ip ip;
  if (prac_ip_parse(text, n, &ip) != PRAC_OK || prac_ip_is4(&ip) == six) return false;
  *ret = ip;
  *ret_port = (uint16_t)port;
  return true;
}

static bool is_endpoint(const char *s)
{
  struct prac_ip ip;
  uint16_t port;
  return prac_endpoint_parse(s, &ip, &port);
}
const struct prac_conf_form prac_form_endpoint = {
    "an address and a port such as 127.0.0.1:8640 or [::1]:8640", is_endpoint};
