/* app/play.h — input into the whole chain: captures merged by time, or what a store has kept.
 * `practice replay` and `practice engine` are this, and what they print.
 *
 *   struct opts { struct play_opts play; ... };   with PLAY_OPTIONS(struct opts, play) in the table
 *   st = play_check(&cmd_x, &o.play);
 *   rc = play_open(&p, &o.play, on_finding, on_alert, arg, &err);
 *   if (rc == PRAC_OK) rc = play_run(&p, &err);
 *   play_close(&p);
 */
#pragma once
#include "app/cmd.h"
#include "app/input.h"
#include "app/pipeline.h"
#include "app/progress.h"
#include "app/stored.h"

struct play_opts {
  const char *config, *source, *engines, *store, *from_store;
  const char *state; /* engines go on from this file, and leave their state there; NULL: neither */
  struct cmd_many sensors;
  prac_time from, to;
  uint64_t threads, seed;
  struct cmd_rest files;
  bool quiet, counters; /* no summary, no progress; counters of the capture are asked for */
};
#define PLAY_AT(t, m, field) (offsetof(t, m) + offsetof(struct play_opts, field))
/* Options that every player of input has; the operand FILE is the command's own. */
#define PLAY_OPTIONS(t, m)                                                                         \
  {"--config", "FILE", "settings", CMD_TEXT, PLAY_AT(t, m, config)},                               \
      {"--sensor", "NAME",                                                                         \
       "the sensor all files belong to; else each file is its own. With --from-store: only this "  \
       "one, may be repeated",                                                                     \
       CMD_MANY, PLAY_AT(t, m, sensors)},                                                          \
      {"--source", "NAME", "pcap or csv; else seen from the first bytes", CMD_TEXT,                \
       PLAY_AT(t, m, source)},                                                                     \
      {"--from-store", "DIR", "no files: the flows that the store there has kept", CMD_TEXT,       \
       PLAY_AT(t, m, from_store)},                                                                 \
      {"--from", "TIME", "with --from-store: from this minute on", CMD_TIME, PLAY_AT(t, m, from)}, \
      {"--to", "TIME", "with --from-store: minutes that begin before", CMD_TIME,                   \
       PLAY_AT(t, m, to)},                                                                         \
      {"--threads",                                                                                \
       "N",                                                                                        \
       "worker threads; the output does not depend on it",                                         \
       CMD_U64,                                                                                    \
       PLAY_AT(t, m, threads),                                                                     \
       .dflt = "1",                                                                                \
       .lo = 1,                                                                                    \
       .hi = 64},                                                                                  \
  {                                                                                                \
    "--seed", "N", "of the engines' randomness", CMD_U64, PLAY_AT(t, m, seed), .dflt = "1"         \
  }

struct play {
  const struct play_opts *o;
  struct prac_conf *conf;
  struct lookup *look;
  struct store store;
  struct pipeline *p;
  struct input *in;
  struct cap_core **core; /* of each input; NULL: rows carry their own */
  size_t n;
  struct stored stored; /* instead of inputs */
  struct progress progress;
  prac_rc rc; /* of the run */
};
/* What the option table cannot say: options that belong to one of the two ways only. CMD_GO, or the
 * exit status after one line on stderr. */
int play_check(const struct cmd *c, const struct play_opts *o);
/* o is borrowed until play_close. */
PRAC_NODISCARD prac_rc play_open(struct play *p, const struct play_opts *o, eng_sink *on_finding,
                                 alert_sink *on_alert, void *arg, struct prac_err *reterr);
PRAC_NODISCARD prac_rc play_run(struct play *p, struct prac_err *reterr);
/* On stderr, after the run: files that broke half-way, or whose clock was set back. */
void play_tell_files(struct play *p);
/* Is something of the input missing? Then the answer is CMD_FAILED. */
bool play_is_whole(const struct play *p);
uint64_t play_items(const struct play *p, uint64_t *ret_refused);
void play_close(struct play *p);
