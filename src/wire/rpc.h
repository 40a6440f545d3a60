/* wire/rpc.h — ONC RPC version 2 (RFC 5531) over UDP: the head of a call, the head of a reply. */
#pragma once
#include "base/buf.h"

struct wire_rpc_call {
  uint32_t xid, prog, vers, proc;
};
enum wire_rpc { WIRE_RPC_CALL, WIRE_RPC_REPLY, WIRE_RPC_NONE };
enum { /* accept_stat */
       WIRE_RPC_SUCCESS = 0,
       WIRE_RPC_PROG_UNAVAIL = 1,
       WIRE_RPC_PROG_MISMATCH = 2,
       WIRE_RPC_PROC_UNAVAIL = 3,
};
/* Reads the head with its credentials, and leaves *r at the arguments. *ret is set for a call. */
enum wire_rpc wire_rpc_read(struct prac_rd *r, struct wire_rpc_call *ret);
/* MSG_ACCEPTED with an empty verifier; results follow. */
void wire_rpc_accept(struct prac_wr *w, uint32_t xid, uint32_t accept_stat);
/* string<>: length, bytes, zeroes up to a multiple of four */
void wire_rpc_put_string(struct prac_wr *w, const char *s);
