/* Subscriptions: kept as what their owner said, given out with what the owner may see. */
#include "access/subs.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "access/impl.h"

enum { SAYS_MAX = 16 << 10, URL_MAX = 1000, ARENA = 4096 };
#define KEPT_NS (30 * 24 * PRAC_HOUR)

/* ---- what may be said ---- */

static prac_rc words_ok(const char *what, const struct model_strs *l, struct prac_err *reterr)
{
  if (l->n > ACCESS_SUB_WORDS)
    return PRAC_FAIL(reterr, PRAC_RANGE, "%s: at most %d", what, ACCESS_SUB_WORDS);
  for (uint32_t i = 0; i < l->n; i++) PRAC_TRY(access_text_ok(what, l->v[i], reterr));
  return PRAC_OK;
}

static bool zone_ok(const char *s)
{
  size_t n = strlen(s);
  return n > 0 && n < 48 && s[0] != '/' && !strstr(s, "..") &&
         strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+:/-") == n;
}

static prac_rc url_ok(const char *s, struct prac_err *reterr)
{
  size_t n = strlen(s);
  for (size_t i = 0; i < n; i++)
    if ((unsigned char)s[i] <= ' ' || (unsigned char)s[i] >= 0x7f)
      return PRAC_FAIL(reterr, PRAC_MALFORMED, "url: printable ASCII without blanks");
  bool https = strncmp(s, "https://", 8) == 0 && s[8];
  if (n > URL_MAX || !(https || (strncmp(s, "http://", 7) == 0 && s[7])))
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "url: https://HOST/PATH of at most %d bytes", URL_MAX);
  if (strpbrk(s, "@#"))
    return PRAC_FAIL(reterr, PRAC_MALFORMED,
                     "url: neither names with passwords nor a part behind #");
  return PRAC_OK;
}

static prac_rc mail_ok(const struct model_strs *l, struct prac_err *reterr)
{
  if (l->n > ACCESS_SUB_MAIL)
    return PRAC_FAIL(reterr, PRAC_RANGE, "mail: at most %d addresses", ACCESS_SUB_MAIL);
  for (uint32_t i = 0; i < l->n; i++)
    if (!access_mail_ok(l->v[i]))
      return PRAC_FAIL(reterr, PRAC_MALFORMED, "mail: \"%.60s\" is no address", l->v[i]);
  return PRAC_OK;
}

static bool is(const char *s, const char *word)
{
  return s && strcmp(s, word) == 0;
}

static prac_rc words_of(const struct subscription *s, struct prac_err *reterr)
{
  if (!is(s->state, "on") && !is(s->state, "off"))
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "state: on or off");
  if (!s->title || !*s->title) return PRAC_FAIL(reterr, PRAC_MALFORMED, "title: a name is needed");
  PRAC_TRY(access_text_ok("title", s->title, reterr));
  if (!is(s->language, "en") && !is(s->language, "ja"))
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "language: en or ja");
  if (!s->zone || !zone_ok(s->zone))
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "zone: UTC, +hh:mm, or a name such as Asia/Tokyo");
  if (!s->severity || access_word_of(model_severities, s->severity) < 0)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "severity: notice, low, medium, high or critical");
  PRAC_TRY(words_ok("kinds", &s->kinds, reterr));
  return words_ok("vectors", &s->vectors, reterr);
}

static prac_rc numbers_of(const struct subscription *s, struct prac_err *reterr)
{
  if (!s->attacks && !s->alerts)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "attacks, alerts: one of the two at least");
  if (s->max_per_hour < 1 || s->max_per_hour > 60)
    return PRAC_FAIL(reterr, PRAC_RANGE, "max_per_hour: 1 to 60");
  if (s->digest_s < 60 || s->digest_s > 86400)
    return PRAC_FAIL(reterr, PRAC_RANGE, "digest_s: 60 to 86400");
  if (!(s->min_pps >= 0 && s->min_pps <= 1e9) || s->min_packets > 1000000000000)
    return PRAC_FAIL(reterr, PRAC_RANGE, "min_pps, min_packets: not so many");
  return PRAC_OK;
}

static prac_rc check(const struct subscription *s, struct prac_err *reterr)
{
  PRAC_TRY(words_of(s, reterr));
  PRAC_TRY(numbers_of(s, reterr));
  PRAC_TRY(mail_ok(&s->mail, reterr));
  return s->url && *s->url ? url_ok(s->url, reterr) : PRAC_OK;
}

/* ---- writing ---- */

static prac_rc line(struct access *a, const struct access_who *who, const char *what,
                    const char *id, const char *detail, struct prac_err *reterr)
{
  return access_line_add(a, &(struct access_line){who->user, who->org, what, id, detail, NULL},
                         reterr);
}

static prac_rc room(struct access *a, const struct access_who *who, struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_SUBS_OLD);
  (void)sqlite3_bind_int64(s, 1, prac_now(&a->wall) - KEPT_NS);
  PRAC_TRY(access_sql_run(a, s, reterr));
  s = access_sql(a, SQL_SUBS_COUNT);
  access_bind_text(s, 1, who->user);
  access_bind_text(s, 2, who->org);
  PRAC_TRY(access_sql_row(a, s, reterr));
  int64_t all = sqlite3_column_int64(s, 0), org = sqlite3_column_int64(s, 1),
          user = sqlite3_column_int64(s, 2), ever = sqlite3_column_int64(s, 3),
          org_ever = sqlite3_column_int64(s, 4);
  (void)sqlite3_reset(s);
  if (user >= ACCESS_SUBS_USER || ever >= ACCESS_SUBS_EVER)
    return PRAC_FAIL(reterr, PRAC_RANGE,
                     "at most %d subscriptions of one person, and %d with those that have ended "
                     "within a month",
                     ACCESS_SUBS_USER, ACCESS_SUBS_EVER);
  if (org >= ACCESS_SUBS_ORG || org_ever >= ACCESS_SUBS_ORG_EVER || all >= ACCESS_SUBS)
    return PRAC_FAIL(reterr, PRAC_RANGE, "no room for more subscriptions here");
  return PRAC_OK;
}

/* Its row in s: secret, URL. PRAC_UNKNOWN: nobody's, or somebody else's. */
static prac_rc kept(struct access *a, const struct access_who *who, const char *id,
                    sqlite3_stmt **ret, struct prac_err *reterr)
{
  *ret = access_sql(a, SQL_SUB_KEPT);
  access_bind_text(*ret, 1, id);
  access_bind_text(*ret, 2, who->user);
  prac_rc rc = access_sql_row(a, *ret, reterr);
  return rc == PRAC_UNKNOWN ? PRAC_FAIL(reterr, rc, "there is no such subscription of yours") : rc;
}

/* The sealed secret that it has; "" when it has none, or one for another URL. */
static prac_rc secret_of(struct access *a, const struct access_who *who, const char *id,
                         const char *url, char sealed[ACCESS_SEALED], struct prac_err *reterr)
{
  sqlite3_stmt *s;
  PRAC_TRY(kept(a, who, id, &s, reterr));
  if (*url && strcmp(access_col_text(s, 1), url) == 0)
    (void)snprintf(sealed, ACCESS_SEALED, "%s", access_col_text(s, 0));
  (void)sqlite3_reset(s);
  return PRAC_OK;
}

/* Where to it tells, for the audit: of a URL its host alone, what follows is often a secret. */
static const char *detail_of(const struct subscription *s, char to[1024])
{
  const char *url = s->url ? s->url : "", *host = strstr(url, "://");
  int host_end = host ? (int)(host + 3 - url + (ptrdiff_t)strcspn(host + 3, "/?")) : 0;
  int n = snprintf(to, 1024, "%s %.128s url=%.*s mail=", s->state, s->title, host_end, url);
  for (uint32_t i = 0; i < s->mail.n && n > 0 && n < 1024; i++)
    n += snprintf(to + n, (size_t)(1024 - n), "%s%.100s", i ? "," : "", s->mail.v[i]);
  return to;
}

static bool is_new(const struct subscription *s)
{
  return !s->id || !*s->id;
}

static prac_rc write_sub(struct access *a, const struct access_who *who, const char *id,
                         const char *sealed, const struct subscription *says,
                         struct prac_err *reterr)
{
  struct subscription own = *says;
  char detail[1024];
  struct prac_json j = prac_json_of(SAYS_MAX);
  own.id = own.user = own.org = own.scope = own.clearance = own.secret = "";
  own.at = PRAC_TIME_NONE;
  model_to_json(&model_subscription, &own, &j);
  if (j.bad) {
    prac_json_done(&j);
    return PRAC_FAIL(reterr, PRAC_RANGE, "a subscription of so many words finds no room");
  }
  sqlite3_stmt *s = access_sql(a, SQL_SUB_PUT);
  access_bind_text(s, 1, id);
  access_bind_text(s, 2, who->user);
  (void)sqlite3_bind_int64(s, 3, prac_now(&a->wall));
  access_bind_text(s, 4, j.buf);
  access_bind_text(s, 5, sealed);
  prac_json_done(&j);
  PRAC_TRY(access_sql_run(a, s, reterr));
  return line(a, who, is_new(says) ? "subscription made" : "subscription changed", id,
              detail_of(says, detail), reterr);
}

prac_rc access_sub_put(struct access *a, const struct access_who *who, const struct subscription *s,
                       char id[ACCESS_SUB_ID], char secret[ACCESS_TOKEN_TEXT],
                       struct prac_err *reterr)
{
  uint8_t bits[8];
  char text[17], sealed[ACCESS_SEALED] = "";
  const char *url = s->url ? s->url : "";
  PRAC_TRY(check(s, reterr));
  secret[0] = 0;
  PRAC_TRY(access_random(bits, sizeof bits, reterr));
  (void)snprintf(id, ACCESS_SUB_ID, is_new(s) ? "s%.16s" : "%.23s",
                 is_new(s) ? access_hex(bits, sizeof bits, text) : s->id);
  PRAC_TRY(access_begin(a, reterr));
  prac_rc rc = is_new(s) ? room(a, who, reterr) : secret_of(a, who, id, url, sealed, reterr);
  if (rc == PRAC_OK && *url && !*sealed)
    rc = access_sub_secret_new(a, &(struct access_seal_place){who->user, id, url}, secret, sealed,
                               reterr);
  if (rc == PRAC_OK) rc = write_sub(a, who, id, sealed, s, reterr);
  return access_end(a, rc, reterr);
}

/* One change of one row, with its line. Of the statement the first two values are bound here. */
static prac_rc change(struct access *a, const struct access_who *who, const char *id,
                      sqlite3_stmt *s, const char *what, struct prac_err *reterr)
{
  struct access_line l = {who->user, who->org, what, id, NULL, NULL};
  access_bind_text(s, 1, id);
  access_bind_text(s, 2, who->user);
  return access_change(a, s, "subscription of yours", &l, reterr);
}

/* The same, and a token of its feed ends: who reads by it is asked for anew. */
static prac_rc change_feed(struct access *a, const struct access_who *who, const char *id,
                           sqlite3_stmt *s, const char *what, struct prac_err *reterr)
{
  PRAC_TRY(access_begin(a, reterr));
  prac_rc rc = change(a, who, id, s, what, reterr);
  if (rc == PRAC_OK) rc = access_rights_up(a, reterr);
  return access_end(a, rc, reterr);
}

prac_rc access_sub_end(struct access *a, const struct access_who *who, const char *id,
                       struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_SUB_END);
  (void)sqlite3_bind_int64(s, 3, prac_now(&a->wall));
  return change_feed(a, who, id, s, "subscription ended", reterr);
}

static prac_rc change_secret(struct access *a, const struct access_who *who, const char *id,
                             char secret[ACCESS_TOKEN_TEXT], struct prac_err *reterr)
{
  sqlite3_stmt *s;
  char url[URL_MAX + 1], sealed[ACCESS_SEALED];
  PRAC_TRY(kept(a, who, id, &s, reterr));
  (void)snprintf(url, sizeof url, "%s", access_col_text(s, 1));
  (void)sqlite3_reset(s);
  if (!*url) return PRAC_FAIL(reterr, PRAC_RANGE, "it has no webhook, and so no secret");
  PRAC_TRY(access_sub_secret_new(a, &(struct access_seal_place){who->user, id, url}, secret, sealed,
                                 reterr));
  s = access_sql(a, SQL_SUB_SECRET);
  access_bind_text(s, 3, sealed);
  (void)sqlite3_bind_int64(s, 4, prac_now(&a->wall));
  return change(a, who, id, s, "subscription secret", reterr);
}

prac_rc access_sub_secret(struct access *a, const struct access_who *who, const char *id,
                          char secret[ACCESS_TOKEN_TEXT], struct prac_err *reterr)
{
  PRAC_TRY(access_begin(a, reterr));
  return access_end(a, change_secret(a, who, id, secret, reterr), reterr);
}

prac_rc access_sub_feed(struct access *a, const struct access_who *who, const char *id,
                        char token[ACCESS_TOKEN_TEXT], struct prac_err *reterr)
{
  uint8_t hash[ACCESS_HASH];
  if (token) PRAC_TRY(access_token_new("fd_", token, hash, reterr));
  sqlite3_stmt *s = access_sql(a, SQL_SUB_FEED);
  if (token) (void)sqlite3_bind_blob(s, 3, hash, ACCESS_HASH, SQLITE_TRANSIENT);
  return change_feed(a, who, id, s, token ? "subscription feed" : "subscription feed ended",
                     reterr);
}

/* ---- reading ---- */

static prac_rc confirmations(struct access *a, struct prac_arena *arena, struct access_sub *to,
                             struct prac_err *reterr)
{
  bool *v = to->s.mail.n ? prac_arena_alloc(arena, to->s.mail.n) : NULL;
  if (to->s.mail.n && !v) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a subscription");
  for (uint32_t i = 0; i < to->s.mail.n; i++) {
    sqlite3_stmt *s = access_sql(a, SQL_MAIL_GET);
    access_bind_text(s, 1, to->s.user);
    access_bind_text(s, 2, to->s.mail.v[i]);
    prac_rc rc = access_sql_row(a, s, reterr);
    if (rc != PRAC_OK && rc != PRAC_UNKNOWN) return rc;
    v[i] = rc == PRAC_OK && access_col_time(s, 4) != PRAC_TIME_NONE;
    (void)sqlite3_reset(s);
  }
  to->confirmed = v;
  return PRAC_OK;
}

/* Of a row of SUBS. */
static prac_rc read_sub(struct access *a, sqlite3_stmt *s, struct prac_arena *arena,
                        struct access_sub *ret, struct prac_err *reterr)
{
  const char *says = access_col_text(s, 7);
  *ret = (struct access_sub){.feed = sqlite3_column_int(s, 9) != 0,
                             .made = sqlite3_column_int64(s, 10),
                             .changed = sqlite3_column_int64(s, 11)};
  struct subscription *to = &ret->s;
  PRAC_TRY(model_from_json(&model_subscription, says, strlen(says), arena, to, reterr));
  to->id = access_keep(arena, s, 0);
  to->user = access_keep(arena, s, 1);
  to->org = access_keep(arena, s, 2);
  to->scope = access_keep(arena, s, 3);
  to->clearance = access_keep(arena, s, 4);
  to->secret = access_keep(arena, s, 8);
  if (sqlite3_column_type(s, 6) != SQLITE_NULL)
    to->state = "end";
  else if (sqlite3_column_int(s, 5) != 0)
    to->state = "off";
  if (!to->id || !to->user || !to->org || !to->scope || !to->clearance || !to->secret)
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a subscription");
  return confirmations(a, arena, ret, reterr);
}

prac_rc access_subs(struct access *a, const char *user, access_sub_fn *each, void *arg,
                    struct prac_err *reterr)
{
  struct prac_arena *arena = prac_arena_new(ARENA);
  if (!arena) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for subscriptions");
  sqlite3_stmt *s = access_sql(a, SQL_SUBS);
  access_bind_text(s, 1, user);
  prac_rc rc;
  while ((rc = access_sql_row(a, s, reterr)) == PRAC_OK) {
    struct access_sub sub;
    prac_arena_reset(arena);
    rc = read_sub(a, s, arena, &sub, reterr);
    if (rc == PRAC_OK) rc = each(arg, &sub);
    if (rc != PRAC_OK) break;
  }
  (void)sqlite3_reset(s);
  prac_arena_free(&arena);
  return rc == PRAC_UNKNOWN ? PRAC_OK : rc;
}

prac_rc access_sub_get(struct access *a, const char *user, const char *id, struct prac_arena *arena,
                       struct access_sub *ret, struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_SUB_GET);
  access_bind_text(s, 1, user);
  access_bind_text(s, 2, id);
  prac_rc rc = access_sql_row(a, s, reterr);
  if (rc == PRAC_UNKNOWN) return PRAC_FAIL(reterr, rc, "there is no such subscription of yours");
  PRAC_TRY(rc);
  rc = read_sub(a, s, arena, ret, reterr);
  (void)sqlite3_reset(s);
  return rc;
}
