/* honeypot/worker.h — one thread of a sensor: its sockets and its core. Internal to the sensor. */
#pragma once
#include <pthread.h>

#include "honeypot/socket.h"

enum { HP_WORDS = 1024 };
struct hp_word { /* silence, from the role to a worker */
  struct prac_prefix p;
  prac_time until;
};
struct hp_worker {
  pthread_t thread;
  bool started;
  struct hp_core *core; /* owned */
  struct hp_sock *socks;
  size_t n_socks;
  int poll_fd;
  int64_t port_offset, hits_per_s;
  struct prac_clock clock;
  const _Atomic bool *stop, *deaf; /* deaf: nobody reads what is told any more */
  _Atomic bool over;
  struct hp_word words[HP_WORDS]; /* one writer, one reader */
  _Atomic uint32_t words_in, words_out;
};
PRAC_NODISCARD prac_rc hp_worker_prepare(struct hp_worker *w, struct prac_err *reterr);
void *hp_worker_run(void *arg); /* the thread: until *stop */
