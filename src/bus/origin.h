/* bus/origin.h — whose message it is, on a hub's stream that takes from the streams of sites. Pure.
 *
 * own       the sensors and honeypots of site "tokyo" are called "tokyo" or "tokyo-...". The last
 *           word of what they publish is their name: flow.NAME, hit.NAME, health.NAME,
 *           finding.honeypot.NAME. A site may say nothing else.
 * source    header "Nats-Stream-Source" of a message: the hub's own server writes it, and removes
 *           one that was there before. It begins with the name of the stream that the message came
 *           from: "PRACTICE-tokyo:1a2b3c 17", for a site's stream "PRACTICE-<site>".
 * why here  a site's server is in the site's hands: what it filters, and what subjects it says, is
 *           its word only
 */
#pragma once
#include <stdbool.h>

/* "NAME" is a name that the site may use. */
bool bus_origin_owns(const char *site, const char *name);
/* source NULL: published at this server, whose rights decide; else from a site's stream. */
bool bus_origin_ok(const char *stream, const char *source, const char *subject);
/* The sensor or honeypot that a subject says it is from; NULL: it is from none. */
const char *bus_origin_name(const char *subject);
