/* What became of messages, as records for the store and the portal. They wait in the queue's file,
 * written with the mark that they tell of, until the bus has them safe: a kill loses none, and one
 * that is said twice has the same id. Who subscribed in the portal sees it there (`told`). */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "model/delivery.h"
#include "notify/core_int.h"

/* Of a day gone by that is played there is no delay of ours. */
enum { AT_ONCE = 256, DETAIL = 200, WORD = 255, LONG_AGO_S = 30 * 86400, AHEAD_S = 3600 };

/* ---- words of others ---- */

/* Words with an address of mail or a URL in them are not passed on: answers like to repeat them.
 * What ends other words may be within a URL (";jsessionid="): it ends at a blank or an angle
 * bracket. */
static void quiet(const char *s, char *to, size_t cap)
{
  static const char ends[] = " \t\r\n<>()[]{},;\"'", url_ends[] = " \t\r\n<>";
  size_t n = 0;
  while (*s && n + 16 < cap) {
    size_t len = strcspn(s, ends);
    bool url = memmem(s, len, "://", 3) != NULL;
    if (url) len = strcspn(s, url_ends);
    const char *instead = url                   ? "(URL)"
                          : memchr(s, '@', len) ? "(address)"
                          : len > WORD          ? "(...)"
                                                : NULL;
    size_t sep = strspn(s + len, ends);
    int k = snprintf(to + n, cap - n, "%.*s%.*s", instead ? (int)strlen(instead) : (int)len,
                     instead ? instead : s, (int)sep, s + len);
    n += k < 0 ? 0 : (size_t)k < cap - n ? (size_t)k : cap - n - 1;
    s += len + sep;
  }
  to[n] = '\0';
}

static const char *shown(const char *s, char to[DETAIL])
{
  char plain[DETAIL];
  quiet(s ? s : "", plain, sizeof plain);
  for (char *c = plain; *c; c++)
    if (*c == '\r' || *c == '\n' || *c == '\t') *c = ' ';
  return prac_text_shown(plain, to, DETAIL);
}

/* ---- a record ---- */

static void id_of(const struct note_deed *d, const char *ref, char to[24])
{
  const char *const words[] = {d->message, d->way, d->outcome, ref};
  uint64_t h = 0;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(words); i++)
    h = prac_hash_bytes(h + 1, words[i], strlen(words[i]));
  (void)snprintf(to, 24, "t%016" PRIx64, h);
}

static double after_s(prac_time rec, prac_time at)
{
  double s = ((double)at - (double)rec) / (double)PRAC_SEC; /* any times: no difference overflows */
  if (rec == PRAC_TIME_NONE || s > LONG_AGO_S || s < -AHEAD_S) return (double)NAN;
  return s > 0 ? s : 0;
}

static void of_attack(struct delivery *d, const struct episode *e, char key[NOTE_ID_MAX])
{
  (void)snprintf(key, NOTE_ID_MAX, "attack:%.120s", e->id);
  d->key = key;
  d->what = "attack";
  d->ref = e->id;
  d->revision = e->revision;
  d->state = e->state;
  d->after_s = after_s(e->at, d->at);
  d->country = e->country;
  d->asn = e->asn;
  d->victim = e->victim;
  d->prefix_bits = e->prefix_bits;
  d->hosts = e->hosts;
}

static void of_alert(struct delivery *d, const struct alert *a)
{
  d->what = "alert";
  d->ref = a->id;
  d->revision = a->revision;
  d->state = a->state;
  d->key = a->key;
  d->after_s = after_s(a->at, d->at);
  d->tlp = a->tlp;
  d->country = a->country;
  d->asn = a->asn;
  d->hosts = a->hosts;
}

prac_rc note_delivery_add(struct note_core *c, const struct note_deed *deed,
                          const struct episode *e, const struct alert *a, struct prac_err *reterr)
{
  char id[24], key[NOTE_ID_MAX], detail[DETAIL];
  struct delivery d = {.at = deed->at,
                       .way = deed->way,
                       .tenant = deed->tenant,
                       .outcome = deed->outcome,
                       .rule = deed->rule,
                       .detail = shown(deed->detail, detail),
                       .to_count = deed->to_count};
  if (!c->env.publish) return PRAC_OK;
  if (e)
    of_attack(&d, e, key);
  else
    of_alert(&d, a);
  id_of(deed, d.ref, id);
  d.id = id;
  struct prac_json j = prac_json_of(0);
  model_to_json(&model_delivery, &d, &j);
  prac_rc rc = j.bad ? PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a record")
                     : note_out_add(c->queue, id, j.buf, j.len, reterr);
  prac_json_done(&j);
  c->out_any = true;
  return rc;
}

prac_rc note_delivery_job(struct note_core *c, const struct note_way *way, const struct note_job *j,
                          const char *outcome, prac_time at, struct prac_err *reterr)
{
  const struct note_digest *g = j->item.digest;
  const struct note_deed d = {
      .message = j->id,
      .way = way->name,
      .tenant = j->tenant.name,
      .outcome = outcome,
      .detail = j->err.text,
      .at = at,
      .to_count = strcmp(way->name, "mail") == 0 ? (uint32_t)j->tenant.n_mail_to : 0};
  bool sent = strcmp(outcome, "sent") == 0;
  if (j->subscriber || j->kind == NOTE_TEST || (way->says && sent)) return PRAC_OK;
  if (!g) return note_delivery_add(c, &d, j->item.episode, j->item.alert, reterr);
  for (uint32_t i = 0; i < g->n; i++)
    PRAC_TRY(note_delivery_add(c, &d, g->episodes[i], NULL, reterr));
  for (uint32_t i = 0; i < g->n_alerts; i++)
    PRAC_TRY(note_delivery_add(c, &d, NULL, g->alerts[i], reterr));
  return PRAC_OK;
}

/* ---- what a way does by itself ---- */

/* The attack as it was told last. */
static prac_rc find_attack(struct note_core *c, const struct note_said *s, struct episode *ret,
                           struct prac_err *reterr)
{
  struct note_story story;
  char id[NOTE_ID_MAX];
  const char *rec = NULL;
  size_t len = 0;
  PRAC_TRY(note_story_get(c->queue, s->tenant, s->episode, &story, reterr));
  (void)snprintf(id, sizeof id, "%.120s.%u.%s", s->episode, story.revision, s->tenant);
  PRAC_TRY(note_item_get(c->queue, id, &rec, &len, reterr));
  prac_arena_reset(c->arena);
  prac_rc rc = model_from_json(&model_episode, rec, len, c->arena, ret, NULL);
  return rc == PRAC_NOMEM ? PRAC_FAIL(reterr, rc, "no memory for a record") : rc;
}

prac_rc note_delivery_said(struct note_core *c, const struct note_way *way,
                           const struct note_said *s, struct prac_err *reterr)
{
  struct episode e;
  struct prac_err err = {0};
  const struct note_deed d = {.message = s->deed,
                              .way = way->name,
                              .tenant = s->tenant,
                              .outcome = s->outcome,
                              .detail = s->detail,
                              .rule = s->rule,
                              .at = s->at};
  prac_rc rc = find_attack(c, s, &e, &err);
  if (rc == PRAC_NOMEM || rc == PRAC_IO || rc == PRAC_FULL)
    return PRAC_FAIL(reterr, rc, "%s", err.text);
  if (rc != PRAC_OK) /* longer ago than the queue remembers */
    e = (struct episode){
        .id = s->episode, .victim = s->dst.ip, .prefix_bits = s->dst.bits, .at = PRAC_TIME_NONE};
  return note_delivery_add(c, &d, &e, NULL, reterr);
}

/* ---- to the bus ---- */

static prac_rc drop_safe(struct note_core *c, struct prac_err *reterr)
{
  PRAC_TRY(note_queue_sync(c->queue, false, reterr)); /* lost with the power: said again */
  prac_rc rc = note_out_drop(c->queue, c->out_safe, reterr);
  if (rc == PRAC_OK) rc = note_queue_commit(c->queue, reterr);
  if (rc != PRAC_OK) note_queue_rollback(c->queue);
  prac_rc again = note_queue_sync(c->queue, true, reterr);
  if (rc == PRAC_OK) c->out_gone = c->out_safe;
  return rc == PRAC_OK ? again : rc;
}

/* When there is no room for a further mark the youngest moves on. */
static void mark_said(struct note_core *c, uint64_t place)
{
  if (c->n_out_marks < NOTE_MARKS) c->n_out_marks++;
  c->out_marks[c->n_out_marks - 1] = (struct note_mark){c->out_said, place};
}

static void take_safe(struct note_core *c, uint64_t place)
{
  size_t n = 0;
  while (n < c->n_out_marks && c->out_marks[n].place <= place) c->out_safe = c->out_marks[n++].n;
  c->n_out_marks -= n;
  memmove(c->out_marks, c->out_marks + n, c->n_out_marks * sizeof c->out_marks[0]);
}

prac_rc note_delivery_tell(struct note_core *c, struct prac_err *reterr)
{
  void *arg = c->env.told_arg;
  int64_t before = c->out_said;
  uint64_t place = 0, at = 0;
  prac_rc rc = PRAC_OK;
  if (!c->env.publish) return PRAC_OK;
  for (int i = 0; c->out_any && i < AT_ONCE; i++) {
    char id[32];
    const char *rec = NULL;
    size_t len = 0;
    int64_t n = 0;
    rc = note_out_next(c->queue, c->out_said, &n, id, &rec, &len, reterr);
    if (rc == PRAC_UNKNOWN) c->out_any = false;
    if (rc != PRAC_OK || c->env.publish(arg, id, rec, len, &at) != PRAC_OK) break; /* later */
    place = at;
    c->out_said = n;
    prac_count(&c->counters[NOTE_COUNT_DELIVERIES], 1);
  }
  if (c->out_said != before) mark_said(c, place);
  if (rc != PRAC_OK && rc != PRAC_UNKNOWN) return rc;
  if (c->n_out_marks) take_safe(c, c->env.safe(arg));
  return c->out_gone == c->out_safe ? PRAC_OK : drop_safe(c, reterr);
}
