/* portal/asset.h — the built page, inside the program: a table that tools/embed.py writes from
 * web/dist. Without a built page it holds one plain text that says how to build it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct portal_bytes {
  const unsigned char *p;
  size_t n; /* 0: there is no such form */
};
struct portal_asset {
  const char *path, *type, *etag;
  bool immutable; /* the name holds a hash of the content */
  struct portal_bytes plain, gzip, brotli;
};
extern const struct portal_asset portal_assets[];
extern const size_t portal_assets_n;
