/* Command lines become structs by the command's own table: no command has a loop over argv, so all
 * of them take the same forms and refuse in the same words. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cmd.h"
#include "base/conf_text.h"

struct parse {
  const struct cmd *cmd;
  char *to;            /* the command's struct */
  uint64_t given;      /* bit i: option i was given */
  struct prac_err err; /* why a value was refused */
};

int cmd_status_of(prac_rc rc)
{
  switch (rc) {
  case PRAC_OK:
  case PRAC_STOPPED:
    return CMD_OK;
  case PRAC_IO:
  case PRAC_NOMEM:
  case PRAC_FULL:
  case PRAC_DENIED:
    return CMD_ENVIRONMENT;
  case PRAC_TRUNCATED:
  case PRAC_MALFORMED:
  case PRAC_NOSPACE:
  case PRAC_RANGE:
  case PRAC_UNKNOWN:
  case PRAC_EXISTS:
  case PRAC_AGAIN:
  case PRAC_END:
  case PRAC_DAMAGED:
  case PRAC_UNSUPPORTED:
    return CMD_FAILED;
  }
  return CMD_FAILED;
}

int cmd_fail(const struct prac_err *err)
{
  /* An answer that could not be written is told once, by main. */
  if (ferror(stdout)) return CMD_ENVIRONMENT;
  if (err->rc != PRAC_STOPPED)
    fprintf(stderr, "practice: %s\n", err->text[0] ? err->text : prac_rc_text(err->rc));
  return cmd_status_of(err->rc);
}

int cmd_usage(const struct cmd *c, const char *fmt, ...)
{
  char text[400];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  fprintf(stderr, "practice %s: %s (see practice %s --help)\n", c->name, text, c->name);
  return CMD_USAGE;
}

const struct cmd *cmd_find(const char *name)
{
  for (const struct cmd *const *c = cmd_list; *c; c++)
    if (strcmp((*c)->name, name) == 0) return *c;
  return NULL;
}

static bool is_option(const struct cmd_option *o)
{
  return o->name[0] == '-';
}
static bool is_optional(const struct cmd_option *o)
{
  return is_option(o) || o->name[0] == '[';
}

enum { NAMES_MAX = 64 };

/* "; did you mean ...?", or nothing. */
static const char *meant(char out[120], const char *s, const char *const *names)
{
  const char *near = prac_conf_nearest(s, names);
  out[0] = 0;
  if (near) (void)snprintf(out, 120, "; did you mean %s?", near);
  return out;
}

const char *cmd_meant(char out[120], const char *name)
{
  const char *names[NAMES_MAX + 1] = {NULL};
  for (size_t i = 0; i < NAMES_MAX && cmd_list[i]; i++) names[i] = cmd_list[i]->name;
  return meant(out, name, names);
}

static const char *option_meant(char out[120], const struct cmd *c, const char *arg)
{
  const char *names[NAMES_MAX + 1] = {NULL};
  for (size_t i = 0, n = 0; i < c->n_options && n < NAMES_MAX; i++)
    if (is_option(&c->options[i])) names[n++] = c->options[i].name;
  return meant(out, arg, names);
}

/* 10k, 3M, 2G: thousands, as people count packets. */
static bool suffix(const char *end, double *scale)
{
  static const char letters[] = "kMG";
  *scale = 1;
  if (*end == '\0') return true;
  const char *at = strchr(letters, *end);
  if (!at || end[1]) return false;
  for (const char *p = letters; p <= at; p++) *scale *= 1000;
  return true;
}

static prac_rc in_range(const struct cmd_option *o, double v, const char *text,
                        struct prac_err *reterr)
{
  if (o->hi > o->lo && (v < o->lo || v > o->hi))
    return PRAC_FAIL(reterr, PRAC_RANGE, "must be %.15g to %.15g, not \"%s\"", o->lo, o->hi, text);
  if (v < o->lo)
    return PRAC_FAIL(reterr, PRAC_RANGE, "must be at least %.15g, not \"%s\"", o->lo, text);
  return PRAC_OK;
}

static prac_rc to_integer(const struct cmd_option *o, const char *s, void *to,
                          struct prac_err *reterr)
{
  char *end;
  double scale;
  int64_t i = 0;
  uint64_t u = 0;
  errno = 0;
  int base = strncmp(s, "0x", 2) == 0 ? 16 : 10;
  bool sign = o->type == CMD_I64;
  if (sign)
    i = strtoll(s, &end, base);
  else
    u = strtoull(s, &end, base);
  const char *digits = sign && s[0] == '-' ? s + 1 : s; /* strtoull would take " -1" */
  if (!isdigit((unsigned char)*digits) || errno || !suffix(end, &scale))
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "takes a whole number%s, not \"%s\"",
                     sign ? "" : " that is not negative", s);
  if (sign ? __builtin_mul_overflow(i, (int64_t)scale, &i)
           : __builtin_mul_overflow(u, (uint64_t)scale, &u))
    return PRAC_FAIL(reterr, PRAC_RANGE, "is too big: \"%s\"", s);
  PRAC_TRY(in_range(o, sign ? (double)i : (double)u, s, reterr));
  if (sign)
    *(int64_t *)to = i;
  else
    *(uint64_t *)to = u;
  return PRAC_OK;
}

static prac_rc to_real(const struct cmd_option *o, const char *s, double *to,
                       struct prac_err *reterr)
{
  char *end;
  double v = strtod(s, &end);
  if (end == s || *end || v - v != 0)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "takes a number, not \"%s\"", s);
  PRAC_TRY(in_range(o, v, s, reterr));
  *to = v;
  return PRAC_OK;
}

static prac_rc to_duration(const struct cmd_option *o, const char *s, int64_t *to,
                           struct prac_err *reterr)
{
  int64_t ns;
  if (prac_duration_parse(s, strlen(s), &ns) != PRAC_OK)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "takes a duration such as 90s, 5m or 28d, not \"%s\"",
                     s);
  PRAC_TRY(in_range(o, (double)ns / 1e9, s, reterr));
  *to = ns;
  return PRAC_OK;
}

static prac_rc to_word(const struct cmd_option *o, const char *s, int *to, struct prac_err *reterr)
{
  char all[300] = "";
  size_t at = 0;
  for (int i = 0; o->words[i]; i++) {
    if (strcmp(o->words[i], s) == 0) {
      *to = i;
      return PRAC_OK;
    }
    int n = snprintf(all + at, sizeof all - at, "%s%s", i ? ", " : "", o->words[i]);
    if (n > 0 && (size_t)n < sizeof all - at) at += (size_t)n;
  }
  return PRAC_FAIL(reterr, PRAC_UNKNOWN, "is one of %s, not \"%s\"", all, s);
}

static prac_rc to_many(struct cmd_many *m, const char *s, struct prac_err *reterr)
{
  if (m->n == CMD_MANY_MAX)
    return PRAC_FAIL(reterr, PRAC_FULL, "may be given %d times at most", CMD_MANY_MAX);
  m->v[m->n++] = s;
  return PRAC_OK;
}

static prac_rc take(struct parse *p, const struct cmd_option *o, const char *s)
{
  void *to = p->to + o->offset;
  switch (o->type) {
  case CMD_FLAG:
    *(bool *)to = true;
    return PRAC_OK;
  case CMD_TEXT:
    *(const char **)to = s;
    return PRAC_OK;
  case CMD_U64:
  case CMD_I64:
    return to_integer(o, s, to, &p->err);
  case CMD_REAL:
    return to_real(o, s, to, &p->err);
  case CMD_DURATION:
    return to_duration(o, s, to, &p->err);
  case CMD_TIME:
    if (prac_time_parse(s, strlen(s), to) == PRAC_OK) return PRAC_OK;
    return PRAC_FAIL(&p->err, PRAC_MALFORMED,
                     "takes a time such as 2013-08-07 or 2013-08-07T12:00:00Z, not \"%s\"", s);
  case CMD_WORD:
    return to_word(o, s, to, &p->err);
  case CMD_MANY:
    return to_many(to, s, &p->err);
  case CMD_REST:
    break; /* done by operands() */
  }
  return PRAC_OK;
}

static int defaults(struct parse *p)
{
  for (size_t i = 0; i < p->cmd->n_options; i++) {
    const struct cmd_option *o = &p->cmd->options[i];
    if (o->type == CMD_TIME) *(prac_time *)(void *)(p->to + o->offset) = PRAC_TIME_NONE;
    if (o->type == CMD_WORD) *(int *)(void *)(p->to + o->offset) = -1;
    if (o->dflt && take(p, o, o->dflt) != PRAC_OK)
      return cmd_usage(p->cmd, "own default of %s %s", o->name, p->err.text);
  }
  return CMD_GO;
}

/* The option that arg names ("--json", "--threads=4"); *value: what stands after '=', or NULL. */
static const struct cmd_option *find(const struct cmd *c, const char *arg, const char **value)
{
  size_t n = strcspn(arg, "=");
  *value = arg[n] ? arg + n + 1 : NULL;
  for (size_t i = 0; i < c->n_options; i++) {
    const struct cmd_option *o = &c->options[i];
    if (is_option(o) && strlen(o->name) == n && memcmp(o->name, arg, n) == 0) return o;
  }
  return NULL;
}

/* argv[*i] is an option; moves *i past its value. */
static int option(struct parse *p, int argc, char **argv, int *i)
{
  const char *value;
  const struct cmd_option *o = find(p->cmd, argv[*i], &value);
  char near[120];
  if (!o)
    return cmd_usage(p->cmd, "no option %s%s", argv[*i], option_meant(near, p->cmd, argv[*i]));
  if (o->type == CMD_FLAG && value) return cmd_usage(p->cmd, "%s takes no value", o->name);
  uint64_t bit = UINT64_C(1) << (o - p->cmd->options);
  if (o->type != CMD_FLAG && o->type != CMD_MANY && (p->given & bit))
    return cmd_usage(p->cmd, "%s is given twice", o->name);
  if (o->type != CMD_FLAG && !value) {
    if (*i + 1 >= argc) return cmd_usage(p->cmd, "%s needs %s", o->name, o->arg);
    value = argv[++*i];
  }
  p->given |= bit;
  if (take(p, o, value) != PRAC_OK) return cmd_usage(p->cmd, "%s %s", o->name, p->err.text);
  return CMD_GO;
}

/* The n operands, gathered in v. */
static int operands(struct parse *p, char **v, size_t n)
{
  size_t at = 0;
  for (size_t i = 0; i < p->cmd->n_options; i++) {
    const struct cmd_option *o = &p->cmd->options[i];
    if (is_option(o)) continue;
    if (at == n && !is_optional(o)) return cmd_usage(p->cmd, "needs %s", o->name);
    if (o->type == CMD_REST) {
      *(struct cmd_rest *)(void *)(p->to + o->offset) = (struct cmd_rest){v + at, n - at};
      at = n;
    } else if (at < n && take(p, o, v[at++]) != PRAC_OK) {
      return cmd_usage(p->cmd, "%s %s", o->name, p->err.text);
    }
  }
  if (at < n) return cmd_usage(p->cmd, "does not know what to do with \"%s\"", v[at]);
  return CMD_GO;
}

int cmd_parse(const struct cmd *c, int argc, char **argv, void *ret, size_t size)
{
  struct parse p = {.cmd = c, .to = ret};
  PRAC_INSIST(c->n_options <= 64);
  memset(ret, 0, size);
  int st = defaults(&p);
  size_t n = 0;
  bool only_operands = false;
  for (int i = 1; i < argc && st == CMD_GO; i++) {
    if (only_operands || argv[i][0] != '-' || argv[i][1] == '\0')
      argv[1 + n++] = argv[i];
    else if (strcmp(argv[i], "--") == 0)
      only_operands = true;
    else
      st = option(&p, argc, argv, &i);
  }
  return st == CMD_GO ? operands(&p, argv + 1, n) : st;
}
