/* honeypot/socket.h — the UDP sockets of a sensor: each port, each listening address, each worker.
 * Internal to the sensor. */
#pragma once
#include "honeypot/sensor.h"

struct hp_sock {
  int fd;
  bool six;
  uint16_t port;  /* index of hp_services_ports */
  uint32_t drops; /* the kernel's count that has been shared out */
  uint32_t last;  /* place of the pair seen last, HP_NOBODY */
};
struct hp_socks {
  struct hp_sock *v; /* n_each for the first worker, then for the second, ... */
  size_t n_each;
};
PRAC_NODISCARD prac_rc hp_socks_open(const struct hp_conf *c, const struct hp_services *s,
                                     const struct prac_log *log, struct hp_socks *ret,
                                     struct prac_err *reterr);
void hp_socks_close(struct hp_socks *s, size_t workers);
/* What the kernel has dropped at it so far. */
uint32_t hp_sock_drops(const struct hp_sock *s);

/* Sends from the socket a->sock: the room's only call that sends. An hp_send_fn. */
bool hp_door_send(void *arg, const struct hp_ask *a, const void *data, size_t len);
