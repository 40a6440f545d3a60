/* notify/bgp/book.h — which rules are wanted now, why, and what routers have been told. Pure: the
 * time is passed in, nothing is read or written; the same calls give the same book, byte for byte.
 *
 * claim    an attack (episode, tenant) that asks for a rule. It lives until its episode has ended
 *          and `hold` has passed, or `ttl` after its last word.
 * rule     wanted while a granted claim asks for it (auto, or a person's word): announced once
 *          however many ask, withdrawn with the last. A tenant's wider rule serves its narrower
 *          ones.
 * caps     max_rules, max_tenant: of what is wanted or may still be in routers; past them a claim
 *          stays a proposal, and is granted when there is room
 * limits   BGP_RULES, BGP_CLAIMS; a new claim drives out the oldest proposal (counted), never a
 *          granted one
 * safe     a rule counts as told from before the first announcement until a withdrawal has been
 *          acknowledged; a saved book that is loaded announces everything anew. One that was
 *          withdrawn keeps its slot until who reads of its attacks knows (unsaid), unless a new
 *          rule needs it. What no rule stands for any more, or not yet (proposed, lapsed, spent),
 *          is kept as a word until it is known: saved before it is said
 */
#pragma once
#include "base/buf.h"
#include "base/time.h"
#include "notify/bgp/policy.h"

enum {
  BGP_RULES = 1024,
  BGP_CLAIMS = 4096,
  BGP_NAME = 64,
  BGP_SAYINGS = 64,
  BGP_SERVED = 4,
  BGP_WORDS = 1024,
  BGP_WHY = 96
};
enum { BGP_NONE = 0xffff }; /* no rule: a claim's slot */

enum bgp_grant {
  BGP_PROPOSED,
  BGP_GRANTED,  /* by the policy */
  BGP_APPROVED, /* by a person */
  BGP_REFUSED,  /* by a person */
  BGP_SPENT     /* max_life is over */
};
struct bgp_claim {
  bool used, ended;
  bool capped; /* would be granted, but for the caps */
  uint64_t key;
  char episode[BGP_NAME], tenant[BGP_NAME], vector[BGP_NAME];
  uint16_t rule, fragments; /* slots */
  enum bgp_grant grant;
  prac_time born, granted, until;
  double pps;
  uint32_t sensors;
};
struct bgp_slot {
  bool used;
  uint32_t id; /* rising; what people call it */
  struct bgp_rule rule;
  char tenant[BGP_NAME]; /* of the first claim */
  bool want;             /* derived from the claims */
  bool told;             /* routers may have it */
  bool acked;            /* what is wanted is what ExaBGP has said done to, on this connection */
  prac_time since, until, told_until;
  char served[BGP_SERVED][BGP_NAME]; /* episodes that it was announced for; more are not named */
  /* Bits, one for each of `served`: what was confirmed is not surely known to who reads of it; of
   * these, what was handed on and is not known to be on disk. */
  uint8_t n_served, unsaid, saying;
  prac_time done; /* when ExaBGP first confirmed what has been wanted since; NONE: not yet */
  uint64_t seq;   /* of the command in flight; 0: none */
  prac_time sent, next_try;
  uint32_t tries;
};
enum bgp_saying_kind {
  BGP_SAID_PROPOSED,
  BGP_SAID_ANNOUNCE,
  BGP_SAID_WITHDRAW,
  BGP_SAID_LAPSED, /* a proposal whose attack has ended */
  BGP_SAID_SPENT,
  BGP_SAID_COUNT_
};
struct bgp_saying { /* for people: what has changed */
  enum bgp_saying_kind kind;
  uint32_t id;
  struct bgp_rule rule;
  char tenant[BGP_NAME], episode[BGP_NAME], vector[BGP_NAME];
  double pps;
  uint32_t sensors;
  const char *why;
};
struct bgp_word {            /* for who reads of the attack: kept until it is on disk elsewhere */
  enum bgp_saying_kind kind; /* PROPOSED, LAPSED, SPENT */
  uint32_t id;
  struct bgp_rule rule;
  char tenant[BGP_NAME], episode[BGP_NAME], why[BGP_WHY];
  prac_time at;
  bool saying; /* handed on */
};
struct bgp_tally { /* since the book was made */
  uint64_t proposed, announced, withdrawn, lapsed, spent, capped, outside, never, stale, evicted,
      full, approved, refused;
};
struct bgp_book {
  const struct bgp_conf *conf; /* borrowed */
  struct bgp_slot slots[BGP_RULES];
  struct bgp_claim claims[BGP_CLAIMS];
  uint32_t next_id;
  bool dirty; /* something that must be saved before anything is announced */
  bool later; /* something that may be lost for a second: a life that was prolonged */
  struct bgp_saying sayings[BGP_SAYINGS];
  size_t n_sayings;
  struct bgp_word words[BGP_WORDS];
  size_t n_words;
  uint64_t unsaid; /* sayings and words beyond their tables */
  struct bgp_tally tally;
};
struct bgp_book *bgp_book_new(const struct bgp_conf *c); /* NULL: no memory */
void bgp_book_free(struct bgp_book **bp);

void bgp_book_take(struct bgp_book *b, const struct bgp_who *who, const struct episode *e,
                   prac_time now);
void bgp_book_tick(struct bgp_book *b, prac_time now);
/* A person's word about a rule. PRAC_UNKNOWN: no such id; PRAC_FULL: a cap. */
PRAC_NODISCARD prac_rc bgp_book_approve(struct bgp_book *b, uint32_t id, prac_time now,
                                        struct prac_err *reterr);
PRAC_NODISCARD prac_rc bgp_book_withdraw(struct bgp_book *b, uint32_t id, prac_time now,
                                         struct prac_err *reterr);
/* Rules that are wanted, or may still be in routers. tenant NULL: all. */
size_t bgp_book_count(const struct bgp_book *b, const char *tenant);
const char *bgp_book_state(const struct bgp_book *b, const struct bgp_slot *s);

/* What is to be said to ExaBGP now. Withdrawals first. */
enum bgp_order { BGP_SAY_NOTHING, BGP_SAY_ANNOUNCE, BGP_SAY_WITHDRAW, BGP_SAY_RENEW };
enum bgp_order bgp_book_due(const struct bgp_book *b, const struct bgp_slot *s, prac_time now);
void bgp_book_sent(struct bgp_book *b, struct bgp_slot *s, enum bgp_order o, uint64_t seq,
                   prac_time now);
enum bgp_answer { BGP_DONE, BGP_ERROR, BGP_UNKNOWN };
/* What was handed on, of slots and words, is safe. */
void bgp_book_said(struct bgp_book *b);
void bgp_book_answer(struct bgp_book *b, uint64_t seq, enum bgp_answer a, prac_time now);
/* A new connection, or none: nothing is known to be there any more, all is said again. */
void bgp_book_forget(struct bgp_book *b);

/* The whole book as bytes. PRAC_NOSPACE; PRAC_DAMAGED, PRAC_UNSUPPORTED: *b is unchanged. */
#define BGP_SAVE_MAX ((size_t)2 << 20)
PRAC_NODISCARD prac_rc bgp_book_save(const struct bgp_book *b, struct prac_wr *w);
PRAC_NODISCARD prac_rc bgp_book_load(struct bgp_book *b, struct prac_rd r);
