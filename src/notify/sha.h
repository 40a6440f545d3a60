/* notify/sha.h — HMAC-SHA-256 (RFC 2104, FIPS 180-4), for the webhook's signature. */
#pragma once
#include <stddef.h>

enum { NOTE_HMAC_TEXT = 65 };
/* Lower-case hex of HMAC(key, a || b). */
void note_hmac(const char *key, const void *a, size_t na, const void *b, size_t nb,
               char out[NOTE_HMAC_TEXT]);
