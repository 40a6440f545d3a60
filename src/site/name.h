/* site/name.h — what may be the name of a site, a host, a directory: strict, because the names come
 * from outside and go into the files of other programs.
 *
 * site      a-z, 0-9 and '-', at most SITE_NAME_MAX, begins with a letter, ends with none of '-'
 * clash     the sensors and honeypots of site "tokyo" are called "tokyo" or "tokyo-..."
 *           (bus/origin.h). So no site may be called like another one with '-' and more behind it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { SITE_NAME_MAX = 20, SITE_HOST_MAX = 253, SITE_HUBS_MAX = 8 };

bool site_name_ok(const char *name);
bool site_names_clash(const char *a, const char *b);
/* A host name or an address: letters, digits, '.', '-', and ':' within an IPv6 address. */
bool site_host_ok(const char *host);
bool site_is_address(const char *host);
/* "hub.example.org:7422", "[2001:db8::1]:7422" */
bool site_host_port_ok(const char *text);
/* Letters, digits, and ". _ - /"; begins with '/'. */
bool site_path_ok(const char *path);
