/* honeypot/sensor.h — a honeypot at work: its sockets, its workers, what they tell.
 *
 * order     hp_sensor_new opens everything that needs rights (sockets, lists); then rights may be
 *           dropped; hp_sensor_start makes the workers' threads
 * workers   share nothing: the kernel gives each the datagrams of its own networks (/24, /48), so a
 *           victim, its counts and its limits have one owner
 * counts    every datagram that reached a socket is counted in some hit, or said to be lost: what
 *           the kernel dropped is shared out to the pairs that came behind it
 * ends      hp_sensor_stop: the sockets are emptied, everything is told; hits and packets must be
 *           taken until hp_sensor_over
 */
#pragma once
#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "honeypot/core.h"
#include "model/packet.h"
#include "model/records.h"

struct hp_conf {
  const char *name, *country;
  struct prac_conf_strings listen, vectors, without;
  const char *stanzas; /* file, or "" */
  int64_t port_offset, workers, flows, rcvbuf, hits_per_s, samples;
  bool reply;
  int64_t per_address, burst, per_network, replies_per_s, bits_per_s;
  int64_t window_ns, settle_ns;
  struct prac_conf_prefixes own;
  const char *opt_out, *infra;
  bool skip_research, answer_bogons;
  double answer_share;
  const char *share_key;
  const char *observe;
};
extern const struct prac_conf_section hp_conf_section; /* "honeypots", many */

struct hp_sensor;
struct hp_sensor_open {
  const struct hp_conf *conf;
  const struct lookup *look; /* borrowed; NULL: bogons only */
  const struct prac_log *log;
  struct prac_clock clock;
  uint64_t seed; /* random */
};
PRAC_NODISCARD prac_rc hp_sensor_new(const struct hp_sensor_open *o, struct hp_sensor **ret,
                                     struct prac_err *reterr);
PRAC_NODISCARD prac_rc hp_sensor_start(struct hp_sensor *s, struct prac_err *reterr);
/* The next hit as a record; its strings are good until the next call. PRAC_AGAIN: none now. */
PRAC_NODISCARD prac_rc hp_sensor_take(struct hp_sensor *s, struct hit *ret);
/* The next request that is kept as it came, likewise. */
PRAC_NODISCARD prac_rc hp_sensor_take_packet(struct hp_sensor *s, struct packet *ret);
/* No reply to p before `until`. PRAC_AGAIN: a worker is behind with such words; say it again. */
PRAC_NODISCARD prac_rc hp_sensor_silence(struct hp_sensor *s, const struct prac_prefix *p,
                                         prac_time until);
void hp_sensor_shut(struct hp_sensor *s, bool shut); /* the kill switch */
bool hp_sensor_is_shut(const struct hp_sensor *s);
void hp_sensor_stop(struct hp_sensor *s); /* asks the workers to end */
bool hp_sensor_over(const struct hp_sensor *s);
void hp_sensor_free(struct hp_sensor **sp); /* stops and waits */
/* What has been counted since the start, all workers together: hp_counter_count numbers. */
void hp_sensor_counts(const struct hp_sensor *s, uint64_t *to);
size_t hp_sensor_sockets(const struct hp_sensor *s);
size_t hp_sensor_bytes(const struct hp_sensor *s);
const struct hp_services *hp_sensor_services(const struct hp_sensor *s);
