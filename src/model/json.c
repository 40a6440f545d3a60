/* Records to and from JSON, by walking the table. Reading is jansson's; what does not fit its field
 * is refused with the field's name. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "model/field.h"

static const void *at(const void *rec, const struct model_field *f)
{
  return (const char *)rec + f->offset;
}

static void json_strs(struct prac_json *j, const struct model_strs *v)
{
  prac_json_open(j, '[');
  for (uint32_t i = 0; i < v->n; i++) prac_json_str(j, v->v[i]);
  prac_json_close(j, ']');
}

static void json_ips(struct prac_json *j, const struct model_ips *v)
{
  prac_json_open(j, '[');
  for (uint32_t i = 0; i < v->n; i++) prac_json_ip(j, &v->v[i]);
  prac_json_close(j, ']');
}

static void json_ports(struct prac_json *j, const struct model_ports *v)
{
  char text[MODEL_PORT_TEXT];
  prac_json_open(j, '[');
  for (uint32_t i = 0; i < v->n; i++) prac_json_str(j, model_port_text(text, v->v[i]));
  prac_json_close(j, ']');
}

/* Hashes and seeds use all 64 bits, which JSON numbers cannot carry. */
static void json_hex(struct prac_json *j, uint64_t v)
{
  char text[17];
  for (int i = 15; i >= 0; i--, v >>= 4) text[i] = "0123456789abcdef"[v & 15];
  prac_json_strn(j, text, 16);
}

static void json_bytes(struct prac_json *j, const struct model_bytes *v)
{
  char text[2 * MODEL_BYTES_MAX];
  uint32_t n = v->n < MODEL_BYTES_MAX ? v->n : MODEL_BYTES_MAX;
  for (uint32_t i = 0; i < n; i++) {
    text[2 * i] = "0123456789abcdef"[v->v[i] >> 4];
    text[2 * i + 1] = "0123456789abcdef"[v->v[i] & 15];
  }
  prac_json_strn(j, text, 2 * (size_t)n);
}

static void json_field(struct prac_json *j, enum model_type type, const void *p)
{
  switch (type) {
  case MODEL_BOOL:
    prac_json_bool(j, *(const bool *)p);
    break;
  case MODEL_U32:
    prac_json_u64(j, *(const uint32_t *)p);
    break;
  case MODEL_U64:
    prac_json_u64(j, *(const uint64_t *)p);
    break;
  case MODEL_HEX:
    json_hex(j, *(const uint64_t *)p);
    break;
  case MODEL_I64:
    prac_json_i64(j, *(const int64_t *)p);
    break;
  case MODEL_F64:
    prac_json_f64(j, *(const double *)p);
    break;
  case MODEL_TIME:
    prac_json_time(j, *(const prac_time *)p);
    break;
  case MODEL_IP:
    prac_json_ip(j, p);
    break;
  case MODEL_STR:
    prac_json_str(j, *(const char *const *)p ? *(const char *const *)p : "");
    break;
  case MODEL_STRS:
    json_strs(j, p);
    break;
  case MODEL_IPS:
    json_ips(j, p);
    break;
  case MODEL_PORTS:
    json_ports(j, p);
    break;
  case MODEL_BYTES:
    json_bytes(j, p);
    break;
  case MODEL_TYPE_COUNT_:
    break;
  }
}

void model_to_json(const struct model_kind *k, const void *rec, struct prac_json *j)
{
  prac_json_open(j, '{');
  for (size_t i = 0; i < k->n_fields; i++) {
    prac_json_key(j, k->fields[i].name);
    json_field(j, k->fields[i].type, at(rec, &k->fields[i]));
  }
  prac_json_close(j, '}');
}

/* ---- reading ---- */

static bool read_u64(const json_t *v, uint64_t max, uint64_t *ret)
{
  if (!json_is_integer(v) || json_integer_value(v) < 0) return false;
  *ret = (uint64_t)json_integer_value(v);
  return *ret <= max;
}

/* n digits, at most 16. */
static bool read_digits(const char *s, size_t n, uint64_t *ret)
{
  static const char digits[] = "0123456789abcdef";
  *ret = 0;
  for (size_t i = 0; i < n; i++) {
    const char *d = memchr(digits, s[i], 16);
    if (!d) return false;
    *ret = *ret << 4 | (uint64_t)(d - digits);
  }
  return true;
}

static bool read_hex(const json_t *v, uint64_t *ret)
{
  const char *s = json_is_string(v) ? json_string_value(v) : "";
  return strlen(s) == 16 && read_digits(s, 16, ret);
}

static bool read_bytes(const json_t *v, struct prac_arena *a, struct model_bytes *ret)
{
  const char *s = json_is_string(v) ? json_string_value(v) : "";
  size_t n = json_is_string(v) ? json_string_length(v) : 1;
  uint64_t byte;
  uint8_t *to = prac_arena_alloc(a, n / 2 + 1);
  if (!to || n % 2 || n / 2 > MODEL_BYTES_MAX) return false;
  for (size_t i = 0; i < n / 2; i++) {
    if (!read_digits(s + 2 * i, 2, &byte)) return false;
    to[i] = (uint8_t)byte;
  }
  *ret = (struct model_bytes){to, (uint32_t)(n / 2)};
  return true;
}

static const char *copy_str(const json_t *v, struct prac_arena *a)
{
  return json_is_string(v) ? prac_arena_strndup(a, json_string_value(v), json_string_length(v))
                           : NULL;
}

static bool read_strs(const json_t *v, struct prac_arena *a, struct model_strs *ret)
{
  size_t n = json_array_size(v);
  const char **out = prac_arena_alloc(a, n * sizeof *out + 1);
  if (!json_is_array(v) || !out) return false;
  for (size_t i = 0; i < n; i++)
    if (!(out[i] = copy_str(json_array_get(v, i), a))) return false;
  *ret = (struct model_strs){out, (uint32_t)n};
  return true;
}

static bool read_ip(const json_t *v, struct prac_ip *ret)
{
  return json_is_string(v) &&
         prac_ip_parse(json_string_value(v), json_string_length(v), ret) == PRAC_OK;
}

static bool read_ips(const json_t *v, struct prac_arena *a, struct model_ips *ret)
{
  size_t n = json_array_size(v);
  struct prac_ip *out = prac_arena_alloc(a, n * sizeof *out + 1);
  if (!json_is_array(v) || !out) return false;
  for (size_t i = 0; i < n; i++)
    if (!read_ip(json_array_get(v, i), &out[i])) return false;
  *ret = (struct model_ips){out, (uint32_t)n};
  return true;
}

static bool read_ports(const json_t *v, struct prac_arena *a, struct model_ports *ret)
{
  size_t n = json_array_size(v);
  struct model_port *out = prac_arena_alloc(a, n * sizeof *out + 1);
  if (!json_is_array(v) || !out) return false;
  for (size_t i = 0; i < n; i++) {
    const json_t *p = json_array_get(v, i);
    if (!json_is_string(p) ||
        model_port_parse(json_string_value(p), json_string_length(p), &out[i]) != PRAC_OK)
      return false;
  }
  *ret = (struct model_ports){out, (uint32_t)n};
  return true;
}

static bool read_time(const json_t *v, prac_time *ret)
{
  *ret = PRAC_TIME_NONE;
  if (json_is_null(v)) return true;
  return json_is_string(v) &&
         prac_time_parse(json_string_value(v), json_string_length(v), ret) == PRAC_OK;
}

static bool read_number(enum model_type type, const json_t *v, void *p)
{
  uint64_t u;
  if (type == MODEL_U32) {
    if (!read_u64(v, UINT32_MAX, &u)) return false;
    *(uint32_t *)p = (uint32_t)u;
    return true;
  }
  if (type == MODEL_U64) return read_u64(v, INT64_MAX, p);
  if (type == MODEL_HEX) return read_hex(v, p);
  if (type == MODEL_I64) {
    *(int64_t *)p = json_integer_value(v);
    return json_is_integer(v);
  }
  *(double *)p = json_is_null(v) ? (double)NAN : json_number_value(v);
  return json_is_number(v) || json_is_null(v);
}

static bool read_field(enum model_type type, const json_t *v, struct prac_arena *a, void *p)
{
  switch (type) {
  case MODEL_BOOL:
    *(bool *)p = json_is_true(v);
    return json_is_boolean(v);
  case MODEL_U32:
  case MODEL_U64:
  case MODEL_HEX:
  case MODEL_I64:
  case MODEL_F64:
    return read_number(type, v, p);
  case MODEL_TIME:
    return read_time(v, p);
  case MODEL_IP:
    return read_ip(v, p);
  case MODEL_STR:
    return (*(const char **)p = copy_str(v, a)) != NULL;
  case MODEL_STRS:
    return read_strs(v, a, p);
  case MODEL_IPS:
    return read_ips(v, a, p);
  case MODEL_PORTS:
    return read_ports(v, a, p);
  case MODEL_BYTES:
    return read_bytes(v, a, p);
  case MODEL_TYPE_COUNT_:
    break;
  }
  return false;
}

/* What a missing field reads as: zero, "", unknown time. */
static void clear(const struct model_kind *k, void *rec)
{
  memset(rec, 0, k->size);
  for (size_t i = 0; i < k->n_fields; i++) {
    void *p = (char *)rec + k->fields[i].offset;
    if (k->fields[i].type == MODEL_STR) *(const char **)p = "";
    if (k->fields[i].type == MODEL_TIME) *(prac_time *)p = PRAC_TIME_NONE;
  }
}

prac_rc model_from_json(const struct model_kind *k, const char *text, size_t n,
                        struct prac_arena *a, void *ret_rec, struct prac_err *reterr)
{
  json_error_t why;
  json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
  if (!root)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "%s: not JSON: %s (byte %d)", k->name, why.text,
                     why.position);
  prac_rc rc = PRAC_OK;
  if (!json_is_object(root)) rc = PRAC_FAIL(reterr, PRAC_MALFORMED, "%s: not an object", k->name);
  clear(k, ret_rec);
  for (size_t i = 0; i < k->n_fields && rc == PRAC_OK; i++) {
    const struct model_field *f = &k->fields[i];
    const json_t *v = json_object_get(root, f->name);
    if (v && !read_field(f->type, v, a, (char *)ret_rec + f->offset))
      rc = PRAC_FAIL(reterr, PRAC_MALFORMED, "%s.%s: wrong type or value", k->name, f->name);
  }
  json_decref(root);
  return rc;
}

/* ---- schema ---- */

void model_schema(const struct model_kind *k, struct prac_json *j)
{
  static const char *const fragments[] = {
#define X(name, ctype, schema, sql) schema,
      MODEL_TYPES(X)
#undef X
  };
  prac_json_open(j, '{');
  prac_json_key(j, "$schema");
  prac_json_str(j, "https://json-schema.org/draft/2020-12/schema");
  prac_json_key(j, "title");
  prac_json_str(j, k->name);
  prac_json_key(j, "description");
  prac_json_str(j, k->about);
  prac_json_key(j, "type");
  prac_json_str(j, "object");
  prac_json_key(j, "properties");
  prac_json_open(j, '{');
  for (size_t i = 0; i < k->n_fields; i++) {
    const struct model_field *f = &k->fields[i];
    const char *frag = fragments[f->type];
    char with[256]; /* the fragment, opened again for its description */
    size_t n = strlen(frag) - 1;
    memcpy(with, frag, n);
    prac_json_key(j, f->name);
    struct prac_json d = prac_json_of(0);
    prac_json_str(&d, f->help);
    memcpy(with + n, ",\"description\":", 15);
    n += 15;
    if (d.buf && d.len < sizeof with - n - 1) {
      memcpy(with + n, d.buf, d.len);
      with[n + d.len] = '}';
      prac_json_raw(j, with, n + d.len + 1);
    } else {
      prac_json_raw(j, frag, strlen(frag));
    }
    prac_json_done(&d);
  }
  prac_json_close(j, '}');
  prac_json_close(j, '}');
}
