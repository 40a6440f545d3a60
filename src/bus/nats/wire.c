#include "bus/nats/wire.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"

static json_t *parse(const char *p, size_t n)
{
  if (!p || n > NATS_ANSWER_MAX) return NULL;
  json_t *j = json_loadb(p, n, JSON_DISABLE_EOF_CHECK, NULL);
  if (j && !json_is_object(j)) {
    json_decref(j);
    return NULL;
  }
  return j;
}

static uint64_t num(const json_t *o, const char *key)
{
  json_int_t v = json_integer_value(json_object_get(o, key));
  return v > 0 ? (uint64_t)v : 0;
}

static void text(const json_t *o, const char *key, char *to, size_t cap)
{
  const char *s = json_string_value(json_object_get(o, key));
  (void)snprintf(to, cap, "%s", s ? s : "");
}

static bool flag(const json_t *o, const char *key)
{
  return json_is_true(json_object_get(o, key));
}

prac_rc nats_info_read(const char *p, size_t n, struct nats_info *ret)
{
  if (n < 5 || memcmp(p, "INFO ", 5) != 0) return PRAC_MALFORMED;
  json_t *j = parse(p + 5, n - 5);
  if (!j) return PRAC_MALFORMED;
  *ret = (struct nats_info){.max_payload = num(j, "max_payload"),
                            .jetstream = flag(j, "jetstream"),
                            .headers = flag(j, "headers"),
                            .tls = flag(j, "tls_required")};
  text(j, "version", ret->version, sizeof ret->version);
  text(j, "server_name", ret->name, sizeof ret->name);
  text(j, "cluster", ret->cluster, sizeof ret->cluster);
  text(j, "domain", ret->domain, sizeof ret->domain);
  json_decref(j);
  return ret->version[0] ? PRAC_OK : PRAC_MALFORMED;
}

int nats_version_cmp(const char *a, const char *b)
{
  for (int i = 0; i < 3; i++) {
    char *ea, *eb;
    unsigned long x = strtoul(a, &ea, 10), y = strtoul(b, &eb, 10);
    if (x != y) return x < y ? -1 : 1;
    if (*ea != '.' || *eb != '.') break;
    a = ea + 1;
    b = eb + 1;
  }
  return 0;
}

static void read_error(const json_t *j, struct nats_answer *ret)
{
  const json_t *e = json_object_get(j, "error");
  *ret = (struct nats_answer){.code = 0};
  if (!json_is_object(e)) return;
  uint64_t code = num(e, "code"), err = num(e, "err_code");
  ret->code = code > 0 && code < 1000 ? (int)code : 500;
  ret->err_code = err < 100000 ? (int)err : 0;
  text(e, "description", ret->text, sizeof ret->text);
}

prac_rc nats_puback_read(const char *p, size_t n, struct nats_puback *ret)
{
  json_t *j = parse(p, n);
  if (!j) return PRAC_MALFORMED;
  *ret = (struct nats_puback){.seq = num(j, "seq"), .duplicate = flag(j, "duplicate")};
  read_error(j, &ret->error);
  json_decref(j);
  return ret->error.code || ret->seq ? PRAC_OK : PRAC_MALFORMED;
}

static void read_subjects(const json_t *conf, struct nats_stream_info *ret)
{
  const json_t *a = json_object_get(conf, "subjects");
  size_t n = json_array_size(a);
  for (size_t i = 0; i < n && n <= NATS_SUBJECTS_MAX; i++) {
    const char *s = json_string_value(json_array_get(a, i));
    if (!s) continue;
    (void)snprintf(ret->subjects[ret->n_subjects], sizeof ret->subjects[0], "%s", s);
    ret->n_subjects++;
  }
}

prac_rc nats_stream_read(const char *p, size_t n, struct nats_stream_info *ret)
{
  json_t *j = parse(p, n);
  if (!j) return PRAC_MALFORMED;
  const json_t *c = json_object_get(j, "config"), *s = json_object_get(j, "state");
  *ret = (struct nats_stream_info){.first = num(s, "first_seq"),
                                   .last = num(s, "last_seq"),
                                   .bytes = num(s, "bytes"),
                                   .replicas = num(c, "num_replicas"),
                                   .max_age_ns = (int64_t)num(c, "max_age"),
                                   .max_bytes = (int64_t)num(c, "max_bytes"),
                                   .duplicates_ns = (int64_t)num(c, "duplicate_window"),
                                   .no_ack = flag(c, "no_ack"),
                                   .sealed = flag(c, "sealed"),
                                   .mirror = json_is_object(json_object_get(c, "mirror"))};
  read_error(j, &ret->error);
  text(c, "retention", ret->retention, sizeof ret->retention);
  text(c, "storage", ret->storage, sizeof ret->storage);
  text(c, "discard", ret->discard, sizeof ret->discard);
  text(json_object_get(j, "cluster"), "leader", ret->leader, sizeof ret->leader);
  read_subjects(c, ret);
  bool whole = ret->error.code || (c && s);
  json_decref(j);
  return whole ? PRAC_OK : PRAC_MALFORMED;
}

prac_rc nats_stored_read(const char *p, size_t n, struct nats_stored *ret)
{
  json_t *j = parse(p, n);
  if (!j) return PRAC_MALFORMED;
  *ret = (struct nats_stored){.seq = num(json_object_get(j, "message"), "seq")};
  read_error(j, &ret->error);
  bool whole = ret->error.code || ret->seq || flag(j, "success");
  json_decref(j);
  return whole ? PRAC_OK : PRAC_MALFORMED;
}

static bool add_once(json_t *list, const char *subject)
{
  for (size_t i = 0; i < json_array_size(list); i++) {
    const char *s = json_string_value(json_array_get(list, i));
    if (s && strcmp(s, subject) == 0) return true;
  }
  return json_array_append_new(list, json_string(subject)) == 0;
}

char *nats_stream_widened(const char *p, size_t len, const char *const *subjects, size_t n)
{
  json_t *j = parse(p, len);
  json_t *c = json_object_get(j, "config"), *a = json_object_get(c, "subjects");
  bool ok = json_is_array(a);
  for (size_t i = 0; i < n && ok; i++) ok = add_once(a, subjects[i]);
  char *body = ok ? json_dumps(c, JSON_COMPACT) : NULL;
  json_decref(j);
  return body;
}

prac_rc nats_consumer_read(const char *p, size_t n, struct nats_consumer_info *ret)
{
  json_t *j = parse(p, n);
  if (!j) return PRAC_MALFORMED;
  const json_t *c = json_object_get(j, "config"), *d = json_object_get(j, "delivered"),
               *f = json_object_get(j, "ack_floor");
  *ret = (struct nats_consumer_info){.floor = num(f, "stream_seq"),
                                     .delivered = num(d, "stream_seq"),
                                     .delivered_n = num(d, "consumer_seq")};
  uint64_t begin = num(c, "opt_start_seq");
  if (begin && ret->floor < begin - 1) ret->floor = begin - 1;
  if (ret->delivered < ret->floor) ret->delivered = ret->floor;
  read_error(j, &ret->error);
  text(j, "name", ret->name, sizeof ret->name);
  text(c, "description", ret->filter, sizeof ret->filter);
  json_decref(j);
  return ret->error.code || ret->name[0] ? PRAC_OK : PRAC_MALFORMED;
}

static bool number(const char *s, uint64_t *ret)
{
  char *end;
  if (*s < '0' || *s > '9') return false;
  *ret = strtoull(s, &end, 10);
  return *end == '.' || *end == '\0';
}

prac_rc nats_place_read(const char *reply, struct nats_place *ret)
{
  enum { DOTS_MAX = 16 };
  size_t at[DOTS_MAX], n = 0; /* where each token begins */
  if (strnlen(reply, NATS_REPLY_MAX + 1) > NATS_REPLY_MAX || strncmp(reply, "$JS.ACK.", 8) != 0)
    return PRAC_MALFORMED;
  at[n++] = 0;
  for (const char *c = reply; *c && n < DOTS_MAX; c++)
    if (*c == '.') at[n++] = (size_t)(c - reply) + 1;
  if (n < 9 || n == 10) return PRAC_MALFORMED;
  size_t tries = n == 9 ? 4 : 6; /* newer: domain and account stand before the stream */
  uint64_t time;
  if (!number(reply + at[tries], &ret->tries) || !number(reply + at[tries + 1], &ret->seq) ||
      !number(reply + at[tries + 2], &ret->n) || !number(reply + at[tries + 3], &time) ||
      !number(reply + at[tries + 4], &ret->left))
    return PRAC_MALFORMED;
  ret->head = at[tries];
  return PRAC_OK;
}

static const char lease_magic[8] = "PRACLEA1", head_magic[8] = "PRACHEA1";
static const uint64_t head_seed = 0x1ead;

void nats_lease_write(const struct nats_lease *v, uint8_t to[NATS_LEASE_BYTES])
{
  struct prac_wr w = prac_wr_of(to, NATS_LEASE_BYTES);
  prac_wr_bytes(&w, lease_magic, sizeof lease_magic);
  prac_wr_u64le(&w, v->owner);
  prac_wr_u64le(&w, v->instance);
}

prac_rc nats_lease_read(const void *p, size_t n, struct nats_lease *ret)
{
  struct prac_rd r = prac_rd_of(p, n);
  const uint8_t *magic = prac_rd_bytes(&r, sizeof lease_magic);
  if (n != NATS_LEASE_BYTES || !magic || memcmp(magic, lease_magic, sizeof lease_magic) != 0)
    return PRAC_MALFORMED;
  ret->owner = prac_rd_u64le(&r);
  ret->instance = prac_rd_u64le(&r);
  return PRAC_OK;
}

void nats_head_write(const struct nats_head *v, uint8_t to[NATS_HEAD_BYTES])
{
  const uint64_t words[] = {v->holder, v->by, v->half, v->len, v->hash, v->place};
  struct prac_wr w = prac_wr_of(to, NATS_HEAD_BYTES);
  prac_wr_bytes(&w, head_magic, sizeof head_magic);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(words); i++) prac_wr_u64le(&w, words[i]);
  prac_wr_u64le(&w, prac_hash_bytes(head_seed, to, prac_wr_len(&w)));
}

prac_rc nats_head_read(const void *p, size_t n, struct nats_head *ret)
{
  struct nats_head v;
  uint64_t *const words[] = {&v.holder, &v.by, &v.half, &v.len, &v.hash, &v.place};
  struct prac_rd r = prac_rd_of(p, n);
  const uint8_t *magic = prac_rd_bytes(&r, sizeof head_magic);
  if (n != NATS_HEAD_BYTES || !magic || memcmp(magic, head_magic, sizeof head_magic) != 0)
    return PRAC_DAMAGED;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(words); i++) *words[i] = prac_rd_u64le(&r);
  if (prac_rd_u64le(&r) != prac_hash_bytes(head_seed, p, n - 8)) return PRAC_DAMAGED;
  if (v.half > 1 || v.len > NATS_STATE_MAX) return PRAC_DAMAGED;
  *ret = v;
  return PRAC_OK;
}
