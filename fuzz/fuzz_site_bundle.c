/* A bundle, a row of the hub's list, a request: what is taken holds only what may stand in other
 * programs' files, and a bundle written again reads as the same. */
#include <stdint.h>
#include <string.h>

#include "site/bundle.h"
#include "site/pki.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct site_bundle *b)
{
  struct site_bundle c;
  struct site_text t = {0};
  site_bundle_write(&t, b);
  PRAC_INSIST(!t.bad && site_bundle_parse(t.buf, t.n, "again", &c, NULL) == PRAC_OK);
  PRAC_INSIST(memcmp(b, &c, sizeof c) == 0);
  site_text_done(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct site_bundle b;
  struct site_row r;
  struct site_cert c;
  char pem[SITE_PEM_MAX];
  if (site_bundle_parse((const char *)data, size, "fuzz", &b, NULL) == PRAC_OK) {
    PRAC_INSIST(site_name_ok(b.site) && b.n_hubs > 0 && b.n_hubs <= SITE_HUBS_MAX);
    for (size_t i = 0; i < b.n_hubs; i++) PRAC_INSIST(site_host_port_ok(b.hubs[i]));
    again(&b);
  }
  if (site_row_parse((const char *)data, size, "fuzz", &r, NULL) == PRAC_OK)
    PRAC_INSIST(site_name_ok(r.site) && strlen(r.key_id) == SITE_KEY_ID - 1);
  if (size >= sizeof pem) return 0;
  memcpy(pem, data, size);
  pem[size] = '\0';
  if (site_cert_read(pem, &c, NULL) == PRAC_OK) PRAC_INSIST(strlen(c.fingerprint) == 64);
  return 0;
}
