/* Configurations of nats-server and settings of practice, as they will lie on the disk. */
#include <inttypes.h>
#include <stdio.h>

#include "bus/name.h"
#include "site/site.h"

/* Records: what must not cross the link by interest, on either side. */
#define ALL(word, optional) "\"" #word ".>\", "
#define RAW BUS_KINDS(ALL) "\"lease.>\", \"state.>\""
#define TLS                                                                                        \
  "tls {\n"                                                                                        \
  "  cert_file: \"@cert@\"\n"                                                                      \
  "  key_file: \"@key@\"\n"                                                                        \
  "  ca_file: \"@dir@/ca.crt\"\n"                                                                  \
  "  verify_and_map: true\n"                                                                       \
  "  timeout: 5\n"                                                                                 \
  "}\n"
#define JETSTREAM                                                                                  \
  "max_payload: 8MB\n"                                                                             \
  "pid_file: \"@data@/nats.pid\"\n"                                                                \
  "jetstream {\n"                                                                                  \
  "  store_dir: \"@data@/nats\"\n"                                                                 \
  "  domain: \"@domain@\"\n"                                                                       \
  "  max_file_store: @max-store@\n"                                                                \
  "@sync@"                                                                                         \
  "}\n"

const char *site_domain(char out[SITE_DOMAIN], const char *site, const char *key_id)
{
  (void)snprintf(out, SITE_DOMAIN, "%.*s-%.8s", SITE_NAME_MAX, site, key_id);
  return out;
}

static const char sync_always[] = "  sync_interval: always # what is acknowledged is on the disk\n";
static const char sync_old[] =
    "  # nats-server before 2.10 cannot be told to sync every write (sync_interval: always);\n"
    "  # it syncs every 2 minutes: a power cut may cost that much of what no other node has\n";

/* No change of the stream, nobody else's consumers: what the bus asks for and no more. In both
 * forms: the server writes the one for the other once its link has been up. */
#define API(prefix)                                                                                \
  "            \"" prefix ".STREAM.INFO.@stream@\", \"" prefix ".STREAM.CREATE.@stream@\"\n"       \
  "            \"" prefix ".CONSUMER.CREATE.@stream@\"\n"                                          \
  "            \"" prefix ".CONSUMER.INFO.@stream@.*\", \"" prefix                                 \
  ".CONSUMER.DELETE.@stream@.*\"\n"                                                                \
  "            \"" prefix ".CONSUMER.MSG.NEXT.@stream@.*\"\n"

static const char leaf_form[] =
    "# Made by practice site init: the server of site @site@, which keeps its records until the\n"
    "# hub has them. It listens for this machine's programs only.\n"
    "server_name: \"@site@\"\n"
    "listen: \"127.0.0.1:@port@\"\n" JETSTREAM TLS "accounts {\n"
    "  PRACTICE {\n"
    "    jetstream: enabled\n"
    "    users: [\n"
    "      { user: \"@user@\", allowed_connection_types: [\"STANDARD\"]\n"
    "        permissions: {\n"
    "          publish: { allow: [\n"
    "            \"flow.*\", \"hit.*\", \"packet.*\", \"health.*\", \"finding.honeypot.*\"\n" API(
        "$JS.API")
        API("$JS.@domain@.API") "            \"$JS.ACK.@stream@.>\", \"$JS.ACK.*.*.@stream@.>\"\n"
                                "          ] }\n"
                                "          subscribe: { allow: [\"_INBOX.>\"] }\n"
                                "        } }\n"
                                "    ]\n"
                                "  }\n"
                                "}\n"
                                "leafnodes {\n"
                                "  include \"hub.conf\"\n"
                                "}\n";

void site_leaf_conf(struct site_text *t, const struct site_plan *p)
{
  char port[16], cert[512], key[512], user[SITE_USER], domain[SITE_DOMAIN], max[32], stream[40];
  /* The stream's own limit comes first, and makes room by leaving out the oldest. */
  (void)snprintf(max, sizeof max, "%" PRIu64, p->max_store + p->max_store / 10);
  (void)snprintf(stream, sizeof stream, SITE_STREAM "-%s", p->site);
  (void)snprintf(port, sizeof port, "%u", p->port);
  (void)snprintf(cert, sizeof cert, "%s/site.crt", p->dir);
  (void)snprintf(key, sizeof key, "%s/site.key", p->dir);
  const struct site_var vars[] = {{"site", p->site},
                                  {"user", site_user(user, p->site, p->key_id)},
                                  {"domain", site_domain(domain, p->site, p->key_id)},
                                  {"port", port},
                                  {"cert", cert},
                                  {"key", key},
                                  {"dir", p->dir},
                                  {"data", p->data},
                                  {"max-store", max},
                                  {"stream", stream},
                                  {"sync", p->sync_always ? sync_always : sync_old},
                                  {NULL, NULL}};
  site_text_fill(t, leaf_form, vars);
}

static const char link_form[] =
    "# Made by practice site join: the link to the hub. Outgoing only.\n"
    "remotes: [\n"
    "  {\n"
    "    urls: [@urls@]\n"
    "    account: PRACTICE\n"
    "    tls {\n"
    "      cert_file: \"@dir@/site.crt\"\n"
    "      key_file: \"@dir@/site.key\"\n"
    "      ca_file: \"@dir@/ca.crt\"\n"
    "      timeout: 10\n"
    "    }\n"
    "    # The hub fetches from the stream; nothing goes over by mere interest.\n"
    "    deny_imports: [" RAW "]\n"
    "    deny_exports: [" RAW "]\n"
    "  }\n"
    "]\n";

void site_link_conf(struct site_text *t, const char *dir, const struct site_bundle *b)
{
  struct site_text urls = {0};
  for (size_t i = 0; i < b->n_hubs; i++)
    site_text_add(&urls, "%s\"tls://%s\"", i ? ", " : "", b->hubs[i]);
  const struct site_var vars[] = {{"urls", urls.bad ? "" : urls.buf}, {"dir", dir}, {NULL, NULL}};
  if (urls.bad)
    t->bad = true;
  else
    site_text_fill(t, link_form, vars);
  site_text_done(&urls);
}

static const char settings_form[] =
    "# Made by practice site init: settings of site @site@. practice help SECTION explains each.\n"
    "# The names of sensors and honeypots must be \"@site@\" or begin with \"@site@-\": the hub\n"
    "# takes no others from this site.\n"
    "run:\n"
    "  data: @data@/practice\n"
    "  bus: nats\n"
    "nats:\n"
    "  servers: [ 'tls://127.0.0.1:@port@' ]\n"
    "  ca: @dir@/ca.crt\n"
    "  cert: @dir@/site.crt\n"
    "  key: @dir@/site.key\n"
    "  stream: " SITE_STREAM "-@site@\n"
    "  domain: @domain@\n"
    "  max-bytes: @max@\n"
    "sensors:\n"
    "  - name: @site@\n"
    "    # country: where it stands, such as JP; prefixes: its unused addresses\n"
    "    @what@\n"
    "@honeypots@";

void site_settings(struct site_text *t, const struct site_plan *p)
{
  char port[16], what[480], pots[64] = "", domain[SITE_DOMAIN], max[32];
  (void)snprintf(max, sizeof max, "%" PRIu64, p->max_store);
  (void)snprintf(port, sizeof port, "%u", p->port);
  (void)snprintf(what, sizeof what, p->capture[0] ? "files: [ %s ]" : "interface: %s",
                 p->capture[0] ? p->capture : p->interface);
  if (p->honeypot)
    (void)snprintf(pots, sizeof pots, "honeypots:\n  - name: %s-honeypot\n", p->site);
  const struct site_var vars[] = {{"site", p->site},
                                  {"dir", p->dir},
                                  {"data", p->data},
                                  {"port", port},
                                  {"what", what},
                                  {"honeypots", pots},
                                  {"domain", site_domain(domain, p->site, p->key_id)},
                                  {"max", max},
                                  {NULL, NULL}};
  site_text_fill(t, settings_form, vars);
}

const char *site_address(char out[SITE_ADDRESS], const char *host, unsigned port)
{
  bool six = false;
  for (const char *p = host; *p; p++) six = six || *p == ':';
  (void)snprintf(out, SITE_ADDRESS, six ? "[%s]:%u" : "%s:%u", host, port);
  return out;
}

/* Where a node listens for others: its own address, or everywhere when only its name is known. */
static const char *bind_host(const char *host)
{
  return site_is_address(host) ? host : "0.0.0.0";
}

static const char node_form[] =
    "# Made by practice hub init: one node of the hub. users.conf is made anew by practice hub\n"
    "# add-site and revoke-site; reload afterwards: nats-server --signal reload.\n"
    "server_name: \"@host@\"\n"
    "listen: \"@clients@\"\n" JETSTREAM TLS "leafnodes {\n"
    "  listen: \"@leafs@\"\n" TLS "}\n"
    "@cluster@"
    "include \"users.conf\"\n";

static const char cluster_form[] = "cluster {\n"
                                   "  name: \"practice\"\n"
                                   "  listen: \"@listen@\"\n"
                                   "  routes: [@routes@]\n"
                                   "  tls {\n"
                                   "    cert_file: \"@cert@\"\n"
                                   "    key_file: \"@key@\"\n"
                                   "    ca_file: \"@dir@/ca.crt\"\n"
                                   "    verify: true\n"
                                   "    timeout: 5\n"
                                   "  }\n"
                                   "}\n";

static void add_cluster(struct site_text *t, const struct site_hub *h, size_t node,
                        const char *cert, const char *key)
{
  char a[SITE_ADDRESS];
  struct site_text routes = {0};
  if (h->n_nodes < 2) return;
  for (size_t i = 0; i < h->n_nodes; i++)
    if (i != node)
      site_text_add(&routes, "%s\"tls://%s\"", routes.n ? ", " : "",
                    site_address(a, h->nodes[i], h->cluster_port));
  const char *listen = site_address(a, bind_host(h->nodes[node]), h->cluster_port);
  const struct site_var vars[] = {{"listen", listen}, {"routes", routes.bad ? "" : routes.buf},
                                  {"cert", cert},     {"key", key},
                                  {"dir", h->dir},    {NULL, NULL}};
  t->bad = t->bad || routes.bad;
  site_text_fill(t, cluster_form, vars);
  site_text_done(&routes);
}

void site_node_conf(struct site_text *t, const struct site_hub *h, size_t node)
{
  const char *host = h->nodes[node];
  char clients[SITE_ADDRESS], leafs[SITE_ADDRESS], cert[640], key[640];
  struct site_text cluster = {0};
  (void)snprintf(cert, sizeof cert, "%s/%s.crt", h->dir, host);
  (void)snprintf(key, sizeof key, "%s/%s.key", h->dir, host);
  add_cluster(&cluster, h, node, cert, key);
  site_address(clients, h->n_nodes > 1 ? bind_host(host) : "127.0.0.1", h->client_port);
  site_address(leafs, bind_host(host), h->leaf_port);
  const struct site_var vars[] = {{"host", host},
                                  {"clients", clients},
                                  {"leafs", leafs},
                                  {"domain", "hub"},
                                  {"cert", cert},
                                  {"key", key},
                                  {"dir", h->dir},
                                  {"data", h->data},
                                  {"max-store", "1TB"},
                                  {"sync", h->sync_always ? sync_always : sync_old},
                                  {"cluster", cluster.n ? cluster.buf : ""},
                                  {NULL, NULL}};
  t->bad = t->bad || cluster.bad;
  site_text_fill(t, node_form, vars);
  site_text_done(&cluster);
}

static const char site_user_form[] =
    "      { user: \"@user@\", allowed_connection_types: [\"LEAFNODE\"]\n"
    "        permissions: {\n"
    "          publish: { allow: [\"deliver.@domain@.>\", \"$JSC.R.>\"] }\n"
    "          subscribe: { allow: [\"$JS.@domain@.API.>\", \"$JS.FC." SITE_STREAM
    "-@site@.>\"] }\n"
    "        } }\n";

void site_users_conf(struct site_text *t, const char *hub_key_id, const struct site_row *rows,
                     size_t n)
{
  char user[SITE_USER], domain[SITE_DOMAIN];
  site_text_add(t,
                "# Made by practice hub; not to be edited.\n"
                "accounts {\n"
                "  PRACTICE {\n"
                "    jetstream: enabled\n"
                "    users: [\n"
                "      { user: \"%s\", allowed_connection_types: [\"STANDARD\"] }\n",
                site_user(user, SITE_HUB_USER, hub_key_id));
  for (size_t i = 0; i < n; i++) {
    if (rows[i].revoked) continue;
    const struct site_var vars[] = {{"user", site_user(user, rows[i].site, rows[i].key_id)},
                                    {"site", rows[i].site},
                                    {"domain", site_domain(domain, rows[i].site, rows[i].key_id)},
                                    {NULL, NULL}};
    site_text_fill(t, site_user_form, vars);
  }
  site_text_add(t, "    ]\n  }\n}\n");
}

void site_hub_settings(struct site_text *t, const struct site_hub *h)
{
  char a[SITE_ADDRESS];
  site_text_add(t,
                "# Made by practice hub init: settings of the hub's own programs.\n"
                "run:\n  data: %s/practice\n  bus: nats\nnats:\n  servers:\n",
                h->data);
  for (size_t i = 0; i < h->n_nodes; i++)
    site_text_add(t, "    - 'tls://%s'\n",
                  site_address(a, h->n_nodes > 1 ? h->nodes[i] : "127.0.0.1", h->client_port));
  site_text_add(t,
                "  ca: %s/ca.crt\n  cert: %s/" SITE_HUB_USER ".crt\n  key: %s/" SITE_HUB_USER
                ".key\n  stream: " SITE_STREAM "\n  replicas: %d\n",
                h->dir, h->dir, h->dir, h->n_nodes >= 3 ? 3 : 1);
}
