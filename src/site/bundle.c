/* Read by the same tables as settings: unknown keys, wrong types and excess are refused there. */
#include "site/bundle.h"

#include <stdio.h>
#include <string.h>

#include "base/conf.h"

struct raw_bundle {
  int64_t version;
  const char *site;
  struct prac_conf_strings hubs, cert, ca; /* PEM: a line an entry */
};
#define B(f) offsetof(struct raw_bundle, f)
static const struct prac_conf_item bundle_items[] = {
    {.key = "version",
     .type = PRAC_CONF_INT,
     .offset = B(version),
     .lo = 1,
     .hi = 1,
     .dflt = 1,
     .help = "Of this form."},
    {.key = "site",
     .type = PRAC_CONF_STRING,
     .offset = B(site),
     .sdflt = "",
     .help = "Name of the site."},
    {.key = "hubs",
     .type = PRAC_CONF_STRINGS,
     .offset = B(hubs),
     .sdflt = "",
     .help = "HOST:PORT of the hub's nodes."},
    {.key = "certificate",
     .type = PRAC_CONF_STRINGS,
     .offset = B(cert),
     .sdflt = "",
     .help = "Of the site, PEM."},
    {.key = "authority",
     .type = PRAC_CONF_STRINGS,
     .offset = B(ca),
     .sdflt = "",
     .help = "Certificate of the hub's authority, PEM."},
};
static const struct prac_conf_section bundle_section = {
    .path = "bundle",
    .about = "What a hub gives a site.",
    .items = bundle_items,
    .n_items = PRAC_ARRAY_LEN(bundle_items),
    .size = sizeof(struct raw_bundle),
};

struct raw_row {
  const char *site, *key_id, *fingerprint, *added, *until, *revoked;
};
#define R(f) offsetof(struct raw_row, f)
static const struct prac_conf_item row_items[] = {
    {.key = "name",
     .type = PRAC_CONF_STRING,
     .offset = R(site),
     .sdflt = "",
     .help = "Name of the site."},
    {.key = "key",
     .type = PRAC_CONF_STRING,
     .offset = R(key_id),
     .sdflt = "",
     .help = "Of its public key, SHA-256, first half."},
    {.key = "certificate",
     .type = PRAC_CONF_STRING,
     .offset = R(fingerprint),
     .sdflt = "",
     .help = "SHA-256 of its certificate."},
    {.key = "added",
     .type = PRAC_CONF_STRING,
     .offset = R(added),
     .sdflt = "",
     .help = "When it was added."},
    {.key = "until",
     .type = PRAC_CONF_STRING,
     .offset = R(until),
     .sdflt = "",
     .help = "When its certificate ends."},
    {.key = "revoked",
     .type = PRAC_CONF_STRING,
     .offset = R(revoked),
     .sdflt = "",
     .help = "When its rights were taken away."},
};
static const struct prac_conf_section row_section = {
    .path = "site",
    .about = "A site of this hub.",
    .items = row_items,
    .n_items = PRAC_ARRAY_LEN(row_items),
    .size = sizeof(struct raw_row),
};

static void add_pem(struct site_text *t, const char *key, const char *pem)
{
  site_text_add(t, "  %s:\n", key);
  for (const char *p = pem; *p;) {
    size_t n = strcspn(p, "\n");
    site_text_add(t, "    - '%.*s'\n", (int)n, p);
    p += n + (p[n] == '\n');
  }
}

void site_bundle_write(struct site_text *t, const struct site_bundle *b)
{
  site_text_add(t,
                "# From the hub to site %s: practice site join THIS-FILE\nbundle:\n  version: 1\n",
                b->site);
  site_text_add(t, "  site: %s\n  hubs:\n", b->site);
  for (size_t i = 0; i < b->n_hubs; i++) site_text_add(t, "    - '%s'\n", b->hubs[i]);
  add_pem(t, "certificate", b->cert.v);
  add_pem(t, "authority", b->ca.v);
}

/* A certificate as it will lie in a file of its own: read, and nothing but it. */
static prac_rc take_pem(const struct prac_conf_strings *lines, const char *what, const char *file,
                        struct site_pem *ret, struct prac_err *reterr)
{
  static const char allowed[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=- ";
  struct site_cert c;
  size_t n = 0;
  ret->v[0] = '\0';
  for (size_t i = 0; i < lines->n; i++) {
    const char *s = lines->v[i];
    if (strspn(s, allowed) != strlen(s) || n + strlen(s) + 2 > sizeof ret->v)
      return PRAC_FAIL(reterr, PRAC_MALFORMED, "%s: bundle.%s is no PEM", file, what);
    n += (size_t)snprintf(ret->v + n, sizeof ret->v - n, "%s\n", s);
  }
  prac_rc rc = site_cert_read(ret->v, &c, reterr);
  return rc == PRAC_OK ? rc : prac_err_prefix(reterr, rc, "%s: bundle.%s", file, what);
}

static prac_rc take_bundle(const struct raw_bundle *raw, const char *file, struct site_bundle *r,
                           struct prac_err *reterr)
{
  struct site_cert c;
  if (!site_name_ok(raw->site))
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "%s: bundle.site is no name of a site", file);
  (void)snprintf(r->site, sizeof r->site, "%s", raw->site);
  if (raw->hubs.n == 0 || raw->hubs.n > SITE_HUBS_MAX)
    return PRAC_FAIL(reterr, PRAC_RANGE, "%s: bundle.hubs: 1 to %d addresses", file, SITE_HUBS_MAX);
  for (; r->n_hubs < raw->hubs.n; r->n_hubs++) {
    const char *h = raw->hubs.v[r->n_hubs];
    if (!site_host_port_ok(h))
      return PRAC_FAIL(reterr, PRAC_MALFORMED, "%s: bundle.hubs: an entry is no HOST:PORT", file);
    (void)snprintf(r->hubs[r->n_hubs], sizeof r->hubs[0], "%s", h);
  }
  PRAC_TRY(take_pem(&raw->ca, "authority", file, &r->ca, reterr));
  PRAC_TRY(take_pem(&raw->cert, "certificate", file, &r->cert, reterr));
  PRAC_TRY(site_cert_read(r->cert.v, &c, reterr));
  if (strcmp(c.name, r->site) != 0)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "%s: the certificate is for another name", file);
  return site_cert_fits(r->cert.v, r->ca.v, NULL, reterr);
}

static prac_rc load(const char *text, size_t n, const char *file, const struct prac_conf_section *s,
                    struct prac_conf **ret, struct prac_err *reterr)
{
  const struct prac_conf_section *const sections[] = {s, NULL};
  if (n > SITE_BUNDLE_MAX)
    return PRAC_FAIL(reterr, PRAC_RANGE, "%s: more than %d bytes", file, SITE_BUNDLE_MAX);
  return prac_conf_parse(text, n, file, sections, ret, reterr);
}

prac_rc site_bundle_parse(const char *text, size_t n, const char *file, struct site_bundle *ret,
                          struct prac_err *reterr)
{
  struct prac_conf *c = NULL;
  struct site_bundle r = {0};
  PRAC_TRY(load(text, n, file, &bundle_section, &c, reterr));
  prac_rc rc = take_bundle(prac_conf_get(c, bundle_section.path, 0), file, &r, reterr);
  prac_conf_free(&c);
  if (rc == PRAC_OK) *ret = r;
  return rc;
}

void site_row_write(struct site_text *t, const struct site_row *r)
{
  char added[PRAC_TIME_TEXT], until[PRAC_TIME_TEXT], revoked[PRAC_TIME_TEXT];
  site_text_add(t, "# Made by practice hub; practice hub list shows it.\nsite:\n  name: %s\n",
                r->site);
  site_text_add(t, "  key: %s\n  certificate: %s\n  added: '%s'\n  until: '%s'\n", r->key_id,
                r->fingerprint, prac_time_text(added, r->added), prac_time_text(until, r->until));
  if (r->revoked) site_text_add(t, "  revoked: '%s'\n", prac_time_text(revoked, r->revoked_at));
}

static bool is_hex(const char *s, size_t n)
{
  return strlen(s) == n && strspn(s, "0123456789abcdef") == n;
}

static prac_rc take_row(const struct raw_row *raw, const char *file, struct site_row *r,
                        struct prac_err *reterr)
{
  bool ok = site_name_ok(raw->site) && is_hex(raw->key_id, SITE_KEY_ID - 1) &&
            is_hex(raw->fingerprint, 64) &&
            prac_time_parse(raw->added, strlen(raw->added), &r->added) == PRAC_OK &&
            prac_time_parse(raw->until, strlen(raw->until), &r->until) == PRAC_OK;
  r->revoked = raw->revoked[0] != '\0';
  r->revoked_at = PRAC_TIME_NONE;
  if (ok && r->revoked)
    ok = prac_time_parse(raw->revoked, strlen(raw->revoked), &r->revoked_at) == PRAC_OK;
  if (!ok) return PRAC_FAIL(reterr, PRAC_MALFORMED, "%s: not a row of a site", file);
  (void)snprintf(r->site, sizeof r->site, "%s", raw->site);
  (void)snprintf(r->key_id, sizeof r->key_id, "%s", raw->key_id);
  (void)snprintf(r->fingerprint, sizeof r->fingerprint, "%s", raw->fingerprint);
  return PRAC_OK;
}

prac_rc site_row_parse(const char *text, size_t n, const char *file, struct site_row *ret,
                       struct prac_err *reterr)
{
  struct prac_conf *c = NULL;
  struct site_row r = {0};
  PRAC_TRY(load(text, n, file, &row_section, &c, reterr));
  prac_rc rc = take_row(prac_conf_get(c, row_section.path, 0), file, &r, reterr);
  prac_conf_free(&c);
  if (rc == PRAC_OK) *ret = r;
  return rc;
}
