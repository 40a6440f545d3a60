/* Who asks, and whether this request may go on. All of it on the server's thread. */
#include "portal/who.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "portal/desk.h"
#include "portal/share.h"
#include "sys/http_target.h"

enum { SLOTS = 1024, ARENA = 1024, DETAIL_MAX = 2000, SEEN_PARTS = 8 };

struct portal_reader {
  _Atomic unsigned refs;
  struct prac_arena *arena;
  struct access_who who;
  char token[ACCESS_TOKEN_TEXT];
  /* the server's thread only: */
  uint64_t rights;      /* of the file when this was true */
  prac_time used, told; /* last use; last use that the file was told of */
};

struct portal_door {
  struct desk *desk;
  int64_t idle_ns;
  uint64_t rights;
  struct portal_reader *slots[SLOTS];
};

/* What goes with a request. */
struct asking {
  struct portal_reader *reader;
  bool door; /* there are accounts: without a reader it is nobody */
  struct prac_arena *arena;
  void *body;
};

/* Sees nothing: what somebody is who has not said who, where there are accounts. */
static const struct access_who nobody = {
    .user = "", .name = "", .org = "", .org_title = "", .role = ACCESS_VIEWER};

struct portal_reader *portal_reader_ref(struct portal_reader *rd)
{
  if (rd) atomic_fetch_add(&rd->refs, 1);
  return rd;
}

void portal_reader_unref(struct portal_reader *rd)
{
  if (!rd || atomic_fetch_sub(&rd->refs, 1) != 1) return;
  explicit_bzero(rd->token, sizeof rd->token);
  prac_arena_free(&rd->arena);
  free(rd);
}

const struct access_who *portal_reader_who(const struct portal_reader *rd)
{
  return rd ? &rd->who : &access_local;
}

struct portal_reader *portal_reader(const struct sys_http_req *r)
{
  const struct asking *k = sys_http_kept(r);
  return k ? k->reader : NULL;
}

const struct access_who *portal_who(const struct sys_http_req *r)
{
  const struct asking *k = sys_http_kept(r);
  return k && k->door && !k->reader ? &nobody : portal_reader_who(k ? k->reader : NULL);
}

const void *portal_body(const struct sys_http_req *r)
{
  const struct asking *k = sys_http_kept(r);
  return k ? k->body : NULL;
}

static void asking_free(void *arg)
{
  struct asking *k = arg;
  portal_reader_unref(k->reader);
  prac_arena_free(&k->arena);
  free(k);
}

/* ---- the sessions in use ---- */

prac_rc portal_door_open(struct portal *p, struct prac_err *reterr)
{
  struct access_conf c = {.idle_ns = p->conf.session_idle_ns,
                          .life_ns = p->conf.session_life_ns,
                          .sessions_each = p->conf.sessions_each,
                          .audit_keep_ns = p->conf.audit_keep_ns};
  if (!p->conf.accounts) return PRAC_OK;
  if (!p->env.accounts || !p->env.clock)
    return PRAC_FAIL(reterr, PRAC_UNSUPPORTED, "portal.accounts: there are none in this mode");
  p->door = calloc(1, sizeof *p->door);
  if (!p->door) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for accounts");
  p->door->idle_ns = c.idle_ns;
  return desk_open(p->env.accounts, &c, p->env.clock, p->env.log, &p->door->desk, reterr);
}

static void forget_all(struct portal_door *d)
{
  for (size_t i = 0; i < SLOTS; i++) {
    portal_reader_unref(d->slots[i]);
    d->slots[i] = NULL;
  }
}

void portal_door_stop(struct portal *p)
{
  if (p->door && p->door->desk) desk_stop(p->door->desk);
}

void portal_door_close(struct portal *p)
{
  if (!p->door) return;
  forget_all(p->door);
  desk_close(&p->door->desk);
  free(p->door);
  p->door = NULL;
}

struct desk *portal_desk(struct portal *p)
{
  return p->door ? p->door->desk : NULL;
}

static bool expired(const struct portal_door *d, const struct portal_reader *rd, prac_time now)
{
  return !rd->who.by_key && (now >= rd->who.ends || now - rd->used >= d->idle_ns);
}

/* Used now; the file is told now and then. What finds no room will be told later. */
static void touch(struct portal *p, struct portal_reader *rd, prac_time now)
{
  struct portal_door *d = p->door;
  rd->used = now;
  if (now - rd->told < d->idle_ns / SEEN_PARTS) return;
  struct desk_job *j = desk_job_new(p, NULL, rd);
  if (j && desk_put(d->desk, j) == PRAC_OK)
    rd->told = now;
  else
    desk_job_free(&j);
}

static prac_rc look_up(struct portal_door *d, const char *token, struct portal_reader **ret,
                       struct prac_err *err)
{
  struct portal_reader *rd = calloc(1, sizeof *rd);
  if (!rd) return PRAC_FAIL(err, PRAC_NOMEM, "no memory for a session");
  rd->refs = 1;
  rd->arena = prac_arena_new(ARENA);
  prac_rc rc = rd->arena ? access_who_is(desk_reader(d->desk), token, rd->arena, &rd->who, err)
                         : PRAC_FAIL(err, PRAC_NOMEM, "no memory for a session");
  if (rc != PRAC_OK) {
    portal_reader_unref(rd);
    return rc;
  }
  memcpy(rd->token, token, strlen(token) + 1);
  rd->rights = d->rights;
  rd->used = rd->told = rd->who.seen;
  *ret = rd;
  return PRAC_OK;
}

/* What was known is forgotten when anybody's rights may have changed. */
static prac_rc refresh(struct portal *p, struct prac_err *err)
{
  struct portal_door *d = p->door;
  uint64_t rights;
  PRAC_TRY(access_rights(desk_reader(d->desk), &rights, err));
  if (rights != d->rights) {
    forget_all(d);
    atomic_store(&p->rights_moved, true);
  }
  d->rights = rights;
  return PRAC_OK;
}

/* In the same time wherever they differ. */
static bool same(const char *a, const char *b)
{
  size_t n = strlen(a);
  unsigned char diff = 0;
  if (n != strlen(b)) return false;
  for (size_t i = 0; i < n; i++) diff |= (unsigned char)(a[i] ^ b[i]);
  return diff == 0;
}

/* *ret is the door's own reference. */
static prac_rc reader_of(struct portal *p, const char *token, struct portal_reader **ret,
                         struct prac_err *err)
{
  struct portal_door *d = p->door;
  prac_time now = prac_now(p->env.clock);
  PRAC_TRY(refresh(p, err));
  struct portal_reader **slot = &d->slots[prac_hash_bytes(p->seed, token, strlen(token)) % SLOTS],
                       *fresh;
  if (!*slot || !same((*slot)->token, token) || expired(d, *slot, now)) {
    PRAC_TRY(look_up(d, token, &fresh, err));
    portal_reader_unref(*slot);
    *slot = fresh;
  }
  touch(p, *slot, now);
  *ret = *slot;
  return PRAC_OK;
}

/* b lives shorter. */
static bool same_rights(const struct portal_reader *a, const struct portal_reader *b)
{
  const char *x = access_scope_words(&a->who.scope, b->arena),
             *y = access_scope_words(&b->who.scope, b->arena);
  return x && y && strcmp(x, y) == 0 && a->who.scope.clearance == b->who.scope.clearance &&
         a->who.role == b->who.role && strcmp(a->who.org, b->who.org) == 0;
}

bool portal_still(void *arg, void *kept)
{
  struct portal *p = arg;
  struct portal_door *d = p->door;
  struct asking *k = kept;
  struct portal_reader *rd = k ? k->reader : NULL, *now_is = NULL;
  if (!d || !rd) return true;
  if (refresh(p, NULL) != PRAC_OK) return false;
  prac_time now = prac_now(p->env.clock);
  if (rd->rights != d->rights) { /* somebody's have changed: this one's? */
    if (look_up(d, rd->token, &now_is, NULL) != PRAC_OK) return false;
    bool same = same_rights(rd, now_is);
    portal_reader_unref(now_is);
    if (!same) return false;
    rd->rights = d->rights;
  }
  if (expired(d, rd, now)) return false;
  touch(p, rd, now);
  return true;
}

/* ---- may it go on? ---- */

const char *portal_cookie_name(const struct sys_http_req *r)
{
  return sys_http_by_tls(r) ? "__Host-practice" : "practice";
}

/* What says who asks; false: nothing. A key is never a cookie: no browser may be given one. */
static bool token_of(const struct sys_http_req *r, char *to, size_t cap)
{
  if (sys_http_bearer(sys_http_header(r, "Authorization"), to, cap) && strncmp(to, "pk_", 3) == 0)
    return true;
  return sys_http_cookie(sys_http_header(r, "Cookie"), portal_cookie_name(r), to, cap) &&
         strncmp(to, "pk_", 3) != 0 && strncmp(to, "fd_", 3) != 0;
}

/* The last part of the path; nothing else then says who asks. */
static bool path_token(const struct sys_http_req *r, char *to, size_t cap)
{
  const char *s = strrchr(sys_http_path(r), '/');
  if (!s || strncmp(s, "/fd_", 4) != 0 || strlen(s + 1) >= cap) return false;
  memcpy(to, s + 1, strlen(s + 1) + 1);
  return true;
}

static bool not_from_elsewhere(struct sys_http_req *r, bool by_key)
{
  const char *sent = sys_http_header(r, "X-Practice"), *origin = sys_http_header(r, "Origin"),
             *site = sys_http_header(r, "Sec-Fetch-Site"),
             *type = sys_http_header(r, "Content-Type");
  bool own = by_key || (sent && strcmp(sent, "1") == 0);
  if (origin && !sys_http_origin_is(origin, sys_http_header(r, "Host"))) own = false;
  if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0) own = false;
  if (!own) {
    portal_send_error(r, 403, "cross_site",
                      "a request that changes something must come from this portal's own page "
                      "(X-Practice: 1), or carry an API key");
    return false;
  }
  if (!sys_http_type_is(type, "application/json")) {
    portal_send_error(r, 415, "not_json", "the body must be application/json");
    return false;
  }
  return true;
}

static void answer_failed(struct sys_http_req *r, prac_rc rc, const struct prac_err *err)
{
  if (rc == PRAC_DENIED)
    portal_send_error(r, 401, "sign_in", "%s", err->text);
  else
    portal_send_error(r, 503, "accounts", "accounts can not be read now; try again later");
}

/* Finds out who asks: k->reader, NULL when nobody says. False: answered. */
static bool find_reader(struct portal *p, struct sys_http_req *r, const struct portal_route *t,
                        struct asking *k)
{
  struct prac_err err = {0};
  char token[ACCESS_TOKEN_TEXT];
  struct portal_reader *rd = NULL;
  prac_rc rc = PRAC_FAIL(&err, PRAC_DENIED, "sign in first");
  bool said = t->by_path ? path_token(r, token, sizeof token) : token_of(r, token, sizeof token);
  if (said) rc = reader_of(p, token, &rd, &err);
  explicit_bzero(token, sizeof token);
  k->reader = portal_reader_ref(rd);
  if (rc == PRAC_OK || (rc == PRAC_DENIED && t->need == PORTAL_ANYONE)) return true;
  answer_failed(r, rc, &err);
  return false;
}

static bool role_fits(struct sys_http_req *r, enum portal_need need)
{
  if (need == PORTAL_ANYONE || (int)portal_who(r)->role >= (int)need - PORTAL_VIEWER) return true;
  portal_send_error(r, 403, "role", "this is for %ss and above",
                    access_role_names[(int)need - PORTAL_VIEWER]);
  return false;
}

bool portal_may(struct sys_http_req *r, enum portal_need need)
{
  return role_fits(r, need);
}

static bool read_body(struct sys_http_req *r, const struct model_kind *kind, struct asking *k)
{
  struct prac_err err = {0};
  size_t n;
  const void *data = sys_http_body(r, &n);
  k->arena = prac_arena_new(ARENA);
  k->body = k->arena ? prac_arena_alloc(k->arena, kind->size) : NULL;
  prac_rc rc = k->body ? model_from_json(kind, data, n, k->arena, k->body, &err) : PRAC_NOMEM;
  if (rc == PRAC_OK) return true;
  if (rc == PRAC_NOMEM)
    portal_send_error(r, 503, "busy", "no memory for this request now; try again");
  else
    portal_send_error(r, 400, "bad_body", "%s", *err.text ? err.text : "the body is not readable");
  return false;
}

bool portal_admit(struct portal *p, struct sys_http_req *r, const struct portal_route *t)
{
  bool changes = t->method == SYS_HTTP_POST;
  struct asking *k = p->door || changes ? calloc(1, sizeof *k) : NULL;
  if (!k && (p->door || changes)) {
    portal_send_error(r, 503, "busy", "no memory for this request now; try again");
    return false;
  }
  if (k) {
    k->door = p->door != NULL;
    sys_http_keep(r, k, asking_free);
  }
  if (p->door && !find_reader(p, r, t, k)) return false;
  if (!role_fits(r, t->need)) return false;
  if (changes && !not_from_elsewhere(r, portal_who(r)->by_key)) return false;
  return !t->body || read_body(r, t->body, k);
}

/* ---- the audit ---- */

/* "by=port limit=10": what was asked; what does not fit is cut, and that is said. A blank within a
 * value is a "+", so that none can look like two. */
static void params_of(const struct sys_http_req *r, char text[DETAIL_MAX])
{
  const char *name, *value;
  size_t n = 0;
  bool cut = false;
  for (size_t i = 0; !cut && sys_http_param_at(r, i, &name, &value); i++) {
    size_t room = DETAIL_MAX - n, start = n;
    int k = snprintf(text + n, room, "%s%s=%s", n ? " " : "", name, value);
    cut = k < 0 || (size_t)k >= room;
    n += cut ? room - 1 : (size_t)k;
    for (size_t at = start + (start > 0); at < n; at++)
      if (text[at] == ' ') text[at] = '+';
  }
  if (cut) {
    n = DETAIL_MAX - sizeof "...";
    while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80) n--; /* no half characters */
    memcpy(text + n, "...", sizeof "...");
    n += 3;
  }
  text[n] = 0;
}

/* Does a question that everybody may ask name a host? Rather too often than not. */
static bool names_hosts(const struct sys_http_req *r)
{
  const char *name, *value;
  if (strncmp(sys_http_path(r), "/api/v1/about/", 14) == 0) return true;
  for (size_t i = 0; sys_http_param_at(r, i, &name, &value); i++)
    if (strstr(name, "src") || strstr(value, "src") || strstr(name, "victim") ||
        strstr(value, "victim"))
      return true;
  return false;
}

/* As a file. */
static bool leaves(const struct sys_http_req *r)
{
  const char *format = sys_http_param(r, "format");
  return format && strcmp(format, "json") != 0;
}

static bool is_noted(const struct sys_http_req *r, const struct portal_route *t)
{
  if (t->own_line) return false;
  bool of_few = t->need == PORTAL_ANALYST || t->need == PORTAL_ADMIN;
  return leaves(r) || (of_few && !t->told) || names_hosts(r) ||
         (t->method == SYS_HTTP_POST && t->need != PORTAL_ANYONE);
}

bool portal_note(struct portal *p, struct sys_http_req *r, const struct portal_route *t)
{
  char params[DETAIL_MAX];
  if (!is_noted(r, t)) return true;
  params_of(r, params);
  return portal_note_as(p, r, leaves(r) ? "export" : t->name, sys_http_path(r), params);
}

bool portal_note_as(struct portal *p, struct sys_http_req *r, const char *what, const char *on,
                    const char *detail)
{
  if (!p->door) return true;
  struct desk_job *j = desk_job_new(p, r, portal_reader(r));
  prac_rc rc = PRAC_FULL;
  if (j)
    j->note = (struct access_event){.what = what,
                                    .on = prac_arena_strndup(j->arena, on, strlen(on)),
                                    .detail = prac_arena_strndup(j->arena, detail, strlen(detail)),
                                    .from = j->from};
  if (j && j->note.on && j->note.detail) rc = desk_put(p->door->desk, j);
  if (rc == PRAC_OK) return true;
  desk_job_free(&j);
  portal_send_busy(p, r, rc, "what is asked here is noted, and can not be noted now");
  return false;
}
