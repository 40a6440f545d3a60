/* Addresses of people: told nothing before whoever reads them has given back a code. */
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "access/impl.h"
#include "access/subs.h"

enum {
  CODE_BYTES = 5,
  TRIES = 5,
  SAME_ADDRESS = 3,
  ORG_WAITING = 40,
  ALL_WAITING = 400,
  ADDRESS_MAX = 128
};
#define PAUSE_NS (10 * PRAC_MIN)
#define LIFE_NS (48 * PRAC_HOUR)

struct row {
  bool known, confirmed;
  uint8_t code[ACCESS_HASH];
  int64_t tries, letters;
  prac_time sent;
};

bool access_mail_ok(const char *s)
{
  const char *at = strrchr(s, '@');
  size_t n = strlen(s);
  if (!at || at == s || n > ADDRESS_MAX || strchr(s, '@') != at) return false;
  for (size_t i = 0; i < n; i++)
    if ((unsigned char)s[i] <= ' ' || (unsigned char)s[i] >= 0x7f || strchr("<>()[]\\,;:\"", s[i]))
      return false;
  size_t host = strlen(at + 1);
  return host > 0 && at[1] != '-' && at[1] != '.' && at[host] != '.' && !strstr(at, "..") &&
         strspn(at + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-") == host;
}

static prac_rc get(struct access *a, const struct access_who *who, const char *address,
                   struct row *ret, struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_MAIL_GET);
  access_bind_text(s, 1, who->user);
  access_bind_text(s, 2, address);
  *ret = (struct row){.known = false};
  prac_rc rc = access_sql_row(a, s, reterr);
  if (rc == PRAC_UNKNOWN) return PRAC_OK;
  PRAC_TRY(rc);
  ret->known = true;
  if (sqlite3_column_bytes(s, 0) == ACCESS_HASH)
    memcpy(ret->code, sqlite3_column_blob(s, 0), ACCESS_HASH);
  ret->tries = sqlite3_column_int64(s, 1);
  ret->letters = sqlite3_column_int64(s, 2);
  ret->sent = sqlite3_column_int64(s, 3);
  ret->confirmed = access_col_time(s, 4) != PRAC_TIME_NONE;
  (void)sqlite3_reset(s);
  return PRAC_OK;
}

static prac_rc put(struct access *a, const struct access_who *who, const char *address,
                   const struct row *r, struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_MAIL_PUT);
  access_bind_text(s, 1, who->user);
  access_bind_text(s, 2, address);
  if (!r->confirmed) (void)sqlite3_bind_blob(s, 3, r->code, ACCESS_HASH, SQLITE_TRANSIENT);
  (void)sqlite3_bind_int64(s, 4, r->tries);
  (void)sqlite3_bind_int64(s, 5, r->letters);
  (void)sqlite3_bind_int64(s, 6, r->sent);
  if (r->confirmed) (void)sqlite3_bind_int64(s, 7, prac_now(&a->wall));
  return access_sql_run(a, s, reterr);
}

static prac_rc line(struct access *a, const struct access_who *who, const char *what,
                    const char *address, struct prac_err *reterr)
{
  return access_line_add(a, &(struct access_line){who->user, who->org, what, address, NULL, NULL},
                         reterr);
}

static prac_rc may_ask(struct access *a, const struct access_who *who, const char *address,
                       const struct row *r, struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_MAIL_COUNT);
  access_bind_text(s, 1, who->user);
  access_bind_text(s, 2, address);
  access_bind_text(s, 3, who->org);
  PRAC_TRY(access_sql_row(a, s, reterr));
  int64_t own = sqlite3_column_int64(s, 0), same = sqlite3_column_int64(s, 1),
          org = sqlite3_column_int64(s, 2), all = sqlite3_column_int64(s, 3),
          ever = sqlite3_column_int64(s, 4);
  (void)sqlite3_reset(s);
  if (r->known && (r->letters >= ACCESS_LETTERS || prac_now(&a->wall) - r->sent < PAUSE_NS))
    return PRAC_FAIL(reterr, PRAC_AGAIN, "a code was sent to this address a short while ago");
  if (!r->known && ever >= ACCESS_MAILS)
    return PRAC_FAIL(reterr, PRAC_RANGE, "at most %d addresses of one person: end one",
                     ACCESS_MAILS);
  if (!r->known &&
      (own >= ACCESS_WAITING || same >= SAME_ADDRESS || org >= ORG_WAITING || all >= ALL_WAITING))
    return PRAC_FAIL(reterr, PRAC_AGAIN, "too many addresses wait for their code; try tomorrow");
  return PRAC_OK;
}

static prac_rc ask(struct access *a, const struct access_who *who, const char *address,
                   const char *code, struct prac_err *reterr)
{
  struct row r;
  sqlite3_stmt *s = access_sql(a, SQL_MAIL_OLD);
  (void)sqlite3_bind_int64(s, 1, prac_now(&a->wall) - LIFE_NS);
  PRAC_TRY(access_sql_run(a, s, reterr));
  PRAC_TRY(get(a, who, address, &r, reterr));
  if (r.confirmed) return PRAC_FAIL(reterr, PRAC_EXISTS, "the address is confirmed already");
  PRAC_TRY(may_ask(a, who, address, &r, reterr));
  access_sha256(code, strlen(code), r.code);
  r.tries = 0;
  r.letters++;
  r.sent = prac_now(&a->wall);
  PRAC_TRY(put(a, who, address, &r, reterr));
  return line(a, who, "mail code sent", address, reterr);
}

prac_rc access_mail_ask(struct access *a, const struct access_who *who, const char *address,
                        char code[ACCESS_CODE], struct prac_err *reterr)
{
  uint8_t bits[CODE_BYTES];
  if (!access_mail_ok(address))
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "address: \"%.60s\" is none", address);
  PRAC_TRY(access_random(bits, sizeof bits, reterr));
  access_base32(bits, sizeof bits, code);
  PRAC_TRY(access_begin(a, reterr));
  return access_end(a, ask(a, who, address, code, reterr), reterr);
}

/* A wrong one is counted, so what it returns is not what ends the transaction. */
static prac_rc confirm(struct access *a, const struct access_who *who, const char *address,
                       const char *code, bool *ret_fits, struct prac_err *reterr)
{
  struct row r;
  uint8_t hash[ACCESS_HASH];
  PRAC_TRY(get(a, who, address, &r, reterr));
  if (!r.known) return PRAC_FAIL(reterr, PRAC_UNKNOWN, "no code was sent to this address");
  *ret_fits = r.confirmed;
  if (r.confirmed) return PRAC_OK;
  access_sha256(code, strlen(code), hash);
  *ret_fits = r.tries < TRIES && prac_now(&a->wall) - r.sent < LIFE_NS &&
              CRYPTO_memcmp(hash, r.code, sizeof hash) == 0;
  r.tries++;
  r.confirmed = *ret_fits;
  PRAC_TRY(put(a, who, address, &r, reterr));
  return line(a, who, *ret_fits ? "mail confirmed" : "mail code wrong", address, reterr);
}

prac_rc access_mail_confirm(struct access *a, const struct access_who *who, const char *address,
                            const char *code, struct prac_err *reterr)
{
  bool fits = false;
  PRAC_TRY(access_begin(a, reterr));
  PRAC_TRY(access_end(a, confirm(a, who, address, code, &fits, reterr), reterr));
  return fits ? PRAC_OK
              : PRAC_FAIL(reterr, PRAC_DENIED,
                          "this is not the code, or it was tried too often: ask for a new one");
}

/* One that waits for its code stays until that ends, or asking, ending and asking again would be a
 * way to send as many letters as one likes. */
prac_rc access_mail_end(struct access *a, const struct access_who *who, const char *address,
                        struct prac_err *reterr)
{
  struct access_line l = {who->user, who->org, "mail ended", address, NULL, NULL};
  sqlite3_stmt *s = access_sql(a, SQL_MAIL_DROP);
  access_bind_text(s, 1, who->user);
  access_bind_text(s, 2, address);
  return access_change(a, s, "confirmed address of yours", &l, reterr);
}

static void put_mail(sqlite3_stmt *s, struct prac_json *j)
{
  prac_json_key_str(j, "address", access_col_text(s, 0));
  prac_json_key_time(j, "confirmed", access_col_time(s, 1));
  prac_json_key_time(j, "sent", access_col_time(s, 2));
}

prac_rc access_mails_json(struct access *a, const char *user, struct prac_json *j)
{
  sqlite3_stmt *s = access_sql(a, SQL_MAILS);
  access_bind_text(s, 1, user);
  return access_sql_json(a, s, put_mail, j);
}
