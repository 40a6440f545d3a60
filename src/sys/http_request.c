/* From a request's first line to its answer: what is refused before a route sees it, the body, the
 * answer now or later, entity tags. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/hash.h"
#include "sys/http_impl.h"

enum { PACK_FROM = 1024 }; /* bytes: below, packing saves no packet */

/* ---- answers ---- */

void http_add_headers(struct sys_http *h, struct MHD_Response *m, const struct sys_http_resp *a)
{
  for (size_t i = 0; i < h->c.n_headers; i++)
    (void)MHD_add_response_header(m, h->c.headers[i].name, h->c.headers[i].value);
  if (a->type) (void)MHD_add_response_header(m, MHD_HTTP_HEADER_CONTENT_TYPE, a->type);
  (void)MHD_add_response_header(m, MHD_HTTP_HEADER_CACHE_CONTROL, a->cache ? a->cache : "no-store");
  if (a->encoding) (void)MHD_add_response_header(m, MHD_HTTP_HEADER_CONTENT_ENCODING, a->encoding);
  for (size_t i = 0; i + 1 < PRAC_ARRAY_LEN(a->extra) && a->extra[i]; i += 2)
    (void)MHD_add_response_header(m, a->extra[i], a->extra[i + 1]);
}

static const char *header_of(const struct sys_http_req *r, const char *name)
{
  return MHD_lookup_connection_value(r->mc, MHD_HEADER_KIND, name);
}

static struct MHD_Response *body_of(const struct sys_http_resp *a, size_t len)
{
  union {
    const void *in;
    void *out;
  } u = {len ? a->body : ""};
  return MHD_create_response_from_buffer(
      len, u.out, a->body_static || len == 0 ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_COPY);
}

/* NULL: goes out as it is. */
static struct MHD_Response *packed_of(const struct sys_http_req *r, const struct sys_http_resp *a)
{
  void *small;
  size_t n;
  if (!a->pack || a->encoding || a->len < PACK_FROM ||
      !sys_http_accepts_coding(header_of(r, MHD_HTTP_HEADER_ACCEPT_ENCODING), "gzip") ||
      !http_gzip(a->body, a->len, &small, &n))
    return NULL;
  struct MHD_Response *m = MHD_create_response_from_buffer(n, small, MHD_RESPMEM_MUST_FREE);
  if (!m) free(small);
  if (m) (void)MHD_add_response_header(m, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
  http_count(r->h, C_BYTES, n);
  return m;
}

/* The tag of an answer that has none: a 200 to a GET. False: no tag. */
static bool tag_of(const struct sys_http_req *r, const struct sys_http_resp *a, char to[64])
{
  if (a->status != 200 || r->method == SYS_HTTP_POST || r->method == SYS_HTTP_OTHER) return false;
  if (a->etag)
    (void)snprintf(to, 64, "%s", a->etag);
  else
    (void)snprintf(to, 64, "%016llx", (unsigned long long)prac_hash_bytes(0x9e37, a->body, a->len));
  return true;
}

/* Builds what is sent; on the server's thread or any other. */
static struct MHD_Response *prepare(const struct sys_http_req *r, const struct sys_http_resp *a,
                                    int *status)
{
  char tag[64], quoted[80];
  bool tagged = tag_of(r, a, tag);
  bool same = tagged && sys_http_etag_matches(header_of(r, MHD_HTTP_HEADER_IF_NONE_MATCH), tag);
  size_t len = same ? 0 : a->len;
  struct MHD_Response *packed = same ? NULL : packed_of(r, a),
                      *m = packed ? packed : body_of(a, len);
  *status = same ? 304 : a->status;
  if (!m) return NULL;
  http_add_headers(r->h, m, a);
  if (a->pack)
    (void)MHD_add_response_header(m, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
  if (tagged) { /* the same content in other bytes: a weak tag */
    (void)snprintf(quoted, sizeof quoted, "%s\"%s\"", a->pack ? "W/" : "", tag);
    (void)MHD_add_response_header(m, MHD_HTTP_HEADER_ETAG, quoted);
  }
  if (!packed) http_count(r->h, C_BYTES, len);
  if (a->status >= 500) http_count(r->h, C_ERRORS, 1);
  return m;
}

void http_pending_remove(struct sys_http_req *r)
{
  if (!r->link) return;
  *r->link = r->next;
  if (r->next) r->next->link = r->link;
  r->link = NULL;
}

void sys_http_respond(struct sys_http_req *r, const struct sys_http_resp *a)
{
  int status;
  struct MHD_Response *m = prepare(r, a, &status);
  pthread_mutex_lock(&r->h->lock);
  if (r->later && !r->link) { /* the server is closing and has answered already */
    if (m) MHD_destroy_response(m);
  } else {
    PRAC_INSIST(!r->resp);
    r->resp = m;
    r->status = status;
    if (r->later) {
      http_pending_remove(r);
      MHD_resume_connection(r->mc);
    }
  }
  pthread_mutex_unlock(&r->h->lock);
}

void http_respond_text(struct sys_http_req *r, int status, const char *code, const char *text)
{
  char body[256];
  int n =
      snprintf(body, sizeof body, "{\"error\":{\"code\":\"%s\",\"text\":\"%s\"}}\n", code, text);
  struct sys_http_resp a = {
      .status = status, .type = "application/json", .body = body, .len = (size_t)n};
  if (status == 429) {
    a.extra[0] = "Retry-After";
    a.extra[1] = "1";
  } else if (status == 400 || status == 413) { /* what follows may not be a request */
    a.extra[0] = "Connection";
    a.extra[1] = "close";
  }
  r->resp = prepare(r, &a, &r->status);
}

void sys_http_later(struct sys_http_req *r)
{
  struct sys_http *h = r->h;
  pthread_mutex_lock(&h->lock);
  r->later = true;
  r->next = h->pending;
  r->link = &h->pending;
  if (r->next) r->next->link = &r->next;
  h->pending = r;
  MHD_suspend_connection(r->mc);
  pthread_mutex_unlock(&h->lock);
}

static enum MHD_Result queue_answer(struct sys_http_req *r)
{
  if (!r->resp) return MHD_NO;
  enum MHD_Result ok = MHD_queue_response(r->mc, (unsigned)r->status, r->resp);
  MHD_destroy_response(r->resp);
  r->resp = NULL;
  return ok;
}

/* ---- requests ---- */

static struct prac_ip ip_of(const struct sockaddr *sa)
{
  struct prac_ip ip = {{0}};
  if (sa && sa->sa_family == AF_INET) {
    struct sockaddr_in in;
    memcpy(&in, sa, sizeof in);
    ip = prac_ip4(ntohl(in.sin_addr.s_addr));
  } else if (sa && sa->sa_family == AF_INET6) {
    struct sockaddr_in6 in6;
    memcpy(&in6, sa, sizeof in6);
    memcpy(ip.b, in6.sin6_addr.s6_addr, sizeof ip.b);
  }
  return ip;
}

struct proxy_said {
  const char *client, *scheme;
};

/* Of several lines the last: a proxy may add its own behind what its client sent. */
static enum MHD_Result hear_proxy(void *arg, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
  struct proxy_said *p = arg;
  (void)kind;
  if (strcasecmp(name, "X-Forwarded-For") == 0) p->client = value;
  if (strcasecmp(name, "X-Forwarded-Proto") == 0) p->scheme = value;
  return MHD_YES;
}

/* Who asks, and how: what a proxy says counts only when it is one of ours. */
static void find_client(struct sys_http_req *r)
{
  struct proxy_said said = {NULL, NULL};
  const union MHD_ConnectionInfo *i =
      MHD_get_connection_info(r->mc, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  struct prac_ip real;
  r->client = ip_of(i ? i->client_addr : NULL);
  for (size_t k = 0; k < r->h->c.n_proxies; k++)
    if (prac_prefix_has(&r->h->c.proxies[k], &r->client)) {
      (void)MHD_get_connection_values(r->mc, MHD_HEADER_KIND, hear_proxy, &said);
      r->by_tls = said.scheme && strcmp(said.scheme, "https") == 0;
      if (said.client && sys_http_forwarded_for(said.client, &real) == PRAC_OK) r->client = real;
      return;
    }
}

struct header_counts {
  unsigned lengths, codings, hosts, unknown; /* unknown: codings that nobody here can read */
};

static enum MHD_Result count_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
  struct header_counts *c = arg;
  bool coding = strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0;
  (void)kind;
  c->lengths += strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0;
  c->codings += coding;
  c->unknown += coding && (!value || strcasecmp(value, "chunked") != 0);
  c->hosts += strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0;
  return MHD_YES;
}

/* RFC 9112, 6.3: two readers of such a request may not agree on where it ends, or we do not know.
 */
static bool ambiguous(struct sys_http_req *r)
{
  struct header_counts c = {0};
  (void)MHD_get_connection_values(r->mc, MHD_HEADER_KIND, count_header, &c);
  return c.lengths > 1 || c.hosts > 1 || c.codings > 1 || c.unknown || (c.lengths && c.codings);
}

static enum sys_http_method method_of(const char *m)
{
  if (strcmp(m, "GET") == 0) return SYS_HTTP_GET;
  if (strcmp(m, "HEAD") == 0) return SYS_HTTP_HEAD;
  if (strcmp(m, "POST") == 0) return SYS_HTTP_POST;
  return SYS_HTTP_OTHER;
}

/* First sight of a request, its body still to come. Sets r->refuse where it will go no further. */
static void inspect(struct sys_http_req *r, const char *raw)
{
  struct sys_http *h = r->h;
  const char *len =
      MHD_lookup_connection_value(r->mc, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
  prac_rc rc = raw ? sys_http_target_parse(raw, &r->target, NULL) : PRAC_NOMEM;
  find_client(r);
  if (!sys_http_rate_take(h->rate, &r->client, http_mono_ns()))
    r->refuse = 429;
  else if (ambiguous(r))
    r->refuse = 400;
  else if (rc != PRAC_OK)
    r->refuse = rc == PRAC_RANGE ? 414 : rc == PRAC_NOMEM ? 500 : 400;
  else if (h->c.n_hosts > 0 &&
           !sys_http_host_in(sys_http_header(r, "Host"), h->c.hosts, h->c.n_hosts))
    r->refuse = 421;
  else if (len && (strlen(len) > 15 || strtoull(len, NULL, 10) > h->c.max_body))
    r->refuse = 413;
}

/* More of the body. False: no memory for it. */
static bool take_body(struct sys_http_req *r, const char *data, size_t n)
{
  if (r->refuse) return true;
  if (n > r->h->c.max_body - r->body_n) {
    r->refuse = 413;
    return true;
  }
  char *more = realloc(r->body, r->body_n + n + 1);
  if (!more) return false;
  r->body = more;
  memcpy(r->body + r->body_n, data, n);
  r->body_n += n;
  r->body[r->body_n] = 0;
  return true;
}

static void refuse(struct sys_http_req *r)
{
  static const struct {
    int status;
    const char *code, *text;
  } why[] = {{400, "malformed", "this request is not readable"},
             {413, "too_large", "the body of this request is larger than allowed"},
             {414, "too_long", "the address of this request is longer than allowed"},
             {421, "wrong_host", "this name is not in the portal's list of hosts"},
             {429, "too_often", "too many requests from your address; slow down"}};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(why); i++)
    if (why[i].status == r->refuse) {
      http_respond_text(r, r->refuse, why[i].code, why[i].text);
      http_count(r->h, r->refuse == 429 ? C_LIMITED : C_REFUSED, 1);
      return;
    }
  http_respond_text(r, 500, "failed", "the server could not take this request");
}

enum MHD_Result http_handle(void *arg, struct MHD_Connection *mc, const char *url,
                            const char *method, const char *version, const char *data,
                            size_t *data_n, void **req)
{
  struct sys_http *h = arg;
  struct sys_http_req *r = *req; /* made by on_uri */
  (void)url;
  (void)version;
  if (!r) return MHD_NO;
  if (!r->mc) {
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(mc, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    r->mc = mc;
    r->conn = i ? i->socket_context : NULL;
    if (!r->conn) return MHD_NO;
    r->method = method_of(method);
    inspect(r, r->body); /* on_uri left the raw target there */
    free(r->body);
    r->body = NULL;
    if (!r->refuse) return MHD_YES;
    r->routed = true; /* answered at once: the rest of a refused request is not worth reading */
    refuse(r);
    return queue_answer(r);
  }
  if (*data_n > 0) {
    bool ok = take_body(r, data, *data_n);
    *data_n = 0;
    return ok ? MHD_YES : MHD_NO;
  }
  if (r->resp) return queue_answer(r); /* back from `later` */
  if (r->routed) return MHD_NO;
  r->routed = true;
  http_conn_state(h, r->conn, CONN_ANSWERING);
  if (r->refuse) { /* its body turned out too big */
    refuse(r);
  } else {
    http_count(h, C_REQUESTS, 1);
    h->c.route(h->c.arg, r);
    if (r->later) return MHD_YES;
    if (!r->resp) http_respond_text(r, 500, "failed", "the server has no answer to this request");
  }
  return queue_answer(r);
}

const char *sys_http_path(const struct sys_http_req *r)
{
  return r->target.path;
}

enum sys_http_method sys_http_method_of(const struct sys_http_req *r)
{
  return r->method;
}

const char *sys_http_param(const struct sys_http_req *r, const char *name)
{
  return sys_http_target_param(&r->target, name);
}

bool sys_http_param_at(const struct sys_http_req *r, size_t i, const char **ret_name,
                       const char **ret_value)
{
  if (i >= r->target.n_params) return false;
  *ret_name = r->target.params[i].name;
  *ret_value = r->target.params[i].value;
  return true;
}

const char *sys_http_header(const struct sys_http_req *r, const char *name)
{
  return MHD_lookup_connection_value(r->mc, MHD_HEADER_KIND, name);
}

const void *sys_http_body(const struct sys_http_req *r, size_t *ret_len)
{
  *ret_len = r->body_n;
  return r->body ? r->body : "";
}

struct prac_ip sys_http_client(const struct sys_http_req *r)
{
  return r->client;
}

bool sys_http_by_tls(const struct sys_http_req *r)
{
  return r->by_tls;
}

void sys_http_keep(struct sys_http_req *r, void *data, void (*free_data)(void *data))
{
  PRAC_INSIST(!r->free_kept);
  r->kept = data;
  r->free_kept = free_data;
}

void *sys_http_kept(const struct sys_http_req *r)
{
  return r->kept;
}
