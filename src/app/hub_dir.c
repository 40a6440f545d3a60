/* What the directory says is what nats-server is told, whole and anew each time. */
#include "app/hub_dir.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/hub_link.h"
#include "app/site_files.h"
#include "site/book.h"
#include "sys/durable.h"

static prac_rc load_hub(const char *dir, struct hub *s, struct prac_err *reterr)
{
  char *text = NULL;
  size_t n = 0;
  char *full = realpath(dir, NULL);
  prac_rc rc = full ? site_file_read(full, "hub.yaml", SITE_BUNDLE_MAX, &text, &n, reterr)
                    : PRAC_FAIL(reterr, PRAC_UNKNOWN,
                                "%s: no such directory; practice hub init makes it", dir);
  if (rc == PRAC_OK) rc = site_hub_parse(text, n, full, &s->h, reterr);
  free(text);
  free(full);
  return rc;
}

static prac_rc load_row(const char *dir, const char *name, struct hub *s, struct prac_err *reterr)
{
  char *text = NULL;
  size_t n = 0;
  if (s->n == HUB_SITES_MAX)
    return PRAC_FAIL(reterr, PRAC_FULL, "more than %d sites", HUB_SITES_MAX);
  PRAC_TRY(site_file_read(dir, name, SITE_BUNDLE_MAX, &text, &n, reterr));
  prac_rc rc = site_row_parse(text, n, name, &s->rows[s->n], reterr);
  free(text);
  PRAC_TRY(rc);
  size_t len = strlen(s->rows[s->n].site);
  if (strncmp(name, s->rows[s->n].site, len) != 0 || strcmp(name + len, ".yaml") != 0)
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

prac_rc hub_load(const char *dir, struct hub *s, struct prac_err *reterr)
{
  PRAC_TRY(load_hub(dir, s, reterr));
  return load_rows(s, reterr);
}

static prac_rc write_users(struct hub *s, struct prac_err *reterr)
{
  struct site_files f = {0};
  struct site_pem cert;
  struct site_cert c;
  PRAC_TRY(site_pem_read(s->h.dir, SITE_HUB_USER ".crt", &cert, reterr));
  PRAC_TRY(site_cert_read(cert.v, &c, reterr));
  site_users_conf(site_file(&f, SITE_OPEN, s->h.dir, "users.conf"), c.key_id, s->rows, s->n);
  prac_rc rc = site_files_replace(&f, reterr);
  site_files_done(&f);
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

prac_rc hub_apply(struct hub *s, struct prac_err *reterr)
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

prac_rc hub_widen(const struct hub *s, struct prac_err *reterr)
{
  struct hub_link *l = NULL;
  PRAC_TRY(hub_link_open(&s->h, &l, reterr));
  for (size_t i = 0; i < s->n; i++) {
    const struct site_row *r = &s->rows[i];
    struct prac_err err = {0};
    bool changed = false;
    if (r->revoked) continue;
    prac_rc rc = hub_link_widen(l, r, &changed, &err);
    if (changed) printf("site %s: its stream takes new kinds of records\n", r->site);
    if (rc != PRAC_OK)
      fprintf(stderr, "practice: site %s: %s; apply again if it is of an older version\n", r->site,
              err.text);
  }
  hub_link_close(&l);
  return PRAC_OK;
}

struct site_row *hub_row(struct hub *s, const char *name)
{
  for (size_t i = 0; i < s->n; i++)
    if (strcmp(s->rows[i].site, name) == 0) return &s->rows[i];
  return NULL;
}

prac_rc hub_write_row(const struct hub *s, const struct site_row *r, struct prac_err *reterr)
{
  char name[SITE_NAME_MAX + 16];
  struct site_files f = {0};
  (void)snprintf(name, sizeof name, "sites/%s.yaml", r->site);
  site_row_write(site_file(&f, SITE_OPEN, s->h.dir, name), r);
  prac_rc rc = site_files_replace(&f, reterr);
  site_files_done(&f);
  return rc;
}
