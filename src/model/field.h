/* model/field.h — one table per record type, and what is made from it.
 *
 * A record type is an X-macro list of fields. From it come the struct (below), the binary form, the
 * JSON form, the JSON schema, the store's columns and the portal's: all by walking the descriptors.
 *
 *   #define FINDING_FIELDS(F)                                                    \
 *     F(STR, id, "", "unique; same input, settings and seed give the same id")   \
 *     F(TIME, at, "ns", "when the engine said so")
 *   struct finding { FINDING_FIELDS(MODEL_FIELD) };
 *
 * Strings and lists are borrowed pointers: they live in the arena that decoded them or in the
 * maker's memory. Binary form: magic byte, version, then each field in table order, little-endian,
 * varint lengths. Unknown JSON keys are ignored on reading (a newer writer), missing ones stay
 * zero.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/json.h"
#include "base/time.h"

enum { MODEL_BYTES_MAX = 4096 }; /* of one field; what is longer is cut in JSON, and refused */
struct model_bytes {
  const uint8_t *v;
  uint32_t n;
};
struct model_strs {
  const char *const *v;
  uint32_t n;
};
struct model_ips {
  const struct prac_ip *v;
  uint32_t n;
};
struct model_port {
  uint16_t port; /* ICMP: type << 8 | code */
  uint8_t proto; /* IANA */
};
struct model_ports {
  const struct model_port *v;
  uint32_t n;
};

/* type name, C type, JSON schema fragment, SQLite column type */
#define MODEL_TYPES(X)                                                                             \
  X(BOOL, bool, "{\"type\":\"boolean\"}", "INTEGER")                                               \
  X(U32, uint32_t, "{\"type\":\"integer\",\"minimum\":0}", "INTEGER")                              \
  X(U64, uint64_t, "{\"type\":\"integer\",\"minimum\":0}", "INTEGER")                              \
  X(HEX, uint64_t, "{\"type\":\"string\",\"pattern\":\"^[0-9a-f]{16}$\"}", "TEXT")                 \
  X(I64, int64_t, "{\"type\":\"integer\"}", "INTEGER")                                             \
  X(F64, double, "{\"type\":[\"number\",\"null\"]}", "REAL")                                       \
  X(TIME, prac_time, "{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"}", "INTEGER")       \
  X(IP, struct prac_ip, "{\"type\":\"string\"}", "BLOB")                                           \
  X(STR, const char *, "{\"type\":\"string\"}", "TEXT")                                            \
  X(STRS, struct model_strs, "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}", "TEXT")       \
  X(IPS, struct model_ips, "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}", "TEXT")         \
  X(PORTS, struct model_ports, "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}", "TEXT")     \
  X(BYTES, struct model_bytes, "{\"type\":\"string\",\"pattern\":\"^([0-9a-f]{2})*$\"}", "BLOB")

enum model_type {
#define X(name, ctype, schema, sql) MODEL_##name,
  MODEL_TYPES(X)
#undef X
      MODEL_TYPE_COUNT_
};
#define X(name, ctype, schema, sql) typedef ctype model_##name##_t;
MODEL_TYPES(X)
#undef X

struct model_field {
  const char *name;
  enum model_type type;
  size_t offset;
  const char *unit;
  const char *help;
};
struct model_kind {
  const char *name; /* "finding": also the bus subject's first word and the store's table */
  const char *about;
  uint32_t version; /* of the table: rises when a field is added at the end */
  size_t size;
  const struct model_field *fields;
  size_t n_fields;
  const char *key; /* the field that identifies a record: writing it again replaces it */
};
#define MODEL_FIELD(type, name, unit, help) model_##type##_t name;
/* struct model_field initialiser for one row, where `rec` names the struct */
#define MODEL_DESC(rec, type, name, unit, help)                                                    \
  {#name, MODEL_##type, offsetof(struct rec, name), unit, help},

extern const struct model_kind *const model_kinds[]; /* NULL-terminated; model/registry.c */
const struct model_kind *model_kind_find(const char *name, size_t n); /* NULL: no such kind */

/* All by the table. Strings NULL are written as "". */
void model_to_json(const struct model_kind *k, const void *rec, struct prac_json *j);
PRAC_NODISCARD prac_rc model_from_json(const struct model_kind *k, const char *json, size_t n,
                                       struct prac_arena *a, void *ret_rec,
                                       struct prac_err *reterr);
PRAC_NODISCARD prac_rc model_to_binary(const struct model_kind *k, const void *rec,
                                       struct prac_wr *w);
PRAC_NODISCARD prac_rc model_from_binary(const struct model_kind *k, struct prac_rd *r,
                                         struct prac_arena *a, void *ret_rec);
/* JSON Schema (2020-12) of one record type. */
void model_schema(const struct model_kind *k, struct prac_json *j);
/* A deep copy whose strings and lists live in a. PRAC_NOMEM. */
PRAC_NODISCARD prac_rc model_copy(const struct model_kind *k, const void *rec, struct prac_arena *a,
                                  void *ret_rec);
/* "443/tcp", "icmp/3.1", "53/udp", "17" (protocol without ports) */
#define MODEL_PORT_TEXT 24
const char *model_port_text(char out[MODEL_PORT_TEXT], struct model_port p);
PRAC_NODISCARD prac_rc model_port_parse(const char *s, size_t n, struct model_port *ret);
