/* `practice mitigate`: a person's word about rules for routers. The notifier owns them; this asks
 * it over its socket. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/cmd.h"
#include "sys/durable.h"
#include "sys/unixsock.h"

static const char *const what_words[] = {"list", "approve", "withdraw", NULL};
enum { LIST, APPROVE, WITHDRAW };
enum { ANSWER_MAX = 8 << 20, WAIT_MS = 10000 };

struct opts {
  const char *socket;
  bool json;
  const char *what, *id;
};
static const struct cmd_option options[] = {
    {"--socket", "PATH", "of the notifier (setting notify.bgp.socket)", CMD_TEXT,
     offsetof(struct opts, socket), .dflt = "./practice-data/notify/bgp/mitigate.sock"},
    {"--json", NULL, "one JSON object a rule", CMD_FLAG, offsetof(struct opts, json)},
    {"[WHAT]", NULL, "list (the default), approve or withdraw", CMD_TEXT,
     offsetof(struct opts, what), .dflt = "list"},
    {"[ID]", NULL, "the rule's number", CMD_TEXT, offsetof(struct opts, id)},
};
extern const struct cmd cmd_mitigate;

/* Everything until the other end closes; *ret is malloc'ed and NUL-terminated. */
static prac_rc read_answer(int fd, char **ret, size_t *ret_n, struct prac_err *reterr)
{
  size_t n = 0, cap = 1 << 16;
  char *buf = malloc(cap);
  while (buf) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (n + 1 == cap) {
      char *more = cap < ANSWER_MAX ? realloc(buf, cap * 2) : NULL;
      if (!more) break;
      buf = more;
      cap *= 2;
    }
    int k = poll(&p, 1, WAIT_MS);
    if (k < 0 && errno == EINTR) continue;
    if (k <= 0) {
      free(buf);
      return PRAC_FAIL(reterr, PRAC_IO, "the notifier does not answer");
    }
    ssize_t got = read(fd, buf + n, cap - n - 1);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) {
      buf[n] = 0;
      *ret = buf;
      *ret_n = n;
      return PRAC_OK;
    }
    n += (size_t)got;
  }
  free(buf);
  return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the answer");
}

static prac_rc ask(const struct opts *o, const char *line, char **ret, size_t *ret_n,
                   struct prac_err *reterr)
{
  int fd = -1;
  prac_rc rc = sys_unix_connect(o->socket, &fd, reterr);
  if (rc == PRAC_AGAIN)
    return PRAC_FAIL(reterr, PRAC_IO,
                     "nobody listens at %s: is the notifier running, with the way bgp?", o->socket);
  PRAC_TRY(rc);
  rc = sys_write_all(fd, line, strlen(line), -1, o->socket, reterr);
  if (rc == PRAC_OK) rc = read_answer(fd, ret, ret_n, reterr);
  (void)close(fd);
  return rc;
}

static const char *text_of(const json_t *o, const char *key)
{
  const char *s = json_string_value(json_object_get(o, key));
  return s ? s : "";
}

static void print_row(const char *line, size_t n)
{
  json_t *o = json_loadb(line, n, 0, NULL);
  if (!o) return;
  printf("%4" JSON_INTEGER_FORMAT "  %-11s  %-12s  %s  (%s, %.3g requests/s)\n",
         json_integer_value(json_object_get(o, "id")), text_of(o, "state"), text_of(o, "tenant"),
         text_of(o, "words"), text_of(o, "vector"),
         json_number_value(json_object_get(o, "pps_max")));
  json_decref(o);
}

/* The last line is "ok" or "no REASON"; before it one JSON object a line. */
static int show(const struct opts *o, const char *answer, size_t n)
{
  struct prac_err err = {0};
  const char *end = answer + n;
  size_t rows = 0;
  for (const char *p = answer; p < end;) {
    const char *nl = memchr(p, '\n', (size_t)(end - p));
    size_t len = nl ? (size_t)(nl - p) : (size_t)(end - p);
    if (len == 2 && memcmp(p, "ok", 2) == 0) {
      if (strcmp(o->what, "list") == 0 && rows == 0 && !o->json)
        fprintf(stderr, "practice: no rules\n");
      return CMD_OK;
    }
    if (len > 3 && memcmp(p, "no ", 3) == 0) {
      (void)prac_err_set(&err, PRAC_UNKNOWN, "", "%.*s", (int)(len - 3), p + 3);
      return cmd_fail(&err);
    }
    rows++;
    if (o->json)
      printf("%.*s\n", (int)len, p);
    else
      print_row(p, len);
    p += len + 1;
  }
  (void)prac_err_set(&err, PRAC_IO, "", "the notifier's answer ends too early");
  return cmd_fail(&err);
}

static int word_of(const char *s)
{
  for (int i = 0; what_words[i]; i++)
    if (strcmp(what_words[i], s) == 0) return i;
  return -1;
}

static int run(int argc, char **argv)
{
  struct opts o;
  struct prac_err err = {0};
  char line[64], *answer = NULL;
  size_t n = 0;
  int st = cmd_parse(&cmd_mitigate, argc, argv, &o, sizeof o);
  if (st != CMD_GO) return st;
  int what = word_of(o.what);
  if (what < 0)
    return cmd_usage(&cmd_mitigate, "\"%.40s\" is none of list, approve, withdraw", o.what);
  if (what == LIST && o.id) return cmd_usage(&cmd_mitigate, "list takes no number");
  if (what != LIST && (!o.id || strspn(o.id, "0123456789") != strlen(o.id) || strlen(o.id) > 10))
    return cmd_usage(&cmd_mitigate, "%s needs the number of a rule, see practice mitigate list",
                     o.what);
  (void)snprintf(line, sizeof line, "%s%s%s\n", o.what, o.id ? " " : "", o.id ? o.id : "");
  if (ask(&o, line, &answer, &n, &err) != PRAC_OK) return cmd_fail(&err);
  st = show(&o, answer, n);
  free(answer);
  return st;
}

const struct cmd cmd_mitigate = {
    .name = "mitigate",
    .about = "rules for routers: list, approve, withdraw",
    .group = "ask it",
    .text = "The notifier proposes rules against attacks that are going on (setting "
            "notify.bgp.mode). approve announces a proposal: until its attack has ended, at most "
            "for notify.bgp.max-life. withdraw takes a rule back, or refuses a proposal: it is "
            "not announced again for the same attack. See docs/mitigation.md.",
    .examples = "practice mitigate\twhat is proposed and announced\n"
                "practice mitigate approve 12\tannounce rule 12\n"
                "practice mitigate withdraw 12\ttake it back\n",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
