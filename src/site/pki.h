/* site/pki.h — keys and certificates between a hub and its sites.
 *
 * kinds     keys are EC P-256, certificates X.509 v3 signed with ECDSA and SHA-256, all as PEM
 * who       the hub has its own authority. A site's private key is made at the site and stays
 * there: what travels is a request (PKCS#10), of which the hub takes the public key only; names and
 * rights in the certificate are the hub's own words. subject   "CN=NAME,OU=KEY-ID,O=practice": what
 * nats-server takes for the user (verify_and_map). With the key in it, a revoked certificate stays
 * useless when its name is given to a new key. source    RFC 5280, RFC 2986; libcrypto fails
 * PRAC_MALFORMED: not PEM, not what was asked for, another kind of key, a signature that does not
 * fit; PRAC_IO: libcrypto refuses (no random bytes); PRAC_NOMEM threads   any; nothing is shared
 */
#pragma once
#include "base/err.h"
#include "base/time.h"

enum { SITE_PEM_MAX = 4096, SITE_CERT_HOSTS = 4 };
struct site_pem {
  char v[SITE_PEM_MAX]; /* NUL-terminated */
};
#define SITE_KEY_ID 33 /* first half of the SHA-256 of the public key (DER), hexadecimal */
#define SITE_USER 128
struct site_cert {
  char name[64]; /* CN */
  char key_id[SITE_KEY_ID];
  char fingerprint[65]; /* SHA-256 of the certificate, lower-case hexadecimal */
  prac_time from, until;
};

PRAC_NODISCARD prac_rc site_key_make(struct site_pem *ret_key, struct prac_err *reterr);
PRAC_NODISCARD prac_rc site_key_id(const struct site_pem *key, char ret[SITE_KEY_ID],
                                   struct prac_err *reterr);
/* The subject, as nats-server writes it. */
const char *site_user(char out[SITE_USER], const char *name, const char *key_id);
/* For an authority: signs itself. */
PRAC_NODISCARD prac_rc site_ca_make(const struct site_pem *key, const struct prac_span *valid,
                                    struct site_pem *ret_cert, struct prac_err *reterr);
PRAC_NODISCARD prac_rc site_request_make(const struct site_pem *key, const char *name,
                                         struct site_pem *ret, struct prac_err *reterr);

struct site_sign {
  const struct site_pem *ca, *ca_key;
  const struct site_pem *request;     /* whose public key is signed, */
  const struct site_pem *key;         /* or this key's; one of them */
  const char *name;                   /* CN; a request must ask for the same */
  const char *hosts[SITE_CERT_HOSTS]; /* names and addresses it may serve at, beside localhost */
  size_t n_hosts;
  struct prac_span valid;
};
PRAC_NODISCARD prac_rc site_cert_make(const struct site_sign *s, struct site_pem *ret,
                                      struct prac_err *reterr);
PRAC_NODISCARD prac_rc site_cert_read(const char *pem, struct site_cert *ret,
                                      struct prac_err *reterr);
/* PRAC_OK: the authority has signed the certificate, and it is for this key. PRAC_DENIED else. */
PRAC_NODISCARD prac_rc site_cert_fits(const char *pem, const char *ca, const struct site_pem *key,
                                      struct prac_err *reterr);
