/* Subscriptions over HTTP: whoever may read something here may have it told elsewhere. */
#include "portal/subs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "portal/job.h"
#include "portal/session.h"
#include "portal/who.h"

#define SUBSCRIBE_FIELDS(F)                                                                        \
  F(STR, id, "", "which one is changed; empty: a new one")                                         \
  F(STR, title, "", "name; stands in letters")                                                     \
  F(STR, state, "", "on or off")                                                                   \
  F(STR, language, "", "of letters: en or ja")                                                     \
  F(STR, zone, "", "time zone of letters: UTC, +hh:mm, Asia/Tokyo")                                \
  F(BOOL, attacks, "", "DRDoS attacks on victims in the own part of the world")                    \
  F(BOOL, alerts, "", "alerts that the reader may see")                                            \
  F(STR, severity, "", "alerts from this on: notice, low, medium, high, critical")                 \
  F(STRS, kinds, "", "only alerts of these kinds; none: all")                                      \
  F(STRS, vectors, "", "only attacks by one of these; none: all")                                  \
  F(U64, min_packets, "packets", "attacks from this many on")                                      \
  F(F64, min_pps, "packets/s", "attacks from this rate in the busiest minute on")                  \
  F(BOOL, updates, "", "what lies between start and end, too")                                     \
  F(U32, max_per_hour, "messages", "1 to 60; what is more comes in a digest")                      \
  F(U32, digest_s, "s", "how long that is gathered: 60 to 86400")                                  \
  F(STRS, mail, "", "addresses for letters, at most 8; each must be confirmed")                    \
  F(STR, url, "", "webhook: https://HOST/PATH; or empty")
#define MAIL_FIELDS(F)                                                                             \
  F(STR, address, "", "mail address")                                                              \
  F(STR, language, "", "of the letter: en or ja")
#define MAIL_CODE_FIELDS(F)                                                                        \
  F(STR, address, "", "mail address")                                                              \
  F(STR, code, "", "that was sent to it")
struct subscribe {
  SUBSCRIBE_FIELDS(MODEL_FIELD)
};
struct mail {
  MAIL_FIELDS(MODEL_FIELD)
};
struct mail_code {
  MAIL_CODE_FIELDS(MODEL_FIELD)
};
#define DESC_SUBSCRIBE(...) MODEL_DESC(subscribe, __VA_ARGS__)
#define DESC_MAIL(...) MODEL_DESC(mail, __VA_ARGS__)
#define DESC_MAIL_CODE(...) MODEL_DESC(mail_code, __VA_ARGS__)
static const struct model_field subscribe_fields[] = {SUBSCRIBE_FIELDS(DESC_SUBSCRIBE)};
static const struct model_field mail_fields[] = {MAIL_FIELDS(DESC_MAIL)};
static const struct model_field mail_code_fields[] = {MAIL_CODE_FIELDS(DESC_MAIL_CODE)};
const struct model_kind portal_subscribe_kind = {.name = "subscribe",
                                                 .about = "who wants to be told of what",
                                                 .size = sizeof(struct subscribe),
                                                 .fields = subscribe_fields,
                                                 .n_fields = PRAC_ARRAY_LEN(subscribe_fields)};
const struct model_kind portal_mail_kind = {.name = "mail",
                                            .about = "an address to be confirmed",
                                            .size = sizeof(struct mail),
                                            .fields = mail_fields,
                                            .n_fields = PRAC_ARRAY_LEN(mail_fields)};
const struct model_kind portal_mail_code_kind = {.name = "mail_code",
                                                 .about = "what was sent to an address",
                                                 .size = sizeof(struct mail_code),
                                                 .fields = mail_code_fields,
                                                 .n_fields = PRAC_ARRAY_LEN(mail_code_fields)};
enum { LIST_MAX = 4 << 20, ANSWERS = 8 };

static void desk(struct portal *p, struct sys_http_req *r, const char *word,
                 void (*run)(struct desk_job *j, struct access *a))
{
  if (portal_desk(p) && !p->subs)
    portal_send_error(r, 503, "no_bus", "nobody can be told from here: there is no bus");
  else
    portal_desk_run(p, r, word, false, run);
}

static const struct access_who *who_of(const struct desk_job *j)
{
  return portal_reader_who(j->reader);
}

/* ---- the list ---- */

static void strs(struct prac_json *j, const char *key, const struct model_strs *l)
{
  prac_json_key(j, key);
  prac_json_open(j, '[');
  for (uint32_t i = 0; i < l->n; i++) prac_json_str(j, l->v[i]);
  prac_json_close(j, ']');
}

static void mails(struct prac_json *j, const struct access_sub *s)
{
  prac_json_key(j, "mail");
  prac_json_open(j, '[');
  for (uint32_t i = 0; i < s->s.mail.n; i++) {
    prac_json_open(j, '{');
    prac_json_key_str(j, "address", s->s.mail.v[i]);
    prac_json_key_bool(j, "confirmed", s->confirmed[i]);
    prac_json_close(j, '}');
  }
  prac_json_close(j, ']');
}

static void answers(struct prac_json *j, const struct portal_told *v, size_t n)
{
  prac_json_open(j, '[');
  for (size_t i = 0; i < n; i++) {
    prac_json_open(j, '{');
    prac_json_key_str(j, "id", v[i].id);
    prac_json_key_str(j, "way", v[i].way);
    prac_json_key_str(j, "state", v[i].state);
    prac_json_key_str(j, "text", v[i].text);
    prac_json_key_time(j, "at", v[i].at);
    prac_json_close(j, '}');
  }
  prac_json_close(j, ']');
}

struct listing {
  struct portal *p;
  struct prac_json *j;
};

static prac_rc list_one(void *arg, const struct access_sub *s)
{
  struct listing *l = arg;
  struct prac_json *j = l->j;
  struct portal_told told[ANSWERS];
  prac_json_open(j, '{');
  prac_json_key_str(j, "id", s->s.id);
  prac_json_key_str(j, "title", s->s.title);
  prac_json_key_str(j, "state", s->s.state);
  prac_json_key_str(j, "language", s->s.language);
  prac_json_key_str(j, "zone", s->s.zone);
  prac_json_key_bool(j, "attacks", s->s.attacks);
  prac_json_key_bool(j, "alerts", s->s.alerts);
  prac_json_key_str(j, "severity", s->s.severity);
  strs(j, "kinds", &s->s.kinds);
  strs(j, "vectors", &s->s.vectors);
  prac_json_key_u64(j, "min_packets", s->s.min_packets);
  prac_json_key_f64(j, "min_pps", s->s.min_pps);
  prac_json_key_bool(j, "updates", s->s.updates);
  prac_json_key_u64(j, "max_per_hour", s->s.max_per_hour);
  prac_json_key_u64(j, "digest_s", s->s.digest_s);
  mails(j, s);
  prac_json_key_str(j, "url", s->s.url);
  prac_json_key_bool(j, "feed", s->feed);
  prac_json_key_time(j, "made", s->made);
  prac_json_key_time(j, "changed", s->changed);
  prac_json_key(j, "told");
  answers(j, told, portal_subs_answers(l->p, s->s.id, NULL, told, ANSWERS));
  prac_json_close(j, '}');
  return PRAC_OK;
}

static void run_list(struct desk_job *j, struct access *a)
{
  const char *user = who_of(j)->user;
  struct prac_err err = {0};
  struct prac_json out = prac_json_of(LIST_MAX);
  struct listing l = {j->p, &out};
  prac_json_open(&out, '{');
  prac_json_key(&out, "rows");
  prac_json_open(&out, '[');
  prac_rc rc = access_subs(a, user, list_one, &l, &err);
  prac_json_close(&out, ']');
  prac_json_key(&out, "mails");
  if (rc == PRAC_OK) rc = access_mails_json(a, user, &out);
  prac_json_close(&out, '}');
  prac_json_newline(&out);
  if (rc == PRAC_OK) {
    portal_send_json(j->req, &out);
    return;
  }
  prac_json_done(&out);
  portal_desk_failed(j, rc, &err);
}

void portal_subscriptions(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  portal_desk_run(p, r, NULL, false, run_list);
}

/* ---- changes ---- */

/* A key that made subscriptions would be heard from after its own end. */
static bool by_person(struct desk_job *j)
{
  return portal_not_by_key(j);
}

/* {"id", "secret"...}: value NULL: not there. */
static void send_words(struct desk_job *j, const char *const words[][2], size_t n)
{
  struct prac_json out = prac_json_of(2048);
  prac_json_open(&out, '{');
  for (size_t i = 0; i < n; i++) prac_json_key_str(&out, words[i][0], words[i][1]);
  prac_json_close(&out, '}');
  prac_json_newline(&out);
  portal_send_secret(j->req, &out);
}

/* What needs the notifier's key can be asked again when it has said one. */
static void failed(struct desk_job *j, prac_rc rc, const struct prac_err *err)
{
  if (rc == PRAC_AGAIN)
    portal_send_error(j->req, 503, "no_key", "%s", err->text);
  else
    portal_desk_failed(j, rc, err);
}

static void run_put(struct desk_job *j, struct access *a)
{
  const struct subscribe *b = portal_body(j->req);
  const struct subscription s = {.id = b->id,
                                 .state = b->state,
                                 .title = b->title,
                                 .language = b->language,
                                 .zone = b->zone,
                                 .attacks = b->attacks,
                                 .alerts = b->alerts,
                                 .severity = b->severity,
                                 .kinds = b->kinds,
                                 .vectors = b->vectors,
                                 .min_packets = b->min_packets,
                                 .min_pps = b->min_pps,
                                 .updates = b->updates,
                                 .max_per_hour = b->max_per_hour,
                                 .digest_s = b->digest_s,
                                 .mail = b->mail,
                                 .url = b->url};
  char id[ACCESS_SUB_ID], secret[ACCESS_TOKEN_TEXT];
  struct prac_err err = {0};
  if (!by_person(j)) return;
  prac_rc rc = access_sub_put(a, who_of(j), &s, id, secret, &err);
  if (rc != PRAC_OK) {
    failed(j, rc, &err);
    return;
  }
  portal_subs_look(j->p, a);
  send_words(j, (const char *const[][2]){{"id", id}, {"secret", secret}}, *secret ? 2 : 1);
  explicit_bzero(secret, sizeof secret);
}

void portal_subscribe(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  desk(p, r, NULL, run_put);
}

static void answer(struct desk_job *j, struct access *a, prac_rc rc, const struct prac_err *err)
{
  if (rc != PRAC_OK) {
    portal_desk_failed(j, rc, err);
    return;
  }
  portal_subs_look(j->p, a);
  portal_send_done(j->req);
}

static void run_end(struct desk_job *j, struct access *a)
{
  struct prac_err err = {0};
  if (!by_person(j)) return;
  answer(j, a, access_sub_end(a, who_of(j), j->word, &err), &err);
}

void portal_subscription_end(struct portal *p, struct sys_http_req *r, const char *word)
{
  desk(p, r, word, run_end);
}

typedef prac_rc secret_fn(struct access *a, const struct access_who *who, const char *id,
                          char secret[ACCESS_TOKEN_TEXT], struct prac_err *reterr);

static void run_secret_of(struct desk_job *j, struct access *a, secret_fn *make, const char *key)
{
  char secret[ACCESS_TOKEN_TEXT];
  struct prac_err err = {0};
  if (!by_person(j)) return;
  prac_rc rc = make(a, who_of(j), j->word, secret, &err);
  if (rc != PRAC_OK) {
    failed(j, rc, &err);
    return;
  }
  portal_subs_look(j->p, a);
  send_words(j, (const char *const[][2]){{key, secret}}, 1);
  explicit_bzero(secret, sizeof secret);
}

static void run_secret(struct desk_job *j, struct access *a)
{
  run_secret_of(j, a, access_sub_secret, "secret");
}

void portal_subscription_secret(struct portal *p, struct sys_http_req *r, const char *word)
{
  desk(p, r, word, run_secret);
}

static void run_feed(struct desk_job *j, struct access *a)
{
  run_secret_of(j, a, access_sub_feed, "token");
}

void portal_subscription_feed(struct portal *p, struct sys_http_req *r, const char *word)
{
  desk(p, r, word, run_feed);
}

static void run_feed_end(struct desk_job *j, struct access *a)
{
  struct prac_err err = {0};
  if (!by_person(j)) return;
  answer(j, a, access_sub_feed(a, who_of(j), j->word, NULL, &err), &err);
}

void portal_subscription_feed_end(struct portal *p, struct sys_http_req *r, const char *word)
{
  desk(p, r, word, run_feed_end);
}

/* ---- errands ---- */

static prac_rc errand_id(const char *prefix, char to[32], struct prac_err *reterr)
{
  uint64_t v;
  if (getrandom(&v, sizeof v, 0) != sizeof v)
    return PRAC_FAIL(reterr, PRAC_IO, "the kernel gives no random bytes");
  (void)snprintf(to, 32, "%s-%016" PRIx64, prefix, v);
  return PRAC_OK;
}

static void run_mail(struct desk_job *j, struct access *a)
{
  const struct mail *b = portal_body(j->req);
  const struct access_who *who = who_of(j);
  char code[ACCESS_CODE], id[32];
  struct prac_err err = {0};
  if (!by_person(j)) return;
  prac_rc rc = errand_id("c", id, &err);
  if (rc == PRAC_OK) rc = access_mail_ask(a, who, b->address, code, &err);
  if (rc == PRAC_EXISTS) {
    portal_send_done(j->req);
    return;
  }
  struct errand e = {.id = id,
                     .at = prac_now(j->p->env.clock),
                     .act = "confirm",
                     .subscription = "",
                     .user = who->user,
                     .to = b->address,
                     .code = code,
                     .language = strcmp(b->language, "ja") == 0 ? "ja" : "en"};
  if (rc == PRAC_OK && portal_subs_errand(j->p, &e, who->org) != PRAC_OK) rc = PRAC_FULL;
  if (rc == PRAC_OK)
    portal_send_done(j->req);
  else if (rc == PRAC_AGAIN)
    portal_send_error(j->req, 429, "wait", "%s", err.text);
  else
    portal_desk_failed(j, rc, &err);
  explicit_bzero(code, sizeof code);
}

void portal_mail(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  desk(p, r, NULL, run_mail);
}

static void run_mail_confirm(struct desk_job *j, struct access *a)
{
  const struct mail_code *b = portal_body(j->req);
  struct prac_err err = {0};
  if (!by_person(j)) return;
  answer(j, a, access_mail_confirm(a, who_of(j), b->address, b->code, &err), &err);
}

void portal_mail_confirm(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  desk(p, r, NULL, run_mail_confirm);
}

static void run_mail_end(struct desk_job *j, struct access *a)
{
  const struct mail *b = portal_body(j->req);
  struct prac_err err = {0};
  if (!by_person(j)) return;
  answer(j, a, access_mail_end(a, who_of(j), b->address, &err), &err);
}

void portal_mail_end(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  desk(p, r, NULL, run_mail_end);
}

/* ---- a test message: said, and its answers waited for ---- */

enum { TEST_LOOKS = 75 }; /* of a tick each: 15 s */
struct testing {
  struct errand e;
  const char *org, *id;
  size_t ways;
  int looks;
  bool begun, said;
};

static void test_ended(struct portal_job *j)
{
  const struct testing *t = j->ask;
  if (t->begun) portal_subs_test_end(j->p);
}

static prac_rc say_test(struct portal_job *j, struct prac_err *reterr)
{
  struct testing *t = j->ask;
  if (t->said) return PRAC_OK;
  t->said = true;
  if (portal_subs_errand(j->p, &t->e, t->org) == PRAC_OK) return PRAC_OK;
  return PRAC_FAIL(reterr, PRAC_AGAIN, "too much waits to be said");
}

static prac_rc test_run(struct portal_job *j, struct store *s, struct prac_err *reterr)
{
  struct testing *t = j->ask;
  struct portal_told v[ANSWERS];
  (void)s;
  if (!t->begun) t->begun = portal_subs_test_begin(j->p);
  if (!t->begun)
    return PRAC_FAIL(reterr, PRAC_RANGE, "other tests are waiting for their answers; try again");
  size_t n = portal_subs_answers(j->p, t->id, t->e.id, v, ANSWERS);
  bool whole = n >= t->ways || (n > 0 && !v[0].way[0]);
  if (!whole && t->looks++ < TEST_LOOKS) return PRAC_AGAIN;
  struct prac_json *out = &j->rows.j;
  prac_json_open(out, '{');
  prac_json_key_str(out, "id", t->e.id);
  prac_json_key_u64(out, "ways", t->ways);
  prac_json_key(out, "answers");
  answers(out, v, n);
  prac_json_close(out, '}');
  return PRAC_OK;
}

/* Its ways, as they are now. */
static prac_rc begin_test(struct portal_job *j, const char *word, struct prac_err *reterr)
{
  struct testing *t = j->ask;
  const struct access_who *who = portal_who(j->req);
  struct access_sub sub;
  char id[32];
  PRAC_TRY(access_sub_get(desk_reader(portal_desk(j->p)), who->user, word, j->arena, &sub, reterr));
  bool mail = false;
  for (uint32_t i = 0; i < sub.s.mail.n; i++) mail |= sub.confirmed[i];
  t->ways = (size_t)mail + (sub.s.url[0] != 0);
  if (t->ways == 0 || strcmp(sub.s.state, "on") != 0)
    return PRAC_FAIL(reterr, PRAC_RANGE,
                     "it is off, or has neither a confirmed address nor a webhook");
  PRAC_TRY(errand_id("t", id, reterr));
  t->id = sub.s.id;
  t->org = sub.s.org;
  t->e = (struct errand){.id = prac_arena_strndup(j->arena, id, strlen(id)),
                         .at = prac_now(j->p->env.clock),
                         .act = "test",
                         .subscription = sub.s.id,
                         .user = sub.s.user,
                         .to = "",
                         .code = "",
                         .language = ""};
  return t->e.id ? PRAC_OK : PRAC_NOMEM;
}

void portal_subscription_test(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct prac_err err = {0};
  if (!p->subs) {
    portal_send_error(r, portal_desk(p) ? 503 : 404, portal_desk(p) ? "no_bus" : "no_accounts",
                      "nobody can be told from here: there are no accounts, or no bus");
    return;
  }
  struct portal_job *j = portal_job_new(p, r, test_run, sizeof(struct testing));
  if (!j) return;
  j->outside = say_test;
  j->ended = test_ended;
  prac_rc rc = begin_test(j, word, &err);
  if (rc == PRAC_UNKNOWN) {
    portal_send_error(r, 404, "not_found", "%s", err.text);
    portal_job_drop(&j);
    return;
  }
  portal_job_put(j, rc, &err);
}
