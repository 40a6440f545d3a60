/* portal/subs.h — subscriptions: kept in the accounts' file, said to the notifier as they hold now.
 *
 * saying    what has changed since it was last said, all of it after a start and every hour: the
 *           notifier keeps the latest. Changed also means: by anybody's rights, from whatever
 *           process. What the bus does not take waits and is said again
 * told      what became of the latest messages, by subscription and way, in memory
 * threads   the desk's thread looks and queues, the caller's thread (portal_tick) says
 * bounds    SUBS_QUEUED records wait to be said (the rest is found again later), SUBS_TOLD answers
 *           are remembered, the oldest goes
 */
#pragma once
#include "access/subs.h"
#include "portal/desk.h"
#include "portal/impl.h"

enum { SUBS_QUEUED = 2500, SUBS_TOLD = 2048, SUBS_TEXT = 200 };
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
void portal_mail(struct portal *p, struct sys_http_req *r, const char *word);
void portal_mail_confirm(struct portal *p, struct sys_http_req *r, const char *word);
void portal_mail_end(struct portal *p, struct sys_http_req *r, const char *word);
