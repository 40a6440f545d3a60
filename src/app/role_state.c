/* Roles that compute: who of several processes of one name does, and where its state is kept. On a
 * bus that keeps it, any machine can go on; else it is a file, and the machine's own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "app/roles.h"
#include "app/stop.h"
#include "sys/durable.h"
#include "sys/wall.h"

enum { STATE_MAX = 1 << 30, SEQ_BYTES = 8 /* the position, behind a state */, OWNER_BYTES = 8 };
enum { LATE_MAX = 5 };
#define STANDBY_NS (200 * PRAC_MS)
static const char state_magic[8] = "PRACROL2", owner_magic[8] = "PRACOWN1";
static const struct prac_log_event ev_standby = {"role_standby", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_takes = {"role_takes_over", PRAC_LOG_WARN,
                                               "look at the machine where it ran before"};

static const char *own_path(const struct role_env *e, const char *file, char out[ROLE_PATH])
{
  char what[ROLE_PATH + 8], own[ROLE_PATH];
  (void)snprintf(what, sizeof what, "%s/%s", role_dir(e, own), file);
  return role_path(e, what, out);
}

/* The data directory's own number: who starts there again need not wait for itself. */
static prac_rc owner_of(const struct role_env *e, uint64_t *ret, struct prac_err *reterr)
{
  char path[ROLE_PATH];
  uint8_t *data = NULL, made[OWNER_BYTES];
  size_t n = 0;
  prac_rc rc =
      sys_unseal_file(own_path(e, "owner", path), owner_magic, sizeof made, &data, &n, reterr);
  struct prac_rd r = prac_rd_of(data, n);
  *ret = rc == PRAC_OK ? prac_rd_u64le(&r) : 0;
  free(data);
  if (rc == PRAC_IO || rc == PRAC_NOMEM) return rc;
  if (*ret) return PRAC_OK;
  if (getrandom(ret, sizeof *ret, 0) != (ssize_t)sizeof *ret)
    return PRAC_FAIL(reterr, PRAC_IO, "the system gives no random bytes");
  *ret |= 1; /* never 0 */
  struct prac_wr w = prac_wr_of(made, sizeof made);
  prac_wr_u64le(&w, *ret);
  return sys_seal_file(path, owner_magic, made, sizeof made, reterr);
}

prac_rc role_claim(const struct role_env *e, struct bus *b, struct prac_err *reterr)
{
  uint64_t owner;
  struct prac_err said = {.text = ""};
  if (!b->ops->keep) return PRAC_OK;
  PRAC_TRY(owner_of(e, &owner, reterr));
  while (!stop_asked()) {
    struct prac_err err = {.text = ""};
    prac_rc rc = b->ops->keep->claim(b->st, owner, &err);
    if (rc == PRAC_OK) {
      if (said.text[0]) prac_log(&e->log, &ev_takes, "this process is %s now", e->name);
      return PRAC_OK;
    }
    if (rc != PRAC_AGAIN) return prac_err_set(reterr, rc, err.where, "%s", err.text);
    if (strcmp(said.text, err.text) != 0)
      prac_log(&e->log, &ev_standby, "standing by: %s", err.text);
    said = err;
    sys_sleep_ns(STANDBY_NS);
  }
  return PRAC_FAIL(reterr, PRAC_STOPPED, "stopped while standing by");
}

static prac_rc file_save(const struct role_env *e, uint64_t seq, uint8_t **data, size_t n,
                         struct prac_err *reterr)
{
  char path[ROLE_PATH];
  uint8_t *all = realloc(*data, n + SEQ_BYTES);
  if (!all) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the state of %s", e->name);
  *data = all;
  struct prac_wr w = prac_wr_of(all + n, SEQ_BYTES);
  prac_wr_u64le(&w, seq);
  return sys_seal_file(own_path(e, "state", path), state_magic, all, n + SEQ_BYTES, reterr);
}

/* A state may be large: no second copy of it is made. */
prac_rc role_state_save(const struct role_env *e, struct bus *b, uint64_t seq, uint8_t **data,
                        size_t n, struct prac_err *reterr)
{
  if (!b->ops->keep) return file_save(e, seq, data, n, reterr);
  for (int late = 0;;) {
    prac_rc rc = b->ops->keep->save(b->st, seq, *data, n, reterr);
    if (rc != PRAC_AGAIN) return rc;
    if (stop_asked() && ++late > LATE_MAX)
      return PRAC_FAIL(reterr, PRAC_STOPPED, "stopped while the bus was away");
    sys_sleep_ns(STANDBY_NS);
  }
}

static prac_rc file_load(const struct role_env *e, uint64_t *ret_seq, uint8_t **ret, size_t *ret_n,
                         struct prac_err *reterr)
{
  char path[ROLE_PATH];
  uint8_t *all;
  size_t n;
  PRAC_TRY(sys_unseal_file(own_path(e, "state", path), state_magic, STATE_MAX, &all, &n, reterr));
  if (n < SEQ_BYTES) {
    free(all);
    return PRAC_FAIL(reterr, PRAC_DAMAGED, "%s is too short", path);
  }
  struct prac_rd r = prac_rd_of(all + n - SEQ_BYTES, SEQ_BYTES);
  *ret_seq = prac_rd_u64le(&r);
  *ret = all;
  *ret_n = n - SEQ_BYTES;
  return PRAC_OK;
}

prac_rc role_state_load(const struct role_env *e, struct bus *b, uint64_t *ret_seq, uint8_t **ret,
                        size_t *ret_n, struct prac_err *reterr)
{
  if (!b->ops->keep) return file_load(e, ret_seq, ret, ret_n, reterr);
  for (;;) {
    prac_rc rc = b->ops->keep->load(b->st, ret_seq, ret, ret_n, reterr);
    if (rc != PRAC_AGAIN) return rc;
    if (stop_asked()) return PRAC_FAIL(reterr, PRAC_STOPPED, "stopped while the bus was away");
    sys_sleep_ns(STANDBY_NS);
  }
}
