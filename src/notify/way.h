/* notify/way.h — one way of telling somebody: mail, webhook, syslog, JSON lines, CSV, BGP.
 *
 * The core (notify/notify.h) decides who is told what and when, keeps the durable queue, retries
 * with growing pauses, and turns what exceeds a tenant's rate into a digest. A way only delivers:
 * it renders one item and hands it over, and says truly whether the other side has taken it.
 *
 * once      the core may send the same item again after a crash between the other side's "taken"
 *           and the queue's mark: a way puts item->id where the receiver can see a repeat
 *           (Message-ID, Idempotency-Key, event id), the same bytes for the same item
 * threads   a way's state belongs to one thread; send may block up to its own timeout. A way with
 *           lanes has several states (connections), which share its directory
 */
#pragma once
#include "base/conf.h"
#include "base/counter.h"
#include "base/err.h"
#include "base/log.h"
#include "model/subscription.h"

enum { NOTE_LANES_MAX = 16 };

struct note_tenant { /* who is told: a row of the settings' `tenants` */
  const char *name;
  const char *network;  /* as its mails call it: "EXAMPLE-NET" */
  const char *language; /* en, ja */
  int64_t utc_offset_s; /* of its time zone at item->at */
  /* Its addresses. Who acts on the network (bgp) does so inside these only; NULL: nowhere. */
  const struct prac_conf_prefixes *prefixes;
  const char *const *mail_to;
  size_t n_mail_to;
  const char *url;    /* its own webhook (hook), "" or NULL: none */
  const char *secret; /* of its signature; only while a way with `each` sends to it, else NULL */
};

struct note_item {
  const char *id;     /* "<episode id>.<revision>.<tenant>": the same item always has the same */
  const char *thread; /* id of the item that began this story; equal to id for a start */
  prac_time at;       /* event time */
  prac_time began;    /* of the item that began this story: when it was detected */
  const struct note_tenant *tenant;
  /* exactly one of the four */
  const struct episode *episode;
  const struct alert *alert;
  const struct note_digest *digest;
  const struct errand *errand; /* a code to an address: letters only */
};
struct note_digest { /* what a rate limit held back: said in one message, nothing is lost */
  const struct episode *const *episodes;
  uint32_t n;
  const struct alert *const *alerts;
  uint32_t n_alerts;
  prac_time from, to;
};

/* What a way does by itself, after it has taken an item: a rule of routers. */
struct note_said {
  char deed[96]; /* the same for the same one */
  char tenant[64], episode[64], outcome[16], rule[64], detail[256];
  struct prac_prefix dst; /* of the rule: whom it is about */
  prac_time at;
};
struct note_env {
  const void *conf; /* the way's settings struct */
  const struct prac_log *log;
  _Atomic uint64_t *counters; /* one per row of the way's counter table */
  const char *dir;            /* a directory of its own, may be written; ends without "/" */
  const char *host;           /* of this system, for Message-ID and syslog */
  const struct sys_net *net;  /* NULL: nothing but addresses, no TLS authorities */
  /* For a way that `says`; within open, send or tick. */
  void (*said)(void *arg, const struct note_said *s);
  bool (*said_safe)(void *arg); /* whether all that was said is on disk: a kill loses none of it */
  void *said_arg;
};
struct note_way {
  const char *name; /* "mail": unique; the folder, and the settings section "notify.mail" */
  const char *about;
  size_t state_size; /* bytes the core gives, zeroed */
  const struct prac_conf_section *conf;
  const struct prac_counter_def *counters;
  size_t n_counters;
  prac_rc (*open)(void *st, const struct note_env *env, struct prac_err *reterr);
  /* PRAC_OK: taken by the other side, *reterr may have its words. PRAC_AGAIN: try later. Anything
   * else: refused for good; the core keeps the item in its list of failures and says so. */
  prac_rc (*send)(void *st, const struct note_item *item, const struct note_env *env,
                  struct prac_err *reterr);
  /* Called about once a second, and whenever time has come for what the way itself holds (a BGP
   * rule's end of life). NULL: nothing to do. */
  prac_rc (*tick)(void *st, prac_time now, const struct note_env *env, struct prac_err *reterr);
  void (*close)(void *st); /* accepts a half-opened state */
  /* How many of its states work at the same time, each in a thread of its own and with counters of
   * its own; one story is always told by the same. NULL: one. */
  size_t (*lanes)(const void *conf);
  /* Read by people: updates only for a tenant that asks for them, at most max-per-hour messages,
   * the rest in a digest. false: a machine; it gets every revision at once and never a digest. */
  bool people;
  /* The other side is each tenant's own: who does not answer pauses nobody else, and a tenant's
   * messages go one after the other. Its states are made when they are needed: one for each
   * organisation with something to be told, and `lanes` more for all. */
  bool each;
  bool says; /* that it has taken an item tells nobody anything yet: it says what it does */
};
extern const struct note_way *const note_ways[]; /* NULL-terminated; notify/registry.c */
const struct note_way *note_way_find(const char *name);
