/* A small authority: everything goes through memory, so that no program is run and no file lies
 * about half written. */
#include "site/pki.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "site/name.h"

static const char organisation[] = "practice";

#define CLEANER(type, call)                                                                        \
  static void drop_##type(type **p)                                                                \
  {                                                                                                \
    call(*p);                                                                                      \
  }
CLEANER(BIO, (void)BIO_free)
CLEANER(EVP_PKEY, EVP_PKEY_free)
CLEANER(X509, X509_free)
CLEANER(X509_REQ, X509_REQ_free)
CLEANER(BIGNUM, BN_free)
#define OWN(type) PRAC_CLEANUP(drop_##type) type *

/* libcrypto keeps its reasons in a list of its own, emptied here. */
static prac_rc crypto_failed(struct prac_err *reterr, prac_rc rc, const char *doing)
{
  char why[160] = "no reason given";
  unsigned long e = ERR_peek_last_error();
  if (e) ERR_error_string_n(e, why, sizeof why);
  ERR_clear_error();
  return PRAC_FAIL(reterr, rc, "cannot %s: %s", doing, why);
}

static BIO *reader(const char *pem)
{
  return BIO_new_mem_buf(pem, (int)strnlen(pem, SITE_PEM_MAX));
}

static prac_rc to_pem(BIO *b, struct site_pem *ret, struct prac_err *reterr)
{
  int n = BIO_read(b, ret->v, SITE_PEM_MAX - 1);
  if (n <= 0 || BIO_pending(b) > 0) return crypto_failed(reterr, PRAC_IO, "write PEM");
  ret->v[n] = '\0';
  return PRAC_OK;
}

static int no_password(char *buf, int size, int rw, void *arg)
{
  (void)buf, (void)size, (void)rw, (void)arg;
  return -1;
}

static EVP_PKEY *read_key(const struct site_pem *key)
{
  OWN(BIO) b = reader(key->v);
  return b ? PEM_read_bio_PrivateKey(b, NULL, no_password, NULL) : NULL;
}

static X509 *read_cert(const char *pem)
{
  OWN(BIO) b = reader(pem);
  return b ? PEM_read_bio_X509(b, NULL, no_password, NULL) : NULL;
}

static bool is_p256(const EVP_PKEY *key)
{
  char group[64] = "";
  return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof group, NULL) &&
         strcmp(group, "prime256v1") == 0;
}

static bool key_id(const EVP_PKEY *key, char out[SITE_KEY_ID])
{
  unsigned char *der = NULL, md[EVP_MAX_MD_SIZE];
  unsigned n = 0;
  int len = i2d_PUBKEY(key, &der);
  bool ok = len > 0 && EVP_Digest(der, (size_t)len, md, &n, EVP_sha256(), NULL) && n == 32;
  OPENSSL_free(der);
  for (size_t i = 0; ok && i < SITE_KEY_ID / 2; i++)
    (void)snprintf(out + 2 * i, 3, "%02x", (unsigned)md[i]);
  return ok;
}

prac_rc site_key_id(const struct site_pem *key, char ret[SITE_KEY_ID], struct prac_err *reterr)
{
  OWN(EVP_PKEY) k = read_key(key);
  if (!k || !key_id(k, ret)) return crypto_failed(reterr, PRAC_MALFORMED, "read a key");
  return PRAC_OK;
}

const char *site_user(char out[SITE_USER], const char *name, const char *id)
{
  (void)snprintf(out, SITE_USER, "CN=%s,OU=%s,O=%s", name, id, organisation);
  return out;
}

prac_rc site_key_make(struct site_pem *ret_key, struct prac_err *reterr)
{
  OWN(EVP_PKEY) key = EVP_EC_gen("P-256");
  OWN(BIO) b = BIO_new(BIO_s_secmem());
  if (!key || !b || !PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL))
    return crypto_failed(reterr, PRAC_IO, "make a key");
  return to_pem(b, ret_key, reterr);
}

static bool set_name(X509_NAME *n, const char *name, const EVP_PKEY *key)
{
  char id[SITE_KEY_ID];
  const unsigned char *o = (const unsigned char *)organisation, *cn = (const unsigned char *)name,
                      *ou = (const unsigned char *)id;
  return key_id(key, id) && X509_NAME_add_entry_by_txt(n, "O", MBSTRING_ASC, o, -1, -1, 0) &&
         X509_NAME_add_entry_by_txt(n, "OU", MBSTRING_ASC, ou, -1, -1, 0) &&
         X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, cn, -1, -1, 0);
}

static bool extend(X509 *c, X509 *issuer, int nid, const char *value)
{
  X509V3_CTX ctx;
  X509V3_set_ctx_nodb(&ctx);
  X509V3_set_ctx(&ctx, issuer, c, NULL, NULL, 0);
  X509_EXTENSION *x = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
  bool ok = x && X509_add_ext(c, x, -1) == 1;
  X509_EXTENSION_free(x);
  return ok;
}

/* 128 random bits, so that nobody can foresee what is signed. */
static bool set_serial(X509 *c)
{
  OWN(BIGNUM) n = BN_new();
  return n && BN_rand(n, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
         BN_to_ASN1_INTEGER(n, X509_get_serialNumber(c));
}

static bool set_frame(X509 *c, const char *name, EVP_PKEY *key, const struct prac_span *valid)
{
  return X509_set_version(c, X509_VERSION_3) && set_serial(c) &&
         ASN1_TIME_set(X509_getm_notBefore(c), (time_t)(valid->from / PRAC_SEC)) &&
         ASN1_TIME_set(X509_getm_notAfter(c), (time_t)(valid->to / PRAC_SEC)) &&
         set_name(X509_get_subject_name(c), name, key) && X509_set_pubkey(c, key);
}

static prac_rc cert_out(X509 *c, struct site_pem *ret, struct prac_err *reterr)
{
  OWN(BIO) b = BIO_new(BIO_s_mem());
  if (!b || !PEM_write_bio_X509(b, c)) return crypto_failed(reterr, PRAC_IO, "write a certificate");
  return to_pem(b, ret, reterr);
}

prac_rc site_ca_make(const struct site_pem *key, const struct prac_span *valid,
                     struct site_pem *ret_cert, struct prac_err *reterr)
{
  OWN(EVP_PKEY) k = read_key(key);
  OWN(X509) c = X509_new();
  bool ok = k && c && set_frame(c, "hub authority", k, valid) &&
            X509_set_issuer_name(c, X509_get_subject_name(c)) &&
            extend(c, c, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
            extend(c, c, NID_key_usage, "critical,keyCertSign,cRLSign") &&
            extend(c, c, NID_subject_key_identifier, "hash") && X509_sign(c, k, EVP_sha256()) > 0;
  if (!ok) return crypto_failed(reterr, PRAC_IO, "make the authority's certificate");
  return cert_out(c, ret_cert, reterr);
}

prac_rc site_request_make(const struct site_pem *key, const char *name, struct site_pem *ret,
                          struct prac_err *reterr)
{
  OWN(EVP_PKEY) k = read_key(key);
  OWN(X509_REQ) r = X509_REQ_new();
  OWN(BIO) b = BIO_new(BIO_s_mem());
  bool ok = k && r && b && X509_REQ_set_version(r, X509_REQ_VERSION_1) &&
            set_name(X509_REQ_get_subject_name(r), name, k) && X509_REQ_set_pubkey(r, k) &&
            X509_REQ_sign(r, k, EVP_sha256()) > 0 && PEM_write_bio_X509_REQ(b, r);
  if (!ok) return crypto_failed(reterr, PRAC_IO, "make a request");
  return to_pem(b, ret, reterr);
}

/* The one CN, without odd characters. */
static bool common_name(const X509_NAME *n, char *out, size_t cap)
{
  int at = X509_NAME_get_index_by_NID(n, NID_commonName, -1);
  if (at < 0 || X509_NAME_get_index_by_NID(n, NID_commonName, at) >= 0) return false;
  const ASN1_STRING *s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(n, at));
  size_t len = (size_t)ASN1_STRING_length(s);
  if (len == 0 || len >= cap) return false;
  memcpy(out, ASN1_STRING_get0_data(s), len);
  out[len] = '\0';
  for (size_t i = 0; i < len; i++)
    if (out[i] < ' ' || out[i] > '~') return false;
  return true;
}

/* The public key of a request for this name, whose sender holds the private key. */
static prac_rc asked_key(const struct site_sign *s, EVP_PKEY **ret, struct prac_err *reterr)
{
  char name[64] = "";
  OWN(BIO) b = reader(s->request->v);
  OWN(X509_REQ) r = b ? PEM_read_bio_X509_REQ(b, NULL, no_password, NULL) : NULL;
  if (!r) return crypto_failed(reterr, PRAC_MALFORMED, "read the request");
  EVP_PKEY *k = X509_REQ_get0_pubkey(r);
  if (!k || !is_p256(k)) {
    ERR_clear_error();
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "the request's key is not EC P-256");
  }
  if (X509_REQ_verify(r, k) != 1)
    return crypto_failed(reterr, PRAC_MALFORMED, "verify the request's signature");
  if (!common_name(X509_REQ_get_subject_name(r), name, sizeof name) || strcmp(name, s->name) != 0)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "the request is from site \"%s\", not from \"%s\"",
                     name, s->name);
  EVP_PKEY_up_ref(k);
  *ret = k;
  return PRAC_OK;
}

static bool add_hosts(X509 *c, X509 *issuer, const struct site_sign *s)
{
  char names[SITE_CERT_HOSTS * (SITE_HOST_MAX + 8) + 64] = "DNS:localhost,IP:127.0.0.1";
  for (size_t i = 0; i < s->n_hosts; i++) {
    size_t n = strlen(names);
    (void)snprintf(names + n, sizeof names - n, ",%s:%s",
                   site_is_address(s->hosts[i]) ? "IP" : "DNS", s->hosts[i]);
  }
  return extend(c, issuer, NID_subject_alt_name, names);
}

/* What a certificate of ours says beside name, key and time. */
static bool add_rights(X509 *c, X509 *ca, const struct site_sign *s)
{
  return extend(c, ca, NID_basic_constraints, "critical,CA:FALSE") &&
         extend(c, ca, NID_key_usage, "critical,digitalSignature") &&
         extend(c, ca, NID_ext_key_usage, "serverAuth,clientAuth") && add_hosts(c, ca, s) &&
         extend(c, ca, NID_subject_key_identifier, "hash") &&
         extend(c, ca, NID_authority_key_identifier, "keyid:always");
}

prac_rc site_cert_make(const struct site_sign *s, struct site_pem *ret, struct prac_err *reterr)
{
  OWN(X509) ca = read_cert(s->ca->v);
  OWN(EVP_PKEY) ca_key = read_key(s->ca_key);
  OWN(EVP_PKEY) key = NULL;
  OWN(X509) c = X509_new();
  PRAC_INSIST(s->n_hosts <= SITE_CERT_HOSTS);
  if (!ca || !ca_key || X509_check_private_key(ca, ca_key) != 1)
    return crypto_failed(reterr, PRAC_MALFORMED, "read the authority's key and certificate");
  if (s->request) PRAC_TRY(asked_key(s, &key, reterr));
  if (!s->request) key = read_key(s->key);
  bool ok = key && c && set_frame(c, s->name, key, &s->valid) &&
            X509_set_issuer_name(c, X509_get_subject_name(ca)) && add_rights(c, ca, s) &&
            X509_sign(c, ca_key, EVP_sha256()) > 0;
  if (!ok) return crypto_failed(reterr, PRAC_IO, "make a certificate");
  return cert_out(c, ret, reterr);
}

static bool time_of(const ASN1_TIME *t, prac_time *ret)
{
  struct tm tm = {0};
  if (!ASN1_TIME_to_tm(t, &tm)) return false;
  int64_t days = prac_days_from_date(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
  if (days < -100000 || days > 100000) return false;
  *ret = (days * 86400 + tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec) * PRAC_SEC;
  return true;
}

prac_rc site_cert_read(const char *pem, struct site_cert *ret, struct prac_err *reterr)
{
  struct site_cert r = {0};
  unsigned char md[EVP_MAX_MD_SIZE];
  unsigned n = 0;
  OWN(X509) c = read_cert(pem);
  if (!c) return crypto_failed(reterr, PRAC_MALFORMED, "read a certificate");
  if (!X509_digest(c, EVP_sha256(), md, &n) || n != 32 || !X509_get0_pubkey(c) ||
      !key_id(X509_get0_pubkey(c), r.key_id) ||
      !common_name(X509_get_subject_name(c), r.name, sizeof r.name) ||
      !time_of(X509_get0_notBefore(c), &r.from) || !time_of(X509_get0_notAfter(c), &r.until)) {
    ERR_clear_error();
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "a certificate without a plain name or time");
  }
  for (size_t i = 0; i < 32; i++) (void)snprintf(r.fingerprint + 2 * i, 3, "%02x", (unsigned)md[i]);
  *ret = r;
  return PRAC_OK;
}

prac_rc site_cert_fits(const char *pem, const char *ca, const struct site_pem *key,
                       struct prac_err *reterr)
{
  OWN(X509) c = read_cert(pem);
  OWN(X509) a = read_cert(ca);
  OWN(EVP_PKEY) k = key ? read_key(key) : NULL;
  bool read = c && a && (k || !key);
  bool signed_ok = read && X509_check_ca(a) == 1 && X509_verify(c, X509_get0_pubkey(a)) == 1;
  bool key_ok = read && (!key || X509_check_private_key(c, k) == 1);
  ERR_clear_error();
  if (!read) return PRAC_FAIL(reterr, PRAC_MALFORMED, "a key or a certificate cannot be read");
  if (!signed_ok)
    return PRAC_FAIL(reterr, PRAC_DENIED, "the certificate is not signed by this authority");
  if (!key_ok) return PRAC_FAIL(reterr, PRAC_DENIED, "the certificate is for another key");
  return PRAC_OK;
}
