/* bus/name.h — what a subject and a client's name may be, on every backend. Pure.
 *
 * limits   subjects are [a-z0-9._-]{1,127}, clients the same up to 47
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { BUS_SUBJECT_MAX = 127, BUS_ID_MAX = 191, BUS_CLIENT_MAX = 47, BUS_PREFIXES_MAX = 16 };
bool bus_subject_ok(const char *s, size_t n);
bool bus_client_ok(const char *s, size_t n);
bool bus_prefix_ok(const char *s, size_t n); /* of a subject; may be empty */
