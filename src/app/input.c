/* Opening a capture by what its first bytes say, and reading it ahead in blocks. */
#include "app/input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct cap_source *best_claim(const char *what, const uint8_t *head, size_t n)
{
  const struct cap_source *best = NULL;
  int most = 0;
  for (const struct cap_source *const *s = cap_sources; *s; s++) {
    int claim = (*s)->claims ? (*s)->claims(what, head, n) : 0;
    if (claim > most) {
      most = claim;
      best = *s;
    }
  }
  return best;
}

static const void *source_conf(const struct cap_source *s, const struct prac_conf *conf)
{
  return conf && s->conf ? prac_conf_get(conf, s->conf->path, 0) : NULL;
}

/* A pipe gives its bytes once: those read to see what they are are handed on with the descriptor.
 * No more than that takes, for a pipe may be slow. */
static prac_rc read_head(struct cap_open *o, uint8_t head[CAP_HEAD_MAX], struct prac_err *reterr)
{
  o->head = head;
  while (o->n_head == 0 || (o->n_head < CAP_HEAD_MAX && !best_claim(o->what, head, o->n_head))) {
    ssize_t n = read(o->fd, head + o->n_head, CAP_HEAD_MAX - o->n_head);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return PRAC_FAIL(reterr, PRAC_IO, "%s: %s", o->what, strerrordesc_np(errno));
    if (n == 0) break;
    o->n_head += (size_t)n;
  }
  return PRAC_OK;
}

/* The source that was named, or that knows these bytes. */
static prac_rc choose(const char *source_name, struct cap_open *o, uint8_t head[CAP_HEAD_MAX],
                      const struct cap_source **ret, struct prac_err *reterr)
{
  if (source_name) {
    *ret = cap_source_find(source_name);
    return *ret ? PRAC_OK : PRAC_FAIL(reterr, PRAC_UNKNOWN, "no source called \"%s\"", source_name);
  }
  PRAC_TRY(read_head(o, head, reterr));
  *ret = best_claim(o->what, o->head, o->n_head);
  if (!*ret && o->n_head == 0) return PRAC_FAIL(reterr, PRAC_MALFORMED, "%s: empty file", o->what);
  return *ret ? PRAC_OK
              : PRAC_FAIL(
                    reterr, PRAC_MALFORMED,
                    "%s: neither a capture (pcap, pcapng, also .gz) nor a CSV with a known map",
                    o->what);
}

static prac_rc open_source(struct input *in, struct cap_open *o, const struct prac_conf *conf,
                           struct prac_err *reterr)
{
  in->st = calloc(1, in->source->state_size);
  in->what = strdup(o->what);
  if (in->source->form == CAP_FRAMES)
    in->frames = calloc(INPUT_AHEAD, sizeof *in->frames);
  else
    in->seen = calloc(INPUT_AHEAD, sizeof *in->seen);
  o->conf = source_conf(in->source, conf);
  if (!in->st || !in->what || (!in->frames && !in->seen))
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to read %s", o->what);
  return in->source->open(in->st, o, reterr);
}

prac_rc input_open(const char *what, const char *sensor, const char *source_name,
                   const struct prac_conf *conf, const struct prac_log *log, struct input *ret,
                   struct prac_err *reterr)
{
  uint8_t head[CAP_HEAD_MAX];
  struct input in = {.sensor = sensor};
  struct cap_open o = {.what = what, .fd = -1, .log = log};
  o.fd = in.fd = strcmp(what, "-") == 0 ? STDIN_FILENO : open(what, O_RDONLY | O_CLOEXEC);
  if (o.fd < 0) return PRAC_FAIL(reterr, PRAC_IO, "%s: %s", what, strerrordesc_np(errno));
  prac_rc rc = choose(source_name, &o, head, &in.source, reterr);
  if (rc == PRAC_OK) rc = open_source(&in, &o, conf, reterr);
  if (rc != PRAC_OK) {
    input_close(&in);
    return rc;
  }
  *ret = in;
  return PRAC_OK;
}

void input_close(struct input *in)
{
  if (in->st) in->source->close(in->st);
  if (in->fd > STDIN_FILENO) (void)close(in->fd);
  free(in->st);
  free(in->what);
  free(in->frames);
  free(in->seen);
  *in = (struct input){0};
}

void input_times(struct input *in, struct cap_frame *frames, struct cap_seen *seen, size_t n)
{
  for (size_t i = 0; i < n && in->source->form == CAP_FRAMES; i++)
    frames[i].at = cap_clock_tell(&in->clock, frames[i].at);
  for (size_t i = 0; i < n && in->source->form == CAP_SEEN; i++)
    if (!seen[i].sensor) seen[i].at = cap_clock_tell(&in->clock, seen[i].at);
}

static void read_ahead(struct input *in)
{
  in->n = in->at = 0;
  while (!in->ended && in->n == 0) {
    prac_rc rc =
        in->source->next(in->st, in->frames, in->seen, INPUT_AHEAD, PRAC_SEC, &in->n, &in->why);
    if (rc == PRAC_OK || rc == PRAC_AGAIN) continue;
    in->ended = true;
    in->broken = rc != PRAC_END;
  }
  input_times(in, in->frames, in->seen, in->n);
}

prac_time input_head(struct input *in)
{
  if (in->at == in->n) read_ahead(in);
  if (in->at == in->n) return INT64_MAX;
  return in->frames ? in->frames[in->at].at : in->seen[in->at].at;
}

size_t input_ready(const struct input *in, prac_time until)
{
  size_t i = in->at;
  while (i < in->n && (in->frames ? in->frames[i].at : in->seen[i].at) <= until) i++;
  return i > in->at ? i - in->at : (in->at < in->n);
}

void input_stats(const struct input *in, struct cap_stats *ret)
{
  *ret = (struct cap_stats){0};
  if (in->source->stats) in->source->stats(in->st, ret);
}

bool input_back_text(const struct input *in, char ret[INPUT_BACK_TEXT])
{
  const struct cap_clock *c = &in->clock;
  if (c->backs == 0) return false;
  char most[PRAC_TIME_TEXT];
  (void)snprintf(
      ret, INPUT_BACK_TEXT,
      "its clock goes back %" PRIu64 " %s, %s at most; %" PRIu64 " packets are told so much later",
      c->backs, c->backs == 1 ? "time" : "times", prac_duration_text(most, c->most_ns), c->moved);
  return true;
}
