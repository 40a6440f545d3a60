/* honeypot/service.h — which vectors are asked at which port: the compiled ones in the order of the
 * registry, then the stanzas in the order of their file. Immutable once made; any number of
 * readers.
 *
 * numbers   a vector at a port has a small number for the flow table; a datagram that no vector
 *           takes for its own is counted as vector "port-N"
 */
#pragma once
#include "base/conf.h"
#include "base/err.h"
#include "honeypot/proto.h"

struct hp_stanza;
struct hp_stanzas;
struct hp_services;

struct hp_services_open {
  const char *sensor;               /* what the answers pretend to be comes from it */
  struct prac_conf_strings only;    /* names; empty: all */
  struct prac_conf_strings without; /* names that stay out */
  const struct hp_stanzas *stanzas; /* borrowed for the life of *ret; NULL: none */
};
/* PRAC_UNKNOWN: a name that no vector has. PRAC_EXISTS: a stanza has a compiled vector's name. */
PRAC_NODISCARD prac_rc hp_services_new(const struct hp_services_open *o, struct hp_services **ret,
                                       struct prac_err *reterr);
void hp_services_free(struct hp_services **sp);
/* Ports that some vector wants, rising. */
const uint16_t *hp_services_ports(const struct hp_services *s, size_t *ret_n);
struct hp_asked {
  struct prac_wr reply; /* in: where it may be written; out: what was */
  struct hp_note note;
  uint16_t vector; /* whose it is */
};
/* Asks the vectors of `port` (an index of hp_services_ports). self: time and address are set. */
enum hp_verdict hp_services_ask(const struct hp_services *s, size_t port, struct hp_self *self,
                                const struct hp_request *req, struct hp_asked *a);
/* Its name; number is from hp_services_ask. */
#define HP_VECTOR_TEXT 40
const char *hp_services_name(const struct hp_services *s, uint16_t number,
                             char out[HP_VECTOR_TEXT]);
uint16_t hp_services_port(const struct hp_services *s, uint16_t number);
size_t hp_services_count(const struct hp_services *s);
const char *hp_services_host(const struct hp_services *s);
