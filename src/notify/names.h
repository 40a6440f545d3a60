/* notify/names.h — the DNS name of a victim, asked for in the background.
 *
 * never     waits: the answer is the one known now, or none; it is there the next time
 * asks      c-ares, PTR, the given servers only; at most NAMES_ASKING at a time, NAMES_KEPT answers
 *           are kept (also "no name"), the least recently asked for goes first; both counted
 * trusts    nothing: a name is taken only when it is at most 255 printable ASCII characters
 */
#pragma once
#include "base/counter.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/time.h"

enum { NAMES_ASKING = 64, NAMES_KEPT = 4096, NAMES_LEN = 256 };
struct note_names;
/* servers: "127.0.0.1:5353,[::1]:53"; "": PRAC_UNKNOWN. */
PRAC_NODISCARD prac_rc note_names_open(const char *servers, struct note_names **ret,
                                       struct prac_err *reterr);
void note_names_close(struct note_names **np);
/* "": not known, or not yet; it is being asked for. Valid until the next call. */
const char *note_names_get(struct note_names *n, const struct prac_ip *ip, int64_t mono_ns);
/* Sends and reads what can be without waiting. */
void note_names_step(struct note_names *n, int64_t mono_ns);
bool note_names_asking(const struct note_names *n);
struct prac_counters note_names_counters(const struct note_names *n);
