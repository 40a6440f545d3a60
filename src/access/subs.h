/* access/subs.h — what people want to be told of, where to, and as whom: in the accounts' file, so
 * that it ends, narrows and is noted with the account.
 *
 * scope     is never kept with a subscription: it is the owner's at the moment of asking. Of one
 *           whose owner cannot sign in, the state is "off"
 * mail      an address is told nothing before its owner has given back the code that was sent to
 *           it; confirmed for one person. At most ACCESS_LETTERS codes for an address of a person,
 *           ten minutes apart; ACCESS_MAILS addresses of a person, ACCESS_WAITING of them
 *           unconfirmed, and within an organisation three persons who wait for the same address:
 *           others' asking keeps its owner from nothing
 * feeds     have a token that is kept as a hash; a new password ends them, as it ends keys
 * secrets   of webhooks are shown once and kept sealed (access/seal.h) to the key that the notifier
 *           has said last: nobody reads them out of this file. A new URL has a new secret. Of
 *           another key, the notifier seals them anew
 * limits    ACCESS_SUBS_USER of a person (ACCESS_SUBS_EVER with those that have ended, which are
 *           kept for 30 days), ACCESS_SUBS_ORG (ACCESS_SUBS_ORG_EVER) of an organisation,
 *           ACCESS_SUBS in all
 * fails     PRAC_MALFORMED, PRAC_RANGE name the field; PRAC_UNKNOWN: not this person's, or none
 */
#pragma once
#include "access/access.h"
#include "access/seal.h"
#include "model/subscription.h"

enum {
  ACCESS_SUBS_USER = 20,
  ACCESS_SUBS_EVER = 100,
  ACCESS_SUBS_ORG = 100,
  ACCESS_SUBS_ORG_EVER = 200,
  ACCESS_SUBS = 1000,
  ACCESS_SUB_ID = 24,
  ACCESS_SUB_MAIL = 8,
  ACCESS_SUB_WORDS = 32,
  ACCESS_LETTERS = 5,
  ACCESS_WAITING = 8,
  ACCESS_MAILS = 40,
  ACCESS_CODE = 12
};
struct access_sub {
  struct subscription s; /* scope, clearance, state: as of now; mail: as wanted */
  const bool *confirmed; /* one for each of s.mail */
  bool feed;
  prac_time made, changed;
};
/* Goes over them in the order they were made; what is given lives until the next one. Ends with
 * what `each` returns when that is not PRAC_OK. */
typedef prac_rc access_sub_fn(void *arg, const struct access_sub *s);
/* user NULL: everybody's, and those that have ended with the state "end". */
PRAC_NODISCARD prac_rc access_subs(struct access *a, const char *user, access_sub_fn *each,
                                   void *arg, struct prac_err *reterr);
/* One that has not ended, in the arena. user NULL: anybody's. */
PRAC_NODISCARD prac_rc access_sub_get(struct access *a, const char *user, const char *id,
                                      struct prac_arena *arena, struct access_sub *ret,
                                      struct prac_err *reterr);
/* s->id "": a new one. Of s only what its owner may say is looked at. secret: of a new URL; else
 * "". PRAC_AGAIN: it has a URL, and the notifier's key is not known yet. */
PRAC_NODISCARD prac_rc access_sub_put(struct access *a, const struct access_who *who,
                                      const struct subscription *s, char id[ACCESS_SUB_ID],
                                      char secret[ACCESS_TOKEN_TEXT], struct prac_err *reterr);
PRAC_NODISCARD prac_rc access_sub_end(struct access *a, const struct access_who *who,
                                      const char *id, struct prac_err *reterr);
/* A new one, the old one's end. PRAC_AGAIN: as above. */
PRAC_NODISCARD prac_rc access_sub_secret(struct access *a, const struct access_who *who,
                                         const char *id, char secret[ACCESS_TOKEN_TEXT],
                                         struct prac_err *reterr);
/* The notifier's key; PRAC_AGAIN: it has not said one yet. */
PRAC_NODISCARD prac_rc access_seal_key_get(struct access *a, struct access_seal_key *ret,
                                           struct prac_err *reterr);
/* Another one from now on. What is sealed already stays sealed to the key it was, until the
 * notifier has sealed it anew. */
PRAC_NODISCARD prac_rc access_seal_key_put(struct access *a, const struct access_seal_key *k,
                                           struct prac_err *reterr);
/* Names of the keys that secrets here are sealed to, with commas between; in the arena. */
PRAC_NODISCARD prac_rc access_seals(struct access *a, struct prac_arena *arena, const char **ret,
                                    struct prac_err *reterr);
/* A secret that the notifier has sealed anew, to the key of now, takes the place of the sealed text
 * with that hash (access_seal_hash). PRAC_UNKNOWN: that is not there any more; PRAC_DENIED: it is
 * sealed to the key of now, or the new one is not; PRAC_MALFORMED; PRAC_AGAIN: no key yet. */
PRAC_NODISCARD prac_rc access_sub_seal_anew(struct access *a, const char *id, const char *hash,
                                            const char *sealed, struct prac_err *reterr);
/* Secrets of before there were keys: sealed, and the file made anew so that they are nowhere in it
 * any more. Nothing is done when that was done once. PRAC_AGAIN: no key yet, or somebody reads an
 * old state of the file; try again. */
PRAC_NODISCARD prac_rc access_subs_seal(struct access *a, struct prac_err *reterr);
/* token NULL: the feed ends. */
PRAC_NODISCARD prac_rc access_sub_feed(struct access *a, const struct access_who *who,
                                       const char *id, char token[ACCESS_TOKEN_TEXT],
                                       struct prac_err *reterr);

/* PRAC_EXISTS: it is confirmed already; PRAC_AGAIN: too many codes, too soon. */
PRAC_NODISCARD prac_rc access_mail_ask(struct access *a, const struct access_who *who,
                                       const char *address, char code[ACCESS_CODE],
                                       struct prac_err *reterr);
/* PRAC_DENIED: not the code. */
PRAC_NODISCARD prac_rc access_mail_confirm(struct access *a, const struct access_who *who,
                                           const char *address, const char *code,
                                           struct prac_err *reterr);
PRAC_NODISCARD prac_rc access_mail_end(struct access *a, const struct access_who *who,
                                       const char *address, struct prac_err *reterr);
PRAC_NODISCARD prac_rc access_mails_json(struct access *a, const char *user, struct prac_json *j);
/* user@host of printable ASCII, with nothing that could end a command or a header. */
bool access_mail_ok(const char *address);
