/* app/cmd.h — one table of subcommands; parsing, --help, the manual and shell completion come from
 * it.
 *
 *   struct opts { bool json; uint64_t threads; int64_t hold_ns; struct cmd_rest files; };
 *   static const struct cmd_option options[] = {
 *       {"--json", NULL, "one JSON object a line", CMD_FLAG, offsetof(struct opts, json)},
 *       {"--threads", "N", "worker threads", CMD_U64, offsetof(struct opts, threads),
 *        .dflt = "1", .lo = 1, .hi = 64},
 *       {"FILE...", NULL, "captures to read", CMD_REST, offsetof(struct opts, files)},
 *   };
 *   static int run(int argc, char **argv)
 *   {
 *     struct opts o;
 *     int st = cmd_parse(&cmd_replay, argc, argv, &o, sizeof o);
 *     if (st != CMD_GO) return st;
 *     ...
 *     if (rc != PRAC_OK) return cmd_fail(&err);
 *     return CMD_OK;
 *   }
 *
 * forms     --name VALUE, --name=VALUE, options and operands in any order, "--" ends options
 * operands  "FILE" one, "[FILE]" none or one, "FILE..." at least one, "[FILE...]" any number; in
 *           the order of the table, and only the last may be a "..."
 * --help    is answered by main before `run` is called
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/time.h"

/* Exit statuses, the same for every command. */
enum cmd_status {
  CMD_GO = -1,    /* cmd_parse only: go on */
  CMD_OK = 0,     /* done */
  CMD_FAILED,     /* did its work and the answer is no: a bad file, a failed check */
  CMD_USAGE,      /* asked in a way it does not understand */
  CMD_ENVIRONMENT /* the machine refused: a file, a right, memory, space */
};

/* What a value is, and the field at `offset` in the command's struct. */
enum cmd_type {
  CMD_FLAG,     /* bool; no value */
  CMD_TEXT,     /* const char *; NULL when not given and no dflt */
  CMD_U64,      /* uint64_t, lo..hi; 10k, 3M, 2G are thousands, 0x.. is hexadecimal */
  CMD_I64,      /* int64_t, lo..hi */
  CMD_REAL,     /* double, lo..hi */
  CMD_DURATION, /* int64_t ns; "5m"; lo, hi in seconds */
  CMD_TIME,     /* prac_time; PRAC_TIME_NONE when not given */
  CMD_WORD,     /* int: index into words; -1 when not given and no dflt */
  CMD_MANY,     /* struct cmd_many: may be repeated */
  CMD_REST,     /* struct cmd_rest: an operand "FILE..." */
};
enum { CMD_MANY_MAX = 64 };
struct cmd_many {
  const char *v[CMD_MANY_MAX]; /* in the order given */
  size_t n;
};
struct cmd_rest {
  char *const *v; /* in argv's memory */
  size_t n;
};

struct cmd_option {
  const char *name; /* "--json"; operands: "FILE..." */
  const char *arg;  /* "N" as shown in the help; NULL for flags and operands */
  const char *help; /* one line; default and range are added by the help */
  enum cmd_type type;
  size_t offset;
  const char *dflt;         /* as the user would type it; NULL: zero, NULL, none */
  double lo, hi;            /* hi 0: no upper limit but the type's own */
  const char *const *words; /* CMD_WORD: NULL-terminated spellings */
};
struct cmd {
  const char *name;
  const char *about;    /* one line */
  const char *group;    /* heading it stands under in `practice help`; one of cmd_groups */
  const char *text;     /* paragraphs for the manual; "" or NULL: none */
  const char *examples; /* lines: command, tab, what it does */
  const struct cmd_option *options;
  size_t n_options;
  int (*run)(int argc, char **argv); /* argv[0] is the subcommand; returns the exit status */
  /* A library leaves threads behind (libnats 3.4) that use OpenSSL while exit handlers take it
   * down: the process ends without these. */
  bool threads;
};
extern const struct cmd *const cmd_list[];    /* NULL-terminated; app/registry.c */
extern const char *const cmd_groups[];        /* NULL-terminated, in the order shown */
const struct cmd *cmd_find(const char *name); /* NULL: no such command */
/* "; did you mean query?" for a name that nearly is a command; "" for others. */
const char *cmd_meant(char out[120], const char *name);

/* Fills *ret (size bytes, zeroed first) from the table. CMD_GO, or the exit status after one clear
 * line on stderr. Operands are moved within argv; texts stay in argv's memory. */
PRAC_NODISCARD int cmd_parse(const struct cmd *c, int argc, char **argv, void *ret, size_t size);
/* "practice NAME: sentence" and where help is found, on stderr; returns CMD_USAGE. For what the
 * table cannot say: two options that exclude each other. */
int cmd_usage(const struct cmd *c, const char *fmt, ...) PRAC_PRINTF(2, 3);
/* "practice: sentence" on stderr; returns CMD_FAILED, or CMD_ENVIRONMENT for what the machine
 * refused (IO, NOMEM, FULL, DENIED), or CMD_OK for STOPPED (Ctrl-C is no error). */
int cmd_fail(const struct prac_err *err);
int cmd_status_of(prac_rc rc); /* the same, without words */
