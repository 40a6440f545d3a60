/* app/site_files.h — what `practice site` and `practice hub` share: writing their files, finding
 * programs. */
#pragma once
#include "site/site.h"

enum { SITE_FILES_MAX = 40, SITE_FILE_PATH = 640 };
enum { SITE_SECRET = 0600, SITE_OPEN = 0644 };
struct site_files {
  struct {
    char path[SITE_FILE_PATH];
    unsigned mode;
    struct site_text text;
  } v[SITE_FILES_MAX];
  size_t n;
};
/* A file to be: fill the text that is returned. */
struct site_text *site_file(struct site_files *f, unsigned mode, const char *dir, const char *name);
/* Makes all of them; PRAC_EXISTS before the first when one of them is there already. */
PRAC_NODISCARD prac_rc site_files_make(struct site_files *f, struct prac_err *reterr);
/* The same, old or new. */
PRAC_NODISCARD prac_rc site_files_replace(struct site_files *f, struct prac_err *reterr);
void site_files_done(struct site_files *f);
/* DIR/name as a text; malloc'ed, NUL-terminated. */
PRAC_NODISCARD prac_rc site_file_read(const char *dir, const char *name, size_t max, char **ret,
                                      size_t *ret_n, struct prac_err *reterr);
PRAC_NODISCARD prac_rc site_pem_read(const char *dir, const char *name, struct site_pem *ret,
                                     struct prac_err *reterr);
/* Makes the directory (mode 0750 when it is new); its absolute name, fit for other programs' files.
 */
PRAC_NODISCARD prac_rc site_dir(const char *path, char *ret, size_t cap, struct prac_err *reterr);
/* This program, and nats-server: absolute names. */
PRAC_NODISCARD prac_rc site_program(char *ret, size_t cap, struct prac_err *reterr);
void site_server(char *ret, size_t cap);
/* Whether nats-server of this version ("2.9.10"; NULL: the one at `server` is asked) can be told to
 * sync every write. Says on stderr what it found, and what is unsafe about it. */
bool site_server_syncs(const char *server, const char *version);
/* "365d" from now on; a little earlier, since clocks differ. */
struct prac_span site_valid(int64_t life_ns);
