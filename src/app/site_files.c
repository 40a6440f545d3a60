/* Nothing is written before everything that will be written is known, and nothing that is there is
 * overwritten: keys are not made again. */
#include "app/site_files.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/nats_client.h"
#include "sys/durable.h"
#include "sys/wall.h"

extern char **environ;

struct site_text *site_file(struct site_files *f, unsigned mode, const char *dir, const char *name)
{
  PRAC_INSIST(f->n < SITE_FILES_MAX);
  (void)snprintf(f->v[f->n].path, SITE_FILE_PATH, "%s/%s", dir, name);
  f->v[f->n].mode = mode;
  return &f->v[f->n++].text;
}

static prac_rc whole(const struct site_files *f, struct prac_err *reterr)
{
  for (size_t i = 0; i < f->n; i++)
    if (f->v[i].text.bad) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for %s", f->v[i].path);
  return PRAC_OK;
}

prac_rc site_files_make(struct site_files *f, struct prac_err *reterr)
{
  PRAC_TRY(whole(f, reterr));
  for (size_t i = 0; i < f->n; i++)
    if (access(f->v[i].path, F_OK) == 0)
      return PRAC_FAIL(reterr, PRAC_EXISTS, "%s is there already; nothing was changed",
                       f->v[i].path);
  for (size_t i = 0; i < f->n; i++)
    PRAC_TRY(sys_make_file(f->v[i].path, f->v[i].mode, f->v[i].text.buf, f->v[i].text.n, reterr));
  return PRAC_OK;
}

prac_rc site_files_replace(struct site_files *f, struct prac_err *reterr)
{
  PRAC_TRY(whole(f, reterr));
  for (size_t i = 0; i < f->n; i++)
    PRAC_TRY(sys_replace_file(f->v[i].path, f->v[i].text.buf, f->v[i].text.n, reterr));
  return PRAC_OK;
}

void site_files_done(struct site_files *f)
{
  for (size_t i = 0; i < f->n; i++) site_text_done(&f->v[i].text);
  f->n = 0;
}

prac_rc site_file_read(const char *dir, const char *name, size_t max, char **ret, size_t *ret_n,
                       struct prac_err *reterr)
{
  char path[SITE_FILE_PATH];
  uint8_t *data = NULL;
  size_t n = 0;
  (void)snprintf(path, sizeof path, "%s%s%s", dir, dir[0] ? "/" : "", name);
  PRAC_TRY(sys_read_file(path, max, &data, &n, reterr));
  char *text = malloc(n + 1);
  if (text) memcpy(text, data, n);
  free(data);
  if (!text) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for %s", path);
  text[n] = '\0';
  *ret = text;
  *ret_n = n;
  return PRAC_OK;
}

prac_rc site_pem_read(const char *dir, const char *name, struct site_pem *ret,
                      struct prac_err *reterr)
{
  char *text = NULL;
  size_t n = 0;
  PRAC_TRY(site_file_read(dir, name, SITE_PEM_MAX - 1, &text, &n, reterr));
  (void)snprintf(ret->v, sizeof ret->v, "%s", text);
  free(text);
  return PRAC_OK;
}

prac_rc site_dir(const char *path, char *ret, size_t cap, struct prac_err *reterr)
{
  struct stat st;
  bool is_new = stat(path, &st) != 0;
  PRAC_TRY(sys_mkdirs(path, 0755, reterr));
  if (is_new && chmod(path, 0750) != 0) return sys_errno_rc(errno, reterr, "close", path);
  char *full = realpath(path, NULL);
  bool ok = full && site_path_ok(full) && strlen(full) < cap;
  if (ok) (void)snprintf(ret, cap, "%s", full);
  free(full);
  if (ok) return PRAC_OK;
  return PRAC_FAIL(reterr, PRAC_RANGE,
                   "%s: a directory of letters, digits, \".\", \"_\", \"-\" is needed", path);
}

prac_rc site_program(char *ret, size_t cap, struct prac_err *reterr)
{
  ssize_t n = readlink("/proc/self/exe", ret, cap - 1);
  if (n < 0) return sys_errno_rc(errno, reterr, "read", "/proc/self/exe");
  ret[n] = '\0';
  if (!site_path_ok(ret))
    return PRAC_FAIL(reterr, PRAC_RANGE, "%s: odd characters in the program's name", ret);
  return PRAC_OK;
}

void site_server(char *ret, size_t cap)
{
  static const char *const places[] = {"/usr/sbin/nats-server", "/usr/bin/nats-server",
                                       "/usr/local/bin/nats-server", NULL};
  for (const char *const *p = places; *p; p++)
    if (access(*p, X_OK) == 0) {
      (void)snprintf(ret, cap, "%s", *p);
      return;
    }
  (void)snprintf(ret, cap, "%s", places[0]);
}

/* What `nats-server --version` says: "nats-server: v2.9.10". */
static bool ask_version(const char *server, char *out, size_t cap)
{
  char *argv[] = {strdup(server), strdup("--version"), NULL};
  posix_spawn_file_actions_t acts;
  int p[2] = {-1, -1}, st = -1;
  pid_t pid;
  ssize_t n = -1;
  if (pipe(p) != 0 || !argv[0] || !argv[1]) return false;
  (void)posix_spawn_file_actions_init(&acts);
  (void)posix_spawn_file_actions_adddup2(&acts, p[1], 1);
  (void)posix_spawn_file_actions_addclose(&acts, p[0]);
  bool ran = posix_spawn(&pid, server, &acts, NULL, argv, environ) == 0;
  (void)close(p[1]);
  if (ran) {
    n = read(p[0], out, cap - 1);
    (void)waitpid(pid, &st, 0);
  }
  (void)close(p[0]);
  (void)posix_spawn_file_actions_destroy(&acts);
  free(argv[0]);
  free(argv[1]);
  out[n > 0 ? n : 0] = '\0';
  out[strcspn(out, "\r\n")] = '\0';
  return n > 0;
}

bool site_server_syncs(const char *server, const char *version)
{
  char said[80] = "", advice[300];
  if (!version && ask_version(server, said, sizeof said)) version = said;
  const char *v = version ? strpbrk(version, "0123456789") : NULL; /* "nats-server: v2.9.10" */
  if (!v) {
    fprintf(stderr, "practice: %s does not say its version; taken as older than 2.10\n", server);
    return false;
  }
  if (bus_nats_advice(v, advice)[0]) fprintf(stderr, "practice: %s\n", advice);
  return bus_nats_syncs(v);
}

struct prac_span site_valid(int64_t life_ns)
{
  struct prac_clock wall = sys_wall_clock();
  prac_time now = prac_time_floor(prac_now(&wall), PRAC_SEC);
  return (struct prac_span){now - PRAC_HOUR, now + life_ns};
}
