/* portal/subs.h — subscriptions: kept in the accounts' file, said to the notifier as they hold now.
 *
 * saying    what has changed since it was last said, all of it after a start and every hour: the
 *           notifier keeps the latest. Changed also means: by anybody's rights, from whatever
 *           process. What the bus does not take waits and is said again. Whose subscription ends
 *           or is turned off: that is said first
 * told      what became of the latest messages, by subscription and way, in memory
 * secrets   of webhooks leave here sealed to the notifier's key, which it says (a `told`) at its
 *           start and when asked (an errand)
 * threads   the desk's thread looks and queues, the caller's thread (portal_tick) says
 * bounds    SUBS_QUEUED records wait to be said (the rest is found again later), SUBS_TOLD answers
 *           are remembered, the oldest goes
 */
#pragma once
#include "access/subs.h"
#include "portal/desk.h"
#include "portal/impl.h"

enum { SUBS_QUEUED = 2500, SUBS_TOLD = 2048, SUBS_TESTS = 8, SUBS_TEXT = 200 };
struct portal_told {
  char id[128], subscription[ACCESS_SUB_ID], way[16], state[12], text[SUBS_TEXT];
  prac_time at; /* NONE: an empty place */
};

PRAC_NODISCARD prac_rc portal_subs_open(struct portal *p, struct prac_err *reterr);
void portal_subs_close(struct portal *p);
void portal_subs_tick(struct portal *p); /* the caller's thread */
/* The desk's thread: queues what has changed. */
void portal_subs_look(struct portal *p, struct access *a);
/* Any thread. PRAC_FULL: too much waits. */
PRAC_NODISCARD prac_rc portal_subs_errand(struct portal *p, const struct errand *e,
                                          const char *org);
void portal_subs_told(struct portal *p, const struct told *t);
/* Test messages wait for their answers, so they are few at a time. false: SUBS_TESTS do. */
bool portal_subs_test_begin(struct portal *p);
void portal_subs_test_end(struct portal *p);
/* Answers to messages whose id begins with `id` (NULL: any) of this subscription, by way; at most
 * max. */
size_t portal_subs_answers(struct portal *p, const char *subscription, const char *id,
                           struct portal_told *to, size_t max);

extern const struct model_kind portal_subscribe_kind, portal_mail_kind, portal_mail_code_kind;
void portal_subscriptions(struct portal *p, struct sys_http_req *r, const char *word);
void portal_subscribe(struct portal *p, struct sys_http_req *r, const char *word);
void portal_subscription_end(struct portal *p, struct sys_http_req *r, const char *word);
void portal_subscription_secret(struct portal *p, struct sys_http_req *r, const char *word);
void portal_subscription_feed(struct portal *p, struct sys_http_req *r, const char *word);
void portal_subscription_feed_end(struct portal *p, struct sys_http_req *r, const char *word);
void portal_subscription_test(struct portal *p, struct sys_http_req *r, const char *word);
void portal_subscription_matches(struct portal *p, struct sys_http_req *r, const char *word);
void portal_feed(struct portal *p, struct sys_http_req *r, const char *word);
void portal_feed_atom(struct portal *p, struct sys_http_req *r, const char *word);
void portal_mail(struct portal *p, struct sys_http_req *r, const char *word);
void portal_mail_confirm(struct portal *p, struct sys_http_req *r, const char *word);
void portal_mail_end(struct portal *p, struct sys_http_req *r, const char *word);

/* Their rows of the table of endpoints (route.c). */
/* clang-format off */
#define SUBS_ROW(method, path, name, about, run, own_line) \
  {path, SYS_HTTP_##method, PORTAL_VIEWER, name, about, PORTAL_OBJECT, run, none, NULL, own_line}
#define SUBS_BODY(path, name, about, run, kind) \
  {path, SYS_HTTP_POST, PORTAL_VIEWER, name, about, PORTAL_OBJECT, run, none, kind, true}
#define PORTAL_SUBS_ROUTES \
  SUBS_ROW(GET, "/subscriptions", "subscriptions", \
    "One's own subscriptions, what became of the last messages, and one's mail addresses", \
    portal_subscriptions, false), \
  SUBS_BODY("/subscriptions", "subscribe", \
    "Makes a subscription, or changes one as a whole. A new webhook's secret is shown only here", \
    portal_subscribe, &portal_subscribe_kind), \
  SUBS_ROW(POST, "/subscriptions/{id}/feed/end", "subscription_feed_end", "Ends its feed", \
    portal_subscription_feed_end, true), \
  SUBS_ROW(POST, "/subscriptions/{id}/end", "subscription_end", \
    "Ends a subscription: nothing more is told", portal_subscription_end, true), \
  SUBS_ROW(POST, "/subscriptions/{id}/test", "subscription_test", \
    "Sends a made attack on 192.0.2.1 by all its ways, and says what the other sides answered", \
    portal_subscription_test, false), \
  SUBS_ROW(POST, "/subscriptions/{id}/secret", "subscription_secret", \
    "A new key of its webhook's signature, shown only here", portal_subscription_secret, true), \
  SUBS_ROW(POST, "/subscriptions/{id}/feed", "subscription_feed", \
    "A new token of its feed, /feed/TOKEN, shown only here; the old one ends", \
    portal_subscription_feed, true), \
  SUBS_ROW(GET, "/subscriptions/{id}/matches", "subscription_matches", \
    "What it would have told of the last seven days that there are records of, newest first", \
    portal_subscription_matches, false), \
  {"/feed/atom/{token}", SYS_HTTP_GET, PORTAL_VIEWER, "feed_atom", \
    "The feed as Atom (RFC 4287)", PORTAL_ATOM, portal_feed_atom, none, .by_path = true}, \
  {"/feed/{token}", SYS_HTTP_GET, PORTAL_VIEWER, "feed", \
    "The newest 100 of what a subscription is about, as JSON Feed 1.1; the token says who asks", \
    PORTAL_OBJECT, portal_feed, none, .by_path = true}, \
  SUBS_BODY("/mails", "mail", \
    "Sends a code to an address: its reader gives it back before anything is told to it", \
    portal_mail, &portal_mail_kind), \
  SUBS_BODY("/mails/confirm", "mail_confirm", "The code that was sent to an address", \
    portal_mail_confirm, &portal_mail_code_kind), \
  SUBS_BODY("/mails/end", "mail_end", \
    "Forgets a confirmed address: nothing more is told to it", portal_mail_end, &portal_mail_kind)
/* clang-format on */
