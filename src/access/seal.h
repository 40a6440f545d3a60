/* access/seal.h — a secret of a webhook as everybody but the notifier has it: sealed.
 *
 * who       the portal has the notifier's public key and can seal; only the notifier can open
 * bound     to its place: with another user, subscription or URL it does not open
 * form      "sealed1:KEY:" and hexadecimal digits of what HPKE makes (access/hpke.h); KEY names the
 *           key: 16 hexadecimal digits of its public half's SHA-256
 * limits    secrets of at most ACCESS_SEAL_MAX bytes
 * anew      a secret that is sealed to another key than before replaces the text that it was made
 *           from, which the hash of that text names: nothing newer
 * fails     PRAC_MALFORMED: not of this form; PRAC_UNKNOWN: sealed to another key; PRAC_DENIED: of
 *           another place, or changed; PRAC_RANGE: too long a secret
 */
#pragma once
#include "access/hpke.h"

enum {
  ACCESS_SEAL_MAX = 128,
  ACCESS_SEAL_TEXT = ACCESS_SEAL_MAX + 1,
  ACCESS_SEAL_NAME = 17,
  ACCESS_SEAL_HALF = 2 * ACCESS_HPKE_KEY + 1,
  ACCESS_SEALED = 8 + ACCESS_SEAL_NAME + 2 * (ACCESS_SEAL_MAX + ACCESS_HPKE_MORE) + 1
};
struct access_seal_place {
  const char *user, *id, *url;
};
struct access_seal_key {
  char name[ACCESS_SEAL_NAME];
  uint8_t public[ACCESS_HPKE_KEY], own[ACCESS_HPKE_KEY];
};
/* A new one. */
PRAC_NODISCARD prac_rc access_seal_key_new(struct access_seal_key *ret, struct prac_err *reterr);
/* Its secret half as text, and back. */
char *access_seal_own(const struct access_seal_key *k, char to[ACCESS_SEAL_HALF]);
PRAC_NODISCARD prac_rc access_seal_key_of(const char *own, struct access_seal_key *ret,
                                          struct prac_err *reterr);
/* The public half as text, and back; own is left zero. */
char *access_seal_public(const struct access_seal_key *k, char to[ACCESS_SEAL_HALF]);
PRAC_NODISCARD prac_rc access_seal_key_read(const char *public, struct access_seal_key *ret,
                                            struct prac_err *reterr);
bool access_sealed(const char *text);                            /* else it is in clear, or "" */
bool access_sealed_to(const char *sealed, const char *key_name); /* by what it says */
bool access_sealed_whole(const char *text); /* of this form, and no longer than may be */
/* SHA-256 of a sealed secret, as hexadecimal digits. */
char *access_seal_hash(const char *sealed, char to[ACCESS_SEAL_HALF]);
PRAC_NODISCARD prac_rc access_seal(const struct access_seal_key *k,
                                   const struct access_seal_place *p, const char *secret,
                                   char to[ACCESS_SEALED], struct prac_err *reterr);
/* "" when it fails. */
PRAC_NODISCARD prac_rc access_unseal(const struct access_seal_key *k,
                                     const struct access_seal_place *p, const char *sealed,
                                     char to[ACCESS_SEAL_TEXT], struct prac_err *reterr);
