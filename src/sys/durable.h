/* sys/durable.h — files that survive kill -9 and power loss.
 *
 * replace  a file is written beside, synced, renamed over, and its directory synced: a reader sees
 *          the old bytes or the new ones, whole
 * sealed   the same with a checksum around: PRAC_DAMAGED names the file when it does not fit
 * fails    PRAC_FULL when the device or RLIMIT_FSIZE is at its end (SIGXFSZ must be ignored), else
 *          PRAC_IO; every message names the file
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"

/* PRAC_FULL or PRAC_IO, with the sentence for this errno. */
prac_rc sys_errno_rc(int err, struct prac_err *reterr, const char *doing, const char *path);
PRAC_NODISCARD prac_rc sys_mkdirs(const char *path, unsigned mode, struct prac_err *reterr);
/* Writes all n bytes at offset `at` (at < 0: at the file's own position). */
PRAC_NODISCARD prac_rc sys_write_all(int fd, const void *data, size_t n, int64_t at,
                                     const char *path, struct prac_err *reterr);
PRAC_NODISCARD prac_rc sys_sync_dir(const char *dir, struct prac_err *reterr);
PRAC_NODISCARD prac_rc sys_replace_file(const char *path, const void *data, size_t n,
                                        struct prac_err *reterr);
/* The same for a file that is not there yet, with these permissions from its first byte on.
 * PRAC_EXISTS: it is, and stays as it was. */
PRAC_NODISCARD prac_rc sys_make_file(const char *path, unsigned mode, const void *data, size_t n,
                                     struct prac_err *reterr);
/* Whole file, malloc'ed, owner: caller. PRAC_UNKNOWN: no such file; PRAC_RANGE: larger than max. */
PRAC_NODISCARD prac_rc sys_read_file(const char *path, size_t max, uint8_t **ret, size_t *ret_len,
                                     struct prac_err *reterr);
/* magic: 8 bytes that say what the file is. */
PRAC_NODISCARD prac_rc sys_seal_file(const char *path, const char magic[8], const void *data,
                                     size_t n, struct prac_err *reterr);
PRAC_NODISCARD prac_rc sys_unseal_file(const char *path, const char magic[8], size_t max,
                                       uint8_t **ret, size_t *ret_len, struct prac_err *reterr);
/* Bytes an unprivileged writer still has on the device of `path`. */
PRAC_NODISCARD prac_rc sys_free_bytes(const char *path, uint64_t *ret, uint64_t *ret_all,
                                      struct prac_err *reterr);
