/* site/site.h — what a site and a hub are made of, as texts: configurations of nats-server,
 * settings, systemd units, instructions. Nothing here touches a file.
 *
 * way       roles publish into the site's own nats-server (leaf node, JetStream domain
 *           <site>-<key>, stream PRACTICE-<site>). The hub's stream takes from there by `sources`.
 *           Over the link goes nothing else: neither side lets the other have records by mere
 *           interest.
 * rights    at the hub a site's certificate is good for a leaf link only, on which it may send
 * under "deliver.<domain>." (what the hub ordered) and "$JSC.R." (answers to orders), no more
 * domain    has the first digits of the key in it, for two reasons. nats-server (2.9) does not end
 * a leaf's open connection when its user is removed; what is left may use subjects that nobody
 * listens at. And a source goes on behind the last number it had of a domain: a site that begins
 * anew with an empty stream would be heard too late. values    names, hosts and paths must have
 * passed site/name.h
 */
#pragma once
#include "site/bundle.h"
#include "site/name.h"
#include "site/text.h"

#include <stdint.h>

#define SITE_STREAM "PRACTICE"
enum { SITE_MESSAGE_MAX = 8 << 20 }; /* bytes, with its headers; a server's max_payload */
#define SITE_DOMAIN (SITE_NAME_MAX + 12)
const char *site_domain(char out[SITE_DOMAIN], const char *site, const char *key_id);
/* The hub's own programs (practice run), as a user. */
#define SITE_HUB_USER "hub-practice"

struct site_plan {
  const char *site, *key_id;
  const char *dir, *data;          /* absolute directories, without a '/' at the end */
  const char *program, *server;    /* absolute names of practice and of nats-server */
  const char *interface, *capture; /* what the first sensor listens at or plays; one is "" */
  uint64_t max_store;              /* bytes that the site keeps for the hub */
  bool honeypot, sync_always;
  unsigned port; /* of the site's own nats-server, at 127.0.0.1 */
};
void site_leaf_conf(struct site_text *t, const struct site_plan *p);
/* The part that comes with the bundle. */
void site_link_conf(struct site_text *t, const char *dir, const struct site_bundle *b);
void site_settings(struct site_text *t, const struct site_plan *p);

struct site_hub {
  char nodes[SITE_HUBS_MAX][SITE_HOST_MAX + 1];
  size_t n_nodes;
  char dir[256], data[256], program[256], server[256];
  unsigned client_port, leaf_port, cluster_port;
  bool sync_always;
};
/* "hub.example.org:7422", with brackets where they are needed. */
#define SITE_ADDRESS (SITE_HOST_MAX + 16)
const char *site_address(char out[SITE_ADDRESS], const char *host, unsigned port);
void site_node_conf(struct site_text *t, const struct site_hub *h, size_t node);
/* Who may connect: the hub's own programs (their key) and the sites that are not revoked. */
void site_users_conf(struct site_text *t, const char *hub_key_id, const struct site_row *rows,
                     size_t n);
void site_hub_settings(struct site_text *t, const struct site_hub *h);

/* systemd units. */
void site_unit_server(struct site_text *t, const char *server, const char *conf, const char *data);
void site_unit_role(struct site_text *t, const struct site_plan *p, const char *role);
void site_unit_hub(struct site_text *t, const struct site_hub *h);
void site_unit_user(struct site_text *t);

/* The page that says what to do, in the language; NULL-terminated list of what there is. Lines
 * "  site# COMMAND" and "  hub#  COMMAND" are what has to be typed, and where. */
extern const char *const site_langs[];
struct site_way {
  const char *lang;    /* one of site_langs */
  const char *hub;     /* host that the files are copied to */
  const char *hub_dir; /* where the hub keeps its files */
  const char *options; /* as they were given to `site init`, each with a blank before */
};
void site_howto(struct site_text *t, const struct site_plan *p, const struct site_way *w);
