#include "app/role_net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/durable.h"

enum { CA_MAX = 8 << 20, RESOLV_MAX = 1 << 16 };

/* "nameserver ADDRESS" lines. */
static void read_resolv(struct role_net *n)
{
  uint8_t *data = NULL;
  size_t bytes = 0, len = 0;
  if (sys_read_file("/etc/resolv.conf", RESOLV_MAX, &data, &bytes, NULL) != PRAC_OK) return;
  for (size_t at = 0; at < bytes;) {
    const char *line = (const char *)data + at, *end = memchr(line, '\n', bytes - at);
    size_t k = end ? (size_t)(end - line) : bytes - at;
    at += k + 1;
    if (k < 12 || memcmp(line, "nameserver", 10) != 0) continue;
    struct prac_ip ip;
    size_t from = 10, till = k;
    while (from < till && (line[from] == ' ' || line[from] == '\t')) from++;
    while (till > from && (line[till - 1] == ' ' || line[till - 1] == '\r')) till--;
    char text[PRAC_IP_TEXT];
    if (prac_ip_parse(line + from, till - from, &ip) != PRAC_OK ||
        len + PRAC_IP_TEXT > sizeof n->servers)
      continue;
    len += (size_t)snprintf(n->servers + len, sizeof n->servers - len, "%s%s", len ? "," : "",
                            prac_ip_text(text, &ip));
  }
  free(data);
}

prac_rc role_net_read(struct role_net *n, const char *ca_file, const struct prac_conf_strings *dns,
                      struct prac_err *reterr)
{
  static const char *const cas[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem"};
  size_t len = 0;
  if (ca_file[0]) PRAC_TRY(sys_read_file(ca_file, CA_MAX, &n->ca, &n->net.ca_len, reterr));
  for (size_t i = 0; i < PRAC_ARRAY_LEN(cas) && !n->ca; i++)
    if (sys_read_file(cas[i], CA_MAX, &n->ca, &n->net.ca_len, NULL) != PRAC_OK) n->ca = NULL;
  for (size_t i = 0; i < dns->n && len < sizeof n->servers; i++)
    len += (size_t)snprintf(n->servers + len, sizeof n->servers - len, "%s%s", i ? "," : "",
                            dns->v[i]);
  if (len == 0) read_resolv(n);
  n->net.ca_pem = (const char *)n->ca;
  n->net.servers = n->servers;
  return PRAC_OK;
}

void role_net_done(struct role_net *n)
{
  free(n->ca);
  n->ca = NULL;
  n->net.ca_pem = NULL;
}
