/* There and back: the lane of people who sign in with an identity provider's word. */
#include "portal/oidc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oidc/text.h"
#include "portal/desk.h"
#include "portal/oidc_half.h"
#include "portal/session.h"
#include "portal/who.h"
#include "sys/http_target.h"
#include "sys/wall.h"

enum { COOKIE_TEXT = 256, LOCATION = OIDC_WAY_URL + 64 };
enum kind { START, BACK, END };
/* In the arena of its desk job, which lives as long. */
struct errand {
  struct errand *next;
  struct desk_job *desk;
  enum kind kind;
  int64_t since;            /* monotonic */
  char crowd[PRAC_IP_TEXT]; /* who shares the bounds of one address: of IPv6 a /64 */
  const char *to;
  struct oidc_back back;
  struct oidc_outcome out;
};
struct portal_oidc {
  struct oidc_env env;
  struct oidc *oidc;
  struct oidc_halves *halves;
  pthread_mutex_t lock; /* guards the queue; taken alone */
  pthread_cond_t more;
  struct errand *first, **end;
  size_t n;
  _Atomic bool stopping; /* the lane's questions look at it, too */
  bool have_thread;
  bool failed;          /* the lane's: said so, and nobody got through since */
  _Atomic bool can_end; /* there is a place to sign out */
  pthread_t thread;
};

/* ---- answers ---- */

static void cookie(const struct sys_http_req *r, const char *value, int64_t life_s,
                   char to[COOKIE_TEXT])
{
  (void)snprintf(to, COOKIE_TEXT, "%s-oidc=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%lld%s",
                 portal_cookie_name(r), value, (long long)life_s,
                 sys_http_by_tls(r) ? "; Secure" : "");
}

/* With cookies; NULL: none. */
static void redirect(struct sys_http_req *r, const char *location, const char *first,
                     const char *second)
{
  sys_http_respond(
      r, &(struct sys_http_resp){.status = 303,
                                 .extra = {"Location", location, first ? "Set-Cookie" : NULL, first,
                                           second ? "Set-Cookie" : NULL, second}});
}

/* To the door, which has words for `why`, and from there on to where it was meant to go. set: the
 * cookie; NULL: it is taken off. */
static void to_door(struct sys_http_req *r, const char *why, const char *to, const char *set)
{
  char at[LOCATION], gone[COOKIE_TEXT];
  bool further = strcmp(to, "/") != 0;
  size_t n = (size_t)snprintf(at, sizeof at, "/sign-in?oidc=%s%s", why, further ? "&back=" : "");
  struct oidc_text t = {.v = at, .n = n, .cap = sizeof at};
  if (further) oidc_text_escape(&t, to);
  cookie(r, "", 0, gone);
  redirect(r, at, set ? set : gone, NULL);
}

static void send_back(struct sys_http_req *r, const char *why, const char *to)
{
  to_door(r, why, to, NULL);
}

/* ---- on the desk: whose account is it ---- */

static const char *why_not(prac_rc rc)
{
  return rc == PRAC_UNKNOWN     ? "unknown"
         : rc == PRAC_EXISTS    ? "taken"
         : rc == PRAC_MALFORMED ? "rights"
         : rc == PRAC_DENIED    ? "disabled"
                                : "failed";
}

struct entry {
  const char *code; /* NULL: not asked for yet */
  char token[ACCESS_TOKEN_TEXT];
  int wait_s;
};

static prac_rc enter(const struct desk_job *j, struct access *a, const struct oidc_person *w,
                     struct entry *en, struct prac_err *err)
{
  const struct oidc_conf *c = j->p->oidc->env.conf;
  struct prac_ip from = sys_http_client(j->req);
  struct access_linked l = {.issuer = w->issuer,
                            .subject = w->subject,
                            .user = w->user,
                            .name = w->name,
                            .org = w->org,
                            .role = w->role,
                            .new_org = c->new_org,
                            .new_role = c->new_role,
                            .bind = (enum access_bind)c->bind,
                            .makes = c->makes,
                            .own_factor = c->own_factor,
                            .code = en->code,
                            .from = &from};
  return access_sign_in_linked(a, &l, en->token, &en->wait_s, err);
}

/* The provider has let them in, the door asks for the code. */
static void ask_code(struct desk_job *j, const struct errand *e)
{
  char half[OIDC_COOKIE], set[COOKIE_TEXT];
  if (oidc_halves_add(j->p->oidc->halves, &e->out.person, half, NULL) == PRAC_OK) {
    cookie(j->req, half, OIDC_HALF_LIFE / PRAC_SEC, set);
    to_door(j->req, "code", e->out.to, set);
  } else {
    send_back(j->req, "failed", e->out.to);
  }
}

static void run_linked(struct desk_job *j, struct access *a)
{
  const struct errand *e = j->more;
  struct prac_err err = {0};
  struct entry en = {.code = NULL};
  char session[PORTAL_COOKIE_TEXT], gone[COOKIE_TEXT];
  prac_rc rc = enter(j, a, &e->out.person, &en, &err);
  if (rc == PRAC_END) {
    ask_code(j, e);
    return;
  }
  if (rc != PRAC_OK) {
    portal_count(j->p, PORTAL_C_OIDC_REFUSED);
    send_back(j->req, why_not(rc), e->out.to);
    return;
  }
  portal_session_cookie(j->req, en.token, j->p->conf.session_life_ns / PRAC_SEC, session);
  cookie(j->req, "", 0, gone);
  redirect(j->req, e->out.to, session, gone);
  explicit_bzero(&en, sizeof en);
  explicit_bzero(session, sizeof session);
}

/* more: the cookie, or NULL. */
static void run_code(struct desk_job *j, struct access *a)
{
  struct oidc_halves *halves = j->p->oidc->halves;
  struct oidc_half *half = j->more ? oidc_halves_take(halves, j->more) : NULL;
  struct prac_err err = {0};
  struct entry en = {.code = portal_code_of(j->req)};
  prac_rc rc = half ? enter(j, a, &half->person, &en, &err)
                    : PRAC_FAIL(&err, PRAC_DENIED, "sign in at the provider first");
  if (rc == PRAC_OK) rc = portal_send_session(j, a, en.token, &err);
  bool again = rc == PRAC_DENIED || rc == PRAC_AGAIN || rc == PRAC_END;
  if (rc != PRAC_OK && rc != PRAC_END) portal_count(j->p, PORTAL_C_OIDC_REFUSED);
  if (half && again)
    oidc_halves_again(halves, half); /* before they can answer again */
  else
    oidc_half_free(&half);
  if (again)
    portal_send_refused(j->req, rc, en.wait_s, &err);
  else if (rc != PRAC_OK)
    portal_desk_failed(j, rc, &err);
  explicit_bzero(&en, sizeof en);
}

/* What the audit is told of who did not come as far as an account. */
static void run_refused(struct desk_job *j, struct access *a)
{
  const struct errand *e = j->more;
  struct prac_ip from = sys_http_client(j->req);
  struct prac_err err = {0};
  prac_rc rc = access_linked_refused(a, j->word, &from, &err);
  send_back(j->req, rc == PRAC_OK ? e->to : "failed", e->out.to);
}

/* A browser on its way is sent to a page, not to a line of JSON. */
static void not_now(struct desk_job *j)
{
  const struct errand *e = j->more;
  send_back(j->req, "busy", e->out.to);
}

/* From the lane to the desk; `waits` already. */
static void hand_over(struct errand *e, void (*run)(struct desk_job *j, struct access *a))
{
  struct desk_job *j = e->desk;
  j->run = run;
  j->refused = not_now;
  if (desk_put(portal_desk(j->p), j) == PRAC_OK) return;
  not_now(j);
  desk_job_free(&j);
}

/* ---- on the lane ---- */

/* Once, until somebody gets through: it is anybody's doing who brings a wrong code. */
static void tell_failure(struct portal_oidc *o, const struct portal *p, prac_rc rc,
                         const struct prac_err *err)
{
  static const struct prac_log_event ev = {
      "portal_oidc_failed", PRAC_LOG_WARN,
      "nobody can sign in by the provider: is it up, do client-id, client-secret-file and "
      "public-url fit what it knows?"};
  if (rc != PRAC_OK && !o->failed) prac_log(p->env.log, &ev, "%s", err->text);
  o->failed = rc != PRAC_OK;
}

static void do_start(struct portal_oidc *o, struct errand *e)
{
  struct desk_job *j = e->desk;
  struct prac_err err = {0};
  struct oidc_way w, end;
  char text[COOKIE_TEXT];
  prac_rc rc = oidc_start(o->oidc, e->to, e->crowd, &w, &err);
  if (rc == PRAC_OK) {
    atomic_store(&o->can_end, oidc_end(o->oidc, &end, NULL) == PRAC_OK);
    cookie(j->req, w.cookie, OIDC_WAY / PRAC_SEC, text);
    redirect(j->req, w.url, text, NULL);
  } else {
    tell_failure(o, j->p, rc, &err);
    portal_count(j->p, PORTAL_C_OIDC_REFUSED);
    send_back(j->req, oidc_why_names[OIDC_WHY_PROVIDER], e->to);
  }
  explicit_bzero(&w, sizeof w);
  desk_job_free(&e->desk);
}

static void do_back(struct portal_oidc *o, struct errand *e)
{
  struct desk_job *j = e->desk;
  struct prac_err err = {0};
  prac_rc rc = oidc_finish(o->oidc, &e->back, j->arena, &e->out, &err);
  if (rc == PRAC_OK || (e->out.why == OIDC_WHY_PROVIDER && rc != PRAC_DENIED))
    tell_failure(o, j->p, rc, &err); /* DENIED: the browser's doing, as anybody may */
  if (rc == PRAC_OK) {
    hand_over(e, run_linked);
    return;
  }
  portal_count(j->p, PORTAL_C_OIDC_REFUSED);
  e->to = oidc_why_names[e->out.why];
  if (e->out.why >= OIDC_WHY_TOKEN)
    j->word = prac_arena_strndup(j->arena, err.text, strlen(err.text));
  if (j->word) {
    hand_over(e, run_refused);
    return;
  }
  send_back(j->req, e->to, e->out.to);
  desk_job_free(&e->desk);
}

static void do_end(struct portal_oidc *o, struct errand *e)
{
  struct oidc_way w;
  prac_rc rc = oidc_end(o->oidc, &w, NULL);
  redirect(e->desk->req, rc == PRAC_OK ? w.url : "/sign-in", NULL, NULL);
  desk_job_free(&e->desk);
}

/* NULL: the end. */
static struct errand *next(struct portal_oidc *o)
{
  pthread_mutex_lock(&o->lock);
  while (!o->first && !o->stopping) pthread_cond_wait(&o->more, &o->lock);
  struct errand *e = o->stopping ? NULL : o->first;
  if (e) {
    o->first = e->next;
    if (!o->first) o->end = &o->first;
    o->n--;
  }
  pthread_mutex_unlock(&o->lock);
  return e;
}

static void *work(void *arg)
{
  static void (*const does[])(struct portal_oidc *, struct errand *) = {
      [START] = do_start, [BACK] = do_back, [END] = do_end};
  struct portal_oidc *o = arg;
  for (struct errand *e; (e = next(o));) {
    if (sys_mono_ns() - e->since < OIDC_LANE_WAIT) {
      does[e->kind](o, e);
    } else {
      portal_count(e->desk->p, PORTAL_C_OIDC_REFUSED);
      send_back(e->desk->req, "busy", e->to);
      desk_job_free(&e->desk);
    }
  }
  return NULL;
}

/* ---- on the server's thread ---- */

static bool put(struct portal_oidc *o, struct errand *e)
{
  size_t same = 0;
  pthread_mutex_lock(&o->lock);
  for (const struct errand *k = o->first; k; k = k->next) same += strcmp(k->crowd, e->crowd) == 0;
  bool ok = !o->stopping && o->n < OIDC_LANE_MAX && same < OIDC_LANE_ADDRESS;
  if (ok) {
    sys_http_later(e->desk->req);
    e->desk->waits = true;
    *o->end = e;
    o->end = &e->next;
    o->n++;
    pthread_cond_signal(&o->more);
  }
  pthread_mutex_unlock(&o->lock);
  return ok;
}

/* A copy for the lane; NULL stays NULL. *ok: false when there is no memory. */
static const char *keep(struct desk_job *j, const char *s, bool *ok)
{
  const char *copy = s ? prac_arena_strndup(j->arena, s, strlen(s)) : NULL;
  *ok &= copy || !s;
  return copy;
}

/* NULL: answered. */
static struct desk_job *job_new(struct portal *p, struct sys_http_req *r)
{
  if (!p->oidc) {
    portal_send_error(r, 404, portal_desk(p) ? "no_oidc" : "no_accounts",
                      "nobody signs in by OpenID Connect here (portal.oidc)");
    return NULL;
  }
  struct desk_job *j = desk_job_new(p, r, NULL);
  if (!j) portal_send_error(r, 503, "busy", "no memory for this request now; try again");
  return j;
}

/* NULL: answered. */
static struct errand *errand_new(struct portal *p, struct sys_http_req *r, enum kind kind)
{
  struct desk_job *j = job_new(p, r);
  struct errand *e = j ? prac_arena_alloc(j->arena, sizeof *e) : NULL;
  if (e) {
    struct prac_ip ip = sys_http_client(r);
    if (!prac_ip_is4(&ip)) memset(ip.b + 8, 0, 8);
    *e = (struct errand){.desk = j, .kind = kind, .since = sys_mono_ns(), .to = "/"};
    (void)prac_ip_text(e->crowd, &ip);
    j->more = e;
  } else if (j) {
    desk_job_free(&j);
    send_back(r, "busy", "/");
  }
  return e;
}

static void go(struct portal *p, struct sys_http_req *r, struct errand *e, bool ok)
{
  if (ok && put(p->oidc, e)) return;
  portal_count(p, PORTAL_C_OIDC_REFUSED);
  send_back(r, "busy", e->to);
  desk_job_free(&e->desk);
}

/* A view of this page, with its filters; anything else is the first one. */
static const char *local(const char *to)
{
  char path[OIDC_TO];
  size_t n = to ? strlen(to) : 0;
  if (n == 0 || n >= sizeof path || to[0] != '/' || to[1] == '/') return "/";
  for (const char *s = to; *s; s++)
    if (*s <= ' ' || *s >= 0x7f || *s == '\\') return "/";
  (void)snprintf(path, sizeof path, "%.*s", (int)strcspn(to, "?#"), to);
  return portal_is_view(path) ? to : "/";
}

void portal_oidc_start(struct portal *p, struct sys_http_req *r, const char *word)
{
  bool ok = true;
  struct errand *e = errand_new(p, r, START);
  (void)word;
  if (!e) return;
  const char *to = keep(e->desk, local(sys_http_param(r, "to")), &ok);
  if (to) e->to = to;
  go(p, r, e, ok);
}

/* NULL: none, or no memory. */
static const char *cookie_of(struct desk_job *j)
{
  char name[64], value[OIDC_COOKIE];
  bool ok = true;
  (void)snprintf(name, sizeof name, "%s-oidc", portal_cookie_name(j->req));
  return keep(j,
              sys_http_cookie(sys_http_header(j->req, "Cookie"), name, value, sizeof value) ? value
                                                                                            : NULL,
              &ok);
}

void portal_oidc_callback(struct portal *p, struct sys_http_req *r, const char *word)
{
  bool ok = true;
  struct errand *e = errand_new(p, r, BACK);
  (void)word;
  if (!e) return;
  struct desk_job *j = e->desk;
  e->back = (struct oidc_back){.state = keep(j, sys_http_param(r, "state"), &ok),
                               .code = keep(j, sys_http_param(r, "code"), &ok),
                               .iss = keep(j, sys_http_param(r, "iss"), &ok),
                               .error = keep(j, sys_http_param(r, "error"), &ok),
                               .cookie = cookie_of(j)};
  go(p, r, e, ok);
}

void portal_oidc_end(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct errand *e = errand_new(p, r, END);
  (void)word;
  if (e) go(p, r, e, true);
}

void portal_oidc_code(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct desk_job *j = job_new(p, r);
  (void)word;
  if (!j) return;
  j->more = cookie_of(j);
  j->run = run_code;
  desk_ask(portal_desk(p), j);
}

/* ---- open and close ---- */

void portal_oidc_json(const struct portal *p, struct prac_json *j)
{
  if (!p->oidc) return;
  const struct oidc_conf *c = p->oidc->env.conf;
  prac_json_key(j, "oidc");
  prac_json_open(j, '{');
  prac_json_key_str(j, "title", c->title);
  prac_json_key_str(j, "title_ja", *c->title_ja ? c->title_ja : c->title);
  prac_json_key_bool(j, "end", atomic_load(&p->oidc->can_end));
  prac_json_close(j, '}');
}

prac_rc portal_oidc_open(struct portal *p, struct prac_err *reterr)
{
  if (!p->env.oidc || !p->door) return PRAC_OK;
  struct portal_oidc *o = calloc(1, sizeof *o);
  if (!o) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for OpenID Connect");
  p->oidc = o;
  o->env = *p->env.oidc;
  o->env.wall = p->env.clock;
  o->env.stop = &o->stopping;
  o->end = &o->first;
  (void)pthread_mutex_init(&o->lock, NULL);
  (void)pthread_cond_init(&o->more, NULL);
  o->halves = oidc_halves_new();
  if (!o->halves) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for OpenID Connect");
  PRAC_TRY(oidc_open(&o->env, &o->oidc, reterr));
  if (pthread_create(&o->thread, NULL, work, o) != 0)
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no thread for OpenID Connect");
  o->have_thread = true;
  return PRAC_OK;
}

void portal_oidc_stop(struct portal *p)
{
  struct portal_oidc *o = p->oidc;
  if (!o) return;
  pthread_mutex_lock(&o->lock);
  o->stopping = true;
  pthread_cond_broadcast(&o->more);
  pthread_mutex_unlock(&o->lock);
  if (o->have_thread) pthread_join(o->thread, NULL);
  o->have_thread = false;
}

void portal_oidc_close(struct portal *p)
{
  struct portal_oidc *o = p->oidc;
  if (!o) return;
  portal_oidc_stop(p);
  for (struct errand *e; (e = o->first);) {
    struct desk_job *j = e->desk;
    o->first = e->next;
    desk_job_free(&j);
  }
  oidc_close(&o->oidc);
  oidc_halves_free(&o->halves);
  pthread_cond_destroy(&o->more);
  pthread_mutex_destroy(&o->lock);
  free(o);
  p->oidc = NULL;
}
