/* Settings of the portal. */
#include "portal/portal.h"

#define ITEM(name, kind, ...)                                                                      \
  {                                                                                                \
    .key = #name, .type = PRAC_CONF_##kind, .offset = offsetof(struct portal_conf, name),          \
    __VA_ARGS__                                                                                    \
  }

static const struct prac_conf_item items[] = {
    ITEM(listen, STRING, .sdflt = "127.0.0.1:8640",
         .help =
             "address and port of the page and the API; there are no accounts yet, so keep it on "
             "loopback or behind a proxy that checks who asks"),
    ITEM(title, STRING, .sdflt = "PRACTICE", .help = "name shown at the top of the page"),
    ITEM(title_ja, STRING, .sdflt = "", .help = "the same in Japanese; empty: as `title`"),
    ITEM(hosts, STRINGS, .sdflt = "",
         .help =
             "host names that the page is reached by, beside localhost and the listening address; "
             "requests for any other name are refused"),
    ITEM(proxies, PREFIXES, .sdflt = "", .help = "proxies whose X-Forwarded-For is believed"),
    ITEM(max_connections, INT, .lo = 8, .hi = 100000, .dflt = 1000, .help = "connections in all"),
    ITEM(max_per_address, INT, .lo = 1, .hi = 100000, .dflt = 64,
         .help = "connections from one address"),
    ITEM(max_streams, INT, .lo = 1, .hi = 100000, .dflt = 500,
         .help = "live streams in all, each holds a connection"),
    ITEM(rate, INT, .lo = 0, .hi = 1000000, .dflt = 50,
         .help = "requests a second from one address in the long run; 0: no limit"),
    ITEM(burst, INT, .lo = 1, .hi = 1000000, .dflt = 200,
         .help = "requests at once from one address"),
    ITEM(ring, INT, .lo = 16, .hi = 1000000, .dflt = 4096,
         .help = "events kept for listeners that lost their connection"),
};

const struct prac_conf_section portal_conf_section = {
    .path = "portal",
    .about = "the page and the HTTP API",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct portal_conf),
};
