/* The key schedule of RFC 9180 by hand: libcrypto has HPKE from 3.2 on, and 3.0 is what there is.
 */
#include "access/hpke.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

enum { KEY = ACCESS_HPKE_KEY, HASH = 32, NONCE = 12, TAG = 16, LABELED_MAX = 512 };
static const uint8_t kem_suite[] = {'K', 'E', 'M', 0x00, 0x20};
static const uint8_t hpke_suite[] = {'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, 0x03};

struct part {
  const void *p;
  size_t n;
};
struct suite {
  struct part id;
  bool bad; /* libcrypto has failed: no memory */
};

static bool hmac(const void *key, size_t n_key, const struct part *v, size_t n, uint8_t to[HASH])
{
  uint8_t text[LABELED_MAX];
  size_t len = 0;
  unsigned out = 0;
  for (size_t i = 0; i < n; i++) {
    if (v[i].n > sizeof text - len) return false;
    if (v[i].n) memcpy(text + len, v[i].p, v[i].n);
    len += v[i].n;
  }
  bool ok = HMAC(EVP_sha256(), key, (int)n_key, text, len, to, &out) && out == HASH;
  OPENSSL_cleanse(text, len);
  return ok;
}

/* LabeledExtract; no salt is as many zeros as HMAC adds to a key anyway. */
static void extract(struct suite *s, struct part salt, const char *label, struct part ikm,
                    uint8_t to[HASH])
{
  const struct part v[] = {{"HPKE-v1", 7}, s->id, {label, strlen(label)}, ikm};
  s->bad |= !hmac(salt.n ? salt.p : "", salt.n, v, PRAC_ARRAY_LEN(v), to);
}

/* LabeledExpand of one block: n <= HASH. */
static void expand(struct suite *s, const uint8_t prk[HASH], const char *label, struct part info,
                   struct part to)
{
  const uint8_t len[2] = {0, (uint8_t)to.n}, one = 1;
  const struct part v[] = {{len, 2}, {"HPKE-v1", 7}, s->id, {label, strlen(label)},
                           info,     {&one, 1}};
  uint8_t block[HASH];
  s->bad |= !hmac(prk, HASH, v, PRAC_ARRAY_LEN(v), block);
  memcpy((void *)(uintptr_t)to.p, block, to.n);
  OPENSSL_cleanse(block, sizeof block);
}

static prac_rc no_memory(struct prac_err *reterr)
{
  return PRAC_FAIL(reterr, PRAC_NOMEM, "libcrypto has no memory");
}

prac_rc access_hpke_public(const uint8_t own[KEY], uint8_t ret_public[KEY], struct prac_err *reterr)
{
  size_t n = KEY;
  EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, own, KEY);
  bool ok = k && EVP_PKEY_get_raw_public_key(k, ret_public, &n) == 1 && n == KEY;
  EVP_PKEY_free(k);
  return ok ? PRAC_OK : no_memory(reterr);
}

/* A point of small order gives zeros, which libcrypto refuses. */
static prac_rc agree(const uint8_t own[KEY], const uint8_t other[KEY], uint8_t to[KEY],
                     struct prac_err *reterr)
{
  size_t n = KEY;
  EVP_PKEY *a = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, own, KEY);
  EVP_PKEY *b = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, other, KEY);
  EVP_PKEY_CTX *c = a && b ? EVP_PKEY_CTX_new(a, NULL) : NULL;
  prac_rc rc = PRAC_OK;
  if (!c || EVP_PKEY_derive_init(c) != 1 || EVP_PKEY_derive_set_peer(c, b) != 1)
    rc = no_memory(reterr);
  else if (EVP_PKEY_derive(c, to, &n) != 1 || n != KEY)
    rc = PRAC_FAIL(reterr, PRAC_DENIED, "the other side's key is none");
  EVP_PKEY_CTX_free(c);
  EVP_PKEY_free(a);
  EVP_PKEY_free(b);
  return rc;
}

struct keys {
  uint8_t key[KEY], nonce[NONCE];
};

/* ExtractAndExpand, KeyScheduleR/S of mode base, for the first message. */
static prac_rc schedule(const uint8_t dh[KEY], const uint8_t enc[KEY], const uint8_t public[KEY],
                        const struct access_hpke *h, struct keys *ret)
{
  static const struct part none = {"", 0};
  struct suite kem = {.id = {kem_suite, sizeof kem_suite}},
               all = {.id = {hpke_suite, sizeof hpke_suite}};
  uint8_t prk[HASH], shared[HASH], secret[HASH], both[2 * KEY], context[1 + 2 * HASH] = {0};
  memcpy(both, enc, KEY);
  memcpy(both + KEY, public, KEY);
  extract(&kem, none, "eae_prk", (struct part){dh, KEY}, prk);
  expand(&kem, prk, "shared_secret", (struct part){both, sizeof both},
         (struct part){shared, sizeof shared});
  extract(&all, none, "psk_id_hash", none, context + 1);
  extract(&all, none, "info_hash", (struct part){h->info, h->n_info}, context + 1 + HASH);
  extract(&all, (struct part){shared, sizeof shared}, "secret", none, secret);
  expand(&all, secret, "key", (struct part){context, sizeof context},
         (struct part){ret->key, sizeof ret->key});
  expand(&all, secret, "base_nonce", (struct part){context, sizeof context},
         (struct part){ret->nonce, sizeof ret->nonce});
  OPENSSL_cleanse(prk, sizeof prk);
  OPENSSL_cleanse(shared, sizeof shared);
  OPENSSL_cleanse(secret, sizeof secret);
  return kem.bad || all.bad ? PRAC_NOMEM : PRAC_OK;
}

static bool encrypt(EVP_CIPHER_CTX *c, const struct keys *k, const struct access_hpke *h,
                    struct part text, uint8_t *to)
{
  int len = 0;
  return EVP_EncryptInit_ex(c, EVP_chacha20_poly1305(), NULL, k->key, k->nonce) == 1 &&
         EVP_EncryptUpdate(c, NULL, &len, h->aad, (int)h->n_aad) == 1 &&
         EVP_EncryptUpdate(c, to, &len, text.p, (int)text.n) == 1 &&
         EVP_EncryptFinal_ex(c, to + len, &len) == 1 &&
         EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG, to + text.n) == 1;
}

static bool decrypt(EVP_CIPHER_CTX *c, const struct keys *k, const struct access_hpke *h,
                    struct part sealed, uint8_t *to)
{
  int len = 0;
  size_t n = sealed.n - TAG;
  uint8_t tag[TAG];
  memcpy(tag, (const uint8_t *)sealed.p + n, TAG);
  return EVP_DecryptInit_ex(c, EVP_chacha20_poly1305(), NULL, k->key, k->nonce) == 1 &&
         EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 &&
         EVP_DecryptUpdate(c, NULL, &len, h->aad, (int)h->n_aad) == 1 &&
         EVP_DecryptUpdate(c, to, &len, sealed.p, (int)n) == 1 &&
         EVP_DecryptFinal_ex(c, to + len, &len) == 1;
}

prac_rc access_hpke_seal(const uint8_t public[KEY], const struct access_hpke *h, const void *text,
                         size_t n, uint8_t *to, struct prac_err *reterr)
{
  uint8_t own[KEY], dh[KEY];
  struct keys k;
  if (RAND_bytes(own, KEY) != 1) return PRAC_FAIL(reterr, PRAC_IO, "no random bytes");
  EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
  prac_rc rc = c ? access_hpke_public(own, to, reterr) : no_memory(reterr);
  if (rc == PRAC_OK) rc = agree(own, public, dh, reterr);
  if (rc == PRAC_OK && (schedule(dh, to, public, h, &k) != PRAC_OK ||
                        !encrypt(c, &k, h, (struct part){text, n}, to + KEY)))
    rc = no_memory(reterr);
  EVP_CIPHER_CTX_free(c);
  OPENSSL_cleanse(own, sizeof own);
  OPENSSL_cleanse(dh, sizeof dh);
  OPENSSL_cleanse(&k, sizeof k);
  return rc;
}

prac_rc access_hpke_open(const uint8_t own[KEY], const struct access_hpke *h, const uint8_t *sealed,
                         size_t n, uint8_t *to, struct prac_err *reterr)
{
  uint8_t public[KEY], dh[KEY];
  struct keys k;
  PRAC_INSIST(n >= ACCESS_HPKE_MORE);
  EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
  prac_rc rc = c ? access_hpke_public(own, public, reterr) : no_memory(reterr);
  if (rc == PRAC_OK) rc = agree(own, sealed, dh, reterr);
  if (rc == PRAC_OK && schedule(dh, sealed, public, h, &k) != PRAC_OK) rc = no_memory(reterr);
  if (rc == PRAC_OK && !decrypt(c, &k, h, (struct part){sealed + KEY, n - KEY}, to)) {
    OPENSSL_cleanse(to, n - ACCESS_HPKE_MORE);
    rc = PRAC_FAIL(reterr, PRAC_DENIED, "it was changed, or is not of this place");
  }
  EVP_CIPHER_CTX_free(c);
  OPENSSL_cleanse(dh, sizeof dh);
  OPENSSL_cleanse(&k, sizeof k);
  return rc;
}
