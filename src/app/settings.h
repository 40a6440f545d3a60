/* app/settings.h — every settings section of the program in one list: the rooms', the plug-ins' and
 * the commands' own. From it come loading, `practice check-config`, `practice help SECTION` and the
 * manual: what is not in the list is an unknown key. */
#pragma once
#include "base/conf.h"

/* NULL-terminated; the same array at every call. */
const struct prac_conf_section *const *settings_sections(void);
const struct prac_conf_section *settings_find(const char *path); /* NULL: no such section */
/* Reads a file ("-": standard input) of at most 1 MiB. NULL: all defaults. Owner: caller. */
PRAC_NODISCARD prac_rc settings_load(const char *file, struct prac_conf **ret,
                                     struct prac_err *reterr);
