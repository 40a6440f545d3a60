/* Mistakes that show only when two keys, or the file and the machine, are held against each other.
 * The machine may be another one than the settings are for, so what it lacks is a warning. */
#include "app/settings_check.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/roles.h"
#include "app/workers.h"
#include "bus/nats_client.h"
#include "capture/source.h"
#include "honeypot/sensor.h"
#include "honeypot/service.h"
#include "lookup/lookup.h"
#include "notify/notify.h"
#include "portal/portal.h"

static const struct sensor_conf *sensor(const struct prac_conf *c, size_t i)
{
  return prac_conf_get(c, sensors_conf_section.path, i);
}
static const struct hp_conf *honeypot(const struct prac_conf *c, size_t i)
{
  return prac_conf_get(c, hp_conf_section.path, i);
}

/* Sensors first, honeypots after them. */
static const char *name_of(const struct prac_conf *c, size_t i)
{
  size_t n = prac_conf_count(c, sensors_conf_section.path);
  return i < n ? sensor(c, i)->name : honeypot(c, i - n)->name;
}

/* Names of vectors; those of a file of stanzas are known once that is read. */
static prac_rc check_vectors(const struct hp_conf *h, struct prac_err *reterr)
{
  struct hp_services_open o = {.sensor = h->name, .only = h->vectors, .without = h->without};
  struct hp_services *s = NULL;
  if (h->stanzas[0]) return PRAC_OK;
  prac_rc rc = hp_services_new(&o, &s, reterr);
  hp_services_free(&s);
  return rc == PRAC_OK ? rc : prac_err_prefix(reterr, rc, "honeypots: %s", h->name);
}

prac_rc settings_check_sensors(const struct prac_conf *c, struct prac_err *reterr)
{
  size_t n = prac_conf_count(c, sensors_conf_section.path),
         all = n + prac_conf_count(c, hp_conf_section.path);
  for (size_t i = 0; i < all; i++)
    for (size_t k = 0; k < i; k++)
      if (strcmp(name_of(c, i), name_of(c, k)) == 0)
        return PRAC_FAIL(reterr, PRAC_EXISTS, "two sensors or honeypots are called %s",
                         name_of(c, i));
  for (size_t i = 0; i < n; i++) {
    const struct sensor_conf *s = sensor(c, i);
    if (!s->interface[0] && s->files.n == 0)
      return PRAC_FAIL(reterr, PRAC_RANGE,
                       "sensors: %s has nothing to watch: give it an interface, or files", s->name);
    if (s->source[0] && !cap_source_find(s->source))
      return PRAC_FAIL(reterr, PRAC_UNKNOWN, "sensors: %s: there is no source \"%s\"", s->name,
                       s->source);
  }
  for (size_t i = n; i < all; i++) PRAC_TRY(check_vectors(honeypot(c, i - n), reterr));
  return PRAC_OK;
}

prac_rc settings_check(const struct prac_conf *c, struct prac_err *reterr)
{
  PRAC_TRY(settings_check_sensors(c, reterr));
  PRAC_TRY(note_conf_check(c, reterr));
  PRAC_TRY(workers_check(c, reterr));
  PRAC_TRY(portal_conf_check(c, reterr));
  return bus_nats_check(c, reterr);
}

/* ---- warnings ---- */

PRAC_PRINTF(2, 3) static void warn(struct settings_warnings *w, const char *fmt, ...)
{
  va_list ap;
  if (w->n == SETTINGS_WARNINGS_MAX) return;
  va_start(ap, fmt);
  (void)vsnprintf(w->text[w->n++], sizeof w->text[0], fmt, ap);
  va_end(ap);
}

static void warn_file(struct settings_warnings *w, const char *key, const char *path)
{
  if (*path && strcmp(path, "-") != 0 && access(path, R_OK) != 0)
    warn(w, "%s: %.200s: %s", key, path, strerrordesc_np(errno));
}

static void warn_sensors(const struct prac_conf *c, struct settings_warnings *w)
{
  for (size_t i = 0; i < prac_conf_count(c, sensors_conf_section.path); i++) {
    const struct sensor_conf *s = sensor(c, i);
    for (size_t k = 0; k < s->files.n; k++) warn_file(w, "sensors.files", s->files.v[k]);
    if (s->interface[0] && if_nametoindex(s->interface) == 0)
      warn(w, "sensors.interface: %.60s: this machine has no such interface", s->interface);
  }
}

/* Whether somebody here could listen there. */
static bool is_ours(const struct prac_ip *ip)
{
  struct sockaddr_in6 a6 = {.sin6_family = AF_INET6};
  struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(prac_ip_to4(ip))};
  bool four = prac_ip_is4(ip);
  memcpy(&a6.sin6_addr, ip->b, sizeof ip->b);
  int fd = socket(four ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return true; /* not to be known */
  int rc = four ? bind(fd, (const void *)&a4, sizeof a4) : bind(fd, (const void *)&a6, sizeof a6);
  bool no = rc != 0 && errno == EADDRNOTAVAIL;
  (void)close(fd);
  return !no;
}

static void warn_honeypots(const struct prac_conf *c, struct settings_warnings *w)
{
  for (size_t i = 0; i < prac_conf_count(c, hp_conf_section.path); i++) {
    const struct hp_conf *h = honeypot(c, i);
    for (size_t k = 0; k < h->listen.n; k++) {
      struct prac_ip ip;
      const char *text = h->listen.v[k];
      if (prac_ip_parse(text, strlen(text), &ip) == PRAC_OK && !is_ours(&ip))
        warn(w, "honeypots.listen: %.60s: this machine has no such address", text);
    }
    warn_file(w, "honeypots.stanzas", h->stanzas);
    warn_file(w, "honeypots.opt-out", h->opt_out);
  }
}

static void warn_lookup(const struct prac_conf *c, struct settings_warnings *w)
{
  const struct lookup_conf *l = prac_conf_get(c, lookup_conf_section.path, 0);
  warn_file(w, "lookup.country-mmdb", l->country_mmdb);
  warn_file(w, "lookup.asn-mmdb", l->asn_mmdb);
  warn_file(w, "lookup.asn-csv", l->asn_csv);
  for (size_t i = 0; i < l->lists.n; i++) {
    const char *eq = strchr(l->lists.v[i], '=');
    if (eq) warn_file(w, "lookup.lists", eq + 1);
  }
}

/* Each server is asked what it is; one that does not answer at once is none of our business here.
 */
static void warn_servers(const struct prac_conf *c, struct settings_warnings *w)
{
  const struct bus_nats_conf *n = prac_conf_get(c, "nats", 0);
  char why[300];
  for (size_t i = 0; i < n->servers.n && i < 16; i++)
    if (bus_nats_ask_version(n->servers.v[i], PRAC_SEC, why)[0])
      warn(w, "nats.servers: %.60s: %s", n->servers.v[i], why);
}

void settings_warn(const struct prac_conf *c, struct settings_warnings *w)
{
  w->n = 0;
  const struct portal_conf *p = prac_conf_get(c, "portal", 0);
  const struct run_conf *r = prac_conf_get(c, "run", 0);
  const char *open = portal_open_text(p);
  if (open) warn(w, "portal.listen: %.100s %s", p->listen, open);
  if (r->bus == RUN_BUS_NATS) warn_servers(c, w);
  warn_sensors(c, w);
  warn_honeypots(c, w);
  warn_lookup(c, w);
}
