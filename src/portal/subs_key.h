/* portal/subs_key.h — the notifier's key: what secrets of webhooks are sealed to before they leave
 * the portal.
 *
 * told      the notifier says its key at its start, when it has another one, and to whoever has an
 *           old one; then also each secret, sealed anew, that came to it sealed to an old one
 * says      an errand at the start, after a change, and every hour behind all subscriptions: which
 *           key is here, and to which the secrets are sealed. So whatever is lost of it is said
 *           again, and the notifier knows which keys nobody needs any more
 * threads   _told: any; the others: the desk's
 * bounds    ACCESS_SUBS secrets wait for the desk; what finds no room comes again within the hour
 */
#pragma once
#include "access/subs.h"
#include "portal/impl.h"

struct portal_sealed {
  struct portal_sealed *next;
  char id[ACCESS_SUB_ID], hash[ACCESS_SEAL_HALF], sealed[ACCESS_SEALED];
};
struct portal_key {
  pthread_mutex_t lock;        /* guards said to n; taken alone */
  char said[ACCESS_SEAL_HALF]; /* a key, for the desk; "": none */
  struct portal_sealed *first, **end;
  size_t n;
  /* the desk's thread: */
  bool reported, clean; /* what is here has been said; nothing is in clear any more */
  int64_t again;        /* monotonic ns: when what is missing is tried again */
};
void portal_key_open(struct portal_key *k);
void portal_key_close(struct portal_key *k);
void portal_key_told(struct portal_key *k, const struct told *t); /* state key or sealed */
/* Before anything is said: takes what was told into the accounts' file, and seals there what is in
 * clear, so that nothing is said without a secret while there is a key. Whether it is another key:
 * then all is to be said again, for what is sealed to others. */
bool portal_key_look(struct portal *p, struct portal_key *k, struct access *a);
/* Behind all that is said. due: also when nothing has changed. */
void portal_key_report(struct portal *p, struct portal_key *k, struct access *a, bool due);
