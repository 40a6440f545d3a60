/* notify/keys.h — what subscribers' secrets are sealed to: the notifier's keys, on disk.
 *
 * files     DIR/seal/NAME.key, mode 0600: one line "practice-key-1 MADE HEX", MADE in nanoseconds,
 *           HEX the secret half. The one made last is what the portal seals with, all of them open;
 *           the others go when nothing is sealed to them any more (seal.c)
 * kept      what stands in the files now: a file that is put back opens what waits for it, one that
 *           is removed opens nothing more
 * limits    NOTE_KEYS_MAX files; more: PRAC_FULL
 * fails     PRAC_UNKNOWN: there is no key; PRAC_MALFORMED names the file: it is no key, or another
 *           one's than its name says
 */
#pragma once
#include "access/seal.h"
#include "base/time.h"

enum { NOTE_KEYS_MAX = 32 };
struct note_keys {
  struct access_seal_key v[NOTE_KEYS_MAX];
  size_t n, last; /* last: index of the one made last */
  prac_time made; /* that one */
};
/* *ret is written only on success. */
PRAC_NODISCARD prac_rc note_keys_read(const char *dir, struct note_keys *ret,
                                      struct prac_err *reterr);
/* One more, made at `now`, or behind all there are when the clock has been set back: it is the
 * last. The files are read anew. name: of it. */
PRAC_NODISCARD prac_rc note_keys_make(const char *dir, prac_time now, char name[ACCESS_SEAL_NAME],
                                      struct prac_err *reterr);
/* Its file goes, for good. PRAC_UNKNOWN: there is none. */
PRAC_NODISCARD prac_rc note_keys_drop(const char *dir, const char *name, struct prac_err *reterr);
