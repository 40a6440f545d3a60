/* A lookup by port index costs nothing: the sockets know their index. */
#include "honeypot/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "honeypot/stanza.h"

enum { VECTORS_MAX = 512, UNKNOWN = 0x8000, UPTIME_MAX_S = 97 * 86400 };
static const uint64_t self_seed = 0x68705f73656c66u;

struct vector {
  const struct hp_proto *proto; /* or */
  const struct hp_stanza *stanza;
  const char *name;
  const uint16_t *ports;
  uint16_t max_reply;
  uint64_t seed;
};
struct hp_services {
  struct vector v[VECTORS_MAX];
  size_t n;
  uint16_t *ports;
  size_t n_ports;
  uint16_t *asked; /* vectors, port by port; a place here is the number that others see */
  size_t *first;   /* n_ports + 1 indices into it */
  char host[16];
  uint64_t seed;
};

static bool among(const char *name, const struct prac_conf_strings *l)
{
  for (size_t i = 0; i < l->n; i++)
    if (strcmp(l->v[i], name) == 0) return true;
  return false;
}

static prac_rc add(struct hp_services *s, const struct hp_services_open *o, struct vector v,
                   struct prac_err *reterr)
{
  if (o->only.n && !among(v.name, &o->only)) return PRAC_OK;
  if (among(v.name, &o->without)) return PRAC_OK;
  for (size_t i = 0; i < s->n; i++)
    if (strcmp(s->v[i].name, v.name) == 0)
      return PRAC_FAIL(reterr, PRAC_EXISTS, "two vectors are called %s", v.name);
  if (s->n == VECTORS_MAX) return PRAC_FAIL(reterr, PRAC_FULL, "more than %d vectors", VECTORS_MAX);
  v.seed = prac_hash_bytes(s->seed, v.name, strlen(v.name));
  s->v[s->n++] = v;
  return PRAC_OK;
}

static bool exists(const struct hp_services_open *o, const char *name)
{
  return hp_proto_find(name) || hp_stanzas_find(o->stanzas, name);
}

static prac_rc check_names(const struct hp_services_open *o, const struct prac_conf_strings *l,
                           const char *key, struct prac_err *reterr)
{
  for (size_t i = 0; i < l->n; i++)
    if (!exists(o, l->v[i]))
      return PRAC_FAIL(reterr, PRAC_UNKNOWN, "%s: there is no vector \"%s\"", key, l->v[i]);
  return PRAC_OK;
}

static prac_rc add_all(struct hp_services *s, const struct hp_services_open *o,
                       struct prac_err *reterr)
{
  PRAC_TRY(check_names(o, &o->only, "vectors", reterr));
  PRAC_TRY(check_names(o, &o->without, "without", reterr));
  for (const struct hp_proto *const *p = hp_protos; *p; p++) {
    struct vector v = {
        .proto = *p, .name = (*p)->name, .ports = (*p)->ports, .max_reply = (*p)->max_reply};
    PRAC_TRY(add(s, o, v, reterr));
  }
  for (size_t i = 0; i < hp_stanzas_count(o->stanzas); i++) {
    const struct hp_stanza *z = hp_stanzas_at(o->stanzas, i);
    struct vector v = {.stanza = z, .name = z->name, .ports = z->ports, .max_reply = z->max_reply};
    PRAC_TRY(add(s, o, v, reterr));
  }
  return PRAC_OK;
}

static bool wants(const struct vector *v, uint16_t port)
{
  for (size_t i = 0; i < HP_PORTS_MAX && v->ports[i]; i++)
    if (v->ports[i] == port) return true;
  return false;
}

/* One walk over all ports there are, at start: simple, and the ports rise. */
static prac_rc index_ports(struct hp_services *s)
{
  size_t most = s->n * HP_PORTS_MAX, at = 0;
  s->ports = calloc(most + 1, sizeof *s->ports);
  s->asked = calloc(most + 1, sizeof *s->asked);
  s->first = calloc(most + 2, sizeof *s->first);
  if (!s->ports || !s->asked || !s->first) return PRAC_NOMEM;
  for (uint32_t port = 1; port < 65536; port++) {
    size_t before = at;
    for (size_t i = 0; i < s->n; i++)
      if (wants(&s->v[i], (uint16_t)port)) s->asked[at++] = (uint16_t)i;
    if (at == before) continue;
    s->ports[s->n_ports++] = (uint16_t)port;
    s->first[s->n_ports] = at;
  }
  return PRAC_OK;
}

prac_rc hp_services_new(const struct hp_services_open *o, struct hp_services **ret,
                        struct prac_err *reterr)
{
  struct hp_services *s = calloc(1, sizeof *s);
  if (!s) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the vectors");
  s->seed = prac_hash_bytes(self_seed, o->sensor, strlen(o->sensor));
  (void)snprintf(s->host, sizeof s->host, "gw-%04x", (unsigned)(s->seed & 0xffff));
  prac_rc rc = add_all(s, o, reterr);
  if (rc == PRAC_OK && index_ports(s) != PRAC_OK)
    rc = PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the vectors");
  if (rc != PRAC_OK) {
    hp_services_free(&s);
    return rc;
  }
  *ret = s;
  return PRAC_OK;
}

void hp_services_free(struct hp_services **sp)
{
  struct hp_services *s = *sp;
  if (!s) return;
  free(s->ports);
  free(s->asked);
  free(s->first);
  free(s);
  *sp = NULL;
}

const uint16_t *hp_services_ports(const struct hp_services *s, size_t *ret_n)
{
  *ret_n = s->n_ports;
  return s->ports;
}

enum hp_verdict hp_services_ask(const struct hp_services *s, size_t port, struct hp_self *self,
                                const struct hp_request *req, struct hp_asked *a)
{
  struct prac_wr all = a->reply;
  self->host = s->host;
  for (size_t i = s->first[port]; i < s->first[port + 1]; i++) {
    const struct vector *v = &s->v[s->asked[i]];
    self->seed = v->seed;
    self->uptime_s = (int64_t)(((uint64_t)(self->now / PRAC_SEC) + v->seed) % UPTIME_MAX_S);
    a->note.name[0] = 0;
    a->reply = all;
    if ((size_t)(all.end - all.p) > v->max_reply) a->reply.end = all.p + v->max_reply;
    enum hp_verdict said = v->proto ? v->proto->answer(self, req, &a->note, &a->reply)
                                    : hp_stanza_answer(v->stanza, self, req, &a->reply);
    if (said == HP_IGNORE) continue;
    a->vector = (uint16_t)i;
    return said;
  }
  a->note.name[0] = 0;
  a->vector = (uint16_t)(UNKNOWN + port);
  return HP_OBSERVE;
}

const char *hp_services_name(const struct hp_services *s, uint16_t number, char out[HP_VECTOR_TEXT])
{
  if (number < UNKNOWN) return s->v[s->asked[number]].name;
  (void)snprintf(out, HP_VECTOR_TEXT, "port-%u", s->ports[number - UNKNOWN]);
  return out;
}

uint16_t hp_services_port(const struct hp_services *s, uint16_t number)
{
  size_t port = 0;
  if (number >= UNKNOWN) return s->ports[number - UNKNOWN];
  while (s->first[port + 1] <= number) port++;
  return s->ports[port];
}

size_t hp_services_count(const struct hp_services *s)
{
  return s->n;
}

const char *hp_services_host(const struct hp_services *s)
{
  return s->host;
}
