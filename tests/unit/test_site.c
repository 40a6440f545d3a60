/* Names, keys, certificates, bundles, forms: what is refused, and that what is made fits together.
 */
#include "lib/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "site/book.h"
#include "site/bundle.h"
#include "site/pki.h"
#include "site/site.h"

static const struct prac_span valid = {1700000000 * PRAC_SEC, 1800000000 * PRAC_SEC};

static void names(void **st)
{
  (void)st;
  static const char *const good[] = {"a", "tokyo", "new-york", "s1", "abcdefghijklmnopqrst"};
  static const char *const bad[] = {
      "",          "-a",  "a-",   "1a", "A",   "a.b",
      "a b",       "a\n", "a\"b", "a/", "..",  "abcdefghijklmnopqrstu",
      "t\xc3\xb6", "a_b", "*",    ">",  "$JS", NULL};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(good); i++) assert_true(site_name_ok(good[i]));
  for (size_t i = 0; bad[i]; i++)
    if (site_name_ok(bad[i])) fail_msg("\"%s\" is taken", bad[i]);
  assert_true(site_names_clash("tokyo", "tokyo"));
  assert_true(site_names_clash("tokyo", "tokyo-2"));
  assert_true(site_names_clash("tokyo-2", "tokyo"));
  assert_false(site_names_clash("tokyo", "tokyo2"));
}

static void hosts(void **st)
{
  (void)st;
  static const char *const good[] = {"hub.example.org:7422", "10.0.0.1:1", "[2001:db8::1]:65535"};
  static const char *const bad[] = {"hub",     "hub:",   "hub:0",      "hub:65536",
                                    "hub:1x",  ":7422",  "hub\"x:1",   "2001:db8::1:7422",
                                    "[hub]:1", "[]:1",   "[2001::1:1", "a b:1",
                                    "-a:1",    "a..b:1", "hub:1\n",    "hub:+1",
                                    NULL};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(good); i++)
    if (!site_host_port_ok(good[i])) fail_msg("\"%s\" is refused", good[i]);
  for (size_t i = 0; bad[i]; i++)
    if (site_host_port_ok(bad[i])) fail_msg("\"%s\" is taken", bad[i]);
  assert_true(site_path_ok("/etc/practice"));
  assert_false(site_path_ok("etc"));
  assert_false(site_path_ok("/etc/a b"));
  assert_false(site_path_ok("/etc/a\"b"));
}

struct authority {
  struct site_pem ca, ca_key, key, request, cert;
};
static void make(struct authority *a, const char *name)
{
  struct site_sign s = {
      .ca = &a->ca, .ca_key = &a->ca_key, .request = &a->request, .name = name, .valid = valid};
  assert_int_equal(site_key_make(&a->ca_key, NULL), PRAC_OK);
  assert_int_equal(site_ca_make(&a->ca_key, &valid, &a->ca, NULL), PRAC_OK);
  assert_int_equal(site_key_make(&a->key, NULL), PRAC_OK);
  assert_int_equal(site_request_make(&a->key, name, &a->request, NULL), PRAC_OK);
  assert_int_equal(site_cert_make(&s, &a->cert, NULL), PRAC_OK);
}

static void certificates(void **st)
{
  (void)st;
  static struct authority a, b;
  struct site_cert c;
  char id[SITE_KEY_ID];
  make(&a, "tokyo");
  make(&b, "berlin");
  assert_int_equal(site_cert_read(a.cert.v, &c, NULL), PRAC_OK);
  assert_string_equal(c.name, "tokyo");
  assert_true(c.from == valid.from && c.until == valid.to);
  assert_int_equal(site_key_id(&a.key, id, NULL), PRAC_OK);
  assert_string_equal(c.key_id, id);
  assert_int_equal(strlen(c.fingerprint), 64);
  assert_int_equal(site_cert_fits(a.cert.v, a.ca.v, &a.key, NULL), PRAC_OK);
  assert_int_equal(site_cert_fits(a.cert.v, b.ca.v, &a.key, NULL), PRAC_DENIED);
  assert_int_equal(site_cert_fits(a.cert.v, a.ca.v, &b.key, NULL), PRAC_DENIED);
  assert_int_equal(site_cert_fits(a.cert.v, a.cert.v, &a.key, NULL), PRAC_DENIED);
  assert_int_equal(site_cert_fits("", a.ca.v, &a.key, NULL), PRAC_MALFORMED);
}

/* A request that somebody has touched, or for another name, or of another kind of key. */
static void requests(void **st)
{
  (void)st;
  static const char rsa[] = "-----BEGIN CERTIFICATE REQUEST-----\n"
                            "MIICVjCCAT4CAQAwETEPMA0GA1UEAwwGdG9reW8tMIIBIjANBgkqhkiG9w0BAQEF\n"
                            "-----END CERTIFICATE REQUEST-----\n";
  static struct authority a;
  struct site_pem out, touched;
  struct site_sign s = {.ca = &a.ca, .ca_key = &a.ca_key, .name = "osaka", .valid = valid};
  make(&a, "tokyo");
  s.request = &a.request;
  assert_int_equal(site_cert_make(&s, &out, NULL), PRAC_MALFORMED);
  s.name = "tokyo";
  s.request = &touched;
  size_t n = strlen(a.request.v), taken = 0;
  for (size_t i = 0; i < n; i++) {
    touched = a.request;
    touched.v[i] = touched.v[i] == 'A' ? 'B' : 'A';
    if (site_cert_make(&s, &out, NULL) == PRAC_OK) taken++;
  }
  assert_true(taken <= 3); /* base64's unused bits */
  for (size_t i = 0; i < n - 1; i++) {
    (void)snprintf(touched.v, sizeof touched.v, "%.*s", (int)i, a.request.v);
    assert_int_not_equal(site_cert_make(&s, &out, NULL), PRAC_OK);
  }
  (void)snprintf(touched.v, sizeof touched.v, "%s", rsa);
  assert_int_equal(site_cert_make(&s, &out, NULL), PRAC_MALFORMED);
}

static void bundles(void **st)
{
  (void)st;
  static struct authority a, b;
  static struct site_bundle in, out;
  struct site_text t = {0}, bad = {0};
  make(&a, "tokyo");
  make(&b, "berlin");
  in = (struct site_bundle){.site = "tokyo", .n_hubs = 2, .cert = a.cert, .ca = a.ca};
  (void)snprintf(in.hubs[0], sizeof in.hubs[0], "hub.example.org:7422");
  (void)snprintf(in.hubs[1], sizeof in.hubs[1], "[2001:db8::1]:7422");
  site_bundle_write(&t, &in);
  assert_int_equal(site_bundle_parse(t.buf, t.n, "x", &out, NULL), PRAC_OK);
  assert_string_equal(out.site, "tokyo");
  assert_int_equal(out.n_hubs, 2);
  assert_string_equal(out.hubs[1], in.hubs[1]);
  assert_string_equal(out.cert.v, in.cert.v);
  assert_string_equal(out.ca.v, in.ca.v);
  for (size_t n = 0; n < t.n - 1; n++)
    assert_int_not_equal(site_bundle_parse(t.buf, n, "x", &out, NULL), PRAC_OK);
  in.ca = b.ca; /* not who signed */
  site_bundle_write(&bad, &in);
  assert_int_equal(site_bundle_parse(bad.buf, bad.n, "x", &out, NULL), PRAC_DENIED);
  site_text_done(&bad);
  in.ca = a.ca;
  (void)snprintf(in.site, sizeof in.site, "osaka"); /* not whom it names */
  site_bundle_write(&bad, &in);
  assert_int_equal(site_bundle_parse(bad.buf, bad.n, "x", &out, NULL), PRAC_MALFORMED);
  site_text_done(&bad);
  site_text_done(&t);
}

static void rows(void **st)
{
  (void)st;
  struct site_row in = {.site = "tokyo", .added = valid.from, .until = valid.to}, out;
  (void)snprintf(in.fingerprint, sizeof in.fingerprint, "%064d", 7);
  (void)snprintf(in.key_id, sizeof in.key_id, "%032d", 8);
  in.revoked_at = PRAC_TIME_NONE;
  for (int i = 0; i < 2; i++) {
    struct site_text t = {0};
    site_row_write(&t, &in);
    assert_int_equal(site_row_parse(t.buf, t.n, "x", &out, NULL), PRAC_OK);
    assert_string_equal(out.site, in.site);
    assert_string_equal(out.key_id, in.key_id);
    assert_string_equal(out.fingerprint, in.fingerprint);
    assert_true(out.added == in.added && out.until == in.until && out.revoked == in.revoked &&
                out.revoked_at == in.revoked_at);
    site_text_done(&t);
    in.revoked = true;
    in.revoked_at = valid.from + PRAC_DAY;
  }
}

static void users(void **st)
{
  (void)st;
  struct site_row r[2] = {{.site = "tokyo"}, {.site = "berlin", .revoked = true}};
  struct site_text t = {0};
  (void)snprintf(r[0].key_id, sizeof r[0].key_id, "%s", "0123456789abcdef0123456789abcdef");
  site_users_conf(&t, "ff", r, 2);
  assert_non_null(strstr(t.buf, "CN=tokyo,OU=0123456789abcdef0123456789abcdef,O=practice"));
  assert_non_null(strstr(t.buf, "\"deliver.tokyo-01234567.>\""));
  assert_null(strstr(t.buf, "berlin"));
  assert_null(strchr(t.buf, '@'));
  site_text_done(&t);
}

/* Only servers that know the key are told to sync every write: others would not start. */
static void nodes(void **st)
{
  (void)st;
  static struct site_hub h = {.n_nodes = 3,
                              .client_port = 4222,
                              .leaf_port = 7422,
                              .cluster_port = 6222,
                              .dir = "/d",
                              .data = "/v",
                              .program = "/p",
                              .server = "/s"};
  static struct site_hub back;
  for (size_t i = 0; i < 3; i++) (void)snprintf(h.nodes[i], sizeof h.nodes[i], "10.0.0.%zu", i + 1);
  for (int sync = 0; sync < 2; sync++) {
    struct site_text t = {0};
    h.sync_always = sync;
    site_node_conf(&t, &h, 1);
    assert_int_equal(strstr(t.buf, "\n  sync_interval: always") != NULL, sync);
    assert_non_null(strstr(t.buf, "routes: [\"tls://10.0.0.1:6222\", \"tls://10.0.0.3:6222\"]"));
    assert_non_null(strstr(t.buf, "listen: \"10.0.0.2:7422\""));
    site_text_done(&t);
    site_hub_write(&t, &h);
    assert_int_equal(site_hub_parse(t.buf, t.n, "/d", &back, NULL), PRAC_OK);
    assert_memory_equal(&back, &h, sizeof h);
    site_text_done(&t);
  }
  static const char worse[] =
      "hub:\n  nodes: [ 'a\"b' ]\n  data: /v\n  program: /p\n  server: /s\n";
  assert_int_equal(site_hub_parse(worse, sizeof worse - 1, "/d", &back, NULL), PRAC_MALFORMED);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names),    cmocka_unit_test(hosts),   cmocka_unit_test(certificates),
      cmocka_unit_test(requests), cmocka_unit_test(bundles), cmocka_unit_test(rows),
      cmocka_unit_test(users),    cmocka_unit_test(nodes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
