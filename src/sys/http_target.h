/* sys/http_target.h — the parts of an HTTP request that we read ourselves: target and headers.
 *
 * source    RFC 9110 (ETag, Accept-Encoding), RFC 3986 (target), RFC 7239's older X-Forwarded-For,
 *           RFC 6265 (Cookie), RFC 6750 (Authorization), RFC 6454 (Origin)
 * limits    SYS_HTTP_TARGET_MAX bytes of target, SYS_HTTP_PARAMS parameters
 * refuses   a path that is not plain ASCII after decoding, holds "..", "//", a backslash or a
 *           control byte; a parameter with a control byte; a broken %-escape; too much of anything
 * pure      no I/O, no clock, no allocation
 * fuzzed    fuzz/fuzz_http.c, fuzz/fuzz_credentials.c
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/ip.h"

enum { SYS_HTTP_TARGET_MAX = 4096, SYS_HTTP_PARAMS = 24 };

struct sys_http_param {
  const char *name, *value; /* decoded, NUL-terminated, in the target's own buffer */
};
struct sys_http_target {
  const char *path; /* decoded, starts with '/' */
  struct sys_http_param params[SYS_HTTP_PARAMS];
  size_t n_params;
  char buf[SYS_HTTP_TARGET_MAX + 1];
};
/* raw: "/api/v1/top?by=port". PRAC_RANGE: too long or too many; PRAC_MALFORMED: breaks a rule. */
PRAC_NODISCARD prac_rc sys_http_target_parse(const char *raw, struct sys_http_target *ret,
                                             struct prac_err *reterr);
/* The first value of that name; NULL: not given. */
const char *sys_http_target_param(const struct sys_http_target *t, const char *name);
/* Does If-None-Match (NULL: not sent) name this entity tag? Weak comparison; etag without quotes.
 */
bool sys_http_etag_matches(const char *if_none_match, const char *etag);
/* Does Accept-Encoding (NULL: not sent) allow this coding ("gzip", "br")? q=0 forbids. */
bool sys_http_accepts_coding(const char *accept_encoding, const char *coding);
/* Is this Host header one of the names? Ports are ignored, case too; "[::1]:80" matches "::1". */
bool sys_http_host_in(const char *host, const char *const *names, size_t n);
/* The value of a cookie; the first of that name is meant. false: none, empty, or longer than cap.
 */
bool sys_http_cookie(const char *cookies, const char *name, char *to, size_t cap);
/* What stands behind "Bearer " (RFC 6750: letters, digits and -._~+/=). false: nothing that fits.
 */
bool sys_http_bearer(const char *authorization, char *to, size_t cap);
/* Is this origin the host that the Host header names? Ports are ignored, as they are for cookies.
 */
bool sys_http_origin_is(const char *origin, const char *host);
/* Is this Content-Type (NULL: not sent) that type, whatever its parameters? */
bool sys_http_type_is(const char *type, const char *wanted);
/* The last address of an X-Forwarded-For list: the one our own proxy wrote. */
PRAC_NODISCARD prac_rc sys_http_forwarded_for(const char *value, struct prac_ip *ret);
