/* access/hpke.h — one message to the holder of a secret key: HPKE, mode base, single shot.
 *
 * source    RFC 9180: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305
 * form      32 bytes of an ephemeral public key, the message's length, 16 bytes of tag
 * fails     PRAC_DENIED: does not open, or the other key is none (of small order); PRAC_NOMEM
 * checked   tests/unit/test_seal.c against the RFC's appendix A.2.1
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

enum { ACCESS_HPKE_KEY = 32, ACCESS_HPKE_MORE = 32 + 16 };
struct access_hpke { /* what both sides must agree on */
  const void *info, *aad;
  size_t n_info, n_aad;
};
PRAC_NODISCARD prac_rc access_hpke_public(const uint8_t own[ACCESS_HPKE_KEY],
                                          uint8_t ret_public[ACCESS_HPKE_KEY],
                                          struct prac_err *reterr);
/* to: n + ACCESS_HPKE_MORE bytes. */
PRAC_NODISCARD prac_rc access_hpke_seal(const uint8_t public[ACCESS_HPKE_KEY],
                                        const struct access_hpke *h, const void *text, size_t n,
                                        uint8_t *to, struct prac_err *reterr);
/* n: of what was sealed, ACCESS_HPKE_MORE at least; to: n - ACCESS_HPKE_MORE bytes, written only
 * when it opens. */
PRAC_NODISCARD prac_rc access_hpke_open(const uint8_t own[ACCESS_HPKE_KEY],
                                        const struct access_hpke *h, const uint8_t *sealed,
                                        size_t n, uint8_t *to, struct prac_err *reterr);
