/* Subscriptions in the accounts' file: whose they are, how many, what their owner's rights do to
 * them; addresses that must be confirmed; feeds. */
#include "lib/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "access/impl.h"
#include "access/saved.h"
#include "access/subs.h"
#include "lib/accounts.h"

#define T0 (INT64_C(1375833600) * PRAC_SEC)
#define PASSWORD "correct horse battery"

static char dir[ACCOUNTS_PATH], path[ACCOUNTS_PATH];
static struct access *a;
static const struct access_who mika = {.user = "mika", .org = "jp"},
                               kai = {.user = "kai", .org = "jp"};

static void user(const char *name, int disabled, const char *password)
{
  struct prac_err err = {0};
  struct access_user u = {.user = name, .org = "jp", .role = "viewer", .disabled = disabled};
  if (access_user_put(a, "test", &u, password, &err) != PRAC_OK) fail_msg("%s", err.text);
}
static void org(const char *scope)
{
  struct access_org o = {.name = "jp", .scope = scope, .clearance = "TLP:AMBER"};
  assert_int_equal(access_org_put(a, "test", &o, NULL), PRAC_OK);
}

static int begin(void **s)
{
  struct prac_clock wall = prac_clock_virtual(T0);
  (void)s;
  a = accounts_begin(dir, path, NULL, &wall);
  org("JP");
  user("mika", 0, PASSWORD);
  user("kai", 0, PASSWORD);
  return 0;
}
static int finish(void **s)
{
  (void)s;
  return accounts_end(dir, &a);
}

static struct subscription form(void)
{
  return (struct subscription){.id = "",
                               .state = "on",
                               .title = "ours",
                               .language = "ja",
                               .zone = "Asia/Tokyo",
                               .attacks = true,
                               .severity = "high",
                               .max_per_hour = 10,
                               .digest_s = 600,
                               .url = ""};
}
static prac_rc put(const struct access_who *who, const struct subscription *s,
                   char id[ACCESS_SUB_ID])
{
  char secret[ACCESS_TOKEN_TEXT];
  return access_sub_put(a, who, s, id, secret, NULL);
}

static char seen[512];
static prac_rc see(void *arg, const struct access_sub *s)
{
  size_t n = strlen(seen);
  (void)arg;
  (void)snprintf(seen + n, sizeof seen - n, "%s%s %s %s%s", n ? ", " : "", s->s.title, s->s.state,
                 s->s.scope, s->s.mail.n && s->confirmed[0] ? " told" : "");
  return PRAC_OK;
}
static void expect(const char *of, const char *want)
{
  seen[0] = '\0';
  assert_int_equal(access_subs(a, of, see, NULL, NULL), PRAC_OK);
  assert_string_equal(seen, want);
}

static void its_owner_s_rights(void **s)
{
  char id[ACCESS_SUB_ID], same[ACCESS_SUB_ID];
  struct subscription f = form();
  (void)s;
  assert_int_equal(put(&mika, &f, id), PRAC_OK);
  expect("mika", "ours on JP");
  expect("kai", "");
  org("JP AS64500");
  expect("mika", "ours on JP AS64500");
  user("mika", 1, NULL);
  expect(NULL, "ours off JP AS64500");
  user("mika", 0, NULL);
  f.id = id;
  f.title = "theirs";
  assert_int_equal(put(&kai, &f, same), PRAC_UNKNOWN);
  assert_int_equal(access_sub_end(a, &kai, id, NULL), PRAC_UNKNOWN);
  f.scope = "*"; /* is not its owner's to say */
  assert_int_equal(put(&mika, &f, same), PRAC_OK);
  assert_string_equal(same, id);
  expect("mika", "theirs on JP AS64500");
  assert_int_equal(access_sub_end(a, &mika, id, NULL), PRAC_OK);
  expect("mika", "");
  expect(NULL, "theirs end JP AS64500");
  assert_int_equal(put(&mika, &f, same), PRAC_UNKNOWN);
}

static void so_many(void **s)
{
  char id[ACCESS_SUB_ID];
  struct subscription f = form();
  (void)s;
  for (int i = 0; i < ACCESS_SUBS_USER; i++) assert_int_equal(put(&mika, &f, id), PRAC_OK);
  assert_int_equal(put(&mika, &f, id), PRAC_RANGE);
  assert_int_equal(put(&kai, &f, id), PRAC_OK);
  for (int i = ACCESS_SUBS_USER; i < ACCESS_SUBS_EVER; i++) { /* nor by ending them */
    char last[ACCESS_SUB_ID];
    sqlite3_stmt *q = NULL;
    assert_int_equal(sqlite3_prepare_v2(a->db,
                                        "SELECT id FROM subscription WHERE user = 'mika' AND"
                                        " ended IS NULL LIMIT 1",
                                        -1, &q, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    (void)snprintf(last, sizeof last, "%s", (const char *)sqlite3_column_text(q, 0));
    (void)sqlite3_finalize(q);
    assert_int_equal(access_sub_end(a, &mika, last, NULL), PRAC_OK);
    assert_int_equal(put(&mika, &f, id), PRAC_OK);
  }
  assert_int_equal(access_sub_end(a, &mika, id, NULL), PRAC_OK);
  assert_int_equal(put(&mika, &f, id), PRAC_RANGE);
  a->wall.at = T0 + 31 * PRAC_DAY; /* what ended long ago is gone */
  assert_int_equal(put(&mika, &f, id), PRAC_OK);
}

static void what_is_refused(void **s)
{
  static const char *const two[] = {"a@b.example", "not one"}, *const many[33] = {NULL};
  char id[ACCESS_SUB_ID];
  (void)s;
#define BAD(field, v)                                                                              \
  do {                                                                                             \
    struct subscription f = form();                                                                \
    f.field = v;                                                                                   \
    assert_int_not_equal(put(&mika, &f, id), PRAC_OK);                                             \
  } while (0)
  BAD(state, "end");
  BAD(title, "");
  BAD(title, "a\nBcc: b");
  BAD(language, "de");
  BAD(zone, "../../etc/passwd");
  BAD(zone, "/etc/passwd");
  BAD(severity, "huge");
  BAD(attacks, false);
  BAD(max_per_hour, 0);
  BAD(max_per_hour, 61);
  BAD(digest_s, 59);
  BAD(min_pps, -1.0);
  BAD(url, "http:");
  BAD(url, "https://a b");
  BAD(url, "https://user@h/");
  BAD(url, "gopher://h/");
  BAD(mail, ((struct model_strs){two, 2}));
  BAD(kinds, ((struct model_strs){many, 33}));
  expect(NULL, "");
}

static void an_address_is_confirmed(void **s)
{
  static const char *const to[] = {"noc@isp.example"};
  char code[ACCESS_CODE], second[ACCESS_CODE], id[ACCESS_SUB_ID];
  struct subscription f = form();
  (void)s;
  f.mail = (struct model_strs){to, 1};
  assert_int_equal(put(&mika, &f, id), PRAC_OK);
  expect("mika", "ours on JP");
  assert_int_equal(access_mail_confirm(a, &mika, to[0], "AAAAAAAA", NULL), PRAC_UNKNOWN);
  assert_int_equal(access_mail_ask(a, &mika, to[0], code, NULL), PRAC_OK);
  assert_int_equal(strlen(code), 8);
  assert_int_equal(access_mail_ask(a, &mika, to[0], second, NULL), PRAC_AGAIN);
  assert_int_equal(access_mail_confirm(a, &kai, to[0], code, NULL), PRAC_UNKNOWN);
  for (int i = 0; i < 5; i++)
    assert_int_equal(access_mail_confirm(a, &mika, to[0], "AAAAAAAA", NULL), PRAC_DENIED);
  assert_int_equal(access_mail_confirm(a, &mika, to[0], code, NULL), PRAC_DENIED); /* too often */
  assert_int_equal(access_mail_end(a, &mika, to[0], NULL), PRAC_UNKNOWN); /* no way to ask anew */
  a->wall.at += 11 * PRAC_MIN;
  assert_int_equal(access_mail_ask(a, &mika, to[0], code, NULL), PRAC_OK);
  a->wall.at += 47 * PRAC_HOUR;
  assert_int_equal(access_mail_confirm(a, &mika, to[0], code, NULL), PRAC_OK);
  expect("mika", "ours on JP told");
  assert_int_equal(access_mail_ask(a, &mika, to[0], code, NULL), PRAC_EXISTS);
  assert_int_equal(access_mail_end(a, &mika, to[0], NULL), PRAC_OK);
  expect("mika", "ours on JP");
}

static void no_bombs(void **s)
{
  char code[ACCESS_CODE], address[32];
  int sent = 0;
  (void)s;
  for (int i = 0; i < 30; i++) { /* to one address, whatever the patience */
    sent += access_mail_ask(a, &mika, "one@isp.example", code, NULL) == PRAC_OK;
    a->wall.at += 11 * PRAC_MIN;
  }
  assert_int_equal(sent, ACCESS_LETTERS);
  for (int i = sent = 0; i < 30; i++) { /* to many */
    (void)snprintf(address, sizeof address, "a%d@isp.example", i);
    sent += access_mail_ask(a, &mika, address, code, NULL) == PRAC_OK;
  }
  assert_int_equal(sent, ACCESS_WAITING - 1);
  static const char *const bad[] = {"",
                                    "a",
                                    "@b.example",
                                    "a@",
                                    "a@b c",
                                    "a@b\r\nX: y",
                                    "<a@b.example>",
                                    "a,b@c.example",
                                    "a@b@c",
                                    "a@-b.example",
                                    "a@b..example",
                                    "a@b.",
                                    "\"a b\"@c.example",
                                    "a@[127.0.0.1]"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bad); i++)
    if (access_mail_ok(bad[i])) fail_msg("%s", bad[i]);
  assert_true(access_mail_ok("first.last+tag@mx-1.isp.example"));
}

/* Others who ask for somebody's address keep nobody of another organisation from confirming it; a
 * person's addresses, and what one organisation leaves waiting, are bounded. */
static void whose_addresses(void **s)
{
  static const char *const names[] = {"o1", "o2", "o3", "o4", "o5", "o6"};
  struct access_org o = {.name = "xx", .scope = "XX", .clearance = "TLP:GREEN"};
  char code[ACCESS_CODE], address[32];
  int sent = 0;
  (void)s;
  assert_int_equal(access_org_put(a, "test", &o, NULL), PRAC_OK);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(names); i++) {
    struct access_user u = {.user = names[i], .org = "xx", .role = "viewer"};
    struct access_who who = {.user = names[i], .org = "xx"};
    assert_int_equal(access_user_put(a, "test", &u, NULL, NULL), PRAC_OK);
    sent += access_mail_ask(a, &who, "noc@isp.example", code, NULL) == PRAC_OK;
  }
  assert_int_equal(sent, 3);
  assert_int_equal(access_mail_ask(a, &mika, "noc@isp.example", code, NULL), PRAC_OK);
  assert_int_equal(access_mail_confirm(a, &mika, "noc@isp.example", code, NULL), PRAC_OK);
  for (size_t i = 0; i < 10 * PRAC_ARRAY_LEN(names); i++) {
    struct access_who who = {.user = names[i % PRAC_ARRAY_LEN(names)], .org = "xx"};
    (void)snprintf(address, sizeof address, "a%zu@isp.example", i);
    sent += access_mail_ask(a, &who, address, code, NULL) == PRAC_OK;
  }
  assert_int_equal(sent, 40);
  for (int i = 1; i < ACCESS_MAILS; i++) {
    (void)snprintf(address, sizeof address, "b%d@isp.example", i);
    assert_int_equal(access_mail_ask(a, &mika, address, code, NULL), PRAC_OK);
    assert_int_equal(access_mail_confirm(a, &mika, address, code, NULL), PRAC_OK);
  }
  assert_int_equal(access_mail_ask(a, &mika, "c@isp.example", code, NULL), PRAC_RANGE);
}

/* By ending and making anew, ten accounts of one organisation do not fill the room of all. */
static void an_organisation_s_room(void **s)
{
  char id[ACCESS_SUB_ID], name[8];
  struct subscription f = form();
  int made = 0;
  (void)s;
  for (int i = 0; i < 3 * ACCESS_SUBS_EVER; i++) {
    (void)snprintf(name, sizeof name, "p%d", i % 4);
    struct access_who who = {.user = name, .org = "jp"};
    if (i < 4) user(name, 0, NULL);
    if (put(&who, &f, id) != PRAC_OK) continue;
    made++;
    assert_int_equal(access_sub_end(a, &who, id, NULL), PRAC_OK);
  }
  assert_int_equal(made, ACCESS_SUBS_ORG_EVER);
  assert_int_equal(put(&mika, &f, id), PRAC_RANGE);
  a->wall.at = T0 + 31 * PRAC_DAY;
  assert_int_equal(put(&mika, &f, id), PRAC_OK);
}

/* The next person of that name gets nothing of it, the last keeps nothing. */
static void unbound(void **s)
{
  static const char *const to[] = {"noc@isp.example"};
  char id[ACCESS_SUB_ID], code[ACCESS_CODE];
  char token[ACCESS_TOKEN_TEXT], feed[ACCESS_TOKEN_TEXT], key[ACCESS_TOKEN_TEXT];
  struct access_linked l = {
      .issuer = "https://id.example", .subject = "1", .user = "mika", .bind = ACCESS_BIND_ANY};
  struct subscription f = form();
  struct access_who who;
  struct prac_arena *arena = prac_arena_new(1024);
  int wait_s = 0;
  (void)s;
  assert_int_equal(access_sign_in_linked(a, &l, token, &wait_s, NULL), PRAC_OK);
  f.mail = (struct model_strs){to, 1};
  assert_int_equal(put(&mika, &f, id), PRAC_OK);
  assert_int_equal(access_mail_ask(a, &mika, to[0], code, NULL), PRAC_OK);
  assert_int_equal(access_mail_confirm(a, &mika, to[0], code, NULL), PRAC_OK);
  assert_int_equal(access_sub_feed(a, &mika, id, feed, NULL), PRAC_OK);
  assert_int_equal(access_key_new(a, "mika", "mika", "tool", key, NULL), PRAC_OK);
  assert_int_equal(access_saved_put(a, &mika, "x", "/", NULL), PRAC_OK);
  assert_int_equal(access_unbind(a, "test", "mika", NULL), PRAC_OK);
  assert_int_equal(access_who_is(a, token, arena, &who, NULL), PRAC_DENIED);
  assert_int_equal(access_who_is(a, feed, arena, &who, NULL), PRAC_DENIED);
  assert_int_equal(access_who_is(a, key, arena, &who, NULL), PRAC_DENIED);
  expect(NULL, "ours end JP");
  assert_int_equal(access_mail_end(a, &mika, to[0], NULL), PRAC_UNKNOWN);
  assert_int_equal(access_saved_end(a, &mika, "x", NULL), PRAC_UNKNOWN);
  prac_arena_free(&arena);
}

/* ---- secrets of webhooks ---- */

static struct access_seal_key notifier; /* the notifier's, and what it says of it */
static void say_key(void)
{
  struct access_seal_key said;
  char text[ACCESS_SEAL_HALF];
  assert_int_equal(access_seal_key_new(&notifier, NULL), PRAC_OK);
  assert_int_equal(access_seal_key_read(access_seal_public(&notifier, text), &said, NULL), PRAC_OK);
  assert_int_equal(access_seal_key_put(a, &said, NULL), PRAC_OK);
}
/* What the notifier would sign with for this subscription of mika's. */
static const char *opened(const char *id, char to[ACCESS_SEAL_TEXT])
{
  struct prac_arena *arena = prac_arena_new(0);
  struct access_sub sub;
  assert_int_equal(access_sub_get(a, "mika", id, arena, &sub, NULL), PRAC_OK);
  const struct access_seal_place p = {"mika", id, sub.s.url};
  prac_rc rc = access_unseal(&notifier, &p, sub.s.secret, to, NULL);
  prac_arena_free(&arena);
  return rc == PRAC_OK ? to : prac_rc_text(rc);
}
static int files_with(const char *text)
{
  char cmd[256];
  int n = -1;
  (void)snprintf(cmd, sizeof cmd, "grep -rlaF -e '%s' %s | wc -l", text, dir);
  FILE *f = popen(cmd, "r");
  assert_non_null(f);
  assert_int_equal(fscanf(f, "%d", &n), 1);
  (void)pclose(f);
  return n;
}

static void feeds(void **s)
{
  char id[ACCESS_SUB_ID], token[ACCESS_TOKEN_TEXT], second[ACCESS_TOKEN_TEXT];
  struct subscription f = form();
  struct access_who who;
  struct prac_arena *arena = prac_arena_new(1024);
  uint64_t before, after;
  (void)s;
  say_key();
  f.url = "https://h.example/x";
  assert_int_equal(put(&mika, &f, id), PRAC_OK);
  assert_int_equal(access_sub_feed(a, &kai, id, token, NULL), PRAC_UNKNOWN);
  assert_int_equal(access_sub_feed(a, &mika, id, token, NULL), PRAC_OK);
  assert_int_equal(access_who_is(a, token, arena, &who, NULL), PRAC_OK);
  assert_string_equal(who.user, "mika");
  assert_string_equal(who.feed, id);
  assert_int_equal(who.role, ACCESS_VIEWER);
  assert_int_equal(access_rights(a, &before, NULL), PRAC_OK);
  assert_int_equal(access_sub_feed(a, &mika, id, second, NULL), PRAC_OK);
  assert_int_equal(access_rights(a, &after, NULL), PRAC_OK);
  assert_true(after > before); /* whoever keeps an answer asks again */
  before = after;
  assert_int_equal(access_sub_secret(a, &mika, id, token, NULL), PRAC_OK);
  assert_int_equal(access_rights(a, &after, NULL), PRAC_OK);
  assert_true(after == before); /* nobody reads by it */
  assert_int_equal(access_sub_feed(a, &mika, id, token, NULL), PRAC_OK);
  assert_int_equal(access_sub_feed(a, &mika, id, second, NULL), PRAC_OK);
  assert_int_equal(access_who_is(a, token, arena, &who, NULL), PRAC_DENIED);
  user("mika", 1, NULL);
  assert_int_equal(access_who_is(a, second, arena, &who, NULL), PRAC_DENIED);
  user("mika", 0, NULL);
  assert_int_equal(access_who_is(a, second, arena, &who, NULL), PRAC_OK);
  user("mika", 0, "another horse battery"); /* whoever knew the old one may have made it */
  assert_int_equal(access_who_is(a, second, arena, &who, NULL), PRAC_DENIED);
  assert_int_equal(access_sub_feed(a, &mika, id, token, NULL), PRAC_OK);
  assert_int_equal(access_sub_end(a, &mika, id, NULL), PRAC_OK);
  assert_int_equal(access_who_is(a, token, arena, &who, NULL), PRAC_DENIED);
  prac_arena_free(&arena);
}

static void secrets_are_sealed(void **s)
{
  char id[ACCESS_SUB_ID], same[ACCESS_SUB_ID], first[ACCESS_TOKEN_TEXT], second[ACCESS_TOKEN_TEXT],
      is[ACCESS_SEAL_TEXT];
  struct subscription f = form();
  (void)s;
  f.url = "https://h.example/x";
  assert_int_equal(access_sub_put(a, &mika, &f, id, first, NULL), PRAC_AGAIN);
  expect("mika", "");
  say_key();
  assert_int_equal(access_sub_put(a, &mika, &f, id, first, NULL), PRAC_OK);
  assert_string_equal(opened(id, is), first);
  f.id = id;
  f.title = "other";
  assert_int_equal(access_sub_put(a, &mika, &f, same, second, NULL), PRAC_OK);
  assert_string_equal(second, ""); /* the URL is the same, and so is the secret */
  assert_string_equal(opened(id, is), first);
  f.url = "https://h.example/y";
  assert_int_equal(access_sub_put(a, &mika, &f, same, second, NULL), PRAC_OK);
  assert_string_not_equal(second, first);
  assert_string_equal(opened(id, is), second);
  assert_int_equal(access_sub_secret(a, &mika, id, first, NULL), PRAC_OK);
  assert_string_equal(opened(id, is), first);
  assert_int_equal(access_sub_secret(a, &kai, id, second, NULL), PRAC_UNKNOWN);
  say_key();
  assert_int_equal(access_sub_secret(a, &mika, id, second, NULL), PRAC_OK);
  assert_string_equal(opened(id, is), second);
  assert_int_equal(files_with(first) + files_with(second), 0);
  f.url = "";
  assert_int_equal(access_sub_put(a, &mika, &f, same, first, NULL), PRAC_OK);
  assert_int_equal(access_sub_secret(a, &mika, id, second, NULL), PRAC_RANGE);
  assert_string_equal(first, "");
}

/* The notifier has another key, and seals anew what comes to it sealed to the one before. */
static void sealed_anew(void **s)
{
  char id[ACCESS_SUB_ID], secret[ACCESS_TOKEN_TEXT], newer[ACCESS_TOKEN_TEXT], old[ACCESS_SEALED],
      hash[ACCESS_SEAL_HALF], sealed[ACCESS_SEALED], long_one[2 * ACCESS_SEALED],
      is[ACCESS_SEAL_TEXT];
  struct subscription f = form();
  struct access_seal_key first;
  struct prac_arena *arena = prac_arena_new(0);
  struct access_sub sub;
  const char *needs = NULL;
  (void)s;
  assert_int_equal(access_sub_seal_anew(a, "s0", "x", "sealed1:", NULL), PRAC_MALFORMED);
  say_key();
  first = notifier;
  f.url = "https://h.example/x";
  assert_int_equal(access_seals(a, arena, &needs, NULL), PRAC_OK);
  assert_string_equal(needs, "");
  assert_int_equal(access_sub_put(a, &mika, &f, id, secret, NULL), PRAC_OK);
  assert_int_equal(access_sub_get(a, "mika", id, arena, &sub, NULL), PRAC_OK);
  const struct access_seal_place p = {"mika", id, f.url};
  (void)snprintf(old, sizeof old, "%s", sub.s.secret);
  (void)access_seal_hash(old, hash);
  assert_int_equal(access_seal(&first, &p, secret, sealed, NULL), PRAC_OK);
  assert_int_equal(access_sub_seal_anew(a, id, hash, sealed, NULL), PRAC_DENIED); /* why? */
  say_key();
  assert_int_equal(access_sub_seal_anew(a, id, hash, sealed, NULL), PRAC_DENIED); /* of before */
  assert_int_equal(access_seals(a, arena, &needs, NULL), PRAC_OK);
  assert_string_equal(needs, first.name);
  assert_int_equal(access_seal(&notifier, &p, secret, sealed, NULL), PRAC_OK);
  assert_int_equal(access_sub_seal_anew(a, "s0", hash, sealed, NULL), PRAC_UNKNOWN);
  hash[0] ^= 1;
  assert_int_equal(access_sub_seal_anew(a, id, hash, sealed, NULL), PRAC_UNKNOWN);
  hash[0] ^= 1;
  (void)snprintf(long_one, sizeof long_one, "%s%s", sealed, sealed + 25);
  assert_int_equal(access_sub_seal_anew(a, id, hash, long_one, NULL), PRAC_MALFORMED);
  sealed[30] ^= 0x40;
  assert_int_equal(access_sub_seal_anew(a, id, hash, sealed, NULL), PRAC_MALFORMED);
  sealed[30] ^= 0x40;
  assert_int_equal(access_sub_seal_anew(a, id, hash, sealed, NULL), PRAC_OK);
  assert_string_equal(opened(id, is), secret);
  assert_int_equal(access_seals(a, arena, &needs, NULL), PRAC_OK);
  assert_string_equal(needs, notifier.name);
  /* A secret that was made meanwhile is not undone. */
  say_key();
  assert_int_equal(access_sub_get(a, "mika", id, arena, &sub, NULL), PRAC_OK);
  (void)access_seal_hash(sub.s.secret, hash);
  assert_int_equal(access_seal(&notifier, &p, secret, sealed, NULL), PRAC_OK);
  assert_int_equal(access_sub_secret(a, &mika, id, newer, NULL), PRAC_OK);
  assert_int_equal(access_sub_seal_anew(a, id, hash, sealed, NULL), PRAC_UNKNOWN);
  assert_string_equal(opened(id, is), newer);
  assert_int_equal(access_sub_end(a, &mika, id, NULL), PRAC_OK);
  assert_int_equal(access_seals(a, arena, &needs, NULL), PRAC_OK);
  assert_string_equal(needs, "");
  prac_arena_free(&arena);
}

/* A file of before, with what it has left in free pages and in the log. */
static void secrets_of_before(void **s)
{
  static const char old[] = "hs_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
  char id[ACCESS_SUB_ID], secret[ACCESS_TOKEN_TEXT], is[ACCESS_SEAL_TEXT], cmd[512];
  struct prac_clock wall = prac_clock_virtual(T0);
  struct subscription f = form();
  (void)s;
  say_key();
  f.url = "https://h.example/x";
  assert_int_equal(access_sub_put(a, &mika, &f, id, secret, NULL), PRAC_OK);
  (void)snprintf(cmd, sizeof cmd,
                 "UPDATE subscription SET secret = '%s'; CREATE TABLE gone(x);"
                 "INSERT INTO gone SELECT hex(randomblob(9000)) || '%s' FROM (VALUES(1), (2));"
                 "DROP TABLE gone; DROP TABLE saved; DELETE FROM meta WHERE k = 'seal';"
                 "PRAGMA user_version = 3;",
                 old, old);
  assert_int_equal(sqlite3_exec(a->db, cmd, NULL, NULL, NULL), SQLITE_OK);
  access_close(&a);
  assert_true(files_with(old) > 0);
  a = accounts_open(path, NULL, &wall);
  assert_int_equal(access_subs_seal(a, NULL), PRAC_AGAIN); /* to whom? */
  say_key();
  sqlite3 *reader = NULL; /* who reads an old state of it keeps the log */
  assert_int_equal(sqlite3_open(path, &reader), SQLITE_OK);
  assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM user", NULL, NULL, NULL),
                   SQLITE_OK);
  assert_int_not_equal(access_subs_seal(a, NULL), PRAC_OK);
  sqlite3_close(reader);
  assert_int_equal(access_subs_seal(a, NULL), PRAC_OK);
  assert_int_equal(files_with(old), 0);
  assert_string_equal(opened(id, is), old);
  assert_int_equal(access_subs_seal(a, NULL), PRAC_OK); /* once is enough */
}

int main(void)
{
  const struct CMUnitTest t[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, finish)
      T(its_owner_s_rights),
      T(so_many),
      T(what_is_refused),
      T(an_address_is_confirmed),
      T(no_bombs),
      T(feeds),
      T(whose_addresses),
      T(an_organisation_s_room),
      T(unbound),
      T(secrets_are_sealed),
      T(sealed_anew),
      T(secrets_of_before),
  };
  return cmocka_run_group_tests_name("access_subs", t, NULL, NULL);
}
