/* Secrets of webhooks in the accounts' file: made, sealed at once, and never read back. */
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "access/impl.h"
#include "access/subs.h"

static const char meta[] = "seal"; /* b: the public key; n: 1 when nothing is in clear any more */

static prac_rc read_meta(struct access *a, bool *ret_clean, struct access_seal_key *ret,
                         struct prac_err *reterr)
{
  char text[ACCESS_SEAL_HALF];
  sqlite3_stmt *s = access_sql(a, SQL_META_GET);
  access_bind_text(s, 1, meta);
  prac_rc rc = access_sql_row(a, s, reterr);
  if (rc == PRAC_OK) {
    *ret_clean = sqlite3_column_int64(s, 0) != 0;
    bool whole = sqlite3_column_bytes(s, 1) == ACCESS_HPKE_KEY;
    rc = whole ? access_seal_key_read(access_hex(sqlite3_column_blob(s, 1), ACCESS_HPKE_KEY, text),
                                      ret, reterr)
               : PRAC_UNKNOWN;
    (void)sqlite3_reset(s);
  }
  return rc == PRAC_UNKNOWN ? PRAC_FAIL(reterr, PRAC_AGAIN,
                                        "the notifier has not said yet what secrets are sealed "
                                        "with: no webhooks until it runs")
                            : rc;
}

static prac_rc write_meta(struct access *a, bool clean, const struct access_seal_key *k,
                          struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_META_PUT);
  access_bind_text(s, 1, meta);
  (void)sqlite3_bind_int64(s, 2, clean);
  (void)sqlite3_bind_blob(s, 3, k->public, sizeof k->public, SQLITE_TRANSIENT);
  return access_sql_run(a, s, reterr);
}

prac_rc access_seal_key_get(struct access *a, struct access_seal_key *ret, struct prac_err *reterr)
{
  bool clean;
  return read_meta(a, &clean, ret, reterr);
}

static prac_rc put_key(struct access *a, const struct access_seal_key *k, struct prac_err *reterr)
{
  struct access_seal_key old;
  bool clean = false;
  prac_rc rc = read_meta(a, &clean, &old, NULL);
  if (rc == PRAC_OK && memcmp(old.public, k->public, sizeof k->public) == 0) return PRAC_OK;
  if (rc != PRAC_OK && rc != PRAC_AGAIN) return access_sql_fail(a, reterr);
  PRAC_TRY(write_meta(a, clean, k, reterr));
  return access_line_add(
      a, &(struct access_line){"notify", NULL, "key of secrets", k->name, NULL, NULL}, reterr);
}

prac_rc access_seal_key_put(struct access *a, const struct access_seal_key *k,
                            struct prac_err *reterr)
{
  PRAC_TRY(access_begin(a, reterr));
  return access_end(a, put_key(a, k, reterr), reterr);
}

/* ---- another key than before ---- */

prac_rc access_seals(struct access *a, struct prac_arena *arena, const char **ret,
                     struct prac_err *reterr)
{
  sqlite3_stmt *s = access_sql(a, SQL_SUB_SEALS);
  PRAC_TRY(access_sql_row(a, s, reterr));
  const char *names = access_keep(arena, s, 0);
  (void)sqlite3_reset(s);
  if (!names) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for names of keys");
  *ret = names;
  return PRAC_OK;
}

/* What may take its place: only the text that the new one was made from. */
static prac_rc may_replace(struct access *a, const struct access_seal_key *k, const char *id,
                           const char *hash, struct prac_err *reterr)
{
  char is[ACCESS_SEAL_HALF];
  sqlite3_stmt *s = access_sql(a, SQL_SUB_KEPT);
  access_bind_text(s, 1, id);
  prac_rc rc = access_sql_row(a, s, reterr);
  if (rc == PRAC_UNKNOWN) return PRAC_FAIL(reterr, rc, "there is no such subscription");
  PRAC_TRY(rc);
  bool old = !access_sealed_to(access_col_text(s, 0), k->name);
  (void)access_seal_hash(access_col_text(s, 0), is);
  (void)sqlite3_reset(s);
  if (strcmp(is, hash) != 0) return PRAC_FAIL(reterr, PRAC_UNKNOWN, "it has another secret by now");
  return old ? PRAC_OK : PRAC_FAIL(reterr, PRAC_DENIED, "it is sealed to the key of now");
}

static prac_rc seal_anew(struct access *a, const char *id, const char *hash, const char *sealed,
                         struct prac_err *reterr)
{
  struct access_seal_key k;
  PRAC_TRY(access_seal_key_get(a, &k, reterr));
  if (!access_sealed_to(sealed, k.name))
    return PRAC_FAIL(reterr, PRAC_DENIED, "it is not sealed to the key of now, %s", k.name);
  PRAC_TRY(may_replace(a, &k, id, hash, reterr));
  sqlite3_stmt *s = access_sql(a, SQL_SUB_SEAL);
  access_bind_text(s, 1, id);
  access_bind_text(s, 2, sealed);
  const struct access_line l = {"notify", NULL, "subscription sealed anew", id, k.name, NULL};
  return access_change(a, s, "subscription", &l, reterr);
}

prac_rc access_sub_seal_anew(struct access *a, const char *id, const char *hash, const char *sealed,
                             struct prac_err *reterr)
{
  if (!access_sealed_whole(sealed)) return PRAC_FAIL(reterr, PRAC_MALFORMED, "no sealed secret");
  PRAC_TRY(access_begin(a, reterr));
  return access_end(a, seal_anew(a, id, hash, sealed, reterr), reterr);
}

prac_rc access_sub_secret_new(struct access *a, const struct access_seal_place *p,
                              char secret[ACCESS_TOKEN_TEXT], char sealed[ACCESS_SEALED],
                              struct prac_err *reterr)
{
  uint8_t hash[ACCESS_HASH];
  struct access_seal_key k;
  PRAC_TRY(access_seal_key_get(a, &k, reterr));
  PRAC_TRY(access_token_new("hs_", secret, hash, reterr));
  return access_seal(&k, p, secret, sealed, reterr);
}

/* ---- secrets of before ---- */

/* One of them; PRAC_UNKNOWN: there is none. Without a URL it is of no use. */
static prac_rc seal_one(struct access *a, const struct access_seal_key *k, struct prac_err *reterr)
{
  char id[ACCESS_SUB_ID], sealed[ACCESS_SEALED] = "";
  sqlite3_stmt *s = access_sql(a, SQL_SUB_CLEAR);
  PRAC_TRY(access_sql_row(a, s, reterr));
  struct access_seal_place p = {access_col_text(s, 1), access_col_text(s, 0),
                                access_col_text(s, 2)};
  (void)snprintf(id, sizeof id, "%s", p.id);
  prac_rc rc = *p.url ? access_seal(k, &p, access_col_text(s, 3), sealed, reterr) : PRAC_OK;
  (void)sqlite3_reset(s);
  if (rc == PRAC_RANGE) rc = PRAC_OK; /* nobody's secret: we never made one of that length */
  PRAC_TRY(rc);
  s = access_sql(a, SQL_SUB_SEAL);
  access_bind_text(s, 1, id);
  access_bind_text(s, 2, sealed);
  return access_sql_run(a, s, reterr);
}

/* Deleted rows live on in free pages and in the log beside the file until both are written anew. */
static prac_rc scrub(struct access *a, struct prac_err *reterr)
{
  int log = 0, done = 0;
  for (size_t i = 0; i < SQL_COUNT_; i++) (void)sqlite3_reset(a->st[i]);
  if (sqlite3_exec(a->db, "PRAGMA temp_store = MEMORY; VACUUM", NULL, NULL, NULL) != SQLITE_OK)
    return access_sql_fail(a, reterr);
  int st = sqlite3_wal_checkpoint_v2(a->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &log, &done);
  if (st == SQLITE_BUSY) return PRAC_FAIL(reterr, PRAC_AGAIN, "%s is being read", a->path);
  return st == SQLITE_OK ? PRAC_OK : access_sql_fail(a, reterr);
}

prac_rc access_subs_seal(struct access *a, struct prac_err *reterr)
{
  struct access_seal_key k;
  bool clean = false;
  PRAC_TRY(read_meta(a, &clean, &k, reterr));
  if (clean) return PRAC_OK;
  PRAC_TRY(access_begin(a, reterr));
  prac_rc rc;
  while ((rc = seal_one(a, &k, reterr)) == PRAC_OK) continue;
  PRAC_TRY(access_end(a, rc == PRAC_UNKNOWN ? PRAC_OK : rc, reterr));
  PRAC_TRY(scrub(a, reterr));
  return write_meta(a, true, &k, reterr);
}
