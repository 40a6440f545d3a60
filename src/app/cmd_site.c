/* `practice site`: what a site far from the hub needs, made at the site. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cmd.h"
#include "app/site_files.h"
#include "sys/durable.h"

struct opts {
  const char *dir, *data, *hub, *hub_dir, *interface, *capture, *version;
  const char *what, *arg;
  uint64_t port, max_store;
  bool honeypot;
  int lang;
};
#define MAX_STORE UINT64_C(20000000000)
#define DIR_DFLT "/etc/practice"
#define DATA_DFLT "/var/lib/practice"
#define HUB_DIR_DFLT "/etc/practice-hub"
#define O(f) offsetof(struct opts, f)
static const struct cmd_option options[] = {
    {"--dir", "DIR", "where keys and settings are", CMD_TEXT, O(dir), .dflt = DIR_DFLT},
    {"--data", "DIR", "init: where records are kept until the hub has them", CMD_TEXT, O(data),
     .dflt = DATA_DFLT},
    {"--lang", "LANGUAGE", "init: of the instruction", CMD_WORD, O(lang), .dflt = "en",
     .words = site_langs},
    {"--hub", "HOST", "init: where the files are copied to, for the instruction", CMD_TEXT, O(hub),
     .dflt = "hub"},
    {"--hub-dir", "DIR", "init: the hub's --dir, for the instruction", CMD_TEXT, O(hub_dir),
     .dflt = HUB_DIR_DFLT},
    {"--interface", "NAME", "init: the first sensor listens there", CMD_TEXT, O(interface),
     .dflt = "eth0"},
    {"--capture", "FILE", "init: it plays a capture instead, to try things out", CMD_TEXT,
     O(capture), .dflt = ""},
    {"--honeypot", NULL, "init: with a honeypot", CMD_FLAG, O(honeypot)},
    {"--port", "N", "init: of the site's own nats-server, at 127.0.0.1", CMD_U64, O(port),
     .dflt = "4222", .lo = 1, .hi = 65535},
    {"--max-store", "BYTES", "init: how much it keeps for the hub, such as 200G", CMD_U64,
     O(max_store), .dflt = "20G", .lo = 1e8, .hi = 1e15},
    {"--nats-version", "VERSION", "init: of nats-server; else it is asked", CMD_TEXT, O(version)},
    {"WHAT", NULL, "init or join", CMD_TEXT, O(what)},
    {"ARG", NULL, "init: the site's name; join: the hub's bundle", CMD_TEXT, O(arg)},
};
extern const struct cmd cmd_site;

struct made {
  struct site_plan plan;
  struct site_way way;
  struct site_pem key, request;
  struct site_text given;
  char dir[256], data[256], program[256], server[256], key_id[SITE_KEY_ID];
};

/* "--port 4223": what init was given, for the instruction. */
static void given(struct site_text *t, const struct opts *o)
{
  const struct {
    const char *name, *value, *dflt;
  } v[] = {{"--dir", o->dir, DIR_DFLT},
           {"--data", o->data, DATA_DFLT},
           {"--hub-dir", o->hub_dir, HUB_DIR_DFLT},
           {"--interface", o->interface, "eth0"},
           {"--capture", o->capture, ""},
           {"--lang", site_langs[o->lang], "en"}};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(v); i++)
    if (strcmp(v[i].value, v[i].dflt) != 0) site_text_add(t, " %s %s", v[i].name, v[i].value);
  if (o->max_store != MAX_STORE) site_text_add(t, " --max-store %" PRIu64, o->max_store);
  if (o->port != 4222) site_text_add(t, " --port %u", (unsigned)o->port);
  if (o->honeypot) site_text_add(t, " --honeypot");
  if (!t->n) site_text_add(t, "%s", "");
}

static bool word_ok(const char *s, const char *allowed)
{
  size_t n = strlen(s);
  return n > 0 && n < 64 && strspn(s, allowed) == n;
}

/* All of this goes into files of other programs. */
static prac_rc check(const struct opts *o, struct prac_err *reterr)
{
  if (!site_name_ok(o->arg))
    return PRAC_FAIL(reterr, PRAC_RANGE,
                     "a site's name has a-z, 0-9 and -, at most %d, and begins with a letter",
                     SITE_NAME_MAX);
  if (!site_host_ok(o->hub) || !site_path_ok(o->hub_dir))
    return PRAC_FAIL(reterr, PRAC_RANGE, "--hub is no host, or --hub-dir no plain path");
  if (!word_ok(o->interface, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"))
    return PRAC_FAIL(reterr, PRAC_RANGE, "--interface: odd characters");
  if (o->capture[0] && !site_path_ok(o->capture))
    return PRAC_FAIL(reterr, PRAC_RANGE, "--capture: the whole name of a file, without blanks");
  return PRAC_OK;
}

static prac_rc plan(const struct opts *o, struct made *m, struct prac_err *reterr)
{
  PRAC_TRY(check(o, reterr));
  PRAC_TRY(site_dir(o->dir, m->dir, sizeof m->dir, reterr));
  PRAC_TRY(site_dir(o->data, m->data, sizeof m->data, reterr));
  PRAC_TRY(site_program(m->program, sizeof m->program, reterr));
  site_server(m->server, sizeof m->server);
  given(&m->given, o);
  if (m->given.bad) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory");
  PRAC_TRY(site_key_make(&m->key, reterr));
  PRAC_TRY(site_key_id(&m->key, m->key_id, reterr));
  m->plan = (struct site_plan){.site = o->arg,
                               .key_id = m->key_id,
                               .dir = m->dir,
                               .data = m->data,
                               .program = m->program,
                               .server = m->server,
                               .interface = o->interface,
                               .capture = o->capture,
                               .max_store = o->max_store,
                               .honeypot = o->honeypot,
                               .sync_always = site_server_syncs(m->server, o->version),
                               .port = (unsigned)o->port};
  m->way = (struct site_way){
      .lang = site_langs[o->lang], .hub = o->hub, .hub_dir = o->hub_dir, .options = m->given.buf};
  return site_request_make(&m->key, o->arg, &m->request, reterr);
}

/* A stream that is full leaves out its oldest; a server whose disk is full stands still. */
static void say_room(const char *data, uint64_t max_store)
{
  uint64_t left;
  if (sys_free_bytes(data, &left, NULL, NULL) != PRAC_OK || left / 11 >= max_store / 10) return;
  fprintf(stderr,
          "practice: %s has %.1f GB free, and --max-store is %.1f GB: when a disk is full, the "
          "site's server stands still until somebody makes room\n",
          data, (double)left / 1e9, (double)max_store / 1e9);
}

static prac_rc init(const struct opts *o, struct made *m, struct site_files *f,
                    struct prac_err *reterr)
{
  char name[SITE_NAME_MAX + 16], conf[320];
  PRAC_TRY(plan(o, m, reterr));
  const struct site_plan *p = &m->plan;
  site_text_add(site_file(f, SITE_SECRET, m->dir, "site.key"), "%s", m->key.v);
  (void)snprintf(name, sizeof name, "%s.request", o->arg);
  site_text_add(site_file(f, SITE_OPEN, m->dir, name), "%s", m->request.v);
  site_leaf_conf(site_file(f, SITE_OPEN, m->dir, "nats.conf"), p);
  site_settings(site_file(f, SITE_OPEN, m->dir, "practice.yaml"), p);
  (void)snprintf(conf, sizeof conf, "%s/nats.conf", m->dir);
  site_unit_server(site_file(f, SITE_OPEN, m->dir, "practice-nats.service"), m->server, conf,
                   m->data);
  site_unit_role(site_file(f, SITE_OPEN, m->dir, "practice-sensor.service"), p, "sensor");
  if (o->honeypot)
    site_unit_role(site_file(f, SITE_OPEN, m->dir, "practice-honeypot.service"), p, "honeypot");
  site_unit_user(site_file(f, SITE_OPEN, m->dir, "practice.sysusers"));
  struct site_text *page = site_file(f, SITE_OPEN, m->dir, "HOWTO.txt");
  site_howto(page, p, &m->way);
  PRAC_TRY(site_files_make(f, reterr));
  printf("%s", page->buf);
  say_room(m->data, o->max_store);
  return PRAC_OK;
}

/* A certificate is renewed when it comes from the authority that is known here already. */
static prac_rc put_in_place(const char *dir, const struct site_bundle *b, struct site_files *f,
                            struct prac_err *reterr)
{
  struct site_pem ca;
  prac_rc rc = site_pem_read(dir, "ca.crt", &ca, reterr);
  if (rc == PRAC_OK && strcmp(ca.v, b->ca.v) == 0) return site_files_replace(f, reterr);
  if (rc == PRAC_OK)
    return PRAC_FAIL(reterr, PRAC_EXISTS, "%s/ca.crt is there already, of another hub", dir);
  if (rc != PRAC_UNKNOWN) return rc;
  site_text_add(site_file(f, SITE_OPEN, dir, "ca.crt"), "%s", b->ca.v);
  return site_files_make(f, reterr);
}

/* The bundle may come from anywhere; what it says is taken only when it is about this key. */
static prac_rc join(const struct opts *o, struct site_files *f, struct prac_err *reterr)
{
  struct site_bundle b;
  struct site_pem key;
  struct site_cert ca, cert;
  char dir[256], *text = NULL;
  size_t n = 0;
  PRAC_TRY(site_dir(o->dir, dir, sizeof dir, reterr));
  PRAC_TRY(site_file_read("", o->arg, SITE_BUNDLE_MAX, &text, &n, reterr));
  prac_rc rc = site_bundle_parse(text, n, o->arg, &b, reterr);
  free(text);
  PRAC_TRY(rc);
  PRAC_TRY(site_pem_read(dir, "site.key", &key, reterr));
  rc = site_cert_fits(b.cert.v, b.ca.v, &key, reterr);
  if (rc != PRAC_OK) return prac_err_prefix(reterr, rc, "%s", o->arg);
  PRAC_TRY(site_cert_read(b.ca.v, &ca, reterr));
  PRAC_TRY(site_cert_read(b.cert.v, &cert, reterr));
  site_text_add(site_file(f, SITE_OPEN, dir, "site.crt"), "%s", b.cert.v);
  site_link_conf(site_file(f, SITE_OPEN, dir, "hub.conf"), dir, &b);
  PRAC_TRY(put_in_place(dir, &b, f, reterr));
  char until[PRAC_TIME_TEXT];
  printf("site %s has its certificate, valid until %s\nfingerprint of the hub's authority: %s\n",
         b.site, prac_time_text(until, cert.until), ca.fingerprint);
  return PRAC_OK;
}

static int run(int argc, char **argv)
{
  static struct made m;
  static struct site_files f;
  struct opts o;
  struct prac_err err = {0};
  int st = cmd_parse(&cmd_site, argc, argv, &o, sizeof o);
  if (st != CMD_GO) return st;
  bool is_init = strcmp(o.what, "init") == 0;
  if (!is_init && strcmp(o.what, "join") != 0)
    return cmd_usage(&cmd_site, "\"%.40s\" is none of init, join", o.what);
  prac_rc rc = is_init ? init(&o, &m, &f, &err) : join(&o, &f, &err);
  explicit_bzero(&m.key, sizeof m.key);
  site_text_done(&m.given);
  site_files_done(&f);
  return rc == PRAC_OK ? CMD_OK : cmd_fail(&err);
}

const struct cmd cmd_site = {
    .name = "site",
    .about = "a site of its own that delivers to a hub: init, join",
    .group = "run it",
    .text = "init makes what a site needs: its private key, a request for the hub, the "
            "configuration of a nats-server that keeps records while the link is down, settings, "
            "systemd units, and a page that says what to type. join takes the bundle that "
            "`practice hub add-site` made of the request. Nothing that is there is overwritten. "
            "See docs/operations/hub-and-sites.md.",
    .examples = "practice site init tokyo --hub hub.example.org --lang ja\tmake everything, "
                "instruction in Japanese\n"
                "practice site join tokyo.bundle\tfinish with what the hub sent back\n",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
