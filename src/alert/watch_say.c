/* What a person reads of a sensor. The first sentence becomes the alert's title. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/watch_int.h"
#include "base/hash.h"
#include "model/facts.h"

static const struct {
  const char *kind, *word, *unit;
} whats[WATCH_WHAT_COUNT_] = {{"site-silent", "silent", "min"},
                              {"site-lossy", "lossy", "% lost"},
                              {"clock-off", "clock", "s"}};

struct words {
  char id[24], key[64], text[640], flows[192];
  size_t n; /* of text */
  struct model_facts facts;
};

static void put(struct words *w, const char *fmt, ...) PRAC_PRINTF(2, 3);
static void put(struct words *w, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(w->text + w->n, sizeof w->text - w->n, fmt, ap);
  va_end(ap);
  if (n > 0) w->n += (size_t)n;
  if (w->n >= sizeof w->text) w->n = sizeof w->text - 1;
}

static const char *whole(char out[PRAC_TIME_TEXT], int64_t ns)
{
  return prac_duration_text(out, prac_time_floor(ns, PRAC_SEC));
}

static long long whole_s(int64_t ns)
{
  return (long long)(prac_time_floor(ns, PRAC_SEC) / PRAC_SEC);
}

static void say_silent(const struct alert_watch *w, const struct watched *x, bool on,
                       struct words *to)
{
  char at[PRAC_TIME_TEXT], ago[PRAC_TIME_TEXT];
  whole(ago, w->now - x->heard);
  if (on)
    put(to,
        "is silent. Nothing has come from it since %s (%s). What it would have heard is missed, "
        "not absent; what the others hear is judged as before.",
        prac_time_text(at, prac_time_floor(x->heard, PRAC_SEC)), ago);
  else if (w->now - x->heard > w->conf.forget_ns)
    put(to, "is no longer waited for, after %s of silence.", ago);
  else
    put(to, "is heard again, after %s of silence.", ago);
  if (on) model_fact(&to->facts, MODEL_FACT_HEARD, "%s", at);
  model_fact(&to->facts, MODEL_FACT_SILENCE_S, "%lld", whole_s(w->now - x->heard));
  if (!on && w->now - x->heard > w->conf.forget_ns) model_fact_yes(&to->facts, MODEL_FACT_GIVEN_UP);
}

static void say_lossy(const struct alert_watch *w, const struct watched *x, bool on,
                      struct words *to)
{
  char span[PRAC_TIME_TEXT];
  struct watch_loss l = watch_lost(x);
  put(to, "%s: %.1f %% in %s (%" PRIu64 " of %" PRIu64 ").",
      on ? "loses packets" : "has stopped losing packets", 100 * watch_share(l),
      prac_duration_text(span, w->conf.loss_window_ns), l.lost, l.packets + l.lost);
  if (on) put(to, " Its counts are too low by about as much; it may be too slow, or be flooded.");
  model_fact(&to->facts, MODEL_FACT_WINDOW_S, "%lld", whole_s(w->conf.loss_window_ns));
  model_fact(&to->facts, MODEL_FACT_SHARE, "%.1f", 100 * watch_share(l));
  model_fact(&to->facts, MODEL_FACT_LOST, "%" PRIu64, l.lost);
  model_fact(&to->facts, MODEL_FACT_LOST_OF, "%" PRIu64, l.packets + l.lost);
}

static void clock_facts(const struct watched *x, int64_t off, struct model_facts *f)
{
  bool back = llabs(x->own_ns) == llabs(off);
  model_fact(f, MODEL_FACT_CLOCK, "%s", back ? "set-back" : off > 0 ? "ahead" : "late");
  model_fact(f, MODEL_FACT_CLOCK_OFF_S, "%lld", whole_s(llabs(off)));
  model_fact(f, MODEL_FACT_SYNCED, "%s", x->synced ? "yes" : "no");
  if (x->error_ns > 0)
    model_fact(f, MODEL_FACT_CLOCK_ERROR_S, "%lld", whole_s(x->error_ns + PRAC_SEC));
}

static void say_clock(const struct alert_watch *w, const struct watched *x, bool on,
                      struct words *to)
{
  char by[PRAC_TIME_TEXT], error[PRAC_TIME_TEXT];
  int64_t off = watch_offset(x);
  whole(by, llabs(off));
  if (!on) model_fact(&to->facts, MODEL_FACT_CLOCK_RIGHT_S, "%lld", whole_s(w->conf.clock_ns));
  if (!on)
    put(to, "has a right clock again, to %s.", whole(by, w->conf.clock_ns));
  else if (llabs(x->own_ns) == llabs(off))
    put(to, "had its clock set back: its minutes go on in order, %s ahead of its clock.", by);
  else if (off > 0)
    put(to, "has a clock that is at least %s ahead.", by);
  else
    put(to,
        "says everything %s late: its clock is behind, or something on the way holds it up. All "
        "of its last messages were late by as much, and few wait at the sensor.",
        by);
  if (!on) return;
  clock_facts(x, off, &to->facts);
  put(to, " Its system says that the clock is %ssynchronised", x->synced ? "" : "not ");
  if (x->error_ns > 0) put(to, ", and wrong by %s at most", whole(error, x->error_ns + PRAC_SEC));
  put(to, ".");
}

static void measure(const struct alert_watch *w, const struct watched *x, enum watch_what what,
                    struct finding *f)
{
  struct watch_loss l = watch_lost(x);
  int64_t off = watch_offset(x);
  switch (what) {
  case WATCH_SILENT:
    f->value = (double)prac_time_floor(w->now - x->heard, PRAC_MIN) / (double)PRAC_MIN;
    f->level = 3;
    break;
  case WATCH_LOSSY:
    f->value = 100 * watch_share(l);
    f->packets = l.lost;
    f->level = watch_share(l) >= 4 * w->conf.loss ? 3 : 2;
    break;
  case WATCH_CLOCK:
    f->value = (double)prac_time_floor(off, PRAC_SEC) / (double)PRAC_SEC;
    f->level = llabs(off) >= 10 * w->conf.clock_ns ? 3 : 2;
    break;
  case WATCH_WHAT_COUNT_:
    break;
  }
  f->score = f->value;
}

static void name_it(const struct alert_watch *w, const struct watched *x, enum watch_what what,
                    bool on, struct words *to)
{
  char from[PRAC_TIME_TEXT], until[PRAC_TIME_TEXT];
  snprintf(to->key, sizeof to->key, "sensor:%s/%s", x->name, whats[what].word);
  uint64_t h = prac_hash_bytes(11, to->key, strlen(to->key));
  h = prac_hash2(h, (uint64_t)w->now, on);
  snprintf(to->id, sizeof to->id, "w%016" PRIx64, h);
  snprintf(to->flows, sizeof to->flows, "what=health sensor=%s from=%s to=%s", x->name,
           prac_time_text(from, prac_time_floor(x->story[what].from, PRAC_MIN) - PRAC_HOUR),
           prac_time_text(until, prac_time_floor(w->now, PRAC_MIN) + PRAC_MIN));
  put(to, "Sensor %s", x->name);
  if (x->country[0]) put(to, " (%s)", x->country);
  put(to, " ");
}

prac_rc watch_say(struct alert_watch *w, struct watched *x, enum watch_what what, bool on)
{
  struct words to = {.n = 0};
  const char *name = x->name;
  name_it(w, x, what, on, &to);
  switch (what) {
  case WATCH_SILENT:
    say_silent(w, x, on, &to);
    break;
  case WATCH_LOSSY:
    say_lossy(w, x, on, &to);
    break;
  case WATCH_CLOCK:
    say_clock(w, x, on, &to);
    break;
  case WATCH_WHAT_COUNT_:
    break;
  }
  struct finding f = {.id = to.id,
                      .engine = "watch",
                      .engine_version = "1",
                      .settings = w->settings,
                      .key = to.key,
                      .kind = whats[what].kind,
                      .level = 1,
                      .state = on ? "on" : "off",
                      .at = w->now,
                      .from = x->story[what].from,
                      .to = w->now,
                      .unit = whats[what].unit,
                      .country = x->country,
                      .sensors = {&name, 1},
                      .text = to.text,
                      .flows = to.flows,
                      .facts = model_facts_of(&to.facts)};
  if (on) measure(w, x, what, &f); /* what it was is in the alert already */
  return w->sink(w->sink_arg, &f);
}
