/* The description of the API, made from the table that also dispatches it, from the records' tables
 * and from the schemas of what is no record (openapi_schemas.c). */
#include "portal/openapi.h"

#include <stdio.h>
#include <string.h>

#include "portal/packets.h"

static void open_key(struct prac_json *j, const char *key, char bracket)
{
  prac_json_key(j, key);
  prac_json_open(j, bracket);
}

static void schema(struct prac_json *j, const char *type)
{
  open_key(j, "schema", '{');
  prac_json_key_str(j, "type", strchr(type, '|') ? "string" : type);
  if (strchr(type, '|')) {
    open_key(j, "enum", '[');
    for (const char *s = type; *s;) {
      size_t n = strcspn(s, "|");
      prac_json_strn(j, s, n);
      s += n + (s[n] == '|');
    }
    prac_json_close(j, ']');
  }
  prac_json_close(j, '}');
}

static void param(struct prac_json *j, const char *name, const char *in, const char *type,
                  const char *help)
{
  prac_json_open(j, '{');
  prac_json_key_str(j, "name", name);
  prac_json_key_str(j, "in", in);
  if (strcmp(in, "path") == 0) {
    prac_json_key_bool(j, "required", true);
  }
  prac_json_key_str(j, "description", help);
  schema(j, type);
  prac_json_close(j, '}');
}

static void params(struct prac_json *j, const struct portal_route *t)
{
  const char *word = strchr(t->path, '{');
  char name[32] = "";
  open_key(j, "parameters", '[');
  if (word) {
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 1, "}"), word + 1);
    param(j, name, "path", "string", "which one");
  }
  for (const struct portal_param *p = t->params; p->name; p++)
    param(j, p->name, "query", p->type, p->help);
  prac_json_close(j, ']');
}

/* ---- types and fields (portal/openapi.h) ---- */

static void raw(struct prac_json *j, const char *json)
{
  prac_json_raw(j, json, strlen(json));
}

static const char *plain_type(char letter)
{
  static const char *const plain[][2] = {
      {"s", "{\"type\":\"string\"}"},
      {"b", "{\"type\":\"boolean\"}"},
      {"u", "{\"type\":\"integer\",\"minimum\":0}"},
      {"i", "{\"type\":\"integer\"}"},
      {"n", "{\"type\":[\"number\",\"null\"]}"},
      {"t", "{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"}"},
      {"x", "{\"type\":[\"string\",\"number\",\"boolean\",\"null\"]}"},
      {"o", "{\"type\":\"object\"}"}};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(plain); i++)
    if (plain[i][0][0] == letter) return plain[i][1];
  return "{}";
}

static void put_ref(struct prac_json *j, const char *name, size_t n)
{
  char ref[96];
  (void)snprintf(ref, sizeof ref, "#/components/schemas/%.*s", (int)n, name);
  prac_json_open(j, '{');
  prac_json_key_str(j, "$ref", ref);
  prac_json_close(j, '}');
}

static void put_type(struct prac_json *j, const char *s, size_t n)
{
  const char *bar = memchr(s, '|', n);
  size_t lists = strspn(s, "[");
  bool maybe = s[lists] == '?';
  for (size_t i = 0; i < lists; i++) {
    prac_json_open(j, '{');
    prac_json_key_str(j, "type", "array");
    prac_json_key(j, "items");
  }
  s += lists + maybe;
  n -= 2 * lists + maybe;
  if (maybe || bar) {
    size_t first = bar ? (size_t)(bar - s) : n;
    prac_json_open(j, '{');
    open_key(j, "anyOf", '[');
    put_type(j, s, first);
    if (bar)
      put_type(j, bar + 1, n - first - 1);
    else
      raw(j, "{\"type\":\"null\"}");
    prac_json_close(j, ']');
    prac_json_close(j, '}');
  } else if (n == 1) {
    raw(j, plain_type(*s));
  } else {
    put_ref(j, s, n);
  }
  for (size_t i = 0; i < lists; i++) prac_json_close(j, '}');
}

/* "name:type" with blanks between, as properties; *ret_other: the type of "*", or NULL. */
static void put_fields(struct prac_json *j, const char *s, const char **ret_other)
{
  char name[32];
  for (size_t n; *s; s += n + (s[n] == ' ')) {
    n = strcspn(s, " ");
    size_t key = strcspn(s, ":");
    if (*s == '*') {
      *ret_other = s + 2;
      continue;
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)key, s);
    prac_json_key(j, name);
    put_type(j, s + key + 1, n - key - 1);
  }
}

static void put_object(struct prac_json *j, const char *fields)
{
  const char *other = NULL;
  prac_json_open(j, '{');
  prac_json_key_str(j, "type", "object");
  open_key(j, "properties", '{');
  put_fields(j, fields, &other);
  prac_json_close(j, '}');
  prac_json_key(j, "additionalProperties");
  if (other)
    put_type(j, other, strlen(other));
  else
    prac_json_bool(j, false);
  prac_json_close(j, '}');
}

/* ---- operations ---- */

/* The schema of a list: its rows, whether there are more, and where they begin. */
static void rows_schema(struct prac_json *j, const struct portal_answer *a)
{
  const char *other = NULL;
  prac_json_open(j, '{');
  prac_json_key_str(j, "type", "object");
  open_key(j, "properties", '{');
  open_key(j, "rows", '{');
  prac_json_key_str(j, "type", "array");
  prac_json_key(j, "items");
  put_type(j, a->type, strlen(a->type));
  prac_json_close(j, '}');
  put_fields(j, "columns:[Row] truncated:b next:s", &other);
  if (a->beside) put_fields(j, a->beside, &other);
  prac_json_close(j, '}');
  prac_json_key_bool(j, "additionalProperties", false);
  prac_json_close(j, '}');
}

static void media(struct prac_json *j, const char *media_type, const char *type)
{
  open_key(j, media_type, '{');
  prac_json_key(j, "schema");
  put_type(j, type, strlen(type));
  prac_json_close(j, '}');
}

static void answer(struct prac_json *j, const struct portal_route *t)
{
  const struct portal_answer *a = portal_answer_of(t->name);
  switch (t->shape) {
  case PORTAL_OBJECT:
    media(j, "application/json", a->type);
    break;
  case PORTAL_ROWS:
    open_key(j, rows_type(ROWS_JSON), '{');
    prac_json_key(j, "schema");
    rows_schema(j, a);
    prac_json_close(j, '}');
    media(j, rows_type(ROWS_NDJSON), a->type);
    media(j, "text/csv", "s");
    break;
  case PORTAL_EVENTS:
    media(j, "text/event-stream", "s");
    break;
  case PORTAL_TEXT:
    media(j, "text/plain", "s");
    break;
  case PORTAL_PCAP:
    media(j, PORTAL_PCAP_TYPE, "s");
    break;
  case PORTAL_ATOM:
    media(j, PORTAL_ATOM_TYPE, "s");
    break;
  case PORTAL_REDIRECT:
    break; /* no body */
  }
}

static void error(struct prac_json *j, const char *status, const char *about)
{
  open_key(j, status, '{');
  prac_json_key_str(j, "description", about);
  open_key(j, "content", '{');
  media(j, "application/json", "Error");
  prac_json_close(j, '}');
  prac_json_close(j, '}');
}

static void responses(struct prac_json *j, const struct portal_route *t)
{
  open_key(j, "responses", '{');
  open_key(j, t->shape == PORTAL_REDIRECT ? "303" : "200", '{');
  prac_json_key_str(j, "description", t->about);
  open_key(j, "content", '{');
  answer(j, t);
  prac_json_close(j, '}');
  prac_json_close(j, '}');
  error(j, "4XX", "what is wrong with the question, or with who asks it");
  error(j, "503", "not now: too many ask, the store does not answer, or there is none");
  prac_json_close(j, '}');
}

static void body(struct prac_json *j, const struct model_kind *k)
{
  open_key(j, "requestBody", '{');
  prac_json_key_bool(j, "required", true);
  open_key(j, "content", '{');
  open_key(j, "application/json", '{');
  prac_json_key(j, "schema");
  model_schema(k, j);
  prac_json_close(j, '}');
  prac_json_close(j, '}');
  prac_json_close(j, '}');
}

static void operation(struct prac_json *j, const struct portal_route *t)
{
  open_key(j, t->method == SYS_HTTP_POST ? "post" : "get", '{');
  prac_json_key_str(j, "operationId", t->name);
  prac_json_key_str(j, "summary", t->about);
  if (t->need == PORTAL_ANYONE || t->by_path) {
    open_key(j, "security", '[');
    prac_json_close(j, ']');
  } else {
    prac_json_key_str(j, "x-role", access_role_names[t->need - PORTAL_VIEWER]);
  }
  params(j, t);
  if (t->body) body(j, t->body);
  responses(j, t);
  prac_json_close(j, '}');
}

/* The methods of one path stand together in the table. */
static void paths(struct prac_json *j)
{
  open_key(j, "paths", '{');
  for (const struct portal_route *t = portal_routes; t->path; t++) {
    bool first = t == portal_routes || strcmp(t[-1].path, t->path) != 0;
    bool last = !t[1].path || strcmp(t[1].path, t->path) != 0;
    if (first) open_key(j, t->path, '{');
    operation(j, t);
    if (last) prac_json_close(j, '}');
  }
  prac_json_close(j, '}');
}

/* Of records: as their tables say, by the names of the kinds. */
static void components(struct prac_json *j)
{
  static const char security[] =
      "{\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"practice\"},"
      "\"key\":{\"type\":\"http\",\"scheme\":\"bearer\"}}";
  open_key(j, "components", '{');
  prac_json_key(j, "securitySchemes");
  raw(j, security);
  open_key(j, "schemas", '{');
  for (const struct model_kind *const *k = model_kinds; *k; k++) {
    prac_json_key(j, (*k)->name);
    model_schema(*k, j);
  }
  for (const struct portal_schema *s = portal_schemas; s->name; s++) {
    prac_json_key(j, s->name);
    put_object(j, s->fields);
  }
  prac_json_close(j, '}');
  prac_json_close(j, '}');
}

static void info(struct prac_json *j, const char *version)
{
  open_key(j, "info", '{');
  prac_json_key_str(j, "title", "PRACTICE portal");
  prac_json_key_str(j, "version", version ? version : "0");
  prac_json_key_str(
      j, "description",
      "Observations of unused addresses and the alerts made from them. Addresses of the sensors "
      "themselves never appear. Whoever signs in or shows a key sees their own part of the world.");
  open_key(j, "license", '{');
  prac_json_key_str(j, "name", "Apache-2.0");
  prac_json_key_str(j, "identifier", "Apache-2.0");
  prac_json_close(j, '}');
  prac_json_close(j, '}');
}

void portal_openapi(struct portal *p, struct sys_http_req *r, const char *word)
{
  static const char servers[] = "[{\"url\":\"/api/v1\"}]",
                    security[] = "[{\"session\":[]},{\"key\":[]}]";
  struct prac_json j = prac_json_of(1 << 20);
  (void)word;
  prac_json_open(&j, '{');
  prac_json_key_str(&j, "openapi", "3.1.0");
  info(&j, p->env.version);
  prac_json_key(&j, "servers");
  raw(&j, servers);
  if (p->conf.accounts) {
    prac_json_key(&j, "security");
    raw(&j, security);
  }
  paths(&j);
  components(&j);
  prac_json_close(&j, '}');
  prac_json_newline(&j);
  portal_send_json(r, &j);
}
