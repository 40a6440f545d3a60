#include "notify/form.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "notify/letter.h"
#include "sys/durable.h"

static void digest(const struct note_digest *d, struct prac_json *j)
{
  prac_json_open(j, '{');
  prac_json_key(j, "from");
  prac_json_time(j, d->from);
  prac_json_key(j, "to");
  prac_json_time(j, d->to);
  prac_json_key(j, "episodes");
  prac_json_open(j, '[');
  for (uint32_t i = 0; i < d->n; i++) model_to_json(&model_episode, d->episodes[i], j);
  prac_json_close(j, ']');
  prac_json_key(j, "alerts");
  prac_json_open(j, '[');
  for (uint32_t i = 0; i < d->n_alerts; i++) model_to_json(&model_alert, d->alerts[i], j);
  prac_json_close(j, ']');
  prac_json_close(j, '}');
}

void note_form_json(const struct note_item *it, struct prac_json *j)
{
  prac_json_open(j, '{');
  prac_json_key(j, "id");
  prac_json_str(j, it->id);
  prac_json_key(j, "thread");
  prac_json_str(j, it->thread);
  prac_json_key(j, "tenant");
  prac_json_str(j, it->tenant->name);
  prac_json_key(j, "state");
  prac_json_str(j, note_state(it));
  prac_json_key(j, "at");
  prac_json_time(j, it->at);
  prac_json_key(j, "detected");
  prac_json_time(j, it->began);
  prac_json_key(j, it->episode ? "episode" : it->alert ? "alert" : "digest");
  if (it->episode)
    model_to_json(&model_episode, it->episode, j);
  else if (it->alert)
    model_to_json(&model_alert, it->alert, j);
  else
    digest(it->digest, j);
  prac_json_close(j, '}');
}

/* ---- files that grow ---- */

enum { TAIL = 4096 };

bool note_file_name_ok(const char *name)
{
  return name[0] && name[0] != '.' && !strchr(name, '/') && strlen(name) < 100;
}

/* What stands behind the last newline is half a line. */
static prac_rc mend(struct note_append *a, struct prac_err *reterr)
{
  char tail[TAIL];
  int64_t size = a->size;
  while (size > 0) {
    int64_t from = size > TAIL ? size - TAIL : 0;
    ssize_t n = pread(a->fd, tail, (size_t)(size - from), from);
    if (n <= 0) return sys_errno_rc(n < 0 ? errno : EIO, reterr, "read", a->path);
    const char *nl = memrchr(tail, '\n', (size_t)n);
    size = nl ? from + (nl - tail) + 1 : from;
    if (nl) break;
  }
  if (size == a->size) return PRAC_OK;
  if (ftruncate(a->fd, size) != 0) return sys_errno_rc(errno, reterr, "mend", a->path);
  a->size = size;
  return PRAC_OK;
}

static prac_rc open_file(struct note_append *a, struct prac_err *reterr)
{
  struct stat st;
  a->fd = open(a->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (a->fd < 0) return sys_errno_rc(errno, reterr, "open", a->path);
  if (fstat(a->fd, &st) != 0) return sys_errno_rc(errno, reterr, "look at", a->path);
  a->size = st.st_size;
  return mend(a, reterr);
}

prac_rc note_append_open(struct note_append *a, const char *dir, const char *name,
                         struct prac_err *reterr)
{
  a->fd = -1;
  (void)snprintf(a->path, sizeof a->path, "%.560s/%.100s", dir, name);
  PRAC_TRY(open_file(a, reterr));
  return sys_sync_dir(dir, reterr);
}

void note_append_close(struct note_append *a)
{
  if (a->path[0] && a->fd >= 0) (void)close(a->fd);
  a->fd = -1;
}

static prac_rc rotate(struct note_append *a, struct prac_err *reterr)
{
  char from[720], to[720];
  for (int i = a->keep - 1; i >= 0; i--) {
    (void)snprintf(to, sizeof to, "%.690s.%d", a->path, i + 1);
    if (i)
      (void)snprintf(from, sizeof from, "%.690s.%d", a->path, i);
    else
      (void)snprintf(from, sizeof from, "%.690s", a->path);
    if (rename(from, to) != 0 && errno != ENOENT)
      return sys_errno_rc(errno, reterr, "rename", from);
  }
  note_append_close(a);
  return open_file(a, reterr);
}

prac_rc note_append_put(struct note_append *a, const void *data, size_t n, struct prac_err *reterr)
{
  if (a->fd < 0) PRAC_TRY(open_file(a, reterr)); /* a rotation that failed */
  if (a->max_bytes > 0 && a->keep > 0 && a->size > 0 && a->size + (int64_t)n > a->max_bytes)
    PRAC_TRY(rotate(a, reterr));
  prac_rc rc = sys_write_all(a->fd, data, n, -1, a->path, reterr);
  if (rc == PRAC_OK && fdatasync(a->fd) != 0) rc = sys_errno_rc(errno, reterr, "sync", a->path);
  if (rc == PRAC_OK) {
    a->size += (int64_t)n;
    return PRAC_OK;
  }
  if (ftruncate(a->fd, a->size) != 0) { /* mended at the next open */
    (void)close(a->fd);
    a->fd = -1;
  }
  return rc;
}
