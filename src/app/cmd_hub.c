/* `practice hub`: the side that sites deliver to. Its directory holds plain files; whatever they
 * say is what nats-server is told, whole and anew each time. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/cmd.h"
#include "app/hub_link.h"
#include "app/hub_list.h"
#include "app/site_files.h"
#include "site/book.h"
#include "sys/durable.h"
#include "sys/wall.h"

enum { SITES_MAX = 1000, CA_YEARS = 20 };

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

struct hub {
  struct site_hub h;
  struct site_row rows[SITES_MAX];
  size_t n;
};

static prac_rc load_hub(const char *dir, struct hub *s, struct prac_err *reterr)
{
  char *text = NULL;
  size_t n = 0;
  char *full = realpath(dir, NULL);
  prac_rc rc = full ? site_file_read(full, "hub.yaml", SITE_BUNDLE_MAX, &text, &n, reterr)
                    : PRAC_FAIL(reterr, PRAC_UNKNOWN, "%s: no such directory", dir);
  if (rc == PRAC_OK) rc = site_hub_parse(text, n, full, &s->h, reterr);
  free(text);
  free(full);
  return rc;
}

static prac_rc load_row(const char *dir, const char *name, struct hub *s, struct prac_err *reterr)
{
  char *text = NULL;
  size_t n = 0;
  if (s->n == SITES_MAX) return PRAC_FAIL(reterr, PRAC_FULL, "more than %d sites", SITES_MAX);
  PRAC_TRY(site_file_read(dir, name, SITE_BUNDLE_MAX, &text, &n, reterr));
  prac_rc rc = site_row_parse(text, n, name, &s->rows[s->n], reterr);
  free(text);
  PRAC_TRY(rc);
  if (strncmp(name, s->rows[s->n].site, strlen(s->rows[s->n].site)) != 0)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "%s/%s is about another site", dir, name);
  s->n++;
  return PRAC_OK;
}

static int by_name(const void *a, const void *b)
{
  const struct site_row *x = a, *y = b;
  return strcmp(x->site, y->site);
}

static prac_rc load_rows(struct hub *s, struct prac_err *reterr)
{
  char dir[320];
  (void)snprintf(dir, sizeof dir, "%s/sites", s->h.dir);
  DIR *d = opendir(dir);
  prac_rc rc = d ? PRAC_OK : sys_errno_rc(errno, reterr, "read", dir);
  for (struct dirent *e; rc == PRAC_OK && (e = readdir(d)) != NULL;) {
    size_t n = strlen(e->d_name);
    if (n > 5 && strcmp(e->d_name + n - 5, ".yaml") == 0) rc = load_row(dir, e->d_name, s, reterr);
  }
  if (d) (void)closedir(d);
  qsort(s->rows, s->n, sizeof *s->rows, by_name);
  return rc;
}

static prac_rc load(const struct opts *o, struct hub *s, struct prac_err *reterr)
{
  PRAC_TRY(load_hub(o->dir, s, reterr));
  return load_rows(s, reterr);
}

static prac_rc write_users(struct hub *s, struct prac_err *reterr)
{
  struct site_text t = {0};
  struct site_pem cert;
  struct site_cert c;
  PRAC_TRY(site_pem_read(s->h.dir, SITE_HUB_USER ".crt", &cert, reterr));
  PRAC_TRY(site_cert_read(cert.v, &c, reterr));
  site_users_conf(&t, c.key_id, s->rows, s->n);
  prac_rc rc = site_file_replace(s->h.dir, "users.conf", &t, reterr);
  site_text_done(&t);
  return rc;
}

static bool is_server(long pid)
{
  char path[64], name[32] = "";
  (void)snprintf(path, sizeof path, "/proc/%ld/comm", pid);
  FILE *f = fopen(path, "re");
  if (!f) return false;
  bool ours = fgets(name, sizeof name, f) && strcmp(name, "nats-server\n") == 0;
  fclose(f);
  return ours;
}

/* The nats-server of this machine; false: it does not run here. */
static bool reload_server(const struct site_hub *h)
{
  char *text = NULL, *end;
  size_t n = 0;
  if (site_file_read(h->data, "nats.pid", 32, &text, &n, NULL) != PRAC_OK) return false;
  long pid = strtol(text, &end, 10);
  bool ours = end != text && pid > 1 && is_server(pid) && kill((pid_t)pid, SIGHUP) == 0;
  free(text);
  return ours;
}

/* What the files say becomes what nats-server does. */
static prac_rc apply(struct hub *s, struct prac_err *reterr)
{
  struct hub_link *l = NULL;
  PRAC_TRY(write_users(s, reterr));
  if (!reload_server(&s->h))
    fprintf(stderr,
            "practice: nats-server does not run here (no %s/nats.pid): reload it where it "
            "does, after copying users.conf there\n",
            s->h.data);
  if (s->h.n_nodes > 1)
    fprintf(stderr, "practice: copy %s/users.conf to the other nodes and reload them\n", s->h.dir);
  prac_rc rc = hub_link_open(&s->h, &l, reterr);
  if (rc == PRAC_OK) rc = hub_link_sources(l, &s->h, s->rows, s->n, reterr);
  hub_link_close(&l);
  if (rc == PRAC_OK) return rc;
  return prac_err_prefix(reterr, rc, "written, but not in force yet (practice hub apply)");
}

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
    if (!site_host_ok(host) || strlen(host) > 60)
      return PRAC_FAIL(reterr, PRAC_RANGE, "--node: \"%.60s\" is no host", host);
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
  for (size_t i = 0; i < s->n; i++) {
    if (strcmp(s->rows[i].site, name) == 0 && !s->rows[i].revoked)
      return PRAC_FAIL(reterr, PRAC_EXISTS, "site %s is there already; revoke-site comes first",
                       name);
    if (strcmp(s->rows[i].site, name) != 0 && site_names_clash(s->rows[i].site, name))
      return PRAC_FAIL(reterr, PRAC_EXISTS,
                       "%s and %s: the sensors of one could not be told from the other's",
                       s->rows[i].site, name);
  }
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

static prac_rc write_row(const struct hub *s, const struct site_row *r, struct prac_err *reterr)
{
  char name[SITE_NAME_MAX + 16];
  struct site_text t = {0};
  (void)snprintf(name, sizeof name, "sites/%s.yaml", r->site);
  site_row_write(&t, r);
  prac_rc rc = site_file_replace(s->h.dir, name, &t, reterr);
  site_text_done(&t);
  return rc;
}

static struct site_row *row_of(struct hub *s, const char *name)
{
  for (size_t i = 0; i < s->n; i++)
    if (strcmp(s->rows[i].site, name) == 0) return &s->rows[i];
  return NULL;
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
  PRAC_TRY(load(o, s, reterr));
  PRAC_TRY(check_name(s, o->arg, reterr));
  PRAC_TRY(make_bundle(o, s, &b, reterr));
  PRAC_TRY(site_cert_read(b.cert.v, &cert, reterr));
  PRAC_TRY(site_cert_read(b.ca.v, &ca, reterr));
  (void)snprintf(name, sizeof name, "%s.bundle", o->arg);
  site_bundle_write(site_file(f, SITE_OPEN, ".", name), &b);
  PRAC_TRY(site_files_make(f, reterr));
  struct site_row *r = row_of(s, o->arg);
  if (!r && s->n == SITES_MAX) return PRAC_FAIL(reterr, PRAC_FULL, "more than %d sites", SITES_MAX);
  if (!r) r = &s->rows[s->n++];
  *r = (struct site_row){.added = now(), .until = cert.until, .revoked_at = PRAC_TIME_NONE};
  (void)snprintf(r->site, sizeof r->site, "%s", o->arg);
  (void)snprintf(r->key_id, sizeof r->key_id, "%s", cert.key_id);
  (void)snprintf(r->fingerprint, sizeof r->fingerprint, "%s", cert.fingerprint);
  PRAC_TRY(write_row(s, r, reterr));
  printf("site %s: %s goes to the site (practice site join)\n", o->arg, name);
  printf("fingerprint of the hub's authority: %s\n", ca.fingerprint);
  return apply(s, reterr);
}

static prac_rc revoke_site(const struct opts *o, struct hub *s, struct prac_err *reterr)
{
  PRAC_TRY(load(o, s, reterr));
  struct site_row *r = row_of(s, o->arg);
  if (!r) return PRAC_FAIL(reterr, PRAC_UNKNOWN, "no site %.40s", o->arg);
  if (!r->revoked) r->revoked_at = now();
  r->revoked = true;
  PRAC_TRY(write_row(s, r, reterr));
  PRAC_TRY(apply(s, reterr));
  printf("site %s may not connect any more, and nothing is taken from it\n", o->arg);
  return PRAC_OK;
}

/* Without its server the hub still knows whom it let in. */
static prac_rc list(const struct opts *o, struct hub *s, struct prac_err *reterr)
{
  struct hub_link *l = NULL;
  struct hub_survey *v = NULL;
  struct prac_err why = {0};
  PRAC_TRY(load(o, s, reterr));
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
    rc = load(&o, &s, &err);
    if (rc == PRAC_OK) rc = apply(&s, &err);
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
            "apply tells nats-server again what the files say. See "
            "docs/operations/hub-and-sites.md.",
    .examples = "practice hub init --node hub.example.org\tone node\n"
                "practice hub init --node a.example.org --node b.example.org --node "
                "c.example.org\ta cluster; every record is on three nodes\n"
                "practice hub add-site tokyo tokyo.request\tlet a site in\n"
                "practice hub list --json\tconnected, lag, clock, certificate\n",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
