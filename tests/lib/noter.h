/* tests/lib/noter.h — a notifier for tests: made ways, settings of a line, a directory of its own,
 * a clock that stands still unless it is moved. There is one at a time. What goes wrong fails the
 * test.
 */
#pragma once
#include "lib/notes.h"
#include "notify/notify.h"

/* A way that opens always; more: .people = true and the like. */
#define NOTER_WAY(its_name, its_send, ...)                                                         \
  {                                                                                                \
    .name = its_name, .about = "made", .state_size = 1, .open = noter_way_open, .send = its_send,  \
    .close = noter_way_close, __VA_ARGS__                                                          \
  }
prac_rc noter_way_open(void *st, const struct note_env *env, struct prac_err *reterr);
void noter_way_close(void *st);

struct noter {
  struct note_core *core;
  struct note_core_env env;
  struct prac_conf *conf;
  char dir[64];
  uint64_t seq;
  prac_time wall;
};
extern struct noter noter;
/* env: ways, who is told, threads; the rest is filled in. */
void noter_begin(const char *yaml, prac_time wall, const struct note_core_env *env);
void noter_reopen(void);                                      /* as after an end, and a start */
int noter_end(void);                                          /* 0, for cmocka */
void noter_pump(int64_t later_ns);                            /* moves the clock first */
void noter_take(const struct model_kind *k, const void *rec); /* and commits */
void noter_attack(const char *id);                            /* note_start of that name */
uint64_t noter_counted(const char *name);                     /* of the core's counters */
struct subscription noter_subscription(const char *id);       /* all there is, by webhook */

/* What was heard, in one line: "a, b, c". */
struct noter_heard {
  char text[1 << 16];
  size_t n;
};
/* The next; `more`: goes on with the last. */
__attribute__((format(printf, 2, 3))) void noter_hear(struct noter_heard *h, const char *form, ...);
__attribute__((format(printf, 2, 3))) void noter_more(struct noter_heard *h, const char *form, ...);
void noter_expect(struct noter_heard *h, const char *want); /* and forgets it */
void noter_forget(struct noter_heard *h);
