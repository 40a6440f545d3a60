/* `practice access`: organisations, people, keys and the audit of the portal, on the box itself.
 * The portal may run meanwhile: it sees every change at once. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "access/access.h"
#include "app/ask.h"
#include "app/cmd.h"
#include "app/roles.h"
#include "app/settings.h"
#include "base/text.h"
#include "portal/portal.h"
#include "sys/durable.h"
#include "sys/wall.h"

struct opts {
  const char *config, *data, *org, *name, *role, *title, *scope, *clearance, *label;
  uint64_t limit;
  bool json, off;
  struct cmd_rest words;
};
static const struct cmd_option options[] = {
    {"--config", "FILE", "settings", CMD_TEXT, offsetof(struct opts, config)},
    {"--data", "DIR", "where everything is kept; else run.data", CMD_TEXT,
     offsetof(struct opts, data)},
    {"--title", "TEXT", "org add: name for people to read", CMD_TEXT, offsetof(struct opts, title)},
    {"--scope", "WORDS", "org add: its part of the world: \"JP AS64500 192.0.2.0/24\", or \"*\"",
     CMD_TEXT, offsetof(struct opts, scope)},
    {"--clearance", "LABEL", "org add: the most sensitive that it may see; new: TLP:GREEN",
     CMD_TEXT, offsetof(struct opts, clearance)},
    {"--org", "ORG", "user add: organisation", CMD_TEXT, offsetof(struct opts, org)},
    {"--role", "ROLE", "user add: viewer, analyst, operator or admin", CMD_TEXT,
     offsetof(struct opts, role)},
    {"--name", "TEXT", "user add: name for people to read", CMD_TEXT, offsetof(struct opts, name)},
    {"--label", "TEXT", "key add: what it is for", CMD_TEXT, offsetof(struct opts, label),
     .dflt = ""},
    {"--off", NULL, "user totp: no second factor any more", CMD_FLAG, offsetof(struct opts, off)},
    {"--limit", "N", "audit list: so many lines, newest first", CMD_U64,
     offsetof(struct opts, limit), .dflt = "50", .lo = 1, .hi = 100000},
    {"--json", NULL, "lists: one JSON array", CMD_FLAG, offsetof(struct opts, json)},
    {"WHAT ACTION...", NULL, "org, user, key or audit, and what to do", CMD_REST,
     offsetof(struct opts, words)},
};
extern const struct cmd cmd_access;

struct work {
  const struct opts *o;
  struct access *a;
  char by[32];
  const char *what; /* of the action: a name or a number; NULL: none */
};

/* ---- lists ---- */

enum { COLUMNS = 12, TEXT = 8192 };

static const char *cell(const json_t *v, char to[TEXT])
{
  if (json_is_string(v)) return prac_text_shown(json_string_value(v), to, TEXT);
  if (json_is_integer(v))
    (void)snprintf(to, TEXT, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
  else
    (void)snprintf(to, TEXT, "%s", json_is_true(v) ? "yes" : json_is_null(v) ? "-" : "no");
  return to;
}

/* Rows of objects that all have the same keys. What was asked for (audit) may hold anything. */
static void print_table(const json_t *rows)
{
  int width[COLUMNS] = {0};
  char text[TEXT];
  const char *key;
  size_t i;
  json_t *row, *v;
  json_array_foreach(rows, i, row)
  {
    int c = 0;
    json_object_foreach(row, key, v)
    {
      int n = (int)strlen(cell(v, text)), head = (int)strlen(key);
      if (c >= COLUMNS) break;
      if (width[c] < n) width[c] = n;
      if (width[c] < head) width[c] = head;
      c++;
    }
  }
  json_array_foreach(rows, i, row)
  {
    int c = 0;
    if (i == 0) {
      json_object_foreach(row, key, v) printf("%-*s  ", width[c++ % COLUMNS], key);
      putchar('\n');
    }
    c = 0;
    json_object_foreach(row, key, v) printf("%-*s  ", width[c++ % COLUMNS], cell(v, text));
    putchar('\n');
  }
}

/* Prints what the list gave, and frees it. */
static prac_rc print_list(const struct work *w, prac_rc rc, struct prac_json *j,
                          struct prac_err *err)
{
  json_t *rows = NULL;
  if (rc != PRAC_OK) {
    (void)PRAC_FAIL(err, rc, "the list can not be read");
  } else if (w->o->json) {
    printf("%s\n", j->buf);
  } else if (!(rows = json_loadb(j->buf, j->len, 0, NULL))) {
    rc = PRAC_FAIL(err, PRAC_NOMEM, "no memory for the list");
  } else {
    print_table(rows);
  }
  json_decref(rows);
  prac_json_done(j);
  return rc;
}

static prac_rc org_list(const struct work *w, struct prac_err *err)
{
  struct prac_json j = prac_json_of(0);
  return print_list(w, access_orgs_json(w->a, &j), &j, err);
}
static prac_rc user_list(const struct work *w, struct prac_err *err)
{
  struct prac_json j = prac_json_of(0);
  return print_list(w, access_users_json(w->a, w->o->org, &j), &j, err);
}
static prac_rc key_list(const struct work *w, struct prac_err *err)
{
  struct prac_json j = prac_json_of(0);
  return print_list(w, access_keys_json(w->a, w->what, &j), &j, err);
}
static prac_rc audit_list(const struct work *w, struct prac_err *err)
{
  struct prac_json j = prac_json_of(0);
  return print_list(w, access_audit_json(w->a, 0, (uint32_t)w->o->limit, &j), &j, err);
}

/* ---- changes ---- */

static prac_rc org_add(const struct work *w, struct prac_err *err)
{
  struct access_org o = {w->what, w->o->title, w->o->scope, w->o->clearance};
  return access_org_put(w->a, w->by, &o, err);
}

static prac_rc put_user(const struct work *w, const struct access_user *u, bool must,
                        struct prac_err *err)
{
  char password[ACCESS_PASSWORD_MAX + 3];
  PRAC_TRY(ask_password("password", password, sizeof password, err));
  prac_rc rc = must && !*password
                   ? PRAC_FAIL(err, PRAC_MALFORMED, "a password was not given")
                   : access_user_put(w->a, w->by, u, *password ? password : NULL, err);
  explicit_bzero(password, sizeof password);
  return rc;
}

static prac_rc user_add(const struct work *w, struct prac_err *err)
{
  struct access_user u = {w->what, w->o->name, w->o->org, w->o->role, -1};
  return put_user(w, &u, false, err);
}

/* A name that is not there would be a new user without organisation: refused with a sentence about
 * that. */
static prac_rc user_passwd(const struct work *w, struct prac_err *err)
{
  return put_user(w, &(struct access_user){.user = w->what, .disabled = -1}, true, err);
}
static prac_rc user_disable(const struct work *w, struct prac_err *err)
{
  struct access_user u = {.user = w->what, .disabled = 1};
  return access_user_put(w->a, w->by, &u, NULL, err);
}
static prac_rc user_enable(const struct work *w, struct prac_err *err)
{
  struct access_user u = {.user = w->what, .disabled = 0};
  return access_user_put(w->a, w->by, &u, NULL, err);
}

static prac_rc user_unbind(const struct work *w, struct prac_err *err)
{
  return access_unbind(w->a, w->by, w->what, err);
}

static prac_rc user_totp(const struct work *w, struct prac_err *err)
{
  char uri[ACCESS_URI], code[32];
  if (w->o->off) return access_totp_off(w->a, w->by, w->what, err);
  PRAC_TRY(access_totp_new(w->a, w->by, w->what, uri, err));
  printf("%s\n", uri);
  (void)fflush(stdout);
  PRAC_TRY(ask_line("code that the app shows", false, code, sizeof code, err));
  return access_totp_confirm(w->a, w->by, w->what, code, err);
}

static prac_rc key_add(const struct work *w, struct prac_err *err)
{
  char key[ACCESS_TOKEN_TEXT];
  PRAC_TRY(access_key_new(w->a, w->by, w->what, w->o->label, key, err));
  printf("%s\n", key);
  explicit_bzero(key, sizeof key);
  return PRAC_OK;
}
static prac_rc key_end(const struct work *w, struct prac_err *err)
{
  char *end;
  unsigned long long id = strtoull(w->what, &end, 10);
  if (*end) return PRAC_FAIL(err, PRAC_MALFORMED, "key end: the number of the key (key list)");
  return access_key_end(w->a, w->by, NULL, id, err);
}

static prac_rc audit_check(const struct work *w, struct prac_err *err)
{
  struct access_audit_state s = {0};
  prac_rc rc = access_audit_check(w->a, &s, err);
  if (rc != PRAC_OK && rc != PRAC_DAMAGED) return rc;
  if (w->o->json)
    printf("{\"ok\":%s,\"lines\":%" PRIu64 ",\"pruned\":%" PRIu64 ",\"bad\":%" PRIu64
           ",\"head\":\"%s\"}\n",
           s.bad ? "false" : "true", s.lines, s.pruned, s.bad, s.head);
  else if (!s.bad)
    printf("%" PRIu64 " lines as they were written; the last is %s\n", s.lines, s.head);
  if (!w->o->json && !s.bad && s.pruned)
    printf("%" PRIu64 " before them were removed by their age (portal.audit-keep): a line says so, "
           "with the hash of the last\n",
           s.pruned);
  return rc;
}

/* ---- the command ---- */

static const struct action {
  const char *what, *action;
  enum { NONE, MAYBE, MUST } arg;
  prac_rc (*run)(const struct work *w, struct prac_err *err);
} actions[] = {
    {"org", "add", MUST, org_add},         {"org", "list", NONE, org_list},
    {"user", "add", MUST, user_add},       {"user", "passwd", MUST, user_passwd},
    {"user", "totp", MUST, user_totp},     {"user", "disable", MUST, user_disable},
    {"user", "enable", MUST, user_enable}, {"user", "unbind", MUST, user_unbind},
    {"user", "list", NONE, user_list},     {"key", "add", MUST, key_add},
    {"key", "end", MUST, key_end},         {"key", "list", MAYBE, key_list},
    {"audit", "list", NONE, audit_list},   {"audit", "check", NONE, audit_check},
};

static const struct action *find(const struct cmd_rest *words)
{
  for (size_t i = 0; words->n >= 2 && i < PRAC_ARRAY_LEN(actions); i++)
    if (strcmp(actions[i].what, words->v[0]) == 0 && strcmp(actions[i].action, words->v[1]) == 0)
      return words->n - 2 >= (actions[i].arg == MUST) && words->n - 2 <= (actions[i].arg != NONE)
                 ? &actions[i]
                 : NULL;
  return NULL;
}

static prac_rc open_file(struct work *w, const struct prac_conf *conf, struct prac_err *err)
{
  const struct run_conf *run = prac_conf_get(conf, "run", 0);
  const struct portal_conf *portal = prac_conf_get(conf, "portal", 0);
  struct access_conf c = {.idle_ns = portal->session_idle_ns, .life_ns = portal->session_life_ns};
  struct prac_clock wall = sys_wall_clock();
  char path[ROLE_PATH];
  const char *data = w->o->data ? w->o->data : run->data;
  PRAC_TRY(sys_mkdirs(data, 0755, err)); /* as the roles make it: each of them looks into it */
  (void)snprintf(path, sizeof path, "%s/portal", data);
  PRAC_TRY(sys_mkdirs(path, 0700, err));
  (void)snprintf(path, sizeof path, "%s/%s", data, ROLE_ACCOUNTS);
  return access_open(path, &c, &wall, &w->a, err);
}

static int run(int argc, char **argv)
{
  struct opts o;
  struct prac_err err = {0};
  struct prac_conf *conf = NULL;
  int st = cmd_parse(&cmd_access, argc, argv, &o, sizeof o);
  if (st != CMD_GO) return st;
  const struct action *act = find(&o.words);
  if (!act)
    return cmd_usage(&cmd_access,
                     "it is: org add NAME, org list, user add|passwd|totp|disable|"
                     "enable|unbind NAME, user list, key add USER, key end NUMBER, key list "
                     "[USER], audit list, audit check");
  struct work w = {.o = &o, .what = o.words.n > 2 ? o.words.v[2] : NULL};
  (void)snprintf(w.by, sizeof w.by, "uid:%u", (unsigned)getuid());
  prac_rc rc = settings_load(o.config, &conf, &err);
  if (rc == PRAC_OK) rc = open_file(&w, conf, &err);
  if (rc == PRAC_OK) rc = act->run(&w, &err);
  access_close(&w.a);
  prac_conf_free(&conf);
  return rc == PRAC_OK ? CMD_OK : cmd_fail(&err);
}

const struct cmd cmd_access = {
    .name = "access",
    .about = "the portal's organisations, people, keys and audit log",
    .group = "make and check",
    .text =
        "Works on DATA/portal/access.db, also while the portal runs, which sees every change at "
        "once; `portal.accounts: yes` makes it ask who is there. Run it as root, or as whom the "
        "portal runs.\n\n"
        "org add and user add change what is there already: what is not given stays as it is. "
        "Passwords are asked for on the terminal without being shown, or are a line of standard "
        "input; an empty line: none, or as before. A changed role, organisation, scope or password "
        "ends the sessions that it is about.\n\n"
        "user unbind: the next who comes by OpenID Connect with this name may have the account "
        "(portal.oidc.bind).\n\n"
        "user totp prints a URI for an app and asks for a code of it. key add prints the key, this "
        "once. audit check looks whether a line of the audit was edited, removed or moved (then "
        "the exit status is 1), and prints the hash of the last line: kept elsewhere, it shows "
        "later whether all of it was made anew.",
    .examples =
        "practice access org add cert-jp --title \"CERT\" --scope JP --clearance TLP:AMBER\tan "
        "organisation\n"
        "practice access user add mika --org cert-jp --role admin\tand its administrator\n"
        "practice access user totp mika\ther second factor\n"
        "practice access key add mika --label \"nightly export\"\ta key for a program\n"
        "practice access audit check\tnobody has edited the log\n",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
