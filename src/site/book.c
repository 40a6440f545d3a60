/* The answers that `practice hub init` was given, so that later commands need none. */
#include "site/book.h"

#include <stdio.h>

#include "base/conf.h"

struct raw_hub {
  struct prac_conf_strings nodes;
  const char *data, *program, *server;
  int64_t client_port, leaf_port, cluster_port;
  bool sync_always;
};
#define H(f) offsetof(struct raw_hub, f)
#define PORT(name, field, dflt_port, text)                                                         \
  {                                                                                                \
    .key = (name), .type = PRAC_CONF_INT, .offset = H(field), .lo = 1, .hi = 65535,                \
    .dflt = (dflt_port), .help = (text)                                                            \
  }
static const struct prac_conf_item items[] = {
    {.key = "nodes",
     .type = PRAC_CONF_STRINGS,
     .offset = H(nodes),
     .sdflt = "",
     .help = "Hosts of the hub's nodes."},
    {.key = "data",
     .type = PRAC_CONF_STRING,
     .offset = H(data),
     .sdflt = "",
     .help = "Where nats-server and practice keep their data."},
    {.key = "program",
     .type = PRAC_CONF_STRING,
     .offset = H(program),
     .sdflt = "",
     .help = "The program practice."},
    {.key = "server",
     .type = PRAC_CONF_STRING,
     .offset = H(server),
     .sdflt = "",
     .help = "The program nats-server."},
    PORT("client-port", client_port, 4222, "Of the hub's own programs."),
    PORT("leaf-port", leaf_port, 7422, "Where sites connect to."),
    PORT("cluster-port", cluster_port, 6222, "Between the nodes."),
    {.key = "sync-always",
     .type = PRAC_CONF_BOOL,
     .offset = H(sync_always),
     .hi = 1,
     .help = "Whether nats-server can be told to sync every write."},
};
static const struct prac_conf_section section = {
    .path = "hub",
    .about = "A hub.",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct raw_hub),
};

void site_hub_write(struct site_text *t, const struct site_hub *h)
{
  site_text_add(t, "# Made by practice hub init.\nhub:\n  nodes:\n");
  for (size_t i = 0; i < h->n_nodes; i++) site_text_add(t, "    - '%s'\n", h->nodes[i]);
  site_text_add(t, "  data: %s\n  program: %s\n  server: %s\n", h->data, h->program, h->server);
  site_text_add(t, "  client-port: %u\n  leaf-port: %u\n  cluster-port: %u\n", h->client_port,
                h->leaf_port, h->cluster_port);
  site_text_add(t, "  sync-always: %s\n", h->sync_always ? "yes" : "no");
}

static bool take_path(char *to, size_t cap, const char *path)
{
  return site_path_ok(path) && (size_t)snprintf(to, cap, "%s", path) < cap;
}

static bool take(const struct raw_hub *raw, const char *dir, struct site_hub *r)
{
  if (raw->nodes.n == 0 || raw->nodes.n > SITE_HUBS_MAX) return false;
  for (; r->n_nodes < raw->nodes.n; r->n_nodes++) {
    const char *host = raw->nodes.v[r->n_nodes];
    if (!site_host_ok(host)) return false;
    (void)snprintf(r->nodes[r->n_nodes], sizeof r->nodes[0], "%s", host);
  }
  r->client_port = (unsigned)raw->client_port;
  r->leaf_port = (unsigned)raw->leaf_port;
  r->cluster_port = (unsigned)raw->cluster_port;
  r->sync_always = raw->sync_always;
  return take_path(r->dir, sizeof r->dir, dir) && take_path(r->data, sizeof r->data, raw->data) &&
         take_path(r->program, sizeof r->program, raw->program) &&
         take_path(r->server, sizeof r->server, raw->server);
}

prac_rc site_hub_parse(const char *text, size_t n, const char *dir, struct site_hub *ret,
                       struct prac_err *reterr)
{
  const struct prac_conf_section *const sections[] = {&section, NULL};
  struct prac_conf *c = NULL;
  struct site_hub r = {0};
  PRAC_TRY(prac_conf_parse(text, n, "hub.yaml", sections, &c, reterr));
  bool ok = take(prac_conf_get(c, section.path, 0), dir, &r);
  prac_conf_free(&c);
  if (!ok) return PRAC_FAIL(reterr, PRAC_MALFORMED, "%s/hub.yaml: a node or a path is none", dir);
  *ret = r;
  return PRAC_OK;
}
