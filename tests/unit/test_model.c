#include "lib/choice.h"
#include "lib/t.h"

#include <stdlib.h>
#include <string.h>

#include "model/flow.h"
#include "model/packet.h"
#include "model/records.h"

/* ---- a record with something in every field, from choices ---- */

static const char *some_text(struct choice *c, struct prac_arena *a)
{
  static const char *const words[] = {"",     "x",   "quote \" and \\", "line\nbreak\x01",
                                      "東京", "\x7f"};
  uint32_t i = choice_below(c, PRAC_ARRAY_LEN(words));
  return prac_arena_strndup(a, words[i], strlen(words[i]));
}

static void fill_list(struct choice *c, struct prac_arena *a, const struct model_field *f, void *p)
{
  uint32_t n = choice_below(c, 4);
  if (f->type == MODEL_STRS) {
    const char **v = prac_arena_alloc(a, (n + 1) * sizeof *v);
    for (uint32_t i = 0; i < n; i++) v[i] = some_text(c, a);
    *(struct model_strs *)p = (struct model_strs){v, n};
  } else if (f->type == MODEL_IPS) {
    struct prac_ip *v = prac_arena_alloc(a, (n + 1) * sizeof *v);
    for (uint32_t i = 0; i < n; i++)
      v[i] = i % 2 ? prac_ip_of(0x20010db800000000u, choice_u8(c)) : prac_ip4(choice_below(c, ~0u));
    *(struct model_ips *)p = (struct model_ips){v, n};
  } else {
    struct model_port *v = prac_arena_alloc(a, (n + 1) * sizeof *v);
    static const uint8_t protos[] = {6, 17, 1, 58};
    for (uint32_t i = 0; i < n; i++)
      v[i] = (struct model_port){(uint16_t)choice_below(c, 65536), protos[choice_below(c, 4)]};
    *(struct model_ports *)p = (struct model_ports){v, n};
  }
}

static void fill(struct choice *c, struct prac_arena *a, const struct model_kind *k, void *rec)
{
  memset(rec, 0, k->size);
  for (size_t i = 0; i < k->n_fields; i++) {
    const struct model_field *f = &k->fields[i];
    void *p = (char *)rec + f->offset;
    uint64_t u = choice_below(c, ~0u);
    switch (f->type) {
    case MODEL_BOOL:
      *(bool *)p = u & 1;
      break;
    case MODEL_U32:
      *(uint32_t *)p = (uint32_t)u;
      break;
    case MODEL_U64:
      *(uint64_t *)p = u << 20;
      break;
    case MODEL_HEX:
      *(uint64_t *)p = u * 0x9e3779b97f4a7c15u;
      break;
    case MODEL_I64:
      *(int64_t *)p = (int64_t)u - 77777;
      break;
    case MODEL_F64:
      *(double *)p = (double)u / 7 - 100;
      break;
    case MODEL_TIME:
      *(prac_time *)p = u % 5 ? (prac_time)u * 1000000007 : PRAC_TIME_NONE;
      break;
    case MODEL_IP:
      *(struct prac_ip *)p = prac_ip4((uint32_t)u);
      break;
    case MODEL_STR:
      *(const char **)p = some_text(c, a);
      break;
    case MODEL_STRS:
    case MODEL_IPS:
    case MODEL_PORTS:
      fill_list(c, a, f, p);
      break;
    case MODEL_BYTES: {
      uint32_t n = choice_below(c, 300);
      uint8_t *v = prac_arena_alloc(a, n + 1);
      for (uint32_t b = 0; b < n; b++) v[b] = choice_u8(c);
      *(struct model_bytes *)p = (struct model_bytes){v, n};
      break;
    }
    case MODEL_TYPE_COUNT_:
      break;
    }
  }
}

union any {
  struct finding f;
  struct alert a;
  struct health h;
  struct hit hit;
  struct episode e;
  struct packet p;
};

/* Two records are the same when they write the same JSON. */
static int same(const struct model_kind *k, const void *x, const void *y)
{
  struct prac_json a = prac_json_of(0), b = prac_json_of(0);
  model_to_json(k, x, &a);
  model_to_json(k, y, &b);
  int ok = !a.bad && !b.bad && a.len == b.len && memcmp(a.buf, b.buf, a.len) == 0;
  prac_json_done(&a);
  prac_json_done(&b);
  return ok;
}

static int every_form_reads_back(struct choice *c)
{
  static uint8_t buf[65536];
  struct prac_arena *a = prac_arena_new(0);
  int ok = 1;
  for (size_t i = 0; model_kinds[i] && ok; i++) {
    const struct model_kind *k = model_kinds[i];
    union any in, out, copy;
    fill(c, a, k, &in);
    struct prac_wr w = prac_wr_of(buf, sizeof buf);
    ok = model_to_binary(k, &in, &w) == PRAC_OK;
    struct prac_rd r = prac_rd_of(buf, prac_wr_len(&w));
    ok = ok && model_from_binary(k, &r, a, &out) == PRAC_OK && prac_rd_left(&r) == 0 &&
         same(k, &in, &out);
    struct prac_json j = prac_json_of(0);
    model_to_json(k, &in, &j);
    ok = ok && model_from_json(k, j.buf, j.len, a, &out, NULL) == PRAC_OK && same(k, &in, &out);
    ok = ok && model_copy(k, &in, a, &copy) == PRAC_OK && same(k, &in, &copy);
    prac_json_done(&j);
  }
  prac_arena_free(&a);
  return ok;
}

/* Every cut of good bytes is refused, never read past. */
static void cut_records_are_refused(void **s)
{
  (void)s;
  uint8_t buf[4096], script[256];
  for (size_t i = 0; i < sizeof script; i++) script[i] = (uint8_t)(i * 37 + 11);
  struct prac_arena *a = prac_arena_new(0);
  struct choice c = {script, script + sizeof script};
  union any in, out;
  fill(&c, a, &model_finding, &in);
  struct prac_wr w = prac_wr_of(buf, sizeof buf);
  assert_int_equal(model_to_binary(&model_finding, &in, &w), PRAC_OK);
  for (size_t n = 0; n < prac_wr_len(&w); n++) {
    uint8_t *exact = malloc(n + 1); /* so that ASan sees a byte too far */
    memcpy(exact, buf, n);
    struct prac_rd r = prac_rd_of(exact, n);
    assert_int_not_equal(model_from_binary(&model_finding, &r, a, &out), PRAC_OK);
    free(exact);
  }
  prac_arena_free(&a);
}

static void bad_json_names_the_field(void **s)
{
  (void)s;
  static const struct {
    const char *json, *says;
  } rows[] = {
      {"", "not JSON"},
      {"[]", "not an object"},
      {"{\"level\":-1}", "finding.level"},
      {"{\"level\":4294967296}", "finding.level"},
      {"{\"hosts\":[\"1.2.3\"]}", "finding.hosts"},
      {"{\"ports\":[\"443/tcpx\"]}", "finding.ports"},
      {"{\"at\":\"yesterday\"}", "finding.at"},
      {"{\"seed\":\"zz\"}", "finding.seed"},
      {"{\"id\":5}", "finding.id"},
  };
  struct prac_arena *a = prac_arena_new(0);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(rows); i++) {
    struct finding f;
    struct prac_err err = {0};
    assert_int_equal(
        model_from_json(&model_finding, rows[i].json, strlen(rows[i].json), a, &f, &err),
        PRAC_MALFORMED);
    assert_non_null(strstr(err.text, rows[i].says));
  }
  struct finding f;
  assert_int_equal(model_from_json(&model_finding, "{\"new\":1}", 9, a, &f, NULL), PRAC_OK);
  assert_string_equal(f.id, "");
  assert_int_equal(f.at, PRAC_TIME_NONE);
  prac_arena_free(&a);
}

static void ports_read_back(void **s)
{
  (void)s;
  static const char *const good[] = {"443/tcp",  "0/udp",       "65535/sctp",
                                     "icmp/3.1", "icmp6/128.0", "47"};
  static const char *const bad[] = {"",         "tcp",     "65536/tcp", "1/",
                                    "icmp/256", "icmp/3.", "300",       "-1/tcp"};
  struct model_port p;
  char text[MODEL_PORT_TEXT];
  for (size_t i = 0; i < PRAC_ARRAY_LEN(good); i++) {
    assert_int_equal(model_port_parse(good[i], strlen(good[i]), &p), PRAC_OK);
    assert_string_equal(model_port_text(text, p), good[i]);
  }
  for (size_t i = 0; i < PRAC_ARRAY_LEN(bad); i++)
    assert_int_not_equal(model_port_parse(bad[i], strlen(bad[i]), &p), PRAC_OK);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(cut_records_are_refused),
      cmocka_unit_test(bad_json_names_the_field),
      cmocka_unit_test(ports_read_back),
  };
  if (!prop_check("every_form_reads_back", every_form_reads_back, 1, 500)) return 1;
  return cmocka_run_group_tests_name("model", t, NULL, NULL);
}
