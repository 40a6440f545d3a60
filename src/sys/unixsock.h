/* sys/unixsock.h — unix stream sockets by path, also where the path is longer than the 107 bytes
 * that a sockaddr takes; passing of descriptors. All descriptors are close-on-exec. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

/* Listening and non-blocking; a socket file left at path by a dead process is replaced. */
PRAC_NODISCARD prac_rc sys_unix_listen(const char *path, unsigned mode, int *ret_fd,
                                       struct prac_err *reterr);
/* Connected and non-blocking. PRAC_AGAIN: nobody listens there now. */
PRAC_NODISCARD prac_rc sys_unix_connect(const char *path, int *ret_fd, struct prac_err *reterr);
/* The uid at the other end, -1 when unknown. */
int64_t sys_unix_peer_uid(int fd);
/* One descriptor with one byte in front. recv: PRAC_END when the other end has closed. */
PRAC_NODISCARD prac_rc sys_send_fd(int sock, int fd, struct prac_err *reterr);
PRAC_NODISCARD prac_rc sys_recv_fd(int sock, int *ret_fd, struct prac_err *reterr);
