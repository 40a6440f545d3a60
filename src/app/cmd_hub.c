/* `practice hub`: the side that sites deliver to. */
#include <stdio.h>
#include <string.h>

#include "app/cmd.h"
#include "app/hub_dir.h"
#include "app/hub_link.h"
#include "app/hub_list.h"
#include "app/site_files.h"
#include "site/book.h"
#include "sys/durable.h"
#include "sys/wall.h"

enum { CA_YEARS = 20 };

struct opts {
  const char *dir, *data, *version;
  const char *what, *arg, *file;
  struct cmd_many nodes;
  uint64_t client_port, leaf_port, cluster_port;
  int64_t life_ns;
  bool json;
};
#define O(f) offsetof(struct opts, f)
static const struct cmd_option options[] = {
    {"--dir", "DIR", "where the hub's keys and lists are", CMD_TEXT, O(dir),
     .dflt = "/etc/practice-hub"},
    {"--data", "DIR", "init: where records are kept", CMD_TEXT, O(data),
     .dflt = "/var/lib/practice-hub"},
    {"--node", "HOST", "init: a node of the hub, as sites reach it; one, or three for a cluster",
     CMD_MANY, O(nodes)},
    {"--client-port", "N", "init: of the hub's own programs", CMD_U64, O(client_port),
     .dflt = "4222", .lo = 1, .hi = 65535},
    {"--leaf-port", "N", "init: where sites connect to", CMD_U64, O(leaf_port), .dflt = "7422",
     .lo = 1, .hi = 65535},
    {"--cluster-port", "N", "init: between nodes", CMD_U64, O(cluster_port), .dflt = "6222",
     .lo = 1, .hi = 65535},
    {"--nats-version", "VERSION", "init: of nats-server; else it is asked", CMD_TEXT, O(version)},
    {"--life", "TIME", "add-site: how long the site's certificate is good", CMD_DURATION,
     O(life_ns), .dflt = "730d", .lo = 3600, .hi = 3650.0 * 86400},
    {"--json", NULL, "list: one JSON object a site", CMD_FLAG, O(json)},
    {"WHAT", NULL, "init, add-site, revoke-site, list or apply", CMD_TEXT, O(what)},
    {"[SITE]", NULL, "name of the site", CMD_TEXT, O(arg)},
    {"[REQUEST]", NULL, "add-site: the file that the site made", CMD_TEXT, O(file)},
};
extern const struct cmd cmd_hub;

static prac_rc sign(const struct site_sign *s, struct site_files *f, const char *dir,
                    const char *name, struct prac_err *reterr)
{
  char file[SITE_HOST_MAX + 8];
  struct site_pem cert;
  PRAC_TRY(site_cert_make(s, &cert, reterr));
  (void)snprintf(file, sizeof file, "%s.crt", name);
  site_text_add(site_file(f, SITE_OPEN, dir, file), "%s", cert.v);
  (void)snprintf(file, sizeof file, "%s.key", name);
  site_text_add(site_file(f, SITE_SECRET, dir, file), "%s", s->key->v);
  return PRAC_OK;
}

/* The authority, the nodes, and the hub's own programs. */
static prac_rc make_keys(const struct site_hub *h, struct site_files *f, struct prac_err *reterr)
{
  struct site_pem ca, ca_key, key;
  char id[SITE_KEY_ID];
  struct prac_span valid = site_valid(CA_YEARS * 365 * PRAC_DAY);
  struct site_sign s = {.ca = &ca, .ca_key = &ca_key, .key = &key, .valid = valid};
  PRAC_TRY(site_key_make(&ca_key, reterr));
  PRAC_TRY(site_ca_make(&ca_key, &valid, &ca, reterr));
  site_text_add(site_file(f, SITE_SECRET, h->dir, "ca.key"), "%s", ca_key.v);
  site_text_add(site_file(f, SITE_OPEN, h->dir, "ca.crt"), "%s", ca.v);
  for (size_t i = 0; i < h->n_nodes; i++) {
    PRAC_TRY(site_key_make(&key, reterr));
    s.name = s.hosts[0] = h->nodes[i];
    s.n_hosts = 1;
    PRAC_TRY(sign(&s, f, h->dir, h->nodes[i], reterr));
  }
  PRAC_TRY(site_key_make(&key, reterr));
  PRAC_TRY(site_key_id(&key, id, reterr));
  site_users_conf(site_file(f, SITE_OPEN, h->dir, "users.conf"), id, NULL, 0);
  s.name = SITE_HUB_USER;
  s.n_hosts = 0;
  return sign(&s, f, h->dir, SITE_HUB_USER, reterr);
}

static prac_rc plan(const struct opts *o, struct site_hub *h, struct prac_err *reterr)
{
  if (o->nodes.n == 0 || o->nodes.n > SITE_HUBS_MAX)
    return PRAC_FAIL(reterr, PRAC_RANGE, "--node HOST, one for each node, at most %d",
                     SITE_HUBS_MAX);
  for (; h->n_nodes < o->nodes.n; h->n_nodes++) {
    const char *host = o->nodes.v[h->n_nodes];
    bool taken = strcmp(host, "ca") == 0 || strcmp(host, SITE_HUB_USER) == 0; /* files' names */
    for (size_t i = 0; i < h->n_nodes; i++) taken = taken || strcmp(host, h->nodes[i]) == 0;
    if (taken || !site_host_ok(host) || strlen(host) > 60)
      return PRAC_FAIL(reterr, PRAC_RANGE, "--node: \"%.60s\" is no host, or taken", host);
    (void)snprintf(h->nodes[h->n_nodes], sizeof h->nodes[0], "%s", host);
  }
  PRAC_TRY(site_dir(o->dir, h->dir, sizeof h->dir, reterr));
  PRAC_TRY(site_dir(o->data, h->data, sizeof h->data, reterr));
  PRAC_TRY(site_program(h->program, sizeof h->program, reterr));
  site_server(h->server, sizeof h->server);
  h->client_port = (unsigned)o->client_port;
  h->leaf_port = (unsigned)o->leaf_port;
  h->cluster_port = (unsigned)o->cluster_port;
  h->sync_always = site_server_syncs(h->server, o->version);
  return PRAC_OK;
}

static prac_rc init(const struct opts *o, struct hub *s, struct site_files *f,
                    struct prac_err *reterr)
{
  char name[SITE_HOST_MAX + 16], sites[320], conf[640];
  struct site_hub *h = &s->h;
  PRAC_TRY(plan(o, h, reterr));
  (void)snprintf(sites, sizeof sites, "%s/sites", h->dir);
  PRAC_TRY(sys_mkdirs(sites, 0750, reterr));
  PRAC_TRY(make_keys(h, f, reterr));
  site_hub_write(site_file(f, SITE_OPEN, h->dir, "hub.yaml"), h);
  site_hub_settings(site_file(f, SITE_OPEN, h->dir, "practice.yaml"), h);
  for (size_t i = 0; i < h->n_nodes; i++) {
    (void)snprintf(name, sizeof name, "nats-%s.conf", h->nodes[i]);
    site_node_conf(site_file(f, SITE_OPEN, h->dir, name), h, i);
  }
  (void)snprintf(conf, sizeof conf, "%s/nats-%s.conf", h->dir, h->nodes[0]);
  site_unit_server(site_file(f, SITE_OPEN, h->dir, "practice-nats.service"), h->server, conf,
                   h->data);
  site_unit_hub(site_file(f, SITE_OPEN, h->dir, "practice.service"), h);
  site_unit_user(site_file(f, SITE_OPEN, h->dir, "practice.sysusers"));
  PRAC_TRY(site_files_make(f, reterr));
  printf("made in %s; start nats-server -c %s\n", h->dir, conf);
  return PRAC_OK;
}

static prac_rc check_name(const struct hub *s, const char *name, struct prac_err *reterr)
{
  if (!site_name_ok(name) || strcmp(name, "hub") == 0)
    return PRAC_FAIL(reterr, PRAC_RANGE,
                     "not a name for a site: a-z, 0-9, -, at most %d, not \"hub\"", SITE_NAME_MAX);
  for (size_t i = 0; i < s->n; i++)
    if (strcmp(s->rows[i].site, name) != 0 && site_names_clash(s->rows[i].site, name))
      return PRAC_FAIL(reterr, PRAC_EXISTS,
                       "%s and %s: the sensors of one could not be told from the other's",
                       s->rows[i].site, name);
  return PRAC_OK;
}

/* A site that is there may renew its certificate; one that was revoked needs another key. */
static prac_rc check_key(const struct site_row *r, const char *key_id, struct prac_err *reterr)
{
  bool same = strcmp(r->key_id, key_id) == 0;
  if (same && r->revoked)
    return PRAC_FAIL(reterr, PRAC_DENIED, "this key of site %s was revoked; it needs a new one",
                     r->site);
  if (!same && !r->revoked)
    return PRAC_FAIL(reterr, PRAC_EXISTS,
                     "site %s is there already, with another key; revoke-site comes first",
                     r->site);
  return PRAC_OK;
}

static prac_rc make_bundle(const struct opts *o, const struct hub *s, struct site_bundle *b,
                           struct prac_err *reterr)
{
  struct site_pem ca_key, request;
  struct site_sign ask = {.ca = &b->ca,
                          .ca_key = &ca_key,
                          .request = &request,
                          .name = o->arg,
                          .valid = site_valid(o->life_ns)};
  PRAC_TRY(site_pem_read("", o->file, &request, reterr));
  PRAC_TRY(site_pem_read(s->h.dir, "ca.key", &ca_key, reterr));
  PRAC_TRY(site_pem_read(s->h.dir, "ca.crt", &b->ca, reterr));
  prac_rc rc = site_cert_make(&ask, &b->cert, reterr);
  explicit_bzero(&ca_key, sizeof ca_key);
  if (rc != PRAC_OK) return prac_err_prefix(reterr, rc, "%s", o->file);
  (void)snprintf(b->site, sizeof b->site, "%s", o->arg);
  for (; b->n_hubs < s->h.n_nodes; b->n_hubs++)
    (void)site_address(b->hubs[b->n_hubs], s->h.nodes[b->n_hubs], s->h.leaf_port);
  return PRAC_OK;
}

static prac_time now(void)
{
  struct prac_clock c = sys_wall_clock();
  return prac_time_floor(prac_now(&c), PRAC_SEC);
}

static prac_rc add_site(const struct opts *o, struct hub *s, struct site_files *f,
                        struct prac_err *reterr)
{
  char name[SITE_NAME_MAX + 16];
  struct site_bundle b = {0};
  struct site_cert cert, ca;
  PRAC_TRY(hub_load(o->dir, s, reterr));
  PRAC_TRY(check_name(s, o->arg, reterr));
  PRAC_TRY(make_bundle(o, s, &b, reterr));
  PRAC_TRY(site_cert_read(b.cert.v, &cert, reterr));
  PRAC_TRY(site_cert_read(b.ca.v, &ca, reterr));
  struct site_row *r = hub_row(s, o->arg);
  if (r) PRAC_TRY(check_key(r, cert.key_id, reterr));
  (void)snprintf(name, sizeof name, "%s.bundle", o->arg);
  site_bundle_write(site_file(f, SITE_OPEN, ".", name), &b);
  PRAC_TRY(site_files_make(f, reterr));
  if (!r && s->n == HUB_SITES_MAX)
    return PRAC_FAIL(reterr, PRAC_FULL, "more than %d sites", HUB_SITES_MAX);
  if (!r) r = &s->rows[s->n++];
  *r = (struct site_row){.added = now(), .until = cert.until, .revoked_at = PRAC_TIME_NONE};
  (void)snprintf(r->site, sizeof r->site, "%s", o->arg);
  (void)snprintf(r->key_id, sizeof r->key_id, "%s", cert.key_id);
  (void)snprintf(r->fingerprint, sizeof r->fingerprint, "%s", cert.fingerprint);
  PRAC_TRY(hub_write_row(s, r, reterr));
  printf("site %s: %s goes to the site (practice site join)\n", o->arg, name);
  printf("fingerprint of the hub's authority: %s\n", ca.fingerprint);
  return hub_apply(s, reterr);
}

static prac_rc revoke_site(const struct opts *o, struct hub *s, struct prac_err *reterr)
{
  PRAC_TRY(hub_load(o->dir, s, reterr));
  struct site_row *r = hub_row(s, o->arg);
  if (!r) return PRAC_FAIL(reterr, PRAC_UNKNOWN, "no site %.40s", o->arg);
  if (!r->revoked) r->revoked_at = now();
  r->revoked = true;
  PRAC_TRY(hub_write_row(s, r, reterr));
  PRAC_TRY(hub_apply(s, reterr));
  printf("site %s may not connect any more, and nothing is taken from it\n", o->arg);
  return PRAC_OK;
}

/* Without its server the hub still knows whom it let in. */
static prac_rc list(const struct opts *o, struct hub *s, struct prac_err *reterr)
{
  struct hub_link *l = NULL;
  struct hub_survey *v = NULL;
  struct prac_err why = {0};
  PRAC_TRY(hub_load(o->dir, s, reterr));
  prac_rc rc = hub_link_open(&s->h, &l, &why);
  if (rc == PRAC_OK) rc = hub_survey_new(l, &v, &why);
  if (rc != PRAC_OK) fprintf(stderr, "practice: only what the files say: %s\n", why.text);
  if (!o->json) hub_list_head();
  rc = PRAC_OK;
  for (size_t i = 0; rc == PRAC_OK && i < s->n; i++) {
    struct hub_site_state st;
    if (v) rc = hub_survey_site(v, &s->rows[i], &st, reterr);
    if (rc == PRAC_OK) rc = hub_list_row(&s->rows[i], v ? &st : NULL, now(), o->json, reterr);
  }
  hub_survey_free(&v);
  hub_link_close(&l);
  return rc;
}

static int run(int argc, char **argv)
{
  static struct hub s;
  static struct site_files f;
  struct opts o;
  struct prac_err err = {0};
  prac_rc rc;
  int st = cmd_parse(&cmd_hub, argc, argv, &o, sizeof o);
  if (st != CMD_GO) return st;
  if (strcmp(o.what, "init") == 0) {
    rc = init(&o, &s, &f, &err);
  } else if (strcmp(o.what, "list") == 0) {
    rc = list(&o, &s, &err);
  } else if (strcmp(o.what, "apply") == 0) {
    rc = hub_load(o.dir, &s, &err);
    if (rc == PRAC_OK) rc = hub_apply(&s, &err);
    if (rc == PRAC_OK) rc = hub_widen(&s, &err);
  } else if (strcmp(o.what, "add-site") == 0 && o.arg && o.file) {
    rc = add_site(&o, &s, &f, &err);
  } else if (strcmp(o.what, "revoke-site") == 0 && o.arg) {
    rc = revoke_site(&o, &s, &err);
  } else {
    return cmd_usage(&cmd_hub, "init, add-site SITE REQUEST, revoke-site SITE, list or apply");
  }
  site_files_done(&f);
  return rc == PRAC_OK ? CMD_OK : cmd_fail(&err);
}

const struct cmd cmd_hub = {
    .name = "hub",
    .about = "the hub that sites deliver to: lets them in, shows their lag",
    .group = "run it",
    .text = "init makes the hub's own authority, nats-server's configuration for one node or a "
            "cluster, settings and systemd units. add-site signs a site's request, writes "
            "SITE.bundle into the current directory and lets the site in. revoke-site takes the "
            "rights away at once. list shows what each site has delivered and how late it is. "
            "apply tells nats-server again what the files say, and gives the streams of sites "
            "what kinds of records are new. See "
            "docs/operations/hub-and-sites.md.",
    .examples = "practice hub init --node hub.example.org\tone node\n"
                "practice hub init --node a.example.org --node b.example.org --node "
                "c.example.org\ta cluster; every record is on three nodes\n"
                "practice hub add-site tokyo tokyo.request\tlet a site in\n"
                "practice hub list --json\tconnected, lag, clock, certificate\n",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
    .threads = true,
};
